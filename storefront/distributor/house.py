"""The house itself: who works here, the time machine of sandbox distributors, and the subscriptions that
run."""

from datetime import timedelta

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from checkout.orders import Order, OrderLine
from core import clock, db, parties
from core.errors import Missing, Refusal
from core.parties import Customer, Membership, Reseller
from core.tenancy import Side
from storefront import pages
from storefront.distributor import console, forms, lists
from storefront.moments import moment
from storefront.visitors import require_role, the_shop, visitor
from subscriptions.subscriptions import Subscription, SubscriptionState

pages.saying(moved="The business clock went forward. What became due by it is done by the workers now.")


@console.get("/staff")
def staff_list() -> Response:
    """Who works at the distributor, by name."""
    with db.transaction():
        query = lists.words()
        chosen = select(Membership).where(Membership.side == Side.DISTRIBUTOR, Membership.ended_at.is_(None))
        if query:
            chosen = chosen.where(
                Membership.name.icontains(query, autoescape=True)
                | Membership.email.icontains(query, autoescape=True)
            )
        page = lists.by_name(chosen, Membership.name, Membership.id)
    rows = [
        {
            "name": one.name,
            "email": one.email,
            "roles": [role.replace("_", " ") for role in one.roles],
            "since": moment(one.created_at),
            "me": one.id == visitor().membership_id,
        }
        for (one,) in page.rows
    ]
    return pages.render("distributor/staff.html", title="Staff", page=page, rows=rows)


# --- The time machine ---------------------------------------------------------------------------------------


@console.get("/time")
def time_machine() -> Response:
    """Where the business clock stands."""
    return show_time(forms.TimeMachine())


def show_time(form: forms.TimeMachine, status: int = 200, *, problem: str | None = None) -> Response:
    """The page; it exists in sandboxes only."""
    if not the_shop().sandbox:
        raise Missing
    with db.transaction():
        machine, business = clock.machine_now(), clock.business_now()
    return pages.render(
        "distributor/time.html",
        status,
        title="Time machine",
        form=form,
        machine=moment(machine),
        business=moment(business, machine),
        ahead=f"{(business - machine).days} days",
        problem=problem,
    )


@console.post("/time")
def move_clock() -> Response:
    """Forward only."""
    require_role("cloud_administrator")
    form = forms.TimeMachine(request.form)
    if not form.validate():
        return show_time(form, 422)
    try:
        with db.transaction():
            parties.advance_clock(timedelta(days=form.days.data or 0))
    except Refusal as refusal:
        return show_time(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.time_machine", "moved")


# --- What runs ----------------------------------------------------------------------------------------------

SHOWS = [("", "All"), *((state.value, state.value.capitalize()) for state in SubscriptionState)]


@console.get("/subscriptions")
def subscription_list() -> Response:
    """Subscriptions of all customers and resellers, newest first."""
    show = lists.chosen("show", SHOWS)
    chosen = (
        select(Subscription, Reseller.name, Customer.name, Order.code)
        .join(
            Reseller,
            (Reseller.distributor_id == Subscription.distributor_id)
            & (Reseller.id == Subscription.reseller_id),
        )
        .join(
            OrderLine,
            (OrderLine.distributor_id == Subscription.distributor_id)
            & (OrderLine.id == Subscription.order_line_id),
        )
        .join(Order, (Order.distributor_id == OrderLine.distributor_id) & (Order.id == OrderLine.order_id))
        .outerjoin(
            Customer,
            (Customer.distributor_id == Subscription.distributor_id)
            & (Customer.id == Subscription.customer_id),
        )
    )
    if show.value:
        chosen = chosen.where(Subscription.state == SubscriptionState(show.value))
    if query := lists.words():
        names = (Reseller.name, Customer.name, Subscription.product_name)
        by_name = [name.icontains(query, autoescape=True) for name in names]
        chosen = chosen.where((Subscription.code == query.upper()) | by_name[0] | by_name[1] | by_name[2])
    with db.transaction():
        page = lists.newest_first(chosen, Subscription.id)
    rows = [
        {
            "code": one.code,
            "title": f"{one.product_name}, {one.plan_name}",
            "quantity": f"{one.quantity} × {one.unit}",
            "state": one.state,
            "who": customer or f"{reseller} (for itself)",
            "reseller": reseller,
            "ends": moment(one.ends_at),
            "price": one.price,
            "order_url": url_for("distributor.order_page", code=order),
        }
        for one, reseller, customer, order in page.rows
    ]
    tabs = [
        (
            word,
            url_for("distributor.subscription_list", show=value or None, q=page.query or None),
            value == show.value,
        )
        for value, word in SHOWS
    ]
    return pages.render(
        "distributor/subscriptions.html",
        title="Subscriptions",
        page=page,
        rows=rows,
        tabs=tabs,
        show=show.value,
    )
