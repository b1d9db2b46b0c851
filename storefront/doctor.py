"""Says in words what is wrong with a living installation: one SQL query per invariant, run as the application
in the scope of each distributor, so the doctor sees what the product sees. It changes nothing. A clean
installation is silent; `flask --app app doctor` exits with 1 otherwise."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text  # noqa: TID251 the invariants are said in SQL, so that they share no code with what they check

from billing.disputes import Dispute
from billing.invoices import Charge, Invoice
from billing.payments import Payment
from billing.refunds import Refund
from catalog.partner_codes import PartnerCode
from catalog.promotions import Promotion
from checkout.orders import Order
from core import db, doors, tenancy
from core.doors import door
from core.tenancy import Scope, Side
from partners.domains import Domain
from partners.storefronts import Storefront
from provisioning.deliveries import Delivery
from provisioning.line_cancellations import LineCancellation
from storefront import schema
from subscriptions.cancellations import Cancellation
from subscriptions.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Checker:
    """An invariant: `sql` finds what breaks it, `words` says so with the columns of a row."""

    name: str
    promise: str
    sql: str
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and with whose data."""

    distributor: str
    checker: str
    promise: str
    words: str


# --- What has to look wider than a scope --------------------------------------------------------------------

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


# --- Lives and their trail ----------------------------------------------------------------------------------

LIVES: tuple[Any, ...] = (
    Order,
    Delivery,
    Subscription,
    Payment,
    Dispute,
    Invoice,
    Charge,
    Storefront,
    Domain,
    Cancellation,
    Refund,
    LineCancellation,
    Promotion,
    PartnerCode,
)


def trail_against_states() -> str:
    """Each object walks from its first state to its present one: every state is entered as often as it is
    left, the first once more, the present once less. That needs no order among the moves of one
    transaction."""
    walks = " UNION ALL ".join(
        f"SELECT '{model.__tablename__}' AS kind, id, '{model.LIFE.first.value}' AS state, 1 AS n"  # noqa: S608 our own names
        f" FROM {model.__tablename__}"
        f" UNION ALL SELECT '{model.__tablename__}', id, state, -1 FROM {model.__tablename__}"
        for model in LIVES
    )
    kinds = ", ".join(f"'{model.__tablename__}'" for model in LIVES)
    return f"""
    WITH moves AS (
      SELECT object_type AS kind, object_id AS id, split_part(what, ' -> ', 1) AS was,
        split_part(what, ' -> ', 2) AS became
      FROM trail WHERE what LIKE '% -> %' AND object_type IN ({kinds})
    ), walked AS (
      {walks} UNION ALL SELECT kind, id, became, 1 FROM moves UNION ALL SELECT kind, id, was, -1 FROM moves
    )
    SELECT kind, id, string_agg(state, ', ' ORDER BY state) AS states FROM (
      SELECT kind, id, state FROM walked GROUP BY kind, id, state HAVING sum(n) <> 0
    ) wrong GROUP BY kind, id"""  # noqa: S608 our own names


# --- The invariants -----------------------------------------------------------------------------------------

