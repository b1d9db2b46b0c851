"""Cancelling what is being delivered (QP9): never bought and refunded, or bought, ended and then refunded;
never refunded and active, wherever a worker stands or falls."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from billing.refunds import Because, Refund
from checkout.line_refunds import StillRuns, preview
from checkout.orders import OrderLine
from core import db
from core.tasks import Claimed, Task, TaskState
from core.work import WorkItem
from provisioning import fulfilment, line_cancellations, resolutions, undelivered
from provisioning.connectors.base import Outcome
from provisioning.deliveries import Delivery, DeliveryState
from provisioning.line_cancellations import LineCancellation, LineCancellationState, TooLateToCancel
from subscriptions.subscriptions import Licence, Subscription, SubscriptionState
from tests.provisioning.conftest import Hire, until
from tests.vendors import Vendor
from tests.world import World

POINTS = ("task.claimed", "task.intent_committed", "task.before_send", "task.answered", "task.recorded")


def sell(world: World, count: int = 1, plan: str = "m365-bb-m") -> None:
    """So many funded orders of Acme's."""
    for _ in range(count):
        world.fund_by_hand(world.buys("acme", plan))


def provisions(world: World) -> list[Delivery]:
    with world.acting():
        bought = select(Delivery).where(Delivery.action == "provision").order_by(Delivery.id)
        return list(db.session().scalars(bought))


def cancel_all(world: World) -> int:
    """Anna wants none of it any more; how many could still be cancelled."""
    asked = 0
    for delivery in provisions(world):
        try:
            with world.acting():
                line_cancellations.ask(delivery.id, by="Anna")
            asked += 1
        except TooLateToCancel:
            pass
    return asked


def wish(world: World) -> LineCancellationState:
    with world.acting():
        return db.session().scalars(select(LineCancellation.state)).one()


def refunds(world: World) -> list[Refund]:
    with world.acting():
        return list(db.session().scalars(select(Refund)))


def running(vendor: Vendor) -> dict[str, str]:
    """Reference -> id of what runs at the vendor."""
    return dict(vendor.state()["running"])


def nothing_is_refunded_and_active(world: World, vendor: Vendor) -> None:
    """The promise itself, on our side and on the vendor's."""
    given, at_vendor = {refund.order_line_id for refund in refunds(world)}, running(vendor)
    for delivery in provisions(world):
        with world.acting():
            mine = select(Subscription.state).where(Subscription.id == delivery.subscription_id)
            state = db.session().scalars(mine).one()
        back = delivery.order_line_id in given
        assert back == (state is SubscriptionState.CANCELLED)
        assert back == (str(delivery.reference) not in at_vendor)
        assert (not back) == (state is SubscriptionState.ACTIVE)


@pytest.mark.promise("QP9")
@pytest.mark.parametrize("mode", ["kill", "hang"])
def test_cancelled_while_workers_stand_at_each_fault_point(
    shop: World, vendor: Vendor, hire: Hire, tmp_path: Path, mode: str
) -> None:
    for point in POINTS:
        hire(point, fault=f"{point}:{mode}", slots=1)
    while not all((tmp_path / f"{point}.{mode}").exists() for point in POINTS):
        sell(shop)
        assert len(provisions(shop)) < 100, "somebody never came to the point where it was to fail"
    sell(shop, 2)
    asked = cancel_all(shop)
    assert asked
    hire("healthy", slots=16)

    def over() -> bool:
        with shop.acting():
            open_tasks = db.session().scalars(
                select(Task.id).where(
                    Task.kind.in_(("deliver", "withdraw", "give_back")),
                    Task.state.in_((TaskState.PENDING, TaskState.UNKNOWN)),
                )
            )
            return not open_tasks.all()

    until(over, 30)
    assert len(refunds(shop)) == asked
    nothing_is_refunded_and_active(shop, vendor)


