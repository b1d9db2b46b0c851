"""What the reseller's programmes give it: the library with the partner badge, and what it may ask for (H7,
H11-H13, H16, H40)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from core import db
from core.clock import business_now
from core.errors import Missing, Refusal
from core.languages import Words, _
from partners import requests, resources
from partners.requests import NotOffered, ProgrammeRequest, RequestState
from partners.resources import SORTS
from storefront import exports, lists, pages, timelines
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import visitor

ORDERS = Words({"": "By programme", "title": "By title", "newest": "Newest first"})
pages.saying(
    request_handed_in="Your request is handed in. You get a mail as soon as it is answered.",
    request_withdrawn="Your request is withdrawn.",
    request_renewed="Renewed for another year.",
)


# --- The library ------------------------------------------------------------------------------------------


@console.get("/resources")
def resource_list() -> Response:
    """What we may see, by programme; narrowed by words and kind, in another order."""
    with db.transaction():
        everything = resources.library(menu.reseller_id())
        kinds = requests.offered(menu.reseller_id())
    return pages.render(
        "reseller/resources.html",
        title=_("Resources"),
        rows=[row_of(one) for one in wanted(everything)],
        any=bool(everything),
        words=lists.words(),
        sort=request.args.get("sort", ""),
        sorts=SORTS.options(),
        order=request.args.get("order", ""),
        orders=ORDERS.options(),
        asked={name: request.args.get(name, "")[:100] for name in ("q", "sort", "order")},
        kinds=kinds,
    )


@console.get("/resources.csv")
def resource_table() -> Response:
    """The same as a file."""
    columns = [
        Column("title", _("Resource"), itemgetter("title")),
        Column("summary", _("Summary"), itemgetter("summary")),
        Column("kind", _("Kind"), itemgetter("sort")),
        Column("programme", _("Programme"), itemgetter("programme")),
        Column("where", _("Link or file"), lambda row: row["file"] or row["url"]),
        Column("added", _("Added"), itemgetter("added")),
    ]
    with db.transaction():
        found = wanted(resources.library(menu.reseller_id()))
        return exports.short("resources", columns, [row_of(one) for one in found])


def wanted(everything: Sequence[Any]) -> list[Any]:
    """What has the words and is of the kind that was asked for, in the order that was."""
    query, sort, order = lists.words().lower(), request.args.get("sort", ""), request.args.get("order", "")
    found = [
        one for one in everything if query in f"{one.title} {one.summary}".lower() and sort in ("", one.sort)
    ]
    if order == "title":
        found.sort(key=lambda one: one.title.casefold())
    elif order == "newest":
        found.sort(key=lambda one: one.added_at, reverse=True)
    return found


def row_of(one: Any) -> dict[str, Any]:
    """A resource as the page shows it."""
    return {
        "title": one.title,
        "summary": one.summary,
        "programme": one.programme,
        "sort": SORTS.get(one.sort, one.sort),
        "url": one.url or url_for("reseller.resource_file", resource_id=one.id),
        "file": one.file_name,
        "size": f"{max(one.file_size // 1024, 1)} KB" if one.file_size else "",
        "added": moment(one.added_at),
    }


@console.get("/resources/<resource_id>/file")
def resource_file(resource_id: str) -> Response:
    """A file of the library, to be kept; never shown as a page of ours."""
    with db.transaction():
        found = resources.file_for(menu.reseller_id(), lists.identifier(resource_id, "file"))
    answer = Response(bytes(found.content), content_type=found.kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    answer.headers["Content-Security-Policy"] = "sandbox"
    return answer


# --- What we ask for --------------------------------------------------------------------------------------


@console.get("/requests")
def request_list() -> Response:
    """Ours, newest first."""
    with db.transaction():
        page = lists.page(the_list(), select(ProgrammeRequest))
        kinds = requests.offered(menu.reseller_id())
    return pages.render("reseller/requests.html", title=_("Requests"), page=page, kinds=kinds)


@console.get("/requests.csv")
def request_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(ProgrammeRequest))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Requests"),
        "reseller.request_list",
        [
            Column("code", _("Request"), itemgetter("code"), ProgrammeRequest.code),
            Column("label", _("What"), itemgetter("label"), ProgrammeRequest.label),
            Column("programme", _("Programme"), itemgetter("programme")),
            Column("state", _("State"), lambda row: lists.word_of(row["state"])),
            Column("until", _("Until"), itemgetter("until")),
            Column("since", _("Handed in"), itemgetter("since"), ProgrammeRequest.id),
        ],
        ProgrammeRequest.id,
        rows_of,
        "-since",
        search=lambda query: (
            (ProgrammeRequest.code == query.upper())
            | ProgrammeRequest.label.icontains(query, autoescape=True)
        ),
        views=lists.Choice(
            "state",
            _("State"),
            lists.states(RequestState),
            lambda word: ProgrammeRequest.state == RequestState(word),
            any_word=_("All"),
        ),
        filters=[Days("since", _("Handed in"), ProgrammeRequest.handed_in_at)],
        export="reseller.request_file",
    )


def rows_of(found: Sequence[tuple[ProgrammeRequest]]) -> list[dict[str, Any]]:
    """Requests as the list shows them."""
    return [
        {
            "code": one.code,
            "url": url_for("reseller.request_page", code=one.code),
            "label": one.label,
            "programme": one.programme_name,
            "state": one.state.value,
            "until": moment(one.ends_at),
            "since": moment(one.handed_in_at),
        }
        for (one,) in found
    ]


@console.get("/requests/new/<kind_id>")
def new_request(kind_id: str) -> Response:
    """The form of a kind."""
    return show_new(lists.identifier(kind_id), {})


def show_new(kind_id: UUID, typed: dict[str, str], refusal: Refusal | None = None) -> Response:
    """The form as it was filled."""
    with db.transaction():
        kind = requests.offer(menu.reseller_id(), kind_id)
    return pages.render(
        "reseller/new_request.html",
        refusal.status if refusal else 200,
        title=kind.label,
        kind=kind,
        questions=[
            (f"answer-{at}", question, typed.get(question, "")) for at, question in enumerate(kind.questions)
        ],
        message=str(refusal) if refusal else None,
    )


@console.post("/requests/new/<kind_id>")
def hand_in_request(kind_id: str) -> Response:
    """To the distributor's queue."""
    known, who = lists.identifier(kind_id), visitor()
    with db.transaction():
        kind = requests.offer(menu.reseller_id(), known)
    typed = {
        question: request.form.get(f"answer-{at}", "")[: requests.LONGEST + 1]
        for at, question in enumerate(kind.questions)
    }
    try:
        with db.transaction():
            made = requests.hand_in(menu.reseller_id(), known, typed, name=who.name, email=who.email)
    except NotOffered:
        raise
    except Refusal as refusal:
        return show_new(known, typed, refusal)
    return pages.see("reseller.request_page", "request-handed-in", code=made.code)


