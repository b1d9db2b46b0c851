"""Accounts and own domains in a real browser: a forgotten password, two-factor sign-in, and a portal under a
name of its own that is entered by a ticket."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pyotp.totp import TOTP

from tests.browser.conftest import Shop
from tests.browser.test_story import as_person, browse, sign_in

NEW = "Another-way-in-7"


def linked(shop: Shop, to: str, subject: str, part: str) -> str:
    """The link in the newest mail about something."""
    mail = shop.mail(to, subject)
    return next(link for link in mail["links"] if part in link)


def test_a_forgotten_password_is_chosen_anew(chromium: Browser, shop: Shop) -> None:
    page, ben = browse(chromium), shop.person("ben@acorn")
    page.goto(f"{shop.url}/harbour/sign-in")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail").fill(ben["email"])
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("is on its way")).to_be_visible()
    link = linked(shop, ben["email"], "Choose a new password", "/forgotten/")
    assert link.startswith(f"{shop.url}/harbour/forgotten/")
    page.goto(link)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save the new password").click()
    expect(page.get_by_text("Your new password holds")).to_be_visible()
    sign_in(page, f"{shop.url}/harbour", ben["email"], NEW)
    page.goto(f"{shop.url}/harbour/profile")
    expect(page.get_by_text("Password reset")).to_be_visible()
    page.goto(link)
    expect(page.get_by_text("does not work any more")).to_be_visible()


def test_two_factor_is_set_up_and_asked_for(chromium: Browser, shop: Shop) -> None:
    hanna = shop.person("hanna@")
    page = as_person(chromium, shop, "hanna@")
    page.goto(f"{shop.url}/profile/two-factor")
    page.get_by_label("Your password").fill(hanna["password"])
    page.get_by_role("button", name="Begin").click()
    picture = page.get_by_role("img", name=re.compile("QR code"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 100)")
    secret = page.locator("[data-copy]").first.get_attribute("data-copy") or ""
    page.get_by_label("Code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    spare = page.locator(".codes li").first.inner_text()

    again = browse(chromium)
    again.goto(f"{shop.url}/sign-in")
    again.get_by_label("E-mail").fill(hanna["email"])
    again.locator("input[name=password]").fill(hanna["password"])
    again.locator("input[name=password]").press("Enter")
    expect(again.get_by_role("heading", name="Enter your code")).to_be_visible()
    again.get_by_label("Code").fill("000000")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_text("This code does not work")).to_be_visible()
    again.get_by_label("Code").fill(spare)
    again.get_by_role("button", name="Sign in").click()
    again.wait_for_url(re.compile("/reseller/"))
    again.goto(f"{shop.url}/profile")
    expect(again.get_by_text("9 of 10 recovery codes left")).to_be_visible()


def prove(page: Page, base: str, name: str) -> None:
    """Claims a name and sets its record at the sandbox's name server."""
    page.goto(f"{base}/reseller/domain")
    page.get_by_label("Host name").fill(name)
    page.get_by_role("button", name="Claim it").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Set it at the sandbox's name server").click()
    opened.value.get_by_role("button", name="Set the record").click()
    expect(opened.value.get_by_text(f"_storefront-verify.{name}")).to_be_visible()
    opened.value.close()
    page.get_by_role("button", name="Look for the record").click()
    expect(page.get_by_text("Verified")).to_be_visible(timeout=90_000)


def test_a_portal_opens_under_its_own_name(chromium: Browser, shop: Shop) -> None:
    hugo, name = as_person(chromium, shop, "hugo@"), "portal.harbour.localhost"
    prove(hugo, shop.url, name)
    own = shop.url.replace("127.0.0.1", name)
    anna, person = browse(chromium), shop.person("anna@acorn")
    anna.goto(own)
    expect(anna.get_by_text("Calm seas for your IT").first).to_be_visible()
    sign_in(anna, own, person["email"], person["password"])
    anna.goto(f"{own}/services")
    expect(anna.get_by_role("heading", name="My services")).to_be_visible()
    assert {cookie.get("domain") for cookie in anna.context.cookies()} == {name}

    house = as_person(chromium, shop, "anna@acorn")
    house.goto(f"{shop.url}/choose")
    house.get_by_role("button", name=re.compile("Acorn")).click()
    house.wait_for_url(f"{own}/**")
    house.goto(f"{own}/services")
    expect(house.get_by_role("heading", name="My services")).to_be_visible()


@pytest.mark.behaviour("U32", "U33")
def test_the_account_switcher_opens_on_hover_and_marks_where_one_is(chromium: Browser, shop: Shop) -> None:
    hugo = as_person(chromium, shop, "hugo@")
    hugo.goto(f"{shop.url}/reseller/")
    expect(hugo.locator(".switcher__list")).to_be_hidden()
    hugo.locator(".switcher a").first.hover()
    expect(hugo.locator(".switcher__list")).to_be_visible()
    expect(hugo.locator(".switcher__list [aria-current=true]")).to_have_text(re.compile("Harbour"))
