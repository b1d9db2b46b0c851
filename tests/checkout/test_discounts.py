"""Discounts of orders: which of several holds, who bears it, that its uses are counted once, and that the
price in the order is the one that was shown."""

import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from billing import credit, invoices
from billing.refunds import Because
from catalog import margin_floors, partner_codes, products, promotions, reductions
from catalog.listings import Listing
from catalog.partner_codes import CodeState, PartnerCode, WrongCode
from catalog.products import Plan, PlanCost, Product
from catalog.promotions import Promotion, PromotionState, Terms
from catalog.reductions import Bearer, Offer, Position
from checkout import baskets, discounts, line_refunds, orders
from checkout.orders import OrderWholesale, PayBy
from core import db, parties
from core.doors import call_here
from core.errors import Refused
from core.money import Money
from core.tenancy import Side
from partners import companies
from sandbox.servers import Postgres
from storefront import doctor, invariants, mailer, partner_code_mails
from tests.checkout.offer_stage import open_offers
from tests.races import at_once, raised
from tests.sizes import often
from tests.world import World, a_company, open_portal, staff

IDS = [UUID(int=number) for number in range(1, 9)]


# --- The rule, without a database ---------------------------------------------------------------------------


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """Up to six discounts of every kind."""
    made: list[Offer] = []
    for place in range(draw(st.integers(0, 6))):
        percent = draw(st.booleans())
        made.append(
            Offer(
                IDS[place], f"No. {place}",
                basis_points=draw(st.integers(1, 10_000)) if percent else 0,
                minor=0 if percent else draw(st.integers(1, 3_000)),
                currency="EUR",
                combines=draw(st.booleans()),
                minimum=draw(st.integers(1, 4)),
                is_code=draw(st.booleans()),
                left_minor=draw(st.none() | st.integers(0, 4_000)),
            )
        )  # fmt: skip
    return made


@pytest.mark.promise("QM4")
@settings(max_examples=often(120, 10_000), deadline=None)
@given(st.integers(0, 5_000), st.integers(1, 5), offers(), st.randoms(use_true_random=False))
def test_discounts_sum_to_what_they_take_off_and_the_buyer_has_the_cheapest(
    minor: int, quantity: int, known: list[Offer], luck: object
) -> None:
    price = Money(minor, "EUR")
    taken = reductions.cuts(price, known, quantity)
    now = reductions.lowered(price, taken)
    assert 0 <= now.minor == minor - sum(cut.unit.minor for cut in taken)
    assert all(cut.unit.minor > 0 and quantity >= cut.offer.minimum for cut in taken)
    shuffled = list(known)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reductions.cuts(price, shuffled, quantity) == taken, (
        "the order in which they are found is no matter"
    )
    for one in known:
        if one.fits("EUR", quantity):
            assert now <= price - one.off(price), "nothing alone would be cheaper"
    alone = [cut for cut in taken if not cut.offer.combines and not cut.offer.is_code]
    assert len(alone) <= 1
    assert not alone or all(cut.offer.is_code or cut in alone for cut in taken)
    assert [cut.offer.is_code for cut in taken] == sorted(cut.offer.is_code for cut in taken), (
        "codes come last"
    )
    many = [Position(price, quantity, known), Position(price, 1, known)]
    spent = reductions.sums(many, reductions.of_all(many))
    assert all(o.left_minor is None or spent.get(o.id, 0) <= o.left_minor for o in known)


