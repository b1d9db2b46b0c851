"""What is done at a stop before its picture is taken: filling in, pressing, setting a simulator's mood."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from tests.browser.conftest import Shop
from tests.shots.camera import Act

CARD = "4242 4242 4242 4242"
DELIVERED = 45_000  # milliseconds
PAYMENT = re.compile("/c/pay/|/orders/[^/]+/pay")  # Stripe's page, or ours that says why it does not open
PASSWORD = "Clover-and-bees-1"
LONG = "Van den Bergh-Oppenheimer & Zonen Internationale Handelshuis"  # a company of 60 letters


SEND = """form => {
  form.noValidate = true;
  const button = form.querySelector("button[type=submit]:not([hidden])");
  setTimeout(() => form.requestSubmit(button), 0);
}"""


def all_of(*acts: Act) -> Act:
    """One after the other."""

    def each(page: Page, shop: Shop) -> None:
        for act in acts:
            act(page, shop)

    return each


def upload(selector: str, file: Path) -> Act:
    """Chooses a file, which is sent with its form later."""

    def chosen(page: Page, _shop: Shop) -> None:
        page.set_input_files(selector, file)

    return chosen


def overtaken(page: Page, _shop: Shop) -> None:
    """The form says that it was filled with values that are not there any more."""
    page.locator("[name=seen]").first.evaluate("field => { field.value = 'older'; }")


def press(name: str, exact: bool = False) -> Act:
    """A button or a link that looks like one."""

    def pressed(page: Page, _shop: Shop) -> None:
        button = page.get_by_role("button", name=name, exact=exact).or_(
            page.get_by_role("link", name=name, exact=exact)
        )
        button.locator("visible=true").first.click()

    return pressed


def send(selector: str = "main form", **fields: str) -> Act:
    """Fills in fields by name (a company's fields have dashes, here two underscores) and sends their form
    as it is, past what the browser would check."""

    def sent(page: Page, _shop: Shop) -> None:
        form = page.locator(selector).first
        for name, value in fields.items():
            form.locator(f"[name='{name.replace('__', '-')}']").first.fill(value)
        with page.expect_navigation(wait_until="load"):
            form.evaluate(SEND)

    return sent


def fill(selector: str, words: str) -> Act:
    """Types into the first field that matches."""

    def filled(page: Page, _shop: Shop) -> None:
        page.locator(selector).first.fill(words)

    return filled


def choose(selector: str, value: str) -> Act:
    """One of a list."""

    def chosen(page: Page, _shop: Shop) -> None:
        page.locator(selector).first.select_option(value)

    return chosen


def unchecked(selector: str) -> Act:
    """A form that the browser sends as it is."""

    def done(page: Page, _shop: Shop) -> None:
        page.locator(selector).first.evaluate("form => { form.noValidate = true; }")

    return done


def checks(selector: str) -> Act:
    """Ticks the first box that matches."""

    def checked(page: Page, _shop: Shop) -> None:
        page.locator(selector).first.check()

    return checked


def opens(what: str) -> Act:
    """Something that is folded away: a dialog's button or a summary."""

    def opened(page: Page, _shop: Shop) -> None:
        page.locator("summary, button").filter(has_text=what).locator("visible=true").first.click()

    return opened


def see(words: str) -> Act:
    """Waits until the page says it."""

    def seen(page: Page, _shop: Shop) -> None:
        expect(page.get_by_text(words).first).to_be_visible(timeout=DELIVERED)

    return seen


def see_in_list(part: str) -> Act:
    """Waits, loading the page anew, until it has a link whose address holds this."""

    def seen(page: Page, _shop: Shop) -> None:
        for _ in range(20):
            if page.locator(f"main a[href*='{part}']").count():
                return
            page.wait_for_timeout(500)
            page.reload()
        raise AssertionError(f"no link to {part}")

    return seen


def to_link(part: str) -> Act:
    """Follows the first link of the page whose address holds this."""

    def followed(page: Page, _shop: Shop) -> None:
        page.locator(f"main a[href*='{part}']").first.click()

    return followed


def mail(to: str, subject: str, part: str) -> Act:
    """Opens the link of a mail that arrived."""

    def opened(page: Page, shop: Shop) -> None:
        found = shop.mail(to, subject)
        page.goto(next(link for link in found["links"] if part in link))

    return opened


def stripe(**mood: Any) -> Act:
    """The Stripe sandbox's mood, for every account."""

    def set_mood(_page: Page, shop: Shop) -> None:
        tell = {"account": "*", **mood}
        httpx.post(f"{shop.demo['stripe']}/_sandbox/moods", json=tell, timeout=10).raise_for_status()

    return set_mood


def simulator(name: str, path: str = "/") -> Act:
    """A page of a simulator."""

    def opened(page: Page, shop: Shop) -> None:
        page.goto(f"{str(shop.demo[name]).rstrip('/')}{path}")

    return opened


def services_read() -> Act:
    """Asks the vendor what it offers, and waits for its list."""

    def read(page: Page, _shop: Shop) -> None:
        page.get_by_role("button", name="Get services").click()
        expect(page.get_by_text("See the difference")).to_be_visible(timeout=DELIVERED)

    return read


# --- Buying and paying --------------------------------------------------------------------------------------


def put(code: str, quantity: int) -> Act:
    """Into the basket of the shop one is in."""

    def done(page: Page, shop: Shop) -> None:
        page.goto(f"{base(page, shop)}/p/{code}")
        page.locator("input[name=quantity]").fill(str(quantity))
        page.get_by_role("button", name="Add to basket").click()
        page.wait_for_url(re.compile("/basket"))

    return done


def base(page: Page, shop: Shop) -> str:
    """The address of the shop one is in: its first part is a portal's name, or it is the distributor's."""
    first = page.url.removeprefix(shop.url).strip("/").split("/")[0]
    known = {str(portal["alias"]) for portal in shop.demo["portals"]} | {"brightfield"}
    return f"{shop.url}/{first}" if first in known else shop.url


def agree(page: Page, _shop: Shop) -> None:
    """Ticks the terms where they are asked for."""
    if page.locator("input[name=agreed]").count():
        page.locator("input[name=agreed]").check()


def choose_support(page: Page, _shop: Shop) -> None:
    """The type by which the reseller looks after the customer itself."""
    page.locator("select[name=support]").select_option(label="Partner supported")


def order(page: Page, shop: Shop) -> None:
    """From the checkout to the payment page."""
    page.goto(f"{base(page, shop)}/checkout")
    agree(page, shop)
    for name, words in {"street": "Mill Lane 3", "postcode": "1012 AB", "city": "Amsterdam"}.items():
        if page.locator(f"input[name=company-{name}]").count():
            page.locator(f"input[name=company-{name}]").fill(words)
    if page.locator("select[name=company-country]").count():
        page.locator("select[name=company-country]").select_option("NL")
    page.get_by_role("button", name=re.compile("Order and pay")).click()
    page.wait_for_url(PAYMENT)


def accept_agreement(page: Page, shop: Shop) -> None:
    """Whoever is signed in accepts what the demo's cloud services need, for its company."""
    page.goto(f"{base(page, shop)}/agreements/cloud-customer-agreement")
    page.locator("input[name=agreed]").check()
    page.get_by_role("button", name="Accept").click()
    page.wait_for_url(re.compile("said="))


def type_card(number: str = CARD, *, press_pay: bool = True) -> Act:
    """On the payment page."""

    def typed(page: Page, _shop: Shop) -> None:
        if page.locator("#email").count():
            page.locator("#email").fill("card@example.org")
        for field, words in {"card": number, "expiry": "12 / 34", "cvc": "123", "name": "A. Person"}.items():
            page.locator(f"#{field}").fill(words)
        if press_pay:
            page.locator("#pay").click()

    return typed


def buy_plan(plan: str, alias: str) -> Act:
    """A reseller's plan, by card, to the payment page."""

    def bought(page: Page, shop: Shop) -> None:
        page.goto(f"{shop.url}/reseller/plans")
        page.get_by_role("link", name=f"Choose {plan}").click()
        page.get_by_label("Storefront alias").fill(alias)
        agree(page, shop)
        page.locator("input[name=pay_by][value=card]").check()
        page.get_by_role("button", name=re.compile("Order and pay|Place the order")).click()
        page.wait_for_url(PAYMENT)

    return bought


# --- What the demo world lacks ------------------------------------------------------------------------------


def publish(text: str) -> Act:
    """Terms, on the page one is on."""

    def published(page: Page, _shop: Shop) -> None:
        page.locator("textarea[name=text]").fill(text)
        page.get_by_role("button", name="Publish this version").click()
        page.wait_for_url(re.compile("said="))

    return published


def invite_customer(company: str, name: str, email: str) -> Act:
    """A customer of the reseller who is signed in."""

    def invited(page: Page, shop: Shop) -> None:
        page.goto(f"{base(page, shop)}/reseller/customers/invite")
        for field, words in {"company": company, "name": name, "email": email}.items():
            page.locator(f"main [name={field}]").fill(words)
        page.locator("main [name=country]").select_option("NL")
        page.get_by_role("button", name="Send the invitation").click()
        page.wait_for_url(re.compile("/customers/"))

    return invited


def accept(email: str) -> Act:
    """An invitation, from its mail to the portal."""

    def accepted(page: Page, shop: Shop) -> None:
        mail(email, "invite", "/invitations/")(page, shop)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Accept and sign in").click()
        page.wait_for_url(re.compile(r"^(?!.*/invitations/)"))

    return accepted


def theme(name: str) -> Act:
    """The portal's theme, in the studio."""

    def chosen(page: Page, shop: Shop) -> None:
        page.goto(f"{shop.url}/reseller/branding")
        page.locator(f"input[name=theme][value={name}]").check()
        page.get_by_role("button", name="Show its settings").click()
        page.locator(f"input[name=drawn][value={name}]").wait_for(state="attached")
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url(re.compile("said="))

    return chosen


def set_up_two_factor(page: Page, _shop: Shop) -> None:
    """From the key to the recovery codes."""
    secret = page.locator("[data-copy]").first.get_attribute("data-copy") or ""
    page.get_by_label("Code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)


def sign_in_again(page: Page, shop: Shop) -> None:
    """As Hanna, whose code is asked for now."""
    person = shop.person("hanna@")
    page.context.clear_cookies()
    page.goto(f"{shop.url}/sign-in")
    page.get_by_label("E-mail").fill(person["email"])
    page.locator("input[name=password]").fill(person["password"])
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()


def back_without_session(page: Page, shop: Shop) -> None:
    """From the page of what is paid back to the shop, as somebody who is signed in nowhere."""
    state = httpx.get(f"{shop.demo['stripe']}/_sandbox/payments", timeout=10).json()
    for each in state["payments"]:
        page.goto(f"{shop.demo['stripe']}/c/pay/{each['session']}")
        back = page.locator("a[href*='/return?']")
        if each["status"] == "complete" and back.count():
            back.first.click()
            return
    raise AssertionError("nobody has paid on the tour")


def first_mail(page: Page, shop: Shop) -> None:
    """The newest mail of the inbox."""
    found = json.loads(httpx.get(f"{shop.demo['inbox']}/messages.json", timeout=10).text)
    page.goto(f"{shop.demo['inbox']}/mails/{found[0]['id']}")
