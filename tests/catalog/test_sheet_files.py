"""Files that are given as sheets: workbooks read as their CSV would be, and what is refused before it is
unpacked."""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

import openpyxl
import pytest

from catalog import mapped_sheets, price_sheets, sheet_files, sheet_mappings, workbooks
from catalog.priced_lines import Sheet
from catalog.sheet_files import NotASheet
from catalog.sheet_mappings import BadMeaning, Meaning
from core.money import Money
from core.periods import Term
from tests.catalog.test_price_sheets import BASIC, COLUMNS, TODAY, sheet_of


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    """As Excel saves it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    into = io.BytesIO()
    book.save(into)
    return into.getvalue()


def archive(**parts: bytes) -> bytes:
    """A ZIP with these parts; __ stands for a slash, and a name without an ending is XML."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/") + ("" if "." in name else ".xml"), content)
    return into.getvalue()


def test_a_workbook_reads_as_the_same_sheet_in_csv_does() -> None:
    rows = [BASIC | {"SkuDescription": 'two\nlines, "quoted"', "UnitPrice": "48,00"}, {"SkuId": "0002"}]
    names = COLUMNS.split(",")
    typed = {
        "UnitPrice": 48.0,
        "ERP Price": 60,
        "SkuId": 1,
        "EffectiveStartDate": datetime(2023, 2, 1),  # noqa: DTZ001 workbooks know no zones
    }
    book = workbook(
        [
            ["New commerce licences, November"],
            names,
            [],
            [(rows[0] | typed)[name] or None for name in names],
            [(BASIC | rows[1])[name] for name in names],
        ]
    )
    read = price_sheets.read(book, currency="EUR", market="DE", at=TODAY)
    assert not read.problems
    assert [(one.plan_code, one.line, one.cost) for one in read.offers] == [
        ("cfq7ttc0lh18-0001-p1y-p1m", 4, Money(4_00, "EUR")),
        ("cfq7ttc0lh18-0002-p1y-p1m", 5, Money(4_00, "EUR")),
    ]
    in_csv = price_sheets.read(sheet_of(*rows), currency="EUR", market="DE", at=TODAY)
    assert [one.list_price for one in in_csv.offers] == [one.list_price for one in read.offers]


def test_notes_before_the_prices_are_passed_over() -> None:
    book = openpyxl.Workbook()
    prices = book.active
    assert prices is not None
    for row in (COLUMNS.split(","), [BASIC[name] for name in COLUMNS.split(",")]):
        prices.append(row)
    book.create_sheet("Read me", 0).append(["Prices are on the next sheet.", "Thank you."])
    into = io.BytesIO()
    book.save(into)
    assert len(price_sheets.read(into.getvalue(), currency="EUR", market="DE", at=TODAY).offers) == 1


def test_a_formula_in_a_cell_is_said_with_its_row_and_column() -> None:
    names = COLUMNS.split(",")
    book = workbook([names, [(BASIC | {"UnitPrice": "=L1*2", "SkuTitle": "=1+1"})[name] for name in names]])
    [problem] = price_sheets.read(book, currency="EUR", market="DE", at=TODAY).problems
    assert (problem.line, problem.column) == (2, "SkuTitle")
    book = workbook([names, [(BASIC | {"UnitPrice": "=L1*2"})[name] for name in names]])
    [problem] = price_sheets.read(book, currency="EUR", market="DE", at=TODAY).problems
    assert (problem.line, problem.column) == (2, "UnitPrice")
    assert "Put its value in place of it" in problem.why


MANY = b"<sheetData><row>" + b"".join(b'<c r="%d"/>' % n for n in range(200_000)) + b"</row></sheetData>"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (workbook([["a"]]), "prices.csv", "but is an Excel"),
        (b"a,b\n", "prices.xlsx", "is no Excel workbook"),
        (archive(word__document=b"<d/>"), "prices.xlsx", "of Word"),
        (archive(hello=b"<d/>"), "x.zip", "without a workbook"),
        (archive(xl__workbook=b"<w/>", **{"xl__vbaProject.bin": b"x"}), "x.xlsx", "macros"),
        (archive(xl__workbook=b"<!DOCTYPE x [<!ENTITY a 'b'>]><w/>"), "x.xlsx", "declares"),
        (archive(xl__workbook=b"<w/>", xl__worksheets__sheet1=b"0" * 4_000_000), "x.xlsx", "far more"),
        (archive(xl__workbook=b"<w/>", xl__worksheets__sheet1=MANY), "x.xlsx", "too large"),
        (archive(xl__workbook=b"<w/>", **{"xl__worksheets__sheet1.bin": MANY}), "x.xlsx", "too large"),
        (archive(xl__workbook=b"<w/>", **{"xl__a.b": b"\xff\xfe<\x00!\x00"}), "x.xlsx", "declares"),
        (archive(xl__workbook=b"<w/>"), "x.xlsx", "damaged"),
        (archive(xl__workbook=b"<w/>", **{"[Content_Types].xml": b"<Types/>"}), "x.xlsx", "damaged"),
        (b" \r\n", "prices.csv", "The file is empty"),
        (b"PK\x03\x04 and nothing more", "x.xlsx", "damaged"),
        (b"\xd0\xcf\x11\xe0", "old.xls", "old Excel file"),
        (workbook([["a", "b", "a"]]), "x.xlsx", "Two columns are called “a”"),
        (workbook([["a"] * 101]), "x.xlsx", "at most 100 columns"),
    ],
)
def test_what_is_not_what_it_says_or_would_not_fit_is_refused_by_name(
    content: bytes, name: str, words: str
) -> None:
    with pytest.raises(NotASheet, match=words):
        list(sheet_files.opened(content, name).rows)


