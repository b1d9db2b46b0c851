"""What tests about bank transfer share: an order of 0patch may ask for it from 100 licences on."""

from datetime import date, timedelta

from sqlalchemy import select

from billing import bank_transfers
from billing.bank_transfers import BankAccount, BankTransfer
from catalog.products import Product
from checkout import bank_transfer_requests
from checkout.orders import PayBy
from core import db
from core.clock import business_now
from core.money import Money
from tests.world import World, open_portal

ACCOUNT = BankAccount("Northwind GmbH", "DE89 3704 0044 0532 0130 00", "Example Bank")


def sold_by_transfer(world: World, product: str = "patch", number: int | None = 100) -> None:
    """So many licences of a product may be paid by bank transfer."""
    if "brightfield" not in world.storefronts:
        open_portal(world)
    with world.acting():
        found = db.session().scalars(select(Product).where(Product.code == product)).one()
        found.transfer_from = number


def asks(world: World, quantity: int = 100, who: str = "acme") -> str:
    """Acme orders and asks for it; the order's code."""
    sold_by_transfer(world)
    return world.buys(who, "patch-y", quantity, pay_by=PayBy.TRANSFER)


def today(world: World) -> date:
    with world.acting():
        return business_now().date()


def grants(world: World, code: str, *, days: int = 14, to: BankAccount = ACCOUNT) -> None:
    """Nora names the account."""
    with world.acting():
        due = business_now().date() + timedelta(days=days)
        bank_transfer_requests.grant(code, to, reference=code, due_on=due, by="Nora")


def arrives(
    world: World, code: str, minor: int, reference: str = "NTRF-1", *, on: date | None = None
) -> None:
    """Nora saw the money on the account."""
    order = world.order(code)
    with world.acting():
        bank_transfers.record(
            order.id,
            Money(minor, order.currency),
            received_on=on or business_now().date(),
            reference=reference,
            by="Nora",
        )


def of(world: World, code: str) -> BankTransfer:
    """The request, as the distributor sees it."""
    order = world.order(code)
    with world.acting():
        found = bank_transfers.of_order(order.id)
        assert found
        return found
