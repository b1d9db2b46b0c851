"""Webhooks from Stripe: stored once by (account, event id), answered at once, handled by a task. Handling asks Stripe about the session the
event speaks of, so order, copies and lateness of events cannot matter (QW1-QW3, QW6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from billing import payments, stripe_gateway
from billing.payments import AttemptState, PaymentAttempt
from billing.stripe_gateway import GatewayAccount, GatewayDown, GatewayRefused, PaymentReport, StripeEvent
from core import db, doors, tasks
from core.doors import door
from core.errors import Missing
from core.faults import fault
from core.ids import new_id
from core.tasks import Again, Claimed, Final, Kind, Limits, Repeat
from core.tenancy import Access, DistributorOwned, Scope, Side, acting_as, current


class StripeEventRow(DistributorOwned, db.Model):
    """An event as Stripe sent it, and what was made of it."""

    __tablename__ = "stripe_events"
    __access__ = Access(distributor="rcu")
    __table_args__ = (UniqueConstraint("distributor_id", "account_id", "event_id"),)

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
$$""")


def receive(code: str, payload: bytes, signature: str | None) -> bool:
    """Verifies an event for the gateway with this code and stores it once with its task; says whether it was new.

    Raises Missing for an unknown code and stripe_gateway.ForgedEvent for what Stripe did not sign."""
    row = doors.call(GATEWAY_BY_CODE, {"p_code": code})
    if row is None:
        raise Missing("webhook")
    account = GatewayAccount(row.account_id, row.secret_key, row.webhook_secret, row.api_base)
    event = stripe_gateway.read_event(account, payload, signature)
    with acting_as(Scope(Side.DISTRIBUTOR, row.distributor_id, offset=row.business_offset, request_id=event.event_id)), db.transaction():
        new = store(event)
        fault("webhook.stored")
    return new


def store(event: StripeEvent) -> bool:
    """One row per (account, event id), and its task with it; False when it is there already."""
    values = {
        "id": new_id(), "distributor_id": current().distributor_id, "account_id": event.account_id, "event_id": event.event_id, "type": event.type,
        "session_id": event.session_id, "attempt_id": event.attempt_id, "payload": event.object, "received_at": db.session().info["now"], "outcome": "",
    }  # fmt: skip
    stored = db.session().execute(insert(StripeEventRow).values(values).on_conflict_do_nothing().returning(StripeEventRow.id)).first()
    if stored and event.session_id or stored and event.attempt_id:
        tasks.add("stripe_event", {"event": str(values["id"])}, lane="stripe")
    return stored is not None


# --- Looking at a session, for every reason there is -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """Sessions to ask the gateway about, and the event that was the reason (if one was)."""

    account: GatewayAccount
    session_ids: tuple[str, ...]
    event_row: UUID | None = None


def ask(look: Look) -> list[PaymentReport]:
    """Outside any transaction: what the gateway says about each session."""
    try:
        return [stripe_gateway.report(look.account, session_id) for session_id in look.session_ids]
    except GatewayDown as error:
        raise Again(timedelta(seconds=5), str(error)) from error
    except GatewayRefused as error:
        raise Final(str(error)) from error


def settle_all(_task: Claimed, reports: list[PaymentReport]) -> None:
    """Records every answer."""
    for report in reports:
        payments.settle(report)


def _event_look(task: Claimed) -> Look | None:
    row = db.session().scalars(select(StripeEventRow).where(StripeEventRow.id == UUID(task.args["event"]))).one()
    row.handled_at = db.session().info["now"]
    attempt = _attempt_of(row.session_id, row.attempt_id)
    row.outcome = "looked up" if attempt else "about nothing of ours"
    return Look(_account(attempt), (attempt.session_id,), row.id) if attempt and attempt.session_id else None


def _attempt_of(session_id: str | None, attempt_id: str | None) -> PaymentAttempt | None:
    chosen = select(PaymentAttempt)
    if session_id:
        return db.session().scalar(chosen.where(PaymentAttempt.session_id == session_id))
    try:
        return db.session().scalar(chosen.where(PaymentAttempt.id == UUID(attempt_id or "")))
    except ValueError:
        return None


def _account(attempt: PaymentAttempt) -> GatewayAccount:
    payment = db.session().scalars(select(payments.Payment).where(payments.Payment.id == attempt.payment_id)).one()
    return payments.gateway(payment.gateway_account_id).account()


def _attempt_look(task: Claimed) -> Look | None:
    attempt = _attempt_of(None, task.args["attempt"])
    if attempt is None or attempt.session_id is None or attempt.state is not AttemptState.OPEN:
        return None
    return Look(_account(attempt), (attempt.session_id,))


def _poll_look(_task: Claimed) -> Look | None:
    """Open attempts that a webhook should have ended: any that are older than a minute (QW4)."""
    before = db.session().info["now"] - timedelta(minutes=1)
    rows = db.session().scalars(
        select(PaymentAttempt)
        .where(PaymentAttempt.state == AttemptState.OPEN, PaymentAttempt.session_id.is_not(None), PaymentAttempt.created_at < before)
        .order_by(PaymentAttempt.created_at)
        .limit(100)
    ).all()
    return Look(_account(rows[0]), tuple(row.session_id for row in rows if row.session_id)) if rows else None


def _limits(_lane: str) -> Limits:
    return Limits(timeout=timedelta(seconds=10), send_deadline=timedelta(seconds=30), settle=timedelta(seconds=45), slots=8)


tasks.register(Kind("stripe_event", Repeat.SAFE, prepare=_event_look, call=ask, record=settle_all, limits=_limits, most_attempts=40))
tasks.register(Kind("check_payment", Repeat.SAFE, prepare=_attempt_look, call=ask, record=settle_all, limits=_limits, most_attempts=10))
tasks.register(Kind("poll_payments", Repeat.SAFE, prepare=_poll_look, call=ask, record=settle_all, limits=_limits, every=timedelta(minutes=2)))


def check_soon(attempt_id: UUID) -> None:
    """The buyer came back: look once, now."""
    tasks.add("check_payment", {"attempt": str(attempt_id)}, lane="stripe")

