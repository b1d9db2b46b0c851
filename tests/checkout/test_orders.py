"""Placing an order: what it costs is ours to say, who may order is checked, one form gives one order, and
what cannot be covered is refused by name before anything is written."""

import random
import re

import pytest
from sqlalchemy import event, func, select

from billing import credit
from billing.invoices import Invoice, InvoiceState
from catalog.listings import Listing, NotOffered
from catalog.price_lists import WholesalePrice
from checkout import baskets, orders, placing
from checkout.baskets import BasketLine, WrongQuantity
from checkout.orders import Order, OrderLine, OrderState, PayBy
from checkout.placing import (
    Checkout,
    Clearance,
    CustomerEnded,
    NotAReseller,
    NotCleared,
    NotOnAccount,
    NotTakenNow,
    OnlyYourResellerOrders,
    OrderingStopped,
    PriceChanged,
)
from core import db, parties, tenancy
from core.errors import Refused
from core.parties import OrderedBy
from core.tenancy import Side
from partners import storefronts
from partners.storefronts import AliasTaken, StorefrontState
from tests.races import at_once, raised
from tests.visits import Visit, make_app
from tests.world import World, open_portal, staff


@pytest.fixture
def shop(world: World) -> World:
    """Brightfield's shop is open and stocked."""
    open_portal(world)
    return world


def count(world: World, model: type[db.Model]) -> int:
    with world.acting():
        return int(db.session().scalar(select(func.count()).select_from(model)) or 0)


def listing(world: World, code: str, **changes: object) -> None:
    """Changes Brightfield's offer of a plan."""
    plan = world.plan(code)
    with world.acting():
        row = (
            db.session()
            .scalars(
                select(Listing).where(
                    Listing.plan_id == plan.id, Listing.reseller_id == world.resellers["brightfield"]
                )
            )
            .one()
        )
        for name, value in changes.items():
            setattr(row, name, value)


def change_customer(world: World, **changes: object) -> None:
    with world.acting():
        for name, value in changes.items():
            setattr(parties.customer(world.customers["acme"]), name, value)


def change_reseller(world: World, **changes: object) -> None:
    with world.acting():
        for name, value in changes.items():
            setattr(parties.reseller(world.resellers["brightfield"]), name, value)


# --- What it costs ----------------------------------------------------------------------------------------

LIES = {
    "price": "1",
    "price_minor": "1",
    "unit_minor": "1",
    "unit_price": "0.01",
    "total": "1",
    "total_minor": "1",
    "amount": "0",
    "amount_minor": "1",
    "currency": "JPY",
    "discount": "100",
    "coupon": "ALL",
    "customer_id": "00000000-0000-0000-0000-000000000000",
    "reseller_id": "0",
    "distributor_id": "0",
    "pay_by": "account",
    "state": "funded",
    "membership_id": "0",
    "wholesale": "0",
    "quantity": "-5",
    "plan": "x",
    "fields": '{"price": 1}',
    "seen_total": "1",
}
SEEN = re.compile(r'name="seen_total" value="(\d+)"')
QUANTITIES = [
    "1",
    "3",
    "007",
    "-1",
    "0",
    "1e3",
    "NaN",
    "1e309",
    "10000000000000",
    "",
    " 5 ",
    "٣",
    "1.5",
    "2,0",
    "0x10",
    "+4",
    "null",
    "[]",
]


