"""A customer looks for something in a real browser: mistypes it, asks for all results, narrows them, sets two
plans side by side and puts one into the basket."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Shop
from tests.browser.test_story import as_person

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.behaviour("P53")
def test_a_customer_mistypes_narrows_compares_and_takes_one(chromium: Browser, shop: Shop) -> None:
    portal = f"{shop.url}/harbour"
    page = as_person(chromium, shop, "anna@acorn", portal)
    page.goto(f"{portal}/")
    field = page.get_by_role("searchbox", name="Search products")
    field.press_sequentially("micorsoft busines")
    expect(page.locator(".suggestions__list")).to_contain_text("Microsoft 365 Business Basic")
    field.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search\?q=micorsoft"))
    expect(page.locator("main")).to_contain_text("Did you mean “microsoft busines”?")
    page.get_by_role("navigation", name="Categories").get_by_role("link", name="Productivity").click()
    page.locator(".facets").get_by_role("link", name=re.compile(r"1 year, paid per month")).click()
    page.wait_for_url(re.compile(r"category=Productivity.*term=P1Y"))
    for name in ("Microsoft 365 Business Basic", "Microsoft 365 Business Standard"):
        page.get_by_role("checkbox", name=f"Compare : {name}").check()
    page.locator("#compare").get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile(r"/compare\?product="))
    different = page.locator(".compare__table tr.is-different th[scope=row]")
    expect(different.first).to_contain_text("Price")
    page.get_by_role("button", name=re.compile("Add Microsoft 365 Business Basic")).click()
    page.wait_for_url(re.compile("/basket"))
    expect(page.locator("main table")).to_contain_text("Microsoft 365 Business Basic")
    page.get_by_role("button", name="Remove Microsoft 365 Business Basic").click()  # as others expect it
    expect(page.locator("main table")).to_have_count(0)
    page.context.close()
