"""The fault matrix (QC5): one story, from the basket over Stripe's page to the licence and its mail, told by
real processes, of which one fails at a named point. Whichever point it is, the story ends as if nothing had
been: one order, one settlement, one purchase, no mail lost, and the doctor has nothing to say. A second story
ends at a vendor that refuses, and with the money given back, once (QM6).

`make test` kills; FAULT_MODES=kill,raise,hang (as `make campaign` says it) plays all three."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server, socket
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from billing import gateways
from billing.funds import Fund
from billing.ledger import JournalEntry
from billing.payments import AttemptState, Payment, PaymentAttempt, PaymentState
from billing.refunds import Refund, RefundState
from checkout.orders import Order, OrderState
from core import db, drain
from core.faults import POINTS
from core.tasks import Task, TaskState
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from sandbox import children, ports
from storefront import doctor
from subscriptions.subscriptions import Subscription, SubscriptionState
from tests.fast_worker import Forked, Web, Worker
from tests.sandbox.stripe.world import StripeSandbox, new_account
from tests.shoppers import Shopper
from tests.vendors import Vendor
from tests.world import World, open_portal

MODES = os.environ.get("FAULT_MODES", "kill").split(",")
PATIENCE = 90.0  # seconds for one story
WEB = (
    "outbound.before_call",
    "outbound.answered",
    "place.before_commit",
    "stripe.before_call",
    "stripe.answered",
    "pay.session_opened",
    "webhook.stored",
)
WORKER = {
    "task.claimed": 2,
    "task.intent_committed": 2,
    "task.before_send": 2,
    "task.answered": 2,
    "task.recorded": 2,
    "stripe.before_call": 1,
    "stripe.answered": 1,
    "settle.before_commit": 1,
    "outbound.before_call": 1,
    "outbound.answered": 1,
    "mail.before_send": 1,
    "mail.sent": 1,
}
"""At which hit: the first task is a mail, which has points of its own; the second is Stripe's event."""
CASES = [("web", point, 1) for point in WEB] + [("worker", point, nth) for point, nth in WORKER.items()]
REFUND = {"refund.requested": 1, "stripe.answered": 4, "refund.settled": 1}
"""Of the story that ends in a refund; Stripe's fourth answer to the worker is the refund itself."""
TWICE = {("mail.sent", "kill"), ("mail.sent", "raise")}  # after DATA, before anybody knew (QC9)


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory, listening: socket) -> Generator[StripeSandbox]:
    """Stripe, which rings at our address."""
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks/stripe/{{account}}"
    sandbox = StripeSandbox(tmp_path_factory.mktemp("stripe"), "--webhook-url", url)
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def listening() -> Generator[socket]:
    """The address of the shop."""
    with create_server(("127.0.0.1", 0), backlog=64) as opened:
        yield opened


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[int, int]]:
    """A mail server; its ports for SMTP and for reading."""
    (smtp, held), (http, held_too) = ports.reserve(), ports.reserve()
    room = tmp_path_factory.mktemp("inbox")
    where = ["--smtp-port", str(smtp), "--http-port", str(http), "--data", str(room)]
    child = children.start([sys.executable, "-m", "sandbox.inbox", *where], log=room / "log")
    until = time.monotonic() + 60
    while not (ports.listens(smtp) and ports.listens(http)):
        assert time.monotonic() < until, children.tail(room / "log")
        time.sleep(0.02)
    yield smtp, http
    children.kill(child)
    held.close()
    held_too.close()


