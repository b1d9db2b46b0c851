"""What a programme asks of its partners once a year (M13): the conditions, the days, and the least revenue
from a day on. All of it is data of the distributor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from core import db, trail
from core.clock import business_now
from core.errors import Conflict, Refused
from core.languages import _, for_later
from core.money import Money
from core.tenancy import Access, DistributorOwned, owned_by
from partners.programmes import Programme

OPENS_DAYS, GRACE_DAYS, MOST_DAYS = 30, 30, 180


@dataclass(frozen=True, slots=True)
class Condition:
    """What a programme may ask for once a year: its name, and what a partner does about it. `said`: the
    partner confirms it, for this year; the others are looked at."""

    label: str
    to_do: str
    said: bool = False


CONDITIONS: Mapping[str, Condition] = {
    "membership": Condition(
        for_later("Active membership"),
        for_later("Confirm that your membership in the vendor's own programme is active."),
        said=True,
    ),
    "authority": Condition(
        for_later("Authority to sign"),
        for_later("Confirm that whoever signed the agreement may still sign for your company."),
        said=True,
    ),
    "revenue": Condition(
        for_later("Revenue of the last 12 months"),
        for_later("Services delivered to you and your customers in the last 12 months, at what you pay."),
    ),
    "two_factor": Condition(
        for_later("Two-factor sign-in of administrators"),
        for_later("Every administrator of your console switches it on in profile and security."),
    ),
    "security_contact": Condition(
        for_later("Security contact"),
        for_later("Say whom we reach when something happens."),
    ),
}
"""code -> what can be asked for, in the order of the page."""


class ReauthorisationRules(DistributorOwned, db.Model):
    """What a programme asks for, how many days before the anniversary it opens, and how long after it a
    partner may still meet it."""

    __tablename__ = "reauthorisation_rules"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
    )

    programme_id: Mapped[UUID]
    conditions: Mapped[list[str]]
    opens_days: Mapped[int] = mapped_column(default=OPENS_DAYS)
    grace_days: Mapped[int] = mapped_column(default=GRACE_DAYS)


class RevenueFloor(DistributorOwned, db.Model):
    """The least revenue of 12 months, from a day on (C7). A row is never changed: another follows it."""

    __tablename__ = "revenue_floors"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id", "valid_from"),
    )

    programme_id: Mapped[UUID]
    valid_from: Mapped[date]
    floor_minor: Mapped[int]
    currency: Mapped[str]

    floor: Mapped[Money] = composite(Money, "floor_minor", "currency")


class UnknownCondition(Refused):
    """Only what can be looked at."""

    def __init__(self) -> None:
        super().__init__(_("Choose from the conditions that can be asked for."))


class DaysRefused(Refused):
    """Longer than half a year is no deadline."""

    def __init__(self) -> None:
        super().__init__(_("Days are a whole number from 1 to %(most)s.", most=MOST_DAYS))


class FloorRefused(Conflict):
    """A floor that counted cannot be changed afterwards."""


def of_programme(programme_id: UUID) -> ReauthorisationRules | None:
    """What a programme asks for once a year; none is nothing."""
    chosen = select(ReauthorisationRules).where(ReauthorisationRules.programme_id == programme_id)
    return db.session().scalar(chosen)


def set_rules(programme: Programme, conditions: Sequence[str], *, opens_days: int, grace_days: int) -> None:
    """Counts for checks that open from now on; one that is open keeps what it asked for."""
    if not set(conditions) <= set(CONDITIONS):
        raise UnknownCondition
    if not (1 <= opens_days <= MOST_DAYS and 1 <= grace_days <= MOST_DAYS):
        raise DaysRefused
    chosen = [code for code in CONDITIONS if code in conditions]
    row = of_programme(programme.id)
    fresh: dict[str, Any] = {"conditions": chosen, "opens_days": opens_days, "grace_days": grace_days}
    if row is None:
        db.add(ReauthorisationRules(programme_id=programme.id, **fresh))
    elif all(getattr(row, name) == value for name, value in fresh.items()):
        return
    else:
        row.conditions, row.opens_days, row.grace_days = chosen, opens_days, grace_days
    db.flush()
    trail.write(programme, "re-authorisation changed", **fresh)


def floors(programme_id: UUID) -> list[RevenueFloor]:
    """Every floor, the newest first."""
    chosen = select(RevenueFloor).where(RevenueFloor.programme_id == programme_id)
    return list(db.session().scalars(chosen.order_by(RevenueFloor.valid_from.desc()).limit(100)))


def floor_on(programme_id: UUID, day: date) -> Money | None:
    """The least revenue of 12 months that counts on a day; none before the first (C7)."""
    chosen = (
        select(RevenueFloor)
        .where(RevenueFloor.programme_id == programme_id, RevenueFloor.valid_from <= day)
        .order_by(RevenueFloor.valid_from.desc())
        .limit(1)
    )
    found = db.session().scalar(chosen)
    return found.floor if found else None


def add_floor(programme: Programme, floor: Money, valid_from: date) -> None:
    """One more, from a day on that is not over and has none."""
    db.session().refresh(programme, with_for_update=True)
    if floor.minor <= 0:
        raise FloorRefused(_("A floor is more than nothing."))
    present = floors(programme.id)
    if any(row.valid_from == valid_from for row in present):
        raise FloorRefused(_("There is a floor from this day on already."))
    if present and valid_from < business_now().date():
        raise FloorRefused(
            _("A floor counts from today on at the earliest: earlier checks stay as they were.")
        )
    db.add(
        RevenueFloor(
            programme_id=programme.id, valid_from=valid_from, floor_minor=floor.minor, currency=floor.currency
        )
    )
    db.flush()
    trail.write(programme, f"revenue floor {floor.text}", valid_from=valid_from)


def labels(codes: Sequence[str]) -> list[str]:
    """Conditions for people."""
    return [_(CONDITIONS[code].label) for code in codes]
