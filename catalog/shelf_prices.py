"""What a reseller's rules make of its shelf: prices and volume steps are computed by one statement, whether
for one plan or for fifty thousand, and written into the listings. Shops, baskets and orders read listings and
know no rule. Whatever a price is made of changes, `follow` is called in the same transaction, or by a task
where it is much: the wholesale price, the list price, the reseller's price list, its tier, its rules, its
rounding.

The arithmetic is that of retail_rules.made and rounding.to; a test compares the two over thousands of
cases."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from catalog import entries, retail_rules
from catalog.retail_rules import Level, Method, RetailRule, Wanted
from core import db, money, tasks, tenancy
from core.money import Money
from partners import storefronts
from partners.enrolments import Enrolment, PartnershipEnded

RULES = """
proposed AS (SELECT * FROM jsonb_populate_recordset(NULL::retail_rules, %(proposed)s::jsonb)),
rules AS MATERIALIZED (
  SELECT r.* FROM retail_rules r WHERE r.distributor_id = %(distributor)s AND r.id <> ALL (%(dropped)s) AND NOT %(alone)s {of_reseller_r}
    AND NOT EXISTS (SELECT 1 FROM proposed q WHERE q.level = r.level AND q.target = r.target)
  UNION ALL SELECT * FROM proposed),
of_plans AS MATERIALIZED (SELECT * FROM rules WHERE level = 'plan'), of_products AS MATERIALIZED (SELECT * FROM rules WHERE level = 'product'),
of_vendors AS MATERIALIZED (SELECT * FROM rules WHERE level = 'vendor'), of_categories AS MATERIALIZED (SELECT * FROM rules WHERE level = 'category'),
of_everything AS MATERIALIZED (SELECT * FROM rules WHERE level = 'all'),
shelf AS (
  SELECT l.distributor_id, l.id, l.reseller_id, l.product_id, l.plan_id, l.currency, l.price_minor AS was_minor, l.steps AS was_steps,
    l.sort_key, l.published, o.name AS product, o.category, p.name AS plan, p.list_minor, p.steps AS list_steps,
    w.price_minor AS wholesale_minor, coalesce(w.steps, '[]') AS wholesale_steps, coalesce(n.discount, 0) AS discount,
    (w.price_minor * (10000 - coalesce(n.discount, 0)) * 2 + 10000) / 20000 AS paid_minor,
    coalesce(r1.id, r2.id, r3.id, r4.id, r5.id) AS rule_id
  FROM listings l
  JOIN plans p ON p.distributor_id = l.distributor_id AND p.id = l.plan_id
  JOIN products o ON o.distributor_id = l.distributor_id AND o.id = l.product_id
  JOIN resellers e ON e.distributor_id = l.distributor_id AND e.id = l.reseller_id
  LEFT JOIN wholesale_prices w ON w.distributor_id = l.distributor_id AND w.plan_id = l.plan_id AND w.price_list_id = e.price_list_id
  LEFT JOIN enrolments n ON n.distributor_id = o.distributor_id AND n.programme_id = o.programme_id AND n.reseller_id = l.reseller_id
    AND n.state = 'active'
  LEFT JOIN of_plans r1 ON r1.reseller_id = l.reseller_id AND r1.plan_id = l.plan_id AND r1.currency IN ('', l.currency)
  LEFT JOIN of_products r2 ON r2.reseller_id = l.reseller_id AND r2.product_id = l.product_id AND r2.currency IN ('', l.currency)
  LEFT JOIN of_vendors r3 ON r3.reseller_id = l.reseller_id AND r3.target = o.vendor AND r3.currency IN ('', l.currency)
  LEFT JOIN of_categories r4 ON r4.reseller_id = l.reseller_id AND r4.target = o.category AND r4.currency IN ('', l.currency)
  LEFT JOIN of_everything r5 ON r5.reseller_id = l.reseller_id AND r5.currency IN ('', l.currency)
  WHERE l.distributor_id = %(distributor)s {of_reseller_l} {which}),
