"""Giving money back against the Stripe sandbox process: once, never more than was captured, in both legs,
with a credit note, and never asked twice without a look-up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from billing import (
    credit,
    credit_notes,
    gateways,
    invoices,
    ledger,
    payments,
    refund_outcomes,
    refund_policies,
    refund_requests,
    refunds,
)
from billing.credit_notes import CreditNote
from billing.invoices import ChargeState
from billing.ledger import Account, JournalLine
from billing.refund_calls import REFUND
from billing.refund_policies import Party, WhenRefused
from billing.refund_requests import MoreThanCaptured
from billing.refunds import Because, Refund, RefundState
from billing.stripe_refunds import RefundReport
from checkout import line_refunds, orders
from checkout.line_refunds import Borne, MoreThanLeft, NothingToGiveBack
from checkout.orders import OrderLine, PayBy
from core import db, tasks
from core.money import Money
from core.tasks import Limits, Task, TaskState
from provisioning import resolutions, undelivered
from provisioning.deliveries import ConnectorSettings, Delivery
from tests.billing.conftest import Till
from tests.races import at_once, raised

CAPTURED, WHOLESALE, FEE = 249_50, 212_10, 3_99


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def books(till: Till) -> dict[str, int]:
    """What stands in each account that is not empty."""
    with till.world.acting():
        rows = db.session().execute(
            select(JournalLine.account, func.sum(JournalLine.minor)).group_by(JournalLine.account)
        )
        return {str(account): int(minor) for account, minor in rows if minor}


def refused(till: Till, quantity: int = 10) -> str:
    """A paid order whose vendor said no for good; nothing more was done yet."""
    code = till.order(quantity=quantity)
    pause(till, True)
    assert till.pay(till.page(code)) == "paid"
    till.ring(till.came(2))
    till.world.work()
    with till.world.acting():
        order = orders.find(code)
        delivery = db.session().scalars(select(Delivery).where(Delivery.order_id == order.id)).one()
        resolutions.refuse(delivery.id, why="This tenant may not hold it.")
    return code


def pause(till: Till, paused: bool) -> None:
    with till.world.acting():
        db.session().execute(update(ConnectorSettings).values(paused=paused))


def delivered(till: Till) -> str:
    code = till.order()
    assert till.pay(till.page(code)) == "paid"
    till.ring(till.came(2))
    till.world.work()
    return code


def line_of(till: Till, code: str) -> OrderLine:
    order = till.world.order(code)
    with till.world.acting():
        return orders.lines(order.id)[0]


def by_hand(till: Till, code: str, minor: int | None, key: str = "1", **how: Any) -> Refund:
    """Nora gives back so much of the only line."""
    line = line_of(till, code)
    with till.world.acting():
        refund = line_refunds.give_back(
            line.id, key=f"hand:{key}", because=Because.BY_HAND, why="It came late.", by="Nora",
            amount=euro(minor) if minor is not None else None, **how,
        )  # fmt: skip
        assert refund
        return refund


def all_refunds(till: Till) -> list[Refund]:
    with till.world.acting():
        return list(db.session().scalars(select(Refund).order_by(Refund.id)))


def at_stripe(till: Till) -> dict[str, int]:
    return dict(till.stripe.counts(till.account)["refunded"])


# --- The first path -----------------------------------------------------------------------------------------


@pytest.mark.promise("QP10", "QM8", "QM9")
def test_a_refused_line_goes_back_by_itself_once_in_both_legs_with_a_credit_note(till: Till) -> None:
    code = refused(till)
    till.world.work()
    till.world.work()
    [refund] = all_refunds(till)
    assert (refund.state, refund.amount, refund.because) == (
        RefundState.DONE, euro(CAPTURED), Because.REFUSED
    )  # fmt: skip
    assert at_stripe(till) == {"eur": CAPTURED}
    assert books(till) == {"stripe": -FEE, "fees": FEE}
    with till.world.acting():
        share = refunds.share_of(refund.id)
        assert (share.wholesale, share.margin) == (euro(WHOLESALE), euro(CAPTURED - WHOLESALE))
        assert (share.fee, share.fee_borne_by) == (euro(FEE), Party.DISTRIBUTOR)
        [charge] = invoices.charges(refund.order_id)
        assert charge.state is ChargeState.CREDITED
        [note] = credit_notes.of_order(refund.order_id)
        [line] = credit_notes.lines(note.id)
        invoice = invoices.of_order(refund.order_id)
        assert invoice
        assert (note.total, note.invoice_label) == (euro(CAPTURED), invoice.label)
        assert (line.quantity, line.unit_price, line.total) == (10, euro(24_95), euro(CAPTURED))
        mails = db.session().scalars(select(Task.kind).where(Task.kind.like("mail_%"))).all()
    assert sorted(mails) == ["mail_order_received", "mail_refunded"]
    assert till.waiting() == []
    assert till.world.order(code).state == "funded"


@pytest.mark.promise("QP10", "QM8", "QM9")
def test_tax_goes_back_with_what_it_was_taken_on_and_the_books_end_empty(till: Till) -> None:
    till.world.taxes(19)
    refused(till)
    till.world.work()
    [refund] = all_refunds(till)
    assert (refund.state, refund.amount, refund.tax) == (RefundState.DONE, euro(296_91), euro(47_41))
    with till.world.acting():
        share = refunds.share_of(refund.id)
        assert (share.wholesale, share.wholesale_tax) == (euro(WHOLESALE), euro(40_30))
        [note] = credit_notes.of_order(refund.order_id)
        assert (note.net, note.tax, note.total) == (euro(CAPTURED), euro(47_41), euro(296_91))
        assert [charge.left for charge in invoices.charges(refund.order_id)] == [euro(0)]
    stood = books(till)
    assert set(stood) == {"stripe", "fees"}
    assert stood["stripe"] + stood["fees"] == 0


@pytest.mark.promise("QM9")
def test_tax_of_parts_sums_to_the_tax_of_the_line(till: Till) -> None:
    till.world.taxes(19)
    code = delivered(till)
    for number, minor in enumerate((1, 99_99, 100_01, 96_89)):
        by_hand(till, code, minor, str(number))
    line = line_of(till, code)
    with till.world.acting():
        given = refunds.given_back(line.id, "EUR")
    assert given.amount == euro(296_90)
    assert given.tax.minor in (47_40, 47_41)
    assert given.wholesale_tax.minor in (40_29, 40_30)


@pytest.mark.promise("QP10")
def test_where_the_distributor_wants_to_be_asked_nothing_moves_before_it_says_so(till: Till) -> None:
    with till.world.acting():
        refund_policies.decide(when_refused=WhenRefused.ASK, fee_when_refused=Party.RESELLER)
    refused(till)
    till.world.work()
    assert all_refunds(till) == []
    assert [item.kind for item in till.waiting()] == ["refused delivery"]
    with till.world.acting():
        mails = db.session().scalars(select(Task.kind).where(Task.kind.like("mail_%"))).all()
        delivery = db.session().scalars(select(Delivery)).one()
    assert sorted(mails) == ["mail_delivery_refused", "mail_order_received"]
    for _ in range(2):  # a double click
        with till.world.acting():
            undelivered.give_back(delivery.id, by="Nora")
    till.world.work()
    assert len(all_refunds(till)) == 1
    assert till.waiting() == []
    assert books(till) == {"stripe": -FEE, "reseller": FEE}


def test_a_line_on_account_is_taken_off_the_credit_instead(till: Till) -> None:
    world = till.world
    world.give_credit("harbour", 500_00)
    with world.acting():
        db.add(ConnectorSettings(connector="reseller_plan", settings={}, paused=True))
    world.buys("harbour", "standard-m", pay_by=PayBy.ACCOUNT, alias="harbour")
    with world.acting():
        assert credit.available(world.resellers["harbour"], "EUR") == euro(451_00)
        resolutions.refuse(db.session().scalars(select(Delivery.id)).one(), why="No.")
    world.work()
    [refund] = all_refunds(till)
    assert (refund.way, refund.state) == (refunds.Way.ACCOUNT, RefundState.DONE)
    assert books(till) == {}
    with world.acting():
        assert credit.available(world.resellers["harbour"], "EUR") == euro(500_00)
        assert [charge.left for charge in invoices.charges(refund.order_id)] == [euro(0)]


# --- Never more than was captured (QM6) ---------------------------------------------------------------------


@pytest.mark.promise("QM6")
def test_no_more_goes_back_than_the_line_cost(till: Till) -> None:
    code = delivered(till)
    by_hand(till, code, 200_00)
    with pytest.raises(MoreThanLeft, match=r"Only €49\.50"):
        by_hand(till, code, 49_51, "2")
    by_hand(till, code, 49_00, "3")
    assert sum(refund.amount_minor for refund in all_refunds(till)) == 249_00


@pytest.mark.promise("QM6")
def test_no_more_goes_back_than_was_captured_whatever_the_line_says(till: Till) -> None:
    code = delivered(till)
    claim = a_claim(till, code, CAPTURED + 1)
    with till.world.acting(), pytest.raises(MoreThanCaptured):
        refund_requests.request(claim)
    with pytest.raises(DBAPIError, match="never_more_back_than_captured"):
        write_past_the_rule(till, claim)
    with pytest.raises(DBAPIError, match="never changes"):
        change_an_amount(till, code)


def write_past_the_rule(till: Till, claim: refund_requests.Claim) -> None:
    with till.world.acting():
        payment = payments.of_order(claim.order_id)
        assert payment
        db.add(
            Refund(
                reseller_id=claim.reseller_id, customer_id=claim.customer_id, key="past the rule",
                order_id=claim.order_id, order_line_id=claim.order_line_id, payment_id=payment.id,
                way=refunds.Way.CARD, because=Because.BY_HAND, state=RefundState.REQUESTED,
                amount_minor=CAPTURED + 1, currency="EUR", requested_at=db.session().info["now"],
            )
        )  # fmt: skip


def change_an_amount(till: Till, code: str) -> None:
    with till.world.acting():
        refund_requests.request(a_claim(till, code, 1))
        db.session().execute(update(Refund).values(amount_minor=2))


def a_claim(till: Till, code: str, minor: int, key: str = "claim") -> refund_requests.Claim:
    """A refund past the rules about lines."""
    if db.in_transaction():
        order = orders.find(code)
        line = orders.lines(order.id)[0]
    else:
        order, line = till.world.order(code), line_of(till, code)
    return refund_requests.Claim(
        key, order.id, line.id, line.number, order.reseller_id, order.customer_id, euro(minor), euro(0),
        euro(0), euro(0), Because.BY_HAND, "Because.", "Nora", Party.RESELLER,
    )  # fmt: skip


@pytest.mark.promise("QM6")
def test_fifty_refunds_at_once_stay_within_what_was_captured(till: Till) -> None:
    """Twenty rounds of fifty, each of a quarter of what is left: four fit, in every round."""
    code = delivered(till)
    for number in range(20):
        with till.world.acting():
            db.session().execute(update(payments.Payment).values(captured_minor=(number + 1) * 40))
        claims = [a_claim(till, code, 10, f"{number}:{one}") for one in range(50)]

        def ask(claim: refund_requests.Claim) -> Callable[[], None]:
            def act() -> None:
                with till.world.acting():
                    refund_requests.request(claim)

            return act

        refusals = raised(at_once(*(ask(claim) for claim in claims)))
        assert {type(each) for each in refusals} == {MoreThanCaptured}
        assert len(refusals) == 46
    payment = till.payment(code)
    assert payment.refunded_minor == sum(each.amount_minor for each in all_refunds(till)) == 800


@pytest.mark.promise("QM6")
def test_one_key_is_one_refund_however_many_ask_at_once(till: Till) -> None:
    code = delivered(till)
    claim = a_claim(till, code, 10)

    def act() -> None:
        line = line_of(till, code)
        with till.world.acting():
            line_refunds.give_back(line.id, key=claim.key, because=Because.BY_HAND, why="x", amount=euro(10))

    assert raised(at_once(*([act] * 20))) == []
    assert len(all_refunds(till)) == 1


# --- Both legs ----------------------------------------------------------------------------------------------


@pytest.mark.promise("QM9")
def test_parts_of_a_line_sum_to_the_line_in_each_leg_and_to_the_fee(till: Till) -> None:
    code = delivered(till)
    for number, minor in enumerate((1, 33_33, 100_01, 116_14)):
        by_hand(till, code, minor, str(number))
    till.world.work()
    line = line_of(till, code)
    with till.world.acting():
        shares = [refunds.share_of(refund.id) for refund in all_refunds_now()]
        assert sum(share.wholesale_minor for share in shares) <= WHOLESALE
        given = refunds.given_back(line.id, "EUR")
        assert given.amount == euro(249_49)
        assert given.wholesale.minor in (WHOLESALE - 1, WHOLESALE)
        assert sum(share.fee_minor for share in shares) in (FEE, FEE - 1)
        notes = db.session().scalars(select(CreditNote.number).order_by(CreditNote.number)).all()
    assert notes == [1, 2, 3, 4]
    assert at_stripe(till) == {"eur": 249_49}


@pytest.mark.promise("QM9")
@pytest.mark.parametrize(
    ("borne", "wholesale", "margin"),
    [(Borne.AS_SOLD, 8_50, 1_50), (Borne.DISTRIBUTOR, 10_00, 0), (Borne.RESELLER, 0, 10_00)],
)
def test_who_bears_a_refund_by_hand_is_a_named_party(
    till: Till, borne: Borne, wholesale: int, margin: int
) -> None:
    code = delivered(till)
    before = books(till)
    refund = by_hand(till, code, 10_00, borne=borne)
    till.world.work()
    with till.world.acting():
        share = refunds.share_of(refund.id)
        assert (share.wholesale_minor, share.margin_minor) == (wholesale, margin)
    after = books(till)
    assert after["reseller"] - before["reseller"] == margin
    assert after["wholesale_sales"] - before["wholesale_sales"] == wholesale
    assert after["stripe"] - before["stripe"] == -10_00


def test_an_unpaid_line_has_nothing_to_give_back(till: Till) -> None:
    code = till.order()
    with pytest.raises(NothingToGiveBack):
        by_hand(till, code, 1_00)


def all_refunds_now() -> list[Refund]:
    return list(db.session().scalars(select(Refund)))


# --- Asking the gateway -------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refunds settle within a second after an unclear answer."""
    short = Limits(timedelta(seconds=5), timedelta(seconds=5), timedelta(seconds=1))
    monkeypatch.setitem(tasks.KINDS, REFUND.name, replace(REFUND, limits=lambda _lane: short))


