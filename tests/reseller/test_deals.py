"""Deals on the reseller's pages: registering, being refused by name, changing, giving up, and the customers
that come of it."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from core import db
from core.parties import Membership
from partners import enrolments
from partners.deals import Deal
from tests.partners.deal_stage import OTTER, REASONS, approve, approved, open_deals, register, told_about
from tests.reseller.conftest import Person
from tests.world import World, open_portal

NEW = "/reseller/deals/new"


@pytest.fixture
def partners(world: World) -> World:
    """Brightfield and Harbour are partners of the gold programme, which wants deals before customers."""
    open_deals(world, before_customers=True)
    return world


@pytest.mark.behaviour("H5", "H29")
def test_a_partner_registers_a_lead_and_follows_it(partners: World, bea: Person) -> None:
    bea.sees("/reseller/deals", "No deals yet")
    bea.sees(NEW, "Gold partners", "valid for 90 days", "once its deal is approved")
    at = bea.places(NEW, **OTTER)
    page = bea.sees(at.split("?")[0], "Pending", "€4,800.00", "Olga Otter", "registered")
    assert "Invite this customer" not in page
    code = at.split("/deals/")[1].split("?")[0]
    bea.sees("/reseller/deals?q=otterbach", code, "Pending")
    assert code not in bea.sees("/reseller/deals?show=closed")
    assert code in bea.sees("/reseller/deals.csv?sort=-value&state=pending")
    approve(partners, code)
    bea.sees(f"/reseller/deals/{code}", "Approved", "89 days left", "Invite this customer")


def test_a_refused_form_comes_back_filled(partners: World, bea: Person) -> None:
    bea.get(NEW)
    for wrong, words in (
        ({"website": "gmail.com"}, "own website"),
        ({"value": "many"}, "Enter an amount"),
        ({"seats": "0"}, "At least one"),
        ({"may_share": ""}, "consent"),
        ({"closes_on": "2001-01-01"}, "day to come"),
    ):
        typed = {name: value for name, value in (OTTER | wrong).items() if value}
        answer = bea.post(NEW, **typed)
        assert answer.status_code == 422, wrong
        assert words in answer.text
        assert 'value="Olga Otter"' in answer.text
    with partners.acting():
        assert db.session().scalars(select(Deal)).all() == []


@pytest.mark.behaviour("H31")
def test_a_lead_that_another_holds_is_refused_by_name_and_noted(
    partners: World, bea: Person, hugo: Person
) -> None:
    register(partners)
    hugo.get(NEW)
    waits = hugo.post(NEW, **OTTER)
    assert waits.status_code == 409
    assert "before you" in waits.text
    with partners.acting():
        code = db.session().scalars(select(Deal.code)).one()
    approve(partners, code)
    held = hugo.post(NEW, **OTTER)
    assert held.status_code == 409
    assert REASONS[0] in held.text
    assert OTTER["contact_name"] in held.text
    assert "Brightfield" not in held.text
    assert code not in held.text
    assert "before you" not in held.text
    with partners.acting():
        [mine] = enrolments.of_reseller(partners.resellers["harbour"])
        assert told_about(mine.id).count("lead refused") == 2
    assert hugo.get(f"/reseller/deals/{code}").status_code == 404


@pytest.mark.behaviour("H5")
def test_who_is_no_partner_is_told_so_on_the_page_and_when_it_posts_past_it(
    world: World, bea: Person, hugo: Person
) -> None:
    open_deals(world, "brightfield")
    hugo.sees(NEW, "No programme of yours takes deals")
    refused = hugo.post(NEW, **OTTER)
    assert refused.status_code == 403
    assert "Only active partners of Gold partners" in refused.text
    assert hugo.post(NEW, **(OTTER | {"programme": "nothing"})).status_code == 404


@pytest.mark.behaviour("H10")
def test_a_customer_is_invited_once_its_deal_is_approved(partners: World, bea: Person, hugo: Person) -> None:
    for reseller in ("brightfield", "harbour"):
        open_portal(partners, reseller)
    form = {
        "company": "Otterbach Logistik",
        "name": "Olga Otter",
        "email": "olga@otterbach.example",
        "country": "DE",
    }
    bea.get("/reseller/customers/invite")
    early = bea.post("/reseller/customers/invite", **form)
    assert early.status_code == 422
    assert "has no approved deal. Register it under Deals" in early.text
    assert 'value="Olga Otter"' in early.text
    code = approved(partners)
    filled = bea.sees(f"/reseller/customers/invite?deal={code}")
    assert 'value="Otterbach Logistik GmbH"' in filled
    assert 'value="olga@otterbach.example"' in filled
    hugo.get("/reseller/customers/invite")
    taken = hugo.post("/reseller/customers/invite", **form)
    assert taken.status_code == 409
    assert "Another partner" in taken.text
    assert hugo.get(f"/reseller/customers/invite?deal={code}").status_code == 404
    bea.places("/reseller/customers/invite", **form)
    with partners.acting():
        for reseller in ("brightfield", "harbour"):
            assert "refused because of a deal" in told_about(partners.resellers[reseller])


@pytest.mark.behaviour("M80")
def test_what_is_open_is_changed_by_the_version_that_was_seen(partners: World, bea: Person) -> None:
    code = register(partners)
    page = f"/reseller/deals/{code}"
    bea.sees(page)
    changed = OTTER | {"seats": "55", "comment": "They <like> it.", "version": "1"}
    bea.places(page, **changed)
    bea.sees(page, "55", "They <like> it.")
    late = bea.post(page, **changed)
    assert late.status_code == 409
    assert "has changed since" in late.text
    bad = bea.post(page, **(changed | {"version": "2", "value": "x"}))
    assert bad.status_code == 422
    assert bea.post(f"{page}/lost", version="2").status_code == 409  # it is not approved
    bea.places(f"{page}/withdraw", version="2")
    assert "Give it up" not in bea.sees(page, "Withdrawn")


def test_a_member_who_only_looks_after_subscriptions_registers_nothing(
    partners: World, bea: Person, sign_in: Callable[..., Person]
) -> None:
    with partners.acting():
        db.session().execute(
            update(Membership).where(Membership.name == "Bea").values(roles=["subscriptions_manager"])
        )
    bea = sign_in("bea")
    bea.sees("/reseller/deals")
    assert bea.post(NEW, **OTTER).status_code == 403


@pytest.mark.behaviour("H41", "H42")
def test_customer_portals_are_listed_and_exported(world: World, bea: Person) -> None:
    open_portal(world)
    bea.get("/reseller/customers/invite")
    bea.places(
        "/reseller/customers/invite",
        company="=Ferrow & Sons",
        name="Finn",
        email="finn@ferrow.example",
        country="DE",
    )
    bea.sees("/reseller/customers", "=Ferrow & Sons", "Acme")
    answer = bea.get("/reseller/customers.csv")
    assert answer.mimetype == "text/csv"
    assert "'=Ferrow & Sons" in answer.text
    assert "finn@ferrow.example" in answer.text
    assert "Acme" in answer.text
    assert "Zebra" not in answer.text  # another reseller's
