"""Places, pays and delivers the demo world's orders, by the functions that pages and workers use. Repeating it changes nothing: each order has
a fixed request key. Payments go through the Stripe sandbox where there is one, else on account; how the vendor simulator behaves for an
order is set by its reference, so no other order is touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from billing import payments, stripe_events, stripe_gateway
from billing.stripe_gateway import AttemptRequest, GatewayAccount
from catalog import products
from checkout import baskets, orders
from checkout.baskets import Buyer
from checkout.orders import Checkout, Order, PayBy
from core import db, tenancy
from core.drain import Drain
from core.settings import settings
from core.tenancy import Scope, Side
from provisioning import deliveries, fulfilment

GOOD_CARD = "4242424242424242"
FATES: dict[str, list[dict[str, Any]]] = {
    "unknown": [
        {"kind": "error_500_after"},
        {"kind": "error_500_before", "on": "look_ups"},
    ],
    "under way": [{"kind": "accept_202", "seconds": 1800}],
    "needs action": [{"kind": "inquire", "message": "Please confirm who owns the domain."}],
    "refused": [{"kind": "refuse", "message": "This tenant is managed by another partner, so it cannot be sold here."}],
}
"""fate -> moods of the vendor simulator (sandbox/vendor/moods.py), for one reference."""


@dataclass(frozen=True)
class Wish:
    """One order of the demo world. `card`: the test card it is paid with; empty: on account."""

    key: str
    buyer: Buyer
    scope: Scope
    storefront_id: UUID
    plan: str
    quantity: int = 1
    card: str = ""
    fate: str = ""
    fields: Mapping[str, str] | None = None
    customer: Mapping[str, str] | None = None


def fulfil(wishes: list[Wish]) -> None:
    """Orders what is not there yet, pays it, and works until nothing is due."""
    new = [wish for wish in wishes if not _exists(wish)]
    for wish in new:
        code = _place(wish)
        if wish.card and settings().stripe_sandbox_url:
            _pay(wish, code)
        if wish.fate:
            _decide(wish, code)
    if new:
        work()


def work(longest: float = 30) -> None:
    """What the workers would do now, in this process."""
    drain = Drain(slots=8)
    try:
        drain.run(longest)
    finally:
        drain.close()


def _exists(wish: Wish) -> bool:
    with tenancy.acting_as(wish.scope), db.transaction():
        return db.session().scalar(select(Order.id).where(Order.request_key == wish.key)) is not None


def _place(wish: Wish) -> str:
    """The steps of the checkout page."""
    pay_by = PayBy.CARD if wish.card and settings().stripe_sandbox_url else PayBy.ACCOUNT
    with tenancy.acting_as(wish.scope):
        with db.transaction(widened_because="checking with connectors"):
            configured = fulfilment.settings_by_connector()
        with db.transaction():
            baskets.clear(wish.buyer)
            baskets.add(wish.buyer, products.plan(wish.plan).id, wish.quantity, wish.fields)
            basket = baskets.items(wish.buyer)
        clearance = fulfilment.clear(basket, configured, wish.customer or {})
        with db.transaction(widened_because="placing an order"):
            return orders.place(wish.buyer, clearance, Checkout(wish.key, wish.storefront_id, pay_by))


def _pay(wish: Wish, code: str) -> None:
    """The steps of the payment page, and the buyer's at the gateway. What the gateway says decides, as ever."""
    with tenancy.acting_as(wish.scope), db.transaction(widened_because="opening a payment page"):
        account, request = _attempt(wish, code)
    page = stripe_gateway.open_session(account, request)
    attempt_id = UUID(request.attempt_id)
    with tenancy.acting_as(wish.scope), db.transaction():
        payments.opened(attempt_id, page)
    paying = {"session": page.session_id, "card": wish.card, "email": wish.buyer.email, "name": wish.buyer.name}
    httpx.post(f"{account.api_base}/_sandbox/pay", json=paying).raise_for_status()
    with _as_distributor(wish), db.transaction():
        stripe_events.check_soon(attempt_id)


def _attempt(wish: Wish, code: str) -> tuple[GatewayAccount, AttemptRequest]:
    order = orders.find(code)
    payment = payments.of_order(order.id)
    if payment is None:
        raise RuntimeError(f"{code} is not paid by card")
    attempt = payments.current_attempt(payment)
    lines = tuple((f"{line.product_name}, {line.plan_name}", line.quantity, line.unit_minor) for line in orders.lines(order.id))
    place = f"{settings().public_url}/orders/{code}"
    request = AttemptRequest(
        attempt_id=str(attempt.id), order_code=code, amount_minor=order.total_minor, currency=order.currency,
        description=f"Order {code}", lines=lines, shop_name="Demo", customer_email=order.email,
        success_url=place, cancel_url=place, created_at=attempt.created_at,
    )  # fmt: skip
    return payments.gateway(payment.gateway_account_id).account(), request


def _decide(wish: Wish, code: str) -> None:
    """Tells the vendor simulator how to behave for this order, besides what it was told before."""
    with _as_distributor(wish), db.transaction():
        [delivery] = deliveries.of_order(orders.find(code).id)
    address = f"{settings().vendor_sandbox_url}/_sandbox/moods"
    moods = httpx.get(address).raise_for_status().json()
    for mood in FATES[wish.fate]:
        moods["moods"].append({**mood, "scope": "reference", "of": str(delivery.reference)})
    httpx.post(address, json=moods).raise_for_status()


def _as_distributor(wish: Wish) -> Any:
    return tenancy.acting_as(Scope(Side.DISTRIBUTOR, wish.scope.distributor_id))
