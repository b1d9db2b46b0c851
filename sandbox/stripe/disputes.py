"""Disputes: a payer's bank takes the money of a charge back, and the account may answer with evidence. Cards
of Stripe's documentation dispute by themselves; what the evidence says decides, as in Stripe's own sandbox
(https://docs.stripe.com/disputes/respond#testing)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from . import events, lists
from .entries import new_entry
from .operations import Operation
from .parameters import Fields, Flag, Metadata, Span, Text, fields, listing
from .refusals import Json, Refusal
from .store import Act, new_id

FEE = 2000  # minor units, kept whoever wins
TIME_TO_ANSWER = timedelta(days=9)
VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}
ASKING = ("needs_response", "warning_needs_response")
EVIDENCE = (
    *("access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure"),
    *("cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name"),
    *("customer_purchase_ip", "customer_signature", "duplicate_charge_documentation"),
    *("duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt"),
    *("refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date"),
    *("service_documentation", "shipping_address", "shipping_carrier", "shipping_date"),
    *("shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text"),
)


def open_dispute(act: Act, charge: Json, reason: str, *, inquiry: bool = False) -> Json:
    """The bank asks (an inquiry) or takes the money back at once."""
    due_by = datetime.fromtimestamp(act.now, UTC) + TIME_TO_ANSWER
    dispute: Json = {
        "id": new_id("du_1", 23),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": act.second,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": int(due_by.timestamp()),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    act.add(dispute)
    charge["disputed"] = True
    act.save(charge)
    if not inquiry:
        _book(act, dispute, -charge["amount"], FEE)
    events.record(act, "charge.dispute.created", dispute)
    if not inquiry:
        events.record(act, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def decide(act: Act, dispute: Json, verdict: str) -> Json:
    """The bank's word: won (the money comes back, the fee does not) or lost."""
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise Refusal(f"This dispute ({dispute['id']}) is closed already.", code="dispute_closed")
    asked_only = dispute["status"].startswith("warning")
    before: Json = {"status": dispute["status"]}
    dispute["status"] = "warning_closed" if asked_only else verdict
    if verdict == "won" and not asked_only:
        _book(act, dispute, dispute["amount"], 0)
    act.save(dispute)
    events.record(act, "charge.dispute.closed", dispute, before)
    if verdict == "won" and not asked_only:
        events.record(act, "charge.dispute.funds_reinstated", dispute)
    return dispute


def _book(act: Act, dispute: Json, amount: int, fee: int) -> None:
    payment = act.get("payment_intent", dispute["payment_intent"])
    entry = new_entry(act, "adjustment", dispute["id"], payment, amount, fee)
    entry["reporting_category"] = "dispute" if amount < 0 else "dispute_reversal"
    act.save(entry)
    dispute["balance_transactions"].append(entry)
    act.save(dispute)


def update(act: Act, params: Json, dispute_id: str) -> Json:
    """Evidence; once it is submitted the bank decides, which here is done by what is written in it."""
    dispute = act.get("dispute", dispute_id)
    given: dict[str, Any] = params.get("evidence", {})
    if given and dispute["status"] not in ASKING:
        raise Refusal(f"This dispute ({dispute_id}) takes no evidence any more.", code="dispute_closed")
    dispute["evidence"] |= given
    dispute["metadata"] |= params.get("metadata", {})
    dispute["evidence_details"]["has_evidence"] |= bool(given)
    if not given or params.get("submit") is False:
        return act.save(dispute)
    before: Json = {"status": dispute["status"]}
    dispute["evidence_details"]["submission_count"] += 1
    dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    act.save(dispute)
    events.record(act, "charge.dispute.updated", dispute, before)
    verdict = VERDICTS.get(str(given.get("uncategorized_text", "")))
    return decide(act, dispute, verdict) if verdict else dispute


def close(act: Act, params: Json, dispute_id: str) -> Json:
    """Accepted as lost."""
    return decide(act, act.get("dispute", dispute_id), "lost")


def retrieve(act: Act, params: Json, dispute_id: str) -> Json:
    return act.get("dispute", dispute_id)


def browse(act: Act, params: Json) -> Json:
    where = {name: [params[name]] for name in ("charge", "payment_intent") if name in params}
    return lists.page(act, "dispute", "/v1/disputes", params, where)


ONE = "/v1/disputes/<dispute_id>"
OPERATIONS = [
    Operation("GET", "/v1/disputes", listing(created=Span(), charge=Text(), payment_intent=Text()), browse),
    Operation("GET", ONE, fields(), retrieve),
    Operation(
        "POST",
        ONE,
        fields(
            evidence=Fields({name: Text(20_000, unset=True) for name in EVIDENCE}),
            metadata=Metadata(),
            submit=Flag(),
        ),
        update,
    ),
    Operation("POST", f"{ONE}/close", fields(), close),
]
