"""Deliveries: what was asked of which vendor for whom, and how far it is."""

from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from checkout.orders import Order, OrderCost
from core import db
from core.languages import _
from core.tenancy import same_key
from provisioning.connectors.registry import CONNECTORS
from provisioning.deliveries import Delivery, DeliveryState, VendorRecord
from storefront import exports, lists, pages
from storefront.distributor import connectors, console
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.units import counted
from subscriptions.subscriptions import Subscription

BADGES = {DeliveryState.SUCCESS: "delivered", DeliveryState.PROCESSING: "delivering"}


@console.get("/deliveries")
def delivery_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), deliveries())
    return pages.render("distributor/deliveries.html", title=_("Deliveries"), page=page)


@console.get("/deliveries.csv")
def delivery_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), deliveries())


def the_list() -> List:
    """What the list is."""
    connectors = [(key, _(CONNECTORS[key].label)) for key in sorted(CONNECTORS)]
    return List(
        _("Deliveries"),
        "distributor.delivery_list",
        [
            Column("what", _("Delivery"), itemgetter("what"), Subscription.product_name),
            Column("order", _("Order"), itemgetter("order"), only_file=True),
            Column("subscription", _("Subscription"), itemgetter("subscription"), only_file=True),
            Column("connector", _("Connector"), itemgetter("connector")),
            Column("action", _("Act"), itemgetter("act"), only_file=True),
            Column("state", _("State"), itemgetter("state")),
            Column("external", _("Vendor's id"), itemgetter("external"), only_file=True),
            Column("reference", _("Our reference"), itemgetter("reference"), only_file=True),
            Column("note", _("What was said"), itemgetter("note")),
            Column("changed", _("Last change"), itemgetter("changed"), Delivery.changed_at),
            Column("began", _("Began"), itemgetter("began"), Delivery.id),
        ],
        Delivery.id,
        rows_of,
        "-began",
        search=found_by,
        views=lists.Choice(
            "show",
            _("View"),
            [(one.value, lists.word_of(BADGES.get(one, one.value))) for one in DeliveryState],
            lambda word: Delivery.state == DeliveryState(word),
            any_word=_("All"),
        ),
        filters=[
            lists.Choice("connector", _("Connector"), connectors, lambda key: OrderCost.connector == key),
            Days("began", _("Began"), Delivery.created_at),
        ],
        export="distributor.delivery_file",
    )


def deliveries() -> Select[Delivery, Subscription, str, str, str]:
    """Deliveries with subscription, order, connector and the vendor's id."""
    return (
        select(Delivery, Subscription, Order.code, OrderCost.connector, VendorRecord.external_id)
        .join(Subscription, same_key(Subscription.id, Delivery.subscription_id))
        .join(Order, same_key(Order.id, Delivery.order_id))
        .join(OrderCost, same_key(OrderCost.order_line_id, Delivery.order_line_id))
        .outerjoin(VendorRecord, same_key(VendorRecord.delivery_id, Delivery.id))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """Ids whole, the product by a part of its name."""
    found = [
        Order.code == query.upper(),
        Subscription.code == query.upper(),
        VendorRecord.external_id == query,
        Subscription.product_name.icontains(query, autoescape=True),
    ]
    with suppress(ValueError):
        found.append(Delivery.reference == UUID(query))
    return or_(*found)


def rows_of(found: Sequence[tuple[Delivery, Subscription, str, str, str | None]]) -> list[dict[str, Any]]:
    """Deliveries as the list shows them."""
    return [
        {
            "what": f"{subscription.product_name}, {counted(subscription.quantity, subscription.unit)}",
            "subscription": subscription.code,
            "order": order,
            "url": url_for("distributor.order_page", code=order),
            "connector": _(CONNECTORS[connector].label) if connector in CONNECTORS else connector,
            "action": delivery.action,
            "act": connectors.ACTIONS[delivery.action],
            "state": delivery.state,
            "badge": BADGES.get(delivery.state, delivery.state),
            "external": external,
            "reference": str(delivery.reference),
            "note": delivery.note,
            "changed": moment(delivery.changed_at),
            "began": moment(delivery.created_at),
        }
        for delivery, subscription, order, connector, external in found
    ]
