"""The distributor's terms, for its resellers to read."""

from flask import request
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing
from core.languages import _
from partners import terms
from storefront import agreements, pages
from storefront.moments import moment
from storefront.reseller import console
from storefront.visitors import the_shop


@console.get("/terms/distributor")
def distributor_terms() -> Response:
    """The version in force, or the one that is asked for by number."""
    asked = request.args.get("number", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    with db.transaction():
        try:
            found = terms.read(None, number)
        except Missing:
            if number is not None:
                raise
            found = None
    return pages.render(
        "reseller/distributor_terms.html",
        title=_("Terms"),
        seller=the_shop().distributor_name,
        found=found,
        published=moment(found.published_at) if found else None,
        body=agreements.prose(found.words) if found else "",
    )
