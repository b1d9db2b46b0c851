"""What a reseller may quote, and at which prices: what it pays for a unit, what its shop asks, what the
vendor asks the distributor."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from catalog import markets, partner_products, volumes
from catalog.listings import Listing
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Audience, Plan, PlanCost, Product, ProductType
from checkout.baskets import BasketItem
from checkout.quotes import Quote, QuoteWholesale
from core import db
from core.money import Money
from core.parties import Reseller
from core.tenancy import same_key
from partners.enrolments import Enrolment

FOUND_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Quotable:
    """A plan that may be quoted: what it costs the reseller, and what its shop asks."""

    plan_id: UUID
    product: str
    plan: str
    sku: str
    unit: str
    per: str
    term: str
    minimum: int
    maximum: int
    wholesale: Money
    shelf: Money


_SOLD = (
    select(Plan, Product, ProductType, WholesalePrice, Enrolment.discount)
    .join(Product, same_key(Product.id, Plan.product_id))
    .join(ProductType, same_key(ProductType.id, Product.product_type_id))
    .join(WholesalePrice, same_key(WholesalePrice.plan_id, Plan.id))
    .where(Plan.published, Product.published, ProductType.audience == Audience.CUSTOMER)
)


def sold_to(reseller_id: UUID) -> "Select[Plan, Product, ProductType, WholesalePrice, int]":
    """What a reseller may quote, in its own scope or in the distributor's: what is on its shelf."""
    price_list = select(Reseller.price_list_id).where(Reseller.id == reseller_id).scalar_subquery()
    shown = and_(same_key(Listing.plan_id, Plan.id), Listing.published)
    return (
        _SOLD.join(Listing, and_(shown, Listing.reseller_id == reseller_id))
        .outerjoin(Enrolment, tier_of(reseller_id))
        .where(
            WholesalePrice.price_list_id == price_list,
            ~partner_products.missing(reseller_id),
            markets.sold_here(),
        )
    )


def matching(quote: Quote, words: str) -> list[Quotable]:
    """Plans that match the words by product, plan, vendor or SKU, by name, as far as they are in the quote's
    currency."""
    chosen = sold_to(quote.reseller_id).where(Plan.currency == quote.currency)
    for word in words.split()[:6]:
        named = (Product.name, Plan.name, Product.vendor, Plan.sku)
        chosen = chosen.where(or_(*(column.icontains(word, autoescape=True) for column in named)))
    rows = db.session().execute(chosen.order_by(Product.name, Plan.code).limit(FOUND_AT_ONCE)).all()
    shelf = shop_prices(quote.reseller_id, [row[0].id for row in rows])
    return [
        Quotable(
            plan.id,
            product.name,
            plan.name,
            plan.sku,
            kind.unit,
            plan.billing_period.per,
            plan.term.label,
            plan.minimum_quantity,
            plan.maximum_quantity,
            discounted(price.price, discount),
            shelf.get(plan.id, plan.list_price),
        )
        for plan, product, kind, price, discount in rows
    ]


def shop_prices(reseller_id: UUID, plan_ids: Sequence[UUID], quantity: int = 1) -> dict[UUID, Money]:
    """plan -> what the reseller's shop asks for each of so many units."""
    mine = (Listing.reseller_id == reseller_id) & Listing.plan_id.in_(plan_ids)
    rows = db.session().scalars(select(Listing).where(mine))
    return {row.plan_id: volumes.at(row.price, row.steps, quantity) for row in rows}


def paid(reseller_id: UUID, of: Sequence[BasketItem]) -> dict[UUID, Money]:
    """line -> what the reseller pays for a unit today; a plan that it cannot buy any more is not in it."""
    by_plan = {item.plan_id: item for item in of}
    rows = db.session().execute(sold_to(reseller_id).where(Plan.id.in_(by_plan)))
    return {
        (item := by_plan[plan.id]).line_id: discounted(
            volumes.at(price.price, price.steps, item.quantity), discount
        )
        for plan, _product, _kind, price, discount in rows
    }


def paid_when_sent(quote: Quote) -> dict[UUID, Money]:
    """line -> what the reseller paid for a unit on the day of the sending."""
    noted = select(QuoteWholesale).where(QuoteWholesale.quote_id == quote.id)
    return {row.quote_line_id: row.unit for row in db.session().scalars(noted)}


def costs(of: Sequence[BasketItem]) -> dict[UUID, Money]:
    """line -> what the vendor asks for a unit today, where that is known; in the distributor's scope."""
    by_plan = {item.plan_id: item for item in of}
    rows = db.session().scalars(select(PlanCost).where(PlanCost.plan_id.in_(by_plan)))
    return {
        (item := by_plan[row.plan_id]).line_id: volumes.at(row.cost, row.steps, item.quantity) for row in rows
    }
