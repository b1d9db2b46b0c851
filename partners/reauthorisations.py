"""The yearly re-authorisation (M13): where a programme lists conditions, a partner has to meet all of them
around each anniversary. It is opened some days before, looked at until it is passed, goes into a grace after
the anniversary, and at the end of that the partnership ends. Days, conditions and the least revenue are data;
the revenue itself comes from a higher package as an argument."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Integer, UniqueConstraint, cast, func, literal_column, select
from sqlalchemy.orm import Mapped

from core import db, doors, states, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict
from core.events import Event, publish
from core.languages import _
from core.money import Money
from core.tenancy import Access, ResellerOwned, owned_by, same_key
from partners import enrolments, reauthorisation_rules, security_contacts
from partners.enrolments import Because, Enrolment, EnrolmentState, PartnershipEnded
from partners.reauthorisation_rules import CONDITIONS, ReauthorisationRules

REMINDERS = (7, 1)


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


class NothingToConfirm(Conflict):
    """No check is open, or it does not ask for this."""

    def __init__(self) -> None:
        super().__init__(_("There is nothing to confirm here now."))


# --- One year's check ---------------------------------------------------------------------------------------


def open_those_near() -> int:
    """Opens the checks of partners whose anniversary comes within their programme's days; how many."""
    rules = ReauthorisationRules
    there = select(Reauthorisation.id).where(
        same_key(Reauthorisation.enrolment_id, Enrolment.id),
        Reauthorisation.due_at == Enrolment.anniversary_at,
    )
    near = (
        select(Enrolment)
        .join(rules, same_key(rules.programme_id, Enrolment.programme_id))
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
    rules = reauthorisation_rules.of_programme(enrolment.programme_id)
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
    floor = reauthorisation_rules.floor_on(enrolment.programme_id, due.date())
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
        lacking = ", ".join(reauthorisation_rules.labels(check.missing))
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
        enrolments.end(
            enrolment, Because.NOT_AUTHORISED, ", ".join(reauthorisation_rules.labels(check.missing))
        )
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
        "security_contact": security_contacts.of_reseller(check.reseller_id) is not None,
    }
    return [code for code in check.conditions if not holds[code]]


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
