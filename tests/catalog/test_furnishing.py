"""What a catalogue file says besides products and prices; and what is wrong with one, by name."""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from catalog import categories, loading, translations, upgrades
from catalog.loading import BadCatalogue
from catalog.products import Plan, Product, SaleState
from core import db
from tests.world import World

FILE: dict[str, Any] = {
    "currency": "EUR",
    "product_type": [
        {
            "code": "uem", "name": "UEM", "connector": "signed_licence", "audience": "customer",
            "attributes": [
                {"name": "Storage", "kind": "number", "unit": "GB"},
                {"name": "Region", "kind": "choice", "choices": ["EU", "US"]},
            ],
        }
    ],
    "product": [
        {
            "code": "uem-pro", "type": "uem", "name": "UEM Pro", "vendor": "Hexnode", "category": "Devices",
            "summary": "Devices.", "attributes": {"Storage": 50}, "words": {"de": {"name": "Geräte Pro"}},
            "plan": [
                {"code": "uem-m", "name": "Monthly", "term": "P1M", "price": "2.00", "markets": ["DE", "AT"]},
                {
                    "code": "uem-y", "name": "Yearly", "term": "P1Y", "price": "20.00", "state": "draft",
                    "attributes": {"Region": "EU"}, "segments": ["charity"], "words": {"de": "Jährlich"},
                },
            ],
        }
    ],
    "category": [{"name": "Security"}, {"name": "Devices", "below": "Security", "words": {"de": "Geräte"}}],
    "upgrade": [{"from": "uem-m", "to": "uem-y", "moves": "some"}],
}  # fmt: skip


def load(content: Mapping[str, Any]) -> None:
    loading.load(content, {"Partners": Decimal("0.85")})


def test_a_file_brings_attributes_words_categories_and_upgrades(world: World) -> None:
    with world.acting():
        load(FILE)
    with world.acting():
        session = db.session()
        product = session.scalars(select(Product).where(Product.code == "uem-pro")).one()
        monthly, yearly = session.scalars(
            select(Plan).where(Plan.product_id == product.id).order_by(Plan.code)
        )
        assert product.attributes == {"storage": "50"}
        assert (monthly.markets, monthly.state, monthly.published) == (
            ["DE", "AT"],
            SaleState.PUBLISHED,
            True,
        )
        assert (yearly.attributes, yearly.segments) == ({"region": "EU"}, ["charity"])
        assert (yearly.state, yearly.published) == (SaleState.DRAFT, False)
        words = translations.of([product, yearly])
        assert words[product.id, "de"].name == "Geräte Pro"
        assert words[yearly.id, "de"].name == "Jährlich"
        assert [one.code for one in upgrades.steps(monthly.id)] == ["uem-y"]
        order = [one.name for one in categories.ordered()]
        assert order.index("Devices") == order.index("Security") + 1


@pytest.mark.parametrize(
    ("where", "wrong", "words"),
    [
        (("product_type", 0, "attributes", 1, "choices"), ["EU"], "name at least two values"),
        (("product_type", 0, "attributes", 0, "kind"), "float", "text, number, choice, yes_no"),
        (("product", 0, "attributes"), {"Colour": "red"}, "no attribute 'Colour'; it has: Storage, Region"),
        (("product", 0, "attributes"), {"Storage": "much"}, "A number, such as 50"),
        (("product", 0, "state"), "gone", "draft, published, retired"),
        (("product", 0, "words"), {"xx": "?"}, "languages that are offered"),
        (("product", 0, "plan", 0, "markets"), ["Mars"], "“MARS” is no country"),
        (("product", 0, "plan", 0, "segments"), ["kings"], "commercial, education, charity"),
        (("upgrade", 0, "to"), "nothing", "leads from a plan to a plan"),
        (("category", 1, "below"), "Nowhere", "a category that comes before it"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    world: World, where: tuple[Any, ...], wrong: Any, words: str
) -> None:
    content = deepcopy(FILE)
    place: Any = content
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = wrong
    with pytest.raises(BadCatalogue, match=words), world.acting():
        load(content)
    with world.acting():
        assert db.session().scalar(select(Product.id).where(Product.code == "uem-pro")) is None
