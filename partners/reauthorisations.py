"""The yearly re-authorisation (M13): where a programme lists conditions, a partner has to meet all of them
around each anniversary. It is opened some days before, looked at until it is passed, goes into a grace after
the anniversary, and at the end of that the partnership ends. Days, conditions and the least revenue are data;
the revenue itself comes from a higher package as an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, UniqueConstraint, cast, func, literal_column, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from core import db, doors, states, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.languages import _, for_later
from core.money import Money
from core.parties import normal_email
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by
from partners import enrolments
from partners.enrolments import Because, Enrolment, EnrolmentState, PartnershipEnded
from partners.programmes import Programme

OPENS_DAYS, GRACE_DAYS, MOST_DAYS = 30, 30, 180
REMINDERS = (7, 1)


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


class ReauthorisationState(StrEnum):
    """GRACE: the anniversary is over and something is missing. VOID: the partnership ended otherwise."""

    OPEN = "open"
    GRACE = "grace"
    PASSED = "passed"
    FAILED = "failed"
    VOID = "void"


class Reauthorisation(ResellerOwned, db.Model):
    """One year's check. `conditions` are what was asked for when it opened; `missing` those that did not hold
    at the last look. `floor` is that of the anniversary's day."""

    __tablename__ = "reauthorisations"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("enrolments", "enrolment_id"),
        UniqueConstraint("distributor_id", "enrolment_id", "due_at"),
        Index(
            "ix_reauthorisations_open",
            "distributor_id",
            "due_at",
            postgresql_where=literal_column("state IN ('open', 'grace')"),
        ),
    )
    LIFE = states.Transitions(
        {
            ReauthorisationState.OPEN: [
                ReauthorisationState.PASSED,
                ReauthorisationState.GRACE,
                ReauthorisationState.VOID,
            ],
            ReauthorisationState.GRACE: [
                ReauthorisationState.PASSED,
                ReauthorisationState.FAILED,
                ReauthorisationState.VOID,
            ],
            ReauthorisationState.PASSED: [],
            ReauthorisationState.FAILED: [],
            ReauthorisationState.VOID: [],
        },
        first=ReauthorisationState.OPEN,
    )

    enrolment_id: Mapped[UUID]
    state: Mapped[ReauthorisationState]
    due_at: Mapped[datetime]
    grace_days: Mapped[int]
    grace_until: Mapped[datetime | None]
    conditions: Mapped[list[str]]
    missing: Mapped[list[str]]
    floor_minor: Mapped[int | None]
    currency: Mapped[str | None]
    reminded: Mapped[list[int]]
    opened_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    @property
    def floor(self) -> Money | None:
        """The least revenue; none where there was no floor on the anniversary's day."""
        return (
            None if self.floor_minor is None or not self.currency else Money(self.floor_minor, self.currency)
        )


class Confirmation(ResellerOwned, db.Model):
    """What a partner confirmed for one year's check, by whom and when; it is not taken back."""

    __tablename__ = "reauthorisation_confirmations"
    __access__ = Access(distributor="rc", reseller="rc")
    __table_args__ = (
        owned_by("reauthorisations", "reauthorisation_id"),
        UniqueConstraint("distributor_id", "reauthorisation_id", "condition"),
    )

    reauthorisation_id: Mapped[UUID]
    condition: Mapped[str]
    name: Mapped[str]
    at: Mapped[datetime]


class SecurityContact(ResellerOwned, db.Model):
    """Whom to reach at a reseller when something happens."""

    __tablename__ = "security_contacts"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (owned_by("resellers", "reseller_id"), UniqueConstraint("distributor_id", "reseller_id"))

    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]


OPEN = (ReauthorisationState.OPEN, ReauthorisationState.GRACE)


@dataclass(frozen=True, slots=True)
class ReauthorisationDue(Event):
    """A partner is told: it opened, so many days are left, or the grace began. `notice` is once for all."""

    reauthorisation_id: UUID
    notice: str


@dataclass(frozen=True, slots=True)
class Reauthorised(Event):
    """All conditions hold."""

    reauthorisation_id: UUID


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


class NothingToConfirm(Conflict):
    """No check is open, or it does not ask for this."""

    def __init__(self) -> None:
        super().__init__(_("There is nothing to confirm here now."))


class ContactRefused(Refused):
    """Somebody has to be reachable."""

    def __init__(self) -> None:
        super().__init__(_("A security contact needs a name and an e-mail address."))


# --- The distributor's rules --------------------------------------------------------------------------------


def rules_of(programme_id: UUID) -> ReauthorisationRules | None:
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
    row = rules_of(programme.id)
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


# --- One year's check ---------------------------------------------------------------------------------------


