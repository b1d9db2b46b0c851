"""Terms of sale: a seller's text in versions, and who accepted which of them. The distributor's are for
resellers, a reseller's for its customers. A version is never changed; an acceptance is never changed or taken
back by anybody (both have no grant for it), and holds what a dispute asks for: which text, by its digest,
who, when, from where, with which order (I71)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Row, Select, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.ids import new_id
from core.languages import _
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by

LONGEST = 100_000


class Terms(ResellerOwned, db.Model):
    """One version of a seller's terms; `standing_id` is the reseller, or the distributor itself, which also
    sells through the house reseller."""

    __tablename__ = "terms"
    __access__ = Access(distributor="rc", reseller="rc", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "standing_id", "number"),
        CheckConstraint("standing_id = coalesce(reseller_id, distributor_id)", name="standing"),
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    standing_id: Mapped[UUID]
    number: Mapped[int]
    text: Mapped[str]
    digest: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[str]


class TermsAcceptance(CustomerOwned, db.Model):
    """A buyer's consent, given with an order. `digest` is the SHA-256 of the text that was shown."""

    __tablename__ = "terms_acceptances"
    __access__ = Access(distributor="rc", reseller="r", customer="r", door="r")
    __table_args__ = (
        owned_by("terms", "terms_id"),
        UniqueConstraint("distributor_id", "order_id"),
        Index("ix_terms_acceptances_buyer", "distributor_id", "terms_id", "buyer_id"),
    )

    terms_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    number: Mapped[int]
    digest: Mapped[str]
    order_id: Mapped[UUID]
    order_code: Mapped[str]
    company: Mapped[str]
    person_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str]
    browser: Mapped[str]
    url: Mapped[str]
    accepted_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a form says: the box of this version was ticked, on this page, from this address."""

    terms_id: str
    address: str
    browser: str
    url: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The terms in force; `accepted`: this buyer agreed to this very version before."""

    terms_id: UUID
    number: int
    digest: str
    published_at: datetime
    accepted: bool


class TermsNotAccepted(Refused):
    """The box was not ticked."""

    def __init__(self) -> None:
        super().__init__(_("Please read the terms and tick the box: without it nothing can be ordered."))


class TermsChanged(Conflict):
    """A new version came while the page was open."""

    def __init__(self) -> None:
        super().__init__(_("The terms have changed meanwhile. Please read the new ones and agree again."))


class NothingToPublish(Refused):
    """No text, too much, or the same as before."""


# A buyer sees no row of its seller's; it may read the seller's terms.
ASKED = door("""
CREATE FUNCTION terms_asked_v1(p_distributor uuid, p_reseller uuid, p_customer uuid)
RETURNS TABLE (terms_id uuid, number bigint, digest text, published_at timestamptz, accepted boolean) AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  SELECT t.id, t.number, t.digest, t.published_at, EXISTS (
    SELECT 1 FROM terms_acceptances a WHERE a.distributor_id = p_distributor AND a.terms_id = t.id
      AND a.buyer_id = coalesce(p_customer, p_reseller))
  FROM terms t
  WHERE t.distributor_id = p_distributor AND t.standing_id = (
    SELECT CASE WHEN p_customer IS NULL OR r.house THEN r.distributor_id ELSE r.id END
    FROM resellers r WHERE r.distributor_id = p_distributor AND r.id = p_reseller)
  ORDER BY t.number DESC LIMIT 1; END
$$""")

READ = door("""
CREATE FUNCTION terms_read_v1(p_distributor uuid, p_reseller uuid, p_number bigint)
RETURNS TABLE (number bigint, words text, digest text, published_at timestamptz, newest bigint) AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  SELECT t.number, t.text, t.digest, t.published_at,
    (SELECT max(n.number) FROM terms n
      WHERE n.distributor_id = p_distributor AND n.standing_id = t.standing_id)
  FROM terms t
  WHERE t.distributor_id = p_distributor AND (p_number IS NULL OR t.number = p_number)
    AND t.standing_id = coalesce((
      SELECT CASE WHEN r.house THEN r.distributor_id ELSE r.id END
      FROM resellers r WHERE r.distributor_id = p_distributor AND r.id = p_reseller), p_distributor)
  ORDER BY t.number DESC LIMIT 1; END
$$""")


