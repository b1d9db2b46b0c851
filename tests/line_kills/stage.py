"""Where the stories are played: servers, simulators, a mail server, and the world as it was when a story
began, which is there again for each death: a copy of the database and of both simulators' books."""

import json
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url

from billing import stripe_gateway
from billing.gateways import Gateway
from core import db, tenancy
from core.drain import Drain
from provisioning.deliveries import ConnectorSettings
from sandbox.servers import Postgres
from storefront import doctor, paying
from storefront.fragments import FRAGMENTS
from storefront.paying import Journey
from tests import fast_worker
from tests.line_kills import portraits
from tests.line_kills.strikes import Watch
from tests.mail.conftest import PostOffice
from tests.sandbox.stripe.world import Received, Receiver, StripeSandbox, new_account
from tests.scenes import Scenes
from tests.vendors import Vendor
from tests.visits import make_app
from tests.world import HOST, World, open_portal

Value = TypeVar("Value")
CODE = "whk-test"
NEW_EACH_TIME = re.compile(r"\b[A-Z]{2,5}-[A-Z0-9]{6,10}\b")
LONGEST_LEASE = "10 minutes"
ROUNDS = 60
FREE = "id IN (SELECT id FROM tasks WHERE {} FOR UPDATE SKIP LOCKED)"
"""A process that stands still in the middle of a transaction may hold the others."""
DUE = (
    "state IN ('pending', 'unknown', 'parked')"
    " AND (coalesce(key, '') NOT LIKE 'every:%' OR next_at <= now() OR leased_until IS NOT NULL)"
)
"""What is still to be done; what is done every so often only when its time has come."""


