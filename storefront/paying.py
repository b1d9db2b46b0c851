"""Leads a buyer to the gateway's page for an unpaid order; used by the portal and by the
reseller's console. One page per attempt: a second click gets the same page, an expired or abandoned one a new
attempt. No transaction is open while the gateway is asked."""

from collections.abc import Callable
from dataclasses import dataclass

from billing import gateways, payment_pages, payments, stripe_events, stripe_gateway
from billing.payments import PaymentAttempt
from billing.stripe_gateway import (
    AttemptLine,
    AttemptRequest,
    AttemptStale,
    GatewayAccount,
    GatewayDown,
    GatewayRefused,
)
from checkout import orders
from checkout.orders import Order, OrderState, PayBy
from core import db
from core.errors import Refused
from core.faults import fault
from core.languages import _

MOST_ATTEMPTS = 3


class NothingToPay(Refused):
    """The order is paid, cancelled, paid otherwise, or its payment is just being confirmed: the order's page
    says which."""

    def __init__(self) -> None:
        super().__init__(_("There is nothing to pay for this order."))


@dataclass(frozen=True, slots=True)
class Journey:
    """What the gateway's page shows and where it leads back to. Both addresses are absolute."""

    shop_name: str
    success_url: Callable[[Order], str]
    cancel_url: Callable[[Order], str]


def find_page(code: str, journey: Journey) -> str:
    """The address of the gateway's page for an order of the scope; call it outside any transaction.

    Raises Missing, NothingToPay, payments.PaidAlready, payments.BeingChecked, GatewayDown (try again: nothing
    is lost) or GatewayRefused."""
    with db.transaction():
        order = orders.find(code)
        lines = tuple(
            AttemptLine(f"{x.product_name}, {x.plan_name}", x.quantity, x.unit_price.minor)
            for x in orders.lines(order.id)
        )
        if order.tax:
            lines += (AttemptLine(order.tax_name, 1, order.tax.minor),)
    if order.state is not OrderState.AWAITING_PAYMENT or order.pay_by is PayBy.TRANSFER:
        raise NothingToPay
    for _attempt in range(MOST_ATTEMPTS):
        attempt, account, is_new = _current(order)
        page = (
            _reuse(attempt, account)
            if attempt.session_id
            else _open(order, lines, attempt, account, journey, may_repeat=not is_new)
        )
        if page:
            return page
    raise GatewayDown("no attempt could be opened")


def _current(order: Order) -> tuple[PaymentAttempt, GatewayAccount, bool]:
    """The attempt in hand and the account it is made at. The order was found inside the visitor's own
    scope."""
    with db.transaction(widened_because="opening a payment page") as session:
        payment = payments.of_order(order.id)
        if payment is None:
            raise NothingToPay
        attempt = payment_pages.current_attempt(payment)
        return (
            attempt,
            gateways.find(payment.gateway_account_id).account(),
            attempt.created_at == session.info["now"],
        )


def _reuse(attempt: PaymentAttempt, account: GatewayAccount) -> str | None:
    """The page of a session that is open still; None when it has expired, so that a new attempt is due."""
    report = stripe_gateway.report(account, attempt.session_id or "")
    if report.status == "open" and attempt.url:
        with db.transaction(widened_because="opening a payment page"):
            payment_pages.try_again(attempt.id)
        return attempt.url
    if report.status == "complete":
        with db.transaction():
            stripe_events.check_soon(attempt.id)
        raise NothingToPay
    with db.transaction(widened_because="opening a payment page"):
        payments.settle(report)
    return None


def _open(
    order: Order,
    lines: tuple[AttemptLine, ...],
    attempt: PaymentAttempt,
    account: GatewayAccount,
    journey: Journey,
    *,
    may_repeat: bool,
) -> str | None:
    """Asks for the attempt's page and keeps it; None when this attempt cannot be used any more."""
    request = AttemptRequest(
        attempt_id=str(attempt.id),
        order_code=order.code,
        amount_minor=order.total.minor,
        currency=order.currency,
        description=f"Order {order.code}",
        lines=lines,
        shop_name=journey.shop_name,
        customer_email=order.email,
        success_url=journey.success_url(order),
        cancel_url=journey.cancel_url(order),
        created_at=attempt.created_at,
    )
    try:
        page = stripe_gateway.open_session(account, request)
    except (AttemptStale, GatewayDown, GatewayRefused) as no:
        # Too old; a failure kept under this key; or the key was used from another address of this shop.
        if (
            isinstance(no, AttemptStale)
            or (isinstance(no, GatewayDown) and no.replayed)
            or (isinstance(no, GatewayRefused) and may_repeat)
        ):
            _give_up(attempt)
            return None
        raise
    fault("pay.session_opened")
    with db.transaction(widened_because="opening a payment page"):
        state = payment_pages.opened(attempt.id, page)
    if state is not payments.PaymentState.PENDING:
        raise payment_pages.PaidAlready(state)
    if page.url is None:
        _give_up(attempt)
    return page.url


def _give_up(attempt: PaymentAttempt) -> None:
    with db.transaction(widened_because="opening a payment page"):
        payment_pages.give_up(attempt.id)
