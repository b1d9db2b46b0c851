"""Up to four plans side by side. What is compared stands in the address and nowhere else: a comparison can be
sent to somebody, and nothing has to be remembered."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flask import request
from werkzeug.wrappers import Response

from catalog import comparisons, shelves
from catalog.comparisons import MOST, Compared
from catalog.shelves import Wanted
from core import db
from core.languages import _
from storefront import pages
from storefront.portal import heads, portal
from storefront.portal.facets import Place
from storefront.portal.shelf import may
from storefront.visitors import prices_shown, the_shop

Fields = list[tuple[str, str]]


def asked(name: str) -> list[str]:
    """Codes of the address, each once."""
    return list(dict.fromkeys(code[:100] for code in request.args.getlist(name) if code))


@portal.get("/compare")
def compare() -> Response:
    """The table; with fewer than two plans, how to choose some."""
    products, plans = asked("product"), asked("plan")
    with db.reading():
        chosen = comparisons.of(products, plans)
        others = shelves.page(Wanted(chosen[0].category)).cards if 0 < len(chosen) < MOST else ()
    rows = comparisons.rows(chosen, prices=prices_shown())
    only = request.args.get("only") == "differences" and len(chosen) > 1
    fields: Fields = [("plan", one.code) for one in chosen]
    there = {one.product for one in chosen}
    return pages.render(
        "portal/compare.html",
        title=_("Compare"),
        head=heads.piece(_("Compare"), "/compare", indexed=False),
        columns=[column(one, chosen) for one in chosen],
        rows=[row for row in rows if row.differs or not only],
        alike=sum(not row.differs for row in rows) if len(chosen) > 1 else 0,
        only=only,
        toggle_url=address(fields if only else [*fields, ("only", "differences")]),
        kept=fields,
        others=[(card.code, card.product) for card in others if card.code not in there],
        missing=min(len(products) + len(plans), MOST) - len(chosen),
        more=max(len(products) + len(plans) - MOST, 0),
        most=MOST,
        can=may(),
        sign_in_url=f"{the_shop().base}/sign-in?next={quote(address(fields).removeprefix(the_shop().base))}",
        all_url=Place().at(Wanted(chosen[0].category)) if chosen else pages.portal_places()["home"],
    )


def column(one: Compared, chosen: Sequence[Compared]) -> dict[str, Any]:
    """The head of a column; `url` without it is the comparison of the others."""
    return {
        "name": one.name,
        "plan": one.plan,
        "plan_id": one.plan_id,
        "product": one.product,
        "minimum": one.minimum,
        "url": f"{the_shop().base}/p/{quote(one.product)}",
        "without_url": address([("plan", other.code) for other in chosen if other is not one]),
    }


def address(fields: Fields) -> str:
    """Where this is compared."""
    return f"{the_shop().base}/compare{'?' if fields else ''}{urlencode(fields)}"
