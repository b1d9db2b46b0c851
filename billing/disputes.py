"""Disputes: a buyer's bank takes the money of a payment back. What the gateway says of a dispute becomes true
here, once, however often and in whatever order it is told: its money leaves the gateway's account for
`disputed`; won, it comes back; lost, it is a charge-back that the distributor bears until a person decides
otherwise. The gateway's fee is booked as a fee and stays one. A person is told, with the deadline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import ledger, payments, stripe_disputes
from billing.gateways import Gateway
from billing.ledger import Account
from billing.payments import Payment
from billing.stripe_disputes import DisputeReport
from billing.stripe_events import StripeEventRow, limits, tell_a_person
from billing.stripe_gateway import GatewayAccount, GatewayDown, GatewayRefused
from core import db, states, tasks, work
from core.ids import new_id
from core.money import Money
from core.tasks import Again, Claimed, Final, Kind, Repeat
from core.tenancy import Access, DistributorOwned, current, owned_by

LOOK_BACK = timedelta(days=130)  # a bank may open a dispute for some 120 days
REASONS = {
    "fraudulent": "the cardholder did not make this payment",
    "product_not_received": "the product was not received",
    "product_unacceptable": "the product was not as described",
    "duplicate": "it was charged twice",
    "subscription_canceled": "the subscription was cancelled",
    "credit_not_processed": "a refund was not received",
    "unrecognized": "the cardholder does not recognise it",
}


class DisputeState(StrEnum):
    """NEEDS_RESPONSE: evidence can be given until the deadline. CLOSED: an inquiry that came to nothing."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


ENDED = (DisputeState.WON, DisputeState.LOST, DisputeState.CLOSED)
MEANING = {
    "warning_needs_response": DisputeState.NEEDS_RESPONSE,
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "warning_under_review": DisputeState.UNDER_REVIEW,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "warning_closed": DisputeState.CLOSED,
    "prevented": DisputeState.CLOSED,
}


class Dispute(DistributorOwned, db.Model):
    """A dispute about a payment of ours."""

    __tablename__ = "disputes"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("payments", "payment_id"),
        UniqueConstraint("distributor_id", "dispute_id"),
        Index("ix_disputes_order", "distributor_id", "order_id"),
    )
    LIFE = states.Transitions(
        {
            DisputeState.NEEDS_RESPONSE: [DisputeState.UNDER_REVIEW, *ENDED],
            DisputeState.UNDER_REVIEW: [DisputeState.NEEDS_RESPONSE, *ENDED],
            DisputeState.WON: [],
            DisputeState.LOST: [],
            DisputeState.CLOSED: [],
        },
        first=DisputeState.NEEDS_RESPONSE,
    )

    payment_id: Mapped[UUID]
    order_id: Mapped[UUID]
    dispute_id: Mapped[str]
    reason: Mapped[str]
    state: Mapped[DisputeState]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    withdrawn: Mapped[bool] = mapped_column(default=False)
    due_by: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")

    @property
    def why(self) -> str:
        """The bank's reason in words."""
        return REASONS.get(self.reason, self.reason.replace("_", " "))


def of_order(order_id: UUID) -> list[Dispute]:
    """Disputes about an order's payment, oldest first."""
    return list(
        db.session().scalars(select(Dispute).where(Dispute.order_id == order_id).order_by(Dispute.id))
    )


def note(report: DisputeReport) -> DisputeState | None:
    """What the gateway says becomes true here; None when it is about no payment of ours."""
    attempt = payments.attempt_of(report.session_id, report.attempt_id)
    if attempt is None:
        return None
    payment = payments.lock(attempt.payment_id)
    dispute = db.session().scalar(select(Dispute).where(Dispute.dispute_id == report.dispute_id))
    if dispute is None:
        dispute = db.add(
            Dispute(
                distributor_id=current().distributor_id, id=new_id(), payment_id=payment.id,
                order_id=payment.order_id, dispute_id=report.dispute_id, reason=report.reason,
                state=DisputeState.NEEDS_RESPONSE, amount_minor=report.amount_minor,
                currency=report.currency, due_by=report.due_by, opened_at=db.session().info["now"],
            )
        )  # fmt: skip
        db.flush()
    _book(dispute, report)
    meant = MEANING.get(report.status, dispute.state)
    if meant is not dispute.state and dispute.state not in ENDED:
        states.move(dispute, meant, why=report.status)
    if dispute.state in ENDED and dispute.ended_at is None:
        dispute.ended_at = db.session().info["now"]
    _tell(dispute, payment)
    return dispute.state


