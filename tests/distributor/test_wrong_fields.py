"""What was typed and cannot be meant is said at its field, with what was typed; two who get into each other's
way are told so."""

import re
import threading
from decimal import Decimal

import pytest
from sqlalchemy import text

from catalog import entries, shelf_prices
from catalog.loading import Loaded
from catalog.products import touch_catalogue
from core import db, tenancy
from storefront.distributor import catalogue_loading
from tests.visits import Visit
from tests.world import CATALOGUE, World

AT = "/distributor"
LONG = "9" * 400
MORE = {"code": "more-y", "name": "Yearly", "term": "P1Y", "price": "9.00"}


def said_at(page: str, field: str) -> str:
    """What stands below a field."""
    found = re.search(rf'id="{field}-error"[^>]*>(.*?)</p>', page, re.S)
    return re.sub(r"<[^>]+>", "", found[1]) if found else ""


@pytest.mark.parametrize(
    ("path", "typed", "field", "words"),
    [
        ("promotions/new", {"name": "P", "percent": "10", "most_uses": LONG}, "most_uses", "too large"),
        ("promotions/new", {"name": "P", "percent": "NaN"}, "percent", "percentage"),
        ("promotions/new", {"name": "P", "amount": "1e309"}, "amount", "12.50"),
        ("catalogue/patch/plans/patch-y", {"markets": "DE, Atlantis"}, "markets", "ATLANTIS"),
        ("catalogue/patch/plans/patch-y", {"minimum": LONG}, "minimum", "too large"),
        ("margins", {"percent": "1e309"}, "percent", "between 0"),
        ("margins", {"percent": "5", "product": "Nothing"}, "product", "could not find"),
        ("exchange-rates", {"base": "EUR", "currency": "XYZ", "rate": "1"}, "currency", "no currency"),
        ("exchange-rates", {"base": "EUR", "currency": "USD", "rate": "NaN"}, "rate", "more than 0"),
    ],
)
def test_it_stands_at_its_field(
    world: World, nora: Visit, path: str, typed: dict[str, str], field: str, words: str
) -> None:
    page = nora.get(f"{AT}/{path}").text
    inputs = re.findall(r'<input [^>]*name="([^"]+)"[^>]*>', page)
    texts = re.findall(r'<input [^>]*name="([^"]+)"[^>]* type="(?:text|number)" value="([^"]*)"', page)
    assert set(typed) <= set(inputs)
    now = dict(texts)
    seen = dict(re.findall(r'name="(seen)" value="([^"]*)"', page))
    to = "margins/floors" if path == "margins" else path
    answer = nora.post(f"{AT}/{to}", now | seen | {"term": "P1Y", "billing_period": "P1Y"} | typed)
    assert answer.status_code == 422
    assert words in said_at(answer.text, field), answer.text
    assert all(f'value="{value}"' in answer.text for value in typed.values())


def test_who_loads_a_file_waits_for_a_change_of_prices_before_it_holds_anything(world: World) -> None:
    content = CATALOGUE | {"product": [CATALOGUE["product"][0] | {"code": "more", "plan": [MORE]}]}
    ends: list[Loaded] = []

    def loads() -> None:
        with tenancy.acting_as(world.scope()), db.transaction():
            ends.append(catalogue_loading.load(content, Decimal(1)))

    with world.acting():
        shelf_prices.take_turns()
        loader = threading.Thread(target=loads)
        loader.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not db.session().scalar(waiting):
            assert loader.is_alive()
        entries.index(world.resellers["house"])
        touch_catalogue()
    loader.join()
    assert [one.plans for one in ends] == [1]
