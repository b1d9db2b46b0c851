"""Plans that are priced as another one times a factor: a month costs 1/10 of the year, at every quantity
(P22). The factor is data of the plan. Its list price, its cost and its wholesale price on every list are rows
of their own, kept equal to the other plan's times the factor by whatever changes those: nothing multiplies
when a price is read. What resellers ask of their customers stays theirs."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Plan, PlanCost
from catalog.volumes import Volume
from core import db, trail
from core.errors import Refused
from core.languages import _

DIGITS = 6  # after the point
LEAST, MOST = Decimal("0.001"), Decimal(1000)


class WrongFactor(Refused):
    """A factor that nobody means."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Enter a factor from %(least)s to %(most)s with at most %(digits)s digits after the point,"
                " such as 0.1.",
                least=LEAST,
                most=MOST,
                digits=DIGITS,
            )
        )


class WrongBase(Refused):
    """A plan follows another one of its product, which follows none itself."""

    def __init__(self) -> None:
        super().__init__(
            _("Choose another plan of this product, in the same currency, that does not follow one itself.")
        )


class PricedAsAnother(Refused):
    """The price is not this plan's own."""

    def __init__(self, plan: str) -> None:
        super().__init__(
            _("The prices of %(plan)s follow another plan. Change that one, or end this first.", plan=plan)
        )


def parse(text: str) -> Decimal:
    """What a person typed ("0.1", "0,1"); WrongFactor otherwise."""
    try:
        factor = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise WrongFactor from None
    exponent = factor.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DIGITS or not LEAST <= factor <= MOST:
        raise WrongFactor
    return factor


def text(factor: Decimal | None) -> str:
    """A factor as people write it: "0.1"; nothing of a plan that follows none."""
    return f"{factor.normalize():f}" if factor is not None else ""


def follow(plan: Plan, base: Plan, factor: Decimal) -> None:
    """From now on the plan is priced as the other one times the factor; WrongBase where that would go round
    in a circle or leave the product or its currency."""
    if base.id == plan.id or base.product_id != plan.product_id or base.currency != plan.currency:
        raise WrongBase
    if base.priced_as_id is not None or followers_of([plan.id]):
        raise WrongBase
    if (plan.priced_as_id, plan.factor) != (base.id, factor):
        plan.priced_as_id, plan.factor = base.id, factor
        trail.write(plan, f"priced as {base.name} times {text(factor)}")
    _bring_into_line(plan, base)


def stand_alone(plan: Plan) -> None:
    """The plan keeps the prices that it has and follows no other any more."""
    if plan.priced_as_id is not None:
        plan.priced_as_id = plan.factor = None
        trail.write(plan, "priced by itself")


def refuse_if_following(plan: Plan) -> None:
    """PricedAsAnother for a plan whose prices are another's."""
    if plan.priced_as_id is not None:
        raise PricedAsAnother(plan.name)


def pass_on(base_ids: Iterable[UUID] | Select[Any]) -> None:
    """Whatever follows one of these plans, or is one of them and follows, is brought into line after prices
    changed."""
    db.flush()
    for plan in followers_of(base_ids, themselves=True):
        base = db.session().scalars(select(Plan).where(Plan.id == plan.priced_as_id)).one()
        _bring_into_line(plan, base)


def followers_of(base_ids: Iterable[UUID] | Select[Any], *, themselves: bool = False) -> list[Plan]:
    """The plans that follow one of these; `themselves`: those of these that follow another, too."""
    chosen = base_ids if isinstance(base_ids, Select) else list(base_ids)
    following = Plan.priced_as_id.in_(chosen)
    if themselves:
        following |= Plan.id.in_(chosen) & Plan.priced_as_id.is_not(None)
    return list(db.session().scalars(select(Plan).where(following).order_by(Plan.code)))


def _bring_into_line(plan: Plan, base: Plan) -> None:
    """List price, cost and wholesale with all their steps; a trail entry for each that is new."""
    factor = plan.factor or Decimal(1)
    if (now := base.volume.times(factor)) != plan.volume:
        trail.write(plan, _said("list price", now), was=plan.list_price.text)
        plan.list_minor, plan.steps = now.price.minor, stored(now)
    costs = {row.plan_id: row for row in _rows(PlanCost, plan, base)}
    if (of_base := costs.get(base.id)) is not None:
        cost, own = of_base.volume.times(factor), costs.get(plan.id)
        if own is None:
            own = db.add(PlanCost(plan_id=plan.id, cost_minor=0, currency=plan.currency))
        if own.volume != cost:
            trail.write(plan, _said("cost", cost))
            own.cost_minor, own.currency = cost.price.minor, cost.price.currency
            own.steps = stored(cost)
    _bring_wholesale_into_line(plan, base, factor)


def _bring_wholesale_into_line(plan: Plan, base: Plan, factor: Decimal) -> None:
    """The same lists as the other plan has, each at its price times the factor."""
    found = {(row.plan_id, row.price_list_id): row for row in _rows(WholesalePrice, plan, base)}
    for one in db.session().scalars(select(PriceList).order_by(PriceList.name)):
        of_base, own = found.get((base.id, one.id)), found.get((plan.id, one.id))
        if of_base is None:
            if own is not None:
                db.session().delete(own)
                trail.write(plan, f"taken off {one.name}", was=own.price.text)
            continue
        price = of_base.volume.times(factor)
        if own is None:
            own = db.add(
                WholesalePrice(price_list_id=one.id, plan_id=plan.id, price_minor=0, currency=plan.currency)
            )
        if own.volume != price:
            trail.write(plan, _said(f"wholesale on {one.name}:", price))
            own.price_minor, own.steps = price.price.minor, stored(price)
    db.flush()


def stored(volume: Volume) -> list[list[int]]:
    """The steps as a row keeps them."""
    return [[begin, minor] for begin, minor in volume.steps]


def _said(what: str, volume: Volume) -> str:
    return f"{what} {volume.price.text}" + (f"; {volume.words}" if volume.steps else "")


def _rows(model: Any, plan: Plan, base: Plan) -> list[Any]:
    return list(db.session().scalars(select(model).where(model.plan_id.in_([plan.id, base.id]))))