def test_which_of_several_holds() -> None:
    half = Offer(IDS[0], "Half", basis_points=5_000)
    tenth, euro = (
        Offer(IDS[1], "Tenth", basis_points=1_000, combines=True),
        Offer(IDS[2], "Euro", minor=100, currency="EUR", combines=True),
    )
    code = Offer(IDS[3], "Code", basis_points=2_000, combines=True, is_code=True)
    either = Offer(IDS[4], "Either", basis_points=6_000, is_code=True)
    price = Money(1_000, "EUR")

    def said(*known: Offer) -> tuple[int, list[str]]:
        taken = reductions.cuts(price, known)
        return reductions.lowered(price, taken).minor, [cut.offer.name for cut in taken]

    assert said(tenth, euro) == (800, ["Tenth", "Euro"])
    assert said(euro, tenth, half) == (500, ["Half"])
    assert said(half, code) == (400, ["Half", "Code"])
    assert said(half, either) == (400, ["Either"])
    assert said(Offer(IDS[5], "Dollar", minor=100, currency="USD")) == (1_000, [])
    assert said(Offer(IDS[6], "All", minor=99_999, currency="EUR")) == (0, ["All"])
    assert reductions.shown(price, None).was is None


# --- The world ----------------------------------------------------------------------------------------------


@pytest.fixture
def shop(world: World) -> World:
    """Brightfield's shop is open and stocked, and it has credit."""
    open_portal(world)
    world.give_credit("brightfield", 1_000_000)
    return world


def runs(world: World, who: str = "northwind", **terms: object) -> UUID:
    """A promotion of the distributor's or of a reseller's, published; its id."""
    with world.acting(who):
        said = {"name": "Spring sale", "basis_points": 1000} | terms
        made = promotions.add(Terms(**said), reseller_id=world.resellers.get(who), by="Nora")  # type: ignore[arg-type]
        promotions.publish(made)
        return made.id


def coded(world: World, reseller: str = "brightfield", *, typed: bool = True, **terms: object) -> str:
    """A partner code of a reseller, typed in; its letters."""
    with world.acting():
        said = {"name": "First order", "basis_points": 2000} | terms
        code = partner_codes.issue(world.resellers[reseller], partner_codes.Terms(**said), by="Nora").code  # type: ignore[arg-type]
    if typed:
        with world.acting(reseller):
            partner_codes.redeem(code, by="Bea")
    return code


def prices(world: World, code: str) -> tuple[int, int]:
    """What a unit of an order's first line costs: the buyer, its reseller."""
    order = world.order(code)
    with world.acting():
        line = orders.lines(order.id)[0]
        leg = select(OrderWholesale.unit_minor).where(OrderWholesale.order_line_id == line.id)
        return line.unit_minor, db.session().scalars(leg).one()


def healthy(world: World) -> list[str]:
    """What the doctor has to say about discounts."""
    mine = [one for one in invariants.CHECKERS if one.promise in ("QM9", "QM3", "QM7")]
    return [f.words for f in doctor.examine_distributor(world.distributor_id, "Northwind", timedelta(), mine)]


@pytest.mark.promise("QM9", "QM3")
@pytest.mark.behaviour("P24")
def test_a_discount_of_each_leg_stands_in_its_table_and_the_price_is_the_one_shown(shop: World) -> None:
    runs(shop, basis_points=1000, bearer=Bearer.VENDOR)
    runs(shop, "brightfield", name="Own sale", basis_points=0, minor=500)
    coded(shop, basis_points=2000)
    shop.put("acme", "patch-y", 3)
    with shop.acting("acme"):
        basket = baskets.items(shop.people["acme"])
    assert [(one.unit_price.minor, one.list_price.minor) for one in basket] == [(1995, 2495)]
    code = shop.place("acme", seen_total=3 * 1995)
    listed = round(2495 * 0.85)
    less = round(listed * 0.9)
    assert prices(shop, code) == (1995, round(less * 0.8))
    with shop.acting("acme"):
        mine = discounts.of_order(orders.find(code).id)
    assert [(one.name, one.bearer, one.total.minor) for one in mine] == [("Own sale", "reseller", 1500)]
    with shop.acting("brightfield"):
        ours = discounts.of_order(orders.find(code).id, wholesale=True)
    assert [(one.name, one.bearer) for one in ours] == [
        ("Spring sale", "vendor"),
        ("First order", "distributor"),
    ]
    assert sum(one.unit.minor for one in ours) == listed - round(less * 0.8)
    assert healthy(shop) == []


