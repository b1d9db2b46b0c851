"""What a paper says: invoice, pro forma, receipt, credit note, order confirmation, quote; a further kind is
one more function here. It says it in ready words, from the copies that orders and invoices keep; how it looks
is storefront.papers' business."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from billing import tax
from billing.credit_notes import CreditNote, CreditNoteLine
from billing.invoices import Invoice, InvoiceLine, InvoiceState
from billing.tax import TaxKind
from core.errors import Missing
from core.money import Money
from partners.companies import country_name

UNSAFE = re.compile(r"[^A-Za-z0-9]+")


class DocumentKind(StrEnum):
    """As it stands in the name of the file."""

    INVOICE = "invoice"
    PRO_FORMA = "pro-forma"
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit-note"
    CONFIRMATION = "order"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Side:
    """Seller or buyer, line by line as an address is written; `identity` are the lines of numbers and
    e-mail."""

    name: str
    address: tuple[str, ...]
    identity: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, net, with the rate it is taxed by."""

    number: int
    description: str
    quantity: str
    price: Money
    rate: str
    net: Money


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything a paper says. `mark` is written large and pale across it, where it is not to be taken for
    the real thing; `facts` and `sums` are (word, value) in order, the last sum is the total."""

    kind: DocumentKind
    title: str
    number: str
    facts: tuple[tuple[str, str], ...]
    seller: Side
    buyer: Side
    lines: tuple[Line, ...]
    sums: tuple[tuple[str, Money], ...]
    notes: tuple[str, ...]
    mark: str = ""

    @property
    def filename(self) -> str:
        """Letters, digits and hyphens only: it goes into a header."""
        number = UNSAFE.sub("-", self.number).strip("-")
        return f"{self.kind}-{number}.pdf" if number else f"{self.kind}.pdf"


def invoice(of: Invoice, lines: Sequence[InvoiceLine], order_code: str) -> Paper:
    """The invoice; while it has no number, a pro forma that says that it is nothing to book."""
    drawn = [
        Line(x.number, x.description, str(x.quantity), x.unit_price, tax.percent(x.tax_basis_points), x.total)
        for x in lines
    ]
    state = {
        InvoiceState.DRAFT: ("This is a draft: it gets its number when the order is paid, and is not an"
                             " invoice before.", "DRAFT"),
        InvoiceState.VOID: ("This invoice is void: the order behind it was not paid, or nothing was due.",
                            "VOID"),
        InvoiceState.PAID: (f"Paid on {day(of.issued_at)}. Thank you.", ""),
    }[of.state]  # fmt: skip
    issued = of.number is not None
    return Paper(
        DocumentKind.INVOICE if issued else DocumentKind.PRO_FORMA,
        "Invoice" if issued else "Pro forma invoice",
        of.label if issued else order_code,
        (
            ("Invoice number", of.label if issued else "none yet"),
            ("Date of invoice", day(of.issued_at) or "not yet"),
            ("Date of order", day(of.created_at)),
            ("Order", order_code),
        ),
        side(of.seller),
        side(of.buyer),
        tuple(drawn),
        sums(of.net, of.tax, of.tax_name, of.total),
        (state[0], *tax_notes(of.tax_kind)),
        state[1],
    )


def receipt(of: Invoice, lines: Sequence[InvoiceLine], order_code: str) -> Paper:
    """That it was paid, when and how; Missing before it was."""
    if of.state is not InvoiceState.PAID:
        raise Missing("receipt")
    paid = invoice(of, lines, order_code)
    return Paper(
        DocumentKind.RECEIPT,
        "Receipt",
        paid.number,
        (
            ("For invoice", of.label),
            ("Received on", day(of.issued_at)),
            ("Paid by", "Card"),
            ("Order", order_code),
        ),
        paid.seller,
        paid.buyer,
        paid.lines,
        (*paid.sums[:-1], ("Received", of.total)),
        (f"We have received {of.total.text} with thanks.", *tax_notes(of.tax_kind)),
    )


def credit_note(of: CreditNote, lines: Sequence[CreditNoteLine], order_code: str) -> Paper:
    """What of an issued invoice was taken back, line by line, and why (QM8)."""
    drawn = [
        Line(
            x.invoice_line, x.description, str(x.quantity), x.unit_price, tax.percent(x.tax_basis_points),
            x.total,
        )
        for x in lines
    ]  # fmt: skip
    return Paper(
        DocumentKind.CREDIT_NOTE,
        "Credit note",
        of.label,
        (
            ("Credit note number", of.label),
            ("Date", day(of.issued_at)),
            ("For invoice", of.invoice_label),
            ("Order", order_code),
        ),
        side(of.seller),
        side(of.buyer),
        tuple(drawn),
        (*sums(of.net, of.tax, of.tax_name, of.total)[:-1], ("Taken off the invoice", of.total)),
        (
            f"This takes {of.total.text} off invoice {of.invoice_label}. The line numbers are those of the"
            " invoice.",
            f"Reason: {of.reason}",
            *tax_notes(of.tax_kind),
        ),
    )


def confirmation(
    code: str, *, placed_at: datetime, placed_by: str, payment: str, seller: Mapping[str, Any],
    buyer: Mapping[str, Any], lines: Sequence[Line], net: Money, taxed: Money, tax_name: str, gross: Money,
    kind: TaxKind, cancelled: bool,
) -> Paper:  # fmt: skip
    """That an order was placed, and what of."""
    note = (
        "This order was cancelled."
        if cancelled
        else "We confirm your order. This is not an invoice: the invoice is written when it is paid."
    )
    return Paper(
        DocumentKind.CONFIRMATION,
        "Order confirmation",
        code,
        (("Order", code), ("Placed on", day(placed_at)), ("Placed by", placed_by), ("Payment", payment)),
        side(seller),
        side(buyer),
        tuple(lines),
        sums(net, taxed, tax_name, gross),
        (note, *tax_notes(kind)),
        "CANCELLED" if cancelled else "",
    )


def quote(
    code: str, *, day: str, valid_until: str, made_by: str, seller: Mapping[str, Any],
    buyer: Mapping[str, Any], lines: Sequence[Line], sums: Sequence[tuple[str, Money]],
    words: Sequence[str], mark: str = "",
) -> Paper:  # fmt: skip
    """What is offered, to whom, until when. `sums`: the last one is the total; `words`: the seller's message
    and what is to be known about the prices."""
    return Paper(
        DocumentKind.QUOTE,
        "Quote",
        code,
        (("Quote", code), ("Date", day), ("Valid until", valid_until), ("Your contact", made_by)),
        side(seller),
        side(buyer),
        tuple(lines),
        tuple(sums),
        tuple(words),
        mark,
    )


def side(kept: Mapping[str, Any]) -> Side:
    """A copy of company data as an address; papers from before company data were asked have a name only."""
    place = " ".join(str(kept.get(part) or "") for part in ("postcode", "city")).strip()
    country = str(kept.get("country") or "")
    address = (str(kept.get("street") or ""), place, country_name(country) if country else "")
    identity = (
        f"VAT number {kept['tax_id']}" if kept.get("tax_id") else "",
        str(kept.get("email") or ""),
    )
    return Side(
        str(kept.get("name") or ""),
        tuple(line for line in address if line),
        tuple(line for line in identity if line),
    )


def sums(net: Money, taxed: Money, tax_name: str, gross: Money) -> tuple[tuple[str, Money], ...]:
    """Net, tax and total; the tax stands there also where it is nothing."""
    return ("Net", net), (tax_name or "VAT", taxed), ("Total", gross)


def tax_notes(kind: TaxKind) -> tuple[str, ...]:
    """What the law wants said."""
    return (tax.NOTES[kind],) if tax.NOTES[kind] else ()


def day(at: datetime | None) -> str:
    """ "26 November 2026", UTC."""
    return f"{at.day} {at:%B %Y}" if at else ""
