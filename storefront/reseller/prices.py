"""The reseller's price list: what it pays, what it asks, what stays; changed by row, by page or by a rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import or_
from werkzeug.wrappers import Response

from catalog import retail
from catalog.listings import Listing
from catalog.products import Product
from catalog.retail import Basis, RetailPrice, WrongRule
from core import db, money
from core.errors import Refusal
from core.languages import Words, _
from core.money import Money
from storefront import exports, lists, pages
from storefront.lists import Column, List
from storefront.reseller import console, menu
from storefront.reseller.margins import Margin, margin
from storefront.visitors import has_role, require_role

pages.saying(
    price_saved="Saved. Your shop shows the new price already.",
    prices_saved="Saved. Your shop shows the new prices already.",
    prices_below="Saved. Please look at the prices marked below: they are lower than what you pay.",
    prices_same="Nothing was changed.",
    plan_shown="The plan is in your shop now.",
    plan_hidden="The plan is no longer offered in your shop. What you sold of it goes on.",
)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A plan as the table shows it; `typed` and `error` where what was sent could not be taken."""

    price: RetailPrice
    typed: str
    margin: Margin | None
    below: bool
    error: str | None = None


@console.get("/prices")
def price_list() -> Response:
    """The table."""
    return show()


def show(
    typed: dict[UUID, str] | None = None,
    errors: dict[UUID, str] | None = None,
    rule: Refusal | None = None,
    status: int = 200,
) -> Response:
    """The table with what was typed and what is wrong with it."""
    with db.transaction():
        of = the_list()
        page = lists.page(of, retail.on_the_shelf())
    if typed:
        rows = [
            replace(
                row,
                typed=typed.get(row.price.listing_id, row.typed),
                error=(errors or {}).get(row.price.listing_id),
            )
            for row in page.rows
        ]
        page = replace(page, rows=rows)
    kept: dict[str, Any] = {
        name: values if len(values) > 1 else values[0]
        for name, values in request.args.to_dict(flat=False).items()
        if name != "said"
    }
    return pages.render(
        "reseller/prices.html",
        status,
        title=_("Prices"),
        may_change=has_role("storefront_manager"),
        page=page,
        categories=[value for value, _ in categories_of(of)],
        category=request.args.get("category", "")[:100],
        here=url_for("reseller.save_prices", **kept),
        rule_url=url_for("reseller.apply_rule", **kept),
        rule=str(rule) if rule else None,
        percent=request.form.get("percent", ""),
        basis=request.form.get("basis", "retail"),
        portal_url=menu.portal_url(menu.own_storefront()),
        below=sum(row.below for row in page.rows),
    )


@console.get("/prices.csv")
def price_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), retail.on_the_shelf())


SHOWN = Words({"yes": "Shown", "no": "Hidden"})


def the_list() -> List:
    """What the list is; call it in a transaction, because its categories are rows."""
    categories = [(each, each) for each in retail.categories()]
    return List(
        _("Prices"),
        "reseller.price_list",
        [
            Column("plan", _("Plan"), lambda row: f"{row.price.product}, {row.price.plan}", Listing.sort_key),
            Column("per", _("Per"), lambda row: f"{row.price.unit} {row.price.per}", only_file=True),
            Column("wholesale", _("You pay"), lambda row: row.price.wholesale, kind="num", money=True),
            Column(
                "recommended", _("Recommended"), lambda row: row.price.recommended, money=True, only_file=True
            ),
            Column(
                "price",
                _("Your price"),
                lambda row: row.price.retail,
                Listing.price_minor,
                kind="num",
                money=True,
            ),
            Column(
                "margin",
                _("Margin"),
                lambda row: row.margin.amount if row.margin else None,
                kind="num",
                money=True,
            ),
            Column("shown", _("In your shop"), lambda row: row.price.published),
            Column("acts", _("Acts"), kind="acts"),
        ],
        Listing.id,
        lambda found: [row_of(retail.as_price(*row)) for row in found],
        "plan",
        search=lambda query: or_(
            Product.name.icontains(query, autoescape=True), Product.vendor.icontains(query, autoescape=True)
        ),
        filters=[
            lists.Choice(
                "category",
                _("Category"),
                categories,
                lambda word: Product.category == word,
                any_word=_("All categories"),
            ),
            lists.Choice(
                "shown",
                _("In your shop"),
                SHOWN.options(),
                lambda word: Listing.published.is_(word == "yes"),
                _("All"),
            ),
        ],
        export="reseller.price_file",
    )


def categories_of(of: List) -> Sequence[tuple[str, str]]:
    """The categories that the list offers."""
    return next(one.options for one in of.filters if isinstance(one, lists.Choice) and one.name == "category")


def row_of(price: RetailPrice) -> PriceRow:
    """A row with its margin; none where we have no wholesale price."""
    kept = margin(price.retail, price.wholesale) if price.wholesale else None
    return PriceRow(price, f"{price.retail.amount:f}", kept, bool(kept and kept.amount.minor < 0))


@console.post("/prices")
def save_prices() -> Response:
    """Saves one row, all rows of the page, or shows and hides a plan; what could not be taken stays as it was
    typed."""
    require_role("storefront_manager")
    for act in ("hide", "show"):
        if request.form.get(act):
            with db.transaction():
                retail.publish(lists.identifier(request.form[act], "price"), published=act == "show")
            return back("plan-hidden" if act == "hide" else "plan-shown")
    typed, prices, errors = read(request.form.get("save", "all"))
    if errors:
        return show(typed, errors, status=422)
    try:
        with db.transaction():
            changed = retail.reprice(prices)
            below = (
                any(row_of(each).below for each in retail.page(limit=1000) if each.listing_id in prices)
                if changed
                else False
            )
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return show(typed, dict.fromkeys(prices, str(refusal)), status=refusal.status)
    return back(
        "prices-below"
        if below
        else "prices-same"
        if not changed
        else "price-saved"
        if len(prices) == 1
        else "prices-saved"
    )


def read(which: str) -> tuple[dict[UUID, str], dict[UUID, Money], dict[UUID, str]]:
    """What was typed, the prices it means, and what is wrong, by listing; of one row or of all."""
    typed = {
        lists.identifier(name.removeprefix("price-"), "price"): value
        for name, value in request.form.items()
        if name.startswith("price-")
    }
    wanted = (
        typed
        if which == "all"
        else {key: typed[key] for key in (lists.identifier(which, "price"),) if key in typed}
    )
    storefront = menu.own_storefront()
    currency = storefront.currency if storefront else "EUR"
    prices: dict[UUID, Money] = {}
    errors: dict[UUID, str] = {}
    for listing_id, text in wanted.items():
        try:
            prices[listing_id] = money.parse(text, currency)
        except ValueError as error:
            errors[listing_id] = str(error)
    return typed, prices, errors


@console.post("/prices/rule")
def apply_rule() -> Response:
    """A percentage on every price of a category, or of the whole shelf."""
    require_role("storefront_manager")
    category, basis = request.form.get("category", ""), request.form.get("basis", "")
    try:
        if basis not in set(Basis):
            raise WrongRule
        with db.transaction():
            changed = retail.raise_by(
                retail.parse_percent(request.form.get("percent", "")), basis=Basis(basis), category=category
            )
    except Refusal as refusal:
        return show(rule=refusal, status=refusal.status)
    return back("prices-saved" if changed else "prices-same")


def back(said: str) -> Response:
    """To the same page of the same list."""
    kept: dict[str, Any] = {
        name: values
        for name, values in request.args.to_dict(flat=False).items()
        if name != "said" and any(values)
    }
    return pages.see("reseller.price_list", said, **kept)
