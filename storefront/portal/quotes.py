"""Quotes in the shop: the page of a mailed link, which needs no signing in; a customer's own quotes; and the
order that accepts one, which is the checkout with the quote's lines and prices."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from billing.tax import TaxUndecided
from checkout import quote_answers, quote_orders, quote_requests, quotes
from checkout.baskets import BasketItem
from checkout.quotes import NoSuchQuote, Quote, QuoteState
from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Purchaser
from core.tenancy import Side
from partners import leads
from partners.terms import AgreementMissing
from storefront import companies as company_forms
from storefront import downloads, exports, lists, pages, taxes, timelines
from storefront import quotes as shown
from storefront.customer_agreements import note_refusal
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.checkouts import (
    asks_sales,
    checkout_page,
    cleared,
    current_customer,
    first_company,
    given,
    to_payment,
    wished,
    wrong_answers,
)
from storefront.visitors import buyer, has_role, require_role, signed_in_customer, the_shop, visitor

pages.saying(
    quote_asked="Your question is on its way. The answer comes by mail, and stands here.",
    quote_declined="You have declined this quote. Thank you for telling.",
    quote_agreed="Thank you. Please look into your mailbox: your invitation to the shop is on its way.",
)


# --- One's own ----------------------------------------------------------------------------------------------


@portal.get("/quotes")
@signed_in_customer
def quote_list() -> Response:
    """The newest first."""
    with db.transaction():
        page = lists.page(the_list(), select(Quote))
        asked = [(one, moment(one.asked_at)) for one in quote_requests.unanswered()]
    return pages.render(
        "portal/quotes.html", title=_("Quotes"), page=page, asked=asked, may_ask=not the_shop().house
    )


@portal.get("/quotes.csv")
@signed_in_customer
def quote_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Quote))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Quotes"),
        "portal.quote_list",
        [
            Column("code", _("Quote"), itemgetter("code")),
            Column("state", _("State"), itemgetter("said")),
            Column("until", _("Valid until"), itemgetter("until"), Quote.ends_at),
            Column("sent", _("Sent"), itemgetter("sent"), Quote.id),
            Column("total", _("Total, net"), itemgetter("total"), Quote.total_minor, kind="num", money=True),
        ],
        Quote.id,
        rows_of,
        "-sent",
        search=lambda query: or_(
            Quote.code.icontains(query, autoescape=True), Quote.message.icontains(query, autoescape=True)
        ),
        filters=shown.filters(shown.FOR_CUSTOMERS),
        export="portal.quote_file",
        size=20,
        always=Quote.state != QuoteState.REPLACED,
    )


def rows_of(found: Sequence[tuple[Quote]]) -> list[dict[str, Any]]:
    """Quotes as their customer's list shows them."""
    return [
        shown.row_of(one, url_for("portal.quote_page", code=one.code))
        | {"said": shown.FOR_CUSTOMERS.get(one.state.value, "")}
        for (one,) in found
    ]


@portal.get("/quotes/<code>")
@signed_in_customer
def quote_page(code: str) -> Response:
    """One quote: what is offered, what was said, what one may do."""
    return show_own(code)


