"""Invoices and wholesale charges. An invoice is what one pays: a draft has no number; the number is given
when it is settled, gapless per seller and year (QM8). Charges are what the reseller owes the distributor for
its customers' orders."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing.tax import TaxKind
from core import db, states
from core.clock import business_now
from core.errors import Missing
from core.money import Money
from core.tenancy import Access, CustomerOwned, DistributorOwned, ResellerOwned, owned_by


class InvoiceState(StrEnum):
    """VOID: the order behind a draft expired or was cancelled."""

    DRAFT = "draft"
    PAID = "paid"
    VOID = "void"


class Invoice(CustomerOwned, db.Model):
    """What one pays; `customer_id` empty: the distributor invoices the reseller."""

    __tablename__ = "invoices"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "order_id"),
        Index(
            "uq_invoices_number",
            "distributor_id",
            "series",
            "number",
            unique=True,
            postgresql_where=text("number IS NOT NULL"),
        ),
        Index("ix_invoices_customer", "distributor_id", "customer_id", "id"),
        CheckConstraint(
            "(state = 'draft' AND number IS NULL) OR state <> 'draft'", name="drafts_have_no_number"
        ),
        CheckConstraint("total_minor >= 0", name="total"),
        CheckConstraint("total_minor = net_minor + tax_minor", name="gross"),
    )
    LIFE = states.Transitions(
        {
            InvoiceState.DRAFT: [InvoiceState.PAID, InvoiceState.VOID],
            InvoiceState.PAID: [],
            InvoiceState.VOID: [],
        },
        first=InvoiceState.DRAFT,
    )

    order_id: Mapped[UUID]
    series: Mapped[str] = mapped_column(default="")
    number: Mapped[int | None]
    state: Mapped[InvoiceState]
    seller: Mapped[dict[str, Any]]
    buyer: Mapped[dict[str, Any]]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    tax_kind: Mapped[TaxKind]
    tax_name: Mapped[str]
    total_minor: Mapped[int]
    currency: Mapped[str]
    created_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]

    net: Mapped[Money] = composite(Money, "net_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")

    @property
    def label(self) -> str:
        """As it is printed: series and number, or what it is without one."""
        if self.number:
            return f"{self.series}-{self.number:06d}"
        return "Void" if self.state is InvoiceState.VOID else "Draft"


class InvoiceLine(CustomerOwned, db.Model):
    """A line of an invoice, copied from the order; `total` is net."""

    __tablename__ = "invoice_lines"
    __access__ = Access(distributor="rc", reseller="r", customer="r")
    __table_args__ = (
        owned_by("invoices", "invoice_id"),
        Index("ix_invoice_lines_invoice", "distributor_id", "invoice_id"),
    )

    invoice_id: Mapped[UUID]
    number: Mapped[int]
    description: Mapped[str]
    quantity: Mapped[int]
    unit_minor: Mapped[int]
    total_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_basis_points: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]

    unit_price: Mapped[Money] = composite(Money, "unit_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")


class InvoiceSeries(DistributorOwned, db.Model):
    """The last number given per seller and year; a counter row, because a sequence leaves gaps on
    rollback."""

    __tablename__ = "invoice_series"
    __access__ = Access(distributor="rcu")
    __table_args__ = (UniqueConstraint("distributor_id", "series"),)

    series: Mapped[str]
    last: Mapped[int]


class ChargeState(StrEnum):
    """DRAFT: the order is not funded. DUE: the reseller owes it, for its monthly invoice. SETTLED: covered by
    a captured payment. CREDITED: all of it was given back."""

    DRAFT = "draft"
    DUE = "due"
    SETTLED = "settled"
    CREDITED = "credited"
    VOID = "void"


class Charge(ResellerOwned, db.Model):
    """What the reseller owes the distributor for one order line (wholesale leg); `total` is net."""

    __tablename__ = "charges"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "order_line_id"),
        CheckConstraint("total_minor >= 0", name="total"),
        CheckConstraint("credited_minor >= 0 AND credited_minor <= total_minor + tax_minor", name="credited"),
        Index("ix_charges_order", "distributor_id", "order_id"),
    )
    LIFE = states.Transitions(
        {
            ChargeState.DRAFT: [ChargeState.DUE, ChargeState.SETTLED, ChargeState.VOID],
            ChargeState.DUE: [ChargeState.SETTLED, ChargeState.CREDITED],
            ChargeState.SETTLED: [ChargeState.CREDITED],
            ChargeState.CREDITED: [],
            ChargeState.VOID: [],
        },
        first=ChargeState.DRAFT,
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    description: Mapped[str]
    state: Mapped[ChargeState]
    total_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_name: Mapped[str] = mapped_column(default="")
    tax_kind: Mapped[TaxKind] = mapped_column(default=TaxKind.DOMESTIC)
    currency: Mapped[str]
    created_at: Mapped[datetime]
    credited_minor: Mapped[int] = mapped_column(default=0, server_default="0")

    total: Mapped[Money] = composite(Money, "total_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")

    @property
    def gross(self) -> Money:
        """What is owed."""
        return self.total + self.tax

    @property
    def left(self) -> Money:
        """What was not given back of it, gross."""
        return Money(self.total_minor + self.tax_minor - self.credited_minor, self.currency)


NEXT_NUMBER = text(
    "INSERT INTO invoice_series (distributor_id, id, series, last)"
    " VALUES (current_setting('app.distributor_id')::uuid, gen_random_uuid(), :series, 1)"
    " ON CONFLICT (distributor_id, series) DO UPDATE SET last = invoice_series.last + 1 RETURNING last"
)


def of_order(order_id: UUID) -> Invoice | None:
    """The invoice of an order."""
    return db.session().scalar(select(Invoice).where(Invoice.order_id == order_id))


def find(invoice_id: UUID) -> Invoice:
    """An invoice inside the scope."""
    found = db.session().scalar(select(Invoice).where(Invoice.id == invoice_id))
    if found is None:
        raise Missing("invoice")
    return found


def lines(invoice_id: UUID) -> list[InvoiceLine]:
    """Lines in order."""
    return list(
        db.session().scalars(
            select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.number)
        )
    )


def next_number(series: str) -> int:
    """The next number of a series, gapless: who takes it holds the series until the commit, and a rollback
    gives it back."""
    return int(db.session().execute(NEXT_NUMBER, {"series": series}).scalar_one())


def settle(invoice: Invoice, seller_code: str) -> None:
    """Gives the number and marks it paid, in the transaction that settles the payment: a rollback leaves no
    gap."""
    now = business_now()
    invoice.series = f"{seller_code}-{now.year}"
    invoice.number = next_number(invoice.series)
    invoice.issued_at = now
    states.move(invoice, InvoiceState.PAID)


def void(order_id: UUID) -> None:
    """The order behind it will not be paid."""
    invoice = of_order(order_id)
    if invoice is not None and invoice.state is InvoiceState.DRAFT:
        states.move(invoice, InvoiceState.VOID)
    for charge in charges(order_id):
        if charge.state is ChargeState.DRAFT:
            states.move(charge, ChargeState.VOID)


def charges(order_id: UUID) -> list[Charge]:
    """Wholesale charges of an order."""
    return list(db.session().scalars(select(Charge).where(Charge.order_id == order_id).order_by(Charge.id)))


def credit(order_line_id: UUID, amount: Money) -> None:
    """So much of a line's charge, gross, is given back to the reseller; the caller has locked the order. What
    is credited whole asks for nothing any more."""
    if not amount.minor:
        return
    held = select(Charge).where(Charge.order_line_id == order_line_id).with_for_update()
    charge = db.session().scalars(held).one()
    charge.credited_minor += amount.minor
    if not charge.left:
        states.move(charge, ChargeState.CREDITED)
    db.flush()
