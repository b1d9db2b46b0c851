"""Asking the provider to create a customer, for programmes whose partners create none (M32)."""

from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db, parties, trail
from core.errors import Refusal
from core.languages import _
from core.parties import Customer
from partners import customer_requests
from partners.customer_requests import WantedIncomplete
from partners.relation_rules import Ruled
from storefront import exports, lists, pages, timelines
from storefront.customer_requests import RequestForm, shown, statement, the_list
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role, visitor

ROLES = ("storefront_manager", "buyer")
pages.saying(
    customer_asked="Asked. The distributor creates the customer or says why not; you hear by mail.",
    customer_request_withdrawn="Withdrawn. Nothing is created.",
)


@console.get("/customers/requests")
def customer_request_list() -> Response:
    """What we asked for, newest first."""
    with db.transaction():
        page = lists.page(the_list("reseller", resellers=False), statement())
        offered = bool(customer_requests.programmes_of(menu.reseller_id()))
    return pages.render(
        "reseller/customer_requests.html", title=_("Requests for customers"), page=page, offered=offered
    )


@console.get("/customers/requests.csv")
def customer_request_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list("reseller", resellers=False), statement())


@console.get("/customers/requests/new")
def new_customer_request() -> Response:
    """The form."""
    return show_form(RequestForm())


def offered() -> list[Ruled]:
    """Our programmes whose customers the provider creates."""
    with db.transaction():
        return customer_requests.programmes_of(menu.reseller_id())


def show_form(form: RequestForm, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The form as it was filled; without such a programme the page says so."""
    found = offered()
    form.offer(found)
    if isinstance(refusal, WantedIncomplete):
        form.show(refusal)
    return pages.render(
        "reseller/customer_request_new.html",
        refusal.status if refusal else status,
        title=_("Ask for a customer"),
        form=form,
        message=str(refusal) if refusal and not isinstance(refusal, WantedIncomplete) else None,
        offered=found,
        rights=any(one.rules.asks_rights for one in found),
        may_ask=has_role(*ROLES),
    )


@console.post("/customers/requests")
def ask_for_customer() -> Response:
    """Into the distributor's queue."""
    require_role(*ROLES)
    form = RequestForm(request.form)
    form.offer(offered())
    if not form.validate():
        return show_form(form, status=422)
    try:
        with db.transaction():
            asked = customer_requests.ask(
                parties.reseller(menu.reseller_id()),
                programme_of(form),
                form.wanted(),
                words=form.words.data or "",
                by=visitor().name,
                email=visitor().email,
            )
            code = asked.code
    except Refusal as refusal:
        if not isinstance(refusal, WantedIncomplete):
            with db.transaction():
                trail.write(
                    parties.reseller(menu.reseller_id()),
                    "refused to ask for a customer",
                    why=str(refusal),
                    company=form.company.data or "",
                )
        return show_form(form, refusal)
    return pages.see("reseller.customer_request_page", "customer-asked", code=code)


def programme_of(form: RequestForm) -> UUID | None:
    """Which was chosen; whether it may be is the rule's business."""
    return lists.identifier(form.programme.data, "programme") if form.programme.data else None


@console.get("/customers/requests/<code>")
def customer_request_page(code: str) -> Response:
    """One request and its answer."""
    with db.transaction() as session:
        found = customer_requests.find(code)
        customer = (
            session.get(Customer, (found.distributor_id, found.customer_id)) if found.customer_id else None
        )
        one, timeline = shown(found), timelines.of([found.id])
    return pages.render(
        "reseller/customer_request.html",
        title=one["company"],
        one=one,
        timeline=timeline,
        customer_url=url_for("reseller.customer_page", code=customer.code) if customer else None,
        may_ask=has_role(*ROLES),
    )


@console.post("/customers/requests/<code>/withdraw")
def withdraw_customer_request(code: str) -> Response:
    """Before it is answered."""
    require_role(*ROLES)
    with db.transaction():
        found = customer_requests.find(code, to_change=True)
        customer_requests.withdraw(found, by=visitor().name)
    return pages.see("reseller.customer_request_page", "customer-request-withdrawn", code=code)
