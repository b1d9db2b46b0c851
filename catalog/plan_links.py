"""What plans have to do with each other: an add-on extends base products, a bundle consists of plans, an
offer needs a product that runs at the customer. Links are data that every side reads, like the plans
themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from catalog import products
from catalog.offerings import LONGEST_DAYS, refuse_bounds
from catalog.products import Plan, PlanCost, Product, ProductType
from core import db, trail
from core.errors import Refused
from core.ids import new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by, same_key

READABLE = Access(distributor="rcud", reseller="r", customer="r", public="r", door="r")
MOST_LINKS = 20


class LinkKind(StrEnum):
    """BASE: the plan is an add-on of the product. NEEDS: the product has to run at the customer. PART: the
    plan is a bundle, and the other plan a part of it."""

    BASE = "base"
    NEEDS = "needs"
    PART = "part"


class Match(StrEnum):
    """How many of an add-on there may be for one base."""

    ANY = "any"
    AT_MOST = "at_most"
    EXACTLY = "exactly"


class PlanLink(DistributorOwned, db.Model):
    """A plan and what it has to do with a product (BASE, NEEDS) or with another plan (PART). A bundle has one
    of each part for every one of itself, so that every price of a part is a whole number of minor units."""

    __tablename__ = "plan_links"
    __access__ = READABLE
    __table_args__ = (
        owned_by("plans", "plan_id"),
        owned_by("products", "product_id"),
        owned_by("plans", "part_id"),
        CheckConstraint(
            "num_nonnulls(product_id, part_id) = 1 AND (kind = 'part') = (part_id IS NOT NULL)"
            " AND part_id IS DISTINCT FROM plan_id",
            name="one",
        ),
        Index(
            "uq_plan_links_target",
            "distributor_id",
            "plan_id",
            "kind",
            "product_id",
            "part_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_plan_links_product", "distributor_id", "product_id", "kind"),
    )

    plan_id: Mapped[UUID]
    kind: Mapped[LinkKind]
    product_id: Mapped[UUID | None]
    part_id: Mapped[UUID | None]
    match: Mapped[Match] = mapped_column(default=Match.AT_MOST)
    position: Mapped[int] = mapped_column(default=0)


class WrongOffering(Refused):
    """A set of rules under which nobody could order, or that leads round in a circle."""


@dataclass(frozen=True, slots=True)
class Offering:
    """Everything that may be said about how a plan is ordered; `bases`, `needs` are codes of products,
    `parts` codes of plans."""

    minimum: int = 1
    maximum: int = 10_000
    step: int = 1
    once_per_customer: bool = False
    trial_days: int = 0
    cancellation_days: int | None = None
    reduction_days: int | None = None
    bases: Sequence[str] = ()
    match: Match = Match.AT_MOST
    needs: Sequence[str] = ()
    parts: Sequence[str] = ()


def of(plan: Plan) -> Offering:
    """What holds of a plan now."""
    rows = (
        db.session()
        .execute(
            select(PlanLink.kind, PlanLink.match, Product.code, Plan.code)
            .select_from(PlanLink)
            .outerjoin(Product, same_key(Product.id, PlanLink.product_id))
            .outerjoin(Plan, same_key(Plan.id, PlanLink.part_id))
            .where(PlanLink.plan_id == plan.id)
            .order_by(PlanLink.position, PlanLink.id)
        )
        .all()
    )
    codes = {
        kind: tuple(product or part for each, _match, product, part in rows if each is kind)
        for kind in LinkKind
    }
    return Offering(
        plan.minimum_quantity,
        plan.maximum_quantity,
        plan.quantity_step,
        plan.once_per_customer,
        plan.trial_days,
        plan.cancellation_days,
        plan.reduction_days,
        codes[LinkKind.BASE],
        next((match for kind, match, *_codes in rows if kind is LinkKind.BASE), Match.AT_MOST),
        codes[LinkKind.NEEDS],
        codes[LinkKind.PART],
    )


def keep(plan: Plan, offering: Offering) -> bool:
    """From now on the plan is ordered so; whether that is news. What was sold keeps what it was sold under.
    The caller sees to the versions (`pricing.changed`).

    Raises WrongBounds, WrongOffering."""
    was, offering = (
        of(plan),
        replace(
            offering, bases=tuple(offering.bases), needs=tuple(offering.needs), parts=tuple(offering.parts)
        ),
    )
    if was == offering:
        return False
    refuse_bounds(offering.minimum, offering.maximum, offering.step)
    _refuse_days(offering)
    wanted = _links(plan, offering)
    plan.minimum_quantity, plan.maximum_quantity = offering.minimum, offering.maximum
    plan.quantity_step, plan.once_per_customer = offering.step, offering.once_per_customer
    plan.trial_days = offering.trial_days
    plan.cancellation_days, plan.reduction_days = offering.cancellation_days, offering.reduction_days
    plan.conditional = bool(wanted) or offering.once_per_customer
    db.session().execute(delete(PlanLink).where(PlanLink.plan_id == plan.id))
    db.session().add_all(wanted)
    db.flush()
    trail.write(plan, "ordering rules changed", was=_said(was), now=_said(offering))
    return True


def _said(offering: Offering) -> str:
    """For the trail: the bounds and what it hangs on."""
    tied = [*offering.bases, *offering.needs, *offering.parts]
    words = f"{offering.minimum} to {offering.maximum} in steps of {offering.step}"
    return f"{words}{'; once' if offering.once_per_customer else ''}{'; ' + ', '.join(tied) if tied else ''}"


def _refuse_days(offering: Offering) -> None:
    for days in (offering.trial_days, offering.cancellation_days or 0, offering.reduction_days or 0):
        if not 0 <= days <= LONGEST_DAYS:
            raise WrongOffering(
                _("A number of days is a whole number from 0 to %(most)s.", most=LONGEST_DAYS)
            )


def _links(plan: Plan, offering: Offering) -> list[PlanLink]:
    """The rows; WrongOffering names what cannot be."""
    own = db.session().scalars(select(Product).where(Product.id == plan.product_id)).one()
    kind = products.type_of(plan.id)
    if offering.bases and offering.parts:
        raise WrongOffering(_("A plan is an add-on or a bundle, not both."))
    if max(len(offering.bases), len(offering.needs), len(offering.parts)) > MOST_LINKS:
        raise WrongOffering(_("At most %(most)s of each are named.", most=MOST_LINKS))
    if kind.opens_storefront and (offering.bases or offering.parts):
        raise WrongOffering(_("A reseller plan is neither an add-on nor a bundle."))
    bases, needs = _products(offering.bases, own, kind), _products(offering.needs, own, kind)
    _refuse_circle(own, needs.values(), LinkKind.NEEDS)
    _refuse_circle(own, bases.values(), LinkKind.BASE)
    parts = _parts(plan, kind, offering.parts)
    said: list[tuple[LinkKind, UUID | None, UUID | None]] = [
        *((LinkKind.BASE, one, None) for one in bases.values()),
        *((LinkKind.NEEDS, one, None) for one in needs.values()),
        *((LinkKind.PART, None, one.id) for one in parts),
    ]
    return [
        PlanLink(
            id=new_id(),
            plan_id=plan.id,
            kind=what,
            product_id=product_id,
            part_id=part_id,
            match=offering.match if what is LinkKind.BASE else Match.ANY,
            position=at,
        )
        for at, (what, product_id, part_id) in enumerate(said)
    ]


def _products(codes: Sequence[str], own: Product, kind: ProductType) -> Mapping[str, UUID]:
    """code -> product, for others of the same audience."""
    rows = db.session().execute(
        select(Product.code, Product.id, ProductType.audience)
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(Product.code.in_(codes))
    )
    found = {code: (product_id, audience) for code, product_id, audience in rows}
    for code in codes:
        if code not in found:
            raise WrongOffering(_("No product has the code “%(code)s”.", code=code))
        if found[code][0] == own.id:
            raise WrongOffering(_("%(product)s cannot need or extend itself.", product=own.name))
        if found[code][1] is not kind.audience:
            raise WrongOffering(_("“%(code)s” is sold to others than this plan.", code=code))
    return {code: found[code][0] for code in dict.fromkeys(codes)}


def _refuse_circle(own: Product, wanted: Iterable[UUID], kind: LinkKind) -> None:
    """Whatever a plan needs or extends must not lead back to its own product."""
    rows = db.session().execute(
        select(Plan.product_id, PlanLink.product_id)
        .join(PlanLink, same_key(PlanLink.plan_id, Plan.id))
        .where(PlanLink.kind == kind)
    )
    leads: dict[UUID, set[UUID]] = {}
    for begins, ends in rows:
        if begins != own.id and ends is not None:
            leads.setdefault(begins, set()).add(ends)
    seen, queue = set[UUID](), list(wanted)
    while queue:
        at = queue.pop()
        if at == own.id:
            raise WrongOffering(
                _(
                    "That leads round in a circle: %(product)s would need what needs it in turn.",
                    product=own.name,
                )
            )
        if at not in seen:
            seen.add(at)
            queue.extend(leads.get(at, ()))


def _parts(plan: Plan, kind: ProductType, codes: Sequence[str]) -> list[Plan]:
    """The plans of a bundle: others, with its currency, term and billing period, none of them a bundle."""
    found = {one.code: one for one in db.session().scalars(select(Plan).where(Plan.code.in_(codes)))}
    if codes and len(set(codes)) < 2:
        raise WrongOffering(_("A bundle has at least two different parts."))
    chosen: list[Plan] = []
    for code in dict.fromkeys(codes):
        part = found.get(code)
        if part is None:
            raise WrongOffering(_("No plan has the code “%(code)s”.", code=code))
        if part.id == plan.id:
            raise WrongOffering(_("A bundle cannot be a part of itself."))
        if (part.currency, part.term, part.billing_period) != (plan.currency, plan.term, plan.billing_period):
            raise WrongOffering(
                _(
                    "“%(code)s” has another currency, term or billing period than the bundle.",
                    code=code,
                )
            )
        other = products.type_of(part.id)
        if other.audience is not kind.audience or other.opens_storefront:
            raise WrongOffering(_("“%(code)s” is sold to others than this plan.", code=code))
        chosen.append(part)
    _refuse_nested(plan, chosen)
    return chosen


def _refuse_nested(plan: Plan, parts: Sequence[Plan]) -> None:
    """Bundles hold no bundles; an add-on is a part only beside one of its bases."""
    rows = db.session().execute(
        select(PlanLink.plan_id, PlanLink.kind, PlanLink.product_id).where(
            PlanLink.plan_id.in_([part.id for part in parts])
        )
    )
    bases: dict[UUID, set[UUID | None]] = {}
    for plan_id, kind, product_id in rows:
        if kind is LinkKind.PART:
            raise WrongOffering(_("A part of a bundle is not a bundle itself."))
        if kind is LinkKind.BASE:
            bases.setdefault(plan_id, set()).add(product_id)
    here = {part.product_id for part in parts}
    for part in parts:
        if part.id in bases and not bases[part.id] & here:
            raise WrongOffering(
                _("“%(code)s” is an add-on whose base is not a part of the bundle.", code=part.code)
            )
    inside = db.session().scalar(select(PlanLink.id).where(PlanLink.part_id == plan.id).limit(1))
    if parts and inside is not None:
        raise WrongOffering(_("This plan is a part of a bundle, so it is no bundle itself."))


def cost_of(parts: Sequence[Plan]) -> int | None:
    """What the vendors ask for one bundle, in minor units; None while a part has no cost."""
    rows = db.session().scalars(
        select(PlanCost.cost_minor).where(PlanCost.plan_id.in_([part.id for part in parts]))
    )
    costs = list(rows)
    return sum(costs) if len(costs) == len(parts) else None
