"""Refunds: money back on a captured charge, in parts or whole, never more than was captured."""

from . import amounts, events, lists
from .entries import new_entry
from .operations import Operation
from .parameters import Choice, Metadata, Span, Text, Whole, fields, listing
from .refusals import Json, Refusal, bad_parameter
from .store import Act, new_id


def create(act: Act, params: Json) -> Json:
    charge = charge_to_refund(act, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    check(charge, amount, left)
    payment = act.get("payment_intent", charge["payment_intent"])
    refund_id = new_id("re_3", 23)
    refund: Json = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_entry(act, "refund", refund_id, payment, -amount, 0)["id"],
        "charge": charge["id"],
        "created": act.second,
        "currency": charge["currency"],
        "destination_details": {"type": "card"},
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    act.add(refund)
    before: Json = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    act.save(charge)
    events.record(act, "refund.created", refund)
    events.record(act, "charge.refunded", charge, before)
    return refund


def turn(act: Act, refund_id: str, status: str) -> Json:
    """What the bank made of a refund later: taken, still waiting, or sent back ("failed"), which gives the
    charge its money again."""
    refund = act.get("refund", refund_id)
    if status not in ("pending", "succeeded", "failed") or refund["status"] == "failed":
        raise Refusal(f"This refund is {refund['status']} and cannot become {status}.", param="status")
    before: Json = {"status": refund["status"]}
    refund["status"] = status
    if status == "failed":
        refund["failure_reason"] = "expired_or_canceled_card"
        charge = act.get("charge", refund["charge"])
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        act.save(charge)
        refund["failure_balance_transaction"] = new_entry(
            act,
            "refund_failure",
            refund_id,
            act.get("payment_intent", refund["payment_intent"]),
            refund["amount"],
            0,
        )["id"]
    act.save(refund)
    events.record(act, "refund.updated", refund, before)
    if status == "failed":
        events.record(act, "refund.failed", refund)
    return refund


def charge_to_refund(act: Act, params: Json) -> Json:
    if ("charge" in params) == ("payment_intent" in params):
        raise bad_parameter(
            "One of the following params should be provided for this request: payment_intent or charge.",
            "payment_intent",
            None if "charge" in params else "parameter_missing",
        )
    if "charge" in params:
        return act.get("charge", params["charge"], "charge")
    payment = act.get("payment_intent", params["payment_intent"], "payment_intent")
    if payment["status"] != "succeeded":
        raise Refusal(
            f"This PaymentIntent ({payment['id']}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return act.get("charge", payment["latest_charge"])


def check(charge: Json, amount: int, left: int) -> None:
    if not charge["paid"]:
        raise Refusal(f"Charge {charge['id']} has not been paid.", param="charge")
    if left == 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount > left:
        currency = charge["currency"]
        raise Refusal(
            f"Refund amount ({amounts.written(amount, currency)}) is greater than unrefunded amount on "
            f"charge ({amounts.written(left, currency)})",
            param="amount",
        )
    amounts.check_step(amount, charge["currency"])


def retrieve(act: Act, params: Json, refund_id: str) -> Json:
    return act.get("refund", refund_id)


def browse(act: Act, params: Json) -> Json:
    where = {name: [params[name]] for name in ("charge", "payment_intent") if name in params}
    return lists.page(act, "refund", "/v1/refunds", params, where)


OPERATIONS = [
    Operation(
        "POST",
        "/v1/refunds",
        fields(
            charge=Text(),
            payment_intent=Text(),
            amount=Whole(1),
            metadata=Metadata(),
            reason=Choice(("duplicate", "fraudulent", "requested_by_customer")),
        ),
        create,
    ),
    Operation("GET", "/v1/refunds", listing(created=Span(), charge=Text(), payment_intent=Text()), browse),
    Operation("GET", "/v1/refunds/<refund_id>", fields(), retrieve),
]
