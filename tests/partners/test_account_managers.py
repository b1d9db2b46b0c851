"""Account managers and looks at partners' consoles, by their rules."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from core import db, parties, tenancy, trail
from core.parties import Membership
from core.tasks import Task
from core.tenancy import OnlyLooking, Scope, Side
from partners import account_managers, viewings
from partners.account_managers import NotAManager, NotManaged
from partners.viewings import MinutesRefused, NoReasonToLook, NothingToLookAt, NotYourPartner, Viewing
from tests.world import World, staff


@pytest.fixture
def mila(world: World) -> UUID:
    """Mila of Northwind's staff, a partner manager; her membership."""
    with world.acting():
        member = staff(world, "mila", side=Side.DISTRIBUTOR)
        db.session().execute(
            update(Membership).where(Membership.id == member.membership_id).values(roles=["partner_manager"])
        )
    return member.membership_id


def give(world: World, reseller: str, member: UUID | None) -> None:
    with world.acting():
        account_managers.assign(parties.reseller(world.resellers[reseller]), member)


def leave(world: World, person: str) -> None:
    """Somebody leaves Northwind's staff."""
    with world.acting():
        member = db.session().get_one(Membership, (world.distributor_id, world.people[person].membership_id))
        member.ended_at = db.session().info["now"]


def look(world: World, person: str, reseller: str = "brightfield", why: str = "A question.") -> Viewing:
    """Somebody who is no administrator looks."""
    with world.acting():
        return viewings.begin(
            parties.reseller(world.resellers[reseller]),
            person_id=world.people[person].person_id,
            name=person.title(),
            admin=False,
            why=why,
        )


@pytest.mark.behaviour("H8")
def test_a_reseller_has_one_account_manager_and_knows_whom_to_write_to(world: World, mila: UUID) -> None:
    give(world, "brightfield", world.people["nora"].membership_id)
    give(world, "brightfield", mila)
    with world.acting():
        rows = db.session().scalars(select(account_managers.PartnerManager)).all()
        assert [row.membership_id for row in rows] == [mila]
        assert account_managers.manages(world.people["mila"].person_id, world.resellers["brightfield"])
        assert not account_managers.manages(world.people["nora"].person_id, world.resellers["brightfield"])
        assert not account_managers.manages(world.people["mila"].person_id, world.resellers["harbour"])
    with world.acting("brightfield"):
        found = account_managers.of_reseller(world.resellers["brightfield"])
        assert found
        assert (found.name, found.email) == ("Mila", "mila@people.example")
    with world.acting("harbour"):
        assert account_managers.of_reseller(world.resellers["harbour"]) is None


@pytest.mark.behaviour("H8")
def test_a_manager_who_leaves_the_staff_leaves_the_reseller_without_one(world: World, mila: UUID) -> None:
    give(world, "brightfield", mila)
    leave(world, "mila")
    with world.acting():
        assert account_managers.of_reseller(world.resellers["brightfield"]) is None
        assert not account_managers.manages(world.people["mila"].person_id, world.resellers["brightfield"])
        waiting = db.session().scalars(select(parties.Reseller.name).where(account_managers.without())).all()
        assert sorted(waiting) == ["Brightfield", "Harbour"]


@pytest.mark.behaviour("H8")
def test_only_staff_that_may_manages_and_the_house_has_nobody(world: World, mila: UUID) -> None:
    with world.acting():
        for nobody in (world.people["bea"].membership_id, world.people["anna"].membership_id, UUID(int=1)):
            with pytest.raises(NotAManager):
                account_managers.assign(parties.reseller(world.resellers["brightfield"]), nobody)
        with pytest.raises(NotManaged):
            account_managers.assign(parties.reseller(world.resellers["house"]), mila)
    leave(world, "mila")
    with world.acting(), pytest.raises(NotAManager):
        account_managers.assign(parties.reseller(world.resellers["brightfield"]), mila)


@pytest.mark.behaviour("H9")
def test_only_the_partners_manager_looks_and_only_with_a_reason(world: World, mila: UUID) -> None:
    with pytest.raises(NotYourPartner):
        look(world, "mila")
    give(world, "brightfield", mila)
    for why in (" ", "x" * 501):
        with pytest.raises(NoReasonToLook):
            look(world, "mila", why=why)
    with pytest.raises(NotYourPartner):
        look(world, "mila", "harbour")
    with pytest.raises(NothingToLookAt):
        look(world, "mila", "house")
    begun = look(world, "mila")
    assert (begun.until - begun.begun_at).total_seconds() == 30 * 60
    with world.acting("brightfield"):
        [line] = trail.of(begun.id)
        assert (line.told["by"], line.told["why"]) == ("Mila", "A question.")


@pytest.mark.behaviour("H9")
def test_how_long_a_look_lasts_is_data_and_its_end_is_written_down_once(world: World, mila: UUID) -> None:
    give(world, "brightfield", mila)
    with world.acting():
        for wrong in (0, 4, 241):
            with pytest.raises(MinutesRefused):
                viewings.set_minutes(wrong)
        viewings.set_minutes(5)
    begun = look(world, "mila")
    assert (begun.until - begun.begun_at).total_seconds() == 5 * 60
    with world.acting():
        assert viewings.end_those_over() == 0
        db.session().execute(update(Viewing).values(until=Viewing.begun_at))
    with world.acting():
        assert viewings.end_those_over() == 1
        assert viewings.end_those_over() == 0
    with world.acting("brightfield"):
        assert [line.what for line in trail.of(begun.id)] == ["begun", "open -> ended"]


@pytest.mark.behaviour("H9")
def test_a_look_ends_when_somebody_else_becomes_the_manager(world: World, mila: UUID) -> None:
    give(world, "brightfield", mila)
    begun = look(world, "mila")
    give(world, "brightfield", world.people["nora"].membership_id)
    with world.acting():
        again = db.session().get_one(Viewing, (world.distributor_id, begun.id))
        assert again.state is viewings.ViewingState.ENDED


@pytest.mark.behaviour("H9")
def test_postgresql_itself_changes_nothing_for_whoever_only_looks(world: World) -> None:
    """Whatever a page forgets: the transaction is read-only, with its savepoints and when it is widened."""
    brightfield = world.scope("brightfield")
    looking = Scope(
        Side.RESELLER,
        world.distributor_id,
        brightfield.reseller_id,
        price_list_id=world.price_list_id,
        viewing_id=UUID(int=7),
    )
    with tenancy.acting_as(looking):
        with db.transaction():
            assert parties.reseller(world.resellers["brightfield"]).name == "Brightfield"
        with pytest.raises(OnlyLooking), db.transaction():
            parties.reseller(world.resellers["brightfield"]).name = "Nora's"
        with pytest.raises(OnlyLooking), db.transaction():
            parties.add_customer(world.resellers["brightfield"], name="Forged", email="f@f.example")
        with pytest.raises(OnlyLooking), db.writing():
            db.driver().execute("UPDATE resellers SET name = 'Noras'")
        with pytest.raises(OnlyLooking), db.transaction(widened_because="letting a domain go"):
            parties.reseller(world.resellers["brightfield"]).name = "Nora's"
    with world.acting():
        assert parties.reseller(world.resellers["brightfield"]).name == "Brightfield"


def test_a_new_manager_is_told_to_the_reseller_once(world: World, mila: UUID) -> None:
    give(world, "brightfield", mila)
    give(world, "brightfield", mila)
    with world.acting():
        told = db.session().scalars(select(Task).where(Task.kind == "mail_manager_assigned")).all()
        assert len(told) == 1
