"""A reseller plan activated from the distributor's back office (I5, I6): the same order as the reseller would
place itself, with the alias set on its line first (I20), funded on the reseller's account or with nothing
due; executing it needs no further step (I21)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, delete, func, select

from billing import credit, tax
from catalog.listings import NotOffered
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Audience, Plan, Product, ProductType
from checkout import placing, reseller_plans
from checkout.baskets import BasketItem, BasketLine, Buyer
from checkout.orders import Order, PayBy
from checkout.placing import Checkout, Clearance
from core import db
from core.errors import Conflict, Refused
from core.ids import new_id
from core.languages import _
from core.money import Money
from core.parties import Reseller
from core.tenancy import same_key
from partners.enrolments import Enrolment


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A reseller plan at this reseller's price."""

    plan_code: str
    title: str
    price: Money
    per: str


class NotCovered(Refused):
    """What the back office orders is funded on account."""

    def __init__(self, reseller: Reseller, price: Money, left: Money) -> None:
        super().__init__(
            _(
                "%(reseller)s has %(left)s of credit left; this plan costs %(price)s. Raise the credit"
                " line, or let the reseller pay by card.",
                reseller=reseller.name,
                left=left.text,
                price=price.text,
            )
        )


class PlanRuns(Conflict):
    """One plan at a time: the same one is not activated twice, and an order that is under way comes first."""

    def __init__(self, words: str) -> None:
        super().__init__(words)


def _plans(reseller: Reseller) -> Select[Plan, Product, ProductType, WholesalePrice, int]:
    return (
        select(Plan, Product, ProductType, WholesalePrice, func.coalesce(Enrolment.discount, 0))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .join(WholesalePrice, same_key(WholesalePrice.plan_id, Plan.id))
        .outerjoin(Enrolment, tier_of(reseller.id))
        .where(
            ProductType.opens_storefront,
            ProductType.audience == Audience.RESELLER,
            Plan.published,
            Product.published,
            WholesalePrice.price_list_id == reseller.price_list_id,
        )
        .order_by(WholesalePrice.price_minor, Plan.code)
    )


def offers(reseller: Reseller) -> list[PlanOffer]:
    """Plans that may be activated for this reseller, cheapest first."""
    rows = db.session().execute(_plans(reseller))
    return [
        PlanOffer(
            plan.code,
            f"{product.name}, {plan.name}",
            discounted(price.price, discount),
            plan.billing_period.per,
        )
        for plan, product, _, price, discount in rows
    ]


def item(reseller: Reseller, plan_code: str, alias: str) -> BasketItem:
    """The line as the connector is asked about it; NotOffered for a plan this reseller cannot have."""
    row = db.session().execute(_plans(reseller).where(Plan.code == plan_code)).first()
    if row is None:
        raise NotOffered
    plan, product, kind, price, discount = row
    return BasketItem(
        new_id(),
        plan.id,
        product.code,
        product.name,
        plan.name,
        plan.sku,
        kind.unit,
        plan.billing_period.per,
        plan.term.label,
        1,
        plan.minimum_quantity,
        plan.maximum_quantity,
        discounted(price.price, discount),
        {"alias": alias.strip()},
        kind.connector,
    )


def activate(
    reseller: Reseller,
    line: BasketItem,
    clearance: Clearance,
    *,
    by: Buyer,
    storefront_id: UUID,
    request_key: str,
) -> str:
    """Places the order of one plan for the reseller and funds it at once; returns its code. A repeated
    request gives the first order. Refusals by name: NotCovered, PlanRuns, AliasTaken, HasStorefront,
    NotAReseller, OrderingStopped, NotCleared."""
    earlier = db.session().scalar(
        select(Order.code).where(Order.request_key == request_key, Order.membership_id == by.membership_id)
    )
    if earlier is not None:
        return earlier
    _one_at_a_time(reseller, line)
    due = gross(reseller, line.unit_price)
    if (left := credit.available(reseller.id, due.currency)) < due:
        raise NotCovered(reseller, due, left)
    db.session().execute(
        delete(BasketLine).where(
            BasketLine.membership_id == by.membership_id, BasketLine.reseller_id == reseller.id
        )
    )
    db.add(
        BasketLine(
            reseller_id=reseller.id,
            customer_id=None,
            membership_id=by.membership_id,
            plan_id=line.plan_id,
            quantity=1,
            fields=dict(line.fields),
            added_at=db.session().info["now"],
        )
    )
    db.flush()
    return placing.place(
        by,
        clearance,
        Checkout(request_key, storefront_id, PayBy.ACCOUNT, due.minor, asks_terms=False),
    )


def gross(reseller: Reseller, net: Money) -> Money:
    """What a plan of this price costs the reseller with tax."""
    chain = tax.chain(reseller.id, None)
    return tax.sums([net], tax.between(chain.seller, chain.buyer)).gross


def _one_at_a_time(reseller: Reseller, line: BasketItem) -> None:
    if (order := reseller_plans.under_way(reseller.id)) is not None:
        raise PlanRuns(
            f"{reseller.name} has an order for a plan under way: {order.code}. Finish or cancel it first."
        )
    if any(subscription.plan_id == line.plan_id for subscription in reseller_plans.running(reseller.id)):
        raise PlanRuns(f"{reseller.name} is on {line.product}, {line.plan} already.")
