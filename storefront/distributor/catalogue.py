"""One product of the catalogue: its plans with list price, wholesale on each price list, cost and margin."""

from collections.abc import Mapping

from flask import request
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from catalog import editing, exchange, listings, pricing
from catalog.editing import Overtaken
from catalog.price_lists import WholesalePrice
from catalog.products import Audience, PlanCost, ProductType
from core import db
from core.errors import Refusal
from core.languages import Words, _
from provisioning.connectors.registry import CONNECTORS
from storefront import pages, timelines
from storefront.distributor import console, price_tables, product_pages, product_prices
from storefront.visitors import has_role, require_role

pages.saying(prices_saved="Saved. Every shop shows it on its next request.")

BUYERS = Words({Audience.CUSTOMER: "customers", Audience.RESELLER: "resellers"})


@console.get("/catalogue/<code>")
def product_page(code: str) -> Response:
    """A product with its plans and prices."""
    return show_product(code)


@console.post("/catalogue/<code>")
def save_product(code: str) -> Response:
    """Saves every price of the product, and which of its plans are sold; nothing is saved while one of them
    is wrong, or while somebody else has changed one meanwhile."""
    require_role("storefront_manager")
    typed = request.form.to_dict()
    with db.transaction():
        plans, price_lists = product_prices.plans_of(code), product_prices.all_price_lists()
    amounts, errors = product_prices.read_amounts(typed, plans, price_lists)
    if errors:
        return show_product(code, 422, typed=typed, errors=errors)
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            plans, price_lists = product_prices.plans_of(code), product_prices.all_price_lists()
            stored = product_prices.amounts_of(plans)
            if "seen" in typed:
                editing.refuse_if_overtaken(stored, typed["seen"])
            for plan in plans:
                product_prices.save_plan(plan, price_lists, amounts, published=f"on-{plan.id}" in typed)
            pricing.changed(product)
    except Overtaken as refusal:
        return show_product(code, refusal.status, typed=typed, problem=str(refusal), overtaken=True)
    except Refusal as refusal:
        return show_product(code, refusal.status, typed=typed, problem=str(refusal))
    return pages.see("distributor.product_page", "prices-saved", code=code)


def show_product(
    code: str,
    status: int = 200,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str | None = None,
    overtaken: bool = False,
) -> Response:
    """The page, with what was typed where it was refused, and what is stored by now."""
    with db.transaction() as session:
        product, plans, price_lists = (
            product_prices.find(code),
            product_prices.plans_of(code),
            product_prices.all_price_lists(),
        )
        kind = session.scalars(select(ProductType).where(ProductType.id == product.product_type_id)).one()
        ids = [plan.id for plan in plans]
        costs = {
            row.plan_id: row.cost
            for row in session.scalars(select(PlanCost).where(PlanCost.plan_id.in_(ids)))
        }
        converted = {
            plan.id: exchange.converted(cost, plan.currency) or cost
            for plan in plans
            if (cost := costs.get(plan.id)) is not None
        }
        wholesale = {
            (row.plan_id, row.price_list_id): row.price
            for row in session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id.in_(ids)))
        }
        shelves = (
            session.scalar(
                select(func.count(func.distinct(listings.Listing.reseller_id))).where(
                    listings.Listing.product_id == product.id
                )
            )
            or 0
        )
        trail = timelines.of([product.id, *ids])
        head, stored = product_pages.head(product), product_prices.amounts_of(plans)
    if overtaken and typed is not None:
        errors = {
            name: _("Now %(now)s in the catalogue.", now=stored.get(name, "–"))
            for name in typed
            if name.startswith(("list-", "cost-", "w-")) and typed[name].strip() != stored.get(name, "")
        }
    rows = [
        price_tables.plan_row(
            product,
            plan,
            plans,
            price_lists,
            costs.get(plan.id),
            converted.get(plan.id),
            wholesale,
            typed,
            errors or {},
        )
        for plan in plans
    ]
    return pages.render(
        "distributor/product.html",
        status,
        title=product.name,
        product=product,
        kind=kind,
        head=head,
        audience=BUYERS[kind.audience],
        connector=_(CONNECTORS[kind.connector].label) if kind.connector in CONNECTORS else kind.connector,
        rows=rows,
        price_lists=[one.name for one in price_lists],
        shelves=shelves,
        trail=trail,
        wrong=bool(errors) and not overtaken,
        problem=problem,
        seen=editing.seen(stored),
        may_change=has_role("storefront_manager"),
    )
