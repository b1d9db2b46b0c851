"""Everything that a story may leave behind: the rows of every table by state, the amounts in them, what the
vendor, the card gateway and the inbox have. The portrait of a story in which somebody died must be that of
the story in which nobody did."""

from collections import Counter
from functools import cache
from typing import Any, cast

import psycopg
from sqlalchemy import Table

from core import db

UNEQUAL = frozenset(
    {
        "tasks",  # what is done every so often depends on the hour; each must be done, which `quiet` says
        "task_attempts",  # a second attempt is what a death costs
        "sessions",
        "alembic_version",
        "throttles",
        "trail",  # it tells of what happened on the way, which a death may lead through once more
        "trail_notes",
    }
)

ONLY = {"work_items": "WHERE closed_at IS NULL"}  # what was unclear for a while was closed when it was clear


@cache
def _asked() -> str:
    """Rows, states and amounts of every table that a story may touch, in one statement."""
    parts = ["SELECT 'what was done', jsonb_agg(t ORDER BY t) FROM (SELECT kind, state, count(*) FROM tasks"
             " WHERE coalesce(key, '') NOT LIKE 'every:%' GROUP BY 1, 2) t"]  # fmt: skip
    for table in cast("list[Table]", db.Model.metadata.sorted_tables):
        if table.name not in UNEQUAL:
            sums = [
                f"coalesce(sum({one.name}), 0) AS {one.name}"
                for one in table.c
                if one.name.endswith("_minor")
            ]
            states = [name for name in ("state", "kind") if name in table.c]
            grouped = f"GROUP BY {', '.join(states)}" if states else "HAVING count(*) > 0"
            columns, where = ", ".join([*states, "count(*)", *sums]), ONLY.get(table.name, "")
            asked = f"SELECT {columns} FROM {table.name} {where} {grouped}"  # noqa: S608 our own names
            parts.append(f"SELECT '{table.name}', jsonb_agg(t ORDER BY t) FROM ({asked}) t")  # noqa: S608 ours
    return " UNION ALL ".join(parts)


def of_tables(connection: psycopg.Connection[Any]) -> dict[str, object]:
    """Table -> what is in it, where there is anything."""
    connection.execute("SET jit = off")  # compiling it takes longer than asking
    found = connection.execute(_asked().encode()).fetchall()
    return {name: [" ".join(map(str, row.values())) for row in rows] for name, rows in found if rows}


def of_vendor(state: dict[str, Any]) -> dict[str, object]:
    """What was bought, under how many references, and what runs."""
    counts = state["counts"]
    return {
        "bought": Counter(state["purchases"].values()),
        **{name: counts[name] for name in ("purchases", "active", "licences", "doubles")},
    }


def difference(wanted: dict[str, object], found: dict[str, object]) -> list[str]:
    """In words, what is not as it should be."""
    return [
        f"{name}: {found.get(name, 'nothing')} instead of {wanted.get(name, 'nothing')}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]
