"""Paying by bank transfer (P18): what sales was asked for and has answered, and the money that a person of
the distributor saw arrive. Nobody's word that it was paid is a fund (QP2): an order is funded by `record`
alone, which books the money and then takes the same way as a captured card."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import ledger, payments
from billing.ledger import Account
from billing.payments import PaymentState
from core import db, states, tenancy, trail, work
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id
from core.languages import _
from core.money import Money
from core.tenancy import Access, CustomerOwned, DistributorOwned, owned_by

LONGEST = 140
"""Of an account, a reference: what a transfer form of a bank takes."""
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}")


class BankTransferState(StrEnum):
    """ASKED: sales has yet to answer. GRANTED: the buyer has the account and a last day. RECEIVED: the money
    was recorded. ENDED: the buyer chose the card after all, or the order will not be paid."""

    ASKED = "asked"
    GRANTED = "granted"
    DECLINED = "declined"
    RECEIVED = "received"
    ENDED = "ended"


OPEN = (BankTransferState.ASKED, BankTransferState.GRANTED)


class BankTransfer(CustomerOwned, db.Model):
    """A buyer's request to pay one order by bank transfer, and its answer: the account, the reference to name
    and the last day, or the reason why not."""

    __tablename__ = "bank_transfers"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        owned_by("payments", "payment_id"),
        UniqueConstraint("distributor_id", "order_id"),
        CheckConstraint(
            "state NOT IN ('granted', 'received') OR due_on IS NOT NULL AND holder <> '' AND account <> ''"
            " AND reference <> ''",
            name="granted_says_where_to",
        ),
        CheckConstraint("returned_minor >= 0", name="returned"),
        Index(
            "ix_bank_transfers_asked",
            "distributor_id",
            postgresql_where=literal_column("state = 'asked'"),
        ),
    )
    LIFE = states.Transitions(
        {
            BankTransferState.ASKED: [
                BankTransferState.GRANTED,
                BankTransferState.DECLINED,
                BankTransferState.ENDED,
            ],
            BankTransferState.GRANTED: [BankTransferState.RECEIVED, BankTransferState.ENDED],
            BankTransferState.DECLINED: [],
            BankTransferState.RECEIVED: [],
            BankTransferState.ENDED: [],
        },
        first=BankTransferState.ASKED,
    )

    order_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    state: Mapped[BankTransferState]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    holder: Mapped[str] = mapped_column(default="")
    account: Mapped[str] = mapped_column(default="")
    bank: Mapped[str] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(default="")
    due_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(default="")
    returned_minor: Mapped[int] = mapped_column(default=0, server_default="0")

    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")

    @property
    def open(self) -> bool:
        """Whether sales or the money is still waited for."""
        return self.state in OPEN


class BankReceipt(DistributorOwned, db.Model):
    """Money that a person saw on the distributor's account. `reference` is the bank's own name of the
    movement: one movement is recorded once."""

    __tablename__ = "bank_receipts"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        owned_by("bank_transfers", "bank_transfer_id"),
        UniqueConstraint("distributor_id", "reference"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    bank_transfer_id: Mapped[UUID]
    reference: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    received_on: Mapped[date]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]

    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where the money is to go."""

    holder: str
    account: str
    bank: str = ""


# --- What happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BankTransferAsked(Event):
    """A buyer asks sales to pay by bank transfer."""

    bank_transfer_id: UUID


@dataclass(frozen=True, slots=True)
class BankTransferGranted(Event):
    """The buyer may transfer the money."""

    bank_transfer_id: UUID


@dataclass(frozen=True, slots=True)
class BankTransferDeclined(Event):
    """The buyer pays by card, or not at all."""

    bank_transfer_id: UUID


@dataclass(frozen=True, slots=True)
class BankTransferReceived(Event):
    """The money was recorded."""

    bank_transfer_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class NotAwaited(Conflict):
    """Nobody was told to which account; so what came is about something else."""

    title = "No transfer is awaited"

    def __init__(self) -> None:
        super().__init__(
            _(
                "No bank transfer was granted for this order, so none can be recorded. Answer the request"
                " first."
            )
        )


