"""Refunds at Stripe, as values (billing/stripe_gateway.py)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from billing.stripe_gateway import GatewayAccount, asking, minor_amount, stripe_amount


@dataclass(frozen=True)
class RefundReport:
    """What Stripe says of a refund. `key` is ours, empty for a refund that somebody made elsewhere, whose
    payment is then named by `session_id` and `attempt_id`; `failure` says in Stripe's word why a refund came
    back."""

    refund_id: str
    key: str
    amount_minor: int
    currency: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    failure: str = ""
    session_id: str | None = None
    attempt_id: str | None = None

    @property
    def came_back(self) -> bool:
        """It gave nothing to anybody, and never will."""
        return self.status in ("failed", "canceled")


def make(
    account: GatewayAccount,
    payment_intent: str,
    amount_minor: int,
    key: str,
    *,
    currency: str,
    mark: str = "",
) -> RefundReport:
    """Give back part or all of a payment, once per idempotency key; `mark` is what the refund is found by
    (default: the key).

    After GatewayDown ask `find` before trying again: it may have been done."""
    with asking(account) as stripe:
        given = stripe.refunds.create(
            params={
                "payment_intent": payment_intent,
                "amount": stripe_amount(amount_minor, currency),
                "metadata": {"refund_key": mark or key},
            },
            options={"idempotency_key": key},
        )
    return _report_of(given.to_dict())


def find(account: GatewayAccount, payment_intent: str, key: str) -> RefundReport | None:
    """The refund made under a key, if there is one that did not come back: keys are forgotten after 24 hours,
    refunds are not."""
    with asking(account) as stripe:
        made = stripe.refunds.list(params={"payment_intent": payment_intent, "limit": 100})
        found = [_report_of(each.to_dict()) for each in made.auto_paging_iter()]
    return next((each for each in found if each.key == key and not each.came_back), None)


def report(account: GatewayAccount, refund_id: str) -> RefundReport:
    """How a refund stands, asked at the account itself."""
    with asking(account) as stripe:
        return _with_page(stripe, stripe.refunds.retrieve(refund_id).to_dict())


def since(account: GatewayAccount, since: datetime) -> list[RefundReport]:
    """Every refund made at or after a moment, oldest first."""
    with asking(account) as stripe:
        return [_with_page(stripe, told) for told in _made_since(stripe, since)]


def foreign_since(account: GatewayAccount, since: datetime) -> list[RefundReport]:
    """Those of them that do not bear a key of ours."""
    with asking(account) as stripe:
        made = _made_since(stripe, since)
        return [_with_page(stripe, told) for told in made if not _report_of(told).key]


def _made_since(stripe: Any, since: datetime) -> list[dict[str, Any]]:
    listed: Any = stripe.refunds.list(params={"created": {"gte": int(since.timestamp())}, "limit": 100})
    return [each.to_dict() for each in listed.auto_paging_iter()][::-1]


def _with_page(stripe: Any, told: dict[str, Any]) -> RefundReport:
    """With the page whose payment it gives back, where somebody else made it."""
    made = _report_of(told)
    if made.key or not told.get("payment_intent"):
        return made
    pages: Any = stripe.checkout.sessions.list(params={"payment_intent": told["payment_intent"], "limit": 1})
    if not pages.data:
        return made
    page = pages.data[0]
    return replace(made, session_id=page.id, attempt_id=page.client_reference_id)


def _report_of(thing: dict[str, Any]) -> RefundReport:
    currency = str(thing["currency"]).upper()
    marks: dict[str, str] = thing.get("metadata") or {}
    return RefundReport(
        refund_id=thing["id"],
        key=marks.get("refund_key", ""),
        amount_minor=minor_amount(thing["amount"], currency),
        currency=currency,
        status=thing.get("status") or "pending",
        failure=str(thing.get("failure_reason") or "").replace("_", " "),
    )
