"""The price calculator of a product's page: a plan and a number of units give the step that counts, the price
of a unit, what a period costs and what the term does (P23, P53). The same answer stands in the page as it is
sent, comes back from its GET form, and replaces itself while one types."""

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from catalog import listings, reductions
from catalog.listings import Offer
from checkout import explanations
from checkout.explanations import Explained, Ingredients, Leg, Taken
from checkout.quantities import check_quantity, parse_quantity
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.money import Money
from storefront import pages, why
from storefront.portal import portal
from storefront.visitors import prices_shown

YEAR = 12


def explained(offer: Offer, quantity: int) -> Explained:
    """Why a unit costs what it does, as far as customers see it: with what holds for everybody."""
    taken = [
        Taken(Leg.RETAIL, cut.offer.name, cut.unit)
        for cut in reductions.cuts(offer.volume.at(quantity), offer.sale, quantity)
    ]
    return explanations.explain(Ingredients(offer.unit, retail=offer.volume), quantity, taken)


def answer(offers: Sequence[Offer], plan: str, typed: str) -> dict[str, Any]:
    """What the calculation shows; `problem` says why there is nothing to show, and then the steps stand
    alone."""
    offer = next((one for one in offers if str(one.plan_id) == plan), offers[0])
    quantity, problem = None, ""
    try:
        quantity = parse_quantity(typed)
        check_quantity(quantity, offer.minimum, offer.maximum, offer.unit, offer.facts.step)
    except Refusal as refusal:
        quantity, problem = None, str(refusal)
    prices = reductions.volume_after(offer.volume, offer.sale)
    unit = prices.at(quantity) if quantity else None
    return {
        "chosen": str(offer.plan_id),
        "quantity": typed,
        "problem": problem,
        "unit_price": unit,
        "unit": offer.unit,
        "per": offer.per,
        "total": unit * quantity if unit and quantity else None,
        "longer": longer(offer, unit * quantity) if unit and quantity else None,
        "ranges": why.ranges(prices, quantity, least=offer.minimum),
        "steps": explained(offer, quantity).of(Leg.RETAIL) if quantity else (),
    }


def longer(offer: Offer, per_period: Money) -> tuple[str, Money] | None:
    """What the whole term costs where it is billed in parts; of a term shorter than a year, what a year
    does."""
    term, billed = offer.months
    if term > billed:
        return _("In the whole term of %(term)s", term=offer.term), per_period * (term // billed)
    if term < YEAR:
        return _("In 12 months"), per_period * (YEAR // billed)
    return None


@portal.get("/p/<code>/price")
def price_answer(code: str) -> Response:
    """The answer alone, for a page that asks while somebody types."""
    if not prices_shown():
        raise Missing("price")
    plan, typed = asked()
    piece = pages.fragments(
        "price",
        (code, plan, typed),
        {"calculation": "portal/fragments/calculation.html"},
        lambda: answer(offers_of(code), plan, typed or ""),
    )
    return Response(piece["calculation"], content_type="text/html; charset=utf-8")


def asked() -> tuple[str, str | None]:
    """Plan and number as the address names them; no number where it names none."""
    typed = request.args.get("quantity")
    return request.args.get("plan", "")[:36], None if typed is None else typed.strip()[:12]


def offers_of(code: str) -> list[Offer]:
    """The plans of a product on this shelf."""
    if len(code) > 200:
        raise Missing("product")
    with db.reading():
        return listings.offers(code)[1]
