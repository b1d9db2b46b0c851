"""Why a price is what it is, step by step: what the vendor asks, the list price, wholesale by price list,
volume step and tier, what promotions and codes take off, and what the reseller asks. Each step belongs to one
of four prices and changes it by an amount; the steps of a price add up to exactly what `checkout.pricing`
charges, and each is shown only to those who may see that price.

What takes something off a price beside list, step and tier (a promotion, a code) hands it in as `Taken`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import and_, literal, select

from catalog.listings import Listing
from catalog.price_lists import PriceList, WholesalePrice, discounted, tier_of
from catalog.products import Plan, PlanCost, Product, ProductType
from catalog.volumes import Volume
from core import db, tenancy
from core.errors import Missing
from core.languages import Words, _
from core.money import Money, total
from core.parties import Reseller
from core.tenancy import Side, same_key
from partners import tiers
from partners.enrolments import Enrolment


class Leg(StrEnum):
    """The four prices of a plan, in the order of the trade."""

    COST = "cost"
    LIST = "list"
    WHOLESALE = "wholesale"
    RETAIL = "retail"


LEGS = Words(
    {
        Leg.COST: "What the vendor asks",
        Leg.LIST: "Recommended price",
        Leg.WHOLESALE: "What the reseller pays",
        Leg.RETAIL: "What the customer pays",
    }
)
SEEN_BY: Mapping[Side, frozenset[Leg]] = MappingProxyType(
    {
        Side.DISTRIBUTOR: frozenset(Leg),
        Side.RESELLER: frozenset({Leg.WHOLESALE, Leg.RETAIL}),
        Side.CUSTOMER: frozenset({Leg.RETAIL}),
        Side.PUBLIC: frozenset({Leg.RETAIL}),
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one price: the first is what it begins with, each other what changes it."""

    leg: Leg
    words: str
    amount: Money
    first: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a promotion or a code takes off a unit of one price; `amount` is positive."""

    leg: Leg
    words: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What the prices of a plan are made of for one reseller. A price that is not there is none: without
    wholesale the reseller cannot buy it, without retail its customers cannot. `discount`: basis points of the
    tier."""

    unit: str
    cost: Volume | None = None
    listed: Volume | None = None
    wholesale: Volume | None = None
    retail: Volume | None = None
    price_list: str = ""
    tier: str = ""
    discount: int | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """The steps of the prices of a unit, for a quantity."""

    quantity: int
    steps: tuple[Step, ...]

    def of(self, leg: Leg) -> tuple[Step, ...]:
        """The steps of one price; none where it is not there, or not to be seen."""
        return tuple(step for step in self.steps if step.leg is leg)

    def price(self, leg: Leg) -> Money | None:
        """What the steps of a price add up to, per unit."""
        steps = self.of(leg)
        return total([step.amount for step in steps], steps[0].amount.currency) if steps else None

    def seen_by(self, side: Side) -> "Explained":
        """What one side may see of it."""
        return replace(self, steps=tuple(step for step in self.steps if step.leg in SEEN_BY[side]))

    def legs(self) -> list[tuple[Leg, str, tuple[Step, ...], Money, Money]]:
        """The prices that are there, for a page: which, in words, its steps, per unit, for all units."""
        found = [(leg, self.of(leg), self.price(leg)) for leg in Leg]
        return [
            (leg, LEGS[leg], steps, price, price * self.quantity)
            for leg, steps, price in found
            if price is not None
        ]


def explain(of: Ingredients, quantity: int, taken: Sequence[Taken] = ()) -> Explained:
    """Every step of every price for a quantity, in order; what is taken off comes last."""
    steps: list[Step] = []
    for leg, volume, words in (
        (Leg.COST, of.cost, _("What the vendor asks for a %(unit)s", unit=of.unit)),
        (Leg.LIST, of.listed, _("Recommended for a %(unit)s", unit=of.unit)),
        (Leg.WHOLESALE, of.wholesale, _("On the price list %(list)s", list=of.price_list)),
        (Leg.RETAIL, of.retail, _("Price of a %(unit)s", unit=of.unit)),
    ):
        if volume is None:
            continue
        steps += by_quantity(leg, volume, words, of.unit, quantity)
        if leg is Leg.WHOLESALE and of.discount:
            listed = volume.at(quantity)
            words = _("Tier %(tier)s: %(percent)s less", tier=of.tier, percent=tiers.percent(of.discount))
            steps.append(Step(leg, words, discounted(listed, of.discount) - listed))
        steps += [Step(leg, one.words, -one.amount) for one in taken if one.leg is leg]
    return Explained(quantity, tuple(steps))


def by_quantity(leg: Leg, volume: Volume, words: str, unit: str, quantity: int) -> list[Step]:
    """The price from the first unit, and what the step of the quantity changes."""
    first = Step(leg, words, volume.price, first=True)
    begin = volume.step(quantity)
    if begin == 1:
        return [first]
    change = volume.at(quantity) - volume.price
    return [first, Step(leg, _("From %(n)s %(unit)ss on", n=begin, unit=unit), change)]


def of_plan(plan_id: UUID, reseller_id: UUID, quantity: int, taken: Sequence[Taken] = ()) -> Explained:
    """The prices of a plan for a reseller and its customers, as far as the scope may see them. Missing for a
    plan that is not there."""
    side = tenancy.current().side
    return explain(ingredients(plan_id, reseller_id), quantity, taken).seen_by(side)


def ingredients(plan_id: UUID, reseller_id: UUID) -> Ingredients:
    """What the prices are made of today; in the scope of the distributor or of that reseller, who reads no
    cost."""
    sees_cost = tenancy.current().side is Side.DISTRIBUTOR
    nothing = literal(None)
    chosen = (
        select(
            Plan,
            ProductType.unit,
            WholesalePrice,
            PriceList.name,
            Listing,
            Enrolment,
            PlanCost if sees_cost else nothing,
        )
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .join(Reseller, and_(Reseller.distributor_id == Plan.distributor_id, Reseller.id == reseller_id))
        .outerjoin(
            PriceList,
            and_(PriceList.distributor_id == Plan.distributor_id, PriceList.id == Reseller.price_list_id),
        )
        .outerjoin(
            WholesalePrice,
            and_(
                same_key(WholesalePrice.plan_id, Plan.id),
                WholesalePrice.price_list_id == Reseller.price_list_id,
            ),
        )
        .outerjoin(
            Listing,
            and_(
                same_key(Listing.plan_id, Plan.id),
                Listing.reseller_id == reseller_id,
            ),
        )
        .outerjoin(Enrolment, tier_of(reseller_id))
        .where(Plan.id == plan_id)
    )
    if sees_cost:
        chosen = chosen.outerjoin(PlanCost, same_key(PlanCost.plan_id, Plan.id))
    row = db.session().execute(chosen).first()
    if row is None:
        raise Missing("plan")
    plan, unit, wholesale, price_list, listing, enrolment, cost = row
    return Ingredients(
        unit,
        cost.volume if cost else None,
        plan.volume,
        wholesale.volume if wholesale else None,
        listing.volume if listing else None,
        price_list or "",
        f"{enrolment.tier_name} ({enrolment.programme_name})" if enrolment else "",
        enrolment.discount if enrolment else None,
    )
