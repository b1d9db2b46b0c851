"""The small named world of the tests: Northwind distributes; Brightfield (on Basic) and Harbour resell; Acme
and Zebra are customers. Names, not numbers: a test reads as a sentence about these people. Everything is
made through the functions that pages and commands use."""

import base64
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy import select

from billing import credit, funds, gateways, payment_pages, payments, tax
from billing.stripe_gateway import PaymentReport
from catalog import listings, loading
from catalog.products import Plan
from checkout import baskets, orders, placing
from checkout.baskets import Buyer
from checkout.orders import Order, PayBy
from checkout.placing import Checkout, Clearance
from core import clock, db, parties, tenancy, time_machine
from core.drain import Drain
from core.ids import new_token
from core.tenancy import Scope, Side
from partners import companies, storefronts
from partners.companies import Details
from provisioning import clearances, vendor_calls
from provisioning.deliveries import ConnectorSettings

PASSWORD = "Correct-horse-1"
HOST = "shop.test"

CATALOGUE = {
    "currency": "EUR",
    "product_type": [
        {
            "code": "reseller-plan",
            "name": "Reseller plan",
            "connector": "reseller_plan",
            "audience": "reseller",
            "opens_storefront": True,
            "unit": "plan",
        },
        {"code": "licence", "name": "Licence keys", "connector": "signed_licence", "audience": "customer"},
        {"code": "cloud", "name": "Cloud service", "connector": "http_service", "audience": "customer"},
    ],
    "product": [
        {
            "code": "standard",
            "type": "reseller-plan",
            "name": "Standard",
            "vendor": "Northwind",
            "category": "Reseller plans",
            "summary": "Your own shop.",
            "plan": [
                {
                    "code": "standard-m",
                    "name": "Monthly",
                    "term": "P1M",
                    "price": "49.00",
                    "wholesale": "49.00",
                    "maximum": 1,
                }
            ],
        },
        {
            "code": "free",
            "type": "reseller-plan",
            "name": "Free",
            "vendor": "Northwind",
            "category": "Reseller plans",
            "summary": "Your own shop, small.",
            "plan": [
                {
                    "code": "free-m",
                    "name": "Monthly",
                    "term": "P1M",
                    "price": "0.00",
                    "wholesale": "0.00",
                    "cost": "0.00",
                    "maximum": 1,
                }
            ],
        },
        {
            "code": "patch",
            "type": "licence",
            "name": "0patch Pro",
            "vendor": "0patch",
            "category": "Security",
            "summary": "Micropatches.",
            "plan": [{"code": "patch-y", "name": "Yearly", "term": "P1Y", "price": "24.95"}],
        },
        {
            "code": "m365-bb",
            "type": "cloud",
            "name": "Microsoft 365 Business Basic",
            "vendor": "Microsoft",
            "category": "Productivity",
            "summary": "Mail and Teams.",
            "plan": [
                {"code": "m365-bb-m", "name": "Monthly", "term": "P1M", "price": "6.00"},
                {
                    "code": "m365-bb-y",
                    "name": "Yearly",
                    "term": "P1Y",
                    "billing": "P1M",
                    "price": "5.60",
                    "minimum": 2,
                    "maximum": 300,
                },
            ],
        },
    ],
}


