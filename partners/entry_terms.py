"""The terms before the first page (U3, U4): where a programme says so, each person of a partner agrees to the
distributor's terms before anything else in the partner's console, and again when they change. Whether
somebody still has to is known by the statement that opens a request (partners/storefronts.py)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import NeedsLogin, Refused
from core.languages import _
from core.parties import Membership
from core.tenancy import Access, ResellerOwned, owned_by
from partners.terms import Agreed, TermsChanged


class EntryAcceptance(ResellerOwned, db.Model):
    """One person's consent for one console; nobody changes it or takes it back."""

    __tablename__ = "entry_acceptances"
    __access__ = Access(distributor="r", reseller="rc", door="r")
    __table_args__ = (
        owned_by("terms", "terms_id"),
        owned_by("memberships", "membership_id"),
        UniqueConstraint("distributor_id", "membership_id", "terms_id"),
    )

    membership_id: Mapped[UUID]
    terms_id: Mapped[UUID]
    number: Mapped[int]
    digest: Mapped[str]
    person_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str]
    browser: Mapped[str]
    url: Mapped[str]
    accepted_at: Mapped[datetime]


# The distributor's terms in force, for its partners' people.
IN_FORCE = door("""
CREATE FUNCTION entry_terms_v1(p_distributor uuid)
RETURNS TABLE (terms_id uuid, number bigint, digest text) AS $$
  SELECT t.id, t.number, t.digest FROM terms t
  WHERE t.distributor_id = p_distributor AND t.standing_id = p_distributor ORDER BY t.number DESC LIMIT 1
$$""")


class TermsComeFirst(Refused):
    """Nothing else before."""

    status = 403
    title = "The terms come first"

    def __init__(self) -> None:
        super().__init__(_("Please read the distributor's terms and agree to them first."))


class EntryNotAgreed(Refused):
    """The box was not ticked."""

    def __init__(self) -> None:
        super().__init__(_("Please read the terms and tick the box: without it there is no way in."))


def in_force() -> Row[Any] | None:
    """The version to agree to (terms_id, number, digest); none while nothing is published."""
    rows = doors.call_here(IN_FORCE, {"p_distributor": tenancy.current().distributor_id})
    return rows[0] if rows else None


def agree(membership_id: UUID, agreed: Agreed | None) -> None:
    """This person, in this console, to the version in force; EntryNotAgreed or TermsChanged otherwise."""
    member = db.session().get(Membership, (tenancy.current().distributor_id, membership_id))
    if member is None or member.reseller_id is None:
        raise NeedsLogin(_("Please sign in."))
    asked = in_force()
    if asked is None:
        return
    if agreed is None or not agreed.terms_id:
        raise EntryNotAgreed
    if agreed.terms_id != str(asked.terms_id):
        raise TermsChanged
    db.add(
        EntryAcceptance(
            reseller_id=member.reseller_id,
            membership_id=member.id,
            terms_id=asked.terms_id,
            number=asked.number,
            digest=asked.digest,
            person_id=member.person_id,
            name=member.name,
            email=member.email,
            address=agreed.address[:100],
            browser=agreed.browser[:300],
            url=agreed.url[:300],
            accepted_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(
        member, "agreed to the distributor's terms", told={"version": asked.number, "digest": asked.digest}
    )
