"""The crash campaign (QP1, QC1): a whole installation as processes, customers who order over HTTP and pay at
the Stripe sandbox, a vendor without idempotency that answers late, wrongly, never, or refuses for good, while
everything is killed, frozen, wiped and restarted. Afterwards the vendor's books, Stripe's and the inbox are
compared with ours: nothing lost, nothing doubled (an order, a charge, a licence, a mail), what was refused
given back once, no web worker left of a dead server, and the doctor has nothing to say.
`python -m tests.campaign --help`."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from sandbox import children, installations, supervisor
from sandbox.inbox.mails import Mails
from sandbox.processes import Process, Replica
from sandbox.servers import Postgres, Valkey
from tests import machines
from tests.shoppers import GaveUp, Shopper

STRIPE = "campaign"
BUYERS = 6
FAST = {"TIMEOUT": "2", "DEADLINE": "1", "PROCESSING": "8", "SETTLE": "12", "MARGIN": "1"}
LATE = 3.0  # seconds: longer than TIMEOUT, so that what was done is answered too late; less than PROCESSING
MOODS = [
    {"kind": "error_500_before", "chance": 0.06},
    {"kind": "commit_late", "chance": 0.05, "seconds": LATE},
    {"kind": "timeout_after_success", "chance": 0.10, "seconds": LATE},
    {"kind": "error_500_after", "chance": 0.05},
    {"kind": "refuse", "chance": 0.03},
]
FROZEN = 5.0
PATIENCE = 120.0
TELL = 30.0  # seconds between lines about how far it is
LIFELINE = 10.0  # seconds within which workers end whose web server was killed; half of one when idle
KILLED = (
    "web",
    "web worker",
    "worker-1",
    "worker-2",
    "worker-1",
    "worker-2",
    "dispatcher",
    "stripe",
    "vendor",
    "valkey",
)
STOPPED = ("web worker", "worker-1", "worker-2", "dispatcher")
WHERE = "FROM orders o JOIN deliveries d ON d.distributor_id = o.distributor_id AND d.order_id = o.id"


@dataclass
class Town:
    """Everything that runs, and how to find it again after it was killed."""

    room: Path
    postgres: Postgres
    valkey: Valkey
    env: dict[str, str]
    replicas: dict[str, Replica] = field(default_factory=dict)
    port: int = 0
    stripe: str = ""
    vendor: str = ""

    def keep(self, process: Process) -> None:
        """Starts a process, which `look` then keeps alive."""
        names = (
            [process.name]
            if process.count == 1
            else [f"{process.name}-{n + 1}" for n in range(process.count)]
        )
        for name in names:
            self.replicas[name] = Replica(process, name, env=self.env, logs=self.room / "logs")
            self.replicas[name].start()

    def look(self) -> None:
        """Starts again what died. Called by the main thread only: children die with the thread that started
        them."""
        if self.valkey.pid is None:
            self.valkey.start()
        for replica in self.replicas.values():
            if replica.pid is None:
                replica.start()

    def pid(self, name: str) -> int | None:
        """Who runs under this name; of the web's workers, any."""
        if name == "valkey":
            return self.valkey.pid
        if name != "web worker":
            return self.replicas[name].pid
        return random.choice(found) if (found := self.web_workers()) else None

    def web_workers(self) -> list[int]:
        """Whom the web's main process has started."""
        main = self.replicas["web"].pid
        with suppress(OSError):  # it may die at this moment
            return [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]
        return []

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """As the administrator, who sees everything."""
        url = self.postgres.admin_url("storefront").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute(query.encode()).fetchall()


# --- The town is built --------------------------------------------------------------------------------------


