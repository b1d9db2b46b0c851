"""Quotes: what a reseller offers one company, at prices of its own, until a day. A version that was sent is
never changed: a change is a new version, and the old one says so. Drafts are the reseller's alone: a row
carries its `customer_id`, by which the customer may read it, from the sending on. Accepted, it becomes an
order at exactly these prices (`checkout.quote_orders`, docs/decisions/0032-quotes-freeze-retail.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from core import db, seals, states, trail
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event
from core.ids import token_hash
from core.languages import _
from core.money import Money, total
from core.parties import Customer
from core.periods import Term
from core.tenancy import Access, CustomerOwned, DistributorOwned, ResellerOwned, current, owned_by
from partners import deal_ends, leads

LONGEST_WORDS = 4000
REMIND_DAYS = 3


class QuoteState(StrEnum):
    """ASKED: the customer has a question; ANSWERED: it has the answer. AGREED: a company that is no customer
    yet said yes and was invited, its order is still to come. ACCEPTED: the order exists. REPLACED: a newer
    version was sent."""

    DRAFT = "draft"
    SENT = "sent"
    ASKED = "asked"
    ANSWERED = "answered"
    AGREED = "agreed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


OPEN = (QuoteState.SENT, QuoteState.ASKED, QuoteState.ANSWERED, QuoteState.AGREED)
"""What a customer may still accept, as long as its days are not over."""
_ENDS = [QuoteState.DECLINED, QuoteState.EXPIRED, QuoteState.WITHDRAWN, QuoteState.REPLACED]
_YES = [QuoteState.AGREED, QuoteState.ACCEPTED]


class Quote(CustomerOwned, db.Model):
    """One version of a quote. `series` is the code of its first version; `for_customer_id` says whom a draft
    is for, or nothing for a company that is no customer yet: then it is known by name, address and country
    alone. `attempt` counts the orders that were given up unpaid, after each of which it is open again."""

    __tablename__ = "quotes"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        UniqueConstraint("distributor_id", "series", "version"),
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        owned_by("customers", "for_customer_id"),
        owned_by("orders", "order_id"),
        CheckConstraint("version >= 1", name="version"),
        Index("ix_quotes_token_hash", "distributor_id", "token_hash", unique=True),
        Index("ix_quotes_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_quotes_customer", "distributor_id", "customer_id", "id"),
        Index("ix_quotes_order", "distributor_id", "order_id"),
        Index(
            "ix_quotes_open",
            "distributor_id",
            "ends_at",
            postgresql_where=literal_column("state IN ('sent', 'asked', 'answered', 'agreed')"),
        ),
    )
    LIFE = states.Transitions(
        {
            QuoteState.DRAFT: [QuoteState.SENT, QuoteState.WITHDRAWN],
            QuoteState.SENT: [QuoteState.ASKED, *_YES, *_ENDS],
            QuoteState.ASKED: [QuoteState.ANSWERED, *_YES, *_ENDS],
            QuoteState.ANSWERED: [QuoteState.ASKED, *_YES, *_ENDS],
            QuoteState.AGREED: [QuoteState.ACCEPTED, *_ENDS],
            QuoteState.ACCEPTED: [QuoteState.SENT, QuoteState.EXPIRED],
            QuoteState.DECLINED: [],
            QuoteState.EXPIRED: [],
            QuoteState.WITHDRAWN: [],
            QuoteState.REPLACED: [],
        },
        first=QuoteState.DRAFT,
    )

    code: Mapped[str]
    series: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[QuoteState]
    for_customer_id: Mapped[UUID | None]
    company: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str]
    currency: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    valid_until: Mapped[date]
    ends_at: Mapped[datetime]
    reminded: Mapped[bool] = mapped_column(default=False)
    total_minor: Mapped[int] = mapped_column(default=0)
    nonce: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    made_by: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    order_id: Mapped[UUID | None]
    order_code: Mapped[str] = mapped_column(default="")
    attempt: Mapped[int] = mapped_column(default=0)

    total: Mapped[Money] = composite(Money, "total_minor", "currency")

    @property
    def open(self) -> bool:
        """Whether the customer may still say yes, its days aside."""
        return self.state in OPEN

    @property
    def of_prospect(self) -> bool:
        """Whether its company is no customer yet."""
        return self.for_customer_id is None


class QuoteLine(CustomerOwned, db.Model):
    """A plan at the quoted price per unit and billing period; `total` is net, for one period."""

    __tablename__ = "quote_lines"
    __access__ = Access(distributor="rcu", reseller="rcud", customer="r")
    __table_args__ = (
        owned_by("quotes", "quote_id"),
        owned_by("plans", "plan_id"),
        UniqueConstraint("distributor_id", "quote_id", "plan_id"),
        CheckConstraint("quantity >= 1 AND unit_minor >= 0", name="amounts"),
    )

    quote_id: Mapped[UUID]
    number: Mapped[int]
    plan_id: Mapped[UUID]
    product_name: Mapped[str]
    plan_name: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[int]
    term: Mapped[Term]
    billing_period: Mapped[Term]
    unit_minor: Mapped[int]
    currency: Mapped[str]

    unit_price: Mapped[Money] = composite(Money, "unit_minor", "currency")

    @property
    def total(self) -> Money:
        """Net, per billing period."""
        return self.unit_price * self.quantity


class QuoteWholesale(ResellerOwned, db.Model):
    """What the reseller paid for a unit on the day of the sending: by it, it sees what has changed since. No
    customer can select this table."""

    __tablename__ = "quote_wholesale"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("quote_lines", "quote_line_id"),
        UniqueConstraint("distributor_id", "quote_line_id"),
    )

    quote_id: Mapped[UUID]
    quote_line_id: Mapped[UUID]
    unit_minor: Mapped[int]
    currency: Mapped[str]

    unit: Mapped[Money] = composite(Money, "unit_minor", "currency")


class QuoteCost(DistributorOwned, db.Model):
    """What the vendor asked for a unit on that day; the distributor's eyes only."""

    __tablename__ = "quote_costs"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        owned_by("quote_lines", "quote_line_id"),
        UniqueConstraint("distributor_id", "quote_line_id"),
    )

    quote_id: Mapped[UUID]
    quote_line_id: Mapped[UUID]
    unit_minor: Mapped[int]
    currency: Mapped[str]

    unit: Mapped[Money] = composite(Money, "unit_minor", "currency")


