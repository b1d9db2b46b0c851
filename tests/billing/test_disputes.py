"""A bank takes the money of a payment back: the books say so, a person is told until when evidence is taken,
and the order's page shows it; whatever order or number the gateway's events come in."""

from itertools import permutations

import pytest
from sqlalchemy import select

from billing import disputes, ledger
from billing.disputes import Dispute, DisputeState
from billing.ledger import Account
from core import db, tasks, tenancy
from storefront import doctor
from tests.billing.conftest import GOOD, Till

FRAUD, INQUIRY = "4000000000000259", "4000000000001976"


def balance(till: Till, account: Account) -> int:
    with till.world.acting():
        return ledger.balance(account, "EUR").minor


def disputed(till: Till, card: str = FRAUD) -> str:
    """A paid order whose payment is disputed at once; our webhooks have been rung."""
    code = till.order()
    assert till.pay(till.page(code), card) == "paid"
    till.ring(till.came(3 if card == INQUIRY else 4))
    till.world.work()
    return code


def the_dispute(till: Till) -> Dispute:
    with till.world.acting():
        return db.session().scalars(select(Dispute)).one()


def decide(till: Till, verdict: str) -> None:
    """The bank decides, and Stripe tells us."""
    till.receiver.received.clear()
    till.stripe.tell("dispute", dispute=the_dispute(till).dispute_id, verdict=verdict)
    till.ring(till.came(2 if verdict == "won" else 1))
    till.world.work()


@pytest.mark.promise("QM1", "QW2")
def test_a_dispute_is_booked_and_a_person_is_told_the_deadline(till: Till) -> None:
    code = disputed(till)
    found = the_dispute(till)
    assert found.state is DisputeState.NEEDS_RESPONSE
    assert found.due_by
    [item] = till.waiting()
    assert item.kind == "dispute"
    assert item.order_id == till.world.order(code).id
    gross = till.payment(code).amount
    assert f"{gross.text} are disputed: the cardholder did not make this payment." in item.words
    assert f"until {found.due_by:%d %B %Y}" in item.words
    assert balance(till, Account.DISPUTED) == found.amount_minor == gross.minor
    assert doctor.examine() == []


def test_a_dispute_that_is_won_brings_the_money_back_and_closes_its_item(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code), GOOD)
    till.ring(till.came(2))
    till.world.work()
    before = balance(till, Account.STRIPE)
    till.receiver.received.clear()
    charge = till.report(till.attempts(code)[0].session_id or "").payment_intent
    till.stripe.tell("dispute", payment_intent=charge, reason="product_not_received")
    till.ring(till.came(2))
    till.world.work()
    fee = before - balance(till, Account.STRIPE) - till.payment(code).amount_minor
    assert fee == 2_000
    decide(till, "won")
    assert the_dispute(till).state is DisputeState.WON
    assert till.waiting() == []
    assert balance(till, Account.DISPUTED) == 0
    assert balance(till, Account.STRIPE) == before - fee
    assert doctor.examine() == []


def test_a_dispute_that_is_lost_is_a_charge_back_and_stays_with_a_person(till: Till) -> None:
    code = disputed(till)
    decide(till, "lost")
    assert the_dispute(till).state is DisputeState.LOST
    assert balance(till, Account.DISPUTED) == 0
    assert balance(till, Account.CHARGEBACKS) == till.payment(code).amount_minor
    [item] = till.waiting()
    assert "is lost" in item.words
    assert "End the service" in item.suggestion
    assert doctor.examine() == []


def test_a_banks_inquiry_moves_no_money(till: Till) -> None:
    disputed(till, INQUIRY)
    assert balance(till, Account.DISPUTED) == 0
    [item] = till.waiting()
    assert "No money was taken yet" in item.words
    decide(till, "lost")
    assert the_dispute(till).state is DisputeState.CLOSED
    assert till.waiting() == []


@pytest.mark.promise("QW1", "QW2")
def test_events_of_a_dispute_in_any_order_and_number_make_one_state(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code), FRAUD)
    came = till.came(4)
    dispute_id = next(e.event["data"]["object"]["id"] for e in came if "dispute" in e.event["type"])
    till.stripe.tell("dispute", dispute=dispute_id, verdict="won")
    came = till.came(6)
    about = [e for e in came if "dispute" in e.event["type"]]
    others = [e for e in came if e not in about]
    assert len(about) == 4
    for turn, order in enumerate(list(permutations(about))[::5]):
        till.ring([*order, *order, *(others if turn == 1 else [])])
        till.world.work()
    assert the_dispute(till).state is DisputeState.WON
    assert balance(till, Account.DISPUTED) == 0
    assert till.waiting() == []
    assert doctor.examine() == []


@pytest.mark.promise("QW4")
def test_a_dispute_nobody_told_us_of_is_found_by_asking(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code), FRAUD)
    only_payment = [e for e in till.came(4) if "dispute" not in e.event["type"]]
    till.ring(only_payment)
    till.world.work()
    assert till.waiting() == []
    with till.world.acting():
        tasks.add("poll_disputes", {})
    till.world.work()
    [item] = till.waiting()
    assert item.kind == "dispute"
    assert item.order_id == till.world.order(code).id


def test_a_dispute_about_no_payment_of_ours_changes_nothing(till: Till) -> None:
    with tenancy.acting_as(till.world.scope()), db.transaction():
        stranger = disputes.DisputeReport("du_x", "cs_x", None, "lost", "general", 1, "EUR", 1, 0, 0, None)
        assert disputes.note(stranger) is None
