"""How the vendor behaves: a list of moods, each for everything, for one SKU or for references that begin
somehow, each with a chance. The narrowest scope that has a mood for a call decides; what chance leaves over
is the good mood.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeVar, cast, get_args

from sandbox.vendor.store import Store

Kind = Literal[
    "instant",
    "slow",  # does it after so many seconds
    "timeout_after_success",  # does it at once, answers after so many seconds
    "error_500_before",
    "error_500_after",
    "garble",  # does it, answers 200 with something unreadable
    "commit_late",  # answers 500 (or hangs up) and does it after so many seconds
    "rate_limit",  # 429, come back after so many seconds
    "busy",  # 503, not taken, come back after so many seconds
    "accept_202",  # works on it for so many seconds; with a message, fails then
    "refuse",
    "inquire",
    "down",  # hangs up without an answer
    "search_lag",  # does it, but a look-up sees it only after so many seconds
]
KINDS: tuple[str, ...] = get_args(Kind)
CallType = Literal["mutations", "look_ups", "checks", "definitions", "all"]
Scope = Literal["global", "sku", "reference"]
Value = TypeVar("Value")
NARROWEST_FIRST: tuple[Scope, ...] = ("reference", "sku", "global")


class BadMood(ValueError):
    """What was posted is not a mood; the message says what is wrong."""


@dataclass(frozen=True)
class Mood:
    """`lag` hides the effect from look-ups for so many seconds in any mood; `times` is how often it may still
    show (None: for ever)."""

    kind: Kind = "instant"
    scope: Scope = "global"
    of: str = ""
    seconds: float = 0.0
    lag: float = 0.0
    chance: float = 1.0
    times: int | None = None
    message: str = ""
    on: CallType = "mutations"
    hang_up: bool = False

    def applies(self, call_type: CallType, reference: str, skus: set[str]) -> bool:
        if self.on not in ("all", call_type) or self.times == 0:
            return False
        match self.scope:
            case "reference":
                return reference.startswith(self.of)
            case "sku":
                return self.of in skus
            case "global":
                return True


@dataclass(frozen=True)
class Settings:
    """`idempotent`: whether a repeated reference is recognised. `seed` makes chance repeatable."""

    idempotent: bool = False
    seed: int = 0
    moods: tuple[Mood, ...] = field(default_factory=tuple[Mood, ...])


class Moods:
    """The settings, kept in the store, and the choice for each call."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        kept = store.rows("SELECT content FROM moods")
        self.settings = read(json.loads(kept[0]["content"])) if kept else Settings()

    def adopt(self, settings: Settings) -> None:
        with self._lock:
            self._keep(settings)
            with self._store.writing() as db:
                db.execute("DELETE FROM luck")

    def choose(self, call_type: CallType, reference: str, skus: set[str]) -> Mood:
        with self._lock:
            fitting = self._fitting(call_type, reference, skus)
            if not fitting:
                return Mood()
            # Drawn from seed, reference and count, so that racing threads do not change anybody's luck. The
            # count outlives the process: who is killed again and again would else draw the same lot for ever.
            lot = f"{self.settings.seed}:{reference}:{self._count(reference)}"
            mood = _drawn(fitting, int.from_bytes(hashlib.sha256(lot.encode()).digest()[:6]) / 2**48)
            if mood.times is not None:
                self._use_up(mood)
            return mood

    def _fitting(self, call_type: CallType, reference: str, skus: set[str]) -> list[Mood]:
        applying = [mood for mood in self.settings.moods if mood.applies(call_type, reference, skus)]
        for scope in NARROWEST_FIRST:
            found = [mood for mood in applying if mood.scope == scope]
            if found:
                return found
        return []

    def _count(self, reference: str) -> int:
        with self._store.writing() as db:
            [(calls,)] = db.execute(
                "INSERT INTO luck (reference, calls) VALUES (?, 1)"
                " ON CONFLICT (reference) DO UPDATE SET calls = calls + 1 RETURNING calls",
                [reference],
            ).fetchall()
        return int(calls)

    def _use_up(self, used: Mood) -> None:
        moods = list(self.settings.moods)
        at = moods.index(used)
        moods[at] = replace(used, times=(used.times or 1) - 1)
        self._keep(replace(self.settings, moods=tuple(moods)))

    def _keep(self, settings: Settings) -> None:
        content = json.dumps(asdict(settings))
        with self._store.writing() as db:
            db.execute(
                "INSERT INTO moods (id, content) VALUES (1, ?)"
                " ON CONFLICT (id) DO UPDATE SET content = excluded.content",
                [content],
            )
        self.settings = settings


def read(posted: Mapping[str, Any]) -> Settings:
    """Settings from JSON; BadMood says what is wrong with it."""
    _refuse_unknown(posted, {"idempotent", "seed", "moods"})
    moods: list[Any] = _one_of(list, posted, "moods", [])
    settings = Settings(
        idempotent=_one_of(bool, posted, "idempotent", False),
        seed=_one_of(int, posted, "seed", 0),
        moods=tuple(read_mood(each) for each in moods),
    )
    for scope in NARROWEST_FIRST:
        if sum(mood.chance for mood in settings.moods if mood.scope == scope and mood.chance < 1) > 1:
            raise BadMood(f"The chances of scope “{scope}” add up to more than 1.")
    return settings


def read_mood(posted: Any) -> Mood:
    if not isinstance(posted, dict):
        raise BadMood("A mood is an object.")
    given = cast("dict[str, Any]", posted)
    _refuse_unknown(given, set(Mood.__dataclass_fields__))
    for name, choices in (("kind", get_args(Kind)), ("scope", get_args(Scope)), ("on", get_args(CallType))):
        if name in given and given[name] not in choices:
            raise BadMood(f"“{name}” is one of: {', '.join(choices)}.")
    seconds, lag, chance = (
        _number(given, name, usual) for name, usual in (("seconds", 0), ("lag", 0), ("chance", 1))
    )
    if chance > 1:
        raise BadMood("“chance” is from 0 to 1.")
    return Mood(
        kind=given.get("kind", "instant"),
        scope=given.get("scope", "global"),
        of=_one_of(str, given, "of", ""),
        seconds=seconds,
        lag=lag,
        chance=chance,
        times=None if given.get("times") is None else _one_of(int, given, "times", 0),
        message=_one_of(str, given, "message", ""),
        on=given.get("on", "mutations"),
        hang_up=_one_of(bool, given, "hang_up", False),
    )


def _drawn(moods: list[Mood], lot: float) -> Mood:
    for mood in moods:
        lot -= mood.chance
        if lot < 0:
            return mood
    return Mood()


def _refuse_unknown(given: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadMood(f"Unknown: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")


def _number(given: Mapping[str, Any], name: str, usual: float) -> float:
    value = given.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86400:
        raise BadMood(f"“{name}” is a number from 0 on.")
    return float(value)


def _one_of(kind: type[Value], given: Mapping[str, Any], name: str, usual: Value) -> Value:
    value = given.get(name, usual)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadMood(f"“{name}” is not what is expected there ({kind.__name__}).")
    return value
