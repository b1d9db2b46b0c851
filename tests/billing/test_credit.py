"""Credit lines and deposits: whoever comes first takes, nobody ever takes more than there is, and a
cancelled order gives back what it took."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from billing import credit
from billing.credit import Balance, BalanceKind, CreditExceeded, Hold
from core import db
from core.ids import new_id
from core.money import Money
from tests.races import at_once
from tests.world import World

TEN = Money(10_00, "EUR")


def take(world: World, amount: Money = TEN) -> object:
    """An order holds an amount; its id, or None where there was no room."""
    order_id = new_id()
    try:
        with world.acting():
            credit.hold_exactly(world.resellers["brightfield"], order_id, amount)
    except CreditExceeded:
        return None
    return order_id


def reserved(world: World) -> int:
    """What the balances say, after checking that it is what the orders hold."""
    with world.acting():
        says = int(db.session().scalar(select(func.coalesce(func.sum(Balance.reserved), 0))) or 0)
        holds = int(
            db.session().scalar(
                select(func.coalesce(func.sum(Hold.minor), 0)).where(Hold.released_at.is_(None))
            )
            or 0
        )
    assert says == holds
    return says


@pytest.mark.promise("QM7", "QP2")
def test_two_hundred_orders_at_the_limit_take_exactly_what_is_there(world: World) -> None:
    world.give_credit("brightfield", 70_00)
    ends = [end for _ in range(10) for end in at_once(*[lambda: take(world)] * 20)]
    assert not [end for end in ends if isinstance(end, BaseException)]
    assert sum(end is not None for end in ends) == 7
    assert reserved(world) == 70_00


@pytest.mark.promise("QM7")
def test_taking_and_giving_back_at_once_never_goes_over_or_under(world: World) -> None:
    world.give_credit("brightfield", 50_00)
    for _ in range(10):
        held = [end for end in at_once(*[lambda: take(world)] * 8) if end is not None]
        assert len(held) == 5

        def give_back(order_id: UUID) -> None:
            with world.acting():
                credit.give_back(order_id)

        at_once(*[lambda o=order_id: give_back(o) for order_id in (*held, *held)])
        assert reserved(world) == 0


def test_the_deposit_goes_first_and_an_amount_is_never_split(world: World) -> None:
    with world.acting():
        credit.set_ceiling(world.resellers["brightfield"], BalanceKind.DEPOSIT, Money(15_00, "EUR"))
    world.give_credit("brightfield", 12_00)
    assert take(world)
    assert take(world)
    assert take(world, Money(6_00, "EUR")) is None
    with world.acting():
        assert dict(db.session().execute(select(Balance.kind, Balance.reserved)).all()) == {
            BalanceKind.DEPOSIT: 10_00,
            BalanceKind.CREDIT: 10_00,
        }


def test_what_an_order_holds_can_grow_and_shrink(world: World) -> None:
    world.give_credit("brightfield", 30_00)
    order_id, reseller_id = new_id(), world.resellers["brightfield"]
    for minor in (10_00, 30_00, 5_00, 0, 20_00):
        with world.acting():
            credit.hold_exactly(reseller_id, order_id, Money(minor, "EUR"))
        assert reserved(world) == minor


def test_another_currency_or_another_reseller_does_not_help(world: World) -> None:
    world.give_credit("brightfield", 100_00, "USD")
    world.give_credit("harbour", 100_00)
    assert take(world) is None


@pytest.mark.promise("QM7")
def test_the_database_itself_refuses_to_go_over_or_under(world: World) -> None:
    world.give_credit("brightfield", 10_00)
    for wrong in (10_01, -1):
        with pytest.raises(Exception, match="never_over"), world.acting():
            db.session().scalars(select(Balance)).one().reserved = wrong
