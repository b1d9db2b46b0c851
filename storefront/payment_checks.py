"""An operator's look at a payment: finds an order by its code whoever's it is, asks the gateway about each
of its pages and settles what it says, by the same functions as webhook, return page and poller (QW7)."""

from billing import payment_pages, stripe_events
from billing.payments import PaymentState
from checkout import orders
from core import db, doors, tenancy
from core.errors import Missing
from core.tenancy import Scope, Side
from storefront.doctor import DISTRIBUTORS


def check(code: str) -> list[PaymentState]:
    """What each page's answer made of the payment, in the order of the attempts; Missing for an unknown
    order."""
    for row in doors.call_all(DISTRIBUTORS, {}):
        scope = Scope(Side.DISTRIBUTOR, row.id, offset=row.business_offset, request_id="command")
        with tenancy.acting_as(scope):
            try:
                with db.transaction():
                    pages = payment_pages.of_order(orders.find(code).id)
            except Missing:
                continue
            return [state for attempt_id in pages if (state := stripe_events.look_now(attempt_id))]
    raise Missing("order")
