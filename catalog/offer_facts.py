"""What a product's page says of how it may be ordered: facts of each plan, and the add-ons that it has on
this shelf. Columns of the page's one statement (catalog/listings.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from catalog import markets
from catalog.plan_links import LinkKind, PlanLink
from catalog.products import Plan, Product, ProductType
from core.money import Money
from core.periods import Term
from core.tenancy import same_key


@dataclass(frozen=True, slots=True)
class Linked:
    """What a plan extends, needs or holds. `code`: of its product's page, or nothing where this shelf does
    not have it; `plan`: of a part."""

    kind: LinkKind
    product: str
    code: str
    plan: str


@dataclass(frozen=True, slots=True)
class AddOn:
    """A plan on the same shelf that extends the product."""

    product: str
    code: str
    plan: str
    price: Money
    unit: str
    per: str


@dataclass(frozen=True, slots=True)
class Facts:
    """How a plan may be ordered; days are after delivery, 0 is never."""

    step: int
    once: bool
    trial_days: int
    cancellation_days: int
    reduction_days: int
    links: tuple[Linked, ...]
    segments: Sequence[str] = ()

    def of_kind(self, kind: LinkKind) -> list[Linked]:
        """What it extends, needs, or holds."""
        return [one for one in self.links if one.kind is kind]


def _said(**pairs: Any) -> ColumnElement[Any]:
    """An object of JSON; its keys are ours, and written out, because a parameter there would have no type."""
    said: list[Any] = []
    for name, value in pairs.items():
        said += (literal_column(f"'{name}'"), value)
    return func.jsonb_build_object(*said)


def _links(listings: Table) -> ColumnElement[Any]:
    """What the plan of a row is linked to, in its order."""
    listed = listings.alias()
    other, part, whose, shown = aliased(Product), aliased(Plan), aliased(Product), aliased(Plan)
    said = _said(
        kind=PlanLink.kind,
        product=func.coalesce(other.name, whose.name),
        code=func.coalesce(other.code, whose.code),
        plan=part.name,
        here=exists().where(
            listed.c.distributor_id == PlanLink.distributor_id,
            listed.c.product_id == func.coalesce(other.id, whose.id),
            listed.c.published,
            shown.distributor_id == listed.c.distributor_id,
            shown.id == listed.c.plan_id,
            shown.published,
            markets.sold_here(shown),
        ),
    )
    return (
        select(func.jsonb_agg(aggregate_order_by(said, PlanLink.position), type_=JSONB()))
        .select_from(PlanLink)
        .outerjoin(other, same_key(other.id, PlanLink.product_id))
        .outerjoin(part, same_key(part.id, PlanLink.part_id))
        .outerjoin(whose, same_key(whose.id, part.product_id))
        .where(same_key(PlanLink.plan_id, Plan.id))
        .correlate(Plan)
        .scalar_subquery()
    )


def _add_ons(listings: Table) -> ColumnElement[Any]:
    """The plans on the scope's shelf that extend the product of a row."""
    adding, whose, kind = aliased(Plan), aliased(Product), aliased(ProductType)
    listed = listings.alias()
    said = _said(
        product=whose.name,
        code=whose.code,
        plan=adding.name,
        minor=listed.c.price_minor,
        currency=listed.c.currency,
        unit=kind.unit,
        period=adding.billing_period,
    )
    return (
        select(func.jsonb_agg(aggregate_order_by(said, whose.name, listed.c.price_minor), type_=JSONB()))
        .select_from(PlanLink)
        .join(adding, same_key(adding.id, PlanLink.plan_id))
        .join(whose, same_key(whose.id, adding.product_id))
        .join(kind, same_key(kind.id, whose.product_type_id))
        .join(listed, (listed.c.distributor_id == adding.distributor_id) & (listed.c.plan_id == adding.id))
        .where(
            same_key(PlanLink.product_id, Product.id),
            PlanLink.kind == LinkKind.BASE,
            adding.published,
            whose.published,
            listed.c.published,
            markets.sold_here(adding),
        )
        .correlate(Product)
        .scalar_subquery()
    )


def columns(listings: Table) -> tuple[Any, ...]:
    """In the order of `read`; for a statement over Product, Plan and ProductType."""
    return (
        _add_ons(listings),
        Plan.quantity_step,
        Plan.once_per_customer,
        Plan.trial_days,
        func.coalesce(Plan.cancellation_days, ProductType.cancellation_days),
        func.coalesce(Plan.reduction_days, ProductType.reduction_days),
        _links(listings),
        Plan.segments,
    )


WIDTH = 8
"""How many columns that are."""


def of_product(row: Sequence[Any]) -> list[AddOn]:
    """The add-ons of a product."""
    return [
        AddOn(
            one["product"],
            one["code"],
            one["plan"],
            Money(one["minor"], one["currency"]),
            one["unit"],
            Term(one["period"]).per,
        )
        for one in row[0] or ()
    ]


def of_plan(row: Sequence[Any]) -> Facts:
    """How the plan of a row may be ordered."""
    step, once, trial, cancellation, reduction, links, segments = row[1:WIDTH]
    return Facts(
        step, once, trial, cancellation, reduction,
        tuple(
            Linked(
                LinkKind(one["kind"]),
                one["product"],
                one["code"] if one["here"] else "",
                one["plan"] or "",
            )
            for one in links or ()
        ),
        segments,
    )  # fmt: skip
