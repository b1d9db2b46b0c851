"""Who sees the prices of the reseller's shop."""

from werkzeug.wrappers import Response

from core.languages import _
from partners import storefronts
from partners.storefronts import StorefrontState
from storefront import pages
from storefront.price_visibility import Desk
from storefront.reseller import console, menu

DESK = Desk(
    "reseller.visibility_page",
    "reseller.save_visibility",
    lambda: storefronts.of_reseller(menu.reseller_id()),
)


@console.get("/visibility")
def visibility_page() -> Response:
    """The setting, or what has to be there first."""
    own = menu.own_storefront()
    if own is None or own.state is not StorefrontState.OPEN:
        return pages.render("reseller/visibility.html", title=_("Visibility of prices"), form=None)
    return DESK.show()


@console.post("/visibility")
def save_visibility() -> Response:
    """Another one."""
    return DESK.keep()
