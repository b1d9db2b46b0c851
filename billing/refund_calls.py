"""Asking the gateway for a refund, as a durable task: once, and after an unclear answer never again before a
look-up (its idempotency keys are forgotten after 24 hours, refunds are not). An event about a refund is a
reason to look at it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from billing import foreign_refunds, gateways, refund_outcomes, refunds, stripe_gateway, stripe_refunds
from billing.gateways import Gateway
from billing.payments import AttemptState, Payment, PaymentAttempt
from billing.refunds import BY_BANK, RefundState, Way
from billing.stripe_gateway import GatewayAccount, GatewayDown, GatewayRefused
from billing.stripe_refunds import RefundReport
from core import db, tasks, work
from core.tasks import Again, Claimed, Final, Kind, Limits, NeedsPerson, Repeat, Unclear

SOON = timedelta(seconds=30)
LOOK_BACK = timedelta(days=30)  # as long as Stripe keeps its events


@dataclass(frozen=True, slots=True)
class Call:
    """Values for a pool thread. `mark` is how the refund is found again, `key` makes one call one refund."""

    account: GatewayAccount
    session_id: str
    mark: str
    key: str
    amount_minor: int
    currency: str


def prepare(task: Claimed) -> Call | None:
    """The refund's rows as values; None when there is nothing left to ask."""
    refund = refunds.find(UUID(task.args["refund"]))
    ended = (RefundState.DONE, RefundState.SENT, RefundState.PAID_OTHERWISE)
    if refund.state in ended or refund.payment_id is None:
        return None
    if refund.way is Way.TRANSFER:
        raise NeedsPerson(BY_BANK)
    payment = db.session().scalars(select(Payment).where(Payment.id == refund.payment_id))
    account = gateways.find(payment.one().gateway_account_id).account()
    session_id = db.session().scalar(
        select(PaymentAttempt.session_id).where(
            PaymentAttempt.payment_id == refund.payment_id, PaymentAttempt.state == AttemptState.PAID
        )
    )
    if session_id is None:
        raise NeedsPerson("The page that was paid is not known any more.")
    return Call(account, session_id, refund.key, refund.call_key, refund.amount_minor, refund.currency)


def give_back(call: Call) -> RefundReport:
    """Outside any transaction: the refund, made once under its key."""
    payment, made = _payment_of(call), look_up(call)
    if made is not None:  # asked for before, in a life that a restore has lost
        return made
    try:
        return _refund(call, payment, call.key)
    except GatewayDown as down:
        if not down.replayed:
            raise Unclear(str(down.detail)) from down
    # The gateway keeps a failure under this key for a day; it has ended, so whether it was done can be seen.
    found = look_up(call)
    if found is not None:
        return found
    try:
        return _refund(call, payment, f"{call.key}-anew")
    except GatewayDown as down:
        raise Unclear(str(down.detail)) from down


def _refund(call: Call, payment_intent: str, key: str) -> RefundReport:
    try:
        return stripe_refunds.make(
            call.account, payment_intent, call.amount_minor, key, currency=call.currency, mark=call.mark
        )
    except GatewayRefused as no:
        raise NeedsPerson(f"The gateway refuses the refund: {no.message}") from no


def look_up(call: Call) -> RefundReport | None:
    """The refund as the gateway has it; None when it says that there is none."""
    try:
        return stripe_refunds.find(call.account, _payment_of(call), call.mark)
    except GatewayDown as down:
        raise Again(SOON, str(down), accepted=True) from down
    except GatewayRefused as no:
        raise NeedsPerson(f"The gateway cannot be asked about the refund: {no.message}") from no


def _payment_of(call: Call) -> str:
    """Stripe's name for the payment behind a session. Nothing was asked for yet where this fails."""
    try:
        report = stripe_gateway.report(call.account, call.session_id)
    except GatewayDown as down:
        raise Again(SOON, str(down)) from down
    except GatewayRefused as no:
        raise NeedsPerson(f"The gateway does not show the payment: {no.message}") from no
    if report.payment_intent is None:
        raise NeedsPerson("The gateway shows no payment behind this page.")
    return report.payment_intent


