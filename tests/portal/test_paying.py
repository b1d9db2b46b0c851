"""The way to the gateway's page and back, with a gateway that really answers, declines, expires or is
away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from billing.gateways import Gateway
from billing.payments import AttemptState, PaymentAttempt
from checkout.orders import OrderState
from core import db
from tests.portal.conftest import Browser, Cards, query_of
from tests.world import World


@pytest.fixture
def order(world: World, anna: Browser, cards: Cards) -> str:
    """Anna's unpaid order of three licences."""
    return anna.buys("patch", world.plan("patch-y").id, 3)


def attempts(world: World) -> list[PaymentAttempt]:
    """Pages that were opened, oldest first."""
    with world.acting():
        return list(db.session().scalars(select(PaymentAttempt).order_by(PaymentAttempt.number)))


def test_two_clicks_get_one_page(world: World, anna: Browser, order: str) -> None:
    first, second = anna.get(f"/orders/{order}/pay"), anna.get(f"/orders/{order}/pay")
    assert first.location == second.location
    assert len(attempts(world)) == 1


def test_two_clicks_at_the_same_moment_get_one_page(
    world: World, shop: Callable[..., Browser], order: str
) -> None:
    browsers = [shop("brightfield").sign_in("anna") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda browser: browser.get(f"/orders/{order}/pay"), browsers))
    assert len(attempts(world)) == 1
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert len({answer.location for answer in answers if answer.status_code == 303}) == 1


def test_a_declined_card_keeps_the_order_and_another_card_pays(
    world: World, anna: Browser, order: str, cards: Cards
) -> None:
    page = anna.get(f"/orders/{order}/pay").location
    assert cards.pay(page, card="4000000000000002") == ""
    anna.get(f"/orders/{order}/return", query_string={"token": world.order(order).return_token})
    world.work()
    shown = anna.see(f"/orders/{order}")
    assert "The payment was declined" in shown
    assert "No money moved" in shown
    assert anna.get(f"/orders/{order}/pay").location == page
    assert "declined" not in anna.see(f"/orders/{order}")
    anna.follow(cards.pay(page))
    world.work()
    assert "Ready to use" in anna.see(f"/orders/{order}")


def test_an_expired_page_gives_way_to_a_new_one(
    world: World, anna: Browser, order: str, cards: Cards
) -> None:
    anna.get(f"/orders/{order}/pay")
    first = attempts(world)[0]
    cards.sandbox.tell("expire", session=first.session_id)
    again = anna.get(f"/orders/{order}/pay")
    assert again.status_code == 303
    assert [attempt.state for attempt in attempts(world)] == [AttemptState.EXPIRED, AttemptState.OPEN]
    anna.follow(cards.pay(again.location))
    world.work()
    assert world.order(order).state is OrderState.FUNDED


def test_a_gateway_that_is_down_loses_nothing(world: World, anna: Browser, order: str) -> None:
    with world.acting():
        gateway = db.session().scalars(select(Gateway)).one()
        up, gateway.api_base = gateway.api_base, "http://127.0.0.1:9"
    down = anna.get(f"/orders/{order}/pay")
    assert down.status_code == 503
    assert 'http-equiv="refresh" content="5"' in down.text
    assert "Your order is kept" in down.text
    with world.acting():
        db.session().scalars(select(Gateway)).one().api_base = up
    assert anna.get(f"/orders/{order}/pay").status_code == 303
    assert len(attempts(world)) == 1


def test_a_failure_that_the_gateway_keeps_gets_a_new_attempt(
    world: World, anna: Browser, order: str, cards: Cards
) -> None:
    cards.sandbox.tell("moods", account=_account(world), api="commit_then_500")
    assert anna.get(f"/orders/{order}/pay").status_code == 503
    cards.sandbox.tell("moods", account=_account(world), api="normal")
    opened = anna.get(f"/orders/{order}/pay")
    assert opened.status_code == 303
    assert [attempt.state for attempt in attempts(world)] == [AttemptState.EXPIRED, AttemptState.OPEN]
    anna.follow(cards.pay(opened.location))
    world.work()
    assert world.order(order).state is OrderState.FUNDED


def _account(world: World) -> str:
    with world.acting():
        return db.session().scalars(select(Gateway)).one().account_id


@pytest.mark.promise("QM5")
def test_coming_back_decides_nothing(world: World, anna: Browser, order: str) -> None:
    anna.get(f"/orders/{order}/pay")
    back = anna.get(
        f"/orders/{order}/return",
        query_string={"token": world.order(order).return_token, "paid": "1", "status": "complete"},
    )
    assert back.status_code == 303
    world.work()
    assert world.order(order).state is OrderState.AWAITING_PAYMENT
    assert "Waiting for the payment" in anna.see(f"/orders/{order}")


def test_coming_back_needs_no_log_in_but_the_token(
    world: World, shop: Callable[..., Browser], anna: Browser, order: str, cards: Cards
) -> None:
    back = cards.pay(anna.get(f"/orders/{order}/pay").location)
    assert query_of(back) == {"token": world.order(order).return_token}
    stranger = shop("brightfield")
    page = stranger.follow(back)
    assert page.status_code == 200
    assert "Waiting for the confirmation" in page.text
    assert "Anna" not in page.text
    world.work()
    assert "Your payment has arrived" in stranger.follow(back).text


@pytest.mark.promise("QS1")
@pytest.mark.parametrize("token", ["", "wrong", "%", "x" * 200])
def test_a_wrong_token_shows_nothing(
    world: World, shop: Callable[..., Browser], order: str, token: str
) -> None:
    assert (
        shop("brightfield").get(f"/orders/{order}/return", query_string={"token": token}).status_code == 404
    )
    right = world.order(order).return_token
    assert shop("harbour").get(f"/orders/{order}/return", query_string={"token": right}).status_code == 404
    assert shop().get(f"/orders/{order}/return", query_string={"token": right}).status_code == 404
    assert (
        shop("brightfield").get("/orders/ORD-NONE0000/return", query_string={"token": right}).status_code
        == 404
    )


def test_a_cancelled_order_is_not_paid_any_more(world: World, anna: Browser, order: str) -> None:
    assert anna.post(f"/orders/{order}/cancel", on=f"/orders/{order}").status_code == 303
    assert world.order(order).state is OrderState.CANCELLED
    assert "This order is cancelled" in anna.see(f"/orders/{order}")
    assert anna.get(f"/orders/{order}/pay").location.startswith(f"/brightfield/orders/{order}")
    assert anna.post(f"/orders/{order}/cancel", on="/orders").status_code == 409


def test_a_paid_order_leads_back_to_itself(world: World, anna: Browser, order: str) -> None:
    world.give_credit("brightfield", 1000_00)
    world.fund_by_hand(order)
    assert anna.get(f"/orders/{order}/pay").location.split("?")[0] == f"/brightfield/orders/{order}"
