"""From funded to active: orders are funded by rows (as a settled payment would) at a steady pace, real
workers deliver them at the vendor simulator that answers at once; and how many tasks a second two workers
deliver when many wait."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from sandbox.ports import reserve
from sandbox.servers import Postgres, Valkey

BIN = Path(sys.executable).parent
LATENCY = """
SELECT extract(epoch FROM d.delivered_at - o.funded_at) * 1000 FROM deliveries d JOIN orders o ON o.id = d.order_id
WHERE d.state = 'success' ORDER BY 1
"""  # noqa: E501 SQL


@contextmanager
def process(command: list[str], env: Mapping[str, str], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """A process until the block ends."""
    with log.open("ab") as out:
        started = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=out)
        try:
            yield started
        finally:
            started.terminate()
            started.wait(20)


def measure(report: Any, room: Path, postgres: Postgres, valkey: Valkey, env: Mapping[str, str]) -> None:
    """Both figures, with two workers and a dispatcher."""
    from app import REACTIONS  # noqa: PLC0415 a process of its own, like a worker
    from core import db, events  # noqa: PLC0415 likewise
    from tests import world as worlds  # noqa: PLC0415 needs the environment

    port, smtp, http = free_port(), free_port(), free_port()
    vendor = f"http://127.0.0.1:{port}"
    env = {**env, "SMTP_URL": f"smtp://127.0.0.1:{smtp}"}
    admin = postgres.admin_url("shop").replace("postgresql+psycopg", "postgresql")
    events.install(REACTIONS)
    db.reset()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            "DELETE FROM hosts"
        )  # the pages' shop is not asked any more; its address is needed
    world = worlds.found(vendor_url=vendor)
    worlds.open_portal(world)
    world.give_credit("brightfield", 10_000_000_00)
    with ExitStack() as stack:
        log = room / "delivery.log"
        stack.enter_context(
            process(
                [
                    sys.executable,
                    "-m",
                    "sandbox.vendor",
                    "--port",
                    str(port),
                    "--data",
                    str(room / "vendor"),
                    "--api-key",
                    "vendor-key",
                ],
                env,
                log,
            )
        )
        inbox = ["--smtp-port", str(smtp), "--http-port", str(http), "--data", str(room / "inbox")]
        stack.enter_context(process([sys.executable, "-m", "sandbox.inbox", *inbox], env, log))
        flask = [sys.executable, "-m", "flask", "--app", "app"]
        for _ in range(2):
            stack.enter_context(process([*flask, "worker"], env, log))
        stack.enter_context(process([*flask, "dispatcher"], env, log))
        time.sleep(4)
        warm = [world.buys("acme", "m365-bb-m", 1) for _ in range(4)]
        for code in warm:
            world.fund_by_hand(code)
        wait_until_delivered(admin, 4)
        codes = [world.buys("acme", "m365-bb-m", 1) for _ in range(300)]
        wait_until_written(admin)
        pace(world, codes, per_second=20)
        wait_until_delivered(admin, 304)
        latencies = figures(admin)[4:]
        p50, p99 = statistics.median(latencies), latencies[int(len(latencies) * 0.99) - 1]
        report.say(
            "order to active, p50 at 20/s",
            f"{p50:.0f} ms",
            p50 <= 150,
            "<= 150 ms",
            f"p99 {p99:.0f} ms, {len(latencies)} orders",
        )
        burst(report, world, admin, valkey)


def pace(world: Any, codes: list[str], *, per_second: float) -> None:
    """Funds one order after the other, at a steady pace."""
    began = time.perf_counter()
    for number, code in enumerate(codes):
        world.fund_by_hand(code)
        time.sleep(max(0.0, began + (number + 1) / per_second - time.perf_counter()))


def burst(report: Any, world: Any, admin: str, valkey: Valkey) -> None:
    """1,500 funded orders wait; how fast do two workers deliver them, and send the mails that say so?"""
    with psycopg.connect(admin, autocommit=True) as connection:
        before = count(connection)
    codes = [world.buys("acme", "m365-bb-m", 1) for _ in range(1500)]
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("UPDATE tasks SET next_at = now() + interval '1 hour' WHERE kind LIKE 'mail%'")
        for code in codes:
            world.fund_by_hand(code)
            connection.execute(
                "UPDATE tasks SET next_at = now() + interval '1 hour'"
                " WHERE state = 'pending' AND kind = 'deliver'"
            )
        done_before = count(connection)
        connection.execute("UPDATE tasks SET next_at = now() WHERE kind = 'deliver' AND state = 'pending'")
        began, mails_before = time.perf_counter(), count(connection, MAILS)
        waiting = len(codes) - (done_before - before)
        wait_until_delivered(admin, done_before + waiting)
        took = time.perf_counter() - began
        mails = count(connection, MAILS) - mails_before
    report.say(
        "tasks done, 2 workers",
        f"{(waiting + mails) / took:.0f}/s",
        (waiting + mails) / took >= 140,
        ">= 140/s",
        f"in {took:.1f} s {waiting} deliveries ({waiting / took:.0f}/s) and {mails} of their mails",
    )


DELIVERED = "SELECT count(*) FROM deliveries WHERE state = 'success'"
MAILS = "SELECT count(*) FROM tasks WHERE kind LIKE 'mail%' AND state = 'done'"


def count(connection: psycopg.Connection[Any], what: LiteralString = DELIVERED) -> int:
    """Deliveries that succeeded, or something else."""
    row = connection.execute(what).fetchone()
    return int(row[0]) if row else 0


def wait_until_written(admin: str, patience: float = 120) -> None:
    """Until everybody who has ordered has had the mail that says so: 300 orders were not placed at once in
    the shop that is measured."""
    until = time.perf_counter() + patience
    with psycopg.connect(admin, autocommit=True) as connection:
        while connection.execute(
            "SELECT 1 FROM tasks WHERE kind LIKE 'mail%' AND state IN ('pending', 'unknown') LIMIT 1"
        ).fetchone():
            if time.perf_counter() > until:
                raise SystemExit(f"not all mails were sent in {patience:.0f} s")
            time.sleep(0.1)


def free_port() -> int:
    """Free a moment ago."""
    port, held = reserve()
    for each in held if isinstance(held, list | tuple) else [held]:
        each.close()
    return port


def wait_until_delivered(admin: str, wanted: int, patience: float = 120) -> None:
    """Until so many deliveries succeeded."""
    until = time.perf_counter() + patience
    with psycopg.connect(admin, autocommit=True) as connection:
        while count(connection) < wanted:
            if time.perf_counter() > until:
                raise SystemExit(f"only {count(connection)} of {wanted} were delivered in {patience:.0f} s")
            time.sleep(0.02)


def figures(admin: str) -> list[float]:
    """Milliseconds from the commit that funds to the one that activates, by the transactions' clocks."""
    with psycopg.connect(admin) as connection:
        return [float(row[0]) for row in connection.execute(LATENCY).fetchall()]
