"""What an order tells the distributor whose floor it broke: an item of the work queue. The order goes on: a
floor that refuses has refused it before (catalog/margin_floors.py). The trail of an order is its buyer's to
read, so nothing of it stands there; a reseller finds its own prices under its floor among its margins."""

from collections.abc import Sequence
from uuid import UUID

from checkout.pricing import PricedLine
from core import work
from core.languages import for_later


def note(order_id: UUID, lines: Sequence[PricedLine]) -> None:
    """After such an order was written."""
    if any(line.broken.wholesale for line in lines):
        work.open_item(
            "sold under the floor",
            about_type="orders",
            about_id=order_id,
            order_id=order_id,
            words=for_later("Less of a wholesale price stays than its floor asks for."),
            suggestion=for_later("Look at the price and its cost, under Margins."),
        )
