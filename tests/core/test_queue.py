"""The durable queue by itself: who gets which task, what a worker may say about it, and what the doorbell is
worth."""

import ast
import threading
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from core import db, dispatcher, doorbell, drain, parties, tasks, tenancy
from core.drain import Drain, Moment
from core.errors import Refused
from core.locks import Locks
from core.outcomes import Changes, back_off
from core.tasks import Again, Claimed, Final, Kind, Limits, NeedsPerson, Repeat, Task, TaskAttempt, TaskState
from core.tenancy import Scope, Side
from sandbox.servers import Valkey
from tests.world import World

ROOT = Path(__file__).parents[2]
ROOMS = (
    "core",
    "partners",
    "catalog",
    "subscriptions",
    "billing",
    "checkout",
    "provisioning",
    "storefront",
    "app.py",
)
LANES = {"chore": Limits(slots=8)}


class Chore:
    """A task whose call does what the test says; it notes how often it was called and looked up."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.look_ups: list[str] = []
        self.answer: object = "done"
        self.found: object = "found"

    def call(self, name: str) -> object:
        self.calls.append(name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def look_up(self, name: str) -> object:
        self.look_ups.append(name)
        return self.found


@pytest.fixture
def chore(monkeypatch: pytest.MonkeyPatch) -> Chore:
    """A kind of task of the test's own, that may be repeated after a look-up."""
    chore = Chore()
    monkeypatch.setattr(tasks, "KINDS", dict(tasks.KINDS))
    tasks.register(
        Kind(
            "chore",
            Repeat.LOOK_UP,
            lambda task: task.args["name"],
            chore.call,
            look_up=chore.look_up,
            limits=lambda _: LANES["chore"],
        )
    )
    return chore


@pytest.fixture
def locks(world: World) -> Generator[list[Locks]]:
    """The connections of two workers."""
    both = [Locks(), Locks()]
    yield both
    for each in both:
        each.close()


def add(
    world: World, count: int = 1, *, kind: str = "chore", distributor_id: UUID | None = None
) -> list[UUID]:
    """So many due tasks of a distributor."""
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id or world.distributor_id)), db.transaction():
        return [tasks.add(kind, {"name": str(n)}) for n in range(count)]


def the_task(world: World) -> Task:
    with world.acting():
        return db.session().scalars(select(Task).where(Task.kind == "chore")).one()


def due_now(world: World) -> None:
    """As if all waiting were over."""
    with world.acting():
        db.session().execute(
            text(
                "UPDATE tasks SET next_at = now(), intent_at = intent_at - interval '1 hour'"
                " WHERE kind = 'chore'"
            )
        )


# --- Who gets which task ------------------------------------------------------------------------------------


