"""Invoices of the customer: the list, and each as a page that prints well. A draft says what it is: a number
is given when it is paid."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from billing import credit_notes, invoices, tax
from billing.credit_notes import CreditNote
from billing.invoices import Invoice, InvoiceState
from checkout.orders import Order
from core import db
from core.languages import Words, _
from partners import companies
from storefront import downloads, pages, taxes
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.basket import as_id
from storefront.visitors import require_role, signed_in_customer

PAGE = 20
ROLES = ("billing_agent", "buyer")
WORDS = Words({"draft": "Draft", "paid": "Paid", "void": "Void"})


@portal.get("/invoices")
@signed_in_customer
def invoice_list() -> Response:
    """Newest first."""
    require_role(*ROLES)
    query, after, state = (
        request.args.get("q", "").strip()[:100],
        request.args.get("after", ""),
        request.args.get("state", ""),
    )
    chosen = (
        select(Invoice, Order.code)
        .join(Order, (Order.distributor_id == Invoice.distributor_id) & (Order.id == Invoice.order_id))
        .order_by(Invoice.id.desc())
        .limit(PAGE + 1)
    )
    if after:
        chosen = chosen.where(Invoice.id < as_id(after, "page"))
    if state in set(InvoiceState):
        chosen = chosen.where(Invoice.state == InvoiceState(state))
    if query:
        series, _dash, number = query.rpartition("-")
        numbered = (
            (Invoice.series == series) & (Invoice.number == int(number))
            if number.isascii() and number.isdigit() and len(number) < 12
            else None
        )
        matches = [
            Order.code.icontains(query, autoescape=True),
            Invoice.series.icontains(query, autoescape=True),
        ]
        chosen = chosen.where(or_(*matches, *([numbered] if numbered is not None else [])))
    with db.transaction() as session:
        found = [(invoice, code) for invoice, code in session.execute(chosen)]
        notes = notes_of([invoice.id for invoice, _ in found[:PAGE]])
    rows = [
        {
            "invoice": invoice,
            "order": code,
            "made": moment(invoice.issued_at or invoice.created_at),
            "notes": notes.get(invoice.id, ()),
        }
        for invoice, code in found[:PAGE]
    ]
    following = (
        url_for("portal.invoice_list", q=query or None, state=state or None, after=found[PAGE - 1][0].id)
        if len(found) > PAGE
        else None
    )
    filters = [
        {"name": "state", "label": _("State"), "value": state, "options": [("", _("Any")), *WORDS.items()]}
    ]
    return pages.render(
        "portal/invoices.html",
        title=_("Invoices"),
        rows=rows,
        list_query=query,
        filters=filters,
        filtered=bool(query or state or after),
        clear_url=url_for("portal.invoice_list"),
        next_url=following,
        words=WORDS,
    )


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
    )


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
    return pages.render(
        "portal/invoice.html",
        title=_("Invoice %(number)s", number=found.label) if found.number else _("Draft invoice"),
        invoice=found,
        lines=lines,
        rates={line.id: tax.percent(line.tax_basis_points) for line in lines},
        notes=notes,
        order_code=order_code,
        made=moment(found.created_at),
        issued=moment(found.issued_at),
        words=WORDS,
        sums=taxes.of_order(found),
        note=tax.NOTES[found.tax_kind],
        countries=companies.countries(),
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
