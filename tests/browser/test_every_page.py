"""Every page, looked at by machines: nothing that axe calls serious, nothing wider than the smallest screen
in either direction, a focus that is seen, and targets one can hit. `make test` shows axe half of the pages
at a desk and the other half on a phone, `make campaign` all of them in both."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Shop
from tests.browser.tour import signed_in, visits
from tests.sizes import often

EVERY = often(2, 1)
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const wide = [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && (box.right > room + 1 || box.left < -1);
  });
  return wide.slice(0, 4).map((one) => `${one.tagName}.${one.className}`).concat("wider than the page");
}"""
# WCAG 2.5.8: 24 px, or inline in a sentence, or with room around; a whole card is a target by its ::after.
TOO_SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden])")]
  .filter((one) => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || !box.height || style.visibility === "hidden" || one.tabIndex < 0) return false;
    if (getComputedStyle(one, "::after").position === "absolute" || one.closest("label")) return false;
    if (one.closest(".skip, .visually-hidden, p, li, td, dd, .field__hint, .notice__words")) return false;
    return box.width < 24 || box.height < 24;
  }).map((one) => `${one.outerHTML.slice(0, 90)} ${one.offsetWidth}x${one.offsetHeight}`)"""
HIDDEN_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one.tagName === "IFRAME") return "";  // a frame shows its own
  const box = one.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width / 2, 20), box.top + box.height / 2];
  const named = one.outerHTML.slice(0, 90);
  if (y < 0 || y > innerHeight || x < 0 || x > innerWidth) return `out of view: ${named}`;
  const top = document.elementFromPoint(x, y);
  if (top && !one.contains(top) && !top.contains(one) && !top.closest("label")?.contains(one))
    return `covered: ${named} by ${top.outerHTML.slice(0, 60)}`;
  const around = one.closest(".product, .affix, .choice, .plan, .stat") || one;
  const seen = [one, around].some((it) => getComputedStyle(it).outlineStyle !== "none");
  return seen ? "" : `no outline: ${named}`;
}"""


def findings(page: Page) -> Iterator[str]:
    """What axe calls serious or critical, with the element."""
    options = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    for found in Axe().run(page, options=options).response["violations"]:
        if found["impact"] in ("serious", "critical"):
            yield f"{page.url}: {found['id']}: {found['nodes'][0]['html'][:120]} ({len(found['nodes'])})"


def small(page: Page) -> list[str]:
    """Targets too small to hit."""
    return [f"{page.url}: too small: {one}" for one in page.evaluate(TOO_SMALL)]


def wide(page: Page) -> list[str]:
    """What reaches over the side."""
    return [f"{page.url}: {one}" for one in page.evaluate(TOO_WIDE)]


def test_axe_finds_nothing_serious_on_any_page_at_a_desk(chromium: Browser, shop: Shop) -> None:
    wrong: list[str] = []
    for page in visits(chromium, shop, 1280, "light", share=(0, EVERY)):
        wrong += [*findings(page), *small(page)]
    assert wrong == []


def test_nor_on_a_phone_in_the_dark_and_none_is_wider_than_the_smallest_screen(
    chromium: Browser, shop: Shop
) -> None:
    wrong: list[str] = []
    for page in visits(chromium, shop, 360, "dark", share=(EVERY - 1, EVERY)):
        wrong += [*findings(page), *small(page)]
        page.set_viewport_size({"width": 320, "height": 800})
        wrong += wide(page)
        page.evaluate("document.documentElement.dir = 'rtl'")
        wrong += [f"from right to left: {one}" for one in wide(page)]
        page.set_viewport_size({"width": 360, "height": 800})
    assert wrong == []


def test_words_half_as_long_again_have_room(chromium: Browser, shop: Shop) -> None:
    wrong: list[str] = []
    for page in visits(chromium, shop, 320, "light", query="lang=en-XA"):
        assert page.locator("html").get_attribute("lang") == "en-XA"
        wrong += wide(page)
    assert wrong == []


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("", "/"),
        ("anna@acorn", "/harbour/services"),
        ("hugo@", "/reseller/prices"),
        ("hugo@", "/reseller/branding"),
        ("nora@", "/distributor/work"),
    ],
)
def test_the_focus_is_always_seen(chromium: Browser, shop: Shop, who: str, path: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 700})
    page = signed_in(context, shop, who, f"{shop.url}/harbour" if path.startswith("/harbour") else shop.url)
    page.goto(shop.url + path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    wrong: list[str] = []
    for _ in range(45):
        page.keyboard.press("Tab")
        if problem := page.evaluate(HIDDEN_FOCUS):
            wrong.append(problem)
    context.close()
    assert wrong == []
