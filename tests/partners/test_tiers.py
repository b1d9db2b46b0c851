"""Tiers by their rules: which number of customers means which, who keeps one, what a tier gives, and what may
not be said of it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from catalog import pricing, retail
from catalog.products import Product
from checkout import baskets
from checkout.orders import Order, OrderWholesale
from core import db, trail
from core.errors import Refusal
from core.money import Money
from core.tasks import Task
from partners import anniversaries, commissions, programmes, sales, tiers
from partners.anniversaries import TierDecision
from partners.commissions import Commission
from partners.enrolments import EnrolmentState
from partners.tiers import (
    LowestTier,
    PercentRefused,
    Terms,
    Tier,
    TierHeld,
    TierNameTaken,
    TiersOverlap,
    TierUnnamed,
)
from provisioning import partner_sales
from tests.partners.programme_stage import open_programme
from tests.partners.tier_stage import (
    GOLD,
    PLATINUM,
    SILVER,
    enrol,
    lose,
    open_tiers,
    standing,
    win,
    years_pass,
)
from tests.world import World, open_portal


def mails(world: World, kind: str) -> int:
    with world.acting():
        return len(db.session().scalars(select(Task.id).where(Task.kind == kind)).all())


def decisions(world: World, enrolment: UUID) -> list[TierDecision]:
    with world.acting():
        return anniversaries.decisions(enrolment)


# --- Which number means which -------------------------------------------------------------------------------


def three() -> list[Tier]:
    return [
        Tier(threshold=one.threshold, minimum=one.minimum, name=one.name, id=UUID(int=place))
        for place, one in enumerate((SILVER, GOLD, PLATINUM))
    ]


@pytest.mark.behaviour("H20", "H21", "H22", "H23")
@pytest.mark.parametrize(
    ("customers", "tier", "flagged"),
    [
        (0, "Silver", True),
        (4, "Silver", True),
        (5, "Silver", False),
        (9, "Silver", False),
        (10, "Gold", False),
        (24, "Gold", False),
        (25, "Platinum", False),
        (26, "Platinum", False),
    ],
)
def test_each_number_of_customers_means_one_tier(customers: int, tier: str, flagged: bool) -> None:
    for place in range(3):  # whatever it was before: here minimum and threshold are the same
        award = tiers.awarded(three(), UUID(int=place), customers)
        assert (award.tier.name, award.flagged) == (tier, flagged)


def test_a_tier_whose_minimum_is_lower_is_kept_down_to_it() -> None:
    rows = three()
    rows[1].minimum, rows[2].minimum = 7, 20
    gold, platinum = rows[1].id, rows[2].id
    assert tiers.awarded(rows, gold, 7).tier.name == "Gold"
    assert tiers.awarded(rows, gold, 6).tier.name == "Silver"
    assert tiers.awarded(rows, rows[0].id, 7).tier.name == "Silver"  # it was not there to be kept
    assert tiers.awarded(rows, platinum, 20).tier.name == "Platinum"
    assert tiers.awarded(rows, platinum, 19).tier.name == "Gold"


# --- What may not be said of tiers --------------------------------------------------------------------------


WRONG: list[tuple[Terms, type[Refusal], str]] = [
    (Terms("gold", 50, 50), TierNameTaken, "called gold"),
    (Terms(" ", 50, 50), TierUnnamed, "needs a name"),
    (Terms("Bronze", 10, 8), TiersOverlap, "both begin at 10"),
    (Terms("Bronze", 15, 16), TiersOverlap, "lost below 16"),
    (Terms("Bronze", 15, 10), TiersOverlap, "kept with 10 customers, where Gold begins"),
    (Terms("Bronze", 4, 4), TiersOverlap, "Silver would expect more customers"),
    (Terms("Bronze", 50, 50, 10_001), PercentRefused, "between 0 and 100"),
    (Terms("Bronze", 50, 50, 0, -1), PercentRefused, "between 0 and 100"),
    (Terms("Bronze", -1, 0), TiersOverlap, "whole number"),
]


def test_tiers_that_would_leave_a_number_without_one_meaning_are_refused(world: World) -> None:
    open_tiers(world)
    for terms, refusal, words in WRONG:
        with pytest.raises(refusal, match=words), world.acting():
            tiers.add(programmes.find("gold"), terms)
    with world.acting():
        kept = tiers.of_programme(programmes.find("gold").id)
        assert [one.name for one in kept] == ["Silver", "Gold", "Platinum"]


@pytest.mark.parametrize(("typed", "points"), [("10", 1000), ("12,5 %", 1250), ("0", 0), ("100", 10_000)])
def test_a_percentage_is_read_as_people_write_it(typed: str, points: int) -> None:
    assert tiers.parse_percent(typed) == points


@pytest.mark.parametrize("typed", ["", "ten", "-1", "100.01", "1.234", "nan", "inf", "1e999999"])
def test_what_is_no_percentage_is_refused(typed: str) -> None:
    with pytest.raises(PercentRefused):
        tiers.parse_percent(typed)


def test_a_tier_that_partners_are_in_is_not_taken_away_and_the_lowest_goes_last(world: World) -> None:
    open_tiers(world)
    with world.acting():
        programme = programmes.find("gold")
        silver = tiers.of_programme(programme.id)[0]
        with pytest.raises(LowestTier):
            tiers.remove(programme, silver)
    enrol(world)
    with world.acting():
        programme = programmes.find("gold")
        silver, gold, _platinum = tiers.of_programme(programme.id)
        with pytest.raises(TierHeld, match="1 partners are in Silver"):
            tiers.remove(programme, silver)
        tiers.remove(programme, gold)
        assert len(tiers.of_programme(programme.id)) == 2


# --- Where a partner begins, and what an anniversary decides ------------------------------------------------


@pytest.mark.behaviour("H19")
def test_a_new_partner_begins_in_the_lowest_tier(world: World) -> None:
    open_tiers(world)
    partner = standing(world, enrol(world))
    assert (partner.tier_name, partner.discount, partner.commission) == ("Silver", 0, 300)


def test_partners_who_were_there_before_the_tiers_begin_in_the_lowest_too(world: World) -> None:
    open_programme(world)
    partner = enrol(world)
    assert standing(world, partner).tier_name == ""
    with world.acting():
        tiers.add(programmes.find("gold"), SILVER)
    assert standing(world, partner).tier_name == "Silver"


@pytest.mark.behaviour("H17", "H18", "H24", "H39")
def test_each_anniversary_counts_who_was_sold_to_and_kept_and_decides_anew(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    signed = standing(world, partner).signed_at
    services = win(world, 26)
    lose(world, services[:1])
    assert standing(world, partner).tier_name == "Silver"  # nothing happens in between
    years_pass(world, partner)
    first = standing(world, partner)
    assert (first.tier_name, first.flagged, first.state) == ("Platinum", False, EnrolmentState.ACTIVE)
    assert first.ends_at == first.anniversary_at == signed.replace(year=signed.year + 2)
    lose(world, services[1:17])  # 9 are left: neither Platinum nor Gold is kept
    years_pass(world, partner)
    second = standing(world, partner)
    assert (second.tier_name, second.flagged) == ("Silver", False)
    lose(world, services[17:22])  # 4 are left
    years_pass(world, partner)
    third = standing(world, partner)
    assert (third.tier_name, third.flagged, third.state) == ("Silver", True, EnrolmentState.ACTIVE)
    assert [(one.was_tier, one.tier, one.customers, one.flagged) for one in decisions(world, partner)] == [
        ("Silver", "Silver", 4, True),
        ("Platinum", "Silver", 9, False),
        ("Silver", "Platinum", 25, False),
    ]
    assert mails(world, "mail_tier_decided") == 3
    assert mails(world, "mail_partner_flagged") == 1
    with world.acting():
        told = [line.what for line in trail.of(partner)]
    assert "tier Silver -> Platinum" in told
    assert "tier kept" in told


def test_an_anniversary_counts_what_was_true_at_its_moment_even_when_it_is_held_late(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    win(world, 12)
    due = standing(world, partner).anniversary_at
    world.goes_on(to=due + timedelta(days=1), work=False)  # nobody works for a day
    win(world, 20)
    world.work()
    assert [(one.at, one.customers) for one in decisions(world, partner)] == [(due, 12)]
    assert standing(world, partner).anniversary_at == due.replace(year=due.year + 1)


def test_a_minute_before_its_anniversary_nothing_is_decided(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    win(world, 10)
    years_pass(world, partner, less=timedelta(minutes=1))
    assert (standing(world, partner).tier_name, decisions(world, partner)) == ("Silver", [])


@pytest.mark.behaviour("H17")
def test_where_the_programme_does_not_renew_the_partnership_ends_after_its_year(world: World) -> None:
    open_tiers(world)
    with world.acting():
        programmes.find("gold").renews = False
    partner = enrol(world)
    years_pass(world, partner)
    assert standing(world, partner).state is EnrolmentState.ENDED
    assert decisions(world, partner) == []


# --- What a tier gives --------------------------------------------------------------------------------------


def prices(world: World) -> set[Money | None]:
    with world.acting("brightfield"):
        return {one.wholesale for one in retail.page() if one.product == "0patch Pro"}


def wholesale_of(world: World, code: str) -> Money:
    with world.acting():
        joined = OrderWholesale.order_id == Order.id
        return (
            db.session()
            .scalars(select(OrderWholesale).join(Order, joined).where(Order.code == code))
            .one()
            .total
        )


def move_to(world: World, partner: UUID, tier: str) -> None:
    with world.acting():
        enrolment = anniversaries.enrolments.find(partner)
        rows = {one.name: one for one in tiers.of_programme(enrolment.programme_id)}
        tiers.put(enrolment, rows[tier])


@pytest.mark.behaviour("H25")
def test_the_tier_lowers_the_wholesale_price_the_same_wherever_it_is_shown_and_ordered(world: World) -> None:
    open_portal(world)
    open_tiers(world)
    assert prices(world) == {Money(21_21, "EUR")}
    partner = enrol(world)
    assert prices(world) == {Money(21_21, "EUR")}  # Silver gives no discount
    move_to(world, partner, "Platinum")
    assert prices(world) == {Money(16_97, "EUR")}  # 21.21 less 20 %, half up
    assert wholesale_of(world, world.buys("acme", "patch-y", 3)) == Money(50_91, "EUR")
    with world.acting():
        world_product("patch").programme_id = None
    assert wholesale_of(world, world.buys("acme", "patch-y")) == Money(21_21, "EUR")  # of no programme


def test_a_resellers_own_basket_and_order_have_the_price_of_its_tier(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    with world.acting():
        world_product("standard").programme_id = programmes.find("gold").id
    move_to(world, partner, "Gold")
    world.put("brightfield", "standard-m", alias="brightfield")
    with world.acting("brightfield"):
        [item] = baskets.items(world.people["brightfield"])
        assert item.unit_price == Money(44_10, "EUR")
    assert world.order(world.place("brightfield", seen_total=44_10)).net == Money(44_10, "EUR")


def world_product(code: str) -> Product:
    return db.session().scalars(select(Product).where(Product.code == code)).one()


def test_a_changed_discount_counts_for_the_next_order_and_an_ended_partnership_has_none(world: World) -> None:
    open_portal(world)
    open_tiers(world)
    partner = enrol(world)
    before = world.buys("acme", "patch-y")
    with world.acting():
        programme = programmes.find("gold")
        silver = tiers.of_programme(programme.id)[0]
        tiers.change(programme, silver, replace(SILVER, discount=500))
    assert prices(world) == {Money(20_15, "EUR")}
    assert wholesale_of(world, before) == Money(21_21, "EUR")  # what was ordered stays as it was
    with world.acting():
        anniversaries.enrolments.terminate(anniversaries.enrolments.find(partner), "It resold our keys.")
    assert prices(world) == {Money(21_21, "EUR")}


@pytest.mark.promise("QS1")
def test_a_reseller_reads_the_tiers_of_its_own_programmes_and_nobody_elses(world: World) -> None:
    open_tiers(world)
    enrol(world)
    with world.acting():
        programme_id = programmes.find("gold").id
    with world.acting("brightfield"):
        assert [one.name for one in tiers.of_partner(programme_id)] == ["Silver", "Gold", "Platinum"]
    with world.acting("harbour"):
        assert tiers.of_partner(programme_id) == []
    with pytest.raises(DBAPIError, match="permission denied"), world.acting("brightfield"):
        db.session().scalars(select(Tier)).all()


# --- What is counted, and what it earns ---------------------------------------------------------------------


@pytest.mark.behaviour("H6", "H47")
def test_a_customer_counts_and_earns_when_its_first_service_was_really_delivered(world: World) -> None:
    open_portal(world)
    open_tiers(world)
    partner = enrol(world)

    def counted() -> int:
        with world.acting():
            one = anniversaries.enrolments.find(partner)
            return sales.customers(one.reseller_id, one.programme_id, anniversaries.business_now())

    def records() -> list[Commission]:
        with world.acting("brightfield"):
            return list(db.session().scalars(select(Commission).order_by(Commission.id)))

    order = world.buys("acme", "patch-y", 3)
    assert (counted(), records()) == (0, [])  # ordered
    world.fund_by_hand(order)
    assert (counted(), records()) == (0, [])  # paid, and not delivered
    world.work()
    assert counted() == 1
    [record] = records()
    assert (record.base, record.amount, record.rate) == (Money(63_63, "EUR"), Money(1_91, "EUR"), 300)
    assert (record.tier_name, record.customer_name, record.service) == (
        "Silver",
        "Acme",
        "0patch Pro, Yearly",
    )
    world.fund_by_hand(world.buys("acme", "patch-y"))
    world.work()
    assert (counted(), len(records())) == (1, 1)  # the same customer once more
    with world.acting("harbour"):
        assert db.session().scalars(select(Commission)).all() == []


def test_a_service_of_no_programme_and_a_reseller_in_none_earn_nothing(world: World) -> None:
    open_portal(world)
    open_tiers(world)
    win(world, 1)
    enrol(world)
    with world.acting():
        world_product("patch").programme_id = None
    world.fund_by_hand(world.buys("acme", "patch-y"))
    world.work()
    with world.acting():
        assert db.session().scalars(select(Commission)).all() == []


@pytest.mark.behaviour("H25")
def test_the_commission_is_that_of_the_tier_of_the_moment_and_stays(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    win(world, 1)
    move_to(world, partner, "Platinum")
    win(world, 1)
    with world.acting():
        rows = db.session().scalars(select(Commission).order_by(Commission.id)).all()
        assert [(one.tier_name, one.amount.text) for one in rows] == [
            ("Silver", "€3.00"),
            ("Platinum", "€8.00"),
        ]
        assert commissions.Commission.__access__.distributor == "rc"  # nobody changes a record


def test_what_runs_of_a_product_is_counted_when_the_product_is_put_into_a_programme(world: World) -> None:
    open_portal(world)
    open_tiers(world)
    partner = enrol(world)
    with world.acting():
        world_product("patch").programme_id = None
    for _ in range(2):
        world.fund_by_hand(world.buys("acme", "patch-y"))
    world.work()
    world.buys("acme", "patch-y")  # not delivered
    with world.acting():
        product = world_product("patch")
        assert pricing.put_into_programme(product, programmes.find("gold"))
        partner_sales.take_in(product)
        partner_sales.take_in(product)
        one = anniversaries.enrolments.find(partner)
        assert sales.customers(one.reseller_id, one.programme_id, anniversaries.business_now()) == 1
        assert len(db.session().scalars(select(sales.Sale)).all()) == 2
        assert db.session().scalars(select(Commission)).all() == []


def test_telling_a_delivery_twice_counts_it_once(world: World) -> None:
    open_tiers(world)
    enrol(world)
    with world.acting():
        programme_id = programmes.find("gold").id
        told = sales.Delivered(
            programme_id,
            world.resellers["brightfield"],
            world.customers["acme"],
            programme_id,
            "It",
            Money(1, "EUR"),
        )
        sales.tally(told)
        sales.tally(told)
        assert len(db.session().scalars(select(sales.Sale)).all()) == 1
