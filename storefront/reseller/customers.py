"""The reseller's customers: the list, one customer, its people and their invitations, and who may order for
it (H45)."""

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from checkout.orders import Order
from core import db, parties, trail
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Customer, OrderedBy, Segment
from core.tenancy import Side
from partners import channels, companies, invitations
from partners import customers as customer_lists
from partners.channels import TheProviderOrders
from partners.invitations import Invitation
from partners.joinings import CHANNELS, Channel
from partners.roles import ROLES
from storefront import lists, pages, timelines
from storefront.forms import SelectChoice
from storefront.moments import moment
from storefront.people import InviteStaff, invitation_rows
from storefront.reseller import accounts, console, orders, provider
from storefront.reseller.forms import AboutCustomer, WhoOrders
from storefront.visitors import has_role, require_role, visitor
from subscriptions.subscriptions import SHOWN, Subscription

pages.saying(
    invited="The invitation is on its way. The link in it is good for 72 hours.",
    invited_again="A new link is on its way; the one before no longer works.",
    invitation_revoked="The invitation is withdrawn; its link no longer works.",
    who_orders="Saved. It holds from the next order on.",
    customer_removed="Removed from your list. Their own account and all papers stay.",
)


def state_of(customer: Customer, *, nobody: bool) -> str:
    """Active once somebody has come in; the reseller reads the same whether the address was known or not."""
    return "removed" if customer.ended_at else "invited" if nobody else "active"


def find(code: str) -> Customer:
    """A customer of the scope by its code; a foreign one is not found."""
    found = db.session().scalar(select(Customer).where(Customer.code == code))
    if found is None:
        raise Missing("customer")
    return found


def by() -> str:
    """Who acts, as the customer reads it."""
    return f"{visitor().name}, {visitor().standing}"


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
