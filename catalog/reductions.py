"""What discounts take off a price: which of several holds, in which order, and how much each takes. Nothing
here knows a table or a clock, so that the shelf, the basket and the order cannot differ.

The rule, said plainly: discounts that combine are taken one after the other, percentages before amounts, the
older before the younger; one that does not combine stands alone. A code comes after promotions, or alone
where it does not combine. Of all that is possible, what costs the buyer least is taken. A price never falls
below nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from catalog.volumes import Volume
from core.languages import Words
from core.money import Money, total


class Bearer(StrEnum):
    """Whose margin a discount comes out of (QM9)."""

    DISTRIBUTOR = "distributor"
    VENDOR = "vendor"
    RESELLER = "reseller"


BEARERS = Words({"distributor": "The distributor", "vendor": "The vendor", "reseller": "The reseller"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A discount that somebody may have on a line: so many basis points, or `minor` units of `currency` off
    each unit, from `minimum` units on. `counted`: its uses have a limit; `left_minor` is what it may still
    give in all."""

    id: UUID
    name: str
    basis_points: int = 0
    minor: int = 0
    currency: str = ""
    combines: bool = False
    minimum: int = 1
    is_code: bool = False
    bearer: Bearer = Bearer.RESELLER
    counted: bool = False
    left_minor: int | None = None
    ends_on: date | None = None

    def fits(self, currency: str, quantity: int) -> bool:
        """Whether it can be had on so many units at a price of this currency."""
        in_money = self.minor > 0 or self.left_minor is not None
        return quantity >= self.minimum and (not in_money or self.currency == currency)

    def off(self, price: Money) -> Money:
        """What it takes off one unit."""
        if self.basis_points:
            return price - price.times(Fraction(10_000 - self.basis_points, 10_000))
        return Money(min(self.minor, price.minor), price.currency)


@dataclass(frozen=True, slots=True)
class Cut:
    """What an offer takes off one unit."""

    offer: Offer
    unit: Money


Cuts = tuple[Cut, ...]


def cuts(price: Money, offers: Sequence[Offer], quantity: int = 1) -> Cuts:
    """What is taken off one unit when so many are bought; empty where nothing is."""
    fitting = [offer for offer in offers if offer.fits(price.currency, quantity)]
    chains = [_chain(price, chosen) for chosen in _possible(fitting)]
    return min(chains, key=lambda one: (lowered(price, one).minor, len(one), [c.offer.id for c in one]))


def _possible(offers: Sequence[Offer]) -> Iterable[list[Offer]]:
    """Every combination that may be had, in the order in which it is taken."""
    promotions = [offer for offer in offers if not offer.is_code]
    together = sorted((o for o in promotions if o.combines), key=lambda o: (not o.basis_points, o.id))
    bases = [[], together, *([offer] for offer in promotions if not offer.combines)]
    yield from bases
    for code in (offer for offer in offers if offer.is_code):
        yield from [[*base, code] for base in bases] if code.combines else [[code]]


def _chain(price: Money, offers: Sequence[Offer]) -> Cuts:
    taken: list[Cut] = []
    for offer in offers:
        off = offer.off(price)
        price -= off
        if off:
            taken.append(Cut(offer, off))
    return tuple(taken)


def lowered(price: Money, taken: Sequence[Cut]) -> Money:
    """What one unit costs then."""
    return price - total([cut.unit for cut in taken], price.currency)


@dataclass(frozen=True, slots=True)
class Position:
    """So many units at a price, and what may be had on them."""

    price: Money
    quantity: int
    offers: Sequence[Offer]


def of_all(positions: Sequence[Position]) -> list[Cuts]:
    """The cuts of every position. An offer that would give more in all than it has left is not had at all, by
    any position; what else there is takes its place."""
    gone: set[UUID] = set()
    while True:
        chosen = [
            cuts(one.price, [offer for offer in one.offers if offer.id not in gone], one.quantity)
            for one in positions
        ]
        spent = sums(positions, chosen)
        over = {
            offer.id
            for one in positions
            for offer in one.offers
            if offer.left_minor is not None and spent.get(offer.id, 0) > offer.left_minor
        }
        if not over:
            return chosen
        gone |= over


def sums(positions: Sequence[Position], chosen: Sequence[Cuts]) -> dict[UUID, int]:
    """offer -> what it gives over all positions, in minor units."""
    spent: dict[UUID, int] = {}
    for one, taken in zip(positions, chosen, strict=True):
        for cut in taken:
            spent[cut.offer.id] = spent.get(cut.offer.id, 0) + cut.unit.minor * one.quantity
    return spent


def volume_after(volume: Volume, offers: Sequence[Offer]) -> Volume:
    """A price with its steps, each less what holds at it."""

    def less(price: Money, quantity: int) -> Money:
        return lowered(price, cuts(price, offers, quantity))

    (_one, price), *steps = volume.table()
    return Volume(less(price, 1), [[begin, less(at, begin).minor] for begin, at in steps])


# --- What holds for everybody, as it is kept with a listing -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A price as a shelf shows it: `was` is the one struck through, `until` the last day."""

    price: Money
    was: Money | None = None
    name: str = ""
    until: date | None = None


def on_sale(sale: Sequence[Mapping[str, Any]] | None, currency: str) -> list[Offer]:
    """What is kept with a listing (catalog/sales.py), as offers."""
    return [
        Offer(
            UUID(one["id"]),
            one["name"],
            one["basis_points"],
            one["minor"],
            one["currency"] or currency,
            one["combines"],
            ends_on=date.fromisoformat(one["ends_on"]) if one["ends_on"] else None,
        )
        for one in sale or ()
    ]


def shown(price: Money, sale: Sequence[Mapping[str, Any]] | None) -> Shown:
    """The price of one unit for everybody."""
    if not sale:
        return Shown(price)
    taken = cuts(price, on_sale(sale, price.currency))
    if not taken:
        return Shown(price)
    ends = [cut.offer.ends_on for cut in taken if cut.offer.ends_on is not None]
    names = " + ".join(cut.offer.name for cut in taken)
    return Shown(lowered(price, taken), price, names, min(ends) if ends else None)
