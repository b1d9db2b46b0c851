"""The tester's time machine: moves the business clock of a sandbox distributor, forwards only,
and makes due at once what is done every so often. Machine time (retries, leases, sessions) is not touched."""

from datetime import datetime, timedelta

from sqlalchemy import select

from core import db, tasks, tenancy, trail
from core.clock import business_now, machine_now
from core.errors import Refused
from core.languages import _
from core.parties import Distributor
from core.periods import Term, nth

FARTHEST = timedelta(days=366 * 20)


class NoTimeMachine(Refused):
    """A real distributor's clock is everybody's clock."""

    def __init__(self) -> None:
        super().__init__(_("The business clock moves in sandboxes only."))


class OnlyForwards(Refused):
    """What has been announced, ended or invoiced cannot be taken back by a clock."""

    def __init__(self) -> None:
        super().__init__(_("The business clock goes forwards only: choose a later time than it shows now."))


class TooFar(Refused):
    """A mistyped year should not age a sandbox for ever."""

    def __init__(self) -> None:
        super().__init__(_("The business clock goes 20 years ahead at the most."))


def after(*, days: int = 0, months: int = 0) -> datetime:
    """The business time so many days, or calendar months, from now."""
    return nth(business_now(), months, Term.MONTH) + timedelta(days=days)


def go(to: datetime) -> timedelta:
    """Moves the business clock to `to`; the new offset. What runs in this transaction still reads the old
    time; the next transaction reads the new one."""
    distributor = db.session().scalars(select(Distributor).with_for_update()).one()
    if not distributor.sandbox:
        raise NoTimeMachine
    ahead = to - machine_now()
    if ahead <= distributor.business_offset:
        raise OnlyForwards
    if ahead > FARTHEST:
        raise TooFar
    by, distributor.business_offset = ahead - distributor.business_offset, ahead
    db.add(
        trail.TrailEntry(
            distributor_id=distributor.id,
            at=machine_now(),
            person_id=tenancy.current().person_id,
            object_type="distributors",
            object_id=distributor.id,
            what=f"clock moved forward by {_words(by)}",
            told={"to": to.isoformat()},
            request_id=tenancy.current().request_id,
        )
    )
    tasks.hurry()
    return ahead


def _words(by: timedelta) -> str:
    """ "31 days", or the hours of less than a day."""
    days, hours = by.days, by.seconds // 3600
    return f"{days} days" if days else f"{hours} hours"