def asked(reseller_id: UUID, customer_id: UUID | None) -> Asked | None:
    """The seller's terms in force for a buyer, in any scope; none while nothing is published."""
    rows = doors.call_here(
        ASKED,
        {
            "p_distributor": tenancy.current().distributor_id,
            "p_reseller": reseller_id,
            "p_customer": customer_id,
        },
    )
    return Asked(*rows[0]) if rows else None


def read(reseller_id: UUID | None, number: int | None = None) -> Row[Any]:
    """A version as anybody may read it (number, words, digest, published_at, newest): a reseller's, or
    without one the distributor's; the newest unless a number is given. Missing where there is none."""
    rows = doors.call_here(
        READ,
        {
            "p_distributor": tenancy.current().distributor_id,
            "p_reseller": reseller_id,
            "p_number": number,
        },
    )
    if not rows:
        raise Missing("text")
    return rows[0]


def publish(text: str, *, reseller_id: UUID | None, by: str) -> Terms:
    """A new version from now on: every buyer is asked again with its next order."""
    words = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not words:
        raise NothingToPublish("Write the terms first.")
    if len(words) > LONGEST:
        raise NothingToPublish(f"The text is too long: at most {LONGEST:,} characters.")
    standing = reseller_id or tenancy.current().distributor_id
    latest = newest(standing)
    digest = hashlib.sha256(words.encode()).hexdigest()
    if latest is not None and latest.digest == digest:
        raise NothingToPublish("This is the text that is in force already.")
    added = db.add(
        Terms(
            distributor_id=tenancy.current().distributor_id,
            reseller_id=reseller_id,
            standing_id=standing,
            number=latest.number + 1 if latest else 1,
            text=words,
            digest=digest,
            published_at=db.session().info["now"],
            published_by=by,
        )
    )
    db.flush()
    trail.write(added, f"terms published, version {added.number}")
    return added


def newest(standing_id: UUID) -> Terms | None:
    """The version in force of a seller of the scope."""
    return db.session().scalar(
        select(Terms).where(Terms.standing_id == standing_id).order_by(Terms.number.desc()).limit(1)
    )


def versions(standing_id: UUID) -> list[tuple[Terms, int]]:
    """All versions, newest first, each with how many acceptances it has."""
    times = (
        select(func.count())
        .select_from(TermsAcceptance)
        .where(TermsAcceptance.distributor_id == Terms.distributor_id, TermsAcceptance.terms_id == Terms.id)
        .scalar_subquery()
    )
    chosen = (
        select(Terms, times).where(Terms.standing_id == standing_id).order_by(Terms.number.desc()).limit(50)
    )
    return [(row, int(many)) for row, many in db.session().execute(chosen)]


def evidence(standing_id: UUID) -> Select[TermsAcceptance]:
    """Acceptances of a seller's terms, oldest first."""
    return (
        select(TermsAcceptance)
        .join(
            Terms,
            (Terms.distributor_id == TermsAcceptance.distributor_id) & (Terms.id == TermsAcceptance.terms_id),
        )
        .where(Terms.standing_id == standing_id)
        .order_by(TermsAcceptance.id)
    )


def refuse_unless(agreed: Agreed | None, terms: Asked | None) -> bool:
    """Whether an acceptance is to be written; TermsNotAccepted or TermsChanged where the buyer has not agreed
    to the terms in force."""
    if terms is None or terms.accepted:
        return False
    if agreed is None or not agreed.terms_id:
        raise TermsNotAccepted
    if agreed.terms_id != str(terms.terms_id):
        raise TermsChanged
    return True


def acceptance(terms: Asked, agreed: Agreed, **given: Any) -> dict[str, Any]:
    """The row of an acceptance, for the statement that places its order; `given` are the owner, order and
    person."""
    return {
        "id": new_id(),
        "terms_id": terms.terms_id,
        "number": terms.number,
        "digest": terms.digest,
        "address": agreed.address[:100],
        "browser": agreed.browser[:300],
        "url": agreed.url[:300],
        **given,
    }
