"""Transfers as both consoles show them: the list, the steps of one, its items, its timeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import ColumnElement, exists, func, or_, select
from werkzeug.wrappers import Response

from core import db
from core.languages import Words, _
from core.tenancy import same_key
from provisioning import transfers
from provisioning.transfers import ItemState, Transfer, TransferItem, TransferState
from storefront import pages, timelines, units
from storefront.filters import Choice, Days
from storefront.lists import Column, List
from storefront.moments import Moment, moment
from storefront.steps import Step
from subscriptions.subscriptions import SHOWN, Subscription
from whitelabel_themes.loader import base

WORDS = Words(
    {
        "asked": "Waits for the provider",
        "withdrawn": "Withdrawn",
        "rejected": "Rejected",
        "moving": "Being moved",
        "done": "Moved",
        "partly": "Partly moved",
        "failed": "Nothing moved",
    }
)
ITEM_WORDS = Words(
    {
        "asked": "Asked for",
        "dropped": "Stays",
        "moving": "Being moved",
        "unknown": "Being checked",
        "needs_action": "Waits for a person",
        "moved": "Moved",
        "refused": "Stays: refused by the vendor",
    }
)
WAYS = Words({"in": "Incoming", "out": "Outgoing"})
BADGES = {"moved": "done", "dropped": "void"}
"""An item's state -> whose badge it has, where the word means something else elsewhere."""


# --- The list -----------------------------------------------------------------------------------------------


def the_list(endpoint: str, export: str, page: str, *, both: bool) -> List:
    """The list of a console. `both`: the reseller's, with what comes in and what goes out; else one line for
    each request."""
    ways = Choice("show", _("View"), WAYS.options(), is_way, any_word=_("All")) if both else None
    return List(
        _("Transfers"),
        endpoint,
        [
            Column("request", _("Request"), itemgetter("code")),
            Column("customer", _("Customer"), itemgetter("customer"), Transfer.customer_name),
            Column("way", _("Way"), itemgetter("way")),
            Column("items", _("Subscriptions"), itemgetter("items"), kind="num"),
            Column("state", _("State"), itemgetter("words")),
            Column("asked", _("Asked"), itemgetter("asked"), Transfer.id),
            Column("by", _("Asked by"), itemgetter("by"), only_file=True),
            Column("decided", _("Decided by"), itemgetter("decided"), only_file=True),
            Column("reason", _("Reason"), itemgetter("reason"), only_file=True),
        ],
        Transfer.id,
        lambda found: rows_of([each[0] for each in found], page, both=both),
        "-asked",
        search=found_by,
        views=ways,
        filters=[
            Choice("state", _("State"), WORDS.options(), lambda word: Transfer.state == TransferState(word)),
            Days("asked_on", _("Asked"), Transfer.asked_at),
        ],
        export=export,
    )


def is_way(way: str) -> ColumnElement[bool]:
    """What a view means."""
    return Transfer.incoming.is_(way == "in")


def found_by(query: str) -> ColumnElement[bool]:
    """A code whole; customers, companies and products by a part of their name."""
    named = exists().where(
        same_key(TransferItem.transfer_id, Transfer.id),
        TransferItem.product_name.icontains(query, autoescape=True),
    )
    return or_(
        Transfer.code == query.upper(),
        Transfer.customer_name.icontains(query, autoescape=True),
        Transfer.other_name.icontains(query, autoescape=True),
        named,
    )


def rows_of(found: Sequence[Transfer], page: str, *, both: bool) -> list[dict[str, Any]]:
    """Requests as a list shows them; one statement more for a page."""
    many = _counted([one.id for one in found])
    return [
        {
            "code": one.code,
            "url": url_for(page, code=one.code),
            "customer": one.customer_name,
            "way": _way(one) if both else one.other_name,
            "items": many.get(one.id, 0),
            "state": one.state.value,
            "words": WORDS[one.state.value],
            "asked": moment(one.asked_at),
            "by": one.asked_by,
            "decided": one.decided_by,
            "reason": one.reason,
        }
        for one in found
    ]


def _way(half: Transfer) -> str:
    name = half.other_name
    return _("from %(reseller)s", reseller=name) if half.incoming else _("to %(provider)s", provider=name)


