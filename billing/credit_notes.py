"""Credit notes: an issued invoice is never changed; what is given back of it is a document of its own that
refers to the invoice and its line, with a gapless number per seller and year, given at issue (QM8). No side
may change or delete one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, composite

from billing import invoices, payments
from billing.invoices import Invoice
from billing.tax import TaxKind
from core import db, trail
from core.clock import business_now
from core.errors import Missing
from core.money import Money
from core.tenancy import Access, CustomerOwned, owned_by


class CreditNote(CustomerOwned, db.Model):
    """What was given back of one invoice; `customer_id` empty: the distributor's to the reseller."""

    __tablename__ = "credit_notes"
    __access__ = Access(distributor="rc", reseller="r", customer="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        owned_by("invoices", "invoice_id"),
        owned_by("refunds", "refund_id"),
        UniqueConstraint("distributor_id", "refund_id"),
        UniqueConstraint("distributor_id", "series", "number"),
        Index("ix_credit_notes_invoice", "distributor_id", "invoice_id"),
        Index("ix_credit_notes_customer", "distributor_id", "customer_id", "id"),
        CheckConstraint("total_minor > 0 AND total_minor = net_minor + tax_minor", name="total"),
    )

    invoice_id: Mapped[UUID]
    order_id: Mapped[UUID]
    refund_id: Mapped[UUID]
    series: Mapped[str]
    number: Mapped[int]
    invoice_label: Mapped[str]
    seller: Mapped[dict[str, Any]]
    buyer: Mapped[dict[str, Any]]
    reason: Mapped[str]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    total_minor: Mapped[int]
    tax_kind: Mapped[TaxKind]
    tax_name: Mapped[str]
    currency: Mapped[str]
    issued_at: Mapped[datetime]

    net: Mapped[Money] = composite(Money, "net_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")

    @property
    def label(self) -> str:
        """As it is printed."""
        return f"{self.series}-{self.number:06d}"


class CreditNoteLine(CustomerOwned, db.Model):
    """A line of a credit note, net; `invoice_line` is the number of the line it takes back."""

    __tablename__ = "credit_note_lines"
    __access__ = Access(distributor="rc", reseller="r", customer="r")
    __table_args__ = (
        owned_by("credit_notes", "credit_note_id"),
        Index("ix_credit_note_lines_note", "distributor_id", "credit_note_id"),
    )

    credit_note_id: Mapped[UUID]
    invoice_line: Mapped[int]
    description: Mapped[str]
    quantity: Mapped[int]
    unit_minor: Mapped[int]
    total_minor: Mapped[int]
    tax_minor: Mapped[int]
    tax_basis_points: Mapped[int]
    currency: Mapped[str]

    unit_price: Mapped[Money] = composite(Money, "unit_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")


def issue(
    invoice: Invoice, *, refund_id: UUID, line_number: int, amount: Money, tax: Money, reason: str
) -> CreditNote:
    """Takes back a line of an issued invoice, or a part of it (`amount` gross, `tax` in it), with the next
    number of the seller's series. The caller makes sure that no line is taken back twice
    (checkout.line_refunds)."""
    [line] = [one for one in invoices.lines(invoice.id) if one.number == line_number]
    now, net = business_now(), amount - tax
    series = f"{payments.seller_code(invoice)}-CN-{now.year}"
    owner = {"reseller_id": invoice.reseller_id, "customer_id": invoice.customer_id}
    note = db.add(
        CreditNote(
            **owner, invoice_id=invoice.id, order_id=invoice.order_id, refund_id=refund_id,
            series=series, number=invoices.next_number(series), invoice_label=invoice.label,
            seller=dict(invoice.seller), buyer=dict(invoice.buyer), reason=reason,
            net_minor=net.minor, tax_minor=tax.minor, total_minor=amount.minor,
            tax_kind=invoice.tax_kind, tax_name=invoice.tax_name, currency=amount.currency, issued_at=now,
        )
    )  # fmt: skip
    db.flush()
    whole = net == line.total
    db.add(
        CreditNoteLine(
            **owner, credit_note_id=note.id, invoice_line=line.number,
            description=line.description if whole else f"Part of: {line.description}",
            quantity=line.quantity if whole else 1,
            unit_minor=line.unit_minor if whole else net.minor,
            total_minor=net.minor, tax_minor=tax.minor, tax_basis_points=line.tax_basis_points,
            currency=amount.currency,
        )
    )  # fmt: skip
    db.flush()
    trail.write(note, "issued", number=note.label, of=invoice.label)
    return note


def find(note_id: UUID) -> CreditNote:
    """A credit note inside the scope."""
    found = db.session().scalar(select(CreditNote).where(CreditNote.id == note_id))
    if found is None:
        raise Missing("credit note")
    return found


def of_order(order_id: UUID) -> list[CreditNote]:
    """Credit notes of an order, oldest first."""
    chosen = select(CreditNote).where(CreditNote.order_id == order_id).order_by(CreditNote.id)
    return list(db.session().scalars(chosen))


def lines(note_id: UUID) -> list[CreditNoteLine]:
    """Its lines."""
    chosen = select(CreditNoteLine).where(CreditNoteLine.credit_note_id == note_id)
    return list(db.session().scalars(chosen.order_by(CreditNoteLine.invoice_line)))
