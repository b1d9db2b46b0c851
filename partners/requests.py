"""Requests with a form: what a partner asks its distributor for, such as a certification, a demo portal or a
joint event (H12, H13, H16). The kinds are data of a programme: what they are called, what is asked, and
whether what is granted lasts a year and has to be renewed (H40). Each is answered by a person, from a
queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, states, tasks, tenancy, trail
from core.clock import business_now
from core.doors import door
from core.errors import Missing, Refused
from core.events import Event, publish
from core.ids import new_code
from core.languages import _
from core.periods import Term, end_of
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by
from partners import support_hours
from partners.programmes import Programme

LONGEST = 2000
MOST_QUESTIONS = 12


class RequestKind(DistributorOwned, db.Model):
    """One kind of a programme. `questions` are asked in this order, each answered in words; `yearly`: what is
    granted ends after a year unless it is renewed."""

    __tablename__ = "request_kinds"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id", "label"),
    )

    programme_id: Mapped[UUID]
    label: Mapped[str]
    explanation: Mapped[str]
    questions: Mapped[list[str]]
    yearly: Mapped[bool]
    offered: Mapped[bool]


class RequestState(StrEnum):
    """EXPIRED: its year is over, and nobody renewed it."""

    SUBMITTED = "submitted"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ProgrammeRequest(ResellerOwned, db.Model):
    """One request; label, programme and questions are as they were when it was handed in. `reply` is what the
    partner reads; `answer_by` is what the programme's support hours promise; `ends_at` is of the business
    clock."""

    __tablename__ = "programme_requests"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("request_kinds", "kind_id"),
        UniqueConstraint("distributor_id", "code"),
        Index("ix_programme_requests_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_programme_requests_state", "distributor_id", "state", "id"),
        Index(
            "uq_programme_requests_open",
            "distributor_id",
            "reseller_id",
            "kind_id",
            unique=True,
            postgresql_where=literal_column("state = 'submitted'"),
        ),
    )
    LIFE = states.Transitions(
        {
            RequestState.SUBMITTED: [RequestState.GRANTED, RequestState.DECLINED, RequestState.WITHDRAWN],
            RequestState.GRANTED: [RequestState.EXPIRED],
            RequestState.DECLINED: [],
            RequestState.WITHDRAWN: [],
            RequestState.EXPIRED: [],
        },
        first=RequestState.SUBMITTED,
    )

    code: Mapped[str]
    kind_id: Mapped[UUID]
    label: Mapped[str]
    programme_name: Mapped[str]
    yearly: Mapped[bool]
    answers: Mapped[dict[str, Any]]
    name: Mapped[str]
    email: Mapped[str]
    state: Mapped[RequestState]
    reply: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[str] = mapped_column(default="")
    handed_in_at: Mapped[datetime]
    answer_by: Mapped[datetime | None] = mapped_column(default=None)
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    renewals: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True, slots=True)
class RequestHandedIn(Event):
    """Somebody of the distributor has to answer."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class RequestAnswered(Event):
    """Granted or declined."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class RequestExpired(Event):
    """Its year is over."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class Offered:
    """A kind that a reseller may ask for."""

    id: UUID
    programme_id: UUID
    programme: str
    label: str
    explanation: str
    questions: tuple[str, ...]
    yearly: bool


class NotOffered(Refused):
    """Only active partners of the programme, and only what it offers."""

    status = 404
    title = "Not found"

    def __init__(self) -> None:
        super().__init__(_("Your programmes do not offer this."))


class Unanswered(Refused):
    """Each question has its answer."""

    def __init__(self) -> None:
        super().__init__(_("Answer every question, in at most %(most)s characters each.", most=LONGEST))


class AskedAlready(Refused):
    """One open request of a kind."""

    status = 409

    def __init__(self, label: str) -> None:
        super().__init__(_("Your request “%(label)s” waits for an answer already.", label=label))


class NoReply(Refused):
    """The partner reads the reason."""

    def __init__(self) -> None:
        super().__init__(_("Say why, in at most %(most)s characters. The partner reads it.", most=LONGEST))


class NotRenewable(Refused):
    """Only what was granted for a year and is not over."""

    def __init__(self) -> None:
        super().__init__(_("Only what was granted for a year, and is not over, can be renewed."))


class BadKind(Refused):
    """Two kinds of one programme with one name, or nothing to ask."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "A kind of request needs a name of its own and between one and %(most)s questions.",
                most=MOST_QUESTIONS,
            )
        )


OFFERED = door("""
CREATE FUNCTION request_kinds_offered_v2(p_distributor uuid, p_reseller uuid)
RETURNS TABLE (id uuid, programme_id uuid, programme text, label text, explanation text, questions text[], yearly boolean) AS $$
  SELECT k.id, k.programme_id, e.programme_name, k.label, k.explanation, ARRAY(SELECT jsonb_array_elements_text(k.questions)), k.yearly
  FROM enrolments e JOIN request_kinds k ON k.distributor_id = e.distributor_id AND k.programme_id = e.programme_id AND k.offered
  WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND e.state = 'active'
  ORDER BY e.programme_name, k.label, k.id
