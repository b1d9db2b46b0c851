"""Everything that a story may leave behind: the rows of every table by state, the amounts in them, what the
vendor, the card gateway and the inbox have. The portrait of a story in which somebody died must be that of
the story in which nobody did."""

from collections import Counter
from typing import Any, cast

from sqlalchemy import Connection, Table, text

from core import db

UNEQUAL = frozenset(
    {
        "tasks",  # what is done every so often depends on the hour; each must be done, which `quiet` says
        "task_attempts",  # a second attempt is what a death costs
        "sessions",
        "alembic_version",
        "throttles",
        "trail",  # by its words, below
        "trail_notes",
    }
)
PASSING = ("processing", "unknown", "looked", "retried", "waiting")
"""Words of the trail that tell of a state on the way, which a death may lead through once more."""


def of_tables(connection: Connection) -> dict[str, object]:
    """Rows, states and amounts of every table that a story may touch."""
    seen: dict[str, object] = {}
    for table in cast("list[Table]", db.Model.metadata.sorted_tables):
        if table.name in UNEQUAL:
            continue
        sums = [column.name for column in table.c if column.name.endswith("_minor")]
        states = [name for name in ("state", "kind") if name in table.c]
        asked = ", ".join([*states, "count(*)", *(f"coalesce(sum({name}), 0)" for name in sums)])
        grouped = f" GROUP BY {', '.join(states)} ORDER BY {', '.join(states)}" if states else ""
        rows = connection.execute(text(f"SELECT {asked} FROM {table.name}{grouped}"))  # noqa: S608 our own names
        found = [tuple(str(value) for value in row) for row in rows]
        if any(value != "0" for row in found for value in row):
            seen[table.name] = found
    seen["what was done"] = {
        (str(kind), str(state)): int(count)
        for kind, state, count in connection.execute(
            text(
                "SELECT kind, state, count(*) FROM tasks WHERE coalesce(key, '') NOT LIKE 'every:%' GROUP BY 1, 2"
            )
        )
    }
    return seen


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
