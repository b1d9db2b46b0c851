"""Exchange rates: dated, never changed, read from the European Central Bank's file; nothing is guessed."""

import html
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import BytesIO

import pytest

from catalog import exchange
from catalog.exchange import RateWritten, WrongRate, between
from core import clock
from core.money import Money
from tests.visits import Visit
from tests.world import World


def today(world: World) -> date:
    with world.acting():
        return clock.business_now().date()


def test_a_file_of_rates_is_read_and_its_faults_are_named_by_row_and_column(
    world: World, nora: Visit
) -> None:
    day = today(world)
    old = day - timedelta(days=500)
    good = f"Date, USD, JPY, TRY, \n{day:%d %B %Y}, 1.0843, 163.21, N/A, \n{old:%Y-%m-%d},1,1,1,\n"
    bad = f"Date,USD,XYZ\n{day:%Y-%m-%d},1e309,1\n2999-01-01,1.1,1\n"

    def give(content: str) -> str:
        data = {"file": (BytesIO(content.encode("utf-8-sig")), "eurofxref.csv"), "base": "EUR"}
        return html.unescape(nora.post("/distributor/exchange-rates/file", data).text)

    refused = give(bad)
    for words in (
        "Row 1: XYZ is no currency",
        "Row 2, USD: 1e309",
        "Row 3, Date: 2999-01-01 is no day up to today",
    ):
        assert words in refused
    assert "No rate yet" in html.unescape(nora.get("/distributor/exchange-rates").text)
    assert "2 rates are new. 1 day is too old." in give(good)
    assert "0 rates are new. 2 were there already." in give(good)
    for nonsense in ("", "\x00PK", "USD\n1.1"):
        assert "Nothing was read" in give(nonsense)
    page = nora.get("/distributor/exchange-rates").text
    assert "EUR → JPY" in page
    assert "163.21" in nora.get("/distributor/exchange-rates.csv").text


def test_an_amount_is_converted_by_the_newest_rate_and_a_written_rate_stays(world: World) -> None:
    with world.acting():
        day = exchange.today()
        exchange.add("EUR", "USD", Decimal("1.25"), day - timedelta(days=2))
        exchange.add("EUR", "JPY", Decimal(160), day)
        assert exchange.converted(Money(12_50, "USD"), "EUR") == Money(10_00, "EUR")
        assert exchange.converted(Money(10_00, "EUR"), "JPY") == Money(1600, "JPY")
        assert exchange.converted(Money(12_50, "USD"), "JPY") == Money(1600, "JPY")  # by way of the euro
        assert exchange.converted(Money(12_50, "USD"), "EUR", day - timedelta(days=3)) is None
        assert exchange.converted(Money(1, "CHF"), "EUR") is None
        with pytest.raises(RateWritten):
            exchange.add("EUR", "USD", Decimal("1.30"), day - timedelta(days=2))
        for base, other, rate in (
            ("EUR", "EUR", "1"),
            ("EUR", "XYZ", "1"),
            ("EUR", "USD", "0"),
            ("EUR", "USD", "NaN"),
        ):
            with pytest.raises(WrongRate):
                exchange.add(base, other, Decimal(rate), day)
        with pytest.raises(WrongRate, match="has not come"):
            exchange.add("EUR", "USD", Decimal(1), day + timedelta(days=1))


def test_a_pair_is_known_by_itself_its_inverse_or_one_common_base() -> None:
    known = {("EUR", "USD"): Fraction(5, 4), ("EUR", "JPY"): Fraction(160)}
    assert between(("EUR", "USD"), known) == Fraction(5, 4)
    assert between(("USD", "EUR"), known) == Fraction(4, 5)
    assert between(("USD", "JPY"), known) == Fraction(128)
    assert between(("USD", "CHF"), known) is None
