"""An order that was paid for wins the deal of its reseller with this customer (partners/deal_ends.py)."""

from checkout import orders
from checkout.orders import OrderFunded
from partners import deal_ends


def win(event: OrderFunded) -> None:
    """A *now* reaction; orders that a reseller places for itself win nothing."""
    order = orders.of_id(event.order_id)
    if order.customer_id is not None:
        deal_ends.win(order.reseller_id, order.customer_id, order.code)
