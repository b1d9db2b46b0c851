"""Plans side by side: what each has, and in which of it they differ. What a plan promises is data of the plan
(its features, and the attributes of its type); a feature that only some of them name is one that the others
do not have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from catalog import attributes, markets, reductions, translations
from catalog.listings import Listing
from catalog.products import Plan, Product, ProductType
from catalog.volumes import Volume
from core.languages import _
from core.money import Money
from core.statements import Statement
from core.tenancy import same_key

MOST = 4  # columns that a page has room for


@dataclass(frozen=True, slots=True)
class Compared:
    """A plan as a column."""

    product: str
    name: str
    vendor: str
    category: str
    code: str
    plan_id: UUID
    plan: str
    term: str
    per: str
    minimum: int
    maximum: int
    features: Mapping[str, Any]
    volume: Volume
    unit: str

    @property
    def price(self) -> Money:
        """From the first unit on, less what promotions take off for everybody."""
        return self.volume.price


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, a cell for each plan; `kind`: "words", "price", or "feature", whose cells are
    yes, no, or words."""

    label: str
    kind: str
    cells: Sequence[Any]

    @property
    def differs(self) -> bool:
        """Whether the plans are not all alike in it."""
        return any(cell != self.cells[0] for cell in self.cells)


CANDIDATES = Statement(
    select(
        Product.code,
        Product.name,
        Product.vendor,
        Product.category,
        Plan.code,
        Plan.id,
        Plan.name,
        Plan.term,
        Plan.billing_period,
        Plan.minimum_quantity,
        Plan.maximum_quantity,
        Plan.features,
        Listing.price_minor,
        Listing.currency,
        Listing.steps,
        Listing.sale,
        ProductType.unit,
        # what both are described by
        ProductType.attributes,
        Product.attributes,
        Plan.attributes,
    )
    .join(Listing, same_key(Listing.product_id, Product.id))
    .join(Plan, same_key(Plan.id, Listing.plan_id))
    .join(ProductType, same_key(ProductType.id, Product.product_type_id))
    .where(
        or_(
            Product.code == bindparam("products", type_=ARRAY(Text())).any_(),
            Plan.code == bindparam("plans", type_=ARRAY(Text())).any_(),
        ),
        Product.published,
        Listing.published,
        Plan.published,
        markets.sold_here(),
    )
    .order_by(Listing.lead.desc(), Listing.price_minor, Plan.code)
)


def of(products: Sequence[str], plans: Sequence[str]) -> list[Compared]:
    """The plans with these codes, and of each of these products the one that stands for it; in the order
    asked for, each once, at most MOST. What is not offered is left out."""
    rows = CANDIDATES.rows(products=list(products)[:MOST], plans=list(plans)[:MOST])
    leading = {row[0]: row for row in reversed(rows)}
    by_plan = {row[4]: row for row in rows}
    wanted = [leading.get(code) for code in products] + [by_plan.get(code) for code in plans]
    unique = {row[4]: _column(row) for row in wanted if row is not None}
    return _in_words(list(unique.values())[:MOST])


def _in_words(plans: Sequence[Compared]) -> list[Compared]:
    """The same in the language of the visitor, as far as they are written in it."""
    words = translations.of_plans([one.plan_id for one in plans])
    said = [(one, *words.get(one.plan_id, ("", ""))) for one in plans]
    return [replace(one, name=name or one.name, plan=plan or one.plan) for one, name, plan in said]


def _column(row: Sequence[Any]) -> Compared:
    product, name, vendor, category, code, plan_id, plan, term, billed, *rest = row
    minimum, maximum, features, minor, currency, steps, sale, unit, schema, of_product, of_plan = rest
    price = reductions.volume_after(Volume(Money(minor, currency), steps), reductions.on_sale(sale, currency))
    described = attributes.said(attributes.schema(schema), of_product, of_plan)
    return Compared(
        product, name, vendor, category, code, plan_id, plan, term.label, billed.per, minimum, maximum,
        {**features, **{one.name: value for one, value in described}},
        price, unit,
    )  # fmt: skip


def rows(plans: Sequence[Compared], *, prices: bool) -> list[Row]:
    """The lines of the table: price and terms, then every feature that one of the plans names."""

    def line(label: str, value: Callable[[Compared], Any], kind: str = "words") -> Row:
        return Row(label, kind, [value(plan) for plan in plans])

    made = [line(_("Price"), lambda plan: (plan.price, f"{plan.unit} {plan.per}"), "price")] if prices else []
    if prices and any(plan.volume.steps for plan in plans):
        made.append(line(_("From so many units"), lambda plan: plan.volume.words or "-"))
    made += [
        line(_("Term"), lambda plan: plan.term),
        line(_("Billed"), lambda plan: plan.per),
        line(_("At least"), lambda plan: f"{plan.minimum:,}"),
        line(_("At most"), lambda plan: f"{plan.maximum:,}"),
        line(_("Vendor"), lambda plan: plan.vendor),
        line(_("Category"), lambda plan: plan.category),
    ]
    named = dict.fromkeys(feature for plan in plans for feature in plan.features)
    return made + [line(name, lambda plan, n=name: plan.features.get(n, False), "feature") for name in named]
