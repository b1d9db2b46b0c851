"""The catalogue as a table: a row for each plan, or for each range of quantity where its price depends on it,
in the columns that an import understands without being told (catalog/sheet_mappings.py). Rows come from one
statement, so that they are of one moment, a thousand at a time, so that a hundred thousand plans need no more
memory than a thousand."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from catalog import volumes
from catalog.price_lists import PriceList, discounted
from catalog.sheet_mappings import wholesale_head
from core import db
from core.money import Money

AT_ONCE = 1000
WHOLE = """
SELECT o.code AS product_code, o.name AS product, o.vendor, o.category, o.summary, o.description, t.code AS product_type,
  p.code AS plan_code, p.name AS plan, p.sku, p.term, p.billing_period AS billing, p.minimum_quantity AS minimum,
  p.maximum_quantity AS maximum, p.currency, p.published AS on_sale, p.list_minor, p.steps AS list_steps, c.cost_minor,
  c.steps AS cost_steps, coalesce(w.prices, '{}') AS prices
FROM plans p
JOIN products o ON o.distributor_id = p.distributor_id AND o.id = p.product_id
JOIN product_types t ON t.distributor_id = o.distributor_id AND t.id = o.product_type_id
LEFT JOIN plan_costs c ON c.distributor_id = p.distributor_id AND c.plan_id = p.id
LEFT JOIN (SELECT distributor_id, plan_id, jsonb_object_agg(price_list_id, jsonb_build_array(price_minor, steps)) AS prices
  FROM wholesale_prices GROUP BY 1, 2) w ON w.distributor_id = p.distributor_id AND w.plan_id = p.id
ORDER BY o.code, p.code"""  # noqa: E501 SQL
SHELF = """
SELECT o.code AS product_code, o.name AS product, o.vendor, o.category, p.code AS plan_code, p.name AS plan, p.sku, p.term,
  p.billing_period AS billing, p.minimum_quantity AS minimum, p.maximum_quantity AS maximum, l.currency, l.published AS shown,
  p.list_minor, p.steps AS list_steps, w.price_minor AS paid_minor, w.steps AS paid_steps, e.discount, l.price_minor AS asked_minor,
  l.steps AS asked_steps
FROM listings l
JOIN plans p ON p.distributor_id = l.distributor_id AND p.id = l.plan_id AND p.published
JOIN products o ON o.distributor_id = p.distributor_id AND o.id = p.product_id AND o.published
LEFT JOIN wholesale_prices w ON w.distributor_id = p.distributor_id AND w.plan_id = p.id
LEFT JOIN enrolments e ON e.distributor_id = o.distributor_id AND e.programme_id = o.programme_id AND e.state = 'active'
ORDER BY o.code, p.code"""  # noqa: E501 SQL
TEXTS = ("product_code", "product", "vendor", "category", "summary", "description", "product_type")
OF_PLAN = ("plan_code", "plan", "sku", "term", "billing", "minimum", "maximum", "currency", "on_sale")
OF_SHELF = (*TEXTS[:4], *OF_PLAN[:-1], "shown")

Row = Sequence[str]
Prices = Mapping[str, tuple[int, volumes.Steps]]


def whole() -> Iterator[Row]:
    """Head and rows of everything the distributor has, hidden plans too, with cost and every price list."""
    lists = {
        str(one.id): wholesale_head(one.name)
        for one in db.session().scalars(select(PriceList).order_by(PriceList.name))
    }
    yield (*TEXTS, *OF_PLAN, "range_from", "range_to", "list_price", "cost", *lists.values())
    for row in _read(WHOLE):
        told: dict[str, tuple[int, volumes.Steps]] = {"list_price": (row["list_minor"], row["list_steps"])}
        if row["cost_minor"] is not None:
            told["cost"] = (row["cost_minor"], row["cost_steps"])
        told |= {name: tuple(row["prices"][key]) for key, name in lists.items() if key in row["prices"]}
        yield from _ranges(row, (*TEXTS, *OF_PLAN), ("list_price", "cost", *lists.values()), told)


def shelf() -> Iterator[Row]:
    """Head and rows of what the reseller of the scope may sell: what it pays in its tier, what it asks, and
    the recommended price. A cost is nowhere in it: that scope cannot read one."""
    yield (*OF_SHELF, "range_from", "range_to", "recommended_price", "you_pay", "your_price")
    for row in _read(SHELF):
        told: dict[str, tuple[int, volumes.Steps]] = {
            "recommended_price": (row["list_minor"], row["list_steps"]),
            "your_price": (row["asked_minor"], row["asked_steps"]),
        }
        if row["paid_minor"] is not None:
            told["you_pay"] = _discounted(row)
        yield from _ranges(row, OF_SHELF, ("recommended_price", "you_pay", "your_price"), told)


def _discounted(row: Mapping[str, Any]) -> tuple[int, volumes.Steps]:
    """The wholesale price and its steps in the reseller's tier."""

    def paid(minor: int) -> int:
        return discounted(Money(minor, row["currency"]), row["discount"]).minor

    return paid(row["paid_minor"]), [[begin, paid(minor)] for begin, minor in row["paid_steps"]]


def _read(statement: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a statement as they come, by a cursor in the server."""
    with db.told_by_the_driver(statement), db.driver().cursor(name="catalogue") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement.encode())
        names = [column.name for column in cursor.description or ()]
        for values in cursor:
            yield dict(zip(names, values, strict=True))


def _ranges(
    row: Mapping[str, Any], columns: Sequence[str], prices: Sequence[str], told: Prices
) -> Iterator[Row]:
    """A row for each range of quantity: where any of the prices changes, a range begins."""
    begins = sorted({1, *(begin for _minor, steps in told.values() for begin, _price in steps)})
    for begin, after in pairwise([*begins, 0]):
        of_range = ["", ""] if len(begins) == 1 else [str(begin), str(after - 1) if after else ""]
        amounts = [_amount(told.get(name), begin, row["currency"]) for name in prices]
        yield (*(_text(row[name]) for name in columns), *of_range, *amounts)


def _amount(told: tuple[int, volumes.Steps] | None, quantity: int, currency: str) -> str:
    if told is None:
        return ""
    return f"{volumes.at(Money(told[0], currency), told[1], quantity).amount:f}"


def _text(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
