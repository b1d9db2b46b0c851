"""Quotes whose days are over expire, by the distributor's clock; some days before, their reseller is
reminded."""

from datetime import timedelta

from sqlalchemy import select

from checkout.quotes import OPEN, REMIND_DAYS, Quote, QuoteExpired, QuoteExpiring, QuoteState
from core import db, states, tasks
from core.clock import business_now
from core.events import publish
from core.tasks import Claimed, Kind, Repeat

AT_ONCE = 500


def end_those_over() -> int:
    """Ends every open quote whose last day has passed; how many."""
    over = select(Quote).where(Quote.state.in_(OPEN), Quote.ends_at <= business_now())
    held = over.order_by(Quote.ends_at).limit(AT_ONCE).with_for_update(skip_locked=True)
    rows = db.session().scalars(held).all()
    for quote in rows:
        states.move(quote, QuoteState.EXPIRED)
        publish(QuoteExpired(quote.id))
    return len(rows)


def remind() -> int:
    """Tells every reseller whose open quote ends soon, once; how many. A quote that was valid for a few days
    only reminds nobody on the day it was sent."""
    soon = select(Quote).where(
        Quote.state.in_(OPEN),
        Quote.ends_at > business_now(),
        Quote.ends_at <= business_now() + timedelta(days=REMIND_DAYS),
        Quote.sent_at <= business_now() - timedelta(days=1),
        ~Quote.reminded,
    )
    held = soon.order_by(Quote.ends_at).limit(AT_ONCE).with_for_update(skip_locked=True)
    rows = db.session().scalars(held).all()
    for quote in rows:
        quote.reminded = True
        publish(QuoteExpiring(quote.id))
    return len(rows)


def _watch(_task: Claimed) -> None:
    remind()
    end_those_over()


WATCH = tasks.register(Kind("watch_quotes", Repeat.SAFE, prepare=_watch, every=timedelta(minutes=10)))
