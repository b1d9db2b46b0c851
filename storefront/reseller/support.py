"""Whom the reseller turns to: its account manager, and the distributor."""

from dataclasses import dataclass

from werkzeug.wrappers import Response

from core import db, parties
from core.languages import _
from partners import account_managers, support_hours
from storefront import pages
from storefront.moments import Moment, moment
from storefront.opening_hours import said
from storefront.reseller import console, menu
from storefront.visitors import the_shop


@dataclass(frozen=True, slots=True)
class Contact:
    """The reseller's account manager as its pages show it; without one, the distributor's own address."""

    name: str | None
    email: str
    since: Moment | None


def contact() -> Contact:
    """Whom the reseller of this console writes to; inside a transaction."""
    found = account_managers.of_reseller(menu.reseller_id())
    if found is None:
        return Contact(None, parties.the_distributor().contact_email, None)
    return Contact(found.name, found.email, moment(found.since))


@console.get("/help")
def help_page() -> Response:
    """The page."""
    with db.transaction():
        distributor = parties.the_distributor()
        manager = contact()
        hours = [(name, said(one)) for _id, name, one in support_hours.of_reseller(menu.reseller_id())]
    return pages.render(
        "reseller/help.html",
        title=_("Help"),
        manager=manager,
        hours=hours,
        distributor={"name": distributor.name, "email": distributor.contact_email},
        shop_help=f"{the_shop().base}/help",
    )
