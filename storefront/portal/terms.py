"""The terms of this shop's seller, for everybody to read; old versions stay readable, because somebody agreed
to them."""

from flask import request
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing
from core.languages import _
from partners import terms
from storefront import agreements, pages
from storefront.moments import moment
from storefront.portal import portal
from storefront.visitors import the_shop


@portal.get("/terms")
def terms_page() -> Response:
    """The version in force, or the one that is asked for by number."""
    asked = request.args.get("number", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    with db.transaction():
        try:
            found = terms.read(the_shop().reseller_id, number)
        except Missing:
            if number is not None:
                raise
            found = None
    return pages.render(
        "portal/terms.html",
        title=_("Terms"),
        seller=the_shop().legal_name,
        found=found,
        published=moment(found.published_at) if found else None,
        body=agreements.prose(found.words) if found else "",
    )
