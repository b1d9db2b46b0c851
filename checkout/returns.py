"""The buyer comes back from the gateway's page, perhaps in another browser and signed in nowhere. The order's
code and its random token open a look at that one order and nothing else; what is shown is what we know, never
what the address says."""

from dataclasses import dataclass
from uuid import UUID

from checkout.orders import OrderState
from core import doors
from core.doors import door
from core.errors import Missing
from core.money import Money

# Hashes are compared, so that how long it takes tells nothing about the token.
RETURNING = door("""
CREATE FUNCTION returning_order_v1(p_storefront uuid, p_code text, p_token text)
RETURNS TABLE (
  order_id uuid, customer_id uuid, membership_id uuid, state text, total_minor bigint, currency text,
  attempt_id uuid, attempt_open boolean, declined text) AS $$
  SELECT o.id, o.customer_id, o.membership_id, o.state, o.total_minor, o.currency,
    a.id, a.state = 'open', a.declined
  FROM storefronts f
  JOIN orders o ON o.distributor_id = f.distributor_id AND o.storefront_id = f.id AND o.code = p_code
  LEFT JOIN payments p ON p.distributor_id = o.distributor_id AND p.order_id = o.id
  LEFT JOIN LATERAL (
    SELECT t.id, t.state, t.declined FROM payment_attempts t
    WHERE t.distributor_id = p.distributor_id AND t.payment_id = p.id AND t.session_id IS NOT NULL
    ORDER BY t.number DESC LIMIT 1
  ) a ON true
  WHERE f.id = p_storefront
    AND sha256(convert_to(o.return_token, 'UTF8')) = sha256(convert_to(p_token, 'UTF8'))
$$""")


@dataclass(frozen=True, slots=True)
class Returning:
    """What somebody with the token may know of an order."""

    order_id: UUID
    customer_id: UUID | None
    membership_id: UUID
    state: OrderState
    total: Money
    attempt_id: UUID | None
    declined: str | None


def look(storefront_id: UUID, code: str, token: str) -> Returning:
    """The order of this shop with this code and token; Missing for anything else."""
    row = doors.call(RETURNING, {"p_storefront": storefront_id, "p_code": code, "p_token": token})
    if row is None:
        raise Missing("order")
    attempt = row.attempt_id if row.attempt_open else None
    total = Money(int(row.total_minor), row.currency)
    return Returning(
        row.order_id, row.customer_id, row.membership_id, OrderState(row.state), total, attempt, row.declined
    )
