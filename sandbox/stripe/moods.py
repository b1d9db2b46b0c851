"""How an account's Stripe behaves today: its webhooks may come twice, late, in reverse or never, its API may
be down, slow, or answer 500 after having done the work. Kept in the store, so that a restart does not cure
it."""

import json
import threading
from typing import Any, cast

from .refusals import Json
from .store import Store

EVERYONE = "*"
WEBHOOKS = ("normal", "duplicate", "delayed", "out_of_order", "dropped", "disable_on_failure")
API = ("normal", "down", "slow", "commit_then_500", "commit_then_hang_up")
CALM: Json = {
    "webhooks": {"mode": "normal", "copies": 2, "seconds": 2.0, "parallel": 1},
    "api": {"mode": "normal", "seconds": 3.0},
}


class BadMood(ValueError):
    """A mood that the sandbox does not have; the message says which ones there are."""


class Moods:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.guard = threading.Lock()
        with store.act() as act:
            rows = act.db.execute("SELECT account, body FROM moods")
            self.known: dict[str, Json] = {row["account"]: json.loads(row["body"]) for row in rows}

    def of(self, account: str) -> Json:
        return self.known.get(account) or self.known.get(EVERYONE) or CALM

    def set(self, account: str, wanted: Json) -> Json:
        """Change the named parts of an account's mood; `*` is every account, and forgets their own moods."""
        mood = {part: {**self.of(account)[part], **change(part, wanted.get(part, {}))} for part in CALM}
        with self.guard, self.store.act() as act:
            if account == EVERYONE:
                act.db.execute("DELETE FROM moods")
                self.known.clear()
            act.db.execute("INSERT OR REPLACE INTO moods VALUES (?, ?)", (account, json.dumps(mood)))
            self.known[account] = mood
        return mood


def change(part: str, wanted: Any) -> Json:
    """`"dropped"` or `{"mode": "duplicate", "copies": 3}` -> checked values."""
    given: Any = {"mode": wanted} if isinstance(wanted, str) else wanted
    allowed = WEBHOOKS if part == "webhooks" else API
    if not isinstance(given, dict) or set(cast(Json, given)) - set(CALM[part]):
        raise BadMood(f"{part} takes a mode or an object with {', '.join(CALM[part])}.")
    chosen = cast(Json, given)
    if chosen.get("mode", "normal") not in allowed:
        raise BadMood(f"{part} can be {', '.join(allowed)}.")
    try:
        return {name: type(CALM[part][name])(value) for name, value in chosen.items()}
    except (TypeError, ValueError):
        raise BadMood(f"{part}: copies and parallel are whole numbers, seconds a number.") from None
