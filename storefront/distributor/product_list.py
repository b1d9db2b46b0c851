"""The catalogue's list: products by name, searched in whatever language they are written."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from werkzeug.wrappers import Response

from catalog.products import Plan, Product, ProductType, SaleState
from catalog.translations import Translation
from core import db
from core.languages import _
from core.money import Money
from core.tenancy import same_key
from storefront import exports, lists, pages
from storefront.distributor import console, product_pages
from storefront.lists import Column, List
from storefront.visitors import has_role


@console.get("/catalogue")
def product_list() -> Response:
    """Products by name."""
    with db.transaction():
        page = lists.page(the_list(), products())
    return pages.render(
        "distributor/products.html",
        title=_("Catalogue"),
        page=page,
        may_change=has_role("storefront_manager"),
    )


@console.get("/catalogue.csv")
def product_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), products())


def the_list() -> List:
    """What the list is; call it in a transaction, because its types are rows."""
    types = [
        (row.code, row.name) for row in db.session().scalars(select(ProductType).order_by(ProductType.name))
    ]
    return List(
        _("Products"),
        "distributor.product_list",
        [
            Column("name", _("Product"), itemgetter("name"), Product.name),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("vendor", _("Vendor"), itemgetter("vendor"), Product.vendor),
            Column("category", _("Category"), itemgetter("category"), Product.category),
            Column("type", _("Type"), itemgetter("type")),
            Column("plans", _("Plans"), itemgetter("plans"), kind="num"),
            Column("from", _("List price from"), itemgetter("from"), kind="num", money=True),
            Column("state", _("State"), itemgetter("state")),
        ],
        Product.id,
        rows_of,
        "name",
        search=found_by,
        filters=[
            lists.Choice("type", _("Type"), types, lambda code: ProductType.code == code, _("All types")),
        ],
        views=lists.Choice(
            "show",
            _("State"),
            [*product_pages.STATES.options(), ("archived", _("Archive"))],
            lambda word: (
                Product.archived_at.is_not(None)
                if word == "archived"
                else (Product.state == SaleState(word)) & Product.archived_at.is_(None)
            ),
            any_word=_("All"),
        ),
        export="distributor.product_file",
        always=None if request.args.get("show") == "archived" else Product.archived_at.is_(None),
    )


def products() -> Select[Product, ProductType]:
    """Products with their types."""
    return select(Product, ProductType).join(ProductType, same_key(ProductType.id, Product.product_type_id))


def found_by(query: str) -> ColumnElement[bool]:
    """A code whole, words by a part of them, in whatever language they are written."""
    names = (Product.name, Product.vendor, Product.category)
    translated = select(Translation.product_id).where(
        Translation.product_id.is_not(None), Translation.name.icontains(query, autoescape=True)
    )
    return or_(
        Product.code == query.lower(),
        Product.id.in_(translated),
        *(name.icontains(query, autoescape=True) for name in names),
    )


def rows_of(found: Sequence[tuple[Product, ProductType]]) -> list[dict[str, Any]]:
    """Products as the list shows them; one statement more for a page."""
    cheapest = {
        product_id: (number, Money(least, currency))
        for product_id, number, least, currency in db.session().execute(
            select(Plan.product_id, func.count(), func.min(Plan.list_minor), func.min(Plan.currency))
            .where(Plan.product_id.in_([product.id for product, _ in found]))
            .group_by(Plan.product_id)
        )
    }
    return [
        {
            "name": product.name,
            "code": product.code,
            "url": url_for("distributor.product_page", code=product.code),
            "vendor": product.vendor,
            "category": product.category,
            "type": type_.name,
            "plans": cheapest[product.id][0] if product.id in cheapest else 0,
            "from": cheapest[product.id][1] if product.id in cheapest else None,
            "state": product.state.value,
        }
        for product, type_ in found
    ]