class RecordedAlready(Conflict):
    """One movement on the account is one payment."""

    title = "Recorded already"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _(
                "The transfer %(reference)s is recorded already; it was not counted twice.",
                reference=reference,
            )
        )


class TooLittle(Refused):
    """Nothing is delivered for a part of the money."""

    def __init__(self, came: Money, due: Money) -> None:
        super().__init__(
            _(
                "%(came)s is less than the %(due)s that the order costs. Ask the buyer for the rest and"
                " record it when all of it is there, or give back what came.",
                came=came.text,
                due=due.text,
            )
        )


class NotYet(Refused):
    """Money is recorded when it is there."""

    def __init__(self) -> None:
        super().__init__(_("This day is still to come: record the money when it is on the account."))


class NothingApart(Conflict):
    """All that came was asked for."""

    title = "Nothing is to be given back"

    def __init__(self) -> None:
        super().__init__(_("Nothing of this order is kept apart, so there is nothing to give back."))


class NoReference(Refused):
    """Without it nobody could tell whether a movement was recorded before."""

    def __init__(self) -> None:
        super().__init__(_("Enter the reference of the movement as your bank statement names it."))


class WrongAccount(Refused):
    """An IBAN checks itself; a buyer's money must not go astray."""

    def __init__(self, account: str) -> None:
        super().__init__(
            _("“%(account)s” is no valid IBAN: please look at its digits again.", account=account)
        )


# --- Finding ------------------------------------------------------------------------------------------------


def of_order(order_id: UUID) -> BankTransfer | None:
    """The request about an order, if there is one; inside the scope."""
    return db.session().scalar(select(BankTransfer).where(BankTransfer.order_id == order_id))


def has_paid(order_id: UUID) -> bool:
    """Whether an order was paid so, and not by card."""
    found = of_order(order_id)
    return found is not None and found.state is BankTransferState.RECEIVED


def of_id(transfer_id: UUID) -> BankTransfer:
    """A request by its id, inside the scope."""
    found = db.session().scalar(select(BankTransfer).where(BankTransfer.id == transfer_id))
    if found is None:
        raise Missing("bank transfer")
    return found


def hold(order_id: UUID) -> BankTransfer | None:
    """The same as `of_order` as it is now, held until the end of the transaction; after payment and order."""
    db.flush()
    held = (
        select(BankTransfer)
        .where(BankTransfer.order_id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.session().scalar(held)


def receipts(transfer_id: UUID) -> Sequence[BankReceipt]:
    """What was recorded, the oldest first; the distributor's eyes only."""
    chosen = select(BankReceipt).where(BankReceipt.bank_transfer_id == transfer_id)
    return db.session().scalars(chosen.order_by(BankReceipt.id)).all()


def last_account(currency: str) -> BankAccount | None:
    """The account that was named last for money of this currency, to begin a form with."""
    chosen = (
        select(BankTransfer)
        .where(BankTransfer.currency == currency, BankTransfer.account != "")
        .order_by(BankTransfer.answered_at.desc())
        .limit(1)
    )
    found = db.session().scalar(chosen)
    return BankAccount(found.holder, found.account, found.bank) if found else None


def checked_account(typed: str) -> str:
    """An account number as it is shown: an IBAN in groups of four, after its check digits were looked at;
    WrongAccount otherwise. Other numbers stay as they are."""
    bare = "".join(typed.split()).upper()
    if not re.match(r"[A-Z]{2}[0-9]{2}", bare):
        return " ".join(typed.split())
    digits = "".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4] if sign.isalnum())
    if not IBAN.fullmatch(bare) or int(digits) % 97 != 1:
        raise WrongAccount(typed)
    return " ".join(bare[at : at + 4] for at in range(0, len(bare), 4))


# --- The money ----------------------------------------------------------------------------------------------


