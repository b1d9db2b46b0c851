"""The matrix of people and roles on its pages: the same at the distributor, a reseller and a customer; in
force at the next click of somebody who is signed in; and closed to whoever is no administrator, also past the
form."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from core import account_links, db
from core.parties import Membership
from core.tenancy import Side
from partners.invitations import Invitation
from sandbox.servers import Postgres
from tests.forms import forms_of
from tests.partners.test_logins import allow, limited, refusals
from tests.portal.test_accounts import sql
from tests.visits import Visit, make_app
from tests.world import World, open_portal, staff


@dataclass
class Place:
    """An organisation's page, its administrator, a simple person and what that one may not do without a
    role."""

    path: str
    at: str
    admin: str
    needs: str
    act: str
    form: dict[str, str]


PLACES = {
    "northwind": Place(
        "/distributor/staff",
        "",
        "nora",
        "billing_agent",
        "/distributor/tax-rates",
        {"country": "FR", "percent": "20", "first_day": "2030-01-01"},
    ),
    "brightfield": Place(
        "/reseller/team",
        "",
        "bea",
        "storefront_manager",
        "/reseller/prices/rounding",
        {"ending": "100.99"},
    ),
    "acme": Place("/people", "/brightfield", "anna", "buyer", "/checkout", {}),
}


@pytest.fixture
def web(world: World) -> Flask:
    open_portal(world)
    return make_app()


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest, world: World, web: Flask) -> Place:
    """Each organisation in turn, with Ben as a cloud administrator there."""
    who = str(request.param)
    reseller = None if who == "northwind" else world.resellers["brightfield"]
    side = {"northwind": Side.DISTRIBUTOR, "brightfield": Side.RESELLER}.get(who, Side.CUSTOMER)
    with world.acting():
        staff(world, "ben", side=side, reseller_id=reseller, customer_id=world.customers.get(who))
        member(world, "ben").roles = ["cloud_administrator"]
    return PLACES[who]


def member(world: World, person: str) -> Membership:
    chosen = select(Membership).where(Membership.id == world.people[person].membership_id)
    return db.session().scalars(chosen).one()


def matrix(visit: Visit, path: str) -> dict[str, list[str]]:
    """The matrix's fields as the page fills them."""
    [form] = [one for one in forms_of(visit.get(path).text) if one.action.endswith("/roles")]
    return form.fields


@pytest.mark.behaviour("I45", "I46", "I47")
def test_a_role_that_is_ticked_holds_at_the_next_click_of_an_open_session(
    world: World, web: Flask, place: Place
) -> None:
    admin, ben = Visit(web, place.at).sign_in(place.admin), Visit(web, place.at).sign_in("ben")
    refused = ben.post(place.act, place.form)
    assert refused.status_code == 403
    assert "Please ask an administrator" in refused.text
    fields, his = matrix(admin, place.path), f"role-{world.people['ben'].membership_id}"
    saved = admin.post(f"{place.path}/roles", fields | {his: ["cloud_administrator", place.needs]})
    assert saved.status_code == 303
    assert ben.post(place.act, place.form).status_code not in (401, 403), "his session is the same"
    admin.post(f"{place.path}/roles", matrix(admin, place.path) | {his: ["cloud_administrator"]})
    assert ben.post(place.act, place.form).status_code == 403
    assert re.search(r"Person roles changed", admin.get(place.path).text)


@pytest.mark.behaviour("I45", "I47")
def test_who_is_no_administrator_changes_nothing_by_page_or_by_hand(
    world: World, web: Flask, place: Place
) -> None:
    ben = Visit(web, place.at).sign_in("ben")
    page = ben.get(place.path)
    assert "Only an administrator changes roles and invites people." in page.text
    assert "checkbox" not in page.text
    own, admins = world.people["ben"].membership_id, world.people[place.admin].membership_id
    makes_himself = {"person": str(own), f"shown-{own}": "cloud_administrator", f"role-{own}": "admin"}
    invites = {"name": "M", "email": "m@x.example", "roles": "admin"}
    remove = f"{place.path}/{'' if place.path == '/people' else 'people/'}{admins}/remove"
    for path, form in ((f"{place.path}/roles", makes_himself), (place.path, invites), (remove, {})):
        assert ben.post(path, form).status_code == 403, path
    with world.acting():
        assert member(world, "ben").roles == ["cloud_administrator"]
        assert member(world, place.admin).ended_at is None
        assert not db.session().scalars(select(Invitation)).all()


def test_refused_by_page_and_the_boxes_stay_as_they_were_ticked(
    world: World, web: Flask, place: Place
) -> None:
    admin = Visit(web, place.at).sign_in(place.admin)
    fields, own = matrix(admin, place.path), world.people[place.admin].membership_id
    answer = admin.post(f"{place.path}/roles", fields | {f"role-{own}": ["buyer"]})
    assert answer.status_code == 422
    assert "is the last administrator here" in answer.text
    [again] = [form for form in forms_of(answer.text) if form.action.endswith("/roles")]
    assert again.fields[f"role-{own}"] == ["buyer"]
    assert again.fields[f"shown-{own}"] == ["admin"]


