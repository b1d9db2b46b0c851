"""Nora of Northwind at her console, and a world with something in every list."""

import pytest

from checkout.orders import PayBy
from tests.mail.conftest import office, post  # noqa: F401 a real mail server
from tests.visits import Visit, make_app
from tests.world import World, open_portal


@pytest.fixture
def nora(world: World) -> Visit:
    """Nora, who may do everything at Northwind, signed in."""
    return Visit(make_app()).sign_in("nora")


@pytest.fixture
def busy(world: World) -> World:
    """Brightfield's shop is open and Harbour's plan delivered; Acme has one delivered and one unpaid
    order."""
    open_portal(world)
    world.give_credit("harbour", 500_00)
    world.buys("harbour", "standard-m", pay_by=PayBy.ACCOUNT, alias="harbour")
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    world.work()
    world.buys("acme", "patch-y", 2)
    return world