@contextmanager
def built(room: Path) -> Iterator[Town]:
    """An installation with Brightfield's portal, whose customer Acme has several buyers."""
    children.adopt_orphans()
    with ExitStack() as stack:
        postgres = stack.enter_context(machines.postgres(room / "postgres", {"max_connections": "120"}))
        valkey = machines.valkey(room / "valkey").start()
        stack.callback(valkey.stop)
        installation = installations.open_in(room, port=0)
        databases = installation.databases(embedded=postgres.admin_url(), redis=valkey.url)
        fast = {f"FAST_{name}": value for name, value in FAST.items()}
        env = (
            installation.environment()
            | fast
            | {"ENVIRONMENT": "test", "DATABASE_URL": databases.app, "REDIS_URL": databases.redis}
        )
        town = Town(room, postgres, valkey, env, port=installation.port)
        town.stripe, town.vendor = env["STRIPE_SANDBOX_URL"], env["VENDOR_SANDBOX_URL"]
        run(town, [sys.executable, "-m", "core.roles"], **(databases.roles or {}))
        run(
            town,
            [sys.executable, "-m", "flask", "--app", "app", "migrate"],
            OWNER_DATABASE_URL=databases.owner,
        )
        run(town, [sys.executable, "-m", "whitelabel_themes.assets", "--out", str(room / "static")])
        run(town, [sys.executable, "-m", "tests.campaign", "--found"])
        stack.callback(lambda: [replica.stop() for replica in town.replicas.values()])
        for process in supervisor.simulators(installation):
            town.keep(process)
        for process in supervisor.processes(installation):
            town.keep(
                process
                if process.name != "worker"
                else Process("worker", (sys.executable, "-m", "tests.fast_worker"), count=2)
            )
        until(lambda: supervisor.is_ready(town.port) and answers(f"{town.vendor}/_sandbox/state"), 60)
        httpx.post(
            f"{town.vendor}/_sandbox/moods", json={"moods": MOODS, "seed": random.randrange(1 << 30)}
        ).raise_for_status()
        yield town


