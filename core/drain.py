"""What a worker does when the bell rings: claims due tasks, commits each intent, makes the outside calls in a
pool, records each outcome (docs/architecture.md). The main thread alone touches the database; pool threads
only make the call, after checking the send deadline. One direct connection per worker holds the advisory
locks of its tasks (core.locks); if it is lost, nothing more is sent, and the answers to what was sent already
are kept until the database is back."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from core import db, doorbell, events, logs, tasks, tenancy
from core.faults import fault
from core.locks import Locks, LocksLost
from core.outcomes import Changes, Step
from core.settings import settings
from core.tasks import Claimed, Repeat
from core.tenancy import Scope, Side

log = structlog.get_logger("drain")
Held = TypeVar("Held")

LONGEST = 30.0  # seconds one ring may keep the worker, so that RQ hears of it now and then
TOGETHER = 0.01  # seconds an answer waits for others, which are then recorded in the same transaction
PAUSE = 0.2  # seconds between looks for a database that is away

LANES: dict[str, Callable[[], tasks.Limits]] = {}
"""lane -> a function that gives its Limits; connectors register here in provisioning/vendor_calls.py."""


class SentTooLate(RuntimeError):
    """Between intent and call the send deadline passed or our locks were lost; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time by two clocks: the steady one stands still with a paused machine, the wall clock may be
    set back."""

    steady: float = field(default_factory=time.monotonic)
    wall: float = field(default_factory=time.time)

    @property
    def age(self) -> float:
        """Seconds since then, by the clock that says more."""
        return max(time.monotonic() - self.steady, time.time() - self.wall)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the intent transaction decided; sent after its commit, while `locks` are ours."""

    task: Claimed
    step: Step
    number: int
    values: Any
    decided: Moment
    locks: Locks


