"""What the activation of a reseller plan opens: the reseller's own storefront (I8). The connector of such a
plan only answers "delivered"; this now-reaction does the rest in the recording transaction, so all of it
happens or none of it (I9)."""

from sqlalchemy import select

from catalog import listings
from checkout import reseller_plans
from checkout.orders import OrderCost
from core import db, states
from core.clock import business_now
from partners import storefronts
from partners.storefronts import StorefrontState
from subscriptions.subscriptions import SubscriptionActivated, SubscriptionFailed, SubscriptionState


def _opens_storefront(order_line_id: object) -> bool:
    return bool(
        db.session().scalar(
            select(OrderCost.opens_storefront).where(OrderCost.order_line_id == order_line_id)
        )
    )


def open_storefront(event: SubscriptionActivated) -> None:
    """The held alias becomes a shop with everything offerable on its shelf at the recommended price. A
    reseller has one plan at a time: the one before ends, and a storefront that is open stays as it is
    (I22)."""
    if not _opens_storefront(event.order_line_id):
        return
    for earlier in reseller_plans.running(event.reseller_id):
        if earlier.id != event.subscription_id:
            states.move(earlier, SubscriptionState.ENDED, why="Another plan took its place.")
            earlier.ends_at = business_now()
    storefront = storefronts.of_reseller(event.reseller_id)
    if storefront is None or storefront.state is StorefrontState.OPEN:
        return
    states.move(storefront, StorefrontState.OPEN)
    storefront.opened_at = db.session().info["now"]
    listings.stock(event.reseller_id, storefront.distributor_id)


def release_storefront(event: SubscriptionFailed) -> None:
    """The plan was refused: the alias is free again."""
    if _opens_storefront(event.order_line_id):
        storefronts.release(event.reseller_id)
