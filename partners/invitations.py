"""Invitations: how a person comes into a standing. A link of one use, good for 72 hours, bound to an e-mail
address. The database keeps the token's hash only; the token itself is computed when the mail is drawn and
stands nowhere else. An unknown link, a used, a revoked and an expired one get the same answer, and the
inviter never learns whether an address is known."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, LargeBinary, Select, false, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, parties, states, throttles, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id, new_token, token_hash
from core.languages import _
from core.parties import Customer, Membership, normal_email
from core.settings import settings
from core.tenancy import Access, CustomerOwned, Side, current, owned_by
from partners import channels, leads, logins
from partners.roles import Organisation, refuse_unknown

LIFE = timedelta(hours=72)
LINK = "{link}"  # where the link stands in the inviter's own words
LONGEST_WORDS = 4000


class InvitationState(StrEnum):
    """PENDING may still be too late: `standing` says so. A revoked or accepted invitation is never opened
    again."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


class Invitation(CustomerOwned, db.Model):
    """Somebody is asked to join. `nonce` makes the token (see `fresh_token`); `sending` counts the mails,
    each of which ends the link before. `words`: what the mail says instead of ours. `adds`: an address that
    has an account needs no link; signing in is enough (P9, partners/acceptances.py: claim)."""

    __tablename__ = "invitations"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="rcu", door="ru")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        Index("ix_invitations_token_hash", "token_hash"),
        Index(
            "uq_invitations_pending",
            "distributor_id",
            "reseller_id",
            "customer_id",
            "email",
            unique=True,
            postgresql_where=literal_column("state = 'pending'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "ix_invitations_adds",
            "distributor_id",
            "email",
            postgresql_where=literal_column("state = 'pending' AND adds"),
        ),
    )
    LIFE = states.Transitions(
        {
            InvitationState.PENDING: [InvitationState.ACCEPTED, InvitationState.REVOKED],
            InvitationState.ACCEPTED: [],
            InvitationState.REVOKED: [],
        },
        first=InvitationState.PENDING,
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    side: Mapped[Side]
    email: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    words: Mapped[str] = mapped_column(default="", server_default="")
    adds: Mapped[bool] = mapped_column(default=False, server_default=false())
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
        super().__init__(
            _(
                "%(email)s has an open invitation already. Send that one again, or revoke it first.",
                email=email,
            )
        )


class AlreadyThere(Conflict):
    """Belongs to this standing already, which the inviter sees in the list of people."""

    def __init__(self, email: str) -> None:
        super().__init__(_("%(email)s belongs to this account already.", email=email))


class NotInvited(Refused):
    """Unknown, used, revoked and expired links are never told apart."""

    status = 404
    title = "This invitation cannot be used"

    def __init__(self) -> None:
        super().__init__(
            _(
                "This link does not work any more: it was used, withdrawn or is older than three days. Ask"
                " for a new one."
            )
        )


class LinkMissing(Refused):
    """The inviter may write what they like, as long as the personal link stays in it (M30)."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Keep %(link)s in your text, once: there the personal link is put, and without it nobody can"
                " accept.",
                link=LINK,
            )
        )


# --- The inviter's side -------------------------------------------------------------------------------------


def invite_customer(
    company: str,
    *,
    email: str,
    name: str,
    by: str,
    country: str = "",
    channel: str = "",
    words: str = "",
    adds: bool = False,
) -> tuple[Customer, Invitation]:
    """A new customer of the scope's reseller, and the invitation of its first person, who will be its
    administrator. `channel`: by which it was won (channels.win). LeadTaken or DealComesFirst where the
    company may not become one (partners/leads.py)."""
    reseller_id = current().reseller_id
    if reseller_id is None:
        raise Missing("reseller")
    leads.refuse_to_take_on(reseller_id, company, leads.keys([company], country, addresses=[email]))
    customer = parties.add_customer(reseller_id, name=company, email=email, country=country)
    channels.win(customer, channel)
    return customer, invite(
        Side.CUSTOMER,
        email=email,
        name=name,
        roles=["admin"],
        by=by,
        customer_id=customer.id,
        words=words,
        adds=adds and not channels.enters_by_link(customer),
    )


def invite(
    side: Side,
    *,
    email: str,
    name: str,
    roles: list[str],
    by: str,
    customer_id: UUID | None = None,
    reseller_id: UUID | None = None,
    words: str = "",
    adds: bool = False,
) -> Invitation:
    """Asks a person to join: the scope's reseller itself, one of its customers, the scope's customer, or (by
    the distributor) the distributor or the reseller that is named. `words` of the inviter's own must keep
    the link."""
    _refuse_without_link(words)
    refuse_unknown(side, roles)
    if customer_id is not None:
        parties.customer(customer_id)
    email = normal_email(email)
    reseller_id = reseller_id or (current().reseller_id if side is not Side.DISTRIBUTOR else None)
    _refuse_if_there(email, reseller_id, customer_id)
    if side is Side.RESELLER and reseller_id is not None:
        logins.refuse_if_used_up(reseller_id)
    now, nonce = db.session().info["now"], new_token()
    invitation = db.add(
        Invitation(
            id=new_id(),
            reseller_id=reseller_id,
            customer_id=customer_id,
            side=side,
            email=email,
            name=name.strip(),
            roles=roles,
            words=words.strip(),
            adds=adds,
            invited_by=by,
            state=InvitationState.PENDING,
            nonce=nonce,
            token_hash=token_hash(token_of(nonce)),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    db.flush()
    trail.write(invitation, "invited", email=email)
    _send(invitation)
    return invitation


def _refuse_without_link(words: str) -> None:
    if len(words) > LONGEST_WORDS:
        raise Refused(_("At most %(most)s characters.", most=LONGEST_WORDS))
    if words.strip() and words.count(LINK) != 1:
        raise LinkMissing


def _refuse_if_there(email: str, reseller_id: UUID | None, customer_id: UUID | None) -> None:
    standing = (reseller_id, customer_id)
    member = select(Membership.id).where(Membership.email == email, Membership.ended_at.is_(None))
    if db.session().scalar(_inside(member, Membership, *standing)):
        raise AlreadyThere(email)
    pending = select(Invitation.id).where(
        Invitation.email == email, Invitation.state == InvitationState.PENDING
    )
    if db.session().scalar(_inside(pending, Invitation, *standing)):
        raise AlreadyInvited(email)


def _inside(
    chosen: Select[UUID],
    row: type[Membership] | type[Invitation],
    reseller_id: UUID | None,
    customer_id: UUID | None,
) -> Select[UUID]:
    """One row of just this standing, where "none" is a standing too."""
    same = row.reseller_id.is_not_distinct_from(reseller_id)
    return chosen.where(same, row.customer_id.is_not_distinct_from(customer_id)).limit(1)


def resend(invitation: Invitation) -> None:
    """A new link for another 72 hours; the one sent before ends."""
    if invitation.state is not InvitationState.PENDING:
        raise states.IllegalMove("invitation", invitation.state, InvitationState.PENDING)
    now = db.session().info["now"]
    if invitation.side is Side.RESELLER and invitation.reseller_id is not None:
        logins.refuse_if_used_up(invitation.reseller_id, holding=int(invitation.expires_at > now))
    invitation.nonce = new_token()
    invitation.token_hash = token_hash(token_of(invitation.nonce))
    invitation.expires_at = now + LIFE
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


def of_organisation(organisation: Organisation) -> list[Invitation]:
    """Invitations into an organisation itself, newest first."""
    return _listed(
        (Invitation.side == organisation.side)
        & Invitation.reseller_id.is_not_distinct_from(organisation.reseller_id)
        & Invitation.customer_id.is_not_distinct_from(organisation.customer_id)
    )


def _listed(condition: ColumnElement[bool]) -> list[Invitation]:
    newest = (Invitation.created_at.desc(), Invitation.id.desc())
    return list(db.session().scalars(select(Invitation).where(condition).order_by(*newest).limit(100)))


def _send(invitation: Invitation) -> None:
    throttles.one_more_letter(invitation.email)
    publish(InvitationSent(invitation.id, f"{invitation.id}:{invitation.sending}"))


def token_of(nonce: str) -> str:
    """From the nonce and the installation's secret: whoever reads the database alone cannot make it, and a
    mail that has to be sent twice (a worker died between sending and noting it) carries the same link both
    times."""
    digest = hmac.new(settings().secret_key.encode(), f"invitation:{nonce}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def fresh_token(invitation: Invitation) -> str:
    """The token for the mail of the latest sending; the mail task puts it into the link and nowhere else.
    Refused once nobody can use it."""
    if invitation.state is not InvitationState.PENDING:
        raise NotInvited
    return token_of(invitation.nonce)
