"""Papers of any order, for the distributor's staff."""

from werkzeug.wrappers import Response

from storefront import downloads, lists
from storefront.distributor import console


@console.get("/invoices/<invoice_id>/invoice.pdf")
def invoice_paper(invoice_id: str) -> Response:
    """The invoice as a file; a pro forma while it has no number."""
    return downloads.invoice(lists.identifier(invoice_id, "invoice"))


@console.get("/invoices/<invoice_id>/receipt.pdf")
def receipt(invoice_id: str) -> Response:
    """That it was paid."""
    return downloads.receipt(lists.identifier(invoice_id, "invoice"))


@console.get("/orders/<code>/confirmation.pdf")
def confirmation(code: str) -> Response:
    """The order's confirmation as a file."""
    return downloads.confirmation(code)
