"""Reads a vendor's price sheet: Microsoft's licence price list of the new commerce experience, as it is
exported. Nothing is written here. Each line becomes an offer of the day, a line that is left out and says
why, or a problem with its line, column and what would be right.

The columns and what they mean: https://learn.microsoft.com/en-us/partner-center/pricing-and-offers. UnitPrice
(what the partner pays) and ERP Price (what customers are recommended to pay) are for the whole term; a plan
that is billed monthly is billed a twelfth of a year's."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from core.errors import Refused
from core.languages import _
from core.money import Money, exponent
from core.periods import Term

LARGEST = 48 * 1024 * 1024
LONGEST_FIELD = 4000
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
TERMS = {"P1M": Term.MONTH, "P1Y": Term.YEAR, "P3Y": Term.THREE_YEARS}
BILLED = {"monthly": Term.MONTH, "annual": Term.YEAR, "triennial": Term.THREE_YEARS}
AMOUNT = re.compile(r"\d{1,12}([.,]\d{1,6})?")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+\.\d{1,6}|\d{1,3}(?:\.\d{3})+,\d{1,6}")
DATES = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
)
IDENTIFIER = re.compile(r"[A-Za-z0-9]{1,40}")
NUL = "\x00"


class NotASheet(Refused):
    """The file as a whole cannot be read; the sentence says what it seems to be and what is wanted."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as the sheet prices it today; both prices per unit and billing period."""

    line: int
    product_code: str
    plan_code: str
    product: str
    vendor: str
    summary: str
    plan: str
    sku: str
    term: Term
    billing: Term
    list_price: Money
    cost: Money
    since: datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is fine and gives no offer, with the reason."""

    line: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be read: its column, and what would be right."""

    line: int
    name: str
    column: str
    why: str


class _Wrong(Exception):
    """A problem of one column while its line is read."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column, self.why = column, why


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says today."""

    offers: Sequence[Offer]
    left_out: Sequence[LeftOut]
    problems: Sequence[Problem]


def read(content: bytes, *, currency: str, market: str, at: datetime) -> Sheet:
    """The offers of a market at the instant `at`, in the currency of the price list that they are for.
    NotASheet for what is no price sheet. Of lines about the same plan the one that began last counts."""
    offers: dict[str, Offer] = {}
    left_out: list[LeftOut] = []
    problems: list[Problem] = []
    markets: set[str] = set()
    for line, row in lines(content):
        name = (row["SkuTitle"] or row["ProductTitle"]).strip()[:200]
        markets.add(row["Market"].strip().upper())
        try:
            found = _offer(line, row, currency=currency, market=market, at=at)
        except _Wrong as wrong:
            problems.append(Problem(line, name, wrong.column, wrong.why))
            continue
        if isinstance(found, str):
            left_out.append(LeftOut(line, name, found))
            continue
        first = offers.get(found.plan_code)
        newer, older = (found, first) if first is None or found.since > first.since else (first, found)
        offers[found.plan_code] = newer
        if older is not None:
            why = _("Line %(line)s is about the same plan and counts.", line=newer.line)
            left_out.append(LeftOut(older.line, name, why))
    if not market and len(markets - {""}) > 1:
        raise NotASheet(
            _("The file has prices for %(markets)s. Say which market you import.", markets=_some(markets))
        )
    return Sheet(list(offers.values()), left_out, problems)


def lines(content: bytes) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The file's records, each with the number of the line on which it ends."""
    text = _text(content)
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True, restkey=""
    )
    try:
        names = [name.strip() for name in reader.fieldnames or []]
        if missing := [name for name in NEEDED if name not in names]:
            raise NotASheet(
                _("This is not a price sheet: it has no column %(columns)s.", columns=", ".join(missing))
            )
        reader.fieldnames = names
        for row in reader:
            if any(value for value in row.values()):
                yield (
                    reader.line_num,
                    {name: (row.get(name) or "")[:LONGEST_FIELD] for name in (*NEEDED, *EXTRA)},
                )
    except csv.Error as error:
        raise NotASheet(
            _("After line %(line)s it cannot be read as CSV: %(error)s.", line=reader.line_num, error=error)
        ) from error


