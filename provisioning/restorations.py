"""After a restore the database is older than the world (QC7): what it does not know of may have been bought,
paid or sent. Nothing is bought again before the vendor was asked: every delivery that was not finished, and
every one of an order from before the restore, begins with a look-up under its reference, which is the same as
in the life that was lost. What a vendor has sold without a record here is put on the work queue."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Mapped

from core import db, states, tasks, work
from core.doors import door
from core.tasks import Task, TaskState
from core.tenancy import Access, DistributorOwned, same_key
from provisioning.connectors.base import Purchase
from provisioning.deliveries import Delivery, DeliveryState
from provisioning.transfer_calls import TransferCall

DOUBT = "The database was restored from a backup, so the vendor is asked first whether it was bought already."


class Restoration(DistributorOwned, db.Model):
    """The database was put back to how it stood at `backup_at`; `finished_at` when the world was compared."""

    __tablename__ = "restorations"
    __access__ = Access(distributor="rcu", door="r")

    backup_at: Mapped[datetime]
    restored_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


UNRECONCILED = door("""
CREATE FUNCTION unreconciled_restorations_v1() RETURNS TABLE (many bigint) AS $$
  SELECT count(*) FROM restorations WHERE finished_at IS NULL
$$""")


def unfinished() -> Restoration | None:
    """The restore after which this distributor's world was not compared yet."""
    return db.session().scalar(
        select(Restoration)
        .where(Restoration.finished_at.is_(None))
        .order_by(Restoration.backup_at)
        .limit(1)
        .with_for_update()
    )


def finish() -> None:
    """The world was compared: the installation may work again."""
    db.session().execute(
        update(Restoration)
        .where(Restoration.finished_at.is_(None))
        .values(finished_at=db.session().info["now"])
    )


def since(placed_at: datetime) -> ColumnElement[bool]:
    """Condition: the database was restored after this moment, so what happened to an order of then is not
    sure."""
    return exists().where(Restoration.restored_at >= placed_at)


def reference_of(line_id: UUID, action: str) -> UUID:
    """The reference of a delivery: as random as the line's own id, and the same again when the delivery has
    to be made anew after a restore."""
    return uuid5(NAMESPACE_OID, f"{line_id} {action}")


def doubt(delivery_ids: Collection[UUID] | None = None) -> int:
    """Deliveries that are not finished (all, or these) are looked up before anything is asked; says how many.

    What waits for a person goes on waiting, and is looked up as well once they let it go on."""
    chosen = (
        select(Delivery, Task)
        .join(Task, same_key(Task.id, Delivery.task_id))
        .where(Task.state.in_((*tasks.OPEN, TaskState.PARKED)))
        .order_by(Delivery.id)
    )
    if delivery_ids is not None:
        chosen = chosen.where(Delivery.id.in_(delivery_ids))
    rows = db.session().execute(chosen).all()
    for delivery, task in rows:
        if delivery.state is DeliveryState.PENDING:
            states.move(delivery, DeliveryState.PROCESSING, why=DOUBT)
        if delivery.state is DeliveryState.PROCESSING:
            states.move(delivery, DeliveryState.UNKNOWN, why=DOUBT)
        if task.state is not TaskState.PARKED:
            delivery.note, delivery.changed_at = DOUBT, db.session().info["now"]
    db.flush()
    known = [task.id for _, task in rows]
    if delivery_ids is None:
        moving = select(Task.id).where(
            Task.kind == "transfer", Task.state.in_((*tasks.OPEN, TaskState.PARKED))
        )
        known += db.session().scalars(moving)
    _ask_first(known)
    return len(known)


def doubt_what_was_asked_before(task_id: UUID, at: datetime) -> None:
    """A task that belongs to something of before the last restore asks first, too."""
    if db.session().scalar(select(since(at))):
        _ask_first([task_id])


def _ask_first(known: Collection[UUID]) -> None:
    now = db.session().info["now"]
    held = {"intent_open": True, "intent_at": now, "leased_until": None, "leased_by": None}
    doubted = update(Task).where(Task.id.in_(known)).execution_options(synchronize_session=False)
    db.session().execute(doubted.values(**held, attempts=func.greatest(Task.attempts, 1)))
    db.session().execute(
        doubted.where(Task.state != TaskState.PARKED).values(state=TaskState.UNKNOWN, next_at=now, note=DOUBT)
    )


def list_orphans(connector: str, purchases: Iterable[Purchase]) -> int:
    """Purchases that the vendor has under references that no delivery here has: each one becomes work for a
    person. Says how many."""
    found = list(purchases)
    ours = set(
        db.session().scalars(
            select(Delivery.reference).where(Delivery.reference.in_([p.reference for p in found]))
        )
    )
    moved = select(TransferCall.reference).where(TransferCall.reference.in_([p.reference for p in found]))
    ours |= set(db.session().scalars(moved))
    orphans: Sequence[Purchase] = [each for each in found if each.reference not in ours]
    for orphan in orphans:
        work.open_item(
            "purchase without a record",
            about_type="vendor_purchases",
            about_id=orphan.reference,
            words=f"The vendor ({connector}) has sold {orphan.quantity} × {orphan.sku} under our reference"
            f" {orphan.reference} ({orphan.external_id}, {orphan.state}), but no delivery here knows of it.",
            suggestion="Find the customer in the vendor's console. Place the order again and resolve its"
            " delivery with the vendor's id, or end the subscription at the vendor.",
        )
    return len(orphans)
