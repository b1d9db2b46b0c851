"""Reads a vendor's price sheet: Microsoft's licence price list of the new commerce experience, as it is
exported, as CSV or in a workbook. Nothing is written here. Each line becomes an offer of the day, a line that
is left out and says why, or a problem with its line, column and what would be right.

The columns and what they mean: https://learn.microsoft.com/en-us/partner-center/pricing-and-offers. UnitPrice
(what the partner pays) and ERP Price (what customers are recommended to pay) are for the whole term; a plan
that is billed monthly is billed a twelfth of a year's. PricingTierRangeMin and PricingTierRangeMax make steps
by volume of the lines of one plan."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from catalog import sheet_cells, sheet_files
from catalog.priced_lines import LeftOut, Line, Names, Problem, Reading, Sheet, check_range
from catalog.sheet_cells import Wrong
from catalog.sheet_files import LARGEST, NotASheet, Table
from core.languages import _
from core.parties import Segment
from core.periods import Term

__all__ = ["LARGEST", "NEEDED", "NotASheet", "Sheet", "is_known", "plan_name", "read", "read_table"]

NEEDED = (
    "ProductTitle",
    "ProductId",
    "SkuId",
    "SkuTitle",
    "Publisher",
    "TermDuration",
    "BillingPlan",
    "Market",
    "Currency",
    "UnitPrice",
    "EffectiveStartDate",
    "EffectiveEndDate",
    "ERP Price",
)
EXTRA = ("SkuDescription", "Segment", "Tags", "PricingTierRangeMin", "PricingTierRangeMax")
TERMS = {"P1M": Term.MONTH, "P1Y": Term.YEAR, "P3Y": Term.THREE_YEARS}
BILLED = {"monthly": Term.MONTH, "annual": Term.YEAR, "triennial": Term.THREE_YEARS}
NAMES = Names("PricingTierRangeMin", "PricingTierRangeMax", "EffectiveStartDate", "UnitPrice")
FIRST_SEGMENT = "Commercial"
SEGMENTS = {FIRST_SEGMENT: (), "Education": (Segment.EDUCATION,), "Charity": (Segment.CHARITY,)}
"""To whom a line's plan is sold: what is commercial, to everybody."""

Row = Mapping[str, str]


def is_known(columns: Sequence[str]) -> bool:
    """Whether these are the columns of this sheet, so that nobody has to say what they mean."""
    return _places(columns).keys() >= set(NEEDED)


def _places(columns: Sequence[str]) -> dict[str, int]:
    """Where each column stands that is read, whatever its capitals and spaces."""
    known = {_plain(name): name for name in (*NEEDED, *EXTRA)}
    named = {known[_plain(column)]: place for place, column in enumerate(columns) if _plain(column) in known}
    return named | {name: place for place, name in enumerate(columns) if name in known.values()}


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def read(content: bytes, *, currency: str, market: str, at: datetime, segment: str = "") -> Sheet:
    """The offers of a market and a segment (all of them where it is empty) at the instant `at`, in the
    currency of the price list that they are for. NotASheet for what is no price sheet."""
    table = sheet_files.opened(content)
    if missing := [name for name in NEEDED if name not in _places(table.columns)]:
        raise NotASheet(
            _("This is not a price sheet: it has no column %(columns)s.", columns=", ".join(missing))
        )
    return read_table(table, currency=currency, market=market, at=at, segment=segment)


def read_table(table: Table, *, currency: str, market: str, at: datetime, segment: str = "") -> Sheet:
    """The same of a file that is open and has the columns."""
    places = _places(table.columns)
    reading, markets = Reading(NAMES), set[str]()
    for number, cells in table.rows:
        row = {name: cells[places[name]] if name in places else "" for name in (*NEEDED, *EXTRA)}
        name = (row["SkuTitle"] or row["ProductTitle"]).strip()[:200]
        markets.add(row["Market"].strip().upper())
        try:
            if why := _not_wanted(row, market, segment):
                reading.left_out.append(LeftOut(number, name, why))
            else:
                reading.take(_line(number, row, currency))
        except Wrong as wrong:
            reading.problems.append(Problem(number, name, wrong.column, wrong.why, _code_of(row)))
    if not market and len(markets - {""}) > 1:
        raise NotASheet(
            _("The file has prices for %(markets)s. Say which market you import.", markets=_some(markets))
        )
    return reading.at(at)


