"""Coming in and moving about, in a real browser: a passkey of Chromium's own authenticator takes the place of
the code and then of the password; and somebody with three dashboards moves between them by the keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest
from playwright.sync_api import Browser, Page, expect
from pyotp.totp import TOTP
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import make_server

import app
from core import parties
from core.settings import settings
from core.tenancy import Side
from tests.browser.test_story import browse, sign_in
from tests.fast_worker import Web
from tests.world import PASSWORD, World, open_portal, staff


class Pages(Web):
    """A web process that serves the static files as well: what is tested here are scripts."""

    def live(self) -> None:
        made = app.create_app()
        made.wsgi_app = SharedDataMiddleware(made.wsgi_app, {"/static": str(settings().instance / "static")})
        host, port = self.listening.getsockname()
        make_server(host, port, made, threaded=True, fd=self.listening.fileno()).serve_forever()


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[str]:
    """A web process, at a host with a name: browsers bind passkeys to names."""
    with create_server(("127.0.0.1", 0), backlog=64) as listening:
        url = f"http://localhost:{listening.getsockname()[1]}"
        web = Pages(tmp_path, listening, env={"PUBLIC_URL": url})
        yield url
        web.end()


def with_authenticator(page: Page) -> None:
    """The browser gets a device that knows its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": device})


@pytest.mark.behaviour("I74")
def test_a_passkey_takes_the_place_of_the_code_and_then_of_the_password(chromium: Browser, shop: str) -> None:
    page = browse(chromium)
    with_authenticator(page)
    sign_in(page, shop, "hugo@people.example", PASSWORD)
    page.goto(f"{shop}/profile/two-factor")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    secret = page.locator("[data-copy]").first.get_attribute("data-copy") or ""
    page.get_by_label("Code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)

    page.goto(f"{shop}/profile/two-factor")
    form = page.locator("form[data-passkey=make]")
    expect(form.get_by_text("This one would be for localhost")).to_be_visible()
    form.get_by_label("Name of the device").fill("Work laptop")
    form.get_by_label("Your password").fill("not this one")
    form.get_by_role("button", name="Add a passkey").click()
    expect(form.get_by_text("This is not your password.")).to_be_visible()
    form.get_by_label("Your password").fill(PASSWORD)
    form.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey is yours.")).to_be_visible()
    expect(page.get_by_role("cell", name="Work laptop")).to_be_visible()

    page.request.post(f"{shop}/sign-out", form={"csrf_token": token(page)})
    page.goto(f"{shop}/sign-in")
    page.get_by_label("E-mail").fill("hugo@people.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(re.compile("/reseller/"))

    page.request.post(f"{shop}/sign-out", form={"csrf_token": token(page)})
    page.goto(f"{shop}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile("/reseller/"))
    page.context.close()


def token(page: Page) -> str:
    """The token of the page's forms."""
    return page.locator("input[name=csrf_token]").first.get_attribute("value") or ""


def works_everywhere(world: World, customers: int) -> None:
    """Toni works for Northwind, for Brightfield and for so many of its customers, Acme first."""
    open_portal(world)
    brightfield = world.resellers["brightfield"]
    with world.acting():
        toni = staff(world, "toni", side=Side.DISTRIBUTOR)
        own = {"email": toni.email, "name": toni.name, "roles": ["admin"]}
        parties.add_member(toni.person_id, side=Side.RESELLER, reseller_id=brightfield, **own)
        for number in range(customers):
            name = f"Company {number:02}"
            customer = (
                parties.add_customer(brightfield, name=name, email=f"c{number}@people.example").id
                if number
                else world.customers["acme"]
            )
            parties.add_member(
                toni.person_id, side=Side.CUSTOMER, reseller_id=brightfield, customer_id=customer, **own
            )


def to_the_switcher(page: Page) -> None:
    """By the tabulator key, as somebody without a mouse."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.switcher') !== null"):
            expect(page.locator(".switcher__list .menu__item").first).to_be_visible()
            return
    raise AssertionError("the keyboard does not come to the switcher")


@pytest.mark.behaviour("U32", "U33", "U34", "U35")
def test_somebody_with_three_dashboards_moves_between_them_by_the_keyboard(
    chromium: Browser, shop: str, world: World
) -> None:
    works_everywhere(world, 1)
    page = browse(chromium)
    sign_in(page, shop, "toni@people.example", PASSWORD)
    page.wait_for_url(re.compile("/distributor/"))
    to_the_switcher(page)
    items = page.locator(".switcher__list .menu__item")
    expect(items).to_have_count(3)
    expect(page.locator(".switcher__list [aria-current=true]")).to_contain_text("Northwind")
    page.keyboard.press("ArrowDown")
    expect(items.first).to_be_focused()
    page.keyboard.press("End")
    expect(items.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".switcher__list")).to_be_hidden()
    expect(page.locator(".switcher a").first).to_be_focused()

    page.keyboard.press("ArrowDown")
    while "Brightfield" not in page.evaluate("document.activeElement.textContent") or "Reseller" not in (
        page.evaluate("document.activeElement.textContent")
    ):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/reseller/"))
    to_the_switcher(page)
    expect(page.locator(".switcher__list [aria-current=true]")).to_contain_text("Brightfield")
    page.keyboard.press("ArrowDown")
    while "Acme" not in page.evaluate("document.activeElement.textContent"):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/brightfield/"))
    page.goto(f"{shop}/brightfield/services")
    expect(page.get_by_role("heading", name="My services")).to_be_visible()
    page.context.close()


@pytest.mark.behaviour("U34")
def test_with_many_dashboards_one_is_searched_for(chromium: Browser, shop: str, world: World) -> None:
    works_everywhere(world, 12)
    page = browse(chromium)
    sign_in(page, shop, "toni@people.example", PASSWORD)
    to_the_switcher(page)
    page.keyboard.press("ArrowDown")
    search = page.get_by_role("searchbox", name="Find an account")
    expect(search).to_be_focused()
    page.keyboard.type("company 07")
    expect(page.locator(".switcher__list .menu__item:visible")).to_have_count(1)
    page.keyboard.type(" nothing")
    expect(page.get_by_text("No account matches.")).to_be_visible()
    search.fill("company 07")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/brightfield/"))
    page.context.close()
