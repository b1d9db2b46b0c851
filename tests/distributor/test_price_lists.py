"""Price lists made by hand: with another one's prices, told apart by name, given to a reseller."""

from sqlalchemy import select

from catalog.price_lists import PriceList, WholesalePrice, wholesale
from core import db
from core.parties import Reseller
from tests.visits import Visit
from tests.world import World

AT = "/distributor/price-lists"


def test_a_new_list_begins_with_the_prices_of_another_one_and_is_given_to_a_reseller(
    world: World, nora: Visit
) -> None:
    like = str(world.price_list_id)
    answer = nora.post(AT, {"name": "Platinum", "currency": "eur", "like": like})
    assert answer.status_code == 303, answer.text
    page = nora.get(answer.location.removeprefix("http://shop.test"))
    assert "Platinum" in page.text
    assert "with the prices of" in page.text, "its timeline says where they come from"
    with world.acting():
        made = db.session().scalars(select(PriceList).where(PriceList.name == "Platinum")).one()
        assert wholesale(made.id) == wholesale(world.price_list_id) != {}
        row = (
            db.session()
            .scalars(select(WholesalePrice).where(WholesalePrice.price_list_id == made.id))
            .first()
        )
        assert row is not None
        row.price_minor += 1
    with world.acting():
        assert wholesale(made.id) != wholesale(world.price_list_id), "each has its own from then on"
    listed = nora.get("/distributor/resellers", prices=like).text
    assert "Brightfield" in listed
    assert "Brightfield" not in nora.get("/distributor/resellers", prices=str(made.id)).text
    assert f'value="{made.id}"' in nora.get(f"/distributor/resellers/{code_of(world)}").text


def code_of(world: World) -> str:
    with world.acting():
        return (
            db.session()
            .scalars(select(Reseller.code).where(Reseller.id == world.resellers["brightfield"]))
            .one()
        )


def test_what_no_list_can_be_is_refused_by_name(world: World, nora: Visit) -> None:
    like = str(world.price_list_id)
    with world.acting():
        name = db.session().scalars(select(PriceList.name)).first()
    for form, words in (
        ({"name": " ", "currency": "EUR"}, "A price list needs a name"),
        ({"name": str(name).upper(), "currency": "EUR"}, "There is a price list"),
        ({"name": "New", "currency": "XXQ"}, "Enter the code of a currency"),
        ({"name": "New", "currency": "CHF", "like": like}, "Prices are copied in their own currency"),
        ({"name": "New", "currency": "EUR", "like": "no-list"}, "price list"),
        ({"name": "x" * 61, "currency": "EUR"}, "longer than 60"),
    ):
        answer = nora.post(AT, form)
        assert answer.status_code in (409, 422), form
        assert words in answer.text, form
        assert form["name"].strip() in answer.text, "the form comes back filled"


def test_a_list_keeps_its_prices_under_another_name(world: World, nora: Visit) -> None:
    at = f"{AT}/{world.price_list_id}"
    assert nora.post(at, {"name": "Silver"}).status_code == 303
    assert "Silver" in nora.get(AT).text
    assert "0patch Pro" in nora.get(at).text
    assert "0patch Pro" in nora.get(f"{at}.csv").text


def test_products_and_resellers_are_named_as_people_name_them(world: World, nora: Visit) -> None:
    for form in ({"percent": "5", "product": "0patch Pro"}, {"percent": "5", "reseller": "Brightfield"}):
        assert nora.post("/distributor/margins/floors", form).status_code == 303, form
    page = nora.get("/distributor/margins").text
    assert '<option value="patch">0patch Pro</option>' in page
    wrong = nora.post("/distributor/margins/floors", {"percent": "5", "product": "Nothing like it"})
    assert wrong.status_code == 422
    assert 'value="Nothing like it"' in wrong.text
