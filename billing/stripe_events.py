"""Webhooks from Stripe: stored once by (account, event id), answered at once, handled by a task. Handling
asks Stripe about the session the event speaks of, so order, copies and lateness of events cannot matter
(QW1-QW3, QW6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from billing import gateways, payments, stripe_gateway
from billing.payments import AttemptState, PaymentAttempt, PaymentState
from billing.stripe_gateway import GatewayAccount, GatewayDown, GatewayRefused, PaymentReport, StripeEvent
from core import db, doors, drain, tasks, throttles, work
from core.doors import door
from core.errors import Missing
from core.faults import fault
from core.ids import new_id
from core.tasks import Again, Claimed, Final, Kind, Limits, NeedsPerson, Repeat
from core.tenancy import Access, DistributorOwned, Scope, Side, acting_as, current

NOT_OURS = "about nothing of ours"
LATE = timedelta(minutes=5)  # an event that is not handled for longer is a person's business, too
MOST_LOOKS = 20  # within an hour, at one page that somebody came back from
PATIENCE = 12  # times an event's task asks again for a fee that is not booked: some twenty minutes


class StripeEventRow(DistributorOwned, db.Model):
    """An event as Stripe sent it, and what was made of it."""

    __tablename__ = "stripe_events"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "account_id", "event_id"),
        Index(
            "ix_stripe_events_waiting",
            "received_at",
            postgresql_where=text(
                "handled_at IS NULL AND (session_id IS NOT NULL OR attempt_id IS NOT NULL)"
            ),
        ),
    )

    account_id: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    session_id: Mapped[str | None]
    attempt_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")


GATEWAY_BY_CODE = door("""
CREATE FUNCTION gateway_by_code_v1(p_code text)
RETURNS TABLE (distributor_id uuid, account_id text, secret_key text, webhook_secret text, api_base text, business_offset interval) AS $$
  SELECT g.distributor_id, g.account_id, g.secret_key, g.webhook_secret, g.api_base, d.business_offset
  FROM gateways g JOIN distributors d ON d.id = g.distributor_id WHERE g.code = p_code
