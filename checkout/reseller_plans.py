"""Reseller plans as a reseller sees them: what there is to buy, which one it has, and whether it may buy now.
A plan is an ordinary product (I3) that is ordered like any other; what is particular is that a reseller has
one at a time, and Basic while it has none (I1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from catalog import reductions
from catalog.listings import NotOffered
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Plan, Product, ProductType
from catalog.reductions import Cuts
from checkout import baskets, discounts
from checkout.baskets import Buyer
from checkout.orders import Order, OrderLine, OrderState
from checkout.placing import NotAReseller
from core import db, parties, tenancy
from core.errors import Conflict, Refused
from core.languages import _
from core.money import Money, total
from core.tenancy import same_key
from partners.enrolments import Enrolment
from subscriptions.subscriptions import STANDING, Subscription, SubscriptionState


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan that opens a storefront, at the price of the reseller's own list, less the discounts that hold
    for it now (`cuts`)."""

    plan_id: UUID
    code: str
    product: str
    summary: str
    plan: str
    price: Money
    per: str
    term: str
    features: Mapping[str, Any]
    cuts: Cuts = ()

    @property
    def list_price(self) -> Money:
        """Without discounts."""
        return total([self.price, *(cut.unit for cut in self.cuts)], self.price.currency)


class AlreadyOnThisPlan(Conflict):
    """One plan at a time, and not the same twice."""

    def __init__(self, product: str) -> None:
        super().__init__(_("You are on %(product)s already.", product=product))


class PlanUnderWay(Conflict):
    """An unpaid or undelivered order for a plan comes first."""

    def __init__(self, order: str) -> None:
        super().__init__(
            _(
                "Your order %(order)s for a plan is still under way. Pay or cancel it before you choose"
                " another.",
                order=order,
            )
        )


class NoPlansOffered(Refused):
    """I12: this distributor sells no storefronts to its resellers."""

    def __init__(self) -> None:
        super().__init__(
            _("Your distributor offers no reseller plans at the moment, so there is no storefront to order.")
        )


class OpeningsPaused(Refused):
    """I13: nothing would open the storefront."""

    def __init__(self) -> None:
        super().__init__(
            _("Your distributor has paused the opening of storefronts. Nothing is charged; try again later.")
        )


class OpensNoStorefront(Refused):
    """I14: what opens a storefront says so in the definition that its product came with."""

    def __init__(self, product: str) -> None:
        super().__init__(
            _("%(product)s is no reseller plan: by its definition it opens no storefront.", product=product)
        )


def _opening() -> Select[Plan, Product, WholesalePrice, int]:
    return (
        select(Plan, Product, WholesalePrice, func.coalesce(Enrolment.discount, 0))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .join(WholesalePrice, same_key(WholesalePrice.plan_id, Plan.id))
        .outerjoin(Enrolment, tier_of())
        .where(ProductType.opens_storefront, Plan.published, Product.published)
    )


def offers() -> list[PlanOffer]:
    """Every plan on sale to the scope's reseller, cheapest first."""
    rows = db.session().execute(_opening().order_by(WholesalePrice.price_minor, Product.name, Plan.code))
    found = [
        PlanOffer(
            plan.id,
            plan.code,
            product.name,
            product.summary,
            plan.name,
            discounted(price.price, discount),
            plan.billing_period.per,
            plan.term.label,
            plan.features,
        )
        for plan, product, price, discount in rows
    ]
    reseller_id = tenancy.current().reseller_id
    if reseller_id is None:
        return found
    lines = [(one.plan_id, 1, one.price) for one in found]
    taken = [discounts.preview(reseller_id, None, [line])[0] for line in lines] if discounts.running() else []
    return [
        replace(one, price=reductions.lowered(one.price, cuts), cuts=cuts)
        for one, cuts in zip(found, taken or [()] * len(found), strict=True)
    ]


def offer(plan_code: str) -> PlanOffer:
    """One of them. Otherwise the condition that is missing: NoPlansOffered, OpensNoStorefront for a plan of
    another kind, or NotOffered."""
    known = offers()
    found = next((each for each in known if each.code == plan_code), None)
    if found is not None:
        return found
    if not known:
        raise NoPlansOffered
    if (other := db.session().scalar(_of_another_kind(plan_code))) is not None:
        raise OpensNoStorefront(other)
    raise NotOffered


def _of_another_kind(plan_code: str) -> Select[str]:
    return (
        select(Product.name)
        .join(Plan, same_key(Plan.product_id, Product.id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(Plan.code == plan_code, ~ProductType.opens_storefront)
    )


def _own_plans(reseller_id: UUID) -> Select[Subscription]:
    return (
        select(Subscription)
        .join(Plan, same_key(Plan.id, Subscription.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(
            Subscription.reseller_id == reseller_id,
            Subscription.customer_id.is_(None),
            ProductType.opens_storefront,
        )
        .order_by(Subscription.id.desc())
    )


def running(reseller_id: UUID) -> list[Subscription]:
    """The plan subscriptions of a reseller that stand now, newest first; none means Basic."""
    return list(db.session().scalars(_own_plans(reseller_id).where(Subscription.state.in_(STANDING))))


def current(reseller_id: UUID) -> Subscription | None:
    """The plan a reseller is on; None means Basic (I1)."""
    return next(iter(running(reseller_id)), None)


def under_way(reseller_id: UUID) -> Order | None:
    """The reseller's order for a plan that is unpaid or not delivered yet."""
    unfinished = (
        select(Order)
        .join(OrderLine, same_key(OrderLine.order_id, Order.id))
        .join(Plan, same_key(Plan.id, OrderLine.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .outerjoin(Subscription, same_key(Subscription.order_line_id, OrderLine.id))
        .where(
            Order.reseller_id == reseller_id,
            Order.customer_id.is_(None),
            ProductType.opens_storefront,
            (Order.state == OrderState.AWAITING_PAYMENT) | (Subscription.state == SubscriptionState.PENDING),
        )
        .order_by(Order.id.desc())
        .limit(1)
    )
    return db.session().scalar(unfinished)


def refuse_if_not_now(reseller_id: UUID, wanted: PlanOffer, *, paused: bool = False) -> None:
    """The reason in words why the reseller cannot buy this plan now: I13 (`paused`: the connector that opens
    storefronts is), I15, one order at a time, not the same plan twice."""
    if paused:
        raise OpeningsPaused
    if not parties.reseller(reseller_id).enable_reselling:
        raise NotAReseller
    if (order := under_way(reseller_id)) is not None:
        raise PlanUnderWay(order.code)
    if any(subscription.plan_id == wanted.plan_id for subscription in running(reseller_id)):
        raise AlreadyOnThisPlan(wanted.product)


def choose(buyer: Buyer, wanted: PlanOffer, alias: str) -> None:
    """Makes the buyer's basket exactly this plan with this alias: a plan is ordered alone, whatever lay in
    the basket before."""
    refuse_if_not_now(buyer.reseller_id, wanted)
    baskets.clear(buyer)
    baskets.add(buyer, wanted.plan_id, 1, {"alias": alias})
