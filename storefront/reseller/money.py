"""What the reseller owes and is owed: wholesale charges, invoices of the distributor and of its customers,
and all subscriptions."""

from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from werkzeug.wrappers import Response

from billing import credit_notes, invoices, tax
from billing.credit import Balance
from billing.credit_notes import CreditNote
from billing.invoices import Charge, ChargeState, Invoice, InvoiceState
from catalog import products
from checkout.orders import Order
from core import db
from core.clock import business_now
from core.errors import Missing
from core.languages import Words, _
from core.money import Money
from core.parties import Customer
from core.tenancy import same_key
from partners import companies
from storefront import belongings, downloads, endings, exports, lists, pages, taxes, timelines
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console
from storefront.visitors import has_role
from subscriptions import subscriptions
from subscriptions.subscriptions import LicenceState, Subscription, SubscriptionState

VIEWS = Words(
    {
        "": "Wholesale charges",
        "from-distributor": "Invoices to you",
        "to-customers": "Invoices to customers",
        "credit-notes": "Credit notes",
    }
)
CHARGED = Words({"due": "Due", "settled": "Covered by a payment", "credited": "Given back"})


@console.get("/money")
def money_page() -> Response:
    """Charges, or invoices of either direction; newest first."""
    show = which()
    with db.transaction():
        page = lists.page(*the_list_of(show))
        due, balances = owed(), standing()
    tabs = [
        (word, url_for("reseller.money_page", show=value or None), value == show)
        for value, word in VIEWS.items()
    ]
    return pages.render(
        "reseller/money.html",
        title=_("Invoices and charges"),
        page=page,
        tabs=tabs,
        show=show,
        due=due,
        balances=balances,
    )


@console.get("/money.csv")
def money_file() -> Response:
    """The list that is shown, as a file."""
    show = which()
    with db.transaction():
        return exports.answer(*the_list_of(show))


def which() -> str:
    """Which of the lists is asked for."""
    return lists.at_most(VIEWS.options(), request.args.get("show", ""))


def the_list_of(show: str) -> tuple[List, Select[Any, str] | Select[Any, str, str]]:
    """The list that is asked for, and its rows."""
    if not show:
        return the_charges()
    return the_notes() if show == "credit-notes" else the_bills(show)


def the_charges() -> tuple[List, Select[Charge, str]]:
    """What we owe the distributor, line by line; charges of orders that were never funded are left out."""
    of = List(
        _("Charges"),
        "reseller.money_page",
        [
            Column("charge", _("Charge"), lambda row: row["charge"].description),
            Column("order", _("Order"), itemgetter("code")),
            Column("state", _("State"), itemgetter("state")),
            Column("date", _("Date"), itemgetter("at"), Charge.id),
            Column(
                "net", _("Net"), lambda row: row["charge"].total, Charge.total_minor, kind="num", money=True
            ),
            Column("vat", _("VAT"), lambda row: row["charge"].tax, kind="num", money=True),
            Column("vat_name", _("VAT rate"), lambda row: row["charge"].tax_name, only_file=True),
            Column("amount", _("Amount"), lambda row: row["charge"].gross, kind="num", money=True),
        ],
        Charge.id,
        lambda found: [charge_row(*row) for row in found],
        "-date",
        search=lambda query: or_(
            Charge.description.icontains(query, autoescape=True),
            Order.code.icontains(query, autoescape=True),
        ),
        filters=[
            lists.Choice(
                "state", _("State"), CHARGED.options(), lambda word: Charge.state == ChargeState(word)
            ),
            Days("date", _("Date"), Charge.created_at),
        ],
        export="reseller.money_file",
    )
    chosen = (
        select(Charge, Order.code)
        .join(Order, same_key(Order.id, Charge.order_id))
        .where(Charge.state.in_((ChargeState.DUE, ChargeState.SETTLED, ChargeState.CREDITED)))
    )
    return of, chosen


