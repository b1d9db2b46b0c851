"""A picture of the database: one fingerprint per table, taken as the server's administrator, so that "nothing
changed" can be said of everything."""

from collections.abc import Collection

from sqlalchemy import create_engine, text

from core.db import Model
from sandbox.servers import Postgres


def picture(postgres: Postgres, *, without: Collection[str] = ()) -> dict[str, str]:
    """table -> fingerprint of all its rows, whatever their order."""
    names = [table.name for table in Model.metadata.sorted_tables if table.name not in without]
    parts = " UNION ALL ".join(
        f"SELECT '{n}', coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {n} t"  # noqa: S608 our own names
        for n in names
    )
    engine = create_engine(postgres.admin_url("shop"))
    with engine.connect() as connection:
        found = {name: print_ for name, print_ in connection.execute(text(parts))}
    engine.dispose()
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Tables that are not as they were."""
    return {name for name in before if before[name] != after[name]}
