"""Payments: what was asked for by card, what came, and what the gateway kept of it."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from billing.payments import Payment, PaymentAttempt, PaymentState
from checkout.orders import Order
from core import db
from core.languages import _
from core.money import Money
from core.parties import Customer, Reseller
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import the_shop


@console.get("/payments")
def payment_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), payments())
    return pages.render("distributor/payments.html", title=_("Payments"), page=page)


@console.get("/payments.csv")
def payment_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), payments())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Payments"),
        "distributor.payment_list",
        [
            Column("order", _("Order"), itemgetter("order")),
            Column("who", _("Who pays"), itemgetter("who")),
            Column("state", _("State"), itemgetter("state")),
            Column("asked_at", _("Asked"), itemgetter("asked_at"), Payment.id),
            Column("paid_at", _("Paid"), itemgetter("paid_at"), lists.first_if_empty(Payment.paid_at)),
            Column("amount", _("Amount"), itemgetter("amount"), Payment.amount_minor, kind="num", money=True),
            Column("captured", _("Captured"), itemgetter("captured"), kind="num", money=True),
            Column("fee", _("Fee"), itemgetter("fee"), kind="num", money=True),
        ],
        Payment.id,
        rows_of,
        "-asked_at",
        search=found_by,
        views=lists.Choice(
            "show",
            _("View"),
            lists.states(PaymentState),
            lambda word: Payment.state == PaymentState(word),
            any_word=_("All"),
        ),
        filters=[
            Days("paid", _("Paid"), Payment.paid_at),
            Days("asked", _("Asked"), Payment.created_at),
            Amounts("amount", _("Amount"), Payment.amount_minor, Payment.currency, the_shop().currency),
        ],
        export="distributor.payment_file",
    )


def payments() -> Select[Payment, str, str, str]:
    """Payments with order and names."""
    return (
        select(Payment, Order.code, Reseller.name, Customer.name)
        .join(Order, same_key(Order.id, Payment.order_id))
        .join(Reseller, same_key(Reseller.id, Payment.reseller_id))
        .outerjoin(Customer, same_key(Customer.id, Payment.customer_id))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """A code or Stripe's session whole, names by a part of them."""
    return or_(
        Order.code == query.upper(),
        Payment.id.in_(select(PaymentAttempt.payment_id).where(PaymentAttempt.session_id == query)),
        Payment.reseller_id.in_(select(Reseller.id).where(Reseller.name.icontains(query, autoescape=True))),
        Payment.customer_id.in_(select(Customer.id).where(Customer.name.icontains(query, autoescape=True))),
    )


def rows_of(found: Sequence[tuple[Payment, str, str, str | None]]) -> list[dict[str, Any]]:
    """Payments as the list shows them."""

    def money(minor: int | None, currency: str) -> Money | None:
        return Money(minor, currency) if minor is not None else None

    return [
        {
            "order": order,
            "url": url_for("distributor.order_page", code=order),
            "who": customer or _("%(reseller)s (for itself)", reseller=reseller),
            "reseller": reseller,
            "state": payment.state,
            "asked_at": moment(payment.created_at),
            "paid_at": moment(payment.paid_at),
            "amount": payment.amount,
            "captured": money(payment.captured_minor, payment.currency),
            "fee": money(payment.fee_minor, payment.currency),
        }
        for payment, order, reseller, customer in found
    ]