def run(town: Town, command: list[str], **more: str) -> None:
    """A step of the building."""
    done = subprocess.run(
        command, env={**town.env, **more}, capture_output=True, text=True, cwd=installations.ROOT
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")


def found() -> None:
    """Makes the world; run in a process of its own, which alone imports the shop."""
    import app  # noqa: PLC0415 only this process
    from billing.payments import Gateway  # noqa: PLC0415 only this process
    from core import db, events  # noqa: PLC0415 only this process
    from core.tenancy import Side  # noqa: PLC0415 only this process
    from provisioning.deliveries import ConnectorSettings  # noqa: PLC0415 only this process
    from tests import world as worlds  # noqa: PLC0415 only this process

    events.install(app.REACTIONS)
    account = f"acct_{STRIPE}"
    gateway = Gateway(
        code=account,
        account_id=account,
        secret_key=f"sk_test_{STRIPE}",
        webhook_secret=f"whsec_test_{STRIPE}",
        api_base=os.environ["STRIPE_SANDBOX_URL"],
    )
    world = worlds.found(stripe=gateway)
    worlds.open_portal(world)
    with world.acting():
        settings = {
            "base_url": os.environ["VENDOR_SANDBOX_URL"],
            "api_key": "sandbox-key",
            "network": "loopback",
        }
        db.add(ConnectorSettings(connector="http_service", settings=settings))
        for n in range(BUYERS):
            worlds.staff(
                world,
                f"buyer{n}",
                side=Side.CUSTOMER,
                reseller_id=world.resellers["brightfield"],
                customer_id=world.customers["acme"],
            )


def answers(url: str) -> bool:
    """Whether somebody is there."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def until(
    condition: Callable[[], bool], seconds: float, meanwhile: Callable[[], None] = lambda: None
) -> float:
    """Waits; the seconds it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s")
        meanwhile()
        time.sleep(0.1)
    return time.monotonic() - began


# --- People order -------------------------------------------------------------------------------------------


class Shoppers:
    """Buyers who order and pay, one order after the other each."""

    def __init__(self, town: Town, orders: int, plan: str) -> None:
        self.town, self.wanted, self.plan = town, orders, plan
        self.placed: list[str] = []
        self.paid: list[str] = []
        self.troubles: Counter[str] = Counter()
        self.giving_up = threading.Event()
        self._started, self._lock = 0, threading.Lock()
        self.threads = [threading.Thread(target=self._shop, args=[n], daemon=True) for n in range(BUYERS)]
        for thread in self.threads:
            thread.start()

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    @property
    def gave_up(self) -> bool:
        """Whether somebody was still at it when time was over."""
        return len(self.paid) < self.wanted

    def _shop(self, number: int) -> None:
        portal = f"http://127.0.0.1:{self.town.port}/brightfield"
        with suppress(GaveUp), Shopper(portal, self.town.stripe, self.troubles, self.giving_up) as shopper:
            shopper.sign_in(f"buyer{number}@people.example")
            while self._one_more():
                code = shopper.order("m365-bb", self.plan)
                self.placed.append(code)
                shopper.pay(code)
                self.paid.append(code)

    def _one_more(self) -> bool:
        with self._lock:
            self._started += 1
            return self._started <= self.wanted


# --- Everything is broken -----------------------------------------------------------------------------------


class Chaos:
    """A shuffled list of strikes, dealt out evenly over the orders."""

    def __init__(self, town: Town, given: argparse.Namespace) -> None:
        self.town = town
        self.strikes: list[Callable[[], str]] = [
            lambda: self._signal(random.choice(KILLED), signal.SIGKILL) for _ in range(given.kills)
        ]
        self.strikes += [lambda: self._freeze(random.choice(STOPPED)) for _ in range(given.stops)]
        self.strikes += [self._flush] * given.flushes + [self._restart] * given.restarts
        random.shuffle(self.strikes)
        self.total, self.done = len(self.strikes), Counter[str]()
        self.outlived: set[str] = set()
        self._frozen: list[tuple[float, int]] = []

    def go_on(self, progress: float) -> None:
        """The next strike, when it is due; frozen processes wake after their time."""
        self.thaw(time.monotonic())
        if self.strikes and self.total - len(self.strikes) < progress * self.total:
            what = self.strikes[-1]()
            if what:  # else what was to be struck is just being started: later
                self.done[what] += 1
                self.strikes.pop()

    def thaw(self, now: float) -> None:
        for due, pid in [entry for entry in self._frozen if entry[0] <= now]:
            self._frozen.remove((due, pid))
            send(pid, signal.SIGCONT)

    def _signal(self, name: str, number: signal.Signals) -> str:
        pid = self.town.pid(name)
        workers = self.town.web_workers() if name == "web" else []
        if not pid or not send(pid, number):
            return ""
        self._see_them_end(workers)
        return f"{number.name} {name.rstrip('-12')}"

    def _see_them_end(self, workers: list[int]) -> None:
        """Nothing helps them: the web is started again only afterwards, and would end what is left. Those
        that are frozen cannot notice anything."""
        frozen = {pid for _until, pid in self._frozen}
        for pid in set(workers) - frozen:
            with suppress(TimeoutError):
                until(lambda pid=pid: not lives(pid), LIFELINE)
            if lives(pid):
                self.outlived.add(f"process {pid}")

    def _freeze(self, name: str) -> str:
        pid = self.town.pid(name)
        if not pid or not send(pid, signal.SIGSTOP):
            return ""
        self._frozen.append((time.monotonic() + FROZEN, pid))
        return f"SIGSTOP {FROZEN:.0f} s {name.rstrip('-12')}"

    def _flush(self) -> str:
        try:
            redis.Redis.from_url(self.town.valkey.url).flushall()
        except redis.RedisError:
            return ""
        return "FLUSHALL"

    def _restart(self) -> str:
        self.town.postgres.restart_immediate()
        return "database restart, immediate"


def send(pid: int, number: signal.Signals) -> bool:
    """Whether there was somebody to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def lives(pid: int) -> bool:
    """Whether it runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- What came of it ----------------------------------------------------------------------------------------


def judge(town: Town, shoppers: Shoppers, chaos: Chaos) -> list[str]:
    """What is wrong; nothing, if everything that was paid was bought once and the doctor is silent."""
    vendor = httpx.get(f"{town.vendor}/_sandbox/state", timeout=30).json()
    bought: dict[str, int] = vendor["purchases"]
    ours = {
        str(reference): (code, state)
        for reference, code, state in town.sql(f"SELECT d.reference, o.code, d.state {WHERE}")
    }
    delivered = {code for code, state in ours.values() if state == "success"}
    refused = {code for code, state in ours.values() if state == "refused"}
    findings = {
        "paid, neither delivered nor refused (lost)": set(shoppers.paid) - delivered - refused,
        **given_back(town, refused),
        "delivered but not bought (lost)": {
            code
            for reference, (code, state) in ours.items()
            if state == "success" and not bought.get(reference)
        },
        "bought more than once (doubled)": {
            ours.get(reference, (reference, ""))[0] for reference, times in bought.items() if times > 1
        },
        "bought for nobody (orphan)": set(bought) - set(ours),
        "placed twice": {code for code, count in Counter(shoppers.placed).items() if count > 1},
        "placed, though nobody knows (doubled)": set()
        if shoppers.gave_up
        else {code for (code,) in town.sql("SELECT code FROM orders")} - set(shoppers.placed),
        **charged(town),
        **licensed(town, vendor["running"]),
        **mailed(town),
        **told(town),
        "web workers that outlived their server": chaos.outlived,
    }
    wrong = [
        f"{len(codes)} {what}: {', '.join(sorted(codes)[:5])}" for what, codes in findings.items() if codes
    ]
    doctor = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "doctor"],
        env=town.env,
        capture_output=True,
        text=True,
        cwd=installations.ROOT,
    )
    return wrong + (
        [f"the doctor says:\n{doctor.stdout}{doctor.stderr[-2000:]}"] if doctor.returncode else []
    )


