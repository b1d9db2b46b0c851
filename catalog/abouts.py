"""What a product's page says besides words and prices, as columns of the one statement that reads it: its
pictures, the languages it is written in, and what its plans can become."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

from catalog.categories import Category
from catalog.pictures import ProductPicture
from catalog.products import Plan, Product
from catalog.translations import Translation
from catalog.upgrades import PlanUpgrade
from core.tenancy import same_key

NONE: ColumnElement[Any] = literal_column("'[]'::jsonb", JSONB())


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a page shows it; its room is known before it is there."""

    name: str
    alt: str
    width: int
    height: int


_one = func.jsonb_build_array(
    ProductPicture.name, ProductPicture.alt, ProductPicture.width, ProductPicture.height
)
PICTURES = (
    select(func.coalesce(func.jsonb_agg(aggregate_order_by(_one, ProductPicture.position)), NONE))
    .where(same_key(ProductPicture.product_id, Product.id))
    .correlate(Product)
    .scalar_subquery()
)
"""The columns of `Picture`, the main one first."""
SLUG = func.coalesce(
    select(Category.slug)
    .where(same_key(Category.name, Product.category))
    .correlate(Product)
    .scalar_subquery(),
    "",
)
"""Of the category of a product; empty where that has no row."""
LANGUAGES = (
    select(
        func.coalesce(func.jsonb_agg(aggregate_order_by(Translation.language, Translation.language)), NONE)
    )
    .where(same_key(Translation.product_id, Product.id))
    .correlate(Product)
    .scalar_subquery()
)
_target, _whose = aliased(Plan), aliased(Product)
ONWARDS = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(func.jsonb_build_array(_whose.name, _target.name), PlanUpgrade.id)
            ),
            NONE,
        )
    )
    .select_from(PlanUpgrade)
    .join(_target, same_key(_target.id, PlanUpgrade.to_plan_id))
    .join(_whose, same_key(_whose.id, _target.product_id))
    .where(
        same_key(PlanUpgrade.from_plan_id, Plan.id),
        _target.published,
        _whose.published,
    )
    .correlate(Plan)
    .scalar_subquery()
)
"""(product, plan) of every plan that this one may become at once."""