$$""")  # noqa: E501 SQL


def receive(code: str, payload: bytes, signature: str | None) -> bool:
    """Verifies an event for the gateway with this code and stores it once with its task; says whether it was
    new.

    Raises Missing for an unknown code and stripe_gateway.ForgedEvent for what Stripe did not sign."""
    row = doors.call(GATEWAY_BY_CODE, {"p_code": code})
    if row is None:
        raise Missing("webhook")
    account = GatewayAccount(row.account_id, row.secret_key, row.webhook_secret, row.api_base)
    event = stripe_gateway.read_event(account, payload, signature)
    with (
        acting_as(
            Scope(Side.DISTRIBUTOR, row.distributor_id, offset=row.business_offset, request_id=event.event_id)
        ),
        db.transaction(),
    ):
        new = store(event)
        fault("webhook.stored")
    return new


def store(event: StripeEvent) -> bool:
    """One row per (account, event id), and its task with it; False when it is there already."""
    now = db.session().info["now"]
    speaks_of_us = bool(event.session_id or event.attempt_id or event.dispute_id)
    of_refund = bool(event.refund_id)
    values = {
        "id": new_id(), "distributor_id": current().distributor_id, "account_id": event.account_id,
        "event_id": event.event_id, "type": event.type,
        "session_id": event.session_id, "attempt_id": event.attempt_id, "payload": event.object,
        "received_at": now,
        "handled_at": None if speaks_of_us else now,
        "outcome": "" if speaks_of_us else "the refund is looked at" if of_refund else NOT_OURS,
    }  # fmt: skip
    stored = (
        db.session()
        .execute(insert(StripeEventRow).values(values).on_conflict_do_nothing().returning(StripeEventRow.id))
        .first()
    )
    if stored and speaks_of_us:
        kind = "stripe_dispute" if event.dispute_id else "stripe_event"
        tasks.add(kind, {"event": str(values["id"])}, lane="stripe")
    elif stored and of_refund:  # the kind is in billing/refund_calls.py
        about = {"event": str(values["id"]), "refund_id": event.refund_id}
        tasks.add("check_refund", about, lane="stripe")
    return stored is not None


# --- Looking at a session, for every reason there is --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """Sessions to ask the gateway about, and how often it was asked for the same reason before."""

    account: GatewayAccount
    session_ids: tuple[str, ...]
    tries: int = 0


def ask(look: Look) -> list[PaymentReport]:
    """Outside any transaction: what the gateway says about each session. Waits for a gateway that is down and
    for a fee that is not booked."""
    later = timedelta(seconds=min(300, 2 ** min(look.tries + 1, 9)))
    try:
        reports = [stripe_gateway.report(look.account, session_id) for session_id in look.session_ids]
    except GatewayDown as error:
        raise Again(later, str(error)) from error
    except GatewayRefused as error:
        raise Final(str(error)) from error
    if all(report.booked for report in reports):
        return reports
    if look.tries >= PATIENCE:
        raise NeedsPerson("The gateway says this is paid, but has not booked its fee for a long time.")
    raise Again(later, "The gateway has taken the payment but not booked its fee yet.")


def ask_once(look: Look) -> list[PaymentReport]:
    """As `ask`, but nothing is lost by giving up: the poller asks again."""
    try:
        return ask(look)
    except Again as later:
        if look.tries < 3:
            raise
        raise Final(f"{later} The next look is the poller's.") from later


def close_page(look: Look) -> list[PaymentReport]:
    """Outside any transaction: nobody shall pay for a cancelled order. A page that is closed, or was paid a
    moment ago, is reported as it is."""
    try:
        for session_id in look.session_ids:
            stripe_gateway.expire_session(look.account, session_id)
    except GatewayRefused:
        return ask(look)
    except GatewayDown as error:
        raise Again(timedelta(seconds=30), str(error)) from error
    return ask(look)


def settle_all(_task: Claimed, reports: list[PaymentReport]) -> None:
    """Records every answer."""
    for report in reports:
        payments.settle(report)


def _record_event(task: Claimed, reports: list[PaymentReport]) -> None:
    row = _row(task)
    settled = [payments.settle(report) for report in reports]
    if task.attempts > 3:  # somebody may have been told that it takes long
        work.close_about(row.id, "Handled.")
    row.handled_at, row.outcome = (
        db.session().info["now"],
        "; ".join(f"payment {state}" for state in settled if state) or NOT_OURS,
    )


def _row(task: Claimed) -> StripeEventRow:
    return (
        db.session()
        .scalars(select(StripeEventRow).where(StripeEventRow.id == UUID(task.args["event"])))
        .one()
    )


def _event_look(task: Claimed) -> Look | None:
    row = _row(task)
    attempt = payments.attempt_of(row.session_id, row.attempt_id)
    session_id = row.session_id or (attempt.session_id if attempt else None)
    if attempt is None or session_id is None:
        row.handled_at, row.outcome = db.session().info["now"], NOT_OURS
        return None
    return Look(_account(attempt), (session_id,), task.attempts)


def _account(attempt: PaymentAttempt) -> GatewayAccount:
    payment = (
        db.session().scalars(select(payments.Payment).where(payments.Payment.id == attempt.payment_id)).one()
    )
    return gateways.find(payment.gateway_account_id).account()


def _attempt_look(task: Claimed) -> Look | None:
    attempt = payments.attempt_of(None, task.args["attempt"])
    if attempt is None or attempt.session_id is None or attempt.state is not AttemptState.OPEN:
        return None
    return Look(_account(attempt), (attempt.session_id,), task.attempts)


def poll(_task: Claimed | None = None) -> None:
    """A look at every open attempt that a webhook should have ended (QW4): those not looked at for longest
    first, each in a task of its own, so that one that fails holds up no other."""
    now = db.session().info["now"]
    unseen = (PaymentAttempt.looked_at.is_(None)) | (PaymentAttempt.looked_at < now - timedelta(minutes=4))
    rows = (
        db.session()
        .scalars(
            select(PaymentAttempt)
            .where(
                PaymentAttempt.state == AttemptState.OPEN,
                PaymentAttempt.session_id.is_not(None),
                PaymentAttempt.created_at < now - timedelta(minutes=1),
                unseen,
            )
            .order_by(PaymentAttempt.looked_at.asc().nulls_first(), PaymentAttempt.created_at)
            .limit(1000)
            .with_for_update(skip_locked=True)
        )
        .all()
    )
    for attempt in rows:
        attempt.looked_at = now
    tasks.add_rows(
        [tasks.row("check_payment", {"attempt": str(attempt.id)}, lane="stripe") for attempt in rows]
    )


def look_now(attempt_id: UUID) -> PaymentState | None:
    """Asks and settles here and now, for the command line: opens its own transactions, as the distributor of
    the scope."""
    with db.transaction():
        attempt = payments.attempt_of(None, str(attempt_id))
        look = Look(_account(attempt), (attempt.session_id,)) if attempt and attempt.session_id else None
    if look is None:
        return None
    reports = ask(look)
    with db.transaction():
        return next((payments.settle(report) for report in reports), None)


def tell_a_person(task: Claimed, note: str) -> None:
    """A payment that the gateway does not explain must not end as a task that nobody reads."""
    about = task.args.get("attempt") or task.args["event"]
    work.open_item(
        "unclear payment",
        about_type="payment_attempts" if "attempt" in task.args else "stripe_events",
        about_id=UUID(about),
        words=note,
        suggestion=(
            "Look at this payment in the gateway's dashboard; check the gateway's keys; then retry the task."
        ),
    )


def _tell_if_late(task: Claimed, note: str) -> None:
    """The gateway rang, but cannot be asked: it is asked for ever, and after a while a person knows (QP4)."""
    if db.session().info["now"] - _row(task).received_at > LATE:
        tell_a_person(task, note)


def limits(_lane: str) -> Limits:
    """How long the gateway is waited for."""
    return Limits(
        timeout=timedelta(seconds=10),
        send_deadline=timedelta(seconds=30),
        settle=timedelta(seconds=45),
        slots=8,
    )


def _outside(
    name: str,
    prepare: Callable[[Claimed], Look | None],
    call: Callable[[Look], list[PaymentReport]],
    **more: Any,
) -> Kind:
    record = more.pop("record", settle_all)
    return tasks.register(
        Kind(
            name,
            Repeat.SAFE,
            prepare=prepare,
            call=call,
            record=record,
            limits=limits,
            on_parked=tell_a_person,
            alone=True,
            **more,
        )
    )


drain.LANES["stripe"] = partial(limits, "stripe")
_outside(
    "stripe_event",
    _event_look,
    ask,
    record=_record_event,
    on_waiting=_tell_if_late,
    on_refused=tell_a_person,
    most_attempts=40,
)
_outside("check_payment", _attempt_look, ask_once, most_attempts=10)
_outside("close_payment_page", _attempt_look, close_page, on_refused=tell_a_person, most_attempts=20)
tasks.register(Kind("poll_payments", Repeat.SAFE, prepare=poll, limits=limits, every=timedelta(minutes=2)))


def check_soon(attempt_id: UUID) -> None:
    """The buyer came back: look now. Whoever loads the page for ever is answered by the poller's looks."""
    if throttles.allow_here(f"look:{attempt_id}", most=MOST_LOOKS):
        tasks.add("check_payment", {"attempt": str(attempt_id)}, lane="stripe")