def given_back(town: Town, refused: set[str]) -> dict[str, set[str]]:
    """What the vendor refused went back to the card, all of it and once (QM6, QP10)."""
    there = httpx.get(f"{town.stripe}/_sandbox/state", timeout=30).json()["accounts"][f"acct_{STRIPE}"]
    here = town.sql(
        "SELECT o.code, r.state, p.captured_minor = r.amount_minor FROM refunds r"
        " JOIN orders o ON o.distributor_id = r.distributor_id AND o.id = r.order_id"
        " JOIN payments p ON p.distributor_id = r.distributor_id AND p.id = r.payment_id"
    )
    done = Counter(code for code, state, whole in here if state == "done" and whole)
    made = sum(there["refunds"].values())
    return {
        "refused and not given back (lost)": refused - set(done),
        "given back without a refusal, or twice (doubled)": (set(done) - refused)
        | {code for code, times in done.items() if times > 1},
        "refunds at Stripe that are not ours, or twice (doubled)": {f"{made} for {len(refused)} refused"}
        if made != len(refused)
        else set(),
    }


def charged(town: Town) -> dict[str, set[str]]:
    """Stripe's pages against ours: who was charged, how often, how much (QM5); and what a refused order would
    still hold of somebody's credit (QM7)."""
    pages = httpx.get(f"{town.stripe}/_sandbox/payments", timeout=30).json()["payments"]
    there = {page["session"]: page["amount"] for page in pages if page["paid"]}
    ours = {
        session: (code, captured if state == "paid" else None)
        for session, code, state, captured in town.sql(
            "SELECT a.session_id, o.code, a.state, p.captured_minor FROM payment_attempts a"
            " JOIN payments p ON p.distributor_id = a.distributor_id AND p.id = a.payment_id"
            " JOIN orders o ON o.distributor_id = p.distributor_id AND o.id = p.order_id"
            " WHERE a.session_id IS NOT NULL"
        )
    }
    times = Counter(
        ours[page["session"]][0] if page["session"] in ours else page["session"]
        for page in pages
        if page["paid"] and page["refunded"] < page["amount"]
    )
    still_held = town.sql(
        f"SELECT o.code {WHERE} JOIN holds h ON h.distributor_id = o.distributor_id AND h.order_id = o.id"
        " WHERE d.state = 'refused' AND h.released_at IS NULL"
    )
    return {
        "charged more than once (doubled)": {code for code, count in times.items() if count > 1},
        "charged, and not written down as that (lost)": {
            ours.get(session, (session, None))[0]
            for session, amount in there.items()
            if ours.get(session, (session, None))[1] != amount
        },
        "written down as paid, but not charged": {
            code
            for session, (code, captured) in ours.items()
            if captured is not None and session not in there
        },
        "refused, and credit is still held": {code for (code,) in still_held},
    }


