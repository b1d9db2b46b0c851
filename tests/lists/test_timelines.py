"""Every side reads what happened to its things; why, and with which values, is for the side that wrote it."""

import pytest
from sqlalchemy import select

from checkout.orders import Order
from core import db, trail
from core.trail import TrailNote
from provisioning import resolutions
from provisioning.deliveries import Delivery
from storefront.timeline_details import in_words
from tests.lists.conftest import Trade

WORDS, VENDORS_ID = "The vendor's desk says yes", "VEND-4711"


@pytest.fixture
def resolved(trade: Trade) -> Trade:
    """Acme's second order was delivered by hand, with a reason and the vendor's id."""
    trade.world.fund_by_hand(trade.acme[1])
    with trade.world.acting():
        delivery = db.session().scalars(select(Delivery).where(Delivery.order_id == order_id(trade))).one()
        resolutions.resolve(delivery.id, external_id=VENDORS_ID, licences=["KEY-1", "KEY-2"], why=WORDS)
    return trade


def order_id(trade: Trade):
    """The order's id."""
    return select(Order.id).where(Order.code == trade.acme[1]).scalar_subquery()


@pytest.mark.promise("QS5")
def test_reasons_and_vendor_ids_stay_with_the_distributor(resolved: Trade) -> None:
    code = resolved.acme[1]
    page = resolved.nora.get(f"/distributor/orders/{code}").text
    assert WORDS.replace("'", "&#39;") in page
    assert VENDORS_ID in page
    for visit, path in (
        (resolved.bea, f"/reseller/orders/{code}"),
        (resolved.bea, "/reseller/customers"),
        (resolved.anna, f"/orders/{code}"),
        (resolved.anna, "/services"),
    ):
        told = visit.get(path)
        assert told.status_code == 200
        assert "desk says" not in told.text
        assert VENDORS_ID not in told.text


def test_no_other_side_can_select_the_distributors_reasons(resolved: Trade) -> None:
    with resolved.world.acting():
        assert WORDS in db.session().scalars(select(TrailNote.why)).all()
    for who in ("brightfield", "acme"):
        with resolved.world.acting(who):
            assert WORDS not in db.session().scalars(select(TrailNote.why)).all()
            assert VENDORS_ID not in str(db.session().scalars(select(TrailNote.detail)).all())


def test_each_side_reads_what_happened(resolved: Trade) -> None:
    code = resolved.acme[0]
    for visit, path, words in (
        (resolved.anna, f"/orders/{code}", "Order placed"),
        (resolved.anna, f"/orders/{code}", "Order paid"),
        (resolved.bea, f"/reseller/orders/{code}", "Sent to the vendor"),
        (resolved.bea, f"/reseller/orders/{code}", "Anna"),
        (resolved.nora, f"/distributor/orders/{code}", "Order awaiting payment → funded"),
    ):
        assert words in visit.get(path).text, (path, words)


def test_wholesale_is_no_customers_story(resolved: Trade) -> None:
    with resolved.world.acting("acme"):
        kinds = {line.object_type for line in trail.about(every_object(), limit=5000)}
    assert "orders" in kinds
    assert kinds.isdisjoint({"charges", "funds", "tasks", "plans", "work_items", "balances", "invitations"})


def every_object():
    """Whatever the trail tells of, as far as the scope sees."""
    return list(db.session().scalars(select(trail.TrailEntry.object_id)).all())


def test_what_the_trail_keeps_under_the_names_of_columns_is_read_in_words() -> None:
    kept = {
        "prorate_billing": True,
        "valid_days": 60,
        "left_as_they_were": None,
        "discount": 250,
        "conditions": ["two_factor", "revenue"],
        "attributes": [{"key": "a", "name": "Storage"}, {"key": "b", "name": "Region"}],
        "on": "2027-02-28 17:54:10.504793+00:00",
        "parent_id": "01a218fa-2c82-7a8d-84c5-000000000000",
        "by": "Nora",
    }
    assert in_words({name: str(value) for name, value in kept.items()}) == (
        "Prorate billing: Yes\nDays an approved deal is valid: 60\nLeft as they were: –\nDiscount: 2.5 %\n"
        "Looked at once a year: two factor, revenue\nAttributes: Storage, Region\n"
        "On: 28 Feb 2027, 17:54 UTC"
    )
    assert in_words({"category_id": "None"}) is None
    assert in_words({"title": "[as it is"}) == "Title: [as it is"