def open_those_near() -> int:
    """Opens the checks of partners whose anniversary comes within their programme's days; how many."""
    rules = ReauthorisationRules
    there = select(Reauthorisation.id).where(
        Reauthorisation.distributor_id == Enrolment.distributor_id,
        Reauthorisation.enrolment_id == Enrolment.id,
        Reauthorisation.due_at == Enrolment.anniversary_at,
    )
    near = (
        select(Enrolment)
        .join(
            rules,
            (rules.distributor_id == Enrolment.distributor_id)
            & (rules.programme_id == Enrolment.programme_id),
        )
        .where(
            Enrolment.state == EnrolmentState.ACTIVE,
            func.jsonb_array_length(rules.conditions) > 0,
            Enrolment.anniversary_at
            <= business_now() + func.make_interval(0, 0, 0, cast(rules.opens_days, Integer)),
            ~there.exists(),
        )
        .limit(200)
        .with_for_update(of=Enrolment)
    )
    rows = db.session().scalars(near).all()
    for enrolment in rows:
        open_for(enrolment)
    return len(rows)


def open_for(enrolment: Enrolment) -> Reauthorisation | None:
    """Opens the check of the anniversary that comes next, once; none where the programme asks for nothing."""
    rules = rules_of(enrolment.programme_id)
    if rules is None or not rules.conditions:
        return None
    due = enrolment.anniversary_at
    present = db.session().scalar(
        select(Reauthorisation).where(
            Reauthorisation.enrolment_id == enrolment.id, Reauthorisation.due_at == due
        )
    )
    if present is not None:
        return present
    floor = floor_on(enrolment.programme_id, due.date())
    opened = db.add(
        Reauthorisation(
            distributor_id=enrolment.distributor_id,
            reseller_id=enrolment.reseller_id,
            enrolment_id=enrolment.id,
            state=ReauthorisationState.OPEN,
            due_at=due,
            grace_days=rules.grace_days,
            conditions=list(rules.conditions),
            missing=list(rules.conditions),
            floor_minor=floor.minor if floor else None,
            currency=floor.currency if floor else None,
            reminded=[],
            opened_at=business_now(),
        )
    )
    db.flush()
    trail.write(enrolment, "re-authorisation opened", told={"due": f"{due:%Y-%m-%d}"})
    publish(ReauthorisationDue(opened.id, f"{opened.id}:opened"))
    return opened


def to_look_at() -> list[Reauthorisation]:
    """Every check that is neither passed nor failed, locked."""
    chosen = select(Reauthorisation).where(Reauthorisation.state.in_(OPEN)).order_by(Reauthorisation.due_at)
    return list(db.session().scalars(chosen.limit(500).with_for_update()))


def look(check: Reauthorisation, revenue: Money | None) -> None:
    """Looks at all conditions and does what follows by the clock: passed, reminded, in grace, or failed, with
    which the partnership ends. `revenue`: of the last 12 months, in the floor's currency."""
    check.missing = missing(check, revenue)
    enrolment, now = enrolments.find(check.enrolment_id), business_now()
    if not check.missing:
        check.settled_at = now
        states.move(check, ReauthorisationState.PASSED)
        trail.write(enrolment, "re-authorised", told={"year": f"{check.due_at:%Y}"})
        publish(Reauthorised(check.id))
    elif check.state is ReauthorisationState.OPEN and check.due_at <= now:
        check.grace_until = now + timedelta(days=check.grace_days)
        lacking = ", ".join(labels(check.missing))
        states.move(check, ReauthorisationState.GRACE)
        trail.write(
            enrolment,
            "re-authorisation lacks something",
            told={"missing": lacking, "until": f"{check.grace_until:%Y-%m-%d}"},
        )
        publish(ReauthorisationDue(check.id, f"{check.id}:grace"))
    elif check.state is ReauthorisationState.GRACE and check.grace_until and check.grace_until <= now:
        check.settled_at = now
        states.move(check, ReauthorisationState.FAILED)
        db.flush()  # what follows the end asks which checks are open
        enrolments.end(enrolment, Because.NOT_AUTHORISED, ", ".join(labels(check.missing)))
    else:
        _remind(check, check.grace_until or check.due_at, now)


def missing(check: Reauthorisation, revenue: Money | None) -> list[str]:
    """The conditions that do not hold now."""
    said = set(confirmations(check.id))
    holds = {
        "membership": "membership" in said,
        "authority": "authority" in said,
        "revenue": check.floor is None or (revenue is not None and revenue >= check.floor),
        "two_factor": "two_factor" not in check.conditions or not admins_without_factor(check.reseller_id),
        "security_contact": security_contact(check.reseller_id) is not None,
    }
    return [code for code in check.conditions if not holds[code]]


