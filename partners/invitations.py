"""Invitations: how a person comes into a standing. A link of one use, good for 72 hours, bound to an e-mail address. The database keeps the
token's hash only; the token itself is computed when the mail is drawn and stands nowhere else. An unknown link, a used, a revoked and an
expired one get the same answer, and the inviter never learns whether an address is known."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, select, text
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, parties, passwords, sessions, states, trail
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id, new_token, token_hash
from core.parties import Customer, Membership, normal_email
from core.settings import settings
from core.tenancy import Access, CustomerOwned, Side, current, owned_by

LIFE = timedelta(hours=72)

ROLES = {
    "admin": "Administrator",
    "buyer": "Buyer",
    "billing_agent": "Billing agent",
    "subscriptions_manager": "Subscriptions manager",
    "cloud_administrator": "Cloud administrator",
    "storefront_manager": "Storefront manager",
}
"""role -> its name (I45, I46). An administrator may do everything."""


class InvitationState(StrEnum):
    """PENDING may still be too late: `standing` says so. A revoked or accepted invitation is never opened again."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


class Invitation(CustomerOwned, db.Model):
    """Somebody is asked to join. `nonce` makes the token (see `fresh_token`); `sending` counts the mails, each of which ends the link before."""

    __tablename__ = "invitations"
    __access__ = Access(distributor="rcu", reseller="rcu", door="ru")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        Index("ix_invitations_token_hash", "token_hash"),
        Index(
            "uq_invitations_pending", "distributor_id", "reseller_id", "customer_id", "email", unique=True,
            postgresql_where=text("state = 'pending'"), postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    LIFE = states.Transitions(
        {
            InvitationState.PENDING: [InvitationState.ACCEPTED, InvitationState.REVOKED],
            InvitationState.ACCEPTED: [],
            InvitationState.REVOKED: [],
        },
        first=InvitationState.PENDING,
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]
    side: Mapped[Side]
    email: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    invited_by: Mapped[str]
    state: Mapped[InvitationState]
    nonce: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    sending: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]

    def standing(self, now: datetime) -> str:
        """For people: pending, expired, accepted or revoked."""
        late = self.state is InvitationState.PENDING and self.expires_at <= now
        return "expired" if late else self.state.value


@dataclass(frozen=True, slots=True)
class InvitationSent(Event):
    """A mail with the link is due. `sending` is unique per invitation and mail."""

    invitation_id: UUID
    sending: str


class AlreadyInvited(Conflict):
    """One open invitation per address and standing."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} has an open invitation already. Send that one again, or revoke it first.")


class AlreadyThere(Conflict):
    """Belongs to this standing already, which the inviter sees in the list of people."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} belongs to this account already.")


class NotInvited(Refused):
    """Unknown, used, revoked and expired links are never told apart."""

    status = 404
    title = "This invitation cannot be used"

    def __init__(self) -> None:
        super().__init__("This link does not work any more: it was used, withdrawn or is older than three days. Ask for a new one.")


class UnknownRole(Refused):
    """Only the roles there are."""

    def __init__(self) -> None:
        super().__init__("Choose at least one of the roles.")


# --- The inviter's side ----------------------------------------------------------------------------------------------------------


def invite_customer(company: str, *, email: str, name: str, by: str, country: str = "") -> tuple[Customer, Invitation]:
    """A new customer of the scope's reseller, and the invitation of its first person, who will be its administrator."""
    reseller_id = current().reseller_id
    if reseller_id is None:
        raise Missing("reseller")
    customer = parties.add_customer(reseller_id, name=company, email=email, country=country)
    return customer, invite(Side.CUSTOMER, email=email, name=name, roles=["admin"], by=by, customer_id=customer.id)


def invite(side: Side, *, email: str, name: str, roles: list[str], by: str, customer_id: UUID | None = None) -> Invitation:
    """Asks a person to join: the scope's reseller itself, one of its customers, or (by the distributor) the distributor."""
    if not roles or not set(roles) <= set(ROLES):
        raise UnknownRole
    if customer_id is not None:
        parties.customer(customer_id)
    email, reseller_id = normal_email(email), current().reseller_id if side is not Side.DISTRIBUTOR else None
    _refuse_if_there(email, reseller_id, customer_id)
    now, nonce = db.session().info["now"], new_token()
    invitation = db.add(
        Invitation(
            id=new_id(), reseller_id=reseller_id, customer_id=customer_id, side=side, email=email, name=name.strip(), roles=roles, invited_by=by,
            state=InvitationState.PENDING, nonce=nonce, token_hash=token_hash(_token(nonce)), created_at=now, expires_at=now + LIFE,
        )
    )  # fmt: skip
    db.flush()
    trail.write(invitation, "invited", email=email)
    _send(invitation)
    return invitation


