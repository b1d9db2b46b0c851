"""What a confirmed import does to the catalogue, and what undoing it does: a handful of statements over the
rows of the preview, in one transaction, by a worker. Shops show either the old prices or the new."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from catalog import assortments, factors, margin_alarms, price_imports, relation_changes
from catalog.listings import Listing, changed
from catalog.price_imports import ImportRow, ImportState, PriceImport, RowKind
from catalog.products import touch_catalogue
from core import db, states, tasks
from core.clock import business_now
from core.languages import _
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat

# Rows that were to change what is not any more as it was when the file was read.
STALE = """
UPDATE price_import_rows r SET kind = 'stale', why = %(why)s FROM plans p
LEFT JOIN plan_costs c ON c.distributor_id = p.distributor_id AND c.plan_id = p.id
LEFT JOIN wholesale_prices w ON w.distributor_id = p.distributor_id AND w.plan_id = p.id AND w.price_list_id = %(list)s
WHERE r.import_id = %(import)s AND r.kind IN ('changed', 'retired') AND p.id = r.plan_id
  AND (r.kind = 'changed' AND c.currency <> %(currency)s OR (p.list_minor, p.published, c.cost_minor, w.price_minor,
       p.steps, coalesce(c.steps, '[]'), coalesce(w.steps, '[]'), p.minimum_quantity, p.maximum_quantity)
    IS DISTINCT FROM (r.was_list_minor, r.was_published, r.was_cost_minor, r.was_wholesale_minor,
       r.was_list_steps, r.was_cost_steps, r.was_wholesale_steps, r.was_minimum, r.was_maximum))"""  # noqa: E501 SQL
TAKEN = """
UPDATE price_import_rows r SET kind = 'stale', why = %(why)s
WHERE r.import_id = %(import)s AND r.kind = 'new' AND r.relation = ''
  AND EXISTS (SELECT 1 FROM plans p WHERE p.code = r.plan_code)"""
TYPES = """
INSERT INTO product_types (distributor_id, id, code, name, connector, audience, opens_storefront, unit, notice_days, ends_at_term,
  grace_days, by_usage, order_fields)
SELECT DISTINCT ON (t.code) i.distributor_id, gen_random_uuid(), t.code, t.name, %(connector)s, 'customer', false, t.unit, '[30, 7, 1]',
  true, 30, false, coalesce(t.order_fields, '[]')
FROM price_imports i CROSS JOIN LATERAL jsonb_to_recordset(i.told -> 'types')
  AS t(code text, name text, unit text, order_fields jsonb)
WHERE i.id = %(import)s AND EXISTS (SELECT 1 FROM price_import_rows r
  WHERE r.import_id = i.id AND r.kind = 'new' AND r.product_type = t.code)
ON CONFLICT (distributor_id, code) DO NOTHING"""  # noqa: E501 SQL
PRODUCTS = """
INSERT INTO products (distributor_id, id, product_type_id, code, name, vendor, category, summary, description, published)
SELECT DISTINCT ON (r.product_code) r.distributor_id, gen_random_uuid(), coalesce(t.id, %(type)s), r.product_code, r.name, r.vendor,
  coalesce(nullif(r.category, ''), %(category)s), r.summary, r.description, true
FROM price_import_rows r LEFT JOIN product_types t ON t.distributor_id = r.distributor_id AND t.code = r.product_type
WHERE r.import_id = %(import)s AND r.kind = 'new' AND r.relation = '' ORDER BY r.product_code, r.line
ON CONFLICT (distributor_id, code) DO NOTHING"""  # noqa: E501 SQL
PLANS = """
INSERT INTO plans (distributor_id, id, product_id, code, sku, name, term, billing_period, minimum_quantity, maximum_quantity,
  list_minor, steps, currency, features, published, source, segments)
SELECT r.distributor_id, r.plan_id, p.id, r.plan_code, r.sku, r.plan, r.term, r.billing_period, coalesce(r.minimum, 1),
  coalesce(r.maximum, greatest(10000, r.minimum)), r.list_minor, r.list_steps, %(currency)s, '{}', r.published, %(source)s, r.segments
FROM price_import_rows r JOIN products p ON p.distributor_id = r.distributor_id AND p.code = r.product_code
WHERE r.import_id = %(import)s AND r.kind = 'new' AND r.relation = ''"""  # noqa: E501 SQL
PRICES = """
UPDATE plans p SET list_minor = r.list_minor, steps = r.list_steps, minimum_quantity = r.minimum, maximum_quantity = r.maximum,
  published = r.published
