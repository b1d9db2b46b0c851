"""Enrolments: a reseller's standing in a programme, from the signature on (H17). At the end of its term the
next one begins where the programme says so (H39), else it ends; it ends sooner when it is terminated, left or
not authorised anew. What a programme opens to its partners asks `refuse_unless_active`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, false, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, states, tasks, trail
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.languages import _, for_later
from core.periods import Term, end_of, next_end
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, ResellerOwned, owned_by, same_key
from partners.programmes import Programme


class EnrolmentState(StrEnum):
    """ENDED: what was sold goes on."""

    ACTIVE = "active"
    ENDED = "ended"


class Because(StrEnum):
    """Why a partnership ended."""

    TERM = "term"
    TERMINATED = "terminated"
    LEFT = "left"
    NOT_AUTHORISED = "not_authorised"


class Enrolment(ResellerOwned, db.Model):
    """A reseller in a programme. `programme_name` is a copy, and so is what its tier gives (`discount` and
    `commission` in basis points): programmes are the distributor's to read. `signed_at`, `ends_at` and
    `anniversary_at`, the next one, are of the business clock. `flagged`: at the last anniversary it had fewer
    customers than the lowest tier expects."""

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
        Index(
            "ix_enrolments_anniversary",
            "distributor_id",
            "anniversary_at",
            postgresql_where=literal_column("state = 'active'"),
        ),
        owned_by("tiers", "tier_id"),
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
    anniversary_at: Mapped[datetime]
    tier_id: Mapped[UUID | None]
    tier_name: Mapped[str] = mapped_column(default="", server_default="")
    discount: Mapped[int] = mapped_column(default=0, server_default="0")
    commission: Mapped[int] = mapped_column(default=0, server_default="0")
    flagged: Mapped[bool] = mapped_column(default=False, server_default=false())
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[Because | None]
    end_reason: Mapped[str] = mapped_column(default="", server_default="")


@dataclass(frozen=True, slots=True)
class PartnershipBegun(Event):
    """An agreement was signed; the reseller is a partner."""

    enrolment_id: UUID


@dataclass(frozen=True, slots=True)
class PartnershipEnded(Event):
    """Its term is over, or somebody ended it (Enrolment.ended_because)."""

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
            anniversary_at=end_of(now, Term.YEAR),
        )
    )
    db.flush()
    trail.write(added, "begun")
    publish(PartnershipBegun(added.id))
    return added


def refuse_unless_active(programme: Programme, reseller_id: UUID) -> None:
    """NotAPartner for whoever has not signed, or whose term is over (H5)."""
    found = select(Enrolment.id).where(
        Enrolment.programme_id == programme.id,
        Enrolment.reseller_id == reseller_id,
        Enrolment.state == EnrolmentState.ACTIVE,
    )
    if not programme.renews:  # else the next term begins, whenever its task comes round
        found = found.where(Enrolment.ends_at > business_now())
    if db.session().scalar(found) is None:
        raise NotAPartner(programme.name)


def end(enrolment: Enrolment, because: Because, reason: str = "") -> None:
    """Ends it now; `reason` is told to the partner."""
    enrolment.ended_at, enrolment.ended_because, enrolment.end_reason = business_now(), because, reason
    told = {"because": _(ENDINGS[because]), **({"reason": reason} if reason else {})}
    states.move(enrolment, EnrolmentState.ENDED, told=told)
    publish(PartnershipEnded(enrolment.id))


ENDINGS = {
    Because.TERM: for_later("Its term is over."),
    Because.TERMINATED: for_later("It was terminated."),
    Because.LEFT: for_later("The partner left, as its notice said."),
    Because.NOT_AUTHORISED: for_later("It was not authorised anew."),
}


class NoReasonToEnd(Refused):
    """Whoever is put out is told why."""

    def __init__(self) -> None:
        super().__init__(_("Say why: the partner reads it."))


class NotActive(Conflict):
    """It has ended before."""

    def __init__(self) -> None:
        super().__init__(_("This partnership has ended already."))


def terminate(enrolment: Enrolment, reason: str) -> None:
    """The distributor ends it at once, with a reason that the partner reads."""
    db.session().refresh(enrolment, with_for_update=True)
    if enrolment.state is EnrolmentState.ENDED:
        raise NotActive
    if not reason.strip():
        raise NoReasonToEnd
    end(enrolment, Because.TERMINATED, reason.strip()[:2000])


def end_those_over() -> int:
    """At the end of a term: the next one begins where the programme renews, any other enrolment ends; how
    many ended. Whoever wants to go on applies again, as the reseller that it is."""
    over = (
        select(Enrolment, Programme.renews, Programme.term)
        .join(Programme, same_key(Programme.id, Enrolment.programme_id))
        .where(Enrolment.state == EnrolmentState.ACTIVE, Enrolment.ends_at <= business_now())
        .order_by(Enrolment.ends_at)
        .limit(500)
        .with_for_update(of=Enrolment)
    )
    number = 0
    for enrolment, renews, term in db.session().execute(over).all():
        if renews:
            enrolment.ends_at = next_end(enrolment.signed_at, term, business_now())
            trail.write(enrolment, "renewed", told={"until": enrolment.ends_at})
        else:
            end(enrolment, Because.TERM)
            number += 1
    return number


def find(enrolment_id: UUID) -> Enrolment:
    """An enrolment of the scope; Missing for any other."""
    found = db.session().scalar(select(Enrolment).where(Enrolment.id == enrolment_id))
    if found is None:
        raise Missing("programme")
    return found


def of_reseller(reseller_id: UUID) -> list[Enrolment]:
    """The programmes a reseller is or was in, newest first."""
    chosen = select(Enrolment).where(Enrolment.reseller_id == reseller_id)
    return list(db.session().scalars(chosen.order_by(Enrolment.id.desc()).limit(100)))


def with_tier(reseller_id: UUID) -> list[Enrolment]:
    """The programmes in which a reseller has a tier now, by name."""
    chosen = select(Enrolment).where(
        Enrolment.reseller_id == reseller_id,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.tier_name != "",
    )
    return list(db.session().scalars(chosen.order_by(Enrolment.programme_name).limit(20)))


def running(reseller_id: UUID) -> list[Enrolment]:
    """The programmes that a reseller is in now, by name."""
    chosen = select(Enrolment).where(
        Enrolment.reseller_id == reseller_id, Enrolment.state == EnrolmentState.ACTIVE
    )
    return list(db.session().scalars(chosen.order_by(Enrolment.programme_name).limit(20)))


def of_application(application_id: UUID) -> Enrolment | None:
    """What became of a signed application."""
    return db.session().scalar(select(Enrolment).where(Enrolment.application_id == application_id))


def _end(_task: Claimed) -> None:
    end_those_over()


END = tasks.register(Kind("end_partnerships", Repeat.SAFE, prepare=_end, every=timedelta(minutes=10)))
