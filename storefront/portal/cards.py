"""Products as cards of a list. Themes draw a card once for each shape (with or without a picture, a price, a
badge), with slots for what it says; a list fills them. A page has 24 cards with ten words each, and drawing
and escaping every one by itself took a third of the time of the whole page."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from catalog.listings import Card, Flag
from core import languages
from core.languages import _
from core.money import Money
from storefront import pages
from storefront.fragments import FRAMES, Frame, Piece, Pieces
from storefront.moments import day
from storefront.visitors import prices_shown, the_shop

PAGE, TILE = "portal/fragments/shelf.html", "portal/fragments/tile.html"
NAMES = (
    *("name", "url", "vendor", "summary", "initials", "code"),
    *("per", "price", "image_url", "image_alt", "flag", "was"),
)
MONEY = frozenset({"price", "was"})
BETWEEN = "\x00"  # what no text of the database can hold

FLAGS = languages.Words({Flag.FEATURED: "Featured", Flag.NEW: "New", Flag.POPULAR: "Popular"})


def page(cards: Sequence[Card], next_url: str, first_url: str) -> Pieces:
    """A page of the shelf that has cards, with the links to those around it where there are some."""
    around = {"next_url": next_url, "first_url": first_url}
    key = (PAGE, the_shop().theme.name, languages.language(), *map(bool, around.values()))
    frame = FRAMES.get(
        key,
        lambda: pages.frame(
            PAGE,
            products=pages.slot("products"),
            **{name: pages.slot(name) if url else None for name, url in around.items()},
        ),
    )
    filled = {name: pages.sent(url) for name, url in around.items()}
    return Pieces(products=Piece(frame.filled({"products": _filled(cards), **filled})))


def drawn(cards: Sequence[Card]) -> Markup:
    """The cards of a list, for `shelf` of parts/cards.html; empty where there are none."""
    return Markup(_filled(cards).decode() if cards else "")  # noqa: S704 escaped there, and put between markup of ours


def _filled(cards: Sequence[Card]) -> bytes:
    shown, at, closed = prices_shown(), the_shop().base, _("Sign in to see the price")
    pers: dict[tuple[str, str], str] = {}
    said: list[str] = []
    shapes: list[tuple[bool, bool, bool, bool]] = []
    for card in cards:
        was = card.was if shown else None
        flag = reduced(was, card.until) or (FLAGS[card.flag] if card.flag else "")
        per = pers.get((card.unit, card.per), "") if shown else closed
        if not per:
            per = pers[card.unit, card.per] = _("per %(unit)s %(period)s", unit=card.unit, period=card.per)
        code, free = card.code, card.price.minor == 0
        shapes.append((shown and not free, bool(card.picture), bool(flag), was is not None))
        said += (
            card.product,
            f"{at}/p/{code if code.isascii() and code.isalnum() else quote(code)}",
            card.vendor,
            card.summary,
            initials(card.product),
            code,
            per,
            card.price.text if shown else "",
            f"{at}/pictures/card/{card.picture}.png" if card.picture else "",
            card.picture_alt,
            flag,
            was.text if was else "",
        )
    words = str(escape(BETWEEN.join(said))).encode().split(BETWEEN.encode())
    many = len(NAMES)
    frames = {shape: tile(*shape) for shape in set(shapes)}
    return b"".join(
        frames[shape].filled(dict(zip(NAMES, words[place : place + many], strict=True)))
        for shape, place in zip(shapes, range(0, len(words), many), strict=True)
    )


def tile(price: bool, picture: bool, flag: bool, was: bool) -> Frame:
    """A card of this shape as the shop's theme draws it, with slots."""
    key = (TILE, the_shop().theme.name, languages.language(), price, picture, flag, was)
    absent = {"price": not price, "image_url": not picture, "flag": not flag, "was": not was}
    slots: dict[str, Any] = {
        name: None if absent.get(name) else {"text": pages.slot(name)} if name in MONEY else pages.slot(name)
        for name in NAMES
    }
    return FRAMES.get(key, lambda: pages.frame(TILE, product=slots))


def reduced(was: Money | None, until: date | None) -> str:
    """The badge of a price that a promotion lowers, with its last day; nothing where none does."""
    if was is None:
        return ""
    return _("Until %(day)s", day=day(until)) if until else _("Reduced")


def initials(name: str) -> str:
    """Two letters that stand for a product without a picture."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or name[:2].upper()
