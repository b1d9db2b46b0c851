"""Imports of price sheets: read into a preview that changes nothing (import_previews.py), confirmed by a
person, applied by a worker in one transaction, and undone in one (price_changes.py). The rows of the preview
are what is applied: whatever was changed by hand since then is left alone and said. What was sold keeps its
own prices (QM3); shelves keep their reseller's."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog import service_sources
from catalog.price_lists import PriceList
from core import db, states, tasks, tenancy, work
from core.clock import business_now
from core.errors import Conflict, Missing
from core.ids import new_code, new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by

Steps = list[list[int]]


class ImportState(StrEnum):
    """READING waits for a worker, and is UNREADABLE when the file is no sheet; PREVIEWED waits for a person;
    SCHEDULED for its day; APPLYING and UNDOING for a worker."""

    READING = "reading"
    UNREADABLE = "unreadable"
    PREVIEWED = "previewed"
    SCHEDULED = "scheduled"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    DISCARDED = "discarded"


class RowKind(StrEnum):
    """What a row of a preview means. STALE: it was to change something that somebody changed meanwhile."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    RETIRED = "retired"
    LEFT_OUT = "left_out"
    PROBLEM = "problem"
    STALE = "stale"


DIFFERENCES = (RowKind.NEW, RowKind.CHANGED, RowKind.RETIRED)


class PriceImport(DistributorOwned, db.Model):
    """One file, or one answer of a vendor. `source` names what it is from (a vendor's sheet and market); when
    it is the `whole` of that, a plan of the source that it does not name is retired. `any_origin`: it may
    change plans of other sources too. `share_points`: what resellers pay, in 1/100 percent of the list price;
    0 where the sheet has wholesale prices itself. `as_of`: the moment whose prices count; if that is to come,
    the import is applied then. `told`: what else the vendor says (types of products). `counts`: rows by kind
    when it was read, `outcome` when it was applied or undone."""

    __tablename__ = "price_imports"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("product_types", "product_type_id"),
        owned_by("price_lists", "price_list_id"),
        UniqueConstraint("distributor_id", "code"),
        Index("ix_price_imports_state", "distributor_id", "state", "id"),
    )
    LIFE = states.Transitions(
        {
            ImportState.READING: [ImportState.PREVIEWED, ImportState.UNREADABLE],
            ImportState.UNREADABLE: [],
            ImportState.PREVIEWED: [ImportState.APPLYING, ImportState.SCHEDULED, ImportState.DISCARDED],
            ImportState.SCHEDULED: [ImportState.APPLYING, ImportState.DISCARDED],
            ImportState.APPLYING: [ImportState.APPLIED],
            ImportState.APPLIED: [ImportState.UNDOING],
            ImportState.UNDOING: [ImportState.UNDONE],
            ImportState.UNDONE: [],
            ImportState.DISCARDED: [],
        },
        first=ImportState.READING,
    )

    code: Mapped[str]
    file_name: Mapped[str]
    source: Mapped[str]
    state: Mapped[ImportState]
    product_type_id: Mapped[UUID | None]
    price_list_id: Mapped[UUID]
    currency: Mapped[str]
    category: Mapped[str]
    share_points: Mapped[int]
    counts: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    applied_at: Mapped[datetime | None]
    whole: Mapped[bool] = mapped_column(default=True, server_default="true")
    any_origin: Mapped[bool] = mapped_column(default=False, server_default="false")
    market: Mapped[str] = mapped_column(default="", server_default="")
    segment: Mapped[str] = mapped_column(default="", server_default="")
    as_of: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="", server_default="")
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class ImportRow(DistributorOwned, db.Model):
    """A row of the preview. Amounts are minor units of the import's currency, per unit and billing period;
    the `was_` ones are those of the day when it was read. A new plan has its id already. A price that the
    sheet does not name is the one that there is. `relation`: not a plan but what the vendor says about two
    things, `product_code` and `target_code` (catalog/vendor_relations.py)."""

    __tablename__ = "price_import_rows"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("price_imports", "import_id"),
        Index("ix_price_import_rows_kind", "distributor_id", "import_id", "kind", "line", "id"),
        Index("ix_price_import_rows_line", "distributor_id", "import_id", "line", "id"),
    )

    import_id: Mapped[UUID]
    line: Mapped[int]
    kind: Mapped[RowKind]
    name: Mapped[str]
    column: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    plan_id: Mapped[UUID | None]
    plan_code: Mapped[str] = mapped_column(default="")
    plan: Mapped[str] = mapped_column(default="")
    sku: Mapped[str] = mapped_column(default="")
    term: Mapped[str] = mapped_column(default="")
    billing_period: Mapped[str] = mapped_column(default="")
    product_code: Mapped[str] = mapped_column(default="")
    vendor: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    list_minor: Mapped[int | None]
    cost_minor: Mapped[int | None]
    wholesale_minor: Mapped[int | None]
    was_list_minor: Mapped[int | None]
    was_cost_minor: Mapped[int | None]
    was_wholesale_minor: Mapped[int | None]
    was_published: Mapped[bool] = mapped_column(default=False)
    published: Mapped[bool] = mapped_column(default=True, server_default="true")
    category: Mapped[str] = mapped_column(default="", server_default="")
    description: Mapped[str] = mapped_column(default="", server_default="")
    product_type: Mapped[str] = mapped_column(default="", server_default="")
    minimum: Mapped[int | None]
    maximum: Mapped[int | None]
    was_minimum: Mapped[int | None]
    was_maximum: Mapped[int | None]
    list_steps: Mapped[Steps] = mapped_column(JSONB, default=list, server_default="[]")
    cost_steps: Mapped[Steps] = mapped_column(JSONB, default=list, server_default="[]")
    wholesale_steps: Mapped[Steps] = mapped_column(JSONB, default=list, server_default="[]")
    was_list_steps: Mapped[Steps] = mapped_column(JSONB, default=list, server_default="[]")
    was_cost_steps: Mapped[Steps] = mapped_column(JSONB, default=list, server_default="[]")
    was_wholesale_steps: Mapped[Steps] = mapped_column(JSONB, default=list, server_default="[]")
    relation: Mapped[str] = mapped_column(default="", server_default="")
    target_code: Mapped[str] = mapped_column(default="", server_default="")
    segments: Mapped[list[str]] = mapped_column(default=list, server_default="[]")


