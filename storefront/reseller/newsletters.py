"""The distributor's newsletter as a partner reads it, and whether it wants it (H15)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from core import db
from core.languages import _
from partners import newsletters
from partners.newsletters import NewsletterCopy
from storefront import exports, lists, pages
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role, visitor


@console.get("/newsletters")
def newsletter_list() -> Response:
    """Our copies, the newest first."""
    with db.transaction():
        page = lists.page(the_list(), select(NewsletterCopy))
        wanted = newsletters.wanted(menu.reseller_id())
    return pages.render(
        "reseller/newsletters.html",
        title=_("Newsletter"),
        page=page,
        wanted=wanted,
        may_change=has_role("admin"),
    )


@console.get("/newsletters.csv")
def newsletter_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(NewsletterCopy))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Newsletter"),
        "reseller.newsletter_list",
        [
            Column("subject", _("Subject"), itemgetter("subject"), NewsletterCopy.subject),
            Column("sent", _("Sent"), itemgetter("sent"), NewsletterCopy.id),
        ],
        NewsletterCopy.id,
        rows_of,
        "-sent",
        search=lambda query: or_(
            NewsletterCopy.subject.icontains(query, autoescape=True),
            NewsletterCopy.text.icontains(query, autoescape=True),
        ),
        filters=[Days("sent", _("Sent"), NewsletterCopy.sent_at)],
        export="reseller.newsletter_file",
    )


def rows_of(found: Sequence[tuple[NewsletterCopy]]) -> list[dict[str, Any]]:
    """Copies as the list shows them."""
    return [
        {
            "url": url_for("reseller.newsletter_page", code=one.code),
            "subject": one.subject,
            "sent": moment(one.sent_at),
        }
        for (one,) in found
    ]


@console.get("/newsletters/<code>")
def newsletter_page(code: str) -> Response:
    """One issue."""
    with db.transaction():
        found = newsletters.copy_of(code)
        one = {"subject": found.subject, "text": found.text, "sent": moment(found.sent_at)}
    return pages.render("reseller/newsletter.html", title=one["subject"], one=one)


@console.post("/newsletters")
def decide_on_newsletter() -> Response:
    """Wanted, or no longer."""
    require_role("admin")
    with db.transaction():
        wants = request.form.get("wants") == "yes"
        newsletters.decide(menu.reseller_id(), wants=wants, by=visitor().name)
    return pages.see("reseller.newsletter_list", "saved")