@dataclass
class World:
    """Ids and people of the world; `as_...` opens somebody's scope with a transaction."""

    distributor_id: UUID
    price_list_id: UUID
    resellers: dict[str, UUID] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, Buyer] = field(default_factory=dict)
    storefronts: dict[str, UUID] = field(default_factory=dict)
    offset: timedelta = timedelta()

    def scope(self, who: str = "northwind") -> Scope:
        """The scope of northwind, a reseller or a customer by name, by Northwind's business clock."""
        return replace(self._scope(who), offset=self.offset)

    def _scope(self, who: str) -> Scope:
        if who == "northwind":
            return Scope(Side.DISTRIBUTOR, self.distributor_id)
        if who in self.resellers:
            return Scope(
                Side.RESELLER, self.distributor_id, self.resellers[who], price_list_id=self.price_list_id
            )
        buyer = self.people[who]
        return Scope(
            Side.CUSTOMER,
            self.distributor_id,
            buyer.reseller_id,
            self.customers[who],
            person_id=buyer.person_id,
        )

    @contextmanager
    def acting(self, who: str = "northwind") -> Generator[None]:
        """A transaction in somebody's scope."""
        with tenancy.acting_as(self.scope(who)), db.transaction():
            yield

    def plan(self, code: str) -> Plan:
        """A plan by code."""
        with self.acting():
            return db.session().scalars(select(Plan).where(Plan.code == code)).one()

    def put(self, who: str, plan_code: str, quantity: int = 1, **fields: str) -> None:
        """Somebody puts a plan into the basket."""
        plan_id = self.plan(plan_code).id
        with self.acting(who):
            baskets.add(self.people[who], plan_id, quantity, fields)

    def clearance(self, who: str) -> Clearance:
        """What the connectors say about somebody's basket."""
        with tenancy.acting_as(self.scope(who)):
            with db.transaction(widened_because="checking with connectors"):
                configured = vendor_calls.settings_by_connector()
            with db.transaction():
                basket = baskets.items(self.people[who])
            return clearances.clear(basket, configured, {"name": who})

    def place(
        self, who: str, *, pay_by: PayBy = PayBy.CARD, key: str = "", seen_total: int | None = None
    ) -> str:
        """Somebody orders what is in the basket; the order's code."""
        clearance = self.clearance(who)
        shop = self.storefronts.get("brightfield") or self.storefronts["northwind"]
        with tenancy.acting_as(self.scope(who)), db.transaction(widened_because="placing an order"):
            return placing.place(
                self.people[who], clearance, Checkout(key or new_token(), shop, pay_by, seen_total)
            )

    def buys(
        self, who: str, plan_code: str, quantity: int = 1, *, pay_by: PayBy = PayBy.CARD, **fields: str
    ) -> str:
        """Basket and order in one sentence."""
        self.put(who, plan_code, quantity, **fields)
        return self.place(who, pay_by=pay_by)

    def order(self, code: str) -> Order:
        """An order by code, seen by the distributor."""
        with self.acting():
            return orders.find(code)

    def taxes(self, percent: int, country: str = "DE") -> None:
        """From today on the country takes its rate."""
        with self.acting():
            tax.add_rate(country, f"VAT {percent} %", percent * 100, tax.today())

    def give_credit(self, reseller: str, amount_minor: int, currency: str = "EUR") -> None:
        """A credit line for a reseller."""
        with self.acting():
            db.add(
                credit.Balance(
                    reseller_id=self.resellers[reseller],
                    kind=credit.BalanceKind.CREDIT,
                    currency=currency,
                    ceiling=amount_minor,
                )
            )

    def fund_by_hand(self, code: str) -> None:
        """Funds an unpaid order as a captured payment would, without a gateway (for tests about
        deliveries)."""
        with self.acting():
            order = orders.find(code)
            orders.fund(order.id, funds.FundKind.CREDIT, order.total)

    def goes_on(self, *, days: int = 0, to: datetime | None = None, work: bool = True) -> datetime:
        """Time passes for Northwind: its business clock goes forwards, and workers do what became due. The
        business time it is then."""
        with self.acting():
            self.offset = time_machine.go(to or time_machine.after(days=days))
        if work:
            self.work()
        with self.acting():
            return clock.business_now()

    def pay(self, code: str, fee_minor: int = 399) -> None:
        """Settles an unpaid order as its card payment would, without a gateway (for tests about what follows
        from being paid)."""
        order = self.order(code)
        with self.acting():
            payment = payments.of_order(order.id)
            assert payment
            attempt = payment_pages.current_attempt(payment)
            payments.settle(
                PaymentReport(
                    session_id=f"cs_{attempt.id}",
                    attempt_id=str(attempt.id),
                    account_id=gateways.find().account_id,
                    amount_minor=payment.amount_minor,
                    currency=payment.currency,
                    status="complete",
                    paid=True,
                    payment_intent=f"pi_{attempt.id}",
                    fee_minor=fee_minor,
                    declined=None,
                )
            )

    def work(self, seconds: float = 20) -> None:
        """Workers do what is due, in this process."""
        drain = Drain(slots=8)
        try:
            drain.run(seconds)
        finally:
            drain.close()


