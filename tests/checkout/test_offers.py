"""What may be ordered together, and how much of it: quantities per delivery, add-ons with their base, bundles
in exact parts, offers that are made once, and what needs something that runs."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import create_engine, delete, insert, select

from billing.invoices import InvoiceLine
from billing.refunds import Refund
from catalog import products, promotions
from catalog.markets import NotInThisMarket
from checkout import baskets, discounts, offers, orders, placing, quote_drafts, quotes
from checkout.baskets import BasketLine
from checkout.orders import Order, OrderCost, OrderLine, OrderWholesale
from checkout.placing import Checkout
from checkout.taken_offers import TakenOffer
from core import db, tenancy
from core.ids import new_token
from core.tenancy import Side
from provisioning import add_ons, deliveries, lifecycles, resolutions
from provisioning.deliveries import Delivery, DeliveryState
from sandbox.servers import Postgres
from storefront import doctor
from subscriptions import subscriptions
from subscriptions.subscriptions import Subscription, SubscriptionState
from tests.checkout import quote_stage
from tests.checkout.offer_stage import open_offers
from tests.world import World, staff


@pytest.fixture
def shop(world: World) -> World:
    return open_offers(world)


def runs(world: World, plan: str, quantity: int = 1, who: str = "acme") -> Subscription:
    """Somebody bought it alone and has it."""
    world.fund_by_hand(code := world.buys(who, plan, quantity))
    world.work(10)
    with world.acting():
        return subscriptions.by_line(orders.lines(orders.find(code).id)[0].id)


def services(world: World) -> dict[str, Subscription]:
    """By product."""
    with world.acting():
        return {one.product_name: one for one in db.session().scalars(select(Subscription))}


def lines(world: World, code: str) -> list[OrderLine]:
    with world.acting():
        return orders.lines(orders.find(code).id)


def test_an_add_on_is_ordered_and_delivered_with_its_base_and_ends_with_it(shop: World) -> None:
    shop.put("acme", "shield-y", 3)
    with pytest.raises(offers.NeedsBase, match="extends 0patch Pro"):
        shop.place("acme")
    shop.put("acme", "patch-y", 2)
    with pytest.raises(offers.WrongForBase, match="at most 2 of 0patch Shield"):
        shop.place("acme")
    shop.put("acme", "patch-y", 1)
    with shop.acting("acme"):
        assert [item.product for item in baskets.items(shop.people["acme"])] == [
            "0patch Pro",
            "0patch Shield",
        ]
    shop.fund_by_hand(shop.place("acme"))
    shop.work(10)
    has = services(shop)
    assert {one.state for one in has.values()} == {SubscriptionState.ACTIVE}
    assert has["0patch Shield"].base_id == has["0patch Pro"].id
    assert doctor.examine() == []


def test_an_add_on_for_what_runs_belongs_to_it_and_ends_with_it(shop: World) -> None:
    first = runs(shop, "patch-y", 2)
    shop.fund_by_hand(shop.buys("acme", "shield-y", 1))
    shop.put("acme", "shield-y", 2)
    with pytest.raises(offers.WrongForBase, match="at most 1 of 0patch Shield"):
        shop.place("acme")
    shop.put("acme", "exact-y", 1)
    with shop.acting("acme"):
        baskets.change(shop.people["acme"], line_of(shop, "0patch Shield"), 1)
    with pytest.raises(offers.WrongForBase, match="exactly 2; you asked for 1"):
        shop.place("acme")
    second = runs_beside(shop, "patch-y", 5)
    with pytest.raises(offers.ChooseBase, match="Choose which service 0patch Shield belongs to"):
        shop.place("acme")
    with shop.acting("acme"):
        for line, base in (("0patch Shield", first), ("0patch Exact", second)):
            baskets.belong(shop.people["acme"], line_of(shop, line), base.id)
        baskets.change(shop.people["acme"], line_of(shop, "0patch Exact"), 5)
    shop.fund_by_hand(shop.place("acme"))
    shop.work(10)
    with shop.acting():
        belongs = {
            (one.product_name, one.quantity): one.base_id
            for one in db.session().scalars(select(Subscription))
        }
    assert belongs[("0patch Exact", 5)] == second.id
    assert belongs[("0patch Shield", 1)] == first.id
    with shop.acting():
        lifecycles.begin_end(subscriptions.find(first.code), why="It was cancelled.")
    shop.work(10)
    with shop.acting():
        ended = db.session().scalars(
            select(Subscription).where(Subscription.state == SubscriptionState.ENDED)
        )
        assert sorted(one.product_name for one in ended) == ["0patch Pro", "0patch Shield", "0patch Shield"]
    assert doctor.examine() == []


def test_an_add_on_that_comes_after_its_base_has_ended_ends_too(shop: World) -> None:
    base = runs(shop, "patch-y")
    code = shop.buys("acme", "shield-y")
    shop.fund_by_hand(code)
    with shop.acting():
        lifecycles.begin_end(subscriptions.find(base.code), why="It was cancelled.")
        late = bought(orders.lines(orders.find(code).id)[0])
        resolutions.resolve(late.id, external_id="shield-1", licences=["A"], why="The vendor was at it.")
    shop.work(10)
    assert {one.state for one in services(shop).values()} == {SubscriptionState.ENDED}


def line_of(world: World, product: str) -> UUID:
    """The line of a product in Acme's basket."""
    items = baskets.items(world.people["acme"])
    return next(item.line_id for item in items if item.product == product)


