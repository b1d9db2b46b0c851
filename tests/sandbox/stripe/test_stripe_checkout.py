"""The hosted page as a payer without JavaScript meets it, and what the shop is then told."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from billing import stripe_gateway, stripe_refunds
from billing.stripe_gateway import GatewayAccount, GatewayRefused, SessionPage
from tests.sandbox.stripe.world import BROWSER, StripeSandbox, an_attempt, new_account, wait_for

CARD = {"card": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123", "name": "Amy Acme"}


@pytest.fixture
def page(account: GatewayAccount) -> SessionPage:
    return stripe_gateway.open_session(
        account, an_attempt(lines=(("Seats", 10, 1_000), ("Set-up", 1, 2_500)))
    )


def pay(page: SessionPage, **typed: str) -> httpx.Response:
    assert page.url
    return BROWSER.post(page.url, data={**CARD, **typed})


def test_the_page_says_what_is_paid_for_and_that_no_money_moves(page: SessionPage) -> None:
    text = BROWSER.get(page.url or "").text
    for words in (
        "Brightfield IT",
        "EUR 125.00",
        "Seats",
        "10 × EUR 10.00",
        "Set-up",
        "no money moves",
        "Cancel",
    ):
        assert words in text
    assert "<script" not in text
    assert 'href="http://127.0.0.1:9/orders/ORD-7KX2M9"' in text


def test_a_good_card_pays_and_leads_back_to_the_shop(account: GatewayAccount, page: SessionPage) -> None:
    answer = pay(page)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"http://127.0.0.1:9/orders/ORD-7KX2M9/paid?session={page.session_id}",
    )
    told = stripe_gateway.report(account, page.session_id)
    assert (told.status, told.paid, told.amount_minor, told.currency) == ("complete", True, 12_500, "EUR")
    assert told.fee_minor == 188 + 25  # 1.5 % of 125.00 is 1.875, rounded half up
    assert told.declined is None


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000000000000002", "Your card was declined."),
        ("4000000000000341", "Your card was declined."),
        ("4000000000009995", "Your card has insufficient funds."),
        ("4000000000000069", "Your card has expired."),
        ("4000000000000127", "Your card's security code is incorrect."),
        ("4000000000000119", "An error occurred while processing your card. Try again in a little bit."),
        ("4111111111111111", "test mode, but used a non test card"),
    ],
)
def test_a_declined_card_says_why_and_may_be_followed_by_a_good_one(
    account: GatewayAccount, page: SessionPage, number: str, reason: str
) -> None:
    answer = pay(page, card=number)
    told = stripe_gateway.report(account, page.session_id)
    assert answer.status_code == 402
    assert reason in answer.text.replace("&#39;", "'")
    assert (told.status, told.paid, told.fee_minor) == ("open", False, None)
    assert told.declined
    assert reason in told.declined
    assert pay(page).status_code == 303
    assert stripe_gateway.report(account, page.session_id).declined is None


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("card", "4242424242424241", "card number is invalid"),
        ("card", "4242", "card number is incomplete"),
        ("expiry", "13/40", "expiration date is incomplete"),
        ("expiry", "12/20", "expiration year is in the past"),
        ("cvc", "12", "security code is incomplete"),
        ("name", "", "name on the card"),
    ],
)
def test_wrong_input_stays_on_the_form_beside_its_error(
    account: GatewayAccount, page: SessionPage, field: str, typed: str, words: str
) -> None:
    answer = pay(page, **{field: typed})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert field == "name" or 'value="Amy Acme"' in answer.text
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert stripe_gateway.report(account, page.session_id).payment_intent is None


def test_without_a_known_address_the_page_asks_for_one(account: GatewayAccount) -> None:
    page = stripe_gateway.open_session(account, an_attempt(customer_email=None))
    assert "email is incomplete" in pay(page).text
    assert pay(page, email="amy@acme.example").status_code == 303


@pytest.mark.parametrize(("answer", "paid"), [("complete", True), ("fail", False)])
def test_three_d_secure_asks_the_bank_first(
    account: GatewayAccount, page: SessionPage, answer: str, paid: bool
) -> None:
    asked = pay(page, card="4000 0025 0000 3155")
    bank = httpx.URL(page.url or "").join(asked.headers["Location"])
    assert "is this you?" in BROWSER.get(bank).text
    assert not stripe_gateway.report(account, page.session_id).paid
    answered = BROWSER.post(bank, data={"answer": answer})
    assert answered.status_code == (303 if paid else 402)
    told = stripe_gateway.report(account, page.session_id)
    assert told.paid is paid
    assert paid or "unable to authenticate" in (told.declined or "")
    assert BROWSER.post(bank, data={"answer": "complete"}).headers["Location"] == f"/c/pay/{page.session_id}"
    assert stripe_gateway.report(account, page.session_id).paid is paid


def test_a_paid_page_takes_no_second_payment(
    stripe: StripeSandbox, account: GatewayAccount, page: SessionPage
) -> None:
    pay(page)
    again = pay(page)
    assert "You need not pay again" in again.text
    assert stripe.counts(account)["captured"] == {"eur": 12_500}
    with pytest.raises(GatewayRefused, match="can be expired"):
        stripe_gateway.expire_session(account, page.session_id)


def test_eight_payers_at_once_pay_once(
    stripe: StripeSandbox, account: GatewayAccount, page: SessionPage
) -> None:
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: stripe.tell("pay", session=page.session_id)["outcome"], range(8)))
    assert sorted(told) == ["closed"] * 7 + ["paid"]
    assert stripe.counts(account)["captured"] == {"eur": 12_500}


def test_a_page_left_to_expire_charges_nothing(account: GatewayAccount, page: SessionPage) -> None:
    pay(page, card="4000000000000002")
    BROWSER.post(f"{page.url}/expire")
    assert "Nothing was charged" in pay(page).text
    told = stripe_gateway.report(account, page.session_id)
    assert (told.status, told.paid) == ("expired", False)
    assert stripe_gateway.open_session(account, an_attempt()).url  # a new attempt, a new page


def test_a_page_whose_time_is_over_expires_by_itself(own_stripe: StripeSandbox) -> None:
    account = new_account(own_stripe)
    page = stripe_gateway.open_session(account, an_attempt())
    with sqlite3.connect(own_stripe.folder / "stripe.sqlite3") as db:
        db.execute(
            "UPDATE objects SET body = json_set(body, '$.expires_at', 1) WHERE id = ?", (page.session_id,)
        )
    db.close()
    wait_for(lambda: own_stripe.counts(account)["sessions"] == {"expired": 1})
    assert own_stripe.counts(account)["events"] == {"checkout.session.expired": 1}


def test_what_the_shop_writes_is_text_on_the_page(account: GatewayAccount) -> None:
    shown = stripe_gateway.open_session(
        account, an_attempt(shop_name="<b>Shop</b>", lines=(("<i>x</i>", 1, 12_500),))
    )
    text = BROWSER.get(shown.url or "").text
    assert "&lt;b&gt;Shop" in text
    assert "&lt;i&gt;x" in text
    assert "<b>" not in text


def test_a_page_that_never_was_is_not_found(stripe: StripeSandbox) -> None:
    assert BROWSER.get(f"{stripe.url}/c/pay/cs_test_nothing").status_code == 404


@pytest.mark.parametrize(
    ("currency", "amount", "shown"), [("JPY", 1_500, "JPY 1,500"), ("KWD", 5_120, "KWD 5.120")]
)
def test_amounts_are_shown_with_the_decimals_of_their_currency(
    account: GatewayAccount, currency: str, amount: int, shown: str
) -> None:
    page = stripe_gateway.open_session(account, an_attempt(amount, currency))
    assert shown in BROWSER.get(page.url or "").text
    assert stripe_gateway.report(account, page.session_id).amount_minor == amount


@pytest.mark.promise("QM2")
@pytest.mark.parametrize("currency", ["ISK", "UGX"])
def test_currencies_that_stripe_counts_in_another_unit_come_back_in_ours(
    stripe: StripeSandbox, account: GatewayAccount, currency: str
) -> None:
    page = stripe_gateway.open_session(account, an_attempt(5_000, currency))
    stripe.tell("pay", session=page.session_id)
    told = stripe_gateway.report(account, page.session_id)
    stripe_refunds.make(account, told.payment_intent or "", 2_000, "isk", currency=currency)
    assert (told.amount_minor, told.currency) == (5_000, currency)
    assert stripe.counts(account)["captured"] == {currency.lower(): 500_000}
    assert stripe.counts(account)["refunded"] == {currency.lower(): 200_000}


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [(49, "EUR", "amount_too_small"), (100_000_000, "EUR", "amount_too_large")],
)
def test_an_amount_that_no_card_is_charged_is_refused_by_name(
    account: GatewayAccount, amount: int, currency: str, code: str
) -> None:
    with pytest.raises(GatewayRefused) as refused:
        stripe_gateway.open_session(account, an_attempt(amount, currency))
    assert refused.value.code == code


@pytest.mark.promise("QM5")
def test_a_session_of_another_account_cannot_be_reported(stripe: StripeSandbox, page: SessionPage) -> None:
    with pytest.raises(GatewayRefused) as refused:
        stripe_gateway.report(new_account(stripe), page.session_id)
    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)


@pytest.mark.parametrize("key", ["sk_live_abcdef", "sk_test_", "nonsense", "sk_test_a b"])
def test_an_unknown_key_is_refused_as_stripe_refuses_it(account: GatewayAccount, key: str) -> None:
    with pytest.raises(GatewayRefused, match="Invalid API Key") as refused:
        stripe_gateway.open_session(replace(account, secret_key=key), an_attempt())
    assert refused.value.http_status == 401
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"surprise": "1"}, "parameter_unknown"),
        ({"line_items[0][colour]": "red"}, "parameter_unknown"),
        ({"payment_method_types[0]": "card"}, "parameter_unknown"),
        ({"mode": "payment"}, "parameter_missing"),
        ({"expires_at": "soon"}, "parameter_invalid_integer"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid"),
    ],
)
def test_what_stripe_does_not_take_is_refused_with_its_code(
    stripe: StripeSandbox, account: GatewayAccount, form: dict[str, str], code: str
) -> None:
    answer = BROWSER.post(f"{stripe.url}/v1/checkout/sessions", data=form, auth=(account.secret_key, ""))
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (400, "invalid_request_error", code)
