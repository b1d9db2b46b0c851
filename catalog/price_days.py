"""What becomes of prices that were scheduled: confirmed, told to the resellers some days ahead, called off,
or applied all at once by a task on their day of the distributor's clock."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, delete, func, select

from catalog import factors, margin_alarms
from catalog.products import Plan, Product, touch_catalogue
from catalog.scheduled_prices import (
    Leg,
    PriceNotice,
    PriceSchedule,
    PricesWillChange,
    PricesWillNotChange,
    ScheduledAlready,
    ScheduledPrice,
    ScheduleState,
    TooLate,
)
from core import db, states, tasks, trail
from core.clock import business_now
from core.events import publish
from core.ids import new_id
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import same_key

# --- Deciding on it -----------------------------------------------------------------------------------------


def confirm(schedule: PriceSchedule) -> None:
    """From now on it happens on its day. ScheduledAlready where a price has a next one already; TooLate."""
    if schedule.state is ScheduleState.DRAFT and schedule.starts_at <= business_now():
        raise TooLate
    _refuse_twice(schedule)
    states.move(schedule, ScheduleState.SCHEDULED, told={"on": schedule.starts_on})
    if _is_to_be_told(schedule):
        tell(schedule)


def _refuse_twice(schedule: PriceSchedule) -> None:
    mine, other = ScheduledPrice, ScheduledPrice.__table__.alias("other")
    chosen = (
        select(Product.name, Plan.name, PriceSchedule.code)
        .select_from(mine)
        .join(
            other,
            and_(
                other.c.distributor_id == mine.distributor_id,
                other.c.plan_id == mine.plan_id,
                other.c.leg == mine.leg,
                other.c.price_list_id.is_not_distinct_from(mine.price_list_id),
            ),
        )
        .join(
            PriceSchedule,
            and_(
                PriceSchedule.distributor_id == other.c.distributor_id,
                PriceSchedule.id == other.c.schedule_id,
            ),
        )
        .join(Plan, same_key(Plan.id, mine.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(mine.schedule_id == schedule.id, PriceSchedule.state == ScheduleState.SCHEDULED)
        .limit(1)
    )
    if (found := db.session().execute(chosen).first()) is not None:
        product, plan, code = found
        raise ScheduledAlready(f"{product}, {plan}", code)


def cancel(schedule: PriceSchedule) -> None:
    """It does not happen; whoever was told hears that, too. A draft is thrown away with its prices."""
    was_draft, told = schedule.state is ScheduleState.DRAFT, schedule.told_at is not None
    states.move(schedule, ScheduleState.CANCELLED)
    if was_draft:
        db.session().execute(delete(ScheduledPrice).where(ScheduledPrice.schedule_id == schedule.id))
    if told:
        notices = select(PriceNotice.id).where(PriceNotice.schedule_id == schedule.id)
        for notice_id in db.session().scalars(notices):
            publish(PricesWillNotChange(notice_id))


def concerned(schedule: PriceSchedule) -> list[UUID]:
    """Resellers that would pay something else, by their price list, or whose recommended price changes; never
    the house, which is the distributor itself."""
    rows = db.session().execute(
        select(ScheduledPrice.leg, ScheduledPrice.price_list_id)
        .where(ScheduledPrice.schedule_id == schedule.id)
        .distinct()
    )
    pairs = {(leg, price_list_id) for leg, price_list_id in rows}
    chosen = select(Reseller.id).where(~Reseller.house).order_by(Reseller.name, Reseller.id)
    if (Leg.LIST, None) not in pairs:
        lists = [price_list_id for leg, price_list_id in pairs if leg is Leg.WHOLESALE]
        chosen = chosen.where(Reseller.price_list_id.in_(lists))
    return list(db.session().scalars(chosen))


def tell(schedule: PriceSchedule) -> int:
    """Every reseller that it concerns gets a mail, once; how many."""
    ids = concerned(schedule)
    schedule.told_at = business_now()
    for reseller_id in ids:
        notice = PriceNotice(
            id=new_id(), reseller_id=reseller_id, schedule_id=schedule.id, told_at=schedule.told_at
        )
        publish(PricesWillChange(db.add(notice).id))
    trail.write(schedule, "resellers told", told={"resellers": len(ids)})
    return len(ids)


def _is_to_be_told(schedule: PriceSchedule) -> bool:
    begins = schedule.starts_at - timedelta(days=schedule.notice_days)
    return schedule.told_at is None and schedule.notice_days > 0 and begins <= business_now()


def rows_for(reseller: Reseller, schedule_id: UUID, most: int) -> list[tuple[str, str, ScheduledPrice]]:
    """What a reseller is told: product, plan and its new wholesale or list price; costs never."""
    chosen = (
        select(Product.name, Plan.name, ScheduledPrice)
        .join(Plan, same_key(Plan.id, ScheduledPrice.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(
            ScheduledPrice.schedule_id == schedule_id,
            (ScheduledPrice.leg == Leg.LIST) | (ScheduledPrice.price_list_id == reseller.price_list_id),
        )
        .order_by(Product.name, Plan.name, ScheduledPrice.leg.desc())
        .limit(most)
    )
    return [(product, plan, row) for product, plan, row in db.session().execute(chosen)]


def how_many_for(reseller: Reseller, schedule_id: UUID) -> int:
    """How many prices that are."""
    theirs = (ScheduledPrice.leg == Leg.LIST) | (ScheduledPrice.price_list_id == reseller.price_list_id)
    chosen = select(func.count()).select_from(ScheduledPrice)
    return db.session().scalar(chosen.where(ScheduledPrice.schedule_id == schedule_id, theirs)) or 0


# --- On its day ---------------------------------------------------------------------------------------------

# What somebody changed meanwhile is left as it is.
STALE = """
UPDATE scheduled_prices r SET stale = true FROM plans p
LEFT JOIN plan_costs c ON c.distributor_id = p.distributor_id AND c.plan_id = p.id
WHERE r.schedule_id = %(schedule)s AND p.id = r.plan_id AND (
  (r.leg = 'list' AND (p.list_minor, p.steps) IS DISTINCT FROM (r.was_minor, r.was_steps))
  OR (r.leg = 'cost' AND (c.cost_minor, coalesce(c.steps, '[]'))
    IS DISTINCT FROM (r.was_minor, r.was_steps))
  OR (r.leg = 'cost' AND c.currency <> r.currency))"""
STALE_WHOLESALE = """
UPDATE scheduled_prices r SET stale = true FROM scheduled_prices s
LEFT JOIN wholesale_prices w ON w.distributor_id = s.distributor_id AND w.plan_id = s.plan_id AND w.price_list_id = s.price_list_id
WHERE r.schedule_id = %(schedule)s AND r.leg = 'wholesale' AND s.id = r.id
  AND (w.price_minor, coalesce(w.steps, '[]')) IS DISTINCT FROM (r.was_minor, r.was_steps)"""  # noqa: E501 SQL
LISTED = """
UPDATE plans p SET list_minor = r.minor, steps = r.steps FROM scheduled_prices r
WHERE r.schedule_id = %(schedule)s AND r.leg = 'list' AND NOT r.stale AND p.id = r.plan_id"""
COSTS = """
INSERT INTO plan_costs AS c (distributor_id, id, plan_id, cost_minor, steps, currency)
SELECT r.distributor_id, gen_random_uuid(), r.plan_id, r.minor, r.steps, r.currency FROM scheduled_prices r
WHERE r.schedule_id = %(schedule)s AND r.leg = 'cost' AND NOT r.stale
ON CONFLICT (distributor_id, plan_id)
  DO UPDATE SET cost_minor = excluded.cost_minor, steps = excluded.steps"""
WHOLESALE = """
INSERT INTO wholesale_prices AS w (distributor_id, id, price_list_id, plan_id, price_minor, steps, currency)
SELECT r.distributor_id, gen_random_uuid(), r.price_list_id, r.plan_id, r.minor, r.steps, r.currency FROM scheduled_prices r
WHERE r.schedule_id = %(schedule)s AND r.leg = 'wholesale' AND NOT r.stale
ON CONFLICT (distributor_id, price_list_id, plan_id) DO UPDATE SET price_minor = excluded.price_minor, steps = excluded.steps"""  # noqa: E501 SQL
TRAIL = """
INSERT INTO trail (distributor_id, id, at, person_id, object_type, object_id, what, told, request_id)
SELECT DISTINCT ON (r.plan_id) r.distributor_id, gen_random_uuid(), now(), NULL::uuid, 'plans', r.plan_id, %(what)s, '{}'::jsonb, ''
FROM scheduled_prices r WHERE r.schedule_id = %(schedule)s AND NOT r.stale"""  # noqa: E501 SQL


def apply(schedule: PriceSchedule) -> None:
    """All of it in this transaction, or nothing: shops show either the old prices or the new."""
    values = {"schedule": schedule.id, "what": f"prices changed, {schedule.code}"}
    db.flush()
    for statement in (STALE, STALE_WHOLESALE, LISTED, COSTS, WHOLESALE, TRAIL):
        with db.told_by_the_driver(statement):
            db.driver().execute(statement.encode(), values)
    db.session().expire_all()
    theirs = select(ScheduledPrice.plan_id).where(ScheduledPrice.schedule_id == schedule.id)
    factors.pass_on(theirs)
    followers = [plan.id for plan in factors.followers_of(theirs)]
    margin_alarms.prices_changed(sorted({*db.session().scalars(theirs), *followers}))
    stale = select(func.count()).select_from(ScheduledPrice)
    left = db.session().scalar(stale.where(ScheduledPrice.schedule_id == schedule.id, ScheduledPrice.stale))
    schedule.applied_at = business_now()
    states.move(schedule, ScheduleState.APPLIED, told={"left as they were": left or 0})
    touch_catalogue()


def look() -> int:
    """Tells whom is to be told, and applies what is due; how many were applied."""
    chosen = select(PriceSchedule).where(PriceSchedule.state == ScheduleState.SCHEDULED)
    held = chosen.order_by(PriceSchedule.starts_at, PriceSchedule.id).with_for_update()
    applied = 0
    for schedule in db.session().scalars(held).all():
        if schedule.starts_at <= business_now():
            apply(schedule)
            applied += 1
        elif _is_to_be_told(schedule):
            tell(schedule)
    return applied


def _look(_task: Claimed) -> None:
    look()


CHANGE = tasks.register(
    Kind("change_prices", Repeat.SAFE, prepare=_look, alone=True, every=timedelta(minutes=10))
)
