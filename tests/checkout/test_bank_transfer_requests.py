"""Bank transfer by request to sales, from 100 licences on: who may ask, what an answer does, and that nothing
is delivered before the money was recorded, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from billing import bank_transfers, ledger
from billing.bank_transfers import BankAccount, BankTransferState
from billing.invoices import Invoice, InvoiceState
from billing.ledger import Account, JournalLine
from billing.refunds import Because, Refund, RefundState, Way
from checkout import bank_transfer_requests, line_refunds, orders
from checkout.orders import OrderState, PayBy
from core import db, tenancy
from core.errors import Refusal
from core.money import Money
from core.work import WorkItem
from provisioning.deliveries import Delivery
from storefront import doctor, paying
from storefront.paying import Journey, NothingToPay
from subscriptions.subscriptions import Licence
from tests.checkout.bank_transfer_stage import arrives, asks, grants, of, sold_by_transfer, today
from tests.checkout.offer_stage import open_offers
from tests.world import World

HUNDRED = 2495_00


def booked(world: World, account: Account) -> int:
    with world.acting():
        return ledger.balance(account, "EUR").minor


def balanced(world: World) -> bool:
    with world.acting():
        return not db.session().scalar(select(func.coalesce(func.sum(JournalLine.minor), 0)))


def waiting(world: World) -> set[str]:
    with world.acting():
        return set(db.session().scalars(select(WorkItem.kind).where(WorkItem.closed_at.is_(None))))


def deliveries_of(world: World) -> int:
    with world.acting():
        return int(db.session().scalar(select(func.count()).select_from(Delivery)) or 0)


@pytest.mark.behaviour("P18")
def test_99_licences_are_refused_bank_transfer_and_100_may_ask_for_it(world: World) -> None:
    sold_by_transfer(world)
    world.put("acme", "patch-y", 99)
    with pytest.raises(
        bank_transfer_requests.NotByTransfer, match="from 100 licences of 0patch Pro, and this"
    ):
        world.place("acme", pay_by=PayBy.TRANSFER)
    world.put("acme", "patch-y", 1)
    order = world.order(world.place("acme", pay_by=PayBy.TRANSFER))
    assert (order.state, order.pay_by) == (OrderState.AWAITING_PAYMENT, PayBy.TRANSFER)
    assert waiting(world) == {"bank transfer asked"}
    with tenancy.acting_as(world.scope("acme")), pytest.raises(NothingToPay):
        paying.find_page(order.code, Journey("", lambda _o: "", lambda _o: ""))


def test_licences_count_by_product_and_every_product_has_to_be_sold_so(world: World) -> None:
    open_offers(world)
    sold_by_transfer(world)
    world.put("acme", "patch-y", 100)
    world.put("acme", "pro-y", 60)
    with pytest.raises(bank_transfer_requests.NotByTransfer, match="0patch is not paid by bank transfer"):
        world.place("acme", pay_by=PayBy.TRANSFER)
    sold_by_transfer(world, "levels")
    with pytest.raises(bank_transfer_requests.NotByTransfer, match="from 100 licences of 0patch, and .* 60"):
        world.place("acme", pay_by=PayBy.TRANSFER)
    world.put("acme", "enterprise-y", 40)
    assert world.order(world.place("acme", pay_by=PayBy.TRANSFER)).total_minor


@pytest.mark.promise("QP2")
def test_nothing_is_delivered_before_the_money_is_recorded_and_then_the_books_balance(world: World) -> None:
    code = asks(world)
    grants(world, code)
    world.work(5)
    assert deliveries_of(world) == 0
    with pytest.raises(bank_transfers.TooLittle, match="less than the €2,495.00"):
        arrives(world, code, HUNDRED - 1)
    assert world.order(code).state is OrderState.AWAITING_PAYMENT
    arrives(world, code, HUNDRED)
    assert world.order(code).state is OrderState.FUNDED
    assert (booked(world, Account.BANK), booked(world, Account.STRIPE)) == (HUNDRED, 0)
    assert booked(world, Account.WHOLESALE_SALES) == -2121_00
    assert balanced(world)
    assert not waiting(world)
    world.work(10)
    with world.acting():
        assert db.session().scalars(select(Invoice.state)).all() == [InvoiceState.PAID]
        assert db.session().scalar(select(func.count()).select_from(Licence)) == 100
    assert doctor.examine() == []


@pytest.mark.promise("QM5")
def test_one_movement_is_recorded_once_also_by_two_people_at_one_moment(world: World) -> None:
    code = asks(world)
    grants(world, code)

    def record(_turn: int) -> str:
        try:
            arrives(world, code, HUNDRED, "ntrf  7")
        except bank_transfers.RecordedAlready:
            return "refused"
        return "recorded"

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(record, range(2))) == ["recorded", "refused"]
    assert booked(world, Account.BANK) == HUNDRED
    assert booked(world, Account.UNEXPECTED) == 0
    other = asks(world, 101)
    grants(world, other)
    with pytest.raises(bank_transfers.RecordedAlready, match="NTRF 7 is recorded already"):
        arrives(world, other, 2519_95, "NTRF 7")


def test_what_is_more_or_comes_too_late_is_kept_apart_and_given_back(world: World) -> None:
    code = asks(world)
    with pytest.raises(bank_transfers.NotAwaited):
        arrives(world, code, HUNDRED)
    grants(world, code)
    arrives(world, code, HUNDRED + 5_00)
    assert booked(world, Account.UNEXPECTED) == -5_00
    arrives(world, code, 7_00, "NTRF-2")
    assert waiting(world) == {"bank transfer to give back"}
    with world.acting():
        assert bank_transfers.apart(of_order(code)) == Money(12_00, "EUR")
        bank_transfers.given_back(of_order(code).order_id, by="Nora")
        with pytest.raises(bank_transfers.NothingApart):
            bank_transfers.given_back(of_order(code).order_id, by="Nora")
    assert (booked(world, Account.UNEXPECTED), booked(world, Account.BANK)) == (0, HUNDRED)
    assert not waiting(world)
    assert balanced(world)


def of_order(code: str):
    found = bank_transfers.of_order(orders.find(code).id)
    assert found
    return found


def test_who_is_declined_or_changes_their_mind_pays_by_card(world: World) -> None:
    declined, left = asks(world), asks(world)
    with world.acting():
        with pytest.raises(bank_transfer_requests.SayWhy):
            bank_transfer_requests.decline(declined, reason=" ", by="Nora")
        bank_transfer_requests.decline(declined, reason="A card is faster.", by="Nora")
        with pytest.raises(bank_transfer_requests.AnsweredAlready):
            bank_transfer_requests.decline(declined, reason="Once more.", by="Nora")
    grants(world, left)
    with tenancy.acting_as(world.scope("acme")), db.transaction(widened_because="opening a payment page"):
        bank_transfer_requests.pay_by_card(orders.find(left).id)
    for code in (declined, left):
        assert world.order(code).pay_by is PayBy.CARD
        world.pay(code)
        assert world.order(code).state is OrderState.FUNDED
    assert not waiting(world)
    arrives(world, left, HUNDRED)
    assert booked(world, Account.UNEXPECTED) == -HUNDRED


def test_a_buyer_is_told_a_real_account_and_a_real_day(world: World) -> None:
    code = asks(world)
    for to, days, words in (
        (BankAccount("Northwind", "DE89 3704 0044 0532 0130 01"), 14, "is no valid IBAN"),
        (BankAccount("", "12-34-56 7"), 14, "Name the account's holder"),
        (BankAccount("Northwind", "12-34-56 7"), 0, "last day after today"),
        (BankAccount("Northwind", "12-34-56 7"), 91, "within the next 90 days"),
    ):
        with pytest.raises(Refusal, match=words):
            grants(world, code, days=days, to=to)
    assert of(world, code).state is BankTransferState.ASKED


def test_an_order_whose_transfer_never_comes_ends_as_an_abandoned_one(world: World) -> None:
    silent, granted = asks(world), asks(world)
    grants(world, granted, days=20)
    world.goes_on(days=8, work=False)
    with world.acting():
        assert orders.expire_unpaid() == 1
    assert of(world, silent).state is BankTransferState.ENDED
    world.goes_on(days=17, work=False)
    with world.acting():
        assert orders.expire_unpaid() == 0  # banks have their days
    with pytest.raises(bank_transfers.NotYet):
        arrives(world, granted, HUNDRED, on=today(world) + timedelta(days=1))
    world.goes_on(days=2, work=False)
    with world.acting():
        assert orders.expire_unpaid() == 1
    assert of(world, granted).state is BankTransferState.ENDED
    assert not waiting(world)


def test_what_was_paid_by_bank_goes_back_by_bank(world: World) -> None:
    code = asks(world)
    grants(world, code)
    arrives(world, code, HUNDRED)
    world.work(10)
    with world.acting():
        line = orders.lines(orders.find(code).id)[0]
        some = Money(100_00, "EUR")
        line_refunds.give_back(line.id, key="1", because=Because.BY_HAND, why="Late.", by="Nora", amount=some)
        refund = db.session().scalars(select(Refund)).one()
        assert (refund.way, refund.state, refund.because) == (
            Way.TRANSFER,
            RefundState.FAILED,
            Because.BY_HAND,
        )
    assert waiting(world) == {"refund by bank"}
