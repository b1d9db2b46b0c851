"""What holds of what was paid for: it is delivered once, runs its term, and ends."""

from storefront.checkers import Checker

SERVICE: tuple[Checker, ...] = (
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
        "windows",
        "QP9",
        """
        SELECT s.code, c.back_minor, c.currency FROM cancellations c
        JOIN subscriptions s ON s.distributor_id = c.distributor_id AND s.id = c.subscription_id
        WHERE c.back_minor > 0 AND c.state <> 'withdrawn' AND s.state = 'ended'
          AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.distributor_id = c.distributor_id AND r.order_line_id = s.order_line_id)
          AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.distributor_id = c.distributor_id
            AND t.key = 'pay_back:' || s.id AND t.state IN ('pending', 'unknown'))
          AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.distributor_id = c.distributor_id
            AND w.about_id = s.id AND w.closed_at IS NULL) LIMIT 50""",  # noqa: E501 SQL
        "The service {code} was ended within its window, but nothing goes back for it, and nobody is told.",
    ),
)
