"""Commission records as both consoles show them."""

from typing import Any

from partners import tiers
from partners.commissions import Commission
from storefront.moments import moment


def row_of(one: Commission) -> dict[str, Any]:
    """A row of the list; the distributor's says besides whose it is."""
    return {
        "customer": one.customer_name,
        "service": one.service,
        "programme": one.programme_name,
        "tier": one.tier_name or "–",
        "rate": tiers.percent(one.rate),
        "base": one.base,
        "amount": one.amount,
        "earned": moment(one.earned_at),
    }
