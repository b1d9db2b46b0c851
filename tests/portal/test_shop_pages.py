"""Facets, comparison and suggestions on the page; what machines read of it; and that no price is told to a
visitor of a shop that shows them to its own only."""

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask

from core import db
from partners import storefronts
from partners.storefronts import Host
from storefront.portal.heads import as_json
from tests.portal.conftest import SHOP, Browser
from tests.tenancy.routes import ROUTES
from tests.tenancy.routes.owners import Owner
from tests.world import World, open_portal

AMOUNT = re.compile(r"(?:€|EUR|US\$)\s?\d|\d[.,]\d\d(?!\d)|(?:minor|price)\W{1,3}\d", re.I)
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)


def hide_prices(world: World, reseller: str, *, hidden: bool = True) -> None:
    """The shop shows prices to its own only."""
    open_portal(world, reseller) if reseller not in world.storefronts else None
    with world.acting():
        storefronts.show_prices(storefronts.find(world.storefronts[reseller]), to_all=not hidden)


def main_of(page: str) -> str:
    """What of a page is about products: its head, and its main part without addresses of files."""
    head = "".join(re.findall(r"<meta[^>]*>|<script type.*?</script>", page, re.S))
    main = page.split("<main", 1)[-1].split("</main>")[0]
    return head + re.sub(r'<svg.*?</svg>|/static/[^"]*', "", main, flags=re.S)


def structured(page: str) -> list[dict[str, Any]]:
    """The structured data of a page."""
    return [json.loads(body) for body in DATA.findall(page)]