def _counted(transfer_ids: Sequence[UUID]) -> dict[UUID, int]:
    chosen = (
        select(TransferItem.transfer_id, func.count())
        .where(TransferItem.transfer_id.in_(transfer_ids))
        .group_by(TransferItem.transfer_id)
    )
    return {transfer_id: many for transfer_id, many in db.session().execute(chosen)}


# --- One request --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One subscription of a request; `url` leads to what this side has of it."""

    item: TransferItem
    amount: str
    state: str
    words: str
    url: str | None
    code: str | None
    ends: Moment | None
    note: str


def values_of(half: Transfer, page_of: Callable[[str], str]) -> dict[str, Any]:
    """What a page of a request shows, inside a transaction of the side that looks."""
    items = transfers.items(half.id)
    codes = _codes([item.subscription_id for item in items if item.subscription_id])
    return {
        "transfer": half,
        "words": WORDS[half.state.value],
        "items": [row_of(item, codes, page_of) for item in items],
        "steps": steps_of(half, items),
        "asked": moment(half.asked_at),
        "timeline": timelines.of([half.id, *(item.id for item in items)]),
        "moving": half.state is TransferState.MOVING,
        "waiting": half.state is TransferState.ASKED,
    }


def row_of(item: TransferItem, codes: dict[UUID, str], page_of: Callable[[str], str]) -> ItemRow:
    """One line of the table."""
    code = codes.get(item.subscription_id) if item.subscription_id else None
    return ItemRow(
        item,
        units.counted(item.quantity, item.unit),
        BADGES.get(item.state.value, item.state.value),
        ITEM_WORDS[item.state.value],
        page_of(code) if code else None,
        code,
        moment(item.term_ends_at),
        _(item.note),
    )


def _codes(subscription_ids: Sequence[UUID]) -> dict[UUID, str]:
    chosen = select(Subscription.id, Subscription.code).where(Subscription.id.in_(subscription_ids), SHOWN)
    return {subscription_id: code for subscription_id, code in db.session().execute(chosen)}


def steps_of(half: Transfer, items: Sequence[TransferItem]) -> list[Step]:
    """Asked, decided, moved at the vendors: what is done, what is under way, and where it stopped."""
    asked = Step("done", _("Asked"), _("by %(who)s", who=half.asked_by), moment(half.asked_at))
    decided_at = moment(half.decided_at)
    match half.state:
        case TransferState.ASKED:
            who = _("you") if half.incoming else half.other_name
            return [
                asked,
                Step("wait", _("To be accepted"), _("It waits for %(who)s.", who=who)),
                Step("todo", _("Moved at the vendor")),
            ]
        case TransferState.WITHDRAWN:
            return [asked, Step("wrong", _("Withdrawn"), _("by %(who)s", who=half.decided_by), decided_at)]
        case TransferState.REJECTED:
            return [asked, Step("wrong", _("Rejected"), half.reason, decided_at)]
        case _:
            accepted = Step("done", _("Accepted"), _("by %(who)s", who=half.decided_by), decided_at)
            return [asked, accepted, _last_step(half, items)]


def _last_step(half: Transfer, items: Sequence[TransferItem]) -> Step:
    moved = sum(item.state is ItemState.MOVED for item in items)
    said = _("%(moved)s of %(all)s moved", moved=moved, all=len(items))
    over = moment(half.finished_at)
    if half.state is not TransferState.MOVING:
        good = half.state is TransferState.DONE
        return Step("done" if good else "wrong", WORDS[half.state.value], said, over)
    if any(item.state is ItemState.NEEDS_ACTION for item in items):
        return Step("wait", _("A person has to look at it"), said)
    if any(item.state is ItemState.UNKNOWN for item in items):
        return Step("now", _("The vendor is being asked what it has done"), said)
    return Step("now", _("The vendor moves it"), said)


def progress(steps: Sequence[Step], poll_url: str | None) -> Response:
    """The live part of a page again; 286 when it has come to its end, so that the page is read anew."""
    template = pages.environment(base()).get_template("parts/transfer_progress.html")
    body = template.render(steps=steps, poll_url=poll_url)
    if poll_url is not None:
        return Response(body, content_type="text/html; charset=utf-8")
    return Response(body, 286, {"HX-Refresh": "true"}, content_type="text/html; charset=utf-8")


def statement(*conditions: ColumnElement[bool]) -> Any:
    """The rows of a list."""
    return select(Transfer).where(*conditions)
