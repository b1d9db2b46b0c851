"""Add-ons in the life of what they extend: delivered after it, refused with it (and given back like anything
that is refused), ended with it. The waiting task looks by itself every half minute; what happens to the base
calls it at once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select, update

from checkout import taken_offers
from core import db, doorbell
from core.languages import for_later
from core.tasks import OPEN, Again, Final, Task
from core.tenancy import same_key
from provisioning.connectors.base import Action
from provisioning.deliveries import Delivery
from provisioning.transfer_calls import TransferCall
from subscriptions import subscriptions
from subscriptions.subscriptions import (
    STANDING,
    Subscription,
    SubscriptionActivated,
    SubscriptionFailed,
    SubscriptionGivenUp,
    SubscriptionState,
)

PATIENCE = timedelta(seconds=30)
WAITS = for_later("It is delivered as soon as what it extends is there.")
MOVES_AFTER = for_later("It moves as soon as what it extends has moved.")
LEFT = for_later("What it extends was not delivered, so this is not delivered either.")
COMES = (SubscriptionState.PENDING, SubscriptionState.MOVING)
NO_MORE = (SubscriptionState.ENDING, SubscriptionState.ENDED)


def after_its_base(base: SubscriptionState) -> None:
    """Before anything is sent for an add-on: Again while its base is still to come, Final where it will never
    run, or no longer runs."""
    if base in COMES:
        raise Again(PATIENCE, WAITS)
    if base not in STANDING:
        raise Final(LEFT)


def call_those_that_wait(
    events: Sequence[SubscriptionActivated | SubscriptionFailed | SubscriptionGivenUp],
) -> None:
    """Now-reaction: what becomes of the bases is known, so the deliveries of their add-ons are due. One that
    a worker has in its hands is left to it, so that nobody waits for anybody."""
    waiting = (
        select(Task.id)
        .join(Delivery, same_key(Delivery.task_id, Task.id))
        .join(Subscription, same_key(Subscription.id, Delivery.subscription_id))
        .where(
            Subscription.base_id.in_([event.subscription_id for event in events]),
            Subscription.state == SubscriptionState.PENDING,
            Delivery.action == Action.PROVISION.value,
            Task.state.in_(OPEN),
            ~Task.intent_open,
        )
    )
    _call(waiting)


def call_those_that_move_after(base_id: UUID) -> None:
    """The base has moved to another provider, or stays: its add-ons in the same request are due."""
    _call(
        select(Task.id)
        .join(TransferCall, same_key(TransferCall.task_id, Task.id))
        .join(Subscription, same_key(Subscription.id, TransferCall.subscription_id))
        .where(Subscription.base_id == base_id, Task.state.in_(OPEN), ~Task.intent_open)
    )


def _call(waiting: Select[UUID]) -> None:
    due = list(db.session().scalars(waiting.with_for_update(of=Task, skip_locked=True)))
    if due:
        db.session().execute(
            update(Task)
            .where(Task.id.in_(due))
            .values(next_at=db.session().info["now"])
            .execution_options(synchronize_session=False)
        )
        db.after_commit(doorbell.ring)


def release_offer(event: SubscriptionFailed | SubscriptionGivenUp) -> None:
    """Now-reaction: what was never delivered was not taken."""
    taken_offers.release_of_line(event.order_line_id)


def that_run(base_id: UUID) -> list[Subscription]:
    """The add-ons of a subscription whose term runs."""
    return subscriptions.add_ons(base_id, *STANDING)
