"""Payments: what an order asks its buyer for. Cards settle them here, bank transfers in
billing/bank_transfers.py. An attempt is one page at the gateway. `settle` is the one way by which a card
pays, used by webhook, return page, poller and command line alike (QW7), and it believes only what the gateway
itself reports about a session that we made (QM5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, UniqueConstraint, exists, func, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import gateways, invoices, ledger
from billing.ledger import Account
from billing.stripe_gateway import PaymentReport
from core import db, parties, states, tasks, work
from core.events import Event, publish
from core.faults import fault
from core.money import Money
from core.tasks import Again
from core.tenancy import Access, CustomerOwned, owned_by, same_key

UNBOOKED = timedelta(seconds=5)


class PaymentState(StrEnum):
    """CANCELLED: the order will not be paid; money that still comes goes to the work queue."""

    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"


class Payment(CustomerOwned, db.Model):
    """What an order asks its buyer to pay by card."""

    __tablename__ = "payments"
    __access__ = Access(distributor="rcu", reseller="r", customer="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "order_id"),
        Index("ix_payments_pending", "created_at", postgresql_where=text("state = 'pending'")),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(state = 'paid') = (captured_minor IS NOT NULL)", name="paid_means_captured"),
        CheckConstraint(
            "refunded_minor >= 0 AND refunded_minor <= coalesce(captured_minor, 0)",
            name="never_more_back_than_captured",
        ),
    )
    LIFE = states.Transitions(
        {
            PaymentState.PENDING: [PaymentState.PAID, PaymentState.CANCELLED],
            PaymentState.PAID: [],
            PaymentState.CANCELLED: [],
        },
        first=PaymentState.PENDING,
    )

    order_id: Mapped[UUID]
    gateway_account_id: Mapped[UUID]
    state: Mapped[PaymentState]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    captured_minor: Mapped[int | None]
    fee_minor: Mapped[int | None]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    refunded_minor: Mapped[int] = mapped_column(default=0, server_default="0")

    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")


class AttemptState(StrEnum):
    """EXPIRED: its page can no longer be paid. MISMATCH: the gateway reports another amount, currency,
    account or attempt. SURPLUS: paid although the payment was paid or cancelled already."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    MISMATCH = "mismatch"
    SURPLUS = "surplus"


class PaymentAttempt(CustomerOwned, db.Model):
    """One page at the gateway; its id is the idempotency key of the call that opens it."""

    __tablename__ = "payment_attempts"
    __access__ = Access(distributor="rcu", reseller="r", customer="r", door="r")
    __table_args__ = (
        owned_by("payments", "payment_id"),
        UniqueConstraint("distributor_id", "payment_id", "number"),
        Index("uq_payment_attempts_session", "distributor_id", "session_id", unique=True),
        Index(
            "ix_payment_attempts_open",
            "distributor_id",
            "created_at",
            postgresql_where=text("state = 'open'"),
        ),
    )
    LIFE = states.Transitions(
        {
            AttemptState.OPEN: [
                AttemptState.PAID,
                AttemptState.EXPIRED,
                AttemptState.MISMATCH,
                AttemptState.SURPLUS,
            ],
            AttemptState.EXPIRED: [AttemptState.PAID, AttemptState.SURPLUS, AttemptState.MISMATCH],
            AttemptState.PAID: [],
            AttemptState.MISMATCH: [],
            AttemptState.SURPLUS: [],
        },
        first=AttemptState.OPEN,
    )

    payment_id: Mapped[UUID]
    number: Mapped[int]
    state: Mapped[AttemptState]
    session_id: Mapped[str | None]
    url: Mapped[str | None]
    declined: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class PaymentCaptured(Event):
    """The gateway holds the money on the distributor's account."""

    payment_id: UUID
    order_id: UUID


def of_order(order_id: UUID) -> Payment | None:
    """The payment of an order, if it is paid by card."""
    return db.session().scalar(select(Payment).where(Payment.order_id == order_id))


