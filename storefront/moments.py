"""Times as pages show them: relative words, with the exact moment on hover and in the document. Every time of
the product is UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STEPS = (
    (timedelta(minutes=1), timedelta(seconds=1), "second"),
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (timedelta(days=14), timedelta(days=1), "day"),
    (timedelta(days=60), timedelta(days=7), "week"),
    (timedelta(days=700), timedelta(days=30), "month"),
    (timedelta.max, timedelta(days=365), "year"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the `when` part of the templates takes."""

    iso: str
    relative: str
    exact: str
    date: str


def moment(at: datetime | None, now: datetime | None = None) -> Moment | None:
    """A time as a page shows it, or None where there is none yet. `now` is the clock it is relative to
    (default: this machine's)."""
    if at is None:
        return None
    at = at.astimezone(UTC)
    return Moment(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        relative(at, now or datetime.now(UTC)),
        f"{at:%-d %b %Y, %H:%M} UTC",
        f"{at:%-d %B %Y}",
    )


def relative(at: datetime, now: datetime) -> str:
    """ "3 minutes ago", "in 2 days", "just now"."""
    apart = abs(now - at)
    if apart < timedelta(seconds=5):
        return "just now"
    unit, word = next((unit, word) for most, unit, word in STEPS if apart < most)
    count = apart // unit
    words = f"{count} {word}{'' if count == 1 else 's'}"
    return f"{words} ago" if at <= now else f"in {words}"
