"""Customers by words, among very many. Row-level security keeps the trigram index from being used
(docs/decisions/0026-near-matches.md), so a name that hardly anybody has would be looked for in every row. A
door looks first: few finds are answered by their ids; many are answered by the list itself, which meets the
first of them soon."""

from sqlalchemy import ColumnElement, or_, select

from core import doors
from core.doors import door
from core.parties import Customer, Reseller

FEW = 500

# The limit would lead the planner to walk through the table by another index; hence the bitmaps.
FIND = door("""
CREATE FUNCTION find_customers_v1(p_part text, p_code text, p_most int) RETURNS TABLE (customer_id uuid) AS $$
#variable_conflict use_column
DECLARE
  ours uuid := CASE WHEN current_setting('role') LIKE '%\\_as\\_distributor' THEN current_setting('app.distributor_id')::uuid END;
BEGIN
  PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true);
  RETURN QUERY
  (SELECT c.id FROM customers c WHERE c.distributor_id = ours AND c.name ILIKE p_part LIMIT p_most)
  UNION ALL
  (SELECT c.id FROM customers c WHERE c.distributor_id = ours AND c.code = p_code)
  UNION ALL
  (SELECT c.id FROM resellers r JOIN customers c ON c.distributor_id = r.distributor_id AND c.reseller_id = r.id
   WHERE r.distributor_id = ours AND r.name ILIKE p_part LIMIT p_most);
  PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'on', true);
END $$""")  # noqa: E501 SQL


def named(query: str) -> ColumnElement[bool]:
    """Customers of the distributor's scope whose name or whose reseller's name has these words, or with this
    code. One statement of its own, however many there are."""
    part = query.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    found = doors.call_here(FIND, {"p_part": f"%{part}%", "p_code": query.upper(), "p_most": FEW})
    if len(found) < FEW:
        return Customer.id.in_([row.customer_id for row in found])
    return or_(
        Customer.name.icontains(query, autoescape=True),
        Customer.reseller_id.in_(select(Reseller.id).where(Reseller.name.icontains(query, autoescape=True))),
    )
