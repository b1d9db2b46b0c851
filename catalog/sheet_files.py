"""A file that somebody gives us as a sheet: CSV as portals and spreadsheets write it, or an Excel workbook.
What a file is, its content says; one that is called something else is refused by name."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

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
SIGNS = ",;\t|"
ABOVE = 20  # lines that may stand above the names of columns: a title, a date, nothing
DECLARED = re.compile(r"sep=([,;\t|])\r?\n")  # Excel's own word for what is between cells


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
    head, found = _below_the_title(workbooks.rows(content) if is_book else _lines(_text(content)))
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


def _below_the_title(
    found: Iterator[tuple[int, list[str]]],
) -> tuple[tuple[int, list[str]] | None, Iterator[tuple[int, list[str]]]]:
    """The names of the columns and what is below them. What stands above them is a title: so they are the
    first line of three cells or more; of two, where there is none; or else the first line of all."""
    above = list[tuple[int, list[str]]]()
    for row in islice(found, ABOVE):
        above.append(row)
        if _filled(row) > 2:
            return row, found
    at = next((at for most in (2, 1) for at, row in enumerate(above) if _filled(row) >= most), None)
    return (None, found) if at is None else (above[at], chain(above[at + 1 :], found))


def _filled(row: tuple[int, list[str]]) -> int:
    return sum(bool(cell.strip()) for cell in row[1])


def _even(found: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    for count, (line, cells) in enumerate(found, start=1):
        if count > MOST_ROWS:
            raise NotASheet(_("A sheet has at most %(most)s rows.", most=f"{MOST_ROWS:,}"))
        if any(cells):
            short = [cell[:LONGEST_FIELD] for cell in cells[:width]]
            yield line, short + [""] * (width - len(short))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of the line on which each ends."""
    declared = DECLARED.match(text)
    sign, above = (declared[1], 1) if declared else (_delimiter(text), 0)
    rest = io.StringIO(text[declared.end() :] if declared else text, newline="")
    reader, last = csv.reader(rest, delimiter=sign, strict=True), 0
    try:
        for cells in reader:
            last = reader.line_num + above
            yield last, cells
    except csv.Error as error:
        raise NotASheet(
            _("After line %(line)s it cannot be read as CSV: %(error)s.", line=last, error=error)
        ) from error


def _text(content: bytes) -> str:
    if content.startswith(PICTURES):
        raise NotASheet(_("This is no text. A price sheet is a CSV or XLSX file."))
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise NotASheet(_("The file is not text in UTF-8. Save it as “CSV UTF-8”."))
    if NUL in text:
        raise NotASheet(_("This is no text. A price sheet is a CSV or XLSX file."))
    return text


def _encodings(content: bytes) -> Sequence[str]:
    """What the bytes may be: UTF-16 says so, or has a zero beside every sign; what is no UTF-8 was saved by
    Excel as "CSV", in the letters of western Europe."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    if content[1:8:2] == bytes(4):
        return ("utf-16-le",)
    return ("utf-8-sig", "cp1252")


def _delimiter(text: str) -> str:
    """Comma, semicolon, tab or bar: whichever the first line that looks like the names of columns has most
    of."""
    lines = re.split(r"\r\n|\r|\n", text[: ABOVE * LONGEST_FIELD], maxsplit=ABOVE)[:ABOVE]
    counts = [[line.count(sign) for sign in SIGNS] for line in lines]
    of_head = next((one for one in counts if max(one) > 1), next((one for one in counts if any(one)), None))
    return SIGNS[of_head.index(max(of_head))] if of_head else ","
