"""What each plan costs the reseller, by quantity: the prices of its own list less its tier, in the section of
what is billed (U13)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import or_
from werkzeug.wrappers import Response

from catalog import retail
from catalog.listings import Listing
from catalog.price_lists import less_tier
from catalog.products import Plan, Product
from core import db
from core.languages import _
from storefront import exports, lists, pages
from storefront.lists import Column, List
from storefront.reseller import console


@console.get("/money/plan-prices")
def plan_price_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), retail.on_the_shelf())
    return pages.render("reseller/plan_prices.html", title=_("Plan prices"), page=page)


@console.get("/money/plan-prices.csv")
def plan_price_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), retail.on_the_shelf())


def the_list() -> List:
    """What the list is; call it in a transaction, because its categories are rows."""
    return List(
        _("Plan prices"),
        "reseller.plan_price_list",
        [
            Column("plan", _("Plan"), itemgetter("plan"), Listing.sort_key),
            Column("per", _("Per"), itemgetter("per")),
            Column("least", _("Minimum"), itemgetter("least"), Plan.minimum_quantity, kind="num"),
            Column("pays", _("You pay"), itemgetter("pays"), kind="num", money=True),
            Column("steps", _("From so many units on"), itemgetter("steps")),
        ],
        Listing.id,
        rows_of,
        "plan",
        search=lambda query: or_(
            Product.name.icontains(query, autoescape=True), Product.vendor.icontains(query, autoescape=True)
        ),
        filters=[
            lists.Choice(
                "category",
                _("Category"),
                [(each, each) for each in retail.categories()],
                lambda word: Product.category == word,
                any_word=_("All categories"),
            )
        ],
        export="reseller.plan_price_file",
    )


def rows_of(found: Sequence[Any]) -> list[dict[str, Any]]:
    """Plans as the list shows them; without a price where the distributor has none for this reseller."""
    rows: list[dict[str, Any]] = []
    for listing, plan, product, unit, wholesale, discount in found:
        pays = less_tier(wholesale.volume, discount) if wholesale else None
        rows.append(
            {
                "plan": f"{product.name}, {plan.name}",
                "per": f"{unit} {plan.billing_period.per}",
                "least": plan.minimum_quantity,
                "pays": pays.price if pays else None,
                "steps": pays.words if pays else "",
                "url": url_for("reseller.volume_prices", listing_id=listing.id),
            }
        )
    return rows