FROM price_import_rows r WHERE r.import_id = %(import)s AND r.kind = 'changed' AND p.id = r.plan_id"""  # noqa: E501 SQL
COSTS = """
INSERT INTO plan_costs AS c (distributor_id, id, plan_id, cost_minor, steps, currency)
SELECT r.distributor_id, gen_random_uuid(), r.plan_id, r.cost_minor, r.cost_steps, %(currency)s FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind IN ('new', 'changed') AND r.cost_minor IS NOT NULL
ON CONFLICT (distributor_id, plan_id) DO UPDATE SET cost_minor = excluded.cost_minor, steps = excluded.steps,
  currency = excluded.currency"""  # noqa: E501 SQL
WHOLESALE = """
INSERT INTO wholesale_prices AS w (distributor_id, id, price_list_id, plan_id, price_minor, steps, currency)
SELECT r.distributor_id, gen_random_uuid(), %(list)s, r.plan_id, r.wholesale_minor, r.wholesale_steps, %(currency)s
FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind IN ('new', 'changed') AND r.wholesale_minor IS NOT NULL
ON CONFLICT (distributor_id, price_list_id, plan_id) DO UPDATE SET price_minor = excluded.price_minor, steps = excluded.steps"""  # noqa: E501 SQL
RETIRED = """
UPDATE plans p SET published = false FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'retired' AND p.id = r.plan_id"""
# The distributor's own shelf has everything; one plan stands for its product in lists, the cheapest first.
SHELF = """
INSERT INTO listings (distributor_id, id, reseller_id, plan_id, product_id, sort_key, lead, published, price_minor, steps, currency,
  listed_at)
SELECT p.distributor_id, gen_random_uuid(), %(house)s, p.id, p.product_id, lower(o.name),
  row_number() OVER (PARTITION BY p.product_id ORDER BY p.list_minor, p.code) = 1 AND NOT EXISTS (SELECT 1 FROM listings l
    WHERE l.distributor_id = p.distributor_id AND l.reseller_id = %(house)s AND l.product_id = p.product_id AND l.lead),
  true, p.list_minor, p.steps, p.currency, %(now)s
FROM price_import_rows r JOIN plans p ON p.id = r.plan_id JOIN products o ON o.id = p.product_id
WHERE r.import_id = %(import)s AND r.kind = 'new'
ON CONFLICT (distributor_id, reseller_id, plan_id) DO NOTHING"""  # noqa: E501 SQL
RELATED = """
INSERT INTO vendor_relations (distributor_id, id, source, relation, from_code, to_code)
SELECT r.distributor_id, gen_random_uuid(), %(source)s, r.relation, r.product_code, r.target_code FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = %(added)s AND r.relation <> ''
ON CONFLICT (distributor_id, source, relation, from_code, to_code) DO NOTHING"""  # noqa: E501 SQL
UNRELATED = """
DELETE FROM vendor_relations v USING price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = %(removed)s AND r.relation <> '' AND v.source = %(source)s
  AND (v.relation, v.from_code, v.to_code) = (r.relation, r.product_code, r.target_code)"""
TRAIL = """
INSERT INTO trail (distributor_id, id, at, person_id, object_type, object_id, what, told, request_id)
SELECT r.distributor_id, gen_random_uuid(), now(), NULL, 'plans', r.plan_id, %(what)s, '{}', ''
FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind IN ('new', 'changed', 'retired') AND r.plan_id IS NOT NULL"""

# Back: only what still is as this import left it.
STILL_OURS = """
UPDATE price_import_rows r SET kind = 'stale', why = %(why)s FROM plans p
LEFT JOIN plan_costs c ON c.distributor_id = p.distributor_id AND c.plan_id = p.id
LEFT JOIN wholesale_prices w ON w.distributor_id = p.distributor_id AND w.plan_id = p.id AND w.price_list_id = %(list)s
WHERE r.import_id = %(import)s AND p.id = r.plan_id AND (
  (r.kind IN ('new', 'changed') AND (p.list_minor, p.published, c.cost_minor, w.price_minor,
       p.steps, coalesce(c.steps, '[]'), coalesce(w.steps, '[]'))
    IS DISTINCT FROM (r.list_minor, r.published, r.cost_minor, r.wholesale_minor,
       r.list_steps, CASE WHEN r.cost_minor IS NULL THEN '[]' ELSE r.cost_steps END,
       CASE WHEN r.wholesale_minor IS NULL THEN '[]' ELSE r.wholesale_steps END))
  OR (r.kind IN ('new', 'changed') AND c.currency <> %(currency)s)
  OR (r.kind = 'changed' AND (p.minimum_quantity, p.maximum_quantity) IS DISTINCT FROM (r.minimum, r.maximum))
  OR (r.kind = 'retired' AND p.published))"""  # noqa: E501 SQL
TAKEN_BACK = """
UPDATE plans p SET published = false FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'new' AND p.id = r.plan_id"""
PRICES_BACK = """
UPDATE plans p SET list_minor = r.was_list_minor, steps = r.was_list_steps, minimum_quantity = r.was_minimum,
  maximum_quantity = r.was_maximum, published = r.was_published
