"""Both directions against Stripe's official document: what the gateway sends and what the sandbox answers."""

import copy
import re
from datetime import UTC, datetime, timedelta

import pytest
import stripe as sdk

from billing import stripe_gateway, stripe_refunds
from billing.stripe_gateway import API_VERSION, GatewayAccount
from tests.sandbox.stripe import contract
from tests.sandbox.stripe.world import BROWSER, Receiver, StripeSandbox, an_attempt, wait_for


def requests_of(stripe: StripeSandbox, account: GatewayAccount) -> list[dict]:
    return [each for each in stripe.get("requests")["requests"] if each["account"] == account.account_id]


def test_every_request_of_the_gateway_is_one_that_stripe_documents(
    stripe: StripeSandbox, account: GatewayAccount, receiver: Receiver
) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    stripe_gateway.register_endpoint(account, receiver.url)
    attempt = an_attempt(metadata={"shop": "brightfield"})
    page = stripe_gateway.open_session(account, attempt)
    stripe.tell("pay", session=page.session_id)
    paid = stripe_gateway.report(account, page.session_id)
    assert paid.payment_intent
    given = stripe_refunds.make(account, paid.payment_intent, 500, "refund-1", currency="EUR")
    assert stripe_refunds.report(account, given.refund_id) == given
    stripe_refunds.find(account, paid.payment_intent, "refund-1")
    list(stripe_gateway.events_since(account, began))
    stripe_gateway.expire_session(account, stripe_gateway.open_session(account, an_attempt()).session_id)

    asked = requests_of(stripe, account)
    assert {(each["method"], re.split("/cs_|/re_", each["path"])[0]) for each in asked} == {
        ("POST", "/v1/webhook_endpoints"),
        ("POST", "/v1/checkout/sessions"),
        ("GET", "/v1/checkout/sessions"),
        ("POST", "/v1/refunds"),
        ("GET", "/v1/refunds"),
        ("GET", "/v1/events"),
    }
    assert [each["status"] for each in asked] == [200] * len(asked)
    assert {each["headers"]["Stripe-Version"] for each in asked} == {API_VERSION}
    assert contract.document()["info"]["version"] == API_VERSION
    opened = next(each for each in asked if each["path"] == "/v1/checkout/sessions")
    assert opened["headers"]["Idempotency-Key"] == attempt.attempt_id
    sent = dict(opened["form"])
    assert sent["client_reference_id"] == attempt.attempt_id
    assert (
        sent["metadata[attempt_id]"]
        == sent["payment_intent_data[metadata][attempt_id]"]
        == attempt.attempt_id
    )
    assert not [name for name in sent if name.startswith("payment_method_types")]


def test_the_whole_sandbox_answers_as_stripe_documents(
    stripe: StripeSandbox, account: GatewayAccount, receiver: Receiver
) -> None:
    """Each call is held to the document by the fixture around the test; here is that each is made."""
    client = sdk.StripeClient(
        account.secret_key, base_addresses={"api": stripe.url}, stripe_version=API_VERSION
    ).v1
    customer = client.customers.create(
        params={"email": "amy@acme.example", "name": "Amy", "metadata": {"a": "b"}}
    )
    client.customers.update(
        customer.id, params={"name": "Amy Acme", "address": {"city": "Graz"}, "metadata": {"a": ""}}
    )
    assert client.customers.retrieve(customer.id).to_dict()["metadata"] == {}
    assert [each.id for each in client.customers.list(params={"email": "amy@acme.example"}).data] == [
        customer.id
    ]

    page = stripe_gateway.open_session(account, an_attempt())
    stripe.tell("pay", session=page.session_id, card="4000000000000002")
    stripe.tell("pay", session=page.session_id, card="4000002500003155")
    client.checkout.sessions.retrieve(page.session_id, params={"expand": ["payment_intent", "line_items"]})
    stripe.tell("pay", session=page.session_id, card="4000002500003155", challenge="complete")
    session = client.checkout.sessions.retrieve(
        page.session_id, params={"expand": ["payment_intent.latest_charge"]}
    )
    client.checkout.sessions.line_items.list(page.session_id)
    client.checkout.sessions.list(params={"status": "complete", "expand": ["data.payment_intent"]})
    payment = session.to_dict()["payment_intent"]
    client.payment_intents.retrieve(payment["id"], params={"expand": ["latest_charge.balance_transaction"]})
    client.payment_intents.list(params={"created": {"gte": 1}})
    charge = client.charges.retrieve(
        payment["latest_charge"]["id"], params={"expand": ["balance_transaction"]}
    )
    client.charges.list(params={"payment_intent": payment["id"]})
    client.balance_transactions.retrieve(charge.to_dict()["balance_transaction"]["id"])
    refund = client.refunds.create(
        params={"charge": charge.id, "amount": 100, "reason": "requested_by_customer"}
    )
    client.refunds.retrieve(refund.id, params={"expand": ["charge", "balance_transaction"]})
    client.refunds.list(params={"payment_intent": payment["id"]})
    endpoint = client.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    client.webhook_endpoints.update(endpoint.id, params={"disabled": True})
    assert client.webhook_endpoints.retrieve(endpoint.id).status == "disabled"
    assert [each.id for each in client.webhook_endpoints.list().data] == [endpoint.id]
    client.webhook_endpoints.delete(endpoint.id)
    events = client.events.list(params={"types": ["charge.refunded", "payment_intent.payment_failed"]})
    assert [each.type for each in events.data] == ["charge.refunded", "payment_intent.payment_failed"]
    client.events.retrieve(events.data[0].id)


