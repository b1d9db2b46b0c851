"""What a confirmed import does to the catalogue, and what undoing it does: a handful of statements over the
rows of the preview, in one transaction, by a worker. Shops show either the old prices or the new."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from catalog import factors
from catalog.listings import Listing, changed
from catalog.price_imports import ImportRow, ImportState, PriceImport, RowKind
from catalog.products import touch_catalogue
from core import db, states, tasks
from core.languages import _
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat

# Rows that were to change what is not any more as it was when the file was read.
STALE = """
UPDATE price_import_rows r SET kind = 'stale', why = %(why)s FROM plans p
LEFT JOIN plan_costs c ON c.distributor_id = p.distributor_id AND c.plan_id = p.id
LEFT JOIN wholesale_prices w ON w.distributor_id = p.distributor_id AND w.plan_id = p.id AND w.price_list_id = %(list)s
WHERE r.import_id = %(import)s AND r.kind IN ('changed', 'retired') AND p.id = r.plan_id
  AND (p.list_minor, p.published, c.cost_minor, w.price_minor)
    IS DISTINCT FROM (r.was_list_minor, r.was_published, r.was_cost_minor, r.was_wholesale_minor)"""  # noqa: E501 SQL
TAKEN = """
UPDATE price_import_rows r SET kind = 'stale', why = %(why)s
WHERE r.import_id = %(import)s AND r.kind = 'new' AND EXISTS (SELECT 1 FROM plans p WHERE p.code = r.plan_code)"""  # noqa: E501 SQL
PRODUCTS = """
INSERT INTO products (distributor_id, id, product_type_id, code, name, vendor, category, summary, description, published)
SELECT DISTINCT ON (r.product_code) r.distributor_id, gen_random_uuid(), %(type)s, r.product_code, r.name, r.vendor,
  %(category)s, r.summary, '', true
FROM price_import_rows r WHERE r.import_id = %(import)s AND r.kind = 'new' ORDER BY r.product_code, r.line
ON CONFLICT (distributor_id, code) DO NOTHING"""  # noqa: E501 SQL
PLANS = """
INSERT INTO plans (distributor_id, id, product_id, code, sku, name, term, billing_period, minimum_quantity, maximum_quantity,
  list_minor, currency, features, published, source)
SELECT r.distributor_id, r.plan_id, p.id, r.plan_code, r.sku, r.plan, r.term, r.billing_period, 1, 10000, r.list_minor,
  %(currency)s, '{}', true, %(source)s
FROM price_import_rows r JOIN products p ON p.distributor_id = r.distributor_id AND p.code = r.product_code
WHERE r.import_id = %(import)s AND r.kind = 'new'"""  # noqa: E501 SQL
PRICES = """
UPDATE plans p SET list_minor = r.list_minor, published = true FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND p.id = r.plan_id"""
COSTS = """
INSERT INTO plan_costs AS c (distributor_id, id, plan_id, cost_minor, currency)
SELECT r.distributor_id, gen_random_uuid(), r.plan_id, r.cost_minor, %(currency)s FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind IN ('new', 'changed')
ON CONFLICT (distributor_id, plan_id) DO UPDATE SET cost_minor = excluded.cost_minor"""
WHOLESALE = """
INSERT INTO wholesale_prices AS w (distributor_id, id, price_list_id, plan_id, price_minor, currency)
SELECT r.distributor_id, gen_random_uuid(), %(list)s, r.plan_id, r.wholesale_minor, %(currency)s FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind IN ('new', 'changed')
ON CONFLICT (distributor_id, price_list_id, plan_id) DO UPDATE SET price_minor = excluded.price_minor"""  # noqa: E501 SQL
RETIRED = """
UPDATE plans p SET published = false FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'retired' AND p.id = r.plan_id"""
# The distributor's own shelf has everything; one plan stands for its product in lists, the cheapest first.
SHELF = """
INSERT INTO listings (distributor_id, id, reseller_id, plan_id, product_id, sort_key, lead, published, price_minor, currency)
SELECT p.distributor_id, gen_random_uuid(), %(house)s, p.id, p.product_id, lower(o.name),
  row_number() OVER (PARTITION BY p.product_id ORDER BY p.list_minor, p.code) = 1 AND NOT EXISTS (SELECT 1 FROM listings l
    WHERE l.distributor_id = p.distributor_id AND l.reseller_id = %(house)s AND l.product_id = p.product_id AND l.lead),
  true, p.list_minor, p.currency
