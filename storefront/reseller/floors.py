"""The reseller's margin floors, and its prices under them: found, exported, raised with one click."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from catalog import margin_alarms, margin_floors, retail_rules
from catalog.listings import Listing
from catalog.margin_alarms import ShelfAlarm
from catalog.margin_floors import RetailFloor
from catalog.products import Plan, Product
from catalog.retail_rules import Method
from core import db
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.money import Money
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.filters import Days
from storefront.forms import Form, choices
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role

ACTS = Words({"warn": "Warn me", "refuse": "Refuse it"})
pages.saying(
    floor_kept="The floor holds from now on.",
    floor_removed="The floor is gone.",
    raised="Raised. Your shop shows the new prices already.",
    nothing_raised="Nothing had to be raised.",
)


class NewFloor(Form):
    """How much of a price stays at least."""

    percent = StringField("At least", description="Share of the price that stays with you.")
    product = StringField("Product", description="Its code. Empty: everything on your shelf.")
    act = SelectField(
        "A price below it", choices=choices(ACTS.options()), default="warn", validate_choice=False
    )


@console.get("/margins")
def margin_list() -> Response:
    """Prices under their floor, and the floors."""
    return show(NewFloor())


@console.get("/margins.csv")
def margin_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), alarms())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Prices under your floor"),
        "reseller.margin_list",
        [
            Column("choose", _("Choose"), kind="choose"),
            Column("plan", _("Plan"), lambda row: f"{row['product']}, {row['plan']}", Product.name),
            Column("paid", _("You pay"), lambda row: row["paid"], kind="num", money=True),
            Column("price", _("Your price"), lambda row: row["price"], kind="num", money=True),
            Column("margin", _("Margin"), lambda row: row["margin"], kind="num"),
            Column("floor", _("Floor"), lambda row: row["floor"], kind="num"),
            Column("since", _("Since"), lambda row: row["since"], ShelfAlarm.since),
        ],
        ShelfAlarm.id,
        rows_of,
        "-since",
        search=lambda query: or_(
            Product.name.icontains(query, autoescape=True), Product.vendor.icontains(query, autoescape=True)
        ),
        filters=[
            lists.Choice(
                "loss",
                _("Margin"),
                [("yes", _("At a loss")), ("no", _("Some stays"))],
                lambda word: (ShelfAlarm.price_minor < ShelfAlarm.paid_minor).is_(word == "yes"),
                _("All"),
            ),
            Days("since", _("Since"), ShelfAlarm.since),
        ],
        export="reseller.margin_file",
    )


def alarms() -> Select[ShelfAlarm, Listing, Product, Plan]:
    """Alarms with what they are about."""
    return (
        select(ShelfAlarm, Listing, Product, Plan)
        .join(Listing, same_key(Listing.id, ShelfAlarm.listing_id))
        .join(Product, same_key(Product.id, Listing.product_id))
        .join(Plan, same_key(Plan.id, Listing.plan_id))
    )


def rows_of(found: Sequence[tuple[ShelfAlarm, Listing, Product, Plan]]) -> list[dict[str, Any]]:
    """Alarms as the list shows them."""
    return [
        {
            "listing_id": alarm.listing_id,
            "url": url_for("reseller.price_page", listing_id=alarm.listing_id),
            "product": product.name,
            "plan": plan.name,
            "paid": Money(alarm.paid_minor, alarm.currency),
            "price": Money(alarm.price_minor, alarm.currency),
            "margin": retail_rules.share(alarm.margin_points),
            "loss": alarm.price_minor < alarm.paid_minor,
            "floor": retail_rules.share(alarm.floor_points),
            "since": moment(alarm.since),
        }
        for alarm, _listing, product, plan in found
    ]


def show(form: NewFloor, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction() as session:
        page = lists.page(the_list(), alarms())
        joined = same_key(Product.id, RetailFloor.product_id)
        floors = [
            {
                "id": floor.id,
                "what": product.name if product else _("Everything"),
                "percent": retail_rules.percent(floor.points),
                "act": ACTS["refuse" if floor.refuses else "warn"],
            }
            for floor, product in session.execute(
                select(RetailFloor, Product).outerjoin(Product, joined).order_by(RetailFloor.target)
            )
        ]
    return pages.render(
        "reseller/margins.html",
        status,
        title=_("Margins"),
        page=page,
        floors=floors,
        form=form,
        problem=problem,
        may_change=has_role("storefront_manager"),
        back_url=url_for("reseller.price_list"),
    )


@console.post("/margins/floors")
def keep_floor() -> Response:
    """A floor for everything, or for a product, from now on."""
    require_role("storefront_manager")
    form = NewFloor(request.form)
    try:
        least = retail_rules.parse_points(form.percent.data or "", Method.MARGIN, field="percent")
        with db.transaction():
            reseller_id = menu.reseller_id()
            margin_floors.keep_own(
                reseller_id,
                least,
                refuses=form.act.data == "refuse",
                product=on_shelf(form.product.data or ""),
            )
            margin_alarms.look_at_shelves(reseller_id)
    except Refusal as refusal:
        return show(form, 422, problem=form.tell(refusal))
    return pages.see("reseller.margin_list", "floor-kept")


def on_shelf(code: str) -> Product | None:
    """A product of the shelf by its code; none for an empty one."""
    if not code.strip():
        return None
    joined = same_key(Listing.product_id, Product.id)
    chosen = select(Product).join(Listing, joined).where(Product.code == code.strip()).limit(1)
    if (found := db.session().scalar(chosen)) is None:
        raise Missing("product").at("product")
    return found


@console.post("/margins/floors/<floor_id>/remove")
def remove_floor(floor_id: str) -> Response:
    """That floor ends."""
    require_role("storefront_manager")
    with db.transaction():
        margin_floors.drop_own(lists.identifier(floor_id, "floor"))
        margin_alarms.look_at_shelves(menu.reseller_id())
    return pages.see("reseller.margin_list", "floor-removed")


@console.post("/margins/raise")
def raise_prices() -> Response:
    """Raises the chosen prices, or all, to their floor."""
    require_role("storefront_manager")
    chosen = [lists.identifier(one, "price") for one in request.form.getlist("listing")]
    with db.transaction():
        everything = request.form.get("act") == "all"
        raised = margin_alarms.raise_to_floor(menu.reseller_id(), None if everything else chosen)
    return pages.see("reseller.margin_list", "raised" if raised else "nothing-raised")
