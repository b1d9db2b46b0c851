"""Balance transactions: what the account's balance gains and loses."""

from datetime import UTC, datetime, timedelta

from .refusals import Json
from .store import Act, new_id


def new_entry(act: Act, kind: str, source: str, payment: Json, amount: int, fee: int) -> Json:
    """A balance transaction: what the account's balance gained or lost, and what Stripe kept of it."""
    currency = payment["currency"]
    kept: list[Json] = []
    if fee:
        kept = [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
    entry: Json = {
        "id": new_id("txn_3", 23),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": int((datetime.fromtimestamp(act.now, UTC) + timedelta(days=7)).timestamp()),
        "balance_type": "payments",
        "created": act.second,
        "currency": currency,
        "description": payment["description"],
        "exchange_rate": None,
        "fee": fee,
        "fee_details": kept,
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
        "type": kind,
    }
    return act.add(entry)
