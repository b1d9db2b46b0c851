"""Quotes of all resellers, to be read: what is offered to whom, and what stays with the reseller and with
us."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from checkout import quotable_plans, quote_orders, quotes
from checkout.quotes import Quote
from core import db, parties
from core.languages import _
from core.parties import Reseller
from core.tenancy import same_key
from storefront import downloads, exports, lists, pages, quote_margins, timelines
from storefront import quotes as shown
from storefront.distributor import console
from storefront.lists import Column, List


@console.get("/quotes")
def quote_list() -> Response:
    """The newest first."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render("distributor/quotes.html", title=_("Quotes"), page=page)


@console.get("/quotes.csv")
def quote_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Quotes"),
        "distributor.quote_list",
        [
            Column("company", _("Company"), itemgetter("company"), Quote.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("reseller", _("Reseller"), itemgetter("reseller"), Reseller.name),
            Column("state", _("State"), itemgetter("words")),
            Column("reason", _("Reason"), itemgetter("reason"), only_file=True),
            Column("order", _("Order"), itemgetter("order"), only_file=True),
            Column("total", _("Total, net"), itemgetter("total"), Quote.total_minor, kind="num", money=True),
            Column("until", _("Valid until"), itemgetter("until"), Quote.ends_at),
            Column("sent", _("Sent"), itemgetter("sent"), lists.first_if_empty(Quote.sent_at)),
            Column("made", _("Begun"), itemgetter("made"), Quote.id),
        ],
        Quote.id,
        rows_of,
        "-made",
        search=lambda query: or_(shown.search(query), Reseller.name.icontains(query, autoescape=True)),
        views=shown.views(),
        filters=shown.filters(),
        export="distributor.quote_file",
        always=shown.LISTED,
    )


def statement() -> Select[Quote, str, str]:
    """Quotes with their reseller."""
    joined = same_key(Reseller.id, Quote.reseller_id)
    return select(Quote, Reseller.name, Reseller.code).join(Reseller, joined)


def rows_of(found: Sequence[tuple[Quote, str, str]]) -> list[dict[str, Any]]:
    """Quotes as the list shows them."""
    return [
        shown.row_of(one, url_for("distributor.quote_page", code=one.code))
        | {"reseller": name, "reseller_url": url_for("distributor.reseller_page", code=code)}
        for one, name, code in found
    ]


@console.get("/quotes/<code>")
def quote_page(code: str) -> Response:
    """One quote with both margins; nothing can be done here, because it is the reseller's."""
    with db.transaction():
        quote = quotes.find(code)
        of = quote_orders.quoted(quote)
        items = [one.item for one in of]
        paid, costs = quotable_plans.paid(quote.reseller_id, items), quotable_plans.costs(items)
        was = quotable_plans.paid_when_sent(quote)
        rows = quote_margins.rows(of, now=paid, was=was, costs=costs)
        sums, _taxed = shown.sums_of(items, quote.reseller_id, quote.for_customer_id)
        reseller = parties.reseller(quote.reseller_id)
        every = quotes.versions(quote)
        values = shown.about(quote)
        timeline = timelines.of([one.id for one in every])
    return pages.render(
        "distributor/quote.html",
        title=_("Quote %(code)s", code=code),
        rows=rows,
        sums=sums,
        whole=quote_margins.whole(of, paid),
        whole_was=quote_margins.whole(of, was),
        kept=quote_margins.kept(of, paid, costs),
        timeline=timeline,
        versions=[
            (one.code, shown.WORDS[one.state.value], url_for("distributor.quote_page", code=one.code))
            for one in every
        ],
        reseller=(reseller.name, url_for("distributor.reseller_page", code=reseller.code)),
        order=url_for("distributor.order_page", code=quote.order_code) if quote.order_code else None,
        **values,
    )


@console.get("/quotes/<code>/quote.pdf")
def quote_paper(code: str) -> Response:
    """The paper, as the customer gets it."""
    with db.transaction():
        quote = quotes.find(code)
        paper = shown.paper(quote)
    return downloads.quote(paper, quote.reseller_id)
