"""Transfers of the reseller: what it hands over and what it takes over, asking for one, deciding about one,
and with whom it does such things."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import request, url_for
from sqlalchemy import func, or_, select
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.parties import Customer
from partners import extensions
from partners.extensions import PairState
from provisioning import movables, transfer_answers, transfer_requests, transfers
from provisioning.transfer_requests import Asking
from provisioning.transfers import Transfer, TransferState
from storefront import exports, lists, pages, transfer_views
from storefront.lists import List
from storefront.moments import moment
from storefront.reseller import console, customer_list, customers, menu
from storefront.visitors import has_role, require_role, visitor

ROLE = "subscriptions_manager"
SHOWN = 20
PAIRS = Words(
    {"invited": "Invited", "accepted": "Accepted", "declined": "Declined", "ended": "Ended"},
)
pages.saying(
    transfer_asked="Asked. The provider gets a mail and accepts or rejects; until then you can withdraw it.",
    transfer_withdrawn="Withdrawn. Everything in it is yours as before and free for another request.",
    transfer_accepted="Accepted. The vendors are asked now; this page says how far it is.",
    transfer_rejected="Rejected. The other side reads your reason.",
    transfer_invited="Invited. As soon as they accept, they can hand subscriptions over to you.",
    transfer_joined="Accepted. You can choose them when you hand something over.",
    transfer_declined="Declined.",
    transfer_parted="Ended. What is under way goes on.",
)


@contextmanager
def together() -> Generator[None]:
    """A request belongs to two resellers: its acts work as the distributor, in this one place, and every one
    of them says whose half it is."""
    with db.transaction(widened_because="handing over subscriptions"):
        yield


def by() -> str:
    """Who acts, as the other side reads it."""
    return f"{visitor().name}, {visitor().standing}"


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/transfers")
def transfer_list() -> Response:
    """What comes in and what goes out, newest first."""
    with db.transaction():
        page = lists.page(the_list(), transfer_views.statement())
    return pages.render("reseller/transfers.html", title=_("Transfers"), page=page, may_act=has_role(ROLE))


@console.get("/transfers.csv")
def transfer_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), transfer_views.statement())


def the_list() -> List:
    """What the list is."""
    return transfer_views.the_list(
        "reseller.transfer_list", "reseller.transfer_file", "reseller.transfer_page", both=True
    )


# --- A new one ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Typed:
    """The form as it was sent."""

    chosen: list[str] = field(default_factory=list[str])
    provider: str = ""
    consent: bool = False
    extend: bool = False
    words: str = ""


@console.get("/transfers/new")
def new_transfer() -> Response:
    """First the customer, then what of it moves where."""
    code = request.args.get("customer", "")
    return show_form(code, Typed()) if code else choose_customer()


def choose_customer() -> Response:
    """Customers that have something, by a part of their name."""
    query = lists.words()
    with db.transaction() as session:
        chosen = select(Customer).where(Customer.ended_at.is_(None))
        if query:
            chosen = chosen.where(
                or_(
                    Customer.name.icontains(query, autoescape=True),
                    Customer.code == query.upper(),
                )
            )
        found = list(session.scalars(chosen.order_by(Customer.name, Customer.id).limit(SHOWN + 1)))
        active = customer_list.active_subscriptions([each.id for each in found])
        some = session.scalar(select(func.count()).select_from(Customer).limit(1))
    rows = [
        (each.name, each.email, active.get(each.id, 0), url_for("reseller.new_transfer", customer=each.code))
        for each in found[:SHOWN]
    ]
    return pages.render(
        "reseller/transfer_customer.html",
        title=_("Hand over subscriptions"),
        rows=rows,
        wanted=query,
        more=len(found) > SHOWN,
        some=bool(some),
    )


@console.post("/transfers/new")
def ask_transfer() -> Response:
    """The request, or the form as it was filled, with what is wrong."""
    require_role(ROLE)
    code = request.form.get("customer", "")
    typed = Typed(
        request.form.getlist("subscription"),
        request.form.get("provider", ""),
        bool(request.form.get("consent")),
        bool(request.form.get("extend")),
        request.form.get("words", "")[: transfers.LONGEST_WORDS],
    )
    asking = Asking(code, typed.chosen, typed.provider, typed.consent, typed.extend, typed.words)
    try:
        with together():
            made = transfer_requests.ask(menu.reseller_id(), asking, by=by()).code
    except Missing:
        raise
    except Refusal as refusal:
        return show_form(code, typed, refusal)
    return pages.see("reseller.transfer_page", "transfer-asked", code=made)


def show_form(code: str, typed: Typed, refusal: Refusal | None = None) -> Response:
    """The form of one customer: each subscription with the reason where it cannot be moved (M51)."""
    with db.transaction():
        customer = customers.find(code)
        if customer.ended_at is not None:
            raise Missing("customer")
        found = movables.movable(customer.id, reseller_id=menu.reseller_id())
        house = parties.the_distributor().name
        pairs = [
            pair
            for pair in extensions.of_reseller(menu.reseller_id())
            if not pair.takes and pair.state is PairState.ACCEPTED
        ]
        transition = extensions.transition_of(menu.reseller_id())
    return pages.render(
        "reseller/transfer_new.html",
        refusal.status if refusal else 200,
        title=_("Hand over subscriptions"),
        customer=customer,
        rows=[(one, moment(one.subscription.ends_at)) for one in found],
        some=any(one.why_not is None for one in found),
        providers=[("house", house), *((pair.code, pair.other_name) for pair in pairs)],
        transition=moment(transition.since) if transition else None,
        most=transfer_requests.MOST,
        typed=typed,
        problem=str(refusal) if refusal else None,
        may_act=has_role(ROLE),
    )


# --- One of them --------------------------------------------------------------------------------------------


@console.get("/transfers/<code>")
def transfer_page(code: str) -> Response:
    """Steps, items, timeline, and what may be done."""
    return show(code)


def show(code: str, refusal: Refusal | None = None, *, reason: str = "") -> Response:
    """The page, with what was refused."""
    with db.transaction():
        half = transfers.of_code(code)
        customer = parties.customer(half.customer_id) if half.customer_id else None
        values = transfer_views.values_of(half, page_of_subscription)
    return pages.render(
        "reseller/transfer.html",
        refusal.status if refusal else 200,
        title=half.code,
        customer=customer,
        refresh_seconds=3 if values["moving"] else None,
        poll_url=poll_url(half),
        may_act=has_role(ROLE),
        problem=str(refusal) if refusal else None,
        reason=reason,
        **values,
    )


@console.get("/transfers/<code>/progress")
def transfer_progress(code: str) -> Response:
    """The live part again."""
    with db.transaction():
        half = transfers.of_code(code)
        steps = transfer_views.steps_of(half, transfers.items(half.id))
    return transfer_views.progress(steps, poll_url(half))


def poll_url(half: Transfer) -> str | None:
    """Where the page asks how far it is, while it moves."""
    moving = half.state is TransferState.MOVING
    return url_for("reseller.transfer_progress", code=half.code) if moving else None


def page_of_subscription(code: str) -> str:
    """Where a subscription of ours is shown."""
    return url_for("reseller.subscription_page", code=code)


@console.post("/transfers/<code>/accept")
def accept_transfer(code: str) -> Response:
    """We take it over."""
    require_role(ROLE)
    try:
        with together():
            transfer_answers.accept(menu.reseller_id(), code, by=by())
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal)
    return pages.see("reseller.transfer_page", "transfer-accepted", code=code)


@console.post("/transfers/<code>/reject")
def reject_transfer(code: str) -> Response:
    """We do not, and say why."""
    require_role(ROLE)
    reason = request.form.get("reason", "")[: transfers.LONGEST_WORDS]
    try:
        with together():
            transfer_answers.reject(menu.reseller_id(), code, reason=reason, by=by())
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal, reason=reason)
    return pages.see("reseller.transfer_page", "transfer-rejected", code=code)


@console.post("/transfers/<code>/withdraw")
def withdraw_transfer(code: str) -> Response:
    """We take our request back."""
    require_role(ROLE)
    try:
        with together():
            transfer_answers.withdraw(menu.reseller_id(), code, by=by())
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal)
    return pages.see("reseller.transfer_page", "transfer-withdrawn", code=code)


# --- With whom ----------------------------------------------------------------------------------------------


@console.get("/transfers/partners")
def transfer_partners() -> Response:
    """Whom we may hand over to, and who may hand over to us."""
    return show_partners()


def show_partners(typed: str = "", refusal: Refusal | None = None) -> Response:
    """The page, with the code as it was typed."""
    with db.transaction():
        own = parties.reseller(menu.reseller_id())
        house = parties.the_distributor().name
        found = extensions.of_reseller(own.id)
        transition = extensions.transition_of(own.id)
    rows: list[dict[str, Any]] = [
        {
            "pair": pair,
            "words": PAIRS[pair.state.value],
            "invited": moment(pair.invited_at),
            "to_answer": pair.state is PairState.INVITED and not pair.takes,
            "to_end": pair.state is PairState.ACCEPTED or (pair.state is PairState.INVITED and pair.takes),
        }
        for pair in found
    ]
    return pages.render(
        "reseller/transfer_partners.html",
        refusal.status if refusal else 200,
        title=_("Transfer partners"),
        own=own,
        house=house,
        rows=rows,
        transition=moment(transition.since) if transition else None,
        typed=typed,
        problem=str(refusal) if refusal else None,
        may_act=has_role(),
    )


@console.post("/transfers/partners")
def invite_transfer_partner() -> Response:
    """We would take over from the reseller with this code; an administrator's act."""
    require_role("admin")
    typed = request.form.get("code", "").strip()[:40]
    try:
        with together():
            extensions.invite(menu.reseller_id(), typed, by=by())
    except Refusal as refusal:
        return show_partners(typed, refusal)
    return pages.see("reseller.transfer_partners", "transfer-invited")


@console.post("/transfers/partners/<code>/<act>")
def answer_transfer_partner(code: str, act: str) -> Response:
    """Yes or no to an invitation, or the end of it; an administrator's act, too (M24)."""
    require_role("admin")
    said = {"accept": "transfer-joined", "decline": "transfer-declined", "end": "transfer-parted"}.get(act)
    if said is None:
        raise Missing
    try:
        with together():
            if act == "end":
                extensions.part(menu.reseller_id(), code, by=by())
            else:
                extensions.answer(menu.reseller_id(), code, accepts=act == "accept", by=by())
    except Missing:
        raise
    except Refusal as refusal:
        return show_partners(refusal=refusal)
    return pages.see("reseller.transfer_partners", said)
