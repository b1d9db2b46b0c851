"""A reseller on Basic buys its own storefront: in the pages, and however somebody tries to go around them."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, update

from checkout import reseller_plans
from checkout.orders import Order, OrderState
from core import db
from core.parties import Membership, Reseller
from core.tasks import Task
from partners import storefronts
from partners.storefronts import Storefront, StorefrontState
from provisioning import deliveries, resolutions
from subscriptions.subscriptions import Subscription, SubscriptionState
from tests.reseller.conftest import Person
from tests.world import World, open_portal

FORM = "/reseller/plans/standard-m"
FREE = "/reseller/plans/free-m"


def storefront_of(world: World, reseller: str = "brightfield") -> Storefront | None:
    with world.acting():
        return storefronts.of_reseller(world.resellers[reseller])


def orders_of(world: World) -> list[Order]:
    with world.acting():
        return list(db.session().scalars(select(Order).order_by(Order.id)))


def plan_of(world: World, reseller: str = "brightfield") -> str | None:
    with world.acting():
        found = reseller_plans.current(world.resellers[reseller])
        return found.product_name if found else None


@pytest.mark.behaviour("I1", "I2", "I17")
def test_the_storefront_icon_leads_to_the_plans_with_basic_marked(world: World, bea: Person) -> None:
    page = bea.sees("/reseller/", 'href="/reseller/plans"', "Storefront")
    assert re.search(r'href="/reseller/plans" title="Storefront"', page)
    page = bea.sees("/reseller/plans", "Choose Free", "Choose Standard", "€49.00")
    cards = page[page.index('class="plans"') :]
    assert cards.index("Basic") < cards.index("Your plan") < cards.index("Choose Free")


@pytest.mark.behaviour("I7", "I8", "I18", "I19")
def test_the_free_plan_asks_for_no_money_and_opens_the_storefront_at_once(world: World, bea: Person) -> None:
    bea.sees(FREE, "Storefront alias", "Nothing is due", "shop.test/")
    order = bea.places(FREE, alias="brightfield", request_key="one", seen_total="0")
    bea.sees(order, "Nothing to pay")
    world.work()
    bea.sees(order, "Your storefront is open", "http://shop.test/brightfield/")
    assert (shop := storefront_of(world))
    assert (shop.state, shop.alias) == (StorefrontState.OPEN, "brightfield")
    assert plan_of(world) == "Free"
    with world.acting():
        mails = db.session().scalars(select(Task.kind).where(Task.kind == "mail_service_ready")).all()
    assert len(mails) == 1
    assert bea.client.get("/brightfield/", base_url="http://shop.test").status_code == 200


@pytest.mark.behaviour("I7", "I18")
def test_a_paid_plan_leads_to_the_payment_and_is_kept_until_then(world: World, bea: Person) -> None:
    pay = bea.places(FORM, alias="brightfield", pay_by="card", request_key="one", seen_total="4900")
    assert pay.endswith("/pay")
    answer = bea.get(pay)
    assert answer.status_code == 503
    assert "Nothing was charged, and your order is kept" in answer.text
    bea.sees(pay.removesuffix("/pay"), "waits for your payment", "Pay now")
    assert orders_of(world)[0].state is OrderState.AWAITING_PAYMENT
    assert plan_of(world) is None


@pytest.mark.behaviour("I4", "I8")
def test_credit_that_covers_the_plan_may_pay_it(world: World, bea: Person) -> None:
    assert "On account" not in bea.get(FORM).text
    world.give_credit("brightfield", 100_00)
    bea.sees(FORM, "On account", "€100.00 left")
    bea.places(FORM, alias="brightfield", pay_by="account", request_key="one", seen_total="4900")
    world.work()
    assert plan_of(world) == "Standard"


@pytest.mark.behaviour("I15")
def test_an_account_without_reselling_is_told_so_and_cannot_buy(world: World, bea: Person) -> None:
    with world.acting():
        db.session().execute(
            update(Reseller)
            .where(Reseller.id == world.resellers["brightfield"])
            .values(enable_reselling=False)
        )
    bea.sees("/reseller/plans", "Reselling is off")
    bea.sees(FORM, "not enabled for reselling")
    answer = bea.post(FORM, alias="brightfield", request_key="one")
    assert answer.status_code == 422
    assert "not enabled for reselling" in answer.text
    assert orders_of(world) == []


@pytest.mark.behaviour("I18", "I19")
@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("", "Storefront alias is needed"),
        ("ab", "3 to 40 lower-case letters"),
        ("admin", "is reserved"),
        ("../etc", "3 to 40 lower-case letters"),
        ("harbour", "already taken"),
    ],
)
def test_an_alias_that_cannot_be_had_is_refused_before_payment_and_kept_in_the_form(
    world: World, bea: Person, alias: str, words: str
) -> None:
    open_portal(world, "harbour")
    answer = bea.post(FORM, alias=alias, pay_by="card", request_key="one", seen_total="4900")
    assert answer.status_code in (409, 422)
    assert words in answer.text
    assert f'value="{alias}"' in answer.text
    assert orders_of(world) == []
    assert storefront_of(world) is None


@pytest.mark.behaviour("I19")
def test_the_form_says_at_once_whether_an_alias_is_free(world: World, bea: Person) -> None:
    open_portal(world, "harbour")
    assert "already taken" in bea.get("/reseller/plans/alias?alias=Harbour").text
    assert "shop.test/brightfield is free" in bea.get("/reseller/plans/alias?alias=brightfield").text
    assert "is reserved" in bea.get("/reseller/plans/alias?alias=checkout").text


@pytest.mark.behaviour("I19")
def test_of_two_buyers_of_one_alias_exactly_one_gets_it(
    world: World, flask_app: Flask, sign_in: Callable[..., Person]
) -> None:
    for name in ("brightfield", "harbour"):
        world.give_credit(name, 100_00)
    buyers = [sign_in("bea"), sign_in("hugo")]

    def buy(buyer: Person) -> int:
        return buyer.post(
            FORM, alias="techsolutions", pay_by="account", request_key="one", seen_total="4900"
        ).status_code

    with ThreadPoolExecutor(2) as both:
        answers = sorted(both.map(buy, buyers))
    assert answers == [303, 409]
    with world.acting():
        assert (
            len(db.session().scalars(select(Storefront).where(Storefront.alias == "techsolutions")).all())
            == 1
        )
        assert len(db.session().scalars(select(Order)).all()) == 1


@pytest.mark.behaviour("I19")
def test_an_order_that_is_cancelled_gives_its_alias_back(world: World, bea: Person, hugo: Person) -> None:
    pay = bea.places(FORM, alias="techsolutions", pay_by="card", request_key="one", seen_total="4900")
    assert hugo.post(FORM, alias="techsolutions", request_key="h", seen_total="4900").status_code == 409
    bea.places(pay.replace("/pay", "/cancel"))
    assert hugo.post(FORM, alias="techsolutions", request_key="h", seen_total="4900").status_code == 303


def test_the_same_form_sent_twice_is_one_order(world: World, bea: Person) -> None:
    form = {"alias": "brightfield", "pay_by": "card", "request_key": "one", "seen_total": "4900"}
    assert bea.places(FORM, **form) == bea.places(FORM, **form)
    assert len(orders_of(world)) == 1


def test_one_plan_at_a_time(world: World, bea: Person) -> None:
    bea.places(FORM, alias="brightfield", pay_by="card", request_key="one", seen_total="4900")
    answer = bea.post(FREE, alias="brightfield", request_key="two", seen_total="0")
    assert answer.status_code == 409
    assert "is under way" in answer.text


def test_a_price_nobody_saw_is_not_charged(world: World, bea: Person) -> None:
    answer = bea.post(FORM, alias="brightfield", pay_by="card", request_key="one", seen_total="100")
    assert answer.status_code == 409
    assert "the total is now €49.00" in answer.text
    assert orders_of(world) == []


def test_a_plan_is_ordered_alone_whatever_lay_in_the_basket(world: World, bea: Person) -> None:
    world.put("brightfield", "free-m", alias="elsewhere")
    world.give_credit("brightfield", 100_00)
    bea.places(FORM, alias="brightfield", pay_by="account", request_key="one", seen_total="4900")
    assert [order.total.text for order in orders_of(world)] == ["€49.00"]
    assert (shop := storefront_of(world))
    assert shop.alias == "brightfield"


@pytest.mark.behaviour("I9")
def test_a_plan_that_fails_opens_nothing_and_frees_the_alias(world: World, bea: Person) -> None:
    world.give_credit("brightfield", 100_00)
    code = bea.places(
        FORM, alias="brightfield", pay_by="account", request_key="one", seen_total="4900"
    ).rsplit("/", 1)[-1]
    with world.acting():
        (delivery,) = deliveries.of_order(world_order(code).id)
        resolutions.refuse(delivery.id, why="Not this time.")
    world.work()
    assert storefront_of(world) is None
    assert plan_of(world) is None
    bea.sees(f"/reseller/orders/{code}", "Not this time.", "€49.00 are off the account.")


def world_order(code: str) -> Order:
    return db.session().scalars(select(Order).where(Order.code == code)).one()


@pytest.mark.behaviour("I22")
def test_from_free_to_standard_the_storefront_stays_and_the_old_plan_ends(world: World, bea: Person) -> None:
    bea.places(FREE, alias="brightfield", request_key="one", seen_total="0")
    world.work()
    world.give_credit("brightfield", 100_00)
    bea.sees("/reseller/plans", "Choose Standard")
    assert 'name="alias"' not in bea.sees(FORM, "Your storefront stays as it is")
    bea.places(FORM, alias="stolen", pay_by="account", request_key="two", seen_total="4900")
    world.work()
    assert (shop := storefront_of(world))
    assert (shop.state, shop.alias) == (StorefrontState.OPEN, "brightfield")
    assert plan_of(world) == "Standard"
    with world.acting():
        states = dict(db.session().execute(select(Subscription.product_name, Subscription.state)).all())
    assert states == {"Free": SubscriptionState.ENDED, "Standard": SubscriptionState.ACTIVE}
    assert bea.post(FORM, request_key="three", seen_total="4900").status_code == 409


@pytest.mark.behaviour("I22")
def test_the_same_credentials_open_the_new_storefronts_console(
    world: World, bea: Person, sign_in: Callable[..., Person]
) -> None:
    bea.places(FREE, alias="brightfield", request_key="one", seen_total="0")
    world.work()
    at_home = sign_in("bea", "/brightfield")
    at_home.sees("/reseller/", 'href="/brightfield/reseller/plans"')


def test_progress_stops_asking_when_the_order_has_come_to_its_end(world: World, bea: Person) -> None:
    order = bea.places(FREE, alias="brightfield", request_key="one", seen_total="0")
    assert "hx-get" in bea.sees(order)
    assert bea.get(f"{order}/progress").status_code == 200
    world.work()
    assert bea.get(f"{order}/progress").status_code == 286
    assert "data-poll" not in bea.sees(order)


def test_without_the_buyers_role_nothing_is_bought(world: World, bea: Person) -> None:
    with world.acting():
        db.session().execute(
            update(Membership)
            .where(Membership.id == world.people["bea"].membership_id)
            .values(roles=["billing_agent"])
        )
    assert bea.get(FORM).status_code == 403
    assert bea.post(FORM, alias="brightfield", request_key="one").status_code == 403
    assert orders_of(world) == []
