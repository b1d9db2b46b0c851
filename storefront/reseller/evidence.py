"""Who of our customers accepted which terms and agreements, and who consented to a use of personal data."""

from werkzeug.wrappers import Response

from core import db
from core.languages import _
from storefront import evidence, exports, lists, pages
from storefront.evidence import READERS
from storefront.reseller import console
from storefront.visitors import require_role


@console.get("/acceptances")
def acceptance_list() -> Response:
    """The newest first."""
    require_role(*READERS)
    with db.transaction():
        page = lists.page(*evidence.acceptances("reseller"))
    return pages.render("reseller/acceptances.html", title=_("Acceptances"), page=page)


@console.get("/acceptances.csv")
def acceptance_file() -> Response:
    """The same as a file, with all of the evidence (I71)."""
    require_role(*READERS)
    with db.transaction():
        return exports.answer(*evidence.acceptances("reseller"))


@console.get("/consents")
def consent_list() -> Response:
    """The newest first."""
    require_role(*READERS)
    with db.transaction():
        page = lists.page(*evidence.consents("reseller"))
    return pages.render("reseller/consents.html", title=_("Consents"), page=page)


@console.get("/consents.csv")
def consent_file() -> Response:
    """The same as a file (I72)."""
    require_role(*READERS)
    with db.transaction():
        return exports.answer(*evidence.consents("reseller"))
