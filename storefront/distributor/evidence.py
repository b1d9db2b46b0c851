"""Who accepted which terms and agreements, and who consented to a use of personal data."""

from werkzeug.wrappers import Response

from core import db
from core.languages import _
from storefront import evidence, exports, lists, pages
from storefront.distributor import console
from storefront.evidence import READERS
from storefront.visitors import require_role


@console.get("/acceptances")
def acceptance_list() -> Response:
    """The newest first."""
    require_role(*READERS)
    with db.transaction():
        page = lists.page(*evidence.acceptances("distributor"))
    return pages.render("distributor/acceptances.html", title=_("Acceptances"), page=page)


@console.get("/acceptances.csv")
def acceptance_file() -> Response:
    """The same as a file, with all of the evidence (I71)."""
    require_role(*READERS)
    with db.transaction():
        return exports.answer(*evidence.acceptances("distributor"))


@console.get("/consents")
def consent_list() -> Response:
    """The newest first."""
    require_role(*READERS)
    with db.transaction():
        page = lists.page(*evidence.consents("distributor"))
    return pages.render("distributor/consents.html", title=_("Consents"), page=page)


@console.get("/consents.csv")
def consent_file() -> Response:
    """The same as a file (I72)."""
    require_role(*READERS)
    with db.transaction():
        return exports.answer(*evidence.consents("distributor"))
