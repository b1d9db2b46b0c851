"""A list as a file: the rows its page would show in the same scope, with the same words, filters and order,
as CSV that opens in a spreadsheet and in a program. No cell becomes a formula (A7 "CSV/formula"). A file is
whole or is refused: a list that is longer than a file may be is never cut off silently."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

import structlog
from flask import Response
from sqlalchemy import Select

from core.clock import machine_now
from core.errors import Refused
from core.languages import _
from core.money import Money
from storefront import lists
from storefront.lists import Column, List
from storefront.moments import Moment

log = structlog.get_logger("lists")

MOST = 50_000
BOM = "\ufeff"  # without it spreadsheets read UTF-8 as something else; programs say utf-8-sig
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class TooLong(Refused):
    """A file of it would not be whole."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This list has more than %(most)s rows. Please narrow it, by dates for example,"
                " and load it in parts.",
                most=f"{MOST:,}",
            )
        )


class NotUnderstood(Refused):
    """A page may leave out what it cannot read and say so; a file has no place to say it."""


def answer(of: List, statement: Select[*tuple[Any, ...]]) -> Response:
    """The file; call it in a transaction."""
    asked = lists.asked_of(of)
    if asked.problems:
        raise NotUnderstood(" ".join(asked.problems))
    columns = [column for column in of.columns if column.of is not None]
    rows = list(lists.all_rows(of, asked, statement, MOST))
    if len(rows) > MOST:
        raise TooLong
    log.info("list.exported", list=of.endpoint, rows=len(rows))
    return _file(file_name(of), "".join(lines(columns, rows)))


def short(name: str, columns: Sequence[Column], rows: Sequence[Any]) -> Response:
    """The file of a list that its page shows whole, with the same words and order; call it
    in a transaction."""
    log.info("list.exported", list=name, rows=len(rows))
    return _file(name, "".join(lines(columns, rows)))


def _file(about: str, body: str) -> Response:
    name = f"{about}-{machine_now():%Y-%m-%d}.csv"
    return Response(
        body,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def file_name(of: List) -> str:
    """Named after the list's endpoint, which is the same in every language."""
    return of.endpoint.rpartition(".")[2].replace("_", "-")


def lines(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[str]:
    """Head and rows. Money becomes two columns, the amount as a decimal and its currency."""
    heads = [
        [column.label, _("%(column)s, currency", column=column.label)] if column.money else [column.label]
        for column in columns
    ]
    yield BOM + line([word for head in heads for word in head])
    for row in rows:
        yield line(
            [
                part
                for column in columns
                for part in cells(column.of(row) if column.of else None, money=column.money)
            ]
        )


def cells(value: Any, *, money: bool) -> list[str]:
    """What a value becomes."""
    if isinstance(value, Money):
        return [f"{value.amount:f}", value.currency]
    return [cell(value), ""] if money else [cell(value)]


def cell(value: Any) -> str:
    """Moments in UTC, numbers as they are, words that no spreadsheet takes for a formula."""
    match value:
        case None:
            return ""
        case Moment():
            return value.iso
        case bool():
            return "yes" if value else "no"
        case int() | Decimal():
            return f"{value}"
        case Enum():
            return words(str(value.value))
        case _:
            return words(str(value))


def words(text: str) -> str:
    """Text that begins like a formula begins with an apostrophe instead; spreadsheets look past spaces, and
    so do we."""
    return f"'{text}" if text.lstrip(" \u00a0\u200b\ufeff").startswith(BEGINS_A_FORMULA) else text


def line(parts: Sequence[str]) -> str:
    """One line with its end (RFC 4180)."""
    into = io.StringIO()
    csv.writer(into).writerow(parts)
    return into.getvalue()
