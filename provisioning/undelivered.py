"""What follows when a line will never be delivered, because its vendor refused it or somebody cancelled it:
the money of the line goes back, once (QP10), by itself or, where the distributor wants to be asked, when a
person says so. A durable task of its own, so that no error here can lose the vendor's answer."""

from dataclasses import dataclass
from uuid import UUID

from billing import refund_policies
from billing.refund_policies import WhenRefused
from billing.refunds import Because, Refund, Way
from checkout import line_refunds
from core import tasks, work
from core.errors import Refused
from core.events import Event, publish
from core.languages import _
from core.tasks import Claimed, Kind, Repeat
from provisioning import add_ons, deliveries, line_cancellations
from provisioning.deliveries import Delivery, DeliveryState

ENDED = (DeliveryState.REFUSED, DeliveryState.CANCELLED)


@dataclass(frozen=True, slots=True)
class NotRefunded(Event):
    """A line will not be delivered, and nothing of it is on its way back: nothing was due, or a person
    decides."""

    delivery_id: UUID


class NotEnded(Refused):
    """Only what will never be delivered is given back this way."""

    def __init__(self) -> None:
        super().__init__(_("This line is still on its way or delivered. Cancel it first."))


def key_of(order_line_id: UUID) -> str:
    """One line that is not delivered, one refund."""
    return f"undelivered:{order_line_id}"


def give_back(delivery_id: UUID, *, by: str = "") -> Refund | None:
    """Gives back what is left of the line, once; None where nothing was due. NotEnded while it may still be
    delivered."""
    delivery = deliveries.find(delivery_id)
    if delivery.state not in ENDED:
        raise NotEnded
    cancelled = delivery.state is DeliveryState.CANCELLED
    refused = (
        "What it extends was not delivered" if delivery.note == add_ons.LEFT else "Refused by the vendor"
    )
    refund = line_refunds.give_back(
        delivery.order_line_id,
        key=key_of(delivery.order_line_id),
        because=Because.CANCELLED if cancelled else Because.REFUSED,
        why="Cancelled before it was delivered" if cancelled else refused,
        by=by,
    )
    work.close_about(delivery.id, _words(refund))
    return refund


def _words(refund: Refund | None) -> str:
    if refund is None:
        return "Nothing was due for it."
    where = {
        Way.CARD: "on the way back to the card",
        Way.ACCOUNT: "off the reseller's account",
        Way.NOTHING: "given back",
    }[refund.way]
    return f"{refund.amount.text} {where}."


def waits_for_a_person(delivery: Delivery) -> bool:
    """Whether the distributor wants to decide about it, or has to look first, because an attempt was open
    when a person refused it; what somebody cancelled always goes back."""
    if delivery.state is DeliveryState.REFUSED and tasks.find(delivery.task_id).intent_open:
        return True
    if delivery.state is DeliveryState.CANCELLED or line_cancellations.of_delivery(delivery.id) is not None:
        return False
    return refund_policies.current().when_refused is WhenRefused.ASK


def _answer(task: Claimed) -> None:
    delivery = deliveries.find(UUID(task.args["delivery_id"]))
    refund = None if waits_for_a_person(delivery) else give_back(delivery.id)
    if refund is None or not refund.amount:  # where the reseller sold it for nothing, the buyer gets nothing
        publish(NotRefunded(delivery.id))


def _on_parked(task: Claimed, note: str) -> None:
    delivery = deliveries.find(UUID(task.args["delivery_id"]))
    work.open_item(
        "refund not begun",
        about_type="deliveries",
        about_id=delivery.id,
        order_id=delivery.order_id,
        words=f"This line will not be delivered, but its money could not be given back by itself. {note}",
        suggestion="Refund the line by hand.",
    )


tasks.register(
    Kind("give_back", Repeat.SAFE, prepare=_answer, alone=True, on_parked=_on_parked, on_refused=_on_parked)
)
