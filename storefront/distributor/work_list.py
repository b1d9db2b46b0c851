"""What the work queue lists: what waits, oldest first, and what was settled, newest first; both found,
filtered, paged and exported like every other list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, or_, select

from checkout.orders import Order
from core import tasks
from core.languages import Words, _
from core.parties import Customer, Reseller
from core.tasks import Task, TaskState
from core.tenancy import same_key
from core.work import WorkItem
from provisioning.connectors.base import Action
from provisioning.deliveries import WITHDRAW, Delivery
from storefront import lists
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import Moment, moment

SHOWS = Words({"": "Waiting", "settled": "Settled"})
Rows = Select[WorkItem, Order, Reseller, Customer, Delivery, Task]


@dataclass(frozen=True, slots=True)
class Item:
    """A work item with whom it concerns and what may be done in place."""

    id: UUID
    kind: str
    words: str
    suggestion: str
    since: Moment | None
    settled: Moment | None
    because: str
    order: str | None
    order_url: str | None
    who: str
    delivery_id: UUID | None
    looks_up: bool
    ending: bool
    retryable: bool
    withdraws: bool
    url: str


def which() -> str:
    """Which of the two is asked for."""
    return lists.at_most(SHOWS.options(), request.args.get("show", ""))


def the_list(show: str = "") -> List:
    """What the list is; two columns are of the waiting, two of the settled."""
    shared = [
        Column("what", _("What"), lambda row: row.kind),
        Column("order", _("Order"), lambda row: row.order, only_file=True),
        Column("why", _("Why it stopped"), lambda row: row.words),
        Column("suggested", _("Suggested"), lambda row: row.suggestion, only_file=True),
        Column("who", _("For"), lambda row: row.who),
        Column("since", _("Since"), lambda row: row.since, WorkItem.opened_at),
    ]
    choose = Column("choose", _("Choose"), kind="choose")
    settled = [
        Column("how", _("How it was settled"), lambda row: row.because),
        Column("settled", _("Settled"), lambda row: row.settled, lists.first_if_empty(WorkItem.closed_at)),
    ]
    return List(
        _("Work queue") if not show else _("Settled work"),
        "distributor.work_queue",
        [*shared, *settled] if show else [choose, *shared],
        WorkItem.id,
        lambda found: [item_of(*row) for row in found],
        "-settled" if show else "since",
        search=found_by,
        filters=[Days("since", _("Since"), WorkItem.opened_at)],
        export="distributor.work_file",
        kept=("show",),
    )


def items(show: str = "") -> Rows:
    """Work items with what they are about."""
    return (
        select(WorkItem, Order, Reseller, Customer, Delivery, Task)
        .outerjoin(Order, same_key(Order.id, WorkItem.order_id))
        .outerjoin(Reseller, same_key(Reseller.id, Order.reseller_id))
        .outerjoin(Customer, same_key(Customer.id, Order.customer_id))
        .outerjoin(Delivery, same_key(Delivery.id, WorkItem.about_id))
        .outerjoin(Task, same_key(Task.id, Delivery.task_id))
        .where(WorkItem.closed_at.is_not(None) if show else WorkItem.closed_at.is_(None))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """What it is, why it stopped, whom it concerns, by a part; an order by its code."""
    return or_(
        *(
            column.icontains(query, autoescape=True)
            for column in (WorkItem.kind, WorkItem.words, Customer.name, Reseller.name)
        ),
        Order.code == query.upper(),
    )


def item_of(
    item: WorkItem,
    order: Order | None,
    reseller: Reseller | None,
    customer: Customer | None,
    delivery: Delivery | None,
    task: Task | None,
) -> Item:
    """One row."""
    who = (
        _("%(customer)s, through %(reseller)s", customer=customer.name, reseller=reseller.name)
        if customer and reseller
        else reseller and reseller.name
    )
    here: dict[str, Any] = {name: value for name, value in request.args.items() if name != "said"}
    return Item(
        id=item.id,
        kind=_(item.kind[:1].upper() + item.kind[1:]),
        words=_(item.words),
        suggestion=_(item.suggestion),
        since=moment(item.opened_at),
        settled=moment(item.closed_at),
        because=item.closed_because,
        order=order.code if order else None,
        order_url=url_for("distributor.order_page", code=order.code) if order else None,
        who=who or "–",
        delivery_id=delivery.id if delivery else None,
        looks_up=bool(task and task.intent_open),
        ending=bool(delivery and delivery.action == Action.END),
        retryable=bool(task and task.state in (*tasks.OPEN, TaskState.PARKED)),
        withdraws=bool(delivery and delivery.action == WITHDRAW),
        url=url_for("distributor.work_queue", **{**here, "item": item.id}),
    )


def opened(rows: Sequence[Item], chosen: str | None) -> Item | None:
    """The chosen one, or the first when it is not there (any more)."""
    return next((item for item in rows if str(item.id) == chosen), rows[0] if rows else None)
