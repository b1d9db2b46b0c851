"""What the surfaces say about quotes: the words of their states, a quote as its page and its row show it, and
its paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from billing import documents, tax
from billing.documents import Line, Paper
from billing.tax import Sums, TaxUndecided
from checkout import quote_orders, quotes
from checkout.baskets import BasketItem
from checkout.quote_requests import QuoteRequest, QuoteRequestState
from checkout.quotes import OPEN, Quote, QuoteMessage, QuoteState
from core import clock
from core.languages import Words, _, counted
from core.money import Money, total
from partners import companies
from storefront import taxes
from storefront.filters import Choice, Days
from storefront.moments import Moment, moment

WORDS = Words(
    {
        "draft": "Draft",
        "sent": "Sent",
        "asked": "Question asked",
        "answered": "Answered",
        "agreed": "Agreed, to be ordered",
        "accepted": "Accepted",
        "declined": "Declined",
        "expired": "Expired",
        "withdrawn": "Withdrawn",
        "replaced": "Replaced",
    }
)
FOR_CUSTOMERS = Words(
    {
        "sent": "Open",
        "asked": "Waits for an answer",
        "answered": "Answered",
        "agreed": "Agreed, to be ordered",
        "accepted": "Ordered",
        "declined": "Declined",
        "expired": "Expired",
        "withdrawn": "Withdrawn",
        "replaced": "Replaced",
    }
)
SHOWS = Words(
    {
        "wanted": "Asked for",
        "drafts": "Drafts",
        "open": "Open",
        "asked": "Questions",
        "won": "Accepted",
        "over": "Over",
    }
)
MEANT: Mapping[str, tuple[QuoteState, ...]] = {
    "drafts": (QuoteState.DRAFT,),
    "open": OPEN,
    "asked": (QuoteState.ASKED,),
    "won": (QuoteState.ACCEPTED, QuoteState.AGREED),
    "over": (QuoteState.DECLINED, QuoteState.EXPIRED, QuoteState.WITHDRAWN),
}


# --- In a list ----------------------------------------------------------------------------------------------

LISTED = (Quote.state != QuoteState.REPLACED) & (
    (Quote.state != QuoteState.WITHDRAWN) | Quote.sent_at.is_not(None)
)
"""All but versions that were replaced and drafts that were thrown away."""


def row_of(quote: Quote, url: str) -> dict[str, Any]:
    """A quote as a list shows it."""
    now = clock.business_now()
    return {
        "code": quote.code,
        "url": url,
        "company": quote.company,
        "email": quote.email,
        "country": companies.country_name(quote.country) if quote.country else "",
        "version": quote.version,
        "state": quote.state.value,
        "words": WORDS[quote.state.value],
        "total": quote.total,
        "until": f"{quote.valid_until:%-d %B %Y}",
        "left": days_left(quote),
        "sent": moment(quote.sent_at, now),
        "made": moment(quote.created_at, now),
        "by": quote.made_by,
        "order": quote.order_code,
        "reason": quote.reason,
    }


def days_left(quote: Quote) -> str:
    """How long an open quote may still be accepted; empty for any other."""
    if not quote.open:
        return ""
    left = quote.ends_at - clock.business_now()
    if left.total_seconds() <= 0:
        return _("over")
    return counted("%(n)s day left", "%(n)s days left", left.days) if left.days else _("less than a day left")


def search(query: str) -> ColumnElement[bool]:
    """Code, company or address."""
    return or_(
        Quote.code.icontains(query, autoescape=True),
        Quote.email == query.lower(),
        Quote.company.icontains(query, autoescape=True),
        Quote.order_code == query.upper(),
    )


def views() -> Choice:
    """What waits for whom."""
    return Choice("show", _("View"), SHOWS.options(), _shown_as, any_word=_("All"))


def _shown_as(word: str) -> ColumnElement[bool]:
    if word != "wanted":
        return Quote.state.in_(MEANT[word])
    return Quote.id.in_(select(QuoteRequest.quote_id).where(QuoteRequest.state == QuoteRequestState.WAITING))


def filters(words: Words = WORDS) -> list[Choice | Days]:
    """By state and days."""
    options = [one for one in words.options() if one[0] != "replaced"]
    return [
        Choice("state", _("State"), options, lambda word: Quote.state == QuoteState(word)),
        Days("sent", _("Sent"), Quote.sent_at),
    ]


# --- On a page ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A question or an answer."""

    name: str
    words: str
    by_reseller: bool
    at: Moment | None


