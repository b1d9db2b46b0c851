"""What the sandbox's own page and a campaign's checker want to know: counts, sums and the latest rows."""

import json
from collections import defaultdict
from typing import Any

from .refusals import Json
from .store import Act

COUNTS = """
SELECT account, 'sessions' AS what, json_extract(body, '$.status') AS name, count(*) AS value
  FROM objects WHERE kind = 'checkout.session' GROUP BY 1, 3
UNION ALL
SELECT account, 'captured', json_extract(body, '$.currency'), sum(json_extract(body, '$.amount_captured'))
  FROM objects WHERE kind = 'charge' AND json_extract(body, '$.paid') GROUP BY 1, 3
UNION ALL SELECT account, 'payments', json_extract(body, '$.currency'), count(*)
  FROM objects WHERE kind = 'charge' AND json_extract(body, '$.paid') GROUP BY 1, 3
UNION ALL SELECT account, 'refunded', json_extract(body, '$.currency'), sum(json_extract(body, '$.amount'))
  FROM objects WHERE kind = 'refund' AND json_extract(body, '$.status') <> 'failed' GROUP BY 1, 3
UNION ALL SELECT account, 'refunds', json_extract(body, '$.currency'), count(*)
  FROM objects WHERE kind = 'refund' AND json_extract(body, '$.status') <> 'failed' GROUP BY 1, 3
UNION ALL SELECT account, 'fees', json_extract(body, '$.currency'), sum(json_extract(body, '$.fee'))
  FROM objects WHERE kind = 'balance_transaction' GROUP BY 1, 3
UNION ALL SELECT account, 'events', json_extract(body, '$.type'), count(*)
  FROM objects WHERE kind = 'event' GROUP BY 1, 3
UNION ALL SELECT account, 'deliveries', state, count(*) FROM deliveries GROUP BY 1, 3
"""
PARTS = ("sessions", "payments", "captured", "fees", "refunds", "refunded", "events", "deliveries")


def state(act: Act) -> Json:
    """Per account: how many sessions, payments and refunds, and how much, by currency in minor units."""
    accounts: dict[str, Json] = defaultdict(lambda: {part: {} for part in PARTS})
    for row in act.db.execute("SELECT account FROM accounts"):
        _ = accounts[row["account"]]
    for row in act.db.execute(COUNTS):
        accounts[row["account"]][row["what"]][row["name"]] = row["value"]
    return {"accounts": dict(accounts)}


def payments(act: Act) -> list[Json]:
    """One row per session: whose it is for, and what became of its money."""
    refunded: dict[str, int] = defaultdict(int)
    for refund in bodies(act, "refund"):
        refunded[refund["payment_intent"]] += refund["amount"]
    return [
        {
            "account": session["account_of"],
            "session": session["id"],
            "client_reference_id": session["client_reference_id"],
            "status": session["status"],
            "paid": session["payment_status"] == "paid",
            "amount": session["amount_total"],
            "currency": session["currency"],
            "payment_intent": session["payment_intent"],
            "refunded": refunded[session["payment_intent"]] if session["payment_intent"] else 0,
        }
        for session in bodies(act, "checkout.session")
    ]


def bodies(act: Act, kind: str, *, newest: int | None = None) -> list[Json]:
    """Objects of every account, oldest first; or the newest few, newest first."""
    order = "DESC LIMIT ?" if newest else "ASC LIMIT ?"
    rows = act.db.execute(
        f"SELECT account, body FROM objects WHERE kind = ? ORDER BY seq {order}",  # noqa: S608 one of two constants
        (kind, newest or -1),
    )
    return [{**json.loads(row["body"]), "account_of": row["account"]} for row in rows]


def requests(act: Act, after: int) -> list[Json]:
    rows = act.db.execute("SELECT * FROM requests WHERE seq > ? ORDER BY seq", (after,))
    parsed = ("form", "headers", "answer")
    return [{**dict(row), **{name: json.loads(row[name]) for name in parsed}} for row in rows]


def latest(act: Act, count: int = 40) -> Json:
    sent: list[dict[str, Any]] = [
        dict(row)
        for row in act.db.execute(
            "SELECT d.*, json_extract(o.body, '$.type') AS type "
            "FROM deliveries d JOIN objects o ON o.id = d.event "
            "ORDER BY d.id DESC LIMIT ?",
            (count,),
        )
    ]
    return {
        "sessions": bodies(act, "checkout.session", newest=count),
        "events": bodies(act, "event", newest=count),
        "disputes": bodies(act, "dispute", newest=count),
        "endpoints": bodies(act, "webhook_endpoint", newest=count),
        "deliveries": sent,
    }