"""  # noqa: E501 SQL

# "today" is no method of rules: some percent on the price as it is, for a change that is made once. n / d is
# the exact price; a price is k steps and its ending, so that no division has to be exact.
ARITHMETIC = """
made AS (
  SELECT s.*, r.level, r.target, t.now_minor, t.now_steps
  FROM shelf s LEFT JOIN rules r ON r.id = s.rule_id
  LEFT JOIN rounding_rules g ON g.distributor_id = s.distributor_id AND g.reseller_id = s.reseller_id AND g.currency = s.currency
  CROSS JOIN LATERAL (
    SELECT max(minor) FILTER (WHERE begin = 1) AS now_minor,
      coalesce(jsonb_agg(jsonb_build_array(begin, minor) ORDER BY begin) FILTER (WHERE begin > 1), '[]') AS now_steps
    FROM (
      SELECT b.begin, CASE WHEN f.n = 0 OR f.hand THEN f.n
        WHEN f.up THEN greatest(0, (f.n - f.ending * f.d + f.step * f.d - 1) / (f.step * f.d)) * f.step + f.ending
        ELSE greatest(0, (2 * (f.n - f.ending * f.d) + f.step * f.d) / (2 * f.step * f.d)) * f.step + f.ending END AS minor
      FROM (
        SELECT 1::bigint AS begin, CASE r.method WHEN 'list' THEN s.list_minor WHEN 'absolute' THEN r.amount_minor
          WHEN 'today' THEN s.was_minor ELSE s.wholesale_minor END AS base
        UNION ALL SELECT (x->>0)::bigint, (x->>1)::bigint FROM jsonb_array_elements(CASE r.method
          WHEN 'list' THEN s.list_steps WHEN 'absolute' THEN r.steps WHEN 'today' THEN s.was_steps ELSE s.wholesale_steps END) x) b
      CROSS JOIN LATERAL (SELECT CASE WHEN r.method IN ('list', 'absolute', 'today') THEN b.base
        ELSE (b.base * (10000 - s.discount) * 2 + 10000) / 20000 END AS paid) c
      CROSS JOIN LATERAL (SELECT r.method = 'absolute' AS hand, coalesce(g.step, 1) AS step, coalesce(g.ending, 0) AS ending,
        coalesce(g.up, false) AS up,
        CASE r.method WHEN 'absolute' THEN c.paid WHEN 'fixed' THEN c.paid + r.amount_minor WHEN 'margin' THEN c.paid * 10000
          ELSE c.paid * (10000 + r.points) END AS n,
        CASE r.method WHEN 'absolute' THEN 1 WHEN 'fixed' THEN 1 WHEN 'margin' THEN 10000 - r.points ELSE 10000 END AS d) f
      WHERE b.base IS NOT NULL AND r.id IS NOT NULL) prices) t)
"""  # noqa: E501 SQL

WRITE = """,
changed AS (
  UPDATE listings l SET price_minor = m.now_minor, steps = m.now_steps FROM made m
  WHERE l.distributor_id = %(distributor)s AND l.id = m.id AND m.now_minor IS NOT NULL
    AND (l.price_minor, l.steps) IS DISTINCT FROM (m.now_minor, m.now_steps)
  RETURNING l.distributor_id, l.id, l.reseller_id, l.product_id, l.currency, m.was_minor, m.was_steps, m.now_minor, m.now_steps),
digits AS (SELECT *, CASE WHEN currency = ANY (%(none)s) THEN 0 WHEN currency = ANY (%(three)s) THEN 3 ELSE 2 END AS digits FROM changed),
told AS (
  INSERT INTO trail (distributor_id, id, reseller_id, at, person_id, object_type, object_id, what, told, request_id)
  SELECT distributor_id, gen_random_uuid(), reseller_id, now(), %(person)s::uuid, 'listings', id, 'repriced',
    jsonb_build_object('was', currency || ' ' || round(was_minor / 10.0 ^ digits, digits), 'now', currency || ' ' || round(now_minor / 10.0 ^ digits, digits)),
    %(request)s::text FROM digits),
