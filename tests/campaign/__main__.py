"""`python -m tests.campaign`: builds the town, lets everything happen, says what came of it."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests import campaign
from tests.campaign import judgement, towns
from tests.campaign.chaos import Chaos
from tests.campaign.judgement import WHERE
from tests.campaign.shopping import Shoppers
from tests.campaign.towns import Town

PATIENCE = 120.0
TELL = 30.0  # seconds between lines about how far it is


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
        return f"{towns.until(condition, PATIENCE, town.look):.1f} s"
    except TimeoutError:
        late.append(f"not converged within {PATIENCE:.0f} s")
        return f"more than {PATIENCE:.0f} s"


def carried_out(given: argparse.Namespace) -> int:
    """The exit code: 0 if all is well."""
    random.seed(given.seed)
    room = Path(tempfile.mkdtemp(prefix="campaign-"))
    say(f"seed {given.seed}, logs in {room}/logs")
    with towns.built(room) as town:
        [(plan,)] = town.sql("SELECT id FROM plans WHERE code = 'm365-bb-m'")
        shoppers, chaos = Shoppers(town, given.orders, str(plan)), Chaos(town, given)
        struck = while_they_order(town, shoppers, chaos, given)
        late: list[str] = []
        took = converged(lambda: not unfinished(town, shoppers), town, late)
        quiet = converged(lambda: not still_to_do(town), town, late)
        towns.until(lambda: towns.answers(f"{town.vendor}/_sandbox/state"), 30, town.look)
        wrong = late + judgement.judge(town, shoppers, chaos)
        states = dict(town.sql("SELECT d.state, count(*) FROM deliveries d GROUP BY 1"))
        copies = judgement.arrived(room)
        attempts = dict(town.sql("SELECT coalesce(outcome, 'none'), count(*) FROM task_attempts GROUP BY 1"))
    if len(shoppers.paid) < given.orders:
        wrong.append(
            f"only {len(shoppers.paid)} of {given.orders} orders were paid within {given.limit:.0f} s"
        )
    rows = {
        "orders placed, paid": f"{len(shoppers.placed)}, {len(shoppers.paid)} in {struck:.0f} s",
        **{what: str(count) for what, count in sorted(chaos.done.items())},
        "what buyers met": listed(dict(shoppers.troubles.most_common(8))),
        "deliveries": listed(states),
        "last answer of attempts": listed(attempts),
        "mails, of which more than once": f"{len(copies)}, {copies.total() - len(copies)}",
        "converged after the last strike": f"{took}; all mails sent and events handled {quiet} later",
    }
    say("\n".join(f"  {what:<34} {value}" for what, value in rows.items()))
    say("\n".join(["WRONG", *wrong]) if wrong else "0 lost, 0 doubled, the doctor is silent")
    if not wrong and not given.keep:
        shutil.rmtree(room, ignore_errors=True)
    return 1 if wrong else 0


def while_they_order(town: Town, shoppers: Shoppers, chaos: Chaos, given: argparse.Namespace) -> float:
    """Strikes as long as somebody orders; the seconds it took. Whoever is still at it when time is over gives
    up, and what is frozen wakes."""
    began = told = time.monotonic()
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
    return time.monotonic() - began


def listed(counts: dict[str, int]) -> str:
    """Counts as words."""
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def without(name: str, rest: list[str]) -> int:
    """The same campaign in a copy of the tree that lacks a guard: it must find something (exit code of the
    campaign)."""
    from tests.mutants import MUTANTS, trials  # noqa: PLC0415 only here

    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    return trials.run_without(mutant, "tests.campaign", rest)


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=campaign.__doc__)
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
        towns.found()
    elif asked.without:
        kept = [
            f"--{name}={getattr(asked, name)}"
            for name in ("orders", "kills", "stops", "flushes", "restarts", "seed", "limit")
        ]
        sys.exit(without(asked.without, kept))
    else:
        sys.exit(carried_out(asked))
