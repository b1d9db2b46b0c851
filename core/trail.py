"""The append-only trail: who did what to which object, on whose behalf, when. No side may change or delete a
row (QC10)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, tenancy
from core.tenancy import Access, CustomerOwned, DistributorOwned


class TrailEntry(CustomerOwned, db.Model):
    """One line of the trail."""

    __tablename__ = "trail"
    __access__ = Access(distributor="rc", reseller="rc", customer="rc", public="c", door="c")
    __table_args__ = (Index("ix_trail_object", "distributor_id", "object_id", "at"),)

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    at: Mapped[datetime]
    person_id: Mapped[UUID | None]
    object_type: Mapped[str]
    object_id: Mapped[UUID]
    what: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    request_id: Mapped[str] = mapped_column(default="")


def write(thing: DistributorOwned, what: str, *, why: str = "", **detail: Any) -> TrailEntry:
    """Adds a line about `thing`, visible to the sides that own it."""
    scope = tenancy.current()
    return db.add(
        TrailEntry(
            distributor_id=thing.distributor_id,
            reseller_id=getattr(thing, "reseller_id", None) or scope.reseller_id,
            customer_id=getattr(thing, "customer_id", None) or scope.customer_id,
            at=db.session().info["now"],
            person_id=scope.person_id,
            object_type=str(getattr(thing, "__tablename__", "")),
            object_id=thing.id,
            what=what,
            why=why,
            detail={key: str(value) for key, value in detail.items()},
            request_id=scope.request_id,
        )
    )


def of(object_id: UUID, limit: int = 200) -> list[TrailEntry]:
    """The timeline of one object, oldest first."""
    return list(
        db.session().scalars(
            select(TrailEntry)
            .where(TrailEntry.object_id == object_id)
            .order_by(TrailEntry.at, TrailEntry.id)
            .limit(limit)
        )
    )
