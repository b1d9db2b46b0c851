"""Invoices of both legs: the distributor's to resellers, and the resellers' to their customers."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from billing.invoices import Invoice, InvoiceState
from checkout.orders import Order
from core import db
from core.languages import Words, _
from core.parties import Customer, Reseller
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import the_shop

LEGS = Words({"wholesale": "To resellers", "retail": "To customers"})


@console.get("/invoices")
def invoice_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), invoices())
    return pages.render("distributor/invoices.html", title=_("Invoices"), page=page)


@console.get("/invoices.csv")
def invoice_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), invoices())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Invoices"),
        "distributor.invoice_list",
        [
            Column("invoice", _("Invoice"), itemgetter("label")),
            Column("order", _("Order"), itemgetter("order")),
            Column("buyer", _("To"), itemgetter("buyer")),
            Column("seller", _("From"), itemgetter("seller")),
            Column("state", _("State"), itemgetter("state")),
            Column("issued", _("Issued"), itemgetter("issued"), lists.first_if_empty(Invoice.issued_at)),
            Column("written", _("Written"), itemgetter("written"), Invoice.id),
            Column("total", _("Total"), itemgetter("total"), Invoice.total_minor, kind="num", money=True),
        ],
        Invoice.id,
        rows_of,
        "-written",
        search=found_by,
        views=lists.Choice(
            "show",
            _("View"),
            lists.states(InvoiceState),
            lambda word: Invoice.state == InvoiceState(word),
            any_word=_("All"),
        ),
        filters=[
            lists.Choice("leg", _("Leg"), LEGS.options(), is_leg),
            Days("issued", _("Issued"), Invoice.issued_at),
            Amounts("total", _("Total"), Invoice.total_minor, Invoice.currency, the_shop().currency),
        ],
        export="distributor.invoice_file",
    )


def invoices() -> Select[Invoice, str]:
    """Invoices with the code of their order."""
    return select(Invoice, Order.code).join(Order, same_key(Order.id, Invoice.order_id))


def is_leg(leg: str) -> ColumnElement[bool]:
    """Who is asked to pay."""
    return Invoice.customer_id.is_(None) if leg == "wholesale" else Invoice.customer_id.is_not(None)


def found_by(query: str) -> ColumnElement[bool]:
    """A number or a code whole, names by a part of them."""
    found = [
        Order.code == query.upper(),
        Invoice.reseller_id.in_(select(Reseller.id).where(Reseller.name.icontains(query, autoescape=True))),
        Invoice.customer_id.in_(select(Customer.id).where(Customer.name.icontains(query, autoescape=True))),
    ]
    series, _dash, number = query.rpartition("-")
    if number.isascii() and number.isdigit() and len(number) < 12:
        found.append((Invoice.series == series) & (Invoice.number == int(number)))
    return or_(*found)


def rows_of(found: Sequence[tuple[Invoice, str]]) -> list[dict[str, Any]]:
    """Invoices as the list shows them; names are those on the paper."""
    return [
        {
            "label": invoice.label,
            "order": order,
            "url": url_for("distributor.order_page", code=order),
            "buyer": invoice.buyer.get("name", ""),
            "seller": invoice.seller.get("name", ""),
            "state": invoice.state,
            "issued": moment(invoice.issued_at),
            "written": moment(invoice.created_at),
            "total": invoice.total,
        }
        for invoice, order in found
    ]