def due_now(till: Till) -> None:
    with till.world.acting():
        waits = Task.kind.in_(("refund", "check_refund")) & Task.state.in_(("pending", "unknown"))
        db.session().execute(update(Task).where(waits).values(next_at=db.session().info["now"]))


def mood(till: Till, **how: Any) -> None:
    till.stripe.tell("moods", account=till.account.account_id, **how)


@pytest.mark.promise("QM6")
@pytest.mark.parametrize("api", ["commit_then_500", "commit_then_hang_up"])
def test_what_was_done_without_an_answer_is_found_not_asked_again(
    till: Till, impatient: None, api: str
) -> None:
    code = delivered(till)
    refund = by_hand(till, code, 10_00)
    mood(till, api=api)
    till.world.work(3)
    mood(till, api="normal")
    till.stripe.tell("forget_keys")
    for _ in range(4):
        due_now(till)
        till.world.work(2)
    with till.world.acting():
        assert refunds.find(refund.id).state is RefundState.DONE
    assert at_stripe(till) == {"eur": 10_00}


def test_a_gateway_that_refuses_ends_with_a_person_who_may_try_again(till: Till) -> None:
    code = delivered(till)
    with till.world.acting():
        secret, gateways.find().secret_key = gateways.find().secret_key, "sk_test_somebody_else"
    refund = by_hand(till, code, 10_00)
    till.world.work()
    with till.world.acting():
        assert refunds.find(refund.id).state is RefundState.FAILED
        gateways.find().secret_key = secret
    assert [item.kind for item in till.waiting()] == ["failed refund"]
    with till.world.acting():
        refund_outcomes.try_again(refunds.find(refund.id))
    till.world.work()
    with till.world.acting():
        assert refunds.find(refund.id).state is RefundState.DONE
    assert (at_stripe(till), till.waiting()) == ({"eur": 10_00}, [])


