"""The gateway without a wire: which events it believes, which amounts it sends, what it never shows."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe import WebhookSignature

from billing import stripe_gateway
from billing.stripe_gateway import (
    AttemptRequest,
    AttemptStale,
    ForgedEvent,
    GatewayAccount,
    GatewayDown,
    GatewayRefused,
    expire_session,
    minor_amount,
    read_event,
    stripe_amount,
)
from tests.strangers import saying, vendor

SECRET = "whsec_brightfield"
ACCOUNT = GatewayAccount("acct_brightfield", "sk_test_brightfield", SECRET, "http://127.0.0.1:9")
SESSION = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "amount_total": 12_500,
    "metadata": {"attempt_id": "attempt-1"},
    "payment_intent": "pi_1",
}
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "created": 1_790_000_000,
    "data": {"object": SESSION},
}
ATTEMPT = AttemptRequest(
    attempt_id="attempt-1",
    order_code="ORD-7KX2M9",
    amount_minor=3_000,
    currency="EUR",
    description="Order ORD-7KX2M9",
    lines=(("Seats", 2, 1_000), ("Set-up", 1, 1_000)),
    shop_name="Brightfield IT",
    customer_email="amy@acme.example",
    success_url="https://shop.example/paid",
    cancel_url="https://shop.example/",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def signed(body: Any = EVENT, secret: str = SECRET, age: int = 0) -> tuple[bytes, str]:
    payload = json.dumps(body)
    return payload.encode(), WebhookSignature.generate_signature_header(
        payload, secret, int(time.time()) - age
    )


def test_a_signed_event_is_read_into_values() -> None:
    event = read_event(ACCOUNT, *signed())
    assert (event.event_id, event.type, event.account_id) == (
        "evt_1",
        "checkout.session.completed",
        "acct_brightfield",
    )
    assert (event.session_id, event.attempt_id, event.payment_intent) == ("cs_test_1", "attempt-1", "pi_1")
    assert event.created == datetime.fromtimestamp(1_790_000_000, UTC)
    assert event.object == SESSION


@pytest.mark.promise("QW6")
def test_two_events_with_equal_contents_are_two_events() -> None:
    twin = read_event(ACCOUNT, *signed({**EVENT, "id": "evt_2"}))
    assert twin.object == read_event(ACCOUNT, *signed()).object
    assert (twin.event_id, twin.account_id) == ("evt_2", "acct_brightfield")


def test_a_signature_counts_for_five_minutes() -> None:
    assert read_event(ACCOUNT, *signed(age=290))
    with pytest.raises(ForgedEvent):
        read_event(ACCOUNT, *signed(age=310))


PAYLOAD, SIGNATURE = signed()
MOMENT, MARK = SIGNATURE.split(",")


@pytest.mark.promise("QW5")
@pytest.mark.parametrize(
    ("secret", "payload", "signature"),
    [
        pytest.param(SECRET, PAYLOAD, None, id="no signature"),
        pytest.param(SECRET, PAYLOAD, "", id="empty signature"),
        pytest.param(SECRET, PAYLOAD, "t=,v1=", id="hollow signature"),
        pytest.param(SECRET, PAYLOAD, MOMENT, id="moment only"),
        pytest.param(SECRET, PAYLOAD, MARK, id="mark only"),
        pytest.param(SECRET, PAYLOAD, SIGNATURE.replace("v1=", "v0="), id="another scheme"),
        pytest.param(SECRET, PAYLOAD, f"{MOMENT},v1={'0' * 64}", id="made-up mark"),
        pytest.param(SECRET, PAYLOAD, f"t=9999999999,{MARK}", id="moved moment"),
        pytest.param(SECRET, PAYLOAD.replace(b"12500", b"1"), SIGNATURE, id="changed amount"),
        pytest.param(SECRET, PAYLOAD + b" ", SIGNATURE, id="one byte more"),
        pytest.param("whsec_other", PAYLOAD, SIGNATURE, id="wrong secret"),
        pytest.param("", *signed(secret=""), id="empty secret, signed with it"),
        pytest.param(" \t\n", *signed(secret=" \t\n"), id="blank secret, signed with it"),
        pytest.param(SECRET, *signed(age=400), id="too old"),
        pytest.param(SECRET, *signed({**EVENT, "account": "acct_other"}), id="another account"),
        pytest.param(SECRET, *signed({**EVENT, "object": "charge"}), id="signed, but no event"),
        pytest.param(SECRET, *signed(["event"]), id="signed, but a list"),
        pytest.param(SECRET, b"\xff\xfe", SIGNATURE, id="not text"),
    ],
)
def test_a_forged_event_is_refused(secret: str, payload: bytes, signature: str | None) -> None:
    with pytest.raises(ForgedEvent) as refused:
        read_event(replace(ACCOUNT, webhook_secret=secret), payload, signature)
    assert refused.value.status == 400


@pytest.mark.promise("QM2")
@pytest.mark.parametrize(
    ("minor", "currency", "sent"),
    [
        (1_250, "EUR", 1_250),
        (500, "JPY", 500),
        (5, "ISK", 500),
        (5, "UGX", 500),
        (5_120, "KWD", 5_120),
        (300, "MGA", 3),
    ],
)
def test_amounts_are_sent_in_the_unit_stripe_counts_in(minor: int, currency: str, sent: int) -> None:
    assert stripe_amount(minor, currency) == sent
    assert minor_amount(sent, currency) == minor


@pytest.mark.parametrize(("minor", "currency"), [(5_124, "KWD"), (150, "MGA")])
def test_an_amount_that_no_card_can_be_charged_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(GatewayRefused):
        stripe_amount(minor, currency)


def test_an_attempt_asked_for_too_late_is_stale() -> None:
    late = replace(ATTEMPT, created_at=datetime.now(UTC) - timedelta(minutes=31))
    with pytest.raises(AttemptStale):
        stripe_gateway.open_session(ACCOUNT, late)


@pytest.mark.parametrize("stay", [timedelta(minutes=29), timedelta(hours=25)])
def test_a_stay_that_stripe_does_not_allow_is_a_bug(stay: timedelta) -> None:
    with pytest.raises(ValueError, match="stays open"):
        stripe_gateway.open_session(ACCOUNT, replace(ATTEMPT, expires_in=stay))


def test_lines_that_do_not_add_up_are_a_bug() -> None:
    wrong = replace(ATTEMPT, created_at=datetime.now(UTC), amount_minor=3_001)
    with pytest.raises(ValueError, match="add up to 3000, not to 3001"):
        stripe_gateway.open_session(ACCOUNT, wrong)


def test_secrets_are_not_shown() -> None:
    assert "sk_test" not in repr(ACCOUNT)
    assert "whsec" not in repr(ACCOUNT)


def test_stripes_library_is_not_loaded_before_it_is_needed() -> None:
    look = "import sys, billing.stripe_gateway; sys.exit('stripe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


THIN = {
    "id": "evt_thin_1",
    "object": "v2.core.event",
    "type": "v1.billing.meter.error_report_triggered",
    "livemode": False,
    "created": "2026-11-22T06:20:52.246Z",
    "context": None,
    "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
}


def test_a_thin_event_is_read_as_one_about_nothing_of_ours() -> None:
    event = read_event(ACCOUNT, *signed(THIN))
    assert (event.event_id, event.type, event.object) == ("evt_thin_1", THIN["type"], THIN)
    assert event.created == datetime(2026, 11, 22, 6, 20, 52, 246_000, UTC)
    assert (event.session_id, event.attempt_id, event.payment_intent, event.dispute_id) == (None,) * 4


def test_what_other_versions_say_beside_an_event_changes_nothing() -> None:
    event = EVENT | {"account": None, "context": "x", "data": {"object": SESSION, "previous_attributes": {}}}
    event["data"]["object"] = SESSION | {"payment_intent": {"id": "pi_1", "object": "payment_intent"}}
    read = read_event(ACCOUNT, *signed(event))
    assert (read.session_id, read.payment_intent) == ("cs_test_1", "pi_1")
    assert read_event(ACCOUNT, *signed(EVENT | {"type": "balance.available", "data": {"object": {}}}))


def test_while_a_secret_is_exchanged_either_signature_counts() -> None:
    """Stripe signs with the old secret and the new one for as long as it is told; schemes come and go."""
    payload, mine = signed()
    moment, mark = mine.split(",")
    _, other = signed(secret="whsec_before")[1].split(",")
    for header in (
        f"{moment},{other},{mark}",
        f"{moment},{mark},{other},v0={'0' * 64}",
        f"v1={'0' * 64},{mark},{moment}",
        f"{moment},v2=abc,{mark},x=y",
    ):
        assert read_event(ACCOUNT, payload, header).event_id == "evt_1"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b"<html>Attention required</html>"),
        (404, b"no Route matched"),
        (403, b'{"message": "Forbidden"}'),
        (200, b"<html>Sign in to the network</html>"),
    ],
)
def test_what_a_proxy_on_the_way_says_is_no_refusal(status: int, body: bytes) -> None:
    with vendor(saying(status, body, "text/html")) as settings, pytest.raises(GatewayDown):
        expire_session(replace(ACCOUNT, api_base=settings["base_url"]), "cs_test_1")