def floor_of(world: World, plan: str, cost: int, points: int) -> None:
    """Northwind refuses to sell a product with less than so many basis points left."""
    found = world.plan(plan)
    with world.acting():
        made = select(PlanCost).where(PlanCost.plan_id == found.id)
        row = db.session().scalar(made) or db.add(PlanCost(plan_id=found.id, cost_minor=0, currency="EUR"))
        row.cost_minor = cost
        product = db.session().scalars(select(Product).where(Product.id == found.product_id)).one()
        margin_floors.keep(points, refuses=True, product=product)


@pytest.mark.behaviour("W9")
@pytest.mark.promise("QM9")
def test_floors_judge_what_is_left_after_promotions_that_one_bears_oneself(shop: World) -> None:
    floor_of(shop, "patch-y", 19_00, 500)
    assert shop.buys("acme", "patch-y")
    theirs = runs(shop, bearer=Bearer.VENDOR)
    assert shop.buys("acme", "patch-y"), "the vendor pays what it takes off"
    with shop.acting():
        promotions.stop(db.session().scalars(select(Promotion).where(Promotion.id == theirs)).one())
    runs(shop)
    shop.put("acme", "patch-y")
    with pytest.raises(margin_floors.PriceInReview):
        shop.place("acme")


@pytest.mark.promise("QM9")
def test_a_bundle_is_held_to_its_floor_by_what_its_parts_cost(world: World) -> None:
    open_offers(world)
    world.give_credit("brightfield", 1_000_000)
    floor_of(world, "suite-y", 1_00, 1000)
    floor_of(world, "patch-y", 14_00, 0)
    floor_of(world, "shield-y", 4_50, 0)
    world.put("acme", "suite-y")
    with pytest.raises(margin_floors.PriceInReview, match="0patch Suite"):
        world.place("acme")
    floor_of(world, "shield-y", 3_00, 0)
    assert world.place("acme")


@pytest.mark.behaviour("P26")
def test_whatever_is_wrong_with_a_code_is_said_in_one_sentence(shop: World) -> None:
    theirs = coded(shop, "harbour", typed=False)
    later = coded(shop, typed=False, starts_on=date(2099, 1, 1))
    gone, once = coded(shop, typed=False), coded(shop, most_uses=1)
    with shop.acting():
        partner_codes.revoke(partner_codes.find(gone), why="A mistake.")
    shop.buys("acme", "patch-y", pay_by=PayBy.CARD)
    said = set[str]()
    for typed in ("PC-NOTHING", theirs, later, gone, once, ""):
        with shop.acting("brightfield"), pytest.raises(WrongCode) as refused:
            partner_codes.redeem(typed, by="Bea")
        said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.behaviour("P26")
def test_a_code_is_its_resellers_alone_even_where_more_can_be_seen(shop: World) -> None:
    theirs = coded(shop, "harbour", typed=False)
    with shop.acting(), pytest.raises(WrongCode):
        partner_codes.redeem(theirs, by="Nora")
    coded(shop, "harbour")
    assert prices(shop, shop.buys("acme", "patch-y"))[1] == round(2495 * 0.85), (
        "Harbour's is no use to others"
    )


def source(world: World, code: str) -> PartnerCode:
    """A code as it is now."""
    with world.acting():
        return partner_codes.find(code)


@pytest.mark.behaviour("P25")
def test_a_code_is_issued_to_one_reseller_by_mail_and_counts_once_it_is_typed_in(shop: World) -> None:
    code = coded(shop, typed=False, most_uses=3, note="Welcome.")
    with shop.acting():
        written = partner_code_mails.issued(partner_codes.find(code).id)
        assert written
        html, text = mailer.draw(written)
    assert written.to == "bea@brightfield.example"
    assert all(code in body and "20 %" in body and "Welcome." in body for body in (html, text))
    list_price = round(2495 * 0.85)
    assert prices(shop, shop.buys("acme", "patch-y"))[1] == list_price
    with shop.acting("brightfield"):
        partner_codes.redeem(f" {code.lower()} ", by="Bea")
        partner_codes.redeem(code, by="Bea")
    assert prices(shop, shop.buys("acme", "patch-y"))[1] == round(list_price * 0.8)
    with shop.acting():
        partner_codes.revoke(partner_codes.find(code), why="Over.")
        assert partner_code_mails.issued(partner_codes.find(code).id) is None
    assert prices(shop, shop.buys("acme", "patch-y"))[1] == list_price
    assert (source(shop, code).uses, source(shop, code).state) == (1, CodeState.REVOKED)


