"""What a delivery waits for is on the work queue once, as it is now, and every stop is told."""

from collections.abc import Iterator
from concurrent.futures import wait
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import db, work
from core.drain import Drain
from core.tasks import Task
from core.work import WorkItem
from provisioning import resolutions
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from tests.vendors import Vendor
from tests.world import World, open_portal

REFUSE = "This tenant may not hold that product."


@pytest.fixture
def sold(world: World, vendor: Vendor) -> Iterator[World]:
    """One paid order whose delivery is due."""
    open_portal(world)
    with world.acting():
        db.add(ConnectorSettings(connector="http_service", settings=vendor.settings))
    world.fund_by_hand(world.buys("acme", "m365-bb-m"))
    yield world
    vendor.feels()


def waits_for(world: World) -> list[str]:
    """The kinds of the open items, oldest first."""
    with world.acting():
        return [item.kind for item in work.waiting()]


def closed_because(world: World) -> list[str]:
    with world.acting():
        return list(
            db.session().scalars(
                select(WorkItem.closed_because).where(WorkItem.closed_at.is_not(None)).order_by(WorkItem.id)
            )
        )


def goes_on(world: World) -> None:
    """As if all waiting were over, then what is due is done."""
    with world.acting():
        db.session().execute(
            update(Task)
            .where(Task.kind == "deliver")
            .values(next_at=Task.created_at, intent_at=Task.intent_at - func.make_interval(0, 0, 0, 0, 1))
        )
    world.work()


def misplace_the_vendor(world: World) -> None:
    """An address that may not be called: only a person can mend that."""
    the_vendor_is(world, settings={"base_url": "http://10.0.0.1", "api_key": "sandbox-key"})


def the_vendor_is(world: World, **known: object) -> None:
    with world.acting():
        db.session().execute(
            update(ConnectorSettings).where(ConnectorSettings.connector == "http_service").values(**known)
        )


def minutes_pass(world: World, minutes: int) -> None:
    """The order was funded so long ago."""
    with world.acting():
        db.session().execute(
            update(Delivery).values(created_at=Delivery.created_at - timedelta(minutes=minutes))
        )


def state(world: World) -> DeliveryState:
    with world.acting():
        bought = select(Delivery.state).where(Delivery.action == "provision")
        return db.session().scalars(bought).one()


def mails(world: World, kind: str) -> int:
    with world.acting():
        return db.session().scalar(select(func.count()).select_from(Task).where(Task.kind == kind)) or 0


def retry(world: World) -> None:
    with world.acting():
        resolutions.retry(db.session().scalars(select(Delivery.id)).one(), why="mended")


@pytest.mark.promise("QP4")
def test_an_unknown_delivery_that_is_parked_waits_for_one_thing(sold: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "error_500_after", "times": 1})
    sold.work()
    assert waits_for(sold) == ["unknown delivery"]
    misplace_the_vendor(sold)
    goes_on(sold)
    assert state(sold) is DeliveryState.NEEDS_ACTION
    assert waits_for(sold) == ["parked delivery"]
    assert closed_because(sold) == ["It is a parked delivery now."]


@pytest.mark.promise("QP4")
def test_an_unknown_delivery_that_is_refused_waits_for_one_thing(sold: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "error_500_before", "times": 1})
    sold.work()
    assert waits_for(sold) == ["unknown delivery"]
    with sold.acting():
        resolutions.refuse(db.session().scalars(select(Delivery.id)).one(), why=REFUSE)
    assert waits_for(sold) == ["refused delivery"]
    with sold.acting():
        assert "may have delivered it all the same" in work.waiting()[0].suggestion


@pytest.mark.promise("QP4")
def test_what_is_asked_again_waits_for_nobody(sold: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "error_500_before", "times": 1}, {"kind": "slow", "seconds": 0.1})
    sold.work()
    assert waits_for(sold) == ["unknown delivery"]
    goes_on(sold)
    assert state(sold) is DeliveryState.SUCCESS
    assert waits_for(sold) == []
    assert closed_because(sold) == ["The vendor is asked again."]


@pytest.mark.promise("QP4")
def test_every_stop_is_told_to_the_distributor_and_the_buyer_once(sold: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "inquire"})
    sold.work()
    retry(sold)
    sold.work()
    assert state(sold) is DeliveryState.NEEDS_ACTION
    assert waits_for(sold) == ["parked delivery"]
    assert (mails(sold, "mail_needs_attention"), mails(sold, "mail_we_are_on_it")) == (2, 1)


@pytest.mark.promise("QP4")
def test_a_stop_of_which_the_queue_knows_already_is_told_again(sold: World, vendor: Vendor) -> None:
    vendor.feels({"kind": "error_500_after", "times": 1})
    sold.work()
    misplace_the_vendor(sold)
    goes_on(sold)
    retry(sold)
    goes_on(sold)
    assert waits_for(sold) == ["parked delivery"]
    assert mails(sold, "mail_needs_attention") == 2


@pytest.mark.promise("QP4")
def test_what_is_delivered_after_a_person_refused_it_is_known_to_somebody(
    sold: World, vendor: Vendor
) -> None:
    drain = Drain(slots=8)
    drain.begin(drain.claim())
    wait(drain.flying)
    with sold.acting():  # the worker was frozen for so long that its lease is over
        db.session().execute(update(Task).values(leased_until=None))
        resolutions.refuse(db.session().scalars(select(Delivery.id)).one(), why=REFUSE)
    drain.record(list(drain.flying))
    drain.close()
    assert sum(vendor.state()["purchases"].values()) == 1
    assert state(sold) is DeliveryState.REFUSED
    assert waits_for(sold) == ["refused delivery", "delivered after refusal"]


@pytest.mark.promise("QP4")
def test_a_vendor_that_stays_away_is_somebodys_business_after_five_minutes(
    sold: World, vendor: Vendor
) -> None:
    the_vendor_is(sold, settings=vendor.settings | {"base_url": "http://127.0.0.1:9"})
    sold.work()
    assert waits_for(sold) == []
    minutes_pass(sold, 6)
    goes_on(sold)
    assert waits_for(sold) == ["late delivery"]
    the_vendor_is(sold, settings=vendor.settings)
    goes_on(sold)
    assert state(sold) is DeliveryState.SUCCESS
    assert waits_for(sold) == []


@pytest.mark.promise("QP4")
def test_a_pause_is_no_alarm(sold: World, vendor: Vendor) -> None:
    the_vendor_is(sold, paused=True)
    minutes_pass(sold, 6)
    sold.work()
    assert waits_for(sold) == []
