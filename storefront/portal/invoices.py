"""Invoices of the customer: the list, and each as a page that prints well. A draft says what it is: a number
is given when it is paid."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from billing import credit_notes, invoices, tax
from billing.credit_notes import CreditNote
from billing.invoices import Invoice, InvoiceState
from checkout.orders import Order
from core import db
from core.languages import Words, _
from core.tenancy import same_key
from partners import companies
from storefront import downloads, exports, lists, pages, taxes, timelines
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.portal import portal
from storefront.visitors import require_role, signed_in_customer

ROLES = ("billing_agent", "buyer")
WORDS = Words({"draft": "Draft", "paid": "Paid", "void": "Void"})


@portal.get("/invoices")
@signed_in_customer
def invoice_list() -> Response:
    """Newest first."""
    require_role(*ROLES)
    with db.transaction():
        page = lists.page(the_list(), invoices_with_orders())
    return pages.render("portal/invoices.html", title=_("Invoices"), page=page, words=WORDS)


@portal.get("/invoices.csv")
@signed_in_customer
def invoice_file() -> Response:
    """The same as a file."""
    require_role(*ROLES)
    with db.transaction():
        return exports.answer(the_list(), invoices_with_orders())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Invoices"),
        "portal.invoice_list",
        [
            Column("invoice", _("Invoice"), lambda row: row["invoice"].label),
            Column("state", _("State"), lambda row: WORDS[row["invoice"].state]),
            Column("order", _("Order"), itemgetter("order")),
            Column("date", _("Date"), itemgetter("made"), Invoice.id),
            Column(
                "total",
                _("Total"),
                lambda row: row["invoice"].total,
                Invoice.total_minor,
                kind="num",
                money=True,
            ),
        ],
        Invoice.id,
        rows_of,
        "-date",
        search=found_by,
        filters=[
            lists.Choice(
                "state", _("State"), list(WORDS.items()), lambda w: Invoice.state == InvoiceState(w)
            ),
            Days("date", _("Written"), Invoice.created_at),
        ],
        export="portal.invoice_file",
        size=20,
    )


def rows_of(found: Sequence[tuple[Invoice, str]]) -> list[dict[str, Any]]:
    """Rows with what was given back of each invoice; one statement more for a page."""
    notes = notes_of([invoice.id for invoice, _ in found])
    return [
        {
            "invoice": invoice,
            "order": code,
            "made": moment(invoice.issued_at or invoice.created_at),
            "notes": notes.get(invoice.id, ()),
        }
        for invoice, code in found
    ]


def invoices_with_orders() -> Select[Invoice, str]:
    """Invoices with the codes of their orders."""
    return select(Invoice, Order.code).join(Order, same_key(Order.id, Invoice.order_id))


def found_by(query: str) -> ColumnElement[bool]:
    """A number whole, codes and series by a part."""
    found = [
        Order.code.icontains(query, autoescape=True),
        Invoice.series.icontains(query, autoescape=True),
    ]
    series, _dash, number = query.rpartition("-")
    if number.isascii() and number.isdigit() and len(number) < 12:
        found.append((Invoice.series == series) & (Invoice.number == int(number)))
    return or_(*found)


def notes_of(invoice_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[CreditNote]]:
    """Invoice -> its credit notes, oldest first."""
    found: dict[UUID, list[CreditNote]] = defaultdict(list)
    chosen = select(CreditNote).where(CreditNote.invoice_id.in_(invoice_ids)).order_by(CreditNote.id)
    for note in db.session().scalars(chosen) if invoice_ids else ():
        found[note.invoice_id].append(note)
    return found


@portal.get("/credit-notes/<uuid:note_id>")
@signed_in_customer
def credit_note(note_id: UUID) -> Response:
    """One credit note, printable."""
    require_role(*ROLES)
    with db.transaction() as session:
        note = credit_notes.find(note_id)
        lines = credit_notes.lines(note.id)
        order_code = session.scalar(select(Order.code).where(Order.id == note.order_id))
    return pages.render(
        "portal/credit_note.html",
        title=_("Credit note %(number)s", number=note.label),
        note=note,
        lines=lines,
        order=order_code,
        issued=moment(note.issued_at),
        paper_url=url_for("portal.credit_note_paper", note_id=note.id),
    )


@portal.get("/credit-notes/<uuid:note_id>/credit-note.pdf")
@signed_in_customer
def credit_note_paper(note_id: UUID) -> Response:
    """The credit note as a file."""
    require_role(*ROLES)
    return downloads.credit_note(note_id)


@portal.get("/invoices/<uuid:invoice_id>")
@signed_in_customer
def invoice(invoice_id: UUID) -> Response:
    """One invoice, printable."""
    require_role(*ROLES)
    with db.transaction() as session:
        found = invoices.find(invoice_id)
        lines = invoices.lines(found.id)
        notes = notes_of([found.id]).get(found.id, ())
        order_code = session.scalar(select(Order.code).where(Order.id == found.order_id))
        timeline = timelines.of([found.id])
    return pages.render(
        "portal/invoice.html",
        title=_("Invoice %(number)s", number=found.label)
        if found.number
        else _("Void invoice")
        if found.state is InvoiceState.VOID
        else _("Draft invoice"),
        invoice=found,
        lines=lines,
        rates={line.id: tax.percent(line.tax_basis_points) for line in lines},
        notes=notes,
        order_code=order_code,
        made=moment(found.created_at),
        issued=moment(found.issued_at),
        words=WORDS,
        sums=taxes.of_order(found),
        note=_(tax.NOTES[found.tax_kind]),
        countries=companies.countries(),
        timeline=timeline,
    )


@portal.get("/invoices/<uuid:invoice_id>/invoice.pdf")
@signed_in_customer
def invoice_paper(invoice_id: UUID) -> Response:
    """The invoice as a file; a pro forma while it has no number."""
    require_role(*ROLES)
    return downloads.invoice(invoice_id)


@portal.get("/invoices/<uuid:invoice_id>/receipt.pdf")
@signed_in_customer
def receipt(invoice_id: UUID) -> Response:
    """That it was paid."""
    require_role(*ROLES)
    return downloads.receipt(invoice_id)