class QuoteMessage(CustomerOwned, db.Model):
    """A question of the customer's, or the reseller's answer; both sides read all of them."""

    __tablename__ = "quote_messages"
    __access__ = Access(distributor="rcu", reseller="rc", customer="r")
    __table_args__ = (
        owned_by("quotes", "quote_id"),
        Index("ix_quote_messages_quote", "distributor_id", "quote_id", "id"),
    )

    quote_id: Mapped[UUID]
    by_reseller: Mapped[bool]
    name: Mapped[str]
    words: Mapped[str]
    at: Mapped[datetime]


# --- What happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuoteSent(Event):
    """The customer gets its link."""

    quote_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteAsked(Event):
    """The customer has a question."""

    message_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteAnswered(Event):
    """The reseller has answered."""

    message_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteAccepted(Event):
    """It was agreed to, or ordered. `acceptance` is unique per quote and yes."""

    quote_id: UUID
    acceptance: str


@dataclass(frozen=True, slots=True)
class QuoteDeclined(Event):
    """The customer does not want it."""

    quote_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteExpiring(Event):
    """Its days are over soon."""

    quote_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteExpired(Event):
    """Its days are over."""

    quote_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteWithdrawn(Event):
    """The reseller does not offer it any more."""

    quote_id: UUID


@dataclass(frozen=True, slots=True)
class QuoteThrownAway(Event):
    """A draft that nobody but its reseller has seen is gone."""

    quote_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class NoSuchQuote(Refused):
    """Unknown links and those of another shop get the same answer."""

    status = 404
    title = "This link leads to no quote"

    def __init__(self) -> None:
        super().__init__(_("We know no quote by this link. Please ask your provider for a new one."))


