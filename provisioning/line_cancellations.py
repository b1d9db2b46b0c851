"""Cancelling a line while it is being delivered (QP9). What was never sent is never bought; while an attempt
is open its outcome comes first: absent at the vendor, it is never bought; bought after all, it is ended there
(provisioning/withdrawals.py). Only then is the money given back: nothing is ever refunded and active."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, states, tasks, trail, work
from core.errors import Missing, Refused
from core.events import Event, publish
from core.ids import new_id
from core.languages import _
from core.tasks import Claimed, Kind, Repeat, Task, TaskState
from core.tenancy import Access, CustomerOwned, owned_by
from provisioning import deliveries, restorations
from provisioning.connectors.base import Action, Outcome
from provisioning.deliveries import WITHDRAW, Delivery, DeliveryState, VendorRecord
from subscriptions import subscriptions
from subscriptions.subscriptions import SubscriptionState

KEYS = "licence keys"  # in a vendor record: what was issued of something that is to be ended


class LineCancellationState(StrEnum):
    """ASKED: the outcome of an open attempt comes first. WITHDRAWING: the vendor has it and is asked to end
    it. STANDS: the vendor does not end it, so it is delivered and paid."""

    ASKED = "asked"
    NEVER_BOUGHT = "never_bought"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"
    STANDS = "stands"


class LineCancellation(CustomerOwned, db.Model):
    """Somebody's wish not to have what is being delivered, and what became of it."""

    __tablename__ = "line_cancellations"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        owned_by("deliveries", "delivery_id"),
        UniqueConstraint("distributor_id", "delivery_id"),
        Index("ix_line_cancellations_order", "distributor_id", "order_id"),
    )
    LIFE = states.Transitions(
        {
            LineCancellationState.ASKED: [
                LineCancellationState.NEVER_BOUGHT,
                LineCancellationState.WITHDRAWING,
            ],
            LineCancellationState.WITHDRAWING: [
                LineCancellationState.WITHDRAWN,
                LineCancellationState.STANDS,
            ],
            LineCancellationState.NEVER_BOUGHT: [],
            LineCancellationState.WITHDRAWN: [],
            LineCancellationState.STANDS: [],
        },
        first=LineCancellationState.ASKED,
    )

    order_id: Mapped[UUID]
    delivery_id: Mapped[UUID]
    state: Mapped[LineCancellationState]
    asked_by: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class DeliveryCancelled(Event):
    """The vendor has nothing of it, or nothing any more."""

    delivery_id: UUID


class TooLateToCancel(Refused):
    """What is delivered, refused or cancelled already cannot be cancelled on its way."""

    def __init__(self, state: DeliveryState) -> None:
        words = {
            DeliveryState.SUCCESS: "It is delivered already, so there is nothing on its way to cancel.",
            DeliveryState.REFUSED: "The vendor refused it; nothing is on its way.",
        }
        super().__init__(words.get(state, _("It is cancelled already.")))


def of_delivery(delivery_id: UUID) -> LineCancellation | None:
    """The wish to cancel a delivery, if there is one."""
    return db.session().scalar(select(LineCancellation).where(LineCancellation.delivery_id == delivery_id))


def of_order(order_id: UUID) -> dict[UUID, LineCancellation]:
    """Delivery -> its cancellation."""
    rows = db.session().scalars(select(LineCancellation).where(LineCancellation.order_id == order_id))
    return {row.delivery_id: row for row in rows}


