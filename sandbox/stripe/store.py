"""The sandbox's memory: one SQLite file in WAL mode, so that a sandbox killed at any instant goes on where
its last answered request left it. Objects are kept as the JSON that the API shows, beside private facts that
it does not."""

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .refusals import Json, missing_object

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, kind TEXT NOT NULL,
    created INTEGER NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (account, kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_payment
    ON objects (account, kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS open_sessions ON objects (json_extract(body, '$.expires_at'))
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, seen REAL NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request_id TEXT NOT NULL, saved REAL NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, event TEXT NOT NULL, endpoint TEXT NOT NULL,
    state TEXT NOT NULL, due_at REAL NOT NULL, rank INTEGER NOT NULL, age INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, answer TEXT);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at, rank) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS moods (account TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT, method TEXT NOT NULL, path TEXT NOT NULL,
    query TEXT NOT NULL, form TEXT NOT NULL, headers TEXT NOT NULL,
    status INTEGER NOT NULL, answer TEXT NOT NULL);
"""
LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length))


@dataclass
class Act:
    """One transaction: whose it is, the one instant it happens at, and what it reads and writes."""

    db: sqlite3.Connection
    account: str
    now: float
    base_url: str = ""
    request_id: str | None = None
    idempotency_key: str | None = None
    webhook_mood: Json = field(default_factory=dict[str, Any])

    @property
    def second(self) -> int:
        return int(self.now)

    def add(self, thing: Json, private: Json | None = None) -> Json:
        self.db.execute(
            "INSERT INTO objects (id, account, kind, created, body, private) VALUES (?, ?, ?, ?, ?, ?)",
            (
                thing["id"],
                self.account,
                thing["object"],
                thing["created"],
                json.dumps(thing),
                json.dumps(private or {}),
            ),
        )
        return thing

    def save(self, thing: Json, private: Json | None = None) -> Json:
        self.db.execute("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(thing), thing["id"]))
        if private is not None:
            self.db.execute("UPDATE objects SET private = ? WHERE id = ?", (json.dumps(private), thing["id"]))
        return thing

    def remove(self, thing: Json) -> None:
        self.db.execute("DELETE FROM objects WHERE id = ?", (thing["id"],))

    def find(self, kind: str, object_id: str) -> Json | None:
        row = self.db.execute(
            "SELECT body FROM objects WHERE id = ? AND account = ? AND kind = ?",
            (object_id, self.account, kind),
        ).fetchone()
        return json.loads(row["body"]) if row else None

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        thing = self.find(kind, object_id)
        if thing is None:
            raise missing_object(kind, object_id, param)
        return thing

    def private(self, object_id: str) -> Json:
        row = self.db.execute("SELECT private FROM objects WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row["private"])

    def every(self, kind: str) -> list[Json]:
        rows = self.db.execute(
            "SELECT body FROM objects WHERE account = ? AND kind = ? ORDER BY seq", (self.account, kind)
        )
        return [json.loads(row["body"]) for row in rows]


class Store:
    """Opens transactions on the file; idle connections are kept, as closing the last one would rewrite the
    WAL."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / "stripe.sqlite3"
        self.idle: list[sqlite3.Connection] = []
        self.guard = threading.Lock()
        with self.connection() as db, closing(db.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.executescript(SCHEMA)

    @contextmanager
    def connection(self) -> Generator[sqlite3.Connection]:
        with self.guard:
            db = self.idle.pop() if self.idle else None
        db = db or self._open()
        try:
            yield db
        finally:
            if db.in_transaction:
                db.rollback()
            with self.guard:
                self.idle.append(db)

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=20, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    @contextmanager
    def act(self, account: str = "", **facts: Any) -> Generator[Act]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        with self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            yield Act(db, account, time.time(), **facts)
            db.execute("COMMIT")

    @contextmanager
    def look(self, account: str = "") -> Generator[Act]:
        """A transaction that only reads, and so waits for nobody."""
        with self.connection() as db:
            db.execute("BEGIN")
            yield Act(db, account, time.time())
