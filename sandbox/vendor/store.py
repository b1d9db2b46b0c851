"""What the vendor remembers, in SQLite: it survives kill -9 at any moment (a write-ahead log; an answer is
given only after the commit). One connection under one lock is enough for some thousand writes a second.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.vendor import effects

SCHEMA = Path(__file__).with_name("schema.sql")
FORGETTING = (
    "DELETE FROM licences",
    "DELETE FROM subscriptions",
    "DELETE FROM tenants",
    "DELETE FROM operations",
    "DELETE FROM purchases",
    "DELETE FROM moods",
    "DELETE FROM offering",
    "DELETE FROM luck",
)


@dataclass(frozen=True)
class Operation:
    """A request that was taken: `asked` is what it wants, `result` what came of it (empty while working)."""

    n: int
    reference: str
    kind: str
    asked: dict[str, Any]
    state: str
    will_fail: str
    result: dict[str, Any]


class Store:
    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # NORMAL survives the death of the process, which is what we are tested with; not the loss of power.
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._db.executescript(SCHEMA.read_text())

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """All or nothing, one writer at a time; may be nested."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._db.execute(statement, values)]

    def take(
        self,
        reference: str,
        kind: str,
        asked: dict[str, Any],
        *,
        delay: float = 0.0,
        hidden: float = 0.0,
        will_fail: str = "",
    ) -> Operation:
        """Take a request: do it now, or after `delay` seconds; look-ups see it after `hidden` seconds."""
        now = time.time()
        values = (reference, kind, json.dumps(asked), now + delay, now + hidden, will_fail)
        with self.writing() as db:
            n = db.execute(
                "INSERT INTO operations"
                " (reference, kind, asked, state, due_at, visible_at, will_fail, result)"
                " VALUES (?, ?, ?, 'working', ?, ?, ?, '{}')",
                values,
            ).lastrowid
            operation = Operation(n or 0, reference, kind, asked, "working", will_fail, {})
            return operation if delay else self._finish(operation)

    def finish_due(self) -> None:
        """Do the late work whose time has come, also work that was taken before a crash."""
        with self._lock:
            due = self.rows("SELECT * FROM operations WHERE state = 'working' AND due_at <= ?", time.time())
            for row in due:
                self._finish(_operation(row))

    def taken(self, reference: str, *, bought: bool, even_hidden: bool = False) -> Operation | None:
        """The first purchase, or else the first other request, under this reference as a look-up sees it."""
        self.finish_due()
        found = self.rows(
            "SELECT * FROM operations WHERE reference = ? AND (kind = 'provision') = ?"
            " AND (visible_at <= ? OR ?) ORDER BY n LIMIT 1",
            reference,
            bought,
            time.time(),
            even_hidden,
        )
        return _operation(found[0]) if found else None

    def forget_everything(self) -> None:
        with self.writing() as db:
            for statement in FORGETTING:
                db.execute(statement)

    def _finish(self, operation: Operation) -> Operation:
        with self.writing() as db:
            try:
                if operation.will_fail:
                    raise effects.Impossible("failed", operation.will_fail)
                state, result = "done", effects.take(db, operation.reference, operation.kind, operation.asked)
            except effects.Impossible as no:
                state, result = "failed", {"code": no.code, "message": str(no)}
            db.execute(
                "UPDATE operations SET state = ?, result = ? WHERE n = ?",
                (state, json.dumps(result), operation.n),
            )
        return replace(operation, state=state, result=result)


def _operation(row: dict[str, Any]) -> Operation:
    return Operation(
        n=row["n"],
        reference=row["reference"],
        kind=row["kind"],
        asked=json.loads(row["asked"]),
        state=row["state"],
        will_fail=row["will_fail"],
        result=json.loads(row["result"]),
    )
