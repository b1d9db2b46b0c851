"""Orders of the reseller and its customers: the list, one order with both legs and its live progress, and
paying or giving up one's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from werkzeug.wrappers import Response

from billing.invoices import Invoice
from billing.payments import Payment
from checkout import discounts, orders
from checkout.orders import Order, OrderLine, OrderState, OrderWholesale, PayBy
from core import db
from core.languages import Words, _
from core.money import Money
from core.parties import Customer
from core.tenancy import same_key
from provisioning import deliveries, line_cancellations
from provisioning.deliveries import Delivery, DeliveryState
from storefront import downloads, exports, lists, pages, progress, refund_views, taxes, timelines
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.moments import Moment, moment
from storefront.progress import LineProgress
from storefront.reseller import console, menu, payments
from storefront.reseller.margins import Margin, margin
from storefront.visitors import has_role, require_role, the_shop, visitor
from whitelabel_themes.loader import base

SHOWS = Words(
    {"unpaid": "Awaiting payment", "funded": "Paid", "cancelled": "Cancelled", "own": "For yourself"}
)
STATES = {
    "unpaid": OrderState.AWAITING_PAYMENT,
    "funded": OrderState.FUNDED,
    "cancelled": OrderState.CANCELLED,
}
pages.saying(
    order_cancelled="The order is cancelled. Nothing was charged.",
    order_returned="Thank you. We are asking the payment service how it went.",
    order_cancelling="It is being cancelled. This page says each step; money goes back when nothing runs.",
    order_nothing_to_pay="There is nothing to pay for this order right now.",
)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as the list shows it: what the customer pays, what we pay, and the difference; all net."""

    code: str
    url: str
    customer: str
    what: str
    state: str
    words: str
    placed: Moment | None
    retail: Money
    wholesale: Money
    margin: Margin | None


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/orders")
def order_list() -> Response:
    """Newest first."""
    with db.transaction():
        page = lists.page(the_list(), placed_orders())
    return pages.render("reseller/orders.html", title=_("Orders"), page=page)


@console.get("/orders.csv")
def order_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), placed_orders())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Orders"),
        "reseller.order_list",
        [
            Column("order", _("Order"), lambda row: row.code),
            Column("what", _("What"), lambda row: row.what, only_file=True),
            Column("customer", _("Customer"), lambda row: row.customer),
            Column("state", _("State"), lambda row: row.words),
            Column("placed", _("Placed"), lambda row: row.placed, Order.id),
            Column(
                "total",
                _("Customer pays, net"),
                lambda row: row.retail if row.margin else None,
                Order.net_minor,
                kind="num",
                money=True,
            ),
            Column("wholesale", _("You pay, net"), lambda row: row.wholesale, kind="num", money=True),
            Column(
                "margin",
                _("Margin"),
                lambda row: row.margin.amount if row.margin else None,
                kind="num",
                money=True,
            ),
        ],
        Order.id,
        rows_of,
        "-placed",
        search=found_by,
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All orders")),
        filters=[
            Days("placed", _("Placed"), Order.created_at),
            Amounts("total", _("Total"), Order.total_minor, Order.currency, the_shop().currency),
        ],
        export="reseller.order_file",
        chosen_first=True,
    )


def placed_orders() -> Select[Order, Customer]:
    """Orders with their customers."""
    return select(Order, Customer).outerjoin(Customer, same_key(Customer.id, Order.customer_id))


