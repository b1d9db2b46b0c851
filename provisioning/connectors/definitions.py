"""What a vendor says it offers: types of products with what their buyers are asked, products, plans with
prices and steps, add-ons, and what may be upgraded to what. Values only; amounts are texts as the vendor
writes them, read by whoever prices a catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Question:
    """Something that a buyer has to say before it can be delivered (M70: a provisioning variable)."""

    name: str
    label: str
    required: bool


@dataclass(frozen=True)
class DefinedType:
    """The schema of a family of products (I83)."""

    code: str
    name: str
    unit: str
    asks: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Step:
    """From so many units on, each costs so much."""

    begin: int
    price: str
    cost: str | None = None


@dataclass(frozen=True)
class DefinedPlan:
    """A sellable variant, priced per unit and billing period."""

    code: str
    sku: str
    name: str
    term: str
    billing: str
    currency: str
    price: str
    cost: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class DefinedProduct:
    """`add_on_of`: products without one of which it is nothing; `needs`: products that have to be there."""

    code: str
    type: str
    name: str
    vendor: str
    category: str
    summary: str
    description: str
    plans: tuple[DefinedPlan, ...]
    add_on_of: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class DefinedUpgrade:
    """A plan may become another; `partial`: some of its seats too."""

    begin: str
    to: str
    partial: bool = False


@dataclass(frozen=True)
class Definition:
    """Everything that a vendor lists."""

    types: tuple[DefinedType, ...]
    products: tuple[DefinedProduct, ...]
    upgrades: tuple[DefinedUpgrade, ...] = ()


class Defines(Protocol):
    """What a connector may have besides: the vendor can say what it offers."""

    def definition(self, settings: Mapping[str, str]) -> Definition:
        """All of it; Unclear when the list cannot be had."""
        ...
