"""Accounts: who supports a customer, what that opens, and the terms before the first page. Brightfield is a
partner of Northwind's programme for managed security."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from core import db, parties
from core.parties import Customer
from core.trail import TrailEntry
from partners import enrolments, qualifications, support_types, terms
from partners.entry_terms import EntryAcceptance
from partners.qualifications import NoEvidence
from partners.support_types import BadType, Described
from subscriptions.subscriptions import Subscription
from tests.partners import programme_stage
from tests.reseller.conftest import Person
from tests.visits import Visit, make_app
from tests.world import World, open_portal

FERROW = {"company": "Ferrow & Sons", "name": "Carla Ruiz", "email": "carla@ferrow.example", "country": "de"}
VENDOR, PARTNER = "Vendor supported", "Partner supported"


@pytest.fixture(autouse=True)
def secured(world: World) -> None:
    """Brightfield has signed; the programme has two support types."""
    open_portal(world)
    programme_stage.open_programme(world, "secure")
    programme_stage.apply(world, "secure", email="bea@people.example")
    version = programme_stage.approve(world, "bea@people.example")
    programme_stage.sign(world, programme_stage.token(world, "bea@people.example"), version)
    with world.acting():
        programme = programme_stage.the_programme("secure")
        support_types.keep_type(programme, Described(VENDOR, "The vendor answers and mends."))
        support_types.keep_type(
            programme, Described(PARTNER, "You answer and mend.", needs_qualification=True, co_managed=True)
        )


def type_id(world: World, label: str) -> str:
    with world.acting():
        chosen = select(support_types.SupportType.id).where(support_types.SupportType.label == label)
        return str(db.session().scalars(chosen).one())


def qualify(
    world: World,
    *,
    managed_service: bool = True,
    remediation: bool = True,
    evidence: str = "Seen in a drill.",
) -> None:
    with world.acting():
        [enrolment] = enrolments.of_reseller(world.resellers["brightfield"])
        qualifications.record(
            enrolment,
            managed_service=managed_service,
            remediation=remediation,
            evidence=evidence,
            by="Nora",
        )


def options(page: str) -> list[str]:
    """The support types to choose from."""
    field = re.search(r'<select[^>]*name="support".*?</select>', page, re.S)
    return re.findall(r"<option[^>]*>([^<]+)</option>", field[0])[1:] if field else []


def code_of(world: World, customer: str = "acme") -> str:
    with world.acting():
        return parties.customer(world.customers[customer]).code


@pytest.mark.behaviour("U5", "U6", "U7", "U9")
def test_only_qualified_partners_choose_to_support_a_customer_themselves(world: World, bea: Person) -> None:
    page = bea.sees("/reseller/customers/invite", "Support type", "/reseller/money/support-types")
    assert options(page) == [VENDOR]
    bea.sees("/reseller/money/support-types", "You answer and mend.", "Only for qualified partners")
    assert bea.post("/reseller/customers/invite", **FERROW).status_code == 422
    forged = bea.post("/reseller/customers/invite", **FERROW, support=type_id(world, PARTNER))
    assert forged.status_code == 403
    assert "not qualified" in forged.text
    assert bea.post("/reseller/customers/invite", **FERROW, support=str(UUID(int=3))).status_code == 422
    with world.acting():
        assert db.session().scalars(select(Customer.name).where(Customer.name.like("Ferrow%"))).all() == []
        [noted] = db.session().scalars(select(TrailEntry).where(TrailEntry.what == "support type refused"))
        assert noted.person_id == world.people["bea"].person_id
    made = bea.places("/reseller/customers/invite", **FERROW, support=type_id(world, VENDOR)).split("?")[0]
    refused = bea.post(f"{made}/support", support=type_id(world, PARTNER))
    assert refused.status_code == 403
    bea.sees(f"{made}/settings", VENDOR)


@pytest.mark.behaviour("U6", "U8")
def test_a_partner_is_qualified_by_both_abilities_with_evidence(world: World, bea: Person) -> None:
    with pytest.raises(NoEvidence):
        qualify(world, evidence=" ")
    for managed_service, remediation in ((True, False), (False, True)):
        qualify(world, managed_service=managed_service, remediation=remediation)
        assert options(bea.sees("/reseller/customers/invite")) == [VENDOR]
    nora = Visit(make_app()).sign_in("nora")
    with world.acting():
        code = parties.reseller(world.resellers["brightfield"]).code
        [enrolment] = enrolments.of_reseller(world.resellers["brightfield"])
    at = f"/distributor/resellers/{code}/qualifications"
    both = {f"{enrolment.id}-managed_service": "y", f"{enrolment.id}-remediation": "y"}
    assert nora.post(f"{at}/{enrolment.id}", both).status_code == 422
    told = both | {f"{enrolment.id}-evidence": "Seen in a drill."}
    assert nora.post(f"{at}/{enrolment.id}", told).status_code == 303
    assert "Seen in a drill." in nora.get(at).text
    assert options(bea.sees("/reseller/customers/invite")) == [VENDOR, PARTNER]


@pytest.mark.behaviour("U14", "U29", "U30", "U31")
def test_the_dashboard_of_a_customer_opens_only_to_the_partner_that_supports_it(
    world: World, bea: Person, sign_in: Callable[..., Person]
) -> None:
    qualify(world)
    world.fund_by_hand(world.buys("acme", "patch-y", 2))
    world.work(5)
    code = code_of(world)
    at = f"/reseller/customers/{code}"
    settings, dashboard = f"{at}/settings", f"{at}/dashboard"
    assert settings in bea.sees("/reseller/customers")
    bea.places(f"{at}/support", support=type_id(world, VENDOR))
    page = bea.sees("/reseller/customers", VENDOR)
    assert dashboard not in page
    refused = bea.get(dashboard)
    assert refused.status_code == 403
    assert "You do not support Acme yourself" in refused.text
    with world.acting("acme"):
        service = db.session().scalars(select(Subscription.code)).one()
    assert bea.post(f"{dashboard}/{service}/assign", to="anna@acme.example").status_code == 403

    bea.places(f"{at}/support", support=type_id(world, PARTNER))
    assert dashboard in bea.sees("/reseller/customers", PARTNER)
    bea.sees(dashboard, "0patch Pro", "Free")
    bea.places(f"{dashboard}/{service}/assign", to="anna@acme.example")
    page = bea.sees(dashboard, "anna@acme.example")
    assert bea.post(f"{dashboard}/{service}/assign", to="anna@acme.example").status_code in (409, 422)
    seat = re.search(r'name="seat" value="([^"]+)"', page)
    assert seat
    bea.places(f"{dashboard}/{service}/release", seat=seat[1])
    assert "anna@acme.example" not in re.sub(r"<aside.*", "", bea.sees(dashboard), flags=re.S)
    assert f"/reseller/subscriptions/{service}" in bea.sees(dashboard)  # where it is cancelled
    hugo = sign_in("hugo")
    for path in (dashboard, settings):
        assert hugo.get(path).status_code == 404
    assert hugo.post(f"{dashboard}/{service}/assign", to="hugo").status_code == 404


def test_a_service_of_another_customer_is_not_reached_through_a_dashboard(world: World, bea: Person) -> None:
    """The seat is given in a wider scope, so whose service it is is asked there once more."""
    qualify(world)
    open_portal(world, "harbour")
    world.fund_by_hand(world.buys("zebra", "patch-y", 2))
    world.work(5)
    with world.acting("zebra"):
        service = db.session().scalars(select(Subscription.code)).one()
    at = f"/reseller/customers/{code_of(world)}"
    bea.places(f"{at}/support", support=type_id(world, PARTNER))
    assert bea.post(f"{at}/dashboard/{service}/assign", to="bea").status_code == 404


@pytest.mark.behaviour("U3", "U4")
def test_the_terms_come_before_every_page_and_lead_to_the_accounts(
    world: World, bea: Person, hugo: Person
) -> None:
    with world.acting():
        support_types.set_rules(programme_stage.the_programme("secure"), terms_first=True)
    bea.sees("/reseller/customers")  # nothing is published yet
    with world.acting():
        terms.publish("# Terms\n\nBe fair.", reseller_id=None, by="Nora")
    pages = 0
    app = make_app()
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("reseller.") or rule.rule == "/reseller/agreement":
            continue
        path = re.sub(r"<[^>]+>", "0193b3a0-0000-7000-8000-000000000000", rule.rule)
        if "GET" in (rule.methods or ()):
            answer = bea.get(path)
            assert (answer.status_code, answer.headers.get("Location")) == (303, "/reseller/agreement"), path
            pages += 1
        else:
            bea.sees("/reseller/agreement")
            refused = bea.post(path)
            assert refused.status_code == 403, path
            assert "agree to them first" in refused.text
    assert pages > 30
    text = bea.sees("/reseller/agreement", "Be fair.")
    assert bea.post("/reseller/agreement").status_code == 422
    version = re.search(r'name="agreed" value="([^"]+)"', text)
    assert version
    assert bea.places("/reseller/agreement", agreed=version[1]) == "/reseller/customers"
    bea.sees("/reseller/")
    hugo.sees("/reseller/")  # a partner of no such programme
    with world.acting():
        [kept] = db.session().scalars(select(EntryAcceptance))
        assert (kept.name, kept.number, len(kept.digest)) == ("Bea", 1, 64)
        terms.publish("# Terms\n\nBe fairer.", reseller_id=None, by="Nora")
    assert bea.get("/reseller/").headers["Location"] == "/reseller/agreement"
    bea.sees("/reseller/agreement")
    assert bea.post("/reseller/agreement", agreed=version[1]).status_code == 409


def test_types_are_data_of_the_programme_and_names_are_used_once(world: World) -> None:
    nora = Visit(make_app()).sign_in("nora")
    at = "/distributor/programmes/secure/accounts"
    assert VENDOR in nora.get(at).text
    shared = {"new-label": "Shared", "new-definition": "Both answer.", "new-offered": "y"}
    assert nora.post(f"{at}/types", shared).status_code == 303
    assert nora.post(f"{at}/types", shared | {"new-label": "SHARED"}).status_code == 422
    mine = type_id(world, "Shared")
    changed = {f"{mine}-label": "Shared", f"{mine}-definition": "Both do."}
    assert nora.post(f"{at}/types/{mine}", changed).status_code == 303
    assert nora.post(at, {"terms_first": "y"}).status_code == 303
    page = nora.get(at).text
    assert "Both do." in page
    assert "Not offered" in page
    with world.acting("brightfield"):
        names = [one.label for one in support_types.offered(world.resellers["brightfield"])]
    assert names == [VENDOR, PARTNER]
    with world.acting(), pytest.raises(BadType):
        support_types.keep_type(programme_stage.the_programme("secure"), Described("Empty", " "))
