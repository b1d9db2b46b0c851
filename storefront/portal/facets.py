"""What narrows a list of products, all of it in the address: category, vendor, term, price and order. Each
value is a link that adds or takes it away, so it works without scripts and by keyboard."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from unicodedata import combining, normalize
from urllib.parse import quote_plus

from flask import request

from catalog import shelves, translations
from catalog.shelves import MOST_VALUES, SORTS, Band, Facets, Wanted
from core import db
from core.languages import _
from core.periods import Term
from storefront import pages
from storefront.visitors import prices_shown, the_shop

LAST_BAND = 30  # beyond every amount that can be written (catalog/shelves.py: LEAST)
AT_FIRST = 8  # values of a facet that are shown before "more"
PRICE_SORTS = ("price", "-price")


def wanted(*, category: str = "", sort: str = shelves.FRONT) -> Wanted:
    """What the address asks for; what cannot be meant is left out, and prices where they are not shown."""
    chosen = request.args.get("sort", sort)
    if chosen not in SORTS or (chosen in PRICE_SORTS and not prices_shown()):
        chosen = sort
    return Wanted(
        category,
        several("vendor"),
        tuple(kind for kind in several("term") if is_kind(kind)),
        tuple(sorted({int(n) for n in several("price") if is_band(n)})) if prices_shown() else (),
        chosen,
    )


def several(name: str) -> tuple[str, ...]:
    """The values of a field of the address, each once."""
    given = {value[:100] for value in request.args.getlist(name) if value.strip()}
    return tuple(sorted(given))[:MOST_VALUES]


def is_kind(text: str) -> bool:
    """Whether it is a term and a billing period."""
    return all(part in set(Term) for part in text.split("/")) and text.count("/") == 1


def is_band(text: str) -> bool:
    """Whether it is the number of a span of prices that a price can be in."""
    return text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= LAST_BAND


# --- Addresses ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list stands: the shelf, a category of it, or a search for some words. `addresses`: those of the
    categories, where they are at hand."""

    query: str = ""
    addresses: Mapping[str, str] | None = None

    def at(self, chosen: Wanted, *, after: str = "") -> str:
        """The address of a part of it. Written by hand: a page has some dozens of them, and url_for takes as
        long for these as the database for the products."""
        fields: list[tuple[str, str]] = [("q", self.query)] if self.query else []
        path = "/search" if self.query else "/"
        if self.query and chosen.category:
            fields.append(("category", chosen.category))
        elif chosen.category:
            path = f"/c/{address(chosen.category, self.addresses)}"
        fields += [("vendor", each) for each in chosen.vendors]
        fields += [("term", each) for each in chosen.kinds]
        fields += [("price", str(each)) for each in chosen.bands]
        if chosen.sort != (shelves.BEST if self.query else shelves.FRONT):
            fields.append(("sort", chosen.sort))
        if after:
            fields.append(("after", after))
        asked = "&".join([f"{name}={written(value)}" for name, value in fields])
        return f"{the_shop().base}{path}{'?' if fields else ''}{asked}#products"


@lru_cache(maxsize=5000)
def written(value: str) -> str:
    """As a value stands in an address; the same vendors and categories do on every page."""
    return quote_plus(value)


NO_LETTER = re.compile(r"[^\w]+")


@lru_cache(maxsize=1000)
def slug(category: str) -> str:
    """A category as it stands in an address: "Back-up & recovery" is back-up-recovery."""
    apart = normalize("NFKD", category.lower().replace("ß", "ss"))
    letters = "".join(c for c in apart if not combining(c))
    return NO_LETTER.sub("-", letters).strip("-") or "other"


def of_the_shelf() -> Facets:
    """The numbers of the whole shelf, kept under its version."""

    def read() -> Facets:
        if db.in_transaction():
            return shelves.facets(Wanted())
        with db.reading():
            return shelves.facets(Wanted())

    return pages.value("facets", read)


def categories() -> Mapping[str, str]:
    """slug -> category, of all that stand on the shelf, in its order; of two that are written alike the first
    has it, and one whose slug the distributor keeps before any other."""

    def read() -> dict[str, str]:
        found = of_the_shelf()
        slugs = {found.addresses.get(name) or slug(name): name for name in reversed([*found.categories])}
        return dict(reversed(slugs.items()))

    return pages.value("categories", read)


