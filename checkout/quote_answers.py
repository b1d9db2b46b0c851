"""What both sides say to a quote that was sent: a question, its answer, no, or yes by a company that is no
customer yet. The customer's acts work as the distributor ("following a quote"): whoever holds the link, or
acts for the customer it is for, has no other right."""

from uuid import UUID

from sqlalchemy import update

from checkout import quote_drafts, quotes
from checkout.quotes import (
    LONGEST_WORDS,
    OPEN,
    EmptyWords,
    Quote,
    QuoteAccepted,
    QuoteAnswered,
    QuoteAsked,
    QuoteDeclined,
    QuoteLine,
    QuoteMessage,
    QuoteState,
    QuoteThrownAway,
    QuoteWithdrawn,
)
from core import db, states, throttles
from core.clock import business_now
from core.errors import Missing, Refused
from core.events import publish
from core.ids import new_id
from core.languages import _
from partners import customers

LONGEST_NAME = 120
MOST_WAITING = 5  # questions without an answer; each of them is a mail


class EnoughAsked(Refused):
    """A link in a mail is nobody's way to fill a mailbox."""

    status = 429
    title = "Your questions wait for an answer"

    def __init__(self) -> None:
        super().__init__(
            _(
                "%(most)s questions wait for their answer already. Please wait for it; it comes by mail.",
                most=MOST_WAITING,
            )
        )


def ask(quote: Quote, words: str, *, name: str) -> QuoteMessage:
    """A question about an open quote, which is held meanwhile; EnoughAsked while too many wait. `name`: who
    asks."""
    quotes.refuse_unless_open(quote)
    last = [one.by_reseller for one in quotes.messages(quote)[-MOST_WAITING:]]
    if len(last) == MOST_WAITING and not any(last):
        raise EnoughAsked
    asked = _say(quote, words, name=name, by_reseller=False)
    if quote.state in (QuoteState.SENT, QuoteState.ANSWERED):
        states.move(quote, QuoteState.ASKED, told={"by": asked.name})
    publish(QuoteAsked(asked.id))
    return asked


def answer(quote: Quote, words: str, *, name: str) -> QuoteMessage:
    """By the reseller; also without a question, as long as it is open."""
    quotes.refuse_unless_open(quote)
    throttles.one_more_letter(quote.email)
    said = _say(quote, words, name=name, by_reseller=True)
    if quote.state is QuoteState.ASKED:
        states.move(quote, QuoteState.ANSWERED)
    publish(QuoteAnswered(said.id))
    return said


def _say(quote: Quote, words: str, *, name: str, by_reseller: bool) -> QuoteMessage:
    words = words.strip()
    if not words or len(words) > LONGEST_WORDS:
        raise EmptyWords
    return db.add(
        QuoteMessage(
            id=new_id(),
            reseller_id=quote.reseller_id,
            customer_id=quote.customer_id,
            quote_id=quote.id,
            by_reseller=by_reseller,
            name=" ".join(name.split())[:LONGEST_NAME] or quote.name,
            words=words,
            at=business_now(),
        )
    )


def decline(quote: Quote, reason: str, *, name: str) -> None:
    """The customer does not want it; why is the reseller's to read."""
    quotes.refuse_unless_open(quote)
    if len(reason.strip()) > LONGEST_WORDS:
        raise EmptyWords
    quote.reason, quote.decided_at = reason.strip(), business_now()
    states.move(quote, QuoteState.DECLINED, told={"by": " ".join(name.split())[:LONGEST_NAME] or quote.name})
    publish(QuoteDeclined(quote.id))


def withdraw(quote: Quote) -> None:
    """The reseller does not offer it any more; a draft is thrown away. QuoteOver once somebody decided."""
    if quote.state is not QuoteState.DRAFT:
        if quote.state not in OPEN:
            raise quotes.QuoteOver(quote.state)
        publish(QuoteWithdrawn(quote.id))
    else:
        publish(QuoteThrownAway(quote.id))
    states.move(quote, QuoteState.WITHDRAWN)


def agree(quote: Quote, *, name: str) -> None:
    """A company that is no customer yet says yes: it becomes one of the quote's reseller, its person is
    invited by mail, and the order follows in the shop, at these prices, while the quote is valid. Saying yes
    twice is one yes. LeadTaken, DealComesFirst or NoWayToSell as for any new customer."""
    if quote.state is QuoteState.AGREED:
        return
    quotes.refuse_unless_open(quote)
    if quote.for_customer_id is not None:
        raise Missing("quote")
    quote_drafts.refuse_a_lead_of_others(quote)
    taken = customers.add(
        quote.email,
        by=quote.made_by,
        company=quote.company,
        name=quote.name,
        country=quote.country,
        channel="direct",
    )
    _hand_over(quote, taken.customer.id)
    quote.decided_at = business_now()
    states.move(quote, QuoteState.AGREED, told={"by": " ".join(name.split())[:LONGEST_NAME] or quote.name})
    publish(QuoteAccepted(quote.id, f"{quote.id}:agreed"))


def _hand_over(quote: Quote, customer_id: UUID) -> None:
    """From now on the customer may read it, with its lines and what was said."""
    quote.customer_id = quote.for_customer_id = customer_id
    db.flush()
    for row in (QuoteLine, QuoteMessage):
        mine = row.quote_id == quote.id
        db.session().execute(update(row).where(mine).values(customer_id=customer_id))