@dataclass
class Stage:
    """A shop of processes that are started again when they die, as a supervisor does it."""

    world: World
    folder: Path
    listening: socket
    stripe: StripeSandbox
    vendor: Vendor
    inbox: tuple[int, int]
    seen: int = 0
    running: list[Forked] = field(default_factory=list[Forked])
    started: Counter[str] = field(default_factory=Counter[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def start(self, who: str, fault: str = "") -> None:
        """A web or worker process."""
        self.started[who] += 1
        name = f"{who}-{self.started[who]}"
        env = {"SMTP_URL": f"smtp://127.0.0.1:{self.inbox[0]}", "PUBLIC_URL": self.url}
        self.running.append(
            Web(self.folder, self.listening, name=name, fault=fault, env=env)
            if who == "web"
            else Worker(self.folder, name, fault=fault, slots=1 if fault else 8, everything=True, env=env)
        )

    def look(self) -> list[int]:
        """Starts again what ended; the exit codes."""
        ended = [process for process in self.running if process.poll() is not None]
        for process in ended:
            self.running.remove(process)
            self.start("web" if isinstance(process, Web) else "worker")
        return [process.exit for process in ended if process.exit is not None]

    def end(self) -> None:
        for process in self.running:
            process.end()

    def mails(self) -> list[dict[str, Any]]:
        """What arrived in this story."""
        asked = {"after": str(self.seen)}
        return list(httpx.get(f"http://127.0.0.1:{self.inbox[1]}/messages.json", params=asked).json())

    def logs(self) -> str:
        """What the processes said, for a failure."""
        return "\n".join(f"--- {log.name}\n{children.tail(log, 25)}" for log in self.folder.glob("*.log"))


@pytest.fixture
def stage(
    world: World,
    tmp_path: Path,
    listening: socket,
    stripe: StripeSandbox,
    vendor: Vendor,
    inbox: tuple[int, int],
) -> Iterator[Stage]:
    """Brightfield's open shop with nothing running yet."""
    account = new_account(stripe).account_id
    name = account.removeprefix("acct_")
    open_portal(world)
    with world.acting():
        gateway = gateways.find()
        gateway.code, gateway.account_id = account, account
        gateway.secret_key, gateway.webhook_secret = f"sk_test_{name}", f"whsec_test_{name}"
        gateway.api_base = stripe.url
        db.add(ConnectorSettings(connector="http_service", settings=vendor.settings))
    stage = Stage(world, tmp_path, listening, stripe, vendor, inbox)
    stage.seen = max((int(mail["id"]) for mail in stage.mails()), default=0)
    yield stage
    stage.end()


@dataclass(frozen=True)
class Books:
    """Everything that one story may leave behind."""

    orders: list[OrderState]
    payments: list[PaymentState]
    paid_pages: int
    funds: int
    entries: int
    deliveries: list[DeliveryState]
    subscriptions: list[SubscriptionState]
    references: list[str]


ONE = ([OrderState.FUNDED], [PaymentState.PAID], 1, 1, 2, [DeliveryState.SUCCESS], [SubscriptionState.ACTIVE])


def books(world: World) -> Books:
    """As the distributor sees them now."""
    with world.acting():
        every = db.session().scalars
        return Books(
            list(every(select(Order.state))),
            list(every(select(Payment.state))),
            len(every(select(PaymentAttempt.id).where(PaymentAttempt.state == AttemptState.PAID)).all()),
            len(every(select(Fund.id)).all()),
            len(every(select(JournalEntry.id)).all()),
            list(every(select(Delivery.state))),
            list(every(select(Subscription.state))),
            [str(reference) for reference in every(select(Delivery.reference))],
        )


def open_tasks(world: World) -> list[str]:
    """What is still to be done."""
    with world.acting():
        return list(
            db.session().scalars(
                select(Task.kind).where(Task.state.not_in((TaskState.DONE, TaskState.REFUSED)))
            )
        )


def said_early(world: World, vendor: Vendor) -> bool:
    """Whether a page would say "active" of what the vendor has not sold. Ours is read first: what it says
    must have been true before."""
    now = books(world)
    sold = vendor.state()["purchases"]
    return SubscriptionState.ACTIVE in now.subscriptions and not all(sold.get(r) for r in now.references)


@pytest.mark.promise("QC5", "QC1", "QP1", "QC9")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("who", "point", "nth"), CASES, ids=[f"{who}-{point}" for who, point, _ in CASES])
def test_wherever_a_process_fails_the_story_ends_the_same(
    stage: Stage, who: str, point: str, nth: int, mode: str
) -> None:
    play(stage, who, point, nth, mode)
    now = books(stage.world)
    assert tuple(vars(now).values())[:-1] == ONE
    assert stage.vendor.state()["purchases"] == dict.fromkeys(now.references, 1)
    arrived = Counter(mail["message_id"] for mail in stage.mails())
    assert len(arrived) == 2, arrived
    assert sum(arrived.values()) == (3 if (point, mode) in TWICE else 2), arrived


@pytest.mark.promise("QC5", "QM6", "QP10")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("point", "nth"), REFUND.items(), ids=REFUND)
def test_wherever_a_worker_fails_the_money_goes_back_once(
    stage: Stage, point: str, nth: int, mode: str
) -> None:
    stage.vendor.feels({"kind": "refuse"})
    play(stage, "worker", point, nth, mode, ends=DeliveryState.REFUSED)
    with stage.world.acting():
        refund = db.session().scalars(select(Refund)).one()
        payment = db.session().scalars(select(Payment)).one()
        assert (refund.state, refund.amount) == (RefundState.DONE, payment.amount)
        assert payment.refunded_minor == payment.captured_minor
        made = stage.stripe.counts(gateways.find().account())["refunds"]
    assert made == {"eur": 1}
    assert stage.vendor.state()["purchases"] == {}


def play(
    stage: Stage, who: str, point: str, nth: int, mode: str, ends: DeliveryState = DeliveryState.SUCCESS
) -> None:
    """Anna orders and pays while `who` fails; comes back when nothing is left to do."""
    world, mark = stage.world, stage.folder / f"{point}.{mode}"
    plan = str(world.plan("m365-bb-m").id)
    stage.start("web", f"{point}:{mode}@{nth}" if who == "web" else "")
    stage.start("worker", f"{point}:{mode}@{nth}" if who == "worker" else "")
    over = threading.Event()
    told: list[str] = []

    def tell() -> None:
        with Shopper(f"{stage.url}/brightfield", stage.stripe.url, giving_up=over, patience=2) as anna:
            anna.sign_in("anna@people.example")
            told.append(anna.order("m365-bb", plan))
            anna.pay(told[0])

    story = threading.Thread(target=tell, daemon=True)
    story.start()
    codes, until, healthy = list[int](), time.monotonic() + PATIENCE, who == "web"
    while story.is_alive() or not mark.exists() or not finished(stage, ends):
        assert time.monotonic() < until, f"{books(world)}\nopen: {open_tasks(world)}\n{stage.logs()}"
        codes += stage.look()
        if mark.exists() and not healthy:
            stage.start("worker")
            healthy = True
        assert not said_early(world, stage.vendor)
        time.sleep(0.1)
    over.set()
    assert mark.exists(), f"{point} did not strike"
    assert codes == ([-signal.SIGKILL] if mode == "kill" else [])
    with world.acting():
        assert db.session().scalars(select(Order.code)).one() == told[0]
    with world.acting():
        assert set(db.session().scalars(select(Task.lane))) <= set(drain.known_lanes())
    assert doctor.examine() == []


def finished(stage: Stage, ends: DeliveryState) -> bool:
    """Whether nothing is left to do."""
    return books(stage.world).deliveries == [ends] and not open_tasks(stage.world)


@pytest.mark.promise("QC5")
def test_every_fault_point_is_in_the_matrix() -> None:
    assert {*WEB, *WORKER, *REFUND} == set(POINTS)
