"""Prices under their floor, looked for whenever a price or what stands behind it has changed: wholesale after
the vendor's cost for the distributor, retail after wholesale for the reseller. Each is a row while it is so,
with the lowest margin of its volume steps; whoever did not change anything themselves is told by mail. A cost
in another currency is judged by the rate of the day; where there is none, the row says so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped

from catalog import exchange, margin_floors, retail_rules, rounding, shelf_prices
from catalog.listings import Listing
from catalog.price_lists import PriceList, WholesalePrice, discounted, tier_of
from catalog.products import Plan, PlanCost, Product
from catalog.shelf_prices import EVERYTHING, WHICH, Part
from core import db, tasks, tenancy, work
from core.events import Event, publish
from core.ids import new_id
from core.languages import counted
from core.money import Money
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by, same_key
from partners.enrolments import Enrolment

MOST_AT_ONCE = 1000


class CostAlarm(DistributorOwned, db.Model):
    """A wholesale price under the distributor's floor: on a list, or, with `reseller_id`, after the tier of a
    reseller that has a floor of its own or a discount. Amounts are per unit, in the currency of the price.
    Without a rate of the day, cost and margin are missing."""

    __tablename__ = "cost_alarms"
    __access__ = Access(distributor="rcud")
    __table_args__ = (
        owned_by("plans", "plan_id"),
        owned_by("price_lists", "price_list_id"),
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "plan_id", "price_list_id", "whom"),
        Index("ix_cost_alarms_since", "distributor_id", "since", "id"),
    )

    plan_id: Mapped[UUID]
    price_list_id: Mapped[UUID]
    reseller_id: Mapped[UUID | None]
    whom: Mapped[str]
    price_minor: Mapped[int]
    currency: Mapped[str]
    cost_minor: Mapped[int | None]
    margin_points: Mapped[int | None]
    floor_points: Mapped[int]
    since: Mapped[datetime]


class ShelfAlarm(ResellerOwned, db.Model):
    """A retail price under the reseller's floor; what is paid is after its tier."""

    __tablename__ = "shelf_alarms"
    __access__ = Access(distributor="rcud", reseller="rcud")
    __table_args__ = (
        owned_by("listings", "listing_id"),
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "listing_id"),
        Index("ix_shelf_alarms_since", "distributor_id", "reseller_id", "since", "id"),
    )

    listing_id: Mapped[UUID]
    price_minor: Mapped[int]
    currency: Mapped[str]
    paid_minor: Mapped[int]
    margin_points: Mapped[int | None]
    floor_points: Mapped[int]
    since: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class ShelfUnderFloor(Event):
    """Prices of a reseller's shelf came under its floor, by somebody else's act."""

    reseller_id: UUID
    look_id: UUID


@dataclass(frozen=True, slots=True)
class CostsUnderFloor(Event):
    """Wholesale prices came under the distributor's floor without anybody typing them."""

    look_id: UUID


# --- Looking ------------------------------------------------------------------------------------------------


def _at(minor: str, steps: str) -> str:
    """SQL: the price at b.begin units."""
    return (
        f"coalesce((SELECT (x->>1)::bigint FROM jsonb_array_elements({steps}) x"  # noqa: S608 our own names
        f" WHERE (x->>0)::bigint <= b.begin ORDER BY (x->>0)::bigint DESC LIMIT 1), {minor})"
    )


def _begins(*steps: str) -> str:
    """SQL: where a step begins in one of several prices."""
    more = "".join(f" UNION SELECT (x->>0)::bigint FROM jsonb_array_elements({each}) x" for each in steps)  # noqa: S608 our own names
    return f"(SELECT 1::bigint AS begin{more})"


