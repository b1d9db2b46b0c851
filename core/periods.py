"""Terms and billing periods: ISO 8601 months and years, UTC. Period k of an anchor is clamp(anchor + k
months), never chained (QT1)."""

import calendar
from datetime import datetime
from enum import StrEnum

from core.languages import _, for_later

LABELS = {"P1M": for_later("1 month"), "P1Y": for_later("1 year"), "P3Y": for_later("3 years")}
PER = {"P1M": for_later("per month"), "P1Y": for_later("per year"), "P3Y": for_later("per 3 years")}


class Term(StrEnum):
    """How long one is bound."""

    MONTH = "P1M"
    YEAR = "P1Y"
    THREE_YEARS = "P3Y"

    @property
    def months(self) -> int:
        """Length in months."""
        return {"P1M": 1, "P1Y": 12, "P3Y": 36}[self.value]

    @property
    def label(self) -> str:
        """For people: "1 year"."""
        return _(LABELS[self.value])

    @property
    def per(self) -> str:
        """For prices: "per month"."""
        return _(PER[self.value])


def nth(anchor: datetime, k: int, step: Term) -> datetime:
    """Where period k of `anchor` begins (k=0 is the anchor itself); the day is clamped to the month's
    last."""
    months = anchor.year * 12 + anchor.month - 1 + k * step.months
    year, month = divmod(months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


def end_of(anchor: datetime, term: Term) -> datetime:
    """When a term that begins at `anchor` is over."""
    return nth(anchor, 1, term)


def holding(anchor: datetime, step: Term, at: datetime) -> int:
    """Which period of `anchor` holds the instant `at`: it begins at or before it and ends after it. Negative
    before the anchor."""
    months = (at.year - anchor.year) * 12 + at.month - anchor.month
    k = months // step.months + 1
    while nth(anchor, k, step) > at:
        k -= 1
    return k


def next_end(anchor: datetime, step: Term, at: datetime) -> datetime:
    """When the period of `anchor` that holds `at` is over."""
    return nth(anchor, holding(anchor, step, at) + 1, step)
