"""Many prices at once: a category, a vendor, everything, or what was ticked. The margin moves while one
types; without scripts a button shows the same. Nothing is changed before it was seen, and the last change is
undone with one click."""

from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, SelectField, StringField

from catalog import bulk_prices, listings, margin_alarms, retail_rules
from catalog.bulk_prices import Asked, How
from catalog.retail_rules import Level, WrongValue
from catalog.shelf_prices import EVERYTHING, Part, Preview, Shown
from core import db, money
from core.errors import Refusal
from core.languages import Words, _
from storefront import lists, pages
from storefront.forms import Form, choices
from storefront.reseller import console, menu
from storefront.reseller.margins import margin
from storefront.visitors import has_role, require_role, visitor

MOST_CHOSEN = 500
HOWS = Words(
    {
        How.PERCENT: "Percent on what you pay",
        How.FIXED: "Amount on what you pay",
        How.MARGIN: "Margin, as a share of the price",
        How.LIST: "List price, and percent more or less",
        How.TODAY: "Percent on today's prices, once",
    }
)
pages.saying(
    bulk_changed="Done. Your shop shows the new prices already. You can undo it below.",
    bulk_undone="Undone. Prices and rules are what they were before.",
)


class Bulk(Form):
    """What is asked for."""

    of = SelectField("Which prices", validate_choice=False)
    how = SelectField(
        "How", choices=choices(HOWS.options()), default=How.PERCENT.value, validate_choice=False
    )
    value = StringField("Percent or amount", default="")
    all_of_it = BooleanField(
        "Also those with a rule or a price of their own",
        description="Prices that you set by hand, and rules of single products, give way.",
    )
    chosen = HiddenField()


@console.get("/prices/bulk")
def bulk_page() -> Response:
    """The form, before anything is typed."""
    category = request.args.get("category", "")[:200]
    return show(Bulk(of=f"category:{category}" if category else "", all_of_it=False))


@console.post("/prices/bulk/preview")
def preview_bulk() -> Response:
    """What would be; a part of the page for scripts, else the page."""
    require_role("storefront_manager")
    form = Bulk(request.form)
    if request.headers.get("HX-Request"):
        return Response(pages.part("reseller/parts/bulk_preview.html", **seen(form)), mimetype="text/html")
    return show(form, previewed=True)


@console.post("/prices/bulk")
def change_bulk() -> Response:
    """Makes the change that was seen."""
    require_role("storefront_manager")
    form = Bulk(request.form)
    try:
        asked = read(form)
        with db.transaction():
            reseller_id = menu.reseller_id()
            bulk_prices.change(reseller_id, asked, by=visitor().name)
            margin_alarms.look_at_shelves(reseller_id, asked.part)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return show(form, refusal.status, problem=form.tell(refusal))
    return pages.see("reseller.price_list", "bulk-changed")


@console.post("/prices/bulk/undo")
def undo_bulk() -> Response:
    """Takes the last change of many prices back."""
    require_role("storefront_manager")
    with db.transaction():
        reseller_id = menu.reseller_id()
        bulk_prices.undo(reseller_id)
        margin_alarms.look_at_shelves(reseller_id)
    return pages.see("reseller.price_list", "bulk-undone")


def read(form: Bulk) -> Asked:
    """What the form says; WrongValue, WrongTarget or Missing otherwise."""
    how = lists.at_most(HOWS.options(), form.how.data or "")
    typed = (form.value.data or "").strip()
    part = part_of(form)
    storefront = menu.own_storefront()
    currency = storefront.currency if storefront else "EUR"
    if how == How.FIXED:
        try:
            amount = retail_rules.check_amount(money.parse(typed, currency))
        except ValueError as error:
            raise WrongValue(_(str(error))) from None
        return Asked(part, How.FIXED, amount=amount, all_of_it=bool(form.all_of_it.data))
    if how == How.LIST and not typed:
        typed = "0"
    method = retail_rules.Method.MARGIN if how == How.MARGIN else retail_rules.Method.PERCENT
    points = retail_rules.parse_points(typed, method)
    return Asked(part, How(how), points=points, all_of_it=bool(form.all_of_it.data))


def part_of(form: Bulk) -> Part:
    """Which prices are meant: what was ticked, else a category, a vendor or everything."""
    if form.chosen.data:
        ids = [lists.identifier(one, "price") for one in form.chosen.data.split(",")[:MOST_CHOSEN]]
        return Part("listings", ids)
    kind, _colon, name = (form.of.data or "").partition(":")
    return Part(kind, name) if kind in ("category", "vendor") and name else EVERYTHING


def seen(form: Bulk) -> dict[str, Any]:
    """What the form would make of the prices, or what is wrong with it."""
    try:
        asked = read(form)
        with db.transaction():
            preview = bulk_prices.preview(menu.reseller_id(), asked)
    except Refusal as refusal:
        form.tell(refusal)
        return {"preview": None, "problem": str(refusal), "rows": [], "form": form}
    rows = [row_of(one, once=asked.how is How.TODAY) for one in preview.rows]
    return {"preview": preview, "problem": None, "rows": rows, "form": form, **margins(preview)}


def row_of(shown: Shown, *, once: bool) -> dict[str, Any]:
    """A plan of the preview as the table draws it."""
    by = retail_rules.LEVELS[shown.level] if shown.level else _("No rule")
    if shown.level in (Level.CATEGORY, Level.VENDOR):
        by = shown.target
    if shown.level is Level.PLAN:
        by = _("Its own rule")
    if once:
        by = _("Set by hand")
    return {
        "product": shown.product,
        "plan": shown.plan,
        "paid": shown.paid,
        "was": shown.was,
        "now": shown.now,
        "changes": shown.was != shown.now,
        "margin": margin(shown.now, shown.paid) if shown.paid else None,
        "under": shown.under,
        "by": by,
    }


def margins(preview: Preview) -> dict[str, str]:
    """Average margins before and after, in words."""

    return {
        "was_margin": retail_rules.share(preview.was_margin),
        "now_margin": retail_rules.share(preview.now_margin),
    }


def show(form: Bulk, status: int = 200, *, problem: str | None = None, previewed: bool = False) -> Response:
    """The page."""
    with db.transaction():
        reseller_id = menu.reseller_id()
        form.of.choices = choices(
            [
                ("", _("Everything")),
                *((f"category:{name}", name) for name in listings.all_categories(reseller_id)),
                *(
                    (f"vendor:{name}", _("%(vendor)s (vendor)", vendor=name))
                    for name in listings.all_vendors(reseller_id)
                ),
            ]
        )
        last = bulk_prices.last(reseller_id)
    shown: dict[str, Any] = (
        seen(form) if previewed or problem else {"preview": None, "problem": None, "rows": []}
    )
    if problem:
        shown["problem"] = problem
    chosen: list[UUID] = part_of(form).value if form.chosen.data else []
    if shown["problem"] and status == 200:
        status = 422
    return pages.render(
        "reseller/bulk_prices.html",
        status,
        title=_("Change many prices"),
        **(shown | {"form": form}),
        chosen=len(chosen),
        last=last,
        may_change=has_role("storefront_manager"),
        back_url=url_for("reseller.price_list"),
    )
