"""Excel workbooks as sheets: read row by row, and only after the archive was looked at (a few kilobytes can
unpack to gigabytes, and XML can refer to itself); written straight into a file, a row at a time."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import IO, Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from core.errors import Refused
from core.languages import _

MOST_ROWS = 200_000
MOST_COLUMNS = 100
MOST_PARTS = 1000
NOTES = 20  # rows of a sheet that are looked at to tell a table from notes
LARGEST_UNPACKED = 256 * 1024 * 1024
LARGEST_PART = 16 * 1024 * 1024  # of styles, names and whatever is read as a whole
RATIO = 100  # sheets shrink to a twentieth, bombs to a thousandth
SMALL = 1024 * 1024  # below it a ratio says nothing
LONGEST_ROW = 2 * 1024 * 1024
PIECE = 256 * 1024
ROW = re.compile(rb"<(?:\w+:)?(?:row|si)[ >/]")
BOOK, MACROS = "xl/workbook.xml", "vbaProject.bin"
BEFORE_XML = b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"  # marks of an encoding, and blanks
IN_ROWS = ("xl/worksheets/", "xl/sharedStrings")
OTHERS = {"word/document.xml": "Word", "ppt/presentation.xml": "PowerPoint", "mimetype": "OpenDocument"}


class NotASheet(Refused):
    """The file as a whole cannot be read; the sentence says what it seems to be and what is wanted."""


def rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet that is shown and is a table, each with its number; empty ones are skipped.
    Formulas come as what stands in the cell ("=B2*2"), so that whoever reads a cell can refuse them; stored
    results are not believed."""
    _look_at(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that nobody reads here
            yield from _rows(content)
    except NotASheet:
        raise
    except (
        InvalidFileException,
        ParseError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OSError,
    ) as error:
        raise NotASheet(
            _("The workbook is damaged (%(error)s). Save it again as .xlsx.", error=type(error).__name__)
        ) from error


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    try:
        shown = [one for one in book.worksheets if one.sheet_state == "visible"]
        if not shown:
            raise NotASheet(_("The workbook has no sheet that is shown."))
        for one in shown:
            one.reset_dimensions()  # what a file says about its own size may be anything
        sheet: Any = next((one for one in shown if _is_a_table(one)), shown[0])
        found = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1, values_only=True)
        for number, values in enumerate(found, start=1):
            cells = [text_of(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            if number > MOST_ROWS:
                raise NotASheet(_("A sheet has at most %(most)s rows.", most=f"{MOST_ROWS:,}"))
            if len(cells) > MOST_COLUMNS:
                raise NotASheet(_("A sheet has at most %(most)s columns.", most=MOST_COLUMNS))
            yield number, cells
    finally:
        book.close()


def _is_a_table(sheet: Any) -> bool:
    """Whether there is a row of several cells among the first: a sheet of notes that stands before the prices
    has none."""
    first = sheet.iter_rows(max_row=NOTES, max_col=MOST_COLUMNS, values_only=True)
    return any(sum(value not in (None, "") for value in values) > 2 for values in first)


def text_of(value: Any) -> str:
    """A cell as a person would type it: 48, not 48.0; what arithmetic left behind the tenth digit is cut."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10f}".rstrip("0").rstrip(".")
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


# --- Before anything is unpacked ----------------------------------------------------------------------------


def _look_at(content: bytes) -> None:
    """NotASheet for an archive that is no workbook, or one that would not fit into a reasonable machine."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _refuse_unless_book([part.filename for part in parts])
            for part in parts:
                _refuse_bomb(part)
            if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise _too_large()
            for part in parts:
                if _is_xml(archive, part):
                    _read_through(archive, part)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise NotASheet(_("This is an Excel or ZIP file, and it is damaged.")) from error


def _refuse_unless_book(names: Sequence[str]) -> None:
    if len(names) > MOST_PARTS:
        raise _too_large()
    if BOOK not in names:
        other = next((program for name, program in OTHERS.items() if name in names), "")
        if other:
            raise NotASheet(_("This is a file of %(program)s. Save it as .xlsx or CSV.", program=other))
        raise NotASheet(_("This is an Excel or ZIP file without a workbook. Unpack it first."))
    if any(name.endswith(MACROS) for name in names):
        raise NotASheet(_("The workbook has macros. Save it as .xlsx, which has none."))


def _refuse_bomb(part: zipfile.ZipInfo) -> None:
    if part.flag_bits & 1:
        raise NotASheet(_("The workbook has a password. Save it without one."))
    if part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1):
        raise NotASheet(_("The workbook unpacks to far more than a sheet has. Save it again as CSV."))
    if not part.filename.startswith(IN_ROWS) and part.file_size > LARGEST_PART:
        raise _too_large()


def _is_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """By what it is: a sheet may be called anything."""
    if part.filename.endswith((".xml", ".rels")):
        return True
    with archive.open(part) as opened:
        return opened.read(64).lstrip(BEFORE_XML).startswith(b"<")


def _read_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpacked once and thrown away: no declarations of entities, no row that alone fills the memory."""
    in_rows, length, before = part.filename.startswith(IN_ROWS), 0, b""
    with archive.open(part) as opened:
        while piece := opened.read(PIECE):
            if b"<!DOCTYPE" in before + piece or b"<!ENTITY" in before + piece or b"\x00" in piece:
                raise NotASheet(_("The workbook declares what no workbook needs. Save it again as .xlsx."))
            begins = [found.start() for found in ROW.finditer(piece)]
            length = len(piece) - begins[-1] if begins else length + len(piece)
            if in_rows and length > LONGEST_ROW:
                raise _too_large()
            before = piece[-16:]


def _too_large() -> NotASheet:
    return NotASheet(_("The workbook is too large to be read. Save the sheet alone, as CSV."))


# --- Writing ------------------------------------------------------------------------------------------------

TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS = {
    "[Content_Types].xml": TYPES,
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1"'
    f' Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1"'
    f' Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    BOOK: f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
    '<sheets><sheet name="Catalogue" sheetId="1" r:id="rId1"/></sheets></workbook>',
}
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write(into: IO[bytes], lines: Iterable[Sequence[str]]) -> None:
    """A workbook of one sheet whose cells are all text, so that none of them can be a formula and no code
    loses its zeros. The library that reads would take a minute for a hundred thousand rows; this takes
    seconds, and memory for one row."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, part in PARTS.items():
            archive.writestr(name, part)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for line in lines:
                sheet.write(_row(line).encode())
            sheet.write(b"</sheetData></worksheet>")


def _row(cells: Sequence[str]) -> str:
    written = "".join(
        f'<c t="str"><v>{escape(NOT_IN_XML.sub("", cell))}</v></c>' if cell else "<c/>" for cell in cells
    )
    return f"<row>{written}</row>"
