"""Imports of price sheets: read into a preview that changes nothing, confirmed by a person, applied by a
worker in one transaction, and undone in one (catalog/price_changes.py). The rows of the preview are what is
applied: whatever was changed by hand since then is left alone and said. What was sold keeps its own prices
(QM3); shelves keep their reseller's."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog import service_sources
from catalog.price_lists import PriceList, WholesalePrice
from catalog.priced_lines import Offer, Sheet, plain
from catalog.products import Plan, PlanCost
from core import db, states, tasks, tenancy, work
from core.clock import business_now
from core.errors import Conflict, Missing
from core.ids import new_code, new_id
from core.languages import _
from core.money import Money
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


class NotTheLast(Conflict):
    """The newest import of a source is undone first: an older one would bring back what a newer replaced."""

    def __init__(self, code: str) -> None:
        super().__init__(_("%(code)s came after it. Undo that one first.", code=code))


class NothingToApply(Conflict):
    """A preview without a difference."""

    def __init__(self) -> None:
        super().__init__(_("This file changes nothing."))


# --- A file and its preview ---------------------------------------------------------------------------------


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


def preview(sheet: Sheet, *, market: str, segment: str = "", **given: Any) -> PriceImport:
    """Writes down at once what a sheet would change; the catalogue stays as it is. `given`: see `begin`."""
    made = begin(source=source_of_sheet(market, segment), market=market, segment=segment, **given)
    stage(made, sheet)
    return made


def stage(of: PriceImport, sheet: Sheet, *, relations: Sequence[Mapping[str, Any]] = ()) -> None:
    """Writes down what would change, as rows. `relations`: rows about relations, compared already."""
    counts, some = dict.fromkeys(RowKind, 0), list[dict[str, Any]]()
    for row in _all_rows(of, sheet, relations):
        counts[row["kind"]] += 1
        some.append(row)
        if len(some) == BATCH:
            _write(some)
            some = []
    _write(some)
    of.counts = {kind.value: number for kind, number in counts.items() if number}
    of.next_at = sheet.next_at
    states.move(of, ImportState.PREVIEWED, told={"file": of.file_name})


@dataclass(frozen=True, slots=True)
class Difference:
    """What applying would change: rows by kind, and a digest by which the same is known again."""

    counts: Mapping[str, int]
    digest: str


def difference(of: PriceImport, sheet: Sheet, relations: Sequence[Mapping[str, Any]] = ()) -> Difference:
    """What staging it would find; nothing is written."""
    counts, said = dict.fromkeys(DIFFERENCES, 0), list[str]()
    for row in _all_rows(of, sheet, relations):
        if row["kind"] in counts:
            counts[row["kind"]] += 1
            said.append(json.dumps([row[name] for name in TELLING], default=str))
    return Difference(
        {kind.value: number for kind, number in counts.items() if number},
        hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest() if said else "",
    )


TELLING = (
    *("kind", "plan_code", "relation", "product_code", "target_code", "minimum", "maximum"),
    *("list_minor", "list_steps", "cost_minor", "cost_steps", "wholesale_minor", "wholesale_steps"),
)


BATCH = 2000
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("column", "why", "plan_code", "plan", "sku", "term", "billing_period"), ""),
    **dict.fromkeys(("product_code", "vendor", "summary", "category", "description", "product_type"), ""),
    **dict.fromkeys(("relation", "target_code"), ""),
    **dict.fromkeys(("plan_id", "list_minor", "cost_minor", "wholesale_minor", "minimum", "maximum")),
    **dict.fromkeys(("was_list_minor", "was_cost_minor", "was_wholesale_minor")),
    **dict.fromkeys(("was_minimum", "was_maximum")),
    **dict.fromkeys(("list_steps", "cost_steps", "wholesale_steps"), ()),
    **dict.fromkeys(("was_list_steps", "was_cost_steps", "was_wholesale_steps"), ()),
    "was_published": False,
    "published": True,
    "line": 0,
}


def _write(rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement for the whole batch, past the unit of work: 50,000 rows are read while somebody waits."""
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        statement = (
            f"INSERT INTO price_import_rows ({columns}) SELECT {columns}"  # noqa: S608 our own names
            " FROM jsonb_populate_recordset(NULL::price_import_rows, %(rows)s::jsonb)"
        )
        with db.told_by_the_driver("price_import_rows"):
            db.driver().execute(
                statement.encode(), {"rows": json.dumps([dict(row) for row in rows], default=str)}
            )


