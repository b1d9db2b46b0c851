"""Moving subscriptions of one customer from the reseller that holds them to a provider: another reseller, or
the distributor itself (M43-M51). First there is a relation between provider and customer
(partners/extensions.py), then a request (transfer_requests.py), which the provider accepts or rejects and the
reseller may withdraw until then (transfer_answers.py); what was accepted is moved at the vendors by tasks
(moves.py).

A request is two rows under one code, one of either side, because a row belongs to one reseller; so is each of
its items. Whoever acts works as the distributor and says whose half it is; the leaving half is locked first.
Nothing here charges or refunds: what was paid for the running term stays where it was paid
(docs/decisions/0024-what-moves-between-providers.md)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, states
from core.errors import Missing
from core.events import Event, publish
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by

LONGEST_WORDS = 1000


class TransferState(StrEnum):
    """MOVING: accepted, and the vendors are asked. PARTLY: some of it moved, the rest stays where it was."""

    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    MOVING = "moving"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"


class ItemState(StrEnum):
    """DROPPED: not asked of the vendor at all. REFUSED: the vendor said no; it stays where it was."""

    ASKED = "asked"
    DROPPED = "dropped"
    MOVING = "moving"
    UNKNOWN = "unknown"
    NEEDS_ACTION = "needs_action"
    MOVED = "moved"
    REFUSED = "refused"


OPEN_ITEMS = (ItemState.ASKED, ItemState.MOVING, ItemState.UNKNOWN, ItemState.NEEDS_ACTION)
UNDER_WAY = OPEN_ITEMS[1:]


class Transfer(CustomerOwned, db.Model):
    """One side's half of a request. `incoming`: of the provider, who takes over; else of the reseller that
    asked."""

    __tablename__ = "transfers"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code", "incoming"),
        owned_by("resellers", "reseller_id"),
        owned_by("resellers", "other_id"),
        owned_by("customers", "customer_id"),
        Index("ix_transfers_reseller", "distributor_id", "reseller_id", "id"),
        Index(
            "ix_transfers_waiting",
            "distributor_id",
            "reseller_id",
            postgresql_where=literal_column("incoming AND state = 'asked'"),
        ),
    )
    LIFE = states.Transitions(
        {
            TransferState.ASKED: [TransferState.WITHDRAWN, TransferState.REJECTED, TransferState.MOVING],
            TransferState.MOVING: [TransferState.DONE, TransferState.PARTLY, TransferState.FAILED],
            TransferState.WITHDRAWN: [],
            TransferState.REJECTED: [],
            TransferState.DONE: [],
            TransferState.PARTLY: [],
            TransferState.FAILED: [],
        },
        first=TransferState.ASKED,
    )

    code: Mapped[str]
    incoming: Mapped[bool]
    other_id: Mapped[UUID]
    other_name: Mapped[str]
    customer_name: Mapped[str]
    state: Mapped[TransferState] = mapped_column(default=TransferState.ASKED)
    words: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None]


class TransferItem(ResellerOwned, db.Model):
    """One side's half of one subscription in a request: names and quantity are as they were when it was
    asked for (M49). `subscription_id` is the old one here, the one that took its place there."""

    __tablename__ = "transfer_items"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "transfer_id", "number"),
        owned_by("transfers", "transfer_id"),
        owned_by("subscriptions", "subscription_id"),
        CheckConstraint("quantity >= 1", name="quantity"),
        Index(
            "uq_transfer_items_open",
            "distributor_id",
            "subscription_id",
            unique=True,
            postgresql_where=literal_column(
                "NOT incoming AND state IN ('asked', 'moving', 'unknown', 'needs_action')"
            ),
        ),
    )
    LIFE = states.Transitions(
        {
            ItemState.ASKED: [ItemState.DROPPED, ItemState.MOVING],
            ItemState.MOVING: [
                ItemState.MOVED,
                ItemState.REFUSED,
                ItemState.UNKNOWN,
                ItemState.NEEDS_ACTION,
            ],
            ItemState.UNKNOWN: [
                ItemState.MOVED,
                ItemState.REFUSED,
                ItemState.MOVING,
                ItemState.NEEDS_ACTION,
            ],
            ItemState.NEEDS_ACTION: [
                ItemState.MOVED,
                ItemState.REFUSED,
                ItemState.MOVING,
                ItemState.UNKNOWN,
            ],
            ItemState.DROPPED: [],
            ItemState.MOVED: [],
            ItemState.REFUSED: [],
        },
        first=ItemState.ASKED,
    )

    transfer_id: Mapped[UUID]
    incoming: Mapped[bool]
    number: Mapped[int]
    subscription_id: Mapped[UUID | None]
    product_name: Mapped[str]
    plan_name: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[int]
    term_ends_at: Mapped[datetime | None]
    state: Mapped[ItemState] = mapped_column(default=ItemState.ASKED)
    note: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class TransferAsked(Event):
    """A provider is asked to take over. `transfer_id` is the asker's half, here and below."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True)
