"""The partner programmes that the reseller is or was in: since when, until when, and which agreement it
signed."""

from werkzeug.wrappers import Response

from core import db
from core.languages import _
from partners import enrolments, signatures
from storefront import pages
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import the_shop


@console.get("/programmes")
def programmes_page() -> Response:
    """What it is a partner of, the newest first."""
    with db.transaction():
        rows = [
            {
                "name": one.programme_name,
                "state": one.state.value,
                "words": _("Active") if one.state is enrolments.EnrolmentState.ACTIVE else _("Ended"),
                "since": moment(one.signed_at),
                "until": moment(one.ends_at),
                "version": signed.number if signed else None,
                "digest": signed.digest if signed else "",
                "by": signed.name if signed else "",
            }
            for one in enrolments.of_reseller(menu.reseller_id())
            for signed in [signatures.of_application(one.application_id)]
        ]
    more = f"{the_shop().base}/partners" if the_shop().house else None
    return pages.render("reseller/programmes.html", title=_("Programmes"), rows=rows, more_url=more)
