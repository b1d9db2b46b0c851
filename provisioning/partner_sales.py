"""Feeds the tally of what partners sold (partners.sales): a customer counts from the moment its service was
really delivered (H47) to the moment its last one has ended. Now-reactions of the recording transaction."""

from sqlalchemy import bindparam, select

from catalog.products import Plan, Product
from checkout.orders import OrderLine, OrderWholesale
from core.money import Money
from core.statements import Statement
from partners import sales
from partners.sales import Delivered
from subscriptions.subscriptions import SubscriptionActivated, SubscriptionEnded

OF_A_PROGRAMME = Statement(
    select(
        Product.programme_id,
        OrderLine.product_name,
        OrderLine.plan_name,
        OrderWholesale.total_minor,
        OrderWholesale.currency,
    )
    .join(Plan, (Plan.distributor_id == OrderLine.distributor_id) & (Plan.id == OrderLine.plan_id))
    .join(Product, (Product.distributor_id == Plan.distributor_id) & (Product.id == Plan.product_id))
    .join(
        OrderWholesale,
        (OrderWholesale.distributor_id == OrderLine.distributor_id)
        & (OrderWholesale.order_line_id == OrderLine.id),
    )
    .where(OrderLine.id == bindparam("line"), Product.programme_id.is_not(None))
)


def sold(event: SubscriptionActivated) -> None:
    """A customer's service of a programme's product was delivered. What a reseller bought for itself is no
    customer."""
    if event.customer_id is None:
        return
    for programme_id, product, plan, minor, currency in OF_A_PROGRAMME.rows(line=event.order_line_id):
        sales.tally(
            Delivered(
                programme_id,
                event.reseller_id,
                event.customer_id,
                event.subscription_id,
                f"{product}, {plan}",
                Money(minor, currency),
            )
        )


def ended(event: SubscriptionEnded) -> None:
    """The service has ended."""
    if event.customer_id is not None:
        sales.lost(event.subscription_id)
