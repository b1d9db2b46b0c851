"""Imports of price sheets: the list, and the preview of one with what would change, row by row, and its acts.
Files are given in storefront/distributor/sheet_files.py."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, func, or_, select
from werkzeug.wrappers import Response

from catalog import price_imports
from catalog.price_imports import ImportRow, ImportState, PriceImport, RowKind
from catalog.price_lists import PriceList
from catalog.products import ProductType
from catalog.vendor_relations import Relation
from core import db
from core.errors import Missing, Refusal
from core.languages import Words, _, for_later
from core.money import Money
from storefront import catalogue_exports, exports, lists, pages, timelines
from storefront.distributor import console
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role

ROLE = "storefront_manager"
STATES = Words(
    {
        ImportState.READING: for_later("Being read"),
        ImportState.UNREADABLE: for_later("No sheet"),
        ImportState.PREVIEWED: for_later("Waits for you"),
        ImportState.SCHEDULED: for_later("Waits for its day"),
        ImportState.APPLYING: for_later("Being applied"),
        ImportState.APPLIED: for_later("In the catalogue"),
        ImportState.UNDOING: for_later("Being undone"),
        ImportState.UNDONE: for_later("Undone"),
        ImportState.DISCARDED: for_later("Discarded"),
    }
)
TONES = {
    ImportState.READING: "wait",
    ImportState.UNREADABLE: "bad",
    ImportState.PREVIEWED: "warn",
    ImportState.SCHEDULED: "wait",
    ImportState.APPLYING: "wait",
    ImportState.APPLIED: "ok",
    ImportState.UNDOING: "wait",
    ImportState.UNDONE: "neutral",
    ImportState.DISCARDED: "neutral",
}
KINDS = Words(
    {
        RowKind.NEW: for_later("New"),
        RowKind.CHANGED: for_later("Changed"),
        RowKind.RETIRED: for_later("Retired"),
        RowKind.PROBLEM: for_later("Cannot be read"),
        RowKind.STALE: for_later("Left as it was"),
        RowKind.LEFT_OUT: for_later("Left out"),
        RowKind.UNCHANGED: for_later("Unchanged"),
    }
)
RELATIONS = Words(
    {
        Relation.ADD_ON: for_later("Add-on of"),
        Relation.UPGRADE: for_later("Upgrade"),
        Relation.PARTIAL: for_later("Upgrade of some seats"),
        Relation.NEEDS: for_later("Needs"),
    }
)
KIND_TONES = {
    RowKind.NEW: "ok",
    RowKind.CHANGED: "info",
    RowKind.RETIRED: "warn",
    RowKind.PROBLEM: "bad",
    RowKind.STALE: "warn",
    RowKind.LEFT_OUT: "neutral",
    RowKind.UNCHANGED: "neutral",
}
pages.saying(
    import_read="This is what the file would change. Nothing is changed yet.",
    import_confirmed="A worker applies it now, all at once.",
    import_scheduled="A worker applies it on its day, all at once. Until then it can be discarded.",
    import_discarded="Discarded. Nothing was changed.",
    import_undoing="A worker puts back what it replaced, all at once.",
)


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/price-imports")
def import_list() -> Response:
    """Imports, newest first."""
    with db.transaction():
        page = lists.page(the_list(), select(PriceImport))
    return pages.render(
        "distributor/price_imports.html", title=_("Price imports"), page=page, may_import=has_role(ROLE)
    )


@console.get("/price-imports.csv")
def import_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(PriceImport))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Price imports"),
        "distributor.import_list",
        [
            Column("code", _("Import"), itemgetter("code")),
            Column("file", _("File"), itemgetter("file"), PriceImport.file_name),
            Column("state", _("State"), itemgetter("words")),
            Column("new", _("New"), itemgetter("new"), kind="num"),
            Column("changed", _("Changed"), itemgetter("changed"), kind="num"),
            Column("retired", _("Retired"), itemgetter("retired"), kind="num"),
            Column("problems", _("Problems"), itemgetter("problems"), kind="num"),
            Column("by", _("By"), itemgetter("by")),
            Column("read", _("Read"), itemgetter("read"), PriceImport.created_at),
        ],
        PriceImport.id,
        rows_of,
        "-read",
        search=lambda query: or_(
            PriceImport.code == query.upper(), PriceImport.file_name.icontains(query, autoescape=True)
        ),
        filters=[
            lists.Choice(
                "state",
                _("State"),
                STATES.options(),
                lambda word: PriceImport.state == word,
                _("All states"),
            )
        ],
        export="distributor.import_file",
    )


def rows_of(found: Sequence[tuple[PriceImport]]) -> list[dict[str, Any]]:
    """Imports as the list shows them."""
    return [
        {
            "code": one.code,
            "url": url_for("distributor.import_page", code=one.code),
            "file": one.file_name,
            "state": one.state,
            "tone": TONES[one.state],
            "words": STATES[one.state],
            "new": one.counts.get(RowKind.NEW, 0),
            "changed": one.counts.get(RowKind.CHANGED, 0),
            "retired": one.counts.get(RowKind.RETIRED, 0),
            "problems": one.counts.get(RowKind.PROBLEM, 0),
            "by": one.created_by,
            "read": moment(one.created_at),
        }
        for (one,) in found
    ]


# --- One import ---------------------------------------------------------------------------------------------


@console.get("/price-imports/<code>")
def import_page(code: str) -> Response:
    """What it would change, or did; row by row."""
    return show(code)


def show(code: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction() as session:
        found = one(code)
        page = lists.page(row_list(found), rows_statement(found))
        timeline = timelines.of([found.id])
        price_list = session.scalars(select(PriceList.name).where(PriceList.id == found.price_list_id)).one()
        type_name = session.scalar(select(ProductType.name).where(ProductType.id == found.product_type_id))
        values = {
            "code": found.code,
            "file": found.file_name,
            "state": found.state,
            "tone": TONES[found.state],
            "words": STATES[found.state],
            "by": found.created_by,
            "read": moment(found.created_at),
            "applied": moment(found.applied_at) if found.applied_at else None,
            "share": f"{found.share_points / 100:g} %" if found.share_points else _("As the sheet says"),
            "category": found.category,
            "price_list": price_list,
            "type": type_name or _("As the vendor says"),
            "market": found.market,
            "segment": found.segment,
            "as_of": moment(found.as_of) if found.as_of else None,
            "next": f"{found.next_at:%Y-%m-%d}" if found.next_at else None,
            "unreadable": found.problem,
            "whole": found.whole,
            "types": [(one["name"], asked_in(one)) for one in found.told.get("types", [])],
            "reading": found.state is ImportState.READING,
            "working": found.state in (ImportState.APPLYING, ImportState.UNDOING),
            "differs": price_imports.differs(found),
        }
        counts = [
            (KINDS[kind], (found.outcome or found.counts).get(kind, 0), KIND_TONES[kind], kind.value)
            for kind in RowKind
        ]
    return pages.render(
        "distributor/price_import.html",
        status,
        title=values["code"],
        one=values,
        counts=counts,
        page=page,
        timeline=timeline,
        may_import=has_role(ROLE),
        problem=problem,
    )


def asked_in(told: Mapping[str, Any]) -> str:
    """What buyers of a type are asked, as the vendor says."""
    asks = ", ".join(
        each["label"] if each["required"] else _("%(label)s (optional)", label=each["label"])
        for each in told["asks"]
    )
    return _("by %(unit)s; asks: %(asks)s", unit=told["unit"], asks=asks or "–")


def one(code: str) -> PriceImport:
    """An import to look at."""
    found = db.session().scalar(select(PriceImport).where(PriceImport.code == code))
    if found is None:
        raise Missing("import")
    return found


@console.get("/price-imports/<code>.csv")
def import_rows_file(code: str) -> Response:
    """Its rows as a file."""
    with db.transaction():
        found = one(code)
        return catalogue_exports.whole_list(row_list(found), rows_statement(found))


def rows_statement(of: PriceImport) -> Any:
    """The rows of one import."""
    return select(ImportRow).where(ImportRow.import_id == of.id)


def row_list(of: PriceImport) -> List:
    """What the list of its rows is."""

    def drawn(found: Sequence[tuple[ImportRow]]) -> list[dict[str, Any]]:
        return [drawn_row(row, of.currency) for (row,) in found]

    return List(
        _("Rows of %(code)s", code=of.code),
        "distributor.import_page",
        [
            Column("line", _("Line"), itemgetter("line"), ImportRow.line, kind="num"),
            Column("kind", _("What"), itemgetter("words")),
            Column("name", _("Product and plan"), itemgetter("name"), func.lower(ImportRow.name)),
            Column("plan", _("Plan"), itemgetter("plan"), only_file=True),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("was", _("List price before"), itemgetter("was"), kind="num", money=True),
            Column("price", _("List price"), itemgetter("price"), kind="num", money=True),
            Column("was_cost", _("Cost before"), itemgetter("was_cost"), money=True, only_file=True),
            Column("cost", _("Cost"), itemgetter("cost"), kind="num", money=True),
            Column(
                "was_wholesale",
                _("Wholesale before"),
                itemgetter("was_wholesale"),
                money=True,
                only_file=True,
            ),
            Column("wholesale", _("Wholesale"), itemgetter("wholesale"), kind="num", money=True),
            Column("steps", _("List price by volume"), itemgetter("steps_text"), only_file=True),
            Column("was_steps", _("By volume before"), itemgetter("was_steps_text"), only_file=True),
            Column("quantities", _("Quantities"), itemgetter("quantities"), only_file=True),
            Column("was_quantities", _("Quantities before"), itemgetter("was_quantities"), only_file=True),
            Column("column", _("Column"), itemgetter("column"), only_file=True),
            Column("why", _("Why"), itemgetter("why"), only_file=True),
        ],
        ImportRow.id,
        drawn,
        "line",
        search=found_by,
        views=lists.Choice(
            "kind", _("What"), KINDS.options(), lambda word: ImportRow.kind == word, any_word=_("All")
        ),
        export="distributor.import_rows_file",
    )


def found_by(query: str) -> ColumnElement[bool]:
    """A part of the name, the plan's code or the vendor's id."""
    columns = (ImportRow.name, ImportRow.plan_code, ImportRow.sku)
    return or_(*(column.icontains(query, autoescape=True) for column in columns))


def drawn_row(row: ImportRow, currency: str) -> dict[str, Any]:
    """A row as the page shows it."""

    def amount(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, currency)

    return {
        "line": row.line or None,
        "kind": row.kind,
        "tone": KIND_TONES[row.kind],
        "words": KINDS[row.kind],
        "name": row.name,
        "plan": row.plan,
        "code": row.plan_code,
        "was": amount(row.was_list_minor),
        "price": amount(row.list_minor),
        "was_cost": amount(row.was_cost_minor),
        "cost": amount(row.cost_minor),
        "was_wholesale": amount(row.was_wholesale_minor),
        "wholesale": amount(row.wholesale_minor),
        "steps": stepped(row.list_steps, currency),
        "was_steps": stepped(row.was_list_steps, currency),
        "steps_text": stepped(row.list_steps, currency),
        "was_steps_text": stepped(row.was_list_steps, currency),
        "quantities": bounds(row.minimum, row.maximum),
        "was_quantities": bounds(row.was_minimum, row.was_maximum),
        "relation": RELATIONS[Relation(row.relation)] if row.relation else "",
        "column": row.column,
        "why": row.why,
    }


def stepped(steps: Sequence[Sequence[int]], currency: str) -> str:
    """Volume steps in words."""
    return "; ".join(
        _("from %(units)s: %(price)s", units=begin, price=Money(minor, currency).text)
        for begin, minor in steps
    )


def bounds(least: int | None, most: int | None) -> str:
    """Smallest and largest quantity."""
    return f"{least or 1}–{most}" if most else f"{least or 1}–"


@console.post("/price-imports/<code>/confirm")
def confirm_import(code: str) -> Response:
    """A worker applies it, now or on its day."""
    return act_on(code, price_imports.confirm, "import-confirmed")


@console.post("/price-imports/<code>/discard")
def discard_import(code: str) -> Response:
    """Nobody wants it."""
    return act_on(code, price_imports.discard, "import-discarded")


@console.post("/price-imports/<code>/undo")
def undo_import(code: str) -> Response:
    """A worker puts back what it replaced."""
    return act_on(code, price_imports.undo, "import-undoing")


def act_on(code: str, act: Callable[[PriceImport], None], said: str) -> Response:
    """Of two at once the second finds the first."""
    require_role(ROLE)
    try:
        with db.transaction():
            found = price_imports.find(code)
            act(found)
            if found.state is ImportState.SCHEDULED:
                said = "import-scheduled"
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.import_page", said, code=code)
