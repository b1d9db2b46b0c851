"""When the distributor gives support to the partners of a programme, and within how many of these hours a
request is answered. Between them the clock stands still: with hours on five days a request of Friday evening
is not late on Monday morning (H14)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Refused
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by
from partners.programmes import Programme

DAY = 24 * 60
LONGEST_ANSWER = 1000  # hours


class SupportHours(DistributorOwned, db.Model):
    """A programme's hours: `days` from Monday (0) to Sunday (6), each from `begins` to `ends`, in minutes of
    the day in `zone`. `answer_hours`: a request is answered within so many of them; 0 promises nothing."""

    __tablename__ = "support_hours"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
        CheckConstraint(f"0 <= begins AND begins < ends AND ends <= {DAY}", name="span"),
        CheckConstraint(f"answer_hours BETWEEN 0 AND {LONGEST_ANSWER}", name="answer"),
    )

    programme_id: Mapped[UUID]
    days: Mapped[list[int]]
    begins: Mapped[int]
    ends: Mapped[int]
    zone: Mapped[str]
    answer_hours: Mapped[int]


@dataclass(frozen=True, slots=True)
class Hours:
    """The same as a value."""

    days: Sequence[int]
    begins: int
    ends: int
    zone: str
    answer_hours: int = 0

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of a span lies within the hours."""
        spans = (min(end, until) - max(start, since) for since, until in self._spans(start, end))
        return sum((one for one in spans if one > timedelta()), timedelta())

    def after(self, start: datetime, hours: int) -> datetime:
        """The moment at which so many of the hours have passed since `start`."""
        left = timedelta(hours=hours)
        for since, until in self._spans(start, None):
            begin = max(start, since)
            if until - begin >= left:
                return begin + left
            left -= max(until - begin, timedelta())
        raise AssertionError("there is no end of weeks")

    def _spans(self, start: datetime, end: datetime | None) -> Iterator[tuple[datetime, datetime]]:
        """Each day's hours, from the day of `start` on; days have 23 or 25 hours where clocks are changed."""
        zone = ZoneInfo(self.zone)
        day = start.astimezone(zone).date()
        while end is None or day <= end.astimezone(zone).date():
            if day.weekday() in self.days:
                yield _at(day, self.begins, zone), _at(day, self.ends, zone)
            day += timedelta(days=1)


class WrongHours(Refused):
    """Hours at which nobody could be reached."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Choose at least one day, a beginning before the end (such as 08:00 and 18:00, or 00:00 and"
                " 24:00), a time zone such as Europe/Berlin, and at most %(most)s hours for an answer.",
                most=LONGEST_ANSWER,
            )
        )


OF_RESELLER = door("""
CREATE FUNCTION support_hours_of_v1(p_distributor uuid, p_reseller uuid)
RETURNS TABLE (programme_id uuid, programme text, days int[], begins bigint, ends bigint, zone text, answer_hours bigint) AS $$
  SELECT e.programme_id, e.programme_name, ARRAY(SELECT d::int FROM jsonb_array_elements_text(h.days) d), h.begins, h.ends, h.zone,
    h.answer_hours
  FROM enrolments e JOIN support_hours h ON h.distributor_id = e.distributor_id AND h.programme_id = e.programme_id
  WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND e.state = 'active'
  ORDER BY e.programme_name, e.id
$$""")  # noqa: E501 SQL


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A minute of a day, in UTC, so that what lies between two of them is real time; 24:00 is the beginning
    of the next."""
    day, minute = (day + timedelta(days=1), 0) if minute == DAY else (day, minute)
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).astimezone(UTC)


def minute_of(text: str) -> int:
    """ "08:30" as minutes of the day, at most "24:00"; WrongHours otherwise."""
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isascii() and minute.isascii() and hour.isdigit() and minute.isdigit()):
        raise WrongHours
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > DAY:
        raise WrongHours
    return found


def text_of(minute: int) -> str:
    """The other way round."""
    return f"{minute // 60:02}:{minute % 60:02}"


def of_reseller(reseller_id: UUID) -> list[tuple[UUID, str, Hours]]:
    """Programme, its name and its hours, for the programmes that a reseller is an active partner of."""
    arguments = {"p_distributor": tenancy.current().distributor_id, "p_reseller": reseller_id}
    return [
        (row.programme_id, row.programme, Hours(row.days, row.begins, row.ends, row.zone, row.answer_hours))
        for row in doors.call_here(OF_RESELLER, arguments)
    ]


def answer_by(reseller_id: UUID, programme_id: UUID, asked_at: datetime) -> datetime | None:
    """Until when a request is to be answered; None where the programme promises nothing."""
    hours = next((hours for one, _name, hours in of_reseller(reseller_id) if one == programme_id), None)
    return hours.after(asked_at, hours.answer_hours) if hours and hours.answer_hours else None


def of_programme(programme_id: UUID) -> Hours | None:
    """For the distributor; None where nobody has said anything."""
    kept = _row(programme_id)
    return Hours(kept.days, kept.begins, kept.ends, kept.zone, kept.answer_hours) if kept else None


def keep(programme: Programme, hours: Hours) -> None:
    """From the next request on; WrongHours for what nobody could read."""
    known = set(hours.days) <= set(range(7)) and hours.zone in available_timezones()
    if not hours.days or not known or not 0 <= hours.begins < hours.ends <= DAY:
        raise WrongHours
    if not 0 <= hours.answer_hours <= LONGEST_ANSWER:
        raise WrongHours
    kept = _row(programme.id) or db.add(SupportHours(programme_id=programme.id))
    kept.days, kept.begins, kept.ends = sorted(set(hours.days)), hours.begins, hours.ends
    kept.zone, kept.answer_hours = hours.zone, hours.answer_hours
    db.flush()
    trail.write(programme, "support hours saved")


def _row(programme_id: UUID) -> SupportHours | None:
    return db.session().scalar(select(SupportHours).where(SupportHours.programme_id == programme_id))