noted AS (
  INSERT INTO bulk_change_rows (distributor_id, id, reseller_id, bulk_change_id, listing_id, was_minor, was_steps, now_minor, now_steps)
  SELECT distributor_id, gen_random_uuid(), reseller_id, %(bulk)s::uuid, id, was_minor, was_steps, now_minor, now_steps FROM changed
  WHERE %(bulk)s::uuid IS NOT NULL)
SELECT reseller_id, product_id FROM changed"""  # noqa: E501 SQL

# Prices as they are, some percent more or less, as rules of their plans.
BY_HAND = " SELECT plan_id, currency, now_minor, now_steps FROM made WHERE now_minor IS NOT NULL"
REPLACED = """
DELETE FROM retail_rules r WHERE r.distributor_id = %(distributor)s AND r.reseller_id = %(reseller)s AND r.level = 'plan'
  AND r.plan_id = ANY (%(plans)s) RETURNING to_jsonb(r)"""  # noqa: E501 SQL
INSERT_RULES = """
INSERT INTO retail_rules (distributor_id, id, reseller_id, level, target, plan_id, method, points, amount_minor, currency, steps, made_at)
SELECT %(distributor)s, gen_random_uuid(), %(reseller)s, 'plan', u.plan_id::text, u.plan_id, 'absolute', 0, u.minor, u.currency, u.steps, now()
FROM unnest(%(plans)s::uuid[], %(minors)s::bigint[], %(currencies)s::text[], %(steps)s::jsonb[]) AS u (plan_id, minor, currency, steps)
RETURNING id"""  # noqa: E501 SQL

# The cheapest plan that can be bought stands for its product in lists.
LEAD = """
UPDATE listings l SET lead = x.place = 1 FROM (
  SELECT s.id, row_number() OVER (PARTITION BY s.reseller_id, s.product_id ORDER BY (s.published AND p.published) DESC, s.price_minor, s.id) AS place
  FROM listings s JOIN plans p ON p.distributor_id = s.distributor_id AND p.id = s.plan_id
  WHERE s.distributor_id = %(distributor)s AND s.reseller_id = ANY (%(resellers)s) AND s.product_id = ANY (%(products)s)) x
WHERE l.distributor_id = %(distributor)s AND l.id = x.id AND l.lead <> (x.place = 1)"""  # noqa: E501 SQL

PREVIEW = """,
judged AS (
  SELECT m.*, n.minor, coalesce(f1.refuses, f2.refuses, false) AS refuses,
    coalesce(m.paid_minor IS NOT NULL AND (n.minor - m.paid_minor) * 10000 < coalesce(f1.points, f2.points) * n.minor, false) AS under
  FROM made m CROSS JOIN LATERAL (SELECT coalesce(m.now_minor, m.was_minor) AS minor) n
  LEFT JOIN retail_floors f1 ON f1.distributor_id = m.distributor_id AND f1.reseller_id = m.reseller_id AND f1.product_id = m.product_id
  LEFT JOIN retail_floors f2 ON f2.distributor_id = m.distributor_id AND f2.reseller_id = m.reseller_id AND f2.product_id IS NULL)
SELECT product, plan, currency, was_minor, minor, paid_minor, level, target, under,
  count(*) OVER () AS plans, count(*) FILTER (WHERE minor <> was_minor) OVER () AS changes,
  count(*) FILTER (WHERE under) OVER () AS below, count(*) FILTER (WHERE under AND refuses AND minor <> was_minor) OVER () AS refused,
  count(*) FILTER (WHERE paid_minor IS NULL) OVER () AS unpaid,
  avg((was_minor - paid_minor) * 10000.0 / nullif(was_minor, 0)) OVER () AS was_margin,
  avg((minor - paid_minor) * 10000.0 / nullif(minor, 0)) OVER () AS now_margin
