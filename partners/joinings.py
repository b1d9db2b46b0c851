"""How one joins a programme: whether documents belong to an application, whether what it says is verified and
for how long at most, by which channel its partners sell, and how long an applicant's link is good. A row of
its own beside the programme; a programme without one has the values of `Rules`."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Missing
from core.languages import Words
from core.tenancy import Access, DistributorOwned, owned_by
from partners.programmes import Programme


class Paperwork(StrEnum):
    """Whether files belong to an application."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Channel(StrEnum):
    """DIRECT: the reseller serves and bills its customers. INDIRECT: its provider, the distributor, orders
    for the customers that it wins so (M16, M18)."""

    DIRECT = "direct"
    INDIRECT = "indirect"


CHANNELS = Words({"direct": "Direct", "indirect": "Indirect"})


class Joining(DistributorOwned, db.Model):
    """The rules of one programme. `documents_hint` tells the applicant what to bring; `verification_days` are
    business days (M6, C6); `link_days` count from the last mail that carried the link."""

    __tablename__ = "joinings"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
    )

    programme_id: Mapped[UUID]
    documents: Mapped[Paperwork]
    documents_hint: Mapped[str]
    verifies: Mapped[bool]
    verification_days: Mapped[int]
    channel: Mapped[Channel]
    link_days: Mapped[int]


@dataclass(frozen=True, slots=True)
class Rules:
    """The same as a value, and as a form gives it."""

    documents: Paperwork = Paperwork.NONE
    documents_hint: str = ""
    verifies: bool = False
    verification_days: int = 4
    channel: Channel = Channel.DIRECT
    link_days: int = 30


# What a visitor may know of them, for a programme that takes applications.
OFFERED = door("""
CREATE FUNCTION joining_offered_v1(p_distributor uuid, p_programme uuid)
RETURNS TABLE (documents text, documents_hint text, verifies boolean, verification_days bigint, channel text, link_days bigint) AS $$
  SELECT j.documents, j.documents_hint, j.verifies, j.verification_days, j.channel, j.link_days
  FROM joinings j JOIN programmes p ON p.distributor_id = j.distributor_id AND p.id = j.programme_id
  WHERE j.distributor_id = p_distributor AND j.programme_id = p_programme AND p.takes_applications
$$""")  # noqa: E501 SQL


def offered(programme_id: UUID) -> Rules:
    """The rules of a programme that takes applications, in any scope."""
    rows = doors.call_here(
        OFFERED, {"p_distributor": tenancy.current().distributor_id, "p_programme": programme_id}
    )
    if not rows:
        return Rules()
    row = rows[0]
    return Rules(
        Paperwork(row.documents),
        row.documents_hint,
        row.verifies,
        row.verification_days,
        Channel(row.channel),
        row.link_days,
    )


def of(programme_id: UUID) -> Rules:
    """The rules of a programme, in the distributor's scope."""
    row = _row(programme_id)
    return Rules(**{name: getattr(row, name) for name in NAMES}) if row else Rules()


def keep(programme: Programme, rules: Rules) -> None:
    """Counts from the next act on; whoever has signed keeps the channel it signed for."""
    if not db.session().scalar(select(Programme.id).where(Programme.id == programme.id)):
        raise Missing("programme")
    values: dict[str, Any] = asdict(rules)
    row = _row(programme.id)
    if row is None:
        db.add(Joining(programme_id=programme.id, **values))
        changed = values
    else:
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
    if changed:
        trail.write(programme, "joining changed", **changed)


def _row(programme_id: UUID) -> Joining | None:
    return db.session().scalar(select(Joining).where(Joining.programme_id == programme_id))


NAMES = tuple(Rules.__slots__)


def after_business_days(at: datetime, days: int) -> datetime:
    """The same time of day so many business days later, UTC. What comes in at a weekend counts from Monday
    on."""
    if at.weekday() >= SATURDAY:
        at = (at + timedelta(days=7 - at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < SATURDAY
    return at


SATURDAY = 5
