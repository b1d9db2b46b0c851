"""Reads a catalogue file that somebody uploads, and says everything that is wrong with it at once, entry by
entry, before anything is written."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalog import catalogue_shapes, offering_files
from catalog.loading import STEPS, BadCatalogue, amount, own_price_or_factor, volume
from catalog.products import Audience
from core.periods import Term

LARGEST = 4 * 1024 * 1024
PRODUCT_TYPE = ("code", "name", "connector", "audience")
PRODUCT = ("code", "type", "name", "vendor", "category", "summary")
PLAN = ("code", "name", "term")
TERMS = ", ".join(term.value for term in Term)

Entry = Mapping[str, Any]


def parse(content: bytes) -> Entry:
    """The file's content; BadCatalogue names the line that is no TOML."""
    if len(content) > LARGEST:
        raise BadCatalogue(f"The file is larger than {LARGEST // 1024 // 1024} MB.")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadCatalogue("The file is not text in UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadCatalogue(f"The file is no TOML: {error}") from error
    except RecursionError as error:
        raise BadCatalogue("The file is no catalogue: its lists are nested without an end.") from error


def problems(content: Entry, connectors: frozenset[str]) -> list[str]:
    """Every fault in words, in the order of the file; an empty list when it can be loaded."""
    if not isinstance(content.get("currency"), str):
        return ['The file does not name its currency, such as currency = "EUR".']
    if misshapen := list(catalogue_shapes.problems(content)):
        return misshapen
    found = list(_types(content, connectors))
    known = {str(entry.get("code")) for entry in _entries(content, "product_type")}
    seen: set[str] = set()
    for product in _entries(content, "product"):
        found += _product(product, known, str(content["currency"]), seen)
    found += offering_files.problems_of_types(_entries(content, "product_type"))
    found += offering_files.problems_of_plans(
        [(product, _entries(product, "plan")) for product in _entries(content, "product")]
    )
    if not _entries(content, "product"):
        found.append("The file has no [[product]].")
    return found


def _types(content: Entry, connectors: frozenset[str]) -> Iterator[str]:
    for entry in _entries(content, "product_type"):
        where = f"Product type {entry.get('code', '?')}"
        yield from _missing(entry, PRODUCT_TYPE, where)
        if "connector" in entry and entry["connector"] not in connectors:
            yield (
                f"{where}: no connector is called {entry['connector']!r};"
                f" installed are {', '.join(sorted(connectors))}."
            )
        if "audience" in entry and entry["audience"] not in tuple(Audience):
            yield f"{where}: audience is {' or '.join(Audience)}, not {entry['audience']!r}."


def _product(product: Entry, types: set[str], currency: str, seen: set[str]) -> Iterator[str]:
    where = f"Product {product.get('code', '?')}"
    yield from _missing(product, PRODUCT, where)
    if "type" in product and str(product["type"]) not in types:
        yield f"{where}: its type {product['type']!r} is not in the file."
    if not _entries(product, "plan"):
        yield f"{where}: it has no [[product.plan]]."
    own = [str(plan.get("code")) for plan in _entries(product, "plan") if "priced_as" not in plan]
    for plan in _entries(product, "plan"):
        if "priced_as" in plan and plan["priced_as"] not in own:
            yield (
                f"{where}: {plan.get('code')} is priced_as {plan['priced_as']!r};"
                f" allowed are {', '.join(own)}."
            )
        yield from _plan(plan, f"Plan {plan.get('code', '?')}", currency, seen)


def _plan(plan: Entry, where: str, currency: str, seen: set[str]) -> Iterator[str]:
    yield from _missing(plan, PLAN, where)
    if (code := str(plan.get("code"))) in seen:
        yield f"{where}: two plans have this code."
    seen.add(code)
    for name in ("term", "billing"):
        if name in plan and plan[name] not in tuple(Term):
            yield f"{where}: {name} is one of {TERMS}, not {plan[name]!r}."
    for name in ("price", "wholesale", "cost"):
        if name in plan:
            yield from _amount(plan[name], currency, f"{where}, {name}")
        if STEPS[name] in plan:
            yield from _steps(plan, name, currency, where)
    if problem := own_price_or_factor(plan):
        yield f"{where}: {problem}"
    smallest, largest = plan.get("minimum", 1), plan.get("maximum", 10_000)
    if not (isinstance(smallest, int) and isinstance(largest, int) and 1 <= smallest <= largest):
        yield f"{where}: minimum and maximum are whole numbers from 1 on, the maximum not below the minimum."


def _steps(plan: Entry, name: str, currency: str, where: str) -> Iterator[str]:
    try:
        volume(
            {"code": where, **{key: value for key, value in plan.items() if key == STEPS[name]}},
            name,
            currency,
        )
    except BadCatalogue as error:
        yield str(error)


def _amount(value: object, currency: str, where: str) -> Iterator[str]:
    if isinstance(value, float):
        yield f'{where}: write amounts in quotes, such as "12.50", so that no cent is lost.'
        return
    try:
        amount(str(value), currency, where)
    except BadCatalogue as error:
        yield str(error)


def _missing(entry: Entry, names: tuple[str, ...], where: str) -> Iterator[str]:
    absent = [name for name in names if not isinstance(entry.get(name), str | int) or entry.get(name) == ""]
    if absent:
        yield f"{where}: {', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing."


def _entries(content: Entry, name: str) -> list[Entry]:
    found = content.get(name, [])
    if not isinstance(found, list):
        return []
    return [cast(Entry, entry) for entry in cast(list[object], found) if isinstance(entry, Mapping)]
