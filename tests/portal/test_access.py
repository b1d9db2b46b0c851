"""Signing in, choosing, invitations, and the pages that say no."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from core import db, parties
from core.parties import Membership
from core.tenancy import Side
from partners import invitations
from partners.invitations import Invitation
from tests.portal.conftest import HIDDEN, Browser
from tests.world import PASSWORD, World, open_portal, staff


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil"]
)
def test_signing_in_never_leads_to_another_site(shop: Callable[..., Browser], target: str) -> None:
    browser = shop("brightfield")
    typed = {"email": "anna@people.example", "password": PASSWORD, "next": target}
    answer = browser.client.post("/brightfield/sign-in", base_url="http://shop.test", data=typed)
    assert answer.location == "/brightfield/home"


@pytest.mark.parametrize("email", ["anna@people.example", "nobody@people.example", "zoe@people.example"])
def test_a_wrong_log_in_has_one_answer_and_keeps_the_address(
    shop: Callable[..., Browser], email: str
) -> None:
    password = PASSWORD if email.startswith("zoe") else "wrong"
    answer = shop("brightfield").post("/sign-in", email=email, password=password)
    assert answer.status_code == 422
    assert "do not match an account of this shop" in answer.text
    assert f'value="{email}"' in answer.text
    assert password not in answer.text


def test_a_page_of_mine_asks_to_sign_in_and_comes_back(shop: Callable[..., Browser]) -> None:
    assert (
        shop("brightfield").get("/services?q=x").location == "/brightfield/sign-in?next=%2Fservices%3Fq%3Dx"
    )


def test_a_customer_of_another_shop_is_told_where_it_is(shop: Callable[..., Browser], world: World) -> None:
    open_portal(world)
    anna = shop().sign_in("anna")
    answer = anna.get("/services")
    assert answer.status_code == 403
    assert "buys in another shop" in answer.text
    assert "0patch Pro" in anna.see("/")


def test_the_chooser_shows_this_shops_standings_and_marks_the_one_in_use(
    world: World, shop: Callable[..., Browser]
) -> None:
    open_portal(world)
    with world.acting():
        person = world.people["anna"].person_id
        db.add(
            Membership(
                person_id=person,
                side=Side.RESELLER,
                email="anna@people.example",
                name="Anna",
                roles=["admin"],
                reseller_id=world.resellers["brightfield"],
                customer_id=None,
                created_at=db.session().info["now"],
            )
        )
    anna = shop("brightfield").sign_in("anna")
    page = anna.see("/choose")
    assert page.count('name="standing"') == 2
    assert page.count("Here now") == 1
    customer = world.people["anna"].membership_id
    before = anna.cookie
    assert anna.post("/choose", on="/choose", standing=customer).location == "/brightfield/home"
    assert anna.cookie != before
    assert "No services yet" in anna.see("/services")
    assert anna.post("/choose", on="/choose", standing=world.people["zoe"].membership_id).status_code == 404


def test_a_form_without_the_token_is_refused(world: World, anna: Browser) -> None:
    typed = {"product": "patch", "plan": str(world.plan("patch-y").id), "quantity": "1"}
    answer = anna.client.post("/brightfield/basket", base_url="http://shop.test", data=typed)
    assert answer.status_code == 400
    assert "form is too old" in answer.text


def test_errors_are_pages_with_a_reference_and_a_way_back(shop: Callable[..., Browser]) -> None:
    page = shop("brightfield").get("/nowhere")
    assert page.status_code == 404
    assert page.headers["X-Request-Id"] in page.text
    assert 'href="/brightfield/"' in page.text
    assert "Traceback" not in page.text


# --- Invitations ----------------------------------------------------------------------------------


def invited(world: World, email: str = "nina@acme.example") -> str:
    """Brightfield invites somebody to Acme; the link's token."""
    with world.acting("brightfield"):
        invitation = invitations.invite(
            Side.CUSTOMER,
            email=email,
            name="Nina",
            roles=["buyer"],
            by="Bea",
            customer_id=world.customers["acme"],
        )
        return invitations.fresh_token(invitation)


def test_an_unknown_person_joins_with_a_name_and_a_password(
    world: World, shop: Callable[..., Browser]
) -> None:
    browser, token = shop("brightfield"), invited(world)
    assert "Choose a password" in browser.see(f"/invitations/{token}")
    weak = browser.post(f"/invitations/{token}", name="Nina", password="short")
    assert weak.status_code == 422
    assert "at least 8 characters" in weak.text.lower()
    assert 'value="Nina"' in weak.text
    assert browser.post(f"/invitations/{token}", name=" ", password=PASSWORD).status_code == 422
    assert browser.post(f"/invitations/{token}", name="Nina N.", password=PASSWORD).status_code == 303
    assert "Nina N." in browser.see("/services")
    assert (
        shop("brightfield").post(f"/invitations/{token}", name="Mallory", password=PASSWORD).status_code
        == 404
    )


def test_a_known_person_joins_with_the_password_they_have(world: World, shop: Callable[..., Browser]) -> None:
    with world.acting():
        staff(world, "paul", side=Side.DISTRIBUTOR)
    browser, token = shop("brightfield"), invited(world, "paul@people.example")
    assert "Your password" in browser.see(f"/invitations/{token}")
    assert browser.post(f"/invitations/{token}", password="Wrong-password-1").status_code == 422
    assert browser.post(f"/invitations/{token}", password=PASSWORD).status_code == 303
    assert "No services yet" in browser.see("/services")


def test_links_that_cannot_be_used_look_alike(world: World, shop: Callable[..., Browser]) -> None:
    browser, token = shop("brightfield"), invited(world)
    with world.acting():
        db.session().execute(update(Invitation).values(expires_at=Invitation.created_at))
    late, unknown = browser.get(f"/invitations/{token}"), browser.get("/invitations/unknown")
    assert late.status_code == unknown.status_code == 404
    assert without_names(late.text, token) == without_names(unknown.text, "unknown")
    for link in (token, "unknown"):
        assert browser.post(f"/invitations/{link}/again").location == "/brightfield/sign-in?said=asked-again"
    with world.acting():
        assert db.session().scalars(select(Invitation.sending)).one() == 2
    assert "Choose a password" not in shop("harbour").get(f"/invitations/{token}").text


def without_names(page: str, token: str) -> str:
    """A page without what differs for every request."""
    for value in HIDDEN.findall(page):
        page = page.replace(value[1], "")
    return page.replace(token, "").split("Reference")[0]


@pytest.mark.behaviour("U34")
def test_many_dashboards_are_searched_without_scripts(world: World, shop: Callable[..., Browser]) -> None:
    with world.acting():
        bea = world.people["bea"]
        for number in range(9):
            added = parties.add_customer(
                world.resellers["brightfield"], name=f"Company {number}", email=f"c{number}@x.example"
            )
            parties.add_member(
                bea.person_id,
                side=Side.CUSTOMER,
                email=bea.email,
                name=bea.name,
                roles=["admin"],
                reseller_id=world.resellers["brightfield"],
                customer_id=added.id,
            )
    page = shop().sign_in("bea")
    assert page.see("/choose").count('name="standing"') == 10
    found = page.see("/choose?q=company+7")
    assert found.count('name="standing"') == 1
    assert 'value="company 7"' in found
    assert "No account matches" in page.see("/choose?q=zebra")
    assert "Find an account" not in shop("brightfield").sign_in("anna").see("/choose")
