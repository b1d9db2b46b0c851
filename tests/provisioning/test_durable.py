"""An order that is paid once is bought once (QP1, QP3, QC1, QC4, QC5): against real worker processes, a
vendor that really answers (and does not recognise repeats), and a PostgreSQL that is really restarted. Each
guard that is proved here has its mutant in tests/mutants/."""

import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core import db, tasks, trail
from core.tasks import Task, TaskState
from core.work import WorkItem
from provisioning import resolutions, vendor_calls
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from sandbox.servers import Postgres
from tests.fast_worker import LEASE, SETTLE
from tests.provisioning.conftest import Hire, until
from tests.vendors import Vendor
from tests.world import World

POINTS = ("task.claimed", "task.intent_committed", "task.before_send", "task.answered", "task.recorded")


def sell(world: World, count: int = 1) -> list[str]:
    """So many funded orders; the references under which they will be bought, in order."""
    for _ in range(count):
        world.fund_by_hand(world.buys("acme", "m365-bb-m"))
    with world.acting():
        return [
            str(reference)
            for reference in db.session().scalars(select(Delivery.reference).order_by(Delivery.id))
        ]


def states(world: World) -> dict[str, DeliveryState]:
    """Reference -> what the page says of its delivery."""
    with world.acting():
        return {str(d.reference): d.state for d in db.session().scalars(select(Delivery))}


def delivered(world: World) -> Callable[[], bool]:
    return lambda: set(states(world).values()) == {DeliveryState.SUCCESS}


def history(world: World, reference: str) -> list[str]:
    """The moves of one delivery as its trail tells them."""
    with world.acting():
        delivery = db.session().scalars(select(Delivery).where(Delivery.reference == reference)).one()
        return [entry.what for entry in trail.of(delivery.id)]


def work_items(world: World) -> list[WorkItem]:
    with world.acting():
        return list(db.session().scalars(select(WorkItem)))


def the_task(world: World) -> Task:
    with world.acting():
        return db.session().scalars(select(Task).where(Task.kind == "deliver")).one()


# --- Workers that fail --------------------------------------------------------------------------------------


@pytest.mark.promise("QP1", "QC1", "QC5")
@pytest.mark.parametrize("mode", ["kill", "raise", "hang"])
def test_wherever_a_worker_fails_everything_is_bought_once(
    shop: World, vendor: Vendor, hire: Hire, tmp_path: Path, mode: str
) -> None:
    failing = [hire(point, fault=f"{point}:{mode}:2", slots=1) for point in POINTS]
    while not all((tmp_path / f"{point}.{mode}").exists() for point in POINTS):
        references = sell(shop)
        assert len(references) < 200, "somebody never came to the point where it was to fail"
    if mode == "kill":
        assert [worker.wait() for worker in failing] == [-signal.SIGKILL] * len(POINTS)
    hire("healthy")
    until(delivered(shop))
    assert vendor.state()["purchases"] == dict.fromkeys(references, 1)


