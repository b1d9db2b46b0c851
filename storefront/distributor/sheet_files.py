"""Where a price sheet is given: the file and what it is for; and, for a sheet that nobody knows yet, what its
columns mean."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, FileField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from catalog import mapped_sheets, price_imports, price_sheets, sheet_files, sheet_mappings, sheet_uploads
from catalog.price_imports import ImportState, PriceImport
from catalog.price_lists import PriceList
from catalog.products import Audience, ProductType
from catalog.sheet_cells import Wrong
from catalog.sheet_files import NotASheet
from catalog.sheet_mappings import SIGN, TARGETS, BadMeaning, Meaning
from catalog.sheet_uploads import SheetFile
from core import db
from core.clock import business_now
from core.errors import Missing, Refusal, Refused
from core.languages import _, for_later
from storefront import pages
from storefront.distributor import console
from storefront.distributor.forms import Attached
from storefront.distributor.tax_rates import basis_points
from storefront.forms import Form, SelectChoice
from storefront.visitors import require_role, visitor

ROLE = "storefront_manager"
FEWEST_COLUMNS = 3
pages.LARGE_UPLOADS["distributor.read_price_sheet"] = sheet_files.LARGEST + 1024 * 1024
pages.saying(
    file_discarded="Discarded. Nothing was read.",
    import_being_read="A worker reads it. What it would change stands here as soon as it is done.",
)


class NotToCome(Refused):
    """A preview is about today or a day to come."""

    def __init__(self) -> None:
        super().__init__(_("Choose a day to come, or leave it empty for today."))


class SheetForm(Form):
    """A file, and what it is for."""

    file = FileField(
        "Price sheet",
        [Attached()],
        description="CSV or XLSX. Microsoft's licence price list is read as exported; of any other sheet you"
        " say what its columns mean. At most 48 MB.",
    )
    market = StringField(
        "Market",
        [Regexp(r"\s*([A-Za-z]{2})?\s*$", message="Two letters, such as DE.")],
        description="Two letters, such as DE. Empty: the file has one market only.",
    )
    segment = StringField(
        "Segment",
        [Length(max=40)],
        description="Such as Commercial or Education. Empty: all of them, each as products of its own.",
    )
    as_of = DateField(
        "Prices of",
        [Optional()],
        description="A day to come: prices that begin until then count, and the import is applied on that"
        " day. Empty: today.",
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
        description="Where shops show them, unless the sheet says. It can be changed for each product later.",
    )
    share = StringField(
        "Wholesale share",
        [InputRequired("Say which share of the list price resellers pay.")],
        description="Percent of the list price that resellers on the list pay, unless the sheet says.",
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


# --- The file -----------------------------------------------------------------------------------------------


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
    """Reads a sheet that is known into a preview, and asks about the columns of any other; the catalogue
    stays as it is."""
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
    name, asked = upload.filename or "", asked_by(form, share)
    try:
        content = upload.read()
        table = sheet_files.opened(content, name)
        known = price_sheets.is_known(table.columns)
        if not known and len([head for head in table.columns if head]) < FEWEST_COLUMNS:
            heads = ", ".join(filter(None, table.columns)) or "–"
            raise NotASheet(_("This is not a price sheet: it has no columns but %(heads)s.", heads=heads))
        with db.transaction():
            if known:
                return shown(begun(asked, content, name, None))
            rows = [[cell[:80] for cell in cells] for cells in sheet_files.samples(table)]
            file = sheet_uploads.keep(content, name, list(table.columns), rows, asked)
            return pages.see("distributor.sheet_columns", code=file.code)
    except Refusal as refusal:
        return show_form(form, refusal.status, problem=str(refusal))


def asked_by(form: SheetForm, share: int) -> dict[str, Any]:
    """What the form says, as it is kept with the file."""
    return {
        "market": (form.market.data or "").strip().upper(),
        "segment": (form.segment.data or "").strip(),
        "as_of": form.as_of.data.isoformat() if form.as_of.data else "",
        "price_list": form.price_list.data,
        "product_type": form.product_type.data,
        "category": form.category.data or "",
        "share": share,
    }


def begun(
    asked: Mapping[str, Any], content: bytes, file_name: str, meaning: Meaning | None, source: str = "sheet"
) -> PriceImport:
    """The import of a file; read at once, or by a worker where it is large. In a transaction."""
    as_of = datetime.fromisoformat(asked["as_of"]).replace(tzinfo=UTC) if asked["as_of"] else None
    if as_of is not None and as_of <= business_now():
        raise NotToCome
    price_list = (
        db.session().scalars(select(PriceList).where(PriceList.id == UUID(asked["price_list"]))).one()
    )
    made = price_imports.begin(
        file_name=file_name,
        source=price_imports.source_of_sheet(asked["market"], asked["segment"], source),
        price_list=price_list,
        product_type_id=UUID(asked["product_type"]),
        category=asked["category"],
        share_points=0 if meaning and meaning.columns.get("wholesale") else asked["share"],
        by=visitor().name,
        market=asked["market"],
        segment=asked["segment"],
        as_of=as_of,
        whole=meaning is None or meaning.whole,
        any_origin=meaning is not None and meaning.any_origin,
    )
    sheet_uploads.read(content, made, meaning)
    return made


def shown(made: PriceImport) -> Response:
    """Leads to the preview, or to where it will be."""
    said = "import-being-read" if made.state is ImportState.READING else "import-read"
    return pages.see("distributor.import_page", said, code=made.code)


# --- Its columns --------------------------------------------------------------------------------------------


class ColumnsForm(Form):
    """What is said about the sheet beside its columns; the columns themselves are added for each file."""

    source = StringField(
        "Source",
        [InputRequired("Name where the sheet is from."), Length(max=60)],
        description="Such as the vendor's name. The next file with the same columns is understood at once.",
    )
    per_term = SelectField(
        "Prices are",
        choices=[
            SelectChoice("", for_later("for a billing period")),
            SelectChoice("yes", for_later("for the whole term")),
        ],
        validate_choice=False,
    )
    whole = BooleanField(
        "It lists everything that this source sells",
        description="A plan that came from it and is not named any more can no longer be bought.",
    )
    any_origin = BooleanField(
        "It may change plans of other origin",
        description="Such as those made by hand or brought by another sheet, by the plan's code.",
    )


def columns_form(file: SheetFile, data: Any = None, meaning: Meaning | None = None) -> Any:
    """The form for the columns of a file, as it was sent or as it is guessed."""
    options = [
        SelectChoice(head, f"{head} ({', '.join(filter(None, seen_in(file, place)))[:40] or '–'})")
        for place, head in enumerate(file.heads)
        if head
    ]
    nothing = SelectChoice("", "–")
    fields = {
        f"to_{target.name}": SelectField(
            target.label,
            choices=[
                nothing,
                *options,
                *(SelectChoice(SIGN + word, for_all(word)) for word in target.always),
            ],
            validate_choice=False,
        )
        for target in TARGETS
    }
    filled = {f"to_{name}": column for name, column in (meaning.columns if meaning else {}).items()}
    more = (
        {
            "per_term": "yes" if meaning.per_term else "",
            "whole": meaning.whole,
            "any_origin": meaning.any_origin,
        }
        if meaning
        else {}
    )
    made: Any = type("ColumnsOf", (ColumnsForm,), fields)
    return made(data, **filled, **more)


def for_all(word: str) -> str:
    """Not a column, but the same for every line."""
    return _("always %(word)s", word=word)


def seen_in(file: SheetFile, place: int) -> list[str]:
    """The first values of a column."""
    rows: Sequence[Sequence[str]] = file.samples["rows"]
    return [row[place] for row in rows if place < len(row)]


@console.get("/price-imports/files/<code>")
def sheet_columns(code: str) -> Response:
    """Where the columns of a sheet are given a meaning, guessed or remembered."""
    require_role(ROLE)
    with db.transaction() as session:
        file = sheet_uploads.find(code)
        known = sheet_mappings.remembered(file.heads)
        price_list = session.scalar(
            select(PriceList.name).where(PriceList.id == UUID(file.asked["price_list"]))
        )
    meaning = (
        sheet_mappings.meaning_of(known.meaning)
        if known
        else sheet_mappings.guess(file.heads, price_list or "")
    )
    form = columns_form(file, None, meaning)
    form.source.data = known.name if known else likely_source(file, meaning)
    return show_columns(file, form, remembered=known.name if known else "")


def likely_source(file: SheetFile, meaning: Meaning) -> str:
    """The vendor that the first line names."""
    head = meaning.columns.get("vendor", "")
    values = seen_in(file, file.heads.index(head)) if head in file.heads else []
    return next(iter(values), "")[:60]


def show_columns(
    file: SheetFile, form: Any, status: int = 200, *, remembered: str = "", problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    return pages.render(
        "distributor/sheet_columns.html",
        status,
        title=_("What the columns mean"),
        form=form,
        fields=[(form[f"to_{target.name}"], target.needed) for target in TARGETS],
        file={"code": file.code, "name": file.file_name, "heads": file.heads, "rows": file.samples["rows"]},
        remembered=remembered,
        problem=problem,
    )


@console.post("/price-imports/files/<code>")
def read_columns(code: str) -> Response:
    """Keeps what the columns mean and reads the file into a preview."""
    require_role(ROLE)
    with db.transaction():
        file = sheet_uploads.find(code)
    form = columns_form(file, request.form)
    if not form.validate():
        return show_columns(file, form, 422)
    chosen = {
        target.name: form[f"to_{target.name}"].data for target in TARGETS if form[f"to_{target.name}"].data
    }
    meaning = Meaning(chosen, form.per_term.data == "yes", form.any_origin.data, form.whole.data)
    try:
        sheet_mappings.check(meaning, file.heads)
        with db.transaction():
            file = sheet_uploads.find(code)
            sheet_mappings.keep(" ".join(form.source.data.split()), file.heads, meaning)
            source = f"file-{mapped_sheets.slug(form.source.data, _('Source'))}"
            made = begun(file.asked, file.content, file.file_name, meaning, source)
            sheet_uploads.forget(file)
            return shown(made)
    except BadMeaning as wrong:
        for name, why in wrong.problems.items():
            form[f"to_{name}"].errors = [why]
        return show_columns(file, form, wrong.status)
    except Wrong as wrong:
        form.source.errors = [wrong.why]
        return show_columns(file, form, 422)
    except Missing:
        raise
    except Refusal as refusal:
        return show_columns(file, form, refusal.status, problem=str(refusal))


@console.post("/price-imports/files/<code>/discard")
def discard_file(code: str) -> Response:
    """Nobody wants it read."""
    require_role(ROLE)
    with db.transaction():
        sheet_uploads.forget(sheet_uploads.find(code))
    return pages.see("distributor.import_list", "file-discarded")
