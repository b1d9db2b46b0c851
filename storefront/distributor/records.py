"""What the engine does and what Stripe said: tasks by state, and the webhooks that came in."""

from datetime import timedelta

from flask import request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from billing.stripe_events import StripeEventRow
from checkout.orders import Order
from core import db, tasks
from core.clock import machine_now
from core.errors import Refusal
from core.tasks import Task, TaskState
from provisioning.deliveries import Delivery
from storefront import pages
from storefront.distributor import console, lists
from storefront.moments import moment
from storefront.visitors import require_role

pages.saying(task_retried="The task is due again now.")

OVERDUE = timedelta(minutes=5)
EVENTS = [
    ("", "All"),
    ("waiting", "Not handled"),
    ("handled", "Handled"),
    ("foreign", "About nothing of ours"),
]


# --- Tasks --------------------------------------------------------------------------------------------------


@console.get("/tasks")
def task_list() -> Response:
    """Tasks by state, newest first."""
    return show_tasks()


def show_tasks(status: int = 200, *, problem: str | None = None) -> Response:
    """The list with its tabs: how many are in each state, and the oldest that waits."""
    with db.transaction() as session:
        counts = {
            state: (number, oldest)
            for state, number, oldest in session.execute(
                select(Task.state, func.count(), func.min(Task.next_at)).group_by(Task.state)
            )
        }
        show = lists.chosen(
            "show", [("", "All"), *((state.value, state.value.capitalize()) for state in TaskState)]
        )
        chosen = (
            select(Task, Order.code)
            .outerjoin(
                Delivery, (Delivery.distributor_id == Task.distributor_id) & (Delivery.task_id == Task.id)
            )
            .outerjoin(
                Order, (Order.distributor_id == Delivery.distributor_id) & (Order.id == Delivery.order_id)
            )
        )
        if show.value:
            chosen = chosen.where(Task.state == TaskState(show.value))
        if query := lists.words():
            chosen = chosen.where(
                (Task.kind == query.lower().replace(" ", "_"))
                | (Task.lane == query.lower())
                | (Order.code == query.upper())
            )
        page = lists.newest_first(chosen, Task.id)
        now = machine_now()
    waiting = [oldest for state, (_, oldest) in counts.items() if state in tasks.OPEN]
    tabs = [
        (
            word,
            url_for("distributor.task_list", show=value or None),
            value == show.value,
            counts.get(TaskState(value), (0,))[0] if value else 0,
        )
        for value, word in show.options
    ]
    rows = [task_row(task, code) for task, code in page.rows]
    late = bool(waiting) and min(waiting) < now - OVERDUE
    return pages.render(
        "distributor/tasks.html",
        status,
        title="Tasks",
        page=page,
        rows=rows,
        tabs=tabs,
        show=show.value,
        oldest=moment(min(waiting)) if waiting else None,
        late=late,
        problem=problem,
    )


def task_row(task: Task, order_code: str | None) -> dict[str, object]:
    """A task as the list shows it."""
    waits = task.state in tasks.OPEN
    return {
        "id": task.id,
        "kind": task.kind.replace("_", " "),
        "lane": task.lane,
        "state": task.state,
        "attempts": task.attempts,
        "note": task.note,
        "next": moment(task.next_at) if waits else None,
        "finished": moment(task.finished_at),
        "created": moment(task.created_at),
        "order": order_code,
        "order_url": url_for("distributor.order_page", code=order_code) if order_code else None,
        "retryable": task.state in (*tasks.OPEN, TaskState.PARKED),
        "looks_up": task.intent_open,
    }


@console.post("/tasks/<task_id>/retry")
def retry_task(task_id: str) -> Response:
    """Due again now."""
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            tasks.retry(tasks.find(lists.identifier(task_id, "task")), why="asked for in the console")
    except Refusal as refusal:
        return show_tasks(refusal.status, problem=str(refusal))
    return pages.see("distributor.task_list", "task-retried", show=request.form.get("show") or None)


# --- Webhooks that came in ----------------------------------------------------------------------------------


@console.get("/webhooks")
def event_list() -> Response:
    """Events as Stripe sent them, and what was made of each."""
    show = lists.chosen("show", EVENTS)
    chosen = select(StripeEventRow)
    match show.value:
        case "waiting":
            chosen = chosen.where(
                StripeEventRow.handled_at.is_(None),
                StripeEventRow.session_id.is_not(None) | StripeEventRow.attempt_id.is_not(None),
            )
        case "handled":
            chosen = chosen.where(StripeEventRow.handled_at.is_not(None))
        case "foreign":
            chosen = chosen.where(StripeEventRow.session_id.is_(None), StripeEventRow.attempt_id.is_(None))
    if query := lists.words():
        chosen = chosen.where(
            (StripeEventRow.event_id == query)
            | (StripeEventRow.session_id == query)
            | (StripeEventRow.type == query)
        )
    with db.transaction():
        page = lists.newest_first(chosen, StripeEventRow.id)
    rows = [event_row(row[0]) for row in page.rows]
    tabs = [
        (word, url_for("distributor.event_list", show=value or None), value == show.value)
        for value, word in EVENTS
    ]
    return pages.render(
        "distributor/events.html", title="Webhooks", page=page, rows=rows, tabs=tabs, show=show.value
    )


def event_row(event: StripeEventRow) -> dict[str, object]:
    """An event as the list shows it."""
    concerns_us = bool(event.session_id or event.attempt_id)
    return {
        "event": event.event_id,
        "type": event.type,
        "session": event.session_id or "",
        "received": moment(event.received_at),
        "handled": moment(event.handled_at),
        "outcome": event.outcome
        or ("waiting for its task" if concerns_us else "stored only: it speaks of no payment page"),
        "state": "done" if event.handled_at else "pending" if concerns_us else "closed",
    }
