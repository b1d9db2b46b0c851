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

from catalog import retail_rules
from catalog.retail_rules import Level, RetailRule, Wanted
from core import db, money, tasks, tenancy
from core.money import Money
from partners import storefronts
from partners.enrolments import Enrolment, PartnershipEnded

RULES = """
proposed AS (SELECT * FROM jsonb_populate_recordset(NULL::retail_rules, %(proposed)s::jsonb)),
rules AS MATERIALIZED (
  SELECT r.* FROM retail_rules r WHERE r.distributor_id = %(distributor)s AND r.id <> ALL (%(dropped)s) {of_reseller_r}
    AND NOT EXISTS (SELECT 1 FROM proposed q WHERE q.level = r.level AND q.target = r.target)
  UNION ALL SELECT * FROM proposed),
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
  LEFT JOIN rules r1 ON r1.level = 'plan' AND r1.reseller_id = l.reseller_id AND r1.plan_id = l.plan_id AND r1.currency IN ('', l.currency)
  LEFT JOIN rules r2 ON r2.level = 'product' AND r2.reseller_id = l.reseller_id AND r2.product_id = l.product_id AND r2.currency IN ('', l.currency)
  LEFT JOIN rules r3 ON r3.level = 'vendor' AND r3.reseller_id = l.reseller_id AND r3.target = o.vendor AND r3.currency IN ('', l.currency)
  LEFT JOIN rules r4 ON r4.level = 'category' AND r4.reseller_id = l.reseller_id AND r4.target = o.category AND r4.currency IN ('', l.currency)
  LEFT JOIN rules r5 ON r5.level = 'all' AND r5.reseller_id = l.reseller_id AND r5.currency IN ('', l.currency)
  WHERE l.distributor_id = %(distributor)s {of_reseller_l} {which}),
"""  # noqa: E501 SQL

# n / d is the exact price; a price is k steps and its ending, so that no division has to be exact.
ARITHMETIC = """
priced AS (
  SELECT s.id, b.begin, CASE WHEN f.n = 0 OR f.hand THEN f.n
    WHEN f.up THEN greatest(0, (f.n - f.ending * f.d + f.step * f.d - 1) / (f.step * f.d)) * f.step + f.ending
    ELSE greatest(0, (2 * (f.n - f.ending * f.d) + f.step * f.d) / (2 * f.step * f.d)) * f.step + f.ending END AS minor
  FROM shelf s JOIN rules r ON r.id = s.rule_id
  LEFT JOIN rounding_rules g ON g.distributor_id = s.distributor_id AND g.reseller_id = s.reseller_id AND g.currency = s.currency
  CROSS JOIN LATERAL (
    SELECT 1::bigint AS begin, CASE r.method WHEN 'list' THEN s.list_minor WHEN 'absolute' THEN r.amount_minor ELSE s.wholesale_minor END AS base
    UNION ALL SELECT (x->>0)::bigint, (x->>1)::bigint FROM jsonb_array_elements(
      CASE r.method WHEN 'list' THEN s.list_steps WHEN 'absolute' THEN r.steps ELSE s.wholesale_steps END) x) b
  CROSS JOIN LATERAL (SELECT CASE WHEN r.method IN ('list', 'absolute') THEN b.base
    ELSE (b.base * (10000 - s.discount) * 2 + 10000) / 20000 END AS paid) c
  CROSS JOIN LATERAL (SELECT r.method = 'absolute' AS hand, coalesce(g.step, 1) AS step, coalesce(g.ending, 0) AS ending, coalesce(g.up, false) AS up,
    CASE r.method WHEN 'absolute' THEN c.paid WHEN 'fixed' THEN c.paid + r.amount_minor WHEN 'margin' THEN c.paid * 10000
      ELSE c.paid * (10000 + r.points) END AS n,
    CASE r.method WHEN 'absolute' THEN 1 WHEN 'fixed' THEN 1 WHEN 'margin' THEN 10000 - r.points ELSE 10000 END AS d) f
  WHERE b.base IS NOT NULL),
made AS (
  SELECT id, max(minor) FILTER (WHERE begin = 1) AS now_minor,
    coalesce(jsonb_agg(jsonb_build_array(begin, minor) ORDER BY begin) FILTER (WHERE begin > 1), '[]') AS now_steps
  FROM priced GROUP BY id HAVING count(*) FILTER (WHERE begin = 1) > 0)
"""  # noqa: E501 SQL

