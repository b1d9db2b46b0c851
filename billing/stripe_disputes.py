"""Disputes as Stripe tells them, as values (billing/stripe_gateway.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.stripe_gateway import GatewayAccount, asking, minor_amount, moment_of


@dataclass(frozen=True)
class DisputeReport:
    """What Stripe says of a dispute. `withdrawn` is what was taken from the account for it and `returned`
    what came back, without the fee; `session_id` and `attempt_id` name the page whose payment it is about."""

    dispute_id: str
    session_id: str | None
    attempt_id: str | None
    status: str
    reason: str
    amount_minor: int
    currency: str
    withdrawn_minor: int
    returned_minor: int
    fee_minor: int
    due_by: datetime | None


def report(account: GatewayAccount, dispute_id: str) -> DisputeReport:
    """How a dispute stands, and whose payment it is about."""
    with asking(account) as stripe:
        told = stripe.disputes.retrieve(dispute_id).to_dict()
        return _report_of(stripe, told)


def since(account: GatewayAccount, since: datetime) -> list[DisputeReport]:
    """Every dispute that was opened at or after a moment, oldest first."""
    with asking(account) as stripe:
        listed = stripe.disputes.list(params={"created": {"gte": int(since.timestamp())}, "limit": 100})
        found = [each.to_dict() for each in listed.auto_paging_iter()]
        return [_report_of(stripe, told) for told in reversed(found)]


def _report_of(stripe: Any, told: dict[str, Any]) -> DisputeReport:
    currency = str(told["currency"]).upper()
    entries: list[dict[str, Any]] = told["balance_transactions"]
    moved = [(minor_amount(e["amount"], currency), minor_amount(e["fee"], currency)) for e in entries]
    pages: Any = stripe.checkout.sessions.list(params={"payment_intent": told["payment_intent"], "limit": 1})
    page: dict[str, Any] = pages.data[0].to_dict() if pages.data else {}
    due_by = told["evidence_details"].get("due_by")
    return DisputeReport(
        dispute_id=told["id"],
        session_id=page.get("id"),
        attempt_id=page.get("client_reference_id"),
        status=told["status"],
        reason=told["reason"],
        amount_minor=minor_amount(told["amount"], currency),
        currency=currency,
        withdrawn_minor=-sum(amount for amount, _ in moved if amount < 0),
        returned_minor=sum(amount for amount, _ in moved if amount > 0),
        fee_minor=sum(fee for _, fee in moved),
        due_by=moment_of(due_by) if due_by else None,
    )