@pytest.mark.promise("QP1", "QC9")
def test_a_call_that_takes_longer_than_its_lease_is_not_made_again_by_the_same_worker(
    world: World, chore: Chore, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = timedelta(seconds=0.1)
    monkeypatch.setitem(
        LANES, "chore", Limits(timeout=short, send_deadline=timedelta(seconds=5), margin=-short * 49)
    )
    answered = chore.call

    def slow(name: str) -> object:
        time.sleep(1.5)
        return answered(name)

    tasks.register(
        Kind("chore", Repeat.SAFE, lambda task: task.args["name"], slow, limits=lambda _: LANES["chore"])
    )
    add(world)
    worker = Drain(slots=4)
    worker.run(20)
    held = worker.locks.held
    worker.close()
    assert chore.calls == ["0"]
    assert the_task(world).state is TaskState.DONE
    assert held == set()


@pytest.mark.promise("QP1")
def test_a_thousand_tasks_of_one_distributor_do_not_starve_another(
    world: World, chore: Chore, locks: list[Locks]
) -> None:
    small, _ = parties.found_distributor(
        name="Small", code="small", currency="EUR", email="desk@small.example"
    )
    add(world, 1000)
    add(world, 2, distributor_id=small)
    claimed = locks[0].claim(uuid4(), 4, LANES)
    assert [task.distributor_id for task in claimed].count(small) == 2
    assert len(claimed) == 4


def test_a_full_lane_does_not_hide_the_others_of_its_distributor(
    world: World, chore: Chore, locks: list[Locks]
) -> None:
    add(world, 600)
    add(world, 3, kind="mail")
    claimed = locks[0].claim(uuid4(), 16, LANES)
    assert [task.lane for task in claimed].count("mail") == 3
    assert [task.lane for task in claimed].count("chore") == 8


def test_the_slots_of_a_connector_hold_over_workers_that_claim_at_once(world: World, chore: Chore) -> None:
    add(world, 60)
    crowd = [Locks() for _ in range(6)]
    start, got = threading.Barrier(len(crowd)), list[Claimed]()

    def claim(locks: Locks) -> None:
        start.wait()
        got.extend(locks.claim(uuid4(), 8, LANES))

    threads = [threading.Thread(target=claim, args=[locks]) for locks in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len({task.id for task in got}) == LANES["chore"].slots
    for each in crowd:
        each.close()


def test_a_task_whose_lock_somebody_holds_is_put_off_and_not_taken(
    world: World, chore: Chore, locks: list[Locks]
) -> None:
    add(world)
    assert len(locks[0].claim(uuid4(), 4, LANES)) == 1
    with world.acting():
        db.session().execute(text("UPDATE tasks SET leased_until = now() - interval '1 s'"))
    assert locks[1].claim(uuid4(), 4, LANES) == []
    assert the_task(world).leased_by is None
    locks[0].close()
    claimed, until = list[Claimed](), time.monotonic() + 20
    while not claimed and time.monotonic() < until:  # the server notices the end of a connection by and by
        due_now(world)
        claimed = locks[1].claim(uuid4(), 4, LANES)
    assert len(claimed) == 1


def test_locks_are_given_back_with_the_outcome(world: World, chore: Chore, locks: list[Locks]) -> None:
    add(world, 5)
    drained = Drain(slots=4)
    drained.run(5)
    assert drained.locks.held == set()
    with db.doors().connect() as connection:
        held = connection.execute(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1")
        ).scalar()
    assert held == 0
    drained.close()


# --- What a worker may say about it -------------------------------------------------------------------------


@pytest.mark.promise("QC6")
def test_a_task_of_newer_code_is_left_to_newer_code_as_it_is(world: World, chore: Chore) -> None:
    add(world)
    with world.acting():
        db.session().execute(
            text(
                "UPDATE tasks SET kind = 'from_the_future', intent_open = true,"
                " intent_at = now(), attempts = 1"
            )
        )
    world.work()
    with world.acting():
        left = db.session().scalars(select(Task).where(Task.kind == "from_the_future")).one()
    assert (left.state, left.intent_open, left.attempts) == (TaskState.UNKNOWN, True, 1)
    assert left.leased_by is None
    assert chore.calls == []


def test_an_unclear_answer_counts_only_from_the_worker_who_holds_the_task(
    world: World, chore: Chore, locks: list[Locks]
) -> None:
    add(world)
    late, holder = uuid4(), uuid4()
    [claimed] = locks[0].claim(late, 1, LANES)
    with world.acting():
        db.session().execute(text("UPDATE tasks SET leased_by = :holder"), {"holder": holder})
    with world.acting():
        changes = Changes(late, [claimed.id])
        changes.said(tasks.KINDS["chore"], claimed, 1, "call", Final("No."))
        changes.write()
    assert the_task(world).state is TaskState.PENDING


def test_done_counts_whoever_says_it(world: World, chore: Chore, locks: list[Locks]) -> None:
    add(world)
    late = uuid4()
    [claimed] = locks[0].claim(late, 1, LANES)
    with world.acting():
        db.session().execute(text("UPDATE tasks SET leased_by = :holder"), {"holder": uuid4()})
    with world.acting():
        changes = Changes(late, [claimed.id])
        changes.finish(tasks.KINDS["chore"], claimed, 1)
        changes.write()
    assert the_task(world).state is TaskState.DONE


@pytest.mark.promise("QP3")
def test_nothing_unclear_is_called_again_before_a_look_up_says_absent_after_the_settle_wait(
    world: World, chore: Chore
) -> None:
    chore.answer, chore.found = RuntimeError("reset by peer"), None
    add(world)
    world.work()
    assert (the_task(world).state, the_task(world).intent_open) == (TaskState.UNKNOWN, True)
    with world.acting():
        db.session().execute(text("UPDATE tasks SET next_at = now()"))  # due, but not settled
    world.work()
    assert (len(chore.look_ups), len(chore.calls)) == (1, 1)
    chore.answer = "done"
    due_now(world)
    world.work()
    assert (len(chore.look_ups), len(chore.calls)) == (2, 2)
    assert the_task(world).state is TaskState.DONE


def test_clear_answers_close_the_intent_and_unclear_ones_leave_it_open(world: World, chore: Chore) -> None:
    for answer, state, still_open in (
        (Again(timedelta(hours=1), "Later."), TaskState.PENDING, False),
        (Again(timedelta(hours=1), "Working.", accepted=True), TaskState.UNKNOWN, True),
        (NeedsPerson("Which domain?"), TaskState.PARKED, False),
        (Final("No."), TaskState.REFUSED, False),
        (ConnectionResetError("gone"), TaskState.UNKNOWN, True),
    ):
        with world.acting():
            db.session().execute(text("UPDATE tasks SET kind = 'old', state = 'done' WHERE kind = 'chore'"))
        chore.answer = answer
        add(world)
        world.work()
        assert (the_task(world).state, the_task(world).intent_open) == (state, still_open), answer


def test_what_fails_before_it_is_sent_is_tried_again_and_then_shown_to_a_person(
    world: World, chore: Chore
) -> None:
    told: list[str] = []
    kind = Kind(
        "chore",
        Repeat.SAFE,
        lambda _: 1 / 0,
        chore.call,
        on_parked=lambda _, note: told.append(note),
        most_attempts=3,
    )
    tasks.register(kind)
    add(world)
    for _ in range(4):
        world.work()
        due_now(world)
    assert the_task(world).state is TaskState.PARKED
    assert told == ["ZeroDivisionError: division by zero"]
    assert chore.calls == []


def test_what_happens_every_so_often_is_never_parked(world: World, chore: Chore) -> None:
    chore.answer = RuntimeError("away")
    tasks.register(
        Kind("chore", Repeat.SAFE, lambda _: "x", chore.call, every=timedelta(minutes=1), most_attempts=2)
    )
    add(world)
    for _ in range(4):
        world.work()
        due_now(world)
    assert len(chore.calls) == 4
    assert the_task(world).state is TaskState.PENDING
    assert the_task(world).next_at - db_now(world) <= timedelta(minutes=1)


def test_one_bad_row_spoils_nobody_elses(world: World, chore: Chore) -> None:
    def record(task: Claimed, _: object) -> None:
        if task.args["name"] == "2":
            raise ValueError("this one")

    tasks.register(Kind("chore", Repeat.SAFE, lambda task: task.args["name"], chore.call, record=record))
    add(world, 5)
    world.work(3)
    with world.acting():
        states = {
            task.args["name"]: task.state
            for task in db.session().scalars(select(Task).where(Task.kind == "chore"))
        }
        outcomes = {a.outcome for a in db.session().scalars(select(TaskAttempt))}
    assert states == {name: TaskState.PENDING if name == "2" else TaskState.DONE for name in "01234"}
    assert "done" in outcomes


def test_an_attempt_is_as_old_as_the_clock_that_says_more(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = Moment()
    now = time.time()
    monkeypatch.setattr(
        drain.time, "time", lambda: now + 60
    )  # the machine was paused: its steady clock stood still
    assert moment.age >= 59


def test_a_kind_that_looks_up_must_be_able_to() -> None:
    with pytest.raises(ValueError, match="has none"):
        tasks.register(Kind("hopeful", Repeat.LOOK_UP, lambda _: None))


def test_waits_grow_and_differ() -> None:
    assert timedelta(seconds=0.9) <= back_off(1) <= timedelta(seconds=1.2)
    assert back_off(99) <= timedelta(hours=1.2)
    assert len({back_off(5) for _ in range(20)}) > 1


def test_a_key_is_added_once(world: World, chore: Chore) -> None:
    with world.acting():
        tasks.add("chore", {"name": "a"}, key="mail:1")
        tasks.add("chore", {"name": "b"}, key="mail:1")
    assert the_task(world).args == {"name": "a"}


def test_a_persons_word_that_nothing_is_there_needs_its_reason(world: World, chore: Chore) -> None:
    add(world)
    with pytest.raises(Refused), world.acting():
        tasks.retry(db.session().scalars(select(Task).where(Task.kind == "chore")).one(), absent=True)


def test_what_is_done_cannot_be_retried(world: World, chore: Chore) -> None:
    add(world)
    world.work()
    with pytest.raises(tasks.NotWaiting), world.acting():
        tasks.retry(db.session().scalars(select(Task).where(Task.kind == "chore")).one())


def db_now(world: World):
    with world.acting():
        return db.session().info["now"]


# --- The doorbell -------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has just found Redis away."""
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)


@pytest.mark.usefixtures("quiet")
def test_whoever_commits_a_due_task_rings_once(world: World, chore: Chore) -> None:
    add(world, 10)
    assert doorbell.queue().count == 1


@pytest.mark.usefixtures("quiet")
def test_there_are_never_more_rings_than_help(world: World, chore: Chore) -> None:
    for _ in range(10):
        doorbell.ring()
    assert doorbell.queue().count == doorbell.ENOUGH


@pytest.mark.usefixtures("quiet")
@pytest.mark.promise("QC2")
def test_the_dispatcher_rings_again_for_what_was_forgotten(world: World, chore: Chore) -> None:
    add(world)
    doorbell.connection().flushall()
    assert dispatcher.look() == 1
    assert doorbell.queue().count == 1
    world.work()
    doorbell.connection().flushall()
    assert dispatcher.look() == 0
    assert doorbell.queue().count == 0


@pytest.mark.usefixtures("quiet")
def test_a_second_ring_does_nothing(world: World, chore: Chore) -> None:
    add(world)
    world.work()
    world.work()
    assert chore.calls == ["0"]


@pytest.mark.usefixtures("quiet")
@pytest.mark.promise("QC2")
def test_nobody_waits_for_a_redis_that_is_away_or_frozen(world: World, chore: Chore, valkey: Valkey) -> None:
    valkey.kill()
    try:
        began = time.monotonic()
        add(world, 3)
        doorbell.ring()
        assert time.monotonic() - began < 1
    finally:
        valkey.start()
    world.work()
    assert len(chore.calls) == 3


def test_rq_is_called_in_one_file_and_a_worker_hears_one_queue() -> None:
    importing: set[str] = set()
    for room in ROOMS:
        for path in [ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                if any(name.split(".")[0] == "rq" for name in names):
                    importing.add(str(path.relative_to(ROOT)))
    assert importing == {"core/doorbell.py"}
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "core/doorbell.py").read_text()))
        if isinstance(node, ast.Call)
    ]
    [listener] = [call for call in calls if ast.unparse(call.func) == "Listener"]
    assert ast.unparse(listener.args[0]) == "[QUEUE]"
    [enqueue] = [call for call in calls if ast.unparse(call.func).endswith(".enqueue")]
    assert not {keyword.arg for keyword in enqueue.keywords} & {"retry", "args", "kwargs", "at"}
