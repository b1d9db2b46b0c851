"""From the shelf to the licence, as a customer does it."""

from collections.abc import Callable

from checkout.orders import OrderState
from tests.portal.conftest import Browser, Cards
from tests.world import World


def test_anna_buys_ten_seats_and_gives_one_away(
    world: World, shop: Callable[..., Browser], cards: Cards
) -> None:
    anna = shop("brightfield")
    assert "0patch Pro" in anna.see("/")
    assert "Sign in to buy" in anna.see("/p/patch")
    anna.sign_in("anna")
    code = anna.buys("patch", world.plan("patch-y").id, 10)
    assert "Not paid yet" in anna.see(f"/orders/{code}")

    page = anna.get(f"/orders/{code}/pay")
    assert page.status_code == 303
    assert page.location.startswith(cards.sandbox.url)
    back = cards.pay(page.location)
    returned = anna.follow(back)
    assert returned.location == f"/brightfield/orders/{code}?said=returned"
    world.work()

    assert world.order(code).state is OrderState.FUNDED
    done = anna.get(f"/orders/{code}/progress")
    assert done.status_code == 286
    assert "Ready to use" in done.text
    services = anna.see("/services")
    service = services.split("/brightfield/services/")[1].split('"')[0]
    assert anna.see(f"/services/{service}").count("licence key of seat") >= 10
    assert (
        anna.post(
            f"/services/{service}/assign", on=f"/services/{service}", to="paul@acme.example"
        ).status_code
        == 303
    )
    assert "paul@acme.example" in anna.see(f"/services/{service}")
    assert "Paid" in anna.see("/invoices")
