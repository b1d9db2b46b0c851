"""Texts in versions, and who accepted which of them: the terms of sale of a seller (the distributor's for
resellers, a reseller's for its customers), and the conditions of certain products (partners/conditions.py). A
version is never changed; an acceptance is never changed or taken back by anybody (both have no grant for it),
and holds what a dispute asks for: which text, by its digest, who, when, from where, in which way, with which
order (I71, W13)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Row,
    Select,
    UniqueConstraint,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.ids import new_id
from core.languages import _
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by, same_key

LONGEST = 100_000


class Kind(StrEnum):
    """What a text is. SALE: a seller's terms. The others are conditions of the distributor's: an agreement
    that a customer accepts once for its company (M37), terms that are ticked with an order (I71), a use of
    personal data that each person consents to or not (I72)."""

    SALE = "sale"
    CUSTOMER_AGREEMENT = "customer_agreement"
    PRODUCT_TERMS = "product_terms"
    DATA_USE = "data_use"


class Way(StrEnum):
    """How something was accepted: ticked with an order, on the page of the shop, by a mailed link, or not by
    the customer here at all but on the word of who attests it (M38)."""

    ORDER = "order"
    PORTAL = "portal"
    LINK = "link"
    ATTESTED = "attested"


class Terms(ResellerOwned, db.Model):
    """One version of a text; `standing_id` is whose it is: the condition's, else the reseller's, else that of
    the distributor itself, which also sells through the house reseller. `asks_again`: an acceptance of an
    earlier version is none of this one."""

    __tablename__ = "terms"
    __access__ = Access(distributor="rc", reseller="rc", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("conditions", "condition_id"),
        UniqueConstraint("distributor_id", "standing_id", "number"),
        CheckConstraint("standing_id = coalesce(condition_id, reseller_id, distributor_id)", name="standing"),
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    condition_id: Mapped[UUID | None]
    standing_id: Mapped[UUID]
    number: Mapped[int]
    text: Mapped[str]
    digest: Mapped[str]
    asks_again: Mapped[bool] = mapped_column(default=True, server_default=true())
    published_at: Mapped[datetime]
    published_by: Mapped[str]


class TermsAcceptance(CustomerOwned, db.Model):
    """A buyer's consent. `digest` is the SHA-256 of the text that was shown; `company_id` is the company's,
    which has the same one with each of its providers (M42). Of an attested one `name`, `email` and `phone`
    are of whom the word says that it accepted, `accepted_on` the day it says, `attested_by` who says it;
    address and browser are the attesting person's."""

    __tablename__ = "terms_acceptances"
    __access__ = Access(distributor="rc", reseller="rc", customer="rc", door="r")
    __table_args__ = (
        owned_by("terms", "terms_id"),
        UniqueConstraint("distributor_id", "order_id", "terms_id"),
        Index("ix_terms_acceptances_buyer", "distributor_id", "terms_id", "buyer_id"),
        Index("ix_terms_acceptances_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_terms_acceptances_company", "distributor_id", "company_id", "terms_id"),
        Index(
            "uq_terms_acceptances_agreement",
            "distributor_id",
            "company_id",
            "terms_id",
            unique=True,
            postgresql_where=literal_column("order_id IS NULL"),
        ),
    )

    terms_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    company_id: Mapped[UUID]
    number: Mapped[int]
    digest: Mapped[str]
    kind: Mapped[Kind] = mapped_column(default=Kind.SALE, server_default="sale")
    title: Mapped[str] = mapped_column(default="", server_default="")
    way: Mapped[Way] = mapped_column(default=Way.ORDER, server_default="order")
    order_id: Mapped[UUID | None]
    order_code: Mapped[str] = mapped_column(default="", server_default="")
    products: Mapped[str] = mapped_column(default="", server_default="")
    company: Mapped[str]
    person_id: Mapped[UUID | None]
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str] = mapped_column(default="", server_default="")
    attested_by: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str]
    browser: Mapped[str]
    url: Mapped[str]
    accepted_on: Mapped[date]
    accepted_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a form says: the box of this version was ticked, on this page, from this address; and those of
    the products' terms."""

    terms_id: str
    address: str
    browser: str
    url: str
    product_terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that an order needs, in its version in force. `accepted`: this buyer agreed to it before.
    `code`, `title` and `products` are a condition's, and what it is asked for."""

    terms_id: UUID
    number: int
    digest: str
    published_at: datetime
    accepted: bool
    company_id: UUID
    kind: Kind = Kind.SALE
    code: str = ""
    title: str = ""
    products: str = ""


