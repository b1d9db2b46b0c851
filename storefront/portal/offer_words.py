"""How a plan may be ordered, in the words of its product's page: allowed numbers, trial, windows, what it
extends, needs or holds, and the add-ons of a product."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from catalog import markets
from catalog.listings import Offer, Offered
from catalog.offer_facts import Linked
from catalog.plan_links import LinkKind
from checkout import quantities
from core.languages import _
from storefront.units import counted
from storefront.visitors import prices_shown, the_shop


def of_quantity(offer: Offer) -> str:
    """Which numbers of it can be ordered, where that is not any."""
    if offer.minimum == 1 and offer.facts.step == 1:
        return ""
    return quantities.allowed(offer.minimum, offer.maximum, offer.unit, offer.facts.step)


def of_plan(offer: Offer) -> list[tuple[str, bool]]:
    """Lines below a plan, as parts/prices.html draws features."""
    facts = offer.facts
    said = [
        _("Includes %(product)s, %(plan)s", product=one.product, plan=one.plan)
        for one in facts.of_kind(LinkKind.PART)
    ]
    if facts.trial_days:
        days = counted(facts.trial_days, _("day"))
        said.append(_("%(days)s on trial: ended within them, all is paid back", days=days))
    if facts.cancellation_days:
        days = counted(facts.cancellation_days, _("day"))
        said.append(_("Ended within %(days)s, the days that are left are paid back", days=days))
    if facts.segments:
        kinds = ", ".join(markets.SEGMENTS[one] for one in facts.segments)
        said.append(_("Sold to: %(kinds)s", kinds=kinds))
    if facts.once:
        said.append(_("Once per customer"))
    if facts.of_kind(LinkKind.BASE):
        said.append(_("An add-on: ordered with what it extends"))
    said += [
        _("Needs %(product)s at your company", product=one.product) for one in facts.of_kind(LinkKind.NEEDS)
    ]
    return [(words, True) for words in said]


def beside(product: Offered, offers: Sequence[Offer]) -> dict[str, Any]:
    """What stands below the plans: add-ons, and the products that it extends or needs."""
    at = the_shop().base
    linked: dict[str, Linked] = {
        one.product: one for offer in offers for one in offer.facts.links if one.kind is not LinkKind.PART
    }
    return {
        "add_ons": [
            {
                "name": one.product,
                "url": f"{at}/p/{quote(one.code)}",
                "plan": one.plan,
                "price": one.price if prices_shown() else None,
                "per": _("per %(unit)s %(period)s", unit=one.unit, period=one.per),
            }
            for one in product.add_ons
        ],
        "goes_with": [
            {
                "words": words,
                "extends": kind is LinkKind.BASE,
                "products": [
                    {"name": one.product, "url": f"{at}/p/{quote(one.code)}" if one.code else ""}
                    for one in linked.values()
                    if one.kind is kind
                ],
            }
            for kind, words in ((LinkKind.BASE, _("Extends")), (LinkKind.NEEDS, _("Needs")))
            if any(one.kind is kind for one in linked.values())
        ],
    }
