"""Volume steps: which price a quantity has, what may be typed, and what follows another plan's prices."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import catalogue_files, listings, loading, volumes
from catalog.loading import BadCatalogue, amount
from catalog.volumes import Volume, WrongSteps
from checkout.baskets import WrongQuantity
from core.money import Money, exponent
from core.periods import Term
from tests.sizes import often
from tests.world import World, open_portal

currencies = st.sampled_from(["EUR", "JPY", "KWD"])  # 2, 0 and 3 digits
minors = st.integers(0, 10**8)
steps = st.lists(st.tuples(st.integers(2, 10_000), minors), unique_by=lambda one: one[0], max_size=8).map(
    lambda found: [list(one) for one in sorted(found)]
)
quantities = st.integers(1, 20_000)
factors = st.decimals("0.001", "12", places=6)


@pytest.mark.promise("QM2")
@settings(max_examples=often(150, 10_000), deadline=None)
@given(minor=minors, steps=steps, currency=currencies, quantity=quantities)
def test_a_quantity_has_the_price_of_the_last_step_that_it_reaches(
    minor: int, steps: list[list[int]], currency: str, quantity: int
) -> None:
    price = Volume(Money(minor, currency), volumes.checked(steps))
    expected = minor  # step by step, as somebody reads a table with a finger
    for begin, at in steps:
        if quantity < begin:
            break
        expected = at
    assert price.at(quantity) == Money(expected, currency)
    assert price.at(price.step(quantity)) == price.at(quantity)
    assert dict(price.table())[price.step(quantity)] == price.at(quantity)


@pytest.mark.promise("QM2")
@pytest.mark.behaviour("P22")
@settings(max_examples=often(150, 10_000), deadline=None)
@given(minor=minors, steps=steps, currency=currencies, quantity=quantities, factor=factors)
def test_a_price_times_a_factor_is_that_of_the_same_quantity_times_the_factor(
    minor: int, steps: list[list[int]], currency: str, quantity: int, factor: Decimal
) -> None:
    year = Volume(Money(minor, currency), steps)
    month = year.times(factor)
    assert month.at(quantity) == year.at(quantity).times(factor)
    assert abs(Decimal(month.at(quantity).minor) - year.at(quantity).minor * factor) <= Decimal("0.5")
    assert month.step(quantity) == year.step(quantity)


@settings(max_examples=often(150, 10_000), deadline=None)
@given(steps=steps, currency=currencies, more=st.lists(st.integers(0, 8), max_size=3))
def test_what_is_shown_in_a_table_of_steps_is_read_back_as_it_was(
    steps: list[list[int]], currency: str, more: list[int]
) -> None:
    rows = [[str(begin), f"{Money(minor, currency).amount:f}"] for begin, minor in steps]
    for place in more:  # rows that were left empty
        rows.insert(min(place, len(rows)), ["", " "])
    read, wrong = volumes.read(rows, currency)
    assert not wrong
    assert (read[0] if rows else []) == steps


@pytest.mark.parametrize(
    ("rows", "place", "words"),
    [
        ([["1", "5"]], (0, 0), "whole number of units from 2"),
        ([["-3", "5"]], (0, 0), "whole number"),
        ([["2.5", "5"]], (0, 0), "whole number"),
        ([["NaN", "5"]], (0, 0), "whole number"),
        ([["1e309", "5"]], (0, 0), "whole number"),
        ([["٣", "5"]], (0, 0), "whole number"),
        ([["9999999", "5"]], (0, 0), "whole number"),
        ([["10", "5"], ["10", "4"]], (1, 0), "more than 10"),
        ([["10", "5"], ["5", "4"]], (1, 0), "more than 10"),
        ([["", "5"]], (0, 0), "whole number"),
        ([["10", ""]], (0, 1), "Enter a price"),
        ([["10", "-5"]], (0, 1), "amount such as"),
        ([["10", "NaN"]], (0, 1), "amount such as"),
        ([["10", "1e309"]], (0, 1), "amount such as"),
        ([["10", "4.1234"]], (0, 1), "2 digits"),
        ([["10", "1000001"]], (0, 1), "at most"),
    ],
)
def test_a_step_that_nobody_can_mean_is_named_by_row_and_place(
    rows: list[list[str]], place: tuple[int, int], words: str
) -> None:
    _steps, wrong = volumes.read(rows, "EUR")
    assert list(wrong) == [place]
    assert words in wrong[place]


@pytest.mark.parametrize("steps", [[[1, 5]], [[5, 5], [5, 4]], [[9, 5], [5, 4]], [[5, -1]]])
def test_steps_that_do_not_rise_are_refused(steps: list[list[int]]) -> None:
    with pytest.raises(WrongSteps):
        volumes.checked(steps)


def test_a_price_left_empty_is_no_step_of_its_column() -> None:
    read, wrong = volumes.read([["10", "9", "8"], ["50", "", "7"], ["", "", ""]], "KWD")
    assert not wrong
    assert read == [[[10, 9 * 10 ** exponent("KWD")]], [[10, 8000], [50, 7000]]]


# --- What a catalogue file says of them -------------------------------------------------------------------


def plan_of(**said: object) -> dict[str, object]:
    return {"code": "month", "name": "Monthly", "term": "P1M"} | said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "it has no price"),
        ({"price": "1.00", "priced_as": "year", "factor": "0.1"}, "not both"),
        ({"priced_as": "year"}, "its factor"),
        ({"priced_as": "year", "factor": "NaN"}, "its factor"),
        ({"priced_as": "year", "factor": "-1"}, "its factor"),
        ({"factor": "0.1"}, "needs the plan that it is priced_as"),
        ({"priced_as": "decade", "factor": "0.1"}, "allowed are"),
        ({"price": "1.00", "steps": [[10, 0.9]]}, "amount in quotes"),
        ({"price": "1.00", "steps": [["10", "0.90"]]}, "a number of units"),
        ({"price": "1.00", "steps": [[10, "0.9999"]]}, "too many digits"),
        ({"price": "1.00", "steps": [[10, "-1"]]}, "is negative"),
        ({"price": "1.00", "steps": [[10, "0.90"], [5, "0.80"]]}, "more units than the one before"),
        ({"price": "1.00", "steps": [[1, "0.90"]]}, "begin at 2 units"),
    ],
)
def test_a_catalogue_file_names_the_plan_whose_steps_or_factor_are_wrong(
    said: dict[str, object], words: str
) -> None:
    product = {
        "code": "p",
        "type": "t",
        "name": "P",
        "vendor": "V",
        "category": "C",
        "summary": "S",
        "plan": [plan_of(code="year", term="P1Y", price="24.95"), plan_of(**said)],
    }
    kind = {"code": "t", "name": "T", "connector": "http_service", "audience": "customer"}
    content = {"currency": "EUR", "product_type": [kind], "product": [product]}
    found = catalogue_files.problems(content, frozenset({"http_service"}))
    assert any("month" in one and words in one for one in found), found
    with pytest.raises(BadCatalogue, match="month"):
        loading.check(content)


@pytest.mark.behaviour("P19", "P20", "P21", "P22")
def test_the_demo_sells_0patch_by_the_year_and_by_the_month_from_twenty_on(world: World) -> None:
    content = loading.read(Path("sandbox/data/catalogue.toml"))
    patches = [entry for entry in content["product"] if entry["vendor"] == "0patch"]
    assert {entry["name"] for entry in patches} == {"0patch Pro", "0patch Enterprise", "0patch Starter"}
    with world.acting():
        alone = {**content, "product": patches, "upgrade": []}
        loading.load(alone, {"Partners": Decimal("0.86")})
        listings.stock(world.resellers["brightfield"], world.distributor_id)
    open_portal(world)
    for code in ("0patch-pro", "0patch-enterprise"):
        year, month = world.plan(f"{code}-y"), world.plan(f"{code}-m")
        assert (year.term, month.term) == (Term.YEAR, Term.MONTH)
        for quantity in (1, 20, 49, 50, 200, 5_000):
            assert month.volume.at(quantity) == year.volume.at(quantity).times(Decimal("0.1"))
        with pytest.raises(WrongQuantity, match="The minimum is 20"):
            world.put("acme", month.code, 19)
        world.put("acme", month.code, 20)
        world.put("acme", year.code, 1)


@pytest.mark.parametrize("written", ["NaN", "Infinity", "1e999999", "1e999999999", "much", "-1", "1.001"])
def test_an_amount_that_is_none_is_said_to_be_at_fault_in_the_catalogues_file(written: str) -> None:
    with pytest.raises(BadCatalogue, match="plan m"):
        amount(written, "EUR", "plan m")
