"""Whoever walks through the tour: signs in, does what a stop asks for, and takes four pictures of what is
there then: two widths, light and dark."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, ViewportSize
from playwright.sync_api import Error as BrowserError

from tests.browser.conftest import Shop

SIZES = {360: 780, 1280: 900}
MODES = ("light", "dark")
TALLEST = 4000  # pixels of a page that a picture shows

Act = Callable[[Page, Shop], None]


@dataclass(frozen=True)
class Stop:
    """One page in one state. `route`: whose page it is, as the application's map of addresses says, or empty
    where it is no page of ours. `path`: what is opened; the route itself if not said, nothing if it is
    STAY. `row`: words of the row of that list whose page is opened. `then`: what is done before the
    picture is taken."""

    name: str
    route: str
    path: str = ""
    row: str = ""
    then: Act | None = None


STAY = "(stay)"
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 80)))"""


@dataclass(frozen=True)
class Chapter:
    """What one person sees in one shop; `base` is the shop's path ("/harbour"), `who` part of an e-mail
    address or nobody. `first`: what is done before the first stop."""

    title: str
    who: str
    base: str
    stops: tuple[Stop, ...]
    first: Act | None = None


@dataclass
class Taken:
    """Chapters with the stops that were taken, for the sheet, and what could not be."""

    chapters: list[tuple[str, list[str]]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def miss(self, what: str) -> None:
        """Something could not be taken; said at once, because the whole tour takes minutes."""
        self.failed.append(what)
        click.echo(what, err=True)


@dataclass(frozen=True)
class Camera:
    """A browser, an installation that runs, and where the pictures go."""

    browser: Browser
    shop: Shop
    out: Path

    def walk(self, chapters: list[Chapter]) -> Taken:
        """All of them in order. A stop that fails is told at the end and costs no other one."""
        taken = Taken()
        for chapter in chapters:
            context = self.browser.new_context(viewport=size(1280), reduced_motion="reduce")
            context.set_default_timeout(8_000)
            page = context.new_page()
            names: list[str] = []
            taken.chapters.append((chapter.title, names))
            try:
                if chapter.who:
                    sign_in(page, self.shop, chapter.who, chapter.base)
                if chapter.first:
                    chapter.first(page, self.shop)
            except (BrowserError, AssertionError, LookupError) as no:
                taken.miss(f"{chapter.title}: {no}")
            for stop in chapter.stops:
                try:
                    self.stop(page, chapter, stop)
                    names.append(stop.name)
                except (BrowserError, AssertionError, LookupError) as no:
                    taken.miss(f"{chapter.title}: {stop.name} at {page.url}: {no}")
            context.close()
        return taken

    def stop(self, page: Page, chapter: Chapter, stop: Stop) -> None:
        """Goes there, and takes the pictures."""
        if stop.path != STAY:
            path = stop.path or stop.route
            page.goto(path if "://" in path else f"{self.shop.url}{chapter.base}{path}")
        if stop.row:
            page.locator("main tr").filter(has_text=stop.row).locator(".cell--title a").first.click()
        page.wait_for_load_state("load")
        if stop.then:
            stop.then(page, self.shop)
            page.wait_for_load_state("load")
        self.take(page, stop.name)

    def take(self, page: Page, name: str) -> None:
        """The page as it is now, four times; the browser is left as wide as it was."""
        for width in SIZES:
            page.set_viewport_size(size(width))
            page.evaluate("window.scrollTo(0, 0)")
            for mode in MODES:
                page.emulate_media(
                    color_scheme="dark" if mode == "dark" else "light", reduced_motion="reduce"
                )
                page.evaluate(SETTLED)
                tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
                wide = int(page.evaluate("Math.min(document.documentElement.scrollWidth, 1600)"))
                page.screenshot(
                    path=self.out / file_name(name, width, mode),
                    full_page=True,
                    timeout=30_000,
                    clip={"x": 0, "y": 0, "width": max(wide, width), "height": max(tall, SIZES[width])},
                )
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size(size(1280))


def size(width: int) -> ViewportSize:
    """A window of this width."""
    return {"width": width, "height": SIZES[width]}


def file_name(name: str, width: int, mode: str) -> str:
    """Of one picture."""
    return f"{name}-{width}-{mode}.png"


def sign_in(page: Page, shop: Shop, who: str, base: str = "") -> None:
    """Somebody of the demo world, at a shop."""
    person = shop.person(who)
    page.goto(f"{shop.url}{base}/sign-in")
    page.locator("input[name=email]").fill(person["email"])
    page.locator("input[name=password]").fill(person["password"])
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))
