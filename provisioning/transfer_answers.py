"""The end of the asking: the reseller withdraws, the provider rejects, or accepts, and then the vendors are
asked (M46, M47)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from checkout.orders import OrderCost
from core import db, languages, parties, states, tasks
from core.errors import Conflict, Missing, Refused
from core.events import publish
from core.ids import new_id
from core.languages import _, for_later
from core.tenancy import same_key
from provisioning import movables, restorations, transfers
from provisioning.connectors.base import Action
from provisioning.deliveries import Delivery, VendorRecord
from provisioning.transfer_calls import TransferCall
from provisioning.transfers import (
    LONGEST_WORDS,
    ItemState,
    Transfer,
    TransferDecided,
    TransferItem,
    TransferState,
    TransferWithdrawn,
)
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription

STAYS_WITH_BASE = for_later("What it extends stays where it is, and so does this.")


class NoReasonGiven(Refused):
    """Nobody is turned away without a word."""

    def __init__(self) -> None:
        super().__init__(_("Say why you reject it: the other side reads your words."))


class NothingLeft(Conflict):
    """Between asking and accepting everything in it became unmovable."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing of this request can be moved any more. Reject it, or let the other side withdraw it.")
        )


class RelationOver(Conflict):
    """The provider's relation with the customer has ended since."""

    def __init__(self, customer: str) -> None:
        super().__init__(
            _(
                "Your relation with %(customer)s has ended, so nothing of it can be taken over.",
                customer=customer,
            )
        )


def withdraw(reseller_id: UUID, code: str, *, by: str) -> Transfer:
    """The asker takes it back, until it is decided (M47); everything in it is free again."""
    leaving, coming = transfers.halves(code)
    if leaving.reseller_id != reseller_id:
        raise Missing("transfer")
    _close(leaving, coming, TransferState.WITHDRAWN, by)
    publish(TransferWithdrawn(leaving.id))
    return leaving


def reject(provider_id: UUID, code: str, *, reason: str, by: str) -> Transfer:
    """The provider does not take it over, and says why (M46)."""
    leaving, coming = transfers.halves(code)
    if coming.reseller_id != provider_id:
        raise Missing("transfer")
    if not reason.strip():
        raise NoReasonGiven
    _close(leaving, coming, TransferState.REJECTED, by)
    for half in (leaving, coming):
        half.reason = reason.strip()[:LONGEST_WORDS]
    publish(TransferDecided(leaving.id))
    return coming


def _close(leaving: Transfer, coming: Transfer, to: TransferState, by: str) -> None:
    now = db.session().info["now"]
    for half in (leaving, coming):
        states.move(half, to, told={"by": by})
        half.decided_by, half.decided_at = by, now
        half.finished_at = now
    for pair in transfers.pairs(leaving, coming):
        transfers.move_items(pair, ItemState.DROPPED, "")


def accept(provider_id: UUID, code: str, *, by: str) -> Transfer:
    """The provider takes it over (M46): what can still be moved is asked of the vendors, each by a task of
    its own; what cannot any more stays where it is and says why."""
    leaving, coming = transfers.halves(code)
    if coming.reseller_id != provider_id:
        raise Missing("transfer")
    for half in (leaving, coming):
        states.move(half, TransferState.MOVING, told={"by": by})
        half.decided_by, half.decided_at = by, db.session().info["now"]
    if coming.customer_id is None or parties.customer(coming.customer_id).ended_at is not None:
        raise RelationOver(coming.customer_name)
    asked = transfers.pairs(leaving, coming)
    held = _locked([mine.subscription_id for mine, _theirs in asked if mine.subscription_id])
    going, staying = 0, set[UUID]()
    for mine, theirs in asked:
        subscription = held[mine.subscription_id] if mine.subscription_id else None
        why = _why_not_now(subscription)
        if subscription is not None and subscription.base_id in staying:
            why = why or STAYS_WITH_BASE
        if subscription is not None and why is not None:
            staying.add(subscription.id)
        if subscription is None or why is not None:
            transfers.move_items((mine, theirs), ItemState.DROPPED, why or "")
            continue
        going += 1
        _begin(subscription, mine, theirs, to=leaving.other_name)
    if not going:
        raise NothingLeft
    publish(TransferDecided(leaving.id))
    return coming


def _locked(subscription_ids: Sequence[UUID]) -> dict[UUID, Subscription]:
    rows = db.session().scalars(
        select(Subscription)
        .where(Subscription.id.in_(subscription_ids))
        .order_by(Subscription.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _why_not_now(subscription: Subscription | None) -> str | None:
    """What has changed since it was asked for, as it is kept: both sides read it, each in its language."""
    if subscription is None:
        return ""
    cancelled = cancellations.standing(subscription.id, locked=True) is not None
    connector = movables.connectors_of([subscription]).get(subscription.plan_id, "")
    with languages.speaking(languages.SOURCE):
        return movables.why_not(subscription, cancelled, connector, None)


def _begin(subscription: Subscription, mine: TransferItem, theirs: TransferItem, *, to: str) -> None:
    cost = (
        db.session()
        .execute(
            select(OrderCost.connector, OrderCost.sku).where(
                OrderCost.order_line_id == subscription.order_line_id
            )
        )
        .one()
    )
    call_id = new_id()
    task_id = tasks.add("transfer", {"call": str(call_id)}, key=f"transfer:{mine.id}", lane=cost.connector)
    db.flush()
    db.add(
        TransferCall(
            id=call_id,
            item_id=mine.id,
            their_item_id=theirs.id,
            subscription_id=subscription.id,
            new_subscription_id=None,
            task_id=task_id,
            reference=restorations.reference_of(mine.id, Action.TRANSFER),
            connector=cost.connector,
            sku=cost.sku,
            external_id=external_id(subscription),
            details={},
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    restorations.doubt_what_was_asked_before(task_id, mine.changed_at)
    transfers.move_items((mine, theirs), ItemState.MOVING, "")
    subscriptions.begin_move(subscription, to=to)


def external_id(subscription: Subscription) -> str:
    """Under which id the vendor keeps it now; nothing where that is not written down."""
    moved = select(TransferCall.new_external_id).where(TransferCall.new_subscription_id == subscription.id)
    if (found := db.session().scalar(moved)) is not None:
        return found
    bought = (
        select(VendorRecord.external_id)
        .join(Delivery, same_key(Delivery.id, VendorRecord.delivery_id))
        .where(Delivery.order_line_id == subscription.order_line_id, Delivery.action == Action.PROVISION)
    )
    return db.session().scalar(bought) or ""
