"""The work queue: who waits for what, oldest first; why it stopped, the suggested act, and the acts in place.
When one is done, the next comes up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from checkout.orders import Order
from core import db, tasks, work
from core.clock import machine_now
from core.errors import Refusal
from core.parties import Customer, Reseller
from core.tasks import Task, TaskState
from core.work import WorkItem
from provisioning import fulfilment
from provisioning.connectors.base import Action
from provisioning.deliveries import WITHDRAW, Delivery
from storefront import lists, pages, refund_views
from storefront.distributor import console
from storefront.distributor.forms import Reason
from storefront.distributor.order_page import acts_of, offer_of
from storefront.moments import Moment, moment
from storefront.visitors import require_role

MOST = 100
pages.saying(closed="Closed; the reason is in the trail.", retried_all="The chosen ones are due again now.")


@dataclass(frozen=True, slots=True)
class Item:
    """A work item with whom it concerns and what may be done in place."""

    id: UUID
    kind: str
    words: str
    suggestion: str
    since: Moment | None
    order: str | None
    order_url: str | None
    who: str
    delivery_id: UUID | None
    looks_up: bool
    ending: bool
    retryable: bool
    withdraws: bool
    url: str


@console.get("/work")
def work_queue() -> Response:
    """The queue, with one item opened."""
    return show(request.args.get("item"))


def show(
    chosen: str | None = None,
    status: int = 200,
    *,
    problem: str | None = None,
    form: Reason | None = None,
    ticked: Sequence[str] = (),
) -> Response:
    """The page; `chosen` is the opened item, the oldest when it is not there (any more)."""
    with db.transaction():
        items = waiting()
        closed = recently_closed()
        parked = (
            db.session().scalar(
                select(func.count())
                .select_from(Task)
                .where(Task.state == TaskState.PARKED, Task.kind.not_in(("deliver", "withdraw")))
            )
            or 0
        )
        checked = moment(machine_now())
        opened = next((item for item in items if str(item.id) == chosen), items[0] if items else None)
        offer = offer_of(opened.delivery_id) if opened and opened.delivery_id else None
    return pages.render(
        "distributor/work.html",
        status,
        title="Work queue",
        items=items[:MOST],
        count=f"{MOST} of more" if len(items) > MOST else str(len(items)),
        opened=opened,
        offer=offer,
        bearer=refund_views.BEARERS[offer.fee_borne_by] if offer else "",
        forms=acts_of(opened.delivery_id, False, None) if opened and opened.delivery_id else None,
        close_form=form or Reason(prefix="close-"),
        closed=closed,
        parked=parked,
        checked=checked,
        problem=problem,
        ticked=ticked,
    )


def waiting() -> list[Item]:
    """Open items, oldest first, one more than is shown."""
    rows = db.session().execute(
        select(WorkItem, Order, Reseller, Customer, Delivery, Task)
        .outerjoin(Order, (Order.distributor_id == WorkItem.distributor_id) & (Order.id == WorkItem.order_id))
        .outerjoin(
            Reseller, (Reseller.distributor_id == Order.distributor_id) & (Reseller.id == Order.reseller_id)
        )
        .outerjoin(
            Customer, (Customer.distributor_id == Order.distributor_id) & (Customer.id == Order.customer_id)
        )
        .outerjoin(
            Delivery,
            (Delivery.distributor_id == WorkItem.distributor_id) & (Delivery.id == WorkItem.about_id),
        )
        .outerjoin(Task, (Task.distributor_id == Delivery.distributor_id) & (Task.id == Delivery.task_id))
        .where(WorkItem.closed_at.is_(None))
        .order_by(WorkItem.opened_at, WorkItem.id)
        .limit(MOST + 1)
    )
    return [_item(*row) for row in rows]


def _item(
    item: WorkItem,
    order: Order | None,
    reseller: Reseller | None,
    customer: Customer | None,
    delivery: Delivery | None,
    task: Task | None,
) -> Item:
    who = (
        f"{customer.name}, through {reseller.name}"
        if customer and reseller
        else reseller.name
        if reseller
        else "–"
    )
    return Item(
        id=item.id,
        kind=item.kind[:1].upper() + item.kind[1:],
        words=item.words,
        suggestion=item.suggestion,
        since=moment(item.opened_at),
        order=order.code if order else None,
        order_url=url_for("distributor.order_page", code=order.code) if order else None,
        who=who,
        delivery_id=delivery.id if delivery else None,
        looks_up=bool(task and task.intent_open),
        ending=bool(delivery and delivery.action == Action.END),
        retryable=bool(task and task.state in (*tasks.OPEN, TaskState.PARKED)),
        withdraws=bool(delivery and delivery.action == WITHDRAW),
        url=url_for("distributor.work_queue", item=item.id),
    )


def recently_closed() -> list[tuple[str, str, Moment | None]]:
    """The last ten that were settled: what, how, when."""
    rows = db.session().scalars(
        select(WorkItem).where(WorkItem.closed_at.is_not(None)).order_by(WorkItem.closed_at.desc()).limit(10)
    )
    return [(row.kind, row.closed_because, moment(row.closed_at)) for row in rows]


@console.post("/work/<item_id>/close")
def close(item_id: str) -> Response:
    """A person says that it is settled, and why."""
    require_role("subscriptions_manager")
    form = Reason(request.form, prefix="close-")
    if not form.validate():
        return show(item_id, 422, form=form)
    try:
        with db.transaction():
            work.resolve(lists.identifier(item_id, "work item"), form.why.data or "")
    except Refusal as refusal:
        return show(item_id, refusal.status, problem=str(refusal), form=form)
    return pages.see("distributor.work_queue", "closed")


@console.post("/work/retry")
def retry_chosen() -> Response:
    """Bulk retry: each by itself, so that one refusal holds up no other."""
    require_role("subscriptions_manager")
    ticked = request.form.getlist("item")
    refused = retry_all(ticked) if ticked else ["Choose at least one item first."]
    if refused:
        return show(None, 409 if ticked else 422, problem=" ".join(refused), ticked=ticked)
    return pages.see("distributor.work_queue", "retried-all")


def retry_all(item_ids: Sequence[str]) -> list[str]:
    """Retries the deliveries behind some items; says in words which were refused."""
    refused: list[str] = []
    known = [lists.identifier(item_id, "work item") for item_id in item_ids[:MOST]]
    with db.transaction() as session:
        items: Sequence[Any] = session.scalars(
            select(WorkItem).where(WorkItem.id.in_(known), WorkItem.closed_at.is_(None))
        ).all()
        for item in items:
            if item.about_type != "deliveries":
                refused.append(f"“{item.kind}” cannot be retried: {item.suggestion}")
                continue
            try:
                with db.savepoint():
                    fulfilment.retry(item.about_id, why="bulk retry from the work queue")
            except Refusal as refusal:
                refused.append(f"{item.kind}: {refusal}")
    return refused
