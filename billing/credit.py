"""A reseller's credit line and deposit: rows kept under a lock, because they limit something (QM7, QP2). The
limit is a condition of new purchases only (M54-M56)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import db, trail
from core.errors import Refused
from core.languages import _
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


class Hold(ResellerOwned, db.Model):
    """What one order holds of a balance; `released_at`: given back, because the order will not be paid."""

    __tablename__ = "holds"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("balances", "balance_id"),
        UniqueConstraint("distributor_id", "order_id"),
        CheckConstraint("minor > 0", name="amount"),
    )

    balance_id: Mapped[UUID]
    order_id: Mapped[UUID]
    minor: Mapped[int]
    currency: Mapped[str]
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class CreditExceeded(Refused):
    """Over the limit: no new purchase; what runs goes on (M55)."""

    def __init__(self, needed: Money) -> None:
        super().__init__(
            _(
                "Your credit line does not cover %(needed)s. Pay by card, or ask your distributor for more"
                " credit.",
                needed=needed.text,
            )
        )


class CeilingUnderReserved(Refused):
    """A credit line cannot be lowered below what orders hold of it already."""

    def __init__(self, reserved: Money) -> None:
        super().__init__(
            _(
                "Orders hold %(reserved)s of this already, so it cannot be less than that.",
                reserved=reserved.text,
            )
        )


def reserve(reseller_id: UUID, amount: Money) -> UUID | None:
    """Takes `amount` from the deposit first, then from credit, whichever covers it whole, and says from which
    balance (none for nothing); CreditExceeded if none covers it. The caller writes the order's `Hold`."""
    if not amount.minor:
        return None
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
            return taken[0]
    raise CreditExceeded(amount)


def hold_exactly(reseller_id: UUID, order_id: UUID, amount: Money) -> None:
    """Makes an order hold `amount` of one balance (nothing, if it is not above zero), whatever it held
    before; CreditExceeded if none has room, and then the caller's savepoint must undo what was given back
    here. The caller holds the order's lock."""
    hold = db.session().scalar(select(Hold).where(Hold.order_id == order_id).with_for_update())
    if hold is not None and hold.released_at is None:
        if hold.minor == amount.minor:
            return
        give_back(order_id)
    if amount.minor <= 0:
        return
    balance_id, now = reserve(reseller_id, amount), db.session().info["now"]
    if hold is None:
        hold = db.add(
            Hold(reseller_id=reseller_id, order_id=order_id, currency=amount.currency, created_at=now)
        )
    hold.balance_id, hold.minor, hold.released_at = balance_id or hold.balance_id, amount.minor, None
    db.flush()


def give_back(order_id: UUID) -> None:
    """The order will not be paid: what it held is free again, once."""
    hold = db.session().scalar(
        select(Hold).where(Hold.order_id == order_id, Hold.released_at.is_(None)).with_for_update()
    )
    if hold is None:
        return
    hold.released_at = db.session().info["now"]
    db.session().execute(
        update(Balance).where(Balance.id == hold.balance_id).values(reserved=Balance.reserved - hold.minor)
    )


def shrink(order_id: UUID, needed: Money) -> None:
    """The order needs no more than `needed` of what it holds any more: the rest is free again. A hold never
    grows here."""
    hold = db.session().scalar(
        select(Hold).where(Hold.order_id == order_id, Hold.released_at.is_(None)).with_for_update()
    )
    if hold is None or hold.minor <= needed.minor:
        return
    if needed.minor <= 0:
        give_back(order_id)
        return
    db.session().execute(
        update(Balance)
        .where(Balance.id == hold.balance_id)
        .values(reserved=Balance.reserved - (hold.minor - needed.minor))
    )
    hold.minor = needed.minor
    db.flush()


def set_ceiling(reseller_id: UUID, kind: BalanceKind, ceiling: Money, *, why: str = "") -> Balance:
    """The credit line (or the deposit paid ahead) of a reseller from now on; CeilingUnderReserved below what
    orders hold."""
    row = db.session().scalar(
        select(Balance)
        .where(Balance.reseller_id == reseller_id, Balance.kind == kind, Balance.currency == ceiling.currency)
        .with_for_update()
    )
    if row is None:
        row = db.add(
            Balance(reseller_id=reseller_id, kind=kind, currency=ceiling.currency, ceiling=0, reserved=0)
        )
    if ceiling.minor < row.reserved:
        raise CeilingUnderReserved(Money(row.reserved, row.currency))
    was, row.ceiling = Money(row.ceiling, row.currency), ceiling.minor
    db.flush()
    trail.write(row, f"{kind} set to {ceiling.text}", why=why, was=was.text)
    return row


def available(reseller_id: UUID, currency: str) -> Money:
    """What new purchases may still take, deposit and credit together."""
    rows = db.session().scalars(
        select(Balance).where(Balance.reseller_id == reseller_id, Balance.currency == currency)
    )
    return Money(sum(row.ceiling - row.reserved for row in rows), currency)


def covers(reseller_id: UUID, amount: Money) -> bool:
    """Whether a new purchase of this amount could be reserved now: one balance has to cover it whole, as
    `reserve` takes it."""
    rows = db.session().scalars(
        select(Balance).where(Balance.reseller_id == reseller_id, Balance.currency == amount.currency)
    )
    return any(row.ceiling - row.reserved >= amount.minor for row in rows)