FROM price_import_rows r JOIN plans p ON p.id = r.plan_id JOIN products o ON o.id = p.product_id
WHERE r.import_id = %(import)s AND r.kind = 'new'
ON CONFLICT (distributor_id, reseller_id, plan_id) DO NOTHING"""  # noqa: E501 SQL
TRAIL = """
INSERT INTO trail (distributor_id, id, at, person_id, object_type, object_id, what, told, request_id)
SELECT r.distributor_id, gen_random_uuid(), now(), NULL, 'plans', r.plan_id, %(what)s, '{}', ''
FROM price_import_rows r WHERE r.import_id = %(import)s AND r.kind IN ('new', 'changed', 'retired')"""

# Back: only what still is as this import left it.
STILL_OURS = """
UPDATE price_import_rows r SET kind = 'stale', why = %(why)s FROM plans p
LEFT JOIN plan_costs c ON c.distributor_id = p.distributor_id AND c.plan_id = p.id
LEFT JOIN wholesale_prices w ON w.distributor_id = p.distributor_id AND w.plan_id = p.id AND w.price_list_id = %(list)s
WHERE r.import_id = %(import)s AND p.id = r.plan_id AND (
  (r.kind IN ('new', 'changed') AND (p.list_minor, p.published, c.cost_minor, w.price_minor)
    IS DISTINCT FROM (r.list_minor, true, r.cost_minor, r.wholesale_minor))
  OR (r.kind = 'retired' AND p.published))"""  # noqa: E501 SQL
TAKEN_BACK = """
UPDATE plans p SET published = false FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'new' AND p.id = r.plan_id"""
PRICES_BACK = """
UPDATE plans p SET list_minor = r.was_list_minor, published = r.was_published FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind IN ('changed', 'retired') AND p.id = r.plan_id"""
COSTS_BACK = """
UPDATE plan_costs c SET cost_minor = r.was_cost_minor FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND c.plan_id = r.plan_id AND r.was_cost_minor IS NOT NULL"""  # noqa: E501 SQL
WHOLESALE_BACK = """
UPDATE wholesale_prices w SET price_minor = r.was_wholesale_minor FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND w.plan_id = r.plan_id AND w.price_list_id = %(list)s
  AND r.was_wholesale_minor IS NOT NULL"""
OFF_THE_LIST = """
DELETE FROM wholesale_prices w USING price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND w.plan_id = r.plan_id AND w.price_list_id = %(list)s
  AND r.was_wholesale_minor IS NULL"""


def apply(of: PriceImport) -> None:
    """All of it in this transaction, or nothing: shops show either the old prices or the new."""
    house = db.session().scalars(select(Reseller.id).where(Reseller.house)).one()
    values = _values(of) | {"house": house, "what": f"imported, {of.code}"}
    values["why"] = _("Somebody changed it after the file was read; it was left as it is.")
    for statement in (STALE, TAKEN, PRODUCTS, PLANS, PRICES, COSTS, WHOLESALE, RETIRED, SHELF, TRAIL):
        _do(statement, values)
    of.outcome = _counted(of.id)
    of.applied_at = db.session().info["now"]
    states.move(of, ImportState.APPLIED)
    _tell_shops(of)


def take_back(of: PriceImport) -> None:
    """What it replaced is there again. Plans that it brought can no longer be bought; they stay for those who
    bought them."""
    values = _values(of) | {"what": f"import undone, {of.code}"}
    values["why"] = _("Somebody changed it after the import; it was left as it is.")
    for statement in (STILL_OURS, TAKEN_BACK, PRICES_BACK, COSTS_BACK, OFF_THE_LIST, WHOLESALE_BACK, TRAIL):
        _do(statement, values)
    of.outcome = _counted(of.id)
    states.move(of, ImportState.UNDONE)
    _tell_shops(of)


def _values(of: PriceImport) -> dict[str, Any]:
    return {
        "import": of.id,
        "list": of.price_list_id,
        "type": of.product_type_id,
        "category": of.category,
        "currency": of.currency,
        "source": of.source,
    }


def _do(statement: str, values: Mapping[str, Any]) -> None:
    """These go to the driver as they are: nothing of 50,000 rows passes through this process."""
    with db.told_by_the_driver(statement):
        db.driver().execute(statement.encode(), values)


def _counted(import_id: UUID) -> dict[str, Any]:
    chosen = select(ImportRow.kind, func.count()).where(ImportRow.import_id == import_id)
    return {kind.value: number for kind, number in db.session().execute(chosen.group_by(ImportRow.kind))}


def _tell_shops(of: PriceImport) -> None:
    """Search follows in every shop that has one of the plans on its shelf, and every shop's fragments end."""
    touched = (
        select(Listing.reseller_id, func.array_agg(Listing.product_id.distinct()))
        .join(ImportRow, ImportRow.plan_id == Listing.plan_id)
        .where(
            ImportRow.import_id == of.id,
            ImportRow.kind.in_([RowKind.NEW, RowKind.CHANGED, RowKind.RETIRED]),
        )
        .group_by(Listing.reseller_id)
        .order_by(Listing.reseller_id)
    )
    factors.pass_on(
        select(ImportRow.plan_id).where(
            ImportRow.import_id == of.id,
            ImportRow.kind.in_([RowKind.NEW, RowKind.CHANGED, RowKind.RETIRED]),
        )
    )
    for reseller_id, products in db.session().execute(touched).all():
        changed(reseller_id, products)
    touch_catalogue()


def _apply(task: Claimed) -> None:
    of = _of(task)
    if of.state is ImportState.APPLYING:
        apply(of)


def _undo(task: Claimed) -> None:
    of = _of(task)
    if of.state is ImportState.UNDOING:
        take_back(of)


def _of(task: Claimed) -> PriceImport:
    chosen = select(PriceImport).where(PriceImport.id == UUID(task.args["import_id"])).with_for_update()
    return db.session().scalars(chosen).one()


APPLY = tasks.register(Kind("apply_price_import", Repeat.SAFE, prepare=_apply, alone=True))
UNDO = tasks.register(Kind("undo_price_import", Repeat.SAFE, prepare=_undo, alone=True))
