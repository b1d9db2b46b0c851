"""Customers of all resellers, as the distributor may see them: who they are, through whom, and what runs for
them. They are the resellers' business; nothing is changed here."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from werkzeug.wrappers import Response

from checkout.orders import Order
from core import db
from core.errors import Missing
from core.languages import Words, _
from core.parties import Customer, Membership, Reseller
from core.tenancy import same_key
from partners import admin_rights, channels, companies, customer_search
from partners import customers as customer_lists
from partners.joinings import CHANNELS, Channel
from storefront import exports, lists, pages, timelines
from storefront.customer_requests import RIGHTS
from storefront.distributor import console
from storefront.distributor.order_list import orders, rows_of
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from subscriptions.subscriptions import Subscription, SubscriptionState

SHOWS = Words({"with": "With subscriptions", "without": "Without", "invited": "Invited", "ended": "Ended"})


@console.get("/customers")
def customer_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), customers())
    return pages.render("distributor/customers.html", title=_("Customers"), page=page)


@console.get("/customers.csv")
def customer_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), customers())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Customers"),
        "distributor.customer_list",
        [
            Column("name", _("Customer"), itemgetter("name"), Customer.name),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("reseller", _("Reseller"), itemgetter("reseller")),
            Column("country", _("Country"), itemgetter("country"), Customer.country),
            Column("active", _("Active subscriptions"), itemgetter("active"), kind="num"),
            Column("since", _("Since"), itemgetter("since"), Customer.id),
        ],
        Customer.id,
        rows_of_customers,
        "name",
        search=customer_search.named,
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[Days("since", _("Since"), Customer.created_at)],
        export="distributor.customer_file",
        chosen_first=True,
    )


def customers() -> Select[Customer, str, str]:
    """Customers with the name and code of their reseller."""
    return select(Customer, Reseller.name, Reseller.code).join(
        Reseller, same_key(Reseller.id, Customer.reseller_id)
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    if show == "ended":
        return Customer.ended_at.is_not(None)
    if show == "invited":
        return and_(Customer.ended_at.is_(None), customer_lists.nobody_yet())
    running = exists().where(
        same_key(Subscription.customer_id, Customer.id),
        Subscription.state == SubscriptionState.ACTIVE,
    )
    return running if show == "with" else ~running


def rows_of_customers(found: Sequence[tuple[Customer, str, str]]) -> list[dict[str, Any]]:
    """Customers as the list shows them; one statement more for a page."""
    ids = [customer.id for customer, _, _ in found]
    chosen = (
        select(Subscription.customer_id, func.count())
        .where(Subscription.customer_id.in_(ids), Subscription.state == SubscriptionState.ACTIVE)
        .group_by(Subscription.customer_id)
    )
    active = {customer_id: number for customer_id, number in db.session().execute(chosen)}
    return [
        {
            "name": customer.name,
            "code": customer.code,
            "url": url_for("distributor.customer_page", code=customer.code),
            "country": customer.country,
            "reseller": reseller,
            "reseller_url": url_for("distributor.reseller_page", code=code),
            "active": active.get(customer.id, 0),
            "since": moment(customer.created_at),
            "ended": customer.ended_at is not None,
        }
        for customer, reseller, code in found
    ]


def find(code: str) -> Customer:
    """A customer of the scope's distributor."""
    found = db.session().scalar(select(Customer).where(Customer.code == code))
    if found is None:
        raise Missing("customer")
    return found


@console.get("/customers/<code>")
def customer_page(code: str) -> Response:
    """One customer: facts, what it ordered last, and what happened."""
    with db.transaction() as session:
        found = session.execute(customers().where(Customer.code == code)).first()
        if found is None:
            raise Missing("customer")
        customer, reseller, reseller_code = found
        latest = session.execute(
            orders().where(Order.customer_id == customer.id).order_by(Order.id.desc()).limit(10)
        ).all()
        rows = rows_of([(order, seller, buyer) for order, seller, buyer in latest])
        people = session.scalar(
            select(func.count())
            .select_from(Membership)
            .where(Membership.customer_id == customer.id, Membership.ended_at.is_(None))
        )
        rights = admin_rights.newest(customer.id)
        timeline = timelines.of([customer.id, *([rights.id] if rights else [])])
        said = admin_rights.answers(customer.id)
        channel = channels.of_customer(customer)
    return pages.render(
        "distributor/customer.html",
        title=customer.name,
        customer=customer,
        country=companies.country_name(customer.country),
        reseller=reseller,
        reseller_url=url_for("distributor.reseller_page", code=reseller_code),
        people=people,
        since=moment(customer.created_at),
        orders=rows,
        orders_url=url_for("distributor.order_list", q=customer.name),
        timeline=timeline,
        channel=CHANNELS[channel],
        rights=RIGHTS[rights.state.value] if rights else None,
        answer=(said[0].name, said[0].email, moment(said[0].at), said[0].address) if said else None,
        order_url=url_for("distributor.provider_order_page", code=code)
        if channel is Channel.INDIRECT
        else None,
    )
