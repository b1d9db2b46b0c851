"""What the engine does and what Stripe said: tasks by state, and the webhooks that came in."""

from collections.abc import Sequence
from datetime import timedelta
from operator import itemgetter
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, func, or_, select
from werkzeug.wrappers import Response

from billing.stripe_events import StripeEventRow
from checkout.orders import Order
from core import db, tasks
from core.clock import machine_now
from core.errors import Refusal
from core.languages import Words, _
from core.tasks import Task, TaskState
from core.tenancy import same_key
from provisioning.deliveries import Delivery
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import require_role

pages.saying(task_retried="The task is due again now.")

OVERDUE = timedelta(minutes=5)
ABOUT = Words({"mails": "Mails", "deliveries": "Deliveries", "others": "Everything else"})
EVENTS = Words({"waiting": "Not handled", "handled": "Handled", "foreign": "About nothing of ours"})


# --- Tasks --------------------------------------------------------------------------------------------------


@console.get("/tasks")
def task_list() -> Response:
    """Tasks by state, newest first."""
    return show_tasks()


@console.get("/tasks.csv")
def task_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_tasks(), select(Task))


def show_tasks(status: int = 200, *, problem: str | None = None) -> Response:
    """The list, and the oldest that waits."""
    with db.transaction() as session:
        page = lists.page(the_tasks(), select(Task))
        oldest = session.scalar(select(func.min(Task.next_at)).where(Task.state.in_(tasks.OPEN)))
        now = machine_now()
    return pages.render(
        "distributor/tasks.html",
        status,
        title=_("Tasks"),
        page=page,
        show=page.show,
        oldest=moment(oldest),
        late=oldest is not None and oldest < now - OVERDUE,
        problem=problem,
    )


def the_tasks() -> List:
    """What the list is. Mails and deliveries are tasks too; "About" tells them apart."""
    return List(
        _("Tasks"),
        "distributor.task_list",
        [
            Column("task", _("Task"), itemgetter("kind"), Task.kind),
            Column("order", _("Order"), itemgetter("order"), only_file=True),
            Column("lane", _("Lane"), itemgetter("lane"), only_file=True),
            Column("state", _("State"), itemgetter("state")),
            Column("attempts", _("Attempts"), itemgetter("attempts"), Task.attempts),
            Column("next", _("Next try"), itemgetter("next"), Task.next_at),
            Column("created", _("Written"), itemgetter("created"), Task.id, only_file=True),
            Column("finished", _("Ended"), itemgetter("finished"), only_file=True),
            Column("note", _("What was said"), itemgetter("note")),
            Column("acts", _("Acts"), kind="acts"),
        ],
        Task.id,
        rows_of,
        "-created",
        search=lambda query: or_(
            Task.kind == query.lower().replace(" ", "_"),
            Task.lane == query.lower(),
            Task.id.in_(
                select(Delivery.task_id)
                .join(Order, same_key(Order.id, Delivery.order_id))
                .where(Order.code == query.upper())
            ),
        ),
        views=lists.Choice(
            "show",
            _("View"),
            lists.states(TaskState),
            lambda word: Task.state == TaskState(word),
            any_word=_("All"),
        ),
        filters=[
            lists.Choice("about", _("About"), ABOUT.options(), is_about, _("Everything")),
            Days("written", _("Written"), Task.created_at),
        ],
        export="distributor.task_file",
    )


def rows_of(found: Sequence[tuple[Task]]) -> list[dict[str, object]]:
    """Tasks as the list shows them, those of a delivery with the code of its order."""
    about = {task.id: UUID(task.args["delivery"]) for (task,) in found if "delivery" in task.args}
    chosen = (
        select(Delivery.id, Order.code)
        .join(Order, same_key(Order.id, Delivery.order_id))
        .where(Delivery.id.in_(set(about.values())))
    )
    codes = {delivery_id: code for delivery_id, code in db.session().execute(chosen)}
    return [task_row(task, codes.get(about[task.id]) if task.id in about else None) for (task,) in found]


def is_about(word: str) -> ColumnElement[bool]:
    """What a task does."""
    mails, deliveries = Task.kind.startswith("mail_"), Task.kind == "deliver"
    return mails if word == "mails" else deliveries if word == "deliveries" else ~(mails | deliveries)


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
    with db.transaction():
        page = lists.page(the_events(), select(StripeEventRow))
    return pages.render("distributor/events.html", title=_("Webhooks"), page=page)


@console.get("/webhooks.csv")
def event_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_events(), select(StripeEventRow))


def the_events() -> List:
    """What the list is."""
    return List(
        _("Webhooks"),
        "distributor.event_list",
        [
            Column("event", _("Event"), itemgetter("type"), StripeEventRow.type),
            Column("id", _("Event id"), itemgetter("event"), only_file=True),
            Column("outcome", _("Outcome"), itemgetter("outcome")),
            Column("session", _("Session"), itemgetter("session")),
            Column("received", _("Received"), itemgetter("received"), StripeEventRow.id),
            Column("handled", _("Handled"), itemgetter("handled")),
        ],
        StripeEventRow.id,
        lambda found: [event_row(row[0]) for row in found],
        "-received",
        search=lambda query: or_(
            StripeEventRow.event_id == query, StripeEventRow.session_id == query, StripeEventRow.type == query
        ),
        views=lists.Choice("show", _("View"), EVENTS.options(), was_made, any_word=_("All")),
        filters=[Days("received", _("Received"), StripeEventRow.received_at)],
        export="distributor.event_file",
    )


def was_made(word: str) -> ColumnElement[bool]:
    """What became of an event."""
    ours = StripeEventRow.session_id.is_not(None) | StripeEventRow.attempt_id.is_not(None)
    if word == "handled":
        return StripeEventRow.handled_at.is_not(None)
    return ~ours if word == "foreign" else ours & StripeEventRow.handled_at.is_(None)


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
        or (_("waiting for its task") if concerns_us else _("stored only: it speaks of no payment page")),
        "state": "done" if event.handled_at else "pending" if concerns_us else "closed",
    }