def found_by(query: str) -> ColumnElement[bool]:
    """Codes, customers and products by a part."""
    named = select(OrderLine.order_id).where(OrderLine.product_name.icontains(query, autoescape=True))
    of_customers = select(Customer.id).where(Customer.name.icontains(query, autoescape=True))
    return or_(
        Order.code.icontains(query, autoescape=True),
        Order.customer_id.in_(of_customers),
        Order.id.in_(named),
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    return Order.customer_id.is_(None) if show == "own" else Order.state == STATES[show]


def rows_of(found: Sequence[tuple[Order, Customer | None]]) -> list[OrderRow]:
    """Rows with what was bought, how far it is and both legs; three statements for a page."""
    ids = [order.id for order, _ in found]
    bought, wholesale = names(ids), wholesale_of(ids)
    states = progress.states_of([order for order, _ in found])
    return [
        row_of(order, customer, bought.get(order.id, ""), wholesale.get(order.id), states[order.id])
        for order, customer in found
    ]


def row_of(
    order: Order, customer: Customer | None, what: str, wholesale: Money | None, state: str
) -> OrderRow:
    """One row; our own orders have one leg."""
    paid = wholesale or Money(0, order.currency)
    return OrderRow(
        order.code,
        url_for("reseller.order_page", code=order.code),
        customer.name if customer else _("For yourself"),
        what,
        state,
        progress.WORDS[state],
        moment(order.created_at),
        order.net,
        paid,
        margin(order.net, paid) if customer else None,
    )


def names(order_ids: Sequence[UUID]) -> dict[UUID, str]:
    """order -> its products in words."""
    chosen = (
        select(OrderLine.order_id, func.string_agg(OrderLine.product_name, ", "))
        .where(OrderLine.order_id.in_(order_ids))
        .group_by(OrderLine.order_id)
    )
    return {order_id: words for order_id, words in db.session().execute(chosen)}


def wholesale_of(order_ids: Sequence[UUID]) -> dict[UUID, Money]:
    """order -> what the reseller pays for it."""
    chosen = (
        select(OrderWholesale.order_id, OrderWholesale.currency, func.sum(OrderWholesale.total_minor))
        .where(OrderWholesale.order_id.in_(order_ids))
        .group_by(OrderWholesale.order_id, OrderWholesale.currency)
    )
    return {
        order_id: Money(int(minor), currency) for order_id, currency, minor in db.session().execute(chosen)
    }


# --- One order ----------------------------------------------------------------------------------------------


@console.get("/orders/<code>")
def order_page(code: str) -> Response:
    """Both legs, the steps, what one can do now. Coming back from the gateway asks it once more and decides
    nothing."""
    if request.args.get("back"):
        with db.transaction():
            payments.look_soon(orders.find(code).id)
        return pages.see("reseller.order_page", "order-returned", code=code)
    with db.transaction():
        order = orders.find(code)
        values = values_of(order)
        customer = (
            db.session().scalar(select(Customer).where(Customer.id == order.customer_id))
            if order.customer_id
            else None
        )
        legs, given = lines_of(order), refund_views.of_order(order.id)
        wholesale = wholesale_of([order.id]).get(order.id, Money(0, order.currency))
        taken, ours = discounts.of_order(order.id), discounts.of_order(order.id, wholesale=True)
        timeline = timelines.of(belonging_to(order))
    return pages.render(
        "reseller/order.html",
        title=_("Order %(code)s", code=code),
        refresh_seconds=3 if values["progress"].live else None,
        customer=customer,
        legs=legs,
        refunds=given,
        may_cancel=has_role("buyer", "subscriptions_manager"),
        wholesale=wholesale,
        margin=margin(order.net, wholesale) if customer else None,
        sums=taxes.after_discounts(
            taxes.of_order(order), order.net, [(one.name, one.total) for one in taken]
        ),
        discounts=taken,
        our_discounts=ours,
        timeline=timeline,
        placed=moment(order.created_at),
        expires=moment(order.expires_at),
        **values,
    )


@console.post("/deliveries/<delivery_id>/cancel")
def cancel_delivery(delivery_id: str) -> Response:
    """Gives up a line of ours or of a customer that is being delivered (QP9)."""
    require_role("buyer", "subscriptions_manager")
    known = lists.identifier(delivery_id, "delivery")
    with db.transaction():
        code = orders.of_id(deliveries.find(known).order_id).code
    with db.transaction(widened_because="cancelling a delivery"):
        line_cancellations.ask(known, by=visitor().name, why="The reseller cancelled it.")
    return pages.see("reseller.order_page", "order-cancelling", code=code)


@console.get("/orders/<code>/progress")
def order_progress(code: str) -> Response:
    """The live part again; 286 when it has come to its end, so that the page stops asking and is read anew as
    a whole."""
    with db.transaction():
        values = values_of(orders.find(code))
    body = pages.environment(base()).get_template("reseller/parts/progress.html").render(**values)
    if values["progress"].live:
        return Response(body, content_type="text/html; charset=utf-8")
    return Response(body, 286, {"HX-Refresh": "true"}, content_type="text/html; charset=utf-8")


@console.get("/orders/<code>/confirmation.pdf")
def confirmation(code: str) -> Response:
    """The order's confirmation as a file."""
    return downloads.confirmation(code)


def values_of(order: Order) -> dict[str, Any]:
    """What the order's page and its live part show."""
    own = order.customer_id is None
    now = progress.of(order, ours=own)
    now = replace(now, lines=tuple(our_words(line, own=own) for line in now.lines))
    storefront = menu.own_storefront() if own else None
    opened = own and now.state == "delivered" and any("alias" in line.line.fields for line in now.lines)
    return {
        "order": order,
        "progress": now,
        "words": progress.WORDS,
        "own": own,
        "tracks": [
            (
                f"{line.line.quantity} × {line.line.product_name}" if len(now.lines) > 1 else None,
                (*now.first, *line.steps),
            )
            for line in now.lines
        ],
        "poll_url": url_for("reseller.order_progress", code=order.code) if now.live else None,
        "unpaid": own and order.state is OrderState.AWAITING_PAYMENT and order.pay_by is PayBy.CARD,
        "opened": menu.portal_url(storefront, absolute=True) if opened else None,
    }


def our_words(line: LineProgress, *, own: bool) -> LineProgress:
    """What "ready" means from where we stand: a plan opens a storefront, a customer finds the service in our
    portal."""
    if line.state != DeliveryState.SUCCESS:
        return line
    if "alias" in line.line.fields:
        ready = replace(
            line.steps[-1],
            title=_("Your storefront is open"),
            words=_("%(product)s is active.", product=line.line.product_name),
        )
    else:
        where = "" if own else _(" The customer finds it under My services.")
        ready = replace(line.steps[-1], words=f"{line.line.quantity} × {line.line.product_name}.{where}")
    return replace(line, steps=(*line.steps[:-1], ready))


def belonging_to(order: Order) -> list[UUID]:
    """The order and what its timeline tells of: payment, invoice, deliveries and what runs of it."""
    session = db.session()
    deliveries = session.execute(
        select(Delivery.id, Delivery.subscription_id).where(Delivery.order_id == order.id)
    ).all()
    papers = (
        *session.scalars(select(Payment.id).where(Payment.order_id == order.id)),
        *session.scalars(select(Invoice.id).where(Invoice.order_id == order.id)),
    )
    return [order.id, *papers, *(each for row in deliveries for each in row)]


@dataclass(frozen=True, slots=True)
class Leg:
    """A line with what it brings and what it costs us."""

    line: OrderLine
    wholesale: Money
    margin: Margin


def lines_of(order: Order) -> list[Leg]:
    """The lines with both legs."""
    rows = db.session().execute(
        select(OrderLine, OrderWholesale)
        .join(OrderWholesale, same_key(OrderWholesale.order_line_id, OrderLine.id))
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.number)
    )
    return [Leg(line, wholesale.total, margin(line.total, wholesale.total)) for line, wholesale in rows]
