"""Near matches of a lead, for the reviewer: other deals and the customers of every reseller and of the
distributor's own shop that are called alike, have its domain or its tax id. One door function looks, because
row-level security keeps the trigram indexes from being used (docs/decisions/0026-near-matches.md); it answers
the distributor only, with ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core import db, doors
from core.doors import door
from core.parties import Customer, Reseller
from core.tenancy import same_key
from partners import leads
from partners.deals import Deal

MOST = 12

# `ours` is empty for everybody but the distributor. The trigram index finds whoever is alike, by bitmaps:
# because of the limits the planner would rather read the whole table (400 ms instead of 20). Each branch
# gives up after so many, so that a name that everybody has costs no more than others.
NEAR = door("""
CREATE FUNCTION near_leads_v1(p_deal uuid, p_name text, p_domain text, p_tax text, p_most int)
RETURNS TABLE (kind text, object_id uuid, score real, same_domain boolean, same_tax boolean) AS $$
#variable_conflict use_column
DECLARE
  ours uuid := CASE WHEN current_setting('role') LIKE '%\\_as\\_distributor' THEN current_setting('app.distributor_id')::uuid END;
BEGIN
  PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true);
  PERFORM set_config('pg_trgm.similarity_threshold', '0.45', true), set_config('pg_trgm.word_similarity_threshold', '0.7', true);
  RETURN QUERY
  WITH found AS (
    (SELECT 'deal' AS kind, d.id, d.company AS name, d.domain, d.tax_id FROM deals d
     WHERE d.distributor_id = ours AND (d.company % p_name OR p_name <% d.company) LIMIT 400)
    UNION
    (SELECT 'deal', d.id, d.company, d.domain, d.tax_id FROM deals d
     WHERE d.distributor_id = ours AND p_domain <> '' AND d.domain = p_domain AND d.domain <> '' LIMIT 50)
    UNION
    (SELECT 'deal', d.id, d.company, d.domain, d.tax_id FROM deals d
     WHERE d.distributor_id = ours AND p_tax <> '' AND d.tax_id = p_tax AND d.tax_id <> '' LIMIT 50)
    UNION
    (SELECT 'customer', c.id, c.name, split_part(c.email, '@', 2), '' FROM customers c
     WHERE c.distributor_id = ours AND c.ended_at IS NULL AND (c.name % p_name OR p_name <% c.name) LIMIT 400)
    UNION
    (SELECT 'customer', c.id, c.name, split_part(c.email, '@', 2), '' FROM customers c
     WHERE c.distributor_id = ours AND c.ended_at IS NULL AND p_domain <> '' AND split_part(c.email, '@', 2) = p_domain LIMIT 50)
    UNION
    (SELECT 'customer', c.id, c.name, split_part(c.email, '@', 2), '' FROM company_details t
     JOIN customers c ON c.distributor_id = t.distributor_id AND c.id = t.customer_id
     WHERE t.distributor_id = ours AND p_tax <> '' AND t.tax_id = p_tax AND t.tax_id <> '' AND c.ended_at IS NULL LIMIT 50)
  ), rated AS (
    SELECT f.kind, f.id, ((similarity(f.name, p_name) + word_similarity(p_name, f.name)) / 2)::real AS score,
      p_domain <> '' AND f.domain = p_domain AS same_domain,
      p_tax <> '' AND (f.tax_id = p_tax OR (f.kind = 'customer' AND EXISTS (
        SELECT 1 FROM company_details t WHERE t.distributor_id = ours AND t.standing_id = f.id AND t.tax_id = p_tax))) AS same_tax
    FROM found f WHERE f.id <> p_deal
  )
  SELECT r.kind, r.id, r.score, r.same_domain, r.same_tax FROM rated r
  ORDER BY r.same_tax DESC, r.same_domain DESC, r.score DESC, r.id LIMIT p_most;
  PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'on', true);
END $$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class Match:
    """Something that may be the same company. `state`: a deal's; empty for a customer. `stopped`: a customer
    of somebody else whose orders an approval holds off (partners/leads.py)."""

    kind: str
    code: str
    name: str
    country: str
    held_by: str
    house: bool
    state: str
    percent: int
    same_domain: bool
    same_tax: bool
    stopped: bool


Found = tuple[str, str, str, str, bool, str]
"""code, name, country, whose it is, whether the house's, state"""


def near(deal: Deal) -> list[Match]:
    """The nearest first; in the distributor's scope, two statements more for what was found."""
    arguments = {
        "p_deal": deal.id,
        "p_name": leads.bare_name(deal.company),
        "p_domain": deal.domain,
        "p_tax": deal.tax_id,
        "p_most": MOST,
    }
    found = doors.call_here(NEAR, arguments)
    rows = _deals([row.object_id for row in found if row.kind == "deal"])
    rows |= _customers([row.object_id for row in found if row.kind == "customer"])
    return [_match(deal, row, *rows[row.object_id]) for row in found if row.object_id in rows]


def _match(deal: Deal, row: Row[Any], about: Found, reseller_id: UUID) -> Match:
    _code, name, country, *_more = about
    same = row.same_domain or row.same_tax
    same |= leads.bare_name(name) == deal.name_key and country in ("", deal.country)
    stopped = row.kind == "customer" and same and reseller_id != deal.reseller_id
    return Match(row.kind, *about, round(row.score * 100), row.same_domain, row.same_tax, stopped)


def _deals(ids: Sequence[UUID]) -> dict[UUID, tuple[Found, UUID]]:
    joined = same_key(Reseller.id, Deal.reseller_id)
    chosen = select(Deal, Reseller).join(Reseller, joined).where(Deal.id.in_(ids))
    rows = db.session().execute(chosen) if ids else ()
    return {
        one.id: ((one.code, one.company, one.country, holder.name, False, one.state.value), holder.id)
        for one, holder in rows
    }


def _customers(ids: Sequence[UUID]) -> dict[UUID, tuple[Found, UUID]]:
    joined = same_key(Reseller.id, Customer.reseller_id)
    chosen = select(Customer, Reseller).join(Reseller, joined).where(Customer.id.in_(ids))
    rows = db.session().execute(chosen) if ids else ()
    return {
        one.id: ((one.code, one.name, one.country, holder.name, holder.house, ""), holder.id)
        for one, holder in rows
    }
