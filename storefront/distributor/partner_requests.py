"""Companies that found us in the directory of providers and ask for an invitation: the queue, and one request
with its answer."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing, Refusal
from core.languages import Words, _
from partners import companies, partner_requests
from partners.partner_requests import PartnerRequest, PartnerRequestState
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.distributor.partner_invitations import INVITER, Terms, tabs, with_choices
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

WORDS = Words({"asked": "Waits for you", "invited": "Invited", "declined": "Declined"})
pages.saying(partner_declined="Declined. The company reads your reasons.")


@console.get("/partner-invitations/requests")
def partner_request_list() -> Response:
    """The queue, the oldest first; the views show those that are answered."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/partner_requests.html", title=_("Partner requests"), page=page, tabs=tabs()
    )


@console.get("/partner-invitations/requests.csv")
def partner_request_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Partner requests"),
        "distributor.partner_request_list",
        [
            Column("company", _("Company"), itemgetter("company"), PartnerRequest.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("country", _("Country"), itemgetter("country"), PartnerRequest.country),
            Column("name", _("Person"), itemgetter("name")),
            Column("email", _("E-mail"), itemgetter("email"), only_file=True),
            Column("state", _("State"), itemgetter("words")),
            Column("asked", _("Asked"), itemgetter("asked"), PartnerRequest.id),
            Column("by", _("Answered by"), itemgetter("by")),
        ],
        PartnerRequest.id,
        rows_of,
        "asked",
        search=lambda query: or_(
            PartnerRequest.code == query.upper(),
            PartnerRequest.company.icontains(query, autoescape=True),
            PartnerRequest.name.icontains(query, autoescape=True),
            PartnerRequest.email.icontains(query, autoescape=True),
        ),
        views=lists.Choice(
            "show",
            _("View"),
            WORDS.options(),
            lambda word: PartnerRequest.state == PartnerRequestState(word),
            any_word=_("All"),
        ),
        filters=[Days("asked", _("Asked"), PartnerRequest.asked_at)],
        export="distributor.partner_request_file",
    )


def statement() -> Select[PartnerRequest]:
    """Requests to this distributor."""
    return select(PartnerRequest)


def rows_of(found: Sequence[tuple[PartnerRequest]]) -> list[dict[str, Any]]:
    """Requests as the list shows them."""
    return [
        {
            "company": one.company,
            "code": one.code,
            "url": url_for("distributor.partner_request_page", code=one.code),
            "country": companies.country_name(one.country),
            "name": one.name,
            "email": one.email,
            "state": one.state.value,
            "words": WORDS[one.state.value],
            "asked": moment(one.asked_at),
            "by": one.decided_by,
        }
        for (one,) in found
    ]


@console.get("/partner-invitations/requests/<code>")
def partner_request_page(code: str) -> Response:
    """Who asks, with which words, and the answer."""
    return show(code)


def show(
    code: str,
    refusal: Refusal | None = None,
    *,
    form: Terms | None = None,
    typed: str = "",
    status: int = 200,
) -> Response:
    """The page, with a refused answer as it was sent."""
    with db.transaction():
        found = partner_requests.find(code)
        timeline = timelines.of([found.id])
    return pages.render(
        "distributor/partner_request.html",
        refusal.status if refusal else status,
        title=found.company,
        asked=found,
        country=companies.country_name(found.country) or "–",
        words=WORDS[found.state.value],
        when_asked=moment(found.asked_at),
        open=found.state is PartnerRequestState.ASKED,
        form=form or with_choices(Terms()),
        typed=typed,
        timeline=timeline,
        may_answer=has_role(INVITER),
        problem=str(refusal) if refusal else None,
    )


@console.post("/partner-invitations/requests/<code>/invite")
def invite_asking_company(code: str) -> Response:
    """The answer is an invitation; its link goes to whoever asked."""
    require_role(INVITER)
    form = with_choices(Terms(request.form))
    if not form.validate():
        return show(code, form=form, status=422)
    try:
        with db.transaction():
            invited = partner_requests.invite(
                partner_requests.find(code),
                price_list_id=UUID(form.price_list.data),
                programme_id=form.programme_id(),
                by=visitor().name,
            ).code
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal, form=form)
    return pages.see("distributor.partner_invitation_page", "partner-invited", code=invited)


@console.post("/partner-invitations/requests/<code>/decline")
def decline_asking_company(code: str) -> Response:
    """With reasons, which the company reads."""
    require_role(INVITER)
    words = request.form.get("words", "")[: partner_requests.LONGEST_WORDS + 1]
    try:
        with db.transaction():
            partner_requests.decline(partner_requests.find(code), words, by=visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal, typed=words)
    return pages.see("distributor.partner_request_page", "partner-declined", code=code)
