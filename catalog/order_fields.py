"""Order-time fields of a product type: what is asked when a product of the type is ordered, besides what its
connector asks. They are rows of data in `ProductType.order_fields`; no price is ever among them, and whatever
is answered changes none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import Refused
from core.languages import _

KINDS = ("text", "choice", "number", "email", "domain")
MOST_FIELDS, MOST_CHOICES, LONGEST, LONGEST_PATTERN = 20, 50, 200, 120
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
NESTED = re.compile(r"[*+}]\)?[*+{]|\([^)]*[*+|][^)]*\)[*+{]")
"""A repetition of a repetition: such a pattern may take for ever over a short answer."""


class WrongField(Refused):
    """A question that could not be asked, or not be answered."""


@dataclass(frozen=True, slots=True)
class OrderField:
    """One question. `pattern` is a regular expression that a whole answer has to match."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    hint: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""

    def stored(self) -> dict[str, Any]:
        """As it stands in the product type."""
        return asdict(self) | {"choices": list(self.choices)}


def of(stored: Sequence[Mapping[str, Any]]) -> list[OrderField]:
    """The questions of a product type, from its column."""
    return [
        OrderField(
            str(one["name"]),
            str(one["label"]),
            str(one.get("kind", "text")),
            bool(one.get("required", True)),
            str(one.get("hint", "")),
            tuple(one.get("choices", ())),
            str(one.get("pattern", "")),
        )
        for one in stored
    ]


def checked(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The questions as they are stored; WrongField names the first that cannot be asked."""
    if len(wanted) > MOST_FIELDS:
        raise WrongField(_("A product type asks at most %(number)s questions.", number=MOST_FIELDS))
    names: set[str] = set()
    found: list[dict[str, Any]] = []
    for one in wanted:
        field = _read(one)
        if field.name in names:
            raise WrongField(_("Two questions are called “%(name)s”.", name=field.name))
        names.add(field.name)
        found.append(field.stored())
    return found


def _read(one: Mapping[str, Any]) -> OrderField:
    name, label = str(one.get("name", "")), str(one.get("label", ""))
    unknown = sorted(set(one) - {"name", "label", "kind", "required", "hint", "choices", "pattern"})
    if unknown:
        raise WrongField(
            _(
                "“%(name)s” says %(what)s, which a question does not have. It has a name, label, kind,"
                " required, hint, choices and pattern.",
                name=name,
                what=unknown[0],
            )
        )
    if not NAME.fullmatch(name):
        raise WrongField(
            _("The name “%(name)s” is not made of small letters, digits and underscores.", name=name)
        )
    if not label.strip() or len(label) > LONGEST:
        raise WrongField(_("“%(name)s” needs a label of at most %(most)s letters.", name=name, most=LONGEST))
    kind, required = one.get("kind", "text"), one.get("required", True)
    if kind not in KINDS:
        raise WrongField(
            _(
                "The kind of “%(name)s” is %(kind)s; allowed are: %(kinds)s.",
                name=name,
                kind=str(kind),
                kinds=", ".join(KINDS),
            )
        )
    if not isinstance(required, bool):
        raise WrongField(_("“%(name)s” is required: true or false.", name=name))
    choices = tuple(str(choice).strip() for choice in one.get("choices", ()))
    if (kind == "choice") != bool(choices) or len(choices) > MOST_CHOICES or len(set(choices)) < len(choices):
        raise WrongField(
            _("“%(name)s” needs its choices, each once, if it is a choice, and none otherwise.", name=name)
        )
    return OrderField(
        name, label.strip(), str(kind), required, str(one.get("hint", ""))[:LONGEST], choices,
        _pattern(name, str(kind), str(one.get("pattern", ""))),
    )  # fmt: skip


def _pattern(name: str, kind: str, pattern: str) -> str:
    """A pattern that ends in good time on any answer."""
    if not pattern:
        return ""
    try:
        re.compile(pattern)
    except re.error as error:
        raise WrongField(
            _("The pattern of “%(name)s” is no regular expression: %(why)s.", name=name, why=str(error))
        ) from None
    if kind != "text" or len(pattern) > LONGEST_PATTERN or NESTED.search(pattern):
        raise WrongField(
            _(
                "The pattern of “%(name)s” is for text, at most %(most)s characters long, and repeats nothing"
                " that is repeated already.",
                name=name,
                most=LONGEST_PATTERN,
            )
        )
    return pattern
