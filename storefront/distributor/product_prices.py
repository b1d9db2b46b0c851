"""The amounts of a product's form: what is stored, what was typed, and saving them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from catalog import exchange, factors, pricing
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Plan, PlanCost, Product
from core import db
from core import money as moneys
from core.errors import Missing
from core.languages import _
from core.money import Money
from core.tenancy import same_key


def amounts_of(plans: Sequence[Plan]) -> dict[str, str]:
    """Name of field -> amount, of every price that the form shows; call it in a transaction."""
    ids = [plan.id for plan in plans]
    session = db.session()
    costs = session.scalars(select(PlanCost).where(PlanCost.plan_id.in_(ids)))
    lists_ = session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id.in_(ids)))
    return (
        {f"list-{plan.id}": str(plan.list_price.amount) for plan in plans}
        | {f"on-{plan.id}": str(plan.published) for plan in plans}
        | {f"cost-{row.plan_id}": str(row.cost.amount) for row in costs}
        | {f"w-{row.plan_id}-{row.price_list_id}": str(row.price.amount) for row in lists_}
    )


def save_plan(
    plan: Plan, price_lists: Sequence[PriceList], amounts: Mapping[str, Money | None], *, published: bool
) -> None:
    """One plan's amounts; what the form did not name is left alone."""
    pricing.publish(plan, published)
    if (price := amounts.get(f"list-{plan.id}")) is not None:
        pricing.set_list_price(plan, price)
    if (cost := amounts.get(f"cost-{plan.id}")) is not None:
        pricing.set_cost(plan, cost)
    for price_list in price_lists:
        if (name := f"w-{plan.id}-{price_list.id}") in amounts:
            pricing.set_wholesale(plan, price_list, amounts[name])


def read_amounts(
    typed: Mapping[str, str], plans: Sequence[Plan], price_lists: Sequence[PriceList]
) -> tuple[dict[str, Money | None], dict[str, str]]:
    """Name of field -> amount, and name of field -> what is wrong with it. An empty wholesale takes the plan
    off the list."""
    amounts: dict[str, Money | None] = {}
    errors: dict[str, str] = {}
    for plan in plans:
        for name in (
            f"list-{plan.id}",
            f"cost-{plan.id}",
            *(f"w-{plan.id}-{price_list.id}" for price_list in price_lists),
        ):
            if name not in typed:
                continue
            if plan.priced_as_id is not None:
                errors[name] = str(factors.PricedAsAnother(plan.name))
                continue
            if not typed[name].strip() and not name.startswith("list-"):
                amounts[name] = None
                continue
            try:
                if name.startswith("cost-"):
                    amounts[name] = in_any_currency(typed[name], plan.currency)
                else:
                    amounts[name] = moneys.parse(typed[name], plan.currency)
            except ValueError as error:
                errors[name] = str(error)
    return amounts, errors


def in_any_currency(text: str, usual: str) -> Money:
    """An amount with its currency ("5.20 USD"), or in the usual one; ValueError otherwise."""
    words = text.split()
    codes = [word for word in words if word.isalpha()]
    if not codes:
        return moneys.parse(text, usual)
    if len(codes) > 1 or codes[0].upper() not in exchange.currencies():
        raise ValueError(_("Enter an amount such as 12.50, or in another currency such as 12.50 USD."))
    return moneys.parse("".join(word for word in words if word != codes[0]), codes[0].upper())


def find(code: str) -> Product:
    """A product by its code."""
    found = db.session().scalar(select(Product).where(Product.code == code))
    if found is None:
        raise Missing("product")
    return found


def plans_of(code: str) -> list[Plan]:
    """The plans of a product, those in the archive aside."""
    joined = select(Plan).join(Product, same_key(Product.id, Plan.product_id))
    kept = joined.where(Product.code == code, Plan.archived_at.is_(None))
    return list(db.session().scalars(kept.order_by(Plan.list_minor, Plan.code)))


def all_price_lists() -> list[PriceList]:
    """By name."""
    return list(db.session().scalars(select(PriceList).order_by(PriceList.name)))
