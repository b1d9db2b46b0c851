"""What anybody may look at: the shop's front page, search, products and help. The pieces that everybody
shares are kept as fragments; what depends on the visitor stands around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from catalog import listings, publication, shelves, translations
from catalog.abouts import Picture
from catalog.listings import Offer, Offered
from catalog.offerings import first_allowed
from catalog.shelves import PAGE, Wanted
from catalog.translations import Words
from core import db, languages
from core.errors import Missing
from core.languages import _, for_later
from core.periods import Term
from core.tenancy import Side
from partners import storefronts
from storefront import markdown, pages
from storefront.fragments import Piece, Pieces
from storefront.portal import calculator, cards, facets, heads, offer_words, portal
from storefront.portal.facets import Place
from storefront.visitors import prices_shown, the_shop, visitor

MOST = 4  # products side by side

BILLED = {
    Term.MONTH: for_later("Bound for %(term)s, billed monthly"),
    Term.YEAR: for_later("Bound for %(term)s, billed yearly"),
}


SHELF = {"products": "portal/fragments/shelf.html"}
FACETS = {
    "tabs": "portal/fragments/categories.html",
    "facets": "portal/fragments/facets.html",
    "sorts": "portal/fragments/sorts.html",
}
HEAD = {"head": heads.TEMPLATE}


@portal.get("/")
def shelf() -> Response:
    """The shop's front page: hero, categories, products, the featured ones first. A category that is asked
    for by its name has a page of its own."""
    if (name := request.args.get("category", "")[:100]) and facets.address(name) in facets.categories():
        return redirect(f"{the_shop().base}/c/{facets.address(name)}", 301)
    chosen = facets.wanted(category=name)
    shop = the_shop()
    title = shop.settings.get("tagline") or _("Products")
    return listed(chosen, "/", str(name or title), front=not name, data=heads.shop_data)


@portal.get("/c/<slug>")
def category(slug: str) -> Response:
    """One category, with its own address and title."""
    name = facets.categories().get(slug)
    if name is None:
        raise Missing("category")
    path = f"/c/{slug}"
    return listed(
        facets.wanted(category=name),
        path,
        facets.called(name),
        data=lambda: [heads.trail_data([(the_shop().name, "/"), (facets.called(name), path)])],
    )


def listed(
    chosen: Wanted,
    path: str,
    title: str,
    *,
    front: bool = False,
    data: Callable[[], list[dict[str, Any]]],
) -> Response:
    """A page of the shelf. What depends on the page that one is on is kept apart from what all pages of the
    same products share."""
    after = request.args.get("after", "")[:300]
    plain = not (after or chosen.narrowed or chosen.sort != shelves.FRONT)
    reading = Reading(chosen, after)
    pieces = {
        "title": title,
        **pages.fragments("facets", (chosen,), FACETS, reading.facets, shared=True),
        **pages.fragments("shelf", (chosen, after), SHELF, reading.products),
        **pages.fragments(
            "head",
            (path, title, plain),
            HEAD,
            lambda: heads.head(
                title,
                path,
                description=about(facets.called(chosen.category)),
                indexed=plain,
                data=data() if plain else (),
            ),
            shared=True,
        ),
    }
    heading = facets.called(chosen.category) or _("Products")
    return pages.kept("portal/shelf.html", pieces, front=front and plain, heading=heading)


def about(name: str) -> str:
    """What a list is, in a sentence for search engines."""
    return _("%(category)s at %(shop)s.", category=name, shop=the_shop().name) if name else ""


@dataclass(slots=True)
class Reading:
    """What has to be read for a page of the shelf. Whoever counts has nothing of the page yet, so both are
    read in the one transaction."""

    wanted: Wanted
    after: str
    page: shelves.Page | None = None

    def facets(self) -> dict[str, Any]:
        """How many there are."""
        with db.reading():
            found = shelves.facets(self.wanted)
            self.page = in_words(shelves.page(self.wanted, after=self.after, size=PAGE))
        return facets.panel(Place(), self.wanted, found)

    def products(self) -> Mapping[str, Any] | Pieces:
        """What is on the page."""
        if self.page is None:
            with db.reading():
                self.page = in_words(shelves.page(self.wanted, after=self.after, size=PAGE))
        place = Place()
        if self.page.cards:
            return cards.page(
                self.page.cards,
                next_url=place.at(self.wanted, after=self.page.after) if self.page.after else "",
                first_url=place.at(self.wanted) if self.after else "",
            )
        return {
            "products": "",
            "category": self.wanted.category,
            "narrowed": self.wanted.narrowed,
            "all_url": place.at(self.wanted._replace(vendors=(), kinds=(), bands=())),
        }


def in_words(page: shelves.Page) -> shelves.Page:
    """The cards of a page in the language of the visitor, as far as they are written in it."""
    words = translations.of_products([card.code for card in page.cards])
    if not words:
        return page
    return replace(
        page,
        cards=[
            card._replace(product=said.name or card.product, summary=said.summary or card.summary)
            if (said := words.get(card.code))
            else card
            for card in page.cards
        ],
    )


ONLY_WORDS = {
    "title": "portal/fragments/product_title.html",
    "about": "portal/fragments/product_about.html",
    "more": "portal/fragments/product_more.html",
}
PRODUCT = {
    "title": "portal/fragments/product_title.html",
    "about": "portal/fragments/product_about.html",
    "offer": "portal/fragments/product_offer.html",
    "calculation": "portal/fragments/calculation.html",
    "more": "portal/fragments/product_more.html",
    "head": heads.TEMPLATE,
}
CLOSED = {
    "title": "portal/fragments/product_title.html",
    "about": "portal/fragments/product_about_closed.html",
    "offer": "portal/fragments/product_offer_closed.html",
    "more": "portal/fragments/product_words.html",
    "head": heads.TEMPLATE,
}
"""The same where the visitor sees no prices: pieces of their own, so that whatever is added to the others can
never let one through."""


@portal.get("/p/<code>")
def product(code: str) -> Response:
    """A product: what it is, its plans, what a number of units costs (`?plan=&quantity=`), what happens after
    buying."""
    plan, typed = calculator.asked()
    try:
        drawn = (
            pages.fragments("product", (code, plan, typed), PRODUCT, lambda: _product(code, plan, typed))
            if prices_shown()
            else {"calculation": "", **pages.fragments("product", (code,), CLOSED, lambda: _closed(code))}
        )
    except Missing:
        return no_longer_sold(code)
    return pages.kept("portal/product.html", around(code) | drawn, can=may(), problem="")


def no_longer_sold(code: str) -> Response:
    """What was on this shelf and is retired says so, and what replaces it; what is sold in other countries
    only says that. Missing for anything else."""
    with db.transaction():
        abroad = publication.elsewhere(code)
    if abroad is not None:
        return pages.render("portal/elsewhere.html", 404, title=abroad.name, about=abroad)
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


def _closed(code: str) -> dict[str, Any]:
    """What a visitor who sees no prices may know of a product."""
    found, offers, category = _read(code)
    return _described(code, found, offers, category) | {
        "plans": [
            {name: plan[name] for name in ("name", "note", "features", "onwards")}
            for plan in map(_plan, offers)
        ]
    }


def _read(code: str) -> tuple[Offered, list[Offer], str]:
    """A product, its plans and its category in the language of the visitor."""
    with db.reading():
        found, offers = listings.offers(code)
        words = translations.of_products([code]).get(code)
        names = translations.of_plans([offer.plan_id for offer in offers])
        category = translations.of_categories().get(found.category, found.category)
    offers = [replace(one, plan=names.get(one.plan_id, ("", ""))[1] or one.plan) for one in offers]
    return said_in(found, words), offers, category


def _described(code: str, found: Offered, offers: Sequence[Offer], category: str) -> dict[str, Any]:
    """What a product is, to people and to machines; prices only where they are shown."""
    path = f"/c/{found.category_slug or facets.slug(found.category)}"
    data = [
        heads.product_data(code, found, offers),
        heads.trail_data(
            [
                (the_shop().name, "/"),
                (category, path),
                (found.name, f"/p/{quote(code)}"),
            ]
        ),
    ]
    return {
        "product": found,
        "category": category,
        "body": markdown.html(found.description),
        "initials": cards.initials(found.name),
        "pictures": [Shown(one) for one in found.pictures],
        "languages": written_in(found),
        "shelf_url": f"{the_shop().base}{path}#products",
        **heads.head(found.name, f"/p/{quote(code)}", description=found.summary, data=data),
    }


def product_again(code: str, *, plan: str, quantity: str, problem: str, status: int) -> Response:
    """The same page with what was typed, and why it was refused."""
    values = _product(code, plan, quantity) | {"problem": problem}
    pieces = around(code) | pages.drawn(PRODUCT, values)
    return pages.render("portal/product.html", status, **pieces, can=may(), problem=problem)


def around(code: str) -> dict[str, str | Piece]:
    """What stands around the pieces of a product: addresses are whole, as a slot is filled with no part of
    one."""
    at, name = the_shop().base, quote(code)
    return {
        "code": code,
        "sign_in_url": f"{at}/sign-in?next=/p/{name}",
        "quote_url": f"{at}/quotes/ask?product={name}",
    }


def may() -> str:
    """What the visitor may do with a product."""
    who = visitor()
    if not who.signed_in:
        return "sign_in"
    return "buy" if who.side is Side.CUSTOMER and who.reseller_id == the_shop().reseller_id else "look"


def _product(code: str, plan: str, typed: str | None) -> dict[str, Any]:
    found, offers, category = _read(code)
    return product_values(code, found, offers, plan, typed, category=category)


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
    code: str,
    found: Offered,
    offers: Sequence[Offer],
    plan: str = "",
    typed: str | None = None,
    *,
    category: str = "",
) -> dict[str, Any]:
    """What the pieces of a product's page are drawn from; `category`: what its category is called here."""
    about = {
        **_described(code, found, offers, category or found.category),
        **offer_words.beside(found, offers),
        "compare_url": None,
        "plans": [_plan(offer) for offer in offers],
        "problem": "",
        "chosen": "",
    }
    if not offers:
        return about
    chosen = next((offer for offer in offers if str(offer.plan_id) == plan), offers[0])
    least = first_allowed(chosen.minimum, chosen.facts.step)
    answer = calculator.answer(offers, plan, str(least) if typed is None else typed)
    return (
        about
        | answer
        | {
            "compare_url": comparison([offer.plan_code for offer in offers]) if len(offers) > 1 else None,
            "minimum": min(first_allowed(offer.minimum, offer.facts.step) for offer in offers),
            "maximum": max(offer.maximum for offer in offers),
            "step": min(offer.facts.step for offer in offers),
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
    if numbers := offer_words.of_quantity(offer):
        note += f", {numbers}"
    if offer.now.was is not None and prices_shown():
        note += f". {offer.now.name}: {cards.reduced(offer.now.was, offer.now.until)}"
    return {
        "code": str(offer.plan_id),
        "name": offer.plan,
        "price": offer.price,
        "was": offer.now.was,
        "per": _("per %(unit)s %(period)s", unit=offer.unit, period=offer.per),
        "note": note,
        "features": [
            (str(text) if value is True or value is False else f"{text}: {value}", value is not False)
            for text, value in (*offer.features.items(), *offer.attributes)
        ]
        + offer_words.of_plan(offer),
        "onwards": list(offer.onwards),
        "flag": None,
        "because": None,
        "unit_minor": None,
        "period": None,
    }


def comparison(plan_codes: Sequence[str]) -> str:
    """Where plans stand side by side."""
    fields = [("plan", code) for code in plan_codes[:MOST]]
    return f"{the_shop().base}/compare?{urlencode(fields)}"


@portal.get("/help")
def help_page() -> Response:
    """Answers to what customers ask, and whom to ask."""
    contact = storefronts.contact(the_shop().storefront_id)
    head = heads.piece(_("Help"), "/help")
    return pages.render("portal/help.html", title=_("Help"), contact=contact, head=head)
