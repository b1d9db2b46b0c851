"""The work queue: what waits, oldest first; acts in place; the next comes up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from checkout import orders
from core import db, work
from core.ids import new_id
from core.work import WorkItem
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from tests.vendors import Vendor, running_vendor
from tests.visits import Visit
from tests.world import World, open_portal


@pytest.fixture
def two_stopped(world: World, tmp_path: Path) -> Iterator[Vendor]:
    """Two deliveries that the vendor stopped with a question."""
    with running_vendor(tmp_path) as vendor:
        with world.acting():
            db.add(ConnectorSettings(connector="http_service", settings=vendor.settings))
        open_portal(world)
        codes = [world.buys("acme", "m365-bb-m", 5), world.buys("acme", "m365-bb-m", 7)]
        vendor.feels({"kind": "inquire"})
        for code in codes:
            world.fund_by_hand(code)
        world.work()
        yield vendor


def open_items(world: World) -> list[WorkItem]:
    """What waits."""
    with world.acting():
        return work.waiting()


@pytest.mark.promise("QP4")
def test_what_stopped_is_retried_together(world: World, nora: Visit, two_stopped: Vendor) -> None:
    items = open_items(world)
    page = nora.get("/distributor/work").text
    assert page.count('name="item"') == 2
    assert "Mend the cause, then retry" in page
    two_stopped.feels()
    assert nora.post("/distributor/work/retry", {"item": [str(item.id) for item in items]}).status_code == 303
    world.work()
    with world.acting():
        assert set(db.session().scalars(select(Delivery.state))) == {DeliveryState.SUCCESS}
    assert "Nothing needs you" in nora.get("/distributor/work").text


def test_an_act_in_place_brings_up_the_next(world: World, nora: Visit, two_stopped: Vendor) -> None:
    first, second = open_items(world)
    two_stopped.feels()
    answer = nora.post(f"/distributor/deliveries/{first.about_id}/retry", {"back": "work"})
    assert answer.location.endswith("/distributor/work?said=retried")
    world.work()
    page = nora.get("/distributor/work").text
    assert f"/distributor/work/{second.id}/close" in page
    assert f"/distributor/work/{first.id}/close" not in page


def test_an_item_is_closed_with_a_reason_only(world: World, nora: Visit) -> None:
    with world.acting():
        work.open_item(
            "unexpected payment",
            about_type="payment_attempts",
            about_id=new_id(),
            words="€5.00 came twice.",
            suggestion="Refund it.",
        )
    [item] = open_items(world)
    assert nora.post(f"/distributor/work/{item.id}/close", {"close-why": " "}).status_code == 422
    refused = nora.post("/distributor/work/retry", {"item": str(item.id)})
    assert refused.status_code == 409
    assert "cannot be retried" in refused.text
    assert (
        nora.post(f"/distributor/work/{item.id}/close", {"close-why": "Refunded at Stripe"}).status_code
        == 303
    )
    assert open_items(world) == []
    assert "Refunded at Stripe" not in nora.get("/distributor/work").text
    assert "Refunded at Stripe" in nora.get("/distributor/work?show=settled").text
    assert "Refunded at Stripe" in nora.get("/distributor/work.csv?show=settled").text


def test_the_queue_is_a_list_that_is_searched_and_exported(
    world: World, nora: Visit, two_stopped: Vendor
) -> None:
    first, second = open_items(world)
    with world.acting():
        codes = [orders.of_id(item.order_id).code for item in (first, second) if item.order_id]
    found = nora.get(f"/distributor/work?q={codes[1]}").text
    assert f'value="{second.id}"' in found
    assert f'value="{first.id}"' not in found
    assert f"/distributor/work/{second.id}/close" in found  # the first of what is shown comes up
    file = nora.get(f"/distributor/work.csv?q={codes[1]}").text
    assert codes[1] in file
    assert codes[0] not in file
    assert "Nothing like it waits" in nora.get("/distributor/work?q=nothing-like-it").text


def test_nothing_chosen_is_said(world: World, nora: Visit) -> None:
    answer = nora.post("/distributor/work/retry")
    assert answer.status_code == 422
    assert "Choose at least one item first." in answer.text


def test_another_distributors_item_is_not_there(world: World, nora: Visit) -> None:
    assert nora.post(f"/distributor/work/{new_id()}/close", {"close-why": "mine?"}).status_code == 404
