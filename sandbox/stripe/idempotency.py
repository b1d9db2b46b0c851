"""Idempotency keys, as Stripe keeps them: the first answer of a key, good or bad, is given again for 24
hours; a changed request under the same key and one that arrives while the first still runs are refused."""

import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from .refusals import Json, key_in_use, key_reused
from .store import Act

KEPT_FOR = 24 * 3600


@dataclass(frozen=True)
class Saved:
    status: int
    body: str
    request_id: str


def fingerprint(method: str, path: str, pairs: list[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps([method, path, sorted(pairs)]).encode()).hexdigest()


def recall(act: Act, mark: str) -> Saved | None:
    row = act.db.execute(
        "SELECT * FROM idempotency WHERE account = ? AND key = ? AND saved > ?",
        (act.account, act.idempotency_key, act.now - KEPT_FOR),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != mark:
        raise key_reused(act.idempotency_key or "")
    return Saved(row["status"], row["body"], row["request_id"])


def save(act: Act, mark: str, status: int, body: Json) -> None:
    act.db.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)",
        (act.account, act.idempotency_key, mark, status, json.dumps(body), act.request_id, act.now),
    )


class KeysInUse:
    """Keys whose first request still runs: in memory only, so that a killed sandbox leaves none behind."""

    def __init__(self) -> None:
        self.held: set[tuple[str, str]] = set()
        self.guard = threading.Lock()

    @contextmanager
    def hold(self, account: str, key: str | None) -> Generator[None]:
        if key is None:
            yield
            return
        with self.guard:
            if (account, key) in self.held:
                raise key_in_use(key)
            self.held.add((account, key))
        try:
            yield
        finally:
            with self.guard:
                self.held.discard((account, key))
