"""Volume steps: the price of a unit falls (or rises) from a number of units on. The steps of a price are a
column of the row that has the price, so whoever may see the one may see the other (U19, P23).

A step is `[from, minor]`: from so many units on, each unit costs so many minor units of the row's currency.
The price from the first unit is the row's own; steps begin at 2 and rise. The step of a line is chosen by the
quantity of that line and never by a sum of lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Refused
from core.languages import _
from core.money import Money, exponent, parse

LARGEST = 1_000_000  # euros, dollars, dinars: above it somebody forgot the point
FURTHEST = 1_000_000  # units

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


@dataclass(frozen=True, slots=True)
class Volume:
    """A price with its steps."""

    price: Money
    steps: Steps = ()

    def at(self, quantity: int) -> Money:
        """What one unit costs when so many are bought."""
        return at(self.price, self.steps, quantity)

    def step(self, quantity: int) -> int:
        """From how many units on the price of this quantity counts; 1 is the price of the row."""
        return max([1, *(begin for begin, _minor in self.steps if begin <= quantity)])

    def table(self) -> list[tuple[int, Money]]:
        """Every price with the number of units from which it counts."""
        return [(1, self.price), *((begin, Money(minor, self.price.currency)) for begin, minor in self.steps)]

    def times(self, factor: Fraction | Decimal) -> "Volume":
        """Every price times an exact factor, each rounded half up; the steps begin where they did."""
        scaled = [
            [begin, Money(minor, self.price.currency).times(factor).minor] for begin, minor in self.steps
        ]
        return Volume(self.price.times(factor), scaled)

    @property
    def words(self) -> str:
        """The steps for a note or the trail: "10: €23.95, 50: €21.95"."""
        return ", ".join(f"{begin}: {price.text}" for begin, price in self.table()[1:])


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


def read(
    rows: Sequence[Sequence[str]], currency: str
) -> tuple[list[list[list[int]]], dict[tuple[int, int], str]]:
    """What was typed into a table of steps, each row a number of units and a price for each column: the steps
    of each column, and what is wrong by (row, place), place 0 being the number. A price that is left empty is
    no step of its column; a row that is all empty is none at all."""
    steps: list[list[list[int]]] = [[] for _ in (rows[0][1:] if rows else ())]
    wrong: dict[tuple[int, int], str] = {}
    last = 1
    for number, (begin, *prices) in enumerate(rows):
        if not begin.strip() and not any(price.strip() for price in prices):
            continue
        units = _units(begin)
        if units is None:
            wrong[number, 0] = _("Enter a whole number of units from 2 to %(most)s.", most=f"{FURTHEST:,}")
        elif units <= last:
            wrong[number, 0] = _(
                "Each step begins at more units than the one before: more than %(n)s.", n=last
            )
        elif not any(price.strip() for price in prices):
            wrong[number, 1] = _("Enter a price, or empty the number of units.")
        last = max(last, units or 0)
        for column, price in enumerate(prices):
            if not price.strip():
                continue
            try:
                steps[column].append([units or 0, _price(price, currency)])
            except ValueError as error:
                wrong[number, column + 1] = str(error)
    return steps, wrong


def _units(text: str) -> int | None:
    """A whole number of units at which a step may begin, or nothing."""
    cleaned = text.strip()
    if not cleaned.isascii() or not cleaned.isdigit() or len(cleaned) > 9:
        return None
    return int(cleaned) if 2 <= int(cleaned) <= FURTHEST else None


def _price(text: str, currency: str) -> int:
    minor = parse(text, currency).minor
    most = Money(LARGEST * 10 ** (exponent(currency) or 2), currency)  # a hundred yen are a large unit
    if minor > most.minor:
        raise ValueError(_("A price is at most %(most)s.", most=most.text))
    return minor