def test_a_removed_person_is_out_at_the_next_click(world: World, web: Flask, place: Place) -> None:
    admin, ben = Visit(web, place.at).sign_in(place.admin), Visit(web, place.at).sign_in("ben")
    assert ben.get(place.path).status_code == 200
    [remove] = re.findall(
        rf'formaction="[^"]*?({place.path}/[^"]*{world.people["ben"].membership_id}/remove)"',
        admin.get(place.path).text,
    )
    assert admin.post(remove).status_code == 303
    page = admin.get(place.path).text
    assert "ben@people.example" not in page
    assert "Person removed" in page
    assert ben.get(place.path).status_code == 401, "said once, in so many words"
    gone = ben.get(place.path)
    assert gone.status_code == 303
    assert "/sign-in" in gone.location
    assert ben.post(place.act, place.form).status_code == 401


def test_somebody_is_invited_the_link_sent_again_and_taken_back(
    world: World, web: Flask, place: Place
) -> None:
    admin = Visit(web, place.at).sign_in(place.admin)
    asked = {"name": "Pia", "email": "pia@people.example", "roles": ["buyer", "billing_agent"]}
    assert admin.post(place.path, asked).status_code == 303
    page = admin.get(place.path).text
    for act, state in (("resend", "pending"), ("revoke", "revoked")):
        [path] = re.findall(rf'action="[^"]*?({place.path}/invitations/[^"]*/{act})"', page)
        assert admin.post(path).status_code == 303
        with world.acting():
            assert db.session().scalars(select(Invitation.state)).one().value == state
    assert "Buyer, Billing agent" in page
    assert "Pia" not in admin.get(f"{place.path}.csv").text
    assert "Ben" in admin.get(f"{place.path}.csv").text


def test_the_list_is_searched_and_filtered_by_role(world: World, web: Flask, place: Place) -> None:
    admin = Visit(web, place.at).sign_in(place.admin)
    assert world.people["ben"].email in admin.get(place.path, role="cloud_administrator").text
    assert world.people["ben"].email not in admin.get(place.path, role="buyer").text
    assert "Nobody matches" in admin.get(place.path, q="nothing-like-it").text


@pytest.mark.behaviour("I32", "I47")
def test_the_distributor_lets_a_contact_in_as_an_administrator_and_nothing_else(
    world: World, web: Flask
) -> None:
    nora = Visit(web).sign_in("nora")
    found = re.search(
        r"/distributor/resellers/(RES-\w+)\"[^>]*>Brightfield", nora.get("/distributor/resellers").text
    )
    assert found
    path = f"/distributor/resellers/{found[1]}"
    form = {"person-name": "Carl", "person-email": "carl@brightfield.example", "person-roles": "buyer"}
    assert nora.post(f"{path}/people", form | {"person-email": "carl"}).status_code == 422
    assert nora.post(f"{path}/people", form).status_code == 303
    with world.acting():
        asked = db.session().scalars(select(Invitation)).one()
        assert (asked.side, asked.roles) == (Side.RESELLER, ["admin"])
        assert asked.reseller_id == world.resellers["brightfield"]
    again = nora.post(f"{path}/people", form)
    assert again.status_code == 409
    assert "has an open invitation already" in again.text


@pytest.mark.behaviour("H37", "H38")
def test_what_a_programme_allows_is_shown_and_refused_by_name(world: World, web: Flask) -> None:
    limited(world, 1, email_fixed=True)
    bea = Visit(web).sign_in("bea")
    assert "Gold partners allows 1 login" in bea.get("/reseller/team").text
    answer = bea.post("/reseller/team", {"name": "Ben", "email": "ben@x.example", "roles": "buyer"})
    assert answer.status_code == 409
    assert "no login is free" in answer.text
    assert 'value="ben@x.example"' in answer.text
    assert "Gold partners fixes this address" in bea.get("/profile").text
    moved = bea.post("/profile/email", {"email": "bea@new.example", "password": "Correct-horse-1"})
    assert moved.status_code == 403
    assert "fixes the address that you sign in with" in moved.text


@pytest.mark.behaviour("H38")
def test_a_link_that_was_sent_before_the_address_was_fixed_changes_nothing_either(
    world: World, web: Flask, postgres: Postgres
) -> None:
    limited(world, None)
    bea = Visit(web).sign_in("bea")
    asked = {"email": "bea@new.example", "password": "Correct-horse-1"}
    assert bea.post("/profile/email", asked).status_code == 303
    [(link_id,)] = sql(postgres, "SELECT id FROM account_links WHERE kind = 'email'")
    with world.acting():
        link = account_links.for_mail(UUID(str(link_id)), world.distributor_id)
    assert link
    allow(world, None, email_fixed=True)
    refused = bea.post(f"/profile/email/{link.token}")
    assert refused.status_code == 403
    assert "Gold partners fixes the address" in refused.text
    assert "bea@people.example" in bea.get("/profile").text
    assert refusals(world) == ["refused: the sign-in address is fixed"]
