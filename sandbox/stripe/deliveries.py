"""Webhook deliveries: rows that wait for their time, sent signed by a few threads until the receiver says
2xx, with a growing pause between tries. They are rows so that a killed sandbox goes on with what it still
owes."""

import hashlib
import hmac
import http.client
import json
import logging
import math
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from .moods import Moods
from .refusals import Json
from .store import Act, Store

FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.5, 60.0, 10.0
LOOK_EVERY = 0.25
THREADS = 8
log = logging.getLogger(__name__)


def enqueue(act: Act, event: str, endpoints: list[str]) -> None:
    """Queue an event for its endpoints as the account's mood says."""
    mood = act.webhook_mood
    mode, seconds = mood.get("mode", "normal"), float(mood.get("seconds", 0))
    due_at, backwards = act.now, mode == "out_of_order"
    if mode == "delayed":
        due_at += seconds
    if backwards:
        # What happens within one window comes out of it last first.
        due_at = (math.floor(act.now / max(seconds, 0.1)) + 1) * max(seconds, 0.1)
    state = "dropped" if mode == "dropped" else "waiting"
    for endpoint in endpoints:
        for _ in range(int(mood.get("copies", 2)) if mode == "duplicate" else 1):
            add(act, event, endpoint, due_at, state=state, backwards=backwards)


def add(
    act: Act,
    event: str,
    endpoint: str,
    due_at: float,
    *,
    state: str = "waiting",
    backwards: bool = False,
    age: int = 0,
) -> int:
    cursor = act.db.execute(
        "INSERT INTO deliveries (account, event, endpoint, state, due_at, rank, age) "
        "VALUES (?, ?, ?, ?, ?, 0, ?)",
        (act.account, event, endpoint, state, due_at, age),
    )
    row = cursor.lastrowid or 0
    act.db.execute("UPDATE deliveries SET rank = ? WHERE id = ?", (-row if backwards else row, row))
    return row


def waiting_for(act: Act, event: str) -> int:
    row = act.db.execute(
        "SELECT count(*) FROM deliveries WHERE event = ? AND state = 'waiting'", (event,)
    ).fetchone()
    return row[0]


def give_up(act: Act, endpoint: str) -> None:
    act.db.execute(
        "UPDATE deliveries SET state = 'cancelled' WHERE endpoint = ? AND state = 'waiting'", (endpoint,)
    )


def pause_after(attempts: int) -> float:
    return min(FIRST_PAUSE * 2 ** min(attempts, 12), LONGEST_PAUSE)


def signature(payload: str, secret: str, moment: int) -> str:
    """The Stripe-Signature header (https://docs.stripe.com/webhooks#verify-manually)."""
    mac = hmac.new(secret.encode(), f"{moment}.{payload}".encode(), hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


@dataclass(frozen=True)
class Parcel:
    """All that a sending thread needs: it holds no transaction while it waits for the receiver."""

    delivery: int
    endpoint: str
    url: str
    secret: str
    payload: str
    age: int
    attempts: int


def post(parcel: Parcel) -> int:
    """Send and return the receiver's status; a redirect is a failure, as it is for Stripe."""
    parts = urlsplit(parcel.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (sandbox)",
            "Stripe-Signature": signature(parcel.payload, parcel.secret, int(time.time()) - parcel.age),
        }
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, parcel.payload.encode(), headers)
        return connection.getresponse().status
    finally:
        connection.close()


class Postman:
    """Sends what is due, at most `parallel` (a mood) at once to one endpoint; with 1, strictly in order of
    due time."""

    def __init__(self, store: Store, moods: Moods) -> None:
        self.store, self.moods = store, moods
        self.bell = threading.Condition()
        self.in_flight: dict[int, tuple[str, str]] = {}
        self.guard = threading.Lock()

    def start(self) -> None:
        for number in range(THREADS):
            threading.Thread(target=self.work, name=f"postman-{number}", daemon=True).start()

    def ring(self) -> None:
        with self.bell:
            self.bell.notify_all()

    def work(self) -> None:
        while True:
            try:
                parcel = self.claim()
                if parcel is None:
                    with self.bell:
                        self.bell.wait(LOOK_EVERY)
                else:
                    self.deliver(parcel)
            except Exception:
                # One broken row or a busy file must not end deliveries for good.
                log.exception("a webhook delivery went wrong inside the sandbox")
                time.sleep(1)

    def claim(self) -> Parcel | None:
        with self.guard, self.store.connection() as db:
            full = self.full_endpoints()
            rows = db.execute(
                "SELECT id, account, endpoint, event, age, attempts FROM deliveries "
                "WHERE state = 'waiting' AND due_at <= ? "
                "AND endpoint NOT IN (SELECT value FROM json_each(?)) "
                "ORDER BY due_at, rank LIMIT ?",
                (time.time(), json.dumps(full), len(self.in_flight) + 1),
            )
            for row in rows:
                if row["id"] not in self.in_flight:
                    self.in_flight[row["id"]] = (row["account"], row["endpoint"])
                    return self.parcel(db, row)
            return None

    def full_endpoints(self) -> list[str]:
        busy = Counter(self.in_flight.values())
        return [
            endpoint
            for (account, endpoint), count in busy.items()
            if count >= self.moods.of(account)["webhooks"]["parallel"]
        ]

    @staticmethod
    def parcel(db: sqlite3.Connection, row: sqlite3.Row) -> Parcel:
        event = db.execute("SELECT body FROM objects WHERE id = ?", (row["event"],)).fetchone()["body"]
        place = db.execute("SELECT body, private FROM objects WHERE id = ?", (row["endpoint"],)).fetchone()
        # An endpoint may have been deleted since the commit that queued: then nobody is called.
        endpoint: Json = json.loads(place["body"]) if place else {"url": ""}
        secret: str = json.loads(place["private"])["secret"] if place else ""
        return Parcel(row["id"], row["endpoint"], endpoint["url"], secret, event, row["age"], row["attempts"])

    def deliver(self, parcel: Parcel) -> None:
        try:
            status = post(parcel)
            self.note(parcel, str(status), delivered=200 <= status < 300)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self.note(parcel, f"{type(problem).__name__}: {problem}"[:200], delivered=False)
        finally:
            with self.guard:
                self.in_flight.pop(parcel.delivery, None)
            self.ring()

    def note(self, parcel: Parcel, answer: str, *, delivered: bool) -> None:
        with self.store.act() as act:
            act.db.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, answer = ?, due_at = ? "
                "WHERE id = ? AND state = 'waiting'",
                (
                    "delivered" if delivered else "waiting",
                    answer,
                    act.now if delivered else act.now + pause_after(parcel.attempts),
                    parcel.delivery,
                ),
            )
            if not delivered:
                self._lose_patience(act, parcel)

    def _lose_patience(self, act: Act, parcel: Parcel) -> None:
        """Stripe switches an endpoint off that has failed for days; in this mood `copies` failures do."""
        owner = act.db.execute("SELECT account FROM objects WHERE id = ?", (parcel.endpoint,)).fetchone()
        if owner is None:
            return
        mood = self.moods.of(owner["account"])["webhooks"]
        if mood["mode"] != "disable_on_failure" or parcel.attempts + 1 < mood["copies"]:
            return
        mine = Act(act.db, owner["account"], act.now)
        endpoint = mine.get("webhook_endpoint", parcel.endpoint)
        mine.save({**endpoint, "status": "disabled"})
        give_up(mine, parcel.endpoint)
