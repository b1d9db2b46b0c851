"""Quotes of the demo world, made through the functions that pages use, and a price change that is still to
come."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from billing import tax
from catalog import loading, price_days, products, scheduled_prices
from catalog.scheduled_prices import Leg, PriceSchedule
from checkout import quote_answers, quote_drafts, quote_sending, quotes
from checkout.quote_drafts import Prospect, Said
from checkout.quotes import Quote
from core import db, tenancy
from core.money import parse
from core.parties import Customer, Membership, Reseller
from core.tenancy import Scope, Side
from partners.storefronts import Storefront, StorefrontState
from sandbox.worlds import DATA, Demo, Entry


def offer(demo: Demo) -> None:
    """Everything once; quotes only where the reseller's shop has opened."""
    told = loading.read(DATA / "quotes.toml")
    with tenancy.acting_as(demo.scope()), db.transaction():
        _schedule(told["price_change"])
        if db.session().scalar(select(Quote.id).limit(1)) is not None:
            return
        resellers = {row.name: row for row in db.session().scalars(select(Reseller))}
        shops = select(Storefront.reseller_id).where(Storefront.state == StorefrontState.OPEN)
        opened = set(db.session().scalars(shops))
        members = select(Membership.name, Membership.person_id).where(Membership.side == Side.RESELLER)
        people = {name: person_id for name, person_id in db.session().execute(members)}
    for entry in told["quote"]:
        reseller = resellers[entry["reseller"]]
        if reseller.id in opened:
            scope = Scope(
                Side.RESELLER,
                demo.distributor_id,
                reseller.id,
                price_list_id=reseller.price_list_id,
                person_id=people[entry["by"]],
            )
            with tenancy.acting_as(scope):
                _quote(entry)


def _quote(entry: Entry) -> None:
    """One quote, as its reseller writes and sends it, and as its customer asks about it."""
    with db.transaction():
        if "prospect" in entry:
            whom: Customer | Prospect = Prospect(**entry["prospect"])
        else:
            whom = db.session().scalars(select(Customer).where(Customer.name == entry["customer"])).one()
        quote = quote_drafts.begin(whom, by=entry["by"])
        lines = {
            quote_drafts.add_line(quote, products.plan(line["plan"]).id).id: (
                line["quantity"],
                parse(line["price"], quote.currency),
            )
            for line in entry["lines"]
        }
        quote_drafts.keep(quote, Said(lines, tax.today() + timedelta(days=entry["days"]), entry["message"]))
        code = quote.code
    if entry.get("draft"):
        return
    with db.transaction(widened_because="sending a quote"):
        quote_sending.send(quotes.hold(code))
    if asks := entry.get("asks"):
        with db.transaction(widened_because="following a quote"):
            quote_answers.ask(quotes.hold(code), asks["words"], name=asks["name"])


def _schedule(entry: Entry) -> None:
    """What becomes dearer, and when."""
    if db.session().scalar(select(PriceSchedule.id).limit(1)) is not None:
        return
    schedule = scheduled_prices.begin(
        entry["title"],
        starts_on=tax.today() + timedelta(days=entry["days"]),
        notice_days=entry["notice"],
        words=entry["words"],
        by="Nora Lindqvist",
    )
    percents = {Leg(leg): Decimal(percent) for leg, percent in entry["percents"].items()}
    scheduled_prices.change_by(schedule, entry["category"], percents)
    price_days.confirm(schedule)
