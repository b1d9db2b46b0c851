"""The demo world: a distributor, three resellers and their customers, with people one can sign in as and
orders in every state. It is seeded through the functions that pages and workers use, from the two files in
sandbox/data, and written down in the instance folder as `demo.json`. Each step looks whether it was done,
so that a seeding that was interrupted goes on where it stopped; a finished one is recognised at once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from billing import credit, credit_terms, gateways, tax
from billing.credit_terms import Defaults, Terms
from catalog import editing, listings, loading, margin_alarms, products, publication, retail_rules
from catalog.listings import Listing
from core import clock, db, parties, passwords, tenancy
from core.parties import Customer, OrderedBy, Reseller
from core.periods import Term
from core.settings import settings
from core.tenancy import Side
from partners import (
    account_managers,
    application_reviews,
    applications,
    channels,
    companies,
    deal_rules,
    enrolling,
    extensions,
    joinings,
    logins,
    newsletters,
    programmes,
    relation_rules,
    requests,
    resources,
    signatures,
    storefronts,
    support_hours,
    support_types,
)
from partners.companies import Details
from partners.deal_rules import Rules
from partners.enrolling import Contact
from partners.joinings import Channel, Paperwork
from partners.programmes import Programme, Settings
from partners.relation_rules import Relations
from partners.signatures import Signatory
from partners.storefronts import Image, Storefront
from partners.support_hours import Hours
from partners.support_types import Described
from partners.terms import Agreed
from provisioning import transfer_requests
from provisioning.connectors.signed_licence import new_signing_key
from provisioning.deliveries import ConnectorSettings
from provisioning.transfer_requests import Asking
from provisioning.transfers import Transfer
from sandbox import (
    conditions,
    delegations,
    logos,
    notes,
    orders,
    partnerships,
    pictures,
    promotions,
    quoting,
    relations,
    retail,
    tiers,
    wishes,
)
from sandbox.worlds import DATA, Demo, Entry, fingerprint
from subscriptions.subscriptions import Subscription, SubscriptionState
from whitelabel_themes import images
from whitelabel_themes.loader import themes

HOSTS = ["127.0.0.1", "localhost"]
LONG_AGO = date(2021, 1, 1)
VENDOR_KEY = "sandbox-key"  # the simulator's own default
STRIPE_NAME = "northwind"  # the Stripe sandbox opens acct_<name> to sk_test_<name>


def seed(say: Callable[[str], None] = lambda _words: None) -> Path:
    """Brings the demo world about, or recognises that it is there; the file that says who can sign in."""
    file = settings().instance / "demo.json"
    world = loading.read(DATA / "world.toml")
    about = world["distributor"]
    distributor_id, is_new = parties.found_distributor(**about, sandbox=True)
    demo = Demo(world, distributor_id)
    known = notes.read(file)
    if (
        not is_new
        and known.get("seeded_from") == fingerprint()
        and known.get("distributor_id") == str(distributor_id)
    ):
        _connect(demo)
        notes.write(demo, file)
        return file
    say("Companies, people and catalogue")
    with tenancy.acting_as(demo.scope()), db.transaction():
        _found(demo)
    delegations.begin(demo)
    relations.neighbour(passwords.hashed(world["password"]), world["password"])
    _connect(demo)
    say("Reseller plans")
    orders.fulfil(wishes.of_resellers(demo))
    with tenancy.acting_as(demo.scope()), db.transaction():
        _brand(demo)
        retail.arrange(demo)
        conditions.accept()
    promotions.begin(demo)
    say("Orders, payments and deliveries")
    orders.fulfil(wishes.of_customers(demo))
    with tenancy.acting_as(demo.scope()), db.transaction():
        _hand_over(demo)
    quoting.offer(demo)
    notes.write(demo, file)
    return file


def _turn_the_catalogue() -> None:
    """One product has a successor, and one comes in a month."""
    old, new = editing.product("project-p1"), editing.product("planner-p1")
    publication.retire(old, new)
    coming = editing.product("m365-copilot-business")
    publication.schedule(coming, (clock.business_now() + timedelta(days=30)).date(), None)
    publication.changed([old, coming])


# --- Who exists and what is sold ----------------------------------------------------------------------------


def _found(demo: Demo) -> None:
    """Catalogue, house shop, resellers, customers and people, in one transaction: all of it is there, or
    nothing."""
    shares = {name: Decimal(share) for name, share in demo.world["price_lists"].items()}
    loading.load(loading.read(DATA / "catalogue.toml"), shares)
    if db.session().scalar(select(Reseller.id).where(Reseller.house)) is not None:
        return
    about, hashed = demo.world["distributor"], passwords.hashed(demo.world["password"])
    first = loading.price_list(next(iter(shares)), about["currency"])
    house = parties.add_reseller(name=about["name"], email=about["email"], price_list_id=first.id, house=True)
    storefronts.open_house(house, name=about["name"], hosts=HOSTS, currency=about["currency"])
    listings.stock(house.id, demo.distributor_id)
    pictures.hang()
    _turn_the_catalogue()
    db.add(ConnectorSettings(connector="signed_licence", settings={"signing_key": new_signing_key()}))
    _prepare_papers(demo)
    for person in demo.world["staff"]:
        _add_person(person, hashed, Side.DISTRIBUTOR)
    for entry in demo.world["reseller"]:
        _add_reseller(entry, hashed, about["currency"])
    _open_programmes(first.id, hashed, about["currency"])
    conditions.publish(demo.world["staff"][0]["name"])
    relations.begin()


def _set_credit(programme: Programme, entry: Entry, currency: str) -> None:
    """What a reseller begins with that this programme brings."""
    if entry:
        limit = loading.amount(entry["limit"], currency, programme.name)
        terms = Terms(entry.get("prorate_billing", False), entry.get("partial_charges", False))
        credit_terms.set_defaults(programme, Defaults(limit, entry.get("ordering", True), terms))


def _open_programmes(price_list_id: UUID, hashed: str, currency: str) -> None:
    """The partner programmes with their agreements, who is a partner already, and whoever waits for the
    reviewer."""
    told = loading.read(DATA / "programmes.toml")
    for entry in told["programme"]:
        chosen = Settings(
            name=entry["name"],
            explanation=entry["explanation"],
            price_list_id=price_list_id,
            evidence=tuple(entry["asks"]),
            irreversible=entry.get("irreversible", False),
            answer_days=entry["answer_days"],
            term=Term(entry["term"]),
        )
        programme = programmes.add(entry["code"], chosen)
        if "deals" in entry:
            deal_rules.keep(programme, Rules(takes_deals=True, **entry["deals"]))
        programme.resellers_attest = entry["resellers_attest"]
        programmes.publish(programme, entry["agreement"], valid_from=None, by="Nora Lindqvist")
        programmes.change(programme, replace(chosen, takes_applications=True))
        logins.set_rules(programme, logins=entry.get("logins"), email_fixed=entry.get("email_fixed", False))
        _set_credit(programme, entry.get("credit", {}), currency)
        tiers.give(programme, entry)
        joinings.keep(programme, _joining(entry.get("joining", {})))
        relation_rules.keep(programme, Relations(**entry.get("relations", {})))
        if types := entry.get("support_type", []):
            support_types.set_rules(programme, terms_first=True)
        for one in types:
            support_types.keep_type(programme, Described(**one))
        if "support_hours" in entry:
            support_hours.keep(programme, _support_hours(entry["support_hours"]))
        _stock_library(programme, entry)
    for entry in told["application"]:
        applications.apply(
            entry["programme"],
            company=entry["company"],
            name=entry["name"],
            email=entry["email"],
            evidence=entry["evidence"],
        )
    partnerships.sign_up(told["partner"])
    for entry in told["enrolment"]:
        _enrol(entry, hashed)
    partnerships.register(told["deal"])
    for entry in told["newsletter"]:
        newsletters.send(
            programmes.find(entry["programme"]),
            subject=entry["subject"],
            text=entry["text"],
            by="Nora Lindqvist",
        )


def _enrol(entry: Entry, hashed: str) -> None:
    """A reseller that is a partner of a programme, and the customers that it won through it."""
    programme = programmes.find(entry["programme"])
    reseller = db.session().scalars(select(Reseller).where(Reseller.name == entry["reseller"])).one()
    if enrolling.standing(programme, reseller.id)[1] is None:
        contact = Contact(entry["name"], entry["email"])
        enrolling.enrol(programme, reseller.id, contact, entry["evidence"])
        application = enrolling.under_way(programme, reseller.id)
        application_reviews.approve(application, by="Nora Lindqvist")
        agreed = Agreed(str(application.agreement_id), "192.0.2.1", "Demo", "")
        signatures.sign(application, agreed, Signatory(contact.name, contact.email))
    for customer in entry["customer"]:
        added = _add_customer(customer, reseller.id, hashed)
        channels.win(added, str(programme.id))


def _support_hours(told: Any) -> Hours:
    return Hours(
        told["days"],
        support_hours.minute_of(told["begins"]),
        support_hours.minute_of(told["ends"]),
        told["zone"],
        told["answer_hours"],
    )


def _joining(entry: Entry) -> joinings.Rules:
    told = {
        name: entry[name] for name in ("documents_hint", "verifies", "verification_days") if name in entry
    }
    return joinings.Rules(
        documents=Paperwork(entry.get("documents", "none")),
        channel=Channel(entry.get("channel", "direct")),
        **told,
    )


def _stock_library(programme: Programme, entry: Entry) -> None:
    """What the programme gives, and what its partners may ask for."""
    for one in entry.get("resource", []):
        badge = logos.draw("Partner", "#2f5bd3") if one.get("badge") else b""
        described = resources.Described(
            one["title"], one["summary"], resources.Sort(one["sort"]), url=one.get("url", "")
        )
        resources.add(programme, described, name="badge.png" if badge else "", content=badge)
    for one in entry.get("request", []):
        requests.keep_kind(
            programme, one["label"], one["explanation"], one["questions"], yearly=one.get("yearly", False)
        )


def _prepare_papers(demo: Demo) -> None:
    """What has to be known before anything can be sold: who sells, and how it is taxed."""
    companies.keep(Details(**demo.world["distributor_company"]))
    for country, percent in demo.world["tax_rates"].items():
        tax.add_rate(country, "", int(Decimal(percent) * 100), LONG_AGO)


def _keep_company(entry: Entry, reseller_id: UUID, customer_id: UUID | None = None) -> None:
    details = Details(**entry["company"], country=entry["country"])
    companies.keep(details, reseller_id=reseller_id, customer_id=customer_id)


def _add_reseller(entry: Entry, hashed: str, currency: str) -> None:
    reseller = parties.add_reseller(
        name=entry["name"],
        email=entry["email"],
        country=entry["country"],
        price_list_id=loading.price_list(entry["price_list"], currency).id,
        enable_reselling=entry.get("enable_reselling", True),
    )
    _keep_company(entry, reseller.id)
    if "manager" in entry:
        known = {one.email: one.id for one in account_managers.candidates()}
        account_managers.assign(reseller, known[entry["manager"]])
    for person in entry["staff"]:
        _add_person(person, hashed, Side.RESELLER, reseller.id)
    if "credit" in entry:
        limit = loading.amount(entry["credit"], currency, entry["name"])
        db.add(
            credit.Balance(
                reseller_id=reseller.id,
                kind=credit.BalanceKind.CREDIT,
                currency=currency,
                ceiling=limit.minor,
            )
        )
    for customer in entry.get("customer", []):
        _add_customer(customer, reseller.id, hashed)


def _add_customer(customer: Entry, reseller_id: UUID, hashed: str) -> Customer:
    added = parties.add_customer(
        reseller_id, name=customer["name"], email=customer["email"], country=customer["country"]
    )
    added.ordered_by = OrderedBy(customer.get("ordered_by", "customer"))
    _keep_company(customer, reseller_id, added.id)
    for person in customer["staff"]:
        _add_person(person, hashed, Side.CUSTOMER, reseller_id, added.id)
    return added


def _add_person(
    person: Entry, hashed: str, side: Side, reseller_id: UUID | None = None, customer_id: UUID | None = None
) -> None:
    email, name = person["email"], person["name"]
    person_id = parties.add_person(email=email, name=name, password_hash=hashed)
    parties.add_member(
        person_id,
        side=side,
        email=email,
        name=name,
        roles=person["roles"],
        reseller_id=reseller_id,
        customer_id=customer_id,
    )


def _hand_over(demo: Demo) -> None:
    """What one reseller has asked another to take over: invited, accepted, asked; once, and only where it was
    delivered."""
    if db.session().scalar(select(Transfer.id).limit(1)) is not None:
        return
    by_name = {row.name: row for row in db.session().scalars(select(Reseller))}
    for entry in (each for each in demo.world["reseller"] if "hands_over" in each):
        told, mine = entry["hands_over"], by_name[entry["name"]]
        theirs = by_name[told["to"]]
        if entry.get("in_transition") and extensions.transition_of(mine.id) is None:
            extensions.begin_transition(mine, by="Nora Lindqvist")
        customer = select(Customer).where(Customer.reseller_id == mine.id, Customer.name == told["customer"])
        whose = db.session().scalars(customer).one()
        held = select(Subscription).where(
            Subscription.customer_id == whose.id,
            Subscription.plan_id == products.plan(told["plan"]).id,
            Subscription.state == SubscriptionState.ACTIVE,
        )
        if (found := db.session().scalar(held)) is None:
            continue
        pair = extensions.invite(theirs.id, mine.code, by=told["with"])
        extensions.answer(mine.id, pair.code, accepts=True, by=told["by"])
        asking = Asking(whose.code, [found.code], pair.code, consent=True, extend=True, words=told["words"])
        transfer_requests.ask(mine.id, asking, by=told["by"])


# --- The simulators: their addresses may change from one start to the next ----------------------------------


def _connect(demo: Demo) -> None:
    """Vendor and payment gateway answer where this installation's simulators listen today."""
    with tenancy.acting_as(demo.scope()), db.transaction():
        _connect_vendor()
        _connect_gateway()