def lock(payment_id: UUID) -> Payment:
    """The payment as it is now, held until the end of the transaction. It is always locked before its order.
    Only the distributor's side may: the others ask in a widened transaction."""
    db.flush()  # what is pending would be overwritten by the fresh row
    held = (
        select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.session().scalars(held).one()


def lock_of_order(order_id: UUID) -> Payment | None:
    """The locked payment of an order, if it is paid by card."""
    payment = of_order(order_id)
    return lock(payment.id) if payment else None


def attempt_of(session_id: str | None, attempt_id: str | None) -> PaymentAttempt | None:
    """The attempt a session belongs to; or the one it names, where our process died before it could write the
    session down."""
    if session_id and (
        found := db.session().scalar(select(PaymentAttempt).where(PaymentAttempt.session_id == session_id))
    ):
        return found
    try:
        named = db.session().scalar(select(PaymentAttempt).where(PaymentAttempt.id == UUID(attempt_id or "")))
    except ValueError:
        return None
    return named if named and (session_id is None or named.session_id is None) else None


def settle(report: PaymentReport) -> PaymentState | None:
    """What the gateway reports about one of our sessions becomes true here, once, in this transaction (QM5,
    QW1-QW3, QW7).

    Returns the payment's state, or None when the report is about a session that is not ours. Again, with
    nothing changed, while the gateway has not booked its fee: what is left after the fee decides whether the
    order is covered."""
    attempt = attempt_of(report.session_id, report.attempt_id)
    if attempt is None:
        return None
    if report.paid and not report.booked:
        raise Again(UNBOOKED, "The gateway has taken the payment but not booked its fee yet.")
    payment = lock(attempt.payment_id)
    db.session().refresh(attempt)
    if attempt.session_id is None:
        attempt.session_id = report.session_id
    if attempt.session_id != report.session_id:
        return None
    if not report.paid:
        _not_paid(attempt, report)
    elif attempt.state in (AttemptState.OPEN, AttemptState.EXPIRED):
        _paid(payment, attempt, report)
    fault("settle.before_commit")
    return payment.state


def _not_paid(attempt: PaymentAttempt, report: PaymentReport) -> None:
    if attempt.state is not AttemptState.OPEN:
        return
    attempt.declined = report.declined
    if report.status == "expired" or (
        report.status == "complete" and report.declined
    ):  # a delayed payment method can fail after the page
        states.move(attempt, AttemptState.EXPIRED)


def _paid(payment: Payment, attempt: PaymentAttempt, report: PaymentReport) -> None:
    """The gateway holds money. Whatever is odd about it parks with a person; the money is in the ledger in
    any case."""
    captured = Money(report.amount_minor, report.currency)
    account = gateways.find(payment.gateway_account_id).account_id
    if report.account_id != account or report.attempt_id != str(attempt.id) or captured != payment.amount:
        states.move(attempt, AttemptState.MISMATCH, reported=captured.text, expected=payment.amount.text)
        words = (
            f"{captured.text} arrived at {report.account_id} for attempt {report.attempt_id},"
            f" but {payment.amount.text} was asked for at {account}."
        )
        _unexpected(payment, attempt, captured, words)
    elif payment.state is not PaymentState.PENDING:
        states.move(attempt, AttemptState.SURPLUS)
        again = "was paid already" if payment.state is PaymentState.PAID else "was cancelled"
        _unexpected(payment, attempt, captured, f"{captured.text} arrived for an order that {again}.")
    else:
        states.move(attempt, AttemptState.PAID)
        capture(payment, captured, _fee(payment, captured, report))


def _fee(payment: Payment, captured: Money, report: PaymentReport) -> Money:
    """What the gateway kept; where it books its fee in another currency, our estimate."""
    if report.fee_minor is None:
        return gateways.find(payment.gateway_account_id).expected_fee(captured)
    return Money(report.fee_minor, report.currency)


def capture(payment: Payment, captured: Money, fee: Money, *, into: Account = Account.STRIPE) -> None:
    """The money of a locked, pending payment is there: at the gateway, or at the bank
    (billing/bank_transfers.py). Books it, gives the invoice its number, and what follows funds the order."""
    payment.captured_minor, payment.fee_minor, payment.paid_at = (
        captured.minor,
        fee.minor,
        db.session().info["now"],
    )
    states.move(payment, PaymentState.PAID)
    close_pages(payment)
    on_us = fee if payment.customer_id is None else Money(0, fee.currency)
    invoice = invoices.of_order(payment.order_id)
    tax = invoice.tax if invoice is not None else Money(0, captured.currency)
    entry = [
        (into, captured - fee, None),
        (Account.FEES, on_us, None),
        (Account.RESELLER_TAX, -tax, payment.reseller_id),
        (Account.RESELLER, -(captured - tax - (fee - on_us)), payment.reseller_id),
    ]
    ledger.post(f"payment {payment.id} captured", entry, order_id=payment.order_id)
    if invoice is not None:
        invoices.settle(invoice, seller_code(payment))
    publish(PaymentCaptured(payment.id, payment.order_id))


def left_of(payment: Payment) -> Money:
    """What a captured payment leaves for wholesale: for a customer's order the fee is the reseller's, for its
    own the distributor's."""
    captured, fee = payment.captured_minor or 0, payment.fee_minor or 0
    return Money(captured - fee if payment.customer_id else captured, payment.currency)


def refundable(payment: Payment) -> Money:
    """What was captured and is not on its way back."""
    return Money((payment.captured_minor or 0) - payment.refunded_minor, payment.currency)


def seller_code(owner: CustomerOwned) -> str:
    """Whose invoice series: the reseller's for its customers, the distributor's for the reseller itself."""
    return parties.reseller(owner.reseller_id).code if owner.customer_id else parties.the_distributor().code


def _unexpected(payment: Payment, attempt: PaymentAttempt, amount: Money, words: str) -> None:
    """Money nobody asked for: kept apart, never spent, and a person decides."""
    ledger.post(
        f"attempt {attempt.id} unexpected",
        [(Account.STRIPE, amount, None), (Account.UNEXPECTED, -amount, None)],
        order_id=payment.order_id,
    )
    work.open_item(
        "unexpected payment", about_type="payment_attempts", about_id=attempt.id, order_id=payment.order_id,
        words=words,
        suggestion="Refund it at the gateway, then resolve this item.",
    )  # fmt: skip


def unheard(order_id: Any) -> ColumnElement[bool]:
    """Condition: a page of this order is over, and the gateway has not been heard about it yet. Then it may
    have been paid, and the order is not given up before somebody has asked (QW4)."""
    return exists().where(
        Payment.order_id == order_id,
        same_key(PaymentAttempt.payment_id, Payment.id),
        PaymentAttempt.state == AttemptState.OPEN,
        PaymentAttempt.session_id.is_not(None),
        PaymentAttempt.expires_at < func.now(),
    )


def cancel(order_id: UUID) -> None:
    """The order will not be paid: its open pages are closed at the gateway, as soon as it can be asked. The
    caller has locked the payment."""
    payment = of_order(order_id)
    if payment is not None and payment.state is PaymentState.PENDING:
        states.move(payment, PaymentState.CANCELLED)
        close_pages(payment)
    invoices.void(order_id)


def close_pages(payment: Payment) -> None:
    """Nobody shall pay on a page that is open still, once the payment is settled or given up."""
    db.flush()
    still_open = (
        (PaymentAttempt.payment_id == payment.id)
        & (PaymentAttempt.state == AttemptState.OPEN)
        & PaymentAttempt.session_id.is_not(None)
    )
    for attempt_id in db.session().scalars(select(PaymentAttempt.id).where(still_open)):
        tasks.add(
            "close_payment_page",
            {"attempt": str(attempt_id)},
            key=f"close_payment_page:{attempt_id}",
            lane="stripe",
        )
