"""Lists of every surface: declared columns, search, filters and order; keyset pages in both directions. The
address carries all of it, so that a list can be shared and works without scripts. What an address may name is
declared by the list; everything a visitor sends becomes a value, and conditions only ever narrow what the
scope shows (QS4)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from core import db
from core.errors import Missing
from core.languages import _
from storefront import cursors
from storefront.filters import Choice, Control, Filter, Options, stray

__all__ = [
    "Choice",
    "Column",
    "List",
    "Listed",
    "Options",
    "all_rows",
    "at_most",
    "identifier",
    "page",
    "words",
]

SIZES = (20, 50, 100, 200)
LONGEST_WORDS = 100
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list. `kind` is the table's ("num", "acts"). `of` takes a row as the page shows it and
    gives the value a file carries; a column without it is only shown, one with `only_file` is only in the
    file. `sort`: an expression that is never NULL."""

    name: str
    label: str
    of: Callable[[Any], Any] | None = None
    sort: Any = None
    kind: str = ""
    money: bool = False
    only_file: bool = False


@dataclass(frozen=True)
class List:
    """What a list is; the statement comes from its view. `key`, the row's id, ends every order, so that no
    row is shown twice or never. `rows` makes what the page shows of what was selected, a page at a time.
    `kept`: words of the address that choose the list itself and stay with it. `chosen_first`: the statement
    has no condition and those of the list speak of the key's own table alone, so the rows of a page are
    chosen there, and nothing else is joined to the rest. `always`: a condition of the list itself."""

    name: str
    endpoint: str
    columns: Sequence[Column]
    key: Any
    rows: Callable[[Sequence[Any]], Sequence[Any]]
    sort: str
    search: Callable[[str], ColumnElement[bool]] | None = None
    views: Choice | None = None
    filters: Sequence[Filter] = ()
    export: str = ""
    size: int = 50
    kept: Sequence[str] = ()
    chosen_first: bool = False
    always: ColumnElement[bool] | None = None

    def column(self, name: str) -> Column | None:
        """A column that can be sorted by."""
        return next((one for one in self.columns if one.name == name and one.sort is not None), None)


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: where a click leads, and how it is sorted now ("ascending", "descending", "")."""

    label: str
    kind: str
    url: str | None
    sorted: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list, as parts/lists.html draws it."""

    rows: Sequence[Any]
    heads: Sequence[Head]
    tabs: Sequence[tuple[str, str, bool]]
    controls: Sequence[Control]
    more: Sequence[Control]
    more_open: bool
    hidden: Sequence[tuple[str, str]]
    query: str
    filtered: bool
    show: str
    problems: Sequence[str]
    url: str
    clear_url: str
    first_url: str | None
    previous_url: str | None
    next_url: str | None
    export_url: str | None
    shown: str | None


@dataclass(slots=True)
class Asked:
    """What the address of this request says about a list."""

    column: Column
    descending: bool
    query: str
    size: int
    conditions: list[ColumnElement[bool]] = field(default_factory=list[ColumnElement[bool]])
    kept: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    controls: list[Control] = field(default_factory=list[Control])
    problems: list[str] = field(default_factory=list[str])
    backwards: bool = False
    edge: tuple[Any, UUID] | None = None

    @property
    def sort(self) -> str:
        """As the address writes it."""
        return f"-{self.column.name}" if self.descending else self.column.name


# --- Small readers ------------------------------------------------------------------------------------------


FAR, LONG_AGO = datetime(9000, 1, 1, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC)


def last_if_empty(column: Any) -> Any:
    """A moment to sort by that may be missing; rows without it come last when the oldest come first."""
    return func.coalesce(column, FAR)


def first_if_empty(column: Any) -> Any:
    """The same the other way round: rows without it come last when the newest come first."""
    return func.coalesce(column, LONG_AGO)


def words() -> str:
    """The search words of this request, at most 100 characters."""
    return request.args.get("q", "").strip()[:LONGEST_WORDS]