SHELVES = """
WITH now_under AS (
  SELECT DISTINCT ON (l.id) l.distributor_id, l.reseller_id, l.id AS listing_id, l.currency, f.points AS floor, t.price, t.paid,
    (t.price - t.paid) * 10000 / nullif(t.price, 0) AS margin
  FROM listings l
  JOIN plans p ON p.distributor_id = l.distributor_id AND p.id = l.plan_id AND p.published
  JOIN products o ON o.distributor_id = l.distributor_id AND o.id = l.product_id AND o.published
  JOIN resellers e ON e.distributor_id = l.distributor_id AND e.id = l.reseller_id
  JOIN wholesale_prices w ON w.distributor_id = l.distributor_id AND w.plan_id = l.plan_id AND w.price_list_id = e.price_list_id
  LEFT JOIN enrolments n ON n.distributor_id = o.distributor_id AND n.programme_id = o.programme_id AND n.reseller_id = l.reseller_id
    AND n.state = 'active'
  LEFT JOIN retail_floors f1 ON f1.distributor_id = l.distributor_id AND f1.reseller_id = l.reseller_id AND f1.product_id = l.product_id
  LEFT JOIN retail_floors f2 ON f2.distributor_id = l.distributor_id AND f2.reseller_id = l.reseller_id AND f2.product_id IS NULL
  CROSS JOIN LATERAL (SELECT coalesce(f1.points, f2.points) AS points) f
  CROSS JOIN LATERAL {begins} b
  CROSS JOIN LATERAL (SELECT {price} AS price, ({wholesale} * (10000 - coalesce(n.discount, 0)) * 2 + 10000) / 20000 AS paid) t
  WHERE l.distributor_id = %(distributor)s AND l.published AND f.points IS NOT NULL {one} {which}
    AND (t.price - t.paid) * 10000 < f.points * t.price
  ORDER BY l.id, margin),
gone AS (
  DELETE FROM shelf_alarms a USING listings l JOIN products o ON o.distributor_id = l.distributor_id AND o.id = l.product_id
  WHERE a.distributor_id = %(distributor)s AND l.distributor_id = a.distributor_id AND l.id = a.listing_id {one} {which}
    AND NOT EXISTS (SELECT 1 FROM now_under u WHERE u.listing_id = a.listing_id))
INSERT INTO shelf_alarms AS a (distributor_id, id, reseller_id, listing_id, price_minor, currency, paid_minor, margin_points, floor_points, since)
SELECT distributor_id, gen_random_uuid(), reseller_id, listing_id, price, currency, paid, margin, floor, now() FROM now_under
ON CONFLICT (distributor_id, listing_id) DO UPDATE SET price_minor = excluded.price_minor, paid_minor = excluded.paid_minor,
  margin_points = excluded.margin_points, floor_points = excluded.floor_points
RETURNING reseller_id, xmax = 0 AS fresh"""  # noqa: E501 SQL

