"""The distributor's margin floors, and its wholesale prices under them: found, exported, raised with one
click."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from catalog import margin_alarms, margin_floors, pricing, retail_rules
from catalog.margin_alarms import CostAlarm
from catalog.margin_floors import MarginFloor
from catalog.price_lists import PriceList
from catalog.products import Plan, Product
from catalog.retail_rules import Method
from core import db
from core.errors import Refusal
from core.languages import Words, _
from core.money import Money
from core.parties import Reseller
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.distributor import console, named
from storefront.filters import Days
from storefront.forms import Form, choices
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role

ACTS = Words({"warn": "Warn us", "refuse": "Refuse it"})
KINDS = Words({"under": "Under the floor", "loss": "At a loss", "unjudged": "Without an exchange rate"})
pages.saying(
    margin_floor_kept="The floor holds from now on.",
    margin_floor_removed="The floor is gone.",
    wholesale_raised="Raised. Resellers pay the new prices from now on.",
    wholesale_fine="Nothing had to be raised.",
)


class NewMarginFloor(Form):
    """How much of a wholesale price stays at least."""

    percent = StringField(
        "At least", description="Share of the wholesale price that stays after the vendor's cost."
    )
    product = StringField("Product", description="Its name or code. Empty: for all.")
    reseller = StringField("Reseller", description="Its name or code. Empty: for all.")
    act = SelectField(
        "A price below it", choices=choices(ACTS.options()), default="warn", validate_choice=False
    )


@console.get("/margins")
def margin_list() -> Response:
    """Prices under their floor, and the floors."""
    return show(NewMarginFloor())


@console.get("/margins.csv")
def margin_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), alarms())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Wholesale prices under their floor"),
        "distributor.margin_list",
        [
            Column("choose", _("Choose"), kind="choose"),
            Column("plan", _("Plan"), lambda row: f"{row['product']}, {row['plan']}", Product.name),
            Column("list", _("Price list"), lambda row: row["list"], PriceList.name),
            Column("reseller", _("Reseller"), lambda row: row["reseller"], only_file=True),
            Column("cost", _("Cost"), lambda row: row["cost"], kind="num", money=True),
            Column("price", _("Wholesale"), lambda row: row["price"], kind="num", money=True),
            Column("margin", _("Margin"), lambda row: row["margin"], kind="num"),
            Column("floor", _("Floor"), lambda row: row["floor"], kind="num"),
            Column("since", _("Since"), lambda row: row["since"], CostAlarm.since),
        ],
        CostAlarm.id,
        rows_of,
        "-since",
        search=lambda query: or_(
            Product.name.icontains(query, autoescape=True),
            Product.vendor.icontains(query, autoescape=True),
            Reseller.name.icontains(query, autoescape=True),
        ),
        filters=[
            lists.Choice("kind", _("Margin"), KINDS.options(), is_like, _("All")),
            Days("since", _("Since"), CostAlarm.since),
        ],
        export="distributor.margin_file",
    )


def is_like(kind: str) -> Any:
    """What a word of the filter means."""
    if kind == "unjudged":
        return CostAlarm.cost_minor.is_(None)
    if kind == "loss":
        return CostAlarm.price_minor < CostAlarm.cost_minor
    return CostAlarm.cost_minor.is_not(None)


def alarms() -> Select[CostAlarm, PriceList, Product, Plan, Reseller]:
    """Alarms with what they are about."""
    return (
        select(CostAlarm, PriceList, Product, Plan, Reseller)
        .join(PriceList, same_key(PriceList.id, CostAlarm.price_list_id))
        .join(Plan, same_key(Plan.id, CostAlarm.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .outerjoin(Reseller, same_key(Reseller.id, CostAlarm.reseller_id))
    )


def rows_of(
    found: Sequence[tuple[CostAlarm, PriceList, Product, Plan, Reseller | None]],
) -> list[dict[str, Any]]:
    """Alarms as the list shows them."""
    return [
        {
            "id": alarm.id,
            "url": url_for("distributor.product_page", code=product.code),
            "product": product.name,
            "plan": plan.name,
            "list": price_list.name,
            "reseller": reseller.name if reseller else "",
            "cost": Money(alarm.cost_minor, alarm.currency) if alarm.cost_minor is not None else None,
            "price": Money(alarm.price_minor, alarm.currency),
            "margin": retail_rules.share(alarm.margin_points),
            "loss": alarm.cost_minor is not None and alarm.price_minor < alarm.cost_minor,
            "floor": retail_rules.share(alarm.floor_points),
            "since": moment(alarm.since),
        }
        for alarm, price_list, product, plan, reseller in found
    ]


def show(form: NewMarginFloor, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction() as session:
        page = lists.page(the_list(), alarms())
        chosen = (
            select(MarginFloor, Product.name, Reseller.name)
            .outerjoin(Product, same_key(Product.id, MarginFloor.product_id))
            .outerjoin(Reseller, same_key(Reseller.id, MarginFloor.reseller_id))
            .order_by(MarginFloor.target)
        )
        floors = [
            {
                "id": floor.id,
                "what": product or reseller or _("For all"),
                "percent": retail_rules.percent(floor.points),
                "act": ACTS["refuse" if floor.refuses else "warn"],
            }
            for floor, product, reseller in session.execute(chosen)
        ]
        offered = {"products": named.products(), "resellers": named.resellers()}
    return pages.render(
        "distributor/margins.html",
        status,
        title=_("Margins"),
        page=page,
        floors=floors,
        **offered,
        form=form,
        problem=problem,
        may_change=has_role("storefront_manager"),
    )


@console.post("/margins/floors")
def keep_floor() -> Response:
    """A floor for all, for a reseller or for a product, from now on."""
    require_role("storefront_manager")
    form = NewMarginFloor(request.form)
    try:
        least = retail_rules.parse_points(form.percent.data or "", Method.MARGIN, field="percent")
        with db.transaction():
            product = named.product(goods) if (goods := (form.product.data or "").strip()) else None
            reseller = named.reseller(whose) if (whose := (form.reseller.data or "").strip()) else None
            margin_floors.keep(least, refuses=form.act.data == "refuse", product=product, reseller=reseller)
            margin_alarms.look_at_costs()
    except Refusal as refusal:
        return show(form, 422, problem=form.tell(refusal))
    return pages.see("distributor.margin_list", "margin-floor-kept")


@console.post("/margins/floors/<floor_id>/remove")
def remove_floor(floor_id: str) -> Response:
    """That floor ends."""
    require_role("storefront_manager")
    with db.transaction():
        margin_floors.drop(lists.identifier(floor_id, "floor"))
        margin_alarms.look_at_costs()
    return pages.see("distributor.margin_list", "margin-floor-removed")


@console.post("/margins/raise")
def raise_prices() -> Response:
    """Raises the chosen wholesale prices, or all, to their floor; retail prices follow their rules."""
    require_role("storefront_manager")
    chosen = [lists.identifier(one, "price") for one in request.form.getlist("alarm")]
    with db.transaction() as session:
        lacking = margin_alarms.lacking(None if request.form.get("act") == "all" else chosen)
        for plan, price_list, price in lacking:
            pricing.set_wholesale(plan, price_list, price)
        products = {plan.product_id for plan, *_others in lacking}
        for product in session.scalars(select(Product).where(Product.id.in_(products))).all():
            pricing.changed(product)
    return pages.see("distributor.margin_list", "wholesale-raised" if lacking else "wholesale-fine")
