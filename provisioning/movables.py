"""Which subscriptions can move to another provider, and why the others cannot (M51)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from catalog.products import Plan, Product, ProductType
from core import db
from core.languages import _
from core.tenancy import same_key
from provisioning.connectors.base import why_not_transfer
from provisioning.connectors.registry import CONNECTORS
from provisioning.transfers import OPEN_ITEMS, Transfer, TransferItem
from subscriptions.cancellations import Cancellation, CancellationState
from subscriptions.subscriptions import SHOWN, Subscription, SubscriptionState


@dataclass(frozen=True, slots=True)
class Movable:
    """A subscription as the form shows it: why it cannot be moved, or None; `open` is the code of the request
    that it is in."""

    subscription: Subscription
    why_not: str | None
    open: str | None


def movable(customer_id: UUID, *, reseller_id: UUID, limit: int = 200) -> list[Movable]:
    """What a reseller holds for a customer, each with the reason where it cannot be moved (M51)."""
    chosen = select(Subscription).where(
        Subscription.customer_id == customer_id, Subscription.reseller_id == reseller_id, SHOWN
    )
    found = list(db.session().scalars(chosen.order_by(Subscription.id.desc()).limit(limit)))
    return looked_at(found)


def looked_at(found: Sequence[Subscription]) -> list[Movable]:
    """Each with its reason, read for all of them at once."""
    ids = [one.id for one in found]
    asked = select(Cancellation.subscription_id).where(
        Cancellation.subscription_id.in_(ids), Cancellation.state == CancellationState.ASKED
    )
    cancelled = set(db.session().scalars(asked))
    connectors, asked_in = connectors_of(found), open_requests(ids)
    return [
        Movable(
            one,
            why_not(one, one.id in cancelled, connectors.get(one.plan_id, ""), asked_in.get(one.id)),
            asked_in.get(one.id),
        )
        for one in found
    ]


def why_not(subscription: Subscription, cancelled: bool, connector: str, open_in: str | None) -> str | None:
    """The reason, in the language of whoever asks; None if it can be moved."""
    match subscription.state:
        case SubscriptionState.PENDING:
            return _("It is still being delivered.")
        case SubscriptionState.SUSPENDED:
            return _("It is suspended.")
        case SubscriptionState.ENDING:
            return _("It is being ended.")
        case SubscriptionState.ENDED | SubscriptionState.FAILED | SubscriptionState.CANCELLED:
            return _("It does not run any more.")
        case SubscriptionState.MOVED | SubscriptionState.GONE:
            return _("It has moved to another provider.")
        case SubscriptionState.ACTIVE | SubscriptionState.MOVING:
            pass
    if open_in:
        return _("It is in the request %(code)s already.", code=open_in)
    if cancelled:
        return _("It is cancelled to the end of its term.")
    if subscription.customer_id is None:
        return _("You hold it for yourself.")
    if connector not in CONNECTORS:
        return _("Nobody knows how it is delivered.")
    return why_not_transfer(CONNECTORS[connector])


def connectors_of(found: Sequence[Subscription]) -> dict[UUID, str]:
    """plan -> what delivers it."""
    rows = db.session().execute(
        select(Plan.id, ProductType.connector)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(Plan.id.in_({one.plan_id for one in found}))
    )
    return {plan_id: connector for plan_id, connector in rows}


def open_requests(subscription_ids: Sequence[UUID]) -> dict[UUID, str]:
    """subscription -> the code of the request that it is in."""
    rows = db.session().execute(
        select(TransferItem.subscription_id, Transfer.code)
        .join(Transfer, same_key(Transfer.id, TransferItem.transfer_id))
        .where(
            TransferItem.subscription_id.in_(subscription_ids),
            ~TransferItem.incoming,
            TransferItem.state.in_(OPEN_ITEMS),
        )
    )
    return {subscription_id: code for subscription_id, code in rows if subscription_id}
