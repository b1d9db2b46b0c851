"""Volume steps: the price of a unit falls (or rises) from a number of units on. The steps of a price are a
column of the row that has the price, so whoever may see the one may see the other (U19, P23).

A step is `[from, minor]`: from so many units on, each unit costs so many minor units of the row's currency.
The price from the first unit is the row's own; steps begin at 2 and rise. The step of a line is chosen by the
quantity of that line and never by a sum of lines."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Refused
from core.languages import _
from core.money import Money

Steps = Sequence[Sequence[int]]


class Stepped:
    """A price that depends on the quantity."""

    steps: Mapped[list[list[int]]] = mapped_column(JSONB, default=list, server_default="[]")


class WrongSteps(Refused):
    """Steps that nobody could read a price from."""

    def __init__(self) -> None:
        super().__init__(
            _("Steps begin at 2 units, each at more units than the one before, with a price of at least 0.")
        )


def at(price: Money, steps: Steps, quantity: int) -> Money:
    """What one unit costs when so many are bought: the last step that `quantity` reaches, else `price`."""
    reached = [minor for begin, minor in steps if begin <= quantity]
    return Money(reached[-1], price.currency) if reached else price


def checked(steps: Steps) -> list[list[int]]:
    """The steps as they are stored; WrongSteps where they do not rise from 2 on, or a price is negative."""
    begins = [begin for begin, _minor in steps]
    rising = all(earlier < later for earlier, later in zip(begins, begins[1:], strict=False))
    if (begins and begins[0] < 2) or not rising or any(minor < 0 for _begin, minor in steps):
        raise WrongSteps
    return [list(step) for step in steps]