def _book(dispute: Dispute, report: DisputeReport) -> None:
    """Each booking once; all of them from what Stripe itself has booked."""
    taken = Money(report.withdrawn_minor, report.currency)
    back = Money(report.returned_minor, report.currency)
    fee = Money(report.fee_minor, report.currency)
    if taken.minor:
        dispute.withdrawn = True
        _post(
            f"dispute {report.dispute_id} withdrawn",
            [
                (Account.DISPUTED, taken, None),
                (Account.FEES, fee, None),
                (Account.STRIPE, -(taken + fee), None),
            ],
            dispute,
        )
    if back.minor:
        _post(
            f"dispute {report.dispute_id} won",
            [(Account.STRIPE, back, None), (Account.DISPUTED, -back, None)],
            dispute,
        )
    if report.status == "lost" and taken.minor:
        _post(
            f"dispute {report.dispute_id} lost",
            [(Account.CHARGEBACKS, taken, None), (Account.DISPUTED, -taken, None)],
            dispute,
        )


def _post(about: str, lines: Sequence[ledger.Line], dispute: Dispute) -> None:
    if not ledger.posted(about):
        ledger.post(about, lines, order_id=dispute.order_id)


def _tell(dispute: Dispute, payment: Payment) -> None:
    """One item on the work queue for each dispute, until it is won or a person closes it."""
    if dispute.state is DisputeState.WON:
        work.close_about(dispute.id, "The dispute was won: the money is back.")
        return
    if dispute.state is DisputeState.CLOSED:
        work.close_about(dispute.id, "The bank's inquiry is closed; no money was taken.")
        return
    taken = "The bank has taken the money back." if dispute.withdrawn else "No money was taken yet."
    until = f"{dispute.due_by:%d %B %Y, %H:%M} UTC" if dispute.due_by else "soon"
    words, suggestion = {
        DisputeState.NEEDS_RESPONSE: (
            f"{dispute.amount.text} are disputed: {dispute.why}. {taken} Evidence is taken until {until}.",
            "Send evidence in the gateway's dashboard before the deadline, or accept the dispute there."
            " Decide whether the service goes on.",
        ),
        DisputeState.UNDER_REVIEW: (
            f"{dispute.amount.text} are disputed: {dispute.why}. {taken} The bank looks at the evidence.",
            "Nothing can be done before the bank decides; this item closes by itself if it is won.",
        ),
        DisputeState.LOST: (
            f"The dispute about {dispute.amount.text} is lost: {dispute.why}."
            " The money is gone and booked as a charge-back.",
            "End the service at the vendor if it is still running, settle with the reseller who bears it,"
            " then close this item.",
        ),
    }[dispute.state]
    if dispute.state is DisputeState.LOST and work.was_closed(dispute.id, words):
        return
    work.open_item(
        "dispute", about_type="disputes", about_id=dispute.id, order_id=payment.order_id, words=words,
        suggestion=suggestion,
    )  # fmt: skip


# --- How we hear of them ------------------------------------------------------------------------------------


def _row(task: Claimed) -> StripeEventRow:
    return (
        db.session()
        .scalars(select(StripeEventRow).where(StripeEventRow.id == UUID(task.args["event"])))
        .one()
    )


def _account(task: Claimed) -> tuple[GatewayAccount, str] | None:
    row = _row(task)
    gateway = db.session().scalar(select(Gateway).where(Gateway.account_id == row.account_id))
    return (gateway.account(), str(row.payload["id"])) if gateway else None


def _ask(asked: tuple[GatewayAccount, str]) -> DisputeReport:
    try:
        return stripe_disputes.report(*asked)
    except GatewayDown as down:
        raise Again(timedelta(seconds=30), str(down)) from down
    except GatewayRefused as no:
        raise Final(str(no)) from no


def _heard(task: Claimed, report: DisputeReport) -> None:
    row, state = _row(task), note(report)
    row.handled_at = db.session().info["now"]
    row.outcome = f"dispute {state}" if state else "about nothing of ours"


def _to_list(_task: Claimed) -> tuple[tuple[GatewayAccount, datetime], ...] | None:
    """Nobody is asked before the first payment."""
    if db.session().scalar(select(Payment.id).where(Payment.captured_minor.is_not(None)).limit(1)) is None:
        return None
    since = db.session().info["now"] - LOOK_BACK
    return tuple((gateway.account(), since) for gateway in db.session().scalars(select(Gateway)))


def _list(asked: tuple[tuple[GatewayAccount, datetime], ...]) -> list[DisputeReport]:
    try:
        return [report for each in asked for report in stripe_disputes.since(*each)]
    except GatewayDown as down:
        raise Again(timedelta(minutes=5), str(down)) from down
    except GatewayRefused as no:
        raise Again(timedelta(hours=1), str(no)) from no


def _listed(_task: Claimed, reports: list[DisputeReport]) -> None:
    for report in reports:
        note(report)


tasks.register(
    Kind(
        "stripe_dispute", Repeat.SAFE, prepare=_account, call=_ask, record=_heard, limits=limits,
        on_parked=tell_a_person, on_refused=tell_a_person, alone=True, most_attempts=40,
    )
)  # fmt: skip
tasks.register(
    Kind(
        "poll_disputes", Repeat.SAFE, prepare=_to_list, call=_list, record=_listed, limits=limits, alone=True,
        every=timedelta(hours=1),
    )
)  # fmt: skip
