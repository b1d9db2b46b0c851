"""Paying an unpaid order of the reseller's own, or giving it up. A customer's order is the customer's to
pay."""

from uuid import UUID

import structlog
from flask import redirect, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from billing import stripe_events
from billing.payment_pages import PaidAlready
from billing.payments import AttemptState, Payment, PaymentAttempt
from billing.stripe_gateway import GatewayDown, GatewayRefused
from checkout import orders
from checkout.orders import Order
from core import db
from core.errors import Denied
from core.languages import _
from core.tenancy import same_key
from storefront import pages, paying
from storefront.paying import Journey, NothingToPay
from storefront.reseller import console
from storefront.visitors import require_role, the_shop, visitor

log = structlog.get_logger("reseller")


@console.get("/orders/<code>/pay")
def pay(code: str) -> Response:
    """To the gateway's page, for an order of our own; while the gateway is down, a page that tries again by
    itself."""
    require_role("buyer", "billing_agent")
    with db.transaction():
        refuse_foreign(orders.find(code))
    back = url_for("reseller.order_page", code=code, back=1, _external=True)
    journey = Journey(
        the_shop().name,
        lambda _order: back,
        lambda order: url_for("reseller.order_page", code=order.code, _external=True),
    )
    try:
        return redirect(paying.find_page(code, journey), 303)
    except PaidAlready:
        return pages.see("reseller.order_page", code=code)
    except NothingToPay:
        return pages.see("reseller.order_page", "order-nothing-to-pay", code=code)
    except (GatewayDown, GatewayRefused) as no:
        down = isinstance(no, GatewayDown)
        log.warning("pay.gateway", order=code, problem=str(no))
        page = pages.render(
            "reseller/gateway_down.html",
            no.status,
            title=_("The payment page does not open"),
            code=code,
            down=down,
            refresh_seconds=5 if down else None,
        )
        if down:
            page.headers["Retry-After"] = "5"
        return page


@console.post("/orders/<code>/cancel")
def cancel(code: str) -> Response:
    """Gives up an unpaid order of our own; its alias is free again."""
    require_role("buyer")
    with db.transaction():
        order = orders.find(code)
        refuse_foreign(order)
    with db.transaction(widened_because="placing an order"):
        orders.cancel(orders.of_id(order.id), why=f"{visitor().name} cancelled it.")
    return pages.see("reseller.order_page", "order-cancelled", code=code)


def refuse_foreign(order: Order) -> None:
    """A customer's order is paid by the customer."""
    if order.customer_id is not None:
        raise Denied(_("This order is your customer's: only the customer pays or cancels it."))


def look_soon(order_id: UUID) -> None:
    """Asks the gateway about the page somebody came back from."""
    chosen = (
        select(PaymentAttempt.id)
        .join(Payment, same_key(Payment.id, PaymentAttempt.payment_id))
        .where(
            Payment.order_id == order_id,
            PaymentAttempt.state == AttemptState.OPEN,
            PaymentAttempt.session_id.is_not(None),
        )
    )
    for attempt_id in db.session().scalars(chosen):
        stripe_events.check_soon(attempt_id)
