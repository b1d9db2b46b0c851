"""Lists of the console: keyset pages (`?after=`), the kept search words, and filters as the filter bar draws
them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from core import db
from core.errors import Missing

PAGE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """One choice of the filter bar."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list: its rows, and where the next begins."""

    rows: Sequence[Any]
    next_url: str | None
    shown: str | None
    query: str
    filtered: bool
    clear_url: str


def words() -> str:
    """The search words of this request, at most 100 characters."""
    return request.args.get("q", "").strip()[:100]


def chosen(name: str, options: Sequence[tuple[str, str]]) -> Filter:
    """A filter with its kept value; a value nobody offered is the first."""
    value = request.args.get(name, "")
    return Filter(
        name, name.replace("_", " ").capitalize(), value if value in dict(options) else options[0][0], options
    )


def identifier(text: str, what: str = "page") -> UUID:
    """An id from an address; Missing for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise Missing(what) from None


def newest_first(statement: Select[*tuple[Any, ...]], key: InstrumentedAttribute[UUID]) -> Listed:
    """A page ordered by a time-ordered id, newest first; the id is the row's first column's."""
    if after := request.args.get("after"):
        statement = statement.where(key < identifier(after))
    rows = db.session().execute(statement.order_by(key.desc()).limit(PAGE + 1)).all()
    return _listed(rows, lambda row: str(row[0].id))


def by_name(
    statement: Select[*tuple[Any, ...]], name: InstrumentedAttribute[str], key: InstrumentedAttribute[UUID]
) -> Listed:
    """A page ordered by name; the row's first column has `name` and `id`."""
    if after := request.args.get("after"):
        last, _, last_name = after.partition(".")
        statement = statement.where(tuple_(name, key) > tuple_(last_name, identifier(last)))
    rows = db.session().execute(statement.order_by(name, key).limit(PAGE + 1)).all()
    return _listed(rows, lambda row: f"{row[0].id}.{row[0].name}")


def _listed(rows: Sequence[Any], cursor: Any) -> Listed:
    here, arguments = str(request.endpoint), {**(request.view_args or {}), **request.args.to_dict()}
    kept = rows[:PAGE]
    filters = {name for name, value in request.args.items() if value and name not in ("after", "said")}
    return Listed(
        rows=kept,
        next_url=url_for(here, **arguments | {"after": cursor(kept[-1]), "said": None})
        if len(rows) > PAGE
        else None,
        shown=f"{len(kept)} shown" if kept else None,
        query=words(),
        filtered=bool(filters),
        clear_url=url_for(here, **(request.view_args or {})),
    )