class Drain:
    """One worker's hands: N slots for calls that are under way."""

    def __init__(self, slots: int | None = None) -> None:
        self.worker = uuid4()
        self.slots = slots or settings().worker_slots
        self.pool = ThreadPoolExecutor(self.slots, thread_name_prefix="call")
        self.locks = Locks()
        self.flying: dict[Future[Any], Plan] = {}
        self.leaving = False

    def run(self, longest: float = LONGEST) -> bool:
        """Works until nothing is due and nothing is under way, or `longest` seconds passed; says whether work
        was left."""
        until = time.monotonic() + longest
        while True:
            closing = self.leaving or time.monotonic() > until
            try:
                claimed = self.claim() if not closing and len(self.flying) < self.slots else []
                self.begin(claimed)
                if not claimed and not self.flying:
                    return closing
                self.record(self._finished())
            except Exception as error:
                if is_away(error):
                    self._reconnect(error)
                elif not self.flying:
                    raise
                else:
                    log.exception("drain.step_failed")

    def claim(self) -> list[Claimed]:
        """Due tasks with lease and lock."""
        claimed = self.locks.claim(self.worker, self.slots - len(self.flying), known_lanes())
        if claimed:
            fault("task.claimed")
        return claimed

    # --- Intents, then calls ---

    def begin(self, claimed: Sequence[Claimed]) -> None:
        """Intents first: one transaction per distributor and kind, committed before anything is sent."""
        try:
            for batch in batches(claimed, lambda task: task):
                for plans in self._all_or_each(batch, self._intend):
                    for plan in plans:
                        self.flying[self.pool.submit(self._send, plan)] = plan
        finally:
            self._give_back()

    def _intend(self, batch: Sequence[Claimed], careful: bool) -> list[Plan]:
        decided, plans = (
            Moment(),
            list[Plan](),
        )  # before the transaction: the intent is never older than we think
        with acting_for(batch[0]), db.transaction():
            changes = Changes(self.worker, [task.id for task in batch])
            gather([task for task in batch if task.id in changes.mine], careful)
            for task in batch:
                if task.id in changes.mine:
                    with logs.about(task.id, task.kind):
                        plans.extend(self._decide(task, changes, decided, careful))
            changes.write()
        fault("task.intent_committed")
        return plans

    def _decide(self, task: Claimed, changes: Changes, decided: Moment, careful: bool) -> Iterator[Plan]:
        """The next step of one task: a look-up first where an attempt is open, else the intent of a call."""
        kind = tasks.KINDS.get(task.kind)
        if kind is None:
            changes.unknown_kind(task)
            return
        repeat = kind.repeats(task.lane)
        if task.intent_open and repeat is Repeat.NEVER:
            changes.park(
                kind,
                task,
                task.attempts,
                "An earlier attempt gave no clear answer and cannot be looked up.",
                True,
            )
            return
        try:
            with maybe_savepoint(careful):
                values = kind.prepare(task)
                if kind.call is None and kind.record:
                    kind.record(task, values)
        except Exception as error:
            if not careful:
                raise
            changes.said(kind, task, task.attempts, "prepare", error)
            return
        if values is None or kind.call is None:
            changes.finish(kind, task, task.attempts)
        elif task.intent_open and repeat is Repeat.LOOK_UP:
            yield Plan(task, "look_up", task.attempts, values, decided, self.locks)
        else:
            yield Plan(task, "call", changes.intend(kind, task, values), values, decided, self.locks)

    @staticmethod
    def _send(plan: Plan) -> Any:
        """In a pool thread: the outside call, if it may still be made."""
        kind = tasks.KINDS[plan.task.kind]
        if plan.step == "look_up":
            return kind.look_up(plan.values) if kind.look_up else None
        if plan.decided.age > kind.limits(plan.task.lane).send_deadline.total_seconds():
            raise SentTooLate("Nothing was sent: too much time passed since the intent.")
        if plan.locks.lost:
            raise SentTooLate("Nothing was sent: the database connection with our locks was lost.")
        fault("task.before_send")
        with logs.about(plan.task.id, plan.task.kind):
            result = kind.call(plan.values) if kind.call else None
        fault("task.answered")
        return result

    # --- Answers ---

    def _finished(self) -> list[Future[Any]]:
        """Calls that came back; waits a moment for the first, and a little for those that were sent with
        it."""
        if not self.flying or not wait(self.flying, timeout=0.05, return_when=FIRST_COMPLETED).done:
            return []
        return list(wait(self.flying, timeout=TOGETHER).done)

    def record(self, finished: Sequence[Future[Any]]) -> None:
        """Outcomes: one transaction per distributor and kind. Answers that the database could not take stay
        under way."""
        try:
            for batch in batches(finished, lambda future: self.flying[future].task):
                self._all_or_each(batch, self._note)
                for future in batch:
                    del self.flying[future]
                fault("task.recorded")
        finally:
            self._give_back()

    def _note(self, batch: Sequence[Future[Any]], careful: bool) -> None:
        with acting_for(self.flying[batch[0]].task), db.transaction():
            changes = Changes(self.worker, [self.flying[future].task.id for future in batch])
            gather([self.flying[future].task for future in batch], careful)
            with nullcontext() if careful else events.together():
                for future in batch:
                    with logs.about(self.flying[future].task.id, self.flying[future].task.kind):
                        self._came_back(changes, self.flying[future], future, careful)
            changes.write()

    def _came_back(self, changes: Changes, plan: Plan, future: Future[Any], careful: bool) -> None:
        """Turns one answer into rows."""
        task, kind, number = plan.task, tasks.KINDS[plan.task.kind], plan.number
        error = future.exception()
        if isinstance(error, SentTooLate):
            changes.not_sent(task, number, str(error))
        elif isinstance(error, Exception):
            changes.said(kind, task, number, plan.step, error)
        elif plan.step == "look_up" and future.result() is None:
            changes.absent(kind, task, number)
        else:
            try:
                with maybe_savepoint(careful):
                    if kind.record:
                        kind.record(task, future.result())
            except (
                Exception
            ) as bug:  # the answer is real and must not be lost: the next look-up brings it again
                if not careful:
                    raise
                log.exception("task.record_failed", kind=task.kind, task=str(task.id))
                if task.id in changes.mine:
                    note = f"The answer could not be recorded ({type(bug).__name__}: {bug})."
                    changes.again(kind, task, number, None, note, kind.repeat is not Repeat.SAFE)
                return
            changes.found(task, number, plan.step)
            changes.finish(kind, task, number)

    # --- When something goes wrong with the database ---

    def _all_or_each(self, batch: Sequence[Held], act: Callable[[Sequence[Held], bool], Any]) -> list[Any]:
        """One transaction for the whole batch; if that fails, a careful one for each, so that one bad row
        spoils nobody else's. What fails even so is left to its lease: it is claimed again, and looked up
        first if it was sent."""
        try:
            return [act(batch, False)]
        except Exception as error:
            if is_away(error):
                raise
            log.warning("drain.one_by_one", tasks=len(batch), error=f"{type(error).__name__}: {error}"[:500])
        done: list[Any] = []
        for one in batch:
            try:
                done.append(act([one], True))
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("drain.row_failed")
        return done

    def _give_back(self) -> None:
        """Locks of tasks that are not under way."""
        self.locks.keep({plan.task.id for plan in self.flying.values()})

    def _reconnect(self, error: Exception) -> None:
        """The database went away. What is not sent yet stays unsent; answers wait in our hands until it is
        back."""
        log.warning("drain.database_away", error=str(error))
        self.locks.close()
        db.engine().dispose()
        time.sleep(PAUSE)  # a server that is full takes connections, and would be asked without a pause
        while self.locks.lost:
            try:
                fresh = Locks()
                fresh.take_again(plan.task.id for plan in self.flying.values())
                self.locks = fresh
            except (psycopg.Error, LocksLost):
                if self.leaving:
                    raise
                time.sleep(PAUSE)

    def close(self) -> None:
        """Lets what is under way finish and gives the locks back."""
        self.pool.shutdown(wait=True)
        self.locks.close()


