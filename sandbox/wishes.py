"""What the demo world's file wishes to be ordered, and who orders it: resellers buy the plans that open
their portals, customers buy in those portals."""

from sqlalchemy import select

from catalog import products
from checkout.baskets import Buyer
from core import db, tenancy
from core.parties import Membership, Reseller
from core.settings import settings
from core.tenancy import Scope, Side
from partners.storefronts import Storefront
from provisioning.deliveries import ConnectorSettings
from sandbox import orders
from sandbox.orders import Wish
from sandbox.worlds import Demo
from storefront import links


def of_resellers(demo: Demo) -> list[Wish]:
    """Resellers with a portal bought the plan that opens it."""
    with tenancy.acting_as(demo.scope()), db.transaction():
        found = _buyers()
        house = links.house()
        lists = {row.id: row.price_list_id for row in db.session().scalars(select(Reseller))}
    wishes: list[Wish] = []
    for entry in demo.world["reseller"]:
        if "portal" not in entry:
            continue
        buyer = found[entry["staff"][0]["email"]]
        scope = Scope(
            Side.RESELLER,
            demo.distributor_id,
            buyer.reseller_id,
            price_list_id=lists[buyer.reseller_id],
            person_id=buyer.person_id,
        )
        portal = entry["portal"]
        wishes.append(
            Wish(
                f"demo:{portal['alias']}",
                buyer,
                scope,
                house.id,
                portal["plan"],
                card=orders.GOOD_CARD if settings().stripe_sandbox_url else "",
                fields={"alias": portal["alias"]},
            )
        )
    return wishes


def of_customers(demo: Demo) -> list[Wish]:
    """What customers ordered in their reseller's portal: nothing without a Stripe sandbox, because they pay
    by card, and only licence keys without a vendor simulator."""
    if not settings().stripe_sandbox_url:
        return []
    with tenancy.acting_as(demo.scope()), db.transaction():
        found = _buyers()
        shops = {shop.reseller_id: shop.id for shop in db.session().scalars(select(Storefront))}
        sellable = _sellable()
    wishes: list[Wish] = []
    for customer in (c for reseller in demo.world["reseller"] for c in reseller.get("customer", [])):
        about = {key: customer[key] for key in ("name", "email", "country")}
        for number, order in enumerate(customer.get("order", []), start=1):
            if order["plan"] not in sellable:
                continue
            buyer = found[order["by"]]
            scope = Scope(
                Side.CUSTOMER,
                demo.distributor_id,
                buyer.reseller_id,
                buyer.customer_id,
                person_id=buyer.person_id,
            )
            wishes.append(
                Wish(
                    f"demo:{customer['email']}:{number}",
                    buyer,
                    scope,
                    shops[buyer.reseller_id],
                    order["plan"],
                    order["quantity"],
                    order.get("card", orders.GOOD_CARD),
                    order.get("fate", ""),
                    customer=about,
                    also=tuple((more["plan"], more["quantity"]) for more in order.get("also", [])),
                )
            )
    return wishes


def _sellable() -> set[str]:
    """Codes of the plans whose connector can deliver in this installation."""
    ready = set(db.session().scalars(select(ConnectorSettings.connector)))
    chosen = (
        select(products.Plan.code)
        .join(products.Product, products.Product.id == products.Plan.product_id)
        .join(products.ProductType, products.ProductType.id == products.Product.product_type_id)
        .where(products.ProductType.connector.in_(ready))
    )
    return set(db.session().scalars(chosen))


def _buyers() -> dict[str, Buyer]:
    """E-mail -> the first standing of a person, as a buyer."""
    house = links.house()
    rows = db.session().scalars(
        select(Membership).order_by(Membership.created_at.desc(), Membership.id.desc())
    )
    return {
        row.email: Buyer(
            row.id, row.person_id, row.reseller_id or house.reseller_id, row.customer_id, row.name, row.email
        )
        for row in rows
    }
