"""Card payments against the Stripe sandbox process: what becomes true, and only once, when a session is
paid; and what is kept apart."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from billing import credit, gateways, ledger, payment_pages, payments, stripe_events, stripe_gateway
from billing.invoices import Invoice, InvoiceState
from billing.ledger import Account, JournalLine
from billing.payment_pages import BeingChecked, PaidAlready
from billing.payments import AttemptState, PaymentState
from billing.stripe_gateway import GatewayAccount
from checkout import orders
from checkout.orders import OrderState
from core import db, faults
from core.money import Money
from core.tasks import Again, Task
from provisioning.deliveries import Delivery
from tests.billing.conftest import DECLINED, Till
from tests.races import at_once, raised
from tests.sandbox.stripe.world import wait_for


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def booked(till: Till, account: Account) -> Money:
    with till.world.acting():
        return ledger.balance(account, "EUR")


def trial_balance(till: Till) -> int:
    with till.world.acting():
        return int(db.session().scalar(select(func.coalesce(func.sum(JournalLine.minor), 0))) or 0)


def deliveries_of(till: Till) -> int:
    with till.world.acting():
        return int(db.session().scalar(select(func.count()).select_from(Delivery)) or 0)


def test_a_paid_page_funds_the_order_once_and_the_books_balance(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    report = till.report(session)
    assert till.settle(report) is PaymentState.PAID
    assert till.settle(report) is PaymentState.PAID
    assert till.world.order(code).state is OrderState.FUNDED
    payment = till.payment(code)
    assert (payment.captured_minor, payment.fee_minor) == (249_50, report.fee_minor)
    assert booked(till, Account.STRIPE) == euro(249_50 - (report.fee_minor or 0))
    assert booked(till, Account.WHOLESALE_SALES) == euro(-212_10)
    assert trial_balance(till) == 0
    with till.world.acting():
        assert db.session().scalars(select(Invoice.state)).all() == [InvoiceState.PAID]


def test_two_clicks_lead_to_the_same_page(till: Till) -> None:
    code = till.order()
    assert till.page(code) == till.page(code)
    assert len(till.attempts(code)) == 1


def test_a_declined_card_says_why_and_the_same_page_can_be_paid_with_another(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    assert till.pay(session, DECLINED) == "declined"
    till.settle(till.report(session))
    attempt = till.attempts(code)[0]
    assert (attempt.state, attempt.declined) == (AttemptState.OPEN, "Your card was declined.")
    assert till.world.order(code).state is OrderState.AWAITING_PAYMENT
    assert till.page(code) == session
    till.pay(session)
    till.settle(till.report(session))
    assert till.world.order(code).state is OrderState.FUNDED


def test_an_expired_page_gives_way_to_a_new_attempt(till: Till) -> None:
    code = till.order()
    first = till.page(code)
    till.stripe.tell("expire", session=first)
    second = till.page(code)
    assert second != first
    assert [attempt.state for attempt in till.attempts(code)] == [AttemptState.EXPIRED, AttemptState.OPEN]
    till.pay(second)
    till.settle(till.report(second))
    assert till.world.order(code).state is OrderState.FUNDED


def test_an_abandoned_order_ends_by_itself_and_its_page_is_closed(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    with till.world.acting():
        orders.find(code).expires_at -= timedelta(hours=25)
    with till.world.acting():
        assert orders.expire_unpaid() == 1
    till.world.work()
    assert till.world.order(code).state is OrderState.CANCELLED
    assert till.report(session).status == "expired"
    assert till.attempts(code)[0].state is AttemptState.EXPIRED
    assert till.pay(session) == "closed"


@pytest.mark.promise("QM5")
def test_money_that_comes_after_the_order_ended_is_kept_apart(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    with till.world.acting():
        orders.cancel(orders.find(code), why="Changed our mind.")
    till.settle(till.report(session))
    assert till.world.order(code).state is OrderState.CANCELLED
    assert till.attempts(code)[0].state is AttemptState.SURPLUS
    assert booked(till, Account.UNEXPECTED) == euro(-249_50)
    assert [item.kind for item in till.waiting()] == ["unexpected payment"]
    assert "was cancelled" in till.waiting()[0].words
    assert deliveries_of(till) == 0
    assert trial_balance(till) == 0


@pytest.mark.promise("QM5")
def test_settling_waits_for_whoever_is_cancelling(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    report, cancelling = till.report(session), threading.Event()

    def cancel() -> None:
        with till.world.acting():
            orders.cancel(orders.find(code), why="Changed our mind.")
            db.flush()
            cancelling.set()
            time.sleep(0.5)

    def settle() -> PaymentState | None:
        cancelling.wait()
        return till.settle(report)

    assert at_once(cancel, settle) == [None, PaymentState.CANCELLED]
    assert till.attempts(code)[0].state is AttemptState.SURPLUS


@pytest.mark.promise("QM5")
def test_what_is_paid_twice_waits_for_a_person(till: Till) -> None:
    code = till.order()
    first = till.page(code)
    attempt = till.attempts(code)[0]
    with till.world.acting():
        payment_pages.give_up(attempt.id)
    second = till.page(code)
    till.pay(first)
    till.pay(second)
    till.settle(till.report(second))
    till.settle(till.report(first))
    till.settle(till.report(first))
    assert [attempt.state for attempt in till.attempts(code)] == [AttemptState.SURPLUS, AttemptState.PAID]
    assert [item.kind for item in till.waiting()] == ["unexpected payment"]
    assert booked(till, Account.UNEXPECTED) == euro(-249_50)
    assert trial_balance(till) == 0
    assert deliveries_of(till) == 1


@pytest.mark.promise("QM5")
def test_when_one_page_is_paid_the_others_are_closed(till: Till) -> None:
    code = till.order()
    first = till.page(code)
    with till.world.acting():
        payment_pages.give_up(till_attempt(code))
    second = till.page(code)
    till.pay(first)
    till.settle(till.report(first))
    till.world.work()
    assert till.report(second).status == "expired"
    assert [attempt.state for attempt in till.attempts(code)] == [AttemptState.PAID, AttemptState.EXPIRED]


def till_attempt(code: str) -> UUID:
    """The latest attempt of an order, in the transaction that is open."""
    return payment_pages.of_order(orders.find(code).id)[-1]


@pytest.mark.promise("QM5")
def test_a_page_that_opens_while_its_order_is_cancelled_is_closed_and_nobody_is_led_to_it(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NAME", "pay.session_opened"), ("MODE", "hang"), ("SECONDS", 0.8), ("HITS", {})):
        monkeypatch.setattr(faults, name, value)
    code = till.order()

    def cancel() -> None:
        wait_for(lambda: faults.HITS)
        with till.world.acting():
            orders.cancel(orders.find(code), why="Changed our mind.")

    led, _ = at_once(lambda: till.page(code), cancel)
    assert isinstance(led, PaidAlready)
    till.world.work()
    [attempt] = till.attempts(code)
    assert attempt.state is AttemptState.EXPIRED
    assert till.report(attempt.session_id or "").status == "expired"


ALTERED: dict[str, dict[str, Any]] = {
    "a smaller amount": {"amount_minor": 1},
    "a greater amount": {"amount_minor": 249_51},
    "another currency": {"currency": "USD"},
    "another account": {"account_id": "acct_somebody"},
    "another attempt": {"attempt_id": "0193a000-0000-7000-8000-000000000000"},
    "no attempt": {"attempt_id": None},
}


@pytest.mark.promise("QM5")
@pytest.mark.parametrize("altered", list(ALTERED.values()), ids=list(ALTERED))
def test_money_that_does_not_fit_is_parked_with_words(till: Till, altered: dict[str, Any]) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    till.settle(replace(till.report(session), **altered))
    assert till.world.order(code).state is OrderState.AWAITING_PAYMENT
    assert till.payment(code).state is PaymentState.PENDING
    assert till.attempts(code)[0].state is AttemptState.MISMATCH
    assert deliveries_of(till) == 0
    assert "but €249.50 was asked for" in till.waiting()[0].words
    assert trial_balance(till) == 0
    with pytest.raises(BeingChecked):
        till.page(code)


@pytest.mark.promise("QM5")
@pytest.mark.parametrize(
    "altered",
    [{"paid": False}, {"paid": False, "status": "expired"}, {"session_id": "cs_test_of_somebody"}],
    ids=str,
)
def test_what_is_unpaid_or_unknown_moves_nothing(till: Till, altered: dict[str, Any]) -> None:
    code, other = till.order(), till.order(quantity=1)
    session = till.page(code)
    till.page(other)
    till.pay(session)
    till.settle(replace(till.report(session), **altered))
    assert till.world.order(code).state is OrderState.AWAITING_PAYMENT
    assert till.world.order(other).state is OrderState.AWAITING_PAYMENT
    assert (deliveries_of(till), trial_balance(till), till.waiting()) == (0, 0, [])


@pytest.mark.promise("QM5")
def test_giving_up_a_page_while_it_is_settled_never_books_it_twice(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    report, attempt, settling = till.report(session), till.attempts(code)[0], threading.Event()

    def settle() -> None:
        with till.world.acting():
            payments.settle(report)
            db.flush()
            settling.set()
            time.sleep(0.5)

    def give_up() -> None:
        settling.wait()
        with till.world.acting():
            payment_pages.give_up(attempt.id)

    assert raised(at_once(settle, give_up)) == []
    till.settle(report)
    assert till.attempts(code)[0].state is AttemptState.PAID
    assert booked(till, Account.UNEXPECTED) == euro(0)


@pytest.mark.promise("QM5")
def test_a_session_cannot_pay_for_another_order(till: Till) -> None:
    cheap, dear = till.order(quantity=1), till.order(quantity=100)
    session = till.page(cheap)
    till.page(dear)
    till.pay(session)
    till.settle(replace(till.report(session), attempt_id=str(till.attempts(dear)[0].id)))
    assert [till.world.order(code).state for code in (cheap, dear)] == [OrderState.AWAITING_PAYMENT] * 2
    assert till.attempts(dear)[0].state is AttemptState.OPEN


def test_nothing_is_settled_before_the_fee_is_booked(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    unbooked = replace(till.report(session), fee_minor=None, booked=False)
    with pytest.raises(Again):
        till.settle(unbooked)
    assert till.payment(code).state is PaymentState.PENDING
    till.settle(till.report(session))
    assert till.payment(code).fee_minor == 399


def test_a_fee_in_another_currency_is_estimated(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    till.settle(replace(till.report(session), fee_minor=None))
    assert till.payment(code).fee_minor == 400


@pytest.mark.promise("QP2")
def test_a_fee_that_eats_the_cover_holds_the_order_until_there_is_credit(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    till.pay(session)
    till.settle(replace(till.report(session), fee_minor=50_00))
    assert till.world.order(code).state is OrderState.UNCOVERED
    assert deliveries_of(till) == 0
    assert "does not cover €212.10 wholesale" in till.waiting()[0].words
    with till.world.acting(), pytest.raises(credit.CreditExceeded):
        orders.cover(orders.find(code))
    till.world.give_credit("brightfield", 20_00)
    with till.world.acting():
        orders.cover(orders.find(code))
    assert till.world.order(code).state is OrderState.FUNDED
    assert (deliveries_of(till), till.waiting()) == (1, [])
    with till.world.acting():
        assert credit.available(till.world.resellers["brightfield"], "EUR") == euro(
            20_00 - (212_10 + 50_00 - 249_50)
        )


@pytest.mark.promise("QP2")
def test_a_fee_that_eats_the_cover_is_held_of_credit_where_there_is_some(till: Till) -> None:
    till.world.give_credit("brightfield", 20_00)
    code = till.order()
    session = till.page(code)
    till.pay(session)
    till.settle(replace(till.report(session), fee_minor=50_00))
    assert till.world.order(code).state is OrderState.FUNDED
    with till.world.acting():
        assert credit.available(till.world.resellers["brightfield"], "EUR") == euro(20_00 - 12_60)


def test_a_page_whose_address_was_lost_with_our_process_is_recognised_by_its_attempt(till: Till) -> None:
    code = till.order()
    session = till.page(code)
    payment = till.payment(code)
    with till.world.acting():
        lost = payment_pages.current_attempt(payment)
        lost.session_id = lost.url = None
    till.pay(session)
    till.ring(till.came(2))
    till.world.work()
    assert till.world.order(code).state is OrderState.FUNDED
    assert till.attempts(code)[0].session_id == session


def test_a_paid_order_has_no_second_page(till: Till) -> None:
    payment = till.payment(till.paid_order())
    with till.world.acting(), pytest.raises(PaidAlready):
        payment_pages.current_attempt(payment)


def test_a_gateway_that_does_not_know_us_ends_with_a_person(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code))
    events = till.came(2)
    with till.world.acting():
        gateways.find().secret_key = "sk_test_somebody_else"
    till.ring(events)
    till.world.work()
    assert "unclear payment" in {item.kind for item in till.waiting()}
    assert till.world.order(code).state is OrderState.AWAITING_PAYMENT


def test_a_report_of_a_stranger_account_is_refused_by_the_gateway_itself(till: Till) -> None:
    session = till.page(till.order())
    stranger = GatewayAccount("acct_x", "sk_test_x", "", till.account.api_base)
    with pytest.raises(stripe_gateway.GatewayRefused):
        stripe_gateway.report(stranger, session)


@pytest.mark.promise("QW4")
def test_the_poller_finds_what_no_webhook_told(till: Till) -> None:
    codes = [till.order() for _ in range(3)]
    for code in codes:
        till.pay(till.page(code))
    with till.world.acting():
        for attempt in db.session().scalars(select(payments.PaymentAttempt)):
            attempt.created_at -= timedelta(days=4)
    with till.world.acting():
        stripe_events.poll()
    till.world.work()
    assert [till.world.order(code).state for code in codes] == [OrderState.FUNDED] * 3
    with till.world.acting():
        stripe_events.poll()
        assert (
            db.session().scalar(
                select(func.count())
                .select_from(Task)
                .where(Task.kind == "check_payment", Task.state == "pending")
            )
            == 0
        )


@pytest.mark.promise("QW7")
def test_an_operator_settles_a_payment_by_command(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code))
    runner = till.client.application.test_cli_runner()
    assert "is paid" in runner.invoke(args=["check-payment", code.lower()]).output
    assert till.world.order(code).state is OrderState.FUNDED
    unknown = runner.invoke(args=["check-payment", "ORD-NOWHERE1"])
    assert (unknown.exit_code, "could not find" in unknown.output) == (1, True)