@pytest.mark.promise("QP9")
def test_what_was_never_sent_is_never_bought(shop: World, vendor: Vendor) -> None:
    sell(shop)
    cancel_all(shop)
    shop.work()
    assert wish(shop) is LineCancellationState.NEVER_BOUGHT
    assert provisions(shop)[0].state is DeliveryState.CANCELLED
    assert vendor.state()["purchases"] == {}
    [refund] = refunds(shop)
    assert refund.because is Because.CANCELLED
    nothing_is_refunded_and_active(shop, vendor)


@pytest.mark.promise("QP9")
def test_a_wish_that_comes_while_a_worker_has_it_in_hand_is_heard_before_it_asks(
    shop: World, vendor: Vendor
) -> None:
    sell(shop)
    hold(shop, seconds=60)
    cancel_all(shop)
    assert wish(shop) is LineCancellationState.ASKED
    hold(shop, seconds=-1)
    shop.work()
    assert wish(shop) is LineCancellationState.NEVER_BOUGHT
    assert vendor.state()["purchases"] == {}
    assert len(refunds(shop)) == 1


def hold(world: World, *, seconds: int) -> None:
    """A worker has claimed the delivery, for so long."""
    with world.acting():
        until_then = db.session().info["now"] + timedelta(seconds=seconds)
        db.session().execute(
            update(Task).where(Task.kind == "deliver").values(leased_until=until_then, leased_by=uuid4())
        )


@pytest.mark.promise("QP9")
def test_asking_twice_is_asking_once(shop: World, vendor: Vendor) -> None:
    sell(shop)
    cancel_all(shop)
    cancel_all(shop)
    shop.work()
    assert len(refunds(shop)) == 1


@pytest.mark.promise("QP9")
def test_what_the_vendor_works_on_is_ended_there_before_money_goes_back(shop: World, vendor: Vendor) -> None:
    accepted_and_cancelled(shop, vendor)
    assert wish(shop) is LineCancellationState.ASKED
    assert refunds(shop) == []
    work_until(shop, LineCancellationState.WITHDRAWN)
    shop.work()
    assert vendor.sold(str(provisions(shop)[0].reference)) == 1
    assert len(refunds(shop)) == 1
    with shop.acting():
        assert db.session().scalars(select(Licence)).all() == []
    nothing_is_refunded_and_active(shop, vendor)


@pytest.mark.promise("QP9")
def test_what_the_vendor_does_not_end_stands_and_stays_paid(shop: World, vendor: Vendor) -> None:
    accepted_and_cancelled(shop, vendor)
    vendor.feels({"kind": "refuse", "message": "Sold is sold."})
    until(lambda: work(shop) and withdrawal(shop).state is DeliveryState.NEEDS_ACTION)
    assert refunds(shop) == []
    with shop.acting():
        resolutions.refuse(withdrawal_now().id, why="Sold is sold.")
    assert wish(shop) is LineCancellationState.STANDS
    shop.work()
    assert refunds(shop) == []
    assert provisions(shop)[0].state is DeliveryState.SUCCESS
    with shop.acting():
        told = db.session().scalars(select(WorkItem).where(WorkItem.closed_at.is_(None))).one()
    assert (told.kind, "Sold is sold" in told.words) == ("not cancelled", True)
    nothing_is_refunded_and_active(shop, vendor)


@pytest.mark.promise("QP9")
def test_a_delivery_that_waits_for_a_person_is_cancelled_at_once(shop: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "inquire"})
    sell(shop)
    shop.work()
    assert provisions(shop)[0].state is DeliveryState.NEEDS_ACTION
    cancel_all(shop)
    assert wish(shop) is LineCancellationState.NEVER_BOUGHT
    shop.work()
    assert len(refunds(shop)) == 1
    with shop.acting():
        assert db.session().scalars(select(WorkItem).where(WorkItem.closed_at.is_(None))).all() == []


@pytest.mark.promise("QP9")
def test_a_refusal_that_comes_after_the_wish_is_refunded_once(shop: World, vendor: Vendor) -> None:
    accepted_and_cancelled(shop, vendor, message="Unknown tenant.")
    work_until(shop, LineCancellationState.NEVER_BOUGHT)
    shop.work()
    assert provisions(shop)[0].state is DeliveryState.REFUSED
    assert len(refunds(shop)) == 1


