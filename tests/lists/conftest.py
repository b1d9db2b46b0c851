"""Nora, Bea and Anna at their browsers, in a world where Harbour and Zebra have things of their own."""

from dataclasses import dataclass

import pytest

from tests.visits import Visit, make_app
from tests.world import World, open_portal


@dataclass
class Trade:
    """The people, and the codes of Acme's and Zebra's orders."""

    world: World
    nora: Visit
    bea: Visit
    anna: Visit
    hugo: Visit
    acme: list[str]
    zebra: list[str]


@pytest.fixture
def trade(world: World) -> Trade:
    """Acme has four orders of two totals, one of them delivered; Zebra has two."""
    open_portal(world)
    open_portal(world, "harbour")
    acme = [world.buys("acme", "patch-y", quantity) for quantity in (1, 2, 2, 1)]
    zebra = [world.buys("zebra", "patch-y", quantity) for quantity in (1, 3)]
    world.fund_by_hand(acme[0])
    world.fund_by_hand(zebra[0])
    world.work(5)
    app = make_app()
    return Trade(
        world,
        Visit(app).sign_in("nora"),
        Visit(app, "/brightfield").sign_in("bea"),
        Visit(app, "/brightfield").sign_in("anna"),
        Visit(app, "/harbour").sign_in("hugo"),
        acme,
        zebra,
    )
