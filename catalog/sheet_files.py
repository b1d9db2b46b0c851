"""A file that somebody gives us as a sheet: CSV as portals and spreadsheets write it, or an Excel workbook.
What a file is, its content says; one that is called something else is refused by name."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from catalog import workbooks
from catalog.workbooks import MOST_COLUMNS, MOST_ROWS, NotASheet
from core.languages import _

__all__ = ["LARGEST", "NotASheet", "Table", "opened"]

LARGEST = 48 * 1024 * 1024
LONGEST_FIELD = 4000
NUL = "\x00"
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
PICTURES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff")
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a sheet by name, and its rows below them, each with its line and as many cells as there
    are columns. Rows are read as they are asked for, once."""

    columns: Sequence[str]
    rows: Iterator[tuple[int, list[str]]]


def opened(content: bytes, name: str = "") -> Table:
    """The sheet of a file; NotASheet for what is none, or is not what its name says."""
    if len(content) > LARGEST:
        raise NotASheet(_("The file is larger than %(most)s MB.", most=LARGEST // 1024 // 1024))
    if not content.strip():
        raise NotASheet(_("The file is empty."))
    if content.startswith(OLE):
        raise NotASheet(_("This is no text but an old Excel file, or one with a password. Save it as .xlsx."))
    called, is_book = name.lower().rpartition(".")[2], content.startswith(ZIP)
    if is_book and called in ("csv", "txt"):
        raise NotASheet(_("It is called “%(name)s”, but is an Excel or ZIP file.", name=name[-80:]))
    if called == "xlsx" and not is_book:
        raise NotASheet(_("It is called “%(name)s”, but is no Excel workbook.", name=name[-80:]))
    found = workbooks.rows(content) if is_book else _lines(_text(content))
    head = next(found, None)
    columns = [" ".join(cell.split())[:80] for cell in (head[1] if head else [])]
    if len(columns) > MOST_COLUMNS:
        raise NotASheet(_("A sheet has at most %(most)s columns.", most=MOST_COLUMNS))
    named = [column for column in columns if column]
    if twice := next((one for one in named if named.count(one) > 1), ""):
        raise NotASheet(_("Two columns are called “%(name)s”.", name=twice))
    return Table(columns, _even(found, len(columns)))


def samples(table: Table) -> list[list[str]]:
    """The first rows, to choose columns by; the table cannot be read again."""
    return [cells for _line, cells in islice(table.rows, SAMPLES)]


def _even(found: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    for count, (line, cells) in enumerate(found, start=1):
        if count > MOST_ROWS:
            raise NotASheet(_("A sheet has at most %(most)s rows.", most=f"{MOST_ROWS:,}"))
        if any(cells):
            short = [cell[:LONGEST_FIELD] for cell in cells[:width]]
            yield line, short + [""] * (width - len(short))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of the line on which each ends."""
    reader, last = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True), 0
    try:
        for cells in reader:
            last = reader.line_num
            yield last, cells
    except csv.Error as error:
        raise NotASheet(
            _("After line %(line)s it cannot be read as CSV: %(error)s.", line=last, error=error)
        ) from error


def _text(content: bytes) -> str:
    if content.startswith(PICTURES):
        raise NotASheet(_("This is no text. A price sheet is a CSV or XLSX file."))
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotASheet(_("The file is not text in UTF-8.")) from None
    if NUL in text:
        raise NotASheet(_("This is no text. A price sheet is a CSV or XLSX file."))
    return text


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab: whichever the first line has most of."""
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)
