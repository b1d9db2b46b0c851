"""The catalogue at the console: prices that every shop shows on its next request, and files that say
everything that is wrong with them."""

import io
import re

from sqlalchemy import func, select

from catalog.catalogue_files import problems
from catalog.price_lists import WholesalePrice
from catalog.products import Plan, PlanCost, Product
from core import db
from core.trail import TrailEntry
from tests.visits import Visit
from tests.world import CATALOGUE, World, open_portal

CONNECTORS = frozenset({"reseller_plan", "signed_licence", "http_service"})
INPUT = re.compile(r'<input class="input"[^>]* name="([^"]+)" value="([^"]*)"')


def form_of(page: str, **changed: str) -> dict[str, str]:
    """What the product's form would send, with changes."""
    return {name: value for name, value in INPUT.findall(page)} | changed


def on_sale(world: World) -> dict[str, str]:
    """The checkbox of the only plan of 0patch."""
    return {f"on-{world.plan('patch-y').id}": "1"}


def save(world: World, nora: Visit, **changed: str):
    """Saves 0patch with some fields changed."""
    return nora.post(
        "/distributor/catalogue/patch",
        form_of(nora.get("/distributor/catalogue/patch").text, **on_sale(world) | changed),
    )


def test_prices_are_changed_and_kept_in_the_trail(world: World, nora: Visit) -> None:
    plan = world.plan("patch-y")
    fields = form_of(nora.get("/distributor/catalogue/patch").text)
    wholesale = next(name for name in fields if name.startswith("w-"))
    saved = save(world, nora, **{f"list-{plan.id}": "29.95", f"cost-{plan.id}": "20", wholesale: "22.50"})
    assert saved.status_code == 303
    with world.acting():
        session = db.session()
        assert session.scalars(select(Plan.list_minor).where(Plan.id == plan.id)).one() == 29_95
        assert session.scalars(select(PlanCost.cost_minor).where(PlanCost.plan_id == plan.id)).one() == 20_00
        assert (
            session.scalars(select(WholesalePrice.price_minor).where(WholesalePrice.plan_id == plan.id)).one()
            == 22_50
        )
        told = set(session.scalars(select(TrailEntry.what).where(TrailEntry.object_id == plan.id)))
    assert told == {"list price €29.95", "cost €20.00", "wholesale on Partners: €22.50"}
    page = nora.get("/distributor/catalogue/patch").text
    assert "we keep €2.50, 11.1 %" in page


def test_a_wrong_amount_keeps_every_input_and_saves_nothing(world: World, nora: Visit) -> None:
    plan = world.plan("patch-y")
    refused = save(world, nora, **{f"list-{plan.id}": "1,2,3", f"cost-{plan.id}": "19.99"})
    assert refused.status_code == 422
    assert 'value="1,2,3"' in refused.text
    assert 'value="19.99"' in refused.text
    assert "Enter an amount such as 12.50." in refused.text
    assert world.plan("patch-y").list_minor == 24_95


def test_a_hidden_product_leaves_every_shop_on_the_next_request(world: World, nora: Visit) -> None:
    open_portal(world)
    shop = Visit(nora.app, "/brightfield")
    assert "0patch" in shop.get("/").text
    assert nora.post("/distributor/catalogue/patch/sale", {"act": "withdraw"}).status_code == 303
    assert "0patch" not in shop.get("/").text
    assert "0patch Pro" not in shop.get("/search", q="0patch").text


def test_a_new_name_is_shown_and_found_everywhere(world: World, nora: Visit) -> None:
    open_portal(world)
    shop = Visit(nora.app, "/brightfield")
    assert "0patch Pro" in shop.get("/").text
    page = nora.get("/distributor/catalogue/patch/details").text
    words = {
        "seen": page.split('name="seen" value="')[1].split('"')[0],
        "name": "Zero Patch",
        "vendor": "0patch",
        "category": "Security",
        "summary": "Micropatches.",
    }
    assert nora.post("/distributor/catalogue/patch/details", words).status_code == 303
    assert "Zero Patch" in shop.get("/").text
    assert "Zero Patch" in shop.get("/search", q="zero").text


