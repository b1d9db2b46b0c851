"""What the people of an organisation may do. There are two kinds of people: administrators, who may do
everything and bring others in, and simple people with one or more of five roles (I45, I46). The roles are
kept on the membership, which every request reads anew, so a change holds from the next request on. An
organisation is one distributor, reseller or customer, and never without an administrator."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from core import db, trail
from core.errors import Conflict, Missing, Refused
from core.languages import Words, _
from core.parties import Membership
from core.tenancy import Side

ADMIN = "admin"
ROLES = Words(
    {
        "admin": "Administrator",
        "buyer": "Buyer",
        "billing_agent": "Billing agent",
        "subscriptions_manager": "Subscriptions manager",
        "cloud_administrator": "Cloud administrator",
        "storefront_manager": "Storefront manager",
        "partner_manager": "Partner manager",
    }
)
"""role -> its name (I45, I46). An administrator may do everything."""
OF_SIDE: Mapping[Side, tuple[str, ...]] = {
    Side.DISTRIBUTOR: tuple(ROLES),
    Side.RESELLER: tuple(role for role in ROLES if role != "partner_manager"),
    Side.CUSTOMER: tuple(role for role in ROLES if role not in ("partner_manager", "storefront_manager")),
}
"""side -> the roles its people can have: a customer has no storefront to keep, and only the distributor's
staff looks after partners (H8)."""


class UnknownRole(Refused):
    """Only the roles there are."""

    def __init__(self) -> None:
        super().__init__(_("Choose at least one of the roles."))


class NoRoleLeft(Refused):
    """Somebody without a role could do nothing; taking them out is another act."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(name)s needs at least one role. To end their access, remove them instead.", name=name)
        )


class LastAdministrator(Refused):
    """Nobody could bring anybody in again."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "%(name)s is the last administrator here. Make somebody else an administrator first.",
                name=name,
            )
        )


class RolesChanged(Conflict):
    """Somebody else changed the same person since the page was opened."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "The roles of %(name)s were changed since you opened this page. Please look again.",
                name=name,
            )
        )


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose people: the distributor itself, one of its resellers, or one customer of theirs."""

    side: Side
    reseller_id: UUID | None = None
    customer_id: UUID | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """What its people can be."""
        return OF_SIDE[self.side]

    def people(self) -> Select[Membership]:
        """Its people now; in the scope, which may be wider."""
        return select(Membership).where(*self._own(), Membership.ended_at.is_(None))

    def left(self, most: int = 20) -> list[UUID]:
        """The standings of those who were taken out last, for what happened."""
        chosen = select(Membership.id).where(*self._own(), Membership.ended_at.is_not(None))
        return list(db.session().scalars(chosen.order_by(Membership.ended_at.desc()).limit(most)))

    def _own(self) -> tuple[ColumnElement[bool], ...]:
        return (
            Membership.side == self.side,
            Membership.reseller_id.is_not_distinct_from(self.reseller_id),
            Membership.customer_id.is_not_distinct_from(self.customer_id),
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """One row of the matrix as it came back: the roles that the page had shown, and those that are wanted."""

    membership_id: UUID
    shown: frozenset[str]
    wanted: frozenset[str]


def refuse_unknown(side: Side, roles: Collection[str]) -> None:
    """UnknownRole for none, and for what the people of this side cannot be."""
    if not roles or not set(roles) <= set(OF_SIDE[side]):
        raise UnknownRole


def change(organisation: Organisation, wishes: Sequence[Wish]) -> int:
    """All rows of one form, or none; how many people have other roles now. Rows that were left as they were
    shown change nothing, whatever they are by now."""
    asked = {wish.membership_id: wish for wish in wishes if wish.shown != wish.wanted}
    if not asked:
        return 0
    held = _held(organisation, asked)
    if not set(asked) <= set(held):
        raise Missing("person")
    for membership_id, wish in asked.items():
        person = held[membership_id]
        if not wish.wanted:
            raise NoRoleLeft(person.name)
        refuse_unknown(organisation.side, wish.wanted)
        if frozenset(person.roles).intersection(organisation.roles) != wish.shown:
            raise RolesChanged(person.name)
    losing = [held[one] for one, wish in asked.items() if ADMIN in wish.shown and ADMIN not in wish.wanted]
    gaining = any(ADMIN in wish.wanted for wish in asked.values())
    if losing and not gaining:
        _refuse_without_admin(held, losing)
    for membership_id, wish in asked.items():
        person = held[membership_id]
        was, person.roles = person.roles, [role for role in ROLES if role in wish.wanted]
        trail.write(person, "roles changed", told={"was": ", ".join(was), "is": ", ".join(person.roles)})
    return len(asked)


def remove(organisation: Organisation, membership_id: UUID) -> Membership:
    """Takes a person out: their sessions in this standing end at the next request. LastAdministrator for
    whoever is that."""
    held = _held(organisation, {membership_id})
    person = held.get(membership_id)
    if person is None:
        raise Missing("person")
    if ADMIN in person.roles:
        _refuse_without_admin(held, [person])
    person.ended_at = db.session().info["now"]
    trail.write(person, "removed")
    return person


def _held(organisation: Organisation, ids: Collection[UUID]) -> dict[UUID, Membership]:
    """Those people and every administrator, locked in one order: of two acts that would leave nobody, the
    second sees what the first has done."""
    chosen = (
        organisation.people()
        .where(or_(Membership.roles.contains([ADMIN]), Membership.id.in_(ids)))
        .order_by(Membership.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {person.id: person for person in db.session().scalars(chosen)}


def _refuse_without_admin(held: Mapping[UUID, Membership], losing: Sequence[Membership]) -> None:
    left = [person for person in held.values() if ADMIN in person.roles and person not in losing]
    if not left:
        raise LastAdministrator(losing[0].name)
