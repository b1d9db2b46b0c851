"""All orders of the distributor, newest first: found by code, names, or any id somebody may quote; filtered
by what they wait for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import url_for
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from werkzeug.wrappers import Response

from billing.payments import Payment, PaymentAttempt
from checkout.orders import Order, OrderState, PayBy
from core import db
from core.clock import machine_now
from core.languages import Words, _
from core.money import Money
from core.parties import Customer, Reseller
from core.tenancy import same_key
from provisioning.deliveries import BOUGHT, Delivery, DeliveryState, VendorRecord
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.moments import Moment, moment
from storefront.visitors import the_shop
from subscriptions.subscriptions import Subscription

LATE = timedelta(minutes=15)
SHOWS = Words(
    {
        "unpaid": "Awaiting payment",
        "delivering": "Being delivered",
        "stuck": "Stuck",
        "unknown": "Unknown at the vendor",
        "failed": "Refused",
        "done": "Done",
        "cancelled": "Cancelled",
    }
)
PAYMENTS = Words({"card": "Card", "account": "On account", "transfer": "Bank transfer"})


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as the list shows it."""

    code: str
    url: str
    customer: str
    reseller: str
    stage: str
    stage_words: str
    placed: Moment | None
    total: Money
    pay_by: str


@console.get("/orders")
def order_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), orders())
    return pages.render("distributor/orders.html", title=_("Orders"), page=page)


@console.get("/orders.csv")
def order_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), orders())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Orders"),
        "distributor.order_list",
        [
            Column("order", _("Order"), lambda row: row.code),
            Column("buyer", _("Buyer"), lambda row: row.customer),
            Column("reseller", _("Reseller"), lambda row: row.reseller),
            Column("state", _("State"), lambda row: row.stage_words),
            Column("placed", _("Placed"), lambda row: row.placed, Order.id),
            Column("pay_by", _("Payment"), lambda row: row.pay_by, only_file=True),
            Column(
                "total", _("Total"), lambda row: row.total, sort=Order.total_minor, kind="num", money=True
            ),
        ],
        Order.id,
        rows_of,
        "-placed",
        search=found_by,
        views=lists.Choice("show", _("View"), SHOWS.options(), waits_for, any_word=_("All orders")),
        filters=[
            lists.Choice(
                "payment", _("Payment"), PAYMENTS.options(), lambda word: Order.pay_by == PayBy(word)
            ),
            Days("placed", _("Placed"), Order.created_at),
            Amounts("total", _("Total"), Order.total_minor, Order.currency, the_shop().currency),
        ],
        export="distributor.order_file",
        chosen_first=True,
    )


def orders() -> Select[Order, Reseller, Customer]:
    """Orders with their standings."""
    return (
        select(Order, Reseller, Customer)
        .join(Reseller, same_key(Reseller.id, Order.reseller_id))
        .outerjoin(Customer, same_key(Customer.id, Order.customer_id))
    )


def rows_of(found: Sequence[tuple[Order, Reseller, Customer | None]]) -> list[OrderRow]:
    """Rows with how far each order is; one statement more for a page."""
    states = delivery_states([order.id for order, _, _ in found])
    return [order_row(order, reseller, customer, states[order.id]) for order, reseller, customer in found]


def found_by(query: str) -> ColumnElement[bool]:
    """Names by a part of them; codes and foreign ids whole. A code is looked up by its index alone."""
    if query.upper().startswith("ORD-"):
        return Order.code == query.upper()
    exact = [
        Order.code == query.upper(),
        Order.email == query.lower(),
        Order.id.in_(
            select(Delivery.order_id)
            .join(VendorRecord, VendorRecord.delivery_id == Delivery.id)
            .where(VendorRecord.external_id == query)
        ),
        Order.id.in_(
            select(Delivery.order_id)
            .join(Subscription, Subscription.id == Delivery.subscription_id)
            .where(Subscription.code == query.upper())
        ),
        Order.id.in_(
            select(Payment.order_id)
            .join(PaymentAttempt, PaymentAttempt.payment_id == Payment.id)
            .where(PaymentAttempt.session_id == query)
        ),
    ]
    with suppress(ValueError):
        exact.append(Order.id.in_(select(Delivery.order_id).where(Delivery.reference == UUID(query))))
    return or_(
        *exact,
        Order.reseller_id.in_(select(Reseller.id).where(Reseller.name.icontains(query, autoescape=True))),
        Order.customer_id.in_(select(Customer.id).where(Customer.name.icontains(query, autoescape=True))),
    )