@pytest.mark.promise("QM3")
def test_no_figure_that_a_form_sends_is_ever_read(shop: World) -> None:
    draw, anna = random.Random(3), Visit(make_app(), "/brightfield").sign_in("anna")
    plan = shop.plan("patch-y")
    for turn in range(40):
        lies = {name: LIES[name] for name in draw.sample(sorted(LIES), draw.randint(0, 6))}
        added = anna.post(
            "/basket", lies | {"product": "patch", "plan": str(plan.id), "quantity": draw.choice(QUANTITIES)}
        )
        assert added.status_code in (303, 422), added.text
        seen = SEEN.search(anna.get("/checkout").text)
        lies |= {
            "request_key": f"form-{turn}",
            "seen_total": seen[1]
            if seen and draw.random() < 0.6
            else draw.choice(["", "x", "1", "2495", "-1"]),
        }
        placed = anna.post("/checkout", lies)
        assert placed.status_code in (303, 409, 422), placed.text
    with shop.acting():
        assert len(db.session().scalars(select(Order)).all()) >= 5
        for order in db.session().scalars(select(Order)):
            lines = orders.lines(order.id)
            assert (
                order.total.minor
                == sum(line.total_minor for line in lines)
                == sum(2495 * line.quantity for line in lines)
            )
            assert (order.currency, order.pay_by, order.state) == (
                "EUR",
                PayBy.CARD,
                OrderState.AWAITING_PAYMENT,
            )
            assert (order.customer_id, order.reseller_id) == (
                shop.customers["acme"],
                shop.resellers["brightfield"],
            )


@pytest.mark.promise("QM3")
def test_a_price_that_changed_since_it_was_seen_is_not_charged(shop: World) -> None:
    shop.put("acme", "patch-y", 2)
    listing(shop, "patch-y", price_minor=30_00)
    with pytest.raises(PriceChanged, match="€60.00"):
        shop.place("acme", seen_total=49_90)
    assert (count(shop, Order), count(shop, BasketLine)) == (0, 1)
    assert shop.order(shop.place("acme", seen_total=60_00)).total.text == "€60.00"


@pytest.mark.promise("QM3")
def test_an_order_does_not_follow_the_catalogue(shop: World) -> None:
    code = shop.buys("acme", "patch-y", 2)
    listing(shop, "patch-y", price_minor=99_00)
    assert shop.order(code).total.text == "€49.90"


def test_a_line_is_priced_at_the_volume_step_of_its_own_quantity(shop: World) -> None:
    listing(shop, "patch-y", price_minor=30_00, steps=[[5, 28_00], [50, 26_00]])
    shop.put("acme", "patch-y", 4)
    with shop.acting("acme"):
        assert baskets.items(shop.people["acme"])[0].unit_price.text == "€30.00"
    shop.put("acme", "patch-y")  # the fifth
    with shop.acting("acme"):
        assert baskets.items(shop.people["acme"])[0].unit_price.text == "€28.00"
    assert shop.order(shop.place("acme", seen_total=140_00)).total.text == "€140.00"


def test_two_currencies_are_two_orders(shop: World) -> None:
    shop.put("acme", "patch-y")
    shop.put("acme", "m365-bb-m")
    listing(shop, "m365-bb-m", currency="USD")
    with pytest.raises(Refused, match="one currency"):
        place_uncleared(shop, "acme")
    assert count(shop, Order) == 0


def place_uncleared(world: World, who: str, **choice: object) -> str:
    """Places with a clearance made here, so that no connector has to answer (tests of what `place` itself
    refuses)."""
    with tenancy.acting_as(world.scope(who)):
        with db.transaction(widened_because="placing an order"):
            lines = (
                db.session()
                .scalars(
                    select(BasketLine).where(BasketLine.membership_id == world.people[who].membership_id)
                )
                .all()
            )
            seen = placing.basket_hash([(line.plan_id, line.quantity, line.fields) for line in lines])
        with db.transaction(widened_because="placing an order"):
            checkout = Checkout(
                str(choice.get("key", random.random())),
                world.storefronts["brightfield"],
                PayBy(str(choice.get("pay_by", PayBy.CARD))),
            )
            return placing.place(world.people[who], Clearance(seen, len(lines)), checkout)


# --- One form, one order ----------------------------------------------------------------------------------


@pytest.mark.promise("QC3")
def test_the_same_form_sent_again_gives_the_first_order(shop: World) -> None:
    shop.put("acme", "patch-y")
    clearance = shop.clearance("acme")
    with tenancy.acting_as(shop.scope("acme")):
        first = place_with(shop, clearance, "form-1")
        assert place_with(shop, clearance, "form-1") == first
    shop.put("acme", "patch-y", 7)
    assert shop.place("acme", key="form-1") == first
    assert (count(shop, Order), count(shop, BasketLine)) == (1, 1)