def licensed(town: Town, running: dict[str, str]) -> dict[str, set[str]]:
    """What was delivered is what runs at the vendor, under its id, with a licence for each seat and no key
    twice (QP1, QP5)."""
    rows = town.sql(
        "SELECT o.code, d.reference, v.external_id, s.quantity, count(l.id), count(DISTINCT l.key)"
        f" {WHERE} JOIN subscriptions s ON s.distributor_id = d.distributor_id AND s.id = d.subscription_id"
        " LEFT JOIN vendor_records v ON v.distributor_id = d.distributor_id AND v.delivery_id = d.id"
        " LEFT JOIN licences l ON l.distributor_id = s.distributor_id AND l.subscription_id = s.id"
        " WHERE d.state = 'success' GROUP BY o.code, d.reference, v.external_id, s.quantity"
    )
    twice = town.sql("SELECT key FROM licences GROUP BY key HAVING count(*) > 1")
    return {
        "delivered under an id that does not run at the vendor": {
            code for code, reference, external_id, *_ in rows if running.get(str(reference)) != external_id
        },
        "delivered without a licence for each seat, or with more": {
            code for code, _, _, *seats in rows if len(set(seats)) != 1
        },
        "licence keys given twice (doubled)": {str(key) for (key,) in twice},
    }


TOLD = {
    "mail_order_received": ("order_id", "o.id", "true"),
    "mail_service_ready": ("subscription_id", "d.subscription_id", "d.state = 'success'"),
    "mail_refunded": ("refund_id", "r.id", "r.state = 'done'"),
}
"""kind of mail -> the argument that names its object, the object, and when somebody must have got it."""


def told(town: Town) -> dict[str, set[str]]:
    """Whoever ordered was told of the order and of what came of it, once each (QC9)."""
    findings: dict[str, set[str]] = {}
    for kind, (argument, about, due) in TOLD.items():
        rows = town.sql(
            f"SELECT o.code, count(t.id) {WHERE}"
            " LEFT JOIN refunds r ON r.distributor_id = o.distributor_id AND r.order_id = o.id"
            f" LEFT JOIN tasks t ON t.distributor_id = o.distributor_id AND t.kind = '{kind}'"
            f" AND t.state = 'done' AND t.args ->> '{argument}' = CAST({about} AS text)"
            f" WHERE {due} GROUP BY o.code"
        )
        findings[f"without a {kind} (lost)"] = {code for code, count in rows if not count}
        findings[f"with a second {kind} (doubled)"] = {code for code, count in rows if count > 1}
    return findings


def arrived(room: Path) -> Counter[str]:
    """Message-ID -> how often it came."""
    return Counter(str(mail.message["Message-ID"]) for mail in Mails(room / "inbox").search(limit=1_000_000))


def mailed(town: Town) -> dict[str, set[str]]:
    """Mails that were said to be sent and did not arrive, and those that arrived once more without an attempt
    whose end nobody heard of: its process died, or the answer was lost (QC9)."""
    came = arrived(town.room)
    unheard = {
        f"<{kind.removeprefix('mail_')}.{task}@localhost>": count
        for kind, task, count in town.sql(
            "SELECT t.kind, t.id, count(a.id) FILTER (WHERE a.outcome <> 'done') FROM tasks t"
            " LEFT JOIN task_attempts a ON a.distributor_id = t.distributor_id AND a.task_id = t.id"
            " WHERE t.kind LIKE 'mail_%' AND t.state = 'done' GROUP BY t.kind, t.id"
        )
    }
    return {
        "mails sent but not arrived (lost)": set(unheard) - set(came),
        "mails that arrived again for no reason (doubled)": {
            name for name, times in came.items() if times - 1 > unheard.get(name, 0)
        },
    }


def still_to_do(town: Town) -> int:
    """Tasks that are not done yet, but for those that come again every so often."""
    [(count,)] = town.sql(
        "SELECT count(*) FROM tasks WHERE state IN ('pending', 'unknown')"
        " AND coalesce(key, '') NOT LIKE 'every:%'"
    )
    return int(count)


def unfinished(town: Town, shoppers: Shoppers) -> int:
    """Paid orders whose deliveries have not all come to an end."""
    done = {
        code
        for (code,) in town.sql(
            f"SELECT o.code {WHERE} GROUP BY o.code HAVING bool_and(d.state IN ('success', 'refused'))"
        )
    }
    return len(set(shoppers.paid) - done)


def converged(condition: Callable[[], bool], town: Town, late: list[str]) -> str:
    """Waits for it, up to the promised time; how long it took. Says in `late` that it did not."""
    try:
        return f"{until(condition, PATIENCE, town.look):.1f} s"
    except TimeoutError:
        late.append(f"not converged within {PATIENCE:.0f} s")
        return f"more than {PATIENCE:.0f} s"


