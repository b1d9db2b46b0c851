"""A whole catalogue as a file: written to a temporary one while the rows come, and sent from there, so that
neither the rows nor the file are ever in memory. No cell of it is a formula."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import structlog
from flask import Response, send_file

from catalog import workbooks
from core.clock import machine_now
from storefront import exports

log = structlog.get_logger("exports")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY = 1024 * 1024


def answer(rows: Iterable[Sequence[str]], name: str, ending: str) -> Response:
    """The file, as CSV or XLSX by its ending; call it in a transaction, which is over when it is sent."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 closed once it is sent
    counted = Counted(rows)
    if ending == "xlsx":
        workbooks.write(file, counted)
    else:
        file.write(exports.BOM.encode())
        for row in counted:
            file.write(exports.line(row).encode())
    size = file.tell()
    file.seek(0)
    log.info("catalogue.exported", name=name, rows=counted.rows)
    sent = send_file(
        file,
        mimetype=XLSX if ending == "xlsx" else "text/csv",
        as_attachment=True,
        download_name=f"{name}-{machine_now():%Y-%m-%d}.{ending}",
    )
    sent.content_length = size
    return sent


class Counted:
    """Rows with every word made harmless, counted as they go by."""

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self._given = rows
        self.rows = -1  # the head

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._given:
            self.rows += 1
            yield [exports.words(cell) for cell in row]
