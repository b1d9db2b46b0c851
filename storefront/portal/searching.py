"""Search: what was typed, or what was probably meant by it, narrowed by the same facets as the shelf; and
suggestions while somebody types, which without scripts are the page of results itself."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from catalog import searches, shelves
from catalog.shelves import PAGE, Wanted
from core import db
from core.languages import _
from storefront import pages
from storefront.portal import cards, facets, heads, portal
from storefront.portal.facets import Place
from storefront.portal.shelf import FACETS, HEAD, in_words
from storefront.visitors import the_shop

SUGGESTED = 6
FOUND = {"results": "portal/fragments/found.html", **FACETS, **HEAD}


def typed() -> str:
    """The words of the address."""
    return " ".join(request.args.get("q", "").split())[:100]


@portal.get("/search")
def search() -> Response:
    """Products that match the words or come close to them."""
    query = typed()
    if not searches.words_of(query):
        head = heads.piece(_("Search"), "/search", indexed=False)
        return pages.render("portal/search_empty.html", title=_("Search"), query=query, head=head)
    chosen = facets.wanted(category=request.args.get("category", "")[:100], sort=shelves.BEST)
    after = request.args.get("after", "")[:300]
    pieces = {
        "title": _("Search: %(words)s", words=query),
        "query": query,
        **pages.fragments("search", (query, chosen, after), FOUND, lambda: _found(query, chosen, after)),
    }
    return pages.kept("portal/search.html", pieces)


def _found(query: str, chosen: Wanted, after: str) -> dict[str, Any]:
    place = Place(query)
    with db.reading():
        found = searches.search(query, chosen, after=after, size=PAGE)
        listed = in_words(found.page).cards
        more = found.page.found > shelves.MOST_FOUND  # then numbers of some of them are not shown
        if not more:
            counts = searches.facets(chosen, found.words, any_word=found.any_word)
        elif chosen == Wanted(sort=chosen.sort):
            counts = facets.of_the_shelf()
        else:
            counts = shelves.facets(chosen)
    return {
        **facets.panel(place, chosen, replace(counts, more=counts.more or more)),
        **heads.head(_("Search: %(words)s", words=query), "/search", indexed=False),
        "query": query,
        "products": cards.drawn(listed),
        "meant": found.meant,
        "any_word": found.any_word,
        "next_url": place.at(chosen, after=found.page.after) if found.page.after else None,
        "first_url": place.at(chosen) if after else None,
        "anywhere_url": place.at(Wanted(sort=chosen.sort)) if chosen.narrowed or chosen.category else None,
        "categories": [
            (facets.called(name), Place().at(Wanted(name)))
            for name in list(facets.categories().values())[:12]
        ],
    }


SUGGESTIONS = {"suggestions": "portal/fragments/suggestions.html"}


@portal.get("/suggest")
def suggest() -> Response:
    """The best few names for what is typed so far; a whole page of them for whoever comes without scripts."""
    query = typed()
    if request.headers.get("HX-Request") != "true":
        return redirect(f"{the_shop().base}/search?{urlencode({'q': query})}", 303)
    if len(query) < 2:
        return pages.current_app.response_class(b"")
    drawn = pages.fragments("suggest", (query.lower(),), SUGGESTIONS, lambda: _suggested(query))
    return pages.current_app.response_class(drawn["suggestions"])


def _suggested(query: str) -> dict[str, Any]:
    with db.reading():
        found = searches.search(query, size=SUGGESTED)
        listed = in_words(found.page).cards
    at = the_shop().base
    return {
        "query": query,
        "meant": found.meant,
        "suggested": [(card.product, card.vendor, f"{at}/p/{quote(card.code)}") for card in listed],
        "all_url": f"{at}/search?{urlencode({'q': query})}",
    }
