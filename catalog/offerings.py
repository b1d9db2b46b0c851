"""What a plan says about how it may be ordered, besides its price and its bounds: in which step, once or
again, with which trial, and in which windows a purchase may be undone or made smaller. All of it is data; how
orders are held to it is in checkout/quantities.py and checkout/offers.py, and what ends within a window in
provisioning/windows.py."""

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import Refused
from core.languages import _

LONGEST_DAYS = 366


class Ordered:
    """A plan as it may be ordered. `quantity_step`: only multiples of it. `conditional`: it has conditions
    besides its quantity (it is an add-on, a bundle, offered once, or needs something), so the quick ways
    leave it to checkout/offers.py. `trial_days`: ended within so many days, all that was paid for it goes
    back. The windows are in days after delivery; none is the product type's."""

    quantity_step: Mapped[int] = mapped_column(default=1, server_default="1")
    conditional: Mapped[bool] = mapped_column(default=False, server_default="false")
    once_per_customer: Mapped[bool] = mapped_column(default=False, server_default="false")
    trial_days: Mapped[int] = mapped_column(default=0, server_default="0")
    cancellation_days: Mapped[int | None]
    reduction_days: Mapped[int | None]


class Asking:
    """What a product type asks with an order (`order_fields`, catalog/order_fields.py), what its connector is
    told besides (`variables`), and in how many days after delivery a purchase may be undone or made smaller;
    0 is never."""

    order_fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    cancellation_days: Mapped[int] = mapped_column(default=0, server_default="0")
    reduction_days: Mapped[int] = mapped_column(default=0, server_default="0")


class WrongBounds(Refused):
    """A minimum, maximum and step that leave no number, or none that people could mean."""


def refuse_bounds(minimum: int, maximum: int, step: int) -> None:
    """WrongBounds unless at least one multiple of the step lies between minimum and maximum."""
    if not 1 <= minimum <= maximum or step < 1:
        raise WrongBounds(
            _("Minimum, maximum and step are whole numbers from 1 on, the maximum not below the minimum.")
        )
    if first_allowed(minimum, step) > maximum:
        raise WrongBounds(
            _(
                "No multiple of %(step)s lies between %(minimum)s and %(maximum)s, so nobody could order it.",
                step=step,
                minimum=minimum,
                maximum=maximum,
            )
        )


def first_allowed(minimum: int, step: int) -> int:
    """The smallest multiple of the step that is not below the minimum."""
    return -(-minimum // step) * step
