"""Killed at any instant, the sandbox goes on where its last answer left it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from billing import stripe_gateway
from billing.stripe_gateway import AttemptRequest, GatewayAccount, GatewayDown
from tests.sandbox.stripe.world import Receiver, StripeSandbox, an_attempt, new_account, wait_for


def test_what_was_owed_is_delivered_after_kill_minus_nine(
    own_stripe: StripeSandbox, receiver: Receiver
) -> None:
    account = new_account(own_stripe)
    shop = replace(account, webhook_secret=stripe_gateway.register_endpoint(account, receiver.url).secret)
    own_stripe.tell("moods", account=shop.account_id, webhooks={"mode": "delayed", "seconds": 1.5})
    attempt = an_attempt()
    page = stripe_gateway.open_session(shop, attempt)
    own_stripe.tell("pay", session=page.session_id)
    own_stripe.kill()
    assert receiver.received == []
    own_stripe.start()
    assert receiver.await_types("", "") == ["payment_intent.succeeded", "checkout.session.completed"]
    assert stripe_gateway.report(shop, page.session_id).paid
    assert stripe_gateway.open_session(shop, attempt).session_id == page.session_id
    assert own_stripe.get("moods")["moods"][shop.account_id]["webhooks"]["mode"] == "delayed"


@pytest.mark.promise("QC1")
def test_killed_again_and_again_it_loses_and_doubles_nothing(
    own_stripe: StripeSandbox, receiver: Receiver
) -> None:
    account = new_account(own_stripe)
    shop = replace(account, webhook_secret=stripe_gateway.register_endpoint(account, receiver.url).secret)
    opened: dict[str, str] = {}
    kills_are_over = threading.Event()

    def open_one(attempt: AttemptRequest) -> None:
        while attempt.attempt_id not in opened:
            with suppress(GatewayDown):
                opened[attempt.attempt_id] = stripe_gateway.open_session(shop, attempt).session_id

    def shopper() -> None:
        while not kills_are_over.is_set():
            open_one(an_attempt())

    with ThreadPoolExecutor(2) as threads:
        shoppers = [threads.submit(shopper) for _ in range(2)]
        for _ in range(5):
            enough = len(opened) + 5
            wait_for(lambda enough=enough: len(opened) >= enough)
            own_stripe.kill()
            own_stripe.start()
        kills_are_over.set()
    for each in shoppers:
        each.result()
    assert own_stripe.counts(shop)["sessions"] == {"open": len(opened)}
    assert len(opened) > 20
    for session in opened.values():
        own_stripe.tell("pay", session=session)
    own_stripe.kill()
    own_stripe.start()
    wait_for(lambda: own_stripe.counts(shop)["deliveries"] == {"delivered": 2 * len(opened)})
    completed = [
        each.event["data"]["object"]["id"] for each in receiver.received if "session" in each.event["type"]
    ]
    assert set(completed) == set(opened.values())
    assert own_stripe.counts(shop)["captured"] == {"eur": len(opened) * 12_500}


def test_it_is_small_and_knows_only_the_accounts_it_was_given(tmp_path: Path, receiver: Receiver) -> None:
    url = f"{receiver.url}/{{account}}"
    sandbox = StripeSandbox(tmp_path, "--account", "demo", "--webhook-url", url)
    try:
        demo = GatewayAccount("acct_demo", "sk_test_demo", "whsec_test_demo", sandbox.url)
        page = stripe_gateway.open_session(demo, an_attempt())
        sandbox.tell("pay", session=page.session_id)
        wait_for(lambda: "checkout.session.completed" in receiver.types)
        assert stripe_gateway.read_event(demo, receiver.received[-1].payload, receiver.received[-1].signature)
        with pytest.raises(stripe_gateway.GatewayRefused, match="Invalid API Key"):
            stripe_gateway.open_session(new_account(sandbox), an_attempt())
        status = Path(f"/proc/{sandbox.process.pid}/status").read_text()
        assert int(status.split("VmRSS:")[1].split()[0]) <= 60 * 1024
    finally:
        sandbox.stop()
