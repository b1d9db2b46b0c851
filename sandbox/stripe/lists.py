"""Stripe's lists: newest first, 1 to 100 a page, walked by the id one starts after or ends before."""

import json

from .refusals import Json
from .store import Act

BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


def page(act: Act, kind: str, url: str, params: Json, where: dict[str, list[str]] | None = None) -> Json:
    """One page of a kind of object; `where` maps a field's JSON path to the list of allowed
    values."""
    conditions = ["account = ?", "kind = ?"]
    values: list[str | int] = [act.account, kind]
    for bound, second in params.get("created", {}).items():
        conditions.append(f"created {BOUNDS[bound]} ?")
        values.append(second)
    for path, allowed in (where or {}).items():
        marks = ", ".join("?" * len(allowed))
        conditions.append(f"json_extract(body, '$.{path}') IN ({marks})")
        values.extend(allowed)
    backwards = "ending_before" in params
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            conditions.append(f"seq {sign} ?")
            values.append(position(act, kind, params[name], name))
    limit = params.get("limit", 10)
    statement = (
        f"SELECT body FROM objects WHERE {' AND '.join(conditions)} "  # noqa: S608 names are ours, values are bound
        f"ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT {limit + 1}"
    )
    found = [json.loads(row["body"]) for row in act.db.execute(statement, values)]
    data = found[:limit]
    return {
        "object": "list",
        "url": url,
        "has_more": len(found) > limit,
        "data": data[::-1] if backwards else data,
    }


def position(act: Act, kind: str, object_id: str, param: str) -> int:
    act.get(kind, object_id, param)
    return act.db.execute("SELECT seq FROM objects WHERE id = ?", (object_id,)).fetchone()["seq"]
