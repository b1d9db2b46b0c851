"""Price lists: who buys by which, what stands on each, and a new one that begins with another's prices."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from catalog import price_list_editing
from catalog.price_list_editing import LONGEST
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Plan, PlanCost, Product
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Reseller
from core.tenancy import same_key
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.distributor.plan_list import found_by
from storefront.distributor.product_prices import all_price_lists
from storefront.filters import Amounts
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.visitors import has_role, require_role, the_shop

ROLE = "storefront_manager"
pages.saying(
    price_list_added="Added. Give it to a reseller on the reseller's page.", price_list_renamed="Renamed."
)
NAME = [InputRequired("A price list needs a name, such as Gold."), Length(max=LONGEST)]


class Rename(Form):
    """What a list is called."""

    name = StringField("Name", NAME)


class NewPriceList(Form):
    """A list and where its prices come from."""

    name = StringField("Name", NAME)
    currency = StringField(
        "Currency", [InputRequired("Enter the code of a currency, such as EUR."), Length(max=3)],
        description="Its code, such as EUR. It cannot be changed.",
    )  # fmt: skip
    like = SelectField(
        "Begin with the prices of", validate_choice=False,
        description="They are copied once, with their steps; afterwards each list has its own.",
    )  # fmt: skip


@console.get("/price-lists")
def price_list_list() -> Response:
    """All of them, by name."""
    return show_all(NewPriceList(currency=the_shop().currency))


@console.get("/price-lists.csv")
def price_list_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), price_lists())


def show_all(form: NewPriceList, status: int = 200, *, problem: str | None = None) -> Response:
    """The list beside the form of a new one."""
    with db.transaction():
        page = lists.page(the_list(), price_lists())
        form.like.choices = [
            SelectChoice("", _("None: it begins empty")),
            *(SelectChoice(str(one.id), f"{one.name} ({one.currency})") for one in all_price_lists()),
        ]
    return pages.render(
        "distributor/price_lists.html",
        status,
        title=_("Price lists"),
        page=page,
        form=form,
        problem=problem,
        may_change=has_role(ROLE),
    )


def the_list() -> List:
    """What the list is."""
    return List(
        _("Price lists"),
        "distributor.price_list_list",
        [
            Column("name", _("Price list"), itemgetter("name"), PriceList.name),
            Column("currency", _("Currency"), itemgetter("currency"), PriceList.currency),
            Column("plans", _("Plans"), itemgetter("plans"), kind="num"),
            Column("resellers", _("Resellers"), itemgetter("resellers"), kind="num"),
        ],
        PriceList.id,
        rows_of,
        "name",
        search=lambda query: (
            PriceList.name.icontains(query, autoescape=True) | (PriceList.currency == query.upper())
        ),
        export="distributor.price_list_file",
    )


def price_lists() -> Select[PriceList, int, int]:
    """Lists, each with how many plans it prices and how many resellers buy by it."""
    plans = (
        select(func.count())
        .where(
            same_key(WholesalePrice.price_list_id, PriceList.id),
        )
        .scalar_subquery()
    )
    resellers = select(func.count()).where(same_key(Reseller.price_list_id, PriceList.id)).scalar_subquery()
    return select(PriceList, plans, resellers)


def rows_of(found: Sequence[tuple[PriceList, int, int]]) -> list[dict[str, Any]]:
    """Lists as the page shows them."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "url": url_for("distributor.price_list_page", list_id=one.id),
            "currency": one.currency,
            "plans": plans,
            "resellers": resellers,
            "resellers_url": url_for("distributor.reseller_list", prices=str(one.id)),
        }
        for one, plans, resellers in found
    ]


@console.post("/price-lists")
def add_price_list() -> Response:
    """One more."""
    require_role(ROLE)
    form = NewPriceList(request.form)
    if not form.validate():
        return show_all(form, 422)
    try:
        with db.transaction():
            like = find(lists.identifier(form.like.data, "price list")) if form.like.data else None
            currency = (form.currency.data or "").strip().upper()
            made = price_list_editing.add(form.name.data or "", currency, like=like).id
    except Refusal as refusal:
        return show_all(form, 422 if isinstance(refusal, Missing) else refusal.status, problem=str(refusal))
    return pages.see("distributor.price_list_page", "price-list-added", list_id=made)


