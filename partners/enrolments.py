"""Enrolments: a reseller's standing in a programme, from the signature to the end of its term (H17). What a
programme opens to its partners asks `refuse_unless_active`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, literal_column, select
from sqlalchemy.orm import Mapped

from core import db, states, tasks, trail
from core.clock import business_now
from core.errors import Conflict, Refused
from core.events import Event, publish
from core.languages import _
from core.periods import end_of
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, ResellerOwned, owned_by
from partners.programmes import Programme


class EnrolmentState(StrEnum):
    """ENDED: its term is over; what was sold goes on."""

    ACTIVE = "active"
    ENDED = "ended"


class Enrolment(ResellerOwned, db.Model):
    """A reseller in a programme. `programme_name` is a copy: programmes are the distributor's to read.
    `signed_at` and `ends_at` are of the business clock."""

    __tablename__ = "enrolments"
    __access__ = Access(distributor="rcu", reseller="r", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("programmes", "programme_id"),
        owned_by("applications", "application_id"),
        Index(
            "uq_enrolments_active",
            "distributor_id",
            "programme_id",
            "reseller_id",
            unique=True,
            postgresql_where=literal_column("state = 'active'"),
        ),
        Index("ix_enrolments_reseller", "distributor_id", "reseller_id", "id"),
        Index(
            "ix_enrolments_ends",
            "distributor_id",
            "ends_at",
            postgresql_where=literal_column("state = 'active'"),
        ),
    )
    LIFE = states.Transitions(
        {EnrolmentState.ACTIVE: [EnrolmentState.ENDED], EnrolmentState.ENDED: []},
        first=EnrolmentState.ACTIVE,
    )

    programme_id: Mapped[UUID]
    application_id: Mapped[UUID]
    programme_name: Mapped[str]
    state: Mapped[EnrolmentState]
    signed_at: Mapped[datetime]
    ends_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class PartnershipEnded(Event):
    """The term of an enrolment is over."""

    enrolment_id: UUID


class AlreadyEnrolled(Conflict):
    """One active enrolment of a reseller in a programme."""

    def __init__(self, programme: str) -> None:
        super().__init__(_("Your company is a partner of %(programme)s already.", programme=programme))


class NotAPartner(Refused):
    """Only who has signed, and whose term is not over."""

    status = 403

    def __init__(self, programme: str) -> None:
        super().__init__(_("Only active partners of %(programme)s may do this.", programme=programme))


def begin(programme: Programme, reseller_id: UUID, application_id: UUID) -> Enrolment:
    """From the signature on, for the programme's term."""
    running = select(Enrolment.id).where(
        Enrolment.programme_id == programme.id,
        Enrolment.reseller_id == reseller_id,
        Enrolment.state == EnrolmentState.ACTIVE,
    )
    if db.session().scalar(running):
        raise AlreadyEnrolled(programme.name)
    now = business_now()
    added = db.add(
        Enrolment(
            reseller_id=reseller_id,
            programme_id=programme.id,
            application_id=application_id,
            programme_name=programme.name,
            state=EnrolmentState.ACTIVE,
            signed_at=now,
            ends_at=end_of(now, programme.term),
        )
    )
    db.flush()
    trail.write(added, "begun")
    return added


def refuse_unless_active(programme: Programme, reseller_id: UUID) -> None:
    """NotAPartner for whoever has not signed, or whose term is over (H5)."""
    found = select(Enrolment.id).where(
        Enrolment.programme_id == programme.id,
        Enrolment.reseller_id == reseller_id,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.ends_at > business_now(),
    )
    if db.session().scalar(found) is None:
        raise NotAPartner(programme.name)


def end_those_over() -> int:
    """Ends every enrolment whose term is over; how many. Whoever wants to go on applies again, as the
    reseller that it is."""
    over = select(Enrolment).where(
        Enrolment.state == EnrolmentState.ACTIVE, Enrolment.ends_at <= business_now()
    )
    number = 0
    for enrolment in db.session().scalars(over.order_by(Enrolment.ends_at).limit(500).with_for_update()):
        states.move(enrolment, EnrolmentState.ENDED, why="Its term is over.")
        publish(PartnershipEnded(enrolment.id))
        number += 1
    return number


def find(enrolment_id: UUID) -> Enrolment:
    """An enrolment of the scope."""
    return db.session().scalars(select(Enrolment).where(Enrolment.id == enrolment_id)).one()


def of_reseller(reseller_id: UUID) -> list[Enrolment]:
    """The programmes a reseller is or was in, newest first."""
    chosen = select(Enrolment).where(Enrolment.reseller_id == reseller_id)
    return list(db.session().scalars(chosen.order_by(Enrolment.id.desc()).limit(100)))


def of_application(application_id: UUID) -> Enrolment | None:
    """What became of a signed application."""
    return db.session().scalar(select(Enrolment).where(Enrolment.application_id == application_id))


def _end(_task: Claimed) -> None:
    end_those_over()


END = tasks.register(Kind("end_partnerships", Repeat.SAFE, prepare=_end, every=timedelta(minutes=10)))
