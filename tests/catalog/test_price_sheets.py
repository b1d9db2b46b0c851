"""Price sheets as the vendor's portal exports them, as spreadsheets mangle them, and files that are none."""

from datetime import UTC, datetime

import pytest

from catalog import price_sheets, sheet_cells
from catalog.price_sheets import NEEDED, NotASheet, Sheet
from core.money import Money
from core.periods import Term

TODAY = datetime(2026, 11, 26, tzinfo=UTC)
COLUMNS = (
    "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,SkuDescription,UnitOfMeasure,TermDuration,BillingPlan,"
    "Market,Currency,UnitPrice,PricingTierRangeMin,PricingTierRangeMax,EffectiveStartDate,EffectiveEndDate,"
    "Tags,ERP Price,Segment"
)
BASIC = {
    "ProductTitle": "Microsoft 365 Business Basic",
    "ProductId": "CFQ7TTC0LH18",
    "SkuId": "0001",
    "SkuTitle": "Microsoft 365 Business Basic",
    "Publisher": "Microsoft Corporation",
    "SkuDescription": 'Mail, files and "meetings", for small firms',
    "UnitOfMeasure": "",
    "TermDuration": "P1Y",
    "BillingPlan": "Monthly",
    "Market": "DE",
    "Currency": "EUR",
    "UnitPrice": "48",
    "PricingTierRangeMin": "",
    "PricingTierRangeMax": "",
    "EffectiveStartDate": "2/1/2023 0:00",
    "EffectiveEndDate": "11/30/9999 23:59",
    "Tags": "License",
    "ERP Price": "60",
    "Segment": "Commercial",
}


def sheet_of(*rows: dict[str, str], delimiter: str = ",", bom: str = "", end: str = "\n") -> bytes:
    """A file with these rows, each like BASIC but for what it names."""
    names = COLUMNS.split(",")
    lines = [names, *([(BASIC | row)[name] for name in names] for row in rows)]
    quoted = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    return (bom + end.join(quoted) + end).encode()


def read(content: bytes, *, currency: str = "EUR", market: str = "DE") -> Sheet:
    """Today's offers of a file."""
    return price_sheets.read(content, currency=currency, market=market, at=TODAY)


def test_a_year_that_is_billed_monthly_is_a_twelfth_of_the_sheet_s_price_for_the_term() -> None:
    [offer] = read(sheet_of({})).offers
    assert (offer.plan_code, offer.sku, offer.plan) == (
        "cfq7ttc0lh18-0001-p1y-p1m",
        "CFQ7TTC0LH18:0001",
        "Yearly, billed monthly",
    )
    assert (offer.list_price, offer.cost) == (Money(5_00, "EUR"), Money(4_00, "EUR"))
    assert (offer.term, offer.billing) == (Term.YEAR, Term.MONTH)
    [upfront] = read(sheet_of({"BillingPlan": "Annual"})).offers
    assert upfront.list_price == Money(60_00, "EUR")
    [long] = read(sheet_of({"TermDuration": "P3Y", "BillingPlan": "Annual", "UnitPrice": "90"})).offers
    assert long.cost == Money(30_00, "EUR")


@pytest.mark.parametrize(
    "content",
    [
        sheet_of({}, bom="\ufeff", end="\r\n"),
        sheet_of({"UnitPrice": "48,00", "ERP Price": "60,00"}, delimiter=";"),
        sheet_of({"ERP Price": "60.0000"}, delimiter="\t"),
        sheet_of({"SkuId": "1", "EffectiveStartDate": "2023-02-01T00:00:00.0000000Z"}),
        sheet_of(
            {"EffectiveStartDate": "3/1/2018 12:00:00 AM", "EffectiveEndDate": "11/30/9999 11:59:59 PM"}
        ),
        sheet_of({"SkuDescription": "two\nlines, with a comma"}),
        sheet_of({}).decode().encode("utf-16"),
    ],
)
def test_what_portals_and_spreadsheets_make_of_a_sheet_reads_the_same(content: bytes) -> None:
    found = read(content)
    assert not found.problems
    assert [(offer.plan_code, offer.list_price) for offer in found.offers] == [
        ("cfq7ttc0lh18-0001-p1y-p1m", Money(5_00, "EUR"))
    ]


