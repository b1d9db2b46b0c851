"""Invitations to a partnership: a distributor asks a company to become its reseller. The link is mailed to
one person, works once and for 72 hours; before it is accepted there is no relation of any kind (M23, M26). A
company that is a reseller elsewhere gets one more standing, of the same company, and only an administrator of
it may bind it (M24); anybody else founds a company with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, parties, seals, states, trail
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id, new_token, token_hash
from core.languages import _
from core.parties import Membership, Reseller, normal_email
from core.tenancy import Access, DistributorOwned, Side, owned_by, same_key
from partners.evidence_checks import EMAIL
from partners.invitations import LIFE, AlreadyInvited, NotInvited
from partners.signatures import NotAnAdministrator

LONGEST = {"company": 200, "name": 120, "email": 254, "words": 2000}


class PartnerInvitationState(StrEnum):
    """PENDING may still be too late: `standing` says so."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


class PartnerInvitation(DistributorOwned, db.Model):
    """A company is asked to become a reseller. `programme_id`: whose agreement it signs next, if any;
    `price_list_id`: what it buys by; `reseller_id`: what became of it."""

    __tablename__ = "partner_invitations"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        owned_by("price_lists", "price_list_id"),
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "code"),
        Index("ix_partner_invitations_token_hash", "distributor_id", "token_hash", unique=True),
        Index(
            "uq_partner_invitations_pending",
            "distributor_id",
            "email",
            unique=True,
            postgresql_where=literal_column("state = 'pending'"),
        ),
    )
    LIFE = states.Transitions(
        {
            PartnerInvitationState.PENDING: [
                PartnerInvitationState.ACCEPTED,
                PartnerInvitationState.REVOKED,
            ],
            PartnerInvitationState.ACCEPTED: [],
            PartnerInvitationState.REVOKED: [],
        },
        first=PartnerInvitationState.PENDING,
    )

    code: Mapped[str]
    company: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    words: Mapped[str]
    programme_id: Mapped[UUID | None]
    price_list_id: Mapped[UUID]
    invited_by: Mapped[str]
    state: Mapped[PartnerInvitationState]
    nonce: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    sending: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str] = mapped_column(default="")
    reseller_id: Mapped[UUID | None]

    def standing(self, now: datetime) -> str:
        """For people: pending, expired, accepted or revoked."""
        late = self.state is PartnerInvitationState.PENDING and self.expires_at <= now
        return "expired" if late else self.state.value


@dataclass(frozen=True, slots=True)
class PartnerInvitationSent(Event):
    """A mail with the link is due. `sending` is unique per invitation and mail."""

    invitation_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class PartnerInvitationAccepted(Event):
    """A company has accepted: it is a reseller now."""

    invitation_id: UUID


class InvitationIncomplete(Refused):
    """Company, person and address are needed."""

    def __init__(self) -> None:
        super().__init__(_("Name the company, the person and an e-mail address such as anna@example.com."))


class PartnerAlready(Conflict):
    """It has a standing here."""

    def __init__(self, company: str) -> None:
        super().__init__(_("%(company)s is your reseller already.", company=company))


class WhichCompany(Refused):
    """The person is an administrator of several companies: it would be a guess."""

    def __init__(self) -> None:
        super().__init__(_("You are an administrator of several companies. Choose which one accepts."))


class AccountMeanwhile(Conflict):
    """The address has got an account since the page was opened."""

    def __init__(self) -> None:
        super().__init__(
            _("This address has an account now. Open the link again and accept with its password.")
        )


# --- The distributor's side ---------------------------------------------------------------------------------