class TermsNotAccepted(Refused):
    """The box was not ticked."""

    def __init__(self) -> None:
        super().__init__(_("Please read the terms and tick the box: without it nothing can be ordered."))


class TermsChanged(Conflict):
    """A new version came while the page was open."""

    def __init__(self) -> None:
        super().__init__(_("The terms have changed meanwhile. Please read the new ones and agree again."))


class ProductTermsNotAccepted(Refused):
    """A product's own terms were not ticked (I71)."""

    def __init__(self, title: str) -> None:
        super().__init__(
            _("Please read “%(title)s” and tick its box: its products are sold by these terms.", title=title)
        )


class AgreementMissing(Refused):
    """M37, M41: nothing is ordered and no seat changes before the customer agreement is accepted."""

    def __init__(self, title: str) -> None:
        super().__init__(
            _(
                "“%(title)s” is not accepted yet, so nothing can be ordered or changed for this company. Its"
                " administrator accepts it on the shop's page “Agreements”; its provider can mail the link.",
                title=title,
            )
        )
        self.agreement = title


class NothingToPublish(Refused):
    """No text, too much, or the same as before."""


# A buyer sees no row of its seller's; it may read the seller's terms.
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


def publish(
    text: str,
    *,
    by: str,
    reseller_id: UUID | None = None,
    condition_id: UUID | None = None,
    asks_again: bool = True,
) -> Terms:
    """A new version from now on, of a seller's terms or of a condition: everybody is asked again, unless an
    earlier acceptance is to count for it."""
    words = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not words:
        raise NothingToPublish("Write the terms first.")
    if len(words) > LONGEST:
        raise NothingToPublish(f"The text is too long: at most {LONGEST:,} characters.")
    standing = condition_id or reseller_id or tenancy.current().distributor_id
    latest = newest(standing)
    digest = hashlib.sha256(words.encode()).hexdigest()
    if latest is not None and latest.digest == digest:
        raise NothingToPublish("This is the text that is in force already.")
    added = db.add(
        Terms(
            distributor_id=tenancy.current().distributor_id,
            reseller_id=reseller_id,
            condition_id=condition_id,
            standing_id=standing,
            number=latest.number + 1 if latest else 1,
            text=words,
            digest=digest,
            asks_again=asks_again or latest is None,
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
        .where(same_key(TermsAcceptance.terms_id, Terms.id))
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
        .join(Terms, same_key(Terms.id, TermsAcceptance.terms_id))
        .where(Terms.standing_id == standing_id)
        .order_by(TermsAcceptance.id)
    )


def refuse_unless(agreed: Agreed | None, asked: Sequence[Asked]) -> list[Asked]:
    """What is accepted with this order; AgreementMissing, TermsNotAccepted, ProductTermsNotAccepted or
    TermsChanged where the buyer has not agreed to what the order needs."""
    needed = [one for one in asked if not one.accepted]
    for one in needed:
        if one.kind is Kind.CUSTOMER_AGREEMENT:
            raise AgreementMissing(one.title)
    known = {str(one.terms_id) for one in asked}
    for one in needed:
        if one.kind is Kind.SALE:
            if agreed is None or not agreed.terms_id:
                raise TermsNotAccepted
            if agreed.terms_id != str(one.terms_id):
                raise TermsChanged
        elif agreed is None or str(one.terms_id) not in agreed.product_terms:
            if agreed is not None and set(agreed.product_terms) - known:
                raise TermsChanged
            raise ProductTermsNotAccepted(one.title)
    return needed


def acceptance(terms: Asked, agreed: Agreed, **given: Any) -> dict[str, Any]:
    """The row of an acceptance, for the statement that places its order; `given` are the owner, order and
    person."""
    return {
        "id": new_id(),
        "terms_id": terms.terms_id,
        "company_id": terms.company_id,
        "number": terms.number,
        "digest": terms.digest,
        "kind": terms.kind,
        "title": terms.title,
        "products": terms.products,
        "way": Way.ORDER,
        "phone": "",
        "attested_by": "",
        "address": agreed.address[:100],
        "browser": agreed.browser[:300],
        "url": agreed.url[:300],
        **given,
    }