@pytest.mark.promise("QW1", "QW2")
def test_a_refund_that_the_bank_sends_back_is_told_by_an_event_and_tried_anew(till: Till) -> None:
    refund = by_hand(till, delivered(till), 10_00)
    till.world.work()
    with till.world.acting():
        first = str(refunds.find(refund.id).external_id)
    till.stripe.tell("refund", account=till.account.account_id, refund=first, status="failed")
    about = [event for event in till.came(6) if b'"refund.' in event.payload]
    till.ring([*about[::-1], *about])
    till.world.work()
    assert stands(till) is RefundState.FAILED
    assert "expired or canceled card" in till.waiting()[0].words
    assert books(till)["refunds"] == -10_00
    with till.world.acting():
        refund_outcomes.try_again(refunds.find(refund.id))
    till.world.work()
    till.ring(about)  # what is told of the first try is history
    till.world.work()
    assert stands(till) is RefundState.DONE
    assert "refunds" not in books(till)
    assert at_stripe(till) == {"eur": 10_00}


def test_a_refund_that_waits_for_its_bank_is_done_when_the_bank_says_so(till: Till) -> None:
    refund = by_hand(till, delivered(till), 10_00)
    told = RefundReport("re_1", refund.key, 10_00, "EUR", "pending")
    with till.world.acting():
        assert refund_outcomes.settle(told) is RefundState.SENT
        assert refund_outcomes.settle(replace(told, status="succeeded")) is RefundState.DONE
        assert refund_outcomes.settle(told) is RefundState.DONE
        assert refund_outcomes.settle(replace(told, key="of somebody")) is None


