"""A whole trade in one process, over real servers: Brightfield's open shop, Stripe's sandbox, the vendor's
simulator and a mail server; and what may be done to them."""

import time
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

import app as product
from billing import stripe_gateway
from billing.gateways import Gateway
from billing.stripe_gateway import GatewayAccount
from core import db, drain, tasks
from core.drain import Drain
from core.settings import settings
from provisioning.connectors.registry import CONNECTORS
from provisioning.deliveries import ConnectorSettings
from sandbox.servers import Postgres
from storefront.fragments import FRAGMENTS
from tests import fast_worker
from tests.mail.conftest import PostOffice
from tests.portal.conftest import Browser
from tests.proxy import Proxy
from tests.sandbox.stripe.world import BROWSER, Receiver, StripeSandbox, new_account
from tests.sizes import often
from tests.vendors import Vendor, running_vendor
from tests.world import World, open_portal

UNDONE = "state <> 'done' AND coalesce(key, '') NOT LIKE 'every:%'"


def size(*, usual: int, campaign: int) -> int:
    """How much of it: `python -m tests.losses` takes the long way."""
    return often(usual, campaign)


@dataclass
class Trade:
    """Anna at the shop, and everything that her orders set in motion."""

    world: World
    web: Flask
    stripe: StripeSandbox
    account: GatewayAccount
    receiver: Receiver
    vendor: Vendor
    office: PostOffice
    postgres: Postgres

    def browser(self, person: str = "anna") -> Browser:
        """Somebody signed in at Brightfield's shop."""
        return Browser(self.web.test_client(), "/brightfield").sign_in(person)

    def ring(self) -> list[int]:
        """Hands every event that Stripe has sent so far to the webhook; the answers' status codes. What was
        not answered with 200 is sent again the next time."""
        client, answers = self.web.test_client(), list[int]()
        came = self.receiver.received[:]
        del self.receiver.received[: len(came)]
        for event in came:
            signed = {"Stripe-Signature": event.signature}
            answer = client.post("/webhooks/stripe/whk-test", data=event.payload, headers=signed)
            answers.append(answer.status_code)
            if answer.status_code != 200:
                self.receiver.received.append(event)
        return answers

    def admin(self, statement: str) -> list[tuple[object, ...]]:
        """As the server's administrator, past every lock of ours."""
        engine = create_engine(self.postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            found = connection.execute(text(statement))
            rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows

    def time_passes(self) -> None:
        """Leases and settle times are over, and what waits is due."""
        self.admin(
            "UPDATE tasks SET next_at = now(), leased_until = NULL, intent_at = intent_at - interval '1 hour'"
            " WHERE state IN ('pending', 'unknown') AND coalesce(key, '') NOT LIKE 'every:%'"
        )

    def work(self, seconds: float = 20) -> None:
        """A worker does what is due, whatever happens to its database on the way."""
        hands = Drain(slots=8)
        try:
            hands.run(seconds)
        finally:
            hands.close()

    def stripe_says(self, page: str) -> str:
        """What the payer sees at the gateway's page."""
        return BROWSER.get(page).text

    def finish_paid(self, but: Collection[str]) -> None:
        """Until everything is done that can be, while these orders wait for their money."""
        for _ in range(30):
            self.work()
            self.ring()
            waiting = self.admin("SELECT code FROM orders WHERE state = 'awaiting_payment'")
            if self.unfinished() == len(waiting) and {str(code) for (code,) in waiting} == set(but):
                return
            self.time_passes()
            time.sleep(0.05)
        raise AssertionError(self.admin("SELECT kind, state, note FROM tasks WHERE state <> 'done'"))

    def unfinished(self) -> int:
        """Tasks that are not done, and orders whose payment has not been heard of."""
        [(count,)] = self.admin(
            f"SELECT (SELECT count(*) FROM tasks WHERE {UNDONE})"  # noqa: S608 our own words
            " + (SELECT count(*) FROM orders WHERE state = 'awaiting_payment')"
        )
        assert isinstance(count, int)
        return count

    def finish(self, rounds: int = 30) -> None:
        """Until every task is done, with time passing in between."""
        for _ in range(rounds):
            self.work()
            self.ring()
            if not self.unfinished():
                return
            self.time_passes()
            time.sleep(0.05)
        raise AssertionError(self.admin(f"SELECT kind, state, note FROM tasks WHERE {UNDONE}"))  # noqa: S608 likewise


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSandbox]:
    """Stripe's sandbox, as a process."""
    sandbox = StripeSandbox(tmp_path_factory.mktemp("stripe"))
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def vendor_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """The vendor, as a process."""
    with running_vendor(tmp_path_factory.mktemp("vendor")) as vendor:
        yield vendor


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    """The mail server, as a process."""
    office = PostOffice(tmp_path_factory.mktemp("inbox"))
    office.open()
    yield office
    office.close()


@pytest.fixture
def trade(
    world: World,
    stripe_process: StripeSandbox,
    vendor_process: Vendor,
    office: PostOffice,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> Generator[Trade]:
    """The shop is open, its gateway and its vendor answer, its mails arrive; connectors are impatient."""
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{office.smtp}")
    monkeypatch.setattr(tasks, "KINDS", dict(tasks.KINDS))
    monkeypatch.setattr(drain, "LANES", dict(drain.LANES))
    monkeypatch.setitem(CONNECTORS, "http_service", CONNECTORS["http_service"])
    settings.cache_clear()
    fast_worker.shorten()
    FRAGMENTS.clear()
    vendor_process.forget_everything()
    office.seen = max((int(mail["id"]) for mail in office.mails()), default=office.seen)
    receiver = Receiver()
    account = new_account(stripe_process)
    account = replace(account, webhook_secret=stripe_gateway.register_endpoint(account, receiver.url).secret)
    open_portal(world)
    with world.acting():
        gateway = db.session().scalars(select(Gateway)).one()
        gateway.account_id, gateway.secret_key = account.account_id, account.secret_key
        gateway.webhook_secret, gateway.api_base = account.webhook_secret, account.api_base
        db.add(ConnectorSettings(connector="http_service", settings=vendor_process.settings))
    yield Trade(
        world, product.create_app(), stripe_process, account, receiver, vendor_process, office, postgres
    )
    receiver.close()
    settings.cache_clear()


@pytest.fixture
def proxy(trade: Trade, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Generator[Proxy]:
    """From now on the application reaches its database through a proxy that can cut it off."""
    proxy = Proxy(Path(postgres.sockets))
    url = make_url(settings().database_url)
    through = url.set(query={**url.query, "host": str(proxy.folder)})
    monkeypatch.setenv("DATABASE_URL", through.render_as_string(hide_password=False))
    db.reset()
    yield proxy
    proxy.spare()
    db.reset()
    monkeypatch.undo()
    settings.cache_clear()
    proxy.close()
