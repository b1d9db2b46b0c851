"""Papers for whoever they belong to: found in the visitor's own scope, so that a stranger gets 404 (QS5),
and drawn in the look of the shop they come from."""

from uuid import UUID

from sqlalchemy import select
from werkzeug.wrappers import Response

from billing import credit_notes, documents, invoices
from billing.documents import Paper
from billing.invoices import Invoice
from checkout import orders
from checkout.orders import Order
from core import db
from storefront import links, mail, papers
from storefront.mailer import Sender


def invoice(invoice_id: UUID) -> Response:
    """An invoice, or the pro forma it is before it has a number."""
    with db.transaction():
        found, code = _invoice(invoice_id)
        paper = documents.invoice(found, invoices.lines(found.id), code)
    return _answer(paper, found.reseller_id, found.customer_id)


def receipt(invoice_id: UUID) -> Response:
    """That it was paid; Missing before."""
    with db.transaction():
        found, code = _invoice(invoice_id)
        paper = documents.receipt(found, invoices.lines(found.id), code)
    return _answer(paper, found.reseller_id, found.customer_id)


def credit_note(note_id: UUID) -> Response:
    """What was given back of an invoice."""
    with db.transaction():
        note = credit_notes.find(note_id)
        paper = documents.credit_note(note, credit_notes.lines(note.id), _order_code(note.order_id))
    return _answer(paper, note.reseller_id, note.customer_id)


def confirmation(code: str) -> Response:
    """That an order was placed."""
    with db.transaction():
        found = orders.find(code)
        paper = mail.confirmation(found)
    return _answer(paper, found.reseller_id, found.customer_id)


def quote(paper: Paper, reseller_id: UUID) -> Response:
    """A quote, in the look of the reseller's shop; its view has found it."""
    return _file(paper, _letterhead(reseller_id, own_shop=True))


def _invoice(invoice_id: UUID) -> tuple[Invoice, str]:
    found = invoices.find(invoice_id)
    return found, _order_code(found.order_id)


def _order_code(order_id: UUID) -> str:
    return db.session().scalars(select(Order.code).where(Order.id == order_id)).one()


def _letterhead(reseller_id: UUID, *, own_shop: bool) -> Sender:
    """The shop a paper comes from; a buyer may not read all of its rows. The paper itself was found in the
    visitor's own scope."""
    with db.transaction(widened_because="drawing a paper"):
        return mail.sender(links.open_shop_of(reseller_id) if own_shop else links.house())


def _answer(paper: Paper, reseller_id: UUID, customer_id: UUID | None) -> Response:
    return _file(paper, _letterhead(reseller_id, own_shop=customer_id is not None))


def _file(paper: Paper, head: Sender) -> Response:
    return Response(
        papers.draw(paper, head),
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{paper.filename}"',
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
