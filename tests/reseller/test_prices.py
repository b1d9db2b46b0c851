"""Retail prices: what stays with the reseller, set by row and by page; the shop follows at once. Rules
and many at once: test_price_rules.py."""

from uuid import UUID

import pytest
from sqlalchemy import select

from catalog import retail, searches
from catalog.listings import Listing
from catalog.products import Plan
from core import db
from core.tenancy import same_key
from tests.reseller.conftest import Person
from tests.world import World, open_portal


@pytest.fixture(autouse=True)
def open_brightfield(world: World) -> None:
    open_portal(world)


def listing_of(world: World, plan: str) -> Listing:
    with world.acting("brightfield"):
        mine = select(Listing).join(Plan, same_key(Plan.id, Listing.plan_id))
        return db.session().scalars(mine.where(Plan.code == plan)).one()


def price_of(world: World, plan: str) -> str:
    return listing_of(world, plan).price.text


def test_the_list_shows_what_one_pays_what_one_asks_and_what_stays(world: World, bea: Person) -> None:
    bea.sees("/reseller/prices", "0patch Pro", "€21.21", 'value="24.95"', "€3.74 (15.0 %)")


def test_a_saved_price_stands_in_the_shop_on_the_next_request(world: World, bea: Person) -> None:
    assert "€24.95" in bea.client.get("/brightfield/", base_url="http://shop.test").text
    listing = listing_of(world, "patch-y")
    bea.places("/reseller/prices", **{f"price-{listing.id}": "29,90", "save": str(listing.id)})
    assert price_of(world, "patch-y") == "€29.90"
    assert "€29.90" in bea.client.get("/brightfield/", base_url="http://shop.test").text


def test_saving_one_row_leaves_the_others_as_they_were(world: World, bea: Person) -> None:
    one, other = listing_of(world, "patch-y"), listing_of(world, "m365-bb-m")
    bea.places(
        "/reseller/prices", **{f"price-{one.id}": "30", f"price-{other.id}": "99", "save": str(one.id)}
    )
    assert (price_of(world, "patch-y"), price_of(world, "m365-bb-m")) == ("€30.00", "€6.00")


def test_a_wrong_amount_is_named_and_kept_and_nothing_is_saved(world: World, bea: Person) -> None:
    one, other = listing_of(world, "patch-y"), listing_of(world, "m365-bb-m")
    answer = bea.post(
        "/reseller/prices", **{f"price-{one.id}": "thirty", f"price-{other.id}": "7", "save": "all"}
    )
    assert answer.status_code == 422
    assert "Enter an amount such as 12.50." in answer.text
    assert 'value="thirty"' in answer.text
    assert 'value="7"' in answer.text
    assert price_of(world, "m365-bb-m") == "€6.00"
    for typed in ("-1", "1.234", "9" * 13, "99999999"):
        assert bea.post("/reseller/prices", **{f"price-{one.id}": typed, "save": "all"}).status_code == 422


def test_a_price_below_wholesale_is_taken_with_a_warning(world: World, bea: Person) -> None:
    listing = listing_of(world, "patch-y")
    led = bea.places("/reseller/prices", **{f"price-{listing.id}": "20.00", "save": "all"})
    assert "prices-below" in led
    bea.sees("/reseller/prices", "Below what you pay", "-€1.21 (-6.1 %)")


def test_a_hidden_plan_leaves_the_shop_and_the_next_stands_for_its_product(world: World, bea: Person) -> None:
    cheap = listing_of(world, "m365-bb-y")
    bea.places("/reseller/prices", hide=str(cheap.id))
    front = bea.client.get("/brightfield/", base_url="http://shop.test").text
    assert "€6.00" in front
    assert "€5.60" not in front
    bea.sees("/reseller/prices", "Hidden")
    bea.places("/reseller/prices", show=str(cheap.id))
    assert "€5.60" in bea.client.get("/brightfield/", base_url="http://shop.test").text


def test_a_hidden_product_is_not_found_by_the_shops_search(world: World, bea: Person) -> None:
    bea.places("/reseller/prices", hide=str(listing_of(world, "patch-y").id))
    with world.acting("brightfield"):
        assert searches.search("0patch").page.cards == []


def test_pages_follow_one_another_without_gaps(world: World) -> None:
    with world.acting("brightfield"):
        whole = [row.listing_id for row in retail.page()]
        walked: list[UUID] = []
        after = ""
        while found := retail.page(after=after, limit=1):
            walked.append(found[0].listing_id)
            after = found[-1].cursor
    assert walked == whole
    assert len(whole) == len(set(whole)) == 3


def test_search_and_filter_say_when_nothing_matches(world: World, bea: Person) -> None:
    assert (
        "0patch"
        not in bea.sees("/reseller/prices?category=Productivity", "Microsoft 365").split("<table", 1)[1]
    )
    bea.sees("/reseller/prices?q=nothing-like-it", "No plan matches")
    assert bea.get("/reseller/prices?after=nonsense").status_code == 404
