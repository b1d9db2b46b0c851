"""Imports of price sheets: read into a preview that changes nothing, confirmed by a person, applied by a
worker in one transaction, and undone in one (catalog/price_changes.py). The rows of the preview are what is
applied: whatever was changed by hand since then is left alone and said. What was sold keeps its own prices
(QM3); shelves keep their reseller's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from catalog.price_lists import PriceList, WholesalePrice
from catalog.price_sheets import Offer, Sheet
from catalog.products import Plan, PlanCost
from core import db, states, tasks
from core.errors import Conflict, Missing
from core.ids import new_code, new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by

BATCH = 2000


class ImportState(StrEnum):
    """PREVIEWED waits for a person; APPLYING and UNDOING wait for a worker."""

    PREVIEWED = "previewed"
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


class PriceImport(DistributorOwned, db.Model):
    """One file. `source` names what it is the whole of (vendor's sheet and market): a plan of that source
    that a later sheet does not name is retired. `share_points`: what resellers pay, in 1/100 percent of the
    list price. `counts`: rows by kind when it was read, `outcome` when it was applied or undone."""

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
            ImportState.PREVIEWED: [ImportState.APPLYING, ImportState.DISCARDED],
            ImportState.APPLYING: [ImportState.APPLIED],
            ImportState.APPLIED: [ImportState.UNDOING],
            ImportState.UNDOING: [ImportState.UNDONE],
            ImportState.UNDONE: [],
            ImportState.DISCARDED: [],
        },
        first=ImportState.PREVIEWED,
    )

    code: Mapped[str]
    file_name: Mapped[str]
    source: Mapped[str]
    state: Mapped[ImportState]
    product_type_id: Mapped[UUID]
    price_list_id: Mapped[UUID]
    currency: Mapped[str]
    category: Mapped[str]
    share_points: Mapped[int]
    counts: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    applied_at: Mapped[datetime | None]


class ImportRow(DistributorOwned, db.Model):
    """A row of the preview. Amounts are minor units of the import's currency, per unit and billing period;
    the `was_` ones are those of the day when it was read. A new plan has its id already."""

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


class NotTheLast(Conflict):
    """The newest import of a source is undone first: an older one would bring back what a newer replaced."""

    def __init__(self, code: str) -> None:
        super().__init__(_("%(code)s came after it. Undo that one first.", code=code))


class NothingToApply(Conflict):
    """A preview without a difference."""

    def __init__(self) -> None:
        super().__init__(_("This file changes nothing."))


@dataclass(frozen=True, slots=True)
class Known:
    """A plan as the catalogue has it while a sheet is read."""

    plan_id: UUID
    published: bool
    source: str
    list_minor: int
    cost_minor: int | None
    wholesale_minor: int | None


# --- The preview --------------------------------------------------------------------------------------------


def preview(
    sheet: Sheet,
    *,
    file_name: str,
    market: str,
    product_type_id: UUID,
    price_list: PriceList,
    category: str,
    share_points: int,
    by: str,
) -> PriceImport:
    """Writes down what the sheet would change; the catalogue stays as it is."""
    source = f"sheet:{market.lower() or 'all'}"
    known = _known(price_list.id)
    made = db.add(
        PriceImport(
            id=new_id(),
            code=new_code("IMP", 8),
            file_name=file_name[:200],
            source=source,
            state=ImportState.PREVIEWED,
            product_type_id=product_type_id,
            price_list_id=price_list.id,
            currency=price_list.currency,
            category=category.strip(),
            share_points=share_points,
            counts={},
            created_at=db.session().info["now"],
            created_by=by,
        )
    )
    db.flush()
    counts = dict.fromkeys(RowKind, 0)
    rows = _rows(sheet, known, source, Fraction(share_points, 10_000), made)
    while some := list(islice(rows, BATCH)):
        for row in some:
            counts[row["kind"]] += 1
        db.session().execute(insert(ImportRow), some)
    made.counts = {kind.value: number for kind, number in counts.items() if number}
    states.trail.write(made, "read", told={"file": made.file_name})
    return made


EMPTY: dict[str, Any] = {
    **dict.fromkeys(("column", "why", "plan_code", "plan", "sku", "term", "billing_period"), ""),
    **dict.fromkeys(("product_code", "vendor", "summary"), ""),
    **dict.fromkeys(("plan_id", "list_minor", "cost_minor", "wholesale_minor")),
    **dict.fromkeys(("was_list_minor", "was_cost_minor", "was_wholesale_minor")),
    "was_published": False,
}


def _known(price_list_id: UUID) -> dict[str, Known]:
    """Every plan of the distributor by its code, with its cost and its price on the list. Three statements,
    put together here: as one it took a minute right after a large import, when nothing had been counted."""
    session = db.session()
    costs = {plan: minor for plan, minor in session.execute(select(PlanCost.plan_id, PlanCost.cost_minor))}
    prices = select(WholesalePrice.plan_id, WholesalePrice.price_minor)
    on_list = {
        plan: minor
        for plan, minor in session.execute(prices.where(WholesalePrice.price_list_id == price_list_id))
    }
    plans = select(Plan.code, Plan.id, Plan.published, Plan.source, Plan.list_minor)
    return {
        code: Known(plan, published, source, minor, costs.get(plan), on_list.get(plan))
        for code, plan, published, source, minor in session.execute(plans)
    }


def _rows(
    sheet: Sheet, known: Mapping[str, Known], source: str, share: Fraction, of: PriceImport
) -> Iterator[dict[str, Any]]:
    """The rows of the preview: what is sold, what would be retired, what cannot be read, what is left out."""
    base: dict[str, Any] = {"distributor_id": of.distributor_id, "import_id": of.id}
    named: set[str] = set()
    for offer in sheet.offers:
        named.add(offer.plan_code)
        yield base | EMPTY | _priced(offer, known.get(offer.plan_code), source, share)
    for code, plan in known.items():
        if plan.source == source and plan.published and code not in named:
            yield (
                base
                | EMPTY
                | _was(plan)
                | {
                    "id": new_id(),
                    "line": 0,
                    "kind": RowKind.RETIRED,
                    "name": code,
                    "plan_code": code,
                }
            )
    for problem in sheet.problems:
        yield (
            base
            | EMPTY
            | {
                "id": new_id(),
                "line": problem.line,
                "kind": RowKind.PROBLEM,
                "name": problem.name,
                "column": problem.column,
                "why": problem.why,
            }
        )
    for left in sheet.left_out:
        yield (
            base
            | EMPTY
            | {
                "id": new_id(),
                "line": left.line,
                "kind": RowKind.LEFT_OUT,
                "name": left.name,
                "why": left.why,
            }
        )


def _was(plan: Known) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "was_list_minor": plan.list_minor,
        "was_cost_minor": plan.cost_minor,
        "was_wholesale_minor": plan.wholesale_minor,
        "was_published": plan.published,
    }


def _priced(offer: Offer, plan: Known | None, source: str, share: Fraction) -> dict[str, Any]:
    """An offer beside what the catalogue has."""
    wholesale = offer.list_price.times(share).minor
    row: dict[str, Any] = {
        "id": new_id(),
        "line": offer.line,
        "kind": RowKind.NEW,
        "name": offer.product,
        "plan_id": new_id(),
        "plan_code": offer.plan_code,
        "plan": offer.plan,
        "sku": offer.sku,
        "term": offer.term.value,
        "billing_period": offer.billing.value,
        "product_code": offer.product_code,
        "vendor": offer.vendor,
        "summary": offer.summary,
        "list_minor": offer.list_price.minor,
        "cost_minor": offer.cost.minor,
        "wholesale_minor": wholesale,
    }
    if plan is None:
        return row
    if plan.source != source:
        why = _("A plan of another origin has this code. Rename it first.")
        return row | {"kind": RowKind.PROBLEM, "column": "SkuId", "why": why, "plan_id": None}
    same = (offer.list_price.minor, offer.cost.minor, wholesale, True) == (
        plan.list_minor,
        plan.cost_minor,
        plan.wholesale_minor,
        plan.published,
    )
    return row | _was(plan) | {"kind": RowKind.UNCHANGED if same else RowKind.CHANGED}


# --- What a person decides ----------------------------------------------------------------------------------


def find(code: str) -> PriceImport:
    """An import of the scope, locked: confirming and undoing take turns."""
    found = db.session().scalar(select(PriceImport).where(PriceImport.code == code).with_for_update())
    if found is None:
        raise Missing("import")
    return found


def differs(of: PriceImport) -> bool:
    """Whether applying it would change anything."""
    return any(of.counts.get(kind) for kind in (RowKind.NEW, RowKind.CHANGED, RowKind.RETIRED))


def confirm(of: PriceImport) -> None:
    """A worker applies it."""
    if not differs(of):
        raise NothingToApply
    states.move(of, ImportState.APPLYING)
    tasks.add("apply_price_import", {"import_id": str(of.id)}, key=f"apply_price_import:{of.id}")


def discard(of: PriceImport) -> None:
    """Nobody wants it."""
    states.move(of, ImportState.DISCARDED)


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
