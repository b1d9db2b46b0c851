"""Periods of an anchor: each is reckoned from the anchor itself, and together they tile time."""

import calendar
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.periods import Term, end_of, holding, next_end, nth

EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 hypothesis adds the zone
INSTANTS = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))


@pytest.mark.promise("QT1")
@given(anchor=INSTANTS, k=st.integers(-120, 120), step=st.sampled_from(Term))
def test_period_k_is_the_anchor_s_day_or_the_month_s_last_never_chained(
    anchor: datetime, k: int, step: Term
) -> None:
    begins = nth(anchor, k, step)
    months = (begins.year - anchor.year) * 12 + begins.month - anchor.month
    assert months == k * step.months
    assert begins.day == min(anchor.day, calendar.monthrange(begins.year, begins.month)[1])
    assert begins.timetz() == anchor.timetz()


@pytest.mark.promise("QT2")
@settings(max_examples=400)
@given(anchor=INSTANTS, at=INSTANTS, step=st.sampled_from(Term))
def test_every_instant_lies_in_exactly_one_period_and_none_is_empty(
    anchor: datetime, at: datetime, step: Term
) -> None:
    k = holding(anchor, step, at)
    assert nth(anchor, k, step) <= at < nth(anchor, k + 1, step)
    assert next_end(anchor, step, at) == nth(anchor, k + 1, step)
    around = [nth(anchor, n, step) for n in range(k - 2, k + 4)]
    assert around == sorted(set(around))


@pytest.mark.promise("QT2")
@given(anchor=INSTANTS, step=st.sampled_from(Term))
def test_a_period_ends_where_the_next_begins_to_the_microsecond(anchor: datetime, step: Term) -> None:
    ends = end_of(anchor, step)
    assert holding(anchor, step, ends - timedelta(microseconds=1)) == 0
    assert holding(anchor, step, ends) == 1