def test_what_is_delivered_is_not_on_its_way_any_more(shop: World, vendor: Vendor) -> None:
    sell(shop)
    shop.work()
    assert cancel_all(shop) == 0
    with shop.acting(), pytest.raises(undelivered.NotEnded):
        undelivered.give_back(provisions_now()[0].id)


@pytest.mark.promise("QP9")
def test_a_line_that_runs_or_comes_is_not_given_back_whole(shop: World, vendor: Vendor) -> None:
    sell(shop)
    with shop.acting():
        line = db.session().scalars(select(OrderLine)).one()
        with pytest.raises(StillRuns, match="Cancel the line first"):
            preview(line.id)
    shop.work()
    with shop.acting(), pytest.raises(StillRuns, match="End the service first"):
        preview(line.id)


@pytest.mark.promise("QP9")
def test_an_answer_that_comes_after_the_refund_is_ended_at_the_vendor(shop: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "accept_202", "seconds": 1})
    sell(shop)
    shop.work(1)
    [delivery] = provisions(shop)
    with shop.acting():
        resolutions.refuse(delivery.id, why="Their desk says no.")
    shop.work()
    assert refunds(shop) == []  # an attempt is open: whoever refuses it has to look first
    with shop.acting():
        undelivered.give_back(delivery.id, by="Nora")
    until(lambda: str(delivery.reference) in running(vendor))
    with shop.acting():  # a worker that was frozen meanwhile brings the vendor's answer
        task = db.session().scalars(select(Task).where(Task.kind == "deliver")).one()
        claimed = Claimed(task.distributor_id, task.id, task.kind, task.lane, task.args, 1, None, False)
        record = fulfilment.DELIVER.record
        assert record
        record(claimed, Outcome(running(vendor)[str(delivery.reference)]))
    until(lambda: work(shop) and not running(vendor))
    assert provisions(shop)[0].state is DeliveryState.REFUSED
    assert len(refunds(shop)) == 1


@pytest.mark.promise("QP9")
def test_one_line_of_two_is_cancelled_and_the_other_delivered(shop: World, vendor: Vendor) -> None:
    shop.put("acme", "m365-bb-m", 2)
    shop.put("acme", "patch-y", 3)
    shop.fund_by_hand(shop.place("acme"))
    first = provisions(shop)[0]
    with shop.acting():
        line_cancellations.ask(first.id, by="Anna")
    shop.work()
    assert [each.state for each in provisions(shop)] == [DeliveryState.CANCELLED, DeliveryState.SUCCESS]
    [refund] = refunds(shop)
    assert refund.order_line_id == first.order_line_id


def provisions_now() -> list[Delivery]:
    return list(db.session().scalars(select(Delivery).where(Delivery.action == "provision")))


def accepted_and_cancelled(world: World, vendor: Vendor, message: str = "") -> None:
    """The vendor has taken it and works on it when Anna changes her mind."""
    vendor.feels({"kind": "accept_202", "seconds": 1, "message": message})
    sell(world)
    world.work(1)
    with world.acting():
        assert db.session().scalars(select(Task.intent_open).where(Task.kind == "deliver")).one()
    cancel_all(world)
    vendor.feels()


def withdrawal(world: World) -> Delivery:
    with world.acting():
        return withdrawal_now()


def withdrawal_now() -> Delivery:
    """What asks the vendor to end it again; pending nothing while it is not begun."""
    asked = select(Delivery).order_by(Delivery.created_at.desc())
    return db.session().scalars(asked).first() or Delivery()


def work(world: World) -> bool:
    """Works on, whatever was put off."""
    with world.acting():
        db.session().execute(
            update(Task)
            .where(Task.kind.in_(("deliver", "withdraw")), Task.state.in_(("pending", "unknown")))
            .values(next_at=db.session().info["now"])
        )
    world.work(3)
    return True


def work_until(world: World, state: LineCancellationState) -> None:
    until(lambda: work(world) and wish(world) is state)
