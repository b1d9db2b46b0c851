"""Prices in words, for pages of every side: the table of volume steps with the one that counts, and why a
price is what it is, as far as whoever looks may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from catalog.volumes import Volume
from checkout import baskets
from checkout.explanations import Explained, Ingredients, Leg, Taken, explain
from core.errors import Refusal
from core.languages import Words, _
from core.money import Money
from core.tenancy import Side

OWN = Words({Leg.WHOLESALE: "What you pay", Leg.RETAIL: "What your customers pay"})
"""The prices as the reseller itself reads them."""


@dataclass(frozen=True, slots=True)
class Range:
    """A row of the table of steps."""

    words: str
    price: Money
    current: bool


def ranges(volume: Volume, quantity: int | None, *, least: int = 1) -> list[Range]:
    """The steps in words, the one that counts marked; none where the price is the same for every number that
    may be ordered. Steps below `least` are nobody's to buy."""
    table = volume.table()
    ends = [begin - 1 for begin, _price in table[1:]]
    here = volume.step(quantity) if quantity else 0
    shown = [
        Range(_range(max(begin, least), end), price, begin == here)
        for (begin, price), end in zip(table, [*ends, None], strict=True)
        if end is None or end >= least
    ]
    return shown if len(shown) > 1 else []


def _range(first: int, last: int | None) -> str:
    if last is None:
        return _("%(n)s and more", n=f"{first:,}")
    return f"{first:,}" if first == last else _("%(first)s to %(last)s", first=f"{first:,}", last=f"{last:,}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A number of units as it was typed, and what is wrong with it."""

    typed: str
    quantity: int
    problem: str


def asked(minimum: int) -> Asked:
    """The number in the address, or the least that may be ordered."""
    typed = request.args.get("quantity", str(minimum)).strip()[:12]
    try:
        quantity = baskets.parse_quantity(typed)
        baskets.check_quantity(quantity, 1, 10_000_000, "unit")
    except Refusal as refusal:
        return Asked(typed, minimum, str(refusal))
    return Asked(typed, quantity, "")


def shown(of: Ingredients, said: Asked, side: Side, taken: Sequence[Taken] = ()) -> dict[str, Any]:
    """What parts/why.html takes; of a number that cannot be read, nothing is explained."""
    explained: Explained = explain(of, said.quantity, taken).seen_by(side)
    return {
        "typed": said.typed,
        "problem": said.problem,
        "legs": []
        if said.problem
        else [
            (leg, OWN.get(leg, words) if side is Side.RESELLER else words, *more)
            for leg, words, *more in explained.legs()
        ],
        "quantity": said.quantity,
        "unit": of.unit,
    }
