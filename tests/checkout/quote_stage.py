"""Bea of Brightfield quotes: for Acme, its customer, or for Otterbach, which is none yet."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from billing import tax
from checkout import quote_answers, quote_drafts, quote_orders, quote_sending, quotes
from checkout.placing import Checkout
from checkout.quote_drafts import Prospect, Said
from checkout.quotes import Quote, QuoteState
from core import db, parties, tenancy
from core.ids import new_token
from core.money import Money
from provisioning import clearances, vendor_calls
from tests.world import World, open_portal

OTTERBACH = Prospect("Otterbach Logistik GmbH", "Olga Otter", "olga@otterbach.example", "DE")


def draft(
    world: World, plan: str = "patch-y", quantity: int = 5, price: int = 2300, *, to: Prospect | None = None,
    days: int = 14, reseller: str = "brightfield",
) -> str:  # fmt: skip
    """A draft with one line at a price of its own; its code. The shop offers patch-y at 24.95."""
    if reseller not in world.storefronts:
        open_portal(world, reseller)
    customer = {"brightfield": "acme", "harbour": "zebra"}[reseller]
    plan_id = world.plan(plan).id
    with world.acting(reseller):
        whom = to or parties.customer(world.customers[customer])
        quote = quote_drafts.begin(whom, by="Bea")
        line = quote_drafts.add_line(quote, plan_id)
        day = tax.today() + timedelta(days=days)
        quote_drafts.keep(quote, Said({line.id: (quantity, Money(price, "EUR"))}, day, "As we spoke."))
        return quote.code


def send(world: World, code: str, reseller: str = "brightfield") -> str:
    """The draft is sent, as its page sends it; its code."""
    with tenancy.acting_as(world.scope(reseller)), db.transaction(widened_because="sending a quote"):
        quote_sending.send(quotes.hold(code))
    return code


def sent(
    world: World, plan: str = "patch-y", quantity: int = 5, price: int = 2300, *, to: Prospect | None = None
) -> str:
    """Drafted and sent."""
    return send(world, draft(world, plan, quantity, price, to=to))


def orders(world: World, code: str, who: str = "acme", *, key: str = "") -> str:
    """Somebody of the customer accepts the quote, as its page does; the order's code."""
    with tenancy.acting_as(world.scope(who)):
        with db.transaction(widened_because="checking with connectors"):
            configured = vendor_calls.settings_by_connector()
        with db.transaction():
            items = quote_orders.items(quotes.find(code))
        clearance = clearances.clear(items, configured, {"name": who})
        wish = Checkout(key or new_token(), world.storefronts["brightfield"])
        with db.transaction(widened_because="placing an order"):
            return quote_orders.order(code, world.people[who], clearance, wish, {})


def agrees(world: World, code: str) -> UUID:
    """Olga says yes by her link; the customer that Otterbach is from then on."""
    scope = tenancy.Scope(
        tenancy.Side.CUSTOMER, world.distributor_id, world.resellers["brightfield"], offset=world.offset
    )
    with tenancy.acting_as(scope), db.transaction(widened_because="following a quote"):
        quote = quotes.by_token(link_of(code), reseller_id=world.resellers["brightfield"], to_change=True)
        quote_answers.agree(quote, name="Olga Otter")
        assert quote.customer_id
        return quote.customer_id


def link_of(code: str) -> str:
    """The token of its link; in a transaction that may read it."""
    return quotes.token_of(quotes.find(code).nonce)


def state_of(world: World, code: str) -> QuoteState:
    """As the distributor sees it."""
    with world.acting():
        return quotes.find(code).state


def all_of(world: World) -> list[Quote]:
    """Every version, the oldest first."""
    with world.acting():
        return list(db.session().scalars(select(Quote).order_by(Quote.id)))
