"""The net under the doorbell: every 0.3 s it looks for tasks that are due and rings. It holds no state; any
number may run."""

import signal
import time
from types import FrameType

import structlog
from sqlalchemy.exc import DBAPIError

from core import claims, db, doorbell, doors, tasks

log = structlog.get_logger("dispatcher")

LOOK = 0.3


def run() -> None:
    """Looks and rings until SIGTERM or SIGINT; survives a database or Redis that is away."""
    going = True

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ensured = 0.0
    while going:
        try:
            if time.monotonic() - ensured > 30 or not ensured:
                doors.call(
                    claims.PERIODIC, {"kinds": [name for name, kind in tasks.KINDS.items() if kind.every]}
                )
                ensured = time.monotonic()
            look()
        except DBAPIError as error:
            log.warning("dispatcher.database_away", error=str(error.orig))
            db.engine().dispose()
            time.sleep(0.5)
        time.sleep(LOOK)


def look() -> int:
    """Rings once per waiting task, up to what the bell takes; says how many were due."""
    row = doors.call(claims.DUE, {})
    due = int(row.due) if row else 0
    for _ in range(min(due, doorbell.ENOUGH)):
        doorbell.ring()
    return due