def record(order_id: UUID, amount: Money, *, received_on: date, reference: str, by: str) -> BankTransfer:
    """A person saw `amount` on the account: books it and pays the order, in the transaction of the reaction
    that funds it. What is more than was asked for is kept apart for a person to give back, and so is all of
    it where the order is paid or given up already.

    Raises NotAwaited, RecordedAlready, TooLittle, NotYet or NoReference, with nothing changed."""
    reference = " ".join(reference.split()).upper()[:LONGEST]
    if not reference:
        raise NoReference
    if received_on > business_now().date():
        raise NotYet
    payment = payments.lock_of_order(order_id)
    transfer = hold(order_id)
    if payment is None or transfer is None or transfer.due_on is None:
        raise NotAwaited
    awaited = payment.state is PaymentState.PENDING and transfer.state is BankTransferState.GRANTED
    if awaited and amount < payment.amount:
        raise TooLittle(amount, payment.amount)
    if not _keep(transfer, amount, received_on, reference, by):
        raise RecordedAlready(reference)
    due = payment.amount if awaited else Money(0, amount.currency)
    if amount > due:
        _unexpected(transfer, amount - due, reference)
    if awaited:
        states.move(transfer, BankTransferState.RECEIVED, told={"amount": amount.text})
        work.close_about(transfer.id, "The money has arrived.", but="bank transfer to give back")
        payments.capture(payment, due, Money(0, due.currency), into=Account.BANK)
        publish(BankTransferReceived(transfer.id))
    return transfer


def _keep(transfer: BankTransfer, amount: Money, received_on: date, reference: str, by: str) -> bool:
    """Writes the movement down; False where one of this reference is there, also one of this moment."""
    values = {
        "distributor_id": tenancy.current().distributor_id,
        "id": new_id(),
        "bank_transfer_id": transfer.id,
        "reference": reference,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "received_on": received_on,
        "recorded_by": by,
        "recorded_at": db.session().info["now"],
    }
    kept = db.session().execute(
        insert(BankReceipt)
        .values(values)
        .on_conflict_do_nothing(index_elements=["distributor_id", "reference"])
        .returning(BankReceipt.id)
    )
    if kept.first() is None:
        return False
    trail.write(transfer, "money recorded", amount=amount.text, reference=reference, day=received_on, by=by)
    return True


def _unexpected(transfer: BankTransfer, amount: Money, reference: str) -> None:
    """Money nobody asked for: kept apart, never spent, and a person gives it back."""
    ledger.post(
        f"bank receipt {reference} unexpected",
        [(Account.BANK, amount, None), (Account.UNEXPECTED, -amount, None)],
        order_id=transfer.order_id,
    )
    work.open_item(
        "bank transfer to give back",
        about_type="bank_transfers",
        about_id=transfer.id,
        order_id=transfer.order_id,
        words=f"{amount.text} of the transfer {reference} were not asked for.",
        suggestion="Give them back from the bank, and say so on the page of the bank transfer.",
    )


def apart(transfer: BankTransfer) -> Money:
    """What came and nobody asked for, and is still to be given back."""
    came = select(func.coalesce(func.sum(BankReceipt.amount_minor), 0)).where(
        BankReceipt.bank_transfer_id == transfer.id
    )
    kept = transfer.amount_minor if transfer.state is BankTransferState.RECEIVED else 0
    minor = int(db.session().scalars(came).one()) - kept - transfer.returned_minor
    return Money(minor, transfer.currency)


def given_back(order_id: UUID, *, by: str) -> None:
    """A person has transferred back what nobody had asked for."""
    payments.lock_of_order(order_id)
    transfer = hold(order_id)
    left = apart(transfer) if transfer else None
    if transfer is None or not left:
        raise NothingApart
    transfer.returned_minor += left.minor
    ledger.post(
        f"bank transfer {transfer.id} given back {transfer.returned_minor}",
        [(Account.UNEXPECTED, left, None), (Account.BANK, -left, None)],
        order_id=order_id,
    )
    trail.write(transfer, "money given back", amount=left.text, by=by)
    work.close_about(transfer.id, "It was given back.", but="bank transfer asked")
