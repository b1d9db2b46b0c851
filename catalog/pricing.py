"""What the distributor asks for its plans: list price, wholesale per price list and cost. A change is
visible on the next request of every shop, because the versions it depends on change with it; what was sold
keeps its own copy. A plan that is priced as another one changes with that (catalog/factors.py)."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from catalog import factors, margin_floors, publication, volumes
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Plan, PlanCost, Product
from catalog.volumes import Steps, Volume
from core import db, trail
from core.errors import Refused
from core.languages import _
from core.money import Money
from partners.programmes import Programme


class WrongCurrency(Refused):
    """A plan is priced in one currency."""

    def __init__(self, currency: str) -> None:
        super().__init__(_("This plan is priced in %(currency)s.", currency=currency))


class NoSteps(Refused):
    """Steps of a price that is not there."""

    def __init__(self) -> None:
        super().__init__(_("Enter the price from the first unit before its steps."))


def set_list_price(plan: Plan, price: Money) -> None:
    """The recommended price; shelves that were stocked keep the price their reseller chose."""
    _same(plan, price)
    if price != plan.list_price:
        factors.refuse_if_following(plan)
        trail.write(plan, f"list price {price.text}", was=plan.list_price.text)
        plan.list_minor = price.minor
        factors.pass_on([plan.id])


def set_cost(plan: Plan, cost: Money) -> None:
    """What the vendor asks from now on, in whichever currency it asks."""
    row = _cost_of(plan)
    if row is not None and row.cost == cost:
        return
    factors.refuse_if_following(plan)
    if row is None:
        db.add(PlanCost(plan_id=plan.id, cost_minor=cost.minor, currency=cost.currency))
        trail.write(plan, f"cost {cost.text}")
    else:
        trail.write(plan, f"cost {cost.text}", was=row.cost.text)
        row.cost_minor, row.currency = cost.minor, cost.currency
    factors.pass_on([plan.id])


def set_wholesale(plan: Plan, price_list: PriceList, price: Money | None) -> None:
    """What resellers on a price list pay; none takes the plan off that list, so that they cannot order it any
    more. UnderFloor where a floor of the distributor refuses the price."""
    if price is not None:
        _same(plan, price)
    row = _wholesale_of(plan, price_list)
    if (row.price if row else None) == price:
        return
    factors.refuse_if_following(plan)
    if price is not None:
        margin_floors.check_wholesale(plan, price)
    if row is None and price is not None:
        db.add(
            WholesalePrice(
                price_list_id=price_list.id, plan_id=plan.id, price_minor=price.minor, currency=price.currency
            )
        )
        trail.write(plan, f"wholesale on {price_list.name}: {price.text}")
    elif row is not None and price is None:
        db.session().delete(row)
        trail.write(plan, f"taken off {price_list.name}", was=row.price.text)
    elif row is not None and price is not None:
        trail.write(plan, f"wholesale on {price_list.name}: {price.text}", was=row.price.text)
        row.price_minor = price.minor
    factors.pass_on([plan.id])


def set_steps(plan: Plan, *, list_price: Steps, cost: Steps, wholesale: Mapping[UUID, Steps]) -> None:
    """The volume steps of a plan's prices, wholesale by price list; WrongSteps where they do not rise,
    NoSteps for a price that is not there."""
    rows: list[tuple[str, Plan | PlanCost | WholesalePrice | None, Steps]] = [
        ("list price", plan, list_price),
        ("cost", _cost_of(plan), cost),
    ]
    for price_list in db.session().scalars(select(PriceList).where(PriceList.id.in_(wholesale))):
        row = _wholesale_of(plan, price_list)
        rows.append((f"wholesale on {price_list.name}", row, wholesale[price_list.id]))
    for what, row, steps in rows:
        if (wanted := volumes.checked(steps)) and row is None:
            raise NoSteps
        if row is None or row.steps == wanted:
            continue
        factors.refuse_if_following(plan)
        new = Volume(row.volume.price, wanted)
        trail.write(plan, f"{what} by quantity: {new.words or '-'}", was=row.volume.words or "-")
        row.steps = wanted
    factors.pass_on([plan.id])


def _cost_of(plan: Plan) -> PlanCost | None:
    return db.session().scalar(select(PlanCost).where(PlanCost.plan_id == plan.id))


def _wholesale_of(plan: Plan, price_list: PriceList) -> WholesalePrice | None:
    chosen = select(WholesalePrice).where(
        WholesalePrice.plan_id == plan.id, WholesalePrice.price_list_id == price_list.id
    )
    return db.session().scalar(chosen)


def put_into_programme(product: Product, programme: Programme | None) -> bool:
    """From now on what partners sell of it counts there, at the price of their tier; whether that is news."""
    wanted = programme.id if programme else None
    if wanted == product.programme_id:
        return False
    product.programme_id = wanted
    trail.write(product, f"belongs to {programme.name}" if programme else "belongs to no programme")
    return True


def publish(plan: Plan, published: bool) -> None:
    """Whether a plan can be bought; subscriptions of it go on. A plan that is not sold any more is retired, a
    draft stays one."""
    if published:
        publication.publish(plan)
    elif plan.published:
        publication.retire(plan)


def changed(product: Product) -> None:
    """After any change of a product: retail prices follow their rules, floors are looked at, search follows
    in every shop that has it on its shelf, and every shop's fragments end."""
    publication.changed([product])


def _same(plan: Plan, price: Money) -> None:
    if price.currency != plan.currency:
        raise WrongCurrency(plan.currency)
