"""A delivery that stops: no clear answer, waiting, parked for a person, refused. Each is one item on the work
queue, and who must know is told."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from core import db, work
from core.events import Event, publish
from core.outcomes import ALARM
from core.tasks import Claimed
from provisioning import add_ons, deliveries, line_cancellations
from provisioning.connectors.base import Action
from provisioning.deliveries import Delivery, DeliveryState
from provisioning.vendor_calls import PAUSED
from subscriptions import subscriptions
from subscriptions.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class DeliveryNeedsAction(Event):
    """A delivery waits for a person of the distributor."""

    delivery_id: UUID


@dataclass(frozen=True, slots=True)
class EndNeedsAction(Event):
    """An end waits for a person of the distributor; the buyer need not know."""

    delivery_id: UUID


@dataclass(frozen=True, slots=True)
class DeliveryRefused(Event):
    """The vendor said no for good."""

    delivery_id: UUID


def on_unknown(task: Claimed, note: str) -> None:
    """Asked, and no clear answer came."""
    delivery = deliveries.find(UUID(task.args["delivery"]))
    if delivery.state is not DeliveryState.UNKNOWN:
        deliveries.move(delivery, DeliveryState.UNKNOWN, note)
    _queue(
        "unknown end" if delivery.action == Action.END else "unknown delivery",
        delivery,
        note,
        "It is looked up by itself. Look up now if the customer waits.",
    )


def on_waiting(task: Claimed, note: str) -> None:
    """A vendor that is away is asked for ever; what it keeps waiting becomes a person's business, too (QP4).
    A pause is the distributor's own doing."""
    delivery = deliveries.find(UUID(task.args["delivery"]))
    delivery.note = note
    late = db.session().info["now"] - delivery.created_at > ALARM
    if (
        late
        and note not in (PAUSED, add_ons.WAITS)
        and delivery.state in (DeliveryState.PENDING, DeliveryState.PROCESSING)
    ):
        _queue("late delivery", delivery, note, "It is tried again by itself. Ask the vendor what keeps it.")


def on_parked(task: Claimed, note: str) -> None:
    """Nothing goes on before a person has seen to it. Of a line that is cancelled nobody need be told."""
    delivery = deliveries.find(UUID(task.args["delivery"]))
    if delivery.state is not DeliveryState.NEEDS_ACTION:
        deliveries.move(delivery, DeliveryState.NEEDS_ACTION, note)
    if delivery.action == Action.END:
        suggestion = "Mend the cause, then retry; or end it at the vendor by hand, then resolve."
        _queue("parked end", delivery, note, suggestion)
        publish(EndNeedsAction(delivery.id))
        return
    _queue("parked delivery", delivery, note, "Mend the cause, then retry; or resolve it by hand.")
    if line_cancellations.of_delivery(delivery.id) is not None:
        line_cancellations.go_on_soon(delivery)
    else:
        publish(DeliveryNeedsAction(delivery.id))


REFUND = "The customer has paid: refund the line or agree on something else, then resolve."
LOOK_FIRST = "The vendor may have delivered it all the same: look there first. "


def on_refused(task: Claimed, note: str) -> None:
    """The vendor said no."""
    refused(task, note, REFUND)


def refused(task: Claimed, note: str, suggestion: str) -> None:
    """It will not be delivered, whoever said so: the subscription has failed with it."""
    delivery = deliveries.find(UUID(task.args["delivery"]))
    subscription = (
        db.session().scalars(select(Subscription).where(Subscription.id == delivery.subscription_id)).one()
    )
    deliveries.move(delivery, DeliveryState.REFUSED, note)
    subscriptions.fail(subscription, note)
    if (wish := line_cancellations.of_delivery(delivery.id)) is not None:
        line_cancellations.refused(wish)
    _queue("refused delivery", delivery, note, suggestion)
    publish(DeliveryRefused(delivery.id))


def _queue(kind: str, delivery: Delivery, words: str, suggestion: str) -> None:
    """A delivery waits for one thing at a time: what it waited for before is no longer so."""
    work.close_about(delivery.id, f"It is a {kind} now.", but=kind)
    work.open_item(
        kind,
        about_type="deliveries",
        about_id=delivery.id,
        order_id=delivery.order_id,
        words=words,
        suggestion=suggestion,
    )
