"""What runs: subscriptions of all customers and resellers."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from checkout.orders import Order, OrderLine
from core import db
from core.languages import _
from core.parties import Customer, Reseller
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.units import counted
from storefront.visitors import the_shop
from subscriptions.subscriptions import Subscription, SubscriptionState


@console.get("/subscriptions")
def subscription_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), subscriptions())
    return pages.render("distributor/subscriptions.html", title=_("Subscriptions"), page=page)


@console.get("/subscriptions.csv")
def subscription_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), subscriptions())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Subscriptions"),
        "distributor.subscription_list",
        [
            Column("subscription", _("Subscription"), itemgetter("title"), Subscription.product_name),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("order", _("Order"), itemgetter("order"), only_file=True),
            Column("who", _("Who"), itemgetter("who")),
            Column("reseller", _("Reseller"), itemgetter("reseller"), only_file=True),
            Column("state", _("State"), itemgetter("state")),
            Column("quantity", _("Quantity"), itemgetter("number"), Subscription.quantity),
            Column(
                "price",
                _("Unit price"),
                itemgetter("price"),
                Subscription.price_minor,
                kind="num",
                money=True,
            ),
            Column("ends", _("Term ends"), itemgetter("ends"), lists.last_if_empty(Subscription.ends_at)),
            Column("bought", _("Bought"), itemgetter("bought"), Subscription.id),
        ],
        Subscription.id,
        rows_of,
        "-bought",
        search=found_by,
        views=lists.Choice(
            "show",
            _("View"),
            lists.states(SubscriptionState),
            lambda word: Subscription.state == SubscriptionState(word),
            any_word=_("All"),
        ),
        filters=[
            Days("ends", _("Term ends"), Subscription.ends_at),
            Days("bought", _("Bought"), Subscription.created_at),
            Amounts(
                "price", _("Unit price"), Subscription.price_minor, Subscription.currency, the_shop().currency
            ),
        ],
        export="distributor.subscription_file",
        chosen_first=True,
    )


def subscriptions() -> Select[Subscription, str, str, str]:
    """Subscriptions with the names of both standings and the order's code."""
    return (
        select(Subscription, Reseller.name, Customer.name, Order.code)
        .join(Reseller, same_key(Reseller.id, Subscription.reseller_id))
        .join(OrderLine, same_key(OrderLine.id, Subscription.order_line_id))
        .join(Order, same_key(Order.id, OrderLine.order_id))
        .outerjoin(Customer, same_key(Customer.id, Subscription.customer_id))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """A code whole, names by a part of them."""
    return or_(
        Subscription.code == query.upper(),
        Subscription.product_name.icontains(query, autoescape=True),
        Subscription.reseller_id.in_(
            select(Reseller.id).where(Reseller.name.icontains(query, autoescape=True))
        ),
        Subscription.customer_id.in_(
            select(Customer.id).where(Customer.name.icontains(query, autoescape=True))
        ),
    )


def rows_of(found: Sequence[tuple[Subscription, str, str | None, str]]) -> list[dict[str, Any]]:
    """Subscriptions as the list shows them."""
    return [
        {
            "code": one.code,
            "title": f"{one.product_name}, {one.plan_name}",
            "quantity": counted(one.quantity, one.unit),
            "number": one.quantity,
            "state": one.state,
            "who": customer or _("%(reseller)s (for itself)", reseller=reseller),
            "reseller": reseller,
            "ends": moment(one.ends_at),
            "bought": moment(one.created_at),
            "price": one.price,
            "order": order,
            "url": url_for("distributor.subscription_page", code=one.code),
        }
        for one, reseller, customer, order in found
    ]