def ask(delivery_id: UUID, *, by: str, why: str = "") -> LineCancellation:
    """Somebody does not want it any more; asking twice is asking once. Works as the distributor ("cancelling
    a delivery"). Holds the delivery's task, so that a worker decides before or after, never meanwhile.

    Raises TooLateToCancel."""
    delivery = deliveries.find(delivery_id)
    if delivery.action != Action.PROVISION:
        raise Missing("delivery")
    task = _held(delivery)
    if (already := of_delivery(delivery.id)) is not None:
        return already
    if delivery.state not in (
        DeliveryState.PENDING,
        DeliveryState.PROCESSING,
        DeliveryState.UNKNOWN,
        DeliveryState.NEEDS_ACTION,
    ):
        raise TooLateToCancel(delivery.state)
    wish = db.add(
        LineCancellation(
            reseller_id=delivery.reseller_id,
            customer_id=delivery.customer_id,
            order_id=delivery.order_id,
            delivery_id=delivery.id,
            state=LineCancellationState.ASKED,
            asked_by=by,
            why=why,
            asked_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(delivery, "cancellation asked for", why=why, by=by)
    _go_on(wish, delivery, task)
    if task.intent_open and _idle(task):
        tasks.retry(task, why="It is cancelled: what became of the open attempt is looked up.")
    return wish


def _held(delivery: Delivery) -> Task:
    task = tasks.find(delivery.task_id)
    db.session().refresh(task, with_for_update=True)
    db.session().refresh(delivery)
    return task


def _idle(task: Task) -> bool:
    """Whether no worker has it in hand."""
    leased = task.leased_until is not None and task.leased_until > db.session().info["now"]
    return task.state in (*tasks.OPEN, TaskState.PARKED) and not leased


def _go_on(wish: LineCancellation, delivery: Delivery, task: Task) -> None:
    """Ends at once what is not under way: nothing of it is at the vendor."""
    if wish.state is LineCancellationState.ASKED and not task.intent_open and _idle(task):
        tasks.close(task, TaskState.DONE, why="Cancelled before anything was bought.")
        never_bought(wish, delivery)


def never_bought(wish: LineCancellation, delivery: Delivery) -> None:
    """The vendor has nothing of it, and never will: no attempt is open. The caller sees to the task."""
    words = "Cancelled. Nothing was bought."
    _settle(wish, LineCancellationState.NEVER_BOUGHT)
    deliveries.move(delivery, DeliveryState.CANCELLED, words)
    subscriptions.give_up(subscriptions.by_line(delivery.order_line_id), words)
    work.close_about(delivery.id, words)
    publish(DeliveryCancelled(delivery.id))


def refused(wish: LineCancellation) -> None:
    """The vendor refused it by itself: nothing is there to be ended."""
    if wish.state is LineCancellationState.ASKED:
        _settle(wish, LineCancellationState.NEVER_BOUGHT)


def bought(delivery: Delivery, outcome: Outcome, *, connector: str, wish: LineCancellation | None) -> None:
    """The vendor has it although nobody wants it any more: it is ended there by a delivery of its own. Also
    where the answer comes so late that the line was refused or cancelled meanwhile; then there may be no
    wish."""
    if deliveries.of_line(delivery.order_line_id, WITHDRAW) is not None:
        return
    now = db.session().info["now"]
    details = {str(key): str(value) for key, value in outcome.details.items()}
    details |= {KEYS: "\n".join(outcome.licences)} if outcome.licences else {}
    db.add(VendorRecord(delivery_id=delivery.id, external_id=outcome.external_id, details=details))
    if delivery.state not in (DeliveryState.REFUSED, DeliveryState.CANCELLED):
        deliveries.move(delivery, DeliveryState.WITHDRAWING, "Cancelled; the vendor is asked to end it.")
        work.close_about(delivery.id, "The vendor has it; it is being ended there.")
    if wish is not None and wish.state is LineCancellationState.ASKED:
        states.move(wish, LineCancellationState.WITHDRAWING)
    end_id = new_id()
    task = tasks.row(
        "withdraw", {"delivery": str(end_id)}, key=f"withdraw:{delivery.order_line_id}", lane=connector
    )
    tasks.add_rows([task])
    db.add(
        Delivery(
            id=end_id, reseller_id=delivery.reseller_id, customer_id=delivery.customer_id,
            order_id=delivery.order_id, order_line_id=delivery.order_line_id,
            subscription_id=delivery.subscription_id, fund_id=None, task_id=task["id"],
            reference=restorations.reference_of(delivery.order_line_id, WITHDRAW),
            action=WITHDRAW, state=DeliveryState.PENDING, created_at=now, changed_at=now,
        )
    )  # fmt: skip
    db.flush()


def ended(delivery: Delivery) -> None:
    """The vendor ended what was bought after all."""
    wish, words = of_delivery(delivery.id), "Cancelled. The vendor has ended it."
    if delivery.state is not DeliveryState.WITHDRAWING:
        return  # an answer that came after the line was refused or cancelled: nothing of ours ran
    if wish is not None:
        _settle(wish, LineCancellationState.WITHDRAWN)
    deliveries.move(delivery, DeliveryState.CANCELLED, words)
    subscriptions.give_up(subscriptions.by_line(delivery.order_line_id), words)
    publish(DeliveryCancelled(delivery.id))


def stands(delivery: Delivery, record: Mapping[str, Any], why: str) -> bool:
    """The vendor does not end it: then it is delivered, runs, and stays paid. False where the line was given
    back already, so that it may not run."""
    subscription = subscriptions.by_line(delivery.order_line_id)
    if delivery.state is not DeliveryState.WITHDRAWING or subscription.state is not SubscriptionState.PENDING:
        return False
    if (wish := of_delivery(delivery.id)) is not None:
        _settle(wish, LineCancellationState.STANDS)
    delivery.delivered_at = db.session().info["now"]
    deliveries.move(delivery, DeliveryState.SUCCESS, f"It could not be cancelled any more: {why}")
    subscriptions.issue_licences(subscription, tuple(str(record.get(KEYS, "")).split("\n")))
    subscriptions.activate(subscription)
    return True


def _settle(wish: LineCancellation, to: LineCancellationState) -> None:
    states.move(wish, to)
    wish.settled_at = db.session().info["now"]


# --- A delivery that parks while somebody wants it cancelled ------------------------------------------------


def go_on(delivery_id: UUID) -> None:
    """After the worker has parked the task: where nothing is open at the vendor, that is the end of it."""
    delivery = deliveries.find(delivery_id)
    task = _held(delivery)
    if (wish := of_delivery(delivery.id)) is not None:
        _go_on(wish, delivery, task)


def go_on_soon(delivery: Delivery) -> None:
    """Looks again once this transaction, which parks the task, has ended."""
    tasks.add("cancel_parked", {"delivery": str(delivery.id)})


def _cancel_parked(task: Claimed) -> None:
    go_on(UUID(task.args["delivery"]))


tasks.register(Kind("cancel_parked", Repeat.SAFE, prepare=_cancel_parked))
