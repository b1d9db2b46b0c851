"""How plans are ordered, as catalogue files say it: `step`, `once_per_customer`, `trial_days`,
`cancellation_days`, `reduction_days`, `add_on_of` with `add_on_quantity`, `needs`, and the `parts` of a
bundle; and what product types say: `order_fields`, `variables` and the windows. Faults are
named one by one, before anything is written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import select

from catalog import order_fields, plan_links
from catalog.offerings import LONGEST_DAYS, WrongBounds, refuse_bounds
from catalog.order_fields import WrongField
from catalog.plan_links import Match, Offering, PlanLink
from catalog.products import Plan, PlanCost
from core import db
from core.errors import Refused
from core.tenancy import same_key

Entry = Mapping[str, Any]
DAYS = ("trial_days", "cancellation_days", "reduction_days")
CODES = ("add_on_of", "needs", "parts")


class BadOffering(ValueError):
    """A plan that could not be ordered as the file says; the message names it."""


def problems_of_types(entries: Sequence[Entry]) -> Iterator[str]:
    """What is wrong with the schemas of product types."""
    for entry in entries:
        where = f"Product type {entry.get('code', '?')}"
        yield from _days(entry, DAYS[1:], where)
        if not isinstance(entry.get("variables", {}), Mapping):
            yield f"{where}: variables is a table of names and words."
        asked = entry.get("order_fields", [])
        if not isinstance(asked, list) or not all(
            isinstance(one, Mapping) for one in cast(list[object], asked)
        ):
            yield f"{where}: order_fields is a list of questions, each with a name and a label."
            continue
        try:
            order_fields.checked(cast(list[Entry], asked))
        except WrongField as refusal:
            yield f"{where}: {refusal}"


def problems_of_plans(products: Sequence[tuple[Entry, Sequence[Entry]]]) -> Iterator[str]:
    """What is wrong with the plans of products, each with its plans; what they name may also be in the
    database already, so only what leads round inside the file is looked for here."""
    for product, plans in products:
        for plan in plans:
            yield from _plan(plan, str(product.get("code")), f"Plan {plan.get('code', '?')}")
    yield from _circles(products, "needs")
    yield from _circles(products, "add_on_of")


def _plan(plan: Entry, product: str, where: str) -> Iterator[str]:
    yield from _days(plan, DAYS, where)
    step = plan.get("step", 1)
    least, most = plan.get("minimum", 1), plan.get("maximum", 10_000)
    if not isinstance(step, int) or isinstance(step, bool) or step < 1:
        yield f"{where}: step is a whole number from 1 on, not {step!r}."
    elif isinstance(least, int) and isinstance(most, int) and 1 <= least <= most:
        try:
            refuse_bounds(least, most, step)
        except WrongBounds as refusal:
            yield f"{where}: {refusal}"
    if not isinstance(plan.get("once_per_customer", False), bool):
        yield f"{where}: once_per_customer is true or false."
    for name in CODES:
        given = plan.get(name, [])
        if not isinstance(given, list) or not all(
            isinstance(one, str) and one for one in cast(list[object], given)
        ):
            yield f"{where}: {name} is a list of codes."
            return
    if "add_on_of" in plan and not plan["add_on_of"]:
        yield f"{where}: an add-on needs a base; add_on_of is empty."
    if "add_on_quantity" in plan and "add_on_of" not in plan:
        yield f"{where}: add_on_quantity is for add-ons, and add_on_of is not there."
    if (match := plan.get("add_on_quantity", Match.AT_MOST)) not in tuple(Match):
        yield f"{where}: add_on_quantity is one of {', '.join(Match)}, not {match!r}."
    if plan.get("code") in plan.get("parts", []):
        yield f"{where}: a bundle cannot be a part of itself."
    if "parts" in plan and len(set(plan["parts"])) < 2:
        yield f"{where}: a bundle has at least two different parts."
    if plan.get("parts") and plan.get("add_on_of"):
        yield f"{where}: a plan is an add-on or a bundle, not both."
    for name in CODES[:2]:
        if product in plan.get(name, []):
            yield f"{where}: {name} is its own product."


def _days(entry: Entry, names: Sequence[str], where: str) -> Iterator[str]:
    for name in names:
        days = entry.get(name, 0)
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= LONGEST_DAYS:
            yield f"{where}: {name} is a number of days from 0 to {LONGEST_DAYS}, not {days!r}."


def _circles(products: Sequence[tuple[Entry, Sequence[Entry]]], name: str) -> Iterator[str]:
    leads: dict[str, set[str]] = {}
    for product, plans in products:
        for plan in plans:
            named = plan.get(name, [])
            if isinstance(named, list):
                leads.setdefault(str(product.get("code")), set()).update(
                    str(one) for one in cast(list[object], named)
                )
    for begin in leads:
        seen, queue = set[str](), sorted(leads[begin] - {begin})
        while queue:
            at = queue.pop()
            if at == begin:
                yield f"Product {begin}: {name} leads round in a circle back to it."
                break
            if at not in seen:
                seen.add(at)
                queue += sorted(leads.get(at, ()))


def type_values(entry: Entry) -> dict[str, Any]:
    """The columns of a new product type that are its schema."""
    return {
        "order_fields": order_fields.checked(entry.get("order_fields", [])),
        "variables": {str(key): str(value) for key, value in entry.get("variables", {}).items()},
        "cancellation_days": entry.get("cancellation_days", 0),
        "reduction_days": entry.get("reduction_days", 0),
    }


def offering(plan: Entry) -> Offering:
    """What a file says of one plan."""
    return Offering(
        plan.get("minimum", 1),
        plan.get("maximum", 10_000),
        plan.get("step", 1),
        plan.get("once_per_customer", False),
        plan.get("trial_days", 0),
        plan.get("cancellation_days"),
        plan.get("reduction_days"),
        tuple(plan.get("add_on_of", ())),
        Match(plan.get("add_on_quantity", Match.AT_MOST)),
        tuple(plan.get("needs", ())),
        tuple(plan.get("parts", ())),
    )


def keep(plans: Sequence[Entry]) -> None:
    """Says of new plans how they are ordered, once all of them are there; a bundle costs what its parts cost.
    BadOffering names the first that could not be ordered. Add-ons come first: a bundle may hold them."""
    wanted = {str(plan["code"]): plan for plan in plans}
    found = {one.code: one for one in db.session().scalars(select(Plan).where(Plan.code.in_(wanted)))}
    for code, plan in sorted(wanted.items(), key=lambda one: bool(one[1].get("parts"))):
        try:
            plan_links.keep(found[code], offering(plan))
        except Refused as refusal:
            raise BadOffering(f"{code}: {refusal}") from refusal
        if plan.get("parts") and "cost" not in plan:
            cost_of_bundle(found[code])


def cost_of_bundle(plan: Plan) -> None:
    """A bundle costs what its parts cost, as far as that is known; of other plans nothing changes."""
    parts = (
        db.session()
        .scalars(
            select(Plan)
            .join(PlanLink, same_key(PlanLink.part_id, Plan.id))
            .where(PlanLink.plan_id == plan.id)
        )
        .all()
    )
    cost = plan_links.cost_of(parts)
    row = db.session().scalar(select(PlanCost).where(PlanCost.plan_id == plan.id))
    if parts and cost is not None and row is not None:
        row.cost_minor = cost
