"""Disputes at the sandbox, held to Stripe's document by the fixture around each test; and an endpoint that is
switched off after failures."""

from dataclasses import replace

import pytest
import stripe as sdk

from billing import stripe_disputes, stripe_gateway
from billing.stripe_gateway import API_VERSION, GatewayAccount
from tests.sandbox.stripe import contract
from tests.sandbox.stripe.world import BROWSER, Receiver, StripeSandbox, an_attempt, wait_for


def api(stripe: StripeSandbox, account: GatewayAccount):
    return sdk.StripeClient(
        account.secret_key, base_addresses={"api": stripe.url}, stripe_version=API_VERSION
    ).v1


def paid(stripe: StripeSandbox, account: GatewayAccount, card: str) -> str:
    page = stripe_gateway.open_session(account, an_attempt())
    assert stripe.tell("pay", session=page.session_id, card=card)["outcome"] == "paid"
    return page.session_id


def test_a_card_that_disputes_takes_the_money_back_and_says_so(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    session = paid(stripe, shop, "4000000000000259")
    [dispute] = api(stripe, shop).disputes.list().data
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 12_500)
    [entry] = dispute.to_dict()["balance_transactions"]
    assert (entry["amount"], entry["fee"], entry["reporting_category"]) == (-12_500, 2_000, "dispute")
    wait_for(lambda: "charge.dispute.funds_withdrawn" in receiver.types)
    assert "charge.dispute.created" in receiver.types
    for each in receiver.received:
        contract.check_object(each.event)
        contract.check_object(each.event["data"]["object"])
    told = stripe_disputes.report(shop, dispute.id)
    assert (told.session_id, told.withdrawn_minor, told.fee_minor) == (session, 12_500, 2_000)


@pytest.mark.parametrize(
    ("evidence", "status", "entries"), [("winning_evidence", "won", 2), ("losing_evidence", "lost", 1)]
)
def test_the_evidence_decides(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver, evidence: str, status: str, entries: int
) -> None:
    paid(stripe, shop, "4000000000002685")
    client = api(stripe, shop)
    [dispute] = client.disputes.list().data
    client.disputes.update(dispute.id, params={"evidence": {"uncategorized_text": evidence}, "submit": True})
    closed = client.disputes.retrieve(dispute.id, params={"expand": ["charge"]}).to_dict()
    assert (closed["status"], len(closed["balance_transactions"])) == (status, entries)
    assert closed["charge"]["disputed"] is True
    wait_for(lambda: "charge.dispute.closed" in receiver.types)
    with pytest.raises(sdk.InvalidRequestError, match="closed"):
        client.disputes.close(dispute.id)


def test_an_inquiry_takes_no_money_and_is_closed(stripe: StripeSandbox, shop: GatewayAccount) -> None:
    paid(stripe, shop, "4000000000001976")
    client = api(stripe, shop)
    [dispute] = client.disputes.list().data
    assert (dispute.status, dispute.to_dict()["balance_transactions"]) == ("warning_needs_response", [])
    assert client.disputes.close(dispute.id).status == "warning_closed"


@pytest.mark.parametrize(
    ("card", "challenge", "outcome"),
    [
        ("4000002760003184", "complete", "paid"),
        ("4000002760003184", "fail", "declined"),
        ("4000008260003178", "complete", "declined"),
        ("4000008400001629", "complete", "declined"),
        ("4000000000003220", "complete", "paid"),
        ("4000000000003055", "", "paid"),
        ("4000008400001280", "", "declined"),
    ],
)
def test_cards_that_ask_the_bank_first(
    stripe: StripeSandbox, account: GatewayAccount, card: str, challenge: str, outcome: str
) -> None:
    page = stripe_gateway.open_session(account, an_attempt())
    if challenge:
        assert stripe.tell("pay", session=page.session_id, card=card)["outcome"] == "challenge"
        where = f"{stripe.url}/c/challenge/{page.session_id}"
        assert "is this you?" in BROWSER.get(where).text
        BROWSER.post(where, data={"answer": challenge})
    else:
        stripe.tell("pay", session=page.session_id, card=card)
    assert stripe_gateway.report(account, page.session_id).paid is (outcome == "paid")


def test_an_endpoint_that_fails_is_switched_off_and_on_again(
    stripe: StripeSandbox, account: GatewayAccount, receiver: Receiver
) -> None:
    receiver.answers += [500] * 20
    shop = replace(account, webhook_secret=stripe_gateway.register_endpoint(account, receiver.url).secret)
    stripe.tell("moods", account=shop.account_id, webhooks={"mode": "disable_on_failure", "copies": 2})
    paid(stripe, shop, "4242424242424242")
    client = api(stripe, shop)
    wait_for(lambda: client.webhook_endpoints.list().data[0].status == "disabled")
    receiver.answers.clear()
    came = len(receiver.received)
    paid(stripe, shop, "4242424242424242")
    [endpoint] = client.webhook_endpoints.list().data
    assert set(stripe.counts(shop)["deliveries"]) == {"cancelled"}
    assert len(receiver.received) == came
    stripe.tell("endpoint", endpoint=endpoint.id, status="enabled")
    paid(stripe, shop, "4242424242424242")
    wait_for(lambda: stripe.counts(shop)["deliveries"].get("delivered"))