# --- What there is ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A plan as the catalogue has it while a sheet is read."""

    plan_id: UUID
    name: str
    published: bool
    source: str
    term: str
    billing: str
    currency: str
    minimum: int
    maximum: int
    list_minor: int
    list_steps: Steps
    cost_minor: int | None
    cost_steps: Steps
    cost_currency: str
    wholesale_minor: int | None
    wholesale_steps: Steps
    follows: bool


NO_PRICE: tuple[int | None, Steps] = (None, [])


def _known(price_list_id: UUID) -> dict[str, Known]:
    """Every plan of the distributor by its code, with its cost and its price on the list. Three statements,
    put together here: as one it took a minute right after a large import, when nothing had been counted."""
    session = db.session()
    costs = {
        row.plan_id: (row.cost_minor, row.steps, row.currency)
        for row in session.execute(
            select(PlanCost.plan_id, PlanCost.cost_minor, PlanCost.steps, PlanCost.currency)
        )
    }
    prices = select(WholesalePrice.plan_id, WholesalePrice.price_minor, WholesalePrice.steps)
    on_list = {
        row.plan_id: (row.price_minor, row.steps)
        for row in session.execute(prices.where(WholesalePrice.price_list_id == price_list_id))
    }
    plans = select(
        Plan.code,
        Plan.id,
        Plan.name,
        Plan.published,
        Plan.source,
        Plan.term,
        Plan.billing_period,
        Plan.currency,
        Plan.minimum_quantity,
        Plan.maximum_quantity,
        Plan.list_minor,
        Plan.steps,
        Plan.priced_as_id,
    )
    return {
        row.code: Known(
            plan_id=row.id,
            name=row.name,
            published=row.published,
            source=row.source,
            term=row.term.value,
            billing=row.billing_period.value,
            currency=row.currency,
            minimum=row.minimum_quantity,
            maximum=row.maximum_quantity,
            list_minor=row.list_minor,
            list_steps=row.steps,
            cost_minor=(cost := costs.get(row.id, (*NO_PRICE, row.currency)))[0],
            cost_steps=cost[1],
            cost_currency=cost[2],
            wholesale_minor=(wholesale := on_list.get(row.id, NO_PRICE))[0],
            wholesale_steps=wholesale[1],
            follows=row.priced_as_id is not None,
        )
        for row in session.execute(plans)
    }


# --- The rows -----------------------------------------------------------------------------------------------


def _all_rows(
    of: PriceImport, sheet: Sheet, relations: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    base: dict[str, Any] = {"distributor_id": of.distributor_id, "import_id": of.id}
    for row in chain(_rows(sheet, _known(of.price_list_id), of), relations):
        yield base | EMPTY | {"id": new_id()} | dict(row)


def _rows(sheet: Sheet, known: Mapping[str, Known], of: PriceImport) -> Iterator[dict[str, Any]]:
    """What is sold, what would be retired, what cannot be taken, what is left out. A plan that a line with a
    problem is about stays as it is."""
    named = {problem.plan_code for problem in sheet.problems}
    for offer in sheet.offers:
        named.add(offer.plan_code)
        yield _priced(offer, known.get(offer.plan_code), of)
    for code, plan in known.items():
        if of.whole and plan.source == of.source and plan.published and code not in named:
            gone = {"kind": RowKind.RETIRED, "name": code, "plan": plan.name, "plan_code": code}
            yield _was(plan) | gone
    for problem in sheet.problems:
        yield {
            "line": problem.line,
            "kind": RowKind.PROBLEM,
            "name": problem.name,
            "column": problem.column,
            "why": problem.why,
            "plan_code": problem.plan_code,
        }
    for left in sheet.left_out:
        yield {"line": left.line, "kind": RowKind.LEFT_OUT, "name": left.name, "why": left.why}


def _was(plan: Known) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "was_list_minor": plan.list_minor,
        "was_cost_minor": plan.cost_minor,
        "was_wholesale_minor": plan.wholesale_minor,
        "was_list_steps": plan.list_steps,
        "was_cost_steps": plan.cost_steps,
        "was_wholesale_steps": plan.wholesale_steps,
        "was_minimum": plan.minimum,
        "was_maximum": plan.maximum,
        "was_published": plan.published,
    }