def _refuse_if_there(email: str, reseller_id: UUID | None, customer_id: UUID | None) -> None:
    def inside(row: type[Membership] | type[Invitation]) -> tuple[bool, ...]:
        return row.email == email, row.reseller_id.is_not_distinct_from(reseller_id), row.customer_id.is_not_distinct_from(customer_id)  # type: ignore[return-value]  # pyright: ignore

    if db.session().scalar(select(Membership.id).where(*inside(Membership), Membership.ended_at.is_(None)).limit(1)):
        raise AlreadyThere(email)
    if db.session().scalar(select(Invitation.id).where(*inside(Invitation), Invitation.state == InvitationState.PENDING).limit(1)):
        raise AlreadyInvited(email)


def resend(invitation: Invitation) -> None:
    """A new link for another 72 hours; the one sent before ends."""
    if invitation.state is not InvitationState.PENDING:
        raise states.IllegalMove("invitation", invitation.state, InvitationState.PENDING)
    invitation.nonce = new_token()
    invitation.token_hash = token_hash(_token(invitation.nonce))
    invitation.expires_at = db.session().info["now"] + LIFE
    invitation.sending += 1
    trail.write(invitation, "sent again")
    _send(invitation)


def revoke(invitation: Invitation) -> None:
    """The link ends at once."""
    states.move(invitation, InvitationState.REVOKED)


def find(invitation_id: UUID) -> Invitation:
    """An invitation inside the scope, locked, so that resending and revoking take turns."""
    found = db.session().scalar(select(Invitation).where(Invitation.id == invitation_id).with_for_update())
    if found is None:
        raise Missing("invitation")
    return found


def of_customer(customer_id: UUID) -> list[Invitation]:
    """A customer's invitations, newest first."""
    return _listed(Invitation.customer_id == customer_id)


def of_reseller(reseller_id: UUID) -> list[Invitation]:
    """Invitations of the reseller's own staff, newest first."""
    return _listed((Invitation.reseller_id == reseller_id) & Invitation.customer_id.is_(None))


def _listed(condition: object) -> list[Invitation]:
    chosen = select(Invitation).where(condition).order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(100)  # type: ignore[arg-type]  # pyright: ignore
    return list(db.session().scalars(chosen))


def _send(invitation: Invitation) -> None:
    publish(InvitationSent(invitation.id, f"{invitation.id}:{invitation.sending}"))


