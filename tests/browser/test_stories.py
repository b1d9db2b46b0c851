"""The customer's story (sign in, buy seats, pay, see licences) as different people live it: in another theme,
in the dark, from right to left, with the keyboard alone, and without scripts. The same helpers as
test_story.py, which tells it once in full."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_story import CARD, DELIVERED, as_person, buy, pay, sign_in


@pytest.fixture
def anna(chromium: Browser, shop: Shop) -> Generator[Page]:
    """Anna of Acorn at Harbour's portal."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield at_harbour(context, shop)
    context.close()


def at_harbour(context: BrowserContext, shop: Shop) -> Page:
    """Signed in, on the portal's front page."""
    page = context.new_page()
    page.set_default_timeout(45_000)
    person = shop.person("anna@acorn")
    sign_in(page, harbour(shop), person["email"], person["password"])
    return page


def harbour(shop: Shop) -> str:
    """Where Harbour's portal stands."""
    return f"{shop.url}/harbour"


def licences(page: Page, seats: int) -> None:
    """From the gateway back to the order, until the seats are there."""
    page.wait_for_url(re.compile("/orders/"))
    expect(page.get_by_text("Everything of this order is delivered.")).to_be_visible(timeout=DELIVERED)
    page.get_by_role("link", name="Open the service").first.click()
    expect(page.locator("main table tbody tr")).to_have_count(seats)


@pytest.fixture
def ledger(chromium: Browser, shop: Shop) -> Generator[None]:
    """Harbour's portal in Ledger, as Hugo sets it in the studio; afterwards as it was."""
    hugo = as_person(chromium, shop, "hugo@")
    was = set_theme(hugo, shop, "ledger")
    yield
    set_theme(hugo, shop, was)
    hugo.context.close()


def set_theme(hugo: Page, shop: Shop, theme: str) -> str:
    """Chooses a theme and saves it; the one before."""
    hugo.goto(f"{shop.url}/reseller/branding")
    was = hugo.locator("input[name=theme]:checked").get_attribute("value") or ""
    hugo.locator(f"input[name=theme][value={theme}]").check()
    hugo.get_by_role("button", name="Save", exact=True).click()
    hugo.wait_for_url(re.compile("said="))
    return was


def test_it_is_told_in_ledger(ledger: None, anna: Page, shop: Shop) -> None:
    anna.goto(f"{harbour(shop)}/")
    expect(anna.locator("body")).to_have_class(re.compile("theme-ledger"))
    heading = anna.get_by_role("heading", level=1)
    assert "Serif" in heading.evaluate("one => getComputedStyle(one).fontFamily")
    rows = anna.locator(".shelf .entry")
    first, second = (rows.nth(n).bounding_box() for n in (0, 1))
    assert first
    assert second
    assert first["x"] == second["x"], "products stand under one another"
    buy(anna, harbour(shop), "Microsoft 365 Business Basic", 2)
    pay(anna)
    licences(anna, 2)


def test_it_is_told_in_the_dark(anna: Page, shop: Shop) -> None:
    anna.goto(f"{harbour(shop)}/help")
    anna.get_by_role("button", name="Dark").click()
    anna.wait_for_url(re.compile("/help"))
    expect(anna.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    for path in ("/", "/p/m365-business-basic", "/basket", "/orders"):
        anna.goto(harbour(shop) + path)
        assert anna.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    buy(anna, harbour(shop), "Microsoft 365 Business Basic", 1)
    pay(anna)
    licences(anna, 1)
    expect(anna.locator("html")).to_have_attribute("data-mode", "dark")


def test_it_is_told_from_right_to_left(anna: Page, shop: Shop) -> None:
    anna.goto(f"{harbour(shop)}/?lang=ar-XB")
    brand, account = anna.locator(".shop-head__brand"), anna.locator(".shop-head__acts")
    left, right = account.bounding_box(), brand.bounding_box()
    assert left
    assert right
    assert left["x"] < right["x"], "the shop's name stands on the right"
    buy(anna, harbour(shop), "Microsoft 365 Business Basic", 2)
    pay(anna)
    licences(anna, 2)
    expect(anna.locator("html")).to_have_attribute("dir", "rtl")


def test_it_is_told_without_scripts(chromium: Browser, shop: Shop) -> None:
    context = chromium.new_context(java_script_enabled=False)
    anna = at_harbour(context, shop)
    buy(anna, harbour(shop), "Microsoft 365 Business Basic", 2)
    pay(anna)
    licences(anna, 2)
    anna.get_by_role("button", name="Dark").click()
    expect(anna.locator("html")).to_have_attribute("data-mode", "dark")
    context.close()


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the first thing that fits has the focus."""
    page.locator(selector).first.wait_for()
    for _ in range(120):
        if page.evaluate(
            "s => document.activeElement?.matches(s) && document.activeElement === document.querySelector(s)",
            selector,
        ):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def past_the_head(page: Page) -> None:
    """By the link that skips to the content."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_it_is_told_with_the_keyboard_alone(chromium: Browser, shop: Shop) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page, person = context.new_page(), shop.person("anna@acorn")
    page.set_default_timeout(45_000)
    page.goto(f"{harbour(shop)}/sign-in")
    expect(page.locator("[name=email]")).to_be_focused()
    page.keyboard.type(person["email"])
    page.keyboard.press("Tab")
    page.keyboard.type(person["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))
    tab_to(page, "#search")
    page.keyboard.type("Business Basic")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=Business"))
    past_the_head(page)
    tab_to(page, "main .product a[href*=basic]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/p/"))
    past_the_head(page)
    tab_to(page, "input[name=plan]:checked")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    tab_to(page, "input[name=quantity]")
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    tab_to(page, "main .card button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/basket"))
    past_the_head(page)
    tab_to(page, "main a[href$='/checkout']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/checkout"))
    past_the_head(page)
    tab_to(page, "main form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/c/pay/"))
    answers = {
        "#email": "card@example.org",
        "#card": CARD,
        "#expiry": "12 / 34",
        "#cvc": "123",
        "#name": "A. Berg",
    }
    for field, answer in answers.items():
        if page.locator(field).count():
            tab_to(page, field)
            page.keyboard.type(answer)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/orders/"))
    expect(page.get_by_text("Everything of this order is delivered.")).to_be_visible(timeout=DELIVERED)
    past_the_head(page)
    tab_to(page, "main .notice a")
    page.keyboard.press("Enter")
    expect(page.locator("main table tbody tr")).to_have_count(2)
    context.close()
