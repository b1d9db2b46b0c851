"""Says in words what is wrong with a living installation: one SQL query per invariant, run as the application
in the scope of each distributor, so the doctor sees what the product sees. It changes nothing. A clean
installation is silent; `flask --app app doctor` exits with 1 otherwise."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text  # noqa: TID251 the invariants are said in SQL, so that they share no code with what they check

from core import db, doors, tenancy
from core.doors import door
from core.tenancy import Scope, Side
from storefront import schema
from storefront.checkers import Checker
from storefront.invariants import CHECKERS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and with whose data."""

    distributor: str
    checker: str
    promise: str
    words: str


DISTRIBUTORS = door("""
CREATE FUNCTION distributors_v1() RETURNS TABLE (id uuid, name text, business_offset interval) AS $$
  SELECT d.id, d.name, d.business_offset FROM distributors d ORDER BY d.name
$$""")

door("""
CREATE FUNCTION search_gaps_v2() RETURNS TABLE (reseller text, product text, fault text) AS $$
  WITH shelf AS (
    SELECT DISTINCT l.reseller_id, l.product_id FROM listings l
    JOIN products p ON p.distributor_id = l.distributor_id AND p.id = l.product_id AND p.published
    JOIN plans o ON o.distributor_id = l.distributor_id AND o.id = l.plan_id AND o.published
    WHERE l.distributor_id = current_setting('app.distributor_id')::uuid AND l.published
  ), texts AS (
    SELECT t.*, l.price_minor AS asked FROM search_texts t LEFT JOIN listings l ON l.distributor_id = t.distributor_id AND l.id = t.listing_id
    WHERE t.distributor_id = current_setting('app.distributor_id')::uuid
  ), found AS (
    SELECT coalesce(s.reseller_id, t.reseller_id) AS reseller_id, coalesce(s.product_id, t.product_id) AS product_id,
      CASE WHEN t.product_id IS NULL THEN 'is on the shelf but search does not find it'
        WHEN s.product_id IS NULL THEN 'is found but not on the shelf' ELSE 'is listed by another price than it has' END AS fault
    FROM shelf s FULL JOIN texts t ON t.reseller_id = s.reseller_id AND t.product_id = s.product_id
    WHERE s.product_id IS NULL OR t.product_id IS NULL OR t.asked IS DISTINCT FROM t.price_minor
  ), counted AS (
    SELECT reseller_id, category FROM (
      SELECT reseller_id, category, vendor, kinds, band, 1 AS n FROM texts
      UNION ALL SELECT reseller_id, category, vendor, kinds, band, -products FROM shelf_counts
        WHERE distributor_id = current_setting('app.distributor_id')::uuid
    ) each_one GROUP BY reseller_id, category, vendor, kinds, band HAVING sum(n) <> 0
  )
  SELECT r.name, p.name, f.fault FROM found f
  JOIN resellers r ON r.distributor_id = current_setting('app.distributor_id')::uuid AND r.id = f.reseller_id
  JOIN products p ON p.distributor_id = r.distributor_id AND p.id = f.product_id
  UNION ALL SELECT r.name, c.category, 'has other numbers of products than are there' FROM counted c
  JOIN resellers r ON r.distributor_id = current_setting('app.distributor_id')::uuid AND r.id = c.reseller_id
$$""")  # noqa: E501 SQL

door("""
CREATE FUNCTION doubled_hosts_v1() RETURNS TABLE (host text, shops bigint) AS $$
  SELECT h.host, count(*) FROM hosts h GROUP BY h.host
  HAVING count(*) > 1 AND bool_or(h.distributor_id = current_setting('app.distributor_id')::uuid)
$$""")

door("""
CREATE FUNCTION stray_sessions_v1() RETURNS TABLE (person text, sessions bigint) AS $$
  SELECT m.name, count(*) FROM sessions s JOIN memberships m ON m.distributor_id = s.distributor_id AND m.id = s.membership_id
  WHERE s.distributor_id = current_setting('app.distributor_id')::uuid AND m.ended_at IS NOT NULL AND s.expires_at > now() GROUP BY m.id, m.name
$$""")  # noqa: E501 SQL


def examine() -> list[Finding]:
    """Everything that is wrong with this installation; an empty list when nothing is."""
    found = [Finding("", "database", "QS2", words) for words in database_problems()]
    if found:  # without its rights the application cannot ask the rest
        return found
    for row in doors.call_all(DISTRIBUTORS, {}):
        found += examine_distributor(row.id, row.name, row.business_offset)
    return found


def database_problems() -> list[str]:
    """Revision, policies, grants and the login itself."""
    with db.engine().connect() as connection:
        return schema.problems(connection, db.database())


def examine_distributor(
    distributor_id: UUID, name: str, offset: Any, checkers: Sequence[Checker] = CHECKERS
) -> list[Finding]:
    """Each invariant in a transaction of its own, as this distributor."""
    found: list[Finding] = []
    for checker in checkers:
        with (
            tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id, offset=offset, request_id="doctor")),
            db.transaction() as session,
        ):
            rows = session.execute(
                text(checker.sql), {"clock": offset} if ":clock" in checker.sql else {}
            ).all()
        found += [
            Finding(name, checker.name, checker.promise, checker.words.format(**row._mapping)) for row in rows
        ]
    return found


def report(found: Sequence[Finding]) -> str:
    """The findings for people, grouped by distributor."""
    if not found:
        return (
            f"Nothing is wrong: {len(CHECKERS)} invariants hold for every distributor,"
            " and the database is as declared."
        )
    lines: list[str] = []
    for distributor in dict.fromkeys(finding.distributor for finding in found):
        lines.append(distributor or "The installation")
        lines += [
            f"  - {finding.words} [{finding.checker}, {finding.promise}]"
            for finding in found
            if finding.distributor == distributor
        ]
    return "\n".join([*lines, f"{len(found)} faults."])


def as_json(found: Sequence[Finding]) -> dict[str, Any]:
    """The findings for programs."""
    return {
        "healthy": not found,
        "checked": [checker.name for checker in CHECKERS],
        "faults": [asdict(finding) for finding in found],
    }
