"""What products of a type are described by: named attributes of a kind, declared by the type, with a value on
the product or on one of its plans (I83). A product type is the schema; this file reads both against it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from core.errors import Refused
from core.languages import Words, _, for_later

MOST = 30
LONGEST_NAME, LONGEST_VALUE = 60, 200
WORD = re.compile(r"[^a-z0-9]+")
YES, NO = "yes", "no"


class AttributeKind(StrEnum):
    """What a value may be."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"


KINDS = Words(
    {
        AttributeKind.TEXT: for_later("Text"),
        AttributeKind.NUMBER: for_later("Number"),
        AttributeKind.CHOICE: for_later("Choice"),
        AttributeKind.YES_NO: for_later("Yes or no"),
    }
)


class WrongAttribute(Refused):
    """A schema nobody could fill in; the sentence names the attribute."""


class WrongValue(ValueError):
    """A value that the schema does not allow; the message says what is."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One line of a schema. `key` stays when the name changes, so that values stay too. `unit` belongs to a
    number, `choices` to a choice."""

    key: str
    name: str
    kind: AttributeKind
    unit: str = ""
    choices: tuple[str, ...] = ()

    def read(self, typed: str) -> str | bool | None:
        """The value as it is stored: a text, a number written out ("1.5"), one of the choices, or yes and no;
        None for nothing. WrongValue says what is allowed."""
        words = typed.strip()
        if not words:
            return None
        if len(words) > LONGEST_VALUE:
            raise WrongValue(_("At most %(most)s characters.", most=LONGEST_VALUE))
        if self.kind is AttributeKind.NUMBER:
            return number(words)
        if self.kind is AttributeKind.CHOICE and words not in self.choices:
            raise WrongValue(_("Choose one of: %(choices)s.", choices=", ".join(self.choices)))
        if self.kind is AttributeKind.YES_NO:
            if words not in (YES, NO):
                raise WrongValue(_("Yes or no."))
            return words == YES
        return words

    def typed(self, value: object) -> str:
        """A stored value as a form shows it."""
        return (YES if value else NO) if isinstance(value, bool) else "" if value is None else str(value)

    def said(self, value: object) -> str:
        """A stored value as people read it."""
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        return f"{value} {self.unit}".strip()


def number(words: str) -> str:
    """A number without superfluous digits; WrongValue for what is none, infinite or too large."""
    try:
        found = Decimal(words.replace(",", "."))
    except InvalidOperation:
        raise WrongValue(_("A number, such as 50 or 1.5.")) from None
    large = 10**15
    if not found.is_finite() or not -large < found < large or -int(found.as_tuple().exponent) > 6:
        raise WrongValue(_("A number below 10^15 with at most six decimals, such as 50 or 1.5."))
    return f"{found.normalize():f}"


def schema(stored: Sequence[Mapping[str, Any]]) -> list[Attribute]:
    """The attributes of a product type, as its row has them."""
    return [
        Attribute(
            str(one["key"]),
            str(one["name"]),
            AttributeKind(one["kind"]),
            str(one.get("unit", "")),
            tuple(map(str, one.get("choices", ()))),
        )
        for one in stored
    ]


def stored(attributes: Sequence[Attribute]) -> list[dict[str, Any]]:
    """The schema as a row has it; WrongAttribute where names repeat, a choice has nothing to choose from, or
    there are too many."""
    if len(attributes) > MOST:
        raise WrongAttribute(_("A product type has at most %(most)s attributes.", most=MOST))
    seen: set[str] = set()
    for one in attributes:
        name = one.name.strip()
        if not name or len(name) > LONGEST_NAME:
            raise WrongAttribute(_("An attribute has a name of at most %(most)s letters.", most=LONGEST_NAME))
        if name.lower() in seen:
            raise WrongAttribute(_("Two attributes are called “%(name)s”.", name=name))
        if one.kind is AttributeKind.CHOICE and len(set(one.choices)) < 2:
            raise WrongAttribute(
                _("“%(name)s” is a choice: name at least two values, with commas between.", name=name)
            )
        seen.add(name.lower())
    return [{**asdict(one), "kind": one.kind.value, "choices": list(one.choices)} for one in attributes]


def key_of(name: str, taken: Sequence[str]) -> str:
    """A key for a new attribute, made of its name."""
    plain = WORD.sub("_", name.lower()).strip("_")[:40] or "attribute"
    if plain not in taken:
        return plain
    return next(f"{plain}_{n}" for n in range(2, MOST + 3) if f"{plain}_{n}" not in taken)


def read(attributes: Sequence[Attribute], typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """key -> value, and key -> what is wrong with it."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for one in attributes:
        try:
            value = one.read(typed.get(one.key, ""))
        except WrongValue as error:
            wrong[one.key] = str(error)
            continue
        if value is not None:
            values[one.key] = value
    return values, wrong


def said(
    attributes: Sequence[Attribute], *values: Mapping[str, Any]
) -> Iterator[tuple[Attribute, str | bool]]:
    """Each attribute that has a value, in the schema's order; the last mapping that has one wins (a plan's
    before its product's)."""
    for one in attributes:
        found = next((each[one.key] for each in reversed(values) if each.get(one.key) is not None), None)
        if found is not None:
            yield one, found if isinstance(found, bool) else one.said(found)
