"""The whole story in a real browser: a reseller buys its plan by card, opens its own portal, invites a customer, who buys seats and sees licences.
Shorter ones end badly, in words a person understands, with nothing lost."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Shop

pytestmark = pytest.mark.xdist_group("browser")

CARD = "4242424242424242"
DECLINED = "4000000000000002"


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    """At a shop's sign-in page."""
    page.goto(f"{base}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"))


def pay(page: Page, card: str = CARD) -> None:
    """On the gateway's own page."""
    page.wait_for_url(re.compile("/c/pay/"))
    page.locator("#email").fill("card@example.org")
    page.locator("#card").fill(card)
    page.locator("#expiry").fill("12 / 34")
    page.locator("#cvc").fill("123")
    page.locator("#name").fill("A. Person")
    page.locator("#pay").click()


def as_person(browser: Browser, shop: Shop, who: str, base: str = "") -> Page:
    """Somebody of the demo world in a browser of their own, signed in."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(20_000)
    person = shop.person(who)
    sign_in(page, base or shop.url, person["email"], person["password"])
    return page


@pytest.mark.behaviour("I1", "I2", "I4", "I7", "I8", "I11", "I17", "I18", "I19", "I22")
def test_a_reseller_opens_its_portal_and_its_customer_gets_licences(browser: Browser, shop: Shop) -> None:
    bea = as_person(browser, shop, "bea@")
    bea.get_by_role("link", name="Storefront", exact=True).click()
    bea.get_by_role("link", name=re.compile("Standard")).first.click()
    bea.get_by_label(re.compile("Storefront alias|Alias|address", re.I)).first.fill("brightfield")
    bea.get_by_role("button", name=re.compile("Order and pay")).click()
    pay(bea)
    expect(bea.get_by_text(re.compile("storefront is open|Your plan is delivered|Ready", re.I)).first).to_be_visible(timeout=30_000)
    assert f"{shop.url}/brightfield" in shop.mail(shop.person("bea@")["email"], "storefront")["text"]

    portal = f"{shop.url}/brightfield"
    bea.goto(f"{portal}/sign-in")
    sign_in(bea, portal, shop.person("bea@")["email"], shop.person("bea@")["password"])
    make_it_hers(bea, portal)
    set_a_price(bea, portal)
    invite(bea, portal)

    link = re.search(rf"{portal}/invitations/\S+", shop.mail("cora@clover.example", "invit")["text"])
    assert link
    cora = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    cora.set_default_timeout(20_000)
    cora.goto(link[0])
    cora.get_by_label(re.compile("name", re.I)).first.fill("Cora Clover")
    cora.get_by_label(re.compile("password", re.I)).first.fill("Clover-and-bees-1")
    cora.locator("main").get_by_role("button").first.click()
    cora.wait_for_url(re.compile(r"^(?!.*invitations)"))
    buy_seats(cora, portal)


def make_it_hers(page: Page, portal: str) -> None:
    """Colour and logo, seen on the next request."""
    page.goto(f"{portal}/reseller/branding")
    page.locator("input[name=brand], input[name='settings-brand']").first.fill("#0b7a3b")
    page.locator("input[type=file]").first.set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": a_logo()})
    page.get_by_role("button", name=re.compile("Publish|Save", re.I)).first.click()
    page.wait_for_load_state()
    page.goto(f"{portal}/")
    expect(page.locator(".shop-head__logo")).to_be_visible()
    css = page.request.get(page.locator("link[rel=stylesheet]").first.get_attribute("href") or "").text()
    assert "--accent" in css


def set_a_price(page: Page, portal: str) -> None:
    """A retail price of her own."""
    page.goto(f"{portal}/reseller/prices?q=Business+Basic")
    field = page.get_by_label(re.compile("price", re.I)).first
    field.fill("7.77")
    page.get_by_role("button", name=re.compile("^Save", re.I)).first.click()
    page.wait_for_load_state()
    page.goto(f"{portal}/search?q=Business+Basic")
    expect(page.get_by_text("7.77").first).to_be_visible()


def invite(page: Page, portal: str) -> None:
    """A customer by e-mail."""
    page.goto(f"{portal}/reseller/customers/invite")
    page.get_by_label(re.compile("company", re.I)).first.fill("Clover Farms")
    page.get_by_label(re.compile("e-mail", re.I)).first.fill("cora@clover.example")
    names = page.get_by_label(re.compile("person|contact|name of", re.I))
    if names.count():
        names.first.fill("Cora Clover")
    page.locator("main").get_by_role("button", name=re.compile("invit", re.I)).first.click()
    page.wait_for_load_state()


def buy_seats(page: Page, portal: str) -> None:
    """Ten seats of Microsoft 365 Business Basic, paid by card, delivered by a worker."""
    page.goto(f"{portal}/search?q=Business+Basic")
    page.get_by_role("link", name=re.compile("Business Basic")).first.click()
    page.get_by_label(re.compile("seats|quantity", re.I)).first.fill("10")
    page.get_by_role("button", name=re.compile("Add to basket")).click()
    page.wait_for_load_state()
    page.goto(f"{portal}/checkout")
    fill_order_fields(page)
    page.get_by_role("button", name=re.compile("pay|order", re.I)).last.click()
    pay(page)
    page.wait_for_url(re.compile("/orders/"))
    expect(page.get_by_text(re.compile("Ready|Delivered|licences", re.I)).first).to_be_visible(timeout=30_000)
    page.goto(f"{portal}/services")
    page.get_by_role("link", name=re.compile("Business Basic")).first.click()
    expect(page.locator("main table tbody tr")).to_have_count(10)


def fill_order_fields(page: Page) -> None:
    """What the connector asks the buyer, and the terms."""
    for box in page.locator("main input[type=checkbox]").all():
        if not box.is_checked():
            box.check()


def a_logo() -> bytes:
    """A small picture."""
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (240, 80), (11, 122, 59)).save(out, "PNG")
    return out.getvalue()
