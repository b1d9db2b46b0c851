"""What stays of a quote, for the consoles: with the reseller, the day it was sent and today; with the
distributor, today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from checkout.baskets import BasketItem
from checkout.quote_orders import Quoted
from core.money import Money, total
from storefront.reseller.margins import Margin, margin

Amounts = Mapping[UUID, Money]
"""line -> what is paid for a unit."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line, per billing period. `sold` is false for a plan that nobody can buy any more; `was`, `now` and
    `kept` are none where nobody knows, or nobody may."""

    item: BasketItem
    sold: bool
    pays: Money | None
    was: Margin | None
    now: Margin | None
    kept: Margin | None


def rows(of: Sequence[Quoted], *, now: Amounts, was: Amounts, costs: Amounts) -> list[LineRow]:
    """Lines with their margins."""
    return [
        LineRow(
            one.item,
            one.sold,
            now.get(one.item.line_id),
            _left(one.item.total, was.get(one.item.line_id), one.item.quantity),
            _left(one.item.total, now.get(one.item.line_id), one.item.quantity),
            _left(
                _times(now.get(one.item.line_id), one.item.quantity),
                costs.get(one.item.line_id),
                one.item.quantity,
            ),
        )
        for one in of
    ]


def _times(unit: Money | None, quantity: int) -> Money | None:
    return None if unit is None else unit * quantity


def _left(got: Money | None, unit: Money | None, quantity: int) -> Margin | None:
    return None if got is None or unit is None else margin(got, unit * quantity)


def whole(of: Sequence[Quoted], paid: Amounts) -> Margin | None:
    """What stays of all lines with who is paid for them; none while one of them has no price."""
    if not of or any(one.item.line_id not in paid for one in of):
        return None
    currency = of[0].item.unit_price.currency
    pays = total([paid[one.item.line_id] * one.item.quantity for one in of], currency)
    return margin(total([one.item.total for one in of], currency), pays)


def kept(of: Sequence[Quoted], paid: Amounts, costs: Amounts) -> Margin | None:
    """What stays with the distributor; none while something is not known."""
    if not of or any(one.item.line_id not in paid or one.item.line_id not in costs for one in of):
        return None
    currency = of[0].item.unit_price.currency
    if any(amount.currency != currency for amount in (*paid.values(), *costs.values())):
        return None
    gets = total([paid[one.item.line_id] * one.item.quantity for one in of], currency)
    return margin(gets, total([costs[one.item.line_id] * one.item.quantity for one in of], currency))
