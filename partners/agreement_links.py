"""The mailed link by which a customer's company accepts an agreement without signing in: one use, 72 hours,
bound to the address that it was mailed to. The database keeps the token's hash only; the token is computed
when the mail is drawn. An unknown link, a used, a revoked and an expired one get the same answer (M38)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, parties, seals, states, throttles, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id, new_token, token_hash
from core.languages import _
from core.parties import Customer, normal_email
from core.tenancy import Access, CustomerOwned, owned_by, same_key
from partners import conditions, customer_agreements
from partners.conditions import Condition
from partners.customer_agreements import EMAIL, AcceptedAlready
from partners.terms import Agreed, Kind, TermsAcceptance, Way

LIFE = timedelta(hours=72)


class LinkState(StrEnum):
    """PENDING may still be too late: `standing` says so."""

    PENDING = "pending"
    USED = "used"
    REVOKED = "revoked"


class AgreementLink(CustomerOwned, db.Model):
    """Somebody of a customer is asked to accept an agreement for its company."""

    __tablename__ = "agreement_links"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (
        owned_by("customers", "customer_id"),
        owned_by("conditions", "condition_id"),
        Index("ix_agreement_links_token_hash", "distributor_id", "token_hash", unique=True),
        Index("ix_agreement_links_customer", "distributor_id", "customer_id", "id"),
        Index(
            "uq_agreement_links_pending",
            "distributor_id",
            "customer_id",
            "condition_id",
            "email",
            unique=True,
            postgresql_where=literal_column("state = 'pending'"),
        ),
    )
    LIFE = states.Transitions(
        {
            LinkState.PENDING: [LinkState.USED, LinkState.REVOKED],
            LinkState.USED: [],
            LinkState.REVOKED: [],
        },
        first=LinkState.PENDING,
    )

    condition_id: Mapped[UUID]
    email: Mapped[str]
    name: Mapped[str]
    sent_by: Mapped[str]
    state: Mapped[LinkState]
    nonce: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    sending: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    def standing(self, now: datetime) -> str:
        """For people: pending, expired, used or revoked."""
        late = self.state is LinkState.PENDING and self.expires_at <= now
        return "expired" if late else self.state.value


@dataclass(frozen=True, slots=True)
class AgreementLinkSent(Event):
    """A mail with the link is due. `sending` is unique per link and mail."""

    link_id: UUID
    sending: str


class SentAlready(Conflict):
    """One open link per person and agreement."""

    def __init__(self, email: str) -> None:
        super().__init__(
            _("%(email)s has an open link already. Send that one again, or withdraw it first.", email=email)
        )


class NoSuchLink(Refused):
    """Unknown, used, revoked and expired links are never told apart."""

    status = 404
    title = "This link cannot be used"

    def __init__(self) -> None:
        super().__init__(
            _(
                "This link does not work any more: it was used, withdrawn or is older than three days. Ask"
                " your provider for a new one."
            )
        )


class NoReceiver(Refused):
    """A link needs a name and an address."""


# --- The provider's side ------------------------------------------------------------------------------------


def send(customer: Customer, code: str, *, email: str, name: str, by: str) -> AgreementLink:
    """Asks somebody of a customer of the scope to accept an agreement for its company."""
    condition = _agreement(code)
    email, name = normal_email(email), " ".join(name.split())
    if not name or len(name) > 120:
        raise NoReceiver(_("Enter the name of the person."))
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise NoReceiver(_("Enter an e-mail address, such as anna@example.com."))
    if any(row.code == code and row.accepted for row in customer_agreements.standing(customer.id)):
        raise AcceptedAlready(condition.name)
    pending = select(AgreementLink.id).where(
        AgreementLink.customer_id == customer.id,
        AgreementLink.condition_id == condition.id,
        AgreementLink.email == email,
        AgreementLink.state == LinkState.PENDING,
    )
    if db.session().scalar(pending):
        raise SentAlready(email)
    now, nonce = db.session().info["now"], new_token()
    link = db.add(
        AgreementLink(
            id=new_id(),
            reseller_id=customer.reseller_id,
            customer_id=customer.id,
            condition_id=condition.id,
            email=email,
            name=name,
            sent_by=by,
            state=LinkState.PENDING,
            nonce=nonce,
            token_hash=token_hash(token_of(nonce)),
            sending=1,
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    db.flush()
    trail.write(link, "sent", told={"agreement": condition.name, "to": email})
    _mail(link)
    return link


def _agreement(code: str) -> Condition:
    condition = conditions.find(code)
    if condition.kind is not Kind.CUSTOMER_AGREEMENT:
        raise Missing("page")
    return condition


def resend(link: AgreementLink) -> None:
    """A new link for another 72 hours; the one sent before ends."""
    if link.state is not LinkState.PENDING:
        raise states.IllegalMove("link", link.state, LinkState.PENDING)
    link.nonce = new_token()
    link.token_hash = token_hash(token_of(link.nonce))
    link.expires_at = db.session().info["now"] + LIFE
    link.sending += 1
    trail.write(link, "sent again", told={"to": link.email})
    _mail(link)


def revoke(link: AgreementLink) -> None:
    """It ends at once."""
    states.move(link, LinkState.REVOKED)


def find(link_id: UUID) -> AgreementLink:
    """A link inside the scope, locked, so that resending, revoking and using take turns."""
    found = db.session().scalar(select(AgreementLink).where(AgreementLink.id == link_id).with_for_update())
    if found is None:
        raise Missing("link")
    return found


def of_customer(customer_id: UUID) -> list[tuple[AgreementLink, str]]:
    """A customer's links with the names of their agreements, newest first."""
    chosen = (
        select(AgreementLink, Condition.name)
        .join(Condition, same_key(Condition.id, AgreementLink.condition_id))
        .where(AgreementLink.customer_id == customer_id)
        .order_by(AgreementLink.id.desc())
        .limit(50)
    )
    return [(link, name) for link, name in db.session().execute(chosen)]


# --- The side of whoever holds it ---------------------------------------------------------------------------


def by_token(token: str, *, reseller_id: UUID | None, to_change: bool = False) -> AgreementLink:
    """The link, in a scope that was widened for it: still good, and of this shop's reseller (none: the
    distributor's own shop, which all lead to); NoSuchLink for every reason why not."""
    chosen = select(AgreementLink).where(AgreementLink.token_hash == token_hash(token))
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if (
        found is None
        or found.standing(db.session().info["now"]) != LinkState.PENDING
        or reseller_id not in (None, found.reseller_id)
    ):
        raise NoSuchLink
    return found


def condition_of(link: AgreementLink) -> Condition:
    """The agreement that it leads to."""
    return db.session().scalars(select(Condition).where(Condition.id == link.condition_id)).one()


def use(link: AgreementLink, name: str, agreed: Agreed) -> TermsAcceptance:
    """Accepts for the company, by whoever reads the mailbox of the link; once."""
    words = " ".join(name.split())
    if not words or len(words) > 120:
        raise NoReceiver(_("Enter your name."))
    if link.customer_id is None:
        raise NoSuchLink
    customer = parties.customer(link.customer_id)
    states.move(link, LinkState.USED, told={"by": words})
    return customer_agreements.accept(
        customer, condition_of(link).code, agreed, name=words, email=link.email, way=Way.LINK
    )


def _mail(link: AgreementLink) -> None:
    throttles.one_more_letter(link.email)
    publish(AgreementLinkSent(link.id, f"{link.id}:{link.sending}"))


def token_of(nonce: str) -> str:
    """The link's token; for the mail that carries it, and for nothing else."""
    return seals.link_token("agreement", nonce)
