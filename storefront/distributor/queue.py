"""The work queue: who waits for what, oldest first; why it stopped, the suggested act, and the acts in place.
When one is done, the next comes up."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from core import db, work
from core.clock import machine_now
from core.errors import Refusal
from core.languages import _
from core.tasks import Task, TaskState
from core.work import WorkItem
from provisioning import resolutions
from storefront import exports, lists, pages, refund_views
from storefront.distributor import console, work_list
from storefront.distributor.forms import Reason
from storefront.distributor.order_page import acts_of, offer_of
from storefront.moments import moment
from storefront.visitors import require_role

MOST = 200  # items that are retried at once: the longest page
pages.saying(closed="Closed; the reason is in the trail.", retried_all="The chosen ones are due again now.")


@console.get("/work")
def work_queue() -> Response:
    """The queue, with one item opened."""
    return show(request.args.get("item"))


@console.get("/work.csv")
def work_file() -> Response:
    """The list that is shown, as a file."""
    show = work_list.which()
    with db.transaction():
        return exports.answer(work_list.the_list(show), work_list.items(show))


def show(
    chosen: str | None = None,
    status: int = 200,
    *,
    problem: str | None = None,
    form: Reason | None = None,
    ticked: Sequence[str] = (),
) -> Response:
    """The page; `chosen` is the opened item, the first when it is not there (any more)."""
    view = work_list.which()
    with db.transaction() as session:
        page = lists.page(work_list.the_list(view), work_list.items(view))
        count = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.closed_at.is_(None)))
        parked = (
            session.scalar(
                select(func.count())
                .select_from(Task)
                .where(Task.state == TaskState.PARKED, Task.kind.not_in(("deliver", "withdraw")))
            )
            or 0
        )
        checked = moment(machine_now())
        opened = work_list.opened(page.rows, chosen) if not view else None
        offer = offer_of(opened.delivery_id) if opened and opened.delivery_id else None
    tabs = [
        (word, url_for("distributor.work_queue", show=value or None), value == view)
        for value, word in work_list.SHOWS.items()
    ]
    return pages.render(
        "distributor/work.html",
        status,
        title=_("Work queue"),
        page=page,
        tabs=tabs,
        show=view,
        paged=request.method == "GET",
        count=count,
        opened=opened,
        offer=offer,
        bearer=refund_views.BEARERS[offer.fee_borne_by] if offer else "",
        forms=acts_of(opened.delivery_id, False, None) if opened and opened.delivery_id else None,
        close_form=form or Reason(prefix="close-"),
        parked=parked,
        checked=checked,
        problem=problem,
        ticked=ticked,
    )


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
    refused = retry_all(ticked) if ticked else [_("Choose at least one item first.")]
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
                refused.append(
                    _(
                        "“%(kind)s” cannot be retried: %(suggestion)s",
                        kind=item.kind,
                        suggestion=item.suggestion,
                    )
                )
                continue
            try:
                with db.savepoint():
                    resolutions.retry(item.about_id, why="bulk retry from the work queue")
            except Refusal as refusal:
                refused.append(f"{item.kind}: {refusal}")
    return refused
