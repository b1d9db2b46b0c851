"""What anybody may look at: the shop's front page, search, products and help. The pieces that everybody
shares are kept as fragments (decision 14); what depends on the visitor stands around them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from flask import request, url_for
from werkzeug.wrappers import Response

from catalog import listings, publication, translations
from catalog.abouts import Picture
from catalog.listings import PAGE, Card, Offer, Offered
from catalog.translations import Words
from core import db, languages
from core.errors import Missing
from core.languages import _, for_later
from core.money import Money
from core.periods import Term
from core.tenancy import Side
from partners import storefronts
from storefront import markdown, pages
from storefront.fragments import Piece
from storefront.portal import calculator, portal
from storefront.visitors import the_shop, visitor

BILLED = {
    Term.MONTH: for_later("Bound for %(term)s, billed monthly"),
    Term.YEAR: for_later("Bound for %(term)s, billed yearly"),
}


@portal.get("/")
def shelf() -> Response:
    """The shop's front page: hero, categories, products by name."""
    after, category = request.args.get("after", "")[:300], request.args.get("category", "")[:100]
    drawn = pages.fragments(
        "shelf",
        (after, category),
        {"shelf": "portal/fragments/shelf.html"},
        lambda: _shelf(after, category),
    )
    title = category or the_shop().name
    return pages.kept("portal/shelf.html", {"title": title, **drawn}, front=not (after or category))


def _shelf(after: str, category: str) -> dict[str, Any]:
    with db.reading():
        categories = pages.value("categories", listings.categories)
        cards = in_words(listings.shelf(after=after, category=category, limit=PAGE + 1))
        called = translations.of_categories()
    shown = cards[:PAGE]
    return {
        "products": tiles(shown),
        "category": called.get(category, category),
        "tabs": [(_("All"), at_page(), not category)]
        + [(called.get(name, name), at_page(category=name), name == category) for name in categories],
        "next_url": at_page(category=category, after=shown[-1].cursor) if len(cards) > PAGE else None,
        "first_url": at_page(category=category) if after else None,
    }


def at_page(**chosen: str) -> str:
    """The address of a part of the shelf. Written by hand: a page has a dozen of them, and url_for takes as
    long for these as the database for the products."""
    query = urlencode({name: text for name, text in chosen.items() if text})
    return f"{the_shop().base}/{'?' if query else ''}{query}#products"


@dataclass(frozen=True, slots=True)
class Tile:
    """A card as parts/cards.html draws it; an object rather than a dict, because templates read attributes
    faster."""

    name: str
    url: str
    vendor: str
    summary: str
    initials: str
    price: Money
    per: str
    image_url: str | None = None
    image_alt: str = ""
    from_: bool = False
    flag: str | None = None


def tiles(cards: Sequence[Card]) -> list[Tile]:
    """Cards as a list shows them."""
    at = the_shop().base
    return [
        Tile(
            card.product,
            f"{at}/p/{quote(card.code)}",
            card.vendor,
            card.summary,
            initials(card.product),
            card.price,
            _("per %(unit)s %(period)s", unit=card.unit, period=card.per),
            f"{at}/pictures/card/{card.picture}.png" if card.picture else None,
            card.picture_alt,
        )
        for card in cards
    ]


def in_words(cards: Sequence[Card]) -> list[Card]:
    """The cards in the language of the visitor, as far as they are written in it."""
    words = translations.of_products([card.code for card in cards])
    return [
        replace(card, product=said.name or card.product, summary=said.summary or card.summary)
        if (said := words.get(card.code))
        else card
        for card in cards
    ]


