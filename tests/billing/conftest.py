"""The till: the small world with a real Stripe sandbox process behind its gateway, an account of its own
for each test. What Stripe sends is kept by a receiver and handed to the webhook by the test, in the order,
number and state it wants."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

import pytest
import stripe as sdk
from flask.testing import FlaskClient
from sqlalchemy import select

from billing import gateways, payments, stripe_gateway
from billing.payments import Payment, PaymentAttempt
from billing.stripe_gateway import API_VERSION, GatewayAccount, PaymentReport
from checkout.orders import PayBy
from core import db, tenancy
from core.work import WorkItem
from storefront import paying
from storefront.paying import Journey
from tests.sandbox.stripe.world import Received, Receiver, StripeSandbox, new_account, wait_for
from tests.visits import make_app
from tests.world import HOST, World, open_portal

GOOD, DECLINED = "4242424242424242", "4000000000000002"
JOURNEY = Journey(
    "Brightfield",
    lambda order: f"http://{HOST}/orders/{order.code}/return",
    lambda order: f"http://{HOST}/orders/{order.code}",
)


@dataclass
class Till:
    """Somebody orders, Stripe's page is opened and paid, and events are handed over."""

    world: World
    stripe: StripeSandbox
    account: GatewayAccount
    receiver: Receiver
    client: FlaskClient

    def order(self, who: str = "acme", plan: str = "patch-y", quantity: int = 10, **fields: str) -> str:
        """An unpaid order by card."""
        return self.world.buys(who, plan, quantity, pay_by=PayBy.CARD, **fields)

    def page(self, code: str, who: str = "acme") -> str:
        """The session whose page the buyer is led to."""
        with tenancy.acting_as(self.world.scope(who)):
            return paying.find_page(code, JOURNEY).rsplit("/", 1)[1]

    def pay(self, session: str, card: str = GOOD) -> str:
        """The buyer types a card; how it went."""
        return str(self.stripe.tell("pay", session=session, card=card, email="anna@acme.example")["outcome"])

    def report(self, session: str) -> PaymentReport:
        """What Stripe says."""
        return stripe_gateway.report(self.account, session)

    def came(self, count: int) -> list[Received]:
        """What the receiver got, once it is `count` events."""
        wait_for(lambda: len(self.receiver.received) >= count)
        return list(self.receiver.received)

    def ring(self, events: Iterable[Received]) -> list[int]:
        """Hands events to the webhook; the answers' status codes."""
        return [
            self.client.post(
                "/webhooks/stripe/whk-test", data=e.payload, headers={"Stripe-Signature": e.signature}
            ).status_code
            for e in events
        ]

    def paid_order(self) -> str:
        """An order that was paid and settled by its webhooks."""
        code = self.order()
        assert self.pay(self.page(code)) == "paid"
        self.ring(self.came(2))
        self.world.work()
        return code

    def dashboard(self):
        """The account as its owner uses it, past the shop."""
        return sdk.StripeClient(
            self.account.secret_key, base_addresses={"api": self.stripe.url}, stripe_version=API_VERSION
        ).v1

    def settle(self, report: PaymentReport) -> payments.PaymentState | None:
        """Settles a report as a task does."""
        with self.world.acting():
            return payments.settle(report)

    def payment(self, code: str) -> Payment:
        """The payment of an order."""
        order = self.world.order(code)
        with self.world.acting():
            found = payments.of_order(order.id)
            assert found
            return found

    def attempts(self, code: str) -> list[PaymentAttempt]:
        """Its attempts, in order."""
        payment = self.payment(code)
        with self.world.acting():
            return list(
                db.session().scalars(
                    select(PaymentAttempt)
                    .where(PaymentAttempt.payment_id == payment.id)
                    .order_by(PaymentAttempt.number)
                )
            )

    def waiting(self) -> list[WorkItem]:
        """What waits for a person."""
        with self.world.acting():
            return list(db.session().scalars(select(WorkItem).where(WorkItem.closed_at.is_(None))))


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Generator[StripeSandbox]:
    """The Stripe sandbox as a process."""
    sandbox = StripeSandbox(tmp_path_factory.mktemp("stripe"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def till(world: World, stripe_process: StripeSandbox) -> Generator[Till]:
    """Northwind's gateway is an account at the sandbox, whose events reach the test."""
    receiver = Receiver()
    account = new_account(stripe_process)
    account = replace(account, webhook_secret=stripe_gateway.register_endpoint(account, receiver.url).secret)
    with world.acting():
        gateway = gateways.find()
        gateway.account_id, gateway.secret_key, gateway.webhook_secret, gateway.api_base = (
            account.account_id,
            account.secret_key,
            account.webhook_secret,
            account.api_base,
        )
    open_portal(world)
    yield Till(world, stripe_process, account, receiver, make_app().test_client())
    receiver.close()