def test_rows_far_below_and_far_to_the_right_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 20)
    far = openpyxl.Workbook()
    sheet = far.active
    assert sheet is not None
    sheet["A1"], sheet["A1000"] = "name", "x"
    into = io.BytesIO()
    far.save(into)
    assert list(sheet_files.opened(into.getvalue(), "far.xlsx").rows) == []
    with pytest.raises(NotASheet, match="at most 20 rows"):
        list(sheet_files.opened(workbook([["a"]] * 30), "x.xlsx").rows)


def test_what_is_written_as_a_workbook_is_read_as_it_was() -> None:
    into = io.BytesIO()
    lines = [["code", "name"], ["007", 'Ü & <b> "x"'], ["", "=1+1"]]
    workbooks.write(into, lines)
    assert [cells for _line, cells in workbooks.rows(into.getvalue())] == lines
    with zipfile.ZipFile(io.BytesIO(into.getvalue())) as made:
        assert b"<f>" not in made.read("xl/worksheets/sheet1.xml"), "no cell is a formula"


# --- Sheets of other vendors --------------------------------------------------------------------------------

ACME = "Item;Product;RRP;Net;Contract;Qty from;Qty to;Valid from\r\n"
MEANING = Meaning(
    {
        "sku": "Item",
        "product": "Product",
        "list_price": "RRP",
        "cost": "Net",
        "term": "Contract",
        "range_from": "Qty from",
        "range_to": "Qty to",
        "effective_from": "Valid from",
    }
)


def mapped(rows: str, meaning: Meaning = MEANING) -> Sheet:
    """Today's offers of Acme's sheet."""
    table = sheet_files.opened((ACME + rows).encode(), "acme.csv")
    return mapped_sheets.read_table(table, meaning, currency="EUR", market="", segment="", at=TODAY)


def test_columns_are_guessed_from_their_names_and_each_only_once() -> None:
    heads = ["Product", "Part Number", "UVP", "Price", "Net Price", "Term", "Valid From", "Remarks"]
    assert sheet_mappings.guess(heads).columns == {
        "product": "Product",
        "list_price": "Price",
        "sku": "Part Number",
        "cost": "Net Price",
        "term": "Term",
        "effective_from": "Valid From",
    }


def test_what_is_needed_is_asked_for_and_no_column_means_two_things() -> None:
    chosen = {"product": "A", "list_price": "A", "currency": "=P1Y", "cost": "Z"}
    with pytest.raises(BadMeaning) as refused:
        sheet_mappings.check(Meaning(chosen), ["A"])
    assert set(refused.value.problems) == {"list_price", "term", "currency", "cost", "sku"}
    fine = {"product": "A", "list_price": "B", "sku": "C", "term": "=P1M"}
    sheet_mappings.check(Meaning(fine), ["A", "B", "C"])


def test_a_mapped_sheet_gives_plans_with_their_steps() -> None:
    found = mapped("AC-1;Backup;12,00;9,00;Yearly;1;9;\r\nAC-1;Backup;11,00;8,50;Yearly;10;;2026-01-01\r\n")
    assert not found.problems
    [offer] = found.offers
    assert (offer.plan_code, offer.product_code) == ("ac-1-p1y-p1y", "backup")
    assert (offer.term, offer.list_price, offer.cost) == (Term.YEAR, Money(12_00, "EUR"), Money(9_00, "EUR"))
    assert (offer.list_steps, offer.cost_steps) == ([[10, 11_00]], [[10, 8_50]])


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("AC-1;;12;9;Yearly;;;", "Product", "empty"),
        ("AC-1;Backup;;9;Yearly;;;", "RRP", "empty"),
        ("AC-1;Backup;=A1;9;Yearly;;;", "RRP", "formula"),
        ("AC-1;Backup;12;9;Fortnightly;;;", "Contract", "P1M, P1Y, P3Y"),
        ("AC-1;Backup;12;9;P1Y;x;;", "Qty from", "whole number"),
        ("AC-1;Backup;12;9;P1Y;9;2;", "Qty to", "before it begins"),
        ("AC-1;Backup;12;9;P1Y;;;soon", "Valid from", "Write a date"),
        ("***;Backup;12;9;P1Y;;;", "Item", "no letter"),
        ("@cmd;Backup;12;9;P1Y;;;", "Item", "formula"),
    ],
)
def test_what_is_wrong_in_a_mapped_sheet_is_said_by_the_sheets_own_column(
    row: str, column: str, words: str
) -> None:
    found = mapped(row + "\r\n")
    assert not found.offers
    [problem] = found.problems
    assert (problem.line, problem.column) == (2, column)
    assert words in problem.why


def test_a_price_that_begins_later_counts_on_its_day() -> None:
    rows = "AC-1;Backup;12;9;P1Y;;;2020-01-01\r\nAC-2;Vault;5;4;P1Y;;;01.01.2027\r\n"
    now = mapped(rows)
    assert [one.sku for one in now.offers] == ["AC-1"]
    assert now.next_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert "from 2027-01-01 on" in now.left_out[0].why