class QuoteOver(Conflict):
    """Its days are over, or somebody has decided already; the sentence says which, and the way out."""

    title = "This quote cannot be accepted any more"

    def __init__(self, state: QuoteState) -> None:
        super().__init__(
            {
                QuoteState.EXPIRED: _("This quote has expired. Ask for a new quote."),
                QuoteState.REPLACED: _(
                    "There is a newer version of this quote. It was sent by mail; please use that one."
                ),
                QuoteState.WITHDRAWN: _("This quote was withdrawn. Ask for a new quote."),
                QuoteState.DECLINED: _("This quote was declined. Ask for a new quote."),
                QuoteState.ACCEPTED: _("This quote was accepted already."),
            }.get(state, _("This quote is not open. Ask for a new quote."))
        )


class EmptyWords(Refused):
    """Somebody pressed the button without writing anything, or wrote a book."""

    def __init__(self) -> None:
        super().__init__(_("Write a few words, at most %(most)s characters.", most=LONGEST_WORDS))


# --- Finding ------------------------------------------------------------------------------------------------


def find(code: str) -> Quote:
    """A version by its code, inside the scope; a foreign one is not found."""
    found = db.session().scalar(select(Quote).where(Quote.code == code))
    if found is None:
        raise Missing("quote")
    return found


def of_id(quote_id: UUID) -> Quote:
    """A version by its id, inside the scope."""
    found = db.session().scalar(select(Quote).where(Quote.id == quote_id))
    if found is None:
        raise Missing("quote")
    return found


def hold(code: str) -> Quote:
    """A version as it is now, held until the end of the transaction: whoever accepts, declines, withdraws or
    replaces it takes turns here. Where the scope acts for one customer, that customer's alone."""
    chosen = select(Quote).where(Quote.code == code)
    if (customer_id := current().customer_id) is not None:
        chosen = chosen.where(Quote.customer_id == customer_id)
    found = db.session().scalar(chosen.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise Missing("quote")
    return found


def by_token(token: str, *, reseller_id: UUID, to_change: bool = False) -> Quote:
    """The version that a mailed link leads to, in a scope that was widened for it and in its reseller's shop
    alone; NoSuchQuote. What became of it meanwhile, its page says."""
    chosen = select(Quote).where(Quote.token_hash == token_hash(token), Quote.state != QuoteState.DRAFT)
    if to_change:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found = db.session().scalar(chosen)
    if found is None or found.reseller_id != reseller_id:
        raise NoSuchQuote
    return found


def token_of(nonce: str) -> str:
    """The token of its link: for the mail, and for the reseller that shares it."""
    return seals.link_token("quote", nonce)


def lines(quote_id: UUID) -> list[QuoteLine]:
    """Lines in order."""
    chosen = select(QuoteLine).where(QuoteLine.quote_id == quote_id)
    return list(db.session().scalars(chosen.order_by(QuoteLine.number, QuoteLine.id)))


def messages(quote: Quote) -> list[QuoteMessage]:
    """What was asked and answered about any version, the oldest first."""
    series = select(Quote.id).where(Quote.series == quote.series)
    chosen = select(QuoteMessage).where(QuoteMessage.quote_id.in_(series))
    return list(db.session().scalars(chosen.order_by(QuoteMessage.at, QuoteMessage.id)))


def versions(quote: Quote) -> list[Quote]:
    """All versions that the scope may read, the newest first."""
    chosen = select(Quote).where(Quote.series == quote.series).order_by(Quote.version.desc())
    return list(db.session().scalars(chosen))


def sum_of(of: Sequence[QuoteLine], currency: str) -> Money:
    """Net, what is due with the order."""
    return total([line.total for line in of], currency)


# --- Rules that several acts share --------------------------------------------------------------------------


def end_of(day: date) -> datetime:
    """The first moment after a day, UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def refuse_unless_open(quote: Quote) -> None:
    """QuoteOver for one that somebody decided on, or whose days are over, also while no task has said so
    yet."""
    if not quote.open:
        raise QuoteOver(quote.state)
    if quote.ends_at <= business_now():
        raise QuoteOver(QuoteState.EXPIRED)


def lead_of(quote: Quote, customer: Customer | None) -> leads.Keys:
    """What its company is recognised by."""
    if customer is not None:
        return deal_ends.keys_of_customer(customer)
    return leads.keys([quote.company], quote.country, addresses=[quote.email])


def note(quote: Quote, what: str, **told: object) -> None:
    """A line in its trail for both sides to read."""
    trail.write(quote, what, told=told or None)
