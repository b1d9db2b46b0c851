"""What has to be there before a reseller may buy a plan: each condition that is missing says so in its own
words, on the page and to a form that is sent past it, and orders nothing (I12-I16)."""

import pytest
from sqlalchemy import update

from catalog.products import Plan
from core import db
from core.parties import Reseller
from provisioning import connections
from tests.reseller.conftest import Person
from tests.reseller.test_plans import FREE, orders_of
from tests.world import World

SENT = {"alias": "brightfield", "request_key": "one", "seen_total": "0"}
WORDS = {
    "plans": "offers no reseller plans at the moment",
    "opening": "has paused the opening of storefronts",
    "definition": "0patch Pro is no reseller plan: by its definition it opens no storefront",
    "reselling": "not enabled for reselling",
    "ordering": "Ordering is switched off",
}


def take_away(world: World, what: str) -> str:
    """One of the conditions; where the form is sent then."""
    with world.acting():
        reseller = update(Reseller).where(Reseller.id == world.resellers["brightfield"])
        if what == "plans":
            db.session().execute(
                update(Plan).where(Plan.code.in_(["free-m", "standard-m"])).values(published=False)
            )
        elif what == "opening":
            connections.pause("reseller_plan", why="Maintenance.")
        elif what == "reselling":
            db.session().execute(reseller.values(enable_reselling=False))
        elif what == "ordering":
            db.session().execute(reseller.values(ordering_enabled=False))
    return "/reseller/plans/patch-y" if what == "definition" else FREE


@pytest.mark.behaviour("I12", "I13", "I14", "I15", "I16")
@pytest.mark.parametrize("what", list(WORDS))
def test_each_missing_condition_has_its_own_words_and_nothing_is_ordered(
    world: World, bea: Person, what: str
) -> None:
    path = take_away(world, what)
    answer = bea.post(path, **SENT)
    assert answer.status_code == 422
    said = [name for name, words in WORDS.items() if words in answer.text]
    assert said == [what]
    assert orders_of(world) == []
    if what in ("plans", "opening"):
        assert WORDS[what] in bea.sees("/reseller/plans")


def test_with_every_condition_there_the_plan_is_ordered(world: World, bea: Person) -> None:
    bea.places(FREE, **SENT)
    assert len(orders_of(world)) == 1