$$""")  # noqa: E501 SQL


def offered(reseller_id: UUID) -> list[Offered]:
    """What a reseller may ask for: kinds of the programmes that it is an active partner of."""
    arguments = {"p_distributor": tenancy.current().distributor_id, "p_reseller": reseller_id}
    return [
        Offered(
            one.id,
            one.programme_id,
            one.programme,
            one.label,
            one.explanation,
            tuple(one.questions),
            one.yearly,
        )
        for one in doors.call_here(OFFERED, arguments)
    ]


def offer(reseller_id: UUID, kind_id: UUID) -> Offered:
    """One of them; NotOffered for every other."""
    found = next((one for one in offered(reseller_id) if one.id == kind_id), None)
    if found is None:
        raise NotOffered
    return found


def hand_in(
    reseller_id: UUID, kind_id: UUID, answers: Mapping[str, str], *, name: str, email: str
) -> ProgrammeRequest:
    """By the reseller, with an answer to each question."""
    kind = offer(reseller_id, kind_id)
    said = {question: answers.get(question, "").strip() for question in kind.questions}
    if any(not answer or len(answer) > LONGEST for answer in said.values()):
        raise Unanswered
    now = db.session().info["now"]
    added = ProgrammeRequest(
        reseller_id=reseller_id,
        code=new_code("ASK", 8),
        kind_id=kind_id,
        label=kind.label,
        programme_name=kind.programme,
        yearly=kind.yearly,
        answers=said,
        name=name,
        email=email,
        state=RequestState.SUBMITTED,
        handed_in_at=now,
        answer_by=support_hours.answer_by(reseller_id, kind.programme_id, now),
    )
    try:
        with db.savepoint():
            db.add(added)
            db.flush()
    except IntegrityError as error:  # there is one; or a second click, or a colleague, at the same moment
        raise AskedAlready(kind.label) from error
    trail.write(added, "handed in")
    publish(RequestHandedIn(added.id))
    return added


def find(code: str, *, to_change: bool = False) -> ProgrammeRequest:
    """A request of the scope; locked where it is about to change."""
    chosen = select(ProgrammeRequest).where(ProgrammeRequest.code == code)
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None:
        raise Missing("page")
    return found


def of_id(request_id: UUID) -> ProgrammeRequest:
    """The request that an event is about."""
    return db.session().scalars(select(ProgrammeRequest).where(ProgrammeRequest.id == request_id)).one()


def withdraw(request: ProgrammeRequest) -> None:
    """By the reseller, before it is answered."""
    states.move(request, RequestState.WITHDRAWN)


def grant(request: ProgrammeRequest, *, reply: str, by: str) -> None:
    """By the distributor; what lasts a year begins now."""
    reply = reply.strip()
    if len(reply) > LONGEST:
        raise NoReply
    states.move(request, RequestState.GRANTED, told={"by": by})
    request.reply, request.answered_by = reply, by
    if request.yearly:
        request.ends_at = end_of(business_now(), Term.YEAR)
    publish(RequestAnswered(request.id))


def decline(request: ProgrammeRequest, *, reply: str, by: str) -> None:
    """By the distributor, with the reason."""
    reply = reply.strip()
    if not reply or len(reply) > LONGEST:
        raise NoReply
    states.move(request, RequestState.DECLINED, told={"by": by})
    request.reply, request.answered_by = reply, by
    publish(RequestAnswered(request.id))


def renew(request: ProgrammeRequest) -> None:
    """By the reseller: another year from the end of this one (H40)."""
    if (
        request.state is not RequestState.GRANTED
        or request.ends_at is None
        or request.ends_at <= business_now()
    ):
        raise NotRenewable
    request.ends_at = end_of(request.ends_at, Term.YEAR)
    request.renewals += 1
    trail.write(request, "renewed", told={"until": f"{request.ends_at:%Y-%m-%d}"})


def end_those_over() -> int:
    """Ends what nobody renewed; how many."""
    over = select(ProgrammeRequest).where(
        ProgrammeRequest.state == RequestState.GRANTED, ProgrammeRequest.ends_at <= business_now()
    )
    found = db.session().scalars(over.order_by(ProgrammeRequest.id).limit(500).with_for_update()).all()
    for request in found:
        states.move(request, RequestState.EXPIRED)
        publish(RequestExpired(request.id))
    db.flush()
    return len(found)


def kinds_of(programme_id: UUID) -> list[RequestKind]:
    """A programme's kinds, by name; for the distributor."""
    chosen = select(RequestKind).where(RequestKind.programme_id == programme_id)
    return list(db.session().scalars(chosen.order_by(RequestKind.label, RequestKind.id)))


def keep_kind(
    programme: Programme, label: str, explanation: str, questions: list[str], *, yearly: bool
) -> RequestKind:
    """A new kind, or the one with this name as it is from now on; what was handed in stays as it was."""
    label = " ".join(label.split())
    asked = list(dict.fromkeys(" ".join(line.split()) for line in questions if line.strip()))
    if not label or not 1 <= len(asked) <= MOST_QUESTIONS:
        raise BadKind
    kept = db.session().scalar(
        select(RequestKind).where(RequestKind.programme_id == programme.id, RequestKind.label == label)
    )
    if kept is None:
        kept = db.add(RequestKind(programme_id=programme.id, label=label))
    kept.explanation, kept.questions, kept.yearly, kept.offered = explanation.strip(), asked, yearly, True
    db.flush()
    trail.write(programme, "kind of request saved", label=label)
    return kept


def stop_offering(programme: Programme, kind_id: UUID) -> None:
    """Nobody asks for it any more."""
    found = db.session().scalar(
        select(RequestKind).where(RequestKind.id == kind_id, RequestKind.programme_id == programme.id)
    )
    if found is None:
        raise Missing("page")
    found.offered = False
    trail.write(programme, "kind of request no longer offered", label=found.label)


def _end_late(_task: Claimed) -> None:
    end_those_over()


END = tasks.register(Kind("end_requests", Repeat.SAFE, prepare=_end_late, every=timedelta(minutes=10)))