def initials(name: str) -> str:
    """Two letters that stand for a product without a picture."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or name[:2].upper()


@portal.get("/search")
def search() -> Response:
    """Products that match the words or come close to them."""
    query = request.args.get("q", "").strip()[:100]
    found: list[Card] = []
    if query:
        with db.transaction():
            found = in_words(listings.search(query))
    return pages.render(
        "portal/search.html",
        title=_("Search: %(words)s", words=query) if query else _("Search"),
        query=query,
        products=tiles(found),
        most=PAGE,
    )


ONLY_WORDS = {
    "title": "portal/fragments/product_title.html",
    "about": "portal/fragments/product_about.html",
}
PRODUCT = {
    "title": "portal/fragments/product_title.html",
    "about": "portal/fragments/product_about.html",
    "offer": "portal/fragments/product_offer.html",
    "calculation": "portal/fragments/calculation.html",
}


@portal.get("/p/<code>")
def product(code: str) -> Response:
    """A product: what it is, its plans, what a number of units costs (`?plan=&quantity=`), what happens after
    buying."""
    plan, typed = calculator.asked()
    try:
        drawn = pages.fragments("product", (code, plan, typed), PRODUCT, lambda: _product(code, plan, typed))
    except Missing:
        return no_longer_sold(code)
    return pages.kept("portal/product.html", around(code) | drawn, can=may(), problem="")


def no_longer_sold(code: str) -> Response:
    """What was on this shelf and is retired says so, and what replaces it; Missing for anything else."""
    with db.transaction():
        found = publication.retired(code)
    at = the_shop().base
    return pages.render(
        "portal/retired.html",
        410,
        title=found.name,
        name=found.name,
        vendor=found.vendor,
        instead=found.instead,
        instead_url=f"{at}/p/{quote(found.instead_code)}" if found.instead_code else None,
    )


def product_again(code: str, *, plan: str, quantity: str, problem: str, status: int) -> Response:
    """The same page with what was typed, and why it was refused."""
    values = _product(code, plan, quantity) | {"problem": problem}
    pieces = around(code) | pages.drawn(PRODUCT, values)
    return pages.render("portal/product.html", status, **pieces, can=may(), problem=problem)


def around(code: str) -> dict[str, str | Piece]:
    """What stands around the pieces of a product."""
    return {"code": code, "sign_in_url": f"{the_shop().base}/sign-in?next=/p/{quote(code)}"}


def may() -> str:
    """What the visitor may do with a product."""
    who = visitor()
    if not who.signed_in:
        return "sign_in"
    return "buy" if who.side is Side.CUSTOMER and who.reseller_id == the_shop().reseller_id else "look"


def _product(code: str, plan: str, typed: str | None) -> dict[str, Any]:
    with db.reading():
        found, offers = listings.offers(code)
        words = translations.of_products([code]).get(code)
        called = translations.of_plans([offer.plan_id for offer in offers])
        category = translations.of_categories().get(found.category, "")
    offers = [replace(one, plan=called.get(one.plan_id, ("", ""))[1] or one.plan) for one in offers]
    values = product_values(code, said_in(found, words), offers, plan, typed)
    return values | ({"category": category} if category else {})


def said_in(found: Offered, words: Words | None) -> Offered:
    """A product in the language of the visitor, as far as it is written in it."""
    if words is None:
        return found
    return replace(
        found,
        name=words.name or found.name,
        summary=words.summary or found.summary,
        description=words.description or found.description,
    )


def product_values(
    code: str, found: Offered, offers: Sequence[Offer], plan: str = "", typed: str | None = None
) -> dict[str, Any]:
    """What the pieces of a product's page are drawn from."""
    about = {
        "product": found,
        "category": found.category,
        "body": markdown.html(found.description),
        "initials": initials(found.name),
        "pictures": [Shown(one) for one in found.pictures],
        "languages": written_in(found),
        "plans": [_plan(offer) for offer in offers],
        "shelf_url": url_for("portal.shelf", category=found.category),
        "problem": "",
        "chosen": "",
    }
    if not offers:
        return about
    chosen = next((offer for offer in offers if str(offer.plan_id) == plan), offers[0])
    answer = calculator.answer(offers, plan, str(chosen.minimum) if typed is None else typed)
    return (
        about
        | answer
        | {
            "minimum": min(offer.minimum for offer in offers),
            "maximum": max(offer.maximum for offer in offers),
            "answer_url": f"{the_shop().base}/p/{quote(code)}/price",
            "page_url": f"{the_shop().base}/p/{quote(code)}",
        }
    )


def written_in(found: Offered) -> list[tuple[str, str]]:
    """The languages that a product may be read in, by their own names; none where there is but one."""
    others = [(one, languages.WRITTEN[one]) for one in found.languages if one in languages.WRITTEN]
    return [(languages.SOURCE, languages.FIRST), *others] if others else []


@dataclass(frozen=True)
class Shown:
    """A picture as a page shows it."""

    picture: Picture

    @property
    def url(self) -> str:
        """Its address, which changes with its content."""
        return f"{the_shop().base}/pictures/page/{self.picture.name}.png"


def _plan(offer: Offer) -> dict[str, Any]:
    """An offer as the plan comparison draws it."""
    billed = {period.per: words for period, words in BILLED.items()}
    note = (
        _(billed[offer.per], term=offer.term)
        if offer.per in billed
        else _("Bound for %(term)s", term=offer.term)
    )
    if offer.minimum > 1:
        note += _(", at least %(n)s %(unit)ss", n=offer.minimum, unit=offer.unit)
    return {
        "code": str(offer.plan_id),
        "name": offer.plan,
        "price": offer.price,
        "per": _("per %(unit)s %(period)s", unit=offer.unit, period=offer.per),
        "note": note,
        "features": [
            (str(text) if value is True or value is False else f"{text}: {value}", value is not False)
            for text, value in (*offer.features.items(), *offer.attributes)
        ],
        "onwards": list(offer.onwards),
        "flag": None,
        "because": None,
        "unit_minor": None,
        "period": None,
    }


@portal.get("/help")
def help_page() -> Response:
    """Answers to what customers ask, and whom to ask."""
    contact = storefronts.contact(the_shop().storefront_id)
    return pages.render("portal/help.html", title=_("Help"), contact=contact)
