"""What the reseller owes and is owed: wholesale charges, invoices of the distributor and of its customers,
and all subscriptions."""

from typing import Any

from flask import request, url_for
from sqlalchemy import func, or_, select
from werkzeug.wrappers import Response

from billing import credit_notes, invoices, tax
from billing.credit import Balance
from billing.credit_notes import CreditNote
from billing.invoices import Charge, ChargeState, Invoice
from catalog import products
from checkout.orders import Order
from core import db
from core.clock import business_now
from core.errors import Missing
from core.money import Money
from core.parties import Customer
from partners import companies
from storefront import downloads, endings, pages, taxes
from storefront.distributor import lists
from storefront.moments import moment
from storefront.reseller import console
from storefront.visitors import has_role
from subscriptions import subscriptions
from subscriptions.subscriptions import LicenceState, Subscription, SubscriptionState

VIEWS = [
    ("", "Wholesale charges"),
    ("from-distributor", "Invoices to you"),
    ("to-customers", "Invoices to customers"),
    ("credit-notes", "Credit notes"),
]
STATES = [("", "Any state"), *((state.value, state.value.capitalize()) for state in SubscriptionState)]


@console.get("/money")
def money_page() -> Response:
    """Charges, or invoices of either direction; newest first."""
    show = request.args.get("show", "")
    show = show if show in dict(VIEWS) else ""
    with db.transaction():
        if not show:
            page, row_of = lists.newest_first(charges(lists.words()), Charge.id), charge_row
        elif show == "credit-notes":
            page, row_of = lists.newest_first(notes(lists.words()), CreditNote.id), note_row
        else:
            page, row_of = lists.newest_first(bills(show, lists.words()), Invoice.id), invoice_row
        due, balances = owed(), standing()
    rows = [row_of(*row) for row in page.rows]
    tabs = [
        (word, url_for("reseller.money_page", show=value or None), value == show) for value, word in VIEWS
    ]
    return pages.render(
        "reseller/money.html",
        title="Invoices and charges",
        page=page,
        rows=rows,
        tabs=tabs,
        show=show,
        due=due,
        balances=balances,
    )


def charges(query: str) -> Any:
    """What we owe the distributor, line by line; charges of orders that were never funded are left out."""
    chosen = (
        select(Charge, Order.code)
        .join(Order, (Order.distributor_id == Charge.distributor_id) & (Order.id == Charge.order_id))
        .where(Charge.state.in_((ChargeState.DUE, ChargeState.SETTLED, ChargeState.CREDITED)))
    )
    found = (
        Charge.description.icontains(query, autoescape=True),
        Order.code.icontains(query, autoescape=True),
    )
    return chosen.where(or_(*found)) if query else chosen


def bills(show: str, query: str) -> Any:
    """Invoices of the distributor to us, or of us to our customers."""
    chosen = (
        select(Invoice, Order.code, Customer.name)
        .join(Order, (Order.distributor_id == Invoice.distributor_id) & (Order.id == Invoice.order_id))
        .outerjoin(
            Customer,
            (Customer.distributor_id == Invoice.distributor_id) & (Customer.id == Invoice.customer_id),
        )
        .where(
            Invoice.customer_id.is_(None) if show == "from-distributor" else Invoice.customer_id.is_not(None)
        )
    )
    found = (Order.code.icontains(query, autoescape=True), Customer.name.icontains(query, autoescape=True))
    return chosen.where(or_(*found)) if query else chosen


def notes(query: str) -> Any:
    """Credit notes of the distributor to us, and of us to our customers."""
    chosen = (
        select(CreditNote, Order.code, Customer.name)
        .join(Order, (Order.distributor_id == CreditNote.distributor_id) & (Order.id == CreditNote.order_id))
        .outerjoin(
            Customer,
            (Customer.distributor_id == CreditNote.distributor_id) & (Customer.id == CreditNote.customer_id),
        )
    )
    found = (Order.code.icontains(query, autoescape=True), Customer.name.icontains(query, autoescape=True))
    return chosen.where(or_(*found)) if query else chosen


def note_row(note: CreditNote, code: str, customer: str | None) -> dict[str, Any]:
    """A credit note as the table shows it."""
    return {
        "note": note,
        "url": url_for("reseller.credit_note", note_id=note.id),
        "order": code,
        "order_url": url_for("reseller.order_page", code=code),
        "customer": customer,
        "at": moment(note.issued_at),
    }


@console.get("/money/credit-notes/<note_id>")
def credit_note(note_id: str) -> Response:
    """One credit note, as it can be printed."""
    with db.transaction():
        note = credit_notes.find(lists.identifier(note_id, "credit note"))
        lines = credit_notes.lines(note.id)
        code = db.session().scalar(select(Order.code).where(Order.id == note.order_id))
    return pages.render(
        "reseller/credit_note.html",
        title=f"Credit note {note.label}",
        note=note,
        lines=lines,
        order=code,
        issued=moment(note.issued_at),
    )


def charge_row(charge: Charge, code: str) -> dict[str, Any]:
    """A charge as the table shows it."""
    return {
        "charge": charge,
        "code": code,
        "url": url_for("reseller.order_page", code=code),
        "at": moment(charge.created_at),
    }


