"""What follows from an answer, as rows of one transaction: done, tried again later, looked up, parked for a
person, refused. The rule that everything here serves: while an intent is open (asked, but no clear
answer), nothing may close it but a clear answer of the other side or a person's word (QP3)."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID, uuid4

import structlog
from sqlalchemy import ARRAY, Table, Uuid, any_, bindparam, func, insert, or_, select, update

from core import db
from core.statements import Statement
from core.tasks import (
    OPEN,
    Again,
    Claimed,
    Final,
    Kind,
    NeedsPerson,
    Repeat,
    Task,
    TaskAttempt,
    TaskState,
    Unclear,
)

log = structlog.get_logger("drain")

BACK_OFF = [timedelta(seconds=s) for s in (1, 2, 5, 15, 30, 60, 120, 300, 900, 1800, 3600)]
ALARM = timedelta(minutes=5)  # an attempt that is unclear for longer is a person's business too (QP4)

Step = Literal["call", "look_up"]
Phase = Literal["prepare", "call", "look_up"]

_tasks, _attempts = cast(Table, Task.__table__), cast(Table, TaskAttempt.__table__)
_IS_OPEN = or_(*(_tasks.c.state == state for state in OPEN))  # no IN: its length is not known beforehand
OURS = Statement(
    select(Task.id)
    .where(
        Task.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        Task.leased_by == bindparam("worker"),
        _IS_OPEN,
    )
    .order_by(Task.id)
    .with_for_update()
)
ATTEMPT = Statement(
    insert(_attempts).values(
        {
            name: bindparam(f"new_{name}", type_=_attempts.c[name].type)
            for name in _attempts.c.keys()  # noqa: SIM118 not a dict
            if name != "answered_at"
        }
    )
)
INTENT = Statement(
    update(_tasks)
    .where(_tasks.c.id == bindparam("t"))
    .values(
        intent_at=bindparam("at"), intent_open=True, attempts=bindparam("n"), leased_until=bindparam("until")
    )
)
OUTCOME = Statement(
    update(_tasks)
    .where(_tasks.c.id == bindparam("t"), _IS_OPEN)
    .values(
        state=bindparam("to"),
        next_at=bindparam("next"),
        attempts=func.greatest(_tasks.c.attempts, bindparam("n")),
        intent_open=bindparam("open"),
        finished_at=bindparam("finished"),
        note=bindparam("words"),
        leased_until=None,
        leased_by=None,
    )
)
ANSWER = Statement(
    update(_attempts)
    .where(_attempts.c.task_id == bindparam("t"), _attempts.c.number == bindparam("n"))
    .values(answered_at=bindparam("at"), outcome=bindparam("o"), note=bindparam("words"))
)


class Changes:
    """Changes to several tasks, written in as few statements as they need. The rows are locked first; those
    that are no longer this worker's are fenced: a clear "done" is true whoever holds the task, everything
    else counts only from the one who does."""

    def __init__(self, worker: UUID, task_ids: Iterable[UUID]) -> None:
        self.mine: set[UUID] = {row[0] for row in OURS.rows(ids=list(task_ids), worker=worker)}
        self.now: datetime = db.session().info["now"]
        self._attempts: list[dict[str, Any]] = []
        self._intents: list[dict[str, Any]] = []
        self._answers: list[dict[str, Any]] = []
        self._outcomes: list[dict[str, Any]] = []

    # --- Before a call ---

    def intend(self, kind: Kind, task: Claimed, values: Any) -> int:
        """Notes that a call will be made; the attempt's number. The lease begins anew with the intent."""
        number = task.attempts + 1
        self._attempts.append(
            {
                "distributor_id": task.distributor_id,
                "id": uuid4(),
                "task_id": task.id,
                "number": number,
                "called_at": self.now,
                "fingerprint": kind.fingerprint(values),
                "outcome": "",
                "note": "",
            }
        )
        self._intents.append(
            {"t": task.id, "at": self.now, "n": number, "until": self.now + kind.limits(task.lane).lease}
        )
        return number

    def unknown_kind(self, task: Claimed) -> None:
        """Written by newer code than ours (QC6): left as it is to a worker that knows it."""
        to = TaskState.UNKNOWN if task.intent_open else TaskState.PENDING
        self._end(
            task,
            task.attempts,
            to,
            timedelta(seconds=30),
            f"This version does not know {task.kind!r}.",
            task.intent_open,
        )

    # --- After an answer ---

    def finish(self, kind: Kind, task: Claimed, number: int) -> None:
        """Done; what happens every so often is due again."""
        if not kind.every:
            self._end(task, number, TaskState.DONE, None, "", False)
        elif task.id in self.mine:
            self._end(task, number, TaskState.PENDING, kind.every, "", False)

    def absent(self, kind: Kind, task: Claimed, number: int) -> None:
        """A look-up found nothing: believed only once everything that was sent must have taken effect
        (SETTLE)."""
        if task.id not in self.mine:
            return
        if left := unsettled(kind, task):
            note = "Looked up: not there yet. It is looked up again before anything is repeated."
            self.tell(kind.on_unknown, task, note)
            self._end(task, number, TaskState.UNKNOWN, left, note, True)
            return
        self._answer(task, number, "absent", "Looked up: the other side does not have it.")
        self._end(task, number, TaskState.PENDING, None, "Looked up: absent. Asking again.", False)

    def not_sent(self, task: Claimed, number: int, why: str) -> None:
        """The intent came to nothing: clear, because we know that nothing left this process."""
        self._answer(task, number, "not sent", why)
        if task.id in self.mine:
            self._end(task, number, TaskState.PENDING, None, why, False)

    def found(self, task: Claimed, number: int, step: Step) -> None:
        """The attempt's own line: it was done."""
        self._answer(task, number, "done" if step == "call" else "found", "")

    def said(self, kind: Kind, task: Claimed, number: int, phase: Phase, error: Exception) -> None:
        """An exception in the words of the task contract; anything else is unclear."""
        note = describe(error)
        was_open = phase == "look_up" or (phase == "prepare" and task.intent_open)
        if phase != "prepare":
            self._answer(task, number, _word(error), note)
        if task.id not in self.mine:
            log.warning("task.fenced", kind=kind.name, task=str(task.id), note=note)
        elif isinstance(error, Again):
            self.again(kind, task, number, error.after, note, was_open or error.accepted)
        elif isinstance(error, NeedsPerson) or (isinstance(error, Final) and phase == "prepare" and was_open):
            self.park(kind, task, number, note, was_open)
        elif isinstance(error, Final):
            self.tell(kind.on_refused, task, note)
            self._end(task, number, TaskState.REFUSED, None, note, False)
        elif (
            phase == "prepare"
        ):  # a bug in our code: nothing was sent; it is tried again and then shown to a person
            self.again(kind, task, number + 1, None, note, was_open)
        else:
            self._unclear(kind, task, number, note)

    def again(
        self, kind: Kind, task: Claimed, number: int, after: timedelta | None, note: str, still_open: bool
    ) -> None:
        """Due again later. What happens every so often never stops; all else is parked after too many
        attempts."""
        if after is None and number >= kind.most_attempts and not kind.every:
            self.park(kind, task, number, note, still_open)
            return
        wait_for = after or min(back_off(number), kind.every or BACK_OFF[-1])
        overdue = still_open and task.intent_at is not None and self.now - task.intent_at > ALARM
        self.tell(kind.on_unknown if overdue else kind.on_waiting, task, note)
        self._end(
            task, number, TaskState.UNKNOWN if still_open else TaskState.PENDING, wait_for, note, still_open
        )

    def park(self, kind: Kind, task: Claimed, number: int, note: str, still_open: bool) -> None:
        """Only a person can go on."""
        self.tell(kind.on_parked, task, note)
        self._end(task, number, TaskState.PARKED, None, note, still_open)

    def _unclear(self, kind: Kind, task: Claimed, number: int, note: str) -> None:
        repeat = kind.repeats(task.lane)
        if repeat is Repeat.SAFE:
            self.again(kind, task, number, None, note, False)
        elif repeat is Repeat.NEVER or number >= kind.most_attempts:
            self.park(kind, task, number, note, True)
        else:
            self.tell(kind.on_unknown, task, note)
            self._end(task, number, TaskState.UNKNOWN, back_off(number), note, True)

    def tell(self, hook: Callable[[Claimed, str], None], task: Claimed, note: str) -> None:
        """The owner's hook must not lose the outcome: an error in it is logged and shown by `doctor`."""
        try:
            with db.savepoint():
                hook(task, note)
        except Exception:
            log.exception("task.hook_failed", kind=task.kind, task=str(task.id))

    # --- Rows ---

    def _end(
        self, task: Claimed, number: int, to: TaskState, after: timedelta | None, note: str, still_open: bool
    ) -> None:
        terminal = to in (TaskState.DONE, TaskState.REFUSED)
        self._outcomes.append(
            {
                "t": task.id,
                "n": number,
                "to": to,
                "next": self.now + (after or timedelta()),
                "open": still_open,
                "finished": self.now if terminal else None,
                "words": note[:2000],
            }
        )

    def _answer(self, task: Claimed, number: int, outcome: str, note: str) -> None:
        self._answers.append({"t": task.id, "n": number, "at": self.now, "o": outcome, "words": note[:2000]})

    def write(self) -> None:
        """Sends it all."""
        db.flush()
        ATTEMPT.each([{f"new_{name}": value for name, value in row.items()} for row in self._attempts])
        INTENT.each(self._intents)
        ANSWER.each(self._answers)
        OUTCOME.each(self._outcomes)


def unsettled(kind: Kind, task: Claimed) -> timedelta | None:
    """What is left of the settle wait since the last intent, counted from before the look-up; None when it is
    over."""
    if task.intent_at is None or task.claimed_now is None:
        return None
    left = task.intent_at + kind.limits(task.lane).settle - task.claimed_now
    return left if left > timedelta() else None


def back_off(attempt: int) -> timedelta:
    """Growing wait with jitter, so that what failed together does not return together."""
    base = BACK_OFF[min(max(attempt, 1), len(BACK_OFF)) - 1]
    return base * random.uniform(0.9, 1.2)  # noqa: S311 jitter is no secret


def describe(error: BaseException) -> str:
    """The sentence of an outcome; bugs show their type."""
    words = str(error)
    known = isinstance(error, Again | NeedsPerson | Final | Unclear)
    return words if known and words else f"{type(error).__name__}: {words}"


def _word(error: Exception) -> str:
    match error:
        case Again():
            return "accepted" if error.accepted else "later"
        case NeedsPerson():
            return "needs a person"
        case Final():
            return "refused"
        case _:
            return "unclear"
