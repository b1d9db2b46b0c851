"""What a sheet would change is written down as rows; the catalogue stays as it is. A sheet has
50,000 lines, and somebody waits for them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from catalog import import_comparisons, price_imports
from catalog.price_imports import DIFFERENCES, ImportState, PriceImport, RowKind
from catalog.priced_lines import Sheet
from core import db, states
from core.ids import new_id


def preview(sheet: Sheet, *, market: str, segment: str = "", **given: Any) -> PriceImport:
    """Writes down at once what a sheet would change; the catalogue stays as it is. `given`: see `begin`."""
    made = price_imports.begin(
        source=price_imports.source_of_sheet(market, segment), market=market, segment=segment, **given
    )
    stage(made, sheet)
    return made


def stage(of: PriceImport, sheet: Sheet, *, relations: Sequence[Mapping[str, Any]] = ()) -> None:
    """Writes down what would change, as rows. `relations`: rows about relations, compared already."""
    counts, some = dict.fromkeys(RowKind, 0), list[dict[str, Any]]()
    for row in _all_rows(of, sheet, relations):
        counts[row["kind"]] += 1
        some.append(row)
        if len(some) == BATCH:
            _write(some)
            some = []
    _write(some)
    of.counts = {kind.value: number for kind, number in counts.items() if number}
    of.next_at = sheet.next_at
    states.move(of, ImportState.PREVIEWED, told={"file": of.file_name})


@dataclass(frozen=True, slots=True)
class Difference:
    """What applying would change: rows by kind, and a digest by which the same is known again."""

    counts: Mapping[str, int]
    digest: str


def difference(of: PriceImport, sheet: Sheet, relations: Sequence[Mapping[str, Any]] = ()) -> Difference:
    """What staging it would find; nothing is written."""
    counts, said = dict.fromkeys(DIFFERENCES, 0), list[str]()
    for row in _all_rows(of, sheet, relations):
        if row["kind"] in counts:
            counts[row["kind"]] += 1
            said.append(json.dumps([row[name] for name in TELLING], default=str))
    return Difference(
        {kind.value: number for kind, number in counts.items() if number},
        hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest() if said else "",
    )


TELLING = (
    *("kind", "plan_code", "relation", "product_code", "target_code", "minimum", "maximum"),
    *("list_minor", "list_steps", "cost_minor", "cost_steps", "wholesale_minor", "wholesale_steps"),
)


BATCH = 2000
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("column", "why", "plan_code", "plan", "sku", "term", "billing_period"), ""),
    **dict.fromkeys(("product_code", "vendor", "summary", "category", "description", "product_type"), ""),
    **dict.fromkeys(("relation", "target_code"), ""),
    **dict.fromkeys(("plan_id", "list_minor", "cost_minor", "wholesale_minor", "minimum", "maximum")),
    **dict.fromkeys(("was_list_minor", "was_cost_minor", "was_wholesale_minor")),
    **dict.fromkeys(("was_minimum", "was_maximum")),
    **dict.fromkeys(("list_steps", "cost_steps", "wholesale_steps"), ()),
    **dict.fromkeys(("was_list_steps", "was_cost_steps", "was_wholesale_steps"), ()),
    "segments": (),
    "was_published": False,
    "published": True,
    "line": 0,
}


def _write(rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement for the whole batch, past the unit of work: 50,000 rows are read while somebody waits."""
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        statement = (
            f"INSERT INTO price_import_rows ({columns}) SELECT {columns}"  # noqa: S608 our own names
            " FROM jsonb_populate_recordset(NULL::price_import_rows, %(rows)s::jsonb)"
        )
        with db.told_by_the_driver("price_import_rows"):
            db.driver().execute(
                statement.encode(), {"rows": json.dumps([dict(row) for row in rows], default=str)}
            )


def _all_rows(
    of: PriceImport, sheet: Sheet, relations: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    base: dict[str, Any] = {"distributor_id": of.distributor_id, "import_id": of.id}
    for row in chain(
        import_comparisons.rows(sheet, import_comparisons.all_known(of.price_list_id), of), relations
    ):
        yield base | EMPTY | {"id": new_id()} | dict(row)
