"""A whole catalogue as a file: written to a temporary one while the rows come, and sent from there, so that
neither the rows nor the file are ever in memory. No cell of it is a formula."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import structlog
from flask import Response, send_file
from sqlalchemy import Select

from catalog import workbooks
from core.clock import machine_now
from storefront import exports, lists
from storefront.lists import List

log = structlog.get_logger("exports")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY = 1024 * 1024
ALL = 1_000_000


def answer(rows: Iterable[Sequence[str]], name: str, ending: str) -> Response:
    """The file, as CSV or XLSX by its ending; call it in a transaction, which is over when it is sent."""
    file, counted = temporary(), Counted(rows)
    if ending == "xlsx":
        workbooks.write(file, counted)
    else:
        file.write(exports.BOM.encode())
        for row in counted:
            file.write(exports.line(row).encode())
    log.info("catalogue.exported", name=name, rows=counted.rows)
    return sent(file, name, ending)


def whole_list(of: List, statement: Select[*tuple[Any, ...]]) -> Response:
    """Every row of a list that may be longer than one whose file is made in memory (storefront/exports.py);
    call it in a transaction."""
    file, asked = temporary(), lists.asked_of(of)
    columns = [column for column in of.columns if column.of is not None]
    for line in exports.lines(columns, lists.all_rows(of, asked, statement, ALL)):
        file.write(line.encode())
    return sent(file, exports.file_name(of), "csv")


def temporary() -> IO[bytes]:
    """A file that is gone when it was sent."""
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def sent(file: IO[bytes], name: str, ending: str) -> Response:
    """The file from its beginning."""
    size = file.tell()
    file.seek(0)
    answered = send_file(
        file,
        mimetype=XLSX if ending == "xlsx" else "text/csv",
        as_attachment=True,
        download_name=f"{name}-{machine_now():%Y-%m-%d}.{ending}",
    )
    answered.content_length = size
    return answered


class Counted:
    """Rows with every word made harmless, counted as they go by."""

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self._given = rows
        self.rows = -1  # the head

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._given:
            self.rows += 1
            yield [exports.words(cell) for cell in row]
