"""Basket and checkout: kept input, refusals by name, prices that nobody sends, one commit."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from catalog.listings import Listing
from checkout import baskets
from checkout.orders import Order, OrderState
from core import db, doors
from core.ids import token_hash
from core.parties import Customer, Membership, OrderedBy
from partners.storefronts import OPEN_REQUEST
from provisioning.deliveries import ConnectorSettings
from tests.portal.conftest import HIDDEN, Browser, counted
from tests.world import HOST, World


def orders_of(world: World) -> list[Order]:
    """Every order there is."""
    with world.acting():
        return list(db.session().scalars(select(Order)))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1", "The minimum is 2 seats"),
        ("301", "The maximum is 300 seats"),
        ("ten", "whole number"),
        ("-3", "whole number"),
        ("1e309", "whole number"),
        ("", "whole number"),
        ("9999999999", "whole number"),
        ("2.5", "whole number"),
    ],
)
def test_a_refused_quantity_is_kept_and_explained(
    world: World, anna: Browser, typed: str, words: str
) -> None:
    answer = anna.post("/basket", product="m365-bb", plan=world.plan("m365-bb-y").id, quantity=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'name="quantity" value="{typed}"' in answer.text
    assert "Your basket is empty" in anna.see("/basket")


def test_more_than_the_maximum_in_two_steps_is_refused_too(world: World, anna: Browser) -> None:
    plan = world.plan("m365-bb-y").id
    assert anna.post("/basket", product="m365-bb", plan=plan, quantity=200).status_code == 303
    again = anna.post("/basket", product="m365-bb", plan=plan, quantity=101)
    assert again.status_code == 422
    assert "in your basket already" in again.text


def test_the_basket_changes_all_or_nothing(world: World, anna: Browser) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=3)
    anna.post("/basket", product="m365-bb", plan=world.plan("m365-bb-y").id, quantity=5)
    fields = [part.split('"')[0] for part in anna.see("/basket").split('name="quantity-')[1:]]
    patch, mail = (f"quantity-{line}" for line in fields)
    refused = anna.post("/basket/change", on="/basket", **{patch: "7", mail: "1"})
    assert refused.status_code == 422
    assert "The minimum is 2 seats" in refused.text
    assert 'value="7"' in refused.text
    assert "€102.85" in anna.see("/basket")
    assert anna.post("/basket/change", on="/basket", **{patch: "4", mail: "6"}).status_code == 303
    assert "€133.40" in anna.see("/basket")
    assert anna.post("/basket/change", on="/basket", remove=fields[0]).status_code == 303
    assert "0patch" not in anna.see("/basket")


def test_strangers_and_staff_cannot_fill_a_basket(world: World, shop: Callable[..., Browser]) -> None:
    plan = world.plan("patch-y").id
    assert shop("brightfield").post("/basket", product="patch", plan=plan, quantity=1).status_code == 401
    bea = shop("brightfield").sign_in("bea")
    assert bea.post("/basket", product="patch", plan=plan, quantity=1).status_code == 403
    assert "does not buy here" in bea.see("/p/patch")


def test_a_plan_that_is_not_offered_here_is_refused(world: World, anna: Browser) -> None:
    assert anna.post(
        "/basket", product="standard", plan=world.plan("standard-m").id, quantity=1
    ).status_code in (404, 422)
    assert anna.post("/basket", product="patch", plan="drop table", quantity=1).status_code == 404
    assert "Your basket is empty" in anna.see("/basket")


def test_the_short_way_into_a_basket_asks_all_that_the_long_one_does(
    world: World, anna: Browser, shop: Callable[..., Browser]
) -> None:
    patch, mine = world.plan("patch-y").id, session_of(anna)
    assert baskets.put(mine, patch, 300)
    assert not baskets.put(mine, patch, 10_000_000), "more than the maximum, together"
    assert not baskets.put(uuid4(), patch, 1), "nobody's session"
    assert not baskets.put(session_of(shop("brightfield").sign_in("bea")), patch, 1), (
        "staff buys nothing here"
    )
    with world.acting("brightfield"):
        listed = select(Listing).where(Listing.plan_id == patch)
        db.session().scalars(listed).one().published = False
    assert not baskets.put(mine, patch, 1), "its reseller does not sell it, whoever else does"
    with world.acting():
        membership = db.session().get_one(
            Membership, (world.distributor_id, world.people["acme"].membership_id)
        )
        membership.ended_at = db.session().info["now"]
    assert not baskets.put(mine, world.plan("m365-bb-y").id, 2), "somebody who was removed"


def session_of(browser: Browser) -> UUID:
    """The session that a browser's cookie leads to."""
    browser.see("/")
    asked = {"p_host": HOST, "p_segment": "brightfield", "p_tokens": token_hash(browser.cookie)}
    return doors.call(OPEN_REQUEST, asked).session_id


