"""Append-only double entry. An entry's lines sum to zero per currency (a deferred trigger holds it, QM1);
nothing is changed or deleted, the runtime roles have no grant for it. Accounts are words: `stripe`, `fees`,
`reseller`, `reseller_tax`, `wholesale_sales`, `sales_tax`, `unexpected`, `refunds`, `bank`, `disputed`,
`chargebacks`."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, tenancy
from core.ids import new_id
from core.money import Money
from core.tenancy import Access, DistributorOwned, owned_by


class Account(StrEnum):
    """STRIPE: what the gateway owes us. RESELLER: what we owe the reseller (its margin, net). RESELLER_TAX:
    tax that its customers paid, less what we charged it: the reseller's to pay on. SALES_TAX: tax on our
    wholesale, ours to pay on. UNEXPECTED: received without a claim, to be given back. REFUNDS: what buyers
    are to get back. BANK: what went past the gateway. DISPUTED: taken back by a bank, not decided yet.
    CHARGEBACKS: lost for good."""

    STRIPE = "stripe"
    FEES = "fees"
    RESELLER = "reseller"
    RESELLER_TAX = "reseller_tax"
    WHOLESALE_SALES = "wholesale_sales"
    SALES_TAX = "sales_tax"
    UNEXPECTED = "unexpected"
    REFUNDS = "refunds"
    BANK = "bank"
    DISPUTED = "disputed"
    CHARGEBACKS = "chargebacks"


class JournalEntry(DistributorOwned, db.Model):
    """One booking; `about` names what earned it and books it once."""

    __tablename__ = "journal_entries"
    __access__ = Access(distributor="rc")
    __table_args__ = (Index("uq_journal_entries_about", "distributor_id", "about", unique=True),)

    at: Mapped[datetime]
    about: Mapped[str]
    order_id: Mapped[UUID | None]


class JournalLine(DistributorOwned, db.Model):
    """Debit is positive, credit negative."""

    __tablename__ = "journal_lines"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        owned_by("journal_entries", "entry_id"),
        CheckConstraint("minor <> 0", name="not_zero"),
        Index("ix_journal_lines_entry", "distributor_id", "entry_id"),
        Index("ix_journal_lines_account", "distributor_id", "account", "reseller_id"),
    )

    entry_id: Mapped[UUID]
    account: Mapped[Account]
    reseller_id: Mapped[UUID | None]
    minor: Mapped[int] = mapped_column(BigInteger())
    currency: Mapped[str]


class Unbalanced(RuntimeError):
    """Debit and credit differ: a bug."""


Line = tuple[Account, Money, UUID | None]


def post(about: str, lines: Sequence[Line], *, order_id: UUID | None = None) -> None:
    """Books lines that sum to zero; `about` makes it happen once (a second post of the same fact violates its
    unique key)."""
    kept = [line for line in lines if line[1].minor]
    if not kept:
        return
    if sum(amount.minor for _, amount, _ in kept) or len({amount.currency for _, amount, _ in kept}) != 1:
        raise Unbalanced(about)
    distributor_id, entry_id = tenancy.current().distributor_id, new_id()
    entry = {
        "distributor_id": distributor_id,
        "id": entry_id,
        "at": db.session().info["now"],
        "about": about,
        "order_id": order_id,
    }
    db.session().execute(insert(JournalEntry), [entry])
    rows = [
        {
            "distributor_id": distributor_id,
            "id": new_id(),
            "entry_id": entry_id,
            "account": account,
            "reseller_id": reseller_id,
            "minor": amount.minor,
            "currency": amount.currency,
        }
        for account, amount, reseller_id in kept
    ]
    db.session().execute(insert(JournalLine), rows)


def posted(about: str) -> bool:
    """Whether this was booked already."""
    return db.session().scalar(select(JournalEntry.id).where(JournalEntry.about == about)) is not None


def balance(
    account: Account, currency: str, reseller_id: UUID | None = None, *, order_id: UUID | None = None
) -> Money:
    """The sum of an account, or of what one order moved in it."""
    chosen = select(func.coalesce(func.sum(JournalLine.minor), 0)).where(
        JournalLine.account == account, JournalLine.currency == currency
    )
    if reseller_id:
        chosen = chosen.where(JournalLine.reseller_id == reseller_id)
    if order_id:
        chosen = chosen.where(
            JournalLine.entry_id.in_(select(JournalEntry.id).where(JournalEntry.order_id == order_id))
        )
    return Money(int(db.session().scalar(chosen) or 0), currency)


ZERO_SUM = (
    """
    CREATE OR REPLACE FUNCTION journal_entry_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT coalesce(bool_or(s.total <> 0), true) FROM (SELECT sum(minor) AS total FROM journal_lines
          WHERE distributor_id = NEW.distributor_id AND entry_id = NEW.entry_id GROUP BY currency) s) THEN
        RAISE EXCEPTION 'journal entry does not sum to zero' USING ERRCODE = 'check_violation', DETAIL = NEW.entry_id::text;
      END IF;
      RETURN NULL;
    END $$
    """,  # noqa: E501 SQL
    "DROP TRIGGER IF EXISTS journal_lines_zero ON journal_lines",
    "CREATE CONSTRAINT TRIGGER journal_lines_zero AFTER INSERT ON journal_lines DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION journal_entry_sums_to_zero()",
)
"""Applied by every migration; no runtime role can drop or disable it. An entry that cannot be seen at the
commit (the scope was changed meanwhile) counts as unbalanced."""