@pytest.mark.promise("QP1")
def test_deadline_a_worker_that_froze_before_the_call_does_not_make_it_when_it_wakes(
    shop: World, vendor: Vendor, hire: Hire, postgres: Postgres
) -> None:
    [reference] = sell(shop)
    frozen = hire("frozen", fault="task.intent_committed:stop")
    frozen.frozen()
    postgres.restart_immediate()  # its lock is gone and it does not know
    db.reset()
    hire("other")
    until(delivered(shop))
    frozen.signal(signal.SIGCONT)
    until(lambda: "drain.database_away" in frozen.log.read_text())
    time.sleep(0.5)
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QP1", "QC4")
def test_lock_while_a_frozen_worker_may_still_call_nobody_else_buys(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    [reference] = sell(shop)
    frozen = hire("frozen", fault="task.before_send:stop")
    frozen.frozen()
    hire("other")
    time.sleep(LEASE + SETTLE + 1.5)
    assert vendor.sold(reference) == 0
    frozen.signal(signal.SIGCONT)
    until(delivered(shop))
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QC3")
def test_answers_that_arrive_during_a_database_restart_are_kept_and_not_asked_again(
    shop: World, vendor: Vendor, hire: Hire, postgres: Postgres
) -> None:
    references = sell(shop, 5)
    vendor.feels({"kind": "slow", "seconds": 0.6})
    before = vendor.state()["counts"]["calls"]
    hire()
    until(lambda: set(states(shop).values()) == {DeliveryState.PROCESSING})
    postgres.restart_immediate()
    db.reset()
    until(delivered(shop))
    assert vendor.state()["purchases"] == dict.fromkeys(references, 1)
    assert vendor.state()["counts"]["calls"] - before == len(references)
    sell(shop)
    until(delivered(shop))  # the worker goes on by itself


# --- A vendor that fails ------------------------------------------------------------------------------------

MOODS = {
    "answers too late": {"kind": "timeout_after_success", "seconds": 1.6},
    "fails before": {"kind": "error_500_before"},
    "fails after": {"kind": "error_500_after"},
    "does it late": {"kind": "commit_late", "seconds": 1.4},
    "does it late and hangs up": {"kind": "commit_late", "seconds": 1.4, "hang_up": True},
    "accepts": {"kind": "accept_202", "seconds": 1},
    "asks to slow down": {"kind": "rate_limit", "seconds": 1},
    "hangs up": {"kind": "down"},
    "shows it late": {"kind": "error_500_after", "lag": 1.4},
    "mumbles": {"kind": "garble"},
}
CLEAR = {"accepts", "asks to slow down"}


@pytest.mark.promise("QP1", "QP3")
def test_whatever_the_vendor_does_it_sells_once_and_the_page_says_what_is_known(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    references = dict(zip(sell(shop, len(MOODS)), MOODS, strict=True))
    vendor.feels(
        *(
            {**MOODS[name], "scope": "reference", "of": reference, "times": 1}
            for reference, name in references.items()
        )
    )
    hire(slots=16)
    until(delivered(shop))
    assert vendor.state()["purchases"] == dict.fromkeys(references, 1)
    shown_unknown = {
        name for reference, name in references.items() if "processing -> unknown" in history(shop, reference)
    }
    assert shown_unknown == set(MOODS) - CLEAR
    assert len(work_items(shop)) == len(shown_unknown)
    assert all(item.closed_at for item in work_items(shop))


@pytest.mark.promise("QP3")
def test_settle_a_purchase_that_takes_effect_late_is_not_made_twice(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    [reference] = sell(shop)
    vendor.feels({"kind": "commit_late", "seconds": 2.1, "times": 1})
    hire()
    until(delivered(shop))
    time.sleep(1.5)
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QP3")
def test_look_up_what_was_done_without_an_answer_is_found_not_bought(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    [reference] = sell(shop)
    vendor.feels({"kind": "error_500_after", "times": 1})
    hire()
    until(delivered(shop))
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QP3")
def test_what_cannot_be_looked_up_goes_to_a_person_and_is_never_repeated(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    [reference] = sell(shop)
    vendor.feels({"kind": "error_500_before", "times": 1})
    hire(look_up=False)
    until(lambda: states(shop)[reference] is DeliveryState.NEEDS_ACTION)
    retry(shop, why="again, please")
    until(lambda: the_task(shop).state is TaskState.PARKED)
    assert vendor.sold(reference) == 0
    retry(shop, why="their desk says they have nothing", absent=True)
    until(delivered(shop))
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QP3")
def test_a_parked_task_that_a_person_retries_is_looked_up_first(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    [reference] = sell(shop)
    vendor.feels({"kind": "error_500_after", "times": 1}, {"kind": "inquire", "on": "look_ups", "times": 1})
    hire()
    until(lambda: the_task(shop).intent_open)
    park(shop)
    retry(shop, why="again, please")
    until(delivered(shop))
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QP3")
def test_a_pause_does_not_make_an_unclear_attempt_forgotten(
    shop: World, vendor: Vendor, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_calls, "PAUSE", timedelta(seconds=0.3))
    [reference] = sell(shop)
    vendor.feels({"kind": "timeout_after_success", "seconds": 1.4, "times": 1})
    hire()
    until(lambda: the_task(shop).intent_open)
    pause(shop, True)
    until(lambda: "paused" in the_task(shop).note)
    assert the_task(shop).intent_open
    pause(shop, False)
    until(delivered(shop))
    assert vendor.sold(reference) == 1


@pytest.mark.promise("QP3")
def test_nobody_changes_a_task_that_a_worker_has_in_its_hands(
    shop: World, vendor: Vendor, hire: Hire
) -> None:
    sell(shop)
    vendor.feels({"kind": "slow", "seconds": 0.8})
    hire()
    until(lambda: the_task(shop).leased_by is not None)
    with pytest.raises(tasks.Busy):
        retry(shop, why="faster, please")
    until(delivered(shop))


def retry(world: World, **how: Any) -> None:
    with world.acting():
        [delivery] = db.session().scalars(select(Delivery))
        resolutions.retry(delivery.id, **how)


def park(world: World) -> None:
    """As after too many unclear attempts."""
    until(lambda: the_task(world).leased_by is None)
    with world.acting():
        db.session().execute(update(Task).where(Task.kind == "deliver").values(state=TaskState.PARKED))


def pause(world: World, paused: bool) -> None:
    with world.acting():
        db.session().execute(
            update(ConnectorSettings)
            .where(ConnectorSettings.connector == "http_service")
            .values(paused=paused)
        )


# --- House rules --------------------------------------------------------------------------------------------


@pytest.mark.promise("QP2")
def test_no_delivery_without_a_fund(shop: World) -> None:
    [reference] = sell(shop)
    with pytest.raises(Exception, match="no_spend_without_a_fund"), shop.acting():
        db.session().execute(update(Delivery).where(Delivery.reference == reference).values(fund_id=None))
