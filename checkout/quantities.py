"""How many units one delivery may have: minimum, maximum and step of its plan, never in sum with another
(H27, H28). The same function is asked on the page, by the basket and when the order is placed."""

from catalog.offerings import first_allowed
from core.errors import Refused
from core.languages import _


class WrongQuantity(Refused):
    """Minimum, maximum or step (H27: per delivery, never in sum)."""


def check_quantity(quantity: int, minimum: int, maximum: int, unit: str, step: int = 1) -> None:
    """WrongQuantity names the allowed numbers."""
    if quantity < minimum:
        raise WrongQuantity(
            _(
                "The minimum is %(minimum)s; you asked for %(quantity)s.",
                minimum=_units(first_allowed(minimum, step), unit),
                quantity=quantity,
            )
        )
    if quantity > maximum:
        raise WrongQuantity(
            _(
                "The maximum is %(maximum)s; you asked for %(quantity)s.",
                maximum=_units(maximum // step * step, unit),
                quantity=quantity,
            )
        )
    if quantity % step:
        raise WrongQuantity(
            _(
                "It is sold in steps of %(step)s %(unit)ss, such as %(near)s; you asked for %(quantity)s.",
                step=step,
                unit=unit,
                near=_near(quantity, minimum, maximum, step),
                quantity=quantity,
            )
        )


def _units(number: int, unit: str) -> str:
    """ "1 seat", "10 seats"."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _near(quantity: int, minimum: int, maximum: int, step: int) -> str:
    """The allowed numbers on both sides of one that is not."""
    around = (quantity // step * step, quantity // step * step + step)
    return _(" or ").join(str(number) for number in around if minimum <= number <= maximum)


def parse_quantity(text: str) -> int:
    """A whole number of units from what was typed; WrongQuantity otherwise."""
    cleaned = text.strip()
    if not cleaned.isascii() or not cleaned.isdigit() or len(cleaned) > 7:
        raise WrongQuantity(_("Enter a whole number of units, such as 10."))
    return int(cleaned)


def allowed(minimum: int, maximum: int, unit: str, step: int = 1) -> str:
    """The allowed numbers in words: "10 to 300 seats, in steps of 10"."""
    least, most = first_allowed(minimum, step), maximum // step * step
    if least == most:
        return _("%(number)s at a time", number=_units(least, unit))
    if step == 1:
        return _("%(least)s to %(most)s %(unit)ss", least=f"{least:,}", most=f"{most:,}", unit=unit)
    return _(
        "%(least)s to %(most)s %(unit)ss, in steps of %(step)s",
        least=f"{least:,}",
        most=f"{most:,}",
        unit=unit,
        step=step,
    )