def test_a_resellers_own_order_has_the_wholesale_discount_in_both_legs(shop: World) -> None:
    coded(shop, "harbour", goods=["vendors:Northwind"])
    shop.give_credit("harbour", 10_000)
    code = shop.buys("harbour", "standard-m", pay_by=PayBy.ACCOUNT, alias="harbour")
    assert prices(shop, code) == (3920, 3920)
    with shop.acting("harbour"):
        found = orders.find(code)
        legs = [discounts.of_order(found.id, wholesale=leg) for leg in (False, True)]
    assert [[(g.name, g.total.minor, g.bearer) for g in leg] for leg in legs] == [
        [("First order", 980, "distributor")]
    ] * 2
    assert healthy(shop) == []


@pytest.mark.promise("QM7")
def test_an_order_that_is_given_up_gives_its_uses_back(shop: World) -> None:
    code = coded(shop, most_uses=1)
    made = runs(shop, most_uses=2, most_minor=10_000, combines=True)
    with_both, without = shop.buys("acme", "patch-y"), shop.buys("acme", "patch-y")
    assert source(shop, code).uses == 1
    assert prices(shop, with_both)[1] < prices(shop, without)[1]
    with shop.acting():
        orders.cancel(orders.find(with_both), why="Not any more.")
    assert source(shop, code).uses == 0
    with shop.acting():
        kept = db.session().get_one(Promotion, (shop.distributor_id, made))
        assert (kept.uses, kept.spent_minor) == (1, sum(g.total.minor for g in of(shop, without)))
    assert prices(shop, shop.buys("acme", "patch-y")) == prices(shop, with_both)
    assert healthy(shop) == []


def of(world: World, code: str) -> list[discounts.Given]:
    """The wholesale discounts of an order, in the transaction we are in."""
    return discounts.of_order(orders.find(code).id, wholesale=True)


def neighbour(world: World) -> None:
    """Ember is a second customer of Brightfield's."""
    reseller_id = world.resellers["brightfield"]
    with world.acting():
        ember = parties.add_customer(reseller_id, name="Ember", email="eve@ember.example", country="DE")
        companies.keep(a_company("Ember"), reseller_id=reseller_id, customer_id=ember.id)
        world.customers["ember"] = ember.id
        world.people["ember"] = staff(
            world, "eve", side=Side.CUSTOMER, reseller_id=reseller_id, customer_id=ember.id
        )


def with_a_discount(world: World, turn: int) -> int:
    """Two customers order at the same moment, with one use of their reseller's code left; how many orders
    have it."""
    code = coded(world, most_uses=1)
    for who in ("acme", "ember"):
        world.put(who, "patch-y")
    placed = at_once(*[lambda who=who: world.place(who, key=f"{who}-{turn}") for who in ("acme", "ember")])
    assert raised(placed) == []
    with world.acting():
        many = sum(1 for one in placed if of(world, one))
        partner_codes.revoke(partner_codes.find(code), why="The next round.")
    return many


@pytest.mark.promise("QM7")
def test_of_two_orders_at_once_one_has_the_last_use(shop: World) -> None:
    neighbour(shop)
    assert [with_a_discount(shop, turn) for turn in range(often(3, 50))] == [1] * often(3, 50)


