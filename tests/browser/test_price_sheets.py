"""The distributor imports a vendor's price sheet in a real browser: sees the difference, applies it, undoes
it."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_story import as_person

SHEET = Path("sandbox/data/price_sheet.csv")


def give(nora: Page, shop: Shop, file: Path) -> None:
    """Chooses a sheet and reads its preview."""
    nora.goto(f"{shop.url}/distributor/price-imports/new")
    nora.get_by_label("Price sheet").set_input_files(file)
    nora.get_by_label("Market").fill("DE")
    nora.get_by_role("button", name="Read it").click()
    expect(nora.get_by_text("Nothing is changed yet.")).to_be_visible()


def apply(nora: Page) -> None:
    """Confirms, and stays until a worker is done."""
    nora.get_by_role("button", name="Apply it").click()
    nora.wait_for_url(re.compile("said=import-confirmed"))
    expect(nora.get_by_text(re.compile("A worker is at it"))).to_have_count(0)
    nora.reload()
    expect(nora.get_by_text("In the catalogue", exact=True).first).to_be_visible()


def undo(nora: Page) -> None:
    """Takes it back, and stays until a worker is done."""
    nora.get_by_text("Undo it").click()
    nora.get_by_role("button", name="Undo the import").click()
    nora.wait_for_url(re.compile("said=import-undoing"))
    expect(nora.get_by_text(re.compile("A worker is at it"))).to_have_count(0)
    nora.reload()
    expect(nora.get_by_text("Undone", exact=True).first).to_be_visible()


def test_a_price_sheet_is_read_applied_and_undone(chromium: Browser, shop: Shop, tmp_path: Path) -> None:
    nora = as_person(chromium, shop, "nora@")
    give(nora, shop, SHEET)
    expect(nora.get_by_role("row", name=re.compile("Visio Plan 1 Yearly .*€60.00"))).to_be_visible()
    apply(nora)
    first = nora.url.partition("?")[0]

    dearer = tmp_path / "next.csv"
    dearer.write_bytes(SHEET.read_bytes().replace(b'"48.00","","","2/1', b'"54.00","","","2/1'))
    give(nora, shop, dearer)
    nora.get_by_role("navigation", name="Views").get_by_role("link", name="Changed", exact=True).click()
    expect(nora.get_by_role("row", name=re.compile("Business Basic.*€48.00.*€54.00"))).to_be_visible()
    apply(nora)
    undo(nora)

    nora.goto(f"{shop.url}/search?q=visio")
    expect(nora.get_by_text("Microsoft Corporation").first).to_be_visible()
    nora.goto(first)
    undo(nora)
    nora.goto(f"{shop.url}/search?q=visio")
    expect(nora.get_by_text("Microsoft Corporation")).to_have_count(0)
