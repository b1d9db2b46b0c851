"""How the installation does, in figures: one door function reads them all when somebody asks, so that nothing
is counted on the way. They speak of tasks, money that is awaited and time, never of whom (no tenant's name is
in them). Prometheus gets them at /metrics, operators in words at /healthz?verbose."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core import doors
from core.doors import door

WINDOW = timedelta(hours=1)

FIGURES = door("""
CREATE FUNCTION figures_v1(p_since uuid)
RETURNS TABLE (name text, kind text, lane text, value double precision) AS $$
  WITH waiting AS MATERIALIZED (
    SELECT t.kind, t.lane, t.state, t.next_at FROM tasks t WHERE t.state IN ('pending', 'unknown')
  ), delivered AS MATERIALIZED (
    SELECT extract(epoch FROM x.delivered_at - x.created_at) AS seconds FROM distributors d CROSS JOIN LATERAL (
      SELECT y.delivered_at, y.created_at FROM deliveries y
      WHERE y.distributor_id = d.id AND y.id > p_since AND y.delivered_at IS NOT NULL) x
  )
  SELECT 'tasks', w.state, w.lane, count(*)::float8 FROM waiting w GROUP BY w.state, w.lane
  UNION ALL SELECT 'tasks', 'parked', t.lane, count(*) FROM tasks t WHERE t.state = 'parked' GROUP BY t.lane
  UNION ALL SELECT 'tasks_due', '', '', count(*) FROM waiting w WHERE w.next_at <= now()
  UNION ALL SELECT 'tasks_due_last_minute', '', '', count(*) FROM waiting w
    WHERE w.next_at <= now() AND w.next_at > now() - interval '1 minute'
  UNION ALL SELECT 'tasks_due_minute_before', '', '', count(*) FROM waiting w
    WHERE w.next_at <= now() - interval '1 minute' AND w.next_at > now() - interval '2 minutes'
  UNION ALL SELECT 'oldest_due_seconds', '', '', coalesce(extract(epoch FROM now() - min(w.next_at)), 0)
    FROM waiting w WHERE w.next_at <= now()
  UNION ALL SELECT 'mails_waiting', '', '', count(*) FROM waiting w WHERE starts_with(w.kind, 'mail_')
  UNION ALL SELECT 'work_items', i.kind, '', count(*) FROM work_items i WHERE i.closed_at IS NULL GROUP BY i.kind
  UNION ALL SELECT 'webhooks_waiting', '', '', count(*) FROM stripe_events e
    WHERE e.handled_at IS NULL AND (e.session_id IS NOT NULL OR e.attempt_id IS NOT NULL)
  UNION ALL SELECT 'webhook_oldest_seconds', '', '', coalesce(extract(epoch FROM now() - min(e.received_at)), 0)
    FROM stripe_events e WHERE e.handled_at IS NULL AND (e.session_id IS NOT NULL OR e.attempt_id IS NOT NULL)
  UNION ALL SELECT 'payments_pending', '', '', count(*) FROM payments p WHERE p.state = 'pending'
  UNION ALL SELECT 'delivered', '', '', count(*) FROM delivered
  UNION ALL SELECT 'order_to_active_seconds', q::text, '', percentile_cont(q) WITHIN GROUP (ORDER BY d.seconds)
    FROM delivered d CROSS JOIN unnest(ARRAY[0.5, 0.95, 0.99]::float8[]) q GROUP BY q
$$""")  # noqa: E501 SQL

HELP = {
    "tasks": ("Tasks that wait, by state and lane.", ("state", "lane")),
    "tasks_due": ("Tasks that are due now.", ()),
    "oldest_due_seconds": ("Age of the task that is due longest.", ()),
    "mails_waiting": ("Mails that are not sent yet.", ()),
    "work_items": ("What waits for a person, by kind.", ("kind",)),
    "webhooks_waiting": ("Events of the gateway that are not handled yet.", ()),
    "webhook_oldest_seconds": ("Age of the oldest event that is not handled.", ()),
    "payments_pending": ("Payments that are asked for and not settled.", ()),
    "delivered": ("Deliveries of the last hour.", ()),
    "order_to_active_seconds": (
        "From a funded order to its active subscription, deliveries of the last hour.",
        ("quantile",),
    ),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, with its words."""

    name: str
    kind: str
    lane: str
    value: float


def read() -> list[Figure]:
    """All figures, as of now."""
    return [
        Figure(row.name, row.kind, row.lane, float(row.value))
        for row in doors.call_all(FIGURES, {"p_since": id_of(datetime.now(UTC) - WINDOW)})
        if row.value is not None
    ]


def id_of(at: datetime) -> UUID:
    """The least time-ordered id of a moment: rows since then are found by their key."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (0x7 << 76) | (0x2 << 62))


class Figures(Collector):
    """What a scrape gets; read anew each time."""

    def collect(self) -> Iterator[Metric]:
        """Every family, also those without a value now."""
        found = read()
        for name, (words, labels) in HELP.items():
            family = GaugeMetricFamily(f"storefront_{name}", words, labels=labels)
            for one in found:
                if one.name == name:
                    family.add_metric([one.kind, one.lane][: len(labels)], one.value)
            yield family


def exposition() -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(Figures())
    return generate_latest(registry)


def in_words(found: list[Figure]) -> dict[str, object]:
    """For operators. The queue grows when more of the last minute's tasks still wait than of the minute
    before, and something has waited for over a minute."""

    def one(name: str) -> float:
        return sum(figure.value for figure in found if figure.name == name)

    def tasks(state: str) -> int:
        return int(sum(figure.value for figure in found if figure.name == "tasks" and figure.kind == state))

    return {
        "due": int(one("tasks_due")),
        "oldest_due_seconds": round(one("oldest_due_seconds"), 1),
        "growing": one("oldest_due_seconds") > 60
        and one("tasks_due_last_minute") > one("tasks_due_minute_before"),
        "unknown": tasks("unknown"),
        "parked": tasks("parked"),
        "work_items": int(one("work_items")),
        "mails_waiting": int(one("mails_waiting")),
        "webhook_oldest_seconds": round(one("webhook_oldest_seconds"), 1),
        "payments_pending": int(one("payments_pending")),
    }
