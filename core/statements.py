"""Statements of requests that come a thousand times a second: compiled once, sent to the driver as they are.
Rows come as tuples of columns; nothing is an entity, so nothing loads more or is written
behind one's back. Row-level security holds as everywhere; what is inserted here states its owner itself."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from core import db


class Statement:
    """A select of columns, or an insert, update or delete, with `bindparam`s; asked inside `db.reading()`,
    `db.writing()` or a transaction."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement

    @property
    def _dialect(self) -> Dialect:
        return db.engine().dialect

    @cached_property
    def _compiled(self) -> SQLCompiler:
        return cast(SQLCompiler, cast(ClauseElement, self.statement).compile(dialect=self._dialect))

    @cached_property
    def _sql(self) -> bytes:
        return str(self._compiled).encode()

    @cached_property
    def _constants(self) -> dict[str, Any]:
        """What the statement itself says, beside what is asked."""
        compiled = self._compiled
        return {name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required}

    @cached_property
    def _asked(self) -> frozenset[str]:
        """What every call has to give."""
        return frozenset(name for bind, name in self._compiled.bind_names.items() if bind.required)

    @cached_property
    def _to_database(self) -> dict[str, Callable[[Any], Any]]:
        """What values need before they are sent (enums become words)."""
        made = {
            name: bind.type.dialect_impl(self._dialect).bind_processor(self._dialect)
            for bind, name in self._compiled.bind_names.items()
        }
        return {name: process for name, process in made.items() if process is not None}

    @cached_property
    def _from_database(self) -> list[tuple[int, Callable[[Any], Any]]]:
        """Columns whose values are more than the driver makes of them (terms, enums)."""
        columns = cast("Sequence[tuple[str, str, Any, Any]]", self._compiled._result_columns)  # pyright: ignore[reportPrivateUsage]  what SQLAlchemy itself reads results by
        made = [
            kind.dialect_impl(self._dialect).result_processor(self._dialect, None) for *_, kind in columns
        ]
        return [(place, process) for place, process in enumerate(made) if process is not None]

    def each(self, many: Sequence[Mapping[str, Any]]) -> None:
        """Sent once for each of these values, all in one round trip; what it gives is not read."""
        if len(many) == 1:
            self.rows(**many[0])
        elif many:
            said = [self._said(values) for values in many]
            with db.told_by_the_driver(self._compiled), db.driver().cursor() as cursor:
                cursor.executemany(self._sql, said)

    def _said(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if not values.keys() >= self._asked:
            raise TypeError(f"a value is missing: {', '.join(sorted(self._asked - values.keys()))}")
        said = {**self._constants, **values}
        for name, process in self._to_database.items():
            said[name] = process(said[name])
        return said

    def rows(self, **values: Any) -> Sequence[Sequence[Any]]:
        """All rows that it gives, each a sequence in the order of its columns."""
        said = self._said(values)
        with db.told_by_the_driver(self._compiled):
            cursor = db.driver().execute(self._sql, said)
            found = cursor.fetchall() if cursor.description else []
        if not self._from_database:
            return found
        rows = [list(row) for row in found]
        for place, process in self._from_database:
            for row in rows:
                row[place] = process(row[place])
        return rows
