"""What a worker does when the bell rings: claims due tasks, commits each intent, makes the outside calls in a pool, records each outcome
(promises A3). The main thread alone touches the database; pool threads only make the call, after checking the send deadline. One direct
connection per worker holds the advisory locks of its tasks; if it is lost, nothing more is sent."""

import random
import time
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal
from uuid import UUID, uuid4

import psycopg
import structlog
from sqlalchemy import bindparam, update
from sqlalchemy.engine import make_url

from core import db, doorbell, doors, tasks, tenancy
from core.faults import fault
from core.settings import settings
from core.tasks import Again, Claimed, Final, Kind, NeedsPerson, Repeat, Task, TaskAttempt, TaskState, Unclear
from core.tenancy import Scope, Side

log = structlog.get_logger("drain")

BACK_OFF = [timedelta(seconds=s) for s in (1, 2, 5, 15, 30, 60, 120, 300, 900, 1800, 3600)]
LONGEST = 5.0  # seconds one ring may keep the worker, so that RQ hears of it now and then


class LocksLost(RuntimeError):
    """The connection that held our locks is gone: others may have our tasks."""


class SentTooLate(RuntimeError):
    """The send deadline passed between intent and call; nothing was sent."""


# --- Advisory locks --------------------------------------------------------------------------------------------------------------


class Locks:
    """Session-level advisory locks on one direct connection. They outlive a frozen worker's lease and die with its connection."""

    def __init__(self) -> None:
        url = make_url(settings().database_url).set(drivername="postgresql")
        self._connection = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True, application_name="storefront-locks")
        self.lost = False

    def take(self, claimed: Sequence[Claimed]) -> set[UUID]:
        """Those of the tasks whose lock is ours now."""
        keys = [self._key(task.id) for task in claimed]
        rows = self._ask("SELECT k, pg_try_advisory_lock(k) FROM unnest(%s::bigint[]) k", [keys])
        got = {key for key, taken in rows if taken}
        return {task.id for task in claimed if self._key(task.id) in got}

    def release(self, task_ids: Sequence[UUID]) -> None:
        """Gives the locks back."""
        if task_ids and not self.lost:
            self._ask("SELECT k, pg_advisory_unlock(k) FROM unnest(%s::bigint[]) k", [[self._key(i) for i in task_ids]])

    def _ask(self, query: Any, parameters: list[Any]) -> list[tuple[int, bool]]:
        try:
            return self._connection.execute(query, parameters).fetchall()
        except psycopg.OperationalError as error:
            self.lost = True
            raise LocksLost("the connection that held our locks is gone") from error

    def close(self) -> None:
        """Ends the connection and with it every lock."""
        self._connection.close()

    @staticmethod
    def _key(task_id: UUID) -> int:
        return int.from_bytes(task_id.bytes[8:], "big", signed=True)


# --- One task in flight ----------------------------------------------------------------------------------------------------------


