"""Customers that we create as the provider (M32): what resellers ask for, its answer, and creating one
without being asked, in a reseller's name."""

from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Customer
from partners import customer_requests, standings
from partners.customer_requests import WantedIncomplete
from storefront import exports, lists, pages, timelines
from storefront.customer_requests import CustomerForm, shown, statement, the_list
from storefront.distributor import console
from storefront.visitors import has_role, require_role, visitor

CREATOR = "storefront_manager"
pages.saying(
    customer_created="Created. It is on the reseller's list, and its first person is invited.",
    customer_not_created="Declined. The reseller reads your reason.",
)


@console.get("/customers/requests")
def customer_request_list() -> Response:
    """The queue, the oldest first."""
    with db.transaction():
        page = lists.page(the_list("distributor", resellers=True), statement())
    return pages.render("distributor/customer_requests.html", title=_("Requests for customers"), page=page)


@console.get("/customers/requests.csv")
def customer_request_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list("distributor", resellers=True), statement())


@console.get("/customers/requests/<code>")
def customer_request_page(code: str) -> Response:
    """Who asks, for whom, and the answer."""
    return show_request(code)


def show_request(code: str, refusal: Refusal | None = None, *, typed: str = "") -> Response:
    """The page, with a refused answer as it was sent."""
    with db.transaction() as session:
        found = customer_requests.find(code)
        reseller = parties.reseller(found.reseller_id)
        customer = (
            session.get(Customer, (found.distributor_id, found.customer_id)) if found.customer_id else None
        )
        one, timeline = shown(found), timelines.of([found.id])
        seller = {"name": reseller.name, "url": url_for("distributor.reseller_page", code=reseller.code)}
    return pages.render(
        "distributor/customer_request.html",
        refusal.status if refusal else 200,
        title=one["company"],
        one=one,
        reseller=seller,
        timeline=timeline,
        typed=typed,
        problem=str(refusal) if refusal else None,
        customer_url=url_for("distributor.customer_page", code=customer.code) if customer else None,
        may_answer=has_role(CREATOR),
    )


@console.post("/customers/requests/<code>/create")
def create_requested(code: str) -> Response:
    """Yes: the customer is there."""
    require_role(CREATOR)
    try:
        with db.transaction():
            found = customer_requests.find(code, to_change=True)
            created = customer_requests.answer(found, by=visitor().name).code
    except Missing:
        raise
    except Refusal as refusal:
        return show_request(code, refusal)
    return pages.see("distributor.customer_page", "customer-created", code=created)


@console.post("/customers/requests/<code>/decline")
def decline_requested(code: str) -> Response:
    """No, and why."""
    require_role(CREATOR)
    reason = request.form.get("reason", "")[: customer_requests.LONGEST_WORDS + 1]
    try:
        with db.transaction():
            found = customer_requests.find(code, to_change=True)
            customer_requests.decline(found, reason, by=visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return show_request(code, refusal, typed=reason)
    return pages.see("distributor.customer_request_page", "customer-not-created", code=code)


# --- Without being asked ------------------------------------------------------------------------------------


@console.get("/resellers/<code>/customers/new")
def new_customer_page(code: str) -> Response:
    """The form, for a reseller whose customers we create."""
    return show_new(code, CustomerForm())


def show_new(code: str, form: CustomerForm, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The form as it was filled."""
    with db.transaction():
        reseller = standings.find(code)
        found = customer_requests.programmes_of(reseller.id)
        about = {"code": code, "name": reseller.name}
    form.offer(found)
    if isinstance(refusal, WantedIncomplete):
        form.show(refusal)
    return pages.render(
        "distributor/new_customer.html",
        refusal.status if refusal else status,
        title=_("Customer of %(reseller)s", reseller=about["name"]),
        reseller=about,
        form=form,
        offered=found,
        rights=any(one.rules.asks_rights for one in found),
        message=str(refusal) if refusal and not isinstance(refusal, WantedIncomplete) else None,
        may_create=has_role(CREATOR),
    )


@console.post("/resellers/<code>/customers/new")
def create_customer(code: str) -> Response:
    """In the reseller's name."""
    require_role(CREATOR)
    form = CustomerForm(request.form)
    if not form.validate():
        return show_new(code, form, status=422)
    try:
        with db.transaction():
            chosen: UUID | None = (
                lists.identifier(form.programme.data, "programme") if form.programme.data else None
            )
            created = customer_requests.create(
                standings.find(code), chosen, form.wanted(), by=visitor().name
            ).code
    except Missing:
        raise
    except Refusal as refusal:
        return show_new(code, form, refusal)
    return pages.see("distributor.customer_page", "customer-created", code=created)