def campaign(given: argparse.Namespace) -> int:
    """0 if all is well."""
    random.seed(given.seed)
    room = Path(tempfile.mkdtemp(prefix="campaign-"))
    say(f"seed {given.seed}, logs in {room}/logs")
    with built(room) as town:
        [(plan,)] = town.sql("SELECT id FROM plans WHERE code = 'm365-bb-m'")
        began, shoppers, chaos = time.monotonic(), Shoppers(town, given.orders, str(plan)), Chaos(town, given)
        told = began
        while shoppers.busy and time.monotonic() - began < given.limit:
            town.look()
            chaos.go_on(len(shoppers.paid) / given.orders)
            if time.monotonic() - told > TELL:
                told = time.monotonic()
                say(
                    f"  {told - began:4.0f} s: {len(shoppers.paid)} of {given.orders} paid,"
                    f" {chaos.done.total()} of {chaos.total} strikes"
                )
            time.sleep(0.1)
        shoppers.giving_up.set()
        chaos.thaw(float("inf"))
        struck = time.monotonic() - began
        late: list[str] = []
        took = converged(lambda: not unfinished(town, shoppers), town, late)
        quiet = converged(lambda: not still_to_do(town), town, late)
        until(lambda: answers(f"{town.vendor}/_sandbox/state"), 30, town.look)
        wrong = late + judge(town, shoppers, chaos)
        states = dict(town.sql("SELECT d.state, count(*) FROM deliveries d GROUP BY 1"))
        copies = arrived(room)
        attempts = dict(town.sql("SELECT outcome, count(*) FROM task_attempts GROUP BY 1"))
    if len(shoppers.paid) < given.orders:
        wrong.append(
            f"only {len(shoppers.paid)} of {given.orders} orders were paid within {given.limit:.0f} s"
        )
    rows = {
        "orders placed, paid": f"{len(shoppers.placed)}, {len(shoppers.paid)} in {struck:.0f} s",
        **{what: str(count) for what, count in sorted(chaos.done.items())},
        "what buyers met": ", ".join(f"{count} {what}" for what, count in shoppers.troubles.most_common(8)),
        "deliveries": ", ".join(f"{count} {state}" for state, count in states.items()),
        "last answer of attempts": ", ".join(
            f"{count} {outcome or 'none'}" for outcome, count in attempts.items()
        ),
        "mails, of which more than once": f"{len(copies)}, {copies.total() - len(copies)}",
        "converged after the last strike": f"{took}; all mails sent and events handled {quiet} later",
    }
    say("\n".join(f"  {what:<34} {value}" for what, value in rows.items()))
    say("\n".join(["WRONG", *wrong]) if wrong else "0 lost, 0 doubled, the doctor is silent")
    if not wrong and not given.keep:
        shutil.rmtree(room, ignore_errors=True)
    return 1 if wrong else 0


def without(name: str, rest: list[str]) -> int:
    """The same campaign in a copy of the tree that lacks a guard: it must find something (exit code of the
    campaign)."""
    from tests.mutants import MUTANTS, trials  # noqa: PLC0415 only here

    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = trials.copied(Path(folder) / "tree")
        trials.change(tree, mutant)
        return subprocess.run([sys.executable, "-m", "tests.campaign", *rest], cwd=tree).returncode


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    for name, usual in (
        ("orders", 1000),
        ("kills", 100),
        ("stops", 10),
        ("flushes", 5),
        ("restarts", 3),
        ("seed", random.randrange(1_000_000)),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--limit", type=float, default=1200, help="seconds the orders may take")
    parser.add_argument("--keep", action="store_true", help="keep the installation's folder")
    parser.add_argument(
        "--without", default="", help="a guard to take away (a name of tests/mutants/): must end red"
    )
    parser.add_argument("--found", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    asked = arguments()
    if asked.found:
        found()
    elif asked.without:
        kept = [
            f"--{name}={getattr(asked, name)}"
            for name in ("orders", "kills", "stops", "flushes", "restarts", "seed", "limit")
        ]
        sys.exit(without(asked.without, kept))
    else:
        sys.exit(campaign(asked))