def known_lanes() -> dict[str, tasks.Limits]:
    """Every lane with limits of its own: each kind's default lane and those that packages add."""
    return {name: kind.limits(name) for name, kind in tasks.KINDS.items()} | {
        lane: limits() for lane, limits in LANES.items()
    }


def batches(things: Sequence[Held], task_of: Callable[[Held], Claimed]) -> list[list[Held]]:
    """What may share a transaction: one distributor's tasks of one kind, so that no purchase grows old while
    mails are drawn up."""

    def owner(thing: Held) -> tuple[UUID, str, int]:
        task = task_of(thing)
        kind = tasks.KINDS.get(task.kind)
        return task.distributor_id, task.kind, task.id.int if kind and kind.alone else 0

    return [list(group) for _, group in groupby(sorted(things, key=owner), key=owner)]


def gather(batch: Sequence[Claimed], careful: bool) -> None:
    """Lets each kind read at once what its tasks of this transaction need; one careful task reads for
    itself."""
    for name in {task.kind for task in batch} if not careful else ():
        if (kind := tasks.KINDS.get(name)) and kind.gather:
            kind.gather([task for task in batch if task.kind == name])


@contextmanager
def acting_for(task: Claimed) -> Generator[Scope]:
    """Tasks work as their distributor."""
    with tenancy.acting_as(
        Scope(Side.DISTRIBUTOR, task.distributor_id, offset=task.offset, request_id="task")
    ) as scope:
        yield scope


@contextmanager
def maybe_savepoint(careful: bool) -> Generator[None]:
    """A savepoint costs two round trips for each task; only a batch that failed pays them."""
    if not careful:
        yield
        return
    with db.savepoint():
        yield
        db.flush()


def is_away(error: Exception) -> bool:
    """Whether the database is gone, full or starting, rather than refusing a statement."""
    if isinstance(error, LocksLost):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    return (
        error.connection_invalidated
        or state[:2] in ("08", "53")
        or state[:3] == "57P"
        or (not state and isinstance(error.orig, psycopg.OperationalError))
    )


# --- The process --------------------------------------------------------------------------------------------

_drain: Drain | None = None


def answer_the_bell() -> None:
    """The only job RQ ever runs."""
    global _drain
    if _drain is None:
        _drain = Drain()
    if _drain.run():
        doorbell.ring()


def leave() -> None:
    """The process was asked to stop: nothing new is claimed."""
    if _drain is not None:
        _drain.leaving = True
