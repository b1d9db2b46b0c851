"""On which terms a reseller has credit (I30), besides its limit (billing/credit.py) and what it may do at
all (partners/standings.py): whether a part of a period is billed by its share, and whether changes within a
period are invoiced at once. A programme says which terms a reseller begins with that its signature brings."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from billing import credit
from billing.credit import BalanceKind
from core import db, parties, trail
from core.money import Money
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by
from partners import enrolments, standings
from partners.programmes import Programme
from partners.signatures import ApplicationSigned


class CreditTerms(ResellerOwned, db.Model):
    """A reseller's terms. `prorate_billing`: a part of a period costs its share, not the whole;
    `partial_charges`: what changes within a period is invoiced at once, not with the next period."""

    __tablename__ = "credit_terms"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id"),
    )

    prorate_billing: Mapped[bool]
    partial_charges: Mapped[bool]


class ProgrammeCredit(DistributorOwned, db.Model):
    """What a new reseller of a programme begins with; `limit_minor` is its credit line."""

    __tablename__ = "programme_credit"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
        CheckConstraint("limit_minor >= 0", name="limit"),
    )

    programme_id: Mapped[UUID]
    limit_minor: Mapped[int]
    currency: Mapped[str]
    ordering_enabled: Mapped[bool]
    prorate_billing: Mapped[bool]
    partial_charges: Mapped[bool]


@dataclass(frozen=True, slots=True)
class Terms:
    """The switches of a reseller."""

    prorate_billing: bool = False
    partial_charges: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a programme says of the resellers that it brings."""

    limit: Money
    ordering_enabled: bool = True
    terms: Terms = Terms()


def of(reseller_id: UUID) -> Terms:
    """A reseller's terms; both switches are off where nobody has said anything."""
    row = _row(reseller_id)
    return Terms(row.prorate_billing, row.partial_charges) if row else Terms()


def change(reseller_id: UUID, terms: Terms) -> None:
    """Counts for what is charged from now on. The caller holds the reseller's row."""
    if terms == of(reseller_id):
        return
    row = _row(reseller_id) or CreditTerms(reseller_id=reseller_id)
    row.prorate_billing, row.partial_charges = terms.prorate_billing, terms.partial_charges
    db.add(row)
    db.flush()
    trail.write(row, "changed", prorate_billing=terms.prorate_billing, partial_charges=terms.partial_charges)


def row_id(reseller_id: UUID) -> UUID | None:
    """What the terms' timeline is about; None before anything was said."""
    row = _row(reseller_id)
    return row.id if row else None


def _row(reseller_id: UUID) -> CreditTerms | None:
    return db.session().scalar(select(CreditTerms).where(CreditTerms.reseller_id == reseller_id))


# --- What a programme gives ---------------------------------------------------------------------------------


def defaults_of(programme_id: UUID, currency: str) -> Defaults:
    """A programme's defaults; no credit where it says nothing."""
    row = _defaults(programme_id)
    if row is None:
        return Defaults(Money(0, currency))
    terms = Terms(row.prorate_billing, row.partial_charges)
    return Defaults(Money(row.limit_minor, row.currency), row.ordering_enabled, terms)


def set_defaults(programme: Programme, defaults: Defaults) -> None:
    """For the resellers that it brings from now on; those that are there keep what they have."""
    db.flush()
    db.session().refresh(programme, with_for_update=True)  # of two forms at once one makes the row
    if defaults == defaults_of(programme.id, defaults.limit.currency):
        return
    row = _defaults(programme.id) or ProgrammeCredit(programme_id=programme.id)
    row.limit_minor, row.currency = defaults.limit.minor, defaults.limit.currency
    row.ordering_enabled = defaults.ordering_enabled
    row.prorate_billing = defaults.terms.prorate_billing
    row.partial_charges = defaults.terms.partial_charges
    db.add(row)
    trail.write(
        programme,
        "credit defaults changed",
        limit=defaults.limit.text,
        ordering_enabled=defaults.ordering_enabled,
        prorate_billing=row.prorate_billing,
        partial_charges=row.partial_charges,
    )


def begin(event: ApplicationSigned) -> None:
    """A signature brings a reseller with its programme's defaults. One that was there before keeps its
    terms."""
    enrolment = enrolments.of_application(event.application_id)
    if enrolment is None:
        return
    row, reseller = _defaults(enrolment.programme_id), parties.reseller(enrolment.reseller_id)
    if row is None or reseller.created_at != db.session().info["now"]:
        return
    standings.change(
        reseller,
        enable_reselling=reseller.enable_reselling,
        ordering_enabled=row.ordering_enabled,
        price_list_id=reseller.price_list_id,
    )
    change(reseller.id, Terms(row.prorate_billing, row.partial_charges))
    if row.limit_minor:
        credit.set_ceiling(
            reseller.id,
            BalanceKind.CREDIT,
            Money(row.limit_minor, row.currency),
            why=f"What {enrolment.programme_name} gives its new partners.",
        )


def _defaults(programme_id: UUID) -> ProgrammeCredit | None:
    return db.session().scalar(select(ProgrammeCredit).where(ProgrammeCredit.programme_id == programme_id))