def stands(till: Till) -> RefundState:
    [refund] = all_refunds(till)
    return refund.state


@pytest.mark.promise("QM6", "QW1")
def test_events_about_a_refund_before_during_and_after_change_nothing_twice(till: Till) -> None:
    code = delivered(till)
    by_hand(till, code, 10_00)
    till.world.work()
    before, events = books(till), till.came(4)
    about = [event for event in events if b'"refund.' in event.payload]
    assert about
    assert till.ring([*about, *about]) == [200] * len(about) * 2
    till.world.work()
    assert books(till) == before
    assert [refund.state for refund in all_refunds(till)] == [RefundState.DONE]


def test_a_failed_refund_can_be_paid_past_the_gateway(till: Till) -> None:
    code = delivered(till)
    refund = by_hand(till, code, 10_00)
    with till.world.acting():
        refund_outcomes.failed(refund.id, "The card was closed.")
        refund_outcomes.paid_otherwise(refunds.find(refund.id), why="Bank transfer of 26 November")
        task = db.session().scalars(select(Task).where(Task.kind == "refund")).one()
        assert task.state is TaskState.REFUSED
        assert ledger.balance(Account.BANK, "EUR") == euro(-10_00)
    till.world.work()
    assert at_stripe(till) == {}
    told = RefundReport("re_1", refund.key, 10_00, "EUR", "succeeded")
    with till.world.acting():
        assert refund_outcomes.settle(told) is RefundState.PAID_OTHERWISE
    assert [item.kind for item in till.waiting()] == ["refunded twice"]


# --- Credit notes -------------------------------------------------------------------------------------------


@pytest.mark.promise("QM8")
def test_credit_notes_are_gapless_where_many_are_issued_and_some_rolled_back(till: Till) -> None:
    code = delivered(till)

    def act(number: int) -> Callable[[], None]:
        def ask() -> None:
            with till.world.acting():
                refund_requests.request(a_claim(till, code, 10, str(number)))
                if number % 3 == 0:
                    raise InterruptedError

        return ask

    ends = at_once(*(act(number) for number in range(20)))
    assert {type(each) for each in raised(ends)} == {InterruptedError}
    with till.world.acting():
        numbers = db.session().scalars(select(CreditNote.number).order_by(CreditNote.number)).all()
    assert list(numbers) == list(range(1, 14))
