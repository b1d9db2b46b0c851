"""The tester's time machine: a sandbox's business clock goes forwards only, nobody else's goes at all."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

import app
from core import clock, db, tasks, time_machine, trail
from core.parties import Distributor, the_distributor
from core.tasks import Task
from tests.races import at_once, raised
from tests.world import World


def test_the_business_clock_goes_on_and_machine_time_does_not(world: World) -> None:
    with world.acting():
        machine = clock.machine_now()
    assert world.goes_on(days=31) - machine > timedelta(days=31)
    with world.acting():
        assert clock.machine_now() - machine < timedelta(minutes=1)
        told = [entry.what for entry in trail.of(world.distributor_id)]
    assert told == ["clock moved forward by 31 days"]


@pytest.mark.parametrize("back", [timedelta(), timedelta(microseconds=1), timedelta(days=40)])
def test_it_goes_forwards_only(world: World, back: timedelta) -> None:
    now = world.goes_on(days=31, work=False)
    with world.acting(), pytest.raises(time_machine.OnlyForwards):
        time_machine.go(clock.business_now() - back)
    with world.acting():
        assert clock.business_now() >= now
        assert the_distributor().business_offset >= timedelta(days=31)


def test_a_real_distributor_has_no_time_machine(world: World) -> None:
    with world.acting():
        db.session().execute(update(Distributor).values(sandbox=False))
    with world.acting(), pytest.raises(time_machine.NoTimeMachine):
        time_machine.go(time_machine.after(days=1))
    with world.acting():
        assert the_distributor().business_offset == timedelta()


def test_a_mistyped_year_is_refused(world: World) -> None:
    with world.acting(), pytest.raises(time_machine.TooFar):
        time_machine.go(time_machine.after(months=12 * 21))


def test_of_two_who_move_it_at_once_none_is_lost_and_none_goes_back(world: World) -> None:
    with world.acting():
        near, far = time_machine.after(days=10), time_machine.after(days=20)

    def go(to: datetime) -> timedelta:
        with world.acting():
            return time_machine.go(to)

    ends = at_once(lambda: go(far), lambda: go(near))
    assert all(isinstance(end, time_machine.OnlyForwards) for end in raised(ends))
    with world.acting():
        assert the_distributor().business_offset >= timedelta(days=19, hours=23)


def test_what_is_done_every_so_often_is_due_at_once(world: World) -> None:
    world.goes_on(days=1)
    periodic = {kind.name for kind in tasks.KINDS.values() if kind.every}
    assert {"watch_terms", "expire_orders", "release_aliases"} <= periodic
    later = due_times(world)
    assert set(later) == periodic
    world.goes_on(days=1, work=False)
    assert all(at < later[name] for name, at in due_times(world).items())


def due_times(world: World) -> dict[str, datetime]:
    """When each of the periodic tasks is due."""
    with world.acting():
        rows = db.session().execute(select(Task.kind, Task.next_at).where(Task.key.startswith("every:")))
        return {kind: at for kind, at in rows}


def test_the_command_shows_the_clock_and_moves_it_forwards(world: World) -> None:
    run = app.create_app().test_cli_runner().invoke
    assert run(args=["clock"]).output.startswith("Northwind: 20")
    moved = run(args=["clock", "--months", "2"])
    assert (moved.exit_code, moved.output.startswith("Northwind: 20")) == (0, True)
    with world.acting():
        assert the_distributor().business_offset >= timedelta(days=59)
    back = run(args=["clock", "--distributor", "northwind", "--to", "2020-02-29"])
    assert (back.exit_code, "forwards only" in back.output) == (1, True)
    assert "northwind" in run(args=["clock", "--distributor", "nobody", "--days", "1"]).output
    assert run(args=["clock", "--days", "1", "--months", "1"]).exit_code == 2
