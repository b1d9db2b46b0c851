"""Orders of the customer: the list, one order with its live progress, the way to the payment page and
back."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

import structlog
from flask import redirect, request, url_for
from sqlalchemy import ColumnElement, or_, select
from werkzeug.wrappers import Response

from billing import bank_transfers, stripe_events
from billing.bank_transfers import BankTransfer
from billing.payment_pages import BeingChecked, PaidAlready
from billing.stripe_gateway import GatewayDown, GatewayRefused
from checkout import bank_transfer_requests, discounts, orders, returns
from checkout.discounts import Given
from checkout.orders import Order, OrderLine, OrderState
from core import db
from core.languages import _
from core.tenancy import Side
from provisioning import deliveries, line_cancellations
from storefront import downloads, exports, lists, pages, paying, progress, taxes, timelines
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import day, moment
from storefront.paying import Journey, NothingToPay
from storefront.portal import portal
from storefront.visitors import has_role, require_role, signed_in_customer, the_shop, visitor

log = structlog.get_logger("portal")
pages.saying(
    returned="Thank you. We are asking the payment service how it went.",
    cancelled="The order is cancelled. Nothing was charged.",
    cancelling="It is being cancelled. This page says each step, and a mail tells you when money goes back.",
    nothing_to_pay="There is nothing to pay right now; this page shows how the order stands.",
)


@portal.get("/orders")
@signed_in_customer
def order_list() -> Response:
    """Newest first."""
    with db.transaction():
        page = lists.page(the_list(), select(Order))
    return pages.render("portal/orders.html", title=_("Orders"), page=page, words=progress.WORDS)


@portal.get("/orders.csv")
@signed_in_customer
def order_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Order))


def the_list() -> List:
    """What the list is."""
    states = [(state.value, progress.WORDS.get(state.value, state.value)) for state in OrderState]
    return List(
        _("Orders"),
        "portal.order_list",
        [
            Column("order", _("Order"), lambda row: row["order"].code),
            Column("what", _("What"), itemgetter("what")),
            Column("state", _("State"), lambda row: progress.WORDS[row["state"]]),
            Column("placed", _("Placed"), itemgetter("placed"), Order.id),
            Column(
                "total", _("Total"), lambda row: row["order"].total, Order.total_minor, kind="num", money=True
            ),
        ],
        Order.id,
        rows_of,
        "-placed",
        search=found_by,
        filters=[
            lists.Choice("state", _("State"), states, lambda word: Order.state == OrderState(word)),
            Days("placed", _("Placed"), Order.created_at),
        ],
        export="portal.order_file",
        size=20,
    )


def found_by(query: str) -> ColumnElement[bool]:
    """Codes and products by a part."""
    named = select(OrderLine.order_id).where(OrderLine.product_name.icontains(query, autoescape=True))
    return or_(Order.code.icontains(query, autoescape=True), Order.id.in_(named))


def rows_of(found: Sequence[tuple[Order]]) -> list[dict[str, Any]]:
    """Orders as the list shows them, in the words of their own pages; two statements more for a page."""
    names = _names([order.id for (order,) in found])
    states = progress.states_of([order for (order,) in found])
    return [
        {
            "order": order,
            "what": names.get(order.id, ""),
            "state": states[order.id],
            "placed": moment(order.created_at),
        }
        for (order,) in found
    ]


def _names(order_ids: list[Any]) -> dict[Any, str]:
    """order -> its products in words."""
    if not order_ids:
        return {}
    named: dict[Any, list[str]] = {}
    chosen = (
        select(OrderLine.order_id, OrderLine.product_name)
        .where(OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.number)
    )
    for order_id, name in db.session().execute(chosen):
        named.setdefault(order_id, []).append(name)
    return {
        order_id: _("%(names)s and %(n)s more", names=", ".join(names[:3]), n=len(names) - 3)
        if len(names) > 3
        else ", ".join(names)
        for order_id, names in named.items()
    }


@portal.get("/orders/<code>")
@signed_in_customer
def order(code: str) -> Response:
    """One order: its steps, live; what one can do now; safe to close."""
    with db.transaction():
        found = orders.find(code)
        now, given = progress.of(found), discounts.of_order(found.id)
        transfer = bank_transfers.of_order(found.id)
        timeline = timelines.of([found.id, *([transfer.id] if transfer else [])])
    return pages.render(
        "portal/order.html",
        title=_("Order %(code)s", code=code),
        timeline=timeline,
        refresh_seconds=3 if now.live and not now.declined else None,
        **order_values(found, now, given, transfer),
    )


@portal.get("/orders/<code>/progress")
@signed_in_customer
def order_progress(code: str) -> Response:
    """The live part again: 204 while nothing changed, 286 when it has come to its end (htmx stops asking)."""
    with db.transaction():
        found = orders.find(code)
        now, given = progress.of(found), discounts.of_order(found.id)
        transfer = bank_transfers.of_order(found.id)
    if now.live and request.args.get("seen") == now.mark:
        return Response(status=204)
    body = pages.part(
        "portal/fragments/order.html",
        **order_values(found, now, given, transfer),
        places=pages.portal_places(),
        shop=the_shop(),
    )
    return Response(body, 200 if now.live else 286, content_type="text/html; charset=utf-8")


def order_values(
    found: Order, now: progress.Progress, given: Sequence[Given], transfer: BankTransfer | None
) -> dict[str, Any]:
    """What the order's page and its live part show."""
    return {
        "order": found,
        "progress": now,
        "words": progress.WORDS,
        "tones": progress.TONES,
        "placed": moment(found.created_at),
        "expires": moment(found.expires_at),
        "poll_url": url_for("portal.order_progress", code=found.code, seen=now.mark) if now.live else None,
        "unpaid": found.state is OrderState.AWAITING_PAYMENT,
        "transfer": transfer,
        "due": day(transfer.due_on) if transfer and transfer.due_on else "",
        "single": len(now.lines) == 1,
        "discounts": given,
        "sums": taxes.after_discounts(
            taxes.of_order(found), found.net, [(one.name, one.total) for one in given]
        ),
        "may_cancel": has_role("buyer"),
        "belongs": now.belongs,
    }