def test_thousands_are_understood_where_both_marks_stand() -> None:
    for text in ("1,234.50", "1.234,50"):
        [offer] = read(sheet_of({"BillingPlan": "Annual", "ERP Price": text})).offers
        assert offer.list_price == Money(1234_50, "EUR")


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"UnitPrice": "-3"}, "UnitPrice", "zero or more"),
        ({"UnitPrice": "NaN"}, "UnitPrice", "zero or more"),
        ({"ERP Price": "1e309"}, "ERP Price", "zero or more"),
        ({"ERP Price": ""}, "ERP Price", "zero or more"),
        ({"ERP Price": "12.3456"}, "ERP Price", "2 digits after the point"),
        ({"ERP Price": "1,234"}, "ERP Price", "could be 1234 or a little more than 1"),
        ({"ERP Price": "2.000"}, "ERP Price", "could be 2000 or a little more than 2"),
        ({"Currency": "XXX"}, "Currency", "in EUR"),
        ({"TermDuration": "P5Y"}, "TermDuration", "P1M, P1Y, P3Y"),
        ({"BillingPlan": "Weekly"}, "BillingPlan", "Monthly, Annual, Triennial"),
        ({"TermDuration": "P1M", "BillingPlan": "Annual"}, "BillingPlan", "longer than its term"),
        ({"ProductId": "CFQ; DROP"}, "ProductId", "letters and digits"),
        ({"SkuTitle": '=HYPERLINK("x")'}, "SkuTitle", "formula"),
        ({"SkuDescription": "=1+1"}, "SkuDescription", "formula"),
        ({"EffectiveStartDate": "soon"}, "EffectiveStartDate", "Write a date"),
        (
            {"EffectiveStartDate": "2/1/2026", "EffectiveEndDate": "1/1/2026"},
            "EffectiveEndDate",
            "before it begins",
        ),
    ],
)
def test_what_is_wrong_is_said_with_line_and_column(row: dict[str, str], column: str, words: str) -> None:
    found = read(sheet_of({"SkuId": "0002"}, row))
    assert len(found.offers) == 1, "the other line is fine"
    [problem] = found.problems
    assert (problem.line, problem.column) == (3, column)
    assert words in problem.why


def test_lines_that_give_no_offer_today_say_why() -> None:
    found = read(
        sheet_of(
            {"EffectiveStartDate": "12/1/2026"},
            {"EffectiveEndDate": "11/1/2026"},
            {"Market": "FR"},
            {"BillingPlan": "None", "Tags": "License; Trial"},
        )
    )
    assert not found.offers
    assert not found.problems
    assert [left.why.rstrip(".").split()[-1] for left in found.left_out] == [
        "market",
        "imported",
        "more",
        "on",
    ]
    assert found.next_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_of_two_lines_about_one_plan_the_one_whose_days_these_are_counts_wherever_it_stands() -> None:
    old = {"EffectiveStartDate": "10/1/2021", "EffectiveEndDate": "11/1/2021", "ERP Price": "48"}
    new = {"EffectiveStartDate": "11/1/2021", "ERP Price": "72"}
    for rows in ((old, new), (new, old)):
        found = read(sheet_of(*rows))
        assert [offer.list_price for offer in found.offers] == [Money(6_00, "EUR")]
        [left] = found.left_out
        assert "any more" in left.why


def test_a_line_that_stands_twice_counts_once_and_two_that_contradict_each_other_name_each_other() -> None:
    twice = read(sheet_of({}, {}))
    assert (len(twice.offers), twice.left_out[0].why) == (1, "Line 2 says the same.")
    apart = read(sheet_of({}, {"EffectiveStartDate": "11/1/2025", "ERP Price": "72"}))
    assert not apart.offers
    assert [(one.line, one.column) for one in apart.problems] == [
        (2, "EffectiveStartDate"),
        (3, "EffectiveStartDate"),
    ]
    assert ["line 3" in apart.problems[0].why, "line 2" in apart.problems[1].why] == [True, True]
    assert {one.plan_code for one in apart.problems} == {"cfq7ttc0lh18-0001-p1y-p1m"}


def ranges(*prices: tuple[str, str, str]) -> bytes:
    """Lines of one plan that is paid by the year, each with a range and a price."""
    return sheet_of(
        *(
            {
                "BillingPlan": "Annual",
                "PricingTierRangeMin": begin,
                "PricingTierRangeMax": end,
                "ERP Price": price,
                "UnitPrice": "48",
            }
            for begin, end, price in prices
        )
    )


