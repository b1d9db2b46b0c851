"""Of which kind each value of a catalogue file is. Looked at before anything else: what reads a file goes by
these kinds, and a file is written by people. What is not named here is looked at by whoever reads it
(offering_files.py)."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from catalog import editing

Entry = Mapping[str, Any]
Look = Callable[[object], str]  # what the value should be, or nothing when it is

LONGEST = 200
LONGEST_TEXT = 20_000
MOST = 1_000_000


def word(most: int = LONGEST) -> Look:
    """A text of so many characters at most."""
    wanted = f"words in quotes, at most {most:,} characters"
    return lambda value: "" if isinstance(value, str) and len(value) <= most else wanted


def code(value: object) -> str:
    """What an address can have."""
    fits = isinstance(value, str) and editing.CODE.fullmatch(value) and value not in editing.RESERVED
    return "" if fits else "small letters, digits and dashes in quotes, at most 60"


def number(value: object) -> str:
    """A whole number; where it may be how large is said by the rule that it belongs to."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST
    return "" if fits else f"a whole number, at most {MOST:,}"


def yes_or_no(value: object) -> str:
    """A switch."""
    return "" if isinstance(value, bool) else "true or false"


def table(value: object) -> str:
    """Names with values."""
    return "" if isinstance(value, Mapping) else 'a table, such as { name = "value" }'


def words(value: object) -> str:
    """A list of texts."""
    fits = isinstance(value, list) and not any(word()(one) for one in cast(list[object], value))
    return "" if fits else "a list of words in quotes"


def numbers(value: object) -> str:
    """A list of whole numbers."""
    fits = isinstance(value, list) and not any(number(one) for one in cast(list[object], value))
    return "" if fits else "a list of whole numbers"


def tables(value: object) -> str:
    """A list of tables, which are looked at one by one."""
    fits = isinstance(value, list) and all(isinstance(one, Mapping) for one in cast(list[object], value))
    return "" if fits else "a list of tables"


def steps(value: object) -> str:
    """Prices from so many units on."""
    return "" if isinstance(value, list) else 'a list of steps, such as [[10, "23.95"]]'


WORDS = {"words": table}
SHAPES: dict[str, dict[str, Look]] = {
    "product_type": {
        **dict.fromkeys(("code", "name", "connector", "audience", "unit"), word()),
        **dict.fromkeys(("opens_storefront", "ends_at_term", "by_usage"), yes_or_no),
        "code": code,
        "notice_days": numbers,
        "grace_days": number,
        "attributes": tables,
    },
    "product": {
        **dict.fromkeys(("type", "name", "vendor", "category", "state", "replaced_by"), word()),
        **dict.fromkeys(("summary", "description"), word(LONGEST_TEXT)),
        "code": code,
        "attributes": table,
        "plan": tables,
        **WORDS,
    },
    "plan": {
        **dict.fromkeys(("sku", "name", "term", "billing", "state", "priced_as", "add_on_quantity"), word()),
        **dict.fromkeys(("steps", "wholesale_steps", "cost_steps"), steps),
        **dict.fromkeys(("markets", "segments"), words),
        **dict.fromkeys(("minimum", "maximum"), number),
        "code": code,
        "features": table,
        "attributes": table,
        **WORDS,
    },
    "category": {"name": word(), "below": word(), **WORDS},
    "upgrade": dict.fromkeys(("from", "to", "moves"), word()),
    "attributes": {"name": word(), "kind": word(), "unit": word(), "choices": words},
}
INSIDE = {"product_type": ("attributes",), "product": ("plan",)}


def problems(content: Entry) -> Iterator[str]:
    """What is of another kind than it should be, with the name of its entry."""
    if _cannot_be_kept(content):
        yield "The file has characters that no text has (U+0000), or numbers that are none (nan, inf)."
        return
    for name in ("product_type", "category", "product", "upgrade"):
        yield from _entries(content, name, "The file")


def _entries(holder: Entry, name: str, where: str) -> Iterator[str]:
    found: object = holder.get(name, [])
    if wanted := tables(found):
        yield f"{where}: {name} is {wanted}."
        return
    for entry in cast(list[Entry], found):
        here = f"{name.replace('_', ' ').capitalize()} {entry.get('code') or entry.get('name') or '?'}"
        wrong = [
            f"{here}: {key} is {wanted}."
            for key, look in SHAPES[name].items()
            if key in entry and (wanted := look(entry[key]))
        ]
        yield from wrong
        for inside in INSIDE.get(name, ()):
            if not wrong:
                yield from _entries(entry, inside, here)


def _cannot_be_kept(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_cannot_be_kept(one) for pair in cast(Entry, value).items() for one in pair)
    return isinstance(value, list) and any(map(_cannot_be_kept, cast(list[object], value)))
