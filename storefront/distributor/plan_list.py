"""Plans of the whole catalogue with list price, cost and what is left of it."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from catalog.products import Plan, PlanCost, Product
from core import db
from core.languages import Words, _
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Amounts
from storefront.lists import Column, List
from storefront.visitors import the_shop

SHOWS = Words({"sold": "On sale", "hidden": "Hidden", "no_cost": "Without a cost"})


@console.get("/plans")
def plan_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), plans())
    return pages.render("distributor/plans.html", title=_("Plans"), page=page)


@console.get("/plans.csv")
def plan_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), plans())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Plans"),
        "distributor.plan_list",
        [
            Column("product", _("Plan"), itemgetter("product"), Product.name),
            Column("plan", _("Plan's name"), itemgetter("plan"), only_file=True),
            Column("vendor", _("Vendor"), itemgetter("vendor"), Product.vendor),
            Column("sku", _("SKU"), itemgetter("sku"), Plan.sku),
            Column("term", _("Term"), itemgetter("term")),
            Column("price", _("List price"), itemgetter("price"), Plan.list_minor, kind="num", money=True),
            Column("cost", _("Cost"), itemgetter("cost"), kind="num", money=True),
            Column("state", _("State"), itemgetter("state")),
        ],
        Plan.id,
        rows_of,
        "product",
        search=found_by,
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[
            Amounts("price", _("List price"), Plan.list_minor, Plan.currency, the_shop().currency),
        ],
        export="distributor.plan_file",
    )


def plans() -> Select[Plan, Product, PlanCost]:
    """Plans with product and cost."""
    return (
        select(Plan, Product, PlanCost)
        .join(Product, same_key(Product.id, Plan.product_id))
        .outerjoin(PlanCost, same_key(PlanCost.plan_id, Plan.id))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """Code and SKU whole, names by a part of them."""
    return or_(
        Plan.code == query.lower(),
        Plan.sku == query,
        *(
            name.icontains(query, autoescape=True)
            for name in (Product.name, Plan.name, Product.vendor, Product.category)
        ),
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    sold = Plan.published & Product.published
    return PlanCost.id.is_(None) if show == "no_cost" else sold if show == "sold" else ~sold


def rows_of(found: Sequence[tuple[Plan, Product, PlanCost | None]]) -> list[dict[str, Any]]:
    """Plans as the list shows them."""
    return [
        {
            "product": product.name,
            "plan": plan.name,
            "url": url_for("distributor.plan_page", code=product.code, plan=plan.code),
            "vendor": product.vendor,
            "sku": plan.sku,
            "term": f"{plan.term.label}, {plan.billing_period.per}",
            "price": plan.list_price,
            "cost": cost.cost if cost else None,
            "state": (plan if product.published else product).state.value,
        }
        for plan, product, cost in found
    ]
