"""Reads the sheet of any vendor by what its columns mean (catalog/sheet_mappings.py), line by line, into
offers of the day, lines that are left out, and problems by line and column."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction

from catalog import sheet_cells
from catalog.price_sheets import BILLED, FIRST_SEGMENT, TERMS, plan_name
from catalog.priced_lines import (
    FOR_EVER,
    LONG_AGO,
    LeftOut,
    Line,
    Names,
    Problem,
    Reading,
    Sheet,
    check_range,
)
from catalog.sheet_cells import Wrong
from catalog.sheet_files import NotASheet, Table
from catalog.sheet_mappings import SIGN, Meaning
from core.languages import _
from core.money import Money
from core.parties import Segment
from core.periods import Term

WORDS = TERMS | {
    "monthly": Term.MONTH,
    "month": Term.MONTH,
    "1 month": Term.MONTH,
    "yearly": Term.YEAR,
    "year": Term.YEAR,
    "1 year": Term.YEAR,
    "annual": Term.YEAR,
    "annually": Term.YEAR,
    "12 months": Term.YEAR,
    "3 years": Term.THREE_YEARS,
    "36 months": Term.THREE_YEARS,
    "triennial": Term.THREE_YEARS,
}
SOLD_TO = {
    "education": (Segment.EDUCATION,),
    "academic": (Segment.EDUCATION,),
    "charity": (Segment.CHARITY,),
    "nonprofit": (Segment.CHARITY,),
    "non-profit": (Segment.CHARITY,),
}
"""What sheets call the kinds of companies that we tell apart; any other word is sold to everybody."""
ON_SALE = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


def read_table(
    table: Table, meaning: Meaning, *, currency: str, market: str, segment: str, at: datetime
) -> Sheet:
    """What the sheet says at the instant `at`. NotASheet where nobody has said which market is meant."""
    names = Names(*(meaning.columns.get(name, name) for name in ("range_from", "range_to", "effective_from")))
    reading, markets = Reading(names), set[str]()
    places = {head: place for place, head in enumerate(table.columns)}
    for number, cells in table.rows:
        row = _Row(cells, places, meaning, currency)
        markets.add(row.text("market").upper())
        name = " ".join(row.text("product").split())[:200]
        try:
            if why := row.not_wanted(market, segment):
                reading.left_out.append(LeftOut(number, name, why))
            else:
                line = row.line(number)
                check_range(line, names)
                reading.take(line)
        except Wrong as wrong:
            reading.problems.append(Problem(number, name, wrong.column, wrong.why, row.plan_code_or_none()))
    if not market and len(markets - {""}) > 1:
        raise NotASheet(_("The file has prices for several markets. Say which one you import."))
    return reading.at(at)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line, with what its columns mean."""

    cells: list[str]
    places: dict[str, int]
    meaning: Meaning
    currency: str

    def column(self, target: str) -> str:
        """What the sheet calls it."""
        return self.meaning.columns.get(target, "")

    def text(self, target: str) -> str:
        """What stands there, or what holds for every line."""
        column = self.column(target)
        return column[1:] if column.startswith(SIGN) else self.cells[self.places[column]] if column else ""

    def not_wanted(self, market: str, segment: str) -> str:
        """Why the line is not meant, or nothing."""
        if market and self.column("market") and self.text("market").strip().upper() != market:
            return _("It is for another market.")
        told = self.text("segment").strip() or FIRST_SEGMENT
        if segment and self.column("segment") and told.casefold() != segment.casefold():
            return _("It is for another segment.")
        told = self.text("currency").strip().upper()
        if told and told != self.currency:
            if not re.fullmatch("[A-Z]{3}", told):
                raise Wrong(
                    self.column("currency"),
                    _("Write a currency of three letters, such as %(currency)s.", currency=self.currency),
                )
            return _(
                "It is in %(told)s; the price list is in %(currency)s.", told=told, currency=self.currency
            )
        return ""

    def line(self, number: int) -> Line:
        """Everything the line says; Wrong with the first column that cannot be read."""
        term, billing = self.term("term"), self.term("billing" if self.text("billing").strip() else "term")
        if billing.months > term.months:
            raise Wrong(
                self.column("billing") or self.column("term"),
                _("It is billed for longer than its term lasts."),
            )
        share = Fraction(billing.months, term.months) if self.meaning.per_term else Fraction(1)
        product = self.words("product", needed=True)
        since, until = self.moment("effective_from"), self.moment("effective_until")
        if since and until and until < since:
            raise Wrong(self.column("effective_until"), _("It ends before it begins."))
        if until and until.time() == time():  # a day, which counts to its end
            until += timedelta(days=1)
        price = self.amount("list_price", share)
        if price is None:
            raise Wrong(self.column("list_price"), _("It is empty."))
        return Line(
            number,
            self.product_code(),
            self.plan_code(),
            product,
            self.words("plan") or plan_name(term, billing),
            term,
            billing,
            price,
            self.amount("cost", share),
            self.amount("wholesale", share),
            vendor=self.words("vendor"),
            summary=self.words("summary", most=300) or product,
            description=self.words("description", most=4000),
            category=self.words("category", most=80),
            sku=self.words("sku") or self.plan_code(),
            begin=max(self.whole("range_from") or 1, 1),
            end=self.whole("range_to", least=1),
            since=since or LONG_AGO,
            until=until or FOR_EVER,
            minimum=self.whole("minimum", least=1),
            maximum=self.whole("maximum", least=1),
            published=sheet_cells.one_of(self.text("on_sale"), self.column("on_sale"), ON_SALE)
            if self.text("on_sale").strip()
            else True,
            segments=SOLD_TO.get(self.text("segment").strip().casefold(), ()),
        )

    def plan_code(self) -> str:
        """As it is written, or made of the SKU, term and billing period."""
        if written := self.text("plan_code").strip():
            return sheet_cells.code(written, self.column("plan_code"))
        term = self.term("term")
        billing = self.term("billing") if self.text("billing").strip() else term
        sku = self.words("sku", needed=True)
        return f"{slug(sku, self.column('sku'))}-{term.value}-{billing.value}".lower()

    def plan_code_or_none(self) -> str:
        """The same for a line with a problem."""
        try:
            return self.plan_code()
        except Wrong:
            return ""

    def product_code(self) -> str:
        """As it is written, or made of vendor and product."""
        if written := self.text("product_code").strip():
            return sheet_cells.code(written, self.column("product_code"))
        both = " ".join(filter(None, (self.words("vendor"), self.words("product", needed=True))))
        return slug(both, self.column("product"))

    def words(self, target: str, *, needed: bool = False, most: int = 200) -> str:
        """Text on one line."""
        return sheet_cells.words(self.text(target), self.column(target), needed=needed, most=most)

    def whole(self, target: str, least: int = 0) -> int | None:
        """A number of units, if there is one."""
        text = self.text(target)
        return sheet_cells.whole(text, self.column(target), least=least) if text.strip() else None

    def amount(self, target: str, share: Fraction) -> Money | None:
        """A price, if there is one."""
        text = self.text(target)
        return sheet_cells.amount(text, self.column(target), self.currency, share) if text.strip() else None

    def moment(self, target: str) -> datetime | None:
        """A date, if there is one."""
        return sheet_cells.moment(text, self.column(target)) if (text := self.text(target)).strip() else None

    def term(self, target: str) -> Term:
        """A length of time in one of the words that sheets use."""
        text, column = self.text(target), self.column(target)
        if text.strip().casefold() in {word.casefold() for word in WORDS}:
            return sheet_cells.one_of(text, column, WORDS)
        return sheet_cells.one_of(text, column, TERMS | BILLED)


def slug(text: str, column: str) -> str:
    """A code made of words."""
    made = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:100].strip("-")
    if not made:
        raise Wrong(column, _("It has no letter or digit to make a code of: “%(text)s”.", text=text[:40]))
    return made