EXTRA = ("SkuDescription", "Segment", "Tags", "PricingTierRangeMin", "PricingTierRangeMax")


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise NotASheet(_("The file is larger than %(most)s MB.", most=LARGEST // 1024 // 1024))
    if content.startswith(b"PK\x03\x04"):
        raise NotASheet(_("This is an Excel or ZIP file. Unpack it, or save it as CSV."))
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0")):
        raise NotASheet(_("This is no text. A price sheet is a CSV file."))
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotASheet(_("The file is not text in UTF-8.")) from None
    if NUL in text:
        raise NotASheet(_("This is no text. A price sheet is a CSV file."))
    return text


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab: whichever the first line has most of."""
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _some(words: set[str]) -> str:
    known = sorted(words - {""})
    return ", ".join(known[:8]) + (_(" and more") if len(known) > 8 else "")


def _offer(line: int, row: Mapping[str, str], *, currency: str, market: str, at: datetime) -> Offer | str:
    """The offer of a line, or why it gives none."""
    starts, ends = _moment(row, "EffectiveStartDate"), _moment(row, "EffectiveEndDate")
    if ends < starts:
        raise _Wrong("EffectiveEndDate", _("It ends before it begins."))
    if market and row["Market"].strip().upper() != market:
        return _("It is for another market.")
    if starts > at:
        return _("Its price does not count yet.")
    if ends < at:
        return _("Its price does not count any more.")
    if "trial" in row["Tags"].lower() or row["BillingPlan"].strip().lower() == "none":
        return _("Trials are not imported.")
    if row["PricingTierRangeMin"].strip() not in ("", "0", "1"):
        return _("Only the first step of a volume price is imported.")
    return _priced(line, row, currency, starts)


def _priced(line: int, row: Mapping[str, str], currency: str, since: datetime) -> Offer:
    term = _one_of(row, "TermDuration", TERMS, row["TermDuration"].strip().upper())
    billing = _one_of(row, "BillingPlan", BILLED, row["BillingPlan"].strip().lower())
    if billing.months > term.months:
        raise _Wrong("BillingPlan", _("It is billed for longer than its term lasts."))
    if row["Currency"].strip().upper() != currency:
        raise _Wrong("Currency", _("The price list is in %(currency)s.", currency=currency))
    product_id, sku_id = _identifier(row, "ProductId"), _identifier(row, "SkuId")
    name, segment = _words(row, "SkuTitle"), row["Segment"].strip()
    share = Fraction(billing.months, term.months)
    sku = f"{product_id}:{sku_id}"
    code = f"{product_id}-{sku_id}".lower() + ("" if segment in ("", "Commercial") else f"-{segment.lower()}")
    return Offer(
        line,
        code,
        f"{code}-{term.value}-{billing.value}".lower(),
        name if segment in ("", "Commercial") else f"{name} ({segment})",
        _words(row, "Publisher"),
        " ".join(row["SkuDescription"].split())[:300] or name,
        _plan_name(term, billing),
        sku,
        term,
        billing,
        _amount(row, "ERP Price", currency).times(share),
        _amount(row, "UnitPrice", currency).times(share),
        since,
    )


def _plan_name(term: Term, billing: Term) -> str:
    """As customers read it in the shop's catalogue; kept with the plan, so not translated."""
    lasts = {Term.MONTH: "Monthly", Term.YEAR: "Yearly", Term.THREE_YEARS: "Three years"}[term]
    if term is billing:
        return lasts
    return f"{lasts}, billed {'monthly' if billing is Term.MONTH else 'yearly'}"


def _moment(row: Mapping[str, str], column: str) -> datetime:
    """A moment in UTC, as the vendor's portal or a spreadsheet writes it."""
    text = row[column].strip()
    try:
        return _utc(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)))
    except ValueError:
        pass
    for form in DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise _Wrong(
        column, _("Write a date such as 2/1/2026 or 2026-02-01; it says “%(text)s”.", text=text[:40])
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _one_of(row: Mapping[str, str], column: str, allowed: Mapping[str, Term], value: str) -> Term:
    if value not in allowed:
        raise _Wrong(
            column,
            _(
                "It says “%(text)s”; allowed are %(allowed)s.",
                text=row[column][:40],
                allowed=", ".join(name if name.isupper() else name.capitalize() for name in allowed),
            ),
        )
    return allowed[value]


def _identifier(row: Mapping[str, str], column: str) -> str:
    text = row[column].strip()
    if not IDENTIFIER.fullmatch(text):
        raise _Wrong(column, _("An id has letters and digits only; it says “%(text)s”.", text=text[:40]))
    return text.zfill(4) if column == "SkuId" else text  # a spreadsheet makes 1 of 0001


def _words(row: Mapping[str, str], column: str) -> str:
    text = " ".join(row[column].split())
    if not text:
        raise _Wrong(column, _("It is empty."))
    if text[0] in "=+-@":
        raise _Wrong(column, _("It begins like a formula: “%(text)s”.", text=text[:40]))
    return text[:200]


def _amount(row: Mapping[str, str], column: str, currency: str) -> Money:
    """A price for the term: digits, with a point or a comma before the decimals."""
    text = row[column].strip()
    if GROUPED.fullmatch(text):
        text = text.replace("," if text.rfind(".") > text.rfind(",") else ".", "")
    if not AMOUNT.fullmatch(text):
        raise _Wrong(
            column, _("Write an amount of zero or more, such as 12.50; it says “%(text)s”.", text=text[:40])
        )
    whole, _point, decimals = text.replace(",", ".").partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > exponent(currency):
        raise _Wrong(
            column,
            _(
                "%(currency)s has %(digits)s digits after the point; it says “%(text)s”.",
                currency=currency,
                digits=exponent(currency),
                text=text[:40],
            ),
        )
    return Money(int(whole + decimals.ljust(exponent(currency), "0")), currency)