def _connect_vendor() -> None:
    """The vendor's address, where there is a vendor."""
    url = settings().vendor_sandbox_url
    if not url:
        return
    values = {"base_url": url, "api_key": VENDOR_KEY, "network": "loopback"}
    row = db.session().scalar(select(ConnectorSettings).where(ConnectorSettings.connector == "http_service"))
    if row is None:
        db.add(ConnectorSettings(connector="http_service", settings=values))
    elif row.settings.get("base_url") != url:
        row.settings = values


def _connect_gateway() -> None:
    """The Stripe sandbox's account, where there is one; it rings /webhooks/stripe/<account> and signs with
    a secret made of the name."""
    url = settings().stripe_sandbox_url
    if not url:
        return
    gateway = db.session().scalar(select(gateways.Gateway))
    if gateway is None:
        account = f"acct_{STRIPE_NAME}"
        db.add(
            gateways.Gateway(
                code=account,
                account_id=account,
                secret_key=f"sk_test_{STRIPE_NAME}",
                webhook_secret=f"whsec_test_{STRIPE_NAME}",
                api_base=url,
            )
        )
    elif gateway.api_base != url:
        gateway.api_base = url


# --- Portals ------------------------------------------------------------------------------------------------


def _brand(demo: Demo) -> None:
    """Theme, logo and prices of each open portal that nobody has styled yet."""
    for entry in demo.world["reseller"]:
        if "portal" not in entry:
            continue
        portal = entry["portal"]
        shop = db.session().scalars(select(Storefront).where(Storefront.alias == portal["alias"])).one()
        if shop.settings:
            continue
        shop.theme = portal["theme"]
        shop.settings = {**themes()[portal["theme"]].validate(portal["settings"])}
        shop.logo = _keep_logo(shop, **portal["logo"])
        _price(shop, portal["prices"])
        storefronts.touch_looks(shop)


def _keep_logo(shop: Storefront, words: str, colour: str) -> str:
    """Takes the drawn logo the way of every upload; its name."""
    content = images.reencode(logos.draw(words, colour), max_px=600, max_bytes=200_000)
    name = hashlib.sha256(content).hexdigest()[:32]
    db.add(Image(reseller_id=shop.reseller_id, name=name, content=content))
    return name


def _price(shop: Storefront, prices: Mapping[str, str]) -> None:
    """The reseller's own retail prices."""
    for code, price in prices.items():
        plan = products.plan(code)
        of_plan = select(Listing).where(Listing.reseller_id == shop.reseller_id, Listing.plan_id == plan.id)
        own = loading.amount(price, shop.currency, code)
        if db.session().scalar(of_plan) is None:
            continue
        # the reseller falls with the number of units as the list does
        steps = plan.volume.times(Fraction(own.minor, plan.list_minor)).steps if plan.steps else ()
        retail_rules.put(shop.reseller_id, [retail_rules.by_hand(plan.id, own, steps)])
    margin_alarms.shelf_changed(shop.reseller_id)
