"""Coming in and moving about, in a real browser: a passkey of Chromium's own authenticator takes the place of
the code and then of the password; and somebody with three dashboards moves between them by the keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest
from playwright.sync_api import Browser, Page, expect
from pyotp.totp import TOTP

from tests.browser.test_story import browse, sign_in
from tests.fast_worker import Web
from tests.world import PASSWORD, World

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[str]:
    """A web process, at a host with a name: browsers bind passkeys to names."""
    with create_server(("127.0.0.1", 0), backlog=64) as listening:
        url = f"http://localhost:{listening.getsockname()[1]}"
        web = Web(tmp_path, listening, env={"PUBLIC_URL": url})
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