def runs_beside(world: World, plan: str, quantity: int) -> Subscription:
    """The same person has it, whatever stands in the basket."""
    with world.acting():
        kept = list(db.session().scalars(select(BasketLine)))
        rows = [{column.name: getattr(row, column.name) for column in row.__table__.c} for row in kept]
        db.session().execute(delete(BasketLine))
    found = runs(world, plan, quantity)
    with world.acting():
        db.session().execute(insert(BasketLine), rows)
    return found


def bought(line: OrderLine) -> Delivery:
    """What was asked of the vendor for a line."""
    found = deliveries.of_line(line.id, "provision")
    assert found
    return found


def test_a_refused_base_refuses_its_add_on_and_both_go_back(shop: World) -> None:
    shop.put("acme", "patch-y", 2)
    shop.put("acme", "shield-y", 2)
    shop.pay(code := shop.place("acme"))
    with shop.acting():
        base, add_on = (bought(line) for line in orders.lines(orders.find(code).id))
        resolutions.refuse(base.id, why="The vendor has no more of it.")
    shop.work(10)
    with shop.acting():
        assert (deliveries.find(add_on.id).state, deliveries.find(add_on.id).note) == (
            DeliveryState.REFUSED,
            add_ons.LEFT,
        )
        given = db.session().scalars(select(Refund)).all()
        assert sorted(refund.amount.text for refund in given) == ["€20.00", "€49.90"]
    assert {one.state for one in services(shop).values()} == {SubscriptionState.FAILED}
    assert doctor.examine() == []


@pytest.mark.promise("QM4")
def test_a_bundle_becomes_its_parts_at_exact_shares_of_its_price(shop: World) -> None:
    shop.put("acme", "suite-y", 3)
    shop.pay(code := shop.place("acme"))
    parts = lines(shop, code)
    assert [(one.product_name, one.unit_price.text, one.total.text) for one in parts] == [
        ("0patch Pro", "€21.41", "€64.23"),
        ("0patch Shield", "€8.58", "€25.74"),
    ]
    assert shop.order(code).total.text == "€89.97"
    assert parts[1].base_line_id == parts[0].id
    with shop.acting():
        sold = db.session().scalars(
            select(OrderWholesale).where(OrderWholesale.order_id == parts[0].order_id)
        )
        assert sum(one.total_minor for one in sold) == 3 * 20_00
        of_parts = db.session().scalars(select(OrderCost).where(OrderCost.order_id == parts[0].order_id))
        assert sum(one.total_minor or 0 for one in of_parts) == 3 * (1946 + 780)
        said = db.session().scalars(select(InvoiceLine.description).order_by(InvoiceLine.number)).all()
        assert said[0] == "0patch Suite, Yearly: 0patch Pro, Yearly"
        resolutions.refuse(bought(parts[1]).id, why="Sold out.")
    shop.work(10)
    with shop.acting():
        assert db.session().scalars(select(Refund)).one().amount.text == "€25.74"
    assert services(shop)["0patch Pro"].state is SubscriptionState.ACTIVE
    assert doctor.examine() == []


@pytest.mark.promise("QM4", "QM9")
def test_what_is_off_a_bundle_is_split_over_its_parts(shop: World) -> None:
    for who, off in (("northwind", 999), ("brightfield", 1_499)):
        with shop.acting(who):
            terms = promotions.Terms(name=f"Sale of {who}", basis_points=off)
            made = promotions.add(terms, reseller_id=shop.resellers.get(who), by="Nora")
            promotions.publish(made)
    shop.put("acme", "suite-y", 3)
    with shop.acting("acme"):
        [seen] = baskets.items(shop.people["acme"])
    shop.pay(code := shop.place("acme"))
    parts = lines(shop, code)
    assert [one.total for one in parts] == seen.amounts
    assert sum(one.unit_minor for one in parts) == seen.unit_price.minor == 25_49
    assert sum(one.list_minor or 0 for one in parts) == 29_99
    with shop.acting():
        for wholesale, off in ((False, 4_50), (True, 2_00)):
            given = discounts.of_order(parts[0].order_id, wholesale=wholesale)
            assert {one.order_line_id for one in given} == {one.id for one in parts}
            assert sum(one.unit.minor for one in given) == off
    assert doctor.examine() == []


