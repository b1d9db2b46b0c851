"""Payments: what happens when a card is tried for an open session, told as PaymentIntent, charge and balance
transaction, with an event for each change."""

from dataclasses import dataclass
from typing import Literal

from . import amounts, disputes, events, lists
from .cards import NOT_AUTHENTICATED, Card, Decline
from .entries import new_entry
from .operations import Operation
from .parameters import Span, Text, fields, listing
from .refusals import Json
from .sessions import close, customer_details
from .store import Act, new_id


@dataclass(frozen=True)
class Payer:
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Outcome:
    kind: Literal["paid", "declined", "challenge", "closed"]
    session: Json
    message: str = ""


def try_card(act: Act, session_id: str, card: Card, payer: Payer) -> Outcome:
    """Pay an open session with a card: paid, declined with the reason, or a challenge the payer has to pass
    first."""
    session = act.get("checkout.session", session_id)
    if not still_open(act, session):
        return Outcome("closed", session)
    payment = payment_of(act, session)
    if card.challenged:
        return challenge(act, session, payment, card, payer)
    if card.decline:
        return decline(act, session, payment, card, payer, card.decline)
    return succeed(act, session, payment, card, payer)


def answer_challenge(act: Act, session_id: str, *, passed: bool) -> Outcome:
    """The payer's answer on the bank's page."""
    session = act.get("checkout.session", session_id)
    if not still_open(act, session) or not session["payment_intent"]:
        return Outcome("closed", session)
    payment = act.get("payment_intent", session["payment_intent"])
    asked = act.private(payment["id"]).get("challenge")
    if payment["status"] != "requires_action" or asked is None:
        return Outcome("closed", session)
    found = Decline(**asked["decline"]) if asked["decline"] else None
    card = Card(**asked["card"], decline=found, challenged=True)
    payer = Payer(**asked["payer"])
    if not passed:
        return decline(act, session, payment, card, payer, NOT_AUTHENTICATED, charged=False)
    if card.decline:
        return decline(act, session, payment, card, payer, card.decline)
    return succeed(act, session, payment, card, payer)


def still_open(act: Act, session: Json) -> bool:
    if session["status"] == "open" and session["expires_at"] <= act.now:
        close(act, session)
    return session["status"] == "open"


