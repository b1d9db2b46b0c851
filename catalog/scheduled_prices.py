"""Prices that change on a day: list prices, wholesale and costs of some plans, written down beforehand and
shown with whom they concern. Until their day (catalog/price_days.py) they can be called off. What was sold
keeps the price it was sold at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    UniqueConstraint,
    and_,
    false,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column

from catalog import factors
from catalog.price_lists import WholesalePrice
from catalog.products import Plan, PlanCost, Product
from core import db, states, trail
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event
from core.ids import new_code, new_id
from core.languages import _
from core.money import Money, exponent, round_half_up
from core.tenancy import Access, DistributorOwned, ResellerOwned, current, owned_by, same_key

LEAST, MOST = Decimal(-90), Decimal(900)
NOTICE_DAYS, MOST_NOTICE, MOST_DAYS = 30, 180, 730
LARGEST = 100_000_000  # a million in most currencies: above it somebody forgot the point
LONGEST_TITLE, LONGEST_WORDS = 120, 2000


class ScheduleState(StrEnum):
    """DRAFT: a preview that does nothing. SCHEDULED: it happens on its day, unless it is called off."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    APPLIED = "applied"
    CANCELLED = "cancelled"


class Leg(StrEnum):
    """Which price of a plan."""

    LIST = "list"
    WHOLESALE = "wholesale"
    COST = "cost"


class PriceSchedule(DistributorOwned, db.Model):
    """Some prices that change together on a day. `told_at`: when the resellers were told."""

    __tablename__ = "price_schedules"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        CheckConstraint("notice_days >= 0", name="notice_days"),
        Index("ix_price_schedules_due", "distributor_id", "state", "starts_at"),
    )
    LIFE = states.Transitions(
        {
            ScheduleState.DRAFT: [ScheduleState.SCHEDULED, ScheduleState.CANCELLED],
            ScheduleState.SCHEDULED: [ScheduleState.APPLIED, ScheduleState.CANCELLED],
            ScheduleState.APPLIED: [],
            ScheduleState.CANCELLED: [],
        },
        first=ScheduleState.DRAFT,
    )

    code: Mapped[str]
    title: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    state: Mapped[ScheduleState]
    starts_on: Mapped[date]
    starts_at: Mapped[datetime]
    notice_days: Mapped[int] = mapped_column(default=NOTICE_DAYS)
    told_at: Mapped[datetime | None]
    made_by: Mapped[str]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]


class ScheduledPrice(DistributorOwned, db.Model):
    """One price of one plan, as it was when it was written down and as it will be, with its volume steps.
    `stale`: somebody changed it meanwhile, so it was left as it is."""

    __tablename__ = "scheduled_prices"
    __access__ = Access(distributor="rcud")
    __table_args__ = (
        owned_by("price_schedules", "schedule_id"),
        owned_by("plans", "plan_id"),
        owned_by("price_lists", "price_list_id"),
        UniqueConstraint(
            "distributor_id",
            "schedule_id",
            "plan_id",
            "leg",
            "price_list_id",
            name="uq_scheduled_prices_price",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("minor >= 0", name="price"),
        CheckConstraint("(leg = 'wholesale') = (price_list_id IS NOT NULL)", name="leg"),
    )

    schedule_id: Mapped[UUID]
    plan_id: Mapped[UUID]
    leg: Mapped[Leg]
    price_list_id: Mapped[UUID | None]
    was_minor: Mapped[int | None]
    was_steps: Mapped[list[list[int]]] = mapped_column(JSONB, default=list, server_default="[]")
    minor: Mapped[int]
    steps: Mapped[list[list[int]]] = mapped_column(JSONB, default=list, server_default="[]")
    currency: Mapped[str]
    stale: Mapped[bool] = mapped_column(default=False, server_default=false())

    price: Mapped[Money] = composite(Money, "minor", "currency")

    @property
    def was(self) -> Money | None:
        """What it was, or nothing where the plan had no such price."""
        return None if self.was_minor is None else Money(self.was_minor, self.currency)


class PriceNotice(ResellerOwned, db.Model):
    """A reseller that was told; the mail is all that it sees of it."""

    __tablename__ = "price_notices"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        owned_by("price_schedules", "schedule_id"),
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "schedule_id", "reseller_id"),
    )

    schedule_id: Mapped[UUID]
    told_at: Mapped[datetime]


