"""What a person may do about a delivery that has stopped: try again, say that it was done, give it up."""

from collections.abc import Sequence
from uuid import UUID

from core import tasks, trail
from core.errors import Refused
from core.languages import _
from core.tasks import TaskState
from provisioning import deliveries, stops
from provisioning.connectors.base import Action, Outcome
from provisioning.fulfilment import DELIVER
from provisioning.stops import LOOK_FIRST, REFUND


class NotGivenUp(Refused):
    """The page would go on to say "ending" for ever."""

    def __init__(self) -> None:
        super().__init__(_("An end is not given up: end it at the vendor by hand, then resolve it here."))


def retry(delivery_id: UUID, *, why: str = "", absent: bool = False) -> None:
    """Tries again now; an unclear earlier attempt is looked up first, whoever asks (QP3). `absent` is a
    person's word, with how they know, that the vendor does not have it: the way on where a vendor cannot
    be looked up."""
    delivery = deliveries.find(delivery_id)
    tasks.retry(tasks.find(delivery.task_id), why=why, absent=absent)


def resolve(delivery_id: UUID, *, external_id: str, licences: Sequence[str], why: str) -> None:
    """A person says that it was done, under which id, and how they know."""
    delivery = deliveries.find(delivery_id)
    if not external_id.strip() or not why.strip():
        raise Refused(_("Name the vendor's id and say how you know that it was delivered."))
    task = tasks.find(delivery.task_id)
    tasks.close(task, TaskState.DONE, why=why)
    if record := tasks.KINDS[task.kind].record:
        record(tasks.by_hand(task), Outcome(external_id.strip(), tuple(licences), note="Confirmed by hand."))
    trail.write(delivery, "resolved by hand", why=why, external_id=external_id)


def refuse(delivery_id: UUID, *, why: str) -> None:
    """A person says that it will not be done."""
    delivery = deliveries.find(delivery_id)
    if delivery.action == Action.END:
        raise NotGivenUp
    if not why.strip():
        raise Refused(_("Say why it will not be delivered."))
    task = tasks.find(delivery.task_id)
    tasks.close(task, TaskState.REFUSED, why=why)
    if task.kind == DELIVER.name:
        stops.refused(tasks.by_hand(task), why, LOOK_FIRST + REFUND if task.intent_open else REFUND)
    else:
        tasks.KINDS[task.kind].on_refused(tasks.by_hand(task), why)
