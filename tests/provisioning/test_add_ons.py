"""Add-ons follow what they extend: delivered after it whoever dies meanwhile, and moved with it to another
provider (M48)."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from checkout import baskets
from core import db, trail
from core.tasks import Again, Final
from core.work import WorkItem
from provisioning import add_ons, deliveries, transfer_requests
from provisioning.transfers import ItemState
from storefront import doctor
from subscriptions.subscriptions import Subscription, SubscriptionState
from tests.checkout.offer_stage import open_offers
from tests.provisioning.conftest import Hire, until
from tests.provisioning.moving import accept, ask, befriend, in_transition, items, serve, taken_over
from tests.vendors import Vendor
from tests.world import World

POINTS = ("task.intent_committed", "task.answered", "task.recorded")


def states(world: World) -> set[SubscriptionState]:
    with world.acting():
        return set(db.session().scalars(select(Subscription.state)))


def test_what_an_add_on_does_follows_from_its_base() -> None:
    for state in SubscriptionState:
        if state in (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED):
            add_ons.after_its_base(state)
        else:
            waits = state in (SubscriptionState.PENDING, SubscriptionState.MOVING)
            with pytest.raises(Again if waits else Final):
                add_ons.after_its_base(state)


def to_what_is_ordered_with_it(shop: World) -> None:
    """The add-on in the basket belongs to the service there, and not to one that runs already."""
    buyer = shop.people["acme"]
    with shop.acting("acme"):
        lines = {item.is_add_on: item.line_id for item in baskets.items(buyer)}
        baskets.belong(buyer, lines[True], lines[False])


@pytest.mark.promise("QC5", "QP1")
def test_wherever_a_worker_dies_an_add_on_is_bought_once_and_after_its_base(
    shop: World, vendor: Vendor, hire: Hire, tmp_path: Path
) -> None:
    open_offers(shop)
    failing = [hire(point, fault=f"{point}:kill:1", slots=1) for point in POINTS]
    sold = 0
    while not all((tmp_path / f"{point}.kill").exists() for point in POINTS):
        shop.put("acme", "m365-bb-m", 2)
        shop.put("acme", "mail-shield-y", 2)
        to_what_is_ordered_with_it(shop)
        shop.fund_by_hand(shop.place("acme"))
        sold += 1
        assert sold < 60, "somebody never came to the point where it was to die"
    assert [worker.wait() for worker in failing] == [-signal.SIGKILL] * len(POINTS)
    hire("healthy")
    until(lambda: states(shop) == {SubscriptionState.ACTIVE})
    with shop.acting():
        extending = list(db.session().scalars(select(Subscription).where(Subscription.base_id.is_not(None))))
        assert len(extending) == sold
        for one in extending:
            base = db.session().scalars(select(Subscription).where(Subscription.id == one.base_id)).one()
            first, then = (deliveries.of_line(each.order_line_id, "provision") for each in (base, one))
            assert first
            assert then
            assert vendor.sold(str(first.reference)) == vendor.sold(str(then.reference)) == 1
            begun = next(entry.at for entry in trail.of(then.id) if "-> processing" in entry.what)
            assert first.delivered_at
            assert first.delivered_at <= begun
    assert doctor.examine() == []


@pytest.mark.behaviour("M48")
def test_add_ons_travel_with_their_base_and_never_alone(shop: World) -> None:
    open_offers(shop)
    base, add_on = serve(shop), serve(shop, "mail-shield-y", 1)
    pair = befriend(shop)
    in_transition(shop)
    with pytest.raises(transfer_requests.GoesWithItsBase, match="moves along with the service"):
        ask(shop, add_on, provider=pair)
    request = ask(shop, base, provider=pair)
    assert [item.product_name for item in items(shop, request)] == [
        "Microsoft 365 Business Basic",
        "Mail Shield",
    ]
    accept(shop, request)
    assert {item.state for item in items(shop, request)} == {ItemState.MOVED}
    moved = {one.product_name: one for one in taken_over(shop, request)}
    assert moved["Mail Shield"].base_id == moved["Microsoft 365 Business Basic"].id


@pytest.mark.behaviour("M48")
def test_an_add_on_that_the_vendor_does_not_move_after_its_base_waits_for_a_person(
    shop: World, vendor: Vendor
) -> None:
    open_offers(shop)
    base, _add_on = serve(shop), serve(shop, "mail-shield-y", 1)
    pair = befriend(shop)
    in_transition(shop)
    vendor.feels({"kind": "refuse", "scope": "sku", "of": "mail-shield-y", "message": "Not this one."})
    request = ask(shop, base, provider=pair)
    accept(shop, request)
    assert [item.state for item in items(shop, request)] == [ItemState.MOVED, ItemState.REFUSED]
    with shop.acting():
        waiting = select(WorkItem).where(WorkItem.closed_at.is_(None), WorkItem.kind == "add-on left behind")
        assert "Not this one." in db.session().scalars(waiting).one().words
