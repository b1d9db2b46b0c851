"""The terms before the first page (U3, U4)."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from core import db
from core.errors import NeedsLogin, Refusal
from core.languages import _
from partners import entry_terms, terms
from storefront import agreements, pages
from storefront.moments import moment
from storefront.reseller import console
from storefront.visitors import the_shop, visitor


@console.get("/agreement")
def entry_page() -> Response:
    """The text and the box; whoever has agreed already goes on."""
    if not visitor().must_agree:
        return redirect(url_for("reseller.customer_list"), 303)
    return show_entry()


def show_entry(refusal: Refusal | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction():
        found = terms.read(None)
        asked = entry_terms.in_force()
    return pages.render(
        "reseller/entry.html",
        refusal.status if refusal else 200,
        title=_("Terms of %(seller)s", seller=the_shop().distributor_name),
        found=found,
        version=asked.terms_id if asked else "",
        published=moment(found.published_at),
        body=agreements.prose(found.words),
        message=str(refusal) if refusal else None,
    )


@console.post("/agreement")
def agree_to_terms() -> Response:
    """Then the accounts."""
    who = visitor()
    if who.membership_id is None:
        raise NeedsLogin(_("Please sign in."))
    try:
        with db.transaction():
            entry_terms.agree(who.membership_id, agreements.agreed())
    except Refusal as refusal:
        return show_entry(refusal)
    return redirect(url_for("reseller.customer_list"), 303)
