"""The price table of a product: list price, cost and wholesale of each plan, and what is left of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from flask import url_for

from catalog import factors
from catalog.price_lists import PriceList
from catalog.products import Plan, Product
from core.languages import _
from core.money import Money


@dataclass(frozen=True, slots=True)
class Cell:
    """One amount of the price table, as it was typed or as it is stored, with what is left of it."""

    name: str
    label: str
    value: str
    error: str | None
    margin: str
    low: bool
    fixed: bool = False  # the price follows another plan's


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan with its prices."""

    id: UUID
    code: str
    name: str
    state: str
    note: str
    currency: str
    published_name: str
    published: bool
    list_price: Cell
    cost: Cell
    wholesale: Sequence[Cell]
    by_quantity: str
    prices_url: str


def plan_row(
    product: Product,
    plan: Plan,
    plans: Sequence[Plan],
    price_lists: Sequence[PriceList],
    cost: Money | None,
    converted: Money | None,
    wholesale: Mapping[tuple[UUID, UUID], Money],
    typed: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> PlanRow:
    """One row of the price table; `converted` is the cost in the plan's currency by the rate of the day, or
    as it is where there is none."""

    def cell(name: str, label: str, stored: Money | None, below: Money | None = None) -> Cell:
        fixed = plan.priced_as_id is not None
        kept = written(stored, plan.currency)
        if typed is not None and not fixed:
            kept = typed.get(name, "")
        margin, low = margin_of(stored, below)
        return Cell(
            name,
            _("%(what)s of %(plan)s", what=label, plan=plan.name),
            kept,
            errors.get(name),
            margin,
            low,
            fixed,
        )

    return PlanRow(
        id=plan.id,
        code=plan.code,
        name=plan.name,
        state=plan.state.value,
        note=(
            _(
                "%(sku)s · %(term)s, %(period)s · %(least)s to %(most)s",
                sku=plan.sku,
                term=plan.term.label,
                period=plan.billing_period.per,
                least=plan.minimum_quantity,
                most=plan.maximum_quantity,
            )
        ),
        currency=plan.currency,
        published_name=f"on-{plan.id}",
        published=f"on-{plan.id}" in typed if typed is not None else plan.published,
        list_price=cell(f"list-{plan.id}", _("List price"), plan.list_price),
        cost=cell(f"cost-{plan.id}", _("Cost"), cost),
        wholesale=[
            cell(
                f"w-{plan.id}-{one.id}",
                _("Wholesale on %(list)s", list=one.name),
                wholesale.get((plan.id, one.id)),
                converted,
            )
            for one in price_lists
        ],
        by_quantity=in_words(plan, plans),
        prices_url=url_for("distributor.plan_prices", code=product.code, plan=plan.code),
    )


def in_words(plan: Plan, plans: Sequence[Plan]) -> str:
    """What a plan's row says of its steps, or of the plan that it follows."""
    base = next((one for one in plans if one.id == plan.priced_as_id), None)
    if base is not None:
        return _("%(plan)s × %(factor)s", plan=base.name, factor=factors.text(plan.factor))
    return _("from %(steps)s", steps=plan.volume.words) if plan.steps else ""


def written(amount: Money | None, usual: str) -> str:
    """An amount as it is typed; with its currency where that is another one."""
    if amount is None:
        return ""
    return str(amount.amount) if amount.currency == usual else f"{amount.amount} {amount.currency}"


def margin_of(price: Money | None, cost: Money | None) -> tuple[str, bool]:
    """What we keep of a wholesale price, in words and percent, and whether that is a loss."""
    if price is None or cost is None:
        return "", False
    if price.currency != cost.currency:
        return _("unknown: no exchange rate from %(currency)s", currency=cost.currency), False
    kept = price - cost
    percent = f", {Decimal(kept.minor * 100) / price.minor:.1f} %" if price.minor else ""
    return (
        (_("we lose %(kept)s", kept=(-kept).text), True)
        if kept.minor < 0
        else (_("we keep %(kept)s%(percent)s", kept=kept.text, percent=percent), False)
    )