def _wholesale(offer: Offer, of: PriceImport) -> tuple[int | None, Steps]:
    """What resellers pay by the sheet, or by their share of the list price."""
    if offer.wholesale is not None or not of.share_points:
        return (offer.wholesale.minor if offer.wholesale else None), offer.wholesale_steps
    share = Fraction(of.share_points, 10_000)
    price = offer.list_price.times(share).minor
    shared = [[at, Money(minor, of.currency).times(share).minor] for at, minor in offer.list_steps]
    return price, plain(price, shared)


def _priced(offer: Offer, plan: Known | None, of: PriceImport) -> dict[str, Any]:
    """An offer beside what the catalogue has."""
    wholesale, wholesale_steps = _wholesale(offer, of)
    row: dict[str, Any] = {
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
        "category": offer.category,
        "description": offer.description,
        "product_type": offer.product_type,
        "published": offer.published,
        "list_minor": offer.list_price.minor,
        "list_steps": offer.list_steps,
        "cost_minor": offer.cost.minor if offer.cost else None,
        "cost_steps": offer.cost_steps,
        "wholesale_minor": wholesale,
        "wholesale_steps": wholesale_steps,
        "minimum": offer.minimum,
        "maximum": offer.maximum,
    }
    if plan is None:
        if (offer.minimum or 1) > (offer.maximum or LARGEST_QUANTITY):
            return row | {"kind": RowKind.PROBLEM, "plan_id": None, "why": _("Its quantities do not fit.")}
        return row
    if why := _in_the_way(offer, plan, of):
        return row | {"kind": RowKind.PROBLEM, "why": why, "plan_id": None}
    compared = row | _was(plan) | _compared(row, plan)
    if plan.follows and any(compared[name] != compared[f"was_{name}"] for name in PRICED):
        why = _("Its prices follow another plan (catalogue, prices). Change that one, or end this first.")
        return row | {"kind": RowKind.PROBLEM, "why": why, "plan_id": None}
    return compared


PRICED = ("list_minor", "list_steps", "cost_minor", "cost_steps", "wholesale_minor", "wholesale_steps")


LARGEST_QUANTITY = 10_000


def _in_the_way(offer: Offer, plan: Known, of: PriceImport) -> str:
    """Why a plan that is there already cannot be this one, or nothing."""
    if plan.source != of.source and not of.any_origin:
        return _("A plan of another origin has this code. Rename it first.")
    if (plan.term, plan.billing) != (offer.term.value, offer.billing.value):
        return _(
            "The plan with this code lasts %(term)s and is billed each %(billing)s; that cannot be changed.",
            term=plan.term,
            billing=plan.billing,
        )
    if plan.currency != of.currency:
        return _("The plan with this code is priced in %(currency)s.", currency=plan.currency)
    if plan.cost_currency != of.currency:
        return _(
            "What this plan costs is in %(currency)s. Change it by hand, or enter it in %(sheet)s first.",
            currency=plan.cost_currency,
            sheet=of.currency,
        )
    if (offer.minimum or plan.minimum) > (offer.maximum or plan.maximum):
        return _("Its quantities do not fit.")
    return ""


def _compared(row: Mapping[str, Any], plan: Known) -> dict[str, Any]:
    """Kind of the row, and what the sheet leaves open as it is. Steps are compared by what they cost."""
    now: dict[str, Any] = {
        "minimum": row["minimum"] or plan.minimum,
        "maximum": row["maximum"] or plan.maximum,
    }
    for name, minor, held in (
        ("list", plan.list_minor, plan.list_steps),
        ("cost", plan.cost_minor, plan.cost_steps),
        ("wholesale", plan.wholesale_minor, plan.wholesale_steps),
    ):
        given: tuple[int | None, Any] = (row[f"{name}_minor"], row[f"{name}_steps"])
        same = given[0] is None or (given[0], plain(*given)) == (minor, plain(minor, held))
        now[f"{name}_minor"], now[f"{name}_steps"] = (minor, held) if same else given
    same = (
        *(now[f"{name}_{part}"] for name in ("list", "cost", "wholesale") for part in ("minor", "steps")),
        *(now["minimum"], now["maximum"], row["published"]),
    ) == (
        *(plan.list_minor, plan.list_steps, plan.cost_minor, plan.cost_steps),
        *(plan.wholesale_minor, plan.wholesale_steps, plan.minimum, plan.maximum, plan.published),
    )
    return now | {"kind": RowKind.UNCHANGED if same else RowKind.CHANGED}


# --- What a person decides ----------------------------------------------------------------------------------


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
