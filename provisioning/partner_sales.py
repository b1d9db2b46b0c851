"""Feeds the tally of what partners sold (partners.sales): a customer counts from the moment its service was
really delivered (H47) to the moment its last one has ended. Now-reactions of the recording transaction."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from catalog.products import Plan, Product
from checkout.orders import OrderLine, OrderWholesale
from core import db
from core.money import Money
from core.statements import Statement
from core.tenancy import same_key
from partners import sales
from partners.sales import Delivered, Sale
from subscriptions.subscriptions import (
    STANDING,
    Subscription,
    SubscriptionActivated,
    SubscriptionEnded,
    SubscriptionState,
)

OF_A_PROGRAMME = Statement(
    select(
        OrderLine.id,
        Product.programme_id,
        OrderLine.product_name,
        OrderLine.plan_name,
        OrderWholesale.total_minor,
        OrderWholesale.currency,
    )
    .join(Plan, same_key(Plan.id, OrderLine.plan_id))
    .join(Product, same_key(Product.id, Plan.product_id))
    .join(OrderWholesale, same_key(OrderWholesale.order_line_id, OrderLine.id))
    .where(OrderLine.id == any_(bindparam("lines", type_=ARRAY(Uuid()))), Product.programme_id.is_not(None))
    .order_by(OrderLine.id)
)


def sold(events: Sequence[SubscriptionActivated]) -> None:
    """Customers' services of programmes' products were delivered. What a reseller bought for itself is no
    customer."""
    lines = {event.order_line_id: event for event in events if event.customer_id is not None}
    for line, programme_id, product, plan, minor, currency in (
        OF_A_PROGRAMME.rows(lines=list(lines)) if lines else ()
    ):
        event = lines[line]
        if event.customer_id is not None:
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


def take_in(product: Product) -> None:
    """A product was put into a programme: what runs of it at customers counts there from its own beginning,
    and earns nothing. A service that is counted elsewhere stays there."""
    runs = (
        select(
            Subscription.distributor_id,
            func.gen_random_uuid(),
            Subscription.reseller_id,
            literal(product.programme_id, Uuid()),
            Subscription.customer_id,
            Subscription.id,
            Subscription.starts_at,
        )
        .join(Plan, same_key(Plan.id, Subscription.plan_id))
        .where(
            Plan.product_id == product.id,
            Subscription.customer_id.is_not(None),
            Subscription.state.in_((*STANDING, SubscriptionState.ENDING)),
        )
    )
    columns = [
        "distributor_id",
        "id",
        "reseller_id",
        "programme_id",
        "customer_id",
        "subscription_id",
        "sold_at",
    ]
    if product.programme_id is not None:
        db.session().execute(insert(Sale).from_select(columns, runs).on_conflict_do_nothing())


def ended(event: SubscriptionEnded) -> None:
    """The service has ended."""
    if event.customer_id is not None:
        sales.lost(event.subscription_id)
