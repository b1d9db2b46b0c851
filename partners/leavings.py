"""Leaving a programme: a partner gives notice, goes on for the programme's notice days, and is out at the day
(M14). Until that day the notice can be withdrawn."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Row, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from core import db, doors, states, tasks, tenancy, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id
from core.languages import _
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, ResellerOwned, owned_by
from partners import enrolments
from partners.enrolments import Because, Enrolment, EnrolmentState, NotActive, PartnershipEnded


class NoticeState(StrEnum):
    """VOID: the partnership ended otherwise before the day."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    LEFT = "left"
    VOID = "void"


class LeavingNotice(ResellerOwned, db.Model):
    """A notice, with the day it leads to by the business clock."""

    __tablename__ = "leaving_notices"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (
        owned_by("enrolments", "enrolment_id"),
        Index(
            "uq_leaving_notices_given",
            "distributor_id",
            "enrolment_id",
            unique=True,
            postgresql_where=literal_column("state = 'given'"),
        ),
    )
    LIFE = states.Transitions(
        {
            NoticeState.GIVEN: [NoticeState.WITHDRAWN, NoticeState.LEFT, NoticeState.VOID],
            NoticeState.WITHDRAWN: [],
            NoticeState.LEFT: [],
            NoticeState.VOID: [],
        },
        first=NoticeState.GIVEN,
    )

    enrolment_id: Mapped[UUID]
    state: Mapped[NoticeState]
    given_at: Mapped[datetime]
    given_by: Mapped[str]
    ends_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class NoticeGiven(Event):
    """A partner will leave."""

    notice_id: UUID


@dataclass(frozen=True, slots=True)
class NoticeWithdrawn(Event):
    """It stays after all."""

    notice_id: UUID


class NotConfirmed(Refused):
    """Nobody leaves by a slip of the hand."""

    def __init__(self) -> None:
        super().__init__(_("Tick the box: leaving ends your price, your tier and what the programme gives."))


class AlreadyLeaving(Conflict):
    """One notice is enough."""

    def __init__(self, day: datetime) -> None:
        super().__init__(_("Notice is given already: you leave on %(day)s.", day=f"{day:%d %B %Y}"))


class NoNotice(Conflict):
    """There is none, or its day has come."""

    def __init__(self) -> None:
        super().__init__(_("There is no notice that could be withdrawn."))


# What a partner may know of the rules of a programme that it is in.
RULES = door("""
CREATE FUNCTION rules_of_partner_v1(p_programme uuid) RETURNS TABLE (renews boolean, notice_days bigint, term text) AS $$
  SELECT p.renews, p.notice_days, p.term FROM programmes p
  WHERE p.distributor_id = current_setting('app.distributor_id')::uuid AND p.id = p_programme
    AND EXISTS (SELECT 1 FROM enrolments e WHERE e.distributor_id = p.distributor_id AND e.programme_id = p.id
      AND e.reseller_id = nullif(current_setting('app.reseller_id'), '')::uuid)
$$""")  # noqa: E501 SQL


def rules(programme_id: UUID) -> Row[Any]:
    """What a partner may know of its programme (renews, notice_days, term); Missing for any other."""
    found = doors.call_here(RULES, {"p_programme": programme_id})
    if not found:
        raise Missing("programme")
    return found[0]


def give(enrolment: Enrolment, *, by: str, confirmed: bool) -> datetime:
    """Notice from now on; the day it leads to. NotConfirmed, NotActive or AlreadyLeaving otherwise. In the
    reseller's scope."""
    if enrolment.state is EnrolmentState.ENDED:
        raise NotActive
    if not confirmed:
        raise NotConfirmed
    now, notice_id = business_now(), new_id()
    ends = now + timedelta(days=rules(enrolment.programme_id).notice_days)
    added = db.session().scalar(
        insert(LeavingNotice)
        .values(
            distributor_id=tenancy.current().distributor_id,
            id=notice_id,
            reseller_id=enrolment.reseller_id,
            enrolment_id=enrolment.id,
            state=NoticeState.GIVEN,
            given_at=now,
            given_by=by,
            ends_at=ends,
        )
        .on_conflict_do_nothing()
        .returning(LeavingNotice.id)
    )
    if added is None:
        raise AlreadyLeaving(standing(enrolment.id).ends_at)
    trail.write(enrolment, "notice given", told={"leaves": f"{ends:%Y-%m-%d}"})
    publish(NoticeGiven(notice_id))
    return ends


def withdraw(enrolment: Enrolment) -> None:
    """The partner stays; NoNotice when there is none, or its day has come."""
    notice = standing_or_none(enrolment.id, to_change=True)
    if notice is None or notice.ends_at <= business_now():
        raise NoNotice
    states.move(notice, NoticeState.WITHDRAWN)
    trail.write(enrolment, "notice withdrawn")
    publish(NoticeWithdrawn(notice.id))


def find(notice_id: UUID) -> LeavingNotice:
    """A notice of the scope."""
    return db.session().scalars(select(LeavingNotice).where(LeavingNotice.id == notice_id)).one()


def standing_or_none(enrolment_id: UUID, *, to_change: bool = False) -> LeavingNotice | None:
    """The notice that is given and neither withdrawn nor over."""
    chosen = select(LeavingNotice).where(
        LeavingNotice.enrolment_id == enrolment_id, LeavingNotice.state == NoticeState.GIVEN
    )
    return db.session().scalar(chosen.with_for_update() if to_change else chosen)


def standing(enrolment_id: UUID) -> LeavingNotice:
    """The same where it is known to be there."""
    found = standing_or_none(enrolment_id)
    if found is None:
        raise NoNotice
    return found


def leave_those_due() -> int:
    """Ends the partnerships whose day has come; how many."""
    due = (
        select(LeavingNotice)
        .where(LeavingNotice.state == NoticeState.GIVEN, LeavingNotice.ends_at <= business_now())
        .limit(200)
        .with_for_update()
    )
    rows = db.session().scalars(due).all()
    for notice in rows:
        enrolments.end(enrolments.find(notice.enrolment_id), Because.LEFT)
    return len(rows)


def settle(event: PartnershipEnded) -> None:
    """The partnership has ended: its notice led to it, or leads nowhere any more."""
    if (notice := standing_or_none(event.enrolment_id, to_change=True)) is not None:
        left = enrolments.find(event.enrolment_id).ended_because is Because.LEFT
        states.move(notice, NoticeState.LEFT if left else NoticeState.VOID)


def _leave(_task: Claimed) -> None:
    leave_those_due()


LEAVE = tasks.register(Kind("leave_programmes", Repeat.SAFE, prepare=_leave, every=timedelta(minutes=10)))
