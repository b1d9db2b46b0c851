"""The reseller's customers: the list, one customer, its people and their invitations, and who may order for
it (H45)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from werkzeug.wrappers import Response

from checkout.orders import Order
from core import db, parties, trail
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.parties import Customer, OrderedBy
from core.tenancy import Side
from partners import companies, deals, invitations, leads, support_types
from partners.invitations import ROLES, Invitation
from partners.storefronts import StorefrontState
from storefront import exports, lists, pages, timelines
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import accounts, console, menu, orders
from storefront.reseller.forms import InviteCustomer, InviteStaff, WhoOrders
from storefront.visitors import require_role, visitor
from subscriptions.subscriptions import Subscription, SubscriptionState

pages.saying(
    invited="The invitation is on its way. The link in it is good for 72 hours.",
    invited_again="A new link is on its way; the one before no longer works.",
    invitation_revoked="The invitation is withdrawn; its link no longer works.",
    who_orders="Saved. It holds from the next order on.",
)


# --- The list -----------------------------------------------------------------------------------------------


SHOWS = Words({"with": "With subscriptions", "without": "Without"})
ORDER = Words({"customer": "For itself", "reseller": "Only we order"})


@console.get("/customers")
def customer_list() -> Response:
    """By name, with what each has."""
    with db.transaction():
        page = lists.page(the_list(), customers())
    return pages.render("reseller/customers.html", title=_("Customers"), page=page)


@console.get("/customers.csv")
def customer_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), customers())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Customers"),
        "reseller.customer_list",
        [
            Column("name", _("Customer"), lambda row: row["customer"].name, Customer.name),
            Column("code", _("Code"), lambda row: row["customer"].code, only_file=True),
            Column("email", _("E-mail"), lambda row: row["customer"].email, Customer.email),
            Column("active", _("Active subscriptions"), itemgetter("active"), kind="num"),
            Column("support", _("Support type"), itemgetter("support")),
            Column("ordering", _("Orders"), lambda row: dict(ORDER)[row["customer"].ordered_by]),
            Column("since", _("Since"), itemgetter("since"), Customer.id),
        ],
        Customer.id,
        rows_of,
        "name",
        search=lambda query: or_(
            *(
                column.icontains(query, autoescape=True)
                for column in (Customer.name, Customer.email, Customer.code)
            )
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[
            lists.Choice(
                "ordering", _("Orders"), ORDER.options(), lambda word: Customer.ordered_by == OrderedBy(word)
            ),
            Days("since", _("Since"), Customer.created_at),
        ],
        export="reseller.customer_file",
    )


def customers() -> Select[Customer]:
    """Customers that have not ended."""
    return select(Customer).where(Customer.ended_at.is_(None))


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    running = exists().where(
        Subscription.distributor_id == Customer.distributor_id,
        Subscription.customer_id == Customer.id,
        Subscription.state == SubscriptionState.ACTIVE,
    )
    return running if show == "with" else ~running


def rows_of(found: Sequence[tuple[Customer]]) -> list[dict[str, Any]]:
    """Customers as the list shows them; one statement more for a page."""
    active = active_subscriptions([each.id for (each,) in found])
    supports = support_types.of_customers([each.id for (each,) in found])
    return [
        {
            "customer": each,
            "url": url_for("reseller.customer_page", code=each.code),
            "settings": url_for("reseller.customer_settings", code=each.code),
            "support": kept.label if (kept := supports.get(each.id)) else "",
            "dashboard": url_for("reseller.customer_dashboard", code=each.code)
            if kept and kept.co_managed
            else None,
            "active": active.get(each.id, 0),
            "since": moment(each.created_at),
        }
        for (each,) in found
    ]


def active_subscriptions(customer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """customer -> how many subscriptions run."""
    chosen = (
        select(Subscription.customer_id, func.count())
        .where(Subscription.customer_id.in_(customer_ids), Subscription.state == SubscriptionState.ACTIVE)
        .group_by(Subscription.customer_id)
    )
    return {customer_id: count for customer_id, count in db.session().execute(chosen) if customer_id}


def find(code: str) -> Customer:
    """A customer of the scope by its code; a foreign one is not found."""
    found = db.session().scalar(select(Customer).where(Customer.code == code))
    if found is None:
        raise Missing("customer")
    return found


# --- Inviting a customer ------------------------------------------------------------------------------------


@console.get("/customers/invite")
def invite_form() -> Response:
    """The form; without an open storefront a customer would have nowhere to go, and the page says how to get
    one. `?deal=` fills in the company of an approved deal."""
    return show_invite(InviteCustomer(data=of_deal(request.args.get("deal", ""))))


def of_deal(code: str) -> dict[str, str]:
    """The company and the contact of one's own deal, to begin with."""
    if not code:
        return {}
    with db.transaction():
        deal = deals.find(code)
        return {
            "company": deal.company,
            "name": deal.contact_name,
            "email": deal.contact_email,
            "country": deal.country,
        }


@console.post("/customers/invite")
def invite_customer() -> Response:
    """Customer and invitation in one transaction; the mail follows."""
    require_role("storefront_manager", "buyer")
    form = InviteCustomer(request.form)
    if not form.validate() or not storefront_open():
        return show_invite(form, status=422)
    try:
        with db.transaction():
            customer, _invited = invitations.invite_customer(
                form.company.data or "",
                email=form.email.data or "",
                name=form.name.data or "",
                by=visitor().name,
                country=form.country.data or "",
            )
            support_types.choose(customer, accounts.sent())
    except Refusal as refusal:
        if isinstance(refusal, leads.LeadTaken | leads.DealComesFirst):
            with db.transaction():
                leads.note_refused(parties.reseller(menu.reseller_id()), form.company.data or "", refusal)
        accounts.note_refusal(refusal)
        return show_invite(form, refusal)
    return pages.see("reseller.customer_page", "invited", code=customer.code)


