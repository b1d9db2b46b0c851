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
from core.parties import Customer, OrderedBy, Segment
from core.tenancy import Side
from partners import (
    admin_rights,
    channels,
    companies,
    customer_requests,
    deals,
    invitations,
    leads,
    relation_rules,
    support_types,
)
from partners import customers as customer_lists
from partners.admin_rights import AdminRights, RightsState
from partners.channels import CustomerChannel, TheProviderOrders
from partners.invitations import Invitation
from partners.joinings import CHANNELS, Channel
from partners.relation_rules import Elsewhere, TheProviderCreates
from partners.roles import ROLES
from partners.storefronts import StorefrontState
from storefront import exports, lists, pages, timelines
from storefront.customer_requests import RIGHTS
from storefront.filters import Days
from storefront.forms import SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.people import InviteStaff, invitation_rows
from storefront.reseller import accounts, console, menu, orders, provider
from storefront.reseller.forms import AboutCustomer, InviteCustomer, WhoOrders
from storefront.visitors import has_role, require_role, visitor
from subscriptions.subscriptions import SHOWN, Subscription, SubscriptionState

pages.saying(
    invited="The invitation is on its way. The link in it is good for 72 hours.",
    invited_again="A new link is on its way; the one before no longer works.",
    invitation_revoked="The invitation is withdrawn; its link no longer works.",
    who_orders="Saved. It holds from the next order on.",
    on_the_list="This customer is on your list already; nothing was sent.",
    customer_removed="Removed from your list. Their own account and all papers stay.",
)


# --- The list -----------------------------------------------------------------------------------------------


SHOWS = Words(
    {"with": "With subscriptions", "without": "Without", "invited": "Invited", "removed": "Removed"}
)
ORDER = Words({"customer": "For itself", "reseller": "Only we order"})


@console.get("/customers")
def customer_list() -> Response:
    """By name, with what each has."""
    with db.transaction():
        page = lists.page(the_list(), customers())
        asks = bool(customer_requests.programmes_of(menu.reseller_id()))
    return pages.render("reseller/customers.html", title=_("Customers"), page=page, asks=asks)


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
            Column("channel", _("Channel"), itemgetter("channel")),
            Column("state", _("State"), itemgetter("state_words"), only_file=True),
            Column("support", _("Support type"), itemgetter("support")),
            Column("rights", _("Admin rights"), itemgetter("rights"), only_file=True),
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
            lists.Choice("channel", _("Channel"), CHANNELS.options(), by_channel),
            lists.Choice("rights", _("Admin rights"), RIGHTS.options(), by_rights),
            Days("since", _("Since"), Customer.created_at),
        ],
        export="reseller.customer_file",
    )


def customers() -> Select[Customer]:
    """Customers on the list, or those that were taken off it."""
    removed = request.args.get("show") == "removed"
    on_the_list = Customer.ended_at.is_not(None) if removed else Customer.ended_at.is_(None)
    return select(Customer).where(on_the_list)


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    if show == "removed":
        return Customer.ended_at.is_not(None)
    if show == "invited":
        return customer_lists.nobody_yet()
    running = exists().where(
        Subscription.distributor_id == Customer.distributor_id,
        Subscription.customer_id == Customer.id,
        Subscription.state == SubscriptionState.ACTIVE,
    )
    return running if show == "with" else ~running


def rows_of(found: Sequence[tuple[Customer]]) -> list[dict[str, Any]]:
    """Customers as the list shows them; two statements more for a page."""
    ids = [each.id for (each,) in found]
    active, peopled = active_subscriptions(ids), customer_lists.peopled(ids)
    won = channels_of([each.id for (each,) in found])
    supports = support_types.of_customers([each.id for (each,) in found])
    rights, said = admin_rights.states_of(ids), admin_rights.said_last(ids)
    agents = bool(found) and not menu.goes_without("no_agents")
    return [
        {
            "customer": each,
            "url": url_for("reseller.customer_page", code=each.code),
            "settings": url_for("reseller.customer_settings", code=each.code),
            "support": kept.label if (kept := supports.get(each.id)) else "",
            "dashboard": url_for("reseller.customer_dashboard", code=each.code)
            if agents
            and admin_rights.opens(
                rights.get(each.id), said.get(each.id), co_managed=bool(kept and kept.co_managed)
            )
            else None,
            "rights": RIGHTS[rights[each.id].value] if each.id in rights else "",
            "active": active.get(each.id, 0),
            "channel": CHANNELS[won.get(each.id, Channel.DIRECT)],
            "indirect": won.get(each.id) is Channel.INDIRECT,
            "since": moment(each.created_at),
            "state": state_of(each, nobody=each.id not in peopled),
            "state_words": STATES[state_of(each, nobody=each.id not in peopled)],
        }
        for (each,) in found
    ]