def _record(_task: Claimed, report: RefundReport) -> None:
    if refund_outcomes.settle(report) is None:
        foreign_refunds.note(report)


def _on_parked(task: Claimed, note: str) -> None:
    refund_outcomes.failed(UUID(task.args["refund"]), note)


def _on_unknown(task: Claimed, note: str) -> None:
    refund_outcomes.unclear(UUID(task.args["refund"]), note)


def limits(_lane: str) -> Limits:
    """Stripe answers within 5 s or not at all; two calls fit into the time-out."""
    return Limits(
        timeout=timedelta(seconds=20),
        send_deadline=timedelta(seconds=15),
        settle=timedelta(seconds=45),
        slots=8,
    )


REFUND = tasks.register(
    Kind(
        refunds.CALL,
        Repeat.LOOK_UP,
        prepare=prepare,
        call=give_back,
        record=_record,
        look_up=look_up,
        limits=limits,
        fingerprint=lambda call: f"{call.key} {call.amount_minor} {call.currency}",
        on_unknown=_on_unknown,
        on_parked=_on_parked,
        on_refused=_on_parked,
        alone=True,
    )
)


# --- What the gateway tells by itself -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """A refund to ask about."""

    account: GatewayAccount
    refund_id: str
    tries: int


def look_at(task: Claimed) -> Look:
    """A refund that an event speaks of."""
    return Look(gateways.find().account(), task.args["refund_id"], task.attempts)


def ask(look: Look) -> RefundReport:
    """Outside any transaction: how it stands."""
    try:
        return stripe_refunds.report(look.account, look.refund_id)
    except GatewayDown as down:
        raise Again(timedelta(seconds=min(300, 2 ** min(look.tries + 1, 8))), str(down)) from down
    except GatewayRefused as no:
        raise Final(str(no)) from no


def poll(_task: Claimed | None = None) -> None:
    """A look at every refund that waits for its bank, should its event have been lost (QW4)."""
    sent = select(refunds.Refund.external_id).where(refunds.Refund.state == RefundState.SENT).limit(1000)
    tasks.add_rows(
        [
            tasks.row("check_refund", {"refund_id": refund_id}, lane="stripe")
            for refund_id in db.session().scalars(sent)
        ]
    )


def _to_list(_task: Claimed) -> tuple[tuple[GatewayAccount, datetime], ...] | None:
    """Nobody is asked before the first payment."""
    if db.session().scalar(select(Payment.id).where(Payment.captured_minor.is_not(None)).limit(1)) is None:
        return None
    since = db.session().info["now"] - LOOK_BACK
    return tuple((gateway.account(), since) for gateway in db.session().scalars(select(Gateway)))


def _list(asked: tuple[tuple[GatewayAccount, datetime], ...]) -> list[RefundReport]:
    try:
        return [report for each in asked for report in stripe_refunds.foreign_since(*each)]
    except GatewayDown as down:
        raise Again(timedelta(minutes=5), str(down)) from down
    except GatewayRefused as no:
        raise Again(timedelta(hours=1), str(no)) from no


def _listed(_task: Claimed, reports: list[RefundReport]) -> None:
    for report in reports:
        foreign_refunds.note(report)


def _tell_a_person(task: Claimed, note: str) -> None:
    work.open_item(
        "unclear refund",
        about_type="tasks",
        about_id=task.id,
        words=note,
        suggestion="Look at this refund in the gateway's dashboard; then retry the task.",
    )


tasks.register(
    Kind(
        "check_refund",
        Repeat.SAFE,
        prepare=look_at,
        call=ask,
        record=_record,
        limits=limits,
        on_parked=_tell_a_person,
        on_refused=_tell_a_person,
        alone=True,
        most_attempts=40,
    )
)
tasks.register(Kind("poll_refunds", Repeat.SAFE, prepare=poll, limits=limits, every=timedelta(hours=1)))
tasks.register(
    Kind(
        "poll_foreign_refunds",
        Repeat.SAFE,
        prepare=_to_list,
        call=_list,
        record=_listed,
        limits=limits,
        alone=True,
        every=timedelta(hours=1),
    )
)
