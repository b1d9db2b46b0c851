"""What a cell of a sheet means: an amount, a date, a whole number, a word. A cell that cannot be read is a
problem of its column, with what would be right; nothing is guessed, and nothing that begins like a formula is
taken."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TypeVar

from core.languages import _
from core.money import Money, exponent

Value = TypeVar("Value")

AMOUNT = re.compile(r"\d{1,12}([.,]\d{1,6})?")
GROUPED = re.compile(
    r"\d{1,3}(?:,\d{3})+\.\d{1,6}|\d{1,3}(?:\.\d{3})+,\d{1,6}|\d{1,3}(?:(?:,\d{3}){2,}|(?:\.\d{3}){2,})"
)
SPACED = re.compile(r"\d{1,3}(?:[ \u00a0\u2009\u202f'’]\d{3})+([.,]\d{1,6})?")  # 1 234,50 and 1'234.50
AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # a thousand and something, or one and a little
SERIAL = re.compile(r"(\d{5}|2958465)(?:\.\d{1,12})?")  # days as Excel counts them, without their format
FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)
WHOLE = re.compile(r"\d{1,9}(?:[.,]0{1,6})?")
DATES = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y/%m/%d",
)
IDENTIFIER = re.compile(r"[A-Za-z0-9]{1,40}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,118}")
FORMULA = ("=", "+", "-", "@")


class Wrong(Exception):
    """A problem of one column while its line is read."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column, self.why = column, why


def moment(text: str, column: str) -> datetime:
    """A moment in UTC, as a vendor's portal or a spreadsheet writes it."""
    text = text.strip()
    try:
        return _utc(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)))
    except ValueError:
        pass
    for form in DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    if SERIAL.fullmatch(text):
        return FIRST_DAY + timedelta(days=int(text.partition(".")[0]))
    raise Wrong(column, _("Write a date such as 2/1/2026 or 2026-02-01; %(says)s.", says=_says(text.strip())))


def _says(text: str) -> str:
    return _("it says “%(text)s”", text=text[:40]) if text else _("it is empty")


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def one_of(text: str, column: str, allowed: Mapping[str, Value]) -> Value:
    """What a word stands for; capitals make no difference. The message names the words that are allowed."""
    known = {name.casefold(): value for name, value in allowed.items()}
    if (word := text.strip().casefold()) not in known:
        raise Wrong(
            column,
            _(
                "Allowed are %(allowed)s; %(says)s.",
                says=_says(text.strip()),
                allowed=", ".join(name if name.isupper() else name.capitalize() for name in allowed),
            ),
        )
    return known[word]


def identifier(text: str, column: str) -> str:
    """Letters and digits."""
    if not IDENTIFIER.fullmatch(text := text.strip()):
        raise Wrong(column, _("An id has letters and digits only; it says “%(text)s”.", text=text[:40]))
    return text


def code(text: str, column: str) -> str:
    """A code as vendors write them: letters, digits and the signs that addresses can have."""
    if not CODE.fullmatch(text := " ".join(text.split())):
        raise Wrong(
            column,
            _("A code has letters, digits and . _ : - only, up to 119; it says “%(text)s”.", text=text[:40]),
        )
    return text


def words(text: str, column: str, *, needed: bool = True, most: int = 200) -> str:
    """Text on one line. An apostrophe before what looks like a formula is ours (storefront/exports.py)."""
    text = " ".join(text.split())
    if text.startswith("'") and text[1:].lstrip().startswith(FORMULA):
        return text[1:][:most]
    if text.startswith(FORMULA):
        raise Wrong(column, _("It begins like a formula: “%(text)s”.", text=text[:40]))
    if needed and not text:
        raise Wrong(column, _("It is empty."))
    return text[:most]


def whole(text: str, column: str, *, least: int = 0) -> int:
    """A number of units; a spreadsheet may write 5 as 5.0."""
    if not WHOLE.fullmatch(text := text.strip()) or int(re.split("[.,]", text)[0]) < least:
        raise Wrong(
            column,
            _("Write a whole number of %(least)s or more; it says “%(text)s”.", least=least, text=text[:40]),
        )
    return int(re.split("[.,]", text)[0])


def amount(text: str, column: str, currency: str, share: Fraction = Fraction(1)) -> Money:
    """A price: digits, with a point or a comma before the decimals, and thousands apart. `share` of it is
    meant. What could be two prices is neither."""
    text = text.strip()
    if text.startswith("="):
        raise Wrong(column, _("It is a formula (“%(text)s”). Put its value in place of it.", text=text[:40]))
    if GROUPED.fullmatch(text):
        text = text.replace(next(sign for sign in text if sign in ".,"), "")
    elif SPACED.fullmatch(text):
        text = re.sub(r"[ \u00a0\u2009\u202f'’]", "", text)
    elif AMBIGUOUS.fullmatch(text) and exponent(currency) < 3:
        raise Wrong(
            column,
            _(
                "It says “%(text)s”, which could be %(many)s or a little more than %(few)s. Write it without"
                " a sign between thousands.",
                text=text,
                many=re.sub("[.,]", "", text),
                few=re.split("[.,]", text)[0],
            ),
        )
    if not AMOUNT.fullmatch(text):
        raise Wrong(column, _("Write an amount of zero or more, such as 12.50; %(says)s.", says=_says(text)))
    whole_part, _point, decimals = text.replace(",", ".").partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > exponent(currency):
        raise Wrong(
            column,
            _(
                "%(currency)s has %(digits)s digits after the point; it says “%(text)s”.",
                currency=currency,
                digits=exponent(currency),
                text=text[:40],
            ),
        )
    return Money(int(whole_part + decimals.ljust(exponent(currency), "0")), currency).times(share)
