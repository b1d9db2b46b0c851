"""The pages at the gateway on which a buyer pays. Each is an attempt at a payment, and while one may still be
paid no second is opened."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from billing import payments
from billing.payments import AttemptState, Payment, PaymentAttempt, PaymentState
from billing.stripe_gateway import SessionPage
from core import db, states
from core.errors import Refused
from core.languages import _
from core.tenancy import same_key


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


def of_order(order_id: UUID) -> list[UUID]:
    """The attempts of an order that have a page at the gateway, oldest first."""
    chosen = (
        select(PaymentAttempt.id)
        .join(Payment, same_key(Payment.id, PaymentAttempt.payment_id))
        .where(Payment.order_id == order_id, PaymentAttempt.session_id.is_not(None))
        .order_by(PaymentAttempt.number)
    )
    return list(db.session().scalars(chosen))


def current_attempt(payment: Payment) -> PaymentAttempt:
    """The attempt whose page may still be paid, or a new one. Locks the payment, so that two clicks get one
    page: runs in a transaction widened for "opening a payment page", about a payment whose order was found in
    the visitor's own scope."""
    locked = payments.lock(payment.id)
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
    payment = payments.lock(attempt.payment_id)
    db.session().refresh(attempt)
    attempt.session_id, attempt.url, attempt.expires_at = page.session_id, page.url, page.expires_at
    if payment.state is not PaymentState.PENDING:
        payments.close_pages(payment)
    return payment.state


def give_up(attempt_id: UUID) -> None:
    """The page of this attempt can no longer be opened; the next one is a new attempt. Money that still comes
    for it is recognised. Works as the distributor, like current_attempt, and waits for whoever settles it at
    this moment."""
    attempt = db.session().scalars(select(PaymentAttempt).where(PaymentAttempt.id == attempt_id)).one()
    payments.lock(attempt.payment_id)
    db.session().refresh(attempt)
    if attempt.state is AttemptState.OPEN:
        states.move(attempt, AttemptState.EXPIRED)


def try_again(attempt_id: UUID) -> None:
    """The buyer is sent to the page once more: the decline of the last card is history. Works as the
    distributor, like current_attempt."""
    db.session().execute(update(PaymentAttempt).where(PaymentAttempt.id == attempt_id).values(declined=None))
