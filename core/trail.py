"""The append-only trail: who did what to which object, on whose behalf, when. No side may change or delete a
row (QC10).

Who may read a line: *what happened*, and what was `told` with it on purpose, belongs to the owners of the
object, as far as they may read its table at all; *why* and the details belong to the side that wrote them and
to those above it. So a vendor's words, an id at a vendor or a note of the distributor's staff is in a row
that no reseller and no customer can select."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from core import db, tenancy
from core.ids import new_id
from core.tenancy import Access, CustomerOwned, DistributorOwned, owned_by, same_key


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
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    request_id: Mapped[str] = mapped_column(default="")


class TrailNote(CustomerOwned, db.Model):
    """Why it happened and with which values, for the side that wrote it; its id is the line's."""

    __tablename__ = "trail_notes"
    __access__ = Access(distributor="rc", reseller="rc", customer="rc", public="c", door="c")
    __table_args__ = (owned_by("trail", "id", deferrable=True, initially="DEFERRED"),)

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    why: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as this scope may read it; `why` and `detail` are empty where they are another side's."""

    at: datetime
    person_id: UUID | None
    object_type: str
    object_id: UUID
    what: str
    told: dict[str, Any]
    why: str
    detail: dict[str, Any]


def write(
    thing: DistributorOwned,
    what: str,
    *,
    why: str = "",
    told: Mapping[str, object] | None = None,
    **detail: object,
) -> TrailEntry:
    """Adds a line about `thing`. `told` is for every reader of the line; `why` and `detail` are for the side
    that writes it, and for those above."""
    scope = tenancy.current()
    reseller_id, customer_id = _readers(thing)
    entry = db.add(
        TrailEntry(
            distributor_id=thing.distributor_id,
            id=new_id(),
            reseller_id=reseller_id,
            customer_id=customer_id,
            at=db.session().info["now"],
            person_id=scope.person_id,
            object_type=str(getattr(thing, "__tablename__", "")),
            object_id=thing.id,
            what=what,
            told={key: str(value) for key, value in (told or {}).items()},
            request_id=scope.request_id,
        )
    )
    if why or detail:
        db.add(
            TrailNote(
                distributor_id=thing.distributor_id,
                id=entry.id,
                reseller_id=reseller_id if scope.reseller_id else None,
                customer_id=customer_id if scope.customer_id else None,
                why=why,
                detail={key: str(value) for key, value in detail.items()},
            )
        )
    return entry


def _readers(thing: DistributorOwned) -> tuple[UUID | None, UUID | None]:
    """The reseller and the customer who own it and may read its table."""
    table = str(getattr(thing, "__tablename__", ""))
    access, key = tenancy.ACCESS[table], tenancy.KEYED_BY_ID.get(table)
    reseller_id = thing.id if key == "reseller_id" else getattr(thing, "reseller_id", None)
    customer_id = thing.id if key == "customer_id" else getattr(thing, "customer_id", None)
    return (
        reseller_id if "r" in access.reseller else None,
        customer_id if "r" in access.customer else None,
    )


def about(object_ids: Sequence[UUID], limit: int = 500) -> list[Line]:
    """The last lines about some objects, newest first, as far as this scope may read them."""
    chosen = (
        select(TrailEntry, TrailNote)
        .outerjoin(TrailNote, same_key(TrailNote.id, TrailEntry.id))
        .where(TrailEntry.object_id.in_(object_ids))
        .order_by(TrailEntry.at.desc(), TrailEntry.id.desc())
        .limit(limit)
    )
    return [
        Line(
            entry.at,
            entry.person_id,
            entry.object_type,
            entry.object_id,
            entry.what,
            entry.told,
            note.why if note else "",
            note.detail if note else {},
        )
        for entry, note in db.session().execute(chosen)
    ]


def of(object_id: UUID, limit: int = 200) -> list[Line]:
    """The timeline of one object, oldest first."""
    return list(reversed(about([object_id], limit)))