FROM judged ORDER BY minor <> was_minor DESC, sort_key, id LIMIT %(most)s"""  # noqa: E501 SQL


@cache
def _sql(tail: str, of_one: bool, which: str) -> bytes:
    one = " AND {}.reseller_id = %(reseller)s" if of_one else ""
    head = RULES.format(of_reseller_r=one.format("r"), of_reseller_l=one.format("l"), which=which)
    return f"WITH {head}{ARITHMETIC}{tail}".encode()


# What of a shelf is meant; each is a condition of ours with one value.
WHICH = {
    "": "",
    "plans": "AND l.plan_id = ANY (%(value)s)",
    "listings": "AND l.id = ANY (%(value)s)",
    "category": "AND o.category = %(value)s",
    "vendor": "AND o.vendor = %(value)s",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of shelves: everything, or that of `kind` (a key of WHICH) with `value`."""

    kind: str = ""
    value: Any = None


EVERYTHING = Part()


def _rows(tail: str, part: Part, values: dict[str, Any], *, of_one: bool) -> list[Any]:
    """What a statement over a part of shelves gives. Over a large part tables are hashed: the planner takes
    the rules for few, and would look through all of them for each of fifty thousand plans."""
    large = part.kind in ("", "category", "vendor")
    with db.told_by_the_driver("shelf_prices"):
        driver = db.driver()
        if large:
            driver.execute(b"SELECT set_config('enable_nestloop', 'off', true)")
        found = driver.execute(_sql(tail, of_one, WHICH[part.kind]), values).fetchall()
        if large:
            driver.execute(b"SELECT set_config('enable_nestloop', 'on', true)")
    return found


def follow(
    reseller_id: UUID | None = None, part: Part = EVERYTHING, *, bulk: UUID | None = None
) -> set[UUID]:
    """Writes what the rules make into the shelves: of one reseller, or of all; the resellers whose prices
    changed. Changes take turns, so that none builds on what another is just replacing."""
    db.flush()
    take_turns()
    scope = tenancy.current()
    values = _values(reseller_id, part) | {
        "bulk": bulk,
        "person": scope.person_id,
        "request": scope.request_id,
        "none": sorted(money.NO_DIGITS),
        "three": sorted(money.THREE_DIGITS),
    }
    rows = _rows(WRITE, part, values, of_one=reseller_id is not None)
    if not rows:
        return set()
    resellers = {row[0] for row in rows}
    settle(resellers, {row[1] for row in rows})
    return resellers


def settle(resellers: set[UUID], products: set[UUID]) -> None:
    """After prices changed: which plan stands for its product, what lists and facets are read from, and the
    shops' fragments end. One shelf after the other in the order of their ids (catalog/entries.py)."""
    values = {
        "distributor": tenancy.current().distributor_id,
        "resellers": list(resellers),
        "products": list(products),
    }
    with db.told_by_the_driver(LEAD):
        db.driver().execute(LEAD.encode(), values)
    db.session().expire_all()  # the statements went past the session
    for reseller_id in sorted(resellers):
        entries.index(reseller_id, products)
        storefronts.touch_shelf(reseller_id)
    db.flush()


def take_turns() -> None:
    """One change of prices after the other within a distributor, until the end of the transaction."""
    key = f"shelf prices {tenancy.current().distributor_id}"
    db.session().execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan of a preview: its price now and then, and what is paid for it, if that is known."""

    product: str
    plan: str
    was: Money
    now: Money
    paid: Money | None
    level: Level | None
    target: str
    under: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What rules would make of a part of a shelf; margins are averages over its plans, in basis points.
    `refused`: how many of the prices that
    change a floor of the reseller refuses."""

    rows: Sequence[Shown]
    plans: int = 0
    changes: int = 0
    below: int = 0
    refused: int = 0
    unpaid: int = 0
    was_margin: int | None = None
    now_margin: int | None = None