def _token(nonce: str) -> str:
    """From the nonce and the installation's secret: whoever reads the database alone cannot make it, and a mail that has to be sent twice
    (a worker died between sending and noting it) carries the same link both times."""
    digest = hmac.new(settings().secret_key.encode(), f"invitation:{nonce}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def fresh_token(invitation: Invitation) -> str:
    """The token for the mail of the latest sending; the mail task puts it into the link and nowhere else. Refused once nobody can use it."""
    if invitation.state is not InvitationState.PENDING:
        raise NotInvited
    return _token(invitation.nonce)


# --- The invited person's side: no scope yet, so through door functions -----------------------------------------------------------

# What every door below asks: the link's shop belongs to the inviter (or is the distributor's own), and the link is still good.
_GOOD = """i.token_hash = p_token AND i.state = 'pending' AND f.id = p_storefront AND f.distributor_id = i.distributor_id
      AND (r.house OR f.reseller_id = i.reseller_id)"""

LOOK = door(f"""
CREATE FUNCTION look_invitation_v1(p_token bytea, p_storefront uuid)
RETURNS TABLE (email text, name text, standing text, invited_by text, known boolean) AS $$
  SELECT i.email, i.name, coalesce(c.name, mr.name, d.name), i.invited_by,
    EXISTS (SELECT 1 FROM persons p WHERE p.email = i.email AND p.password_hash IS NOT NULL)
  FROM invitations i
  JOIN storefronts f ON f.distributor_id = i.distributor_id
  JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
  JOIN distributors d ON d.id = i.distributor_id
  LEFT JOIN resellers mr ON mr.distributor_id = i.distributor_id AND mr.id = i.reseller_id
  LEFT JOIN customers c ON c.distributor_id = i.distributor_id AND c.id = i.customer_id
  WHERE {_GOOD} AND i.expires_at > now()
$$""")  # noqa: S608 a constant of ours

# One statement: the row lock of the UPDATE lets one of two concurrent clicks through, the other finds it accepted. A known address joins only
# as the person whose password was checked.
ACCEPT = door(f"""
CREATE FUNCTION accept_invitation_v1(p_token bytea, p_storefront uuid, p_known uuid, p_new uuid, p_name text, p_hash text)
RETURNS TABLE (person_id uuid, membership_id uuid, email text) AS $$
  WITH taken AS (
    UPDATE invitations i SET state = 'accepted', accepted_at = now()
    FROM storefronts f JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    WHERE {_GOOD} AND i.expires_at > now()
      AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.email = i.email
        AND (p.disabled_at IS NOT NULL OR (p.password_hash IS NOT NULL AND p.id IS DISTINCT FROM p_known)))
    RETURNING i.distributor_id, i.id, i.reseller_id, i.customer_id, i.side, i.email, i.name, i.roles
  ), person AS (
    INSERT INTO persons AS p (id, email, name, password_hash, created_at)
    SELECT coalesce(p_known, p_new), t.email, p_name, p_hash, now() FROM taken t
    ON CONFLICT (email) DO UPDATE SET password_hash = coalesce(p.password_hash, excluded.password_hash)
    RETURNING p.id, p.name
  ), member AS (
    INSERT INTO memberships AS m (distributor_id, id, reseller_id, customer_id, person_id, side, email, name, roles, created_at)
    SELECT t.distributor_id, gen_random_uuid(), t.reseller_id, t.customer_id, p.id, t.side, t.email, p.name, t.roles, now()
    FROM taken t CROSS JOIN person p
    ON CONFLICT (distributor_id, person_id, reseller_id, customer_id) WHERE ended_at IS NULL DO UPDATE SET
      roles = (SELECT jsonb_agg(DISTINCT role) FROM jsonb_array_elements(m.roles || excluded.roles) role)
    RETURNING m.distributor_id, m.id, m.person_id, m.reseller_id, m.customer_id, m.email
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, person_id, object_type, object_id, what, why, detail, request_id)
    SELECT t.distributor_id, gen_random_uuid(), t.reseller_id, t.customer_id, now(), p.id, 'invitations', t.id, 'pending -> accepted', '', '{{}}'::jsonb, ''
    FROM taken t CROSS JOIN person p
    UNION ALL
    SELECT m.distributor_id, gen_random_uuid(), m.reseller_id, m.customer_id, now(), m.person_id, 'memberships', m.id, 'added', '', '{{}}'::jsonb, ''
    FROM member m
  )
  SELECT m.person_id, m.id, m.email FROM member m
$$""")  # noqa: S608 a constant of ours

RENEW = door(f"""
CREATE FUNCTION renew_invitation_v1(p_token bytea, p_storefront uuid, p_nonce text, p_fresh bytea, p_life interval)
RETURNS TABLE (invitation_id uuid, sending bigint) AS $$
  UPDATE invitations i SET nonce = p_nonce, token_hash = p_fresh, expires_at = now() + p_life, sending = i.sending + 1
  FROM storefronts f JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
  WHERE {_GOOD} AND i.expires_at <= now() RETURNING i.id, i.sending
$$""")  # noqa: S608 a constant of ours


@dataclass(frozen=True, slots=True)
class Invited:
    """What the page of a good link shows. `known`: the address has an account, so its password is asked for instead of a new one."""

    email: str
    name: str
    standing: str
    invited_by: str
    known: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Who came in, and in which standing; enough to open a session."""

    person_id: UUID
    membership_id: UUID
    email: str


def look(token: str, *, storefront_id: UUID) -> Invited:
    """What a link invites to, in this shop; NotInvited for every reason why not. Changes nothing: mail scanners open links too."""
    row = doors.call(LOOK, {"p_token": token_hash(token), "p_storefront": storefront_id})
    if row is None:
        raise NotInvited
    return Invited(row.email, row.name, row.standing, row.invited_by, row.known)


def accept(token: str, *, storefront_id: UUID, name: str, password: str, address: str) -> Joined:
    """Uses the link, once. A known address proves itself by its existing password (WrongLogin, Locked), an unknown one chooses its own
    (WeakPassword). No transaction may be open: the hash takes its time, and the door is one statement."""
    invited = look(token, storefront_id=storefront_id)
    known = sessions.prove(invited.email, password, address=address) if invited.known else None
    joined = doors.call(
        ACCEPT,
        {
            "p_token": token_hash(token), "p_storefront": storefront_id, "p_known": known, "p_new": new_id(),
            "p_name": name.strip() or invited.name, "p_hash": None if known else passwords.hashed(password),
        },
    )  # fmt: skip
    if joined is None:
        raise NotInvited
    return Joined(joined.person_id, joined.membership_id, joined.email)


def ask_again(token: str, *, storefront_id: UUID) -> None:
    """Somebody holds a link that is too old and asks for a new one: it goes to the invited address. Every other link changes nothing, and
    the caller answers the same. Runs in the page's transaction."""
    nonce = new_token()
    fresh = token_hash(_token(nonce))
    arguments = {"p_token": token_hash(token), "p_storefront": storefront_id, "p_nonce": nonce, "p_fresh": fresh, "p_life": LIFE}
    for row in doors.call_here(RENEW, arguments):
        publish(InvitationSent(row.invitation_id, f"{row.invitation_id}:{row.sending}"))