def test_an_empty_wholesale_price_takes_the_plan_off_the_list(world: World, nora: Visit) -> None:
    fields = form_of(nora.get("/distributor/catalogue/patch").text)
    wholesale = next(name for name in fields if name.startswith("w-"))
    assert save(world, nora, **{wholesale: ""}).status_code == 303
    with world.acting():
        plan = select(Plan.id).where(Plan.code == "patch-y").scalar_subquery()
        assert (
            db.session().scalar(
                select(func.count()).select_from(WholesalePrice).where(WholesalePrice.plan_id == plan)
            )
            == 0
        )


FILE = """
currency = "EUR"
[[product_type]]
code = "cloud"
name = "Cloud service"
connector = "http_service"
audience = "customer"
[[product]]
code = "huntress"
type = "cloud"
name = "Huntress EDR"
vendor = "Huntress"
category = "Security"
summary = "Managed detection."
[[product.plan]]
code = "huntress-m"
name = "Monthly"
term = "P1M"
price = "3.50"
"""


def upload(nora: Visit, content: str | bytes):
    """Sends a file."""
    raw = content.encode() if isinstance(content, str) else content
    return nora.post(
        "/distributor/catalogue-file",
        {"share": "85", "file": (io.BytesIO(raw), "catalogue.toml")},
        content_type="multipart/form-data",
    )


def test_a_file_adds_what_is_new_and_a_second_time_nothing(world: World, nora: Visit) -> None:
    first, second = upload(nora, FILE), upload(nora, FILE)
    assert "1 products with 1 plans are new" in first.text
    assert "0 products with 0 plans are new; 1 products were there already" in second.text
    assert "Huntress EDR" in nora.get("/").text
    open_portal(world)
    with world.acting():
        assert (
            db.session().scalar(select(func.count()).select_from(Product).where(Product.code == "huntress"))
            == 1
        )


def test_a_file_with_faults_changes_nothing_and_names_each(world: World, nora: Visit) -> None:
    broken = (
        FILE.replace('"http_service"', '"teleport"')
        .replace('"P1M"', '"P2M"')
        .replace('"3.50"', "3.50")
        .replace('vendor = "Huntress"\n', "")
    )
    answer = upload(nora, broken)
    assert answer.status_code == 422
    for fault in (
        "no connector is called",
        "term is one of P1M, P1Y, P3Y",
        "write amounts in quotes",
        "vendor is missing",
    ):
        assert fault in answer.text, fault
    with world.acting():
        assert (
            db.session().scalar(select(func.count()).select_from(Product).where(Product.code == "huntress"))
            == 0
        )


def test_what_is_no_catalogue_is_said(world: World, nora: Visit) -> None:
    for content, words in (
        ("currency = ", "no TOML"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"a = " + b"[" * 5000, "nested without an end"),
        ("x = 1", "does not name its currency"),
        ('currency = "EUR"', "no [[product]]"),
    ):
        answer = upload(nora, content)
        assert answer.status_code == 422
        assert words in answer.text, words


def test_a_value_of_another_kind_is_named_and_nothing_breaks(nora: Visit) -> None:
    for wanted, instead, words in (
        ('"3.50"', '"NaN"', "is no amount"),
        ('"3.50"', '"Infinity"', "is no amount"),
        ('"3.50"', '"1e309"', "is no amount"),
        ('"huntress"', "true", "code is small letters"),
        ('"huntress"', '"a/b"', "code is small letters"),
        ('"Monthly"', "{ a = 1 }", "name is words in quotes"),
        ('"3.50"', '"3.50"\nsteps = 7', "steps is a list of steps"),
        ('"3.50"', '"3.50"\nminimum = true', "minimum is a whole number"),
        ('"Huntress"', '"a\\u0000b"', "characters that no text has"),
        ('"3.50"', '"3.50"\nfeatures = { Storage = nan }', "numbers that are none"),
        ('connector = "http_service"', "connector = [1]", "connector is words in quotes"),
        (
            'connector = "http_service"',
            'connector = "http_service"\nby_usage = "x"',
            "by_usage is true or false",
        ),
        ('"huntress-m"', '"patch-y"', "another product has a plan of this code"),
    ):
        answer = upload(nora, FILE.replace(wanted, instead, 1))
        assert answer.status_code == 422, instead
        assert words in answer.text, instead


def test_the_worlds_own_catalogue_has_no_fault() -> None:
    assert problems(CATALOGUE, CONNECTORS) == []
