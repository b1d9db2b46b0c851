"""Pages at the gateway that we made and no longer know of, because the database was restored from a backup
(QC7): adopted where their payment is still here; where the whole order is gone, money that came is booked
apart and shown to a person."""

from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, select

from billing import ledger, payments
from billing.ledger import Account
from billing.payments import AttemptState, Payment, PaymentAttempt
from billing.stripe_gateway import MadePage
from core import db, trail, work
from core.money import Money


def adopt(payment: Payment, page: MadePage) -> PaymentAttempt | None:
    """The attempt of a page, made again under its old id if it was lost; None where its id is not one."""
    known = payments.attempt_of(page.session_id, page.attempt_id)
    if known is not None:
        known.session_id = known.session_id or page.session_id
        return known
    try:
        attempt_id = UUID(page.attempt_id)
    except ValueError:
        return None
    payments.lock(payment.id)
    numbers = select(func.coalesce(func.max(PaymentAttempt.number), 0))
    last = db.session().scalar(numbers.where(PaymentAttempt.payment_id == payment.id)) or 0
    attempt = db.add(
        PaymentAttempt(
            distributor_id=payment.distributor_id, id=attempt_id, reseller_id=payment.reseller_id,
            customer_id=payment.customer_id, payment_id=payment.id, number=last + 1,
            state=AttemptState.OPEN, session_id=page.session_id, url=page.url,
            created_at=page.created, expires_at=page.expires_at,
        )
    )  # fmt: skip
    db.flush()
    trail.write(attempt, "found again after a restore", session=page.session_id)
    return attempt


def paid_for_nothing(page: MadePage) -> None:
    """Money for an order that is gone: kept apart, once, and a person decides."""
    about = f"session {page.session_id} without an order"
    amount = Money(page.amount_minor, page.currency)
    if not ledger.posted(about):
        ledger.post(about, [(Account.STRIPE, amount, None), (Account.UNEXPECTED, -amount, None)])
    work.open_item(
        "payment without an order",
        about_type="checkout_sessions",
        about_id=uuid5(NAMESPACE_URL, page.session_id),
        words=f"{page.email or 'Somebody'} has paid {amount.text} for {page.order_code}, which was placed"
        f" after the backup that was restored. The gateway's page is {page.session_id}.",
        suggestion="Write to the buyer. Place the order again by hand without payment,"
        " or refund it at the gateway.",
    )
