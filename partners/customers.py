"""A reseller's customers: how one comes onto its list, what the reseller notes about it, and how it leaves
the list. A customer is known by its e-mail address; one address stands on a list once. Whether the address
had an account before is nobody's business but its owner's: the reseller reads the same either way
(P7-P16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, UniqueConstraint, exists, or_, select
from sqlalchemy.orm import Mapped

from core import db, parties, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.languages import _
from core.parties import Customer, Membership, Reseller, Segment, normal_email
from core.tenancy import Access, ResellerOwned, Side, current, owned_by, same_key
from partners import channels, invitations, leads
from partners.invitations import Invitation, InvitationState

LONGEST_COMMENT = 2000
LONGEST_NAME = 200


class CustomerComment(ResellerOwned, db.Model):
    """What a reseller notes about a customer for itself: neither the customer nor the distributor can select
    it (P7)."""

    __tablename__ = "customer_comments"
    __access__ = Access(reseller="rcu")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "reseller_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    text: Mapped[str]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class RelationshipEnding(Event):
    """A customer is about to leave its reseller's list; whoever knows why it may not refuses (app.py)."""

    customer_id: UUID
    reseller_id: UUID


class NotOnTheList(Conflict):
    """It was removed before."""

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s is not on your list any more.", name=name))


class NoCompanyName(Refused):
    """A customer is called something, if only by its address."""

    def __init__(self) -> None:
        super().__init__(_("Write the company's name, in at most %(most)s characters.", most=LONGEST_NAME))


class CommentTooLong(Refused):
    """A note, not a file."""

    def __init__(self) -> None:
        super().__init__(_("A comment has at most %(most)s characters.", most=LONGEST_COMMENT))


@dataclass(frozen=True, slots=True)
class Added:
    """The customer, and the invitation that was sent; none where it stood on the list already (P11)."""

    customer: Customer
    invitation: Invitation | None


# --- Onto the list ------------------------------------------------------------------------------------------


def add(
    email: str,
    *,
    by: str,
    company: str = "",
    name: str = "",
    comment: str = "",
    country: str = "",
    channel: str = "",
    words: str = "",
) -> Added:
    """Puts the customer of an address onto the list of the scope's reseller (P7, P10): the address is invited
    as its administrator, in `words` of the reseller's own if there are any. `channel`: by which a new one was
    won (channels.win). One that is there already stays
    as it is; one that was removed comes back with all that it had."""
    reseller_id, email = _reseller_id(), normal_email(email)
    lock = select(Reseller.id).where(Reseller.id == reseller_id).with_for_update(key_share=True)
    db.session().execute(lock)  # of two who add one address at once, the second finds what the first did
    known = _of_address(email)
    if known is not None and known.ended_at is None:
        return Added(known, None)
    company, name = company.strip() or email, name.strip() or company.strip() or email
    if known is not None:
        lead = leads.keys([known.name], known.country, addresses=[email])
        leads.refuse_to_take_on(reseller_id, known.name, lead)
        channels.refuse_to_come_back(known)
        known.ended_at = None
        trail.write(known, "added again")
        invited = invitations.invite(
            Side.CUSTOMER,
            email=email,
            name=name,
            roles=["admin"],
            by=by,
            customer_id=known.id,
            words=words,
            adds=not channels.enters_by_link(known),
        )
        customer = known
    else:
        customer, invited = invitations.invite_customer(
            company, email=email, name=name, by=by, country=country, channel=channel, words=words, adds=True
        )
    if comment.strip():
        keep_comment(customer, comment)
    return Added(customer, invited)


def _reseller_id() -> UUID:
    found = current().reseller_id
    if found is None:
        raise Missing("reseller")
    return found


def _of_address(email: str) -> Customer | None:
    """The customer of this reseller that is known by the address, or has somebody with it; one that is on the
    list before one that was removed."""
    has_member = exists().where(
        same_key(Membership.customer_id, Customer.id),
        Membership.email == email,
        Membership.ended_at.is_(None),
    )
    chosen = select(Customer).where(or_(Customer.email == email, has_member))
    newest = (Customer.ended_at.desc().nulls_first(), Customer.id)
    return db.session().scalar(chosen.order_by(*newest).limit(1))


def nobody_yet() -> ColumnElement[bool]:
    """Customers that nobody has come in for: invited, and no more (M28)."""
    return ~exists().where(
        same_key(Membership.customer_id, Customer.id),
        Membership.ended_at.is_(None),
    )


def peopled(customer_ids: Sequence[UUID]) -> set[UUID | None]:
    """Those of the customers that somebody has come in for."""
    chosen = select(Membership.customer_id).where(
        Membership.customer_id.in_(customer_ids), Membership.ended_at.is_(None)
    )
    return set(db.session().scalars(chosen))


# --- On the list --------------------------------------------------------------------------------------------


def comment_of(customer_id: UUID) -> str:
    """What the scope's reseller has noted."""
    chosen = select(CustomerComment.text).where(CustomerComment.customer_id == customer_id)
    return db.session().scalar(chosen) or ""


def change(customer: Customer, *, company: str, comment: str, segment: Segment | None = None) -> None:
    """Company name and comment are the reseller's to write (P14), and of which kind the company is."""
    company = " ".join(company.split())
    if not company or len(company) > LONGEST_NAME:
        raise NoCompanyName
    if company != customer.name:
        trail.write(customer, "renamed", told={"was": customer.name, "is": company})
        customer.name = company
    if segment is not None and segment is not customer.segment:
        customer.segment = segment
        trail.write(customer, f"registered as {segment.value}")
    if comment.strip() != comment_of(customer.id):
        keep_comment(customer, comment)


def keep_comment(customer: Customer, text: str) -> None:
    """The one comment about a customer. The trail says that it changed, and not what it says."""
    if len(text.strip()) > LONGEST_COMMENT:
        raise CommentTooLong
    chosen = select(CustomerComment).where(CustomerComment.customer_id == customer.id).with_for_update()
    row = db.session().scalar(chosen) or CustomerComment(
        reseller_id=customer.reseller_id, customer_id=customer.id
    )
    row.text, row.changed_at = text.strip(), db.session().info["now"]
    db.add(row)
    db.flush()


# --- Off the list -------------------------------------------------------------------------------------------


def to_remove(code: str) -> Customer:
    """A customer of the scope, locked: an order that is placed at this moment is waited for, and seen."""
    found = db.session().scalar(select(Customer).where(Customer.code == code).with_for_update())
    if found is None:
        raise Missing("customer")
    return found


def on_the_list(customer: Customer) -> Customer:
    """The customer itself; NotOnTheList for one that was removed, with whom there is no more to do."""
    if customer.ended_at is not None:
        raise NotOnTheList(customer.name)
    return customer


def remove(customer: Customer) -> None:
    """Off the list (P12): its people have no more to do with this reseller, their own accounts stay, and so
    do papers. Refused as long as something runs for it (P13)."""
    on_the_list(customer)
    publish(RelationshipEnding(customer.id, customer.reseller_id))
    now = db.session().info["now"]
    customer.ended_at = now
    for person in parties.members(customer_id=customer.id):
        person.ended_at = now
        trail.write(person, "removed")
    for invitation in invitations.of_customer(customer.id):
        if invitation.state is InvitationState.PENDING:
            invitations.revoke(invitation)
    trail.write(customer, "removed from the list")
