"""A customer asks its reseller for a quote (P27): which plans, how many, and in its own words. It becomes a
draft in the reseller's list, at the shop's prices, for the reseller to fill and send; the customer sees its
request until then, and nothing of the draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from checkout import quote_drafts
from checkout.baskets import Buyer
from checkout.quotes import LONGEST_WORDS, EmptyWords, Quote, QuoteSent, QuoteThrownAway
from core import db, parties, states
from core.clock import business_now
from core.errors import Refused
from core.events import Event, publish
from core.ids import new_id
from core.languages import _
from core.tenancy import Access, CustomerOwned, owned_by

MOST_WAITING = 10


class QuoteRequestState(StrEnum):
    """QUOTED: the quote was sent. DECLINED: the reseller makes no offer."""

    WAITING = "waiting"
    QUOTED = "quoted"
    DECLINED = "declined"


class QuoteRequest(CustomerOwned, db.Model):
    """What a customer asked for, as it asked; `quote_id` is the draft that was made of it."""

    __tablename__ = "quote_requests"
    __access__ = Access(distributor="rcu", reseller="ru", customer="r")
    __table_args__ = (
        owned_by("quotes", "quote_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "quote_id"),
        Index("ix_quote_requests_customer", "distributor_id", "customer_id", "state"),
    )
    LIFE = states.Transitions(
        {
            QuoteRequestState.WAITING: [QuoteRequestState.QUOTED, QuoteRequestState.DECLINED],
            QuoteRequestState.QUOTED: [],
            QuoteRequestState.DECLINED: [],
        },
        first=QuoteRequestState.WAITING,
    )

    quote_id: Mapped[UUID]
    state: Mapped[QuoteRequestState]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    words: Mapped[str]
    wanted: Mapped[list[str]] = mapped_column(default=list)


@dataclass(frozen=True, slots=True)
class QuoteWanted(Event):
    """A customer waits for an offer."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteNotOffered(Event):
    """The reseller makes none."""

    request_id: UUID


class NoQuotesHere(Refused):
    """The distributor's own shop has its prices; quotes are a reseller's."""

    def __init__(self) -> None:
        super().__init__(_("This shop makes no quotes. Please write to us about other prices."))


class NothingWanted(Refused):
    """A request says what for."""

    def __init__(self) -> None:
        super().__init__(_("Enter how many you need of at least one plan."))


class StillWaiting(Refused):
    """Enough is enough."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "%(most)s of your requests wait for an offer already. Please wait for an answer first.",
                most=MOST_WAITING,
            )
        )


def ask(buyer: Buyer, wanted: Sequence[tuple[UUID, int]], words: str) -> QuoteRequest:
    """Makes a draft of what is wanted and tells the reseller. Works as the distributor ("asking for a
    quote"): a customer may write no quotes.

    Raises NoQuotesHere, NothingWanted, StillWaiting, EmptyWords (too many), quote_drafts.NoShopYet,
    NotOffered or WrongQuantity, with nothing kept."""
    if parties.reseller(buyer.reseller_id).house or buyer.customer_id is None:
        raise NoQuotesHere
    if not wanted:
        raise NothingWanted
    if len(words.strip()) > LONGEST_WORDS:
        raise EmptyWords
    customer = parties.customer(buyer.customer_id)
    mine = (QuoteRequest.customer_id == customer.id) & (QuoteRequest.state == QuoteRequestState.WAITING)
    if (db.session().scalar(select(func.count()).where(mine)) or 0) >= MOST_WAITING:
        raise StillWaiting
    draft = quote_drafts.begin(customer, by="")
    draft.name, draft.email = buyer.name, buyer.email
    lines = [quote_drafts.add_line(draft, plan_id, quantity) for plan_id, quantity in wanted]
    quote_drafts.count_up(draft)
    asked = db.add(
        QuoteRequest(
            id=new_id(), reseller_id=customer.reseller_id, customer_id=customer.id, quote_id=draft.id,
            state=QuoteRequestState.WAITING, asked_by=buyer.name, asked_at=business_now(),
            words=words.strip(),
            wanted=[f"{line.quantity} × {line.product_name}, {line.plan_name}" for line in lines],
        )
    )  # fmt: skip
    db.flush()
    publish(QuoteWanted(asked.id))
    return asked


def of_quote(quote_id: UUID) -> QuoteRequest | None:
    """What a draft was asked for by, if it was."""
    return db.session().scalar(select(QuoteRequest).where(QuoteRequest.quote_id == quote_id))


def of_id(request_id: UUID) -> QuoteRequest:
    """A request by its id, inside the scope."""
    return db.session().scalars(select(QuoteRequest).where(QuoteRequest.id == request_id)).one()


def unanswered() -> Sequence[QuoteRequest]:
    """Those of the scope's customer without an offer, the newest first."""
    chosen = select(QuoteRequest).where(QuoteRequest.state != QuoteRequestState.QUOTED)
    return db.session().scalars(chosen.order_by(QuoteRequest.id.desc()).limit(2 * MOST_WAITING)).all()


def take_over(quote: Quote, *, by: str) -> None:
    """Whoever writes in a draft that a customer asked for is who makes the offer."""
    quote.made_by = quote.made_by or by


def quoted(event: QuoteSent) -> None:
    """Now-reaction: the offer is there."""
    _answer(event.quote_id, QuoteRequestState.QUOTED)


def thrown_away(event: QuoteThrownAway) -> None:
    """Now-reaction: there will be none; whoever waits is told."""
    if (asked := _answer(event.quote_id, QuoteRequestState.DECLINED)) is not None:
        publish(QuoteNotOffered(asked.id))


def _answer(quote_id: UUID, to: QuoteRequestState) -> QuoteRequest | None:
    asked = of_quote(quote_id)
    if asked is None or asked.state is not QuoteRequestState.WAITING:
        return None
    states.move(asked, to)
    return asked
