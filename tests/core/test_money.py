"""Money is whole minor units with a currency; splits add up (QM2, QM4)."""

import ast
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import money
from core.money import CurrencyMismatch, Money, exponent, parse, round_half_up, total, zero
from tests.sizes import often

ROOT = Path(__file__).parents[2]
currencies = st.sampled_from(["EUR", "USD", "JPY", "UGX", "ISK", "KWD", "TND", "CLP"])
amounts = st.integers(-(10**15), 10**15)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


@pytest.mark.promise("QM4")
@settings(max_examples=often(1_000, 10_000), deadline=None)
@given(minor=amounts, weights=weights, currency=currencies)
def test_parts_add_up_exactly_and_none_is_off_by_a_unit(
    minor: int, weights: list[int], currency: str
) -> None:
    parts = Money(minor, currency).split(weights)
    assert sum(part.minor for part in parts) == minor
    assert all(
        abs(Fraction(part.minor) - Fraction(minor * weight, sum(weights))) < 1
        for part, weight in zip(parts, weights, strict=True)
    )
    assert all(part.minor == 0 for part, weight in zip(parts, weights, strict=True) if not weight)


@pytest.mark.promise("QM4")
@settings(max_examples=500, deadline=None)
@given(minor=amounts, weights=weights, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nobodys_part(minor: int, weights: list[int], shuffle: Random) -> None:
    shuffled = list(weights)
    shuffle.shuffle(shuffled)

    def parts(given: list[int]) -> list[tuple[int, int]]:
        return sorted(
            (weight, part.minor) for weight, part in zip(given, Money(minor, "EUR").split(given), strict=True)
        )

    assert parts(weights) == parts(shuffled)


@pytest.mark.promise("QM4")
def test_a_tie_goes_to_the_larger_weight_wherever_it_stands() -> None:
    assert [part.minor for part in Money(4, "EUR").split([3, 5])] == [1, 3]
    assert [part.minor for part in Money(4, "EUR").split([5, 3])] == [3, 1]


@pytest.mark.promise("QM4")
def test_a_thousand_in_three_parts_loses_nothing() -> None:
    assert [part.minor for part in Money(1000, "EUR").split([1, 1, 1])] == [334, 333, 333]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_what_cannot_be_split_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, "EUR").split(weights)


@pytest.mark.promise("QM2")
@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("EUR", 2),
        ("JPY", 0),
        ("UGX", 0),
        ("ISK", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("BHD", 3),
        ("TND", 3),
        ("MGA", 2),
    ],
)
def test_a_currency_has_its_own_digits(currency: str, digits: int) -> None:
    assert exponent(currency) == digits
    assert Money(12345, currency).amount == Decimal(12345).scaleb(-digits)


@pytest.mark.promise("QM2")
@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1250, "EUR"), "€12.50"),
        (Money(1250, "JPY"), "¥1,250"),
        (Money(1250, "KWD"), "KWD\xa01.250"),
        (Money(1250, "RSD"), "RSD\xa012.50"),
        (Money(-5, "USD"), "-$0.05"),
    ],
)
def test_people_read_the_digits_of_the_currency(money: Money, text: str) -> None:
    assert money.text == text


@pytest.mark.promise("QM2")
@pytest.mark.parametrize(
    "act",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a >= b,
        lambda a, b: total([a, b], "EUR"),
    ],
)
def test_two_currencies_never_mix(act: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch):
        act(Money(1, "EUR"), Money(1, "USD"))


@pytest.mark.promise("QM2")
@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1), None])
def test_minor_units_are_whole_numbers(minor: Any) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")


@given(exact=st.fractions())
def test_halves_round_away_from_zero(exact: Fraction) -> None:
    rounded = round_half_up(exact)
    assert abs(rounded - exact) <= Fraction(1, 2)
    assert rounded == -round_half_up(-exact)
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


def test_rounding_is_exact_beyond_the_digits_of_a_decimal() -> None:
    assert round_half_up(Fraction(10**40 - 1, 2 * 10**40)) == 0
    assert round_half_up(Fraction(10**60) + Fraction(1, 2)) == 10**60 + 1


@given(minor=st.integers(0, 10**12 - 1), currency=currencies)
def test_what_is_written_is_read_again(minor: int, currency: str) -> None:
    assert parse(str(Money(minor, currency).amount), currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "-1", "1e5", "NaN", "1.2.3", "٣", "1,000.00", "0.001", "9" * 13, "€5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|digits"):
        parse(text, "EUR")


def test_zero_is_nothing() -> None:
    assert not zero("EUR")
    assert total([], "EUR") == zero("EUR")


@pytest.mark.promise("QM2")
def test_no_module_about_money_knows_floats() -> None:
    for path in [
        Path(money.__file__),
        *(ROOT / "billing").glob("*.py"),
        *(ROOT / "checkout").glob("*.py"),
        *(ROOT / "catalog").glob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) == "float"), path
            if path.name == "stripe_gateway.py":  # knows seconds
                continue
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), (
                f"{path}:{getattr(node, 'lineno', 0)}"
            )
