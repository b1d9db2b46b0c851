"""Products and resellers that somebody types into a field: by code or by name, with both offered while one
types. A select would hold ten thousand of them."""

from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from catalog.products import Product
from core import db
from core.errors import Missing
from core.parties import Reseller

OFFERED = 300  # of either; whatever is further down is typed

Row = TypeVar("Row", Product, Reseller)


def products() -> list[tuple[str, str]]:
    """Codes and names to be offered, by name."""
    found = db.session().execute(
        select(Product.code, Product.name)
        .where(Product.archived_at.is_(None))
        .order_by(Product.name)
        .limit(OFFERED)
    )
    return [(code, name) for code, name in found]


def resellers() -> list[tuple[str, str]]:
    """The same of resellers; the distributor's own shop is none."""
    chosen = select(Reseller.code, Reseller.name).where(~Reseller.house).order_by(Reseller.name)
    return [(code, name) for code, name in db.session().execute(chosen.limit(OFFERED))]


def product(typed: str) -> Product:
    """By code, or by a name that only one has; Missing otherwise."""
    return _one(Product, Product.code == typed.strip().lower(), Product.name, typed, "product")


def reseller(typed: str) -> Reseller:
    """The same of resellers."""
    return _one(Reseller, Reseller.code == typed.strip().upper(), Reseller.name, typed, "reseller")


def _one(
    model: type[Row], by_code: ColumnElement[bool], name: InstrumentedAttribute[str], typed: str, what: str
) -> Row:
    if (found := db.session().scalar(select(model).where(by_code))) is not None:
        return found
    called = db.session().scalars(select(model).where(name == typed.strip()).limit(2)).all()
    if len(called) != 1:
        raise Missing(what).at(what)
    return called[0]
