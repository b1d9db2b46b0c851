"""Why a price is what it is, as the pages of the consoles show it: a plan, a number of units, and the steps
of every price that whoever looks may see. The same part stands on the distributor's and the reseller's
page."""

from dataclasses import dataclass
from typing import Any

from flask import request

from checkout import baskets
from checkout.explanations import Explained, Ingredients, explain
from core.errors import Refusal
from core.tenancy import Side


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


def shown(of: Ingredients, said: Asked, side: Side) -> dict[str, Any]:
    """What parts/why.html takes; of a number that cannot be read, nothing is explained."""
    explained: Explained = explain(of, said.quantity).seen_by(side)
    return {
        "typed": said.typed,
        "problem": said.problem,
        "legs": [] if said.problem else explained.legs(),
        "quantity": said.quantity,
        "unit": of.unit,
    }
