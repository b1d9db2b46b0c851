"""Webhooks: signed, delivered until heard, and as unpleasant as the mood says; what never came is in the
list."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stripe as sdk

from billing import stripe_gateway
from billing.stripe_gateway import ForgedEvent, GatewayAccount
from tests.sandbox.stripe.world import BROWSER, Receiver, StripeSandbox, an_attempt, new_account, wait_for

ONE_PAYMENT = ["payment_intent.succeeded", "checkout.session.completed"]


def pay(stripe: StripeSandbox, shop: GatewayAccount) -> str:
    page = stripe_gateway.open_session(shop, an_attempt())
    stripe.tell("pay", session=page.session_id)
    return page.session_id


def test_a_payment_is_told_in_order_and_reads_as_an_event(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    attempt = an_attempt()
    page = stripe_gateway.open_session(shop, attempt)
    stripe.tell("pay", session=page.session_id)
    assert receiver.await_types(*ONE_PAYMENT) == ONE_PAYMENT
    came = receiver.received[1]
    event = stripe_gateway.read_event(shop, came.payload, came.signature)
    assert (event.type, event.account_id) == ("checkout.session.completed", shop.account_id)
    assert (event.session_id, event.attempt_id) == (page.session_id, attempt.attempt_id)
    assert event.payment_intent == stripe_gateway.report(shop, page.session_id).payment_intent
    assert abs(event.created - datetime.now(UTC)) < timedelta(seconds=10)
    assert event.object["payment_status"] == "paid"


def test_stripes_own_library_accepts_the_signature(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    pay(stripe, shop)
    receiver.await_types(*ONE_PAYMENT)
    came = receiver.received[0]
    assert (
        sdk.Webhook.construct_event(came.payload, came.signature, shop.webhook_secret).type == ONE_PAYMENT[0]
    )


def test_a_payment_event_names_its_attempt(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    attempt = an_attempt()
    page = stripe_gateway.open_session(shop, attempt)
    stripe.tell("pay", session=page.session_id, card="4000000000000002")
    receiver.await_types("payment_intent.payment_failed")
    event = stripe_gateway.read_event(shop, receiver.received[0].payload, receiver.received[0].signature)
    assert (event.attempt_id, event.session_id) == (attempt.attempt_id, None)
    assert event.payment_intent == event.object["id"]


def test_duplicates_are_the_same_event(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    stripe.tell("moods", account=shop.account_id, webhooks={"mode": "duplicate", "copies": 3, "parallel": 4})
    pay(stripe, shop)
    receiver.await_types(*ONE_PAYMENT * 3)
    wait_for(lambda: stripe.counts(shop)["deliveries"] == {"delivered": 6})
    assert set(Counter(each.event["id"] for each in receiver.received).values()) == {3}


def test_delayed_events_come_later(stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver) -> None:
    stripe.tell("moods", account=shop.account_id, webhooks={"mode": "delayed", "seconds": 0.8})
    began = time.monotonic()
    pay(stripe, shop)
    assert receiver.await_types(*ONE_PAYMENT) == ONE_PAYMENT
    assert receiver.received[0].at - began >= 0.8


def test_out_of_order_events_come_last_first(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    stripe.tell("moods", account=shop.account_id, webhooks={"mode": "out_of_order", "seconds": 0.5})
    pay(stripe, shop)
    assert receiver.await_types(*ONE_PAYMENT) == ONE_PAYMENT[::-1]


@pytest.mark.promise("QW4")
def test_dropped_events_are_found_by_asking(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    stripe.tell("moods", account=shop.account_id, webhooks="dropped")
    began = datetime.now(UTC)
    sessions = [pay(stripe, shop) for _ in range(3)]
    found = list(stripe_gateway.events_since(shop, began))
    assert receiver.received == []
    assert [each.session_id for each in found if each.session_id] == sessions
    assert [each.type for each in found] == ONE_PAYMENT * 3
    assert stripe.counts(shop)["deliveries"] == {"dropped": 6}


def test_the_list_is_paged_to_its_end_and_begins_where_asked(
    stripe: StripeSandbox, shop: GatewayAccount
) -> None:
    stripe.tell("moods", account=shop.account_id, webhooks="dropped")
    began = datetime.now(UTC)
    for _ in range(55):
        pay(stripe, shop)
    found = list(stripe_gateway.events_since(shop, began))
    assert len({each.event_id for each in found}) == len(found) == 110
    assert found == sorted(found, key=lambda each: each.created)
    assert list(stripe_gateway.events_since(shop, datetime.now(UTC) + timedelta(seconds=2))) == []


def test_a_delivery_is_repeated_with_a_growing_pause_until_it_is_heard(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    receiver.answers += [500, 302, 404]
    page = stripe_gateway.open_session(shop, an_attempt())
    stripe_gateway.expire_session(shop, page.session_id)
    receiver.await_types(*["checkout.session.expired"] * 4)
    wait_for(lambda: stripe.counts(shop)["deliveries"] == {"delivered": 1})
    first, second, third = [
        b.at - a.at for a, b in zip(receiver.received, receiver.received[1:], strict=False)
    ]
    assert first < second < third
    assert len({each.event["id"] for each in receiver.received}) == 1


def test_a_given_order_is_kept_when_events_are_sent_again(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    pay(stripe, shop)
    receiver.await_types(*ONE_PAYMENT)
    first, second = [each.event["id"] for each in receiver.received]
    stripe.tell("resend", order=[second, first, second])
    receiver.await_types(*ONE_PAYMENT, "", "", "")
    assert [each.event["id"] for each in receiver.received[2:]] == [second, first, second]
    stripe.tell("resend", account=shop.account_id, order="reverse", copies=2)
    wait_for(lambda: len(receiver.received) == 9)
    assert [each.event["id"] for each in receiver.received[5:]] == [second, first] * 2


def test_an_endpoint_gets_only_what_it_asked_for_and_nothing_once_deleted(
    stripe: StripeSandbox, account: GatewayAccount, receiver: Receiver
) -> None:
    client = sdk.StripeClient(account.secret_key, base_addresses={"api": stripe.url}).v1.webhook_endpoints
    endpoint = client.create(params={"url": receiver.url, "enabled_events": ["checkout.session.expired"]})
    pay(stripe, account)
    stripe_gateway.expire_session(account, stripe_gateway.open_session(account, an_attempt()).session_id)
    receiver.await_types("checkout.session.expired")
    client.update(endpoint.id, params={"disabled": True})
    stripe_gateway.expire_session(account, stripe_gateway.open_session(account, an_attempt()).session_id)
    client.delete(endpoint.id)
    stripe_gateway.expire_session(account, stripe_gateway.open_session(account, an_attempt()).session_id)
    assert stripe.counts(account)["deliveries"] == {"delivered": 1}
    assert receiver.types == ["checkout.session.expired"]


def test_webhooks_never_leave_this_machine(stripe: StripeSandbox, account: GatewayAccount) -> None:
    with pytest.raises(stripe_gateway.GatewayRefused, match="this machine only"):
        stripe_gateway.register_endpoint(account, "http://192.0.2.1/webhooks")


@pytest.mark.promise("QW5", "QW3")
def test_forged_old_and_foreign_events_are_refused(
    stripe: StripeSandbox, shop: GatewayAccount, receiver: Receiver
) -> None:
    pay(stripe, shop)
    receiver.await_types(*ONE_PAYMENT)
    stripe.tell("resend", event=receiver.received[0].event["id"], age=400)
    receiver.await_types(*ONE_PAYMENT, "")
    good, old = receiver.received[0], receiver.received[2]
    assert stripe_gateway.read_event(shop, good.payload, good.signature)
    other = new_account(stripe)
    other = replace(other, webhook_secret=stripe_gateway.register_endpoint(other, receiver.url).secret)
    for account, payload, signature in [
        (shop, old.payload, old.signature),
        (shop, good.payload.replace(b"12500", b"12501"), good.signature),
        (shop, good.payload, None),
        (shop, good.payload, ""),
        (other, good.payload, good.signature),
        (replace(shop, webhook_secret=""), good.payload, good.signature),
    ]:
        with pytest.raises(ForgedEvent):
            stripe_gateway.read_event(account, payload, signature)


def test_the_sandboxs_own_page_shows_and_sets_moods(stripe: StripeSandbox, shop: GatewayAccount) -> None:
    pay(stripe, shop)
    text = BROWSER.get(f"{stripe.url}/_sandbox/").text
    assert shop.account_id in text
    assert "checkout.session.completed" in text
    form = {
        "account": shop.account_id,
        "webhooks.mode": "delayed",
        "webhooks.seconds": "5",
        "api.mode": "slow",
    }
    assert BROWSER.post(f"{stripe.url}/_sandbox/moods", data=form).status_code == 303
    mood = stripe.get("moods")["moods"][shop.account_id]
    assert (mood["webhooks"]["mode"], mood["webhooks"]["seconds"], mood["api"]["mode"]) == (
        "delayed",
        5.0,
        "slow",
    )


@pytest.mark.parametrize(
    "mood", [{"webhooks": "angry"}, {"api": {"mode": "down", "colour": 1}}, {"api": {"seconds": "x"}}]
)
def test_a_mood_that_does_not_exist_is_refused_in_words(stripe: StripeSandbox, mood: dict) -> None:
    answer = BROWSER.post(f"{stripe.url}/_sandbox/moods", json={"account": "acct_nobody", **mood})
    assert answer.status_code == 400
    assert answer.json()["error"]
