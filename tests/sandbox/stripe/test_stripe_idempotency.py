"""One attempt, one page; one refund key, one refund: also when answers are lost, late, or Stripe says 500."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from billing import stripe_gateway, stripe_refunds
from billing.stripe_gateway import GatewayAccount, GatewayDown, GatewayRefused
from tests.sandbox.stripe.world import BROWSER, StripeSandbox, an_attempt

CUSTOMER = {"email": "amy@acme.example"}


def create(stripe: StripeSandbox, account: GatewayAccount, key: str, **form: str) -> httpx.Response:
    return BROWSER.post(
        f"{stripe.url}/v1/customers",
        data={**CUSTOMER, **form},
        headers={"Idempotency-Key": key, "Stripe-Version": "2026-05-27.dahlia"},
        auth=(account.secret_key, ""),
    )


def paid(stripe: StripeSandbox, account: GatewayAccount) -> str:
    page = stripe_gateway.open_session(account, an_attempt())
    return stripe.tell("pay", session=page.session_id)["payment_intent"]


def test_the_same_attempt_gets_the_same_page(stripe: StripeSandbox, account: GatewayAccount) -> None:
    attempt = an_attempt()
    assert stripe_gateway.open_session(account, attempt) == stripe_gateway.open_session(account, attempt)
    assert stripe.counts(account)["sessions"] == {"open": 1}


def test_a_repeated_request_is_answered_with_the_stored_answer(
    stripe: StripeSandbox, account: GatewayAccount
) -> None:
    first, second = create(stripe, account, "k1"), create(stripe, account, "k1")
    assert (second.status_code, second.text) == (first.status_code, first.text)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Original-Request"] == first.headers["Request-Id"]
    assert second.headers["Stripe-Version"] == "2026-05-27.dahlia"


def test_the_same_key_with_a_changed_body_is_an_error(stripe: StripeSandbox, account: GatewayAccount) -> None:
    create(stripe, account, "k1")
    changed = create(stripe, account, "k1", name="Mallory")
    assert (changed.status_code, changed.json()["error"]["type"]) == (400, "idempotency_error")


def test_an_attempt_with_another_amount_is_refused(account: GatewayAccount) -> None:
    attempt = an_attempt()
    stripe_gateway.open_session(account, attempt)
    with pytest.raises(GatewayRefused, match="same parameters"):
        stripe_gateway.open_session(
            account, replace(attempt, amount_minor=1_000, lines=(("Seats", 1, 1_000),))
        )


def test_keys_belong_to_their_account(stripe: StripeSandbox, account: GatewayAccount) -> None:
    other = replace(account, secret_key=f"{account.secret_key}b")
    assert create(stripe, account, "k1").json()["id"] != create(stripe, other, "k1").json()["id"]


def test_a_refusal_of_the_form_is_not_remembered(stripe: StripeSandbox, account: GatewayAccount) -> None:
    assert create(stripe, account, "k1", surprise="1").status_code == 400
    assert create(stripe, account, "k1").status_code == 200


def test_after_24_hours_a_key_is_forgotten(stripe: StripeSandbox, account: GatewayAccount) -> None:
    attempt = an_attempt()
    first = stripe_gateway.open_session(account, attempt)
    stripe.tell("forget_keys")
    assert stripe_gateway.open_session(account, attempt).session_id != first.session_id


def test_two_at_once_under_one_key_do_it_once(stripe: StripeSandbox, account: GatewayAccount) -> None:
    stripe.tell("moods", account=account.account_id, api={"mode": "slow", "seconds": 0.6})
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: create(stripe, account, "k1"), range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]


def test_a_lost_answer_is_given_again(stripe: StripeSandbox, account: GatewayAccount) -> None:
    attempt = an_attempt()
    stripe.tell("moods", account=account.account_id, api="commit_then_hang_up")
    began = time.monotonic()
    with pytest.raises(GatewayDown) as down:
        stripe_gateway.open_session(account, attempt)
    assert time.monotonic() - began < 1  # hung up, not timed out
    stripe.tell("moods", account=account.account_id, api="normal")
    assert not down.value.replayed
    assert stripe_gateway.open_session(account, attempt).url
    assert stripe.counts(account)["sessions"] == {"open": 1}


def test_a_stored_500_is_repeated_and_says_so(stripe: StripeSandbox, account: GatewayAccount) -> None:
    attempt = an_attempt()
    stripe.tell("moods", account=account.account_id, api="commit_then_500")
    with pytest.raises(GatewayDown) as first:
        stripe_gateway.open_session(account, attempt)
    stripe.tell("moods", account=account.account_id, api="normal")
    with pytest.raises(GatewayDown) as second:
        stripe_gateway.open_session(account, attempt)
    assert (first.value.replayed, second.value.replayed) == (False, True)
    assert stripe.counts(account)["sessions"] == {"open": 1}


def test_down_is_down_and_nothing_was_done(stripe: StripeSandbox, account: GatewayAccount) -> None:
    stripe.tell("moods", account=account.account_id, api="down")
    with pytest.raises(GatewayDown, match="does not answer"):
        stripe_gateway.open_session(account, an_attempt())
    assert stripe.counts(account)["sessions"] == {}


def test_nobody_waits_longer_than_five_seconds_before_a_page(
    stripe: StripeSandbox, account: GatewayAccount
) -> None:
    stripe.tell("moods", account=account.account_id, api={"mode": "slow", "seconds": 6})
    began = time.monotonic()
    with pytest.raises(GatewayDown):
        stripe_gateway.open_session(account, an_attempt())
    assert time.monotonic() - began < 5


def test_nobody_listening_is_down_too(account: GatewayAccount) -> None:
    with pytest.raises(GatewayDown):
        stripe_gateway.report(replace(account, api_base="http://127.0.0.1:9"), "cs_test_x")


def test_a_refund_is_made_once_per_key(stripe: StripeSandbox, account: GatewayAccount) -> None:
    payment = paid(stripe, account)
    first = stripe_refunds.make(account, payment, 500, "r1", currency="EUR")
    assert stripe_refunds.make(account, payment, 500, "r1", currency="EUR") == first
    assert stripe_refunds.make(account, payment, 500, "r2", currency="EUR") != first
    assert stripe.counts(account)["refunded"] == {"eur": 1_000}


def test_a_refund_whose_answer_was_a_500_is_found(stripe: StripeSandbox, account: GatewayAccount) -> None:
    payment = paid(stripe, account)
    assert stripe_refunds.find(account, payment, "r1") is None
    stripe.tell("moods", account=account.account_id, api="commit_then_500")
    with pytest.raises(GatewayDown):
        stripe_refunds.make(account, payment, 500, "r1", currency="EUR")
    found = stripe_refunds.find(account, payment, "r1")
    assert found
    assert (found.amount_minor, found.status, found.came_back) == (500, "succeeded", False)
    assert stripe_refunds.find(account, payment, "r2") is None


def test_refunds_never_exceed_what_was_captured(stripe: StripeSandbox, account: GatewayAccount) -> None:
    payment = paid(stripe, account)
    stripe_refunds.make(account, payment, 12_000, "r1", currency="EUR")
    with pytest.raises(GatewayRefused, match="greater than unrefunded amount"):
        stripe_refunds.make(account, payment, 501, "r2", currency="EUR")
    stripe_refunds.make(account, payment, 500, "r3", currency="EUR")
    with pytest.raises(GatewayRefused) as refused:
        stripe_refunds.make(account, payment, 1, "r4", currency="EUR")
    assert refused.value.code == "charge_already_refunded"
    assert stripe.counts(account)["refunded"] == {"eur": 12_500}


@pytest.mark.promise("QM6")
def test_fifty_refunds_at_once_stay_within_what_was_captured(
    stripe: StripeSandbox, account: GatewayAccount
) -> None:
    payment = paid(stripe, account)

    def try_refund(number: int) -> bool:
        try:
            return bool(stripe_refunds.make(account, payment, 1_000, f"r{number}", currency="EUR"))
        except GatewayRefused:
            return False

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(try_refund, range(50))) == 12
    assert stripe.counts(account)["refunded"] == {"eur": 12_000}


def test_an_unpaid_session_has_nothing_to_refund(stripe: StripeSandbox, account: GatewayAccount) -> None:
    page = stripe_gateway.open_session(account, an_attempt())
    declined = stripe.tell("pay", session=page.session_id, card="4000000000000002")
    with pytest.raises(GatewayRefused, match="successful charge"):
        stripe_refunds.make(account, declined["payment_intent"], 1, "r1", currency="EUR")