def place_with(world: World, clearance: Clearance, key: str) -> str:
    with db.transaction(widened_because="placing an order"):
        return placing.place(world.people["acme"], clearance, Checkout(key, world.storefronts["brightfield"]))


@pytest.mark.promise("QC3")
def test_a_form_sent_six_times_at_once_gives_one_order(shop: World) -> None:
    for turn in range(10):
        shop.put("acme", "patch-y")
        clearance = shop.clearance("acme")

        def submit(turn: int = turn, clearance: Clearance = clearance) -> str:
            with tenancy.acting_as(shop.scope("acme")):
                return place_with(shop, clearance, f"form-{turn}")

        ends = at_once(*[submit] * 6)
        assert raised(ends) == []
        assert len(set(ends)) == 1
    assert (count(shop, Order), count(shop, OrderLine)) == (10, 10)


def test_somebody_elses_form_key_gives_no_order_of_theirs(shop: World) -> None:
    theirs = shop.buys("acme", "patch-y")
    key = shop.order(theirs).request_key
    open_portal(shop, "harbour")
    shop.put("zebra", "patch-y")
    assert shop.place("zebra", key=key) != theirs


def test_what_came_into_the_basket_while_the_order_was_placed_stays_there(shop: World) -> None:
    shop.put("acme", "patch-y")
    clearance = shop.clearance("acme")
    plan_id = shop.plan("m365-bb-m").id

    def order() -> str:
        with tenancy.acting_as(shop.scope("acme")):
            return place_with(shop, clearance, "form")

    def add() -> None:
        with shop.acting("acme"):
            baskets.add(shop.people["acme"], plan_id, 1)

    at_once(order, add)
    with shop.acting():
        ordered, kept = (
            db.session().scalars(select(OrderLine.plan_id)).all(),
            db.session().scalars(select(BasketLine.plan_id)).all(),
        )
    assert plan_id in kept
    assert plan_id not in ordered


def test_an_order_is_one_commit(shop: World) -> None:
    shop.put("acme", "patch-y", 3)
    clearance, commits, statements = shop.clearance("acme"), [], list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    heard = [(db.engine(), "commit", commits.append), (db.engine(), "before_cursor_execute", note)]
    for each in heard:
        event.listen(*each)
    with tenancy.acting_as(shop.scope("acme")):
        place_with(shop, clearance, "form")
    for each in heard:
        event.remove(*each)
    assert len(commits) == 1
    assert len(statements) <= 10, "\n".join(statements)


# --- Who may order, and what ------------------------------------------------------------------------------


@pytest.mark.behaviour("H45")
def test_a_customer_whose_reseller_orders_for_it_cannot_order(shop: World) -> None:
    shop.put("acme", "patch-y")
    change_customer(shop, ordered_by=OrderedBy.RESELLER)
    with pytest.raises(OnlyYourResellerOrders):
        shop.place("acme")


def test_a_customer_that_has_ended_cannot_order(shop: World) -> None:
    shop.put("acme", "patch-y")
    with shop.acting():
        parties.customer(shop.customers["acme"]).ended_at = db.session().info["now"]
    with pytest.raises(CustomerEnded):
        shop.place("acme")


@pytest.mark.behaviour("I15")
def test_only_who_is_enabled_for_reselling_buys_a_reseller_plan(world: World) -> None:
    world.put("brightfield", "standard-m", alias="brightfield")
    change_reseller(world, enable_reselling=False)
    with pytest.raises(NotAReseller):
        world.place("brightfield")
    assert count(world, Order) == 0
    with world.acting():
        assert not storefronts.is_taken("brightfield")


@pytest.mark.behaviour("I30")
def test_with_ordering_switched_off_nothing_is_ordered(shop: World) -> None:
    shop.put("acme", "patch-y")
    change_reseller(shop, ordering_enabled=False)
    with pytest.raises(OrderingStopped):
        shop.place("acme")


