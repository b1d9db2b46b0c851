"""What promotions and partner codes have in common as rows: how much, off what, from when until when, how
often."""

from datetime import date, datetime

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.money import Money


class Deduction:
    """`goods`: what it is for (catalog/goods.py), `goods_words` the same in a line, as it was when it was
    made. `ends_on` is its last day; both days by the business clock. `uses`: orders that have it."""

    code: Mapped[str]
    name: Mapped[str]
    basis_points: Mapped[int] = mapped_column(default=0)
    goods: Mapped[dict[str, list[str]]] = mapped_column(JSONB, default=dict)
    goods_words: Mapped[str] = mapped_column(default="")
    combines: Mapped[bool] = mapped_column(default=False)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    most_uses: Mapped[int | None]
    uses: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[str]


def off_in_words(basis_points: int, minor: int, currency: str) -> str:
    """How much it takes off: "12.5 %", or "€2.00" for an amount per unit."""
    if basis_points:
        whole, hundredths = divmod(basis_points, 100)
        return f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".") + " %"
    return Money(minor, currency).text