def test_ranges_of_quantity_become_the_steps_of_one_plan() -> None:
    [offer] = read(ranges(("25", "299", "54"), ("1", "24", "60"), ("300", "", "48,50"))).offers
    assert offer.list_price == Money(60_00, "EUR")
    assert offer.list_steps == [[25, 54_00], [300, 48_50]]
    assert offer.cost_steps == [], "what costs the same is no step"
    assert (offer.minimum, offer.maximum) == (None, None)


@pytest.mark.parametrize(
    ("prices", "lines", "words"),
    [
        ((("1", "24", "60"), ("26", "", "54")), [2, 3], "without a price"),
        ((("1", "25", "60"), ("25", "", "54")), [2, 3], "overlaps"),
        ((("1", "", "60"), ("25", "", "54")), [2, 3], "overlaps"),
        ((("25", "", "54"),), [2], "Units 1 to 24"),
        ((("24", "1", "60"),), [2], "ends before it begins"),
        ((("1.5", "", "60"),), [2], "whole number"),
    ],
)
def test_ranges_that_leave_a_gap_or_overlap_name_both_lines(
    prices: tuple[tuple[str, str, str], ...], lines: list[int], words: str
) -> None:
    found = read(ranges(*prices))
    assert not found.offers
    assert [one.line for one in found.problems] == lines
    assert all(words in one.why for one in found.problems)


def test_a_file_for_several_markets_asks_which_is_meant() -> None:
    both = sheet_of({}, {"Market": "FR"})
    with pytest.raises(NotASheet, match="DE, FR"):
        read(both, market="")
    assert len(read(both, market="FR").offers) == 1


WHOLE = sheet_of({})
TEXT = WHOLE.decode()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + WHOLE,
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.replace("small", "groß").encode("cp1252"),
        b"\r\n\r\n" + WHOLE,
        b"Price list of November, 2026\r\n\r\n" + WHOLE,
        b"sep=;\r\n" + sheet_of({"UnitPrice": "48,00"}, delimiter=";"),
        b"As of 26.11.;\n" + sheet_of({}, delimiter=";"),
        sheet_of({}, delimiter="|"),
        TEXT.replace("\n", ",,,\n").encode(),
        TEXT.replace('"ProductTitle"', '"producttitle"').replace('"ERP Price"', '"ERPPrice"').encode(),
        sheet_of({"EffectiveStartDate": "46327", "EffectiveEndDate": "2958465"}),
        sheet_of({"EffectiveStartDate": "2026-11-01T00:00:00.0000000Z"}),
        sheet_of({"Currency": "EUR\u00a0", "TermDuration": " p1y "}),
    ],
)
def test_a_file_as_programs_save_it_says_the_same(content: bytes) -> None:
    found = read(content)
    assert not found.problems
    assert [(one.plan_code, one.list_price.text, one.cost) for one in found.offers] == [
        ("cfq7ttc0lh18-0001-p1y-p1m", "€5.00", Money(4_00, "EUR"))
    ]


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("1,057.60", "EUR", 105760),
        ("1.057,60", "EUR", 105760),
        ("1 057,60", "EUR", 105760),
        ("1\u00a0057.6", "EUR", 105760),
        ("1'057.60", "EUR", 105760),
        ("1,234,567", "EUR", 123456700),
        ("0.050", "EUR", 5),
        ("14400", "JPY", 14400),
        ("1,014,400", "JPY", 1014400),
        ("17,388", "KWD", 17388),
    ],
)
def test_thousands_and_decimals_are_told_apart(typed: str, currency: str, minor: int) -> None:
    assert sheet_cells.amount(typed, "UnitPrice", currency).minor == minor


def test_what_a_segment_is_sold_to_is_said_by_its_line() -> None:
    kinds = ("Commercial", "", "Education", "charity", "Government")
    found = read(sheet_of(*({"Segment": kind, "SkuId": str(at)} for at, kind in enumerate(kinds))))
    assert [one.segments for one in found.offers] == [(), (), ("education",), ("charity",)]
    [problem] = found.problems
    assert (problem.line, problem.column) == (6, "Segment")
    assert "Commercial, Education, Charity" in problem.why


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 ...", "Excel or ZIP"),
        (b"%PDF-1.7", "no text"),
        (b"\xff\xfb\x90", "UTF-8"),
        (b"a\x00b", "no text"),
        (b"", "is empty"),
        (b"name,price\nx,1\n", "no column ProductTitle"),
        (",".join(NEEDED).encode() + b'\n"unclosed', "After line 1"),
    ],
)
def test_what_is_no_sheet_is_refused_as_a_whole(content: bytes, words: str) -> None:
    with pytest.raises(NotASheet, match=words):
        read(content)