def labels(codes: Sequence[str]) -> list[str]:
    """Conditions for people."""
    return [_(CONDITIONS[code].label) for code in codes]


def _remind(check: Reauthorisation, until: datetime, now: datetime) -> None:
    """Once at each of the last days that are named; after a pause only the latest."""
    left = (until - now).days
    due = [days for days in REMINDERS if left < days and days not in check.reminded]
    if due:
        check.reminded = [*check.reminded, *due]
        publish(ReauthorisationDue(check.id, f"{check.id}:{until:%Y-%m-%d}:{min(due)}"))


def settle(event: PartnershipEnded) -> None:
    """The partnership has ended: what was still to be checked is void."""
    chosen = select(Reauthorisation).where(
        Reauthorisation.enrolment_id == event.enrolment_id, Reauthorisation.state.in_(OPEN)
    )
    for check in db.session().scalars(chosen.with_for_update()).all():
        states.move(check, ReauthorisationState.VOID)


def find(check_id: UUID) -> Reauthorisation:
    """A check of the scope."""
    return db.session().scalars(select(Reauthorisation).where(Reauthorisation.id == check_id)).one()


def newest(enrolment_id: UUID) -> Reauthorisation | None:
    """The check of the anniversary that was looked at last or comes next."""
    chosen = select(Reauthorisation).where(Reauthorisation.enrolment_id == enrolment_id)
    return db.session().scalar(chosen.order_by(Reauthorisation.due_at.desc()).limit(1))


# --- What a partner does about it ---------------------------------------------------------------------------


def confirmations(check_id: UUID) -> dict[str, Confirmation]:
    """condition -> what was confirmed."""
    rows = db.session().scalars(select(Confirmation).where(Confirmation.reauthorisation_id == check_id))
    return {row.condition: row for row in rows}


def confirm(enrolment: Enrolment, condition: str, *, by: str) -> None:
    """The partner's word, for the check that is open; repeating it changes nothing. NothingToConfirm where
    none is open, or it is no matter of somebody's word."""
    check = newest(enrolment.id)
    if (
        check is None
        or check.state not in OPEN
        or condition not in check.conditions
        or not CONDITIONS[condition].said
    ):
        raise NothingToConfirm
    if condition in confirmations(check.id):
        return
    db.add(
        Confirmation(
            reseller_id=enrolment.reseller_id,
            reauthorisation_id=check.id,
            condition=condition,
            name=by,
            at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(enrolment, "confirmed", told={"condition": condition})


def security_contact(reseller_id: UUID) -> SecurityContact | None:
    """Whom to reach, where that was said."""
    return db.session().scalar(select(SecurityContact).where(SecurityContact.reseller_id == reseller_id))


def keep_contact(reseller_id: UUID, *, name: str, email: str, phone: str) -> None:
    """Says whom to reach, or somebody else than before."""
    name, email = " ".join(name.split())[:120], normal_email(email)[:254]
    if not name or "@" not in email.strip("@"):
        raise ContactRefused
    row = security_contact(reseller_id)
    if row is None:
        row = db.add(
            SecurityContact(reseller_id=reseller_id, name=name, email=email, phone=phone.strip()[:40])
        )
        db.flush()
        trail.write(row, "added")
    else:
        row.name, row.email, row.phone = name, email, phone.strip()[:40]
        trail.write(row, "changed")


# How many administrators of a reseller sign in without a second factor: factors are nobody's to read.
WITHOUT_FACTOR = door("""
CREATE FUNCTION admins_without_factor_v1(p_reseller uuid) RETURNS TABLE (number bigint) AS $$
  SELECT count(*) FROM memberships m
  WHERE m.distributor_id = current_setting('app.distributor_id')::uuid AND m.reseller_id = p_reseller AND m.customer_id IS NULL
    AND m.side = 'reseller' AND m.ended_at IS NULL AND m.roles ? 'admin' AND current_setting('app.reseller_id') IN ('', p_reseller::text)
    AND NOT EXISTS (SELECT 1 FROM factors f WHERE f.person_id = m.person_id AND f.confirmed_at IS NOT NULL)
$$""")  # noqa: E501 SQL


def admins_without_factor(reseller_id: UUID) -> int:
    """How many administrators of the reseller have no second factor."""
    return doors.call_here(WITHOUT_FACTOR, {"p_reseller": reseller_id})[0].number


def mine(enrolment_id: UUID) -> Enrolment:
    """An enrolment of the scope; Missing for any other."""
    found = db.session().scalar(select(Enrolment).where(Enrolment.id == enrolment_id))
    if found is None:
        raise Missing("programme")
    return found
