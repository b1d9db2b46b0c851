"""What a catalogue file says besides products and prices: categories in their order, attributes and their
values, words in other languages, to whom plans are sold, and which plan may become which."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import select

from catalog import attributes, categories, markets, publication, translations, upgrades
from catalog.attributes import Attribute, AttributeKind
from catalog.categories import Category
from catalog.products import Plan, Product, ProductType, SaleState
from catalog.translations import Words
from catalog.upgrades import Moves, PlanUpgrade
from core import db
from core.errors import Refused
from core.parties import Segment

Entry = Mapping[str, Any]


class BadCatalogue(ValueError):
    """A file that cannot be loaded; the message names the entry and what is allowed."""


def schema_of(entry: Entry) -> list[dict[str, Any]]:
    """The attributes of a [[product_type]]: a list of tables with name, kind, and a unit or choices."""
    where, made, taken = f"Product type {entry.get('code')}", list[Attribute](), list[str]()
    for one in _tables(entry.get("attributes", []), where, "attributes"):
        kind = str(one.get("kind", "text"))
        if kind not in tuple(AttributeKind):
            raise BadCatalogue(
                f"{where}: the kind of an attribute is one of {', '.join(AttributeKind)}, not {kind!r}."
            )
        name = str(one.get("name", ""))
        key = attributes.key_of(name, taken)
        taken.append(key)
        choices = tuple(map(str, cast(list[object], one.get("choices", []))))
        made.append(Attribute(key, name, AttributeKind(kind), str(one.get("unit", "")), choices))
    try:
        return attributes.stored(made)
    except Refused as refusal:
        raise BadCatalogue(f"{where}: {refusal}") from refusal


def values_of(entry: Entry, kind: ProductType) -> dict[str, Any]:
    """The values of a product or plan, named as in its type: attributes = { Storage = 50, "Sign-on" =
    true }."""
    given, schema = entry.get("attributes", {}), attributes.schema(kind.attributes)
    by_name = {one.name: one for one in schema}
    if not isinstance(given, Mapping):
        raise BadCatalogue(f"{entry.get('code')}: attributes is a table, such as {{ Storage = 50 }}.")
    values = cast(Entry, given)
    unknown = [name for name in values if name not in by_name]
    if unknown:
        raise BadCatalogue(
            f"{entry.get('code')}: its type has no attribute {unknown[0]!r}; it has:"
            f" {', '.join(by_name) or 'none'}."
        )
    typed = {by_name[name].key: by_name[name].typed(value) for name, value in values.items()}
    found, wrong = attributes.read(schema, typed)
    for key, words in wrong.items():
        raise BadCatalogue(f"{entry.get('code')}, {key}: {words}")
    return found


def sale_of(entry: Entry) -> dict[str, Any]:
    """`state = "draft"` of a product or plan; published where nothing is said."""
    state = str(entry.get("state", SaleState.PUBLISHED))
    if state not in tuple(SaleState):
        raise BadCatalogue(f"{entry.get('code')}: state is one of {', '.join(SaleState)}, not {state!r}.")
    return {"state": SaleState(state), "published": state == SaleState.PUBLISHED}


def sold_to(offer: Entry) -> dict[str, Any]:
    """The markets and segments of a plan."""
    segments = _words(offer, "segments")
    for one in segments:
        if one not in tuple(Segment):
            raise BadCatalogue(f"{offer.get('code')}: segments are {', '.join(Segment)}, not {one!r}.")
    try:
        return {"markets": markets.read(" ".join(_words(offer, "markets"))), "segments": segments}
    except Refused as refusal:
        raise BadCatalogue(f"{offer.get('code')}: {refusal}") from refusal


def furnish(content: Entry) -> None:
    """What refers to products that are there by now; doing it again changes nothing. BadCatalogue names what
    is wrong."""
    categories.take_in()
    try:
        _place(content)
        _translate(content)
        _replace(content)
        _draw(content)
    except Refused as refusal:
        raise BadCatalogue(str(refusal)) from refusal


def _place(content: Entry) -> None:
    """[[category]]: in the order of the file; `below` names its parent, `words` what it is called in other
    languages."""
    known = {one.name: one for one in db.session().scalars(select(Category))}
    for number, entry in enumerate(_tables(content.get("category", []), "The file", "category")):
        name, below = str(entry.get("name", "")), str(entry.get("below", ""))
        if not name or (below and below not in known):
            raise BadCatalogue(f"Category {name!r}: below names a category that comes before it.")
        row = known.get(name) or categories.add(name)
        known[name] = row
        categories.change(row, name=name, position=10 * (number + 1), parent=known[below] if below else None)
        for language, words in _mapping(entry, "words"):
            translations.keep(row, language, Words(str(words)))


def _translate(content: Entry) -> None:
    """`words.de = { name = "…", summary = "…" }` of a product, `words.de = "…"` of a plan."""
    entries = [one for one in _tables(content.get("product", []), "The file", "product")]
    products = _by_code(Product, (entry for entry in entries if "words" in entry))
    plans = _by_code(Plan, (offer for entry in entries for offer in entry["plan"] if "words" in offer))
    for entry in entries:
        for language, said in _mapping(entry, "words"):
            words = cast(Entry, said) if isinstance(said, Mapping) else {"name": said}
            given = {what: str(words.get(what, "")) for what in translations.LONGEST}
            translations.keep(products[entry["code"]], language, Words(**given))
        for offer in entry["plan"]:
            for language, said in _mapping(offer, "words"):
                translations.keep(plans[offer["code"]], language, Words(str(said)))


def _replace(content: Entry) -> None:
    """`replaced_by` of a product that is retired."""
    entries = [one for one in _tables(content.get("product", []), "The file", "product")]
    asked = [entry for entry in entries if "replaced_by" in entry]
    known = _by_code(Product, [*asked, *({"code": str(entry["replaced_by"])} for entry in asked)])
    for entry in asked:
        by = known.get(str(entry["replaced_by"]))
        if by is None:
            raise BadCatalogue(f"{entry['code']}: no product has the code {entry['replaced_by']!r}.")
        publication.replace(known[entry["code"]], by)


def _draw(content: Entry) -> None:
    """[[upgrade]]: from, to (codes of plans), moves ("all" or "some")."""
    wanted = _tables(content.get("upgrade", []), "The file", "upgrade")
    codes = [{"code": str(one.get(end, ""))} for one in wanted for end in ("from", "to")]
    plans = _by_code(Plan, codes)
    chosen = select(PlanUpgrade.from_plan_id, PlanUpgrade.to_plan_id)
    there = {(begin, end) for begin, end in db.session().execute(chosen)}
    for one in wanted:
        begin, end = plans.get(str(one.get("from"))), plans.get(str(one.get("to")))
        moves = str(one.get("moves", Moves.ALL))
        if begin is None or end is None or moves not in tuple(Moves):
            raise BadCatalogue(
                f"An upgrade leads from a plan to a plan (codes) and moves {' or '.join(Moves)}:"
                f" {one.get('from')!r} to {one.get('to')!r}, {moves!r}."
            )
        if (begin.id, end.id) not in there:
            upgrades.add(begin, end, Moves(moves))


# --- Small readers ------------------------------------------------------------------------------------------


def _by_code(model: Any, entries: Iterable[Entry]) -> dict[str, Any]:
    codes = [str(entry["code"]) for entry in entries]
    rows = db.session().scalars(select(model).where(model.code.in_(codes))) if codes else ()
    return {row.code: row for row in rows}


def _tables(found: object, where: str, what: str) -> list[Entry]:
    if not isinstance(found, list) or any(not isinstance(one, Mapping) for one in cast(list[object], found)):
        raise BadCatalogue(f"{where}: {what} is a list of tables.")
    return cast(list[Entry], found)


def _mapping(entry: Entry, name: str) -> list[tuple[str, object]]:
    found = entry.get(name, {})
    if not isinstance(found, Mapping):
        raise BadCatalogue(f"{entry.get('code') or entry.get('name')}: {name} is a table of languages.")
    return list(cast(Mapping[str, object], found).items())


def _words(entry: Entry, name: str) -> list[str]:
    found = entry.get(name, [])
    if not isinstance(found, list):
        raise BadCatalogue(f"{entry.get('code')}: {name} is a list of words.")
    return [str(one) for one in cast(list[object], found)]
