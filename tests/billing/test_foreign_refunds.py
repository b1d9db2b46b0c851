"""Refunds that somebody made in the gateway's own dashboard, and those that a restore has lost: the books
follow, nothing is paid twice, and a person is told."""

import pytest

from billing import ledger, stripe_refunds
from billing.ledger import Account
from billing.refunds import RefundState
from checkout import orders
from core import tasks
from core.money import Money
from provisioning import undelivered
from tests.billing.conftest import Till
from tests.billing.test_refunds import all_refunds, at_stripe, books, delivered, line_of, refused


def gives_back(till: Till, code: str, minor: int, key: str, mark: str = "") -> str:
    """Somebody makes a refund at Stripe itself; its id there."""
    intent = till.report(str(till.attempts(code)[-1].session_id)).payment_intent
    assert intent
    made = stripe_refunds.make(till.account, intent, minor, key, currency="EUR", mark=mark)
    return made.refund_id


def in_the_dashboard(till: Till, code: str, minor: int) -> str:
    """As Stripe's own pages do it: without a mark of ours."""
    intent = till.report(str(till.attempts(code)[0].session_id)).payment_intent
    made = till.dashboard().refunds.create(params={"payment_intent": intent or "", "amount": minor})
    return made.id


def told(till: Till) -> list[tuple[str, str]]:
    return [(item.kind, item.words) for item in till.waiting()]


@pytest.mark.promise("QM6")
def test_a_refund_made_elsewhere_is_booked_once_and_told(till: Till) -> None:
    code = delivered(till)
    before = books(till)
    in_the_dashboard(till, code, 100_00)
    came = till.came(4)
    till.ring(came)
    till.ring(came)
    till.world.work()
    after = books(till)
    assert (before["stripe"] - after["stripe"], after["unexpected"]) == (100_00, 100_00)
    [(kind, words)] = told(till)
    assert kind == "refund elsewhere"
    assert words.startswith("€100.00 of this order were given back in the gateway's dashboard")
    assert all_refunds(till) == []


@pytest.mark.promise("QW4")
def test_a_refund_made_elsewhere_whose_event_is_lost_is_found_by_asking(till: Till) -> None:
    code = delivered(till)
    in_the_dashboard(till, code, 100_00)
    for _ in range(2):
        with till.world.acting():
            tasks.add("poll_foreign_refunds", {}, lane="stripe")
        till.world.work()
    assert books(till)["unexpected"] == 100_00
    assert [kind for kind, _ in told(till)] == ["refund elsewhere"]


def test_what_the_bank_sends_back_is_booked_back(till: Till) -> None:
    code = delivered(till)
    made = in_the_dashboard(till, code, 100_00)
    till.ring(till.came(4))
    till.world.work()
    till.stripe.tell("refund", account=till.account.account_id, refund=made, status="failed")
    till.ring(till.came(6)[4:])
    till.world.work()
    assert "unexpected" not in books(till)
    assert "the bank sent them back" in told(till)[0][1]


@pytest.mark.promise("QM5")
def test_money_that_came_twice_and_is_given_back_at_the_gateway_settles_its_item(till: Till) -> None:
    code = till.order()
    first = till.page(code)
    till.pay(first)
    with till.world.acting():
        orders.cancel(orders.find(code), why="Changed our mind.")
    till.settle(till.report(first))
    assert [kind for kind, _ in told(till)] == ["unexpected payment"]
    till.receiver.received.clear()
    in_the_dashboard(till, code, 200_00)
    till.ring(till.came(2))
    till.world.work()
    assert "unexpected payment" in [kind for kind, _ in told(till)]  # a part is missing still
    in_the_dashboard(till, code, 49_50)
    till.ring(till.came(4))
    till.world.work()
    assert "unexpected payment" not in [kind for kind, _ in told(till)]
    with till.world.acting():
        assert ledger.balance(Account.UNEXPECTED, "EUR") == Money(0, "EUR")


@pytest.mark.promise("QC7", "QM6")
def test_a_refund_that_a_restore_lost_is_found_and_not_made_again(till: Till) -> None:
    code = refused(till)
    key = undelivered.key_of(line_of(till, code).id)
    gives_back(till, code, 249_50, "in-the-life-that-was-lost", mark=key)
    till.world.work()
    [refund] = all_refunds(till)
    assert refund.state is RefundState.DONE
    assert at_stripe(till) == {"eur": 249_50}
    assert "refund without a record" not in [kind for kind, _ in told(till)]
