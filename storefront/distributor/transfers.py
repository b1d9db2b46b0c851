"""Transfers between the resellers, and to the distributor itself: the list, one request with what was asked
of the vendors, the decision where the house takes over, and who is in transition."""

from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from core import db, parties, tasks
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Reseller
from core.tasks import Task, TaskState
from core.tenancy import same_key
from partners import extensions
from partners.extensions import PartnerInTransition
from provisioning import moves, transfer_answers, transfers
from provisioning.transfer_calls import TransferCall
from provisioning.transfers import UNDER_WAY, Transfer, TransferItem, TransferState
from storefront import exports, lists, pages, transfer_views
from storefront.distributor import console, named
from storefront.lists import List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

ROLE = "subscriptions_manager"
pages.saying(
    house_took_over="Accepted. The vendors are asked now; this page says how far it is.",
    house_rejected="Rejected. The reseller reads your reason.",
    move_retried="The vendor is asked again.",
    move_resolved="Noted as moved.",
    move_refused="It stays where it was.",
    transition_begun="From now on it may extend relations of its present customers.",
    transition_ended="Ended. Relations that were extended stay.",
)


@console.get("/transfers")
def transfer_list() -> Response:
    """One line for each request, newest first."""
    with db.transaction():
        page = lists.page(the_list(), transfer_views.statement(~Transfer.incoming))
    return pages.render("distributor/transfers.html", title=_("Transfers"), page=page)


@console.get("/transfers.csv")
def transfer_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), transfer_views.statement(~Transfer.incoming))


def the_list() -> List:
    """What the list is."""
    return transfer_views.the_list(
        "distributor.transfer_list", "distributor.transfer_file", "distributor.transfer_page", both=False
    )


# --- One of them --------------------------------------------------------------------------------------------


@console.get("/transfers/<code>")
def transfer_page(code: str) -> Response:
    """Both sides, steps, what was asked of the vendors, and what a person can do."""
    return show(code)


def show(code: str, refusal: Refusal | None = None, *, reason: str = "") -> Response:
    """The page, with what was refused."""
    with db.transaction():
        leaving = transfers.of_code(code, incoming=False)
        coming = transfers.of_code(code, incoming=True)
        asker, provider = parties.reseller(leaving.reseller_id), parties.reseller(coming.reseller_id)
        values = transfer_views.values_of(leaving, page_of_subscription)
        calls = calls_of(leaving)
    return pages.render(
        "distributor/transfer.html",
        refusal.status if refusal else 200,
        title=code,
        asker=asker,
        provider=provider,
        ours=provider.house,
        calls=calls,
        refresh_seconds=3 if values["moving"] and not any(call["stopped"] for call in calls) else None,
        poll_url=poll_url(leaving),
        may_act=has_role(ROLE),
        problem=str(refusal) if refusal else None,
        reason=reason,
        **values,
    )


@console.get("/transfers/<code>/progress")
def transfer_progress(code: str) -> Response:
    """The live part again."""
    with db.transaction():
        leaving = transfers.of_code(code, incoming=False)
        steps = transfer_views.steps_of(leaving, transfers.items(leaving.id))
    return transfer_views.progress(steps, poll_url(leaving))


def poll_url(leaving: Transfer) -> str | None:
    """Where the page asks how far it is, while it moves."""
    moving = leaving.state is TransferState.MOVING
    return url_for("distributor.transfer_progress", code=leaving.code) if moving else None


def page_of_subscription(code: str) -> str:
    """Where a subscription is shown."""
    return url_for("distributor.subscription_page", code=code)


def calls_of(leaving: Transfer) -> list[dict[str, Any]]:
    """What was asked of the vendors, with what a person can do about it."""
    rows = db.session().execute(
        select(TransferCall, TransferItem, Task)
        .join(TransferItem, same_key(TransferItem.id, TransferCall.item_id))
        .join(Task, same_key(Task.id, TransferCall.task_id))
        .where(TransferItem.transfer_id == leaving.id)
        .order_by(TransferItem.number)
    )
    return [
        {
            "call": call,
            "title": item.product_name,
            "words": transfer_views.ITEM_WORDS[item.state.value],
            "state": transfer_views.BADGES.get(item.state.value, item.state.value),
            "task": task.state.value,
            "attempts": task.attempts,
            "next": moment(task.next_at) if task.state in tasks.OPEN else None,
            "looks_up": task.intent_open,
            "open": item.state in UNDER_WAY and task.state in (*tasks.OPEN, TaskState.PARKED),
            "stopped": task.state is TaskState.PARKED,
        }
        for call, item, task in rows
    ]


