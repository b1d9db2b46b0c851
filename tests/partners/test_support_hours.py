"""Support hours: the clock of an answer stands still between them (H14)."""

from datetime import UTC, datetime, timedelta

import pytest

from partners import support_hours
from partners.support_hours import Hours, WrongHours

FIVE_DAYS = Hours(range(5), 0, 24 * 60, "Europe/Berlin", 24)
OFFICE = Hours([0, 1, 2, 3, 4], 8 * 60, 18 * 60, "Europe/Berlin", 8)


def berlin(day: int, clock: str) -> datetime:
    """A time of January 2026, which began on a Thursday, in Berlin's winter."""
    hour, minute = clock.split(":")
    return datetime(2026, 1, day, int(hour), int(minute), tzinfo=UTC) - timedelta(hours=1)


@pytest.mark.behaviour("H14")
def test_the_clock_stops_at_weekends() -> None:
    friday, saturday, monday = berlin(9, "22:00"), berlin(10, "12:00"), berlin(12, "02:00")
    assert FIVE_DAYS.between(friday, monday) == timedelta(hours=4)
    assert FIVE_DAYS.between(saturday, berlin(11, "20:00")) == timedelta()
    assert FIVE_DAYS.after(friday, 4) == monday
    assert FIVE_DAYS.after(saturday, 24) == berlin(13, "00:00")


def test_hours_of_a_day_are_counted_from_the_next_opening_on() -> None:
    assert OFFICE.after(berlin(7, "16:30"), 8) == berlin(8, "14:30")
    assert OFFICE.after(berlin(9, "20:00"), 8) == berlin(12, "16:00")
    assert OFFICE.between(berlin(7, "06:00"), berlin(8, "09:00")) == timedelta(hours=11)


def test_a_day_on_which_clocks_are_changed_has_its_real_length() -> None:
    every_day = Hours(range(7), 0, 24 * 60, "Europe/Berlin")
    saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night after it has an hour less
    assert every_day.after(saturday, 24) == saturday + timedelta(hours=24)
    assert every_day.between(saturday, saturday + timedelta(days=2)) == timedelta(days=2)


@pytest.mark.parametrize("text", ["", "8", "8.30", "08:60", "24:01", "-1:00", "١:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(WrongHours, match="08:00 and 18:00"):
        support_hours.minute_of(text)


def test_a_time_of_day_is_read_and_written() -> None:
    assert [support_hours.text_of(support_hours.minute_of(text)) for text in ("8:05", "24:00")] == [
        "08:05",
        "24:00",
    ]