COSTS = """
WITH rates AS (SELECT * FROM jsonb_to_recordset(%(rates)s::jsonb) AS r (one text, other text, n numeric, d numeric)),
whom AS (
  SELECT w.distributor_id, w.price_list_id, w.plan_id, NULL::uuid AS reseller_id, 0::bigint AS discount, w.price_minor, w.steps, w.currency
  FROM wholesale_prices w WHERE w.distributor_id = %(distributor)s {which_w}
  UNION ALL
  SELECT w.distributor_id, w.price_list_id, w.plan_id, e.id, coalesce(n.discount, 0), w.price_minor, w.steps, w.currency
  FROM wholesale_prices w
  JOIN resellers e ON e.distributor_id = w.distributor_id AND e.price_list_id = w.price_list_id AND NOT e.house
  JOIN plans p ON p.distributor_id = w.distributor_id AND p.id = w.plan_id
  JOIN products o ON o.distributor_id = p.distributor_id AND o.id = p.product_id
  LEFT JOIN enrolments n ON n.distributor_id = o.distributor_id AND n.programme_id = o.programme_id AND n.reseller_id = e.id AND n.state = 'active'
  WHERE w.distributor_id = %(distributor)s {which_w} AND (coalesce(n.discount, 0) > 0
    OR EXISTS (SELECT 1 FROM margin_floors f WHERE f.distributor_id = e.distributor_id AND f.reseller_id = e.id))),
now_under AS (
  SELECT DISTINCT ON (w.plan_id, w.price_list_id, w.reseller_id) w.distributor_id, w.plan_id, w.price_list_id, w.reseller_id,
    coalesce(w.reseller_id::text, '') AS whom, t.price, w.currency, u.cost, f.points AS floor,
    ((t.price - u.cost) * 10000 / nullif(t.price, 0))::bigint AS margin
  FROM whom w
  JOIN plans p ON p.distributor_id = w.distributor_id AND p.id = w.plan_id AND p.published
  JOIN products o ON o.distributor_id = p.distributor_id AND o.id = p.product_id AND o.published
  JOIN plan_costs c ON c.distributor_id = w.distributor_id AND c.plan_id = w.plan_id
  LEFT JOIN rates r ON r.one = c.currency AND r.other = w.currency
  LEFT JOIN margin_floors f1 ON f1.distributor_id = w.distributor_id AND f1.product_id = o.id
  LEFT JOIN margin_floors f2 ON f2.distributor_id = w.distributor_id AND f2.reseller_id = w.reseller_id
  LEFT JOIN margin_floors f3 ON f3.distributor_id = w.distributor_id AND f3.target = 'all'
  CROSS JOIN LATERAL (SELECT coalesce(f1.points, f2.points, f3.points) AS points) f
  CROSS JOIN LATERAL {begins} b
  CROSS JOIN LATERAL (SELECT ({price} * (10000 - w.discount) * 2 + 10000) / 20000 AS price, {cost} AS cost) t
  CROSS JOIN LATERAL (SELECT CASE WHEN c.currency = w.currency THEN t.cost WHEN r.n IS NULL THEN NULL
    ELSE div(t.cost * r.n * 2 + r.d, r.d * 2)::bigint END AS cost) u
  WHERE f.points IS NOT NULL AND (u.cost IS NULL OR (t.price - u.cost) * 10000 < f.points * t.price)
  ORDER BY w.plan_id, w.price_list_id, w.reseller_id, margin),
gone AS (
  DELETE FROM cost_alarms w WHERE w.distributor_id = %(distributor)s {which_w}
    AND NOT EXISTS (SELECT 1 FROM now_under u WHERE u.plan_id = w.plan_id AND u.price_list_id = w.price_list_id AND u.whom = w.whom))
INSERT INTO cost_alarms (distributor_id, id, plan_id, price_list_id, reseller_id, whom, price_minor, currency, cost_minor, margin_points, floor_points, since)
SELECT distributor_id, gen_random_uuid(), plan_id, price_list_id, reseller_id, whom, price, currency, cost, margin, floor, now() FROM now_under
ON CONFLICT (distributor_id, plan_id, price_list_id, whom) DO UPDATE SET price_minor = excluded.price_minor, cost_minor = excluded.cost_minor,
  margin_points = excluded.margin_points, floor_points = excluded.floor_points
RETURNING xmax = 0 AS fresh"""  # noqa: E501 SQL


@cache
def _shelves(of_one: bool, which: str) -> bytes:
    one = "AND l.reseller_id = %(reseller)s" if of_one else ""
    return SHELVES.format(
        begins=_begins("l.steps", "w.steps"),
        price=_at("l.price_minor", "l.steps"),
        wholesale=_at("w.price_minor", "w.steps"),
        one=one,
        which=which,
    ).encode()


@cache
def _costs(some: bool) -> bytes:
    return COSTS.format(
        begins=_begins("w.steps", "c.steps"),
        price=_at("w.price_minor", "w.steps"),
        cost=_at("c.cost_minor", "c.steps"),
        which_w="AND w.plan_id = ANY (%(plans)s)" if some else "",
    ).encode()


