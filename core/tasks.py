"""The durable queue: a task row is written in the transaction that earns it; PostgreSQL holds its retries,
timers, leases and results (docs/architecture.md, “Durable tasks”). RQ only rings. This module is the row and
what may be said about it; `core.drain` does the work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Index, Table, UniqueConstraint, bindparam, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doorbell, tenancy, trail
from core.errors import Conflict, Missing, Refused
from core.ids import new_id
from core.languages import _
from core.statements import Statement
from core.tenancy import Access, DistributorOwned, owned_by


class TaskState(StrEnum):
    """`unknown`: an outside call gave no clear answer; nothing is repeated before a look-up (QP3). `parked`:
    a person must act."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    PARKED = "parked"


OPEN = (TaskState.PENDING, TaskState.UNKNOWN)


class Task(DistributorOwned, db.Model):
    """Something that must happen, with everything that is known about it."""

    __tablename__ = "tasks"
    __access__ = Access(distributor="rcu", reseller="c", customer="c", public="c", door="rcu")
    __table_args__ = (
        UniqueConstraint("distributor_id", "key"),
        Index(
            "ix_tasks_queue",
            "distributor_id",
            "lane",
            "next_at",
            "id",
            postgresql_where=text("state IN ('pending', 'unknown')"),
        ),
        Index("ix_tasks_due", "next_at", postgresql_where=text("state IN ('pending', 'unknown')")),
        Index("ix_tasks_parked", "next_at", postgresql_where=text("state = 'parked'")),
        Index(
            "ix_tasks_lane",
            "distributor_id",
            "lane",
            "leased_until",
            postgresql_where=text("leased_until IS NOT NULL"),
        ),
    )

    kind: Mapped[str]
    key: Mapped[str | None]
    lane: Mapped[str]
    args: Mapped[dict[str, Any]]
    state: Mapped[TaskState]
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    intent_at: Mapped[datetime | None]
    intent_open: Mapped[bool] = mapped_column(default=False)
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")


class TaskAttempt(DistributorOwned, db.Model):
    """One intent and what came of it: committed before the call goes out."""

    __tablename__ = "task_attempts"
    __access__ = Access(distributor="rcu")
    __table_args__ = (owned_by("tasks", "task_id"), UniqueConstraint("distributor_id", "task_id", "number"))

    task_id: Mapped[UUID]
    number: Mapped[int]
    called_at: Mapped[datetime]
    fingerprint: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")


# --- Kinds --------------------------------------------------------------------------------------------------


class Repeat(StrEnum):
    """What may be done again after an unclear answer."""

    SAFE = "safe"
    LOOK_UP = "look_up"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Limits:
    """Timing of an outside call. settle > send_deadline + timeout + the longest processing time the other
    side documents (docs/decisions/0006-intent-and-fences.md). `slots` calls may be under way for one
    distributor, over all workers; `look_up` says whether the other side can be asked afterwards."""

    timeout: timedelta = timedelta(seconds=10)
    send_deadline: timedelta = timedelta(seconds=5)
    settle: timedelta = timedelta(seconds=20)
    slots: int = 8
    look_up: bool = True
    margin: timedelta = timedelta(seconds=5)

    @property
    def lease(self) -> timedelta:
        """How long a worker may keep a claimed task before another may look at it."""
        return self.timeout + self.send_deadline + self.margin


class Again(Exception):
    """Try again after `after`. `accepted`: the other side took it and works on it, so the next step is a
    look-up."""

    def __init__(self, after: timedelta, note: str, *, accepted: bool = False) -> None:
        super().__init__(note)
        self.after = after
        self.accepted = accepted


class NeedsPerson(Exception):
    """Only a person can go on; the task parks with this sentence."""


class Final(Exception):
    """The other side refuses for good; the task ends with this sentence."""


class Unclear(Exception):
    """Neither done nor failed: timeout, reset, 5xx, unreadable."""


