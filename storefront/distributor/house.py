"""The house itself: who works here, and the subscriptions that run."""

from flask import url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from core import db
from core.parties import Customer, Membership, Reseller
from core.tenancy import Side
from storefront import pages
from storefront.distributor import console, lists
from storefront.moments import moment
from storefront.visitors import visitor
from subscriptions.subscriptions import Subscription, SubscriptionState


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


# --- What runs ----------------------------------------------------------------------------------------------

SHOWS = [("", "All"), *((state.value, state.value.capitalize()) for state in SubscriptionState)]


@console.get("/subscriptions")
def subscription_list() -> Response:
    """Subscriptions of all customers and resellers, newest first."""
    show = lists.chosen("show", SHOWS)
    chosen = (
        select(Subscription, Reseller.name, Customer.name)
        .join(
            Reseller,
            (Reseller.distributor_id == Subscription.distributor_id)
            & (Reseller.id == Subscription.reseller_id),
        )
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
            "url": url_for("distributor.subscription_page", code=one.code),
        }
        for one, reseller, customer in page.rows
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
