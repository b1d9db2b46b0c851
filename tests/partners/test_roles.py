"""Roles of an organisation's people: all rows of a form or none, never without an administrator, and never
over what somebody else has changed meanwhile."""

from collections.abc import Iterable

import pytest
from sqlalchemy import select

from core import db, tenancy, trail
from core.errors import Missing
from core.parties import Membership
from core.tenancy import Side
from partners import invitations, roles
from partners.invitations import Invitation
from partners.roles import (
    LastAdministrator,
    NoRoleLeft,
    Organisation,
    RolesChanged,
    UnknownRole,
    Wish,
)
from tests.partners import programme_stage
from tests.races import at_once, raised
from tests.world import World, staff


def organisation(world: World, who: str) -> Organisation:
    """Northwind, a reseller or Acme."""
    if who == "northwind":
        return Organisation(Side.DISTRIBUTOR)
    if who in world.resellers:
        return Organisation(Side.RESELLER, world.resellers[who])
    return Organisation(Side.CUSTOMER, world.resellers["brightfield"], world.customers[who])


def joins(world: World, person: str, who: str, *has: str) -> None:
    """Somebody works there as well."""
    at = organisation(world, who)
    with world.acting():
        staff(world, person, side=at.side, reseller_id=at.reseller_id, customer_id=at.customer_id)
        member(world, person).roles = list(has)


def member(world: World, person: str) -> Membership:
    """In a transaction."""
    chosen = select(Membership).where(Membership.id == world.people[person].membership_id)
    return db.session().scalars(chosen).one()


def wish(world: World, person: str, shown: Iterable[str], wanted: Iterable[str]) -> Wish:
    """A row of the form."""
    return Wish(world.people[person].membership_id, frozenset(shown), frozenset(wanted))


def change(world: World, who: str, *wishes: Wish) -> int:
    """In the scope of the organisation itself."""
    with tenancy.acting_as(world.scope(who)), db.transaction():
        return roles.change(organisation(world, who), wishes)


def roles_of(world: World, *people: str) -> list[list[str]]:
    """What each is now."""
    with world.acting():
        return [member(world, person).roles for person in people]


ADMINS = {"northwind": "nora", "brightfield": "bea", "acme": "anna"}


@pytest.mark.behaviour("I45", "I47")
@pytest.mark.parametrize("who", ["northwind", "brightfield", "acme"])
def test_an_administrator_makes_another_and_the_trail_says_so(world: World, who: str) -> None:
    joins(world, "ben", who, "buyer")
    assert change(world, who, wish(world, "ben", ["buyer"], ["admin", "buyer"])) == 1
    assert roles_of(world, "ben") == [["admin", "buyer"]]
    with world.acting():
        [line] = [one for one in trail.of(member(world, "ben").id) if one.what == "roles changed"]
    assert line.told == {"was": "buyer", "is": "admin, buyer"}


@pytest.mark.behaviour("I45")
@pytest.mark.parametrize("who", ["northwind", "brightfield", "acme"])
def test_the_last_administrator_stays_one(world: World, who: str) -> None:
    admin = ADMINS[who]
    joins(world, "ben", who, "buyer")
    with pytest.raises(LastAdministrator, match="last administrator"):
        change(world, who, wish(world, admin, ["admin"], ["buyer"]))
    with tenancy.acting_as(world.scope(who)), db.transaction(), pytest.raises(LastAdministrator):
        roles.remove(organisation(world, who), world.people[admin].membership_id)
    assert roles_of(world, admin) == [["admin"]]
    handed_over = (wish(world, admin, ["admin"], ["buyer"]), wish(world, "ben", ["buyer"], ["admin"]))
    assert change(world, who, *handed_over) == 2
    assert roles_of(world, admin, "ben") == [["buyer"], ["admin"]]


@pytest.mark.behaviour("I45")
def test_of_two_administrators_who_step_down_at_once_one_stays(world: World) -> None:
    joins(world, "ben", "brightfield", "admin")
    for _ in range(20):
        ends = at_once(
            lambda: change(world, "brightfield", wish(world, "bea", ["admin"], ["buyer"])),
            lambda: change(world, "brightfield", wish(world, "ben", ["admin"], ["buyer"])),
        )
        assert [type(end) for end in raised(ends)] == [LastAdministrator]
        assert sorted(roles_of(world, "bea", "ben")) == [["admin"], ["buyer"]]
        with world.acting():
            member(world, "bea").roles, member(world, "ben").roles = ["admin"], ["admin"]


@pytest.mark.behaviour("I46")
def test_a_form_that_breaks_a_rule_changes_nobody(world: World) -> None:
    joins(world, "ben", "brightfield", "buyer")
    joins(world, "cleo", "acme", "buyer")
    good = wish(world, "ben", ["buyer"], ["billing_agent"])
    with pytest.raises(NoRoleLeft, match="Bea needs at least one role"):
        change(world, "brightfield", good, wish(world, "bea", ["admin"], []))
    with pytest.raises(UnknownRole):
        change(world, "brightfield", good, wish(world, "bea", ["admin"], ["admin", "god"]))
    with pytest.raises(UnknownRole):
        change(world, "acme", wish(world, "cleo", ["buyer"], ["storefront_manager"]))
    for stranger in ("hugo", "cleo", "nora"):
        with pytest.raises(Missing):
            change(world, "brightfield", good, wish(world, stranger, ["admin"], ["buyer"]))
    assert roles_of(world, "ben", "bea", "hugo") == [["buyer"], ["admin"], ["admin"]]


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: World) -> None:
    joins(world, "ben", "brightfield", "buyer")
    change(world, "brightfield", wish(world, "ben", ["buyer"], ["billing_agent"]))
    with pytest.raises(RolesChanged, match="roles of Ben were changed"):
        change(world, "brightfield", wish(world, "ben", ["buyer"], ["buyer", "cloud_administrator"]))
    untouched = wish(world, "ben", ["buyer"], ["buyer"])
    assert change(world, "brightfield", untouched) == 0
    assert roles_of(world, "ben") == [["billing_agent"]]


@pytest.mark.behaviour("I47")
def test_whoever_registers_a_company_by_itself_becomes_its_administrator(world: World) -> None:
    programme_stage.open_programme(world)
    programme_stage.apply(world)
    version = programme_stage.approve(world)
    programme_stage.sign(world, programme_stage.token(world), version)
    with world.acting():
        asked = db.session().scalars(select(Invitation)).one()
        assert (asked.side, asked.email, asked.roles) == (Side.RESELLER, "lena@lakeside.example", ["admin"])


def test_a_customer_invites_into_itself_only(world: World) -> None:
    acme, zebra = world.customers["acme"], world.customers["zebra"]
    with tenancy.acting_as(world.scope("acme")), db.transaction():
        asked = invitations.invite(
            Side.CUSTOMER, email="pia@acme.example", name="Pia", roles=["buyer"], by="Anna", customer_id=acme
        )
        assert (asked.reseller_id, asked.customer_id) == (world.resellers["brightfield"], acme)
        with pytest.raises(Missing):
            invitations.invite(
                Side.CUSTOMER, email="p@z.example", name="P", roles=["buyer"], by="Anna", customer_id=zebra
            )
        with pytest.raises(UnknownRole):
            invitations.invite(
                Side.CUSTOMER,
                email="q@acme.example",
                name="Q",
                roles=["storefront_manager"],
                by="Anna",
                customer_id=acme,
            )