def look_at_shelves(reseller_id: UUID | None = None, part: Part = EVERYTHING) -> None:
    """Brings the alarms of a shelf, or of all, up to today's prices; resellers are told of new ones that are
    not their own doing."""
    scope = tenancy.current()
    values = {"distributor": scope.distributor_id, "reseller": reseller_id, "value": part.value}
    db.flush()
    with db.told_by_the_driver("look_at_shelves"):
        sql = _shelves(reseller_id is not None, WHICH[part.kind])
        rows = db.driver().execute(sql, values).fetchall()
    if scope.reseller_id is None:
        for fresh in {row[0] for row in rows if row[1]}:
            publish(ShelfUnderFloor(fresh, new_id()))


def look_at_costs(plan_ids: Sequence[UUID] | None = None) -> None:
    """Brings the alarms of wholesale prices up to today's prices, costs and rates. There is one item on the
    work queue while there are any; a mail goes where a worker found new ones."""
    scope = tenancy.current()
    db.flush()
    values = {
        "distributor": scope.distributor_id,
        "plans": None if plan_ids is None else list(plan_ids),
        "rates": json.dumps(_rates()),
    }
    with db.told_by_the_driver("look_at_costs"):
        rows = db.driver().execute(_costs(plan_ids is not None), values).fetchall()
    put_on_the_queue()
    if scope.person_id is None and any(row[0] for row in rows):
        publish(CostsUnderFloor(new_id()))


def _rates() -> list[dict[str, Any]]:
    """Rates of the day between what costs and what is sold, where they differ."""
    joined = same_key(PlanCost.plan_id, WholesalePrice.plan_id)
    pairs = db.session().execute(
        select(PlanCost.currency, WholesalePrice.currency)
        .join(WholesalePrice, joined)
        .where(PlanCost.currency != WholesalePrice.currency)
        .distinct()
    )
    known = exchange.rates([(one, other) for one, other in pairs])
    return [
        {"one": one, "other": other, "n": rate.numerator, "d": rate.denominator}
        for (one, other), rate in known.items()
    ]


def put_on_the_queue() -> None:
    """One item while there are prices under the floor; none when there are none."""
    distributor_id = tenancy.current().distributor_id
    open_ = db.session().scalar(select(func.count()).select_from(CostAlarm)) or 0
    if open_:
        work.open_item(
            "margin floor",
            about_type="margin_floors",
            about_id=distributor_id,
            words=counted(
                "%(n)s wholesale price is under its floor.",
                "%(n)s wholesale prices are under their floor.",
                open_,
            ),
            suggestion="See them under Margins: raise them to the floor, or change it.",
        )
    else:
        work.close_about(distributor_id, "no price is under its floor any more")


def prices_changed(plan_ids: Sequence[UUID]) -> None:
    """After wholesale, list price or cost of some plans changed: shelves follow their rules, and floors are
    looked at."""
    part = Part("plans", list(plan_ids))
    shelf_prices.follow(None, part)
    look_at_shelves(None, part)
    look_at_costs(plan_ids)


def shelf_changed(reseller_id: UUID, part: Part = EVERYTHING) -> None:
    """After rules, rounding, tier or price list of a reseller changed."""
    shelf_prices.follow(reseller_id, part)
    look_at_shelves(reseller_id, part)


def keep_rule(reseller_id: UUID, wanted: retail_rules.Wanted) -> None:
    """A rule holds from now on, and prices follow it; UnderFloor where the reseller's own floor refuses one
    of those that it makes."""
    shelf_prices.take_turns()
    expected = shelf_prices.preview(reseller_id, EVERYTHING, [wanted], most=1)
    if expected.refused:
        raise margin_floors.UnderFloor(expected.refused)
    retail_rules.put(reseller_id, [wanted])
    shelf_changed(reseller_id)


def imported() -> None:
    """After a whole price sheet: a task looks at costs, and one for each reseller that has rules or
    floors."""
    tasks.add("look_at_costs", {})
    floors = select(margin_floors.RetailFloor.reseller_id).distinct()
    shelf_prices.follow_later(sorted({*shelf_prices.with_rules(), *db.session().scalars(floors)}))


