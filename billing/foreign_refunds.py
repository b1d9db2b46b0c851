"""Refunds that somebody made past this shop, in the gateway's own dashboard. Their money is booked apart, so
that the books say what the gateway's account says; where it gives back what came without a claim, that is
settled; anything else is shown to a person."""

from uuid import NAMESPACE_URL, uuid5

from billing import ledger, payments
from billing.ledger import Account
from billing.payments import AttemptState, PaymentAttempt
from billing.stripe_refunds import RefundReport
from core import db, work
from core.money import Money

APART = (AttemptState.SURPLUS, AttemptState.MISMATCH)


def note(report: RefundReport) -> None:
    """Once, however often it is told: the money has left, or has come back because the bank did not take
    it."""
    if report.key:
        _lost(report)
        return
    attempt = payments.attempt_of(report.session_id, report.attempt_id)
    if attempt is None:
        return
    payment = payments.lock(attempt.payment_id)
    about, amount = f"refund {report.refund_id} elsewhere", Money(report.amount_minor, report.currency)
    if not report.came_back and not ledger.posted(about):
        ledger.post(
            about,
            [(Account.UNEXPECTED, amount, None), (Account.STRIPE, -amount, None)],
            order_id=payment.order_id,
        )
        _tell(report, attempt, amount)
    elif report.came_back and ledger.posted(about) and not ledger.posted(f"{about} came back"):
        ledger.post(
            f"{about} came back",
            [(Account.STRIPE, amount, None), (Account.UNEXPECTED, -amount, None)],
            order_id=payment.order_id,
        )
        work.open_item(
            "refund elsewhere",
            about_type="refunds",
            about_id=uuid5(NAMESPACE_URL, report.refund_id),
            order_id=payment.order_id,
            words=f"{amount.text} were given back in the gateway's dashboard, but the bank sent them back.",
            suggestion="Pay them by bank transfer, then close this item.",
        )


def _tell(report: RefundReport, attempt: PaymentAttempt, amount: Money) -> None:
    payment = payments.lock(attempt.payment_id)
    if attempt.state in APART and not ledger.balance(
        Account.UNEXPECTED, amount.currency, order_id=payment.order_id
    ):
        work.close_about(attempt.id, f"{amount.text} were given back at the gateway.")
        return
    work.open_item(
        "refund elsewhere",
        about_type="refunds",
        about_id=uuid5(NAMESPACE_URL, report.refund_id),
        order_id=payment.order_id,
        words=f"{amount.text} of this order were given back in the gateway's dashboard, past this shop. The"
        " service, the invoice and what the reseller owes are as they were.",
        suggestion="End the service if it is not to run; settle the rest with the reseller. Refund the line"
        " here the next time: both legs and the credit note follow by themselves.",
    )


def _lost(report: RefundReport) -> None:
    """Made by this shop in a life that a restore has lost (QC7). Requested again under its key, it is found
    and not made again; until then a person knows."""
    if report.came_back:
        return
    work.open_item(
        "refund without a record",
        about_type="refunds",
        about_id=uuid5(NAMESPACE_URL, report.key),
        words=f"{Money(report.amount_minor, report.currency).text} were given back as {report.refund_id}"
        f" ({report.key}), but no refund here knows of it.",
        suggestion="Look it up in the gateway's dashboard. If its line is refused or cancelled again here, it"
        " is found by itself and nothing is paid twice.",
    )
    db.flush()
