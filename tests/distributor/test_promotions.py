"""Promotions and partner codes on both consoles, and in the shop: made by forms that come back filled, shown
where they hold, guessed at in vain."""

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from catalog import partner_codes, promotions
from catalog.partner_codes import CodeRedemption, PartnerCode
from catalog.promotions import Promotion, Terms
from checkout import orders
from core import db
from storefront.fragments import FRAGMENTS
from tests.portal.conftest import HIDDEN, Browser, counted
from tests.visits import Visit, make_app
from tests.world import World, open_portal

SALE = {
    "name": "Spring sale",
    "percent": "12.5",
    "goods": ["vendors:0patch"],
    "bearer": "vendor",
    "combines": "y",
    "most_uses": "7",
}


@pytest.fixture
def web(world: World) -> Flask:
    """The application over the world, with Brightfield's portal open."""
    FRAGMENTS.clear()
    open_portal(world)
    return make_app()


@pytest.fixture
def staff(web: Flask) -> Callable[[str], Visit]:
    """Somebody signed in at the distributor's address."""
    return lambda person: Visit(web).sign_in(person)


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def count(world: World, model: type[db.Model]) -> int:
    with world.acting():
        return int(db.session().scalar(select(func.count()).select_from(model)) or 0)


def test_a_promotion_goes_from_the_form_to_its_uses_and_its_end(
    world: World, staff: Callable[[str], Visit]
) -> None:
    nora = staff("nora")
    wrong = nora.post("/distributor/promotions/new", SALE | {"percent": "120", "name": "Too much"})
    assert wrong.status_code == 422
    assert 'value="Too much"' in wrong.text
    assert 'value="120"' in wrong.text
    assert re.search(r'selected[^>]*value="vendors:0patch"', wrong.text)
    assert count(world, Promotion) == 0
    made = nora.post("/distributor/promotions/new", SALE)
    assert made.status_code == 303
    page = made.location.split("?")[0].removeprefix("http://shop.test")
    assert 'value="12.5"' in nora.get(f"{page}/edit").text
    assert nora.post(f"{page}/edit", SALE | {"percent": "10"}).status_code == 303
    assert nora.post(f"{page}/publish").status_code == 303
    assert nora.post(f"{page}/edit", SALE).status_code == 422, "what was announced stays as it was announced"
    world.buys("acme", "patch-y", 2)
    said = words(nora.get(page).text)
    assert "Running" in said
    assert "Given so far, net €4.24" in said
    assert "1 / 7" in said
    assert "The vendor" in said
    listed = words(nora.get("/distributor/promotions?q=spring").text)
    assert "10 %" in listed
    assert "€4.24" in listed
    assert "Spring sale" in nora.get("/distributor/promotions.csv").text
    order = re.search(r"/distributor/orders/ORD-\w+", nora.get(page).text)
    assert order
    assert "Wholesale: Spring sale −€4.24, borne by: The vendor" in words(nora.get(order[0]).text)
    bea = staff("bea")
    ours = words(bea.get("/reseller/discounts").text)
    assert "Spring sale" in ours
    assert "vendor" not in ours.split("Running for you")[1].lower()
    assert bea.get("/reseller/promotions").text.count("Spring sale") == 0
    assert nora.post(f"{page}/stop").status_code == 303
    assert "Your distributor has no promotion running" in bea.get("/reseller/discounts").text
    assert nora.post(f"{page}/publish").status_code == 409


