"""Relations with customers: how far away one may be, who creates it, admin rights and who decides about
them. Brightfield is in Germany, and an indirect partner of Northwind's programme."""

from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import ProgrammingError

from core import db, parties, states
from core.parties import Customer
from core.trail import TrailEntry
from partners import admin_rights, customer_requests, customers, relation_rules, support_types
from partners.admin_rights import (
    AdminRights,
    AskedAlready,
    NotConfirmed,
    OnlyAdministrators,
    RightsAnswer,
    RightsMissing,
    RightsNotOffered,
    RightsState,
)
from partners.customer_requests import (
    AskedBefore,
    CustomerRequestState,
    NotThatProgramme,
    OnTheListAlready,
    Wanted,
    WantedIncomplete,
)
from partners.invitations import Invitation
from partners.joinings import Channel
from partners.relation_rules import Elsewhere, NoCountry, Relations, TheProviderCreates, UnknownCountry
from partners.support_types import Described, NotCoManaged
from tests.partners import relation_stage as stage
from tests.world import World

WILLOW = Wanted("Willow Clinics", "Wanda", "wanda@willow.example", "DE")


def names(world: World) -> list[str]:
    with world.acting():
        return list(db.session().scalars(select(Customer.name).order_by(Customer.id)))


@pytest.mark.behaviour("M34")
@pytest.mark.parametrize(
    ("country", "refusal"), [("DE", None), ("AT", None), ("FR", Elsewhere), ("", NoCountry)]
)
def test_a_customer_is_won_within_the_country_or_region_only(
    world: World, country: str, refusal: type[Exception] | None
) -> None:
    programme_id = stage.partner(world)

    def add() -> None:
        customers.add(
            "finn@ferrow.example", by="Bea", company="Ferrow", country=country, channel=str(programme_id)
        )

    if refusal is None:
        stage.scoped(world, add)
    else:
        with pytest.raises(refusal):
            stage.scoped(world, add)
    assert ("Ferrow" in names(world)) is (refusal is None)
    with world.acting():  # and comes in by its link, where the agreement is read
        assert not any(db.session().scalars(select(Invitation.adds)))


@pytest.mark.behaviour("M34")
def test_admin_rights_are_asked_for_where_the_programme_has_them_and_within_the_region(world: World) -> None:
    programme_id = stage.partner(world)
    with pytest.raises(RightsNotOffered):
        stage.ask(world)  # a direct customer: of no programme
    stage.won(world, programme_id)
    with world.acting():
        parties.reseller(world.resellers["brightfield"]).country = "FR"
    with pytest.raises(Elsewhere):
        stage.ask(world)
    stage.rule(world, region=("DE", "AT", "FR"))
    stage.ask(world)
    with pytest.raises(AskedAlready):
        stage.ask(world)
    with world.acting("acme"):
        assert admin_rights.to_change(world.customers["acme"]).asked_by == "Bea, Brightfield"
    with world.acting("brightfield"):  # who leaves the list is asked for nothing more
        customers.remove(customers.to_remove(parties.customer(world.customers["acme"]).code))
        assert admin_rights.to_change(world.customers["acme"]).state is RightsState.WITHDRAWN
    stage.rule(world, region=())
    with world.acting("brightfield"), pytest.raises(Elsewhere):
        customers.add("anna@acme.example", by="Bea")


@pytest.mark.behaviour("M33", "M34")
def test_only_an_administrator_of_the_customer_answers_and_what_they_said_is_kept(world: World) -> None:
    stage.won(world, stage.partner(world))
    stage.ask(world)
    simple = stage.answering(world, is_admin=False)
    for granted in (True, False):
        with pytest.raises(OnlyAdministrators), world.acting("acme"):
            admin_rights.answer(admin_rights.to_change(world.customers["acme"]), simple, granted=granted)
    stage.answer(world, granted=True)
    with world.acting("brightfield"):
        [kept] = admin_rights.answers(world.customers["acme"])
        assert (kept.said, kept.name, kept.email, kept.address) == (
            RightsState.GRANTED,
            "Anna",
            "anna@people.example",
            "192.0.2.7",
        )
        assert kept.person_id == world.people["anna"].person_id
    with pytest.raises(states.IllegalMove):
        stage.answer(world, granted=False)
    for who in ("brightfield", "northwind"):  # nobody but the customer says it
        with pytest.raises(ProgrammingError, match="permission denied"), world.acting(who):
            db.add(RightsAnswer(**_copied(kept)))
    with world.acting("harbour"):
        assert admin_rights.newest(world.customers["acme"]) is None