def by_rights(word: str) -> ColumnElement[bool]:
    """What the filter means: how it stands now, which the newest request says."""
    newest = (
        select(AdminRights.state)
        .where(AdminRights.distributor_id == Customer.distributor_id, AdminRights.customer_id == Customer.id)
        .order_by(AdminRights.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return newest == RightsState(word)


def by_channel(word: str) -> ColumnElement[bool]:
    """What the filter means."""
    indirect = exists().where(
        CustomerChannel.distributor_id == Customer.distributor_id,
        CustomerChannel.customer_id == Customer.id,
        CustomerChannel.channel == Channel.INDIRECT,
    )
    return indirect if word == Channel.INDIRECT else ~indirect


def channels_of(customer_ids: Sequence[UUID]) -> dict[UUID, Channel]:
    """customer -> the channel it was won by, where one was written."""
    chosen = select(CustomerChannel.customer_id, CustomerChannel.channel)
    rows = db.session().execute(chosen.where(CustomerChannel.customer_id.in_(customer_ids)))
    return {customer_id: channel for customer_id, channel in rows if customer_id}


STATES = Words({"active": "Active", "invited": "Invited", "removed": "Removed"})


def state_of(customer: Customer, *, nobody: bool) -> str:
    """Active once somebody has come in; the reseller reads the same whether the address was known or not."""
    return "removed" if customer.ended_at else "invited" if nobody else "active"


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
    return show_invite(InviteCustomer(data={"words": draft(), **of_deal(request.args.get("deal", ""))}))


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
    """Customer and invitation in one transaction; the mail follows, and the answer is the same whether the
    address has an account or not."""
    require_role("storefront_manager", "buyer")
    form = InviteCustomer(request.form)
    if not form.validate() or not storefront_open():
        return show_invite(form, status=422)
    try:
        with db.transaction():
            added = customer_lists.add(
                form.email.data or "",
                by=visitor().name,
                company=form.company.data or "",
                name=form.name.data or "",
                comment=form.comment.data or "",
                country=form.country.data or "",
                channel=form.channel.data or "",
                words="" if same_words(form.words.data or "") else form.words.data or "",
            )
            if added.invitation:
                support_types.choose(added.customer, accounts.sent())
                if form.rights.data == "with":
                    admin_rights.ask(added.customer, by=by())
    except Refusal as refusal:
        if isinstance(refusal, leads.LeadTaken | leads.DealComesFirst):
            with db.transaction():
                leads.note_refused(parties.reseller(menu.reseller_id()), form.company.data or "", refusal)
        accounts.note_refusal(refusal)
        if isinstance(refusal, Elsewhere | TheProviderCreates | admin_rights.RightsNotOffered):
            with db.transaction():
                trail.write(
                    parties.reseller(menu.reseller_id()),
                    "refused to add a customer",
                    why=str(refusal),
                    company=form.company.data or form.email.data or "",
                )
        return show_invite(form, refusal)
    said = "invited" if added.invitation else "on-the-list"
    return pages.see("reseller.customer_page", said, code=added.customer.code)


def by() -> str:
    """Who acts, as the customer reads it."""
    return f"{visitor().name}, {visitor().standing}"


def draft() -> str:
    """The mail as it goes out unless somebody writes another (M30)."""
    return _(
        "Hello,\n\n%(person)s of %(seller)s has opened an account for you. Open it here to see prices, order"
        " and manage your services:\n\n{link}\n\nKind regards\n%(person)s, %(seller)s",
        person=visitor().name,
        seller=visitor().standing,
    )


def same_words(typed: str) -> bool:
    """Whether the draft was left as it was; browsers send line ends of their own."""
    return typed.split() == draft().split()


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
        title=_("Add a customer"),
        form=form,
        message=str(refusal) if refusal else None,
        way=url_for("reseller.new_deal") if isinstance(refusal, leads.DealComesFirst) else None,
        support=support,
        is_open=storefront_open(),
        several=with_ways(form),
        rights=rights_offered(),
        created_by_provider=created_by_provider(),
        portal_url=menu.portal_url(menu.own_storefront(), absolute=True),
    )


def with_ways(form: InviteCustomer) -> bool:
    """Puts the channels by which we may win a customer into the form; whether there is a choice."""
    with db.transaction():
        ways = [
            way
            for way in channels.ways(menu.reseller_id())
            if not any(
                one.rules.provider_creates
                for one in relation_rules.of_way(menu.reseller_id(), way.programme_id)
            )
        ]
    form.channel.choices = [
        SelectChoice(
            str(way.programme_id) if way.programme_id else way.channel.value,
            _("Indirect: %(programme)s", programme=way.programme) if way.programme else CHANNELS[way.channel],
        )
        for way in ways
    ]
    form.channel.data = form.channel.data or next((choice.value for choice in form.channel.choices), None)
    return len(ways) > 1


def rights_offered() -> bool:
    """Whether one of our programmes lets us ask for admin rights."""
    with db.transaction():
        return admin_rights.may_be_asked(relation_rules.of_reseller(menu.reseller_id()))


def created_by_provider() -> list[str]:
    """Our programmes whose customers the provider creates (M32)."""
    with db.transaction():
        ruled = relation_rules.of_reseller(menu.reseller_id())
    return [one.programme for one in ruled if one.rules.provider_creates]


# --- One customer -------------------------------------------------------------------------------------------


@console.get("/customers/<code>")
def customer_page(code: str) -> Response:
    """All that stands between us and this customer."""
    return show(code)


def show(
    code: str,
    person: InviteStaff | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
    *,
    about: AboutCustomer | None = None,
    removal: Refusal | None = None,
) -> Response:
    """The page, with the form that was refused as it was filled."""
    refused = refusal or removal
    with db.transaction() as session:
        customer = find(code)
        channel, won = channels.of_customer(customer), channels.row_of(customer.id)
        people = parties.members(customer_id=customer.id)
        invited = invitation_rows(invitations.of_customer(customer.id))
        own = (
            select(Subscription)
            .where(Subscription.customer_id == customer.id, SHOWN)
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
        kept = AboutCustomer(
            company=customer.name,
            comment=customer_lists.comment_of(customer.id),
            segment=customer.segment.value,
        )
        rights = accounts.rights_of(customer)
        ordering = provider.of(customer, won) if channel is Channel.INDIRECT else None
        timeline = timelines.of(
            [
                customer.id,
                *rights["ids"],
                *(person.id for person in people),
                *(each["invitation"].id for each in invited),
            ]
        )
    person = person or InviteStaff()
    person.roles.choices = customer_roles()
    return pages.render(
        "reseller/customer.html",
        refused.status if refused else status,
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
        message=str(refusal) if refusal and not about else None,
        about=about or kept,
        about_message=str(refusal) if refusal and about else None,
        state=state_of(customer, nobody=not people),
        removal=(_(removal.title), str(removal)) if removal else None,
        may_change=has_role("storefront_manager", "buyer"),
        roles=ROLES,
        rights=rights,
        provider=ordering,
        channel=channel.value,
        channel_words=CHANNELS[channel],
        through=won.programme_name if won else "",
    )


@console.post("/customers/<code>")
def save_customer(code: str) -> Response:
    """Company name and private comment (P14)."""
    require_role("storefront_manager", "buyer")
    form = AboutCustomer(request.form)
    if not form.validate():
        return show(code, status=422, about=form)
    try:
        with db.transaction():
            customer_lists.change(
                find(code),
                company=form.company.data or "",
                comment=form.comment.data or "",
                segment=Segment(form.segment.data),
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal=refusal, about=form)
    return pages.see("reseller.customer_page", "saved", code=code)


@console.post("/customers/<code>/remove")
def remove_customer(code: str) -> Response:
    """Off the list, unless something runs for it: then the page says what, and how it ends (P12, P13)."""
    require_role("storefront_manager", "buyer")
    try:
        with db.transaction():
            customer_lists.remove(customer_lists.to_remove(code))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, removal=refusal)
    return pages.see("reseller.customer_list", "customer-removed")


@console.post("/customers/<code>/ordering")
def who_orders(code: str) -> Response:
    """H45: the customer orders for itself, or only we do."""
    require_role("storefront_manager", "buyer")
    form = WhoOrders(request.form)
    if not form.validate():
        return show(code, status=422)
    with db.transaction():
        customer = customer_lists.on_the_list(find(code))
        indirect = channels.of_customer(customer) is Channel.INDIRECT
        if indirect:
            trail.write(customer, "refused to change who orders", why="The distributor orders for it.")
    if indirect:
        return show(code, refusal=TheProviderOrders())
    with db.transaction():
        customer = customer_lists.on_the_list(find(code))
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
                customer_id=customer_lists.on_the_list(find(code)).id,
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


def customer_roles() -> list[SelectChoice]:
    """What a person of a customer may be: all but the keeper of a storefront."""
    return [SelectChoice(role, name) for role, name in ROLES.items() if role != "storefront_manager"]
