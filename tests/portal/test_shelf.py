"""Shelf, search and product pages: what they show, what they cost, and that one shop's pieces never show in
another."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from catalog import assortments, listings, pricing
from catalog.listings import Listing
from catalog.products import Product
from core import db
from core.money import Money
from tests.portal.conftest import Browser, counted
from tests.world import World, open_portal


def reprice(world: World, reseller: str, plan: str, minor: int) -> None:
    """The reseller's own price for a plan."""
    plan_id = world.plan(plan).id
    with world.acting(reseller):
        listings.reprice(
            db.session().scalars(select(Listing).where(Listing.plan_id == plan_id)).one(), Money(minor, "EUR")
        )


def test_anybody_sees_products_and_prices(shop: Callable[..., Browser]) -> None:
    page = shop("brightfield").see("/")
    assert "Microsoft 365 Business Basic" in page
    assert "€5.60" in page
    assert "Reseller plans" not in page


def test_a_card_says_what_its_product_says_and_is_no_markup(
    world: World, shop: Callable[..., Browser]
) -> None:
    open_portal(world)
    with world.acting():
        product = db.session().scalars(select(Product).where(Product.name == "0patch Pro")).one()
        product.name, product.summary = "<i>Patch\x02name\x03\x1f</i>", "\"One\" & 'two'"
        pricing.changed(product)
    with world.acting("brightfield"):
        assortments.feature(world.resellers["brightfield"], [product.id])
    for path in ("/", "/search?q=patch"):
        page = shop("brightfield").see(path)
        card = page.split('<article class="product">')[1].split("</article>")[0]
        assert ">&lt;i&gt;Patch\x02name\x03\x1f&lt;/i&gt;</a>" in card
        assert "&#34;One&#34; &amp; &#39;two&#39;" in card
        assert "Featured" in card
        assert "€24.95" in card
        assert page.count('<article class="product">') == page.count("</article>")


def test_a_category_shows_its_products_only(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    page = browser.see("/c/security")
    assert "<title>Security · Brightfield</title>" in page
    assert "0patch Pro" in page
    assert "Business Basic" not in page
    old = browser.get("/?category=Security")
    assert (old.status_code, old.location) == (301, "/brightfield/c/security")
    assert "Nothing here" in browser.see("/?category=Gardening")
    assert browser.get("/c/gardening").status_code == 404


def test_a_long_shelf_has_pages(shop: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.portal.shelf.PAGE", 1)
    browser = shop("brightfield")
    first = browser.see("/")
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = browser.follow(f"http://shop.test{following}").text
    assert "0patch Pro" in first
    assert "0patch Pro" not in second
    assert "Business Basic" in second


@pytest.mark.parametrize("after", ["nonsense", "01890000.x", "' OR 1=1"])
def test_a_page_that_cannot_be_is_not_found(shop: Callable[..., Browser], after: str) -> None:
    assert shop("brightfield").get("/", query_string={"after": after}).status_code == 404


@pytest.mark.parametrize("typed", ["microsoft", "microsfot", "busines basic", "mail", "0patch"])
def test_search_forgives_typing(shop: Callable[..., Browser], typed: str) -> None:
    found = shop("brightfield").get("/search", query_string={"q": typed}).text
    assert ("0patch Pro" if typed == "0patch" else "Microsoft 365 Business Basic") in found


@pytest.mark.parametrize("typed", ["zzzqqq", "%", "' & |", "!!!", "<script>"])
def test_search_without_a_match_says_so(shop: Callable[..., Browser], typed: str) -> None:
    found = shop("brightfield").get("/search", query_string={"q": typed})
    assert found.status_code == 200
    assert "Nothing matches" in found.text
    assert "<script>" not in found.text


@pytest.mark.promise("QS8")
def test_a_price_change_shows_on_the_next_request_and_in_that_shop_only(
    world: World, shop: Callable[..., Browser]
) -> None:
    bright, harbour = shop("brightfield"), shop("harbour")
    assert "€24.95" in bright.see("/p/patch")
    assert "€24.95" in bright.see("/")
    reprice(world, "brightfield", "patch-y", 31_00)
    assert "€31.00" in bright.see("/")
    assert "€31.00" in bright.see("/p/patch")
    assert "€31.00" not in harbour.see("/") + harbour.see("/p/patch") + shop().see("/")
    assert "/brightfield/" not in harbour.see("/")


def test_a_product_that_is_not_on_this_shelf_is_not_found(world: World, shop: Callable[..., Browser]) -> None:
    open_portal(world)
    with world.acting("brightfield"):
        for listing in db.session().scalars(select(Listing)):
            if listing.sort_key == "0patch pro":
                listing.published = False
        listings.changed(world.resellers["brightfield"])
    assert shop("brightfield").get("/p/patch").status_code == 404
    assert shop().get("/p/patch").status_code == 200
    assert shop("brightfield").get("/p/standard").status_code == 404


def test_lists_and_details_cost_few_statements(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    browser.get("/help")
    for path in ("/", "/p/patch"):
        with counted() as cold:
            browser.see(path)
        with counted() as warm:
            browser.see(path)
        assert len(cold) <= 4, cold
        assert len(warm) == 1, warm


def test_signed_in_pages_cost_no_more(anna: Browser) -> None:
    for path in ("/", "/p/patch"):
        anna.see(path)
        with counted() as warm:
            anna.see(path)
        assert len(warm) == 1, warm


def test_a_cached_piece_holds_nobodys_basket_or_token(anna: Browser, shop: Callable[..., Browser]) -> None:
    for path in ("/", "/p/patch"):
        assert "Anna" in anna.see(path)
        stranger = shop("brightfield").see(path)
        assert "Anna" not in stranger
        assert 'name="csrf_token" value=""' in stranger or "csrf_token" not in stranger


def test_help_names_whom_to_write_to(anna: Browser) -> None:
    assert 'href="mailto:bea@brightfield.example"' in anna.get("/help").text
