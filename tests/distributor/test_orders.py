"""Orders at the console: found by what somebody may quote, their delivery told attempt by attempt, and acts
that do what they say."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from checkout.orders import Order, OrderState
from core import db
from core.parties import Reseller
from core.tasks import Task, TaskState
from core.work import WorkItem
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from subscriptions.subscriptions import Licence, Subscription, SubscriptionState
from tests.vendors import Vendor, running_vendor
from tests.visits import Visit
from tests.world import World, open_portal


@pytest.fixture
def vendor(tmp_path: Path, world: World) -> Iterator[Vendor]:
    """A vendor that really answers, and Northwind's settings for it."""
    with running_vendor(tmp_path) as running:
        with world.acting():
            db.add(ConnectorSettings(connector="http_service", settings=running.settings))
        open_portal(world)
        yield running


def stopped(world: World, vendor: Vendor, mood: str = "inquire") -> str:
    """Acme's order that the vendor stopped; its code."""
    code = world.buys("acme", "m365-bb-m", 5)
    vendor.feels({"kind": mood})
    world.fund_by_hand(code)
    world.work()
    return code


def the_delivery(world: World, code: str) -> Delivery:
    """The delivery of a one-line order."""
    with world.acting():
        return db.session().scalars(select(Delivery).where(Delivery.order_id == world_order(code))).one()


def world_order(code: str):
    """The order's id."""
    return select(Order.id).where(Order.code == code).scalar_subquery()


def codes(page: str) -> set[str]:
    """Orders that a list shows."""
    return set(re.findall(r"/distributor/orders/(ORD-\w+)", page))


def test_orders_are_found_by_what_somebody_quotes(busy: World, nora: Visit) -> None:
    with busy.acting():
        reference, subscription = (
            db.session()
            .execute(
                select(Delivery.reference, Subscription.code)
                .join(Subscription, Subscription.id == Delivery.subscription_id)
                .where(Subscription.unit == "seat")
            )
            .one()
        )
    everything = codes(nora.get("/distributor/orders").text)
    assert len(everything) == 3
    assert len(codes(nora.get("/distributor/orders", q="acm").text)) == 2
    assert len(codes(nora.get("/distributor/orders", q="harbour").text)) == 1
    by_reference = codes(nora.get("/distributor/orders", q=str(reference)).text)
    assert len(by_reference) == 1
    assert codes(nora.get("/distributor/orders", q=subscription.lower()).text) == by_reference


def test_filters_tell_what_orders_wait_for(busy: World, nora: Visit) -> None:
    shown = {
        show: len(codes(nora.get("/distributor/orders", show=show).text))
        for show in ("unpaid", "done", "stuck", "failed", "unknown")
    }
    assert shown == {"unpaid": 1, "done": 2, "stuck": 0, "failed": 0, "unknown": 0}


