"""The clock of a subscription: notices before its term ends, then its end. When each act is due
is data: the term, the product type's `notice_days` and `ends_at_term`, a cancellation. One task looks every
minute for subscriptions whose clock has something to do by the business clock; each act has a key, so that
it is done once, and after a pause only the latest notice is sent.

Ending is a delivery like any other: asked of the connector with a reference, looked up, parked. Only its
recording moves the subscription to ended (provisioning.fulfilment)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy import select

from catalog import products
from catalog.products import Plan, Product, ProductType
from checkout.orders import OrderCost, OrderLine
from core import db, states, tasks, tenancy, trail
from core.clock import business_now
from core.events import Event, publish
from core.ids import new_id
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import same_key
from provisioning import add_ons
from provisioning.connectors.base import Action
from provisioning.deliveries import Delivery, DeliveryState
from subscriptions import cancellations
from subscriptions.cancellations import Cancellation, CancellationState
from subscriptions.subscriptions import (
    STANDING,
    Subscription,
    SubscriptionActivated,
    SubscriptionState,
)

log = structlog.get_logger("lifecycles")

BATCH = 500


@dataclass(frozen=True, slots=True)
class TermEndsSoon(Event):
    """A notice is due. `notice` names subscription, end and how many days before it, once for all."""

    subscription_id: UUID
    notice: str


# --- When what is due ---------------------------------------------------------------------------------------


def notices(starts: datetime, ends: datetime, days: Iterable[int]) -> list[tuple[datetime, int]]:
    """(when, days before) of the notices of one term, the earliest first. None falls into the first half of
    the term: a monthly service is not announced as ending when it has just begun (P46)."""
    half = starts + (ends - starts) / 2
    times = sorted({(ends - timedelta(days=number), number) for number in days if number > 0})
    return [(at, number) for at, number in times if at >= half]


def latest(times: Sequence[tuple[datetime, int]], now: datetime) -> int | None:
    """Which notice is to be sent: of those that are due the last alone, however long nobody looked."""
    due = [number for at, number in times if at <= now]
    return due[-1] if due else None


# --- Looking ------------------------------------------------------------------------------------------------


def watch(limit: int = BATCH) -> int:
    """Does what is due; says for how many subscriptions. One that fails holds up no other and is looked at
    again."""
    now = business_now()
    by_clock = (
        select(Subscription.id)
        .where(Subscription.next_act_at <= now, Subscription.state.in_(STANDING))
        .order_by(Subscription.next_act_at)
        .limit(limit)
    )
    cancelled = (
        select(Subscription.id)
        .join(Cancellation, same_key(Cancellation.subscription_id, Subscription.id))
        .where(
            Cancellation.state == CancellationState.ASKED,
            Cancellation.ends_at <= now,
            Subscription.state.in_(STANDING),
        )
        .limit(limit)
    )
    due = dict.fromkeys([*db.session().scalars(by_clock), *db.session().scalars(cancelled)])
    for subscription_id in due:
        try:
            with db.savepoint():
                act(subscription_id, now)
                db.flush()
        except Exception:
            log.exception("lifecycles.act_failed", subscription=str(subscription_id))
    return len(due)


def act(subscription_id: UUID, now: datetime) -> None:
    """What the clock of one subscription has to do now: end, or give the latest notice; then it is set to
    what comes next."""
    asked = cancellations.standing(subscription_id, locked=True)
    subscription = (
        db.session()
        .scalars(
            select(Subscription)
            .where(Subscription.id == subscription_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .one()
    )
    if subscription.state not in STANDING or subscription.starts_at is None:
        return
    ends = cancellations.end_of_service(subscription, asked)
    if ends is None:
        subscription.next_act_at = None
    elif ends <= now:
        begin_end(subscription, why="It was cancelled." if asked else "Its term is over.")
    else:
        kind = products.type_of(subscription.plan_id)
        times = notices(subscription.starts_at, ends, kind.notice_days)
        if (days := latest(times, now)) is not None:
            give_notice(subscription, ends, days)
        subscription.next_act_at = next((at for at, _ in times if at > now), ends)


def give_notice(subscription: Subscription, ends: datetime, days: int) -> None:
    """Tells the owner, once for this end and this number of days."""
    trail.write(subscription, "notice given", told={"days": days, "ends": ends, "on": business_now()})
    publish(TermEndsSoon(subscription.id, f"{subscription.id}:{ends:%Y-%m-%d}:{days}"))


# --- What comes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coming:
    """The next thing that a clock will do: a notice so many days before the end, or (None) the end."""

    at: datetime
    days: int | None
    subscription: Subscription


def coming(most: int = 10) -> list[Coming]:
    """What the clocks of the scope's subscriptions do next, the earliest first."""
    rows = db.session().execute(
        select(Subscription, ProductType.notice_days, ProductType.ends_at_term, Cancellation.ends_at)
        .join(Plan, same_key(Plan.id, Subscription.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .outerjoin(
            Cancellation,
            same_key(Cancellation.subscription_id, Subscription.id)
            & (Cancellation.state == CancellationState.ASKED),
        )
        .where(Subscription.state.in_(STANDING), Subscription.next_act_at.is_not(None))
        .order_by(Subscription.next_act_at)
        .limit(20 * most)
    )
    found = [
        _next(subscription, days, cancelled or (subscription.ends_at if ends_at_term else None))
        for subscription, days, ends_at_term, cancelled in rows
    ]
    return sorted((one for one in found if one is not None), key=lambda one: one.at)[:most]


def _next(subscription: Subscription, days: Sequence[int], ends: datetime | None) -> Coming | None:
    if subscription.starts_at is None or ends is None:
        return None
    times = notices(subscription.starts_at, ends, days)
    at, number = next(((at, number) for at, number in times if at > business_now()), (ends, None))
    return Coming(at, number, subscription)


# --- Ending -------------------------------------------------------------------------------------------------


def begin_end(subscription: Subscription, *, why: str) -> Delivery:
    """Asks the vendor to end it: a delivery without a fund (nothing is bought) and its task. The subscription
    is ending, and nothing more, until the answer is recorded. Its add-ons end with it, and are asked for
    first. Before its time its term is cut short."""
    for add_on in add_ons.that_run(subscription.id):
        begin_end(add_on, why="What it extends ends.")
    if subscription.ends_at is not None and business_now() < subscription.ends_at:
        subscription.ends_at = business_now()
    told = {"on": business_now(), "because": why}
    states.move(subscription, SubscriptionState.ENDING, why=why, told=told)
    subscription.next_act_at = None
    joined = same_key(OrderCost.order_line_id, OrderLine.id)
    order_id, connector = (
        db.session()
        .execute(
            select(OrderLine.order_id, OrderCost.connector)
            .join(OrderCost, joined)
            .where(OrderLine.id == subscription.order_line_id)
        )
        .one()
    )
    delivery_id, now = new_id(), db.session().info["now"]
    task_id = tasks.add(
        "deliver", {"delivery": str(delivery_id)}, key=f"end:{subscription.id}", lane=connector
    )
    delivery = db.add(
        Delivery(
            distributor_id=subscription.distributor_id,
            id=delivery_id,
            reseller_id=subscription.reseller_id,
            customer_id=subscription.customer_id,
            order_id=order_id,
            order_line_id=subscription.order_line_id,
            subscription_id=subscription.id,
            task_id=task_id,
            reference=uuid4(),
            action=Action.END.value,
            state=DeliveryState.PENDING,
            created_at=now,
            changed_at=now,
        )
    )
    db.flush()
    return delivery


def end_what_is_left_behind(event: SubscriptionActivated) -> None:
    """Now-reaction: an add-on whose base ended while the vendor was at it ends as well. The base is held, so
    that whoever ends it at this moment sees the add-on, or is seen here."""
    subscription = db.session().get_one(
        Subscription, (tenancy.current().distributor_id, event.subscription_id)
    )
    if subscription.base_id is None:
        return
    base = select(Subscription.state).where(Subscription.id == subscription.base_id)
    if db.session().scalar(base.with_for_update(read=True)) in add_ons.NO_MORE:
        db.flush()
        begin_end(subscription, why="What it extends has ended.")


def _watch(_task: Claimed) -> None:
    watch()


WATCH = tasks.register(Kind("watch_terms", Repeat.SAFE, prepare=_watch, every=timedelta(minutes=1)))
