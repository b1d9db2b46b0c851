"""The reseller's price list: what it pays, what it asks, what stays, and which rule made it; set by hand by
row or by page. Many at once: storefront/reseller/bulk_prices.py; rules:
storefront/reseller/price_rules.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import or_
from werkzeug.wrappers import Response

from catalog import bulk_prices, retail, retail_rules
from catalog.listings import Listing
from catalog.products import Product
from catalog.retail import RetailPrice
from catalog.retail_rules import Level, Method, RetailRule
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
    rule: str
    error: str | None = None


@console.get("/prices")
def price_list() -> Response:
    """The table."""
    return show()


def show(
    typed: dict[UUID, str] | None = None,
    errors: dict[UUID, str] | None = None,
    status: int = 200,
    problem: str | None = None,
) -> Response:
    """The table with what was typed and what is wrong with it."""
    with db.transaction():
        page = lists.page(the_list(), retail.on_the_shelf())
        undoable = bulk_prices.last(menu.reseller_id())
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
        category=request.args.get("category", "")[:100],
        here=url_for("reseller.save_prices", **kept),
        undoable=undoable,
        problem=problem,
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
            Column("rule", _("Made by"), lambda row: row.rule, only_file=True),
            Column("shown", _("In your shop"), lambda row: row.price.published),
            Column("acts", _("Acts"), kind="acts"),
        ],
        Listing.id,
        lambda found: rows_of([retail.as_price(*row) for row in found]),
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


def rows_of(prices: Sequence[RetailPrice]) -> list[PriceRow]:
    """Prices as the table shows them; one statement more for the rules that may have made them."""
    rules = retail_rules.of(menu.reseller_id(), [one.target for one in prices]) if prices else []
    return [row_of(one, rules) for one in prices]


def row_of(price: RetailPrice, rules: Sequence[RetailRule]) -> PriceRow:
    """A row with its margin; none where we have no wholesale price."""
    kept = margin(price.retail, price.wholesale) if price.wholesale else None
    below = bool(kept and kept.amount.minor < 0)
    return PriceRow(price, f"{price.retail.amount:f}", kept, below, made_by(price, rules))


def made_by(price: RetailPrice, rules: Sequence[RetailRule]) -> str:
    """Which rule makes a price, in few words."""
    first = next(iter(retail_rules.in_order(rules, price.target)), None)
    if first is None:
        return _("No rule")
    if first.method is Method.ABSOLUTE:
        return _("Set by hand")
    how = retail_rules.how(first)
    if first.level is Level.CATEGORY or first.level is Level.VENDOR:
        return _("%(what)s: %(how)s", what=first.target, how=how)
    return _("%(what)s: %(how)s", what=retail_rules.LEVELS[first.level], how=how)


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
            below = any(row_of(retail.find(each), ()).below for each in prices) if changed else False
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


def back(said: str) -> Response:
    """To the same page of the same list."""
    kept: dict[str, Any] = {
        name: values
        for name, values in request.args.to_dict(flat=False).items()
        if name != "said" and any(values)
    }
    return pages.see("reseller.price_list", said, **kept)
