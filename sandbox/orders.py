"""Places, pays and delivers the demo world's orders, by the functions that pages and workers use. Repeating
it changes nothing: each order has a fixed request key. Cards are charged at the Stripe sandbox; how the
vendor simulator behaves for an order is set by its reference, so that no other order is touched."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from billing import gateways, payment_pages, payments, stripe_gateway
from billing.payments import AttemptState, Payment, PaymentAttempt
from billing.stripe_gateway import GatewayAccount
from catalog import obligations, products
from checkout import baskets, orders, placing
from checkout.baskets import Buyer
from checkout.orders import Order, PayBy
from checkout.placing import Checkout
from core import db, tenancy
from core.drain import Drain
from core.settings import settings
from core.tenancy import Scope, Side
from provisioning import clearances, deliveries, vendor_calls
from sandbox import conditions
from storefront import paying
from storefront.paying import Journey

GOOD_CARD = "4242424242424242"
FATES: dict[str, list[dict[str, Any]]] = {
    "unknown": [
        {"kind": "error_500_after", "times": 1},
        {"kind": "error_500_before", "on": "look_ups"},
    ],
    "under way": [{"kind": "accept_202", "seconds": 1800, "times": 1}],
    "needs action": [{"kind": "inquire", "message": "Please confirm who owns the domain.", "times": 1}],
    "refused": [
        {"kind": "refuse", "message": "This tenant is managed by another partner.", "times": 1},
    ],
}
"""fate -> moods of the vendor simulator (sandbox/vendor/moods.py), for one reference."""


@dataclass(frozen=True)
class Wish:
    """One order of the demo world. `card`: the test card it is paid with; empty: on account. `also`: further
    lines, as (plan, quantity)."""

    key: str
    buyer: Buyer
    scope: Scope
    storefront_id: UUID
    plan: str
    quantity: int = 1
    card: str = GOOD_CARD
    fate: str = ""
    fields: Mapping[str, str] | None = None
    customer: Mapping[str, str] | None = None
    also: tuple[tuple[str, int], ...] = ()


def fulfil(wishes: list[Wish]) -> None:
    """Orders and pays what is not there yet, and works until nothing is due."""
    new = [wish for wish in wishes if not _is_done(wish)]
    for wish in new:
        code = _place(wish)
        if wish.card:
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


def _is_done(wish: Wish) -> bool:
    """Whether the order is there and its card was tried."""
    attempt = select(PaymentAttempt.id).join(Payment, Payment.id == PaymentAttempt.payment_id)
    tried = attempt.where((PaymentAttempt.state != AttemptState.OPEN) | PaymentAttempt.declined.is_not(None))
    with _as_distributor(wish), db.transaction() as session:
        order = session.scalar(select(Order).where(Order.request_key == wish.key))
        if order is None or order.pay_by is PayBy.ACCOUNT:
            return order is not None
        return session.scalar(tried.where(Payment.order_id == order.id).limit(1)) is not None


def _place(wish: Wish) -> str:
    """The steps of the checkout page."""
    with tenancy.acting_as(wish.scope):
        with db.transaction(widened_because="checking with connectors"):
            configured = vendor_calls.settings_by_connector()
            if (placed := placing.earlier(wish.buyer, wish.key)) is not None:
                return placed
        with db.transaction():
            baskets.clear(wish.buyer)
            baskets.add(wish.buyer, products.plan(wish.plan).id, wish.quantity, wish.fields)
            for plan, quantity in wish.also:
                baskets.add(wish.buyer, products.plan(plan).id, quantity)
            basket = baskets.items(wish.buyer)
            asked = obligations.asked(
                wish.buyer.reseller_id,
                wish.buyer.customer_id,
                [plan for item in basket for plan in item.plan_ids],
            )
        clearance = clearances.clear(basket, configured, wish.customer or {})
        pay_by = PayBy.CARD if wish.card else PayBy.ACCOUNT
        with db.transaction(widened_because="placing an order"):
            agreed = conditions.agreed(asked=asked)
            return placing.place(
                wish.buyer, clearance, Checkout(wish.key, wish.storefront_id, pay_by, agreed=agreed)
            )


def _pay(wish: Wish, code: str) -> None:
    """The payment page, the buyer's card at the gateway, and what the gateway then says: that alone
    decides."""
    place = f"{settings().public_url}/"
    with tenancy.acting_as(wish.scope):
        paying.find_page(code, Journey("Demo", lambda _order: place, lambda _order: place))
    with _as_distributor(wish), db.transaction():
        account, session_id = _session_of(code)
    card = {"session": session_id, "card": wish.card, "email": wish.buyer.email, "name": wish.buyer.name}
    httpx.post(f"{account.api_base}/_sandbox/pay", json=card).raise_for_status()
    report = stripe_gateway.report(account, session_id)
    with _as_distributor(wish), db.transaction():
        payments.settle(report)


def _session_of(code: str) -> tuple[GatewayAccount, str]:
    """The gateway's session of an order's newest attempt."""
    payment = payments.of_order(orders.find(code).id)
    if payment is None:
        raise RuntimeError(f"{code} is not paid by card")
    attempt = payment_pages.current_attempt(payment)
    return gateways.find(payment.gateway_account_id).account(), attempt.session_id or ""


def _decide(wish: Wish, code: str) -> None:
    """Tells the vendor simulator how to behave for this order, besides what it was told before."""
    with _as_distributor(wish), db.transaction():
        found = deliveries.of_order(orders.find(code).id)
    address = f"{settings().vendor_sandbox_url}/_sandbox/moods"
    told = httpx.get(address).raise_for_status().json()
    for delivery in found:
        of = {"scope": "reference", "of": str(delivery.reference)}
        told["moods"] += [mood | of for mood in FATES[wish.fate]]
    httpx.post(address, json=told).raise_for_status()


def _as_distributor(wish: Wish) -> AbstractContextManager[Scope]:
    return tenancy.acting_as(Scope(Side.DISTRIBUTOR, wish.scope.distributor_id))
