"""The prices of one plan by quantity: list price, cost and wholesale of every list in one table of steps; the
plan that it is priced as, if any; and why a reseller pays what it pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from catalog import factors, pricing, volumes
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Plan, PlanCost
from catalog.volumes import Volume
from checkout import discounts, explanations
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Reseller
from core.tenancy import Side
from storefront import pages, timelines, why
from storefront.distributor import console
from storefront.distributor.product_prices import all_price_lists, find, plans_of
from storefront.visitors import has_role, require_role

pages.saying(
    steps_saved="Saved. Every shop computes with it on its next request.",
    factor_saved="Saved. The prices follow the other plan from now on.",
    factor_ended="The plan keeps its prices, and follows no other any more.",
)
SPARE = 3  # empty rows to type into
ROWS = 40
NAMES = 200  # of resellers, offered while one types


@dataclass(frozen=True, slots=True)
class Column:
    """One price of the plan: `name` is the beginning of its fields' names."""

    name: str
    label: str
    volume: Volume | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of the table, as it was typed or as it is stored."""

    name: str
    value: str
    label: str
    error: str | None


@console.get("/catalogue/<code>/prices/<plan>")
def plan_prices(code: str, plan: str) -> Response:
    """The table, and why a price is what it is (`?reseller=&quantity=`)."""
    return show(code, plan)


@console.post("/catalogue/<code>/prices/<plan>")
def save_plan_prices(code: str, plan: str) -> Response:
    """Saves the steps, or which plan this one follows; nothing is saved while a field is wrong."""
    require_role("storefront_manager")
    act = request.form.get("act", "steps")
    try:
        said = {"factor": save_factor, "end": end_factor}.get(act, save_steps)(code, plan)
    except Missing:
        raise
    except WrongFields as wrong:
        return show(code, plan, 422, errors=wrong.errors)
    except Refusal as refusal:
        return show(code, plan, refusal.status, problem=str(refusal), act=act)
    return pages.see("distributor.plan_prices", said, code=code, plan=plan)


class WrongFields(Exception):
    """Fields that cannot be read, by (row, place)."""

    def __init__(self, errors: Mapping[tuple[int, int], str]) -> None:
        super().__init__("wrong fields")
        self.errors = errors


def save_steps(code: str, plan: str) -> str:
    """The steps of every price, as they were typed."""
    with db.transaction():
        product, of = find(code), one_of(code, plan)
        columns = columns_of(of)
        steps, errors = volumes.read(typed_rows(columns), of.currency)
        if errors:
            raise WrongFields(errors)
        of_column = dict(
            zip([column.name for column in columns], steps or [[] for _ in columns], strict=True)
        )
        pricing.set_steps(
            of,
            list_price=of_column["list"],
            cost=of_column.get("cost", []),
            wholesale={
                UUID(name.removeprefix("w-")): found
                for name, found in of_column.items()
                if name.startswith("w-")
            },
        )
        pricing.changed(product)
    return "steps-saved"


def save_factor(code: str, plan: str) -> str:
    """From now on the plan is priced as another one."""
    factor = factors.parse(request.form.get("factor", ""))
    with db.transaction():
        product = find(code)
        factors.follow(one_of(code, plan), base_of(code, request.form.get("base", "")), factor)
        pricing.changed(product)
    return "factor-saved"


def end_factor(code: str, plan: str) -> str:
    """It stands alone again."""
    with db.transaction():
        factors.stand_alone(one_of(code, plan))
    return "factor-ended"


def one_of(code: str, plan: str) -> Plan:
    """A plan of this product by its code."""
    found = next((one for one in plans_of(code) if one.code == plan), None)
    if found is None:
        raise Missing("plan")
    return found


def base_of(code: str, plan: str) -> Plan:
    """The plan that was chosen to be followed; WrongBase for one of another product."""
    found = next((one for one in plans_of(code) if one.code == plan), None)
    if found is None:
        raise factors.WrongBase
    return found


def columns_of(plan: Plan) -> list[Column]:
    """List price, cost and every price list; of a price that is not there, only the name."""
    session = db.session()
    cost = session.scalar(select(PlanCost).where(PlanCost.plan_id == plan.id))
    rows = session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id == plan.id))
    wholesale = {row.price_list_id: row.volume for row in rows}
    return [
        Column("list", _("List price"), plan.volume),
        Column("cost", _("Cost"), cost.volume if cost else None),
        *(Column(f"w-{one.id}", one.name, wholesale.get(one.id)) for one in priced_in(plan.currency)),
    ]


def priced_in(currency: str) -> list[PriceList]:
    """The price lists of a currency."""
    return [one for one in all_price_lists() if one.currency == currency]


def typed_rows(columns: Sequence[Column]) -> list[list[str]]:
    """The table as it was sent: a number of units and a price for each column."""
    count = sum(name.startswith("from-") for name in request.form)
    return [
        [
            request.form.get(f"from-{row}", "")[:20],
            *(request.form.get(f"{column.name}-{row}", "")[:40] for column in columns),
        ]
        for row in range(min(count, ROWS))
    ]


def stored_rows(columns: Sequence[Column]) -> list[list[str]]:
    """The same as it is stored, with some empty rows."""
    tables = [dict(column.volume.table()[1:]) if column.volume else {} for column in columns]
    begins = sorted({begin for table in tables for begin in table})
    rows = [
        [str(begin), *(f"{table[begin].amount:f}" if begin in table else "" for table in tables)]
        for begin in begins
    ]
    return rows + [[""] * (len(columns) + 1)] * SPARE


def show(
    code: str,
    plan: str,
    status: int = 200,
    *,
    errors: Mapping[tuple[int, int], str] | None = None,
    problem: str = "",
    act: str = "",
) -> Response:
    """The page, with what was typed where it was refused."""
    with db.transaction():
        product, of = find(code), one_of(code, plan)
        columns = columns_of(of)
        sent = request.method == "POST" and act not in ("factor", "end")
        rows = typed_rows(columns) if sent else stored_rows(columns)
        others = [one for one in plans_of(code) if one.id != of.id and one.priced_as_id is None]
        base = next((one for one in plans_of(code) if one.id == of.priced_as_id), None)
        explained = explanation(of)
        trail = timelines.of([of.id])
    return pages.render(
        "distributor/plan_prices.html",
        status,
        title=_("Prices of %(plan)s", plan=of.name),
        product=product,
        plan=of,
        columns=columns,
        rows=[cells(number, row, columns, errors or {}) for number, row in enumerate(rows)],
        base=base,
        factor=request.form.get("factor", "") if act == "factor" else factors.text(of.factor),
        others=others,
        problem=problem or (_("Some fields cannot be read; nothing was saved") if errors else ""),
        may_change=has_role("storefront_manager"),
        trail=trail,
        **explained,
    )


def cells(
    number: int, row: Sequence[str], columns: Sequence[Column], errors: Mapping[tuple[int, int], str]
) -> list[Cell]:
    """One row of the table as fields."""
    names = ["from", *(column.name for column in columns)]
    labels = [_("From how many units"), *(column.label for column in columns)]
    return [
        Cell(
            f"{name}-{number}",
            value,
            _("%(what)s, row %(n)s", what=label, n=number + 2),
            errors.get((number, place)),
        )
        for place, (name, label, value) in enumerate(zip(names, labels, row, strict=True))
    ]


def explanation(plan: Plan) -> dict[str, Any]:
    """Why a reseller pays what it pays for this plan; the distributor's own shop where none is named."""
    session = db.session()
    known = list(session.scalars(select(Reseller).order_by(Reseller.name).limit(NAMES)))
    wanted = request.args.get("reseller", "").strip()[:40]
    chosen = (
        session.scalar(select(Reseller).where(Reseller.code == wanted.upper()))
        if wanted
        else session.scalar(select(Reseller).where(Reseller.house))
    )
    said = why.asked(plan.minimum_quantity)
    found = None
    if chosen:
        made = explanations.ingredients(plan.id, chosen.id)
        taken = discounts.explained(made, plan.id, chosen.id, said.quantity)
        found = why.shown(made, said, Side.DISTRIBUTOR, taken)
    return {
        "resellers": [(one.code, one.name) for one in known],
        "reseller": wanted or (chosen.code if chosen else ""),
        "reseller_name": chosen.name if chosen else "",
        "why": found,
        "typed_quantity": said.typed,
    }
