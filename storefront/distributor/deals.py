"""Deals of all resellers: the reviewer's queue, and one deal with who is called alike and what may be
decided."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Denied, Missing, Refusal
from core.languages import _
from core.parties import Reseller
from core.tenancy import same_key
from partners import deal_matches, deal_reviews, deal_rules, deals, programmes
from partners.deal_matches import Match
from partners.deals import Deal, DealState
from storefront import deals as shown
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.lists import Column, List
from storefront.visitors import visitor

pages.saying(
    deal_approved="Approved. The reseller hears until when the lead is its own.",
    deal_rejected="Rejected. The reseller reads the reason.",
    deal_extended="Kept longer. The reseller sees the new day.",
)


@console.get("/deals")
def deal_list() -> Response:
    """The oldest first; the view “New” is the queue."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render("distributor/deals.html", title=_("Deals"), page=page)


@console.get("/deals.csv")
def deal_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Deals"),
        "distributor.deal_list",
        [
            Column("company", _("Company"), itemgetter("company"), Deal.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("country", _("Country"), itemgetter("country"), only_file=True),
            Column("reseller", _("Reseller"), itemgetter("reseller"), Reseller.name),
            Column("programme", _("Programme"), itemgetter("programme"), Deal.programme_name),
            Column("state", _("State"), itemgetter("words")),
            Column("reason", _("Reason"), itemgetter("reason"), only_file=True),
            Column("seats", _("Seats"), itemgetter("seats"), Deal.seats, kind="num"),
            Column("value", _("Value"), itemgetter("value"), kind="num", money=True),
            Column("until", _("Valid until"), itemgetter("until"), lists.last_if_empty(Deal.ends_at)),
            Column("registered", _("Registered"), itemgetter("registered"), Deal.id),
        ],
        Deal.id,
        rows_of,
        "registered",
        search=lambda query: or_(shown.search(query), Reseller.name.icontains(query, autoescape=True)),
        views=shown.views(),
        filters=shown.filters(),
        export="distributor.deal_file",
    )


def statement() -> Select[Deal, str, str]:
    """Deals with their reseller."""
    joined = same_key(Reseller.id, Deal.reseller_id)
    return select(Deal, Reseller.name, Reseller.code).join(Reseller, joined)


def rows_of(found: Sequence[tuple[Deal, str, str]]) -> list[dict[str, Any]]:
    """Deals as the list shows them."""
    return [
        shown.row_of(one, url_for("distributor.deal_page", code=one.code))
        | {"reseller": name, "reseller_url": url_for("distributor.reseller_page", code=code)}
        for one, name, code in found
    ]


# --- One deal -----------------------------------------------------------------------------------------------


@console.get("/deals/<code>")
def deal_page(code: str) -> Response:
    """What was registered, who is called alike, what happened, and what may be done."""
    return show(code)


def show(code: str, status: int = 200, *, problem: str | None = None, act: str = "") -> Response:
    """The page, with a refused act as it was sent."""
    with db.transaction():
        deal = deals.find(code)
        reseller, rules = parties.reseller(deal.reseller_id), deal_rules.of(deal.programme_id)
        programme = programmes.of_id(deal.programme_id)
        values = shown.about(deal)
        values["timeline"] = timelines.of([deal.id])
        values["matches"] = [match_row(one) for one in deal_matches.near(deal)] if deal.open else None
        values["may_review"] = deals.may_review(visitor().roles)
    return pages.render(
        "distributor/deal.html",
        status,
        title=deal.company,
        problem=problem,
        act=act,
        chosen=request.form.get("reason", "") if act == "reject" else "",
        reasons=[(reason, _(reason)) for reason in rules.reasons],
        days=rules.valid_days,
        longer=rules.extension_days if deal.state is DealState.APPROVED and not deal.extended else 0,
        reseller=(reseller.name, url_for("distributor.reseller_page", code=reseller.code)),
        programme=(programme.name, url_for("distributor.programme_page", code=programme.code)),
        order=url_for("distributor.order_page", code=deal.order_code) if deal.order_code else None,
        **values,
    )


def match_row(match: Match) -> dict[str, Any]:
    """A near match as the page shows it."""
    page = "distributor.deal_page" if match.kind == "deal" else "distributor.customer_page"
    why = [
        words
        for words, same in (
            (_("same tax id"), match.same_tax),
            (_("same domain"), match.same_domain),
        )
        if same
    ]
    return {
        "name": match.name,
        "code": match.code,
        "url": url_for(page, code=match.code),
        "country": match.country,
        "what": _("Deal") if match.kind == "deal" else _("Customer"),
        "state": match.state,
        "words": shown.WORDS.get(match.state, ""),
        "held_by": _("Our own sales") if match.house else match.held_by,
        "percent": match.percent,
        "why": ", ".join(why),
        "stopped": match.stopped,
        "close": match.same_tax or match.same_domain or match.percent >= 90,
    }


@console.post("/deals/<code>/approve")
def approve_deal(code: str) -> Response:
    """The lead is the reseller's for the programme's days."""
    return decide(code, "approved", lambda deal: deal_reviews.approve(deal, by=visitor().name))


@console.post("/deals/<code>/reject")
def reject_deal(code: str) -> Response:
    """For one of the programme's reasons."""
    reason = request.form.get("reason", "")
    return decide(code, "rejected", lambda deal: deal_reviews.reject(deal, reason, by=visitor().name))


@console.post("/deals/<code>/extend")
def extend_deal(code: str) -> Response:
    """Once, by the programme's days."""
    return decide(code, "extended", lambda deal: deal_reviews.extend(deal, by=visitor().name))


def decide(code: str, act: str, decision: Callable[[Deal], None]) -> Response:
    """One act of the reviewer, on the version of the deal that it saw."""
    try:
        with db.transaction():
            deals.find(code)  # what is not there is not found, whoever asks
            refuse_unless_reviewer()
            decision(deal_reviews.to_decide(code, request.form.get("version", "")))
    except (Missing, Denied):
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal), act="reject" if act == "rejected" else act)
    return pages.see("distributor.deal_page", f"deal-{act}", code=code)


def refuse_unless_reviewer() -> None:
    """Denied for whoever may not decide on deals."""
    if not deals.may_review(visitor().roles):
        raise Denied(_("Only storefront managers and administrators decide on deals."))
