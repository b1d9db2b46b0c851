"""What partners ask for: the queue, one request, and its answer."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import Length

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Reseller
from core.tenancy import same_key
from partners import account_managers, requests
from partners.requests import ProgrammeRequest, RequestState
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.filters import Days
from storefront.forms import Form
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

pages.saying(request_answered="Answered. The partner gets a mail.")


class Reply(Form):
    """What the partner reads."""

    reply = TextAreaField(
        "Reply", [Length(max=2000)], description="The partner reads it. A declined request needs a reason."
    )


@console.get("/requests")
def request_list() -> Response:
    """Those that wait come first."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render("distributor/requests.html", title=_("Partner requests"), page=page)


@console.get("/requests.csv")
def request_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Partner requests"),
        "distributor.request_list",
        [
            Column("code", _("Request"), itemgetter("code"), ProgrammeRequest.code),
            Column("label", _("What"), itemgetter("label"), ProgrammeRequest.label),
            Column("reseller", _("Reseller"), itemgetter("reseller")),
            Column("programme", _("Programme"), itemgetter("programme")),
            Column("state", _("State"), lambda row: lists.word_of(row["state"])),
            Column("since", _("Handed in"), itemgetter("since"), ProgrammeRequest.id),
            Column("due", _("Answer by"), itemgetter("due"), lists.last_if_empty(ProgrammeRequest.answer_by)),
        ],
        ProgrammeRequest.id,
        rows_of,
        "-since",
        search=lambda query: or_(
            ProgrammeRequest.code == query.upper(),
            ProgrammeRequest.label.icontains(query, autoescape=True),
            Reseller.name.icontains(query, autoescape=True),
        ),
        views=lists.Choice(
            "state",
            _("State"),
            lists.states(RequestState),
            lambda word: ProgrammeRequest.state == RequestState(word),
            any_word=_("All"),
        ),
        filters=[Days("since", _("Handed in"), ProgrammeRequest.handed_in_at)],
        export="distributor.request_file",
    )


def statement() -> Select[ProgrammeRequest, str]:
    """Requests with the names of their resellers."""
    joined = same_key(Reseller.id, ProgrammeRequest.reseller_id)
    return select(ProgrammeRequest, Reseller.name).join(Reseller, joined)


def rows_of(found: Sequence[tuple[ProgrammeRequest, str]]) -> list[dict[str, Any]]:
    """Requests as the list shows them."""
    return [
        {
            "code": one.code,
            "url": url_for("distributor.request_page", code=one.code),
            "label": one.label,
            "reseller": reseller,
            "programme": one.programme_name,
            "state": one.state.value,
            "since": moment(one.handed_in_at),
            "due": moment(one.answer_by),
            "late": is_late(one),
        }
        for one, reseller in found
    ]


def is_late(one: ProgrammeRequest) -> bool:
    """Whether it waits longer than the programme's support hours promise (H14)."""
    waits = one.state is RequestState.SUBMITTED
    return waits and one.answer_by is not None and one.answer_by < db.session().info["now"]


@console.get("/requests/<code>")
def request_page(code: str) -> Response:
    """One request with its answers."""
    return show_request(code)


def show_request(
    code: str, status: int = 200, *, form: Reply | None = None, problem: str | None = None
) -> Response:
    """The page, with what was typed where the answer was refused."""
    with db.transaction():
        found = requests.find(code)
        reseller = parties.reseller(found.reseller_id)
        may = may_answer(found)
        values: dict[str, Any] = {
            "one": {
                "code": found.code,
                "label": found.label,
                "programme": found.programme_name,
                "state": found.state.value,
                "open": found.state is RequestState.SUBMITTED,
                "answers": list(found.answers.items()),
                "name": found.name,
                "email": found.email,
                "since": moment(found.handed_in_at),
                "due": moment(found.answer_by),
                "late": is_late(found),
                "until": moment(found.ends_at),
                "reply": found.reply,
                "by": found.answered_by,
            },
            "reseller": {"name": reseller.name, "code": reseller.code},
            "timeline": timelines.of([found.id]),
        }
    return pages.render(
        "distributor/request.html",
        status,
        title=values["one"]["label"],
        form=form or Reply(),
        problem=problem,
        may_answer=may,
        **values,
    )


def may_answer(found: ProgrammeRequest) -> bool:
    """Administrators, and the partner's account manager."""
    person = visitor().person_id
    return has_role("admin") or (person is not None and account_managers.manages(person, found.reseller_id))


@console.post("/requests/<code>/grant")
def grant_request(code: str) -> Response:
    """Yes."""
    return answer(code, granted=True)


@console.post("/requests/<code>/decline")
def decline_request(code: str) -> Response:
    """No, and why."""
    return answer(code, granted=False)


def answer(code: str, *, granted: bool) -> Response:
    """Once; the second of two answers is refused by the state."""
    form = Reply(request.form)
    if not form.validate():
        return show_request(code, 422, form=form)
    try:
        with db.transaction():
            found = requests.find(code, to_change=True)
            if not may_answer(found):
                require_role("admin")
            act = requests.grant if granted else requests.decline
            act(found, reply=form.reply.data or "", by=visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return show_request(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.request_page", "request-answered", code=code)
