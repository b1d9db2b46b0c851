"""A delivery is one thing to be done at a vendor: reference, task and fund. Its state is what the page shows
(H46-H48): pending, processing, success; or unknown, needs action, refused, each with its words. No
delivery without a fund (QP2)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, states
from core.errors import Missing
from core.tenancy import Access, CustomerOwned, DistributorOwned, owned_by


class DeliveryState(StrEnum):
    """UNKNOWN: asked, but no clear answer came; nothing is bought again before a look-up. WITHDRAWING: the
    vendor has it although it was cancelled, and is being asked to end it. CANCELLED: the vendor has nothing
    of it, or nothing any more."""

    PENDING = "pending"
    PROCESSING = "processing"
    SUCCESS = "success"
    UNKNOWN = "unknown"
    NEEDS_ACTION = "needs_action"
    REFUSED = "refused"
    WITHDRAWING = "withdrawing"
    CANCELLED = "cancelled"


class Delivery(CustomerOwned, db.Model):
    """`reference` is random and ours: idempotency key and external reference at the vendor
    (docs/decisions/0006-intent-and-fences.md)."""

    __tablename__ = "deliveries"
    __access__ = Access(distributor="rcu", reseller="r", customer="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "order_line_id", "action"),
        UniqueConstraint("distributor_id", "reference"),
        owned_by("order_lines", "order_line_id"),
        owned_by("subscriptions", "subscription_id"),
        owned_by("funds", "fund_id"),
        owned_by("tasks", "task_id"),
        CheckConstraint(
            "action NOT IN ('provision', 'increase', 'extend', 'convert') OR fund_id IS NOT NULL",
            name="no_spend_without_a_fund",
        ),
        Index("ix_deliveries_order", "distributor_id", "order_id"),
    )
    LIFE = states.Transitions(
        {
            DeliveryState.PENDING: [
                DeliveryState.PROCESSING,
                DeliveryState.SUCCESS,
                DeliveryState.NEEDS_ACTION,
                DeliveryState.REFUSED,
                DeliveryState.WITHDRAWING,
                DeliveryState.CANCELLED,
            ],
            DeliveryState.PROCESSING: [
                DeliveryState.SUCCESS,
                DeliveryState.UNKNOWN,
                DeliveryState.NEEDS_ACTION,
                DeliveryState.REFUSED,
                DeliveryState.WITHDRAWING,
                DeliveryState.CANCELLED,
            ],
            DeliveryState.UNKNOWN: [
                DeliveryState.PROCESSING,
                DeliveryState.SUCCESS,
                DeliveryState.NEEDS_ACTION,
                DeliveryState.REFUSED,
                DeliveryState.WITHDRAWING,
                DeliveryState.CANCELLED,
            ],
            DeliveryState.NEEDS_ACTION: [
                DeliveryState.PROCESSING,
                DeliveryState.SUCCESS,
                DeliveryState.UNKNOWN,
                DeliveryState.REFUSED,
                DeliveryState.WITHDRAWING,
                DeliveryState.CANCELLED,
            ],
            DeliveryState.WITHDRAWING: [DeliveryState.CANCELLED, DeliveryState.SUCCESS],
            DeliveryState.SUCCESS: [],
            DeliveryState.REFUSED: [],
            DeliveryState.CANCELLED: [],
        },
        first=DeliveryState.PENDING,
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    fund_id: Mapped[UUID | None]
    task_id: Mapped[UUID]
    reference: Mapped[UUID]
    action: Mapped[str]
    state: Mapped[DeliveryState]
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class VendorRecord(DistributorOwned, db.Model):
    """What the vendor calls it, and what it answered. The distributor's eyes only."""

    __tablename__ = "vendor_records"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("deliveries", "delivery_id"),
        UniqueConstraint("distributor_id", "delivery_id"),
    )

    delivery_id: Mapped[UUID]
    external_id: Mapped[str]
    details: Mapped[dict[str, Any]]


class ConnectorSettings(DistributorOwned, db.Model):
    """The distributor's credentials and settings for a connector."""

    __tablename__ = "connector_settings"
    __access__ = Access(distributor="rcu")
    __table_args__ = (UniqueConstraint("distributor_id", "connector"),)

    connector: Mapped[str]
    settings: Mapped[dict[str, Any]]
    paused: Mapped[bool] = mapped_column(default=False)


GOING_ON = (
    DeliveryState.PENDING,
    DeliveryState.PROCESSING,
    DeliveryState.UNKNOWN,
    DeliveryState.NEEDS_ACTION,
)
"""What a worker still sees to."""
BOUGHT = Delivery.action == "provision"
"""The purchase itself, as against what is asked of the vendor later about the same line."""


WITHDRAW = "withdraw"
"""The action of a delivery that ends a purchase which was cancelled on its way (provisioning/withdrawals.py);
the later end of what ran is another."""


def of_order(order_id: UUID) -> list[Delivery]:
    """Deliveries of an order, in line order."""
    return list(
        db.session().scalars(select(Delivery).where(Delivery.order_id == order_id).order_by(Delivery.id))
    )


def move(delivery: Delivery, to: DeliveryState, note: str) -> None:
    """Its next state, with the words that the page shows."""
    states.move(delivery, to, why=note)
    delivery.note, delivery.changed_at = note, db.session().info["now"]


def of_line(order_line_id: UUID, action: str) -> Delivery | None:
    """What was asked of the vendor for an order line."""
    chosen = (Delivery.order_line_id == order_line_id) & (Delivery.action == action)
    return db.session().scalar(select(Delivery).where(chosen))


def find(delivery_id: UUID) -> Delivery:
    """A delivery inside the scope."""
    found = db.session().scalar(select(Delivery).where(Delivery.id == delivery_id))
    if found is None:
        raise Missing("delivery")
    return found
