"""Why a price is what it is: the steps always add up to what is charged, and each side sees its own."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from catalog import listings, pricing
from catalog.listings import Listing
from catalog.price_lists import PriceList, discounted
from catalog.products import Plan
from catalog.volumes import Volume
from checkout import explanations
from checkout import pricing as order_pricing
from checkout.explanations import SEEN_BY, Ingredients, Leg, Taken
from core import db, tenancy
from core.money import Money
from core.tenancy import Side
from partners import enrolments
from tests.partners.tier_stage import enrol, open_tiers
from tests.sizes import often
from tests.world import World, open_portal

currencies = st.sampled_from(["EUR", "USD", "JPY", "UGX", "KWD", "TND"])
steps = st.lists(
    st.tuples(st.integers(2, 5_000), st.integers(0, 10**8)), unique_by=lambda one: one[0], max_size=6
).map(lambda found: [list(one) for one in sorted(found)])
prices = st.one_of(st.none(), st.tuples(st.integers(0, 10**8), steps))
takings = st.lists(st.tuples(st.sampled_from(Leg), st.integers(1, 10**6)), max_size=4)


@pytest.mark.promise("QM4")
@pytest.mark.behaviour("H49")
@settings(max_examples=often(200, 10_000), deadline=None)
@given(
    currency=currencies,
    cost=prices,
    listed=prices,
    wholesale=prices,
    retail=prices,
    discount=st.one_of(st.none(), st.integers(0, 10_000)),
    taken=takings,
    quantity=st.integers(1, 10_000),
)
def test_the_steps_always_add_up_to_the_price(
    currency: str,
    cost: tuple[int, list[list[int]]] | None,
    listed: tuple[int, list[list[int]]] | None,
    wholesale: tuple[int, list[list[int]]] | None,
    retail: tuple[int, list[list[int]]] | None,
    discount: int | None,
    taken: Sequence[tuple[Leg, int]],
    quantity: int,
) -> None:
    def volume(of: tuple[int, list[list[int]]] | None) -> Volume | None:
        return Volume(Money(of[0], currency), of[1]) if of else None

    made = Ingredients(
        "seat", volume(cost), volume(listed), volume(wholesale), volume(retail), "Gold", "Silver", discount
    )
    off = [Taken(leg, "Spring", Money(minor, currency)) for leg, minor in taken]
    said = explanations.explain(made, quantity, off)
    for leg, price in (
        (Leg.COST, made.cost),
        (Leg.LIST, made.listed),
        (Leg.WHOLESALE, made.wholesale),
        (Leg.RETAIL, made.retail),
    ):
        if price is None:
            assert said.of(leg) == ()
            assert said.price(leg) is None
            continue
        charged = price.at(quantity)  # as checkout.pricing reads it
        if leg is Leg.WHOLESALE:
            charged = discounted(charged, discount)
        for one in off:
            charged -= one.amount if one.leg is leg else Money(0, currency)
        assert said.price(leg) == charged
        [first] = [step for step in said.of(leg) if step.first]
        assert first.amount == price.price
    assert [leg for leg, *_more in said.legs()] == [leg for leg in Leg if said.of(leg)]
    for side, legs in SEEN_BY.items():
        assert {step.leg for step in said.seen_by(side).steps} <= legs


@pytest.fixture
def tiered(world: World) -> World:
    """Patches cost less by the number on every level, and Brightfield is in the Gold tier: 10 % less."""
    open_portal(world)
    open_tiers(world)
    enrolment = enrol(world)
    with world.acting():
        partner = enrolments.find(enrolment)
        partner.tier_name, partner.discount = "Gold", 1000
        plan = db.session().scalars(select(Plan).where(Plan.code == "patch-y")).one()
        [partners] = db.session().scalars(select(PriceList))
        pricing.set_steps(
            plan,
            list_price=[[10, 23_95], [50, 21_95]],
            cost=[[100, 15_00]],
            wholesale={partners.id: [[10, 20_01], [20, 18_03]]},
        )
        mine = select(Listing).where(
            Listing.plan_id == plan.id, Listing.reseller_id == world.resellers["brightfield"]
        )
        db.session().scalars(mine).one().steps = [[10, 22_22], [100, 19_99]]
        listings.changed(world.resellers["brightfield"])
    return world


@pytest.mark.behaviour("H49", "P23")
def test_what_is_explained_is_what_an_order_charges_and_each_side_sees_its_own(tiered: World) -> None:
    plan, reseller = tiered.plan("patch-y").id, tiered.resellers["brightfield"]
    tiered.put("acme", "patch-y", 9)
    for _more in range(5):
        with (
            tenancy.acting_as(tiered.scope("acme")),
            db.transaction(widened_because="placing an order"),
        ):
            _standing, [line] = order_pricing.price(tiered.people["acme"])
        with tiered.acting():
            said = explanations.of_plan(plan, reseller, line.quantity)
        assert said.price(Leg.WHOLESALE) == line.wholesale
        assert said.price(Leg.RETAIL) == line.price
        assert said.price(Leg.COST) == line.cost
        with tiered.acting("brightfield"):
            seen = explanations.of_plan(plan, reseller, line.quantity)
        assert seen == said.seen_by(Side.RESELLER)
        assert {step.leg for step in seen.steps} == {Leg.WHOLESALE, Leg.RETAIL}
        tiered.put("acme", "patch-y", {9: 1, 10: 10, 20: 80, 100: 900}.get(line.quantity, 1))
    with tiered.acting():
        said = explanations.of_plan(plan, reseller, 20)
    assert [(step.words, step.amount.text) for step in said.of(Leg.WHOLESALE)] == [
        ("On the price list Partners", "€21.21"),
        ("From 20 seats on", "-€3.18"),
        ("Tier Gold (Gold partners): 10 % less", "-€1.80"),
    ]
    assert said.price(Leg.WHOLESALE) == Money(16_23, "EUR")