def about(quote: Quote, words: Words = WORDS) -> dict[str, Any]:
    """A quote as every page of it shows it."""
    now = clock.business_now()
    return {
        "quote": quote,
        "words": words[quote.state.value] if quote.state.value in words else WORDS[quote.state.value],
        "until": f"{quote.valid_until:%-d %B %Y}",
        "left": days_left(quote),
        "over": quote.open and quote.ends_at <= now,
        "sent": moment(quote.sent_at, now),
        "country": companies.country_name(quote.country) if quote.country else "–",
        "messages": [said(one) for one in quotes.messages(quote)],
    }


def said(message: QuoteMessage) -> Said:
    """As a conversation shows it."""
    return Said(message.name, message.words, message.by_reseller, moment(message.at, clock.business_now()))


def sums_of(
    items: Sequence[BasketItem], reseller_id: UUID, customer_id: UUID | None
) -> tuple[Any, Sums | None]:
    """What is due with the order and what comes again, as the basket says it; net alone while nobody can say
    the tax: of a company that is no customer yet, and where a rate is missing."""
    if not items:
        return [], None
    if customer_id is None:
        net = total([item.total for item in items], items[0].unit_price.currency)
        return [(_("Net, without VAT"), net, "total")], None
    sums, _untaxed, _chain = taxes.try_basket(items, reseller_id, customer_id)
    if sums is None:
        return taxes.basket_rows(items, None), None
    return [*taxes.rows(sums, _("Due with the order")), *taxes.recurring(items, sums)], sums


# --- On paper -----------------------------------------------------------------------------------------------


def paper(quote: Quote) -> Paper:
    """The quote as a file, drawn on request from what it says (docs/decisions/0013)."""
    chain = tax.chain(quote.reseller_id, quote.for_customer_id)
    items = quote_orders.items(quote)
    treatment, words = None, [quote.message] if quote.message else []
    if chain.customer is not None:
        try:
            treatment = tax.between(chain.seller, chain.buyer)
        except TaxUndecided:
            treatment = None
    sums: list[tuple[str, Money]]
    if treatment is not None:
        counted_up = tax.sums([item.total for item in items], treatment)
        sums = list(documents.sums(counted_up.net, counted_up.tax, treatment.name, counted_up.gross))
        words += documents.tax_notes(treatment.kind)
    else:
        sums = [("Total, net", quotes.sum_of(quotes.lines(quote.id), quote.currency))]
        words.append("Prices are net; VAT is added by the rules that hold for your company.")
    words.append(
        "Amounts are for the first billing period of each line. The quote is accepted in our shop, by the"
        " link of the mail that it came with."
    )
    buyer = (
        chain.customer.snapshot(quote.email)
        if chain.customer is not None
        else {"name": quote.company, "email": quote.email, "country": quote.country}
    )
    return documents.quote(
        quote.code,
        day=documents.day(quote.sent_at) or "not sent yet",
        valid_until=f"{quote.valid_until:%-d %B %Y}",
        made_by=quote.made_by,
        seller=chain.seller.snapshot(),
        buyer=buyer,
        lines=[
            Line(
                number,
                f"{item.product}, {item.plan}: per {item.unit} {item.per}, bound for {item.term}",
                str(item.quantity),
                item.unit_price,
                tax.percent(treatment.basis_points) if treatment else "–",
                item.total,
            )
            for number, item in enumerate(items, start=1)
        ],
        sums=sums,
        words=words,
        mark=MARKS.get(quote.state, ""),
    )


MARKS = {
    QuoteState.DRAFT: "DRAFT",
    QuoteState.EXPIRED: "EXPIRED",
    QuoteState.WITHDRAWN: "WITHDRAWN",
    QuoteState.REPLACED: "REPLACED",
    QuoteState.DECLINED: "DECLINED",
}