def test_a_resellers_promotion_stands_on_the_shelf_in_basket_and_order_at_the_same_price(
    world: World, web: Flask, staff: Callable[[str], Visit]
) -> None:
    bea = staff("bea")
    own = {"name": "Own sale", "percent": "20", "ends_on": "2099-12-31", "goods": ["categories:Security"]}
    world.give_credit("brightfield", 10_000)  # the reduced price is below wholesale
    page = bea.post("/reseller/promotions/new", own).location.split("?")[0].removeprefix("http://shop.test")
    anna = Browser(web.test_client(), "/brightfield").sign_in("anna")
    assert "One plan is sold below what you pay 0patch Pro, Yearly" in words(bea.get(page).text)
    assert "Own sale" not in anna.see("/p/patch")
    assert bea.post(f"{page}/publish").status_code == 303
    for path in ("/c/security", "/p/patch", "/search?q=patch"):
        shown = anna.see(path)
        assert "€19.96" in shown, path
        assert re.search(r"<del[^>]*>.*?€24.95</del>", shown), path
        assert "Until 31 Dec 2099" in shown, path
        with counted() as warm:
            anna.see(path)
        assert len(warm) == 1 or path.startswith("/search"), "the reduced price costs no statement"
    compared = anna.see("/compare?product=patch&product=m365-bb")
    assert "€19.96" in compared
    assert "€24.95" not in compared, "side by side a plan costs what it costs elsewhere in the shop"
    assert "Own sale" in anna.see("/p/patch")
    assert "€5.60" in anna.see("/p/m365-bb"), "it is not for this one"
    with counted() as adding:
        anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=2)
    assert len([text for text in adding if "put_in_basket" in text]) == 1
    basket = words(anna.see("/basket"))
    assert "Own sale: −€4.99 · until 31 Dec 2099 before €24.95 €19.96" in basket
    assert "Before discounts €49.90 Own sale -€9.98 Net €39.92" in basket
    seen = dict(HIDDEN.findall(anna.see("/checkout")))["seen_total"]
    assert seen == "3992"
    lies = {
        "discount": "100",
        "percent": "99",
        "cuts": "1",
        "promotion_id": "x",
        "code": "PC-1",
        "coupon": "ALL",
    }
    placed = anna.post("/checkout", on="/checkout", **lies)
    code = placed.location.split("/orders/")[1].split("/")[0]
    assert world.order(code).total.minor == 3992, "nothing forged changes the price"
    order = words(anna.see(f"/orders/{code}"))
    assert "Own sale: −€4.99" in order
    assert "Before discounts €49.90 Own sale -€9.98" in order
    ours = words(bea.get(f"/reseller/orders/{code}").text)
    assert "Own sale: −€9.98" in ours
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    form = dict(HIDDEN.findall(anna.see("/checkout")))
    assert bea.post(f"{page}/stop").status_code == 303
    assert "€19.96" not in anna.see("/p/patch"), "the next request draws anew"
    late = anna.client.post("/brightfield/checkout", base_url="http://shop.test", data=form)
    assert late.status_code == 409
    assert "the total is now €24.95" in words(late.text)
    with world.acting():
        line = orders.lines(orders.find(code).id)[0]
        assert (line.unit_minor, line.list_minor) == (1996, 2495)


@pytest.mark.behaviour("P24", "P26")
def test_a_code_is_issued_typed_in_where_a_plan_is_chosen_and_guessed_at_in_vain(
    world: World, web: Flask, staff: Callable[[str], Visit]
) -> None:
    nora, hugo, bea = staff("nora"), staff("hugo"), staff("bea")
    form = {
        "reseller": str(world.resellers["harbour"]),
        "name": "First order",
        "percent": "20",
        "combines": "y",
    }
    wrong = nora.post("/distributor/partner-codes/new", form | {"percent": "0"})
    assert wrong.status_code == 422
    assert 'value="First order"' in wrong.text
    issued = nora.post("/distributor/partner-codes/new", form)
    code = issued.location.split("/partner-codes/")[1].split("?")[0]
    assert "49.00" in hugo.get("/reseller/plans/standard-m").text
    theirs = bea.post("/reseller/discounts", {"code": code})
    unknown = bea.post("/reseller/discounts", {"code": "PC-AAAAAAAAAA"})
    said = re.compile(r'id="partner-code-error".*?<span>(.*?)</span>')
    assert theirs.status_code == unknown.status_code == 422
    assert said.findall(theirs.text) == said.findall(unknown.text) != []
    assert theirs.text.replace(code, "X").count("First order") == 0
    assert hugo.post("/reseller/plans/standard-m/discount", {"code": "PC-NO"}).status_code == 422
    assert hugo.post("/reseller/plans/standard-m/discount", {"code": code.lower()}).status_code == 303
    plan = words(hugo.get("/reseller/plans/standard-m").text)
    assert "before €49.00 €39.20" in plan
    assert "First order: −€9.80" in plan
    assert "on your account" in hugo.get("/reseller/discounts").text
    assert "Hugo" in nora.get(f"/distributor/partner-codes/{code}").text
    tried = [bea.post("/reseller/discounts", {"code": f"PC-{n}"}).status_code for n in range(12)]
    assert tried[:2] == [422, 422]
    assert tried[-1] == 429, "guessing ends"
    with world.acting():
        assert db.session().scalars(select(CodeRedemption.name)).all() == ["Hugo"]
    assert nora.post(f"/distributor/partner-codes/{code}/revoke", {"why": ""}).status_code == 422
    assert nora.post(f"/distributor/partner-codes/{code}/revoke", {"why": "A mistake."}).status_code == 303
    assert "€39.20" not in hugo.get("/reseller/plans/standard-m").text
    assert "A mistake" not in hugo.get("/reseller/discounts").text


def test_only_those_who_may_change_promotions(world: World, staff: Callable[[str], Visit]) -> None:
    with world.acting():
        theirs = promotions.add(Terms("Ours", basis_points=100), by="Nora").code
        code = partner_codes.issue(
            world.resellers["harbour"], partner_codes.Terms("Theirs", 100), by="Nora"
        ).code
    bea = staff("bea")
    assert bea.get(f"/reseller/promotions/{theirs}").status_code == 404
    assert bea.post(f"/reseller/promotions/{theirs}/publish").status_code == 404
    assert code not in bea.get("/reseller/discounts").text
    assert count(world, PartnerCode) == 1