def test_every_event_delivered_is_one_that_stripe_documents(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    everything = {"url": receiver.url, "enabled_events[]": "*"}
    BROWSER.post(f"{stripe.url}/v1/webhook_endpoints", data=everything, auth=(shop.secret_key, ""))
    page = stripe_gateway.open_session(shop, an_attempt())
    stripe.tell("pay", session=page.session_id, card="4000000000009995")
    stripe.tell("pay", session=page.session_id, card="4000002500003155", challenge="complete")
    paid = stripe_gateway.report(shop, page.session_id)
    stripe_refunds.make(shop, paid.payment_intent or "", 100, "r1", currency="EUR")
    left = stripe_gateway.open_session(shop, an_attempt())
    stripe.tell("pay", session=left.session_id, card="4000000000000002")
    stripe_gateway.expire_session(shop, left.session_id)

    wait_for(lambda: set(stripe.counts(shop)["deliveries"]) == {"delivered"})
    assert set(receiver.types) == {
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "payment_intent.canceled",
        "charge.failed",
        "charge.succeeded",
        "charge.refunded",
        "refund.created",
        "checkout.session.completed",
        "checkout.session.expired",
    }
    for each in receiver.received:
        contract.check_object(each.event)
        contract.check_object(each.event["data"]["object"])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("amount_total", "12500"),
        ("status", "finished"),
        ("expires_at", None),
        ("payment_status", "PAID"),
        ("colour", 1),
    ],
)
def test_the_judge_sees_a_wrong_answer(
    stripe: StripeSandbox, account: GatewayAccount, name: str, wrong: object
) -> None:
    page = stripe_gateway.open_session(account, an_attempt())
    answer = copy.deepcopy(requests_of(stripe, account)[-1]["answer"])
    contract.check_answer("GET", f"/v1/checkout/sessions/{page.session_id}", 200, answer)
    with pytest.raises(AssertionError):
        contract.check_answer("GET", f"/v1/checkout/sessions/{page.session_id}", 200, {**answer, name: wrong})


@pytest.mark.parametrize(
    "pair",
    [
        ("payment_method", "card"),
        ("mode", "later"),
        ("expires_at", "soon"),
        ("line_items[0][quantity]", "many"),
    ],
)
def test_the_judge_sees_a_wrong_request(pair: tuple[str, str]) -> None:
    contract.check_request("POST", "/v1/checkout/sessions", [("mode", "payment")])
    with pytest.raises(AssertionError):
        contract.check_request("POST", "/v1/checkout/sessions", [("mode", "payment"), pair])


@pytest.mark.parametrize("lines", [(("Seats", 2, 7_000), ("Discount", 1, -1_500)), (("Seat", 1, 100),) * 125])
def test_an_order_that_stripes_form_cannot_list_is_one_line(
    stripe: StripeSandbox, account: GatewayAccount, lines: tuple[tuple[str, int, int], ...]
) -> None:
    page = stripe_gateway.open_session(account, an_attempt(12_500, lines=lines))
    assert stripe_gateway.report(account, page.session_id).amount_minor == 12_500
    sent = dict(requests_of(stripe, account)[0]["form"])
    assert sent["line_items[0][price_data][product_data][name]"] == "Order ORD-7KX2M9"
    assert not [name for name in sent if name.startswith("line_items[1]")]