def waits_for(show: str) -> ColumnElement[bool]:
    """What a filter means."""
    match show:
        case "unpaid":
            return Order.state == OrderState.AWAITING_PAYMENT
        case "cancelled":
            return Order.state == OrderState.CANCELLED
        case "delivering":
            return has(BOUGHT & Delivery.state.in_((DeliveryState.PENDING, DeliveryState.PROCESSING)))
        case "unknown":
            return has(Delivery.state == DeliveryState.UNKNOWN)
        case "failed":
            return has(Delivery.state == DeliveryState.REFUSED)
        case "stuck":
            return has(is_stuck())
        case "done":
            ended = (DeliveryState.SUCCESS, DeliveryState.CANCELLED)
            return and_(Order.state == OrderState.FUNDED, ~has(BOUGHT & Delivery.state.not_in(ended)))
        case _:
            raise LookupError(show)


def is_stuck() -> ColumnElement[bool]:
    """A delivery that waits for a person, or moved no further for a quarter of an hour."""
    moving = (DeliveryState.PENDING, DeliveryState.PROCESSING, DeliveryState.UNKNOWN)
    return or_(
        Delivery.state == DeliveryState.NEEDS_ACTION,
        and_(Delivery.state.in_(moving), Delivery.changed_at < machine_now() - LATE),
    )


def has(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The order has a delivery like this."""
    return exists().where(same_key(Delivery.order_id, Order.id), condition)


def delivery_states(order_ids: Sequence[UUID]) -> dict[UUID, list[DeliveryState]]:
    """Order -> states of what was bought with it."""
    found: dict[UUID, list[DeliveryState]] = defaultdict(list)
    for order_id, state in db.session().execute(
        select(Delivery.order_id, Delivery.state).where(Delivery.order_id.in_(order_ids), BOUGHT)
    ):
        found[order_id].append(state)
    return found


def order_row(
    order: Order, reseller: Reseller, customer: Customer | None, states: Iterable[DeliveryState]
) -> OrderRow:
    """One row."""
    stage, stage_words = stage_of(order.state, list(states))
    return OrderRow(
        order.code,
        url_for("distributor.order_page", code=order.code),
        customer.name if customer else _("%(reseller)s (for itself)", reseller=reseller.name),
        reseller.name,
        stage,
        stage_words,
        moment(order.created_at),
        order.total,
        PAYMENTS[order.pay_by],
    )


def stage_of(state: OrderState, deliveries: Sequence[DeliveryState]) -> tuple[str, str]:
    """How far an order is: the badge's word and what people read. The worst line speaks for the order."""
    if state is not OrderState.FUNDED:
        return state, lists.word_of(state)
    for worst, words in (
        (DeliveryState.REFUSED, _("Refused by the vendor")),
        (DeliveryState.NEEDS_ACTION, _("Needs action")),
        (DeliveryState.UNKNOWN, _("Unknown at the vendor")),
        (DeliveryState.WITHDRAWING, _("Being cancelled")),
    ):
        if worst in deliveries:
            return worst, words
    left = [one for one in deliveries if one is not DeliveryState.CANCELLED]
    if deliveries and not left:
        return "withdrawn", _("Cancelled and given back")
    if left and all(one is DeliveryState.SUCCESS for one in left):
        return "delivered", _("Delivered") if len(left) == len(deliveries) else _(
            "Delivered, a part cancelled"
        )
    return "delivering", _("Being delivered")
