"""Consent to a use of personal data: each person's own, given and withdrawn at any time, and never needed to
buy. Every act is a line of its own that nobody may change, with the text by its digest, when and from
where (I72, W13); the newest line is what counts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, mapped_column

from core import db, trail
from core.errors import Missing
from core.tenancy import Access, CustomerOwned, owned_by
from partners import conditions
from partners.conditions import Condition
from partners.terms import Agreed, Kind


class Consent(CustomerOwned, db.Model):
    """One act of one person in one standing: consent given, or withdrawn. `company`, `name` are copies."""

    __tablename__ = "consents"
    __access__ = Access(distributor="rc", reseller="rc", customer="rc")
    __table_args__ = (
        owned_by("conditions", "condition_id"),
        owned_by("terms", "terms_id"),
        owned_by("memberships", "membership_id"),
        Index("ix_consents_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_consents_member", "distributor_id", "membership_id", "condition_id", "id"),
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    condition_id: Mapped[UUID]
    terms_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    person_id: Mapped[UUID]
    title: Mapped[str]
    number: Mapped[int]
    digest: Mapped[str]
    given: Mapped[bool]
    name: Mapped[str]
    email: Mapped[str]
    company: Mapped[str]
    address: Mapped[str]
    browser: Mapped[str]
    url: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Consenting:
    """Who says it, in which standing."""

    membership_id: UUID
    person_id: UUID
    reseller_id: UUID | None
    customer_id: UUID | None
    name: str
    email: str
    company: str


def newest(membership_id: UUID) -> dict[UUID, Consent]:
    """condition -> what somebody of the scope said last."""
    chosen = (
        select(Consent)
        .ext(distinct_on(Consent.condition_id))
        .where(Consent.membership_id == membership_id)
        .order_by(Consent.condition_id, Consent.id.desc())
    )
    return {one.condition_id: one for one in db.session().scalars(chosen)}


def say(who: Consenting, code: str, agreed: Agreed, *, given: bool) -> Consent | None:
    """Gives consent to the version in force, or withdraws it; nothing is written where that is so already.
    Giving needs the version that was shown (TermsChanged, NotTicked); withdrawing needs nothing."""
    version = conditions.read(code)
    if version.kind != Kind.DATA_USE:
        raise Missing("page")
    last = newest(who.membership_id).get(version.condition_id)
    if given:
        conditions.refuse_unless_newest(version, agreed.terms_id)
    if (last.given if last else False) == given and (not given or (last and last.number == version.number)):
        return None
    added = db.add(
        Consent(
            reseller_id=who.reseller_id,
            customer_id=who.customer_id,
            condition_id=version.condition_id,
            terms_id=version.terms_id if given or last is None else last.terms_id,
            membership_id=who.membership_id,
            person_id=who.person_id,
            title=version.name,
            number=version.number if given or last is None else last.number,
            digest=version.digest if given or last is None else last.digest,
            given=given,
            name=who.name,
            email=who.email,
            company=who.company,
            address=agreed.address[:100],
            browser=agreed.browser[:300],
            url=agreed.url[:300],
            at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(added, "given" if given else "withdrawn", told={"use": version.name, "by": who.name})
    return added


def asked() -> list[Condition]:
    """The uses of personal data that one may consent to; those without a text are not asked for yet."""
    return conditions.of_kind(Kind.DATA_USE)
