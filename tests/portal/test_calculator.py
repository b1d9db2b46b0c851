"""The price calculator of the product's page: the step of the typed number, a unit, a period, the term; in
the page as it is sent, by its GET form, and while one types."""

import html
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from catalog import listings
from catalog.listings import Listing
from catalog.volumes import Volume
from core import db
from core.money import Money
from storefront import why
from tests.portal.conftest import Browser, counted
from tests.world import World, open_portal

CURRENT = re.compile(r'<tr class="is-current"[^>]*>(.*?)</tr>', re.S)


@pytest.fixture
def stepped(world: World) -> World:
    """Brightfield asks less from 10 and from 50 patches on."""
    open_portal(world)
    by_quantity(world, "patch-y", [[10, 23_95], [50, 21_95]])
    return world


def by_quantity(world: World, plan: str, steps: list[list[int]]) -> None:
    plan_id = world.plan(plan).id
    with world.acting("brightfield"):
        row = db.session().scalars(select(Listing).where(Listing.plan_id == plan_id)).one()
        row.steps = steps
        listings.changed(row.reseller_id)


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.behaviour("P23", "P53", "W16")
def test_typing_a_number_shows_its_step_a_unit_and_the_total(
    stepped: World, shop: Callable[..., Browser]
) -> None:
    browser, plan = shop("brightfield"), stepped.plan("patch-y").id
    for typed, step, unit, total in (
        ("1", "1 to 9", "€24.95", "€24.95"),
        ("9", "1 to 9", "€24.95", "€224.55"),
        ("10", "10 to 49", "€23.95", "€239.50"),
        ("49", "10 to 49", "€23.95", "€1,173.55"),
        ("50", "50 and more", "€21.95", "€1,097.50"),
    ):
        for path in ("/p/patch", "/p/patch/price"):
            page = browser.see(f"{path}?plan={plan}&quantity={typed}")
            [current] = CURRENT.findall(page)
            assert words(current) == f"Yours: {step} {unit}"
            assert f"Price per seat {unit} Total per year {total}" in words(page)
            assert "Plus VAT; the basket shows it." in page
            assert ("Why this price?" in page) == (unit != "€24.95")
        assert f'name="quantity" value="{typed}"' in browser.see(f"/p/patch?quantity={typed}")
    for typed in ("", "0", "-1", "2.5", "NaN", "1e309", "99999999", "10001"):
        answer = browser.see(f"/p/patch/price?quantity={typed}")
        assert "field__error" in answer
        assert "50 and more" in answer, "the steps are seen all the same"
        assert "Total" not in answer
        assert browser.get(f"/p/patch?quantity={typed}").status_code == 200


def test_steps_below_the_least_that_may_be_ordered_are_not_shown() -> None:
    volume = Volume(Money(24_95, "EUR"), ((10, 23_95), (50, 21_95)))
    for least, shown in (
        (1, ["1 to 9", "10 to 49", "50 and more"]),
        (20, ["20 to 49", "50 and more"]),
        (60, []),
    ):
        assert [one.words for one in why.ranges(volume, least, least=least)] == shown


def test_what_the_term_costs_is_said_where_it_is_billed_in_parts(
    stepped: World, shop: Callable[..., Browser]
) -> None:
    browser = shop("brightfield")
    year, month = stepped.plan("m365-bb-y").id, stepped.plan("m365-bb-m").id
    assert "In the whole term of 1 year €672.00" in words(
        browser.see(f"/p/m365-bb/price?plan={year}&quantity=10")
    )
    assert "In 12 months €720.00" in words(browser.see(f"/p/m365-bb/price?plan={month}&quantity=10"))
    assert "The minimum is 2 seats" in browser.see(f"/p/m365-bb/price?plan={year}&quantity=1")
    assert browser.get("/p/standard/price").status_code == 404


@pytest.mark.behaviour("P23", "W16")
def test_what_was_calculated_is_what_the_basket_and_the_order_ask(stepped: World, anna: Browser) -> None:
    plan = stepped.plan("patch-y").id
    assert anna.post("/basket", product="patch", plan=plan, quantity=9).status_code == 303
    assert "€224.55" in anna.see("/basket")
    line = anna.see("/basket").split('name="quantity-')[1].split('"')[0]
    assert anna.post("/basket/change", on="/basket", **{f"quantity-{line}": "50"}).status_code == 303
    page = anna.see("/basket")
    assert "€21.95" in page
    assert "€1,097.50" in page
    assert "€1,097.50" in anna.see("/checkout")
    placed = anna.post("/checkout", on="/checkout")
    code = placed.location.split("/orders/")[1].split("/")[0]
    by_quantity(stepped, "patch-y", [[10, 1_00]])  # what was sold stays as it was sold
    assert "€1,097.50" in anna.see(f"/orders/{code}")
    assert stepped.order(code).total.text == "€1,097.50"


def test_the_answer_is_kept_and_costs_one_statement(stepped: World, shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    browser.get("/help")
    for path in ("/p/patch?quantity=12", "/p/patch/price?quantity=12"):
        with counted() as cold:
            browser.see(path)
        with counted() as warm:
            browser.see(path)
        assert (len(cold) <= 4, len(warm)) == (True, 1), (cold, warm)
    by_quantity(stepped, "patch-y", [[12, 20_00]])
    assert "€20.00" in browser.see("/p/patch/price?quantity=12")


def test_asking_for_a_price_by_get_carries_no_token(anna: Browser) -> None:
    page = anna.see("/p/patch")
    [form] = re.findall(r'<form class="split split--between".*?</form>', page, re.S)
    assert 'type="hidden" name="csrf_token"' not in form
    assert re.search(r'<button[^>]* name="csrf_token" value="[^"]+"', form)
    assert 'formmethod="get" formaction="/brightfield/p/patch"' in form
