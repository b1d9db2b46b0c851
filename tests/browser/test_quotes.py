"""A reseller quotes in a real browser, its customer gets the quote by mail, accepts it and pays."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Shop
from tests.browser.test_story import as_person, browse, pay, say_who, submit

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.behaviour("P27")
def test_a_customer_gets_a_quote_by_mail_accepts_it_and_pays(chromium: Browser, shop: Shop) -> None:
    hugo = as_person(chromium, shop, "hugo@")
    hugo.goto(f"{shop.url}/reseller/quotes/new?q=Acorn")
    hugo.get_by_role("button", name="Quote for Acorn").click()
    hugo.get_by_label("Product, vendor or SKU").fill("0patch Pro")
    hugo.get_by_role("button", name="Find plans").click()
    hugo.get_by_role("button", name="Add 0patch Pro, Annual").click()
    hugo.get_by_label("Quantity of 0patch Pro").fill("6")
    hugo.get_by_label("Price of 0patch Pro").fill("25.50")
    expect(hugo.locator("#quote-totals")).to_contain_text("€153.00")  # followed while he typed
    hugo.get_by_role("button", name="Send it").click()
    hugo.wait_for_url(re.compile("said=quote-sent"))
    code = hugo.url.partition("?")[0].rpartition("/")[2]
    links = shop.mail("office@acorn.example", f"Your quote {code}")["links"]

    anna, me = browse(chromium), shop.person("anna@acorn")
    anna.goto(next(link for link in links if "/quote-links/" in link and not link.endswith(".pdf")))
    expect(anna.get_by_text("€153.00").first).to_be_visible()
    anna.get_by_role("link", name="Accept and order").click()
    anna.get_by_label("E-mail").fill(me["email"])
    anna.locator("input[name=password]").fill(me["password"])
    anna.locator("input[name=password]").press("Enter")
    anna.wait_for_url(re.compile(f"/quotes/{code}/order"))
    say_who(anna)
    submit(anna)
    pay(anna)
    anna.wait_for_url(re.compile("/orders/"))
    expect(anna.get_by_text("Paid").first).to_be_visible()
    hugo.reload()
    expect(hugo.get_by_role("link", name="See the order")).to_be_visible()
