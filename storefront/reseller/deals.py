"""The reseller's deals: the list, registering a lead, and one deal with what may still be changed."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from core import db, money, parties
from core.errors import Conflict, Missing, Refusal, Refused
from core.languages import _
from partners import deal_registrations, deal_rules, deals, enrolments, programmes
from partners.deal_registrations import Lead, LeadIncomplete
from partners.deals import Deal
from storefront import deals as shown
from storefront import exports, lists, pages, timelines
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.reseller import console, menu
from storefront.reseller.deal_forms import DealForm, NewDeal
from storefront.visitors import require_role, visitor

MAY = ("storefront_manager", "buyer")
pages.saying(
    deal_registered="Registered. You hear from us by mail once it is decided.",
    deal_changed="Saved.",
    deal_withdrawn="Withdrawn. Anybody may register this company now.",
    deal_lost="Noted as lost. Anybody may register this company now.",
)


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/deals")
def deal_list() -> Response:
    """The newest first."""
    with db.transaction():
        page = lists.page(the_list(), select(Deal))
    return pages.render("reseller/deals.html", title=_("Deals"), page=page)


@console.get("/deals.csv")
def deal_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Deal))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Deals"),
        "reseller.deal_list",
        [
            Column("company", _("Company"), itemgetter("company"), Deal.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("country", _("Country"), itemgetter("country"), only_file=True),
            Column("programme", _("Programme"), itemgetter("programme"), Deal.programme_name),
            Column("state", _("State"), itemgetter("words")),
            Column("reason", _("Reason"), itemgetter("reason"), only_file=True),
            Column("contact", _("Contact"), itemgetter("contact"), only_file=True),
            Column("seats", _("Seats"), itemgetter("seats"), Deal.seats, kind="num"),
            Column("value", _("Value"), itemgetter("value"), kind="num", money=True),
            Column("until", _("Valid until"), itemgetter("until"), lists.last_if_empty(Deal.ends_at)),
            Column("registered", _("Registered"), itemgetter("registered"), Deal.id),
        ],
        Deal.id,
        rows_of,
        "-registered",
        search=shown.search,
        views=shown.views(),
        filters=shown.filters(),
        export="reseller.deal_file",
    )


def rows_of(found: Sequence[tuple[Deal]]) -> list[dict[str, Any]]:
    """Deals as the list shows them."""
    return [shown.row_of(one, url_for("reseller.deal_page", code=one.code)) for (one,) in found]


# --- Registering --------------------------------------------------------------------------------------------


@console.get("/deals/new")
def new_deal() -> Response:
    """The form; without a programme that takes deals the page says so."""
    return show_new(NewDeal())


def show_new(form: NewDeal, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction(widened_because="registering a deal"):
        offered = deal_registrations.programmes_of(menu.reseller_id())
        rules = [(one.name, deal_rules.of(one.id)) for one in offered]
        form.programme.choices = [SelectChoice(one.code, one.name) for one in offered]
        currency = parties.the_distributor().currency
    return pages.render(
        "reseller/new_deal.html",
        status,
        title=_("Register a deal"),
        form=form,
        problem=problem,
        rules=[(name, one.valid_days, one.before_customers) for name, one in rules],
        currency=currency,
    )


@console.post("/deals/new")
def register_deal() -> Response:
    """H5, H29, H31: the rules are in partners/deals.py; what was refused is noted."""
    require_role(*MAY)
    form = NewDeal(request.form)
    form.programme.validate_choice = False  # a programme that takes no deals is refused by name
    if not form.validate():
        return show_new(form, 422)
    try:
        deal = register(form)
    except LeadIncomplete as refusal:
        put(form, refusal.problems)
        return show_new(form, 422, problem=str(refusal))
    except (Refused, Conflict) as refusal:
        note(form, refusal)
        return show_new(form, refusal.status, problem=str(refusal))
    return pages.see("reseller.deal_page", "deal-registered", code=deal.code)


def register(form: NewDeal) -> Deal:
    """One transaction; of two at once for one lead one comes through."""
    with db.transaction(widened_because="registering a deal"):
        programme = programmes.find(form.programme.data or "")
        currency = parties.the_distributor().currency
        return deal_registrations.register(
            programme, menu.reseller_id(), lead_of(form, currency), by=visitor().name
        )


def lead_of(form: NewDeal, currency: str) -> Lead:
    """What the form says; LeadIncomplete for an amount that is none."""
    try:
        return form.lead(currency)
    except ValueError as wrong:
        raise LeadIncomplete({"value": _(str(wrong))}) from None


def put(form: Form, problems: dict[str, str]) -> None:
    """Sentences to their fields."""
    for name, words in problems.items():
        if name in form:
            form[name].errors = [words]


def note(form: NewDeal, refusal: Refused | Conflict) -> None:
    """Into the trail of the newest partnership in this programme, if there was any."""
    with db.transaction(widened_because="registering a deal"):
        programme = programmes.find(form.programme.data or "")
        enrolled = [
            one for one in enrolments.of_reseller(menu.reseller_id()) if one.programme_id == programme.id
        ]
        if enrolled:
            deal_registrations.note_refused(enrolled[0], form.company.data or "", refusal)


# --- One deal -----------------------------------------------------------------------------------------------


@console.get("/deals/<code>")
def deal_page(code: str) -> Response:
    """What was said, where it stands, and what may be done."""
    return show(code)


def show(
    code: str, status: int = 200, *, form: DealForm | None = None, problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        deal = deals.find(code)
        values = shown.about(deal)
        timeline = timelines.of([deal.id])
        form = form or DealForm(
            data={
                **{
                    name: getattr(deal, name)
                    for name in ("contact_name", "contact_email", "products", "seats")
                },
                "closes_on": deal.closes_on,
                "may_contact": deal.may_contact,
                "comment": deal.comment,
                "kind": deal.kind.value,
                "value": f"{deal.value.amount:f}",
            }
        )
    return pages.render(
        "reseller/deal.html",
        status,
        title=deal.company,
        form=form,
        problem=problem,
        timeline=timeline,
        invite=url_for("reseller.invite_form", deal=code) if deal.state is deals.DealState.APPROVED else None,
        order=url_for("reseller.order_page", code=deal.order_code) if deal.order_code else None,
        **values,
    )


@console.post("/deals/<code>")
def change_deal(code: str) -> Response:
    """All but the company, as long as it is open."""
    require_role(*MAY)
    form = DealForm(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction(widened_because="registering a deal"):
            deal = deals.to_change(code, menu.reseller_id(), request.form.get("version", ""))
            deal_registrations.change(deal, changed_lead(deal, form))
    except Missing:
        raise
    except LeadIncomplete as refusal:
        put(form, refusal.problems)
        return show(code, 422, form=form, problem=str(refusal))
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("reseller.deal_page", "deal-changed", code=code)


def changed_lead(deal: Deal, form: DealForm) -> Lead:
    """What the form says about a deal that is there."""
    try:
        value = money.parse(form.value.data or "", deal.currency)
    except ValueError as wrong:
        raise LeadIncomplete({"value": _(str(wrong))}) from None
    return Lead(company=deal.company, country=deal.country, value=value, **form.typed())


@console.post("/deals/<code>/withdraw")
def withdraw_deal(code: str) -> Response:
    """The lead is free."""
    return end(code, lost=False)


@console.post("/deals/<code>/lost")
def lose_deal(code: str) -> Response:
    """The lead is free, and why it was lost is kept."""
    return end(code, lost=True)


def end(code: str, *, lost: bool) -> Response:
    """One of the two ends that the reseller says."""
    require_role(*MAY)
    try:
        with db.transaction(widened_because="registering a deal"):
            deal = deals.to_change(code, menu.reseller_id(), request.form.get("version", ""))
            if lost:
                deals.lose(deal, request.form.get("why", ""))
            else:
                deals.withdraw(deal)
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("reseller.deal_page", "deal-lost" if lost else "deal-withdrawn", code=code)
