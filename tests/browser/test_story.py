"""The whole story in a real browser: a reseller on Basic buys its plan by card, its portal opens, it makes it
its own, sets a price and invites a customer, who buys seats and sees licences. Shorter ones end badly,
each in words a person understands, with nothing lost."""

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import Shop

CARD = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
DELIVERED = 90_000  # milliseconds a delivery may take on a busy machine before the test gives up
DESK: ViewportSize = {"width": 1280, "height": 900}


def browse(chromium: Browser) -> Page:
    """Somebody's own browser."""
    page = chromium.new_context(viewport=DESK).new_page()
    page.set_default_timeout(45_000)
    return page


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    """At a shop's sign-in page."""
    page.goto(f"{base}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))


def as_person(chromium: Browser, shop: Shop, who: str, base: str = "") -> Page:
    """Somebody of the demo world, signed in."""
    page, person = browse(chromium), shop.person(who)
    sign_in(page, base or shop.url, person["email"], person["password"])
    return page


def submit(page: Page) -> None:
    """The main form's last button."""
    page.locator("main form button[type=submit]").last.click()


def order_plan(page: Page, base: str, plan: str, alias: str) -> None:
    """Chooses a plan, asks for an address, pays by card."""
    page.goto(f"{base}/reseller/plans")
    page.get_by_role("link", name=f"Choose {plan}").click()
    page.get_by_label("Storefront alias").fill(alias)
    if page.locator("input[name=pay_by][value=card]").count():
        page.locator("input[name=pay_by][value=card]").check()
    page.get_by_role("button", name="Place the order").click()


def pay(page: Page, card: str = CARD) -> None:
    """On the gateway's own page."""
    page.wait_for_url(re.compile("/c/pay/"))
    if page.locator("#email").count():
        page.locator("#email").fill("card@example.org")
    page.locator("#card").fill(card)
    page.locator("#expiry").fill("12 / 34")
    page.locator("#cvc").fill("123")
    page.locator("#name").fill("A. Person")
    page.locator("#pay").click()


def buy(page: Page, portal: str, words: str, seats: int) -> None:
    """From search to the gateway's page."""
    page.goto(f"{portal}/search?q={words.replace(' ', '+')}")
    page.locator("main").get_by_role("link", name=re.compile(words.split()[-1])).first.click()
    page.locator("input[name=quantity]").fill(str(seats))
    page.get_by_role("button", name="Add to basket").click()
    page.wait_for_url(re.compile("/basket"))
    page.goto(f"{portal}/checkout")
    accept_agreements(page, portal)
    say_who(page)
    submit(page)


def accept_agreements(page: Page, portal: str) -> None:
    """What the checkout says is still to be accepted for the company: before its first order only."""
    missing = page.locator(".notice a[href*='/agreements/']")
    while missing.count():
        missing.first.click()
        page.locator("input[name=agreed]").check()
        page.get_by_role("button", name="Accept").click()
        page.wait_for_url(re.compile("said="))
        page.goto(f"{portal}/checkout")


def say_who(page: Page) -> None:
    """Whom the invoice is for, and that the terms are accepted, where the checkout asks it: before the first
    order only."""
    if page.locator("input[name=agreed]").count():
        page.locator("input[name=agreed]").check()
    if not page.locator("input[name=company-street]").count():
        return
    page.locator("input[name=company-legal_name]").fill("Clover Farms Ltd")
    page.locator("input[name=company-street]").fill("Mill Lane 3")
    page.locator("input[name=company-postcode]").fill("20095")
    page.locator("input[name=company-city]").fill("Hamburg")
    page.locator("select[name=company-country]").select_option("DE")


@pytest.mark.behaviour("I1", "I2", "I4", "I7", "I8", "I11", "I17", "I18", "I19", "I22", "H46")
def test_a_reseller_opens_its_portal_and_its_customer_gets_licences(chromium: Browser, shop: Shop) -> None:
    bea, me, portal = as_person(chromium, shop, "bea@"), shop.person("bea@"), f"{shop.url}/brightfield"
    order_plan(bea, shop.url, "Standard", "brightfield")
    pay(bea)
    expect(bea.get_by_text("Your storefront is open").first).to_be_visible(timeout=DELIVERED)
    assert portal in shop.mail(me["email"], "storefront")["text"]

    sign_in(bea, portal, me["email"], me["password"])
    make_it_hers(bea, portal)
    set_a_price(bea, portal, "7.77")
    invite(bea, portal, company="Clover Farms", name="Cora Clover", email="cora@clover.example")

    cora = browse(chromium)
    accept(cora, shop, portal, "cora@clover.example", "Clover-and-bees-1")
    buy(cora, portal, "Microsoft 365 Business Basic", 10)
    pay(cora)
    cora.wait_for_url(re.compile("/orders/"))
    expect(cora.get_by_text("Everything of this order is delivered.")).to_be_visible(timeout=DELIVERED)
    for step in ("Order placed", "Paid", "Ordered from Microsoft", "Ready to use"):
        expect(cora.get_by_text(step).first).to_be_visible()
    cora.get_by_role("link", name="Open the service").click()
    expect(cora.locator("main table tbody tr")).to_have_count(10)
    shop.mail("cora@clover.example", "ready")


def make_it_hers(page: Page, portal: str) -> None:
    """Logo and colour, seen on the next request."""
    page.goto(f"{portal}/reseller/branding")
    page.locator("input[type=file]").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": a_logo()}
    )
    page.get_by_role("button", name="Save the logo").click()
    page.wait_for_url(re.compile("said="))
    page.locator("input[name=brand]").fill("#0b7a3b")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile("said="))
    page.goto(f"{portal}/")
    expect(page.locator("img.shop-head__logo")).to_be_visible()
    page.goto(f"{portal}/reseller/branding")
    expect(page.locator("input[name=brand]")).to_have_value("#0b7a3b")