Step = Literal["call", "look_up"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A call on its way: which task, which step, the attempt's number."""

    task: Claimed
    step: Step
    number: int


@dataclass(slots=True)
class Planned:
    """What the intent transaction decided; sent after its commit."""

    task: Claimed
    step: Step
    number: int
    values: Any


@dataclass(slots=True)
class Changes:
    """Row changes of one transaction, written in as few statements as they need."""

    attempts: list[dict[str, Any]] = field(default_factory=list)
    intents: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    released: list[UUID] = field(default_factory=list)


INTENT = (
    update(Task)
    .where(Task.id == bindparam("t"), Task.leased_by == bindparam("w"))
    .values(intent_at=bindparam("at"), intent_open=True, attempts=bindparam("n"))
    .execution_options(synchronize_session=False)
)
# A clear "done" is true whoever holds the task; every other outcome counts only from the attempt that is the newest (a fence).
OUTCOME = (
    update(Task)
    .where(
        Task.id == bindparam("t"),
        (Task.state == TaskState.PENDING) | (Task.state == TaskState.UNKNOWN),  # no IN: it cannot be sent for many at once
        (bindparam("done") == 1) | ((Task.leased_by == bindparam("w")) & (Task.attempts == bindparam("n"))),
    )
    .values(
        state=bindparam("to"),
        next_at=bindparam("next"),
        intent_open=bindparam("open"),
        finished_at=bindparam("finished"),
        note=bindparam("words"),
        leased_until=None,
        leased_by=None,
    )
    .execution_options(synchronize_session=False)
)
ANSWER = (
    update(TaskAttempt)
    .where(TaskAttempt.task_id == bindparam("t"), TaskAttempt.number == bindparam("n"))
    .values(answered_at=bindparam("at"), outcome=bindparam("o"), note=bindparam("words"))
    .execution_options(synchronize_session=False)
)


class Drain:
    """One worker's hands: N slots for calls that are under way."""

    def __init__(self, slots: int | None = None) -> None:
        self.worker = uuid4()
        self.slots = slots or settings().worker_slots
        self.pool = ThreadPoolExecutor(self.slots, thread_name_prefix="call")
        self.locks = Locks()
        self.flying: dict[Future[Any], Sent] = {}

    def run(self, longest: float = LONGEST) -> bool:
        """Works until nothing is due and nothing is under way, or `longest` seconds passed; says whether work was left."""
        until = time.monotonic() + longest
        hungry = True
        while True:
            stop = time.monotonic() > until
            claimed = self.claim() if hungry and not stop and len(self.flying) < self.slots else []
            if claimed:
                self.begin(claimed)
            if not self.flying:
                if stop or not claimed:
                    return stop
                continue
            finished, _ = wait(self.flying, timeout=0.05, return_when=FIRST_COMPLETED)
            if finished:
                self.record(list(finished))
            hungry = not stop

    def claim(self) -> list[Claimed]:
        """Due tasks with lease and lock; those whose lock somebody else holds are left to them."""
        lanes = {lane: limits for lane, limits in self._lanes().items()}
        rows = doors.call_all(
            tasks.CLAIM,
            {"worker": self.worker, "wanted": self.slots - len(self.flying), "lanes": psycopg.types.json.Jsonb(lanes), "default_lease": timedelta(seconds=25)},
        )
        fault("task.claimed")
        claimed = [Claimed(*row) for row in rows]
        if not claimed:
            return []
        ours = self.locks.take(claimed)
        return [task for task in claimed if task.id in ours]

    def begin(self, claimed: Sequence[Claimed]) -> None:
        """Intents first: one transaction per distributor, committed before anything is sent."""
        for distributor_id, group in groupby(sorted(claimed, key=lambda t: t.distributor_id.int), key=lambda t: t.distributor_id):
            batch = list(group)
            changes, planned = Changes(), list[Planned]()
            with acting_for(distributor_id, batch[0].offset), db.transaction():
                for task in batch:
                    self._plan(task, changes, planned)
                self._write(changes)
            committed = time.monotonic()
            fault("task.intent_committed")
            self.locks.release(changes.released)
            for plan in planned:
                sent = Sent(plan.task, plan.step, plan.number)
                self.flying[self.pool.submit(self._send, plan, committed)] = sent

    def _plan(self, task: Claimed, changes: Changes, planned: list[Planned]) -> None:
        """Decides the next step of one task (steps 3 to 5 of A3) and notes it in `changes`."""
        kind = tasks.KINDS.get(task.kind)
        if kind is None:  # written by newer code than ours (QC6): leave it to a worker that knows it
            self._outcome(changes, task, task.attempts, TaskState.PENDING, timedelta(seconds=30), f"This version does not know {task.kind!r}.", False)
            return
        if task.intent_open and kind.repeat is Repeat.NEVER:
            self._park(changes, kind, task, task.attempts, "An earlier attempt gave no clear answer and cannot be looked up.", True)
            return
        looking = task.intent_open and kind.repeat is Repeat.LOOK_UP
        if looking and (young := self._too_young(kind, task)):
            self._outcome(changes, task, task.attempts, TaskState.UNKNOWN, young, "Waiting until the other side has settled.", True)
            return
        try:
            with db.savepoint():
                values = kind.prepare(task)
                if values is None or kind.call is None:
                    if kind.record and kind.call is None:
                        kind.record(task, values)
                    self._finish(changes, kind, task, task.attempts)
                    return
        except (Again, NeedsPerson, Final) as said:
            self._said(changes, kind, task, task.attempts, said, sent=False)
            return
        except Exception as error:  # a bug in our code: nothing was sent, so it is tried again and then shown to a person
            log.exception("task.prepare_failed", kind=task.kind, task=str(task.id))
            self._again(changes, kind, task, task.attempts + 1, None, describe(error), False)
            return
        if looking:
            planned.append(Planned(task, "look_up", task.attempts, values))
            return
        number, now = task.attempts + 1, db.session().info["now"]
        changes.attempts.append(
            {"distributor_id": task.distributor_id, "id": uuid4(), "task_id": task.id, "number": number, "called_at": now,
             "fingerprint": kind.fingerprint(values), "outcome": "", "note": ""}
        )  # fmt: skip
        changes.intents.append({"t": task.id, "w": self.worker, "at": now, "n": number})
        planned.append(Planned(task, "call", number, values))

    def _too_young(self, kind: Kind, task: Claimed) -> timedelta | None:
        """What is left of the settle wait since the last intent, or None."""
        if task.intent_at is None or task.claimed_now is None:
            return None
        left = task.intent_at + kind.limits(task.lane).settle - task.claimed_now
        return left if left > timedelta() else None

    def _send(self, plan: Planned, committed: float) -> Any:
        """In a pool thread: the outside call, if it may still be made."""
        kind = tasks.KINDS[plan.task.kind]
        if plan.step == "look_up":
            return kind.look_up(plan.values) if kind.look_up else None
        if time.monotonic() - committed > kind.limits(plan.task.lane).send_deadline.total_seconds():
            raise SentTooLate("Nothing was sent: too much time passed since the intent.")
        if self.locks.lost:
            raise SentTooLate("Nothing was sent: the database connection with our locks was lost.")
        fault("task.before_send")
        result = kind.call(plan.values) if kind.call else None
        fault("task.answered")
        return result

    def record(self, finished: Sequence[Future[Any]]) -> None:
        """Outcomes: one transaction per distributor."""
        arrived = [(self.flying[future], future) for future in finished]
        arrived.sort(key=lambda pair: pair[0].task.distributor_id.int)
        for distributor_id, group in groupby(arrived, key=lambda pair: pair[0].task.distributor_id):
            batch, changes = list(group), Changes()
            with acting_for(distributor_id, batch[0][0].task.offset), db.transaction():
                for sent, future in batch:
                    self._came_back(changes, sent, future)
                self._write(changes)
            fault("task.recorded")
            self.locks.release([sent.task.id for sent, _ in batch])
        for future in finished:
            del self.flying[future]

    def _came_back(self, changes: Changes, sent: Sent, future: Future[Any]) -> None:
        """Turns one answer into rows (step 8 of A3)."""
        task, kind = sent.task, tasks.KINDS[sent.task.kind]
        try:
            result = future.result()
        except SentTooLate as late:
            self._answer(changes, task, sent.number, "not sent", str(late))
            self._outcome(changes, task, sent.number, TaskState.PENDING, timedelta(), str(late), False)
            return
        except Exception as said:
            self._said(changes, kind, task, sent.number, said, sent=sent.step == "call", looked=sent.step == "look_up")
            return
        if sent.step == "look_up" and result is None:
            self._answer(changes, task, sent.number, "absent", "Looked up: the other side does not have it.")
            self._outcome(changes, task, sent.number, TaskState.PENDING, timedelta(), "Looked up: absent. Asking again.", False)
            return
        try:
            with db.savepoint():
                if kind.record:
                    kind.record(task, result)
        except Exception as error:  # the answer is real and must not be lost: the next look-up brings it again
            log.exception("task.record_failed", kind=task.kind, task=str(task.id))
            self._again(changes, kind, task, sent.number, None, describe(error), kind.repeat is not Repeat.SAFE)
            return
        self._answer(changes, task, sent.number, "done" if sent.step == "call" else "found", "")
        self._finish(changes, kind, task, sent.number)

    def _said(self, changes: Changes, kind: Kind, task: Claimed, number: int, said: Exception, *, sent: bool, looked: bool = False) -> None:
        """An exception of the call, the look-up or prepare, in the words of the contract."""
        note = describe(said)
        if isinstance(said, Again):
            self._answer(changes, task, number, "accepted" if said.accepted else "later", note)
            self._again(changes, kind, task, number, said.after, note, said.accepted or looked)
        elif isinstance(said, NeedsPerson):
            self._answer(changes, task, number, "needs a person", note)
            self._park(changes, kind, task, number, note, looked)
        elif isinstance(said, Final):
            self._answer(changes, task, number, "refused", note)
            self._tell(kind.on_refused, task, note)
            self._outcome(changes, task, number, TaskState.REFUSED, None, note, False)
        else:
            if not isinstance(said, Unclear):
                log.warning("task.call_failed", kind=task.kind, task=str(task.id), error=note)
            self._answer(changes, task, number, "unclear", note)
            self._unclear(changes, kind, task, number, note, sent or looked)

    def _unclear(self, changes: Changes, kind: Kind, task: Claimed, number: int, note: str, sent: bool) -> None:
        if kind.repeat is Repeat.SAFE or not sent:
            self._again(changes, kind, task, number, None, note, False)
        elif kind.repeat is Repeat.NEVER:
            self._park(changes, kind, task, number, note, True)
        elif number >= kind.most_attempts:
            self._park(changes, kind, task, number, note, True)
        else:
            self._tell(kind.on_unknown, task, note)
            wait_for = max(back_off(number), kind.limits(task.lane).settle)
            self._outcome(changes, task, number, TaskState.UNKNOWN, wait_for, note, True)

    def _again(self, changes: Changes, kind: Kind, task: Claimed, number: int, after: timedelta | None, note: str, intent_open: bool) -> None:
        if number >= kind.most_attempts and after is None:
            self._park(changes, kind, task, number, note, intent_open)
            return
        self._tell(kind.on_waiting, task, note)
        self._outcome(changes, task, number, TaskState.UNKNOWN if intent_open else TaskState.PENDING, after or back_off(number), note, intent_open)

    def _park(self, changes: Changes, kind: Kind, task: Claimed, number: int, note: str, intent_open: bool) -> None:
        self._tell(kind.on_parked, task, note)
        self._outcome(changes, task, number, TaskState.PARKED, None, note, intent_open)

    def _finish(self, changes: Changes, kind: Kind, task: Claimed, number: int) -> None:
        if kind.every:
            self._outcome(changes, task, number, TaskState.PENDING, kind.every, "", False)
        else:
            self._outcome(changes, task, number, TaskState.DONE, None, "", False)

    def _tell(self, hook: Any, task: Claimed, note: str) -> None:
        """The owner's hook must not lose the outcome: an error in it is logged and shown by `doctor`."""
        try:
            with db.savepoint():
                hook(task, note)
        except Exception:
            log.exception("task.hook_failed", kind=task.kind, task=str(task.id))

    def _outcome(self, changes: Changes, task: Claimed, number: int, to: TaskState, after: timedelta | None, note: str, intent_open: bool) -> None:
        now: datetime = db.session().info["now"]
        terminal = to in (TaskState.DONE, TaskState.REFUSED)
        changes.outcomes.append(
            {"t": task.id, "w": self.worker, "n": min(number, task.attempts + 1), "to": to, "next": now + (after or timedelta()),
             "open": intent_open, "finished": now if terminal else None, "words": note[:2000], "done": int(to is TaskState.DONE)}
        )  # fmt: skip
        changes.released.append(task.id)

    def _answer(self, changes: Changes, task: Claimed, number: int, outcome: str, note: str) -> None:
        changes.answers.append({"t": task.id, "n": number, "at": db.session().info["now"], "o": outcome, "words": note[:2000]})

    def _write(self, changes: Changes) -> None:
        session = db.session()
        session.flush()
        connection = session.connection()
        if changes.attempts:
            session.execute(TaskAttempt.__table__.insert(), changes.attempts)  # pyright: ignore[reportAttributeAccessIssue]
        for statement, rows in ((INTENT, changes.intents), (ANSWER, changes.answers), (OUTCOME, changes.outcomes)):
            if rows:
                connection.execute(statement, rows)

    def close(self) -> None:
        """Lets what is under way finish and gives the locks back."""
        self.pool.shutdown(wait=True)
        self.locks.close()

    def _lanes(self) -> dict[str, dict[str, Any]]:
        """Slots and leases by lane, as the claim wants them."""
        return {lane: {"slots": limits.slots, "lease": f"{limits.lease.total_seconds()} seconds"} for lane, limits in known_lanes().items()}


def known_lanes() -> dict[str, tasks.Limits]:
    """Every lane with limits of its own: each kind's default lane and those that packages add."""
    return {name: kind.limits(name) for name, kind in tasks.KINDS.items()} | {lane: limits() for lane, limits in LANES.items()}


LANES: dict[str, Any] = {}
"""lane -> a function that gives its Limits; connectors register here through provisioning.fulfilment."""


@contextmanager
def acting_for(distributor_id: UUID, offset: timedelta) -> Generator[Scope]:
    """Tasks work as their distributor."""
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id, offset=offset, request_id="task")) as scope:
        yield scope


def back_off(attempt: int) -> timedelta:
    """Growing wait with jitter, so that what failed together does not return together."""
    base = BACK_OFF[min(max(attempt, 1), len(BACK_OFF)) - 1]
    return base * random.uniform(0.9, 1.2)  # noqa: S311 jitter is no secret


def describe(error: BaseException) -> str:
    """The sentence of an outcome; bugs show their type."""
    words = str(error)
    known = isinstance(error, Again | NeedsPerson | Final | Unclear | SentTooLate)
    return words if known and words else f"{type(error).__name__}: {words}"


# --- The process -----------------------------------------------------------------------------------------------------------------

_drain: Drain | None = None


def answer_the_bell() -> None:
    """The only job RQ ever runs."""
    global _drain
    if _drain is None or _drain.locks.lost:
        _drain = Drain()
    if _drain.run():
        doorbell.ring()