FROM price_import_rows r WHERE r.import_id = %(import)s AND r.kind IN ('changed', 'retired') AND p.id = r.plan_id"""  # noqa: E501 SQL
COSTS_BACK = """
UPDATE plan_costs c SET cost_minor = r.was_cost_minor, steps = r.was_cost_steps FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND c.plan_id = r.plan_id AND r.was_cost_minor IS NOT NULL"""  # noqa: E501 SQL
WHOLESALE_BACK = """
UPDATE wholesale_prices w SET price_minor = r.was_wholesale_minor, steps = r.was_wholesale_steps FROM price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND w.plan_id = r.plan_id AND w.price_list_id = %(list)s
  AND r.was_wholesale_minor IS NOT NULL"""  # noqa: E501 SQL
OFF_THE_LIST = """
DELETE FROM wholesale_prices w USING price_import_rows r
WHERE r.import_id = %(import)s AND r.kind = 'changed' AND w.plan_id = r.plan_id AND w.price_list_id = %(list)s
  AND r.was_wholesale_minor IS NULL"""
APPLYING = (STALE, TAKEN, TYPES, PRODUCTS, PLANS, PRICES, COSTS, WHOLESALE, RETIRED, SHELF)
UNDOING = (STILL_OURS, TAKEN_BACK, PRICES_BACK, COSTS_BACK, OFF_THE_LIST, WHOLESALE_BACK)
WRITTEN_DOWN = (RELATED, UNRELATED, TRAIL)


def apply(of: PriceImport) -> None:
    """All of it in this transaction, or nothing: shops show either the old prices or the new."""
    house = db.session().scalars(select(Reseller.id).where(Reseller.house)).one()
    values = _values(of) | {"house": house, "what": f"imported, {of.code}", "now": business_now()}
    values["why"] = _("Somebody changed it after the file was read; it was left as it is.")
    _change(of, APPLYING, values, added=RowKind.NEW, removed=RowKind.RETIRED)
    of.outcome = _counted(of.id)
    of.applied_at = db.session().info["now"]
    states.move(of, ImportState.APPLIED)
    price_imports.settled(of, f"taken over, {of.code}")
    _tell_shops(of)


def take_back(of: PriceImport) -> None:
    """What it replaced is there again. Plans that it brought can no longer be bought; they stay for those who
    bought them."""
    values = _values(of) | {"what": f"import undone, {of.code}"}
    values["why"] = _("Somebody changed it after the import; it was left as it is.")
    _change(of, UNDOING, values, added=RowKind.RETIRED, removed=RowKind.NEW)
    of.outcome = _counted(of.id)
    states.move(of, ImportState.UNDONE)
    _tell_shops(of)


def _change(
    of: PriceImport, statements: Sequence[str], values: Mapping[str, Any], *, added: RowKind, removed: RowKind
) -> None:
    """Plans and prices, then what the vendor says about them, and at last the record of it."""
    for statement in statements:
        _do(statement, values)
    relation_changes.take_over(of.id, added=added, removed=removed)
    for statement in WRITTEN_DOWN:
        _do(statement, {**values, "added": added, "removed": removed})


def _values(of: PriceImport) -> dict[str, Any]:
    return {
        "import": of.id,
        "list": of.price_list_id,
        "type": of.product_type_id,
        "category": of.category,
        "currency": of.currency,
        "source": of.source,
        "connector": of.source.partition(":")[2],
    }


def _do(statement: str, values: Mapping[str, Any]) -> None:
    """These go to the driver as they are: nothing of 50,000 rows passes through this process."""
    with db.told_by_the_driver(statement):
        db.driver().execute(statement.encode(), values)


def _counted(import_id: UUID) -> dict[str, Any]:
    chosen = select(ImportRow.kind, func.count()).where(ImportRow.import_id == import_id)
    return {kind.value: number for kind, number in db.session().execute(chosen.group_by(ImportRow.kind))}


def _tell_shops(of: PriceImport) -> None:
    """Search follows in every shop that has one of the plans on its shelf, and every shop's fragments end.
    What resellers' rules make of the new prices, and what is under a floor, is seen to by tasks."""
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
    margin_alarms.imported()
    assortments.offer_what_is_new()
    touch_catalogue()


def _apply(task: Claimed) -> None:
    of = price_imports.locked(UUID(task.args["import_id"]))
    if of.state is ImportState.APPLYING:
        apply(of)


def _undo(task: Claimed) -> None:
    of = price_imports.locked(UUID(task.args["import_id"]))
    if of.state is ImportState.UNDOING:
        take_back(of)


def _apply_due(_task: Claimed) -> None:
    for of in price_imports.due():
        price_imports.apply_now(of)


APPLY = tasks.register(Kind("apply_price_import", Repeat.SAFE, prepare=_apply, alone=True))
UNDO = tasks.register(Kind("undo_price_import", Repeat.SAFE, prepare=_undo, alone=True))
DUE = tasks.register(Kind("apply_due_imports", Repeat.SAFE, prepare=_apply_due, every=timedelta(minutes=10)))
