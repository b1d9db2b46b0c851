"""The terms before the first page (U3, U4): where a programme says so, each person of a partner agrees to the
distributor's terms before anything else in the partner's console, and again when they change. Whether
somebody still has to is known by the statement that opens a request (partners/storefronts.py)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from core import db, trail
from core.errors import NeedsLogin, Refused
from core.languages import _
from core.parties import Membership
from core.tenancy import Access, ResellerOwned, owned_by
from partners import terms
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


def agree(membership_id: UUID, agreed: Agreed | None) -> None:
    """This person, in this console, to the version in force; EntryNotAgreed or TermsChanged otherwise."""
    member = db.session().get(Membership, (terms.tenancy.current().distributor_id, membership_id))
    if member is None or member.reseller_id is None:
        raise NeedsLogin(_("Please sign in."))
    asked = terms.asked(member.reseller_id, None)
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