def payment_of(act: Act, session: Json) -> Json:
    """The session's PaymentIntent, made when a card is first tried, as Stripe does in payment mode."""
    if session["payment_intent"]:
        return act.get("payment_intent", session["payment_intent"])
    data = act.private(session["id"])["payment_intent_data"]
    payment_id = new_id("pi_3", 23)
    payment: Json = {
        "id": payment_id,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{payment_id}_secret_"),
        "confirmation_method": "automatic",
        "created": act.second,
        "currency": session["currency"],
        "customer": session["customer"],
        "description": data.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": data.get("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    act.add(payment)
    session["payment_intent"] = payment_id
    act.save(session)
    events.record(act, "payment_intent.created", payment)
    return payment


def challenge(act: Act, session: Json, payment: Json, card: Card, payer: Payer) -> Outcome:
    payment.update(
        status="requires_action",
        last_payment_error=None,
        payment_method=new_id("pm_1", 23),
        next_action={
            "type": "redirect_to_url",
            "redirect_to_url": {
                "url": f"{act.base_url}/c/challenge/{session['id']}",
                "return_url": session["url"],
            },
        },
    )
    asked: Json = {
        "card": card.kept(),
        "payer": vars(payer),
        "decline": vars(card.decline) if card.decline else None,
    }
    act.save(payment, {"challenge": asked})
    events.record(act, "payment_intent.requires_action", payment)
    return Outcome("challenge", session)


def decline(
    act: Act, session: Json, payment: Json, card: Card, payer: Payer, reason: Decline, *, charged: bool = True
) -> Outcome:
    error: Json = {"type": "card_error", "code": reason.code, "message": reason.message}
    if reason.decline_code:
        error["decline_code"] = reason.decline_code
    if charged:
        charge = new_charge(act, payment, card, payer, reason)
        error["charge"] = payment["latest_charge"] = charge["id"]
        events.record(act, "charge.failed", charge)
    if reason is NOT_AUTHENTICATED:
        error["type"] = "invalid_request_error"
    payment.update(
        status="requires_payment_method", last_payment_error=error, next_action=None, payment_method=None
    )
    act.save(payment, {})
    events.record(act, "payment_intent.payment_failed", payment)
    return Outcome("declined", session, reason.message)


def succeed(act: Act, session: Json, payment: Json, card: Card, payer: Payer) -> Outcome:
    charge = new_charge(act, payment, card, payer, None)
    payment.update(
        status="succeeded",
        amount_received=payment["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
        payment_method=charge["payment_method"],
    )
    act.save(payment, {})
    email = payer.email or session["customer_email"]
    session.update(
        status="complete",
        payment_status="paid",
        url=None,
        customer_details=customer_details(email, payer.name),
    )
    act.save(session)
    events.record(act, "payment_intent.succeeded", payment)
    events.record(act, "charge.succeeded", charge)
    events.record(act, "checkout.session.completed", session)
    if card.disputed:
        disputes.open_dispute(act, charge, card.disputed, inquiry=card.inquiry)
    return Outcome("paid", session)


def new_charge(act: Act, payment: Json, card: Card, payer: Payer, reason: Decline | None) -> Json:
    paid = reason is None
    charge_id = new_id("ch_3", 23)
    entry = (
        new_entry(act, "charge", charge_id, payment, payment["amount"], amounts.fee_of(payment["amount"]))
        if paid
        else None
    )
    charge: Json = {
        "id": charge_id,
        "object": "charge",
        "amount": payment["amount"],
        "amount_captured": payment["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": entry["id"] if entry else None,
        "billing_details": {
            "address": None,
            "email": payer.email,
            "name": payer.name,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "SANDBOX",
        "captured": paid,
        "created": act.second,
        "currency": payment["currency"],
        "customer": payment["customer"],
        "description": payment["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": reason.code if reason else None,
        "failure_message": reason.message if reason else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": payment["metadata"],
        "on_behalf_of": None,
        "outcome": outcome(reason),
        "paid": paid,
        "payment_intent": payment["id"],
        "payment_method": payment["payment_method"] or new_id("pm_1", 23),
        "payment_method_details": {
            "type": "card",
            "card": {**card.kept(), "country": "US", "funding": "credit"},
        },
        "receipt_email": payment["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": payment["statement_descriptor_suffix"],
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }
    return act.add(charge)


def outcome(reason: Decline | None) -> Json:
    return {
        "network_status": "approved_by_network" if reason is None else "declined_by_network",
        "reason": reason.decline_code if reason else None,
        "risk_level": "normal",
        "seller_message": "Payment complete."
        if reason is None
        else "The bank did not return any further details.",
        "type": "authorized" if reason is None else "issuer_declined",
    }


def retrieve_payment(act: Act, params: Json, payment_id: str) -> Json:
    return act.get("payment_intent", payment_id)


def browse_payments(act: Act, params: Json) -> Json:
    where = {"customer": [params["customer"]]} if "customer" in params else None
    return lists.page(act, "payment_intent", "/v1/payment_intents", params, where)


def retrieve_charge(act: Act, params: Json, charge_id: str) -> Json:
    return act.get("charge", charge_id)


def browse_charges(act: Act, params: Json) -> Json:
    where = {name: [params[name]] for name in ("customer", "payment_intent") if name in params}
    return lists.page(act, "charge", "/v1/charges", params, where)


def retrieve_entry(act: Act, params: Json, entry_id: str) -> Json:
    return act.get("balance_transaction", entry_id)


OPERATIONS = [
    Operation("GET", "/v1/payment_intents", listing(created=Span(), customer=Text()), browse_payments),
    Operation("GET", "/v1/payment_intents/<payment_id>", fields(), retrieve_payment),
    Operation(
        "GET", "/v1/charges", listing(created=Span(), customer=Text(), payment_intent=Text()), browse_charges
    ),
    Operation("GET", "/v1/charges/<charge_id>", fields(), retrieve_charge),
    Operation("GET", "/v1/balance_transactions/<entry_id>", fields(), retrieve_entry),
]