def _some(words: set[str]) -> str:
    known = sorted(words - {""})
    return ", ".join(known[:8]) + (_(" and more") if len(known) > 8 else "")


def _not_wanted(row: Row, market: str, segment: str) -> str:
    """Why a line is not meant, or nothing."""
    if market and row["Market"].strip().upper() != market:
        return _("It is for another market.")
    if segment and (row["Segment"].strip() or FIRST_SEGMENT).casefold() != segment.casefold():
        return _("It is for another segment.")
    if "trial" in row["Tags"].lower() or row["BillingPlan"].strip().lower() == "none":
        return _("Trials are not imported.")
    return ""


def _line(number: int, row: Row, currency: str) -> Line:
    starts = sheet_cells.moment(row["EffectiveStartDate"], "EffectiveStartDate")
    ends = sheet_cells.moment(row["EffectiveEndDate"], "EffectiveEndDate")
    if ends < starts:
        raise Wrong("EffectiveEndDate", _("It ends before it begins."))
    term, billing = _term(row), _billing(row)
    if billing.months > term.months:
        raise Wrong("BillingPlan", _("It is billed for longer than its term lasts."))
    if row["Currency"].strip().upper() != currency:
        raise Wrong("Currency", _("The price list is in %(currency)s.", currency=currency))
    name, segment = sheet_cells.words(row["SkuTitle"], "SkuTitle"), row["Segment"].strip()
    sold_to = sheet_cells.one_of(segment or FIRST_SEGMENT, "Segment", SEGMENTS)
    about = sheet_cells.words(row["SkuDescription"].lstrip("+- "), "SkuDescription", needed=False, most=300)
    share, (product_id, sku_id) = Fraction(billing.months, term.months), _ids(row)
    begin, end = row["PricingTierRangeMin"].strip(), row["PricingTierRangeMax"].strip()
    line = Line(
        number,
        _product_code(row),
        _code_of(row),
        name if segment in ("", FIRST_SEGMENT) else f"{name} ({segment})",
        plan_name(term, billing),
        term,
        billing,
        sheet_cells.amount(row["ERP Price"], "ERP Price", currency, share),
        sheet_cells.amount(row["UnitPrice"], "UnitPrice", currency, share),
        vendor=sheet_cells.words(row["Publisher"], "Publisher"),
        summary=about or name,
        sku=f"{product_id}:{sku_id}",
        begin=max(sheet_cells.whole(begin, NAMES.begin), 1) if begin else 1,
        end=sheet_cells.whole(end, NAMES.end, least=1) if end else None,
        since=starts,
        until=ends,
        segments=sold_to,
    )
    check_range(line, NAMES)
    return line


def _ids(row: Row) -> tuple[str, str]:
    """A spreadsheet makes 1 of 0001."""
    return (
        sheet_cells.identifier(row["ProductId"], "ProductId"),
        sheet_cells.identifier(row["SkuId"], "SkuId").zfill(4),
    )


def _product_code(row: Row) -> str:
    segment = row["Segment"].strip()
    return "-".join(_ids(row)).lower() + (
        "" if segment in ("", FIRST_SEGMENT) else f"-{'-'.join(segment.lower().split())}"
    )


def _code_of(row: Row) -> str:
    """The code of the plan that a line is about; nothing where the line does not say."""
    try:
        return f"{_product_code(row)}-{_term(row).value}-{_billing(row).value}".lower()
    except Wrong:
        return ""


def _term(row: Row) -> Term:
    return sheet_cells.one_of(row["TermDuration"], "TermDuration", TERMS)


def _billing(row: Row) -> Term:
    return sheet_cells.one_of(row["BillingPlan"], "BillingPlan", BILLED)


def plan_name(term: Term, billing: Term) -> str:
    """As customers read it in the shop's catalogue; kept with the plan, so not translated."""
    lasts = {Term.MONTH: "Monthly", Term.YEAR: "Yearly", Term.THREE_YEARS: "Three years"}[term]
    if term is billing:
        return lasts
    return f"{lasts}, billed {'monthly' if billing is Term.MONTH else 'yearly'}"
