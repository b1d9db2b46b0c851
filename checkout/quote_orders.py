"""An accepted quote becomes an order, once, at exactly the quoted prices. What the customer pays is the
quote's; what the reseller and the distributor pay is today's, so that a price that rose meanwhile is the
reseller's to bear (docs/decisions/0032-quotes-freeze-retail.md). Everything else holds as for any order:
`checkout.placing` places it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from catalog import volumes
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Audience, Plan, PlanCost, Product, ProductType
from checkout import placing, quotes
from checkout.baskets import BasketItem, Buyer, check_quantity
from checkout.orders import Order, OrderCancelled
from checkout.placing import Checkout, Clearance
from checkout.pricing import PricedLine, Standing
from checkout.quotes import Quote, QuoteAccepted, QuoteLine, QuoteState
from core import db, states
from core.clock import business_now
from core.errors import Missing, Refused
from core.events import publish
from core.languages import _
from core.parties import Customer, Reseller
from partners import channels
from partners.enrolments import Enrolment

Answers = Mapping[UUID, Mapping[str, str]]
"""line -> what its connector was told by the buyer."""


class NoLongerSold(Refused):
    """A plan was retired, or taken off the reseller's price list, since it was quoted."""

    title = "A plan of this quote is not sold any more"

    def __init__(self, plan: str) -> None:
        super().__init__(_("“%(plan)s” is not sold any more. Ask for a new quote.", plan=plan))


# --- As the checkout shows it -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quoted:
    """A line with what its plan says today; `sold` is false for one that nobody can buy any more."""

    item: BasketItem
    sold: bool


def quoted(quote: Quote) -> list[Quoted]:
    """The lines as a basket shows its own, at the quoted prices, in any scope that may read them."""
    chosen = (
        select(QuoteLine, Plan, Product, ProductType)
        .join(Plan, and_(Plan.distributor_id == QuoteLine.distributor_id, Plan.id == QuoteLine.plan_id))
        .join(Product, and_(Product.distributor_id == Plan.distributor_id, Product.id == Plan.product_id))
        .join(
            ProductType,
            and_(
                ProductType.distributor_id == Product.distributor_id,
                ProductType.id == Product.product_type_id,
            ),
        )
        .where(QuoteLine.quote_id == quote.id)
        .order_by(QuoteLine.number, QuoteLine.id)
    )
    return [
        Quoted(
            BasketItem(
                line.id,
                plan.id,
                product.code,
                line.product_name,
                line.plan_name,
                plan.sku,
                line.unit,
                line.billing_period.per,
                line.term.label,
                line.quantity,
                plan.minimum_quantity,
                plan.maximum_quantity,
                line.unit_price,
                {},
                kind.connector,
            ),
            plan.published and product.published,
        )
        for line, plan, product, kind in db.session().execute(chosen)
    ]


def items(quote: Quote) -> list[BasketItem]:
    """The lines alone."""
    return [one.item for one in quoted(quote)]


def refuse_unless_sold(of: list[Quoted]) -> None:
    """NoLongerSold names the first plan that cannot be ordered."""
    for one in of:
        if not one.sold:
            raise NoLongerSold(f"{one.item.product}, {one.item.plan}")


# --- The order ----------------------------------------------------------------------------------------------


def order(code: str, buyer: Buyer, clearance: Clearance, checkout: Checkout, answers: Answers) -> str:
    """Accepts a quote of the buyer's company: its order's code, which a second yes gets again, whoever says
    it. Runs in a transaction widened for "placing an order"."""
    quote = quotes.hold(code)
    if quote.state is QuoteState.ACCEPTED:
        return quote.order_code
    quotes.refuse_unless_open(quote)
    placed = placing.place(
        buyer,
        clearance,
        replace(checkout, request_key=f"{quote.code}:{quote.attempt}"),
        priced=partial(_price, quote, answers),
    )
    quote.order_id = db.session().scalars(select(Order.id).where(Order.code == placed)).one()
    quote.order_code, quote.decided_at = placed, business_now()
    states.move(quote, QuoteState.ACCEPTED, told={"by": buyer.name, "order": placed})
    publish(QuoteAccepted(quote.id, f"{quote.id}:{placed}"))
    return placed


