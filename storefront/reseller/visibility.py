"""Who sees the prices of the reseller's shop."""

from werkzeug.wrappers import Response

from partners import storefronts
from storefront.price_visibility import Desk
from storefront.reseller import console, menu

DESK = Desk(
    "reseller.visibility_page",
    "reseller.save_visibility",
    lambda: storefronts.of_reseller(menu.reseller_id()),
)


@console.get("/visibility")
def visibility_page() -> Response:
    """The setting."""
    return DESK.show()


@console.post("/visibility")
def save_visibility() -> Response:
    """Another one."""
    return DESK.keep()
