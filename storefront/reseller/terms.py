"""The reseller's terms for its customers, with the evidence of who accepted which as a file."""

from werkzeug.wrappers import Response

from storefront import agreements, own_terms, pages
from storefront.reseller import console, menu
from storefront.visitors import require_role

PAGE = "reseller/terms.html"


@console.get("/terms")
def terms_page() -> Response:
    """The text in force, and all versions."""
    return own_terms.show(PAGE, menu.reseller_id())


@console.post("/terms")
def publish_terms() -> Response:
    """A new version from now on."""
    refused = own_terms.publish(PAGE, menu.reseller_id(), reseller_id=menu.reseller_id())
    return refused or pages.see("reseller.terms_page", "terms-published")


@console.get("/terms/accepted.csv")
def accepted_terms() -> Response:
    """Who accepted which version, when, from where, with which order (I71)."""
    require_role("admin")
    return agreements.export(menu.reseller_id())
