"""For the route sweep: Brightfield has a rule, a price set by hand and under its floor, two featured products
and a change of many prices that can be undone; Northwind has a floor that its prices break."""

from sqlalchemy import select

from catalog import assortments, bulk_prices, margin_alarms, margin_floors, retail, retail_rules
from catalog.bulk_prices import Asked, How
from catalog.listings import Listing
from catalog.margin_floors import MarginFloor, RetailFloor
from catalog.products import Plan
from catalog.retail_rules import Level, Method, RetailRule, Wanted
from catalog.shelf_prices import Part
from core import db
from core.money import Money
from core.tenancy import same_key
from tests.world import World


def price(world: World) -> dict[str, str]:
    """What the addresses need."""
    reseller_id = world.resellers["brightfield"]
    with world.acting("brightfield"):
        session = db.session()
        joined = same_key(Listing.plan_id, Plan.id)
        by_code = {
            code: listing
            for code, listing in session.execute(select(Plan.code, Listing).join(Listing, joined))
        }
        patch, basic = by_code["patch-y"], by_code["m365-bb-m"]
        bulk_prices.change(
            reseller_id, Asked(Part("category", "Productivity"), How.PERCENT, points=5000), by="Bea"
        )
        retail.reprice({patch.id: Money(22_00, "EUR")})
        margin_floors.keep_own(reseller_id, 5000, refuses=False)
        margin_alarms.look_at_shelves(reseller_id)
        assortments.feature(reseller_id, [patch.product_id])
        assortments.feature(reseller_id, [basic.product_id])
        retail_rules.put(reseller_id, [Wanted(Level.VENDOR, "0patch", Method.PERCENT, 4000)])
        names = {
            "hand_listing": str(patch.id),
            "second_featured": str(basic.product_id),
            "retail_rule": str(
                session.scalars(select(RetailRule.id).where(RetailRule.level == Level.VENDOR)).one()
            ),
            "retail_floor": str(session.scalars(select(RetailFloor.id)).one()),
        }
    with world.acting():
        margin_floors.keep(9000, refuses=False)
        assortments.feature(world.resellers["house"], [basic.product_id])
        margin_alarms.look_at_costs()
        names["margin_floor"] = str(db.session().scalars(select(MarginFloor.id)).one())
    return names