def set_a_price(page: Page, portal: str, price: str) -> None:
    """A retail price of her own, on the shelf at once."""
    page.goto(f"{portal}/reseller/prices?q=Exchange")
    for box in page.locator("input[name^=price-]").all():
        box.fill(price)
    page.get_by_role("button", name="Save all prices").click()
    page.wait_for_url(re.compile("said="))
    page.goto(f"{portal}/search?q=Exchange")
    expect(page.get_by_text(f"€{price}").first).to_be_visible()


def invite(page: Page, portal: str, *, company: str, name: str, email: str) -> None:
    """A customer by e-mail."""
    page.goto(f"{portal}/reseller/customers/invite")
    page.locator("input[name=company]").fill(company)
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=email]").fill(email)
    page.get_by_role("button", name="Send the invitation").click()
    page.wait_for_url(re.compile("said="))


def accept(page: Page, shop: Shop, portal: str, email: str, password: str) -> None:
    """By the link in the mail, which leads to the shop's own address."""
    link = re.search(rf"{re.escape(portal)}/invitations/\S+", shop.mail(email, "")["text"])
    assert link, "the mail has no link to this shop"
    page.goto(link[0])
    page.locator("input[name=password]").fill(password)
    submit(page)
    page.wait_for_url(re.compile(r"^(?!.*/invitations/)"))


@pytest.mark.behaviour("I19")
def test_two_resellers_want_one_alias_and_the_second_is_asked_for_another(
    chromium: Browser, shop: Shop
) -> None:
    hugo = as_person(chromium, shop, "hugo@")
    hugo.goto(f"{shop.url}/reseller/plans")
    bea = as_person(chromium, shop, "bea@")
    bea.goto(f"{shop.url}/reseller/plans/plan-free-m")
    alias = bea.get_by_label("Storefront alias")
    if (
        alias.count()
    ):  # she has none yet: the address of another reseller is refused before anything is ordered
        alias.fill("harbour")
        submit(bea)
        expect(bea.get_by_text(re.compile("already taken")).first).to_be_visible()
        expect(bea.get_by_label("Storefront alias")).to_have_value("harbour")
    else:
        expect(bea.get_by_text("Your storefront stays as it is")).to_be_visible()


def test_a_declined_card_says_why_and_the_order_waits(chromium: Browser, shop: Shop) -> None:
    anna, portal = as_person(chromium, shop, "anna@acorn", f"{shop.url}/harbour"), f"{shop.url}/harbour"
    buy(anna, portal, "Exchange Online", 3)
    pay(anna, DECLINED)
    expect(anna.get_by_text(re.compile("declined", re.I)).first).to_be_visible()
    anna.goto(f"{portal}/orders")
    anna.locator("main table tbody a").first.click()
    expect(
        anna.get_by_text(re.compile("not paid|awaiting payment|waits for your payment|Pay now", re.I)).first
    ).to_be_visible()
    anna.get_by_role("link", name=re.compile("Try again|Pay", re.I)).first.click()
    pay(anna)
    anna.wait_for_url(re.compile("/orders/"))
    expect(anna.get_by_text("Everything of this order is delivered.")).to_be_visible(timeout=DELIVERED)


@pytest.mark.promise("QP10", "QM8")
def test_what_a_vendor_refuses_goes_back_to_the_card_with_a_credit_note(
    chromium: Browser, shop: Shop
) -> None:
    anna, portal = as_person(chromium, shop, "anna@acorn", f"{shop.url}/harbour"), f"{shop.url}/harbour"
    buy(anna, portal, "Power BI", 2)
    shop.vendor("refuse", message="This tenant may not hold that product.")
    try:
        pay(anna)
        anna.wait_for_url(re.compile("/orders/"))
        expect(anna.get_by_text("The vendor refused this order").first).to_be_visible(timeout=DELIVERED)
        expect(anna.get_by_text(re.compile("to your card on")).first).to_be_visible(timeout=DELIVERED)
        expect(anna.get_by_text("This tenant may not hold that product")).to_have_count(0)
    finally:
        shop.vendor("instant")
    order = anna.url
    anna.goto(f"{portal}/invoices")
    anna.get_by_role("link", name=re.compile("Credit note")).first.click()
    expect(anna.get_by_text("Refused by the vendor").first).to_be_visible()
    told = shop.mail(shop.person("anna@acorn")["email"], "you get")
    assert "on the way back to the card" in told["text"]
    nora = as_person(chromium, shop, "nora@")
    nora.goto(f"{shop.url}/distributor/orders/{order.rstrip('/').rpartition('/')[2].split('?')[0]}")
    expect(nora.get_by_text("Given back").first).to_be_visible()
    expect(nora.get_by_text("This tenant may not hold that product").first).to_be_visible()


def test_a_vendor_that_is_down_delivers_when_it_is_back_and_only_once(chromium: Browser, shop: Shop) -> None:
    anna, portal = as_person(chromium, shop, "anna@acorn", f"{shop.url}/harbour"), f"{shop.url}/harbour"
    buy(anna, portal, "Visio", 2)
    shop.vendor("down")
    try:
        pay(anna)
        anna.wait_for_url(re.compile("/orders/"))
        expect(anna.get_by_text("Paid").first).to_be_visible(timeout=DELIVERED)
        expect(anna.get_by_text("Everything of this order is delivered.")).to_have_count(0)
    finally:
        shop.vendor("instant")
    expect(anna.get_by_text("Everything of this order is delivered.")).to_be_visible(timeout=2 * DELIVERED)


def a_logo() -> bytes:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (240, 80), (11, 122, 59)).save(out, "PNG")
    return out.getvalue()
