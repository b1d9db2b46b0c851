"""Who is invited, in one list of each console: found, filtered, exported, sent again and withdrawn."""

from typing import Any

import pytest
from sqlalchemy import select, update

from core import db, parties
from core.parties import Membership
from core.tenancy import Side
from partners import invitations
from partners.invitations import Invitation, InvitationState
from tests.reseller.conftest import Person
from tests.visits import Visit, make_app
from tests.world import World, open_portal


@pytest.fixture
def nora(world: World) -> Visit:
    """Nora of Northwind."""
    return Visit(make_app()).sign_in("nora")


@pytest.fixture(autouse=True)
def four_are_invited(world: World) -> None:
    """A colleague and a customer's person by Brightfield, a colleague by Harbour, staff by Northwind."""
    open_portal(world)
    with world.acting("brightfield"):
        invite(Side.RESELLER, "Ben")
        invite(Side.CUSTOMER, "Olga", customer_id=world.customers["acme"])
    with world.acting("harbour"):
        invite(Side.RESELLER, "Hank")
    with world.acting():
        invite(Side.DISTRIBUTOR, "Nils")


def invite(side: Side, name: str, **more: Any) -> Invitation:
    return invitations.invite(
        side, email=f"{name.lower()}@invited.example", name=name, roles=["buyer"], by="Them", **more
    )


def the(world: World, name: str) -> Invitation:
    with world.acting():
        return db.session().scalars(select(Invitation).where(Invitation.name == name)).one()


def test_each_console_lists_its_own(world: World, bea: Person, nora: Visit) -> None:
    listed = bea.sees("/reseller/invitations", "Ben", "Olga", "Acme", "Invited")
    assert "Hank" not in listed
    assert "Nils" not in listed
    all_of_them = nora.get("/distributor/invitations").text
    for name in ("Ben", "Olga", "Hank", "Nils"):
        assert name in all_of_them
    file = bea.get("/reseller/invitations.csv").text
    assert "olga@invited.example" in file
    assert "hank@invited.example" not in file


def test_it_is_searched_and_filtered(world: World, bea: Person, nora: Visit) -> None:
    with world.acting():
        db.session().execute(
            update(Invitation).where(Invitation.name == "Ben").values(expires_at=Invitation.created_at)
        )
    late = bea.sees("/reseller/invitations?show=expired", "Ben", "Link expired")
    assert "Olga" not in late
    assert "Ben" not in bea.sees("/reseller/invitations?show=pending", "Olga")
    assert "Ben" not in bea.sees("/reseller/invitations?into=customer", "Olga")
    assert "Ben" not in bea.sees("/reseller/invitations?q=acme", "Olga")
    bea.sees("/reseller/invitations?q=nobody", "No invitation matches")
    assert "Nils" in nora.get("/distributor/invitations?into=distributor").text


def test_they_are_sent_again_and_withdrawn_by_who_may(world: World, bea: Person, nora: Visit) -> None:
    olga, hank = the(world, "Olga").id, the(world, "Hank").id
    bea.sees("/reseller/invitations")
    bea.places(f"/reseller/invitations/{olga}/resend")
    assert the(world, "Olga").sending == 2
    assert bea.post(f"/reseller/invitations/{hank}/resend").status_code == 404
    assert nora.post(f"/distributor/invitations/{olga}/revoke").status_code == 403  # the reseller's business
    assert nora.post(f"/distributor/invitations/{hank}/revoke").status_code == 303
    assert the(world, "Hank").state is InvitationState.REVOKED
    assert nora.post(f"/distributor/invitations/{hank}/resend").status_code == 409
    with world.acting():
        mine = Membership.id == world.people["bea"].membership_id
        db.session().execute(update(Membership).where(mine).values(roles=["buyer"]))
    assert bea.post(f"/reseller/invitations/{the(world, 'Ben').id}/revoke").status_code == 403
    bea.places(f"/reseller/invitations/{olga}/revoke")


@pytest.mark.behaviour("I32")
def test_a_contact_of_a_reseller_becomes_an_administrator(world: World, nora: Visit) -> None:
    with world.acting():
        at = f"/distributor/resellers/{parties.reseller(world.resellers['harbour']).code}"
    assert "Hugo" in nora.get(f"{at}/people").text
    sent = nora.post(f"{at}/people", {"person-name": "Hana", "person-email": "hana@harbour.example"})
    assert sent.status_code == 303
    invited = the(world, "Hana")
    assert (invited.side, invited.reseller_id, invited.roles) == (
        Side.RESELLER,
        world.resellers["harbour"],
        ["admin"],
    )
    assert "Hana" in nora.get(f"{at}/people").text