CHECKERS: tuple[Checker, ...] = (
    Checker(
        "journal",
        "QM1",
        """
        SELECT e.about, coalesce(l.currency, '') AS currency, coalesce(sum(l.minor), 0) AS off FROM journal_entries e
        LEFT JOIN journal_lines l ON l.distributor_id = e.distributor_id AND l.entry_id = e.id
        GROUP BY e.id, e.about, l.currency HAVING count(l.id) = 0 OR sum(l.minor) <> 0""",  # noqa: E501 SQL
        "The journal entry “{about}” is off by {off} {currency} minor units; every entry sums to zero.",
    ),
    Checker(
        "balances",
        "QM7",
        """
        SELECT r.name, b.kind, b.reserved, coalesce(sum(h.minor), 0) AS held, b.currency FROM balances b
        JOIN resellers r ON r.distributor_id = b.distributor_id AND r.id = b.reseller_id
        LEFT JOIN holds h ON h.distributor_id = b.distributor_id AND h.balance_id = b.id AND h.released_at IS NULL
        GROUP BY b.id, b.kind, b.reserved, b.currency, r.name HAVING b.reserved <> coalesce(sum(h.minor), 0)""",  # noqa: E501 SQL
        "{name}: {reserved} {currency} minor units of {kind} are reserved, but orders hold {held}.",
    ),
    Checker(
        "holds",
        "QM7",
        """
        SELECT o.code, h.minor, h.currency FROM holds h LEFT JOIN orders o ON o.distributor_id = h.distributor_id AND o.id = h.order_id
        WHERE h.released_at IS NULL AND (o.id IS NULL OR o.state = 'cancelled')""",  # noqa: E501 SQL
        "The order {code} is cancelled, but still holds {minor} {currency} minor units of credit.",
    ),
    Checker(
        "payments",
        "QM5",
        """
        SELECT o.code, CASE WHEN p.captured_minor IS DISTINCT FROM p.amount_minor THEN 'the amount captured is not the amount asked for'
            WHEN a.paid + b.received <> 1 THEN 'it has ' || a.paid || ' paid pages and ' || b.received || ' transfers' WHEN f.id IS NULL THEN 'no fund was made of it' ELSE 'the order is ' || o.state END AS fault
        FROM payments p JOIN orders o ON o.distributor_id = p.distributor_id AND o.id = p.order_id
        CROSS JOIN LATERAL (SELECT count(*) AS paid FROM payment_attempts a
          WHERE a.distributor_id = p.distributor_id AND a.payment_id = p.id AND a.state = 'paid') a
        CROSS JOIN LATERAL (SELECT count(*) AS received FROM bank_transfers b
          WHERE b.distributor_id = p.distributor_id AND b.payment_id = p.id AND b.state = 'received') b
        LEFT JOIN funds f ON f.distributor_id = p.distributor_id AND f.payment_id = p.id AND f.order_id = p.order_id
        WHERE p.state = 'paid' AND (a.paid + b.received <> 1 OR p.captured_minor IS DISTINCT FROM p.amount_minor
          OR (f.id IS NULL OR o.state <> 'funded') AND NOT (o.state = 'uncovered' AND EXISTS (SELECT 1 FROM work_items w
            WHERE w.distributor_id = o.distributor_id AND w.about_id = o.id AND w.closed_at IS NULL)))
        UNION ALL
        SELECT o.code, 'a page is paid, but the payment is ' || p.state FROM payments p
        JOIN orders o ON o.distributor_id = p.distributor_id AND o.id = p.order_id
        JOIN payment_attempts a ON a.distributor_id = p.distributor_id AND a.payment_id = p.id AND a.state = 'paid' WHERE p.state <> 'paid'
        UNION ALL
        SELECT o.code, 'its fund names a payment that is ' || p.state FROM funds f
        JOIN orders o ON o.distributor_id = f.distributor_id AND o.id = f.order_id
        JOIN payments p ON p.distributor_id = f.distributor_id AND p.id = f.payment_id WHERE p.state <> 'paid'""",  # noqa: E501 SQL
        "The payment of {code} does not add up: {fault}.",
    ),
    Checker(
        "funded orders",
        "QP4",
        """
        SELECT o.code, l.number, coalesce('its delivery is ' || d.state || ' and its task ' || t.state, 'it has no delivery') AS fault
        FROM orders o JOIN order_lines l ON l.distributor_id = o.distributor_id AND l.order_id = o.id
        LEFT JOIN deliveries d ON d.distributor_id = o.distributor_id AND d.order_line_id = l.id AND d.action = 'provision'
        LEFT JOIN subscriptions s ON s.distributor_id = o.distributor_id AND s.id = d.subscription_id
        LEFT JOIN tasks t ON t.distributor_id = o.distributor_id AND t.id = d.task_id
        WHERE o.state = 'funded' AND NOT (
          coalesce(d.state = 'success' AND s.state IN ('active', 'suspended', 'ending', 'ended', 'moving', 'moved', 'gone'), false)
          OR coalesce(d.state NOT IN ('success', 'refused', 'cancelled', 'withdrawing') AND t.state IN ('pending', 'unknown'), false)
          OR coalesce(d.state = 'cancelled', false) AND (l.total_minor = 0 OR EXISTS (SELECT 1 FROM refunds r
            WHERE r.distributor_id = o.distributor_id AND r.order_line_id = l.id) OR EXISTS (SELECT 1 FROM tasks g
            WHERE g.distributor_id = o.distributor_id AND g.key = 'give_back:' || d.id AND g.state IN ('pending', 'unknown')))
          OR coalesce(d.state = 'withdrawing', false) AND EXISTS (SELECT 1 FROM deliveries e
            JOIN tasks g ON g.distributor_id = e.distributor_id AND g.id = e.task_id
            WHERE e.distributor_id = o.distributor_id AND e.order_line_id = l.id AND e.action = 'withdraw'
              AND (g.state IN ('pending', 'unknown') OR EXISTS (SELECT 1 FROM work_items w
                WHERE w.distributor_id = e.distributor_id AND w.about_id = e.id AND w.closed_at IS NULL)))
          OR EXISTS (SELECT 1 FROM work_items w WHERE w.distributor_id = o.distributor_id AND w.about_id = d.id
                     AND (w.closed_at IS NULL OR d.state = 'refused')))""",  # noqa: E501 SQL
        "Line {number} of {code} was paid and leads nowhere: {fault}, and nobody is told.",
    ),
    Checker(
        "funds",
        "QP2",
        """
        SELECT o.code, CASE WHEN f.id IS NULL THEN 'no fund' ELSE 'a fund of another order' END AS fault FROM deliveries d
        JOIN orders o ON o.distributor_id = d.distributor_id AND o.id = d.order_id
        LEFT JOIN funds f ON f.distributor_id = d.distributor_id AND f.id = d.fund_id
        WHERE d.action IN ('provision', 'increase', 'extend', 'convert') AND (f.id IS NULL OR f.order_id <> d.order_id)""",  # noqa: E501 SQL
        "A delivery of {code} was begun with {fault}.",
    ),
    Checker(
        "licences",
        "QP5",
        """
        SELECT s.code, s.quantity, s.licences_issued, count(l.id) AS counted FROM subscriptions s
        LEFT JOIN licences l ON l.distributor_id = s.distributor_id AND l.subscription_id = s.id
        GROUP BY s.id, s.code, s.quantity, s.licences_issued
        HAVING s.licences_issued <> count(l.id) OR count(l.id) > s.quantity""",
        "{code} has {counted} licences; {licences_issued} are counted as issued and {quantity} were bought.",
    ),
    Checker(
        "terms",
        "QT2",
        """
        SELECT s.code, s.state, s.ends_at FROM subscriptions s JOIN plans p ON p.distributor_id = s.distributor_id AND p.id = s.plan_id
        JOIN products r ON r.distributor_id = p.distributor_id AND r.id = p.product_id
        JOIN product_types k ON k.distributor_id = r.distributor_id AND k.id = r.product_type_id
        LEFT JOIN cancellations c ON c.distributor_id = s.distributor_id AND c.subscription_id = s.id AND c.state = 'asked'
        LEFT JOIN deliveries d ON d.distributor_id = s.distributor_id AND d.subscription_id = s.id AND d.action = 'end'
        LEFT JOIN tasks t ON t.distributor_id = d.distributor_id AND t.id = d.task_id
        WHERE s.state IN ('active', 'suspended', 'ending')
          AND (s.state = 'ending' OR coalesce(c.ends_at, CASE WHEN k.ends_at_term THEN s.ends_at END) < now() + CAST(:clock AS interval) - interval '1 hour')
          AND NOT coalesce(t.state IN ('pending', 'unknown'), false)
          AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.distributor_id = s.distributor_id AND w.about_id = d.id AND w.closed_at IS NULL)
        LIMIT 50""",  # noqa: E501 SQL
        "The term of {code} was over at {ends_at:%Y-%m-%d %H:%M} UTC; it is {state}, and nobody ends it.",
    ),
    Checker(
        "revoked licences",
        "QP5",
        """
        SELECT s.code, count(*) AS many FROM subscriptions s
        JOIN licences l ON l.distributor_id = s.distributor_id AND l.subscription_id = s.id
        WHERE s.state IN ('ended', 'moved', 'gone') AND l.state <> 'revoked' GROUP BY s.id, s.code""",
        "{code} has ended, and {many} of its licences are still valid.",
    ),
    Checker(
        "deliveries and tasks",
        "QP8",
        """
        SELECT o.code, d.state, t.state AS task FROM deliveries d JOIN tasks t ON t.distributor_id = d.distributor_id AND t.id = d.task_id
        JOIN orders o ON o.distributor_id = d.distributor_id AND o.id = d.order_id
        WHERE (d.state, t.state) NOT IN (
          ('pending', 'pending'), ('processing', 'pending'), ('processing', 'unknown'), ('unknown', 'unknown'), ('unknown', 'pending'),
          ('needs_action', 'parked'), ('needs_action', 'pending'), ('needs_action', 'unknown'), ('success', 'done'), ('refused', 'refused'),
          ('withdrawing', 'done'), ('cancelled', 'done'))""",  # noqa: E501 SQL
        "A delivery of {code} says {state}, but its task says {task}.",
    ),
    Checker(
        "subscriptions",
        "QP1",
        """
        SELECT o.code, l.number, count(*) AS many FROM subscriptions s
        JOIN order_lines l ON l.distributor_id = s.distributor_id AND l.id = s.order_line_id
        JOIN orders o ON o.distributor_id = l.distributor_id AND o.id = l.order_id
        WHERE s.state NOT IN ('moved', 'gone') GROUP BY o.code, l.id, l.number HAVING count(*) > 1""",
        "Line {number} of {code} created {many} subscriptions instead of one.",
    ),
    Checker(
        "invoice numbers",
        "QM8",
        """
        SELECT coalesce(s.series, i.series) AS series, coalesce(s.last, 0) AS last, coalesce(i.many, 0) AS many, coalesce(i.highest, 0) AS highest
        FROM invoice_series s FULL JOIN (
          SELECT series, count(*) AS many, count(DISTINCT number) AS different, min(number) AS lowest, max(number) AS highest
          FROM (SELECT series, number FROM invoices WHERE number IS NOT NULL UNION ALL SELECT series, number FROM credit_notes) n GROUP BY series
        ) i ON i.series = s.series
        WHERE s.last IS DISTINCT FROM i.highest OR i.many <> i.highest OR i.different <> i.many OR i.lowest <> 1""",  # noqa: E501 SQL
        "The series {series} is not gapless: {many} documents, the highest number is {highest},"
        " the counter says {last}.",
    ),
    Checker(
        "refunds",
        "QM6",
        """
        SELECT o.code, coalesce(sum(r.amount_minor), 0) AS given, p.refunded_minor AS tally, coalesce(p.captured_minor, 0) AS captured
        FROM payments p JOIN orders o ON o.distributor_id = p.distributor_id AND o.id = p.order_id
        LEFT JOIN refunds r ON r.distributor_id = p.distributor_id AND r.payment_id = p.id
        GROUP BY o.code, p.id, p.refunded_minor, p.captured_minor
        HAVING coalesce(sum(r.amount_minor), 0) <> p.refunded_minor OR p.refunded_minor > coalesce(p.captured_minor, 0)""",  # noqa: E501 SQL
        "Refunds of {code} sum to {given}, its payment counts {tally}, and {captured} were captured (minor"
        " units).",
    ),
    Checker(
        "credit notes",
        "QM8",
        """
        SELECT o.code, r.amount_minor AS given, coalesce(c.total_minor, 0) AS noted FROM refunds r
        JOIN orders o ON o.distributor_id = r.distributor_id AND o.id = r.order_id
        JOIN invoices i ON i.distributor_id = r.distributor_id AND i.order_id = r.order_id
        LEFT JOIN credit_notes c ON c.distributor_id = r.distributor_id AND c.refund_id = r.id
        WHERE (i.number IS NOT NULL AND r.amount_minor > 0 AND c.total_minor IS DISTINCT FROM r.amount_minor)
          OR (c.id IS NOT NULL AND c.total_minor <> (SELECT coalesce(sum(l.total_minor + l.tax_minor), 0) FROM credit_note_lines l
            WHERE l.distributor_id = c.distributor_id AND l.credit_note_id = c.id))""",  # noqa: E501 SQL
        "A refund of {code} gives back {given} minor units, its credit note says {noted}.",
    ),
    Checker(
        "refunded and active",
        "QP9",
        """
        SELECT o.code, l.number, s.state FROM order_lines l JOIN orders o ON o.distributor_id = l.distributor_id AND o.id = l.order_id
        JOIN subscriptions s ON s.distributor_id = l.distributor_id AND s.order_line_id = l.id
        JOIN refunds r ON r.distributor_id = l.distributor_id AND r.order_line_id = l.id
        WHERE s.state IN ('active', 'suspended', 'ending', 'pending') GROUP BY o.code, l.id, l.number, l.total_minor, l.tax_minor, s.state
        HAVING bool_or(r.because <> 'by_hand') OR (sum(r.amount_minor) >= l.total_minor + l.tax_minor AND l.total_minor > 0)""",  # noqa: E501 SQL
        "Line {number} of {code} was given back whole, but its service is {state}.",
    ),
    Checker(
        "sums",
        "QM3",
        """
        SELECT o.code, 'its lines sum to ' || sum(l.total_minor + l.tax_minor) || ', it asks for ' || o.total_minor AS fault FROM orders o
        LEFT JOIN order_lines l ON l.distributor_id = o.distributor_id AND l.order_id = o.id
        GROUP BY o.id, o.code, o.total_minor, o.tax_minor HAVING coalesce(sum(l.total_minor + l.tax_minor), 0) <> o.total_minor OR coalesce(sum(l.tax_minor), 0) <> o.tax_minor
        UNION ALL
        SELECT o.code, 'its invoice says ' || i.total_minor || ', the order ' || o.total_minor FROM orders o
        JOIN invoices i ON i.distributor_id = o.distributor_id AND i.order_id = o.id WHERE (i.total_minor, i.tax_minor) IS DISTINCT FROM (o.total_minor, o.tax_minor)
        UNION ALL
        SELECT o.code, 'line ' || l.number || ' is charged ' || coalesce(c.total_minor, 0) || ', its wholesale is ' || w.total_minor FROM order_wholesale w
        JOIN order_lines l ON l.distributor_id = w.distributor_id AND l.id = w.order_line_id
        JOIN orders o ON o.distributor_id = w.distributor_id AND o.id = w.order_id
        LEFT JOIN charges c ON c.distributor_id = w.distributor_id AND c.order_line_id = w.order_line_id
        WHERE (c.total_minor, c.tax_minor) IS DISTINCT FROM (w.total_minor, w.tax_minor)""",  # noqa: E501 SQL
        "The sums of {code} differ: {fault} (minor units).",
    ),
    Checker(
        "discounts",
        "QM9",
        """
        WITH legs AS (
          SELECT order_id, id AS line_id, 'the buyer' AS who, coalesce(list_minor, unit_minor) AS list_minor, unit_minor FROM order_lines
          UNION ALL SELECT order_id, order_line_id, 'the reseller', coalesce(list_minor, unit_minor), unit_minor FROM order_wholesale
        ), taken AS (
          SELECT order_line_id AS line_id, 'the buyer' AS who, unit_minor, total_minor,
            (customer_id IS NOT NULL) = (bearer = 'reseller') AS named FROM order_discounts
          UNION ALL SELECT order_line_id, 'the reseller', unit_minor, total_minor, bearer IN ('distributor', 'vendor') FROM order_wholesale_discounts
        )
        SELECT o.code, l.number, g.who, g.list_minor, g.unit_minor, coalesce(sum(t.unit_minor), 0) AS off FROM legs g
        JOIN order_lines l ON l.id = g.line_id JOIN orders o ON o.distributor_id = l.distributor_id AND o.id = l.order_id
        LEFT JOIN taken t ON t.line_id = g.line_id AND t.who = g.who
        GROUP BY o.code, l.number, l.quantity, g.who, g.list_minor, g.unit_minor
        HAVING g.list_minor - coalesce(sum(t.unit_minor), 0) <> g.unit_minor OR coalesce(sum(t.unit_minor), 0) * l.quantity <> coalesce(sum(t.total_minor), 0)
          OR NOT coalesce(bool_and(t.named), true)""",  # noqa: E501 SQL
        "Line {number} of {code}: {who} pays {unit_minor} for a unit of {list_minor}, but its discounts sum"
        " to {off}, or nobody who could bear one is named (minor units).",
    ),
    Checker(
        "uses of discounts",
        "QM7",
        """
        WITH used AS (
          SELECT coalesce(d.promotion_id, d.code_id) AS source, d.order_id, sum(d.total_minor) AS spent FROM (
            SELECT promotion_id, code_id, order_id, total_minor FROM order_wholesale_discounts
            UNION ALL SELECT promotion_id, code_id, order_id, total_minor FROM order_discounts WHERE bearer = 'reseller'
          ) d JOIN orders o ON o.id = d.order_id WHERE o.state <> 'cancelled' GROUP BY 1, 2
        ), counted AS (SELECT source, count(*) AS uses, sum(spent) AS spent FROM used GROUP BY source)
        SELECT p.code, p.uses, coalesce(c.uses, 0) AS orders, p.spent_minor AS spent, coalesce(c.spent, 0) AS given
        FROM promotions p LEFT JOIN counted c ON c.source = p.id
        WHERE p.counted AND (p.uses, p.spent_minor) IS DISTINCT FROM (coalesce(c.uses, 0), coalesce(c.spent, 0))
        UNION ALL
        SELECT p.code, p.uses, coalesce(c.uses, 0), 0, 0 FROM partner_codes p LEFT JOIN counted c ON c.source = p.id
        WHERE p.most_uses IS NOT NULL AND p.uses <> coalesce(c.uses, 0)""",  # noqa: E501 SQL
        "{code} counts {uses} uses and {spent} given, but {orders} orders have it with {given} (minor"
        " units).",
    ),
    Checker(
        "trail",
        "QP8",
        trail_against_states(),
        "The trail of one of the {kind} ({id}) does not lead to its state; it differs about: {states}.",
    ),
    Checker(
        "stuck tasks",
        "QP4",
        """
        SELECT kind, id, next_at FROM tasks WHERE state IN ('pending', 'unknown') AND next_at < now() - interval '5 minutes'
          AND (leased_until IS NULL OR leased_until < now() - interval '5 minutes') ORDER BY next_at LIMIT 50""",  # noqa: E501 SQL
        "A task “{kind}” ({id}) has been due since {next_at:%Y-%m-%d %H:%M} UTC and nobody works on it."
        " Are workers and dispatcher running?",
    ),
    Checker(
        "webhooks",
        "QW4",
        """
        SELECT event_id, type, received_at FROM stripe_events WHERE handled_at IS NULL AND received_at < now() - interval '10 minutes'
          AND (session_id IS NOT NULL OR attempt_id IS NOT NULL) ORDER BY received_at LIMIT 50""",  # noqa: E501 SQL
        "The event {event_id} ({type}) came at {received_at:%Y-%m-%d %H:%M} UTC and was not handled.",
    ),
    Checker(
        "unpaid orders",
        "QM5",
        """
        SELECT code, expires_at FROM orders WHERE state = 'awaiting_payment'
          AND expires_at < now() + CAST(:clock AS interval) - interval '10 minutes' LIMIT 50""",
        "The order {code} was not paid by {expires_at:%Y-%m-%d %H:%M} UTC, and was not cancelled.",
    ),
    Checker(
        "search",
        "QS4",
        "SELECT reseller, product, fault FROM search_gaps_v2()",
        "In the shop of {reseller}, “{product}” {fault}.",
    ),
    Checker(
        "prices that follow",
        "QM2",
        """
        SELECT p.code, b.code AS base FROM plans p
        JOIN plans b ON b.distributor_id = p.distributor_id AND b.id = p.priced_as_id
        WHERE p.list_minor <> round(b.list_minor * p.factor)
          OR p.steps <> coalesce(
            (SELECT jsonb_agg(jsonb_build_array(s -> 0, round(CAST(s ->> 1 AS numeric) * p.factor))
               ORDER BY n) FROM jsonb_array_elements(b.steps) WITH ORDINALITY AS step(s, n)), '[]')
          OR EXISTS (SELECT 1 FROM wholesale_prices v LEFT JOIN wholesale_prices w
            ON w.distributor_id = v.distributor_id AND w.price_list_id = v.price_list_id AND w.plan_id = p.id
            WHERE v.distributor_id = p.distributor_id AND v.plan_id = b.id
              AND w.price_minor IS DISTINCT FROM round(v.price_minor * p.factor)) LIMIT 50""",
        "The prices of the plan {code} are not those of {base} times its factor.",
    ),
    Checker(
        "aliases",
        "QS3",
        """
        SELECT 'The address “' || alias || '” leads to ' || count(*) || ' shops.' AS fault FROM storefronts
        WHERE state <> 'released' AND alias IS NOT NULL GROUP BY alias HAVING count(*) > 1
        UNION ALL SELECT 'The host “' || host || '” leads to ' || shops || ' shops.' FROM doubled_hosts_v1()""",  # noqa: E501 SQL
        "{fault}",
    ),
    Checker(
        "sessions",
        "QS9",
        "SELECT person, sessions FROM stray_sessions_v1()",
        "{person} has {sessions} open sessions in a standing that has ended.",
    ),
)


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