def house() -> UUID:
    """The distributor as a provider."""
    return db.session().scalars(select(Reseller.id).where(Reseller.house)).one()


@console.post("/transfers/<code>/accept")
def accept_transfer(code: str) -> Response:
    """The house takes it over."""
    require_role(ROLE)
    try:
        with db.transaction():
            transfer_answers.accept(house(), code, by=f"{visitor().name}, {visitor().standing}")
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal)
    return pages.see("distributor.transfer_page", "house-took-over", code=code)


@console.post("/transfers/<code>/reject")
def reject_transfer(code: str) -> Response:
    """The house does not, and says why."""
    require_role(ROLE)
    reason = request.form.get("reason", "")[: transfers.LONGEST_WORDS]
    try:
        with db.transaction():
            transfer_answers.reject(
                house(), code, reason=reason, by=f"{visitor().name}, {visitor().standing}"
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal, reason=reason)
    return pages.see("distributor.transfer_page", "house-rejected", code=code)


@console.post("/transfers/calls/<call_id>/<act>")
def act_on_move(call_id: str, act: str) -> Response:
    """What a person can do about one subscription on its way: ask again, say that it was moved, or that it
    will not be."""
    require_role(ROLE)
    said = {"retry": "move-retried", "resolve": "move-resolved", "refuse": "move-refused"}.get(act)
    if said is None:
        raise Missing
    known, why = lists.identifier(call_id, "transfer"), request.form.get("why", "")[:1000]
    with db.transaction():
        code = moves.about(known).leaving.code
    try:
        with db.transaction():
            match act:
                case "retry":
                    moves.retry(known, why=why, absent=bool(request.form.get("absent")))
                case "resolve":
                    moves.resolve(known, external_id=request.form.get("external_id", "")[:128], why=why)
                case _:
                    moves.refuse(known, why=why)
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal)
    return pages.see("distributor.transfer_page", said, code=code)


# --- Partners in transition ---------------------------------------------------------------------------------


@console.get("/transfers/transition")
def transition_page() -> Response:
    """Who may extend its relations."""
    return show_transition()


def show_transition(typed: str = "", refusal: Refusal | None = None) -> Response:
    """The page, with the code as it was typed."""
    with db.transaction() as session:
        rows = session.execute(
            select(PartnerInTransition, Reseller)
            .join(Reseller, same_key(Reseller.id, PartnerInTransition.reseller_id))
            .where(PartnerInTransition.ended_at.is_(None))
            .order_by(PartnerInTransition.id.desc())
            .limit(200)
        ).all()
        resellers = named.resellers()
    return pages.render(
        "distributor/transition.html",
        refusal.status if refusal else 200,
        resellers=resellers,
        title=_("Partners in transition"),
        rows=[(reseller, moment(one.since), one.by) for one, reseller in rows],
        typed=typed,
        problem=str(refusal) if refusal else None,
        may_act=has_role(ROLE),
    )


@console.post("/transfers/transition")
def begin_transition() -> Response:
    """The reseller with this code is in transition from now on."""
    require_role(ROLE)
    typed = request.form.get("code", "").strip()[:40]
    try:
        with db.transaction():
            extensions.begin_transition(to_begin(typed), by=visitor().name)
    except Refusal as refusal:
        return show_transition(typed, refusal)
    return pages.see("distributor.transition_page", "transition-begun")


@console.post("/transfers/transition/<code>/end")
def end_transition(code: str) -> Response:
    """It is over."""
    require_role(ROLE)
    with db.transaction():
        extensions.end_transition(of_code(code), by=visitor().name)
    return pages.see("distributor.transition_page", "transition-ended")


def to_begin(typed: str) -> Reseller:
    """Whoever was typed; the house hands nothing over to itself."""
    found = named.reseller(typed)
    if found.house:
        raise Missing("reseller")
    return found


def of_code(code: str) -> Reseller:
    """A reseller by its code; never the house."""
    chosen = select(Reseller).where(Reseller.code == code.upper(), ~Reseller.house)
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("reseller")
    return found
