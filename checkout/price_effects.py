"""Whom a planned change of prices concerns, and how much: told to the distributor before it confirms one."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Select, and_, cast, func, select

from catalog.listings import Listing
from catalog.price_days import concerned
from catalog.price_lists import PriceList
from catalog.scheduled_prices import Leg, PriceSchedule, ScheduledPrice
from checkout.quotes import OPEN, Quote, QuoteLine
from core import db
from core.parties import Reseller
from core.tenancy import same_key
from subscriptions.subscriptions import Subscription, SubscriptionState


@dataclass(frozen=True, slots=True)
class LegEffect:
    """One leg: how many prices, and the least and the most that one of them changes, in percent; none for
    prices that are new."""

    leg: Leg
    price_list: str
    prices: int
    least: Decimal | None
    most: Decimal | None


@dataclass(frozen=True, slots=True)
class Effects:
    """`below`: offers on shelves that would then be lower than what their reseller pays, before its tier."""

    legs: list[LegEffect]
    plans: int
    resellers: int
    names: list[str]
    shelves: int
    below: int
    subscriptions: int
    quotes: int


def of(schedule: PriceSchedule) -> Effects:
    """In a handful of statements."""
    mine = ScheduledPrice.schedule_id == schedule.id
    plans = select(ScheduledPrice.plan_id).where(mine)
    ids = concerned(schedule)
    first = select(Reseller.name).where(Reseller.id.in_(ids[:5])).order_by(Reseller.name)
    return Effects(
        legs=_legs(mine),
        plans=_count(select(func.count(func.distinct(ScheduledPrice.plan_id))).where(mine)),
        resellers=len(ids),
        names=list(db.session().scalars(first)),
        shelves=_count(
            select(func.count(func.distinct(Listing.reseller_id))).where(
                Listing.plan_id.in_(plans), Listing.published
            )
        ),
        below=_count(
            select(func.count())
            .select_from(Listing)
            .join(Reseller, same_key(Reseller.id, Listing.reseller_id))
            .join(
                ScheduledPrice,
                and_(
                    same_key(ScheduledPrice.plan_id, Listing.plan_id),
                    ScheduledPrice.price_list_id == Reseller.price_list_id,
                ),
            )
            .where(mine, Listing.published, ~Reseller.house, Listing.price_minor < ScheduledPrice.minor)
        ),
        subscriptions=_count(
            select(func.count())
            .select_from(Subscription)
            .where(Subscription.plan_id.in_(plans), Subscription.state == SubscriptionState.ACTIVE)
        ),
        quotes=_count(
            select(func.count(func.distinct(Quote.id)))
            .join(QuoteLine, same_key(QuoteLine.quote_id, Quote.id))
            .where(Quote.state.in_(OPEN), QuoteLine.plan_id.in_(plans))
        ),
    )


def _count(chosen: "Select[Any]") -> int:
    return db.session().scalar(chosen) or 0


def _legs(mine: ColumnElement[bool]) -> list[LegEffect]:
    hundredfold = cast(ScheduledPrice.minor - ScheduledPrice.was_minor, Numeric()) * 100
    change = hundredfold / func.nullif(ScheduledPrice.was_minor, 0)
    chosen = (
        select(
            ScheduledPrice.leg,
            func.coalesce(PriceList.name, ""),
            func.count(),
            func.min(change),
            func.max(change),
        )
        .outerjoin(PriceList, same_key(PriceList.id, ScheduledPrice.price_list_id))
        .where(mine)
        .group_by(ScheduledPrice.leg, PriceList.name)
        .order_by(ScheduledPrice.leg, PriceList.name)
    )
    return [LegEffect(*row) for row in db.session().execute(chosen)]