# --- Mending ------------------------------------------------------------------------------------------------


def raise_to_floor(reseller_id: UUID, listing_ids: Sequence[UUID] | None = None) -> int:
    """Sets prices of the shelf by hand to what their floor asks for, rounded upwards by the reseller's own
    rounding; how many. All that are under it, at most a thousand at once, where none are named."""
    chosen = (
        select(ShelfAlarm, Listing.plan_id, WholesalePrice, Enrolment.discount)
        .join(Listing, same_key(Listing.id, ShelfAlarm.listing_id))
        .join(Product, same_key(Product.id, Listing.product_id))
        .join(Reseller, same_key(Reseller.id, Listing.reseller_id))
        .join(
            WholesalePrice,
            same_key(WholesalePrice.plan_id, Listing.plan_id)
            & (WholesalePrice.price_list_id == Reseller.price_list_id),
        )
        .outerjoin(Enrolment, tier_of(reseller_id))
        .where(ShelfAlarm.reseller_id == reseller_id)
        .limit(MOST_AT_ONCE)
    )
    if listing_ids is not None:
        chosen = chosen.where(ShelfAlarm.listing_id.in_(listing_ids))
    by, wanted = rounding.of(reseller_id), list[retail_rules.Wanted]()
    for alarm, plan_id, wholesale, discount in db.session().execute(chosen):
        dearest = max([wholesale.price_minor, *(minor for _, minor in wholesale.steps)])
        paid = discounted(Money(dearest, wholesale.currency), discount)
        exact = margin_floors.least(paid, alarm.floor_points)
        up = by.get(exact.currency, rounding.EXACT)
        minor = rounding.to(Fraction(exact.minor), rounding.Rounding(up.step, up.ending, up=True))
        wanted.append(retail_rules.by_hand(plan_id, Money(minor, exact.currency)))
    retail_rules.put(reseller_id, wanted)
    shelf_changed(reseller_id, Part("plans", [one.plan_id for one in wanted]))
    return len(wanted)


def lacking(alarm_ids: Sequence[UUID] | None = None) -> list[tuple[Plan, PriceList, Money]]:
    """(plan, price list, price) that would mend alarms of the distributor: the lowest price on the list which
    leaves the floor, also to the reseller with the highest discount. Those without a rate cannot be
    mended."""
    chosen = (
        select(CostAlarm, Plan, PriceList, Enrolment.discount)
        .join(Plan, same_key(Plan.id, CostAlarm.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(PriceList, same_key(PriceList.id, CostAlarm.price_list_id))
        .outerjoin(Enrolment, tier_of(CostAlarm.reseller_id))
        .where(CostAlarm.cost_minor.is_not(None))
        .limit(MOST_AT_ONCE)
    )
    if alarm_ids is not None:
        chosen = chosen.where(CostAlarm.id.in_(alarm_ids))
    found: dict[tuple[UUID, UUID], tuple[Plan, PriceList, Money]] = {}
    for alarm, plan, price_list, discount in db.session().execute(chosen):
        if alarm.cost_minor is None:
            continue
        net = margin_floors.least(Money(alarm.cost_minor, alarm.currency), alarm.floor_points)
        share = 10_000 - (discount or 0)
        price = Money(-(-net.minor * 10_000 // share), net.currency) if share else net
        known = found.get((plan.id, price_list.id))
        if known is None or known[2] < price:
            found[plan.id, price_list.id] = plan, price_list, price
    return list(found.values())


def _follow(task: Claimed) -> None:
    shelf_changed(UUID(task.args["reseller_id"]))


def _look(_task: Claimed) -> None:
    look_at_costs()


FOLLOW = tasks.register(Kind("follow_rules", Repeat.SAFE, prepare=_follow, alone=True))
LOOK = tasks.register(Kind("look_at_costs", Repeat.SAFE, prepare=_look, alone=True))
