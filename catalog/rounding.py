"""How the retail prices that a reseller's rules make are rounded: to prices that end in .99 or .00, to whole
tens of yen; upwards, or to the nearest. A setting of the reseller, one for each currency. Prices that were
set by hand are not touched by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, trail
from core.errors import Refused
from core.languages import _
from core.money import Money, exponent
from core.tenancy import Access, ResellerOwned, owned_by


class RoundingRule(ResellerOwned, db.Model):
    """Prices of a currency are `ending` more than a multiple of `step`, both in minor units; `up`: never
    below what was computed, else the nearest."""

    __tablename__ = "rounding_rules"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id", "currency"),
        CheckConstraint("step >= 1 AND ending >= 0 AND ending < step", name="ending"),
    )

    currency: Mapped[str]
    step: Mapped[int]
    ending: Mapped[int]
    up: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rule as values."""

    step: int = 1
    ending: int = 0
    up: bool = False

    @property
    def code(self) -> str:
        """As a form sends it: "100.99"."""
        return f"{self.step}.{self.ending}"


EXACT = Rounding()

# (step, ending) that a currency offers, by the digits after its point.
OFFERED: Mapping[int, tuple[tuple[int, int], ...]] = {
    0: ((1, 0), (10, 0), (100, 0)),
    2: ((1, 0), (5, 0), (10, 0), (50, 0), (100, 0), (100, 50), (100, 90), (100, 95), (100, 99)),
    3: ((1, 0), (5, 0), (50, 0), (100, 0), (1000, 0), (1000, 900), (1000, 990)),
}


class WrongRounding(Refused):
    """A price has to be one that the currency has."""

    def __init__(self, currency: str) -> None:
        super().__init__(
            _("Choose one of the endings that prices in %(currency)s can have.", currency=currency)
        )


def to(exact: Fraction, rounding: Rounding) -> int:
    """The price in minor units for an exact one of at least zero. Nothing stays nothing; anything else
    becomes at least the lowest price with this ending."""
    if not exact:
        return 0
    above, step = exact - rounding.ending, rounding.step
    times = -(-above // step) if rounding.up else (2 * above + step) // (2 * step)
    return max(0, times) * step + rounding.ending


def endings(currency: str) -> list[tuple[str, str]]:
    """(code, words) of what a currency offers, for a form."""
    return [
        (f"{step}.{ending}", words(currency, step, ending)) for step, ending in OFFERED[exponent(currency)]
    ]


def words(currency: str, step: int, ending: int) -> str:
    """ "to €0.50", "to prices that end in .99"."""
    if step == 1:
        return _("not rounded further")
    if ending:
        return _("to prices that end in .%(digits)s", digits=str(ending).zfill(exponent(currency)))
    return _("to multiples of %(amount)s", amount=Money(step, currency).text)


def of(reseller_id: UUID) -> dict[str, Rounding]:
    """currency -> the reseller's rule."""
    rows = db.session().scalars(select(RoundingRule).where(RoundingRule.reseller_id == reseller_id))
    return {row.currency: Rounding(row.step, row.ending, row.up) for row in rows}


def keep(reseller_id: UUID, currency: str, code: str, *, up: bool) -> bool:
    """From now on; whether that is news. Prices follow by `shelf_prices.follow`."""
    step, _dot, ending = code.partition(".")
    if code not in dict(endings(currency)):
        raise WrongRounding(currency)
    chosen = select(RoundingRule).where(
        RoundingRule.reseller_id == reseller_id, RoundingRule.currency == currency
    )
    row = db.session().scalar(chosen)
    if row is None:
        row = db.add(RoundingRule(reseller_id=reseller_id, currency=currency, step=1, ending=0, up=False))
        db.flush()
    if (row.step, row.ending, row.up) == (int(step), int(ending), up):
        return False
    row.step, row.ending, row.up = int(step), int(ending), up
    trail.write(
        row, "rounding changed", told={"currency": currency, "to": words(currency, row.step, row.ending)}
    )
    db.flush()
    return True
