"""What the activation of a reseller plan opens, and what its end closes: the reseller's own storefront (I8,
I29). The connector of such a plan only answers "done"; these now-reactions do the rest in the recording
transaction, so all of it happens or none of it (I9)."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from catalog import listings, margin_alarms, products
from checkout import reseller_plans
from checkout.orders import OrderCost
from core import db, states, tasks
from core.clock import business_now
from core.tasks import Claimed, Kind, Repeat
from partners import storefronts
from partners.storefronts import StorefrontState
from provisioning import lifecycles
from subscriptions import subscriptions
from subscriptions.subscriptions import (
    SubscriptionActivated,
    SubscriptionEnded,
    SubscriptionFailed,
    SubscriptionGivenUp,
)


def _opens_storefront(order_line_id: object) -> bool:
    return bool(
        db.session().scalar(
            select(OrderCost.opens_storefront).where(OrderCost.order_line_id == order_line_id)
        )
    )


def open_storefronts(events: Sequence[SubscriptionActivated]) -> None:
    """The plans of resellers among what was activated open their storefronts."""
    lines = {event.order_line_id: event for event in events}
    opening = select(OrderCost.order_line_id).where(
        OrderCost.opens_storefront, OrderCost.order_line_id.in_(lines)
    )
    for line_id in db.session().scalars(opening).all():
        _open_storefront(lines[line_id])


def _open_storefront(event: SubscriptionActivated) -> None:
    """The held alias becomes a shop with everything offerable on its shelf, at the price of the reseller's
    rules, else the recommended one. A reseller has one plan at a time: the one before ends, and a storefront
    that is open stays as it is (I22)."""
    for earlier in reseller_plans.running(event.reseller_id):
        if earlier.id != event.subscription_id:
            earlier.ends_at = business_now()
            lifecycles.begin_end(earlier, why="Another plan took its place.")
    storefront = storefronts.of_reseller(event.reseller_id)
    if storefront is None or storefront.state is StorefrontState.OPEN:
        return
    states.move(storefront, StorefrontState.OPEN)
    storefront.opened_at = db.session().info["now"]
    storefront.closed_at = storefront.alias_kept_until = None
    listings.stock(event.reseller_id, storefront.distributor_id)
    margin_alarms.shelf_changed(event.reseller_id)


def release_storefront(event: SubscriptionFailed | SubscriptionGivenUp) -> None:
    """The plan was refused, or cancelled before it was delivered: the alias is free again."""
    if _opens_storefront(event.order_line_id):
        storefronts.release(event.reseller_id)


def close_storefront(event: SubscriptionEnded) -> None:
    """The reseller has no plan any more: its shop is closed, its address kept for the plan's grace. Services
    of its customers live on (decision 12)."""
    if not _opens_storefront(event.order_line_id) or reseller_plans.running(event.reseller_id):
        return
    storefront = storefronts.of_reseller(event.reseller_id)
    if storefront is None or storefront.state is not StorefrontState.OPEN:
        return
    ended = subscriptions.by_line(event.order_line_id)
    grace = timedelta(days=products.type_of(ended.plan_id).grace_days)
    storefronts.close(storefront, why="The plan has ended.", kept_until=business_now() + grace)


def release_aliases() -> int:
    """Addresses of shops that stayed closed are free again; says how many. One whose reseller has ordered
    another plan is kept until that is settled, and one whose customers have a service, for as long as it
    runs: they look after it there."""
    released = 0
    for storefront in storefronts.closed_too_long(business_now()):
        needed = reseller_plans.under_way(storefront.reseller_id) is not None
        if not needed and not subscriptions.any_of_customers(storefront.reseller_id):
            states.move(storefront, StorefrontState.RELEASED, why="It stayed closed too long.")
            released += 1
    return released


def _release(_task: Claimed) -> None:
    release_aliases()


RELEASE = tasks.register(Kind("release_aliases", Repeat.SAFE, prepare=_release, every=timedelta(minutes=10)))