def addresses() -> Mapping[str, str]:
    """category -> its slug, of those that the distributor keeps a row of."""
    return pages.value("addresses", lambda: of_the_shelf().addresses)


def address(category: str, known: Mapping[str, str] | None = None) -> str:
    """The slug of a category: it stays when the distributor calls the category otherwise. `known`: the
    addresses, where they are at hand."""
    return (addresses() if known is None else known).get(category) or slug(category)


def called(category: str) -> str:
    """A category in the language of the visitor, as far as it is written in it."""
    if not (language := translations.spoken()):
        return category

    def read() -> Mapping[str, str]:
        with db.reading():
            return translations.of_categories()

    return pages.value(f"categories {language}", read).get(category, category)


# --- What is shown ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet: `url` adds it, or takes it away where it is chosen."""

    words: str
    url: str
    products: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet with its values; those behind `AT_FIRST` are folded away unless one of them is chosen."""

    title: str
    values: list[Value]

    @property
    def first(self) -> list[Value]:
        """What is shown at once."""
        return [value for place, value in enumerate(self.values) if place < AT_FIRST or value.chosen]

    @property
    def more(self) -> list[Value]:
        """What is folded away."""
        return [value for place, value in enumerate(self.values) if place >= AT_FIRST and not value.chosen]


def panel(place: Place, chosen: Wanted, found: Facets) -> dict[str, Any]:
    """What portal/fragments/facets.html and the tabs of categories are drawn from."""
    currency = the_shop().currency
    place = replace(place, addresses=pages.value("addresses", lambda: found.addresses))  # read already
    listed = [
        facet(_("Vendor"), place, chosen, "vendors", found.vendors, str),
        facet(_("Term"), place, chosen, "kinds", found.kinds, shelves.kind_words),
    ]
    if prices_shown():
        listed.append(
            facet(
                _("Price"), place, chosen, "bands", found.bands, lambda number: Band(number).words(currency)
            )
        )
    nothing = chosen._replace(vendors=(), kinds=(), bands=())
    return {
        "tabs": [(_("All"), place.at(chosen._replace(category="")), not chosen.category)]
        + [
            (called(name), place.at(chosen._replace(category=name)), name == chosen.category)
            + (() if found.more else (count,))
            for name, count in found.categories.items()
            if count or name == chosen.category
        ],
        "facets": [each for each in listed if len(each.values) > 1 or any(v.chosen for v in each.values)],
        "chosen": [
            (f"{each.title}: {value.words}", value.url)
            for each in listed
            for value in each.values
            if value.chosen
        ],
        "clear_url": place.at(nothing) if chosen.narrowed else None,
        "sorts": sorts(place, chosen),
        "count": found.all,
        "most": shelves.MOST_FOUND if found.more and not (chosen.narrowed or chosen.category) else None,
        "some": found.more,
    }


def facet(
    title: str,
    place: Place,
    chosen: Wanted,
    field: str,
    counts: Mapping[Any, int],
    words: Any,
) -> Facet:
    """One facet. What is chosen stands there although nothing has it any more, so that it can be taken
    away."""
    now: tuple[Any, ...] = getattr(chosen, field)
    values: Iterable[Any] = [*counts, *(each for each in now if each not in counts)]
    return Facet(
        title,
        [
            Value(
                words(each),
                place.at(chosen._replace(**{field: tuple(v for v in now if v != each)}))
                if each in now
                else place.at(chosen._replace(**{field: tuple(sorted((*now, each)))})),
                counts.get(each, 0),
                each in now,
            )
            for each in values
            if counts.get(each, 0) or each in now
        ],
    )


def sorts(place: Place, chosen: Wanted) -> list[tuple[str, str, bool]]:
    """(words, address, whether it is the present one) of the orders that this visitor may ask for."""
    offered = {shelves.BEST: _("Best match")} if place.query else {}
    offered |= {name: _(words) for name, words in SORTS.items() if prices_shown() or name not in PRICE_SORTS}
    return [
        (words, place.at(chosen._replace(sort=name)), name == chosen.sort) for name, words in offered.items()
    ]
