"""Ids of behaviours and promises: which there are (docs/catalogue_ids.txt), and a collection that fails when
a marker names another one."""

from functools import cache
from pathlib import Path

import pytest

CATALOGUE = Path(__file__).parent.parent / "docs" / "catalogue_ids.txt"
KINDS = ("behaviour", "promise")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """kind -> id -> what its group is about, in the catalogue's order."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        kind, letters, numbers, about = line.split(maxsplit=3)
        first, _, last = numbers.partition("-")
        found[kind] |= {f"{letters}{number}": about for number in range(int(first), int(last or first) + 1)}
    return found


def unknown(kind: str, ids: tuple[str, ...]) -> list[str]:
    """Those of the ids that the catalogue does not have."""
    return [each for each in ids if each not in catalogue()[kind]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """This module is a plugin: a marker with an unknown id, or with none, fails the collection."""
    wrong = [
        f"{item.nodeid}: {kind} {', '.join(unknown(kind, mark.args)) or 'without an id'}"
        for item in items
        for kind in KINDS
        for mark in item.iter_markers(kind)
        if unknown(kind, mark.args) or not mark.args
    ]
    if wrong:
        raise pytest.UsageError("\n  ".join(["docs/catalogue_ids.txt does not have these ids:", *wrong]))
