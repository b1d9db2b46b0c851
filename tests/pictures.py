"""A picture of the database: one fingerprint per table, taken as the server's administrator, so that "nothing
changed" can be said of everything."""

from collections.abc import Collection
from contextlib import closing, suppress

import psycopg

from core.db import Model
from sandbox.servers import Postgres


class Camera:
    """Takes pictures through one connection, because the server thinks longer about the question than about
    the answer. Whoever puts another database in the place of this one cuts it off; then it connects again.
    While nobody has written anything to the server's log, the last picture is what there is to see."""

    def __init__(self, postgres: Postgres, *, without: Collection[str] = ()) -> None:
        self._url = postgres.admin_url("shop").replace("+psycopg", "")
        self._connection: psycopg.Connection | None = None
        self._last: tuple[str, dict[str, str]] = ("", {})
        names = [table.name for table in Model.metadata.sorted_tables if table.name not in without]
        self._question = " UNION ALL ".join(
            f"SELECT '{n}', coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {n} t"  # noqa: S608 our own names
            for n in names
        ).encode()

    def picture(self) -> dict[str, str]:
        """table -> fingerprint of all its rows, whatever their order."""
        if self._connection:
            with suppress(psycopg.OperationalError):
                return self._take(self._connection)
        self.close()
        self._connection = psycopg.connect(self._url, autocommit=True)
        self._last = ("", {})
        return self._take(self._connection)

    def _take(self, connection: psycopg.Connection) -> dict[str, str]:
        if (written := _written(connection)) != self._last[0]:
            taken = dict(connection.execute(self._question, prepare=True).fetchall())
            # whatever was written while it was taken will be looked at again
            self._last = (written, taken)
        return dict(self._last[1])

    def close(self) -> None:
        """Lets go of the database."""
        if self._connection:
            self._connection.close()


def _written(connection: psycopg.Connection) -> str:
    """How far the server's log has been written: every change of a row is in it before its commit."""
    found = connection.execute("SELECT pg_current_wal_insert_lsn()", prepare=True).fetchone()
    assert found
    return str(found[0])


def picture(postgres: Postgres, *, without: Collection[str] = ()) -> dict[str, str]:
    """One picture."""
    with closing(Camera(postgres, without=without)) as camera:
        return camera.picture()


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Tables that are not as they were."""
    return {name for name in before if before[name] != after[name]}
