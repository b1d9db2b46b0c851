"""Prices that change on a day: previewed, told beforehand, applied at once, and never to what was sold."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from catalog import factors, price_days, scheduled_prices
from catalog.price_lists import WholesalePrice
from catalog.products import Plan, PlanCost
from catalog.scheduled_prices import (
    Leg,
    NothingChanges,
    ScheduledAlready,
    ScheduledPrice,
    ScheduleIncomplete,
    ScheduleState,
)
from checkout import price_effects
from core import db, trail
from core.clock import business_now
from core.money import Money
from core.parties import Distributor
from core.states import IllegalMove
from core.tasks import Task
from subscriptions.subscriptions import Subscription
from tests.checkout import quote_stage
from tests.world import World, open_portal

ALL = {Leg.LIST: Decimal(10), Leg.WHOLESALE: Decimal("10.5"), Leg.COST: Decimal(-5)}


def write(world: World, category: str = "Security", *, days: int = 40, notice: int = 30) -> str:
    """Nora writes down that a category becomes dearer; the code of the draft."""
    with world.acting():
        day = business_now().date() + timedelta(days=days)
        draft = scheduled_prices.begin("New year", starts_on=day, notice_days=notice, by="Nora")
        scheduled_prices.change_by(draft, category, ALL)
        return draft.code


def confirm(world: World, code: str) -> None:
    with world.acting():
        price_days.confirm(scheduled_prices.find(code))


def told(world: World, kind: str = "mail_prices_will_change") -> int:
    with world.acting():
        return len(db.session().scalars(select(Task.id).where(Task.kind == kind)).all())


def test_prices_change_on_their_day_all_at_once_and_what_was_sold_keeps_its_own(world: World) -> None:
    open_portal(world)
    order = world.buys("acme", "patch-y", 3)
    world.pay(order)
    world.work()
    quote = quote_stage.sent(world, price=2600)
    with world.acting():
        db.session().execute(
            update(Plan).where(Plan.code == "patch-y").values(steps=[[10, 2245], [50, 1995]])
        )
        version = db.session().scalars(select(Distributor.catalogue_version)).one()
    code = write(world)
    with world.acting():
        schedule = scheduled_prices.find(code)
        effects = price_effects.of(schedule)
        assert [(one.leg, one.prices, str(one.least and round(one.least, 1))) for one in effects.legs] == [
            (Leg.COST, 1, "-5.0"),
            (Leg.LIST, 1, "10.0"),
            (Leg.WHOLESALE, 1, "10.5"),
        ]
        assert (effects.plans, effects.resellers, effects.names) == (1, 2, ["Brightfield", "Harbour"])
        assert (effects.shelves, effects.subscriptions, effects.quotes, effects.below) == (2, 1, 1, 0)
    assert told(world) == 0
    confirm(world, code)
    world.goes_on(days=11)
    assert told(world) == 2, "thirty days before"
    world.goes_on(days=28)
    assert world.plan("patch-y").list_minor == 2495
    world.goes_on(days=2)
    plan = world.plan("patch-y")
    assert (plan.list_price.text, plan.steps) == ("€27.45", [[10, 2470], [50, 2195]])
    with world.acting():
        wholesale = select(WholesalePrice.price_minor).where(WholesalePrice.plan_id == plan.id)
        assert db.session().scalars(wholesale).one() == 2344
        assert db.session().scalars(select(Subscription.price_minor)).one() == 2495, "price protection"
        assert scheduled_prices.find(code).state is ScheduleState.APPLIED
        assert db.session().scalars(select(Distributor.catalogue_version)).one() != version
        assert f"prices changed, {code}" in [line.what for line in trail.about([plan.id])]
    assert world.order(order).net_minor == 3 * 2495
    with world.acting():
        assert quote_stage.quotes.find(quote).total_minor == 5 * 2600
    assert told(world) == 2


def test_until_its_day_it_can_be_called_off_and_whoever_was_told_hears_that(world: World) -> None:
    code = write(world, days=5)
    confirm(world, code)
    assert told(world) == 2, "at once, where the days of notice have begun"
    with world.acting():
        price_days.cancel(scheduled_prices.find(code))
    assert told(world, "mail_prices_will_not_change") == 2
    world.goes_on(days=6)
    assert world.plan("patch-y").list_minor == 2495
    with world.acting(), pytest.raises(IllegalMove):
        price_days.confirm(scheduled_prices.find(code))


def test_what_somebody_changed_meanwhile_is_left_as_it_is(world: World) -> None:
    code = write(world, days=5, notice=0)
    confirm(world, code)
    with world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(list_minor=3000))
        plan_id = db.session().scalars(select(Plan.id).where(Plan.code == "patch-y")).one()
        db.session().execute(update(PlanCost).where(PlanCost.plan_id == plan_id).values(cost_minor=1))
    world.goes_on(days=6)
    with world.acting():
        stale = select(ScheduledPrice.leg).where(ScheduledPrice.stale).order_by(ScheduledPrice.leg)
        assert db.session().scalars(stale).all() == [Leg.COST, Leg.LIST]
        wholesale = select(WholesalePrice.price_minor).where(WholesalePrice.plan_id == plan_id)
        assert db.session().scalars(wholesale).one() == 2344
    assert world.plan("patch-y").list_minor == 3000
    assert told(world) == 0


def test_a_change_that_nobody_can_mean_is_refused_by_name(world: World) -> None:
    confirm(world, write(world))
    with pytest.raises(ScheduledAlready, match="0patch Pro, Yearly"):
        confirm(world, write(world, days=90))
    plan = world.plan("patch-y")
    with world.acting():
        day = business_now().date()
        with pytest.raises(ScheduleIncomplete) as refused:
            scheduled_prices.begin(" ", starts_on=day, notice_days=181, by="Nora", words="x" * 2001)
        assert set(refused.value.problems) == {"title", "starts_on", "notice_days", "words"}
        draft = scheduled_prices.begin("By hand", starts_on=day + timedelta(days=1), notice_days=0, by="Nora")
        with pytest.raises(NothingChanges):
            scheduled_prices.change_to(draft, {(plan.id, Leg.LIST, None): plan.list_price})
        with pytest.raises(ScheduleIncomplete):
            scheduled_prices.change_to(draft, {(plan.id, Leg.LIST, None): Money(10**12, "EUR")})
        assert scheduled_prices.change_to(draft, {(plan.id, Leg.COST, None): Money(2000, "EUR")}) == 1
    for text in ("NaN", "1e309", "1e-99999", "-91", "ten", "inf"):
        with pytest.raises(ValueError, match="percentage"):
            scheduled_prices.parse_percent(text)
    assert scheduled_prices.parse_percent(" +2,5 % ") == Decimal("2.5")


def test_a_plan_that_is_priced_as_another_one_follows_it_on_the_day(world: World) -> None:
    with world.acting():
        plans = {plan.code: plan for plan in db.session().scalars(select(Plan))}
        factors.follow(plans["m365-bb-m"], plans["m365-bb-y"], Decimal("0.1"))
    code = write(world, "Productivity", days=2, notice=0)
    with world.acting():
        rows = select(ScheduledPrice.plan_id).distinct()
        assert db.session().scalars(rows).all() == [plans["m365-bb-y"].id]
        day = business_now().date() + timedelta(days=1)
        draft = scheduled_prices.begin("By hand", starts_on=day, notice_days=0, by="Nora")
        with pytest.raises(factors.PricedAsAnother):
            scheduled_prices.change_to(draft, {(plans["m365-bb-m"].id, Leg.LIST, None): Money(1, "EUR")})
    confirm(world, code)
    world.goes_on(days=3)
    assert (world.plan("m365-bb-y").list_minor, world.plan("m365-bb-m").list_minor) == (616, 62)