def links_of(page: str, text: str) -> list[str]:
    """Addresses of links whose element says this."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page, re.S)
    return [url.replace("&amp;", "&") for url, inside in found if text in re.sub(r"<[^>]+>", "", inside)]


# --- Facets, order, search ----------------------------------------------------------------------------------


def test_filters_are_links_that_add_and_take_away(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    front = browser.see("/")
    assert links_of(front, "0patch1"), "the vendor with its number"
    narrow = browser.follow(links_of(front, "0patch1")[0]).text
    assert "0patch Pro" in narrow
    assert "Business Basic" not in narrow
    assert "1 product" in narrow
    assert '<meta name="robots" content="noindex, follow">' in narrow
    again = browser.follow(links_of(narrow, "Vendor: 0patch")[0]).text
    assert "Business Basic" in again
    none = browser.see("/?vendor=0patch&term=P1Y%2FP1M&vendor=Nobody&price=abc&price=99&sort=nonsense")
    assert "Nothing has all of that" in none
    dear = browser.see("/?sort=-price")
    assert dear.index("0patch Pro") < dear.index("Business Basic")
    assert browser.see("/c/security?vendor=Microsoft&after=").count("Nothing has all of that") == 1


def test_search_mends_narrows_and_shows_a_way_out(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    mended = browser.see("/search?q=micorsoft")
    assert "Did you mean “microsoft”?" in mended
    assert "Microsoft 365 Business Basic" in mended
    assert "0patch Pro" not in mended
    nothing = browser.see("/search?q=micropatches&vendor=Microsoft")
    assert "Nothing matches" in nothing
    assert "0patch Pro" in browser.follow(links_of(nothing, "Search without filters")[0]).text
    assert links_of(browser.see("/search?q=zzzqqq"), "Security") == ["/brightfield/c/security#products"]
    assert "What are you looking for?" in browser.see("/search?q=")
    assert "Nothing matches" in browser.see("/search?q=%21%21")


def test_suggestions_are_a_part_with_scripts_and_the_page_without(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    part = browser.get("/suggest?q=busin", headers={"HX-Request": "true"})
    assert "Microsoft 365 Business Basic" in part.text
    assert "<html" not in part.text
    assert not AMOUNT.search(part.text)
    assert browser.get("/suggest?q=b", headers={"HX-Request": "true"}).text == ""
    assert browser.get("/suggest?q=bus+x").location == "/brightfield/search?q=bus+x"


# --- Comparison ---------------------------------------------------------------------------------------------


def test_plans_stand_side_by_side_and_can_be_bought_from_there(world: World, anna: Browser) -> None:
    page = anna.see("/compare?plan=m365-bb-m&product=patch&product=nothing-like-it")
    table = page.split('<table class="compare__table">')[1].split("</table>")[0]
    assert re.findall(r'class="compare__name"[^>]*>([^<]+)', table) == [
        "0patch Pro",
        "Microsoft 365 Business Basic",
    ]
    different = re.findall(r'<tr class="is-different"><th scope="row">([^<]+)', table)
    assert {"Price", "Term", "Vendor"} <= set(different)
    assert "At least" not in different
    assert "One of the products is no longer offered" in page
    only = anna.follow(links_of(page, "Show differences only")[0]).text
    assert "At least" not in only.split("compare__table")[1]
    left = anna.follow(links_of(table, "Remove")[0]).text
    assert "0patch Pro" not in left.split("compare__table")[1].split("</table>")[0]
    assert anna.see("/compare").count("Nothing to compare yet") == 1
    many = "&".join(f"plan={code}" for code in ("m365-bb-m", "m365-bb-y", "patch-y", "a", "b"))
    assert "There is room for 4" in anna.see(f"/compare?{many}")
    form = re.findall(r'name="(product|plan|quantity)" value="([^"]+)"', table)
    assert anna.post("/basket", **dict(form[:3])).status_code == 303
    assert "0patch" in anna.see("/basket")


def test_a_plan_of_another_shelf_is_not_compared(world: World, shop: Callable[..., Browser]) -> None:
    assert "Nothing to compare yet" in shop("brightfield").see("/compare?plan=standard-m&product=standard")


# --- Machines -----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("I37")
def test_a_shop_tells_machines_what_it_sells_under_one_address(
    world: World, shop: Callable[..., Browser], web: Flask
) -> None:
    browser = shop("brightfield")
    page = browser.see("/p/m365-bb")
    assert '<link rel="canonical" href="http://shop.test/brightfield/p/m365-bb">' in page
    assert '<meta property="og:url" content="http://shop.test/brightfield/p/m365-bb">' in page
    assert "<title>Microsoft 365 Business Basic · Brightfield</title>" in page
    assert '<meta name="description" content="Mail and Teams.">' in page
    product, trail = structured(page)
    assert product["@type"] == "Product"
    assert [(o["price"], o["priceCurrency"]) for o in product["offers"]] == [("5.60", "EUR"), ("6.00", "EUR")]
    assert all(o["availability"].startswith("https://schema.org/") for o in product["offers"])
    assert [(i["position"], i["name"]) for i in trail["itemListElement"]] == [
        (1, "Brightfield"),
        (2, "Productivity"),
        (3, "Microsoft 365 Business Basic"),
    ]
    assert structured(browser.see("/"))[0]["@type"] == "WebSite"
    assert 'content="noindex' in browser.see("/search?q=mail")
    assert 'content="noindex' in browser.see("/compare")
    assert 'content="noindex' in browser.see("/sign-in") + browser.sign_in("anna").see("/orders")
    with world.acting():
        found = storefronts.find(world.storefronts["brightfield"])
        db.add(Host(host="buy.brightfield.test", storefront_id=found.id, aliases=False))
        storefronts.touch_looks(found)
    assert 'rel="canonical" href="http://buy.brightfield.test/p/m365-bb"' in browser.see("/p/m365-bb")
    own = web.test_client().get("/p/m365-bb", base_url="http://buy.brightfield.test").text
    assert 'rel="canonical" href="http://buy.brightfield.test/p/m365-bb"' in own
    assert "/brightfield/" not in own
    robots = web.test_client().get("/robots.txt", base_url="http://buy.brightfield.test").text
    assert "Sitemap: http://buy.brightfield.test/sitemap.xml" in robots
    assert "Disallow: /*/basket" in web.test_client().get("/robots.txt", base_url=SHOP).text


@pytest.mark.behaviour("I37")
def test_a_sitemap_has_every_product_once_in_parts_and_is_asked_for_by_its_tag(
    world: World, shop: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.portal.sitemaps.EACH", 1)
    browser = shop("brightfield")

    def places(path: str) -> list[str]:
        read = ElementTree.fromstring(browser.see(path))  # noqa: S314 our own
        return [str(each.text) for each in read.iter() if each.tag.endswith("loc")]

    parts = [url.removeprefix("http://shop.test/brightfield") for url in places("/sitemap.xml")]
    assert len(parts) == 3
    listed = [url for part in parts for url in places(part)]
    at = "http://shop.test/brightfield"
    assert set(listed) == {
        f"{at}/", f"{at}/help", f"{at}/terms", f"{at}/c/security", f"{at}/c/productivity",
        f"{at}/p/patch", f"{at}/p/m365-bb",
    }  # fmt: skip
    assert len(listed) == len(set(listed))
    first = browser.get("/sitemap.xml")
    kept = {"If-None-Match": first.headers["ETag"]}
    assert browser.get("/sitemap.xml", headers=kept).status_code == 304
    assert browser.get("/sitemaps/nonsense.xml").status_code == 404
    hide_prices(world, "brightfield")
    assert browser.get("/sitemap.xml", headers=kept).status_code == 200


def test_structured_data_never_ends_its_element() -> None:
    written = as_json({"name": "</script><script>alert(1)</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written)["name"].startswith("</script>")


# --- Prices for its own only --------------------------------------------------------------------------------


@pytest.mark.behaviour("I38")
def test_a_visitor_sees_no_price_anywhere_until_signed_in(
    world: World, shop: Callable[..., Browser], web: Flask
) -> None:
    stranger, anna = shop("brightfield"), shop("brightfield").sign_in("anna")
    pages = [
        "/", "/c/security", "/?sort=-price", "/?price=7", "/?vendor=0patch", "/p/patch", "/p/m365-bb",
        "/search?q=patch", "/search?q=micorsoft&sort=price", "/compare?product=patch&plan=m365-bb-m",
        "/p/patch?quantity=3", "/p/patch/price?quantity=3", "/suggest?q=patch",
        "/sitemap.xml", "/sitemaps/pages.xml", "/robots.txt", "/help", "/terms",
    ]  # fmt: skip
    pages += [
        key.removeprefix("GET ")
        for key, route in ROUTES.items()
        if key.startswith("GET /") and route.owner in (Owner.PUBLIC, Owner.CUSTOMER) and "<" not in key
    ]
    shown = {path for path in pages if AMOUNT.search(main_of(stranger.get(path).text))}
    assert {"/", "/p/patch", "/search?q=patch", "/compare?product=patch&plan=m365-bb-m"} <= shown
    hide_prices(world, "brightfield")
    for path in pages:
        answer = stranger.get(path, headers={"HX-Request": "true"})
        told = AMOUNT.search(main_of(answer.text))
        assert not told, (path, told and told[0], main_of(answer.text)[:3000])
    for path in ("/", "/search?q=patch", "/compare?product=patch", "/p/patch"):
        assert "Sign in to see" in stranger.see(path)
    for order in ("price", "-price"):
        front = stranger.see(f"/?sort={order}")
        assert front.index("0patch Pro") < front.index("Business Basic"), "not even by their order"
    assert "offers" not in structured(stranger.see("/p/patch"))[0]
    for path in ("/", "/p/patch", "/search?q=patch", "/compare?product=patch"):
        assert "€24.95" in anna.see(path)
        assert "€24.95" not in stranger.see(path), "what was kept for one is not shown to the other"
        assert "€24.95" in shop().see(path), "another shop is another matter"
    zoe = shop("harbour").sign_in("zoe")
    assert "€24.95" in zoe.see("/p/patch")
    hide_prices(world, "brightfield", hidden=False)
    assert "€24.95" in stranger.see("/p/patch")


@pytest.mark.behaviour("I38")
def test_who_runs_a_shop_decides_who_sees_its_prices(world: World, shop: Callable[..., Browser]) -> None:
    stranger, bea = shop("brightfield"), shop("brightfield").sign_in("bea")
    assert bea.post("/reseller/visibility", on="/reseller/visibility", prices="own").status_code == 303
    assert "€24.95" not in stranger.see("/p/patch")
    assert "€24.95" in bea.see("/p/patch")
    assert "prices shown to its own only" in bea.see("/reseller/visibility").lower()
    assert bea.post("/reseller/visibility", prices="nobody").status_code == 422
    house, nora = shop(), shop().sign_in("nora")
    assert "€24.95" in house.see("/p/patch")
    assert nora.post("/distributor/visibility", on="/distributor/visibility", prices="own").status_code == 303
    assert "€24.95" not in house.see("/p/patch")
    assert "€24.95" in nora.see("/p/patch")
    assert "€24.95" in shop().sign_in("bea").see("/p/patch"), "resellers are at home in the house's shop"
