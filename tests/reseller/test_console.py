"""The reseller's first page and its lists: figures that add up, states in words, nothing shown that is not
theirs."""

import pytest

from storefront import lists
from tests.reseller.conftest import Person
from tests.world import World, open_portal

EMPTY = {
    "/reseller/customers?q=nobody": "No customer matches",
    "/reseller/orders": "No orders yet",
    "/reseller/orders?q=nothing": "No order matches",
    "/reseller/subscriptions": "No subscriptions yet",
    "/reseller/subscriptions?state=ended": "No subscription matches",
    "/reseller/money": "Nothing here yet",
    "/reseller/money?show=to-customers&q=x": "Nothing matches",
    "/reseller/prices": "Your shelf fills itself",
    "/reseller/customers/invite": "Your storefront comes first",
}


@pytest.mark.parametrize(("path", "words"), EMPTY.items())
def test_an_empty_page_says_why_and_what_to_do(world: World, bea: Person, path: str, words: str) -> None:
    bea.sees(path, words)


def test_the_onboarding_counts_what_is_done(world: World, bea: Person) -> None:
    bea.sees("/reseller/", "1</strong> of 6 steps done", "You are on Basic")
    bea.places("/reseller/plans/free-m", alias="brightfield", request_key="one", seen_total="0")
    world.work()
    bea.sees("/reseller/", "3</strong> of 6 steps done", "http://shop.test/brightfield/")


def test_the_month_shows_revenue_wholesale_and_margin_of_paid_orders(world: World, bea: Person) -> None:
    open_portal(world)
    world.give_credit("brightfield", 10_000_00)
    world.buys("acme", "patch-y", 3)
    bea.sees("/reseller/", "No sale yet this month")
    world.fund_by_hand(world.buys("acme", "patch-y", 10))
    bea.sees("/reseller/", "€249.50", "€212.10", "€37.40 (15.0 %)")


def test_an_order_shows_both_legs_to_the_reseller(world: World, bea: Person) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y", 10)
    bea.sees(f"/reseller/orders/{code}", "Acme", "€249.50", "€212.10", "€37.40", "15.0 % of the retail price")
    assert "Pay now" not in bea.sees("/reseller/orders?show=unpaid", code, "€37.40 (15.0 %)")
    assert bea.get(f"/reseller/orders/{code}/pay").status_code == 403
    assert bea.post(f"/reseller/orders/{code}/cancel").status_code == 403


def test_what_was_sold_is_found_by_customer_product_and_code(world: World, bea: Person) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y", 10)
    world.fund_by_hand(code)
    world.work()
    for query in (code, "acme", "0patch"):
        bea.sees(f"/reseller/orders?q={query}", code)
    for query in ("acme", "0patch"):
        bea.sees(f"/reseller/subscriptions?q={query}", "0patch Pro")
    page = bea.sees("/reseller/subscriptions?state=active", "Acme", "€24.95")
    subscription = page.split("/reseller/subscriptions/SUB-")[1].split('"')[0]
    bea.sees(
        f"/reseller/subscriptions/SUB-{subscription}",
        "0</strong> of 10 seats assigned",
        "The keys are shown to their owner only",
    )


def test_charges_are_due_when_an_order_goes_on_account(world: World, bea: Person) -> None:
    open_portal(world)
    world.give_credit("brightfield", 500_00)
    world.fund_by_hand(world.buys("acme", "patch-y", 10))
    bea.sees("/reseller/money", "€212.10", "Due", "0patch Pro")
    page = bea.sees("/reseller/money?show=to-customers", "Draft", "Acme", "€249.50")
    invoice = page.split("/reseller/money/invoices/")[1].split('"')[0]
    bea.sees(f"/reseller/money/invoices/{invoice}", "A draft has no number", "Acme")
    for wrong in ("x", "0192f0c1-0000-7000-8000-000000000000"):
        assert bea.get(f"/reseller/money/invoices/{wrong}").status_code == 404


def test_lists_turn_their_pages(world: World, bea: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    open_portal(world)
    codes = [world.buys("acme", "patch-y", 10) for _ in range(3)]
    monkeypatch.setattr(lists, "SIZES", (2,))
    first = bea.sees("/reseller/orders?size=2", codes[2], codes[1], 'rel="next"')
    assert codes[0] not in first
    after = first.split("after=")[1].split('"')[0]
    bea.sees(f"/reseller/orders?size=2&after={after}", codes[0])
    assert bea.get("/reseller/orders?after=nonsense").status_code == 404
