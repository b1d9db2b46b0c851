"""Every page of the console: shown to staff, not there for anybody else, never empty without words."""

import re

import pytest
from sqlalchemy import select, update

from core import db
from core.parties import Customer, Membership, Reseller
from storefront.distributor import programme_pages
from tests.partners.programme_stage import open_programme
from tests.visits import Visit, make_app
from tests.world import World

PAGES = [
    "/",
    "/orders",
    "/work",
    "/tasks",
    "/webhooks",
    "/catalogue",
    "/catalogue/patch",
    "/catalogue-file",
    "/resellers",
    "/connectors",
    "/gateway",
    "/staff",
    "/time",
    "/subscriptions",
    "/customers",
    "/deliveries",
    "/invoices",
    "/payments",
    "/plans",
]


def test_every_page_of_an_empty_world(world: World, nora: Visit) -> None:
    assert {path: nora.get(f"/distributor{path}").status_code for path in PAGES} == dict.fromkeys(PAGES, 200)


def test_every_page_of_a_busy_world(busy: World, nora: Visit) -> None:
    with busy.acting():
        codes = [f"/resellers/{code}" for code in db.session().scalars(select(Reseller.code))]
        customers = [f"/customers/{code}" for code in db.session().scalars(select(Customer.code))]
    for path in (*PAGES, *codes, f"{codes[0]}/activate", *customers):
        page = nora.get(f"/distributor{path}")
        assert page.status_code == 200, path
        assert "style=" not in page.text, path


def test_a_programme_has_each_of_its_tabs_once(world: World, nora: Visit) -> None:
    open_programme(world)
    shown = nora.get("/distributor/programmes/gold").text
    tabs = shown[shown.index('aria-label="Pages of the programme"') :].partition("</nav>")[0]
    words = re.findall(r"<a [^>]*>([^<]*)", tabs)
    assert "Accounts" in words
    assert len(words) == len(set(words)) == len(programme_pages.PAGES)


def test_the_menu_leads_nobody_to_a_closed_door(world: World, nora: Visit) -> None:
    with world.acting():
        db.session().execute(
            update(Membership).where(Membership.name == "Nora").values(roles=["billing_agent"])
        )
    page = nora.get("/distributor/").text
    menu = set(re.findall(r'href="(/distributor/[a-z-]+)"', page))
    assert len(menu) > 30
    assert {path: nora.get(path).status_code for path in menu} == dict.fromkeys(menu, 200)


def test_an_empty_world_says_so(world: World, nora: Visit) -> None:
    assert "No orders yet" in nora.get("/distributor/orders").text
    assert "Nothing needs you" in nora.get("/distributor/work").text
    assert "Last checked" in nora.get("/distributor/work").text
    assert "No webhook came in yet" in nora.get("/distributor/webhooks").text


def test_no_match_is_not_the_same_as_nothing(busy: World, nora: Visit) -> None:
    assert "No order matches" in nora.get("/distributor/orders", q="nobody knows this").text
    assert "No product matches" in nora.get("/distributor/catalogue", q="nobody knows this").text
    assert "No reseller matches" in nora.get("/distributor/resellers", q="nobody knows this").text


@pytest.mark.promise("QS1")
@pytest.mark.parametrize("person", ["bea", "anna"])
def test_nobody_else_finds_the_console(world: World, person: str) -> None:
    visit = Visit(make_app()).sign_in(person)
    for path in (*PAGES, "/orders/ORD-X", "/resellers/RES-X"):
        assert visit.get(f"/distributor{path}").status_code == 404, path


def test_the_console_is_on_the_distributors_own_host_only(busy: World, nora: Visit) -> None:
    nora.at = "/brightfield"
    assert nora.get("/distributor/").status_code in (303, 404)


def test_ids_that_are_not_there_are_not_found(world: World, nora: Visit) -> None:
    for path in (
        "/orders/ORD-NONE",
        "/resellers/RES-NONE",
        "/catalogue/none",
        "/resellers/RES-NONE/activate",
    ):
        assert nora.get(f"/distributor{path}").status_code == 404, path
    for path in (
        "/deliveries/not-an-id/retry",
        "/tasks/not-an-id/retry",
        "/deliveries/01900000-0000-7000-8000-000000000000/retry",
    ):
        assert nora.post(f"/distributor{path}").status_code == 404, path


def test_who_lacks_the_role_is_denied_with_its_name(busy: World, nora: Visit) -> None:
    with busy.acting():
        nora_id = db.session().scalars(select(Membership.id).where(Membership.name == "Nora")).one()
        db.session().execute(update(Membership).where(Membership.id == nora_id).values(roles=["buyer"]))
    denied = nora.post("/distributor/connectors/http_service/pause", {"pause-why": "maintenance"})
    assert denied.status_code == 403
    assert "Cloud administrator" in denied.text


def test_a_form_without_its_token_changes_nothing(busy: World, nora: Visit) -> None:
    nora.token = "forged"
    assert nora.post("/distributor/time", {"days": "3"}).status_code == 400