class NotTheLast(Conflict):
    """The newest import of a source is undone first: an older one would bring back what a newer replaced."""

    def __init__(self, code: str) -> None:
        super().__init__(_("%(code)s came after it. Undo that one first.", code=code))


class NothingToApply(Conflict):
    """A preview without a difference."""

    def __init__(self) -> None:
        super().__init__(_("This file changes nothing."))


def drafted(
    *,
    file_name: str,
    source: str,
    price_list: PriceList,
    product_type_id: UUID | None,
    category: str,
    share_points: int,
    by: str,
    **also: Any,
) -> PriceImport:
    """An import that is in no table yet; `also` are further columns of its row."""
    return PriceImport(
        distributor_id=tenancy.current().distributor_id,
        id=new_id(),
        code=new_code("IMP", 8),
        file_name=file_name[:200],
        source=source,
        state=ImportState.READING,
        product_type_id=product_type_id,
        price_list_id=price_list.id,
        currency=price_list.currency,
        category=category.strip(),
        share_points=share_points,
        counts={},
        created_at=db.session().info["now"],
        created_by=by,
        **({"whole": True, "any_origin": False} | also),
    )


def begin(**given: Any) -> PriceImport:
    """An import that has not been read yet; `given`: see `drafted`."""
    made = db.add(drafted(**given))
    db.flush()
    return made


def source_of_sheet(market: str, segment: str = "", name: str = "sheet") -> str:
    """What a sheet is the whole of: a vendor's file, for a market and a segment."""
    parts = [name, market.lower() or "all", *([segment.lower()] if segment else [])]
    return ":".join(parts)


def find(code: str) -> PriceImport:
    """An import of the scope, locked: confirming and undoing take turns."""
    found = db.session().scalar(select(PriceImport).where(PriceImport.code == code).with_for_update())
    if found is None:
        raise Missing("import")
    return found


def locked(import_id: UUID) -> PriceImport:
    """The same by its id, for a worker."""
    return (
        db.session().scalars(select(PriceImport).where(PriceImport.id == import_id).with_for_update()).one()
    )


def differs(of: PriceImport) -> bool:
    """Whether applying it would change anything."""
    return any(of.counts.get(kind) for kind in DIFFERENCES)


def confirm(of: PriceImport) -> None:
    """A worker applies it; one that is read for a day to come, on that day."""
    if not differs(of):
        raise NothingToApply
    if of.as_of is not None and of.as_of > business_now():
        states.move(of, ImportState.SCHEDULED)
    else:
        apply_now(of)


def apply_now(of: PriceImport) -> None:
    """A worker applies it."""
    states.move(of, ImportState.APPLYING)
    tasks.add("apply_price_import", {"import_id": str(of.id)}, key=f"apply_price_import:{of.id}")


def due() -> list[PriceImport]:
    """Those whose day has come, locked."""
    chosen = select(PriceImport).where(
        PriceImport.state == ImportState.SCHEDULED, PriceImport.as_of <= business_now()
    )
    return list(db.session().scalars(chosen.order_by(PriceImport.as_of).with_for_update()))


def discard(of: PriceImport) -> None:
    """Nobody wants it, or not on its day."""
    states.move(of, ImportState.DISCARDED)
    settled(of, "discarded")


def settled(of: PriceImport, because: str) -> None:
    """A person has decided about what a vendor's list says now."""
    if (source := service_sources.of_source(of.source)) is not None:
        work.close_about(source.id, because)


def waiting(source: str) -> list[PriceImport]:
    """Previews of a source that nobody has decided about, locked."""
    chosen = select(PriceImport).where(
        PriceImport.source == source, PriceImport.state == ImportState.PREVIEWED
    )
    return list(db.session().scalars(chosen.order_by(PriceImport.id).with_for_update()))


def undo(of: PriceImport) -> None:
    """A worker puts back what it replaced."""
    later = select(PriceImport.code).where(
        PriceImport.source == of.source,
        PriceImport.state.in_([ImportState.APPLYING, ImportState.APPLIED, ImportState.UNDOING]),
        PriceImport.applied_at > of.applied_at,
    )
    if of.applied_at is not None and (newer := db.session().scalar(later.limit(1))) is not None:
        raise NotTheLast(newer)
    states.move(of, ImportState.UNDOING)
    tasks.add("undo_price_import", {"import_id": str(of.id)}, key=f"undo_price_import:{of.id}")
