"""How Harbour makes its prices in the demo world, what the distributor watches, and a product that is new to
every shelf: one file, through the functions that pages use."""

from decimal import Decimal

from sqlalchemy import select

from catalog import (
    assortments,
    exchange,
    listings,
    loading,
    margin_alarms,
    margin_floors,
    pricing,
    products,
    retail_rules,
    rounding,
)
from catalog.margin_floors import MarginFloor
from catalog.products import Product
from catalog.retail_rules import Level, Method, Wanted
from core import db
from core.parties import Reseller
from sandbox.worlds import DATA, Demo, Entry


def arrange(demo: Demo) -> None:
    """All of it, once."""
    if db.session().scalar(select(MarginFloor.id).limit(1)) is not None:
        return
    told = loading.read(DATA / "retail.toml")
    _watch(told["distributor"])
    shares = {name: Decimal(share) for name, share in demo.world["price_lists"].items()}
    known = select(products.ProductType).where(products.ProductType.code == told["product"][0]["type"])
    kind = db.session().scalars(known).one()
    loading.load(
        {"currency": told["currency"], "product_type": [_type(kind)], "product": told["product"]}, shares
    )
    house = db.session().scalars(select(Reseller).where(Reseller.house)).one()
    listings.stock(house.id, house.distributor_id)
    _sell(told["reseller"], told["currency"])


def _type(kind: products.ProductType) -> Entry:
    return {
        "code": kind.code,
        "name": kind.name,
        "connector": kind.connector,
        "audience": kind.audience.value,
    }


def _watch(entry: Entry) -> None:
    """Rates of the day, a cost in another currency, and a floor."""
    for currency, rate in entry["rates"].items():
        exchange.add("EUR", currency, Decimal(rate), exchange.today())
    cost = entry["cost"]
    pricing.set_cost(
        products.plan(cost["plan"]), loading.amount(cost["amount"], cost["currency"], cost["plan"])
    )
    points = retail_rules.parse_points(entry["floor"]["percent"], Method.MARGIN)
    margin_floors.keep(points, refuses=False, product=_product(entry["floor"]["product"]))
    margin_alarms.look_at_costs()


def _sell(entry: Entry, currency: str) -> None:
    """One reseller's rules, floors, and the order of its shelf."""
    reseller_id = db.session().scalars(select(Reseller.id).where(Reseller.name == entry["name"])).one()
    rounding.keep(reseller_id, currency, entry["rounding"], up=False)
    for rule in entry["rule"]:
        method = Method(rule["method"])
        aimed = retail_rules.aimed(reseller_id, Level(rule["level"]), rule["target"])
        points = retail_rules.parse_points(rule["value"], method)
        retail_rules.put(reseller_id, [Wanted(**aimed, method=method, points=points)])
    margin_floors.keep_own(
        reseller_id, retail_rules.parse_points(entry["floor"], Method.MARGIN), refuses=False
    )
    own = entry["product_floor"]
    points = retail_rules.parse_points(own["percent"], Method.MARGIN)
    margin_floors.keep_own(reseller_id, points, refuses=False, product=_product(own["product"]))
    margin_alarms.shelf_changed(reseller_id)
    assortments.feature(reseller_id, [_product(code).id for code in entry["featured"]])
    assortments.order_categories(reseller_id, entry["categories"])


def _product(code: str) -> Product:
    return db.session().scalars(select(Product).where(Product.code == code)).one()