def test_without_the_lock_both_have_it(
    shop: World, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour(shop)
    engine = create_engine(postgres.admin_url("shop"))
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE partner_codes DROP CONSTRAINT ck_partner_codes_uses")
    engine.dispose()
    monkeypatch.setattr(
        discounts, "LOCK_CODES", discounts.LOCK_CODES.with_for_update(key_share=True, read=True)
    )
    assert 2 in (with_a_discount(shop, turn) for turn in range(12))


@pytest.mark.promise("QM7")
def test_who_has_a_promotion_is_asked_for_every_order(shop: World) -> None:
    with shop.acting():
        acme = f"customers:{shop.customers['acme']}"
    mine = {"name": "Ten", "basis_points": 1000}
    runs(shop, "brightfield", **mine, new_customers=True, goods=["categories:Security"])
    first = shop.buys("acme", "patch-y")
    assert prices(shop, first)[0] == round(2495 * 0.9)
    assert prices(shop, shop.buys("acme", "patch-y"))[0] == 2495, "it has ordered before"
    with shop.acting():
        stopped = db.session().scalars(select(Promotion)).one()
        promotions.stop(stopped)
    runs(shop, "brightfield", **mine, once_per_customer=True, buyers=[acme], minimum_quantity=3)
    assert prices(shop, shop.buys("acme", "patch-y", 2))[0] == 2495, "too few"
    assert prices(shop, shop.buys("acme", "patch-y", 3))[0] == round(2495 * 0.9)
    assert prices(shop, shop.buys("acme", "patch-y", 3))[0] == 2495, "once"
    with pytest.raises(promotions.UnknownBuyers), shop.acting("harbour"):
        promotions.add(
            Terms("Theirs", basis_points=1, buyers=[acme]), reseller_id=shop.resellers["harbour"], by="Hugo"
        )
    runs(shop, name="Harbour's", buyers=[f"resellers:{shop.resellers['harbour']}"])
    runs(shop, name="A little", most_minor=100)
    assert prices(shop, shop.buys("acme", "patch-y"))[1] == round(2495 * 0.85), (
        "not for it, or not enough left"
    )
    assert healthy(shop) == []


def test_a_customers_scope_hears_of_no_wholesale_discount_and_a_reseller_of_no_others(shop: World) -> None:
    runs(shop)
    coded(shop)
    runs(shop, "harbour", name="Theirs")
    plan = shop.plan("patch-y").id
    line, acme = (plan, 1, Money(1000, "EUR")), shop.customers["acme"]
    bright, harbour = shop.resellers["brightfield"], shop.resellers["harbour"]

    def hears(who: str, reseller_id: UUID, customer_id: UUID | None) -> list[str]:
        with shop.acting(who):
            return [cut.offer.name for cut in discounts.preview(reseller_id, customer_id, [line])[0]]

    assert hears("acme", bright, None) == hears("acme", bright, acme) == []
    assert hears("acme", harbour, acme) == hears("brightfield", harbour, None) == []
    assert sorted(hears("brightfield", bright, None)) == ["First order", "Spring sale"]
    assert hears("harbour", harbour, None) == ["Spring sale"]
    assert hears("zebra", harbour, shop.customers["zebra"]) == ["Theirs"]
    with shop.acting("acme"):
        assert promotions.running_for(bright) == []
        asked = {"p_reseller": bright, "p_customer": acme, "p_plans": [plan]}
        assert call_here(discounts.DISCOUNTS, asked) == [], "the door itself keeps the wholesale leg"


def test_promotions_and_codes_begin_and_end_by_the_business_clock(shop: World) -> None:
    with shop.acting():
        day = promotions.today()
    span: dict[str, Any] = {"starts_on": day + timedelta(days=2), "ends_on": day + timedelta(days=3)}
    sale = runs(shop, "brightfield", **span, goods=["categories:Security"])
    code = coded(shop, "brightfield", typed=False, **span)

    def stand() -> tuple[PromotionState, CodeState, int]:
        with shop.acting():
            kept = db.session().get_one(Promotion, (shop.distributor_id, sale))
            return kept.state, partner_codes.find(code).state, shelf_price(shop)

    assert stand() == ("scheduled", "scheduled", 2495)
    shop.goes_on(days=2)
    assert stand() == ("running", "running", round(2495 * 0.9))
    with shop.acting():
        product = db.session().scalars(select(Product).where(Product.code == "patch")).one()
        product.category = "Elsewhere"
        products.touch_catalogue()
    with shop.acting():
        assert promotions.turn() == 1
    assert stand()[2] == 2495, "the shelf follows the catalogue"
    shop.goes_on(days=2)
    assert stand() == ("ended", "ended", 2495)


def plan_id() -> UUID:
    """0patch Pro, in the transaction we are in."""
    return db.session().scalars(select(Plan.id).where(Plan.code == "patch-y")).one()


def shelf_price(world: World) -> int:
    """What a unit costs on Brightfield's shelf, in the transaction we are in."""
    listed = select(Listing.price_minor, Listing.sale).where(
        Listing.reseller_id == world.resellers["brightfield"], Listing.plan_id == plan_id()
    )
    minor, sale = db.session().execute(listed).one()
    return reductions.shown(Money(minor, "EUR"), sale).price.minor


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis_points": 0},
        {"basis_points": 10_001},
        {"basis_points": 10, "minor": 10},
        {"basis_points": -5},
        {"name": ""},
        {"name": "x" * 61},
        {"ends_on": date(2020, 1, 1)},
        {"starts_on": date(2099, 1, 2), "ends_on": date(2099, 1, 1)},
        {"minimum_quantity": 0},
        {"most_uses": 0},
        {"most_minor": -1},
        {"bearer": Bearer.RESELLER},
        {"goods": ["products:nothing"]},
        {"goods": ["vendors:Nobody"]},
        {"buyers": ["customers:00000000-0000-0000-0000-000000000000"]},
    ],
    ids=str,
)
def test_what_nobody_could_mean_is_refused_by_name(world: World, wrong: dict[str, object]) -> None:
    with world.acting(), pytest.raises(Refused):
        promotions.add(Terms(**({"name": "Sale", "basis_points": 100} | wrong)), by="Nora")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "typed", ["", "0", "-1", "101", "NaN", "1e309", "1e999999", "1.234", "ten", "Infinity", "0.001"]
)
def test_a_percentage_is_read_or_refused(typed: str) -> None:
    assert promotions.basis_points(" 12,5 %") == 1250
    with pytest.raises(promotions.WrongDiscount):
        promotions.basis_points(typed)