def test_parts_of_a_bundle_are_held_to_their_own_numbers(shop: World) -> None:
    with shop.acting():
        shield = products.plan("shield-y")
        shield.maximum_quantity = 2
    shop.put("acme", "suite-y", 3)
    with pytest.raises(offers.PartRefused, match="A part of 0patch Suite: The maximum is 2"):
        shop.place("acme")


def test_a_part_of_a_bundle_is_sold_in_its_own_markets_only(shop: World) -> None:
    with shop.acting():
        products.plan("shield-y").markets = ["FR"]
    shop.put("acme", "suite-y")
    with pytest.raises(NotInThisMarket, match="0patch Shield is not sold in Germany"):
        shop.place("acme")


def test_what_needs_something_is_ordered_once_that_runs(shop: World) -> None:
    shop.put("acme", "audit-y")
    shop.put("acme", "patch-y")
    with pytest.raises(offers.NeedsProduct, match="needs 0patch Pro, which does not run"):
        shop.place("acme")
    with shop.acting("acme"):
        baskets.clear(shop.people["acme"])
    runs(shop, "patch-y")
    assert lines(shop, shop.buys("acme", "audit-y"))[0].cancellation_days == 3
    shop.put("zebra", "audit-y")
    with pytest.raises(offers.NeedsProduct):
        shop.place("zebra")


def test_an_offer_is_taken_once_per_customer_and_again_after_nothing_came_of_it(shop: World) -> None:
    code = shop.buys("acme", "welcome-y")
    with pytest.raises(offers.OncePerCustomer, match="your company has taken it already"):
        shop.buys("acme", "welcome-y")
    shop.buys("zebra", "welcome-y")
    with shop.acting():
        orders.cancel(orders.find(code), why="Changed my mind.")
    again = shop.place("acme")
    assert lines(shop, again)[0].trial_days == 14
    shop.fund_by_hand(again)
    shop.work(10)
    with pytest.raises(offers.OncePerCustomer):
        shop.buys("acme", "welcome-y")


@pytest.mark.parametrize("guarded", [True, False])
def test_of_two_orders_at_once_one_takes_the_offer(shop: World, postgres: Postgres, guarded: bool) -> None:
    """Two people of Acme pass the first look together: it sees no order that is not there yet. The unique
    index decides; where it is missing, both have it."""
    if not guarded:
        engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP INDEX uq_taken_offers_once")
        engine.dispose()
    with shop.acting():
        staff(
            shop, "paul", side=Side.CUSTOMER, reseller_id=shop.resellers["brightfield"],
            customer_id=shop.customers["acme"],
        )  # fmt: skip
    shop.customers["paul"] = shop.customers["acme"]
    for who in ("acme", "paul"):
        shop.put(who, "welcome-y")
    with ThreadPoolExecutor(2) as pool:
        written, go_on = Event(), Event()
        first = pool.submit(place_in_step, shop, "acme", written, go_on)
        assert written.wait(20)
        second = pool.submit(shop.place, "paul")
        wait([second], 0.5)  # where the index holds it, it waits for the first
        go_on.set()
        ends = [first.exception(20), second.exception(20)]
    assert [type(error) for error in ends if error] == ([offers.OncePerCustomer] if guarded else [])
    with shop.acting():
        assert len(db.session().scalars(select(TakenOffer)).all()) == (1 if guarded else 2)
        assert len(db.session().scalars(select(Order)).all()) == (1 if guarded else 2)


def place_in_step(world: World, who: str, written: Event, go_on: Event) -> None:
    """Places, and commits only when it is told to."""
    clearance, shop = world.clearance(who), world.storefronts["brightfield"]
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because="placing an order"):
        placing.place(world.people[who], clearance, Checkout(new_token(), shop))
        written.set()
        go_on.wait(20)


def test_an_add_on_of_a_quote_belongs_to_the_line_that_it_extends_whatever_runs(shop: World) -> None:
    for _service in range(2):
        runs(shop, "patch-y", 2)
    shield = shop.plan("shield-y").id
    code = quote_stage.draft(shop, "patch-y", 5)
    with shop.acting("brightfield"):
        quote_drafts.add_line(quotes.find(code), shield, 5)
    base, add_on = lines(shop, quote_stage.orders(shop, quote_stage.send(shop, code)))
    assert (add_on.plan_id, add_on.base_line_id) == (shield, base.id)