def invoice_row(invoice: Invoice, code: str, customer: str | None) -> dict[str, Any]:
    """An invoice as the table shows it."""
    return {
        "invoice": invoice,
        "label": invoice.label,
        "url": url_for("reseller.invoice_page", invoice_id=invoice.id),
        "order": code,
        "order_url": url_for("reseller.order_page", code=code),
        "customer": customer,
        "at": moment(invoice.issued_at or invoice.created_at),
    }


def owed() -> list[Money]:
    """What is due on the next wholesale invoice, per currency."""
    rows = db.session().execute(
        select(Charge.currency, func.sum(Charge.total_minor + Charge.tax_minor - Charge.credited_minor))
        .where(Charge.state == ChargeState.DUE)
        .group_by(Charge.currency)
    )
    return [Money(int(minor), currency) for currency, minor in rows]


def standing() -> list[dict[str, Any]]:
    """Credit lines and deposits."""
    return [
        {
            "kind": row.kind.value,
            "limit": Money(row.ceiling, row.currency),
            "left": Money(row.ceiling - row.reserved, row.currency),
        }
        for row in db.session().scalars(select(Balance).order_by(Balance.kind, Balance.currency))
    ]


@console.get("/money/invoices/<invoice_id>")
def invoice_page(invoice_id: str) -> Response:
    """One invoice, as it can be printed."""
    with db.transaction():
        invoice = invoices.find(lists.identifier(invoice_id, "invoice"))
        lines = invoices.lines(invoice.id)
        code = db.session().scalar(select(Order.code).where(Order.id == invoice.order_id))
    return pages.render(
        "reseller/invoice.html",
        title=f"Invoice {invoice.label}",
        invoice=invoice,
        lines=lines,
        rates={line.id: tax.percent(line.tax_basis_points) for line in lines},
        order=code,
        at=moment(invoice.issued_at or invoice.created_at),
        sums=taxes.of_order(invoice),
        note=tax.NOTES[invoice.tax_kind],
        countries=companies.countries(),
    )


@console.get("/money/invoices/<invoice_id>/invoice.pdf")
def invoice_paper(invoice_id: str) -> Response:
    """The invoice as a file; a pro forma while it has no number."""
    return downloads.invoice(lists.identifier(invoice_id, "invoice"))


@console.get("/money/invoices/<invoice_id>/receipt.pdf")
def receipt(invoice_id: str) -> Response:
    """That it was paid."""
    return downloads.receipt(lists.identifier(invoice_id, "invoice"))


# --- Subscriptions ------------------------------------------------------------------------------------------


@console.get("/subscriptions")
def subscription_list() -> Response:
    """All of them, newest first."""
    state = lists.chosen("state", STATES)
    query = lists.words()
    chosen = select(Subscription, Customer.name).outerjoin(
        Customer,
        (Customer.distributor_id == Subscription.distributor_id) & (Customer.id == Subscription.customer_id),
    )
    if state.value:
        chosen = chosen.where(Subscription.state == SubscriptionState(state.value))
    if query:
        columns = (Subscription.code, Subscription.product_name, Customer.name)
        chosen = chosen.where(or_(*(column.icontains(query, autoescape=True) for column in columns)))
    with db.transaction():
        page = lists.newest_first(chosen, Subscription.id)
    rows = [
        {
            "subscription": each,
            "customer": name or "For yourself",
            "url": url_for("reseller.subscription_page", code=each.code),
            "ends": moment(each.ends_at),
        }
        for each, name in page.rows
    ]
    return pages.render(
        "reseller/subscriptions.html", title="Subscriptions", page=page, rows=rows, filters=[state]
    )


@console.get("/subscriptions/<code>")
def subscription_page(code: str) -> Response:
    """One subscription: what runs, until when, and how many of its seats are used."""
    return show_subscription(code)


def show_subscription(code: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction() as session:
        try:
            found = subscriptions.find(code)
        except Missing:
            raise Missing("subscription") from None
        customer = (
            session.scalar(select(Customer).where(Customer.id == found.customer_id))
            if found.customer_id
            else None
        )
        seats = [seat for seat in subscriptions.licences(found.id) if seat.state is not LicenceState.REVOKED]
        order = session.scalar(
            select(Order.code)
            .join(Charge, Charge.order_id == Order.id)
            .where(Charge.order_line_id == found.order_line_id)
        )
        ending, happened, now = endings.ending_of(found), endings.timeline_of(found), business_now()
        is_plan = products.type_of(found.plan_id).opens_storefront
    assigned = sum(seat.assignee is not None for seat in seats)
    return pages.render(
        "reseller/subscription.html",
        status,
        title=found.code,
        subscription=found,
        customer=customer,
        seats=len(seats),
        assigned=assigned,
        percent=assigned * 100 // len(seats) if seats else 0,
        starts=moment(found.starts_at, now),
        ends=moment(found.ends_at, now),
        order=order,
        per=found.billing_period.per,
        term=found.term.label,
        ending=ending,
        happened=happened,
        again_url=url_for("reseller.plan_page") if is_plan else None,
        may_act=has_role("subscriptions_manager"),
        problem=problem,
    )