@console.get("/requests/<code>")
def request_page(code: str) -> Response:
    """One request, what was answered, and until when it counts."""
    return show_request(code)


def show_request(code: str, refusal: Refusal | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction():
        found = requests.find(code)
        now = business_now()
        one = {
            "code": found.code,
            "label": found.label,
            "programme": found.programme_name,
            "state": found.state.value,
            "open": found.state is RequestState.SUBMITTED,
            "renewable": found.state is RequestState.GRANTED
            and found.ends_at is not None
            and found.ends_at > now,
            "answers": list(found.answers.items()),
            "since": moment(found.handed_in_at),
            "due": moment(found.answer_by),
            "until": moment(found.ends_at, now),
            "reply": found.reply,
            "by": found.answered_by,
        }
        timeline = timelines.of([found.id])
    return pages.render(
        "reseller/request.html",
        refusal.status if refusal else 200,
        title=one["label"],
        one=one,
        timeline=timeline,
        message=str(refusal) if refusal else None,
    )


@console.post("/requests/<code>/withdraw")
def withdraw_request(code: str) -> Response:
    """Before it is answered."""
    return change(code, requests.withdraw, "request-withdrawn")


@console.post("/requests/<code>/renew")
def renew_request(code: str) -> Response:
    """Another year."""
    return change(code, requests.renew, "request-renewed")


def change(code: str, act: Any, said: str) -> Response:
    """Done, or refused on the page."""
    try:
        with db.transaction():
            act(requests.find(code, to_change=True))
    except Missing:
        raise
    except Refusal as refusal:
        return show_request(code, refusal)
    return pages.see("reseller.request_page", said, code=code)
