"""Payments: what an order asks its buyer for. Cards settle them here, bank transfers in
billing/bank_transfers.py. An attempt is one page at the gateway. `settle` is the one way by which a card
pays, used by webhook, return page, poller and command line alike (QW7), and it believes only what the gateway
itself reports about a session that we made (QM5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    UniqueConstraint,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import invoices, ledger
from billing.ledger import Account
from billing.stripe_gateway import GatewayAccount, PaymentReport, SessionPage
from core import db, parties, states, tasks, trail, work
from core.errors import Refused
from core.events import Event, publish
from core.faults import fault
from core.ids import new_code, new_id
from core.languages import _
from core.money import Money
from core.statements import Statement
from core.tasks import Again
from core.tenancy import Access, CustomerOwned, DistributorOwned, ResellerOwned, current, owned_by

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


class Gateway(DistributorOwned, db.Model):
    """The distributor's own account at the gateway. The fee is estimated by these figures until the gateway
    reports it."""

    __tablename__ = "gateways"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "account_id"), UniqueConstraint("code"))

    code: Mapped[str]
    account_id: Mapped[str]
    secret_key: Mapped[str]
    webhook_secret: Mapped[str]
    api_base: Mapped[str]
    fee_basis_points: Mapped[int] = mapped_column(default=150)
    fee_fixed_minor: Mapped[int] = mapped_column(default=25)

    def account(self) -> GatewayAccount:
        """The values the gateway module works with."""
        return GatewayAccount(self.account_id, self.secret_key, self.webhook_secret, self.api_base)

    def expected_fee(self, amount: Money) -> Money:
        """What the gateway will probably keep of a captured amount."""
        return Fees(self.id, self.fee_basis_points, self.fee_fixed_minor).on(amount)


@dataclass(frozen=True, slots=True)
class Fees:
    """What a gateway takes, as far as it is known before it says so."""

    gateway_id: UUID
    basis_points: int
    fixed_minor: int

    def on(self, amount: Money) -> Money:
        """What it will probably keep of a captured amount."""
        return Money(-(-amount.minor * self.basis_points // 10_000) + self.fixed_minor, amount.currency)


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


@dataclass(frozen=True, slots=True)
class PaymentCaptured(Event):
    """The gateway holds the money on the distributor's account."""

    payment_id: UUID
    order_id: UUID


class PaidAlready(Refused):
    """No second page for a payment that is settled or given up."""

    def __init__(self, state: PaymentState) -> None:
        super().__init__(
            _("This order is paid already.")
            if state is PaymentState.PAID
            else _("This order is cancelled and cannot be paid any more.")
        )


class BeingChecked(Refused):
    """Something arrived that does not fit: no second page before a person has looked."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "A payment for this order has arrived, but not as it was asked for. We are checking it;"
                " please do not pay again."
            )
        )


def of_order(order_id: UUID) -> Payment | None:
    """The payment of an order, if it is paid by card."""
    return db.session().scalar(select(Payment).where(Payment.order_id == order_id))


def pages_of(order_id: UUID) -> list[UUID]:
    """The attempts of an order that have a page at the gateway, oldest first."""
    chosen = (
        select(PaymentAttempt.id)
        .join(
            Payment,
            (Payment.distributor_id == PaymentAttempt.distributor_id)
            & (Payment.id == PaymentAttempt.payment_id),
        )
        .where(Payment.order_id == order_id, PaymentAttempt.session_id.is_not(None))
        .order_by(PaymentAttempt.number)
    )
    return list(db.session().scalars(chosen))


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


def current_attempt(payment: Payment) -> PaymentAttempt:
    """The attempt whose page may still be paid, or a new one. Locks the payment, so that two clicks get one
    page: runs in a transaction widened for "opening a payment page", about a payment whose order was found in
    the visitor's own scope."""
    locked = lock(payment.id)
    if locked.state is not PaymentState.PENDING:
        raise PaidAlready(locked.state)
    now = db.session().info["now"]
    latest = db.session().scalar(
        select(PaymentAttempt)
        .where(PaymentAttempt.payment_id == payment.id)
        .order_by(PaymentAttempt.number.desc())
        .limit(1)
    )
    if latest and latest.state is AttemptState.MISMATCH:
        raise BeingChecked
    if (
        latest
        and latest.state is AttemptState.OPEN
        and (latest.expires_at is None or latest.expires_at > now + timedelta(minutes=1))
    ):
        return latest
    opened = db.add(
        PaymentAttempt(
            distributor_id=payment.distributor_id, reseller_id=payment.reseller_id,
            customer_id=payment.customer_id, payment_id=payment.id,
            number=latest.number + 1 if latest else 1, state=AttemptState.OPEN, created_at=now,
        )
    )  # fmt: skip
    db.flush()
    return opened


