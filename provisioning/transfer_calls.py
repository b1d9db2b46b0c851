"""What is asked of a vendor to move one subscription, and what it answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import db
from core.tenancy import Access, DistributorOwned, owned_by


class TransferCall(DistributorOwned, db.Model):
    """For one item of a request; the distributor's eyes only. `reference` is ours: as random as the item's
    id, and the same again after a restore."""

    __tablename__ = "transfer_calls"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        UniqueConstraint("distributor_id", "item_id"),
        UniqueConstraint("distributor_id", "reference"),
        owned_by("transfer_items", "item_id"),
        owned_by("transfer_items", "their_item_id"),
        owned_by("subscriptions", "subscription_id"),
        owned_by("subscriptions", "new_subscription_id"),
        owned_by("tasks", "task_id"),
        Index("ix_transfer_calls_new", "distributor_id", "new_subscription_id"),
    )

    item_id: Mapped[UUID]
    their_item_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    new_subscription_id: Mapped[UUID | None]
    task_id: Mapped[UUID]
    reference: Mapped[UUID]
    connector: Mapped[str]
    sku: Mapped[str]
    external_id: Mapped[str]
    new_external_id: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