def found(*, vendor_url: str = "", stripe: gateways.Gateway | None = None) -> World:
    """Makes the world in an empty, migrated database."""
    distributor_id, _ = parties.found_distributor(
        name="Northwind", code="northwind", currency="EUR", email="desk@northwind.example", sandbox=True
    )
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id)), db.transaction():
        prices = loading.price_list("Partners", "EUR")
        world = World(distributor_id, prices.id)
        loading.load(CATALOGUE, {"Partners": Decimal("0.85")})
        house = parties.add_reseller(
            name="Northwind", email="desk@northwind.example", price_list_id=prices.id, house=True
        )
        world.resellers["house"] = house.id
        world.storefronts["northwind"] = storefronts.open_house(
            house, name="Northwind", hosts=[HOST, "localhost", "127.0.0.1"], currency="EUR"
        ).id
        listings.stock(house.id, distributor_id)
        staff(world, "nora", side=Side.DISTRIBUTOR)
        tax.add_rate("DE", "VAT 0 % (test world)", 0, date(2020, 1, 1))
        companies.keep(a_company("Northwind"))
        for name, person in (("brightfield", "bea"), ("harbour", "hugo")):
            reseller = parties.add_reseller(
                name=name.title(), email=f"{person}@{name}.example", price_list_id=prices.id, country="DE"
            )
            world.resellers[name] = reseller.id
            companies.keep(a_company(name.title()), reseller_id=reseller.id)
            world.people[name] = staff(world, person, side=Side.RESELLER, reseller_id=reseller.id)
        for name, reseller, person in (("acme", "brightfield", "anna"), ("zebra", "harbour", "zoe")):
            customer = parties.add_customer(
                world.resellers[reseller], name=name.title(), email=f"{person}@{name}.example", country="DE"
            )
            companies.keep(
                a_company(name.title()), reseller_id=world.resellers[reseller], customer_id=customer.id
            )
            world.customers[name] = customer.id
            world.people[name] = staff(
                world,
                person,
                side=Side.CUSTOMER,
                reseller_id=world.resellers[reseller],
                customer_id=customer.id,
            )
        db.add(ConnectorSettings(connector="signed_licence", settings={"signing_key": SIGNING_KEY}))
        if vendor_url:
            db.add(
                ConnectorSettings(
                    connector="http_service",
                    settings={"base_url": vendor_url, "api_key": "vendor-key", "network": "loopback"},
                )
            )
        db.add(stripe or a_gateway())
    return world


def a_company(name: str, country: str = "DE", tax_id: str = "") -> Details:
    """Company data that are complete."""
    return Details(f"{name} GmbH", "Hauptstraße 1", "80331", "München", country, tax_id)


def a_gateway() -> gateways.Gateway:
    """A card gateway that nobody answers behind; tests that pay give a real one."""
    return gateways.Gateway(
        code="whk-test",
        account_id="acct_test",
        secret_key="sk_test_test",
        webhook_secret="whsec_" + "t" * 32,
        api_base="http://127.0.0.1:9",
    )


def staff(
    world: World, person: str, *, side: Side, reseller_id: UUID | None = None, customer_id: UUID | None = None
) -> Buyer:
    """A person who signs in as PERSON@people.example with PASSWORD."""
    email, name = f"{person}@people.example", person.title()
    person_id = parties.add_person(email=email, name=name, password_hash=HASH)
    member = parties.add_member(
        person_id,
        side=side,
        email=email,
        name=name,
        roles=["admin"],
        reseller_id=reseller_id,
        customer_id=customer_id,
    )
    buyer = Buyer(member.id, person_id, reseller_id or world.resellers["house"], customer_id, name, email)
    world.people[person] = buyer
    return buyer


def open_portal(world: World, reseller: str = "brightfield") -> None:
    """The reseller's plan was bought and delivered: its shop is open under its own name."""
    with world.acting():
        shop = storefronts.hold(parties.reseller(world.resellers[reseller]), reseller, currency="EUR")
        storefronts.states.move(shop, storefronts.StorefrontState.OPEN)
        listings.stock(world.resellers[reseller], world.distributor_id)
        world.storefronts[reseller] = shop.id


HASH = PasswordHasher(1, 8, 1).hash(PASSWORD)  # a hash says what it costs: this one next to nothing
SIGNING_KEY = base64.b64encode(bytes(range(32))).decode()
