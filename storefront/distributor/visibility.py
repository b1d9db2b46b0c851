"""Who sees the prices of the distributor's own shop."""

from werkzeug.wrappers import Response

from storefront import links
from storefront.distributor import console
from storefront.price_visibility import Desk

DESK = Desk("distributor.visibility_page", "distributor.save_visibility", links.house)


@console.get("/visibility")
def visibility_page() -> Response:
    """The setting."""
    return DESK.show()


@console.post("/visibility")
def save_visibility() -> Response:
    """Another one."""
    return DESK.keep()
