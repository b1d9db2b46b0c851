"""A reseller re-prices a category in a real browser: sees the margin move while typing, confirms, and the
shop shows the new prices."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Shop
from tests.browser.test_story import as_person

pytestmark = pytest.mark.xdist_group("browser")


def test_a_category_is_repriced_with_the_margin_in_view_and_the_shop_follows(
    chromium: Browser, shop: Shop
) -> None:
    hugo = as_person(chromium, shop, "hugo@")
    hugo.goto(f"{shop.url}/reseller/prices/bulk")
    hugo.get_by_label("Which prices").select_option("category:Voice")
    hugo.get_by_label("How").select_option("margin")
    hugo.get_by_label("Percent or amount").fill("20")
    preview = hugo.locator("#bulk-preview")
    then = preview.locator(".stat").nth(2)
    expect(then).to_contain_text(re.compile(r"\d\d?\.\d %"))
    hugo.get_by_label("Also those with a rule").check()
    expect(then).to_contain_text("20.")
    before = then.text_content()
    hugo.get_by_label("Percent or amount").fill("35")
    expect(then).to_contain_text("35.")
    assert then.text_content() != before
    prices = [text.strip() for text in preview.locator("tbody td:nth-child(4)").all_text_contents()]
    preview.get_by_role("button", name="Change the prices").click()
    hugo.wait_for_url(re.compile("said=bulk-changed"))
    expect(hugo.get_by_text(re.compile("Undo: Voice"))).to_be_visible()
    hugo.goto(f"{shop.url}/reseller/prices?category=Voice")
    expect(hugo.get_by_text("Voice: a margin of 35 %").first).to_be_visible()
    hugo.goto(f"{shop.url}/harbour/?category=Voice")
    shown = hugo.locator(".shelf .money").first
    assert (shown.text_content() or "").strip() in prices