def _copied(one: RightsAnswer) -> dict[str, object]:
    columns = [column.name for column in RightsAnswer.__table__.columns if column.name != "id"]
    return {name: getattr(one, name) for name in columns}


@pytest.mark.behaviour("M31", "M34", "M35")
def test_the_rights_open_the_services_until_they_are_removed(world: World) -> None:
    stage.won(world, stage.partner(world))

    def opens() -> None:
        admin_rights.refuse_unless_open(parties.customer(world.customers["acme"]))

    with pytest.raises(NotCoManaged):
        stage.scoped(world, opens)
    stage.ask(world)
    with pytest.raises(RightsMissing, match="not answered"):
        stage.scoped(world, opens)
    stage.answer(world, granted=True)
    stage.scoped(world, opens)
    with world.acting("acme"):
        rights = admin_rights.to_change(world.customers["acme"])
        with pytest.raises(NotConfirmed):
            admin_rights.remove(rights, stage.answering(world), sure=False)
        with pytest.raises(OnlyAdministrators):
            admin_rights.remove(rights, stage.answering(world, is_admin=False), sure=True)
        admin_rights.remove(rights, stage.answering(world), sure=True, words="We do it ourselves.")
    with pytest.raises(RightsMissing, match="still owe it support"):
        stage.scoped(world, opens)
    with world.acting("brightfield"):
        customer = parties.customer(world.customers["acme"])
        assert customer.ended_at is None  # the relation stays
    stage.ask(world)
    stage.answer(world, granted=False)
    with pytest.raises(RightsMissing, match="has not given"):
        stage.scoped(world, opens)


@pytest.mark.behaviour("U29", "M35")
@pytest.mark.parametrize("state", list(RightsState))
@pytest.mark.parametrize("said", [None, RightsState.GRANTED, RightsState.DECLINED, RightsState.REMOVED])
def test_a_support_type_opens_nothing_that_the_customer_has_taken_away(
    state: RightsState, said: RightsState | None
) -> None:
    """By both of them, and by neither: what the customer said last counts."""
    granted, said_no = RightsState.GRANTED, said in (RightsState.DECLINED, RightsState.REMOVED)
    assert admin_rights.opens(state, said, co_managed=True) is not said_no
    assert admin_rights.opens(state, said, co_managed=False) is (state is said is granted)
    assert admin_rights.opens(None, None, co_managed=True)
    assert not admin_rights.opens(None, None, co_managed=False)


@pytest.mark.behaviour("M35")
def test_asking_again_opens_nothing_that_the_customer_has_taken_away(world: World) -> None:
    """Nor does a state that the reseller writes past the rules: the customer's own word is a row of its
    own."""
    stage.won(world, stage.partner(world))
    with world.acting():
        csp = stage.programme_stage.the_programme("csp")
        support_types.keep_type(csp, Described("Partner supported", "You answer.", co_managed=True))
    with world.acting("brightfield"):
        kind = support_types.offered(world.resellers["brightfield"])[0].id
        support_types.choose(parties.customer(world.customers["acme"]), kind)

    def opens() -> None:
        admin_rights.refuse_unless_open(parties.customer(world.customers["acme"]))

    def forge(state: RightsState, who: str = "brightfield") -> None:
        with world.acting(who):
            db.session().execute(update(AdminRights).values(state=state))

    stage.scoped(world, opens)
    stage.ask(world)
    stage.answer(world, granted=False)
    forge(RightsState.GRANTED)
    with pytest.raises(RightsMissing, match="has not given"):
        stage.scoped(world, opens)
    forge(RightsState.DECLINED)
    stage.ask(world)
    with pytest.raises(RightsMissing, match="not answered yet"):
        stage.scoped(world, opens)
    stage.answer(world, granted=True)
    stage.scoped(world, opens)


def test_a_region_is_made_of_countries(world: World) -> None:
    stage.partner(world)
    stage.rule(world, region=("nl", " BE ", "NL"))
    with world.acting():
        programme = stage.programme_stage.the_programme("csp")
        assert relation_rules.of_programme(programme.id).region == ("NL", "BE")
        with pytest.raises(UnknownCountry):
            relation_rules.keep(programme, Relations(region=("ZZ",)))


# --- Customers that the provider creates --------------------------------------------------------------------


