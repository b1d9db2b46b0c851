"""What the activation of a reseller plan opens: the reseller's own storefront (I8). The connector of such a plan only answers "delivered"; this
now-reaction does the rest in the recording transaction, so all of it happens or none of it (I9)."""

from sqlalchemy import select

from catalog import listings
from checkout.orders import OrderCost
from core import db, states
from partners import storefronts
from partners.storefronts import StorefrontState
from subscriptions.subscriptions import SubscriptionActivated, SubscriptionFailed


def _opens_storefront(order_line_id: object) -> bool:
    return bool(db.session().scalar(select(OrderCost.opens_storefront).where(OrderCost.order_line_id == order_line_id)))


def open_storefront(event: SubscriptionActivated) -> None:
    """The held alias becomes a shop with everything offerable on its shelf at the recommended price."""
    if not _opens_storefront(event.order_line_id):
        return
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