# --- What happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PricesWillChange(Event):
    """A reseller is told."""

    notice_id: UUID


@dataclass(frozen=True, slots=True)
class PricesWillNotChange(Event):
    """What a reseller was told about is called off."""

    notice_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class ScheduleIncomplete(Refused):
    """Something is missing or cannot be read; `problems` says what at each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Please look at the marked fields."))
        self.problems = dict(problems)


class NothingChanges(Refused):
    """Every price is as it is today."""

    def __init__(self) -> None:
        super().__init__(_("No price would be different. Give at least one that is."))


class ScheduledAlready(Conflict):
    """One price has one next price."""

    def __init__(self, plan: str, code: str) -> None:
        super().__init__(
            _(
                "%(plan)s has a price in %(code)s that is still to come. Call that one off first, or leave"
                " the plan out.",
                plan=plan,
                code=code,
            )
        )


class TooLate(Refused):
    """Its day has come meanwhile."""

    def __init__(self) -> None:
        super().__init__(_("Its day has passed. Choose a later one."))


# --- Writing it down ----------------------------------------------------------------------------------------


def begin(
    title: str, *, starts_on: date | None, notice_days: int | None, by: str, words: str = ""
) -> PriceSchedule:
    """A draft without prices; ScheduleIncomplete."""
    today, title = business_now().astimezone(UTC).date(), " ".join(title.split())
    problems: dict[str, str] = {}
    if not title or len(title) > LONGEST_TITLE:
        problems["title"] = _("Say in a few words what it is about.")
    if len(words) > LONGEST_WORDS:
        problems["words"] = _("At most %(most)s characters.", most=LONGEST_WORDS)
    if starts_on is None or not today < starts_on <= today + timedelta(days=MOST_DAYS):
        problems["starts_on"] = _("Choose a day from tomorrow on, at most two years away.")
    if notice_days is None or not 0 <= notice_days <= MOST_NOTICE:
        problems["notice_days"] = _("A number of days from 0 to %(most)s.", most=MOST_NOTICE)
    if problems or starts_on is None or notice_days is None:
        raise ScheduleIncomplete(problems)
    draft = db.add(
        PriceSchedule(
            id=new_id(),
            code=new_code("PRC"),
            title=title,
            words=words.strip(),
            state=ScheduleState.DRAFT,
            starts_on=starts_on,
            starts_at=datetime.combine(starts_on, time(), UTC),
            notice_days=notice_days,
            made_by=by,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(draft, "written down", told={"starts on": starts_on})
    return draft


@dataclass(frozen=True, slots=True)
class Today:
    """A price as it is: minor units, steps, currency; `minor` is none where there is none."""

    minor: int | None
    steps: list[list[int]]
    currency: str


Key = tuple[UUID, Leg, UUID | None]
"""plan, leg, price list."""


def prices_today(condition: ColumnElement[bool]) -> dict[Key, Today]:
    """Every price of the plans that meet the condition (on Plan and Product); of those that are priced as
    another one none, because they follow it by themselves (catalog/factors.py)."""
    condition = and_(condition, Plan.priced_as_id.is_(None))
    joined = same_key(Product.id, Plan.product_id)
    found: dict[Key, Today] = {}
    listed = (
        select(Plan.id, Plan.list_minor, Plan.steps, Plan.currency).join(Product, joined).where(condition)
    )
    for plan_id, minor, steps, currency in db.session().execute(listed):
        found[plan_id, Leg.LIST, None] = Today(minor, steps, currency)
    costs = (
        select(PlanCost.plan_id, PlanCost.cost_minor, PlanCost.steps, PlanCost.currency)
        .join(Plan, same_key(Plan.id, PlanCost.plan_id))
        .join(Product, joined)
        .where(condition)
    )
    for plan_id, minor, steps, currency in db.session().execute(costs):
        found[plan_id, Leg.COST, None] = Today(minor, steps, currency)
    wholesale = (
        select(
            WholesalePrice.plan_id,
            WholesalePrice.price_list_id,
            WholesalePrice.price_minor,
            WholesalePrice.steps,
            WholesalePrice.currency,
        )
        .join(Plan, same_key(Plan.id, WholesalePrice.plan_id))
        .join(Product, joined)
        .where(condition)
    )
    for plan_id, price_list_id, minor, steps, currency in db.session().execute(wholesale):
        found[plan_id, Leg.WHOLESALE, price_list_id] = Today(minor, steps, currency)
    return found


def change_by(schedule: PriceSchedule, category: str, percents: Mapping[Leg, Decimal]) -> int:
    """Every price of these legs of a category's published plans, with its steps, by so many percent, rounded
    half up; how many change. Prices of nothing stay so."""
    chosen = prices_today(and_(Product.category == category, Plan.published, Product.published))
    new: dict[Key, tuple[Today, int, list[list[int]]]] = {}
    for key, today in chosen.items():
        if (percent := percents.get(key[1])) is None or today.minor is None:
            continue
        factor = 1 + Fraction(percent) / 100
        new[key] = (today, _times(today.minor, factor), _stepped(today.steps, factor))
    return _keep(schedule, new)


def change_to(schedule: PriceSchedule, prices: Mapping[Key, Money]) -> int:
    """These prices by hand; the volume steps of one move in the same proportion. How many change."""
    ids = {key[0] for key in prices}
    for plan in db.session().scalars(select(Plan).where(Plan.id.in_(ids))):
        factors.refuse_if_following(plan)
    chosen = prices_today(Plan.id.in_(ids))
    currencies = {key[0]: today.currency for key, today in chosen.items() if key[1] is Leg.LIST}
    new: dict[Key, tuple[Today, int, list[list[int]]]] = {}
    for key, price in prices.items():
        if currencies.get(key[0]) != price.currency:
            raise Missing("plan")
        today = chosen.get(key, Today(None, [], price.currency))
        if today.currency != price.currency:  # a vendor's cost in a currency of its own
            raise Missing("price")
        factor = Fraction(price.minor, today.minor) if today.minor else Fraction(1)
        new[key] = (today, price.minor, _stepped(today.steps, factor))
    return _keep(schedule, new)


def _times(minor: int, factor: Fraction) -> int:
    return round_half_up(minor * factor)


def _stepped(steps: Sequence[Sequence[int]], factor: Fraction) -> list[list[int]]:
    return [[begin, _times(minor, factor)] for begin, minor in steps]


def _keep(schedule: PriceSchedule, new: Mapping[Key, tuple[Today, int, list[list[int]]]]) -> int:
    """Writes down what differs from today; NothingChanges, ScheduleIncomplete."""
    rows: list[dict[str, Any]] = []
    for (plan_id, leg, price_list_id), (today, minor, steps) in new.items():
        if (minor, steps) == (today.minor, today.steps):
            continue
        if minor > LARGEST * 10 ** exponent(today.currency) // 100:
            largest = Money(LARGEST * 10 ** exponent(today.currency) // 100, today.currency)
            raise ScheduleIncomplete({"prices": _("A price is at most %(most)s.", most=largest.text)})
        rows.append(
            {
                "distributor_id": current().distributor_id,
                "id": new_id(),
                "schedule_id": schedule.id,
                "plan_id": plan_id,
                "leg": leg,
                "price_list_id": price_list_id,
                "was_minor": today.minor,
                "was_steps": today.steps,
                "minor": minor,
                "steps": steps,
                "currency": today.currency,
                "stale": False,
            }
        )
    if not rows:
        raise NothingChanges
    db.insert_all({ScheduledPrice: rows})
    return len(rows)


def parse_percent(text: str) -> Decimal | None:
    """What a person typed ("5", "-2,5", "+3 %"); none for nothing, ValueError for anything else."""
    cleaned = text.replace("%", "").replace(",", ".").replace(" ", "").strip()
    if not cleaned:
        return None
    try:
        percent = Decimal(cleaned)
    except InvalidOperation:
        percent = Decimal("NaN")
    exact = percent.as_tuple().exponent
    if not percent.is_finite() or not LEAST <= percent <= MOST or (isinstance(exact, int) and exact < -6):
        raise ValueError(
            _("Enter a percentage between %(least)s and %(most)s, such as 5 or -2.5.", least=LEAST, most=MOST)
        )
    return percent


def find(code: str) -> PriceSchedule:
    """One of them, held until the end of the transaction."""
    chosen = select(PriceSchedule).where(PriceSchedule.code == code).with_for_update()
    found = db.session().scalar(chosen.execution_options(populate_existing=True))
    if found is None:
        raise Missing("price change")
    return found