_LINES = (
    select(
        # the buyer, the same on every line
        Reseller.ordering_enabled,
        Reseller.enable_reselling,
        Customer.ordered_by,
        Customer.ended_at,
        Customer.name,
        channels.is_indirect(),
        # what is said today
        Plan.published & Product.published & (ProductType.audience == Audience.CUSTOMER),
        QuoteLine,
        Plan,
        ProductType,
        WholesalePrice,
        Enrolment.discount,
        PlanCost,
    )
    .join(Plan, and_(Plan.distributor_id == QuoteLine.distributor_id, Plan.id == QuoteLine.plan_id))
    .join(Product, and_(Product.distributor_id == Plan.distributor_id, Product.id == Plan.product_id))
    .join(
        ProductType,
        and_(ProductType.distributor_id == Product.distributor_id, ProductType.id == Product.product_type_id),
    )
    .join(
        Reseller,
        and_(Reseller.distributor_id == QuoteLine.distributor_id, Reseller.id == QuoteLine.reseller_id),
    )
    .join(
        Customer,
        and_(Customer.distributor_id == QuoteLine.distributor_id, Customer.id == QuoteLine.customer_id),
    )
    .outerjoin(
        WholesalePrice,
        and_(
            WholesalePrice.distributor_id == Plan.distributor_id,
            WholesalePrice.plan_id == Plan.id,
            WholesalePrice.price_list_id == Reseller.price_list_id,
        ),
    )
    .outerjoin(Enrolment, tier_of(Reseller.id))
    .outerjoin(PlanCost, and_(PlanCost.distributor_id == Plan.distributor_id, PlanCost.plan_id == Plan.id))
    .order_by(QuoteLine.number, QuoteLine.id)
)


def _price(quote: Quote, answers: Answers, buyer: Buyer) -> tuple[Standing, list[PricedLine]]:
    """What is ordered: the quoted prices, and what both sides above pay today."""
    if buyer.customer_id is None or buyer.customer_id != quote.customer_id:
        raise Missing("quote")
    rows = db.session().execute(_LINES.where(QuoteLine.quote_id == quote.id)).all()
    standing = Standing(*rows[0][:6])
    return standing, [_line(answers, *row[6:]) for row in rows]


def _line(
    answers: Answers,
    sold: bool,
    line: QuoteLine,
    plan: Plan,
    kind: ProductType,
    wholesale: WholesalePrice | None,
    discount: int | None,
    cost: PlanCost | None,
) -> PricedLine:
    if not sold or wholesale is None:
        raise NoLongerSold(f"{line.product_name}, {line.plan_name}")
    check_quantity(line.quantity, plan.minimum_quantity, plan.maximum_quantity, line.unit)
    fields: dict[str, Any] = dict(answers.get(line.id, {}))
    paid = discounted(volumes.at(wholesale.price, wholesale.steps, line.quantity), discount)
    return PricedLine(
        line_id=line.id,
        quantity=line.quantity,
        fields=fields,
        plan_id=plan.id,
        product=line.product_name,
        plan=line.plan_name,
        sku=plan.sku,
        per=line.unit,
        term=line.term,
        billing_period=line.billing_period,
        connector=kind.connector,
        opens_storefront=kind.opens_storefront,
        price=line.unit_price,
        wholesale=paid,
        cost=volumes.at(cost.cost, cost.steps, line.quantity) if cost else None,
    )


# --- An order that came to nothing --------------------------------------------------------------------------


def reopen(event: OrderCancelled) -> None:
    """Now-reaction: the order of a quote was given up unpaid, so the quote may be accepted again while it is
    valid."""
    chosen = select(Quote.code).where(Quote.order_id == event.order_id)
    code = db.session().scalar(chosen)
    if code is None:
        return
    quote = quotes.hold(code)
    if quote.state is not QuoteState.ACCEPTED:
        return
    quote.order_id, quote.order_code, quote.decided_at = None, "", None
    quote.attempt += 1
    over = quote.ends_at <= business_now()
    states.move(quote, QuoteState.EXPIRED if over else QuoteState.SENT, why="Its order was not paid.")
