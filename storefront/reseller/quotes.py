"""The reseller's quotes: the list, writing one, and one that was sent, with what was said about it and what
stays of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, or_, select
from werkzeug.wrappers import Response

from checkout import (
    baskets,
    quotable_plans,
    quote_answers,
    quote_drafts,
    quote_orders,
    quote_requests,
    quote_sending,
    quotes,
)
from checkout.quote_drafts import Prospect, QuoteIncomplete, Said
from checkout.quote_orders import Quoted
from checkout.quotes import Quote, QuoteLine, QuoteState
from core import db, money, parties
from core.errors import Conflict, Missing, Refusal, Refused
from core.languages import _
from core.money import Money
from core.parties import Customer
from partners import companies, leads
from storefront import downloads, exports, lists, pages, quote_margins, timelines
from storefront import quotes as shown
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, customers, menu
from storefront.visitors import require_role, visitor
from whitelabel_themes.loader import base

MAY = ("storefront_manager", "buyer")
pages.saying(
    quote_begun="Add plans, set prices and a day; nobody sees it before you send it.",
    quote_kept="Saved. Nobody sees it before you send it.",
    quote_sent="Sent. The customer has its link by mail.",
    quote_answered="Your answer is on its way.",
    quote_withdrawn="Withdrawn. Its link says so.",
    quote_thrown_away="The draft is thrown away.",
    quote_changing="This is the next version. The one that was sent stays open until you send this one.",
)


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/quotes")
def quote_list() -> Response:
    """The newest first; versions that were replaced are found on the page of the one that replaced them."""
    with db.transaction():
        page = lists.page(the_list(), select(Quote))
    return pages.render("reseller/quotes.html", title=_("Quotes"), page=page)


@console.get("/quotes.csv")
def quote_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Quote))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Quotes"),
        "reseller.quote_list",
        [
            Column("company", _("Company"), itemgetter("company"), Quote.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("email", _("E-mail"), itemgetter("email"), only_file=True),
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
        search=shown.search,
        views=shown.views(),
        filters=shown.filters(),
        export="reseller.quote_file",
        always=shown.LISTED,
    )


def rows_of(found: Sequence[tuple[Quote]]) -> list[dict[str, Any]]:
    """Quotes as the list shows them."""
    return [shown.row_of(one, url_for("reseller.quote_page", code=one.code)) for (one,) in found]


# --- For whom -----------------------------------------------------------------------------------------------


@console.get("/quotes/new")
def new_quote() -> Response:
    """Customers that match, and the form for a company that is none yet."""
    return show_new()


def show_new(
    status: int = 200, *, problem: str | None = None, problems: Mapping[str, str] | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    query = lists.words()
    with db.transaction():
        chosen = select(Customer).where(Customer.ended_at.is_(None))
        if query:
            chosen = chosen.where(like(query))
        found = db.session().scalars(chosen.order_by(Customer.name, Customer.id).limit(8)).all()
    return pages.render(
        "reseller/new_quote.html",
        status,
        title=_("New quote"),
        searched=query,
        found=found,
        typed={name: request.form.get(name, "") for name in ("company", "name", "email", "country")},
        countries=companies.countries(),
        problem=problem,
        problems=problems or {},
        open_shop=menu.portal_url(menu.own_storefront()) is not None,
    )


def like(query: str) -> ColumnElement[bool]:
    """Name, address or code."""
    columns = (Customer.name, Customer.email, Customer.code)
    return or_(*(column.icontains(query, autoescape=True) for column in columns))


@console.post("/quotes/new")
def begin_quote() -> Response:
    """A draft for a customer or a prospect; nobody is quoted whom another partner's deal holds (H33)."""
    require_role(*MAY)
    code = request.form.get("customer", "")[:40]
    try:
        with db.transaction():
            whom = customers.find(code) if code else prospect()
            begun = quote_drafts.begin(whom, by=visitor().name).code
    except Missing:
        raise
    except QuoteIncomplete as refusal:
        return show_new(422, problem=str(refusal), problems=refusal.problems)
    except (Refused, Conflict) as refusal:
        note(code, refusal)
        return show_new(refusal.status, problem=str(refusal))
    return pages.see("reseller.quote_page", "quote-begun", code=begun)


def prospect() -> Prospect:
    """What the form says about a company."""
    said = {name: request.form.get(name, "")[:300] for name in ("company", "name", "email", "country")}
    return Prospect(**said)


def note(customer_code: str, refusal: Refused | Conflict) -> None:
    """A lead that was refused leaves a line in the trail of the customer, or of the reseller."""
    if not isinstance(refusal, leads.LeadTaken):
        return
    with db.transaction():
        about = customers.find(customer_code) if customer_code else parties.reseller(menu.reseller_id())
        name = about.name if isinstance(about, Customer) else request.form.get("company", "")[:200]
        leads.note_refused(about, name, refusal)


