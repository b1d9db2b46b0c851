"""What covers an order: a delivery is made only against a fund the distributor holds (QP2)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.ids import new_id
from core.money import Money
from core.tenancy import Access, ResellerOwned, current, owned_by


class FundKind(StrEnum):
    """A delivery is made only against a fund the distributor holds (QP2). CREDIT: held of the reseller's
    credit line or deposit (credit.Hold)."""

    PAYMENT = "payment"
    CREDIT = "credit"
    NOTHING_DUE = "nothing_due"


class Fund(ResellerOwned, db.Model):
    """What covers an order's wholesale; a reseller's word that it was paid is no fund."""

    __tablename__ = "funds"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        UniqueConstraint("distributor_id", "order_id"),
        owned_by("payments", "payment_id"),
        CheckConstraint("(kind = 'payment') = (payment_id IS NOT NULL)", name="payment"),
        CheckConstraint("covers_minor >= 0", name="covers"),
    )

    order_id: Mapped[UUID]
    kind: Mapped[FundKind]
    payment_id: Mapped[UUID | None]
    covers_minor: Mapped[int]
    currency: Mapped[str]
    created_at: Mapped[datetime]


def of_order(order_id: UUID) -> Fund | None:
    """What covers an order; the distributor's eyes only."""
    return db.session().scalar(select(Fund).where(Fund.order_id == order_id))


def note(
    order_id: UUID, reseller_id: UUID, kind: FundKind, covers: Money, payment_id: UUID | None = None
) -> Fund:
    """Records what covers an order; unique per order."""
    fund = db.add(
        Fund(
            distributor_id=current().distributor_id, id=new_id(), reseller_id=reseller_id, order_id=order_id,
            kind=kind, payment_id=payment_id,
            covers_minor=covers.minor, currency=covers.currency, created_at=db.session().info["now"],
        )
    )  # fmt: skip
    db.flush()
    trail.write(fund, f"funded by {kind}")
    return fund
