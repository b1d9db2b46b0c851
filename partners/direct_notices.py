"""The distributor tells a direct seller that its direct selling will be restricted, from a day on and with a
reason (M1): from then on it wins no new direct customers. Those it has stay as they are (M15). The way on is
a programme whose partners sell indirectly."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.clock import business_now
from core.errors import Conflict, Refused
from core.events import Event, publish
from core.languages import _
from core.parties import Reseller
from core.tenancy import Access, ResellerOwned, owned_by

LONGEST = 2000


class DirectNotice(ResellerOwned, db.Model):
    """One notice, or that the one before is lifted; the newest counts. `counts_from` is of the business
    clock."""

    __tablename__ = "direct_notices"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        Index("ix_direct_notices_reseller", "distributor_id", "reseller_id", "id"),
    )

    reason: Mapped[str]
    counts_from: Mapped[datetime]
    lifted: Mapped[bool]
    announced_at: Mapped[datetime]
    announced_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class DirectSellingRestricted(Event):
    """A reseller has to hear of it."""

    notice_id: UUID


class NotADirectSeller(Refused):
    """Nothing to restrict."""

    def __init__(self, reseller: str) -> None:
        super().__init__(_("%(reseller)s does not sell directly.", reseller=reseller))


class NoReasonGiven(Refused):
    """Whoever is restricted is told why, and not for a day that is over."""

    def __init__(self) -> None:
        super().__init__(_("Write the reason, and a day that is not over yet."))


class NothingToLift(Conflict):
    """There is no notice."""

    def __init__(self) -> None:
        super().__init__(_("There is no notice to lift."))


def announce(reseller: Reseller, reason: str, day: date | None, *, sells_direct: bool, by: str) -> None:
    """The reseller is told by mail and in its console."""
    if not sells_direct or reseller.house:
        raise NotADirectSeller(reseller.name)
    if not reason.strip() or day is None or day < business_now().date():
        raise NoReasonGiven
    added = _add(reseller, reason, datetime.combine(day, time(), UTC), lifted=False, by=by)
    trail.write(reseller, "direct selling restricted", told={"from": day, "reason": added.reason})
    publish(DirectSellingRestricted(added.id))


def lift(reseller: Reseller, *, by: str) -> None:
    """It does not count any more."""
    if of(reseller.id) is None:
        raise NothingToLift
    _add(reseller, "", business_now(), lifted=True, by=by)
    trail.write(reseller, "direct selling free again")


def _add(reseller: Reseller, reason: str, counts_from: datetime, *, lifted: bool, by: str) -> DirectNotice:
    added = db.add(
        DirectNotice(
            reseller_id=reseller.id,
            reason=" ".join(reason.split())[:LONGEST],
            counts_from=counts_from,
            lifted=lifted,
            announced_at=business_now(),
            announced_by=by,
        )
    )
    db.flush()
    return added


def of(reseller_id: UUID) -> DirectNotice | None:
    """The notice that counts, whether its day has come or not."""
    chosen = select(DirectNotice).where(DirectNotice.reseller_id == reseller_id)
    newest = db.session().scalar(chosen.order_by(DirectNotice.id.desc()).limit(1))
    return None if newest is None or newest.lifted else newest


def restricted(reseller_id: UUID) -> bool:
    """Whether its day has come."""
    notice = of(reseller_id)
    return notice is not None and notice.counts_from <= business_now()


def find(notice_id: UUID) -> DirectNotice:
    """For its mail."""
    return db.session().scalars(select(DirectNotice).where(DirectNotice.id == notice_id)).one()