def identifier(text: str, what: str = "page") -> UUID:
    """An id from an address; Missing for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise Missing(what) from None


def word_of(state: str) -> str:
    """A state as its badge says it: parts/badges.html has the words."""
    return _(state.replace("_", " ").capitalize())


def states(life: type[StrEnum]) -> Options:
    """Every state of a life, for a filter."""
    return [(state.value, word_of(state)) for state in life]


def at_most(options: Options, value: str) -> str:
    """A value somebody offered, or the first."""
    return value if value in dict(options) else options[0][0]


# --- Reading the address ------------------------------------------------------------------------------------


def asked_of(of: List) -> Asked:
    """Order, words, filters and the edge of the page; what cannot be read is left out and said."""
    given = request.args
    wanted = given.get("sort", "")
    column = of.column(wanted.removeprefix("-"))
    if column is None:
        wanted, column = of.sort, of.column(of.sort.removeprefix("-"))
    if column is None:
        raise LookupError(f"{of.name}: {of.sort} is no column that sorts")
    size = given.get("size", "")
    asked = Asked(
        column,
        wanted.startswith("-"),
        words(),
        next((one for one in SIZES if str(one) == size), of.size),
    )
    for one in (*([of.views] if of.views else ()), *of.filters):
        read = one.read(given)
        asked.conditions += read.conditions
        asked.kept |= read.kept
        asked.problems += read.problems
        asked.controls += read.controls if one is not of.views else ()
    asked.problems += stray(given.to_dict(), of.filters)
    if asked.query and of.search is not None:
        asked.conditions.append(of.search(asked.query))
    for name in ("before", "after"):
        if cursor := given.get(name, ""):
            read_edge(of, asked, cursor, backwards=name == "before")
    return asked


def about(of: List, asked: Asked) -> str:
    """What a cursor is sealed for: this list, of this object, in this order."""
    chosen = [request.args.get(name, "") for name in of.kept]
    return f"{of.endpoint} {sorted((request.view_args or {}).items())} {chosen} {asked.sort}"


def read_edge(of: List, asked: Asked, cursor: str, *, backwards: bool) -> None:
    """Where the page begins or ends; Missing for what was not sealed for this list, order and scope."""
    asked.edge, asked.backwards = cursors.opened(cursor, about(of, asked)), backwards
    if asked.edge is None:
        raise Missing("page")


# --- Reading rows -------------------------------------------------------------------------------------------


def ordered(
    of: List, asked: Asked, statement: Select[*tuple[Any, ...]], most: int
) -> Select[*tuple[Any, ...]]:
    """The statement with its conditions, its order, where it begins and how many rows it gives; sort value
    and key are its last columns."""
    by, key = asked.column.sort, of.key
    alone = by is key
    upwards = asked.descending == asked.backwards
    conditions = list(asked.conditions) if of.always is None else [of.always, *asked.conditions]
    if asked.edge is not None:
        value, last = asked.edge
        edge: Any = literal(last, key.type)
        here: Any = key if alone else tuple_(by, key)
        there: Any = edge if alone else tuple_(literal(value, by.type), edge)
        conditions.append(here > there if upwards else here < there)

    def sorted_by(*columns: Any) -> list[Any]:
        return [column.asc() if upwards else column.desc() for column in (columns[1:] if alone else columns)]

    if not of.chosen_first:
        chosen = statement.where(*conditions).add_columns(by.label("sorted_by"), key.label("sorted_key"))
        return chosen.order_by(*sorted_by(by, key)).limit(most)
    first = select(by.label("sorted_by"), key.label("sorted_key")).where(*conditions)
    few = first.order_by(*sorted_by(by, key)).limit(most).subquery("few")
    whole = statement.add_columns(few.c.sorted_by, few.c.sorted_key).join(few, key == few.c.sorted_key)
    return whole.order_by(*sorted_by(few.c.sorted_by, few.c.sorted_key))


def page(of: List, statement: Select[*tuple[Any, ...]]) -> Listed:
    """The page that this request asks for; call it in a transaction."""
    asked = asked_of(of)
    found = list(db.session().execute(ordered(of, asked, statement, asked.size + 1)).all())
    more = len(found) > asked.size
    found = found[: asked.size]
    if asked.backwards:
        found.reverse()
    following = more if not asked.backwards else True
    preceding = asked.edge is not None and (more if asked.backwards else True)
    return listed(
        of,
        asked,
        of.rows([row[:-2] for row in found]),
        following=cursor_of(of, asked, found[-1]) if found and following else None,
        preceding=cursor_of(of, asked, found[0]) if found and preceding else None,
    )


def cursor_of(of: List, asked: Asked, row: Any) -> str:
    """The edge of a page, sealed."""
    return cursors.seal(row[-2], row[-1], about(of, asked))


def all_rows(of: List, asked: Asked, statement: Select[*tuple[Any, ...]], most: int) -> Iterator[Any]:
    """Every row of the list as its page would show it, from its beginning, in its order, read in batches; at
    most `most` and one."""
    asked.edge, asked.backwards, left = None, False, most + 1
    while left > 0:
        found = db.session().execute(ordered(of, asked, statement, min(BATCH, left))).all()
        yield from of.rows([row[:-2] for row in found])
        if len(found) < min(BATCH, left):
            return
        left -= len(found)
        asked.edge = (found[-1][-2], found[-1][-1])
        db.session().expunge_all()


# --- The page as templates draw it --------------------------------------------------------------------------


def listed(
    of: List, asked: Asked, rows: Sequence[Any], *, following: str | None, preceding: str | None
) -> Listed:
    """Rows with every address around them."""
    arguments: dict[str, Any] = {
        **(request.view_args or {}),
        **{name: request.args[name] for name in of.kept if request.args.get(name)},
    }
    kept: dict[str, Any] = {**asked.kept, "q": asked.query or None}
    if asked.sort != of.sort:
        kept["sort"] = asked.sort
    if asked.size != of.size:
        kept["size"] = asked.size

    def to(endpoint: str = of.endpoint, /, **changed: Any) -> str:
        return url_for(endpoint, **arguments, **{**kept, **changed})

    inline = [one for one in asked.controls if one.kind == "choice"]
    others = [one for one in asked.controls if one.kind != "choice"]
    order = Control("sort", _("Order by"), "choice", asked.sort, sort_options(of))
    sizes = [(str(size), f"{size}") for size in sorted({*SIZES, of.size})]
    view = of.views
    show = asked.kept.get(view.name, [""])[0] if view else ""
    shown_controls = {one.name for one in (*inline, *others)} | {"q", "sort", "size"}
    return Listed(
        rows=rows,
        heads=[head(asked, one, to) for one in of.columns if not one.only_file],
        tabs=[
            (word, to(**{view.name: value or None}), value == show)
            for value, word in [("", view.any_word or _("All")), *view.options]
        ]
        if view
        else [],
        controls=inline,
        more=[*others, order, Control("size", _("Rows of a page"), "choice", str(asked.size), sizes)],
        more_open=any(one.value for one in others) or "sort" in kept or "size" in kept,
        hidden=[
            *((name, arguments[name]) for name in of.kept if name in arguments),
            *(
                (name, value)
                for name, values in asked.kept.items()
                for value in (values if name not in shown_controls else values[1:])
            ),
        ],
        query=asked.query,
        filtered=bool(asked.kept or asked.query),
        show=show,
        problems=asked.problems,
        url=url_for(of.endpoint, **arguments),
        clear_url=url_for(of.endpoint, **arguments),
        first_url=to() if asked.edge is not None else None,
        previous_url=to(before=preceding) if preceding else None,
        next_url=to(after=following) if following else None,
        export_url=to(of.export) if of.export and rows else None,
        shown=_("%(n)s shown", n=len(rows)) if rows else None,
    )


def sort_options(of: List) -> list[tuple[str, str]]:
    """Every order a list can be read in; what sorts is a time, a number or a word."""
    return [
        (f"{sign}{column.name}", f"{column.label}, {way}")
        for column in of.columns
        if column.sort is not None
        for sign, way in zip(("", "-"), ways(column), strict=True)
    ]


def ways(column: Column) -> tuple[str, str]:
    """Upwards and downwards, in the words of what is sorted."""
    kind = column.sort.type.python_type
    if kind in (datetime, UUID):
        return _("oldest first"), _("newest first")
    if kind is int:
        return _("smallest first"), _("largest first")
    return _("A to Z"), _("Z to A")


def head(asked: Asked, column: Column, to: Callable[..., str]) -> Head:
    """A head leads to its order; the one in force to the opposite."""
    if column.sort is None:
        return Head(column.label, column.kind, None, "")
    if column is not asked.column:
        return Head(column.label, column.kind, to(sort=column.name), "")
    opposite = column.name if asked.descending else f"-{column.name}"
    way = "descending" if asked.descending else "ascending"
    return Head(column.label, column.kind, to(sort=opposite), way)
