"""The work queue: what only a person can go on with, oldest first, with the reason and a suggested act. One
open item per kind and object."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Exists, Index, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from core import db, tenancy, trail
from core.errors import Missing, Refused
from core.ids import new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned


class WorkItem(DistributorOwned, db.Model):
    """Something that waits for a person."""

    __tablename__ = "work_items"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        Index(
            "uq_work_items_open",
            "distributor_id",
            "kind",
            "about_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_work_items_age", "distributor_id", "opened_at", postgresql_where=text("closed_at IS NULL")),
    )

    kind: Mapped[str]
    about_type: Mapped[str]
    about_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    words: Mapped[str]
    suggestion: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_because: Mapped[str] = mapped_column(default="")


def open_item(
    kind: str, *, about_type: str, about_id: UUID, words: str, suggestion: str, order_id: UUID | None = None
) -> None:
    """Puts an item on the queue; a second one about the same thing only refreshes the words."""
    values = {
        "distributor_id": tenancy.current().distributor_id,
        "id": new_id(),
        "kind": kind,
        "about_type": about_type,
        "about_id": about_id,
        "order_id": order_id,
        "words": words,
        "suggestion": suggestion,
        "opened_at": db.session().info["now"],
        "closed_because": "",
    }
    db.session().execute(
        insert(WorkItem)
        .values(values)
        .on_conflict_do_update(
            index_elements=["distributor_id", "kind", "about_id"],
            index_where=text("closed_at IS NULL"),
            set_={"words": words, "suggestion": suggestion},
        )
    )


def is_open_about(about_id: InstrumentedAttribute[UUID]) -> Exists:
    """For a query: whether somebody waits for the object."""
    return exists().where(WorkItem.about_id == about_id, WorkItem.closed_at.is_(None))


def was_closed(about_id: UUID, words: str) -> bool:
    """Whether a person was told exactly this about the object and has closed it."""
    told = select(WorkItem.id).where(
        WorkItem.about_id == about_id, WorkItem.words == words, WorkItem.closed_at.is_not(None)
    )
    return db.session().scalar(told.limit(1)) is not None


def close_about(about_id: UUID, because: str, *, but: str = "") -> None:
    """Whatever was open about this object is settled, except an item of the kind `but`."""
    for item in db.session().scalars(
        select(WorkItem).where(
            WorkItem.about_id == about_id, WorkItem.kind != but, WorkItem.closed_at.is_(None)
        )
    ):
        _close(item, because)


def resolve(item_id: UUID, because: str) -> WorkItem:
    """A person says it is settled, and why."""
    item = db.session().scalar(select(WorkItem).where(WorkItem.id == item_id))
    if item is None:
        raise Missing("work item")
    if not because.strip():
        raise Refused(_("Say in a few words how it was resolved."))
    if item.closed_at is None:
        _close(item, because.strip())
    return item


def _close(item: WorkItem, because: str) -> None:
    item.closed_at = db.session().info["now"]
    item.closed_because = because
    trail.write(item, "closed", why=because)


def waiting() -> list[WorkItem]:
    """Open items, oldest first."""
    return list(
        db.session().scalars(
            select(WorkItem)
            .where(WorkItem.closed_at.is_(None))
            .order_by(WorkItem.opened_at, WorkItem.id)
            .limit(500)
        )
    )
