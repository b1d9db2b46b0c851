"""What a line of a sheet means beside what the catalogue has: new, changed, unchanged, retired, a problem."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select

from catalog.price_imports import PriceImport, RowKind, Steps
from catalog.price_lists import WholesalePrice
from catalog.priced_lines import Offer, Sheet, plain
from catalog.products import Plan, PlanCost
from core import db
from core.ids import new_id
from core.languages import _
from core.money import Money


@dataclass(frozen=True, slots=True)
class Known:
    """A plan as the catalogue has it while a sheet is read."""

    plan_id: UUID
    name: str
    published: bool
    source: str
    term: str
    billing: str
    currency: str
    minimum: int
    maximum: int
    list_minor: int
    list_steps: Steps
    cost_minor: int | None
    cost_steps: Steps
    cost_currency: str
    wholesale_minor: int | None
    wholesale_steps: Steps
    follows: bool


NO_PRICE: tuple[int | None, Steps] = (None, [])


def all_known(price_list_id: UUID) -> dict[str, Known]:
    """Every plan of the distributor by its code, with its cost and its price on the list. Three statements,
    put together here: as one it took a minute right after a large import, when nothing had been counted."""
    session = db.session()
    costs = {
        row.plan_id: (row.cost_minor, row.steps, row.currency)
        for row in session.execute(
            select(PlanCost.plan_id, PlanCost.cost_minor, PlanCost.steps, PlanCost.currency)
        )
    }
    prices = select(WholesalePrice.plan_id, WholesalePrice.price_minor, WholesalePrice.steps)
    on_list = {
        row.plan_id: (row.price_minor, row.steps)
        for row in session.execute(prices.where(WholesalePrice.price_list_id == price_list_id))
    }
    plans = select(
        Plan.code,
        Plan.id,
        Plan.name,
        Plan.published,
        Plan.source,
        Plan.term,
        Plan.billing_period,
        Plan.currency,
        Plan.minimum_quantity,
        Plan.maximum_quantity,
        Plan.list_minor,
        Plan.steps,
        Plan.priced_as_id,
    )
    return {
        row.code: Known(
            plan_id=row.id,
            name=row.name,
            published=row.published,
            source=row.source,
            term=row.term.value,
            billing=row.billing_period.value,
            currency=row.currency,
            minimum=row.minimum_quantity,
            maximum=row.maximum_quantity,
            list_minor=row.list_minor,
            list_steps=row.steps,
            cost_minor=(cost := costs.get(row.id, (*NO_PRICE, row.currency)))[0],
            cost_steps=cost[1],
            cost_currency=cost[2],
            wholesale_minor=(wholesale := on_list.get(row.id, NO_PRICE))[0],
            wholesale_steps=wholesale[1],
            follows=row.priced_as_id is not None,
        )
        for row in session.execute(plans)
    }


def rows(sheet: Sheet, known: Mapping[str, Known], of: PriceImport) -> Iterator[dict[str, Any]]:
    """What is sold, what would be retired, what cannot be taken, what is left out. A plan that a line with a
    problem is about stays as it is."""
    named = {problem.plan_code for problem in sheet.problems}
    for offer in sheet.offers:
        named.add(offer.plan_code)
        yield _priced(offer, known.get(offer.plan_code), of)
    for code, plan in known.items():
        if of.whole and plan.source == of.source and plan.published and code not in named:
            gone = {"kind": RowKind.RETIRED, "name": code, "plan": plan.name, "plan_code": code}
            yield _was(plan) | gone
    for problem in sheet.problems:
        yield {
            "line": problem.line,
            "kind": RowKind.PROBLEM,
            "name": problem.name,
            "column": problem.column,
            "why": problem.why,
            "plan_code": problem.plan_code,
        }
    for left in sheet.left_out:
        yield {"line": left.line, "kind": RowKind.LEFT_OUT, "name": left.name, "why": left.why}


def _was(plan: Known) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "was_list_minor": plan.list_minor,
        "was_cost_minor": plan.cost_minor,
        "was_wholesale_minor": plan.wholesale_minor,
        "was_list_steps": plan.list_steps,
        "was_cost_steps": plan.cost_steps,
        "was_wholesale_steps": plan.wholesale_steps,
        "was_minimum": plan.minimum,
        "was_maximum": plan.maximum,
        "was_published": plan.published,
    }


def _wholesale(offer: Offer, of: PriceImport) -> tuple[int | None, Steps]:
    """What resellers pay by the sheet, or by their share of the list price."""
    if offer.wholesale is not None or not of.share_points:
        return (offer.wholesale.minor if offer.wholesale else None), offer.wholesale_steps
    share = Fraction(of.share_points, 10_000)
    price = offer.list_price.times(share).minor
    shared = [[at, Money(minor, of.currency).times(share).minor] for at, minor in offer.list_steps]
    return price, plain(price, shared)


def _priced(offer: Offer, plan: Known | None, of: PriceImport) -> dict[str, Any]:
    """An offer beside what the catalogue has."""
    wholesale, wholesale_steps = _wholesale(offer, of)
    row: dict[str, Any] = {
        "line": offer.line,
        "kind": RowKind.NEW,
        "name": offer.product,
        "plan_id": new_id(),
        "plan_code": offer.plan_code,
        "plan": offer.plan,
        "sku": offer.sku,
        "term": offer.term.value,
        "billing_period": offer.billing.value,
        "product_code": offer.product_code,
        "vendor": offer.vendor,
        "summary": offer.summary,
        "category": offer.category,
        "description": offer.description,
        "product_type": offer.product_type,
        "published": offer.published,
        "list_minor": offer.list_price.minor,
        "list_steps": offer.list_steps,
        "cost_minor": offer.cost.minor if offer.cost else None,
        "cost_steps": offer.cost_steps,
        "wholesale_minor": wholesale,
        "wholesale_steps": wholesale_steps,
        "minimum": offer.minimum,
        "maximum": offer.maximum,
        "segments": offer.segments,
    }
    if plan is None:
        if (offer.minimum or 1) > (offer.maximum or LARGEST_QUANTITY):
            return row | {"kind": RowKind.PROBLEM, "plan_id": None, "why": _("Its quantities do not fit.")}
        return row
    if why := _in_the_way(offer, plan, of):
        return row | {"kind": RowKind.PROBLEM, "why": why, "plan_id": None}
    compared = row | _was(plan) | _compared(row, plan)
    if plan.follows and any(compared[name] != compared[f"was_{name}"] for name in PRICED):
        why = _("Its prices follow another plan (catalogue, prices). Change that one, or end this first.")
        return row | {"kind": RowKind.PROBLEM, "why": why, "plan_id": None}
    return compared


PRICED = ("list_minor", "list_steps", "cost_minor", "cost_steps", "wholesale_minor", "wholesale_steps")


LARGEST_QUANTITY = 10_000


def _in_the_way(offer: Offer, plan: Known, of: PriceImport) -> str:
    """Why a plan that is there already cannot be this one, or nothing."""
    if plan.source != of.source and not of.any_origin:
        return _("A plan of another origin has this code. Rename it first.")
    if (plan.term, plan.billing) != (offer.term.value, offer.billing.value):
        return _(
            "The plan with this code lasts %(term)s and is billed each %(billing)s; that cannot be changed.",
            term=plan.term,
            billing=plan.billing,
        )
    if plan.currency != of.currency:
        return _("The plan with this code is priced in %(currency)s.", currency=plan.currency)
    if plan.cost_currency != of.currency:
        return _(
            "What this plan costs is in %(currency)s. Change it by hand, or enter it in %(sheet)s first.",
            currency=plan.cost_currency,
            sheet=of.currency,
        )
    if (offer.minimum or plan.minimum) > (offer.maximum or plan.maximum):
        return _("Its quantities do not fit.")
    return ""


def _compared(row: Mapping[str, Any], plan: Known) -> dict[str, Any]:
    """Kind of the row, and what the sheet leaves open as it is. Steps are compared by what they cost."""
    now: dict[str, Any] = {
        "minimum": row["minimum"] or plan.minimum,
        "maximum": row["maximum"] or plan.maximum,
    }
    for name, minor, held in (
        ("list", plan.list_minor, plan.list_steps),
        ("cost", plan.cost_minor, plan.cost_steps),
        ("wholesale", plan.wholesale_minor, plan.wholesale_steps),
    ):
        given: tuple[int | None, Any] = (row[f"{name}_minor"], row[f"{name}_steps"])
        same = given[0] is None or (given[0], plain(*given)) == (minor, plain(minor, held))
        now[f"{name}_minor"], now[f"{name}_steps"] = (minor, held) if same else given
    same = (
        *(now[f"{name}_{part}"] for name in ("list", "cost", "wholesale") for part in ("minor", "steps")),
        *(now["minimum"], now["maximum"], row["published"]),
    ) == (
        *(plan.list_minor, plan.list_steps, plan.cost_minor, plan.cost_steps),
        *(plan.wholesale_minor, plan.wholesale_steps, plan.minimum, plan.maximum, plan.published),
    )
    return now | {"kind": RowKind.UNCHANGED if same else RowKind.CHANGED}