class TransferDecided(Event):
    """Accepted or rejected."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True)
class TransferWithdrawn(Event):
    """The asker took it back in time."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True)
class TransferFinished(Event):
    """Every item has come to an end."""

    transfer_id: UUID


def halves(code: str) -> tuple[Transfer, Transfer]:
    """The asker's and the provider's half, the asker's locked: whoever decides or withdraws takes turns."""
    db.flush()  # what is read anew must not undo what this transaction has changed
    leaving = db.session().scalar(
        select(Transfer)
        .where(Transfer.code == code, ~Transfer.incoming)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if leaving is None:
        raise Missing("transfer")
    coming = select(Transfer).where(Transfer.code == code, Transfer.incoming)
    return leaving, db.session().scalars(coming.execution_options(populate_existing=True)).one()


def items(transfer_id: UUID) -> list[TransferItem]:
    """What a half consists of, in its order."""
    chosen = select(TransferItem).where(TransferItem.transfer_id == transfer_id)
    return list(db.session().scalars(chosen.order_by(TransferItem.number)))


def pairs(leaving: Transfer, coming: Transfer) -> list[tuple[TransferItem, TransferItem]]:
    """Both halves of every item, in their order."""
    return list(zip(items(leaving.id), items(coming.id), strict=True))


def move_items(pair: tuple[TransferItem, TransferItem], to: ItemState, note: str) -> None:
    """Both halves of an item take their next state, with the words that both sides read."""
    for item in pair:
        if item.state is not to:
            states.move(item, to)
        item.note, item.changed_at = note, db.session().info["now"]


def finish(transfer_id: UUID) -> None:
    """When the last item has come to its end, so has the request. `transfer_id` is the asker's half."""
    leaving = db.session().scalars(select(Transfer).where(Transfer.id == transfer_id)).one()
    leaving, coming = halves(leaving.code)
    found = [item.state for item in items(leaving.id)]
    if leaving.state is not TransferState.MOVING or any(state in OPEN_ITEMS for state in found):
        return
    moved = sum(state is ItemState.MOVED for state in found)
    to = TransferState.FAILED if not moved else TransferState.PARTLY
    for half in (leaving, coming):
        states.move(half, TransferState.DONE if moved == len(found) else to)
        half.finished_at = db.session().info["now"]
    publish(TransferFinished(leaving.id))


def of_code(code: str, *, incoming: bool | None = None) -> Transfer:
    """A half inside the scope, by its code: a reseller has one of them."""
    chosen = select(Transfer).where(Transfer.code == code)
    if incoming is not None:
        chosen = chosen.where(Transfer.incoming == incoming)
    found = db.session().scalar(chosen.order_by(Transfer.incoming).limit(1))
    if found is None:
        raise Missing("transfer")
    return found
