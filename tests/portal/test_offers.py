"""What may be ordered together, as customers meet it on pages: allowed numbers, add-ons, bundles, what is
offered once, and what a product type asks."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from checkout import orders
from checkout.baskets import BasketLine
from checkout.orders import OrderCost
from core import db
from tests.checkout.offer_stage import open_offers
from tests.portal.conftest import Browser, counted
from tests.world import World


@pytest.fixture
def anna(world: World, shop: Callable[..., Browser]) -> Browser:
    """Anna of Acme at Brightfield's shop, which sells add-ons, packs and bundles."""
    open_offers(world)
    return shop("brightfield").sign_in("anna")


def put(world: World, who: Browser, product: str, quantity: object, plan: str = "") -> str:
    """From a product's page into the basket; the words of a refusal."""
    plan_id = world.plan(plan or f"{product}-y").id
    answer = who.post("/basket", product=product, plan=plan_id, quantity=quantity)
    assert answer.status_code in (303, 422), answer.text
    return answer.text if answer.status_code == 422 else ""


def in_basket(world: World) -> int:
    with world.acting():
        return int(db.session().scalar(select(func.count()).select_from(BasketLine)) or 0)


@pytest.mark.behaviour("H27", "H28", "P19", "P21")
def test_numbers_are_held_to_minimum_and_step_of_each_delivery(world: World, anna: Browser) -> None:
    assert "15 to 10,000 seats" in anna.see("/p/devices")
    assert "PRO" in (page := anna.see("/p/levels"))
    assert "Enterprise" in page
    assert "The minimum is 20 seats" in put(world, anna, "levels", 19, "pro-m")
    assert not put(world, anna, "levels", 20, "pro-m")
    assert not put(world, anna, "levels", 1, "pro-y"), "no minimum is stated for a year"
    for few in (8, 7, 14):
        assert "The minimum is 15 seats" in put(world, anna, "devices", few)
    assert not put(world, anna, "devices", 15)
    assert "10 to 50 seats, in steps of 5" in anna.see("/p/packs")
    assert "such as 10 or 15" in put(world, anna, "packs", 12)
    assert "The minimum is 10" in put(world, anna, "packs", 5)
    assert "The maximum is 50" in put(world, anna, "packs", 55)
    for nonsense in ("2.5", "-5", "0", "NaN", "1e309", "1000000000000", "１０", "10 10"):
        assert put(world, anna, "packs", nonsense)
    assert "more than once" in put(world, anna, "packs", [10, 15])
    assert in_basket(world) == 3
    assert not put(world, anna, "packs", 10)
    assert not put(world, anna, "packs", 15)
    line = re.search(r'quantity-([0-9a-f-]+)" value="25"', anna.see("/basket"))
    assert line
    refused = anna.post("/basket/change", on="/basket", **{f"quantity-{line[1]}": "26"})
    assert refused.status_code == 422
    assert "such as 25 or 30" in refused.text


def test_an_add_on_needs_its_base_and_leaves_the_basket_with_it(world: World, anna: Browser) -> None:
    page = anna.see("/p/patch")
    assert "0patch Shield" in page.split("Add-ons")[1]
    shield = anna.see("/p/shield")
    assert "An add-on: ordered with what it extends" in shield
    assert 'Extends <a class="link" href="/brightfield/p/patch">0patch Pro</a>' in shield
    assert "Put that into the basket with it" in put(world, anna, "shield", 1)
    assert in_basket(world) == 0
    put(world, anna, "patch", 2)
    assert not put(world, anna, "shield", 2)
    basket = anna.see("/basket")
    assert "Belongs to 0patch Pro, Yearly (in this basket)" in basket
    base = re.findall(r'name="remove" value="([0-9a-f-]+)"', basket)[0]
    left = anna.post("/basket/change", on="/basket", remove=base)
    assert left.location.endswith("removed-with-add-ons")
    assert in_basket(world) == 0


def test_an_ordinary_plan_costs_no_statement_more(world: World, anna: Browser) -> None:
    put(world, anna, "patch", 1)
    with counted() as plain:
        anna.see("/basket")
    put(world, anna, "shield", 1)
    with counted() as extended:
        anna.see("/basket")
    assert len(plain) < len(extended) <= len(plain) + 2, "its links, and what runs"


def test_what_a_product_type_asks_is_asked_and_told_to_its_connector(world: World, anna: Browser) -> None:
    put(world, anna, "sized", 1)
    names = dict(re.findall(r'name="(field-[0-9a-f-]+-(region|tag))"', anna.see("/checkout")))
    region, tag = sorted(names)
    refused = anna.post("/checkout", on="/checkout", **{region: "Mars", tag: "abc"})
    assert refused.status_code == 422
    assert "Region must be one of: EU, US." in refused.text
    assert "Tag does not look right: Three capitals." in refused.text
    placed = anna.post("/checkout", on="/checkout", **{region: "EU", tag: "ABC", f"{tag}-price": "1"})
    assert placed.status_code == 303
    code = placed.location.split("/orders/")[1].split("/")[0]
    with world.acting():
        line = orders.lines(orders.find(code).id)[0]
        assert line.fields == {"region": "EU", "tag": "ABC"}
        assert (line.total.text, line.cancellation_days) == ("€3.00", 7)
        cost = db.session().scalars(select(OrderCost).where(OrderCost.order_line_id == line.id)).one()
        assert cost.variables == {"family": "tailored"}


def test_a_bundle_shows_its_parts_and_costs_what_they_cost(world: World, anna: Browser) -> None:
    assert "Includes 0patch Shield, Yearly" in anna.see("/p/suite")
    put(world, anna, "suite", 3)
    assert "0patch Shield" in anna.see("/basket")
    placed = anna.post("/checkout", on="/checkout")
    assert placed.status_code == 303, "the total that was seen is that of its parts"
    code = placed.location.split("/orders/")[1].split("/")[0]
    assert "In the bundle 0patch Suite, Yearly · Add-on to 0patch Pro" in anna.see(f"/orders/{code}")
    assert "€89.97" in anna.see(f"/orders/{code}")