@portal.get("/orders/<code>/confirmation.pdf")
@signed_in_customer
def confirmation(code: str) -> Response:
    """The order's confirmation as a file."""
    return downloads.confirmation(code)


@portal.post("/orders/<code>/cancel")
@signed_in_customer
def cancel(code: str) -> Response:
    """Gives up an unpaid order."""
    require_role("buyer")
    with db.transaction():
        found = orders.find(code)
    with db.transaction(widened_because="giving up an order"):
        orders.cancel(orders.of_id(found.id), why=f"{visitor().name} cancelled it.")
    return pages.see("portal.order", "cancelled", code=code)


@portal.post("/orders/<code>/by-card")
@signed_in_customer
def pay_by_card(code: str) -> Response:
    """Not by bank transfer after all: on to the card."""
    require_role("buyer", "billing_agent")
    with db.transaction():
        found = orders.find(code)
    with db.transaction(widened_because="opening a payment page"):
        bank_transfer_requests.pay_by_card(found.id)
    return pages.see("portal.pay", code=code)


@portal.post("/deliveries/<uuid:delivery_id>/cancel")
@signed_in_customer
def cancel_delivery(delivery_id: UUID) -> Response:
    """Gives up a line that is being delivered; the money goes back when nothing of it runs (QP9)."""
    require_role("buyer")
    with db.transaction():
        code = orders.of_id(deliveries.find(delivery_id).order_id).code
    with db.transaction(widened_because="cancelling a delivery"):
        line_cancellations.ask(delivery_id, by=visitor().name, why="The buyer cancelled it.")
    return pages.see("portal.order", "cancelling", code=code)


# --- Paying ---------------------------------------------------------------------------------------


@portal.get("/orders/<code>/pay")
@signed_in_customer
def pay(code: str) -> Response:
    """To the gateway's page; while the gateway is down, a page that tries again by itself."""
    require_role("buyer", "billing_agent")
    journey = Journey(
        the_shop().name,
        return_address,
        lambda order: url_for("portal.order", code=order.code, _external=True),
    )
    try:
        return redirect(paying.find_page(code, journey), 303)
    except (PaidAlready, BeingChecked):
        return pages.see("portal.order", code=code)
    except NothingToPay:
        return pages.see("portal.order", "nothing-to-pay", code=code)
    except (GatewayDown, GatewayRefused) as no:
        down = isinstance(no, GatewayDown)
        log.warning(
            "pay.gateway", order=code, problem=no.detail if isinstance(no, GatewayDown) else no.message
        )
        page = pages.render(
            "portal/gateway_down.html",
            no.status,
            title=_("The payment page does not open"),
            code=code,
            down=down,
            retry_seconds=5 if down else None,
        )
        if down:
            page.headers["Retry-After"] = "5"
        return page


def return_address(order: Order) -> str:
    """Where the gateway sends the payer; it needs no log-in."""
    return url_for("portal.returned", code=order.code, token=order.return_token, _external=True)


@portal.get("/orders/<code>/return")
def returned(code: str) -> Response:
    """Back from the gateway. Decides nothing: has the payment looked at soon, and shows what is known."""
    found = returns.look(the_shop().storefront_id, code, request.args.get("token", "")[:100])
    if found.attempt_id is not None and request.args.get("again") is None:
        with db.transaction():
            stripe_events.check_soon(found.attempt_id)
    if (own := own_page(code, found)) is not None:
        return own
    waiting = found.state is OrderState.AWAITING_PAYMENT and not found.declined
    again = url_for("portal.returned", code=code, token=request.args.get("token"), again=1)
    return pages.render(
        "portal/returned.html",
        title=_("Your payment"),
        code=code,
        found=found,
        waiting=waiting,
        refresh_url=again if waiting else None,
        sign_in_url=url_for("portal.sign_in_page", next=f"/orders/{code}"),
    )


def own_page(code: str, found: returns.Returning) -> Response | None:
    """Whoever is signed in and may see the order goes straight to it."""
    who = visitor()
    if who.side is Side.CUSTOMER and found.customer_id is not None and who.customer_id == found.customer_id:
        return pages.see("portal.order", "returned" if found.attempt_id else "", code=code)
    if who.side is Side.RESELLER and found.customer_id is None and who.membership_id == found.membership_id:
        return redirect(f"{the_shop().base}/reseller/orders/{code}", 303)
    return None
