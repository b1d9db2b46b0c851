"""What holds in a healthy installation: of money and services, of every life and its trail, of tasks, of
shelves, addresses and sessions."""

from typing import Any

from billing.bank_transfers import BankTransfer
from billing.disputes import Dispute
from billing.invoices import Charge, Invoice
from billing.payments import Payment
from billing.refunds import Refund
from catalog.partner_codes import PartnerCode
from catalog.promotions import Promotion
from checkout.orders import Order
from partners.domains import Domain
from partners.storefronts import Storefront
from provisioning.deliveries import Delivery
from provisioning.line_cancellations import LineCancellation
from storefront.checkers import Checker
from storefront.money_invariants import MONEY
from storefront.service_invariants import SERVICE
from subscriptions.cancellations import Cancellation
from subscriptions.subscriptions import Subscription

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
    BankTransfer,
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


CHECKERS: tuple[Checker, ...] = (
    *MONEY,
    *SERVICE,
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
