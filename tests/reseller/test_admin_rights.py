"""Admin rights and customers that the provider creates, on the pages: from Bea's form to what Carla of Ferrow
answers, and to what Bea can open then. Brightfield is in Germany, an indirect partner of Northwind's."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from core import db, parties
from core.parties import Customer
from core.tenancy import same_key
from core.trail import TrailEntry, TrailNote
from partners import admin_rights, invitations
from partners.admin_rights import RightsState
from partners.invitations import Invitation
from partners.relation_rules import Relations
from partners.terms import TermsAcceptance
from tests.mail.conftest import PostOffice
from tests.partners import agreement_stage
from tests.partners import relation_stage as stage
from tests.reseller.conftest import Person
from tests.world import PASSWORD, World

FERROW = {"email": "carla@ferrow.example", "company": "Ferrow & Sons", "country": "de", "rights": "with"}


@pytest.fixture
def programme_id(world: World) -> UUID:
    """Brightfield is a partner of it."""
    return stage.partner(world)


def link(world: World) -> str:
    with world.acting():
        return f"/invitations/{invitations.fresh_token(db.session().scalars(select(Invitation)).one())}"


def why(world: World, what: str) -> str:
    """What was written down about an act that was refused."""
    with world.acting():
        joined = same_key(TrailEntry.id, TrailNote.id)
        chosen = select(TrailNote.why).join(TrailEntry, joined).where(TrailEntry.what == what)
        return db.session().scalars(chosen).one()


@pytest.mark.behaviour("M33", "M34")
def test_rights_and_agreement_are_answered_with_the_invitation_and_nothing_is_lost(
    world: World, bea: Person, programme_id: UUID, post: PostOffice
) -> None:
    version = agreement_stage.agreement(world)
    way = str(programme_id)
    bea.sees("/reseller/customers/invite", "Ask for no admin rights", "may say no")
    far = bea.post("/reseller/customers/invite", **(FERROW | {"country": "fr", "channel": way}))
    assert (far.status_code, "this customer is in France" in far.text) == (422, True)
    assert "in your own country or region only" in why(world, "refused to add a customer")
    customer = bea.places("/reseller/customers/invite", **FERROW, channel=way).split("?")[0]
    bea.sees(customer, "Asked for", "Ask no more")
    world.work()
    mail = post.only("invites you to Ferrow")
    assert "Bea, Brightfield asks for admin rights, too" in mail["text"]
    assert "You accept “0patch customer agreement” with it." in mail["text"]

    carla = Person(bea.client.application.test_client(), "/brightfield")
    at = link(world)
    carla.sees(
        at, "asks for admin rights", "Give seats to your people", "Be <strong>fair</strong>", "It can never"
    )
    typed = {"name": "Carla Ruiz", "password": PASSWORD}
    unticked = carla.post(at, **typed, rights="yes")
    assert (unticked.status_code, "tick its box" in unticked.text) == (422, True)
    assert "Carla Ruiz" in unticked.text
    assert re.search(r'value="yes" required checked', unticked.text)
    silent = carla.post(at, **typed, accepts=version)
    assert (silent.status_code, "Choose whether" in silent.text) == (422, True)
    assert re.search(rf'value="{version}" required checked', silent.text)
    with world.acting():
        assert not db.session().scalars(select(TermsAcceptance)).all()
    assert carla.post(at, **typed, accepts=version, rights="yes").status_code == 303
    with world.acting():
        [accepted] = db.session().scalars(select(TermsAcceptance))
        assert (accepted.name, accepted.email) == ("Carla Ruiz", "carla@ferrow.example")
        assert at.split("/")[-1] not in accepted.url
        [said] = admin_rights.answers(accepted.buyer_id)
        assert (said.said, said.name, said.address) == (RightsState.GRANTED, "Carla Ruiz", "127.0.0.1")
        assert said.person_id == accepted.person_id
    bea.sees(customer, "Given", "carla@ferrow.example", "127.0.0.1")
    bea.sees(f"{customer}/dashboard", "No services yet")
    carla.sees("/admin-rights", "What a removal means", "Remove the rights")
    world.work()
    assert post.only("has given you admin rights")["to"] == ["bea@brightfield.example"]


@pytest.mark.behaviour("M33", "M35")
def test_a_customer_takes_the_rights_away_and_its_provider_stays_bound(
    world: World, bea: Person, programme_id: UUID, sign_in: Callable[..., Person], post: PostOffice
) -> None:
    world.fund_by_hand(world.buys("acme", "patch-y", 2))
    stage.won(world, programme_id)
    world.work(5)
    at = f"/reseller/customers/{stage.of(world).code}"
    refused = bea.get(f"{at}/dashboard")
    assert refused.status_code == 403
    bea.sees(at, "You have none")
    bea.places(f"{at}/rights")
    assert bea.post(f"{at}/rights").status_code == 409
    world.work()
    assert "/admin-rights" in " ".join(post.only("asks for admin rights", to="anna@people.example")["links"])
    anna = sign_in("anna", "/brightfield")
    anna.sees("/admin-rights", "Bea, Brightfield asks for admin rights")
    assert anna.post("/admin-rights").status_code == 422
    assert anna.places("/admin-rights", rights="yes") == "/admin-rights?said=rights-granted"

    service = re.search(r"/dashboard/(SUB-\w+)/assign", bea.sees(f"{at}/dashboard"))
    assert service
    seat = f"{at}/dashboard/{service[1]}/assign"
    bea.places(seat, to="anna@acme.example")
    done = anna.sees("/admin-rights", "Admin rights used: seat given", "Bea, Brightfield")
    assert f"{service[1]}" in done
    bea.sees(at, "Admin rights used: seat given", "For: Acme")

    forgotten = anna.post("/admin-rights/remove", words="We do it ourselves.")
    assert (forgotten.status_code, "We do it ourselves." in forgotten.text) == (422, True)
    bea.sees(f"{at}/dashboard")
    anna.places("/admin-rights/remove", sure="yes", words="We do it ourselves.")
    for answer in (bea.get(f"{at}/dashboard"), bea.post(seat, to="bea")):
        assert answer.status_code == 403
        assert "has removed your admin rights" in answer.text
    page = bea.sees(at, "You still owe this customer support", "We do it ourselves.", "0patch Pro")
    assert f"{at}/dashboard" not in page
    with world.acting("acme"):
        assert parties.customer(world.customers["acme"]).ended_at is None
    assert anna.post("/admin-rights/remove", sure="yes").status_code == 409
    world.work()
    told = post.only("has removed your admin rights")
    assert "You still owe it support" in told["text"]
    assert "We do it ourselves." in told["text"]


@pytest.mark.behaviour("M33")
def test_a_colleague_without_the_role_reads_but_does_not_decide(
    world: World, programme_id: UUID, sign_in: Callable[..., Person]
) -> None:
    stage.won(world, programme_id)
    stage.ask(world)
    with world.acting():
        [anna] = parties.members(customer_id=world.customers["acme"])
        anna.roles = ["buyer"]
    anna_now = sign_in("anna", "/brightfield")
    page = anna_now.sees("/admin-rights", "Only an administrator of your company decides")
    assert "Give admin rights to my provider" not in page
    for form in ({"rights": "yes"}, {"rights": "no"}):
        assert anna_now.post("/admin-rights", **form).status_code == 403
    with world.acting():
        tried = select(TrailEntry.person_id).where(TrailEntry.what == "admin rights: answer refused")
        assert set(db.session().scalars(tried)) == {world.people["anna"].person_id}
    with world.acting():
        rights = admin_rights.newest(world.customers["acme"])
        assert rights is not None
        assert rights.state is RightsState.ASKED


@pytest.mark.behaviour("M32", "M34")
def test_the_provider_creates_what_an_indirect_reseller_asks_for(
    world: World, bea: Person, programme_id: UUID, sign_in: Callable[..., Person], post: PostOffice
) -> None:
    stage.rule(world, provider_creates=True)
    way, new = str(programme_id), "/reseller/customers/requests"
    bea.sees("/reseller/customers/invite", "created by the distributor", f"{new}/new")
    forged = bea.post("/reseller/customers/invite", **FERROW, channel=way)
    assert (forged.status_code, "do not create customers" in forged.text) == (403, True)
    assert "do not create customers" in why(world, "refused to add a customer")
    bea.sees(f"{new}/new", "Ask for admin rights, too")
    typed = {"programme": way, "company": "Ferrow & Sons", "name": "Carla", "email": "carla@ferrow.example"}
    far = bea.post(new, **typed, country="FR", words="Soon, please.")
    assert (far.status_code, "is in France" in far.text, "Soon, please." in far.text) == (422, True, True)
    asked = bea.places(new, **typed, country="DE", rights="y", words="Soon, please.").split("?")[0]
    bea.sees(asked, "Waits for an answer", "Soon, please.")
    bea.sees(f"{new}?q=ferrow", "Ferrow & Sons")
    world.work()

    nora = sign_in("nora")
    nora.sees("/distributor/customers/requests", "Ferrow & Sons", "Brightfield")
    at = asked.replace("/reseller/", "/distributor/")
    nora.sees(at, "Soon, please.", "Create the customer")
    created = nora.places(f"{at}/create").split("?")[0]
    nora.sees(created, "Ferrow & Sons", "Brightfield", "Indirect")
    assert nora.post(f"{at}/create").status_code == 409
    bea.sees(asked, "Created", "See the customer")
    bea.sees("/reseller/customers", "Ferrow & Sons")
    world.work()
    post.only("Brightfield asks for a customer: Ferrow", to="desk@northwind.example")
    post.only("Ferrow & Sons is your customer", to="bea@people.example")
    assert "asks for admin rights" in post.only("invites you to Ferrow", to="carla@ferrow.example")["text"]

    again = bea.places(new, **(typed | {"email": "d@ferrow.example"}), country="DE").split("?")[0]
    declined = again.replace("/reseller/", "/distributor/")
    assert nora.post(f"{declined}/decline", reason=" ").status_code == 422
    nora.places(f"{declined}/decline", reason="It is there already.")
    bea.sees(again, "Declined, for this reason", "It is there already.")
    assert bea.post(f"{again}/withdraw").status_code == 409


@pytest.mark.behaviour("M32")
def test_the_provider_creates_a_customer_without_being_asked(
    world: World, bea: Person, programme_id: UUID, sign_in: Callable[..., Person]
) -> None:
    nora = sign_in("nora")
    with world.acting():
        code = parties.reseller(world.resellers["brightfield"]).code
    at = f"/distributor/resellers/{code}/customers/new"
    nora.sees(at, "It adds its customers itself")
    typed = {
        "programme": str(programme_id),
        "company": "Willow",
        "name": "Wanda",
        "email": "w@willow.example",
    }
    refused = nora.post(at, **typed, country="DE")
    assert refused.status_code == 422
    relations = "/distributor/programmes/csp/relations"
    nora.sees(relations, "Indirect")
    wrong = nora.post(relations, provider_creates="y", same_area="y", region="DE XX")
    assert (wrong.status_code, "XX is no country" in wrong.text) == (422, True)
    nora.places(relations, provider_creates="y", same_area="y", region="de, at")
    nora.sees(relations, "DE AT", "relations changed")
    made = nora.places(at, **typed, country="AT").split("?")[0]
    nora.sees(made, "Willow", "created by the provider")
    bea.sees("/reseller/customers", "Willow")
    with world.acting():
        [willow] = db.session().scalars(select(Customer).where(Customer.name == "Willow"))
        assert willow.reseller_id == world.resellers["brightfield"]


@pytest.mark.behaviour("P3")
def test_a_console_goes_without_what_its_programmes_leave_out(
    world: World, bea: Person, hugo: Person
) -> None:
    rules = Relations(no_dashboard=True, no_agents=True)
    stage.partner(world, rules, channel=stage.Channel.DIRECT, code="patching")
    nav = bea.sees("/reseller/customers").split("<main")[0]
    assert 'href="/reseller/"' not in nav
    assert bea.get("/reseller/").headers["Location"] == "/reseller/customers"
    dashboard = f"/reseller/customers/{stage.of(world).code}/dashboard"
    for answer in (bea.get(dashboard), bea.post(f"{dashboard}/SUB-1/assign", to="x")):
        assert answer.status_code == 404
    everything = hugo.sees("/reseller/customers").split("<main")[0]
    theirs, others = (set(re.findall(r'href="(/reseller/[^"#?]*)"', one)) for one in (nav, everything))
    assert others - theirs == {"/reseller/"}  # all other pages are there
