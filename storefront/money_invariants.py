"""What holds of the money: books, holds, payments, numbers, refunds, sums, discounts."""

from storefront.checkers import Checker

MONEY: tuple[Checker, ...] = (
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
        "unpaid orders",
        "QM5",
        """
        SELECT code, expires_at FROM orders WHERE state = 'awaiting_payment'
          AND expires_at < now() + CAST(:clock AS interval) - interval '10 minutes' LIMIT 50""",
        "The order {code} was not paid by {expires_at:%Y-%m-%d %H:%M} UTC, and was not cancelled.",
    ),
)
