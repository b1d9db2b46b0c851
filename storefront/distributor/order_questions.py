"""What is asked when a product of a type is ordered: the questions of the type, edited as lines on its page
(catalog/order_fields.py says what may be asked)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from catalog import order_fields
from catalog.attributes import key_of
from catalog.order_fields import KINDS, MOST_FIELDS
from core.languages import Words, for_later

EMPTY = 2
KIND_WORDS = Words(
    {
        "text": for_later("Text"),
        "choice": for_later("One of several"),
        "number": for_later("Number"),
        "email": for_later("E-mail address"),
        "domain": for_later("Domain name"),
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """A question as its line of the form shows it; `more` are the choices, or the pattern of a text."""

    number: int
    name: str
    label: str
    kind: str
    required: bool
    hint: str
    more: str


def lines_of(stored: Sequence[Mapping[str, Any]]) -> list[Line]:
    """What is asked, and a few empty lines."""
    filled = [
        Line(n, one.name, one.label, one.kind, one.required, one.hint, ", ".join(one.choices) or one.pattern)
        for n, one in enumerate(order_fields.of(stored))
    ]
    return [*filled, *(Line(len(filled) + n, "", "", "text", True, "", "") for n in range(EMPTY))]


def typed() -> list[Line]:
    """The lines as they were sent."""
    form = request.form
    return [
        Line(
            n,
            form.get(f"question-{n}-name", "")[:40],
            form.get(f"question-{n}-label", "")[:300],
            form.get(f"question-{n}-kind", "text"),
            f"question-{n}-required" in form,
            form.get(f"question-{n}-hint", "")[:300],
            form.get(f"question-{n}-more", "")[:2000],
        )
        for n in range(MOST_FIELDS + EMPTY)
        if f"question-{n}-label" in form
    ]


def wanted(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """What the lines say; one without a label is left out, and a new one gets a name of its label."""
    taken = [line.name for line in lines if line.name]
    found: list[dict[str, Any]] = []
    for line in lines:
        if not line.label.strip():
            continue
        name = line.name or key_of(line.label, taken)
        taken.append(name)
        kind = line.kind if line.kind in KINDS else "text"
        one: dict[str, Any] = {
            "name": name, "label": line.label, "kind": kind, "required": line.required, "hint": line.hint,
        }  # fmt: skip
        if kind == "choice":
            one["choices"] = [word.strip() for word in line.more.split(",") if word.strip()]
        elif line.more.strip():
            one["pattern"] = line.more.strip()
        found.append(one)
    return found
