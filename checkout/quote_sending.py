"""A quote is sent: its prices are frozen, its costs noted, and the version before is replaced."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from catalog import margin_floors, markets
from catalog.markets import Eligible
from catalog.products import Plan
from checkout import baskets, quotable_plans, quote_drafts, quote_orders, quotes
from checkout.baskets import BasketItem
from checkout.quote_drafts import QuoteIncomplete
from checkout.quotes import (
    OPEN,
    Quote,
    QuoteCost,
    QuoteLine,
    QuoteOver,
    QuoteSent,
    QuoteState,
    QuoteWholesale,
)
from core import db, states, throttles
from core.clock import business_now
from core.errors import Refused
from core.events import publish
from core.languages import _
from core.money import Money
from core.parties import OrderedBy
from partners import channels, customers, leads
from partners.channels import NoWayToSell, TheProviderOrders
from partners.joinings import Channel


class NothingQuoted(Refused):
    """A quote has a line."""

    def __init__(self) -> None:
        super().__init__(_("Add at least one plan first."))


class OnlyYouOrder(Refused):
    """H45: this customer may not order itself, so it could not accept."""

    def __init__(self, customer: str) -> None:
        super().__init__(
            _(
                "Only you order for %(customer)s, so it could not accept a quote. Change that on its page"
                " first.",
                customer=customer,
            )
        )


def send(quote: Quote) -> None:
    """The customer gets its link, and may read it in the shop from now on; prices are frozen, and what the
    reseller and the distributor paid that day is noted. The version before, if there is one, is replaced.
    Works as the distributor ("sending a quote"), because costs are nobody else's."""
    quote_drafts.refuse_unless_draft(quote)
    of = quotes.lines(quote.id)
    if not of:
        raise NothingQuoted
    if problems := quote_drafts.wrong_days(quote.valid_until):
        raise QuoteIncomplete(problems)
    _refuse_if_it_could_not_order(quote)
    items = quote_orders.items(quote)
    wholesale = quotable_plans.paid(quote.reseller_id, items)
    if gone := next((line for line in of if line.id not in wholesale), None):
        raise QuoteIncomplete(
            {f"price-{gone.id}": _("%(plan)s is not sold any more: take it out.", plan=gone.product_name)}
        )
    _refuse_what_could_not_be_ordered(quote, items)
    _refuse_under_the_floor(quote, of, wholesale)
    _replace_the_one_before(quote)
    quote.customer_id, quote.sent_at = quote.for_customer_id, business_now()
    quote.total_minor = quotes.sum_of(of, quote.currency).minor
    cost_of = quotable_plans.costs(items)
    for line in of:
        line.customer_id = quote.for_customer_id
        about = {"quote_id": quote.id, "quote_line_id": line.id}
        now = wholesale[line.id]
        db.add(
            QuoteWholesale(
                reseller_id=quote.reseller_id, unit_minor=now.minor, currency=now.currency, **about
            )
        )
        if (cost := cost_of.get(line.id)) is not None:
            db.add(QuoteCost(unit_minor=cost.minor, currency=cost.currency, **about))
    db.flush()
    throttles.one_more_letter(quote.email)
    states.move(quote, QuoteState.SENT, told={"to": quote.email, "until": quote.valid_until})
    publish(QuoteSent(quote.id))


def _refuse_under_the_floor(quote: Quote, of: Sequence[QuoteLine], wholesale: Mapping[UUID, Money]) -> None:
    """UnderFloor where a quoted price leaves the reseller less than its own floor, if that refuses."""
    floors = margin_floors.of_shelf(quote.reseller_id)
    if not floors:
        return
    chosen = select(Plan.id, Plan.product_id).where(Plan.id.in_([line.plan_id for line in of]))
    product_of = {plan_id: product_id for plan_id, product_id in db.session().execute(chosen)}
    margin_floors.refuse_under(
        [(product_of[line.plan_id], line.unit_price, wholesale[line.id]) for line in of], floors
    )


def _refuse_if_it_could_not_order(quote: Quote) -> None:
    """What would be refused at accepting is refused here, to whom it concerns."""
    quote_drafts.refuse_a_lead_of_others(quote)
    customer = quote_drafts.customer_of(quote)
    if customer is None:
        leads.refuse_to_take_on(quote.reseller_id, quote.company, quotes.lead_of(quote, None))
        if not any(way.channel is Channel.DIRECT for way in channels.ways(quote.reseller_id)):
            raise NoWayToSell
        return
    customers.on_the_list(customer)
    if channels.of_customer(customer) is Channel.INDIRECT:
        raise TheProviderOrders
    if customer.ordered_by is OrderedBy.RESELLER:
        raise OnlyYouOrder(customer.name)


def _refuse_what_could_not_be_ordered(quote: Quote, items: Sequence[BasketItem]) -> None:
    """The same of its lines, each beside its own: numbers of units, what an add-on belongs to, what runs
    already, and where and to whom a plan is sold, as far as that is known."""
    customer = quote_drafts.customer_of(quote)
    country = customer.country if customer else quote.country
    chosen = select(Plan.id, Plan.markets, Plan.segments).where(Plan.id.in_([item.plan_id for item in items]))
    sold_to = {
        plan_id: Eligible(sold_in if country else (), segments, customer.segment if customer else None)
        for plan_id, sold_in, segments in db.session().execute(chosen)
    }
    problems: dict[str, str] = {}
    for item in baskets.arranged(quote.reseller_id, customer.id if customer else baskets.NOBODY, items):
        try:
            if item.problem:
                raise Refused(item.problem)
            markets.refuse_unless_sold_to(country, [(item.product, sold_to[item.plan_id])])
        except Refused as refusal:
            problems[f"quantity-{item.line_id}"] = str(refusal)
    if problems:
        raise QuoteIncomplete(problems)


def _replace_the_one_before(quote: Quote) -> None:
    """The version before ends; QuoteOver where somebody has accepted it meanwhile."""
    if quote.version == 1:
        return
    before = select(Quote).where(Quote.series == quote.series, Quote.version < quote.version)
    held = before.order_by(Quote.version).with_for_update().execution_options(populate_existing=True)
    for one in db.session().scalars(held).all():
        if one.state is QuoteState.ACCEPTED:
            raise QuoteOver(one.state)
        if one.state in OPEN:
            states.move(one, QuoteState.REPLACED, told={"by": quote.code})
