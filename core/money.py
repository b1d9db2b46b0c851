"""Money is an integer of minor units with its currency. Rounding and splitting happen here and nowhere else
(QM2, QM4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import NumberPattern, format_currency, parse_pattern

# ISO 4217 exponents; everything else has two digits.
NO_DIGITS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DIGITS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


LETTER_BEFORE_DIGIT = re.compile(r"(?<=[A-Za-z])(?=\d)")  # CLDR wants a space between KWD and its amount


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum; that is always a bug."""


def exponent(currency: str) -> int:
    """Digits after the point of a currency: 0, 2 or 3."""
    return 0 if currency in NO_DIGITS else 3 if currency in THREE_DIGITS else 2


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents, yen, fils) of an ISO 4217 `currency`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):  # pyright: ignore[reportUnnecessaryIsInstance]  callers may be untyped
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")

    def __composite_values__(self) -> tuple[int, str]:
        return self.minor, self.currency

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return self.text

    @property
    def amount(self) -> Decimal:
        """The decimal people write: Money(1250, "EUR").amount == Decimal("12.50")."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    @property
    def text(self) -> str:
        """For pages and mails: "€12.50"."""
        return self.in_locale("en")

    def in_locale(self, locale: str) -> str:
        """The amount as people of a locale write it, with its currency and all its digits."""
        return _written(self, locale)

    def times(self, factor: Fraction | Decimal) -> "Money":
        """This amount times an exact factor, rounded half up (away from zero)."""
        exact = Fraction(self.minor) * Fraction(factor)
        return Money(round_half_up(exact), self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Parts by weight that add up exactly: largest remainder, ties to the larger weight, then to the
        first (QM4)."""
        whole = sum(weights)
        if not weights or whole <= 0 or min(weights) < 0:
            raise ValueError("split needs weights of at least zero, not all zero")
        sign = -1 if self.minor < 0 else 1
        parts = [divmod(abs(self.minor) * weight, whole) for weight in weights]
        missing = abs(self.minor) - sum(part for part, _ in parts)
        by_remainder = sorted(range(len(parts)), key=lambda i: (-parts[i][1], -weights[i], i))
        lucky = set(by_remainder[:missing])
        return [Money(sign * (part + (i in lucky)), self.currency) for i, (part, _) in enumerate(parts)]

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.minor


@cache
def _pattern(locale: str, digits: int) -> NumberPattern:
    """How a locale writes amounts, with so many digits. CLDR's own digits are those of daily life (none for
    RSD); we show what is owed."""
    usual = Locale.parse(locale).currency_formats["standard"].pattern
    return parse_pattern(usual.replace(".00", "." + "0" * digits if digits else ""))


@lru_cache(maxsize=20_000)
def _written(money: Money, locale: str) -> str:
    """Formatting costs more than the rest of a table row, and prices repeat."""
    digits = exponent(money.currency)
    written = format_currency(
        money.amount, money.currency, _pattern(locale, digits), locale, currency_digits=False
    )
    return LETTER_BEFORE_DIGIT.sub("\xa0", written)


def zero(currency: str) -> Money:
    """Nothing, in a currency."""
    return Money(0, currency)


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum of amounts that are all of `currency`."""
    return sum(amounts, zero(currency))


def round_half_up(exact: Fraction) -> int:
    """The one rounding rule: half away from zero."""
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -whole if exact < 0 else whole


def parse(text: str, currency: str) -> Money:
    """What a person typed ("12.50", "12,50") as Money; ValueError says what is wrong."""
    cleaned = text.strip().replace(" ", "")
    if "," in cleaned and "." not in cleaned:
        cleaned = cleaned.replace(",", ".")
    digits, _, decimals = cleaned.partition(".")
    if (
        not digits.isascii()
        or not digits.isdigit()
        or (decimals and not (decimals.isascii() and decimals.isdigit()))
    ):
        raise ValueError("Enter an amount such as 12.50.")
    if len(decimals) > exponent(currency):
        raise ValueError(f"{currency} has {exponent(currency)} digits after the point.")
    if len(digits) > 12:
        raise ValueError("This amount is too large.")
    return Money(int(digits + decimals.ljust(exponent(currency), "0")), currency)
