"""A plan paid by card: the gateway's page, the way back, and the truth in between."""

from urllib.parse import urlsplit

import pytest

from partners import storefronts
from partners.storefronts import StorefrontState
from tests.portal.conftest import Cards
from tests.reseller.conftest import Person
from tests.world import World

FORM = "/reseller/plans/standard-m"
PLAN = {"alias": "brightfield", "pay_by": "card", "request_key": "one", "seen_total": "4900"}


def state_of(world: World) -> StorefrontState | None:
    with world.acting():
        found = storefronts.of_reseller(world.resellers["brightfield"])
        return found.state if found else None


def follow(person: Person, url: str) -> str:
    """The way back from the gateway, and on to where it leads."""
    parts = urlsplit(url)
    answer = person.client.get(
        parts.path, query_string=parts.query, base_url="http://shop.test", follow_redirects=True
    )
    assert answer.status_code == 200
    return answer.text


@pytest.mark.behaviour("I4", "I7", "I8")
def test_a_card_buys_the_standard_plan_and_the_storefront_opens(
    world: World, bea: Person, cards: Cards
) -> None:
    pay = bea.places(FORM, **PLAN)
    page = bea.get(pay)
    assert page.status_code == 303
    back = follow(bea, cards.pay(page.headers["Location"]))
    assert "Thank you. We are asking the payment service" in back
    assert state_of(world) is StorefrontState.HELD
    world.work()
    order = pay.removesuffix("/pay")
    bea.sees(order, "€49.00 by card", "Your storefront is open", "Customise your portal")
    assert state_of(world) is StorefrontState.OPEN
    assert bea.get(pay).status_code == 303, "a paid order leads to its page, not to another payment"
    bea.sees("/reseller/money?show=from-distributor", "Paid", "€49.00")


def test_a_declined_card_says_so_and_the_next_one_pays(world: World, bea: Person, cards: Cards) -> None:
    pay = bea.places(FORM, **PLAN)
    order = pay.removesuffix("/pay")
    page = bea.get(pay).headers["Location"]
    assert cards.pay(page, card="4000000000000002") == ""
    bea.get(f"{order}?back=1")
    world.work()
    bea.sees(order, "declined", "No money moved", "Try again")
    assert state_of(world) is StorefrontState.HELD
    follow(bea, cards.pay(bea.get(pay).headers["Location"]))
    world.work()
    bea.sees(order, "Your storefront is open")


def test_another_reseller_cannot_pay_or_see_the_order(
    world: World, bea: Person, hugo: Person, cards: Cards
) -> None:
    pay = bea.places(FORM, **PLAN)
    for path in (pay, pay.removesuffix("/pay"), f"{pay.removesuffix('/pay')}?back=1"):
        assert hugo.get(path).status_code == 404
