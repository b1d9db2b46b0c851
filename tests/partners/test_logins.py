"""How many people of a reseller may sign in, and whether their address is theirs to change: what the
programme says that it is a partner of."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from core import db, tenancy
from core.parties import Membership
from core.tenancy import Side
from core.trail import TrailEntry
from partners import acceptances, enrolments, invitations, logins, roles
from partners.logins import EmailFixed, LoginsUsedUp
from partners.roles import Organisation
from tests.partners.programme_stage import apply, approve, open_programme, the_application, the_programme
from tests.world import World, staff


def limited(world: World, most: int | None, code: str = "gold", *, email_fixed: bool = False) -> None:
    """Brightfield is a partner of a programme with so many logins."""
    open_programme(world, code)
    apply(world, code)
    approve(world)
    with world.acting():
        programme = the_programme(code)
        enrolments.begin(programme, world.resellers["brightfield"], the_application().id)
    allow(world, most, code, email_fixed=email_fixed)


def allow(world: World, most: int | None, code: str = "gold", *, email_fixed: bool = False) -> None:
    """The distributor changes the number."""
    with world.acting():
        logins.set_rules(the_programme(code), logins=most, email_fixed=email_fixed)


def invite(world: World, name: str, side: Side = Side.RESELLER, customer_id: UUID | None = None) -> str:
    """Bea asks somebody to join; the link's token."""
    with world.acting("brightfield"):
        asked = invitations.invite(
            side,
            email=f"{name}@people.example",
            name=name.title(),
            roles=["buyer"],
            by="Bea",
            customer_id=customer_id,
        )
        return invitations.fresh_token(asked)


def accept(world: World, token: str) -> acceptances.Joined:
    return acceptances.accept(
        token,
        storefront_id=world.storefronts["northwind"],
        name="Somebody",
        password="Chosen-by-me-7",
        address="192.0.2.1",
    )


def refusals(world: World) -> list[str]:
    with world.acting():
        said = select(TrailEntry.what).where(TrailEntry.what.startswith("refused"))
        return list(db.session().scalars(said))


@pytest.mark.behaviour("H37")
def test_nobody_is_invited_beyond_the_logins_of_the_programme(world: World) -> None:
    limited(world, 2)
    token = invite(world, "ben")
    with pytest.raises(LoginsUsedUp, match="Gold partners allows 2 logins, and no login is free"):
        invite(world, "carl")
    accept(world, token)
    with pytest.raises(LoginsUsedUp):
        invite(world, "carl")
    allow(world, 3)
    invite(world, "carl")


@pytest.mark.behaviour("H37")
def test_nobody_joins_beyond_the_logins_of_the_programme_and_the_trail_says_so(world: World) -> None:
    limited(world, None)
    tokens = [invite(world, name) for name in ("ben", "carl")]
    allow(world, 2)
    accept(world, tokens[0])
    with pytest.raises(LoginsUsedUp):
        accept(world, tokens[1])
    assert refusals(world) == ["refused: no login is free"]
    with world.acting():
        chosen = select(Membership).where(Membership.email == "ben@people.example")
        ben = db.session().scalars(chosen).one()
        roles.remove(Organisation(Side.RESELLER, ben.reseller_id), ben.id)
    assert accept(world, tokens[1]).email == "carl@people.example", "the link is still good"


@pytest.mark.behaviour("H37")
def test_only_a_resellers_own_people_take_its_logins(world: World) -> None:
    limited(world, 2)
    with world.acting():
        staff(world, "nils", side=Side.DISTRIBUTOR)
    accept(world, invite(world, "cleo", Side.CUSTOMER, world.customers["acme"]))
    with world.acting("brightfield"):
        found = logins.of_reseller(world.resellers["brightfield"])
    assert found == logins.Logins("Gold partners", 2, 1, 0)
    with world.acting("harbour"):
        assert logins.of_reseller(world.resellers["harbour"]) is None


def test_a_link_sent_again_takes_no_second_login_but_an_expired_one_does(world: World) -> None:
    limited(world, 2)
    invite(world, "ben")
    with world.acting("brightfield"):
        [asked] = invitations.of_organisation(Organisation(Side.RESELLER, world.resellers["brightfield"]))
        invitations.resend(asked)
        asked.expires_at -= timedelta(hours=73)
    invite(world, "carl")
    with world.acting("brightfield"), pytest.raises(LoginsUsedUp):
        invitations.resend(invitations.find(asked.id))


@pytest.mark.behaviour("H37")
def test_the_smallest_number_counts_and_none_once_the_partnership_has_ended(world: World) -> None:
    limited(world, 5)
    limited(world, 1, "silver")
    with pytest.raises(LoginsUsedUp, match="Silver partners allows 1 login,"):
        invite(world, "ben")
    world.goes_on(days=366, work=False)
    invite(world, "ben")


@pytest.mark.behaviour("H38")
def test_the_sign_in_address_is_fixed_where_the_programme_says_so(world: World) -> None:
    bea = world.people["bea"].person_id
    limited(world, None)
    logins.refuse_if_fixed(bea)
    allow(world, None, email_fixed=True)
    with pytest.raises(EmailFixed, match="Gold partners fixes the address"):
        logins.refuse_if_fixed(bea)
    assert refusals(world) == ["refused: the sign-in address is fixed"]
    for other in ("hugo", "anna", "nora"):
        logins.refuse_if_fixed(world.people[other].person_id)


def test_a_side_that_reads_no_programme_cannot_read_its_rules(world: World) -> None:
    limited(world, 2)
    for who in ("brightfield", "acme"):
        with tenancy.acting_as(world.scope(who)), db.transaction(), pytest.raises(Exception, match="denied"):
            db.session().scalars(select(logins.ProgrammeAccess)).all()
