"""Price sheets of vendors: the list of imports, the form, and the preview of one with what would change, row
by row, and its acts."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, func, or_, select
from werkzeug.wrappers import Response
from wtforms import FileField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue] the stubs are older
from wtforms.validators import InputRequired, Length, Regexp

from catalog import price_imports, price_sheets
from catalog.price_imports import ImportRow, ImportState, PriceImport, RowKind
from catalog.price_lists import PriceList
from catalog.products import Audience, ProductType
from core import db
from core.clock import business_now
from core.errors import Missing, Refusal
from core.languages import Words, _, for_later
from core.money import Money
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.distributor.forms import Attached
from storefront.distributor.tax_rates import basis_points
from storefront.forms import Form
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

ROLE = "storefront_manager"
STATES = Words(
    {
        ImportState.PREVIEWED: for_later("Waits for you"),
        ImportState.APPLYING: for_later("Being applied"),
        ImportState.APPLIED: for_later("In the catalogue"),
        ImportState.UNDOING: for_later("Being undone"),
        ImportState.UNDONE: for_later("Undone"),
        ImportState.DISCARDED: for_later("Discarded"),
    }
)
TONES = {
    ImportState.PREVIEWED: "warn",
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
    import_discarded="Discarded. Nothing was changed.",
    import_undoing="A worker puts back what it replaced, all at once.",
)
pages.LARGE_UPLOADS["distributor.read_price_sheet"] = price_sheets.LARGEST + 1024 * 1024


class SheetForm(Form):
    """A file, and what it is for."""

    file = FileField(
        "Price sheet",
        [Attached()],
        description="CSV with the columns of Microsoft's licence price list, as exported. At most 48 MB.",
    )
    market = StringField(
        "Market",
        [Regexp(r"\s*([A-Za-z]{2})?\s*$", message="Two letters, such as DE.")],
        description="Two letters, such as DE. Empty: the file has one market only.",
    )
    price_list = SelectField(
        "Price list", coerce=str, description="Whose wholesale prices are set; its currency is the file's."
    )
    product_type = SelectField(
        "Product type", coerce=str, description="How new products are delivered, and by which connector."
    )
    category = StringField(
        "Category of new products",
        [InputRequired("Name a category."), Length(max=80)],
        default="Cloud",
        description="Where shops show them. It can be changed for each product later.",
    )
    share = StringField(
        "Wholesale share",
        [InputRequired("Say which share of the list price resellers pay.")],
        description="Percent of the recommended price that resellers on the list pay.",
        default="85",
    )


def with_choices(form: SheetForm) -> SheetForm:
    """The form with the choices of today; nothing else validates."""
    with db.transaction() as session:
        price_lists = session.scalars(select(PriceList).order_by(PriceList.name)).all()
        types = session.scalars(
            select(ProductType).where(ProductType.audience == Audience.CUSTOMER).order_by(ProductType.name)
        ).all()
    form.price_list.choices = [
        SelectChoice(str(one.id), f"{one.name} ({one.currency})") for one in price_lists
    ]
    form.product_type.choices = [SelectChoice(str(one.id), one.name) for one in types]
    return form


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


# --- Reading a file -----------------------------------------------------------------------------------------


@console.get("/price-imports/new")
def new_import() -> Response:
    """Where a sheet is given."""
    require_role(ROLE)
    return show_form(with_choices(SheetForm()))


def show_form(form: SheetForm, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    return pages.render(
        "distributor/price_import_new.html",
        status,
        title=_("Import a price sheet"),
        form=form,
        problem=problem,
    )


@console.post("/price-imports/new")
def read_price_sheet() -> Response:
    """Reads it into a preview; the catalogue stays as it is."""
    require_role(ROLE)
    form, upload = with_choices(SheetForm(request.form)), request.files.get("file")
    fine, share = form.validate(), basis_points(form.share.data or "")
    if upload is None or not upload.filename:
        form.file.errors = [_("Choose a file first.")]
        fine = False
    if form.share.data and not share:
        form.share.errors = [_("A number of percent above 0 and at most 100, such as 85.")]
    if not fine or not share or upload is None:
        return show_form(form, 422)
    market = (form.market.data or "").strip().upper()
    try:
        with db.transaction() as session:
            chosen = session.scalars(
                select(PriceList).where(PriceList.id == UUID(form.price_list.data))
            ).one()
            sheet = price_sheets.read(
                upload.read(), currency=chosen.currency, market=market, at=business_now()
            )
            made = price_imports.preview(
                sheet,
                file_name=upload.filename or "",
                market=market,
                product_type_id=UUID(form.product_type.data),
                price_list=chosen,
                category=form.category.data or "",
                share_points=share,
                by=visitor().name,
            )
            code = made.code
    except Refusal as refusal:
        return show_form(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.import_page", "import-read", code=code)


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
        type_name = session.scalars(
            select(ProductType.name).where(ProductType.id == found.product_type_id)
        ).one()
        values = {
            "code": found.code,
            "file": found.file_name,
            "state": found.state,
            "tone": TONES[found.state],
            "words": STATES[found.state],
            "by": found.created_by,
            "read": moment(found.created_at),
            "applied": moment(found.applied_at) if found.applied_at else None,
            "share": f"{found.share_points / 100:g} %",
            "category": found.category,
            "price_list": price_list,
            "type": type_name,
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
        return exports.answer(row_list(found), rows_statement(found))


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
        "column": row.column,
        "why": row.why,
    }


@console.post("/price-imports/<code>/confirm")
def confirm_import(code: str) -> Response:
    """A worker applies it."""
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
            act(price_imports.find(code))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.import_page", said, code=code)
