"""Exchange rates as dated data, entered by the distributor or read from a file as the European Central Bank
publishes it. A rate is written once and never changed. What cannot be converted is said, never guessed: there
is no rate where the newest is older than a month."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from uuid import UUID

from babel import Locale
from sqlalchemy import CheckConstraint, Index, UniqueConstraint, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from core import db, tenancy
from core.clock import business_now
from core.errors import Conflict, Refused
from core.ids import new_id
from core.languages import _
from core.money import Money, exponent, round_half_up
from core.tenancy import Access, DistributorOwned

OLDEST = timedelta(days=31)
MOST_DIGITS = 8  # after the point
LARGEST = Decimal(1_000_000_000)
MOST_BYTES = 4_000_000
MOST_DAYS = 400  # of a file that goes back to 1999


class ExchangeRate(DistributorOwned, db.Model):
    """One unit of `base` was worth so many of `currency` on a day."""

    __tablename__ = "exchange_rates"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        UniqueConstraint("distributor_id", "base", "currency", "day"),
        CheckConstraint("rate > 0", name="rate"),
        Index("ix_exchange_rates_day", "distributor_id", "day"),
    )

    base: Mapped[str]
    currency: Mapped[str]
    day: Mapped[date]
    rate: Mapped[Decimal]
    source: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime]
    added_by: Mapped[UUID | None]


class WrongRate(Refused):
    """A rate that nobody could use."""

    field = "rate"


class RateWritten(Conflict):
    """A rate of a day is written once."""

    def __init__(self, base: str, currency: str, day: date) -> None:
        super().__init__(
            _(
                "%(base)s to %(currency)s of %(day)s is written already, and a rate is never changed.",
                base=base,
                currency=currency,
                day=f"{day:%Y-%m-%d}",
            )
        )


def today() -> date:
    """By the distributor's clock."""
    return business_now().date()


def currencies() -> frozenset[str]:
    """Every code that a rate may name."""
    return frozenset(Locale("en").currencies)


# --- Reading rates ------------------------------------------------------------------------------------------


def rates(pairs: Collection[tuple[str, str]], on: date | None = None) -> dict[tuple[str, str], Fraction]:
    """(from, to) -> what a *minor* unit of the one is in minor units of the other, on a day, for those pairs
    for which there is a rate that is not too old: the pair itself, its inverse, or by way of one common
    base."""
    asked = {pair for pair in pairs if pair[0] != pair[1]}
    if not asked:
        return {}
    at, named = on or today(), {code for pair in asked for code in pair}
    rows = db.session().execute(
        select(ExchangeRate.base, ExchangeRate.currency, ExchangeRate.rate)
        .where(
            ExchangeRate.day <= at,
            ExchangeRate.day > at - OLDEST,
            or_(ExchangeRate.base.in_(named), ExchangeRate.currency.in_(named)),
        )
        .order_by(ExchangeRate.day)
    )
    newest = {(base, currency): Fraction(rate) for base, currency, rate in rows}
    found = {pair: rate for pair in asked if (rate := between(pair, newest)) is not None}
    return {(one, other): rate * _scale(one, other) for (one, other), rate in found.items()}


def between(pair: tuple[str, str], known: Mapping[tuple[str, str], Fraction]) -> Fraction | None:
    """The rate of a pair out of known ones: itself, its inverse, or by way of one base that both have."""
    one, other = pair
    if pair in known:
        return known[pair]
    if (other, one) in known:
        return 1 / known[other, one]
    for base in sorted({base for base, _other in known}):
        if (base, one) in known and (base, other) in known:
            return known[base, other] / known[base, one]
    return None


def _scale(one: str, other: str) -> Fraction:
    return Fraction(10) ** (exponent(other) - exponent(one))


def converted(amount: Money, to: str, on: date | None = None) -> Money | None:
    """The amount in another currency, rounded half up once; none where there is no rate of the day."""
    if amount.currency == to:
        return amount
    rate = rates([(amount.currency, to)], on).get((amount.currency, to))
    return None if rate is None else Money(round_half_up(amount.minor * rate), to)


# --- Writing rates ------------------------------------------------------------------------------------------


def add(base: str, currency: str, rate: Decimal, day: date) -> ExchangeRate:
    """One rate by hand; WrongRate or RateWritten otherwise."""
    base, currency = base.strip().upper(), currency.strip().upper()
    for name, code in (("base", base), ("currency", currency)):
        if code not in currencies():
            why = _("%(code)s is no currency. Use a code such as USD.", code=code[:20] or "–")
            raise WrongRate(why).at(name)
    if base == currency:
        raise WrongRate(_("A rate is between two currencies.")).at("currency")
    check(rate)
    if day > today():
        why = _("A rate of a day that has not come is a guess. Use today, or a day before it.")
        raise WrongRate(why).at("day")
    standing = select(ExchangeRate).where(
        ExchangeRate.base == base, ExchangeRate.currency == currency, ExchangeRate.day == day
    )
    if db.session().scalar(standing) is not None:
        raise RateWritten(base, currency, day)
    added = db.add(
        ExchangeRate(
            base=base, currency=currency, rate=rate, day=day, source="",
            added_at=db.session().info["now"], added_by=tenancy.current().person_id,
        )
    )  # fmt: skip
    db.flush()
    return added


