"""A reseller's credit line and deposit: rows kept under a lock, because they limit something (QM7, QP2). The limit is a condition of new
purchases only (M54-M56)."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import db
from core.errors import Refused
from core.money import Money
from core.tenancy import Access, ResellerOwned, owned_by


class BalanceKind(StrEnum):
    """CREDIT: spending we allow on account. DEPOSIT: money paid ahead."""

    CREDIT = "credit"
    DEPOSIT = "deposit"


class Balance(ResellerOwned, db.Model):
    """`ceiling` is the limit or the money paid ahead; `reserved` what orders hold of it."""

    __tablename__ = "balances"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id", "kind", "currency"),
        CheckConstraint("reserved >= 0 AND reserved <= ceiling", name="never_over"),
    )

    kind: Mapped[BalanceKind]
    currency: Mapped[str]
    ceiling: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)


class CreditExceeded(Refused):
    """Over the limit: no new purchase; what runs goes on (M55)."""

    def __init__(self, needed: Money) -> None:
        super().__init__(f"Your credit line does not cover {needed.text}. Pay by card, or ask your distributor for more credit.")


def reserve(reseller_id: UUID, amount: Money) -> None:
    """Takes `amount` from the deposit first, then from credit, whichever covers it whole; CreditExceeded if none does."""
    if not amount.minor:
        return
    for kind in (BalanceKind.DEPOSIT, BalanceKind.CREDIT):
        taken = db.session().execute(
            update(Balance)
            .where(
                Balance.reseller_id == reseller_id, Balance.kind == kind, Balance.currency == amount.currency,
                Balance.ceiling - Balance.reserved >= amount.minor,
            )
            .values(reserved=Balance.reserved + amount.minor)
            .returning(Balance.id)
        ).first()  # fmt: skip
        if taken:
            return
    raise CreditExceeded(amount)


def available(reseller_id: UUID, currency: str) -> Money:
    """What new purchases may still take, deposit and credit together."""
    rows = db.session().scalars(select(Balance).where(Balance.reseller_id == reseller_id, Balance.currency == currency))
    return Money(sum(row.ceiling - row.reserved for row in rows), currency)