# --- One list -----------------------------------------------------------------------------------------------


def find(list_id: UUID) -> PriceList:
    """A list by its id, inside the scope."""
    found = db.session().scalar(select(PriceList).where(PriceList.id == list_id))
    if found is None:
        raise Missing("price list")
    return found


@console.get("/price-lists/<uuid:list_id>")
def price_list_page(list_id: UUID) -> Response:
    """What stands on it, and who buys by it."""
    return show(list_id)


@console.get("/price-lists/<uuid:list_id>.csv")
def list_prices_file(list_id: UUID) -> Response:
    """Its prices as a file."""
    with db.transaction():
        find(list_id)
        return exports.answer(the_prices(), prices(list_id))


@console.post("/price-lists/<uuid:list_id>")
def rename_price_list(list_id: UUID) -> Response:
    """Another name."""
    require_role(ROLE)
    form = Rename(request.form)
    if not form.validate():
        return show(list_id, 422, form=form)
    try:
        with db.transaction():
            price_list_editing.rename(find(list_id), form.name.data or "")
    except Refusal as refusal:
        return show(list_id, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.price_list_page", "price-list-renamed", list_id=list_id)


def show(
    list_id: UUID, status: int = 200, *, form: Rename | None = None, problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = find(list_id)
        [one] = rows_of(
            [
                (row, plans, resellers)
                for row, plans, resellers in db.session().execute(
                    price_lists().where(PriceList.id == list_id)
                )
            ]
        )
        page = lists.page(the_prices(), prices(list_id))
        trail = timelines.of([found.id])
    return pages.render(
        "distributor/price_list.html",
        status,
        title=one["name"],
        one=one,
        page=page,
        form=form or Rename(name=one["name"]),
        problem=problem,
        trail=trail,
        may_change=has_role(ROLE),
    )


def the_prices() -> List:
    """What the list of one list's prices is."""
    price = WholesalePrice.price_minor
    return List(
        _("Prices"),
        "distributor.price_list_page",
        [
            Column("product", _("Plan"), itemgetter("product"), Product.name),
            Column("plan", _("Plan's name"), itemgetter("plan"), only_file=True),
            Column("sku", _("SKU"), itemgetter("sku"), Plan.sku),
            Column("list_price", _("List price"), itemgetter("list_price"), kind="num", money=True),
            Column("wholesale", _("Wholesale"), itemgetter("wholesale"), price, kind="num", money=True),
            Column("cost", _("Cost"), itemgetter("cost"), kind="num", money=True),
        ],
        WholesalePrice.id,
        rows_of_prices,
        "product",
        search=found_by,
        filters=[
            Amounts("wholesale", _("Wholesale"), price, WholesalePrice.currency, the_shop().currency),
        ],
        export="distributor.list_prices_file",
    )


def prices(list_id: UUID) -> Select[WholesalePrice, Plan, Product, PlanCost]:
    """Plans on a list; those that are in the archive are not looked for."""
    return (
        select(WholesalePrice, Plan, Product, PlanCost)
        .join(Plan, same_key(Plan.id, WholesalePrice.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .outerjoin(PlanCost, same_key(PlanCost.plan_id, Plan.id))
        .where(WholesalePrice.price_list_id == list_id, Plan.archived_at.is_(None))
    )


def rows_of_prices(
    found: Sequence[tuple[WholesalePrice, Plan, Product, PlanCost | None]],
) -> list[dict[str, Any]]:
    """Prices as the page shows them."""
    return [
        {
            "product": product.name,
            "plan": plan.name,
            "sku": plan.sku,
            "url": url_for("distributor.plan_prices", code=product.code, plan=plan.code),
            "list_price": plan.list_price,
            "wholesale": row.price,
            "steps": bool(row.steps),
            "cost": cost.cost if cost else None,
        }
        for row, plan, product, cost in found
    ]
