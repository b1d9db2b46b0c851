"""Partner account managers: the one member of the distributor's staff who looks after a reseller (H8). Only
an administrator assigns one; whoever leaves the staff or the role manages nobody any more, without that
anybody has to remember it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Index, UniqueConstraint, exists, or_, select
from sqlalchemy.orm import Mapped

from core import db, doors, parties, tenancy, trail
from core.doors import door
from core.errors import Refused
from core.events import Event, publish
from core.languages import _
from core.parties import Membership, Reseller
from core.tenancy import Access, ResellerOwned, Side, owned_by, same_key

ROLE = "partner_manager"


class PartnerManager(ResellerOwned, db.Model):
    """Who manages a reseller. The reseller reads name and address of its manager by a door: its scope knows
    nobody of the distributor's staff."""

    __tablename__ = "partner_managers"
    __access__ = Access(distributor="rcud", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("memberships", "membership_id"),
        UniqueConstraint("distributor_id", "reseller_id"),
        Index("ix_partner_managers_membership", "distributor_id", "membership_id"),
    )

    membership_id: Mapped[UUID]
    since: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Manager:
    """A reseller's manager, as everybody who may know it does."""

    name: str
    email: str
    since: datetime
    membership_id: UUID


@dataclass(frozen=True, slots=True)
class ManagerChanged(Event):
    """Another manager, or none."""

    reseller_id: UUID


@dataclass(frozen=True, slots=True)
class ManagerAssigned(Event):
    """The reseller is told whom it has now."""

    assigned_id: UUID


class NotAManager(Refused):
    """Only staff who may manage partners."""

    def __init__(self) -> None:
        super().__init__(
            _("Choose somebody of your staff who has the role “Partner manager”, or an administrator.")
        )


class NotManaged(Refused):
    """The distributor does not look after itself."""

    def __init__(self) -> None:
        super().__init__(_("This is your own shop: it has no account manager."))


OF_RESELLER = door("""
CREATE FUNCTION manager_of_v1(p_distributor uuid, p_reseller uuid)
RETURNS TABLE (name text, email text, since timestamptz, membership_id uuid) AS $$
  SELECT m.name, m.email, g.since, m.id FROM partner_managers g
    JOIN memberships m ON m.distributor_id = g.distributor_id AND m.id = g.membership_id
    WHERE g.distributor_id = p_distributor AND g.reseller_id = p_reseller AND m.side = 'distributor' AND m.ended_at IS NULL
      AND (m.roles @> '["partner_manager"]' OR m.roles @> '["admin"]')
$$""")  # noqa: E501 SQL


def of_reseller(reseller_id: UUID) -> Manager | None:
    """A reseller's manager, in any scope of its distributor; none where nobody is assigned, or where whoever
    was has left."""
    rows = doors.call_here(
        OF_RESELLER, {"p_distributor": tenancy.current().distributor_id, "p_reseller": reseller_id}
    )
    return Manager(*rows[0]) if rows else None


def may_manage() -> ColumnElement[bool]:
    """Whether somebody of the staff may be a manager today."""
    return (
        (Membership.side == Side.DISTRIBUTOR)
        & Membership.ended_at.is_(None)
        & or_(Membership.roles.contains([ROLE]), Membership.roles.contains(["admin"]))
    )


def candidates() -> list[Membership]:
    """Whom a reseller can be given to, by name."""
    chosen = select(Membership).where(may_manage()).order_by(Membership.name, Membership.id)
    return list(db.session().scalars(chosen))


def manages(person_id: UUID, reseller_id: UUID) -> bool:
    """Whether this person is the reseller's manager today; in the distributor's scope."""
    found = (
        select(PartnerManager.id)
        .join(Membership, same_key(Membership.id, PartnerManager.membership_id))
        .where(PartnerManager.reseller_id == reseller_id, Membership.person_id == person_id, may_manage())
    )
    return db.session().scalar(found) is not None


def names(reseller_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The managers of some resellers; in the distributor's scope."""
    joined = same_key(Membership.id, PartnerManager.membership_id)
    chosen = (
        select(PartnerManager.reseller_id, Membership.name)
        .join(Membership, joined)
        .where(PartnerManager.reseller_id.in_(reseller_ids), may_manage())
    )
    return {reseller_id: name for reseller_id, name in db.session().execute(chosen)}


def is_managed(by: UUID | None = None) -> ColumnElement[bool]:
    """Whether a reseller of a statement has a manager, or this one (a membership)."""
    found = (
        exists()
        .where(
            same_key(PartnerManager.reseller_id, Reseller.id),
            same_key(Membership.id, PartnerManager.membership_id),
            may_manage(),
        )
        .correlate(Reseller)
    )
    return found if by is None else found.where(PartnerManager.membership_id == by)


def without() -> ColumnElement[bool]:
    """Whether a reseller of a statement waits for a manager."""
    return ~Reseller.house & ~is_managed()


def assign(reseller: Reseller, membership_id: UUID | None) -> None:
    """From now on this one, or nobody. NotAManager for whoever may not; the house has none."""
    if reseller.house:
        raise NotManaged
    db.session().refresh(reseller, with_for_update=True)  # two administrators take turns
    kept = db.session().scalar(select(PartnerManager).where(PartnerManager.reseller_id == reseller.id))
    if membership_id == (kept.membership_id if kept else None):
        return
    chosen = None
    if membership_id is not None:
        chosen = db.session().scalar(select(Membership).where(Membership.id == membership_id, may_manage()))
        if chosen is None:
            raise NotAManager
    if kept is not None:
        db.session().delete(kept)
        db.flush()
    if chosen is None:
        trail.write(reseller, "account manager removed")
    else:
        added = db.add(
            PartnerManager(reseller_id=reseller.id, membership_id=chosen.id, since=db.session().info["now"])
        )
        db.flush()
        trail.write(reseller, "account manager assigned", told={"manager": chosen.name})
        publish(ManagerAssigned(added.id))
    publish(ManagerChanged(reseller.id))


def for_mail(assigned_id: UUID) -> tuple[Reseller, Manager] | None:
    """A reseller and its manager, for what is written to it; none when another was assigned meanwhile."""
    row = db.session().scalar(select(PartnerManager).where(PartnerManager.id == assigned_id))
    manager = of_reseller(row.reseller_id) if row else None
    return (parties.reseller(row.reseller_id), manager) if row and manager else None