def invite(
    *,
    company: str,
    name: str,
    email: str,
    price_list_id: UUID,
    by: str,
    words: str = "",
    programme_id: UUID | None = None,
) -> PartnerInvitation:
    """Asks a company, by the mailbox of one person, to become a reseller of the scope's distributor."""
    company, name, email = " ".join(company.split()), " ".join(name.split()), normal_email(email)
    told = {"company": company, "name": name, "email": email, "words": words.strip()}
    if not company or not name or not EMAIL.fullmatch(email):
        raise InvitationIncomplete
    for field, longest in LONGEST.items():
        if len(told[field]) > longest:
            raise Refused(_("At most %(most)s characters.", most=longest))
    _refuse_if_partner(email)
    pending = select(PartnerInvitation.id).where(
        PartnerInvitation.email == email, PartnerInvitation.state == PartnerInvitationState.PENDING
    )
    if db.session().scalar(pending):
        raise AlreadyInvited(email)
    now, nonce = db.session().info["now"], new_token()
    added = db.add(
        PartnerInvitation(
            id=new_id(),
            code=new_code("INV", 8),
            **told,
            programme_id=programme_id,
            price_list_id=price_list_id,
            invited_by=by,
            state=PartnerInvitationState.PENDING,
            nonce=nonce,
            token_hash=token_hash(token_of(nonce)),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    db.flush()
    trail.write(added, "sent", email=email)
    _send(added)
    return added


def _refuse_if_partner(email: str) -> None:
    joined = same_key(Reseller.id, Membership.reseller_id)
    chosen = (
        select(Reseller.name)
        .join(Membership, joined)
        .where(
            Membership.email == email,
            Membership.side == Side.RESELLER,
            Membership.ended_at.is_(None),
            ~Reseller.house,
        )
    )
    if company := db.session().scalar(chosen.limit(1)):
        raise PartnerAlready(company)


def find(code: str) -> PartnerInvitation:
    """An invitation of the scope's distributor, locked, so that resending and revoking take turns."""
    chosen = select(PartnerInvitation).where(PartnerInvitation.code == code).with_for_update()
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("invitation")
    return found


def of_id(invitation_id: UUID) -> PartnerInvitation:
    """One that is known to be there, in the distributor's scope."""
    return db.session().scalars(select(PartnerInvitation).where(PartnerInvitation.id == invitation_id)).one()


def resend(invitation: PartnerInvitation) -> None:
    """A new link for another 72 hours; the one sent before ends."""
    if invitation.state is not PartnerInvitationState.PENDING:
        raise states.IllegalMove("invitation", invitation.state, PartnerInvitationState.PENDING)
    invitation.nonce = new_token()
    invitation.token_hash = token_hash(token_of(invitation.nonce))
    invitation.expires_at = db.session().info["now"] + LIFE
    invitation.sending += 1
    trail.write(invitation, "sent again")
    _send(invitation)


def revoke(invitation: PartnerInvitation) -> None:
    """The link ends at once."""
    states.move(invitation, PartnerInvitationState.REVOKED)


def _send(invitation: PartnerInvitation) -> None:
    publish(PartnerInvitationSent(invitation.id, f"{invitation.id}:{invitation.sending}"))


def token_of(nonce: str) -> str:
    """The token of a link: it stands in the mail and nowhere else."""
    return seals.link_token("partner invitation", nonce)


# --- The invited company's side -----------------------------------------------------------------------------


# Where a person has a standing as a reseller, at whichever distributor: asked only after their password.
STANDINGS = door("""
CREATE FUNCTION reseller_standings_v1(p_person uuid)
RETURNS TABLE (company_id uuid, company text, country text, distributor text, distributor_id uuid, reseller_id uuid, admin boolean) AS $$
  SELECT r.company_id, r.name, r.country, d.name, r.distributor_id, r.id, m.roles @> '["admin"]'::jsonb
  FROM memberships m JOIN resellers r ON r.distributor_id = m.distributor_id AND r.id = m.reseller_id
  JOIN distributors d ON d.id = m.distributor_id
  WHERE m.person_id = p_person AND m.side = 'reseller' AND m.ended_at IS NULL AND NOT r.house ORDER BY r.name, d.name, r.id
$$""")  # noqa: E501 SQL

# An address that has an account meanwhile gives no row: nobody joins as a person whose password was not
# asked.
PERSON = door("""
CREATE FUNCTION person_of_invited_v1(p_new uuid, p_email text, p_name text, p_hash text) RETURNS TABLE (id uuid) AS $$
  INSERT INTO persons AS p (id, email, name, password_hash, created_at) VALUES (p_new, p_email, p_name, p_hash, now())
  ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash, password_changed_at = now()
    WHERE p.password_hash IS NULL AND p.disabled_at IS NULL
  RETURNING p.id
$$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class Standing:
    """A reseller that a person belongs to, at some distributor."""

    company_id: UUID
    company: str
    country: str
    distributor: str
    distributor_id: UUID
    reseller_id: UUID
    admin: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whose password was right."""

    person_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody without an account: the name and the hash of the password they have chosen."""

    name: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who binds which company: `company` is what it is called here; `of` the standing it has elsewhere, if
    any."""

    company: str
    person: Known | Newcomer
    of: Standing | None = None


def by_link(token: str, *, to_change: bool = False) -> PartnerInvitation:
    """The invitation of a link, in a scope that was widened for it; NotInvited for every reason why not.
    Locked where it is about to be accepted: of two clicks the second finds what the first did."""
    chosen = select(PartnerInvitation).where(PartnerInvitation.token_hash == token_hash(token))
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None or found.standing(db.session().info["now"]) != PartnerInvitationState.PENDING:
        raise NotInvited
    return found


def standings_of(person_id: UUID) -> list[Standing]:
    """Every reseller that somebody belongs to who has just proven who they are."""
    return [Standing(*row) for row in doors.call_all(STANDINGS, {"p_person": person_id})]


def choose(standings: Sequence[Standing], company_id: str) -> Standing | None:
    """The standing whose company accepts; None where the person has none. NotAnAdministrator for who
    belongs to companies and administers none (M24), WhichCompany where it would be a guess."""
    if not standings:
        return None
    administered = {one.company_id: one for one in standings if one.admin}
    if not administered:
        raise NotAnAdministrator(standings[0].company)
    if len(administered) == 1:
        return next(iter(administered.values()))
    chosen = next((one for key, one in administered.items() if str(key) == company_id), None)
    if chosen is None:
        raise WhichCompany
    return chosen


def accept(invitation: PartnerInvitation, accepted: Accepted) -> tuple[UUID, UUID]:
    """Reseller and administrator in one transaction: from now on each stands in the other's list (M25). The
    person and their membership here."""
    states.move(invitation, PartnerInvitationState.ACCEPTED, told={"by": invitation.email})
    person_id, name = _person_of(invitation, accepted.person)
    company_id = accepted.of.company_id if accepted.of else None
    here = select(Reseller).where(Reseller.company_id == company_id, ~Reseller.house)
    if company_id and (known := db.session().scalar(here)):
        raise PartnerAlready(known.name)
    reseller = parties.add_reseller(
        name=accepted.company.strip()[: LONGEST["company"]] or invitation.company,
        email=invitation.email,
        price_list_id=invitation.price_list_id,
        country=accepted.of.country if accepted.of else "",
        company_id=company_id,
    )
    member = parties.add_member(
        person_id,
        side=Side.RESELLER,
        email=invitation.email,
        name=name,
        roles=["admin"],
        reseller_id=reseller.id,
    )
    invitation.accepted_at, invitation.accepted_by = db.session().info["now"], name
    invitation.reseller_id = reseller.id
    publish(PartnerInvitationAccepted(invitation.id))
    return person_id, member.id


def _person_of(invitation: PartnerInvitation, person: Known | Newcomer) -> tuple[UUID, str]:
    if isinstance(person, Known):
        return person.person_id, person.name
    name = " ".join(person.name.split())[: LONGEST["name"]] or invitation.name
    arguments = {
        "p_new": new_id(),
        "p_email": invitation.email,
        "p_name": name,
        "p_hash": person.password_hash,
    }
    made = doors.call_here(PERSON, arguments)
    if not made:
        raise AccountMeanwhile
    return made[0].id, name


def note_late(token: str) -> None:
    """A used, withdrawn or late link was sent once more: it stands in the invitation's timeline."""
    chosen = select(PartnerInvitation).where(PartnerInvitation.token_hash == token_hash(token))
    if found := db.session().scalar(chosen):
        because = found.standing(db.session().info["now"])
        trail.write(found, "was refused: its link is over", told={"by": found.email, "because": because})


def note_refusal(invitation: PartnerInvitation, why: str) -> None:
    """That somebody who may not bind a company tried to: the distributor reads it in the timeline."""
    trail.write(invitation, "was not accepted", why=why)
