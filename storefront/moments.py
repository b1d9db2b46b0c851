"""Times as pages show them: relative words, with the exact moment on hover and in the document. Every time of
the product is UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.languages import _, counted, forms_for_later

STEPS = (
    (timedelta(minutes=1), timedelta(seconds=1), *forms_for_later("%(n)s second", "%(n)s seconds")),
    (timedelta(hours=1), timedelta(minutes=1), *forms_for_later("%(n)s minute", "%(n)s minutes")),
    (timedelta(days=1), timedelta(hours=1), *forms_for_later("%(n)s hour", "%(n)s hours")),
    (timedelta(days=14), timedelta(days=1), *forms_for_later("%(n)s day", "%(n)s days")),
    (timedelta(days=60), timedelta(days=7), *forms_for_later("%(n)s week", "%(n)s weeks")),
    (timedelta(days=700), timedelta(days=30), *forms_for_later("%(n)s month", "%(n)s months")),
    (timedelta.max, timedelta(days=365), *forms_for_later("%(n)s year", "%(n)s years")),
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


def day(on: date) -> str:
    """A day as pages write it: "30 Nov 2026"."""
    return f"{on.day} {on:%b %Y}"


def relative(at: datetime, now: datetime) -> str:
    """ "3 minutes ago", "in 2 days", "just now"."""
    apart = abs(now - at)
    if apart < timedelta(seconds=5):
        return _("just now")
    unit, one, many = next((unit, one, many) for most, unit, one, many in STEPS if apart < most)
    span = counted(one, many, apart // unit)
    return _("%(span)s ago", span=span) if at <= now else _("in %(span)s", span=span)
