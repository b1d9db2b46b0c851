"""An accepted quote becomes an order, once, at exactly the quoted prices. What the customer pays is the
quote's; what the reseller and the distributor pay is today's, so that a price that rose meanwhile is the
reseller's to bear (docs/decisions/0032-quotes-freeze-retail.md). Everything else holds as for any order:
`checkout.placing` places it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, insert, select

from catalog import markets
from catalog.listings import Listing, NotOffered
from catalog.products import Plan, Product, ProductType
from checkout import baskets, placing, pricing, quotes
from checkout.baskets import BasketItem, BasketLine, Buyer
from checkout.orders import Order, OrderCancelled
from checkout.placing import Checkout, Clearance
from checkout.pricing import PricedLine, Standing
from checkout.quotes import Quote, QuoteAccepted, QuoteLine, QuoteState
from core import db, states
from core.clock import business_now
from core.errors import Missing, Refused
from core.events import publish
from core.languages import _
from core.tenancy import same_key

Answers = Mapping[UUID, Mapping[str, str]]
"""line -> what its connector was told by the buyer."""


class NoLongerSold(Refused):
    """A plan was retired, or taken off the reseller's shelf, since it was quoted."""

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
    """The lines as a basket shows its own, at the quoted prices, in any scope that may read them. An add-on
    belongs to the line of its quote that it extends, where there is one, whatever runs at the customer."""
    chosen = (
        select(QuoteLine, Plan, Product, ProductType, Listing.published & markets.sold_here())
        .join(Plan, same_key(Plan.id, QuoteLine.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .outerjoin(
            Listing,
            and_(
                same_key(Listing.reseller_id, QuoteLine.reseller_id),
                Listing.plan_id == QuoteLine.plan_id,
            ),
        )
        .where(QuoteLine.quote_id == quote.id)
        .order_by(QuoteLine.number, QuoteLine.id)
    )
    found = [
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
                product_id=product.id,
                step=plan.quantity_step,
                conditional=plan.conditional,
                once=plan.once_per_customer,
            ),
            plan.published and product.published and bool(shown),
        )
        for line, plan, product, kind, shown in db.session().execute(chosen)
    ]
    bases = baskets.only_bases(quote.reseller_id, [one.item for one in found])
    return [replace(one, item=replace(one.item, base_id=bases.get(one.item.line_id))) for one in found]


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
    it. What is in the buyer's basket stays there. Runs in a transaction widened for "placing an order"."""
    quote = quotes.hold(code)
    if quote.state is QuoteState.ACCEPTED:
        return quote.order_code
    quotes.refuse_unless_open(quote)
    own = _set_aside(buyer)
    placed = placing.place(
        buyer,
        clearance,
        replace(checkout, request_key=f"{quote.code}:{quote.attempt}"),
        priced=partial(_price, quote, answers),
    )
    if own:
        db.session().execute(insert(BasketLine), own)
    quote.order_id = db.session().scalars(select(Order.id).where(Order.code == placed)).one()
    quote.order_code, quote.decided_at = placed, business_now()
    states.move(quote, QuoteState.ACCEPTED, told={"by": buyer.name, "order": placed})
    publish(QuoteAccepted(quote.id, f"{quote.id}:{placed}"))
    return placed


def _set_aside(buyer: Buyer) -> list[dict[str, Any]]:
    """Takes the buyer's own lines out of the basket, for as long as the quote's are in it."""
    mine = BasketLine.membership_id == buyer.membership_id
    kept = db.session().execute(select(BasketLine.__table__).where(mine).with_for_update()).mappings().all()
    db.session().execute(delete(BasketLine).where(mine))
    return [dict(row) for row in kept]


def _price(quote: Quote, answers: Answers, buyer: Buyer) -> tuple[Standing, list[PricedLine]]:
    """The quote's lines, priced as any basket is: so every rule of an order holds for them. Only what the
    buyer pays is the quote's."""
    if buyer.customer_id is None or buyer.customer_id != quote.customer_id:
        raise Missing("quote")
    of = {line.id: line for line in quotes.lines(quote.id)}
    bases = {item.line_id: item.base_id for item in items(quote)}
    for line in of.values():
        db.add(
            BasketLine(
                id=line.id,
                reseller_id=quote.reseller_id,
                customer_id=buyer.customer_id,
                membership_id=buyer.membership_id,
                plan_id=line.plan_id,
                quantity=line.quantity,
                base_id=bases[line.id],
                fields=dict(answers.get(line.id, {})),
                added_at=db.session().info["now"],
            )
        )
    db.flush()
    try:
        standing, lines = pricing.price(buyer, quoted=True)
    except NotOffered:
        refuse_unless_sold(quoted(quote))
        raise
    return standing, [replace(line, price=of[line.line_id].unit_price, retail_cuts=()) for line in lines]


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