def _nothing(_task: "Claimed", _note: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of task is done. `prepare` (in a transaction, as the distributor) reads rows and returns
    the values of the call, or None when nothing is left to do; `call` and `look_up` get these values, outside
    any transaction, in a pool thread; `record` (in a transaction) writes what came of it. `look_up` answers
    None for "absent". `gather` may read beforehand what a whole batch of them needs, for fewer round trips;
    both must do without. `alone`: its transaction takes locks that others wait for (a series of numbers), so
    no other task shares it. The `on_` hooks tell the owner of the task."""

    name: str
    repeat: Repeat
    prepare: Callable[["Claimed"], Any]
    call: Callable[[Any], Any] | None = None
    record: Callable[["Claimed", Any], None] | None = None
    look_up: Callable[[Any], Any] | None = None
    gather: Callable[[Sequence["Claimed"]], None] | None = None
    limits: Callable[[str], Limits] = lambda _lane: Limits()
    fingerprint: Callable[[Any], str] = lambda _values: ""
    on_unknown: Callable[["Claimed", str], None] = _nothing
    on_waiting: Callable[["Claimed", str], None] = _nothing
    on_parked: Callable[["Claimed", str], None] = _nothing
    on_refused: Callable[["Claimed", str], None] = _nothing
    alone: bool = False
    every: timedelta | None = None
    most_attempts: int = 12

    def repeats(self, lane: str) -> Repeat:
        """What may be repeated in this lane: what cannot be looked up there goes to a person (QP3)."""
        return (
            Repeat.NEVER if self.repeat is Repeat.LOOK_UP and not self.limits(lane).look_up else self.repeat
        )


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Makes a kind known; every kind states what may be repeated."""
    if kind.repeat is Repeat.LOOK_UP and kind.look_up is None:
        raise ValueError(f"{kind.name} repeats after a look-up but has none")
    KINDS[kind.name] = kind
    return kind


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task in a worker's hands."""

    distributor_id: UUID
    id: UUID
    kind: str
    lane: str
    args: Mapping[str, Any]
    attempts: int
    intent_at: datetime | None
    intent_open: bool
    offset: timedelta = timedelta()
    claimed_now: datetime | None = field(default=None)


# --- Writing tasks ------------------------------------------------------------------------------------------


def row(
    kind: str,
    args: Mapping[str, Any],
    *,
    key: str | None = None,
    lane: str = "",
    after: timedelta = timedelta(),
) -> dict[str, Any]:
    """The values of a new task, for a multi-row insert by a hot path."""
    now = db.session().info["now"]
    return {
        "distributor_id": tenancy.current().distributor_id,
        "id": new_id(),
        "kind": kind,
        "key": key,
        "lane": lane or kind,
        "args": dict(args),
        "state": TaskState.PENDING,
        "next_at": now + after,
        "created_at": now,
        "attempts": 0,
        "intent_open": False,
        "note": "",
    }


def add(
    kind: str,
    args: Mapping[str, Any],
    *,
    key: str | None = None,
    lane: str = "",
    after: timedelta = timedelta(),
) -> UUID:
    """Adds a task to this transaction and rings after its commit. A second task with the same key is a repeat
    and adds nothing."""
    values = row(kind, args, key=key, lane=lane, after=after)
    add_rows([values])
    return values["id"]


def add_rows(rows: list[dict[str, Any]]) -> None:
    """Adds tasks; a key that is there already is a repeat."""
    ADD.each([{f"new_{name}": value for name, value in new.items()} for new in rows])
    if rows:
        db.after_commit(doorbell.ring)


_tasks = cast(Table, Task.__table__)
_GIVEN = ["distributor_id", "id", "kind", "key", "lane", "args", "state", "next_at", "created_at"]
ADD = Statement(
    insert(_tasks)
    .values(
        {
            name: bindparam(f"new_{name}", type_=_tasks.c[name].type)
            for name in (*_GIVEN, "attempts", "intent_open", "note")
        }
    )
    .on_conflict_do_nothing()
)


def hurry() -> None:
    """What is done every so often is due now, not only when its time has come round; used when the business
    clock moved. One that a worker has in its hands is left alone."""
    rows = [row(kind.name, {}, key=f"every:{kind.name}") for kind in KINDS.values() if kind.every]
    if not rows:
        return
    now = db.session().info["now"]
    idle = or_(Task.leased_until.is_(None), Task.leased_until <= now)
    db.session().execute(
        insert(Task)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["distributor_id", "key"], set_={"next_at": now}, where=idle & Task.state.in_(OPEN)
        )
    )
    db.after_commit(doorbell.ring)


# --- What a person may do with a task -----------------------------------------------------------------------


class NotWaiting(Refused):
    """Only an open or parked task can be retried or resolved."""

    def __init__(self, state: str) -> None:
        super().__init__(_("This task is %(state)s; nothing is left to do.", state=state))


def find(task_id: UUID) -> Task:
    """The task, inside the scope."""
    task = db.session().scalar(select(Task).where(Task.id == task_id))
    if task is None:
        raise Missing("task")
    return task


class Busy(Conflict):
    """A worker has the task in its hands."""

    def __init__(self) -> None:
        super().__init__(_("A worker is at this right now. Please look again in a minute."))


def retry(task: Task, *, why: str = "", absent: bool = False) -> None:
    """Due again now. What an unclear attempt left open stays open: the worker still looks up first (QP3).
    `absent` is a person's word that they looked and the other side does not have it; where nothing can be
    looked up, only that allows another attempt."""
    _hold(task)
    if absent and not why.strip():
        raise Refused(_("Say how you know that the other side does not have it."))
    trail.write(task, "retried", why=why, was=task.state, absent=absent)
    still_open = task.intent_open and not absent
    db.session().execute(
        update(Task)
        .where(Task.id == task.id)
        .values(
            state=TaskState.UNKNOWN if still_open else TaskState.PENDING,
            intent_open=still_open,
            next_at=db.session().info["now"],
        )
    )
    db.after_commit(doorbell.ring)


def close(task: Task, state: TaskState, *, why: str) -> None:
    """Resolved by hand, with the reason in the trail."""
    _hold(task)
    trail.write(task, f"resolved by hand: {state}", why=why, was=task.state)
    db.session().execute(
        update(Task)
        .where(Task.id == task.id)
        .values(
            state=state, finished_at=db.session().info["now"], note=why, leased_until=None, leased_by=None
        )
    )


def by_hand(task: Task) -> Claimed:
    """A task as its kind's functions take it, for what a person decides: it is recorded like a worker's."""
    return Claimed(
        task.distributor_id,
        task.id,
        task.kind,
        task.lane,
        task.args,
        task.attempts,
        task.intent_at,
        task.intent_open,
    )


def _hold(task: Task) -> None:
    """Locks the row against workers and looks afresh: only what waits may be changed by a person."""
    db.session().refresh(task, with_for_update=True)
    if task.state not in (*OPEN, TaskState.PARKED):
        raise NotWaiting(task.state)
    if task.leased_until is not None and task.leased_until > db.session().info["now"]:
        raise Busy