def parse_rate(text: str) -> Decimal:
    """What a person or a file wrote ("1.0843", "1,0843"); WrongRate otherwise."""
    try:
        return check(Decimal(text.strip().replace(",", ".")))
    except InvalidOperation:
        raise WrongRate(_("Enter a rate such as 1.0843.")) from None


def check(rate: Decimal) -> Decimal:
    """The rate; WrongRate where it is none."""
    exact = rate.as_tuple().exponent
    if not rate.is_finite() or not 0 < rate < LARGEST or (isinstance(exact, int) and -exact > MOST_DIGITS):
        raise WrongRate(
            _("A rate is more than 0, with at most %(digits)s digits after the point.", digits=MOST_DIGITS)
        )
    return rate


@dataclass(slots=True)
class RateFile:
    """What a file says: rates by (day, currency), what is wrong by row and column, and how many days were too
    old to be read."""

    rates: dict[tuple[date, str], Decimal] = field(default_factory=dict[tuple[date, str], Decimal])
    faults: list[str] = field(default_factory=list[str])
    old: int = 0


DAYS = ("%Y-%m-%d", "%d %B %Y", "%d.%m.%Y")


def read(content: bytes) -> RateFile:
    """A file with a day in its first column and a currency in each other (the ECB's eurofxref.csv and
    eurofxref-hist.csv); N/A and empty cells are no rates."""
    found = RateFile()
    if len(content) > MOST_BYTES:
        found.faults.append(_("The file is too large: at most %(most)s MB.", most=MOST_BYTES // 1_000_000))
        return found
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        found.faults.append(_("This is no CSV file in UTF-8."))
        return found
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    if not rows or rows[0][0].lower() != "date" or len(rows[0]) < 2:
        found.faults.append(
            _("Row 1: the first column is called Date, each other is a currency such as USD.")
        )
        return found
    heads = [cell.upper() for cell in rows[0]]
    for name in heads[1:]:
        if name and name not in currencies():
            found.faults.append(_("Row 1: %(name)s is no currency.", name=name[:20]))
    for number, row in enumerate(rows[1:], start=2):
        _read_row(found, heads, number, row)
    if not found.rates and not found.faults:
        found.faults.append(_("There is no rate in this file."))
    return found


def _read_row(found: RateFile, heads: Sequence[str], number: int, row: Sequence[str]) -> None:
    day = _day(row[0])
    if day is None or day > today():
        found.faults.append(
            _("Row %(row)s, Date: %(text)s is no day up to today.", row=number, text=row[0][:30] or "–")
        )
        return
    if day < today() - timedelta(days=MOST_DAYS):
        found.old += 1
        return
    for name, cell in zip(heads[1:], row[1:], strict=False):
        if not name or not cell or cell.upper() == "N/A":
            continue
        try:
            found.rates[day, name] = parse_rate(cell)
        except WrongRate as wrong:
            found.faults.append(
                _(
                    "Row %(row)s, %(name)s: %(text)s. %(why)s",
                    row=number,
                    name=name,
                    text=cell[:30],
                    why=wrong,
                )
            )


def _day(text: str) -> date | None:
    for form in DAYS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 a day, not a moment
        except ValueError:
            continue
    return None


def take(file: RateFile, *, base: str, source: str) -> tuple[int, int]:
    """Writes what is new; (added, were there already). What is written is not touched."""
    base = base.strip().upper()
    if base not in currencies():
        raise WrongRate(_("%(code)s is no currency. Use a code such as USD.", code=base[:20] or "–"))
    scope, now = tenancy.current(), db.session().info["now"]
    rows = [
        {
            "distributor_id": scope.distributor_id, "id": new_id(), "base": base, "currency": currency,
            "day": day, "rate": rate, "source": source[:100], "added_at": now, "added_by": scope.person_id,
        }
        for (day, currency), rate in file.rates.items()
        if currency != base
    ]  # fmt: skip
    added = 0
    for at in range(0, len(rows), 1000):
        new = insert(ExchangeRate).values(rows[at : at + 1000]).on_conflict_do_nothing()
        added += len(db.session().execute(new.returning(ExchangeRate.id)).all())
    return added, len(rows) - added