WRITE = """,
changed AS (
  UPDATE listings l SET price_minor = m.now_minor, steps = m.now_steps FROM made m JOIN shelf s ON s.id = m.id
  WHERE l.distributor_id = %(distributor)s AND l.id = m.id AND (l.price_minor, l.steps) IS DISTINCT FROM (m.now_minor, m.now_steps)
  RETURNING l.distributor_id, l.id, l.reseller_id, l.product_id, l.currency, s.was_minor, s.was_steps, m.now_minor, m.now_steps),
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

# The cheapest plan that is shown stands for its product in lists.
LEAD = """
UPDATE listings l SET lead = x.place = 1 FROM (
  SELECT id, row_number() OVER (PARTITION BY reseller_id, product_id ORDER BY published DESC, price_minor, id) AS place
  FROM listings WHERE distributor_id = %(distributor)s AND reseller_id = ANY (%(resellers)s) AND product_id = ANY (%(products)s)) x
WHERE l.distributor_id = %(distributor)s AND l.id = x.id AND l.lead <> (x.place = 1)"""  # noqa: E501 SQL

PREVIEW = """,
floors AS (
  SELECT s.id, coalesce(m.now_minor, s.was_minor) AS now_minor, r.level, r.target,
    coalesce(f1.points, f2.points) AS floor, coalesce(f1.refuses, f2.refuses, false) AS refuses
  FROM shelf s LEFT JOIN made m ON m.id = s.id LEFT JOIN rules r ON r.id = s.rule_id
  LEFT JOIN retail_floors f1 ON f1.distributor_id = s.distributor_id AND f1.reseller_id = s.reseller_id AND f1.product_id = s.product_id
  LEFT JOIN retail_floors f2 ON f2.distributor_id = s.distributor_id AND f2.reseller_id = s.reseller_id AND f2.product_id IS NULL),
judged AS (SELECT f.*, s.paid_minor IS NOT NULL AND (f.now_minor - s.paid_minor) * 10000 < f.floor * f.now_minor AS under FROM floors f JOIN shelf s ON s.id = f.id)
SELECT s.product, s.plan, s.currency, s.was_minor, j.now_minor, s.paid_minor, j.level, j.under,
  count(*) OVER () AS plans, count(*) FILTER (WHERE j.now_minor <> s.was_minor) OVER () AS changes,
  count(*) FILTER (WHERE j.under) OVER () AS below, count(*) FILTER (WHERE j.under AND j.refuses AND j.now_minor <> s.was_minor) OVER () AS refused,
  count(*) FILTER (WHERE s.paid_minor IS NULL) OVER () AS unpaid,
  avg((s.was_minor - s.paid_minor) * 10000.0 / nullif(s.was_minor, 0)) OVER () AS was_margin,
  avg((j.now_minor - s.paid_minor) * 10000.0 / nullif(j.now_minor, 0)) OVER () AS now_margin
FROM shelf s JOIN judged j ON j.id = s.id ORDER BY j.now_minor <> s.was_minor DESC, s.sort_key, s.id LIMIT %(most)s"""  # noqa: E501 SQL


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
    with db.told_by_the_driver("shelf_prices.follow"):
        rows = db.driver().execute(_sql(WRITE, reseller_id is not None, WHICH[part.kind]), values).fetchall()
    if not rows:
        return set()
    resellers = {row[0] for row in rows}
    settle(resellers, {row[1] for row in rows})
    return resellers


def settle(resellers: set[UUID], products: set[UUID]) -> None:
    """After prices changed: which plan stands for its product, and the shops' fragments end."""
    values = {
        "distributor": tenancy.current().distributor_id,
        "resellers": list(resellers),
        "products": list(products),
    }
    with db.told_by_the_driver(LEAD):
        db.driver().execute(LEAD.encode(), values)
    db.session().expire_all()  # the statements went past the session
    for reseller_id in resellers:
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
    reseller_id: UUID, part: Part, wanted: Sequence[Wanted], dropped: Sequence[UUID] = (), most: int = 50
) -> Preview:
    """What `follow` would do if these rules stood and the dropped ones did not; nothing is changed."""
    values = _values(reseller_id, part) | {
        "proposed": json.dumps(retail_rules.rows_of(reseller_id, wanted), default=str),
        "dropped": list(dropped),
        "most": most,
    }
    db.flush()
    with db.told_by_the_driver("shelf_prices.preview"):
        rows = db.driver().execute(_sql(PREVIEW, True, WHICH[part.kind]), values).fetchall()
    if not rows:
        return Preview([])
    plans, changes, below, refused, unpaid, was, now = rows[0][8:]
    return Preview(
        [
            Shown(
                product, plan, Money(was_minor, currency), Money(now_minor, currency),
                None if paid is None else Money(paid, currency), Level(level) if level else None, bool(under),
            )
            for product, plan, currency, was_minor, now_minor, paid, level, under, *_ in rows
        ],
        plans, changes, below, refused, unpaid,
        None if was is None else round(was), None if now is None else round(now),
    )  # fmt: skip


def _values(reseller_id: UUID | None, part: Part) -> dict[str, Any]:
    return {
        "distributor": tenancy.current().distributor_id,
        "reseller": reseller_id,
        "value": part.value,
        "proposed": "[]",
        "dropped": list[UUID](),
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
