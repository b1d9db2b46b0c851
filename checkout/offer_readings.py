"""What the rules of plans look at, read for the lines of one buyer: the links of its plans, what runs there,
how many seats have an add-on already, and what was taken. At most four statements, whatever the number of
lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, bindparam, case, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from catalog.plan_links import LinkKind, Match, PlanLink
from catalog.products import Plan, Product, ProductType
from checkout import taken_offers
from core.languages import _
from core.periods import Term
from core.statements import Statement
from core.tenancy import same_key
from subscriptions.subscriptions import Subscription, SubscriptionState

TAKES_SEATS = (
    SubscriptionState.PENDING,
    SubscriptionState.ACTIVE,
    SubscriptionState.SUSPENDED,
    SubscriptionState.MOVING,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as the rules see it. `base_id`: what the buyer chose for an add-on, the id of another line or of
    a subscription."""

    line_id: UUID
    plan_id: UUID
    product_id: UUID
    product: str
    plan: str
    quantity: int
    conditional: bool
    once: bool
    base_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A plan in a bundle. `weight`: its list price, by which the bundle's price is split."""

    plan_id: UUID
    product_id: UUID
    product: str
    plan: str
    sku: str
    unit: str
    term: Term
    billing_period: Term
    connector: str
    variables: dict[str, Any]
    order_fields: list[dict[str, Any]]
    weight: int
    minimum: int
    maximum: int
    step: int
    conditional: bool
    once: bool
    trial_days: int
    cancellation_days: int
    reduction_days: int
    markets: Sequence[str] = ()
    segments: Sequence[str] = ()
    for_partners_of: UUID | None = None


@dataclass(slots=True)
class Links:
    """What is linked to one plan."""

    bases: dict[UUID, tuple[str, Match]] = field(default_factory=dict[UUID, tuple[str, Match]])
    needs: dict[UUID, str] = field(default_factory=dict[UUID, str])
    parts: list[Part] = field(default_factory=list[Part])


_part, _of_part, _kind = aliased(Plan), aliased(Product), aliased(ProductType)
LINKS = Statement(
    select(
        PlanLink.plan_id,
        PlanLink.kind,
        PlanLink.match,
        PlanLink.product_id,
        Product.name,
        # a part, in the order of Part
        _part.id,
        _part.product_id,
        _of_part.name,
        _part.name,
        _part.sku,
        _kind.unit,
        _part.term,
        _part.billing_period,
        _kind.connector,
        _kind.variables,
        _kind.order_fields,
        _part.list_minor,
        _part.minimum_quantity,
        _part.maximum_quantity,
        _part.quantity_step,
        _part.conditional,
        _part.once_per_customer,
        _part.trial_days,
        func.coalesce(_part.cancellation_days, _kind.cancellation_days),
        func.coalesce(_part.reduction_days, _kind.reduction_days),
        _part.markets,
        _part.segments,
        case((_of_part.partners_only, _of_part.programme_id)),
    )
    .select_from(PlanLink)
    .outerjoin(Product, same_key(Product.id, PlanLink.product_id))
    .outerjoin(_part, same_key(_part.id, PlanLink.part_id))
    .outerjoin(_of_part, same_key(_of_part.id, _part.product_id))
    .outerjoin(_kind, same_key(_kind.id, _of_part.product_type_id))
    .where(PlanLink.plan_id == any_(bindparam("plans", type_=ARRAY(Uuid()))))
    .order_by(PlanLink.position, PlanLink.id)
)


def _held(of_customer: bool) -> Select[*tuple[Any, ...]]:
    """What runs at the buyer of certain products."""
    mine = (
        Subscription.customer_id == bindparam("customer", type_=Uuid())
        if of_customer
        else Subscription.customer_id.is_(None)
    )
    return (
        select(
            Subscription.id,
            Plan.product_id,
            Subscription.product_name,
            Subscription.plan_name,
            Subscription.code,
            Subscription.quantity,
            Subscription.unit,
        )
        .join(Plan, same_key(Plan.id, Subscription.plan_id))
        .where(
            Subscription.reseller_id == bindparam("reseller", type_=Uuid()),
            mine,
            Subscription.state == SubscriptionState.ACTIVE,
            Plan.product_id == any_(bindparam("products", type_=ARRAY(Uuid()))),
        )
        .order_by(Subscription.id)
    )


HELD_BY_CUSTOMER, HELD_BY_RESELLER = Statement(_held(True)), Statement(_held(False))
EXTENDED = Statement(
    select(Subscription.base_id, Subscription.plan_id, func.sum(Subscription.quantity))
    .where(
        Subscription.base_id == any_(bindparam("bases", type_=ARRAY(Uuid()))),
        or_(*(Subscription.state == state for state in TAKES_SEATS)),  # a Statement cannot expand an IN
    )
    .group_by(Subscription.base_id, Subscription.plan_id)
)


@dataclass(frozen=True, slots=True)
class Held:
    """A subscription of the buyer that something may belong to, or need."""

    id: UUID
    product_id: UUID
    words: str
    quantity: int


class Facts:
    """What was read about the lines of one buyer."""

    def __init__(self, reseller_id: UUID, customer_id: UUID | None, lines: Sequence[Wanted]) -> None:
        ids = [line.plan_id for line in lines if line.conditional]
        self.links = _links(ids)
        parts = [part for plan_id in ids for part in self.of(plan_id).parts]
        self.links |= _links([part.plan_id for part in parts if part.conditional])
        needed = {product for links in self.links.values() for product in (*links.bases, *links.needs)}
        self.held = _running(reseller_id, customer_id, list(needed))
        self.extended = self._extended()
        once = [line.plan_id for line in lines if line.once] + [part.plan_id for part in parts if part.once]
        self.taken = taken_offers.of_buyer(customer_id or reseller_id, once)

    def of(self, plan_id: UUID) -> Links:
        """What is linked to a plan."""
        return self.links.get(plan_id, NONE)

    def _extended(self) -> dict[tuple[UUID, UUID], int]:
        """(base, plan of an add-on) -> seats."""
        if not self.held or not any(links.bases for links in self.links.values()):
            return {}
        rows = EXTENDED.rows(bases=[one.id for one in self.held])
        return {(base_id, plan_id): int(seats) for base_id, plan_id, seats in rows}


NONE = Links()


def _links(plan_ids: Sequence[UUID]) -> dict[UUID, Links]:
    found: dict[UUID, Links] = {}
    if not plan_ids:
        return found
    for plan_id, kind, match, product_id, product, *part in LINKS.rows(plans=list(plan_ids)):
        links = found.setdefault(plan_id, Links())
        if kind is LinkKind.BASE:
            links.bases[product_id] = (product, match)
        elif kind is LinkKind.NEEDS:
            links.needs[product_id] = product
        else:
            links.parts.append(Part(*part))
    return found


def _running(reseller_id: UUID, customer_id: UUID | None, product_ids: list[UUID]) -> list[Held]:
    if not product_ids:
        return []
    values: dict[str, Any] = {"reseller": reseller_id, "products": product_ids}
    rows = (
        HELD_BY_RESELLER.rows(**values)
        if customer_id is None
        else HELD_BY_CUSTOMER.rows(**values, customer=customer_id)
    )
    return [
        Held(
            id_,
            product_id,
            _("%(product)s, %(plan)s (%(code)s)", product=product, plan=plan, code=code),
            quantity,
        )
        for id_, product_id, product, plan, code, quantity, _unit in rows
    ]