class Kept(list[Received]):
    """Events as files, because whoever is to answer them may die meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__()

    def append(self, event: Received, /) -> None:
        """In the order in which they came."""
        draft = self.folder / f"{event.at:020.6f}-{event.event['id']}.new"
        draft.write_text(json.dumps([event.payload.decode(), event.signature]))
        draft.rename(draft.with_suffix(".event"))


@dataclass
class Stage:
    """The same for a process that is to die and for the one that goes on."""

    postgres: Postgres
    stripe: StripeSandbox
    vendor: Vendor
    office: PostOffice
    scenes: Scenes
    folder: Path
    fresh: Callable[[], World]
    box: Receiver = field(init=False)
    world: World = field(init=False)
    web: Flask = field(init=False)
    thing: Any = None
    watch: Watch = field(default_factory=Watch)
    _connection: psycopg.Connection[tuple[Any, ...]] | None = None
    _connected: int = 0

    def __post_init__(self) -> None:
        (self.folder / "events").mkdir(parents=True)
        self.box = Receiver(received=Kept(self.folder / "events"))
        fast_worker.shorten_all()
        fast_worker.shorten()

    # --- The world as it was ---

    def set(self, name: str, build: "Callable[[Stage], Any]") -> None:
        """The world in which the story begins, with both simulators' books of that time."""

        def play() -> tuple[World, Any]:
            self.world = self.fresh()
            self.vendor.forget_everything()
            self.web = make_app()
            self._open()
            self.thing = build(self)
            self.finish()
            for store in self._stores():
                _copy(store, self._kept(name, store))
            self.connection().close()
            return self.world, self.thing

        with self.watch.aside():
            self.clear()
            if self._connection is not None:
                self._connection.close()
            world, self.thing = self.scenes.begin(name, play)
            self.world = replace(world)
            for store in self._stores():
                _copy(self._kept(name, store), store)
            self.clear()
        self.office.seen = max((int(mail["id"]) for mail in self.office.mails()), default=self.office.seen)

    def clear(self) -> None:
        """Nothing is noted, nothing came."""
        for left in self.folder.glob("events/*"):
            left.unlink()
        self.notes.unlink(missing_ok=True)
        FRAGMENTS.clear()

    def _open(self) -> None:
        open_portal(self.world)
        account = new_account(self.stripe)
        secret = stripe_gateway.register_endpoint(account, self.box.url).secret
        with self.world.acting():
            gateway = db.session().scalars(select(Gateway)).one()
            gateway.account_id, gateway.secret_key = account.account_id, account.secret_key
            gateway.webhook_secret, gateway.api_base = secret, account.api_base
            db.add(ConnectorSettings(connector="http_service", settings=self.vendor.settings))

    def _stores(self) -> tuple[Path, ...]:
        return next(self.vendor._data.glob("*.sqlite*")), self.stripe.folder / "stripe.sqlite3"

    def _kept(self, name: str, store: Path) -> Path:
        return self.folder / f"{name}-{store.name}"

    # --- What is remembered by people, who do not die ---

    @property
    def notes(self) -> Path:
        return self.folder / "notes.json"

    def noted(self) -> dict[str, Any]:
        """What somebody has done and been answered."""
        return json.loads(self.notes.read_text()) if self.notes.exists() else {}

    def once(self, what: str, act: Callable[[], Value]) -> Value:
        """Somebody does it until it is answered, and then no more."""
        with self.watch.aside():
            done = self.noted()
        if what not in done:
            done[what] = act()
            with self.watch.aside():
                draft = self.notes.with_suffix(".new")
                draft.write_text(json.dumps(done))
                draft.rename(self.notes)
        return done[what]

    # --- What happens ---

    def work(self, seconds: float = 20) -> None:
        """A worker does what is due."""
        hands = Drain(slots=8)
        try:
            hands.run(seconds)
        finally:
            hands.close()

    def ring(self) -> None:
        """The web process is told what Stripe has sent; what is not answered stays, and one that was frozen
        meanwhile tells what somebody else has told already."""
        for event, (payload, signature) in self._events().items():
            answer = self.web.test_client().post(
                f"/webhooks/stripe/{CODE}", data=payload, headers={"Stripe-Signature": signature}
            )
            if answer.status_code == 200:
                event.unlink(missing_ok=True)

    def _events(self) -> dict[Path, tuple[str, str]]:
        with self.watch.aside():
            until = time.monotonic() + 20
            while self._on_its_way() and time.monotonic() < until:
                time.sleep(0.01)
            there = sorted(self.folder.glob("events/*.event"))
            return {event: json.loads(event.read_text()) for event in there}

    def _on_its_way(self) -> bool:
        with sqlite3.connect(self.stripe.folder / "stripe.sqlite3", timeout=20) as books:
            [(count,)] = books.execute("SELECT count(*) FROM deliveries WHERE state = 'waiting'").fetchall()
        return bool(count)

    def pays(self, code: str, who: str) -> None:
        """The buyer is led to Stripe's page and pays there."""
        journey = Journey(
            "Brightfield",
            lambda order: f"http://{HOST}/orders/{order.code}/return",
            lambda order: f"http://{HOST}/",
        )

        def lead() -> str:
            with tenancy.acting_as(self.world.scope(who)):
                return paying.find_page(code, journey).rsplit("/", 1)[1]

        page = self.once(f"page of {code}", lead)
        with self.watch.aside():
            self.once(f"paid {code}", lambda: self.stripe.tell("pay", session=page, email="a@acme.example"))

    def goes_on(self, name: str, days: int) -> None:
        """The business clock goes forwards, once; nobody dies of that."""

        def go() -> float:
            with self.watch.aside():
                self.world.goes_on(days=days, work=False)
            return self.world.offset.total_seconds()

        seconds = self.once(f"time {name}", go)
        self.world.offset = type(self.world.offset)(seconds=seconds)

    def finish(self, rounds: int = ROUNDS) -> None:
        """Until nothing is left to do, with time passing in between."""
        for turn in range(rounds):
            self.ring()
            self.work()
            if not self._events() and not self.open_tasks():
                return
            self.time_passes()
            time.sleep(min(0.01 * turn, 0.2))
        raise AssertionError(f"never quiet: {self.open_tasks()}")

    def time_passes(self) -> None:
        """Leases and settle times are over, and what waits is due. A lease must end by itself one day."""
        endless = self.admin(
            f"SELECT kind FROM tasks WHERE leased_until > now() + interval '{LONGEST_LEASE}'"  # noqa: S608 our own words
        )
        assert not endless, f"a lease that never ends: {endless}"
        self.admin(f"UPDATE tasks SET leased_until = NULL WHERE {FREE.format('leased_until IS NOT NULL')}")  # noqa: S608 ours
        waits = FREE.format("state IN ('pending', 'unknown') AND coalesce(key, '') NOT LIKE 'every:%'")
        later = "next_at = now(), intent_at = intent_at - interval '1 hour'"
        self.admin(f"UPDATE tasks SET {later} WHERE {waits}")  # noqa: S608 our own words

    def open_tasks(self) -> list[str]:
        """What is not done."""
        left = self.admin(f"SELECT kind, state, note FROM tasks WHERE {DUE}")  # noqa: S608 our own words
        return [" ".join(map(str, row)) for row in left]

    def admin(self, statement: str) -> list[tuple[Any, ...]]:
        """As the server's administrator, past every lock of ours; nobody's moment."""
        with self.watch.aside():
            found = self.connection().execute(statement.encode())
            return found.fetchall() if found.description else []

    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The administrator's, one for each process and each copy of the database."""
        if self._connected != os.getpid() or self._connection is None or self._connection.closed:
            url = make_url(self.postgres.admin_url("shop")).set(drivername="postgresql")
            self._connection = psycopg.connect(url.render_as_string(False), autocommit=True)
            self._connected = os.getpid()
        return self._connection

    # --- What came of it ---

    def portrait(self) -> dict[str, object]:
        """Everything that is there now."""
        seen = portraits.of_tables(self.connection())
        with self.world.acting():
            account = db.session().scalars(select(Gateway)).one().account()
        seen["at the vendor"] = portraits.of_vendor(self.vendor.state())
        at_stripe = self.stripe.get("state")["accounts"].get(account.account_id, {})
        seen["at Stripe"] = {
            name: at_stripe.get(name) for name in ("payments", "captured", "refunds", "refunded")
        }
        seen["mails"] = sorted(Counter(self.letters().values()).items())
        return seen

    def letters(self) -> dict[str, str]:
        """Message-ID -> subject of every mail of the story, without the code that every play has anew."""
        return {
            mail["message_id"]: NEW_EACH_TIME.sub("...", mail["subject"])
            for mail in self.office.mails(limit="100000")
        }

    def faults(self, deaths: int = 1) -> list[str]:
        """What is wrong whatever the story is. A mail may come once more for each death (QC9)."""
        times = Counter(mail["message_id"] for mail in self.office.mails(limit="100000"))
        found = [f"{count} times: {letter}" for letter, count in times.items() if count > 1 + deaths]
        found += [f"the doctor: {one.checker}: {one.words}" for one in doctor.examine()]
        found += [f"{count} advisory locks are left" for [(count,)] in [self._locks()] if count]
        return found

    def _locks(self) -> list[tuple[int]]:
        db.reset()
        until = time.monotonic() + 5
        while True:
            left = self.admin(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE l.locktype = 'advisory' AND d.datname = 'shop'"
            )
            if not left[0][0] or time.monotonic() > until:
                return [(int(left[0][0]),)]
            time.sleep(0.05)


def _copy(source: Path, target: Path) -> None:
    """A store of a simulator, as it is at one moment, over another."""
    with sqlite3.connect(source, timeout=20) as read, sqlite3.connect(target, timeout=20) as write:
        read.backup(write)