@pytest.mark.parametrize("quantity", [1, 301])
def test_a_quantity_outside_its_bounds_is_refused_even_if_it_got_into_the_basket(
    shop: World, quantity: int
) -> None:
    shop.put("acme", "m365-bb-y", 2)
    with shop.acting():
        db.session().scalars(select(BasketLine)).one().quantity = quantity
    with pytest.raises(WrongQuantity):
        place_uncleared(shop, "acme")


def test_what_is_no_longer_offered_is_refused(shop: World) -> None:
    shop.put("acme", "patch-y")
    clearance = shop.clearance("acme")
    listing(shop, "patch-y", published=False)
    with tenancy.acting_as(shop.scope("acme")), pytest.raises(NotOffered):
        place_with(shop, clearance, "form")


def test_a_clearance_of_another_basket_does_not_count(shop: World) -> None:
    shop.put("acme", "patch-y")
    clearance = shop.clearance("acme")
    shop.put("acme", "patch-y")
    with tenancy.acting_as(shop.scope("acme")), pytest.raises(NotCleared):
        place_with(shop, clearance, "form")
    assert count(shop, Order) == 0


def test_a_customer_cannot_choose_to_pay_on_its_resellers_account(shop: World) -> None:
    shop.give_credit("brightfield", 1_000_00)
    shop.put("acme", "patch-y")
    with pytest.raises(NotOnAccount):
        shop.place("acme", pay_by=PayBy.ACCOUNT)


# --- Cover ------------------------------------------------------------------------------------------------


def dearer_wholesale(world: World, minor: int) -> None:
    """The reseller sells patches for less than they cost it."""
    plan = world.plan("patch-y")
    with world.acting():
        db.session().scalars(
            select(WholesalePrice).where(WholesalePrice.plan_id == plan.id)
        ).one().price_minor = minor


@pytest.mark.promise("QP2")
def test_what_the_payment_will_not_cover_is_refused_by_name_without_credit(shop: World) -> None:
    dearer_wholesale(shop, 30_00)
    shop.put("acme", "patch-y", 10)
    with pytest.raises(NotTakenNow, match="cannot take this order") as refused:
        shop.place("acme")  # 300.00 wholesale - (249.50 - 4.00 expected fee) is missing
    assert "€" not in str(refused.value), "the customer would read what its reseller pays"
    assert (count(shop, Order), count(shop, credit.Hold)) == (0, 0)


@pytest.mark.promise("QP2")
def test_what_the_payment_will_not_cover_is_held_of_credit_and_given_back_on_cancelling(shop: World) -> None:
    dearer_wholesale(shop, 30_00)
    shop.give_credit("brightfield", 60_00)
    code = shop.buys("acme", "patch-y", 10)
    with shop.acting():
        assert credit.available(shop.resellers["brightfield"], "EUR").text == "€5.50"
    with shop.acting():
        orders.cancel(orders.find(code), why="Changed our mind.")
    with shop.acting():
        assert credit.available(shop.resellers["brightfield"], "EUR").text == "€60.00"
        assert db.session().scalars(select(Invoice.state)).all() == [InvoiceState.VOID]


@pytest.mark.promise("QP2", "QM7")
def test_orders_at_the_limit_of_a_credit_line_never_go_over(world: World) -> None:
    world.give_credit("brightfield", 5 * 49_00)
    clearances = [ready_to_buy(world, f"shop-{number}") for number in range(12)]
    ends = at_once(
        *[lambda c=clearance, p=person: on_account(world, p, c) for person, clearance in clearances]
    )
    placed = [end for end in ends if isinstance(end, str)]
    assert {type(end) for end in ends if not isinstance(end, str)} <= {
        storefronts.HasStorefront,
        credit.CreditExceeded,
    }
    assert len(placed) == 1  # one reseller, one storefront: the others are refused before they cost anything
    with world.acting():
        assert credit.available(world.resellers["brightfield"], "EUR").text == "€196.00"


