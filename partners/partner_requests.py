"""A company asks a provider of the directory for an invitation. The request is the provider's row, in its
queue; it answers with an invitation or declines with a reason, and until the invitation is accepted there is
no relation (M26)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped

from core import db, doors, states
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned
from partners import partner_invitations, providers
from partners.partner_invitations import PartnerInvitation
from partners.providers import WHOSE

LONGEST_WORDS = 2000


class PartnerRequestState(StrEnum):
    """INVITED: the answer is an invitation, which has a life of its own."""

    ASKED = "asked"
    INVITED = "invited"
    DECLINED = "declined"


class PartnerRequest(DistributorOwned, db.Model):
    """Company, person and address are copies: what the asking administrator hands over by asking."""

    __tablename__ = "partner_requests"
    __access__ = Access(distributor="ru", door="rc")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        Index(
            "uq_partner_requests_asked",
            "distributor_id",
            "company_id",
            unique=True,
            postgresql_where=literal_column("state = 'asked'"),
        ),
        Index("ix_partner_requests_company", "company_id", "asked_at"),
    )
    LIFE = states.Transitions(
        {
            PartnerRequestState.ASKED: [PartnerRequestState.INVITED, PartnerRequestState.DECLINED],
            PartnerRequestState.INVITED: [],
            PartnerRequestState.DECLINED: [],
        },
        first=PartnerRequestState.ASKED,
    )

    code: Mapped[str]
    company_id: Mapped[UUID]
    person_id: Mapped[UUID]
    company: Mapped[str]
    country: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    words: Mapped[str]
    state: Mapped[PartnerRequestState]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str]
    reason: Mapped[str]


@dataclass(frozen=True, slots=True)
class PartnerRequestDeclined(Event):
    """The asking company reads why."""

    request_id: UUID


class CannotBeAsked(Conflict):
    """It was asked already, has no entry any more, or is a provider of the company."""

    def __init__(self) -> None:
        super().__init__(
            _("This provider cannot be asked now: look at the directory again, it says how you stand.")
        )


class NoWords(Refused):
    """Who is asked or declined reads why."""

    def __init__(self) -> None:
        super().__init__(_("Write a few words, at most %(most)s characters.", most=LONGEST_WORDS))


# Administrators of partners only, once at a time, and never a provider whose reseller the company is. The
# mail to the provider is a task of the provider's, so it is written here, in the same statement.
ASK = door(f"""
CREATE FUNCTION ask_provider_v1(p_session uuid, p_provider text, p_id uuid, p_code text, p_words text, p_task uuid, p_line uuid)
RETURNS TABLE (request_id uuid) AS $$
  WITH asked AS (
    INSERT INTO partner_requests (distributor_id, id, code, company_id, person_id, company, country, name, email, words, state, asked_at,
      decided_by, reason)
    SELECT d.id, p_id, p_code, me.company_id, me.person_id, r.name, r.country, m.name, m.email, p_words, 'asked', now(), '', ''
    FROM ({WHOSE}) me
    JOIN resellers r ON r.distributor_id = me.distributor_id AND r.id = me.reseller_id
    JOIN sessions s ON s.id = p_session
    JOIN memberships m ON m.distributor_id = s.distributor_id AND m.id = s.membership_id AND m.roles @> '["admin"]'::jsonb
    JOIN distributors d ON d.code = p_provider
    JOIN provider_entries p ON p.distributor_id = d.id AND p.published
    WHERE me.enrolled AND NOT EXISTS (SELECT 1 FROM resellers x WHERE x.distributor_id = d.id AND x.company_id = me.company_id)
    ON CONFLICT (distributor_id, company_id) WHERE state = 'asked' DO NOTHING
    RETURNING distributor_id, id, person_id, company
  ), noted AS (
    INSERT INTO trail (distributor_id, id, at, person_id, object_type, object_id, what, told, request_id)
    SELECT a.distributor_id, p_line, now(), a.person_id, 'partner_requests', a.id, 'asked', jsonb_build_object('by', a.company), '' FROM asked a
  ), told AS (
    INSERT INTO tasks (distributor_id, id, kind, key, lane, args, state, next_at, created_at, attempts, intent_open, note)
    SELECT a.distributor_id, p_task, 'mail_partner_asked', 'mail_partner_asked:' || a.id, 'mail_partner_asked',
      jsonb_build_object('request_id', a.id), 'pending', now(), now(), 0, false, '' FROM asked a
  )
  SELECT a.id FROM asked a
$$""")  # noqa: E501, S608 SQL of ours


def ask(session_id: UUID, provider: str, words: str) -> UUID:
    """The company of this session's reseller asks a provider for an invitation; the request's id.
    NotEnrolled, or CannotBeAsked for every reason why not."""
    if not words.strip() or len(words.strip()) > LONGEST_WORDS:
        raise NoWords
    providers.refuse_unless_enrolled(session_id)
    arguments = {
        "p_session": session_id,
        "p_provider": provider,
        "p_id": new_id(),
        "p_code": new_code("ASK", 8),
        "p_words": words.strip(),
        "p_task": new_id(),
        "p_line": new_id(),
    }
    asked = doors.call(ASK, arguments)
    if asked is None:
        raise CannotBeAsked
    return asked.request_id


# --- The provider's side ------------------------------------------------------------------------------------


def find(code: str) -> PartnerRequest:
    """A request of the scope's distributor, locked: of two answers the second finds the first."""
    chosen = select(PartnerRequest).where(PartnerRequest.code == code).with_for_update()
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("request")
    return found


def of_id(request_id: UUID) -> PartnerRequest:
    """One that is known to be there, in the distributor's scope."""
    return db.session().scalars(select(PartnerRequest).where(PartnerRequest.id == request_id)).one()


def invite(
    request: PartnerRequest, *, price_list_id: UUID, programme_id: UUID | None, by: str
) -> PartnerInvitation:
    """Answers with an invitation to the person who asked."""
    states.move(request, PartnerRequestState.INVITED)
    _decided(request, by)
    return partner_invitations.invite(
        company=request.company,
        name=request.name,
        email=request.email,
        price_list_id=price_list_id,
        programme_id=programme_id,
        by=by,
    )


def decline(request: PartnerRequest, reason: str, *, by: str) -> None:
    """With a reason that the company reads; it may ask again."""
    if not reason.strip() or len(reason.strip()) > LONGEST_WORDS:
        raise NoWords
    states.move(request, PartnerRequestState.DECLINED, why=reason.strip())
    request.reason = reason.strip()
    _decided(request, by)
    publish(PartnerRequestDeclined(request.id))


def _decided(request: PartnerRequest, by: str) -> None:
    request.decided_at, request.decided_by = db.session().info["now"], by
