"""What of the catalogue something is for: vendors, categories, programmes, products and plans, together or
none, which means everything. Kept as data of a promotion or a code, with ids as words; asked in SQL, because
what is sold is there."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from catalog.products import Plan, Product
from core import db
from core.errors import Refused
from core.languages import Words, _
from core.tenancy import same_key
from partners.programmes import Programme

KINDS = Words(
    {
        "vendors": "Vendor",
        "categories": "Category",
        "programmes": "Programme",
        "products": "Product",
        "plans": "Plan",
    }
)
Goods = Mapping[str, Sequence[str]]

# d is what has the goods, o the product; {plan} is the plan's id.
_HOLDS = (
    "(d.goods = '{}' OR d.goods->'plans' ? {plan}::text OR d.goods->'products' ? o.id::text"
    " OR d.goods->'vendors' ? o.vendor OR d.goods->'categories' ? o.category"
    " OR d.goods->'programmes' ? o.programme_id::text)"
)


class UnknownGoods(Refused):
    """Only what the catalogue has."""

    def __init__(self) -> None:
        super().__init__(_("Choose from what the catalogue has; something chosen is not in it any more."))


def holds(plan: str) -> str:
    """The condition in SQL that something is for a plan, whose id is named by `plan`."""
    return _HOLDS.replace("{plan}", plan)


def read(chosen: Sequence[str]) -> dict[str, list[str]]:
    """Goods from what a form sends ("vendors:Microsoft", "products:<id>"); UnknownGoods for what is not there
    in the scope."""
    goods: dict[str, list[str]] = {}
    for word in chosen:
        kind, _colon, value = word.partition(":")
        if kind not in KINDS or not value:
            raise UnknownGoods
        goods.setdefault(kind, []).append(value)
    for kind, values in goods.items():
        if len(_found(kind, values)) != len(set(values)):
            raise UnknownGoods
    return {kind: sorted(set(values)) for kind, values in sorted(goods.items())}


def words(goods: Goods) -> list[str]:
    """As a form sends them."""
    return [f"{kind}:{value}" for kind, values in goods.items() for value in values]


def named(goods: Goods) -> list[tuple[str, str]]:
    """(kind, name) of each, in words; what the scope cannot name is left out."""
    return [
        (KINDS[kind], name)
        for kind in KINDS
        if goods.get(kind)
        for name in sorted(_found(kind, goods[kind]).values())
    ]


def in_words(goods: Goods) -> str:
    """All of it in one line."""
    return ", ".join(name for _kind, name in named(goods)) or _("Everything")


def choices(*, programmes: bool, most: int = 300) -> list[tuple[str, str]]:
    """(word, name) of what may be chosen: vendors, categories, programmes where the side may read them, and
    products by name."""
    session = db.session()
    vendors = session.scalars(select(Product.vendor).distinct().order_by(Product.vendor))
    categories = session.scalars(select(Product.category).distinct().order_by(Product.category))
    products = session.execute(
        select(Product.id, Product.name).where(Product.published).order_by(Product.name).limit(most)
    )
    found = [(f"vendors:{one}", _("All of %(vendor)s", vendor=one)) for one in vendors if one]
    found += [(f"categories:{one}", _("Category: %(category)s", category=one)) for one in categories if one]
    if programmes:
        rows = session.execute(select(Programme.id, Programme.name).order_by(Programme.name))
        found += [(f"programmes:{one}", _("Programme: %(name)s", name=name)) for one, name in rows]
    return found + [(f"products:{one}", name) for one, name in products]


def _found(kind: str, values: Sequence[str]) -> dict[str, str]:
    """value -> its name, of those that are in the catalogue."""
    session = db.session()
    if kind in ("vendors", "categories"):
        column = Product.vendor if kind == "vendors" else Product.category
        return {one: one for one in session.scalars(select(column).where(column.in_(values)).distinct())}
    model: Any = {"programmes": Programme, "products": Product, "plans": Plan}[kind]
    try:
        ids = [UUID(value) for value in values]
    except ValueError:
        return {}
    if kind == "plans":
        chosen = (
            select(Plan.id, Product.name + ", " + Plan.name)
            .join(Product, same_key(Product.id, Plan.product_id))
            .where(Plan.id.in_(ids))
        )
    else:
        chosen = select(model.id, model.name).where(model.id.in_(ids))
    return {str(one): str(name) for one, name in session.execute(chosen)}