def storefront_open() -> bool:
    """Whether there is a portal to invite into."""
    own = menu.own_storefront()
    return own is not None and own.state is StorefrontState.OPEN


def show_invite(form: InviteCustomer, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The form as it was filled."""
    with db.transaction():
        support = accounts.form_of(accounts.types())
    if support is not None and request.method == "POST":
        support.process(request.form)
    return pages.render(
        "reseller/customer_invite.html",
        refusal.status if refusal else status,
        title=_("Invite a customer"),
        form=form,
        message=str(refusal) if refusal else None,
        way=url_for("reseller.new_deal") if isinstance(refusal, leads.DealComesFirst) else None,
        support=support,
        is_open=storefront_open(),
        portal_url=menu.portal_url(menu.own_storefront(), absolute=True),
    )


# --- One customer -------------------------------------------------------------------------------------------


@console.get("/customers/<code>")
def customer_page(code: str) -> Response:
    """All that stands between us and this customer."""
    return show(code)


def show(
    code: str, person: InviteStaff | None = None, refusal: Refusal | None = None, status: int = 200
) -> Response:
    """The page, with the form for another person as it was filled."""
    with db.transaction() as session:
        customer = find(code)
        people = parties.members(customer_id=customer.id)
        invited = invitation_rows(invitations.of_customer(customer.id))
        own = (
            select(Subscription)
            .where(Subscription.customer_id == customer.id)
            .order_by(Subscription.id.desc())
            .limit(50)
        )
        subscriptions = list(session.scalars(own))
        latest = list(
            session.scalars(
                select(Order).where(Order.customer_id == customer.id).order_by(Order.id.desc()).limit(20)
            )
        )
        rows = orders.rows_of([(order, customer) for order in latest])
        timeline = timelines.of(
            [customer.id, *(person.id for person in people), *(each["invitation"].id for each in invited)]
        )
    person = person or InviteStaff()
    person.roles.choices = customer_roles()
    return pages.render(
        "reseller/customer.html",
        refusal.status if refusal else status,
        title=customer.name,
        customer=customer,
        country=companies.country_name(customer.country),
        people=people,
        invited=invited,
        subscriptions=subscriptions,
        orders=rows,
        timeline=timeline,
        since=moment(customer.created_at),
        who=WhoOrders(ordered_by=customer.ordered_by.value),
        form=person,
        message=str(refusal) if refusal else None,
        roles=ROLES,
    )


def invitation_rows(found: Sequence[Invitation]) -> list[dict[str, Any]]:
    """Invitations as a table shows them."""
    now = db.session().info["now"]
    return [
        {
            "invitation": each,
            "standing": each.standing(now),
            "open": each.state is invitations.InvitationState.PENDING,
            "sent": moment(each.expires_at - invitations.LIFE),
            "expires": moment(each.expires_at),
            "roles": ", ".join(ROLES.get(role, role) for role in each.roles),
        }
        for each in found
    ]


@console.post("/customers/<code>/ordering")
def who_orders(code: str) -> Response:
    """H45: the customer orders for itself, or only we do."""
    require_role("storefront_manager", "buyer")
    form = WhoOrders(request.form)
    if not form.validate():
        return show(code, status=422)
    with db.transaction():
        customer = find(code)
        customer.ordered_by = OrderedBy(form.ordered_by.data)
        trail.write(customer, "who orders", who=form.ordered_by.data)
    return pages.see("reseller.customer_page", "who-orders", code=code)


@console.post("/customers/<code>/people")
def invite_person(code: str) -> Response:
    """Another person of this customer."""
    require_role("storefront_manager", "buyer")
    form = InviteStaff(request.form)
    form.roles.choices = customer_roles()
    if not form.validate():
        return show(code, form, status=422)
    try:
        with db.transaction():
            invitations.invite(
                Side.CUSTOMER,
                email=form.email.data or "",
                name=form.name.data or "",
                roles=form.roles.data or [],
                by=visitor().name,
                customer_id=find(code).id,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, form, refusal)
    return pages.see("reseller.customer_page", "invited", code=code)


@console.post("/customers/<code>/invitations/<invitation_id>/resend")
def resend(code: str, invitation_id: str) -> Response:
    """A new link."""
    require_role("storefront_manager", "buyer")
    with db.transaction():
        invitations.resend(of_customer(code, invitation_id))
    return pages.see("reseller.customer_page", "invited-again", code=code)


@console.post("/customers/<code>/invitations/<invitation_id>/revoke")
def revoke(code: str, invitation_id: str) -> Response:
    """The link ends."""
    require_role("storefront_manager", "buyer")
    with db.transaction():
        invitations.revoke(of_customer(code, invitation_id))
    return pages.see("reseller.customer_page", "invitation-revoked", code=code)


def of_customer(code: str, invitation_id: str) -> Invitation:
    """An invitation of this customer and no other."""
    found = invitations.find(lists.identifier(invitation_id, "invitation"))
    if found.customer_id != find(code).id:
        raise Missing("invitation")
    return found


def customer_roles() -> list[tuple[str, str]]:
    """What a person of a customer may be: all but the keeper of a storefront."""
    return [(role, name) for role, name in ROLES.items() if role != "storefront_manager"]