def note_at_sending(code: str, refusal: Refused | Conflict) -> None:
    """The same for a draft that was to be sent."""
    if not isinstance(refusal, leads.LeadTaken):
        return
    with db.transaction():
        quote = quotes.find(code)
        about = quote_drafts.customer_of(quote) or parties.reseller(menu.reseller_id())
        leads.note_refused(about, quote.company, refusal)


# --- One quote ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """What the editor sent: words by field, what they mean, and what is wrong with them."""

    words: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: Mapping[UUID, tuple[int, Money]] = field(default_factory=dict[UUID, tuple[int, Money]])
    day: date | None = None
    problems: Mapping[str, str] = field(default_factory=dict[str, str])


@console.get("/quotes/<code>")
def quote_page(code: str) -> Response:
    """A draft to be written, or a quote with all that was said."""
    return show(code)


def show(code: str, status: int = 200, *, typed: Typed | None = None, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    query = (request.form.get("find") or request.args.get("find", "")).strip()[:100]
    with db.transaction():
        quote = quotes.find(code)
        of = quote_orders.quoted(quote)
        lines = quotes.lines(quote.id)
        items = [one.item for one in of]
        paid, was = quotable_plans.paid(quote.reseller_id, items), quotable_plans.paid_when_sent(quote)
        rows = quote_margins.rows(of, now=paid, was=was, costs={})
        sums, _taxed = shown.sums_of(items, quote.reseller_id, quote.for_customer_id)
        values = shown.about(quote)
        found = quotable_plans.matching(quote, query) if query and quote.state is QuoteState.DRAFT else []
        timeline = timelines.of([one.id for one in quotes.versions(quote)])
        versions = [(one.code, shown.WORDS[one.state.value]) for one in quotes.versions(quote)]
        customer = quote_drafts.customer_of(quote)
        wanted = quote_requests.of_quote(quote.id)
    place = url_for("reseller.customer_page", code=customer.code) if customer else None
    portal = menu.portal_url(menu.own_storefront(), absolute=True)
    is_draft = quote.state is QuoteState.DRAFT
    return pages.render(
        "reseller/quote_draft.html" if is_draft else "reseller/quote.html",
        status,
        title=_("Quote %(code)s", code=code),
        rows=rows,
        sums=sums,
        whole=quote_margins.whole(of, paid),
        whole_was=quote_margins.whole(of, was),
        searched=query,
        found=found,
        typed=typed.words if typed else words_of(quote, lines),
        problems=typed.problems if typed else {},
        problem=problem,
        timeline=timeline,
        versions=[(each, words, url_for("reseller.quote_page", code=each)) for each, words in versions],
        customer=place,
        link=f"{portal}quote-links/{quotes.token_of(quote.nonce)}" if portal and quote.open else None,
        order=url_for("reseller.order_page", code=quote.order_code) if quote.order_code else None,
        may_change=quote.open or quote.state in (QuoteState.EXPIRED, QuoteState.DECLINED),
        wanted=wanted,
        wanted_at=moment(wanted.asked_at) if wanted else None,
        words_kept=request.form.get("words", ""),
        **values,
    )


def words_of(quote: Quote, of: Sequence[QuoteLine]) -> dict[str, str]:
    """A draft as its form shows it."""
    return {
        "message": quote.message,
        "valid_until": quote.valid_until.isoformat(),
        **{f"quantity-{line.id}": str(line.quantity) for line in of},
        **{f"price-{line.id}": f"{line.unit_price.amount:f}" for line in of},
    }


def read(of: Sequence[QuoteLine]) -> Typed:
    """What was typed, field by field; what cannot be read is said."""
    words = {"message": "", "valid_until": ""} | {
        name: value[:5000] for name, value in request.form.items() if name != "csrf_token"
    }
    lines: dict[UUID, tuple[int, Money]] = {}
    problems: dict[str, str] = {}
    for line in of:
        units, price = f"quantity-{line.id}", f"price-{line.id}"
        if units not in words or price not in words:
            continue
        try:
            quantity = baskets.parse_quantity(words[units])
        except Refusal as refusal:
            problems[units], quantity = str(refusal), 0
        try:
            amount = money.parse(words[price], line.currency)
        except ValueError as wrong:
            problems[price], amount = _(str(wrong)), line.unit_price
        if units not in problems and price not in problems:
            lines[line.id] = (quantity, amount)
    try:
        day = date.fromisoformat(words.get("valid_until", "").strip())
    except ValueError:
        day = None
    return Typed(words, lines, day, problems)


@console.post("/quotes/<code>")
def keep_quote(code: str) -> Response:
    """Saves what was typed, and then does what the button says: another plan, one line less, look for plans,
    or send it."""
    require_role(*MAY)
    with db.transaction():
        typed = read(quotes.lines(quotes.find(code).id))
    if typed.problems:
        return show(code, 422, typed=typed, problem=_("Please look at the marked fields."))
    try:
        if request.form.get("act") == "send":
            with db.transaction(widened_because="sending a quote"):
                quote = kept(code, typed)
                quote_sending.send(quote)
            return pages.see("reseller.quote_page", "quote-sent", code=code)
        with db.transaction():
            quote = kept(code, typed)
            if plan := request.form.get("add"):
                quote_drafts.add_line(quote, lists.identifier(plan, "plan"))
            if line := request.form.get("remove"):
                quote_drafts.remove_line(quote, lists.identifier(line, "line"))
            quote_drafts.count_up(quote)
    except Missing:
        raise
    except QuoteIncomplete as refusal:
        wrong = Typed(typed.words, typed.lines, typed.day, refusal.problems)
        return show(code, 422, typed=wrong, problem=str(refusal))
    except (Refused, Conflict) as refusal:
        note_at_sending(code, refusal)
        return show(code, refusal.status, typed=typed, problem=str(refusal))
    query = request.form.get("find", "").strip()[:100]
    said = "quote-kept" if request.form.get("act") == "keep" else ""
    return pages.see("reseller.quote_page", said, code=code, find=query or None, _anchor="lines")


def kept(code: str, typed: Typed) -> Quote:
    """The draft, held, with what was typed in it; a reseller's alone, also while it is sent."""
    quote = mine(code)
    quote_requests.take_over(quote, by=visitor().name)
    quote_drafts.keep(quote, Said(typed.lines, typed.day, typed.words.get("message", "")))
    return quote


def mine(code: str) -> Quote:
    """A quote of this console, held: sending works wider than the reseller's own scope."""
    quote = quotes.hold(code)
    if quote.reseller_id != menu.reseller_id():
        raise Missing("quote")
    return quote


@console.post("/quotes/<code>/totals")
def quote_totals(code: str) -> Response:
    """What the draft comes to, while one types; changes nothing."""
    with db.transaction():
        quote = quotes.find(code)
        typed = read(quotes.lines(quote.id))
        of = [as_typed(one, typed) for one in quote_orders.quoted(quote)]
        items = [one.item for one in of]
        paid = quotable_plans.paid(quote.reseller_id, items)
        sums, _taxed = shown.sums_of(items, quote.reseller_id, quote.for_customer_id)
    page = pages.environment(base()).get_template("reseller/parts/quote_totals.html")
    body = page.render(sums=sums, whole=quote_margins.whole(of, paid), unreadable=bool(typed.problems))
    return Response(body, content_type="text/html; charset=utf-8")


def as_typed(one: Quoted, typed: Typed) -> Quoted:
    """The line with what was typed, as far as it could be read."""
    if one.item.line_id not in typed.lines:
        return one
    quantity, price = typed.lines[one.item.line_id]
    return replace(one, item=replace(one.item, quantity=quantity, unit_price=price))


@console.get("/quotes/<code>/quote.pdf")
def quote_paper(code: str) -> Response:
    """The paper, as the customer gets it."""
    with db.transaction():
        quote = quotes.find(code)
        paper = shown.paper(quote)
    return downloads.quote(paper, quote.reseller_id)


# --- What may be done with one that was sent ----------------------------------------------------------------


@console.post("/quotes/<code>/answer")
def answer_quote(code: str) -> Response:
    """To a question, or of one's own accord."""
    require_role(*MAY)
    return acted(
        code, "quote-answered", lambda quote: quote_answers.answer(quote, words(), name=visitor().name)
    )


def words() -> str:
    """What was written."""
    return request.form.get("words", "")


@console.post("/quotes/<code>/withdraw")
def withdraw_quote(code: str) -> Response:
    """It is not offered any more; a draft is thrown away."""
    require_role(*MAY)
    with db.transaction():
        was = quotes.find(code).state
    done = acted(code, "quote-withdrawn", quote_answers.withdraw)
    if was is QuoteState.DRAFT and done.status_code == 303:
        return pages.see("reseller.quote_list", "quote-thrown-away")
    return done


def acted(code: str, said: str, act: Any) -> Response:
    """One act on a quote that is held meanwhile."""
    try:
        with db.transaction():
            act(mine(code))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("reseller.quote_page", said, code=code)


@console.post("/quotes/<code>/change")
def change_quote(code: str) -> Response:
    """A draft of the next version."""
    require_role(*MAY)
    try:
        with db.transaction():
            draft = quote_drafts.change(mine(code), by=visitor().name).code
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("reseller.quote_page", "quote-changing", code=draft)
