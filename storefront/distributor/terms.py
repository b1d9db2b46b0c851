"""The distributor's terms for its resellers, and for customers of its own shop, with the evidence of who
accepted which as a file."""

from werkzeug.wrappers import Response

from core.tenancy import current
from storefront import agreements, own_terms, pages
from storefront.distributor import console
from storefront.visitors import require_role

PAGE = "distributor/terms.html"


@console.get("/terms")
def terms_page() -> Response:
    """The text in force, and all versions."""
    return own_terms.show(PAGE, current().distributor_id)


@console.post("/terms")
def publish_terms() -> Response:
    """A new version from now on."""
    refused = own_terms.publish(PAGE, current().distributor_id, reseller_id=None)
    return refused or pages.see("distributor.terms_page", "terms-published")


@console.get("/terms/accepted.csv")
def accepted_terms() -> Response:
    """Who accepted which version, when, from where, with which order (I71)."""
    require_role("admin")
    return agreements.export(current().distributor_id)