def preview(
    reseller_id: UUID,
    part: Part,
    wanted: Sequence[Wanted],
    dropped: Sequence[UUID] = (),
    most: int = 25,
    today: int | None = None,
) -> Preview:
    """What `follow` would do if these rules stood and the dropped ones did not, or what so many basis points
    on today's prices would make; nothing is changed."""
    values = (
        _values(reseller_id, part)
        | _proposed(reseller_id, wanted, today)
        | {
            "dropped": list(dropped),
            "most": most,
        }
    )
    db.flush()
    rows = _rows(PREVIEW, part, values, of_one=True)
    if not rows:
        return Preview([])
    plans, changes, below, refused, unpaid, was, now = rows[0][9:]
    return Preview(
        [
            Shown(
                product, plan, Money(was_minor, currency), Money(now_minor, currency),
                None if paid is None else Money(paid, currency), Level(level) if level else None,
                target or "", bool(under),
            )
            for product, plan, currency, was_minor, now_minor, paid, level, target, under, *_ in rows
        ],
        plans, changes, below, refused, unpaid,
        None if was is None else round(was), None if now is None else round(now),
    )  # fmt: skip


def set_by_hand(reseller_id: UUID, part: Part, today: int) -> tuple[list[UUID], list[dict[str, Any]]]:
    """Each price of the part becomes the rule of its plan, so many basis points above what it is today: the
    ids of these rules, and those that stood in their place as rows. Prices follow by `follow`."""
    values = _values(reseller_id, part) | _proposed(reseller_id, [], today)
    db.flush()
    if not (rows := _rows(BY_HAND, part, values, of_one=True)):
        return [], []
    plans, currencies, minors, steps = (list(column) for column in zip(*rows, strict=True))
    values |= {"plans": plans, "minors": minors, "currencies": currencies}
    values["steps"] = [json.dumps(each) for each in steps]
    with db.told_by_the_driver("shelf_prices.set_by_hand"):
        before = db.driver().execute(REPLACED.encode(), values).fetchall()
        made = db.driver().execute(INSERT_RULES.encode(), values).fetchall()
    db.session().expire_all()
    return [row[0] for row in made], [row[0] for row in before]


def _proposed(reseller_id: UUID, wanted: Sequence[Wanted], today: int | None) -> dict[str, Any]:
    """Rules that do not stand yet; a change of today's prices is one for everything, and alone."""
    if today is None:
        rows = retail_rules.rows_of(reseller_id, wanted)
    else:
        [row] = retail_rules.rows_of(reseller_id, [Wanted(Level.ALL, "", Method.LIST, today)])
        rows = [row | {"method": "today"}]
    return {"proposed": json.dumps(rows, default=str), "alone": today is not None}


def _values(reseller_id: UUID | None, part: Part) -> dict[str, Any]:
    return {
        "distributor": tenancy.current().distributor_id,
        "reseller": reseller_id,
        "value": part.value,
        "proposed": "[]",
        "dropped": list[UUID](),
        "alone": False,
    }


# --- When many prices change --------------------------------------------------------------------------------


def with_rules() -> list[UUID]:
    """The resellers that have rules."""
    return list(db.session().scalars(select(RetailRule.reseller_id).distinct()))


def follow_later(resellers: Sequence[UUID]) -> None:
    """A task for each (catalog/margin_alarms.py): its own transaction, so that a large change holds up no
    shop."""
    for reseller_id in resellers:
        tasks.add("follow_rules", {"reseller_id": str(reseller_id)})


def partnership_ended(event: PartnershipEnded) -> None:
    """Its tier lowers no price any more."""
    chosen = select(Enrolment.reseller_id).where(Enrolment.id == event.enrolment_id)
    follow_later(db.session().scalars(chosen).all())
