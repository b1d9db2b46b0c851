"""Deals: an active partner registers a company it wants to win, and while the deal lives nobody else may
pursue that company (H29-H36). Pending and approved deals hold their keys in three partial unique indexes.
How one is registered is in `deal_registrations.py`, what the reviewer decides in `deal_reviews.py`, how it
ends by itself in `deal_ends.py`. A reseller reads its deals; every change works as the distributor, through
the functions there and here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from core import db, states
from core.clock import business_now
from core.errors import Conflict, Missing
from core.events import Event, publish
from core.languages import _
from core.money import Money
from core.tenancy import Access, ResellerOwned, owned_by

REVIEWER = "storefront_manager"


class DealState(StrEnum):
    """PENDING and APPROVED hold the lead. WON by an order; LOST and WITHDRAWN are the reseller's word."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


NEW, ACTIVE = (DealState.PENDING,), (DealState.APPROVED,)
CLOSED = tuple(state for state in DealState if state not in (*NEW, *ACTIVE))
STATUSES: Mapping[str, tuple[DealState, ...]] = {"new": NEW, "active": ACTIVE, "closed": CLOSED}
"""The three words of the trade for where a deal is (M80)."""


class DealKind(StrEnum):
    """Who works on it (M80). SHARED: the distributor helps to win it."""

    INDEPENDENT = "independent"
    SHARED = "shared"


class Deal(ResellerOwned, db.Model):
    """One registered lead. `programme_name` is a copy: programmes are the distributor's to read. `name_key`,
    `domain` and `tax_id` are the keys it holds; `ends_at` is set by the approval (business clock, as all of
    its times); `reason` says why it was rejected; `version` counts changes, so that nobody changes what they
    have not seen."""

    __tablename__ = "deals"
    __access__ = Access(distributor="rcu", reseller="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("resellers", "reseller_id"),
        owned_by("programmes", "programme_id"),
        owned_by("customers", "customer_id"),
        CheckConstraint("state <> 'approved' OR ends_at IS NOT NULL", name="ends"),
        CheckConstraint("(state = 'rejected') = (reason <> '')", name="reason"),
        *(
            Index(
                f"uq_deals_{columns[0]}",
                "distributor_id",
                *columns,
                unique=True,
                postgresql_where=literal_column(f"state IN ('pending', 'approved') AND {columns[0]} <> ''"),
            )
            for columns in (("name_key", "country"), ("domain",), ("tax_id",))
        ),
        Index("ix_deals_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_deals_state", "distributor_id", "state", "id"),
        Index(
            "ix_deals_ends",
            "distributor_id",
            "ends_at",
            postgresql_where=literal_column("state = 'approved'"),
        ),
        Index("ix_deals_like", "company", postgresql_using="gin", postgresql_ops={"company": "gin_trgm_ops"}),
    )
    LIFE = states.Transitions(
        {
            DealState.PENDING: [DealState.APPROVED, DealState.REJECTED, DealState.WITHDRAWN],
            DealState.APPROVED: [DealState.WON, DealState.LOST, DealState.WITHDRAWN, DealState.EXPIRED],
            **dict.fromkeys(CLOSED, ()),
        },
        first=DealState.PENDING,
    )

    programme_id: Mapped[UUID]
    programme_name: Mapped[str]
    code: Mapped[str]
    kind: Mapped[DealKind]
    company: Mapped[str]
    website: Mapped[str]
    country: Mapped[str]
    name_key: Mapped[str]
    domain: Mapped[str]
    tax_id: Mapped[str]
    contact_name: Mapped[str]
    contact_email: Mapped[str]
    products: Mapped[str]
    seats: Mapped[int]
    closes_on: Mapped[date]
    value_minor: Mapped[int]
    currency: Mapped[str]
    comment: Mapped[str]
    may_share: Mapped[bool]
    may_contact: Mapped[bool]
    state: Mapped[DealState]
    reason: Mapped[str] = mapped_column(default="")
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    ends_at: Mapped[datetime | None]
    notice_at: Mapped[datetime | None]
    noticed: Mapped[bool] = mapped_column(default=False)
    extended: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    customer_id: Mapped[UUID | None]
    order_code: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    value: Mapped[Money] = composite(Money, "value_minor", "currency")

    @property
    def open(self) -> bool:
        """Whether it holds its lead, unless its days are over."""
        return self.state in (*NEW, *ACTIVE)


# --- What happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DealRegistered(Event):
    """Somebody has to look at it."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealApproved(Event):
    """From now on the lead is the reseller's alone."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealRejected(Event):
    """With one of the programme's reasons."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealExpiring(Event):
    """Its days are over soon; `notice` is unique per deal and end."""

    deal_id: UUID
    notice: str


@dataclass(frozen=True, slots=True)
class DealExpired(Event):
    """Its days are over without a sale; the lead is free."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealWon(Event):
    """An order of the company was paid for."""

    deal_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class DealChanged(Conflict):
    """Somebody changed it since the page was opened (M80: an update names the version that it saw)."""

    def __init__(self) -> None:
        super().__init__(_("This deal has changed since you opened the page. Please look at it again."))


# --- Changing -----------------------------------------------------------------------------------------------


def to_change(code: str, reseller_id: UUID, seen: str) -> Deal:
    """A reseller's own deal, locked, as the version that it saw; Missing for any other's, DealChanged when it
    is another by now."""
    chosen = select(Deal).where(Deal.code == code, Deal.reseller_id == reseller_id)
    return as_seen(db.session().scalar(chosen.with_for_update()), seen)


def as_seen(deal: Deal | None, seen: str) -> Deal:
    """The deal, if it is still the version that a page showed."""
    if deal is None:
        raise Missing("deal")
    if seen != str(deal.version):
        raise DealChanged
    return deal


def withdraw(deal: Deal) -> None:
    """The reseller does not pursue it any more; the lead is free."""
    close(deal, DealState.WITHDRAWN)


def lose(deal: Deal, why: str) -> None:
    """The company has decided against it; the lead is free."""
    close(deal, DealState.LOST, why=" ".join(why.split())[:500])


def expire(deal: Deal) -> None:
    """Its days are over without a sale (H35)."""
    close(deal, DealState.EXPIRED)
    publish(DealExpired(deal.id))


def close(deal: Deal, to: DealState, *, why: str = "", told: Mapping[str, object] | None = None) -> None:
    """Into one of the closed states."""
    states.move(deal, to, why=why, told=told)
    deal.closed_at = business_now()
    deal.version += 1
    db.flush()


# --- Reading ------------------------------------------------------------------------------------------------


def find(code: str) -> Deal:
    """A deal of the scope."""
    found = db.session().scalar(select(Deal).where(Deal.code == code))
    if found is None:
        raise Missing("deal")
    return found


def of_id(deal_id: UUID) -> Deal:
    """The deal of an event."""
    return db.session().scalars(select(Deal).where(Deal.id == deal_id)).one()


def may_review(roles: Collection[str]) -> bool:
    """Whether a member of the distributor's staff decides on deals: administrators and storefront
    managers."""
    return bool({"admin", REVIEWER} & set(roles))
