"""View-as: somebody of the distributor's staff looks at a partner's console as the partner sees it (H9). It
begins with a reason, ends by itself, and changes nothing: PostgreSQL runs its transactions read-only
(core/tenancy.py: Scope.viewing_id), and the console's guard refuses every form. The partner reads who looked,
when and why. Which session looks at whom is kept with the session, so that the statement that opens a request
knows it; it asks once more whether the looker still may."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, and_, literal_column, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, parties, states, tasks, trail
from core.errors import Denied, Missing, Refused
from core.languages import _
from core.parties import Membership, Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, ResellerOwned, owned_by
from partners import account_managers
from partners.account_managers import ManagerChanged

LONGEST_WHY = 500
SHORTEST, LONGEST = 5, 240
"""Minutes that one look may last; how many is the distributor's to say."""


class ViewingState(StrEnum):
    """OPEN may still be over: `is_over` says so. ENDED is written down, once."""

    OPEN = "open"
    ENDED = "ended"


class Viewing(ResellerOwned, db.Model):
    """One look of one person at one reseller's console. `ended_at`: before `until`, by hand or because the
    session ended. Times are of the machine's clock."""

    __tablename__ = "viewings"
    __access__ = Access(distributor="rcu", reseller="r", door="ru")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        Index("ix_viewings_reseller", "distributor_id", "reseller_id", "id"),
        Index(
            "ix_viewings_open",
            "distributor_id",
            "until",
            postgresql_where=literal_column("state = 'open'"),
        ),
    )
    LIFE = states.Transitions(
        {ViewingState.OPEN: [ViewingState.ENDED], ViewingState.ENDED: []}, first=ViewingState.OPEN
    )

    person_id: Mapped[UUID]
    name: Mapped[str]
    why: Mapped[str]
    state: Mapped[ViewingState]
    begun_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    def over_at(self) -> datetime:
        """When it ended, or will at the latest."""
        return min(self.ended_at, self.until) if self.ended_at else self.until


class NotYourPartner(Denied):
    """Only the partner's manager, and administrators."""

    def __init__(self, reseller: str) -> None:
        super().__init__(
            _(
                "Only the account manager of %(reseller)s, or an administrator, may look at its console.",
                reseller=reseller,
            )
        )


class NoReasonToLook(Refused):
    """The partner reads it."""

    def __init__(self) -> None:
        super().__init__(
            _("Say why you look, in at most %(most)s characters. The partner reads it.", most=LONGEST_WHY)
        )


class NothingToLookAt(Refused):
    """The house has the distributor's own console."""

    def __init__(self) -> None:
        super().__init__(_("This is your own shop: there is no partner's console to look at."))


class ViewingOver(Refused):
    """Its time is over, or one may no more."""

    title = "Your look is over"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Your look at this partner's console is over. Begin a new one from its page."))


class MinutesRefused(Refused):
    """Long enough to see something, short enough to be remembered."""

    def __init__(self) -> None:
        super().__init__(
            _("A look lasts between %(least)s and %(most)s minutes.", least=SHORTEST, most=LONGEST)
        )


def minutes() -> int:
    """How long a look lasts at the scope's distributor."""
    return parties.the_distributor().view_minutes


def set_minutes(wanted: int) -> None:
    """Counts for looks that begin from now on."""
    if not SHORTEST <= wanted <= LONGEST:
        raise MinutesRefused
    distributor = parties.the_distributor()
    distributor.view_minutes = wanted


def may_look(reseller: Reseller, person_id: UUID, *, admin: bool) -> bool:
    """Whether this person of the staff may look at a reseller's console."""
    return not reseller.house and (admin or account_managers.manages(person_id, reseller.id))


def begin(reseller: Reseller, *, person_id: UUID, name: str, admin: bool, why: str) -> Viewing:
    """A look from now on; the session has to be rotated with its id in the same transaction."""
    why = why.strip()
    if reseller.house:
        raise NothingToLookAt
    if not may_look(reseller, person_id, admin=admin):
        raise NotYourPartner(reseller.name)
    if not why or len(why) > LONGEST_WHY:
        raise NoReasonToLook
    now: datetime = db.session().info["now"]
    begun = db.add(
        Viewing(
            reseller_id=reseller.id,
            person_id=person_id,
            name=name,
            why=why,
            state=ViewingState.OPEN,
            begun_at=now,
            until=now + timedelta(minutes=minutes()),
        )
    )
    db.flush()
    trail.write(begun, "begun", told={"by": name, "why": why, "until": f"{begun.until:%Y-%m-%d %H:%M} UTC"})
    return begun


def end(viewing_id: UUID, *, person_id: UUID) -> Viewing:
    """By hand. Missing for somebody else's; one that is over already stays as it ended."""
    found = db.session().scalar(
        select(Viewing).where(Viewing.id == viewing_id, Viewing.person_id == person_id).with_for_update()
    )
    if found is None:
        raise Missing("page")
    if found.state is ViewingState.OPEN:
        _close(found)
    return found


def end_of_others(changed: ManagerChanged) -> None:
    """Whoever looked as the manager and is not any more sees nothing from the next request on; that is
    written down here. Administrators go on."""
    open_ones = select(Viewing).where(
        Viewing.reseller_id == changed.reseller_id, Viewing.state == ViewingState.OPEN
    )
    for viewing in db.session().scalars(open_ones.with_for_update()):
        if not _still_may(viewing):
            _close(viewing)


def _still_may(viewing: Viewing) -> bool:
    standing = select(Membership.roles).where(
        Membership.person_id == viewing.person_id, account_managers.may_manage()
    )
    roles = db.session().scalar(standing)
    return roles is not None and (
        "admin" in roles or account_managers.manages(viewing.person_id, viewing.reseller_id)
    )


def end_those_over() -> int:
    """Writes down what ended by itself; how many."""
    late = select(Viewing).where(Viewing.state == ViewingState.OPEN, is_over()).order_by(Viewing.until)
    found = db.session().scalars(late.limit(500).with_for_update()).all()
    for viewing in found:
        _close(viewing)
    db.flush()
    return len(found)


def _close(viewing: Viewing) -> None:
    now: datetime = db.session().info["now"]
    viewing.ended_at = min(viewing.ended_at or now, viewing.until)
    states.move(viewing, ViewingState.ENDED, told={"by": viewing.name})


def is_over() -> ColumnElement[bool]:
    """Whether a look of a statement is over, written down or not."""
    now: datetime = db.session().info["now"]
    return or_(Viewing.state == ViewingState.ENDED, Viewing.ended_at.is_not(None), Viewing.until <= now)


def goes_on() -> ColumnElement[bool]:
    """The opposite."""
    now: datetime = db.session().info["now"]
    return and_(Viewing.state == ViewingState.OPEN, Viewing.ended_at.is_(None), Viewing.until > now)


def latest(reseller_id: UUID, limit: int = 20) -> list[Viewing]:
    """The last looks at a reseller's console, newest first."""
    chosen = select(Viewing).where(Viewing.reseller_id == reseller_id)
    return list(db.session().scalars(chosen.order_by(Viewing.id.desc()).limit(limit)))


def _end_late(_task: Claimed) -> None:
    end_those_over()


END = tasks.register(Kind("end_viewings", Repeat.SAFE, prepare=_end_late, every=timedelta(minutes=5)))
