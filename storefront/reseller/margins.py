"""What a reseller earns: retail minus wholesale, and its share of the retail price (the glossary's margin,
not the markup)."""

from dataclasses import dataclass
from fractions import Fraction

from core.money import Money, round_half_up


@dataclass(frozen=True, slots=True)
class Margin:
    """`percent` is none for a price of nothing. `tone` for the page: bad below wholesale, warn at it."""

    amount: Money
    percent: str | None

    @property
    def tone(self) -> str:
        """How the figure is coloured."""
        return "bad" if self.amount.minor < 0 else "warn" if self.amount.minor == 0 else "ok"

    @property
    def text(self) -> str:
        """Amount and percent: "€0.90 (15.0 %)"."""
        return f"{self.amount.text} ({self.percent} %)" if self.percent is not None else self.amount.text


def margin(retail: Money, wholesale: Money) -> Margin:
    """The margin of one price or one sum; tenths of a percent, rounded half up."""
    amount = retail - wholesale
    if not retail.minor:
        return Margin(amount, None)
    tenths = round_half_up(Fraction(amount.minor * 1000, retail.minor))
    sign, tenths = ("-" if tenths < 0 else ""), abs(tenths)
    return Margin(amount, f"{sign}{tenths // 10}.{tenths % 10}")
