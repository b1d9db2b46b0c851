"""What stays with the reseller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from storefront.reseller.margins import margin


@pytest.mark.parametrize(
    ("retail_minor", "wholesale_minor", "text", "tone"),
    [
        (600, 510, "€0.90 (15.0 %)", "ok"),
        (2495, 2121, "€3.74 (15.0 %)", "ok"),
        (500, 500, "€0.00 (0.0 %)", "warn"),
        (500, 510, "-€0.10 (-2.0 %)", "bad"),
        (300, 200, "€1.00 (33.3 %)", "ok"),
        (0, 100, "-€1.00", "bad"),
    ],
)
def test_a_margin_is_what_stays_and_its_share_of_the_retail_price(
    retail_minor: int, wholesale_minor: int, text: str, tone: str
) -> None:
    found = margin(Money(retail_minor, "EUR"), Money(wholesale_minor, "EUR"))
    assert (found.text, found.tone) == (text, tone)


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_margin_and_wholesale_add_up_to_retail(retail_minor: int, wholesale_minor: int) -> None:
    sold, paid = Money(retail_minor, "EUR"), Money(wholesale_minor, "EUR")
    assert margin(sold, paid).amount + paid == sold
