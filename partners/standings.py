"""What a reseller may do with its distributor: sell on (I15), order, and on which price list."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from core import db, trail
from core.errors import Missing
from core.events import Event, publish
from core.parties import Reseller


@dataclass(frozen=True, slots=True)
class PriceListChanged(Event):
    """A reseller pays by another list from now on."""

    reseller_id: UUID


def find(code: str) -> Reseller:
    """A reseller by its code, inside the scope."""
    found = db.session().scalar(select(Reseller).where(Reseller.code == code))
    if found is None:
        raise Missing("reseller")
    return found


def change(
    reseller: Reseller, *, enable_reselling: bool, ordering_enabled: bool, price_list_id: UUID
) -> None:
    """Takes effect with the next order; what runs goes on."""
    if enable_reselling != reseller.enable_reselling:
        trail.write(reseller, "reselling enabled" if enable_reselling else "reselling disabled")
    if ordering_enabled != reseller.ordering_enabled:
        trail.write(reseller, "ordering enabled" if ordering_enabled else "ordering stopped")
    other_prices = price_list_id != reseller.price_list_id
    if other_prices:
        trail.write(reseller, "price list changed")
    reseller.enable_reselling, reseller.ordering_enabled, reseller.price_list_id = (
        enable_reselling,
        ordering_enabled,
        price_list_id,
    )
    if other_prices:
        publish(PriceListChanged(reseller.id))