def test_a_number_of_a_hundred_thousand_digits_is_refused_before_anybody_reckons_with_it() -> None:
    began = time.process_time()
    with pytest.raises(promotions.WrongDiscount):
        promotions.basis_points("9" * 100_000)
    assert time.process_time() - began < 0.3


def test_a_refund_gives_back_what_was_paid(shop: World) -> None:
    runs(shop, "brightfield", basis_points=2000)
    code = shop.buys("acme", "patch-y", 2)
    shop.pay(code)
    with shop.acting():
        line = orders.lines(orders.find(code).id)[0]
        offered = line_refunds.preview(line.id, Money(1996, "EUR"), because=Because.BY_HAND)
    assert (line.total.minor, offered.left.minor) == (3992, 3992)
    with shop.acting(), pytest.raises(line_refunds.MoreThanLeft):
        line_refunds.preview(line.id, Money(3993, "EUR"), because=Because.BY_HAND)


def test_what_is_free_for_the_customer_is_still_owed_by_its_reseller(shop: World) -> None:
    runs(shop, "brightfield", name="On us", basis_points=10_000)
    code = shop.buys("acme", "patch-y")
    with shop.acting():
        order = orders.find(code)
        charge = invoices.charges(order.id)[0]
        invoice = invoices.of_order(order.id)
        held = db.session().scalars(select(credit.Hold.minor).where(credit.Hold.order_id == order.id)).one()
    assert (order.total_minor, order.state, charge.state) == (0, "funded", "due")
    assert held == charge.gross.minor == 2121
    assert invoice
    assert invoice.state == "void"