def show_own(code: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        quote = quotes.find(code)
        values = values_of(quote) | {"timeline": timelines.of([quote.id])}
    return draw(
        values,
        status,
        problem=problem,
        trail=[(_("Quotes"), url_for("portal.quote_list")), (quote.code, None)],
        accept=url_for("portal.order_quote", code=code),
        ask=url_for("portal.ask_about_quote", code=code),
        decline=url_for("portal.decline_quote", code=code),
        paper=url_for("portal.quote_paper", code=code),
        order=url_for("portal.order", code=quote.order_code) if quote.order_code else None,
        name="",
        may_accept=has_role("buyer"),
    )


def values_of(quote: Quote) -> dict[str, Any]:
    """A quote as both of its pages show it."""
    of = quote_orders.quoted(quote)
    items = [one.item for one in of]
    sums, taxed = shown.sums_of(items, quote.reseller_id, quote.for_customer_id)
    return shown.about(quote, shown.FOR_CUSTOMERS) | {
        "lines": of,
        "sums": sums,
        "taxed": taxed is not None,
        "gone": [f"{one.item.product}, {one.item.plan}" for one in of if not one.sold],
    }


def draw(values: dict[str, Any], status: int, **more: Any) -> Response:
    """The page of a quote, of a customer that is signed in or of whoever holds the link."""
    typed = {name: request.form.get(name, "")[:5000] for name in ("words", "reason", "name")}
    return pages.render(
        "portal/quote.html",
        status,
        title=_("Quote %(code)s", code=values["quote"].code),
        typed=typed,
        seller=the_shop().legal_name,
        **{"timeline": [], **values, **more},
    )


@portal.get("/quotes/<code>/quote.pdf")
@signed_in_customer
def quote_paper(code: str) -> Response:
    """The quote as a file."""
    with db.transaction():
        quote = quotes.find(code)
        paper = shown.paper(quote)
    return downloads.quote(paper, quote.reseller_id)


@portal.post("/quotes/<code>/ask")
@signed_in_customer
def ask_about_quote(code: str) -> Response:
    """A question to the reseller."""
    return acted(
        code, "quote-asked", lambda quote: quote_answers.ask(quote, said("words"), name=visitor().name)
    )


@portal.post("/quotes/<code>/decline")
@signed_in_customer
def decline_quote(code: str) -> Response:
    """No, thank you."""
    require_role("buyer")
    name = visitor().name
    return acted(
        code, "quote-declined", lambda quote: quote_answers.decline(quote, said("reason"), name=name)
    )


def said(field: str) -> str:
    """What was written."""
    return request.form.get(field, "")


def acted(code: str, done: str, act: Callable[[Quote], object]) -> Response:
    """One act of a customer on a quote of its own, held meanwhile."""
    try:
        with following(lambda: quotes.hold(code)) as quote:
            act(quote)
    except Missing:
        raise
    except Refusal as refusal:
        return show_own(code, refusal.status, problem=str(refusal))
    return pages.see("portal.quote_page", done, code=code)


@contextmanager
def following(found: Callable[[], Quote]) -> Generator[Quote]:
    """A quote, in a transaction that works as the distributor: it is all the right that its reader has."""
    with db.transaction(widened_because="following a quote"):
        yield found()


# --- Accepting it -------------------------------------------------------------------------------------------


@portal.get("/quotes/<code>/order")
@signed_in_customer
def order_quote_page(code: str) -> Response:
    """The review before the order is placed, with the quote's lines."""
    require_role("buyer")
    try:
        items, customer = to_order(code)
    except Missing:
        raise
    except Refusal as refusal:
        return show_own(code, refusal.status, problem=str(refusal))
    return checkout_page(items, customer, quote=code)


def to_order(code: str) -> tuple[list[BasketItem], Purchaser]:
    """The quote's lines and who orders; QuoteOver, or NoLongerSold, where nothing can be ordered."""
    with db.transaction():
        quote = quotes.find(code)
        if quote.state is not QuoteState.ACCEPTED:
            quotes.refuse_unless_open(quote)
            quote_orders.refuse_unless_sold(quote_orders.quoted(quote))
        items = quote_orders.items(quote)
    with db.reading():
        return items, parties.purchaser(current_customer())


@portal.post("/quotes/<code>/order")
@signed_in_customer
def order_quote(code: str) -> Response:
    """Accepts it: answers are read, connectors are asked outside any transaction, one commit places the order
    and ends the quote, and the payment page comes next."""
    require_role("buyer")
    company = company_forms.sent() if company_forms.was_sent() else None
    try:
        items, customer = to_order(code)
    except Missing:
        raise
    except Refusal as refusal:
        return show_own(code, refusal.status, problem=str(refusal))
    items = [replace(item, fields=given(item)) for item in items]
    wrong = {
        f"{item.line_id}-{name}": words
        for item in items
        for name, words in wrong_answers(
            item, {key: str(value) for key, value in item.fields.items()}
        ).items()
    }
    fine = True
    if company:
        with db.transaction():
            fine = first_company(company, customer)
    if wrong or not fine:
        problem = _("Please look at the marked fields.")
        company = None if fine else company
        return checkout_page(
            items, customer, wrong=wrong, problem=problem, company=company, status=422, quote=code
        )
    try:
        placed = place(code, items, customer)
    except Refusal as refusal:
        note(refusal, customer)
        return checkout_page(items, customer, problem=str(refusal), status=refusal.status, quote=code)
    return to_payment(placed, free=not any(item.total for item in items) or asks_sales())


def place(code: str, items: Sequence[BasketItem], customer: Purchaser) -> str:
    """The order's code; a second yes, whoever says it, gets the first one's."""
    clearance, wish = cleared(items, customer), wished(code)
    answers = {item.line_id: item.fields for item in items}
    with db.transaction(widened_because="placing an order"):
        return quote_orders.order(code, buyer(), clearance, wish, answers)


def note(refusal: Refusal, customer: Purchaser) -> None:
    """What somebody else has to know of a refused order, as at the checkout of a basket."""
    if isinstance(refusal, TaxUndecided):
        taxes.report(refusal)
    if isinstance(refusal, leads.LeadTaken):
        with db.transaction():
            leads.note_refused(parties.customer(customer.id), customer.name, refusal)
    if isinstance(refusal, AgreementMissing):
        note_refusal(lambda: parties.customer(customer.id), "order refused", refusal)


# --- By a link ----------------------------------------------------------------------------------------------


def by_link(token: str, *, to_change: bool = False) -> Callable[[], Quote]:
    """How the quote of a mailed link is found."""
    return lambda: quotes.by_token(token, reseller_id=the_shop().reseller_id, to_change=to_change)


@portal.get("/quote-links/<token>")
def quote_link(token: str) -> Response:
    """The quote, for whoever holds its link; looking changes nothing."""
    return show_link(token)


def show_link(token: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    try:
        with following(by_link(token)) as quote:
            values = values_of(quote)
            prospect, newer = quote.for_customer_id is None, newer_of(quote)
            code, name = quote.code, quote.name
    except NoSuchQuote as no:
        return pages.render("account/quote_link_ended.html", no.status, title=_(no.title), words=str(no))
    mine = visitor().side is Side.CUSTOMER and visitor().reseller_id == the_shop().reseller_id
    return draw(
        values,
        status,
        problem=problem,
        trail=None,
        accept=url_for("portal.agree_to_quote", token=token)
        if prospect
        else url_for("portal.order_quote_page", code=code),
        posts=prospect,
        ask=url_for("portal.ask_by_quote_link", token=token),
        decline=url_for("portal.decline_by_quote_link", token=token),
        paper=url_for("portal.quote_link_paper", token=token),
        order=None,
        own=url_for("portal.quote_page", code=code) if mine and not prospect else None,
        name=name,
        newer=newer,
        may_accept=True,
    )


def newer_of(quote: Quote) -> str:
    """The code of the version that has replaced it."""
    return quotes.versions(quote)[0].code if quote.state is QuoteState.REPLACED else ""


@portal.get("/quote-links/<token>/quote.pdf")
def quote_link_paper(token: str) -> Response:
    """The quote as a file."""
    with following(by_link(token)) as quote:
        paper, reseller_id = shown.paper(quote), quote.reseller_id
    return downloads.quote(paper, reseller_id)


@portal.post("/quote-links/<token>/ask")
def ask_by_quote_link(token: str) -> Response:
    """A question, by whoever holds the link."""
    return linked(
        token, "quote-asked", lambda quote: quote_answers.ask(quote, said("words"), name=said("name"))
    )


@portal.post("/quote-links/<token>/decline")
def decline_by_quote_link(token: str) -> Response:
    """No, thank you."""
    return linked(
        token, "quote-declined", lambda quote: quote_answers.decline(quote, said("reason"), name=said("name"))
    )


@portal.post("/quote-links/<token>/agree")
def agree_to_quote(token: str) -> Response:
    """Yes, by a company that is no customer yet: it is invited, and orders in the shop."""
    return linked(token, "quote-agreed", lambda quote: quote_answers.agree(quote, name=said("name")))


def linked(token: str, done: str, act: Callable[[Quote], object]) -> Response:
    """One act of whoever holds the link, on the quote held meanwhile."""
    try:
        with following(by_link(token, to_change=True)) as quote:
            act(quote)
    except NoSuchQuote:
        return show_link(token)
    except Refusal as refusal:
        return show_link(token, refusal.status, problem=str(refusal))
    return pages.see("portal.quote_link", done, token=token)