def ready_to_buy(world: World, person: str) -> tuple[str, Clearance]:
    """Another member of Brightfield with a plan in the basket."""
    with world.acting():
        world.people[person] = staff(
            world, person, side=Side.RESELLER, reseller_id=world.resellers["brightfield"]
        )
    world.resellers.setdefault(person, world.resellers["brightfield"])
    world.put(person, "standard-m", alias=person)
    return person, world.clearance(person)


def on_account(world: World, person: str, clearance: Clearance) -> str:
    with tenancy.acting_as(world.scope("brightfield")), db.transaction(widened_because="placing an order"):
        return placing.place(
            world.people[person], clearance, Checkout(person, world.storefronts["northwind"], PayBy.ACCOUNT)
        )


# --- Alias ------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("I19")
def test_of_two_buyers_of_one_alias_one_is_refused_before_payment(world: World) -> None:
    for turn in range(5):
        alias = f"cloud-{turn}"
        people = ("brightfield", "harbour")
        clearances = []
        for who in people:
            world.put(who, "standard-m", alias=alias)
            clearances.append(world.clearance(who))

        def buy(who: str, clearance: Clearance) -> str:
            with tenancy.acting_as(world.scope(who)), db.transaction(widened_because="placing an order"):
                return placing.place(
                    world.people[who], clearance, Checkout(f"{who}", world.storefronts["northwind"])
                )

        ends = at_once(
            *[lambda w=who, c=clearance: buy(w, c) for who, clearance in zip(people, clearances, strict=True)]
        )
        assert sorted(type(end).__name__ for end in ends) == ["AliasTaken", "str"]
        placed = next(end for end in ends if isinstance(end, str))
        assert count(world, Order) == turn + 1
        with world.acting():
            orders.cancel(orders.find(placed), why="The next turn.")
            db.flush()
            assert not storefronts.is_taken(alias)
        for who in people:
            with world.acting(who):
                baskets.clear(world.people[who])
        rename_keys(world)


def rename_keys(world: World) -> None:
    with world.acting():
        for order in db.session().scalars(select(Order)):
            order.request_key = str(order.id)


@pytest.mark.behaviour("I19")
def test_an_alias_is_free_again_when_its_order_expires(world: World) -> None:
    code = world.buys("brightfield", "standard-m", alias="sunrise")
    world.put("harbour", "standard-m", alias="sunrise")
    with pytest.raises(AliasTaken):
        world.place("harbour")
    with world.acting():
        orders.find(code).expires_at = db.session().info["now"].replace(year=2020)
    with world.acting():
        assert orders.expire_unpaid() == 1
    assert world.place("harbour")
    with world.acting():
        states = dict(
            db.session()
            .execute(select(storefronts.Storefront.reseller_id, storefronts.Storefront.state))
            .all()
        )
        assert states[world.resellers["brightfield"]] is StorefrontState.RELEASED
        assert states[world.resellers["harbour"]] is StorefrontState.HELD


# --- Ending at the same instant ---------------------------------------------------------------------------


@pytest.mark.promise("QP9")
def test_cancelling_while_it_is_funded_ends_as_one_of_the_two(shop: World) -> None:
    for _ in range(10):
        code = shop.buys("acme", "patch-y")

        def cancel(code: str = code) -> None:
            with shop.acting():
                orders.cancel(orders.find(code), why="Too late?")

        def fund(code: str = code) -> None:
            with shop.acting():
                order = orders.find(code)
                orders.fund(order.id, orders.FundKind.CREDIT, order.total)

        failed = raised(at_once(cancel, fund))
        assert len(failed) == 1
        with shop.acting():
            order = orders.find(code)
            invoice = db.session().scalars(select(Invoice).where(Invoice.order_id == order.id)).one()
            funded = order.state is OrderState.FUNDED
            assert (invoice.state is InvoiceState.VOID) != funded
            assert type(failed[0]).__name__ == "IllegalMove"
