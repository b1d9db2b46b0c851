"""Light or dark is the visitor's own, kept per shop and never in what is kept for everybody; the testers'
languages are for sandboxes."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from core import db, languages
from core.parties import Distributor
from tests.portal.conftest import SHOP, Browser
from tests.world import World

ROOT = re.compile(r'<html lang="([^"]+)" dir="(\w+)" data-mode="(\w+)">')
PRESSED = re.compile(r'name="mode" value="(\w+)" aria-pressed="true"')


def root(page: str) -> tuple[str, str, str]:
    """Language, direction and mode of a page."""
    found = ROOT.search(page)
    assert found, page[:400]
    return found[1], found[2], found[3]


def choose(browser: Browser, mode: str, **headers: str) -> str:
    """Presses one of the three buttons; where it leads."""
    page = browser.get("/").text
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)
    answer = browser.client.post(
        f"{browser.at}/look",
        base_url=SHOP,
        data={"mode": mode, "csrf_token": token[1] if token else ""},
        headers=headers,
    )
    assert answer.status_code == 303, answer.text
    return answer.location


def test_a_visitor_chooses_dark_and_nobody_else_sees_it(shop: Callable[..., Browser]) -> None:
    one, other = shop("brightfield"), shop("brightfield")
    for page in ("/", "/p/patch", "/search?q=patch", "/help"):
        assert root(one.see(page)) == ("en", "ltr", "auto")
    choose(one, "dark")
    for page in ("/", "/p/patch", "/search?q=patch", "/help"):
        assert root(one.see(page)) == ("en", "ltr", "dark")
        assert PRESSED.findall(one.see(page)) == ["dark"]
        assert root(other.see(page)) == ("en", "ltr", "auto")
        assert PRESSED.findall(other.see(page)) == ["auto"]
    choose(one, "auto")
    assert root(one.see("/")) == ("en", "ltr", "auto")


def test_the_choice_is_kept_per_shop(shop: Callable[..., Browser]) -> None:
    bright, harbour = shop("brightfield"), shop("harbour")
    choose(bright, "dark")
    harbour.client = bright.client
    assert root(bright.see("/"))[2] == "dark"
    assert root(harbour.see("/"))[2] == "auto"


def test_it_holds_in_the_consoles_too(shop: Callable[..., Browser]) -> None:
    nora = shop().sign_in("nora")
    choose(nora, "light")
    assert root(nora.see("/distributor/"))[2] == "light"
    assert PRESSED.findall(nora.see("/distributor/")) == ["light"]


def test_one_comes_back_to_where_one_was_and_never_to_another_site(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    assert choose(browser, "dark", Referer=f"{SHOP}/brightfield/search?q=a+b") == "/brightfield/search?q=a+b"
    assert choose(browser, "dark", Referer="http://elsewhere.example/x") == "/brightfield/"
    assert choose(browser, "dark", Referer="http://shop.test//evil.example/") == "/brightfield/"
    assert choose(browser, "dark") == "/brightfield/"


@pytest.mark.parametrize("cookie", ["purple.en", "dark.xx", "..", "", "dark.en-XA.more", "dark" * 500])
def test_a_cookie_that_makes_no_sense_is_as_none(shop: Callable[..., Browser], cookie: str) -> None:
    browser = shop("brightfield")
    choose(browser, "dark")
    name = next(one.key for one in (browser.client._cookies or {}).values() if one.key.startswith("look-"))
    browser.client.set_cookie(name, cookie, domain="shop.test")
    language, direction, mode = root(browser.see("/"))
    assert (language, direction) == ("en", "ltr")
    assert mode == ("dark" if cookie.startswith("dark.") else "auto")


def test_a_mode_that_does_not_exist_is_refused(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    assert browser.client.post("/brightfield/look", base_url=SHOP, data={"mode": "sepia"}).status_code == 422


def sandbox(world: World, *, on: bool) -> None:
    """Makes the distributor one for trying things, or a real one."""
    with world.acting():
        db.session().scalars(select(Distributor)).one().sandbox = on


def test_testers_turn_a_sandbox_around_and_it_stays_so(world: World, shop: Callable[..., Browser]) -> None:
    sandbox(world, on=True)
    browser, other = shop("brightfield"), shop("brightfield")
    english = other.see("/")
    assert root(browser.see("/?lang=ar-XB")) == ("ar-XB", "rtl", "auto")
    assert root(browser.see("/p/patch")) == ("ar-XB", "rtl", "auto")
    assert other.see("/") == english
    accented = browser.see("/?lang=en-XA")
    assert root(accented)[:2] == ("en-XA", "ltr")
    for word in (
        "Search products",
        "Categories",
        "How it works",
    ):  # of the frame, a fragment, the frame again
        assert languages.said_in("en-XA", word) in accented
    assert other.see("/") == english
    assert root(browser.see("/?lang=nonsense"))[0] == "en"


def test_a_real_shop_speaks_no_testers_language(world: World, shop: Callable[..., Browser]) -> None:
    sandbox(world, on=False)
    assert root(shop("brightfield").see("/?lang=ar-XB")) == ("en", "ltr", "auto")