def opened(attempt_id: UUID, page: SessionPage) -> PaymentState:
    """Keeps what the gateway answered: session, address, expiry; the state of the payment, which may have
    been settled or given up while the gateway was asked: then the page is closed again and nobody may be led
    to it. Works as the distributor, like current_attempt."""
    attempt = db.session().scalars(select(PaymentAttempt).where(PaymentAttempt.id == attempt_id)).one()
    payment = lock(attempt.payment_id)
    db.session().refresh(attempt)
    attempt.session_id, attempt.url, attempt.expires_at = page.session_id, page.url, page.expires_at
    if payment.state is not PaymentState.PENDING:
        _close_pages(payment)
    return payment.state


def give_up(attempt_id: UUID) -> None:
    """The page of this attempt can no longer be opened; the next one is a new attempt. Money that still comes
    for it is recognised. Works as the distributor, like current_attempt, and waits for whoever settles it at
    this moment."""
    attempt = db.session().scalars(select(PaymentAttempt).where(PaymentAttempt.id == attempt_id)).one()
    lock(attempt.payment_id)
    db.session().refresh(attempt)
    if attempt.state is AttemptState.OPEN:
        states.move(attempt, AttemptState.EXPIRED)


def try_again(attempt_id: UUID) -> None:
    """The buyer is sent to the page once more: the decline of the last card is history. Works as the
    distributor, like current_attempt."""
    db.session().execute(update(PaymentAttempt).where(PaymentAttempt.id == attempt_id).values(declined=None))


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


def gateway(gateway_id: UUID | None = None) -> Gateway:
    """The distributor's gateway."""
    chosen = select(Gateway).order_by(Gateway.id).limit(1)
    found = db.session().scalar(chosen.where(Gateway.id == gateway_id) if gateway_id else chosen)
    if found is None:
        raise NoGateway
    return found


class NoGateway(Refused):
    """The distributor has no account at a gateway."""

    def __init__(self) -> None:
        super().__init__(_("Card payment is not set up yet. Please contact your provider."))


def fees() -> Fees:
    """What the distributor's gateway takes; NoGateway without one. Its keys are not read."""
    found = FEES.rows()
    if not found:
        raise NoGateway
    return Fees(*found[0])


FEES = Statement(
    select(Gateway.id, Gateway.fee_basis_points, Gateway.fee_fixed_minor).order_by(Gateway.id).limit(1)
)


def save_gateway(
    *,
    account_id: str,
    secret_key: str,
    webhook_secret: str,
    fee_basis_points: int,
    fee_fixed_minor: int,
    api_base: str = "https://api.stripe.com",
) -> Gateway:
    """The distributor's account at the gateway from now on; an empty secret keeps the stored one. `api_base`
    is for a new gateway only."""
    found = db.session().scalar(select(Gateway).order_by(Gateway.id).limit(1).with_for_update())
    if found is None:
        if not secret_key:
            raise Refused(_("Enter the secret key of the account."))
        found = db.add(
            Gateway(
                code=new_code("WHK", 12).lower(),
                account_id=account_id,
                secret_key=secret_key,
                webhook_secret="",
                api_base=api_base,
            )
        )
    found.account_id = account_id
    found.secret_key, found.webhook_secret = (
        secret_key or found.secret_key,
        webhook_secret or found.webhook_secret,
    )
    found.fee_basis_points, found.fee_fixed_minor = fee_basis_points, fee_fixed_minor
    db.flush()
    trail.write(
        found,
        "settings changed",
        key="new" if secret_key else "kept",
        webhook_secret="new" if webhook_secret else "kept",
    )
    return found


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
    account = gateway(payment.gateway_account_id).account_id
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
        return gateway(payment.gateway_account_id).expected_fee(captured)
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
    _close_pages(payment)
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


def fund_of(order_id: UUID) -> Fund | None:
    """What covers an order; the distributor's eyes only."""
    return db.session().scalar(select(Fund).where(Fund.order_id == order_id))


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
        PaymentAttempt.distributor_id == Payment.distributor_id,
        PaymentAttempt.payment_id == Payment.id,
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
        _close_pages(payment)
    invoices.void(order_id)


def _close_pages(payment: Payment) -> None:
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


def note_fund(
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