def test_sign_in_to_buy_comes_back_to_the_product(shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    link = browser.see("/p/patch").split('href="/brightfield/sign-in?')[1].split('"')[0]
    answer = browser.client.post(
        "/brightfield/sign-in",
        base_url="http://shop.test",
        data={
            "email": "anna@people.example",
            "password": "Correct-horse-1",
            "next": link.removeprefix("next="),
        },
    )
    assert answer.location == "/brightfield/p/patch"


def test_placing_is_one_commit_and_few_statements(world: World, anna: Browser) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    typed = {
        "csrf_token": token(anna),
        "product": "patch",
        "plan": str(world.plan("patch-y").id),
        "quantity": "2",
    }
    with counted() as adding:
        anna.client.post("/brightfield/basket", base_url="http://shop.test", data=typed)
    form = hidden(anna.see("/checkout"))
    with counted() as placing:
        answer = anna.client.post("/brightfield/checkout", base_url="http://shop.test", data=form)
    assert answer.status_code == 303
    assert answer.location.endswith("/pay")
    writes = [text for text in placing if "INSERT INTO orders" in text]
    assert len(writes) == 1
    assert len(adding) == 2, "one opens the request, one puts it into the basket"
    assert len(placing) <= 15, placing
    wrote = [
        text for text in placing if text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "WITH"))
    ]
    begun = [text for text in placing[: placing.index(wrote[0])] if "set_config" in text]
    assert placing.commits == len(begun) == 3, (
        "one for what is read, one for the connectors' settings, and one that places"
    )


def token(browser: Browser) -> str:
    """The session's token."""
    return hidden(browser.see("/basket"))["csrf_token"]


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(HIDDEN.findall(page))


def test_a_form_sent_twice_gives_one_order(world: World, anna: Browser) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    form = hidden(anna.see("/checkout"))
    first, second = (
        anna.client.post("/brightfield/checkout", base_url="http://shop.test", data=form) for _ in range(2)
    )
    assert first.location == second.location
    other_window = anna.client.post(
        "/brightfield/checkout", base_url="http://shop.test", data=form | {"request_key": "another"}
    )
    assert "nothing was ordered now" in anna.see(other_window.location.removeprefix("/brightfield"))
    assert len(orders_of(world)) == 1


@pytest.mark.promise("QM3")
@pytest.mark.parametrize("seen", ["1", "-1", "0", "1e309", "", "2495.0", "2496"])
def test_a_price_from_the_browser_is_never_paid(world: World, anna: Browser, seen: str) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    answer = anna.post("/checkout", on="/checkout", seen_total=seen, total="1", price="1", currency="JPY")
    assert answer.status_code == 409
    assert "the total is now €24.95" in answer.text
    assert not orders_of(world)


@pytest.mark.promise("QM3")
def test_a_price_that_changed_meanwhile_is_shown_before_anything_is_ordered(
    world: World, anna: Browser
) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    form = hidden(anna.see("/checkout"))
    with world.acting():
        for listing in db.session().scalars(select(Listing).where(Listing.sort_key == "0patch pro")):
            listing.price_minor = 30_00
    answer = anna.client.post("/brightfield/checkout", base_url="http://shop.test", data=form)
    assert answer.status_code == 409
    assert "the total is now €30.00" in answer.text
    assert anna.post("/checkout", on="/checkout").status_code == 303


def test_order_time_answers_are_asked_and_kept(world: World, anna: Browser) -> None:
    anna.post("/basket", product="m365-bb", plan=world.plan("m365-bb-m").id, quantity=1)
    page = anna.see("/checkout")
    name = page.split('name="field-')[1].split('"')[0]
    refused = anna.post("/checkout", on="/checkout", **{f"field-{name}": "not a domain"})
    assert refused.status_code == 422
    assert "must be a domain name" in refused.text
    assert 'value="not a domain"' in refused.text
    assert not orders_of(world)


def test_a_vendor_that_does_not_answer_stops_the_order_before_money(world: World, anna: Browser) -> None:
    with world.acting():
        silent = {"base_url": "http://127.0.0.1:9", "api_key": "k", "network": "loopback"}
        db.add(ConnectorSettings(connector="http_service", settings=silent))
    anna.post("/basket", product="m365-bb", plan=world.plan("m365-bb-m").id, quantity=1)
    answer = anna.post("/checkout", on="/checkout")
    assert answer.status_code == 503
    assert "Nothing was ordered" in answer.text
    assert not orders_of(world)
    assert "Business Basic" in anna.see("/basket")


@pytest.mark.behaviour("H45")
def test_a_customer_whose_reseller_orders_is_told_so(world: World, anna: Browser) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    with world.acting():
        db.session().scalars(
            select(Customer).where(Customer.name == "Acme")
        ).one().ordered_by = OrderedBy.RESELLER
    assert "orders for you" in anna.see("/checkout")
    assert anna.post("/checkout", on="/checkout").status_code == 422
    assert not orders_of(world)


def test_a_free_order_skips_the_card(world: World, anna: Browser) -> None:
    world.give_credit("brightfield", 100_00)
    with world.acting():
        for listing in db.session().scalars(select(Listing).where(Listing.sort_key == "0patch pro")):
            listing.price_minor = 0
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    placed = anna.post("/checkout", on="/checkout")
    assert placed.location.endswith(f"/orders/{orders_of(world)[0].code}")
    world.work()
    assert orders_of(world)[0].state is OrderState.FUNDED
