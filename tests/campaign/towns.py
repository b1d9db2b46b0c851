"""The whole installation as processes, with Brightfield's portal, the Stripe sandbox and a vendor in a bad
mood."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from sandbox import children, installations, supervisor
from sandbox.processes import Process, Replica
from sandbox.servers import Postgres, Valkey
from tests import machines

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
    from billing.gateways import Gateway  # noqa: PLC0415 only this process
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