def test_a_long_list_has_pages(busy: World, nora: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.lists.SIZES", (2,))
    first = nora.get("/distributor/orders", size=2).text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = nora.client.get(nora.url(following[1].replace("&amp;", "&"))).text
    assert len(codes(first)) == 2
    assert len(codes(second)) == 1
    assert not codes(first) & codes(second)


def test_the_page_shows_both_legs_cost_and_margin(busy: World, nora: Visit) -> None:
    code = next(iter(codes(nora.get("/distributor/orders", q="acme", show="done").text)))
    page = nora.get(f"/distributor/orders/{code}").text
    for amount in (
        "€74.85",
        "€63.63",
        "€58.38",
        "€11.22",
        "€5.25",
    ):  # retail, wholesale, cost, the reseller's margin, ours
        assert amount in page, amount
    assert "Attempt 1: done" in page
    assert "3 of 3" in page


@pytest.mark.behaviour("H47")
def test_a_stopped_delivery_is_told_and_retried(world: World, nora: Visit, vendor: Vendor) -> None:
    code = stopped(world, vendor)
    page = nora.get(f"/distributor/orders/{code}").text
    assert "A person must act" in page
    assert "Attempt 1: a person must act" in page
    vendor.feels()
    delivery = the_delivery(world, code)
    answer = nora.post(f"/distributor/deliveries/{delivery.id}/retry")
    assert answer.location.endswith(f"/distributor/orders/{code}?said=retried")
    world.work()
    assert the_delivery(world, code).state is DeliveryState.SUCCESS
    assert vendor.sold(str(delivery.reference)) == 1
    assert "nothing is left to do" in nora.post(f"/distributor/deliveries/{delivery.id}/retry").text


def test_a_delivery_is_resolved_by_hand_with_id_licences_and_reason(
    world: World, nora: Visit, vendor: Vendor
) -> None:
    code = stopped(world, vendor)
    delivery = the_delivery(world, code)
    form = f"resolve-{delivery.id.hex[-8:]}-"
    refused = nora.post(
        f"/distributor/deliveries/{delivery.id}/resolve", {f"{form}external_id": "SUB-77", f"{form}why": ""}
    )
    assert refused.status_code == 422
    assert 'value="SUB-77"' in refused.text
    sent = {
        f"{form}external_id": "SUB-77",
        f"{form}licences": "\n".join("ABCDE"),
        f"{form}why": "The vendor's desk says so.",
    }
    assert nora.post(f"/distributor/deliveries/{delivery.id}/resolve", sent).status_code == 303
    with world.acting():
        subscription = db.session().scalars(select(Subscription)).one()
        assert subscription.state is SubscriptionState.ACTIVE
        assert db.session().scalars(select(Licence.key).order_by(Licence.number)).all() == list("ABCDE")
        assert db.session().scalars(select(WorkItem.id).where(WorkItem.closed_at.is_(None))).all() == []
        assert (
            db.session().scalars(select(Task.state).where(Task.id == delivery.task_id)).one()
            is TaskState.DONE
        )
    assert "SUB-77" in nora.get(f"/distributor/orders/{code}").text
    assert codes(nora.get("/distributor/orders", q="SUB-77").text) == {code}


def test_a_delivery_is_refused_with_a_reason_and_the_queue_holds_it_until_the_money_is_on_its_way(
    world: World, nora: Visit, vendor: Vendor
) -> None:
    code = stopped(world, vendor)
    delivery = the_delivery(world, code)
    form = f"refuse-{delivery.id.hex[-8:]}-why"
    assert nora.post(f"/distributor/deliveries/{delivery.id}/refuse", {form: " "}).status_code == 422
    assert (
        nora.post(
            f"/distributor/deliveries/{delivery.id}/refuse", {form: "Withdrawn by the vendor"}
        ).status_code
        == 303
    )
    assert the_delivery(world, code).state is DeliveryState.REFUSED
    assert "Refused delivery" in nora.get("/distributor/work").text
    assert codes(nora.get("/distributor/orders", show="failed").text) == {code}
    world.work()
    assert "Nothing needs you" in nora.get("/distributor/work").text


def test_an_unpaid_order_is_cancelled_with_a_reason(busy: World, nora: Visit) -> None:
    code = next(iter(codes(nora.get("/distributor/orders", show="unpaid").text)))
    assert nora.post(f"/distributor/orders/{code}/cancel", {"cancel-why": ""}).status_code == 422
    assert (
        nora.post(f"/distributor/orders/{code}/cancel", {"cancel-why": "Asked by telephone"}).status_code
        == 303
    )
    assert busy.order(code).state is OrderState.CANCELLED
    page = nora.get(f"/distributor/orders/{code}").text
    assert "Asked by telephone" in page
    assert "Nora" in page
    again = nora.post(f"/distributor/orders/{code}/cancel", {"cancel-why": "Once more"})
    assert again.status_code == 409
    assert "cannot become cancelled" in again.text


def test_a_late_delivery_counts_as_stuck(world: World, nora: Visit) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y")
    world.fund_by_hand(code)
    assert codes(nora.get("/distributor/orders", show="stuck").text) == set()
    with world.acting():
        db.session().execute(
            update(Delivery).values(changed_at=db.session().info["now"] - timedelta(hours=1))
        )
    assert codes(nora.get("/distributor/orders", show="stuck").text) == {code}


def test_whatever_is_quoted_is_found_from_every_page(world: World, nora: Visit) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y", 2)
    with world.acting():
        reseller = db.session().scalars(select(Reseller.code).where(Reseller.name == "Brightfield")).one()
    for words, path in (
        (code.lower(), f"/orders/{code}"),
        (reseller, f"/resellers/{reseller}"),
        ("patch", "/catalogue/patch"),
        ("m365-bb-y", "/catalogue/m365-bb/plans/m365-bb-y"),
        ("Acme", "/orders?q=Acme"),
        ("Harbour", "/resellers?q=Harbour"),
        ("Zebra", "/customers?q=Zebra"),
        ("northwind-2026-000017", "/orders?q=northwind-2026-000017"),
        ("ORD-NOTHING1", "/orders?q=ORD-NOTHING1"),
        ("", "/orders"),
    ):
        answer = nora.get("/distributor/find", q=words)
        assert (answer.status_code, answer.location) == (302, f"/distributor{path}"), words
    assert 'action="/distributor/find"' in nora.get("/distributor/margins").text