def wants(world: World, programme_id: UUID, wanted: Wanted = WILLOW, words: str = "") -> str:
    with world.acting("brightfield"):
        reseller = parties.reseller(world.resellers["brightfield"])
        asked = customer_requests.ask(
            reseller,
            programme_id,
            wanted,
            words=words,
            by="Bea",
            email="bea@people.example",
        )
        return asked.code


@pytest.mark.behaviour("M32")
def test_an_indirect_reseller_creates_no_customer_and_its_provider_does(world: World) -> None:
    programme_id = stage.partner(world)
    stage.rule(world, provider_creates=True)

    def add() -> None:
        customers.add(
            "wanda@willow.example", by="Bea", company="Willow", country="DE", channel=str(programme_id)
        )

    with pytest.raises(TheProviderCreates):
        stage.scoped(world, add)
    code = wants(
        world, programme_id, Wanted("Willow Clinics", "Wanda", "wanda@willow.example", "DE", rights=True)
    )
    assert "Willow Clinics" not in names(world)
    with world.acting():
        created = customer_requests.answer(customer_requests.find(code, to_change=True), by="Nora")
    with world.acting("brightfield"):
        mine = parties.customer(created.id)
        assert (mine.name, mine.reseller_id) == ("Willow Clinics", world.resellers["brightfield"])
        rights = admin_rights.newest(mine.id)
        assert rights is not None
        assert rights.state is RightsState.ASKED
        assert customer_requests.find(code).state is CustomerRequestState.CREATED
        lines = [
            line.what
            for line in db.session().scalars(select(TrailEntry).where(TrailEntry.object_id == mine.id))
        ]
        assert "created by the provider" in lines
        assert "won indirect" in lines
    with pytest.raises(states.IllegalMove), world.acting():
        customer_requests.answer(customer_requests.find(code, to_change=True), by="Nora")
    with world.acting():
        reseller = parties.reseller(world.resellers["brightfield"])
        with pytest.raises(OnTheListAlready):
            customer_requests.create(reseller, programme_id, WILLOW, by="Nora")


@pytest.mark.behaviour("M32", "M34")
def test_what_cannot_be_created_is_not_asked_for(world: World) -> None:
    programme_id = stage.partner(world)
    with pytest.raises(NotThatProgramme):  # its partners create their customers themselves
        wants(world, programme_id)
    stage.rule(world, provider_creates=True, asks_rights=False)
    with pytest.raises(Elsewhere):
        wants(world, programme_id, Wanted("Far", "Fay", "fay@far.example", "FR"))
    with pytest.raises(RightsNotOffered):
        wants(world, programme_id, Wanted("Near", "Nea", "nea@near.example", "DE", rights=True))
    with pytest.raises(WantedIncomplete) as missing:
        wants(world, programme_id, Wanted(" ", "", "no address", "XX"))
    assert list(missing.value.problems) == ["company", "name", "email", "country"]
    wants(world, programme_id)
    with pytest.raises(AskedBefore):
        wants(world, programme_id)


@pytest.mark.behaviour("M32")
def test_a_request_is_declined_with_a_reason_or_withdrawn_once(world: World) -> None:
    programme_id = stage.partner(world)
    stage.rule(world, provider_creates=True)
    code = wants(world, programme_id)
    with world.acting():
        found = customer_requests.find(code, to_change=True)
        with pytest.raises(customer_requests.NoReason):
            customer_requests.decline(found, " ", by="Nora")
        customer_requests.decline(found, "We serve no clinics.", by="Nora")
    with world.acting("brightfield"):
        assert customer_requests.find(code).reason == "We serve no clinics."
        with pytest.raises(states.IllegalMove):
            customer_requests.withdraw(customer_requests.find(code), by="Bea")
    again = wants(world, programme_id)
    with world.acting("brightfield"):
        customer_requests.withdraw(customer_requests.find(again), by="Bea")


@pytest.mark.behaviour("P3")
def test_a_page_is_missing_where_each_programme_of_a_partner_goes_without_it(world: World) -> None:
    seller = world.resellers["brightfield"]
    with world.acting("brightfield"):
        assert not relation_rules.goes_without(seller)  # a partner of nothing has all pages
    stage.partner(world, Relations(no_dashboard=True, no_agents=True), channel=Channel.DIRECT)
    with world.acting("brightfield"):
        assert relation_rules.goes_without(seller) == {"no_dashboard", "no_agents"}
    stage.rule(world, no_agents=False)
    with world.acting("brightfield"):
        assert relation_rules.goes_without(seller) == {"no_dashboard"}