def the_bills(show: str) -> tuple[List, Select[Invoice, str, str]]:
    """Invoices of the distributor to us, or of us to our customers."""
    of = List(
        _("Invoices"),
        "reseller.money_page",
        [
            Column("invoice", _("Invoice"), itemgetter("label")),
            Column("order", _("Order"), itemgetter("order")),
            Column("customer", _("Customer"), itemgetter("customer")),
            Column("state", _("State"), lambda row: row["invoice"].state),
            Column("date", _("Date"), itemgetter("at"), Invoice.id),
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
        lambda found: [invoice_row(*row) for row in found],
        "-date",
        search=lambda query: of_order_or_customer(query, Invoice),
        filters=[
            lists.Choice(
                "state",
                _("State"),
                lists.states(InvoiceState),
                lambda word: Invoice.state == InvoiceState(word),
            ),
            Days("date", _("Written"), Invoice.created_at),
        ],
        export="reseller.money_file",
        kept=("show",),
    )
    chosen = (
        select(Invoice, Order.code, Customer.name)
        .join(Order, same_key(Order.id, Invoice.order_id))
        .outerjoin(Customer, same_key(Customer.id, Invoice.customer_id))
        .where(
            Invoice.customer_id.is_(None) if show == "from-distributor" else Invoice.customer_id.is_not(None)
        )
    )
    return of, chosen


def of_order_or_customer(query: str, paper: type[Invoice | CreditNote]) -> ColumnElement[bool]:
    """Papers found by a part of the order's code or of the customer's name."""
    named = select(Customer.id).where(Customer.name.icontains(query, autoescape=True))
    return or_(Order.code.icontains(query, autoescape=True), paper.customer_id.in_(named))


def the_notes() -> tuple[List, Select[CreditNote, str, str]]:
    """Credit notes of the distributor to us, and of us to our customers."""
    of = List(
        _("Credit notes"),
        "reseller.money_page",
        [
            Column("note", _("Credit note"), lambda row: row["note"].label),
            Column("invoice", _("For invoice"), lambda row: row["note"].invoice_label),
            Column("order", _("Order"), itemgetter("order")),
            Column("customer", _("Customer"), itemgetter("customer")),
            Column("reason", _("Reason"), lambda row: row["note"].reason, only_file=True),
            Column("date", _("Date"), itemgetter("at"), CreditNote.id),
            Column(
                "total",
                _("Given back"),
                lambda row: row["note"].total,
                CreditNote.total_minor,
                kind="num",
                money=True,
            ),
        ],
        CreditNote.id,
        lambda found: [note_row(*row) for row in found],
        "-date",
        search=lambda query: of_order_or_customer(query, CreditNote),
        filters=[Days("date", _("Issued"), CreditNote.issued_at)],
        export="reseller.money_file",
        kept=("show",),
    )
    chosen = (
        select(CreditNote, Order.code, Customer.name)
        .join(Order, same_key(Order.id, CreditNote.order_id))
        .outerjoin(Customer, same_key(Customer.id, CreditNote.customer_id))
    )
    return of, chosen


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
        title=_("Credit note %(number)s", number=note.label),
        note=note,
        lines=lines,
        order=code,
        issued=moment(note.issued_at),
        paper_url=url_for("reseller.credit_note_paper", note_id=note.id),
    )


@console.get("/money/credit-notes/<note_id>/credit-note.pdf")
def credit_note_paper(note_id: str) -> Response:
    """The credit note as a file."""
    return downloads.credit_note(lists.identifier(note_id, "credit note"))


def charge_row(charge: Charge, code: str) -> dict[str, Any]:
    """A charge as the table shows it."""
    return {
        "charge": charge,
        "state": dict(CHARGED)[charge.state],
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
        timeline = timelines.of([invoice.id])
    return pages.render(
        "reseller/invoice.html",
        title=_("Invoice %(number)s", number=invoice.label),
        invoice=invoice,
        lines=lines,
        rates={line.id: tax.percent(line.tax_basis_points) for line in lines},
        order=code,
        at=moment(invoice.issued_at or invoice.created_at),
        sums=taxes.of_order(invoice),
        note=_(tax.NOTES[invoice.tax_kind]),
        countries=companies.countries(),
        timeline=timeline,
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
    with db.transaction():
        page = lists.page(the_subscriptions(), standing_rights())
    return pages.render("reseller/subscriptions.html", title=_("Subscriptions"), page=page)


@console.get("/subscriptions.csv")
def subscription_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_subscriptions(), standing_rights())


def the_subscriptions() -> List:
    """What the list is."""
    return List(
        _("Subscriptions"),
        "reseller.subscription_list",
        [
            Column(
                "service",
                _("Service"),
                lambda row: row["subscription"].product_name,
                Subscription.product_name,
            ),
            Column("plan", _("Plan"), lambda row: row["subscription"].plan_name, only_file=True),
            Column("code", _("Code"), lambda row: row["subscription"].code, only_file=True),
            Column("customer", _("Customer"), itemgetter("customer")),
            Column(
                "quantity",
                _("Quantity"),
                lambda row: row["subscription"].quantity,
                Subscription.quantity,
                "num",
            ),
            Column(
                "price",
                _("Price each"),
                lambda row: row["subscription"].price,
                Subscription.price_minor,
                kind="num",
                money=True,
            ),
            Column("state", _("State"), lambda row: row["subscription"].state),
            Column("ends", _("Term ends"), itemgetter("ends"), lists.last_if_empty(Subscription.ends_at)),
            Column(
                "bought", _("Bought"), lambda row: moment(row["subscription"].created_at), Subscription.id
            ),
        ],
        Subscription.id,
        lambda found: [
            {
                "subscription": each,
                "customer": name or _("For yourself"),
                "url": url_for("reseller.subscription_page", code=each.code),
                "ends": moment(each.ends_at),
                "bought": moment(each.created_at),
            }
            for each, name in found
        ],
        "-bought",
        search=lambda query: or_(
            Subscription.code.icontains(query, autoescape=True),
            Subscription.product_name.icontains(query, autoescape=True),
            Subscription.customer_id.in_(
                select(Customer.id).where(Customer.name.icontains(query, autoescape=True))
            ),
        ),
        filters=[
            lists.Choice(
                "state",
                _("State"),
                lists.states(SubscriptionState),
                lambda word: Subscription.state == SubscriptionState(word),
            ),
            Days("ends", _("Term ends"), Subscription.ends_at),
        ],
        export="reseller.subscription_file",
        chosen_first=True,
        always=subscriptions.SHOWN,
    )


def standing_rights() -> Select[Subscription, str]:
    """Subscriptions with the names of their customers."""
    return select(Subscription, Customer.name).outerjoin(
        Customer, same_key(Customer.id, Subscription.customer_id)
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
        together = belongings.of_service(found)
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
        together=together,
        words=endings.WORDS,
        again_url=url_for("reseller.plan_page") if is_plan else None,
        may_act=has_role("subscriptions_manager"),
        problem=problem,
    )
