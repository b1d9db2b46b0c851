"""A reseller's retail prices beside what it pays: read by keyset page, set by hand one by one, and plans
shown or hidden. A price set by hand is a rule of its plan (catalog/retail_rules.py). Whatever is changed here
shows in the shop on the next request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from catalog import listings, margin_alarms, margin_floors, retail_rules
from catalog.listings import Listing
from catalog.margin_alarms import ShelfAlarm
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Plan, Product, ProductType
from catalog.retail_rules import Target
from catalog.shelf_prices import Part
from core import db, trail
from core.errors import Missing, Refused
from core.languages import _
from core.money import Money
from core.periods import Term
from core.tenancy import same_key
from partners.enrolments import Enrolment


@dataclass(frozen=True, slots=True)
class RetailPrice:
    """A plan on the scope's shelf. `wholesale` is none where the distributor has no price for this reseller:
    then it cannot be sold."""

    listing_id: UUID
    product: str
    plan: str
    term: Term
    unit: str
    per: str
    retail: Money
    wholesale: Money | None
    recommended: Money
    published: bool
    sort_key: str
    target: Target
    steps: Sequence[Sequence[int]] = ()

    @property
    def cursor(self) -> str:
        """Where the page after this row begins."""
        return f"{self.listing_id}.{self.sort_key}"


def on_the_shelf() -> Select[Listing, Plan, Product, str, WholesalePrice | None, int | None]:
    """The rows that `as_price` reads: what the reseller may sell, hidden plans too."""
    rows = (
        select(Listing, Plan, Product, ProductType.unit, WholesalePrice, Enrolment.discount)
        .join(Plan, same_key(Plan.id, Listing.plan_id))
        .join(Product, same_key(Product.id, Listing.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .outerjoin(WholesalePrice, same_key(WholesalePrice.plan_id, Plan.id))
        .outerjoin(Enrolment, tier_of())
        .where(Plan.published, Product.published)
    )
    # the outer joins may find none
    return cast(Select[Listing, Plan, Product, str, WholesalePrice | None, int | None], rows)


def page(*, query: str = "", category: str = "", after: str = "", limit: int = 50) -> list[RetailPrice]:
    """One page of the reseller's shelf in name order, hidden plans too, beginning behind the cursor
    `after`."""
    chosen = on_the_shelf().order_by(Listing.sort_key, Listing.id).limit(limit)
    if query:
        chosen = chosen.where(
            Product.name.icontains(query, autoescape=True) | Product.vendor.icontains(query, autoescape=True)
        )
    if category:
        chosen = chosen.where(Product.category == category)
    if after:
        listing_id, _dot, sort_key = after.partition(".")
        try:
            chosen = chosen.where(tuple_(Listing.sort_key, Listing.id) > (sort_key, UUID(listing_id)))
        except ValueError:
            raise Missing("page") from None
    return [as_price(*row) for row in db.session().execute(chosen)]


def as_price(
    listing: Listing,
    plan: Plan,
    product: Product,
    unit: str,
    wholesale: WholesalePrice | None,
    discount: int | None,
) -> RetailPrice:
    """A row of the shelf as a retail price beside what the reseller pays in its tier."""
    return RetailPrice(
        listing.id,
        product.name,
        plan.name,
        plan.term,
        unit,
        plan.billing_period.per,
        listing.price,
        discounted(wholesale.price, discount) if wholesale else None,
        plan.list_price,
        listing.published,
        listing.sort_key,
        Target(plan.id, product.id, product.vendor, product.category, plan.currency),
        listing.steps,
    )


def find(listing_id: UUID) -> RetailPrice:
    """A plan on the scope's shelf."""
    found = db.session().execute(on_the_shelf().where(Listing.id == listing_id)).first()
    if found is None:
        raise Missing("price")
    return as_price(*found)


def categories() -> list[str]:
    """The categories on the shelf, hidden plans too."""
    chosen = select(Product.category).join(Listing, same_key(Listing.product_id, Product.id))
    return list(db.session().scalars(chosen.where(Product.published).distinct().order_by(Product.category)))


def reprice(prices: Mapping[UUID, Money]) -> int:
    """Sets retail prices by hand, by listing, their volume steps as they are; says how many differ from
    before. Missing if one is not the scope's, UnderFloor where the reseller's own floor refuses one of those
    that differ."""
    locked = select(Listing.id).where(Listing.id.in_(prices)).with_for_update()
    if len(db.session().scalars(locked).all()) < len(prices):
        raise Missing("price")
    known = {
        row[0].id: (row[0].reseller_id, as_price(*row))
        for row in db.session().execute(on_the_shelf().where(Listing.id.in_(prices)))
    }
    if len(known) < len(prices):
        raise Missing("price")
    changes = [(*known[listing_id], price) for listing_id, price in prices.items()]
    changes = [one for one in changes if one[1].retail != one[2]]
    if not changes:
        return 0
    for _reseller, shown, price in changes:
        if price.currency != shown.retail.currency:
            raise Refused(_("Prices of this shop are in %(currency)s.", currency=shown.retail.currency))
    [reseller_id] = {one[0] for one in changes}
    margin_floors.refuse_under(
        [(shown.target.product_id, price, shown.wholesale) for _reseller, shown, price in changes],
        margin_floors.of_shelf(reseller_id),
    )
    wanted = [
        retail_rules.by_hand(shown.target.plan_id, price, shown.steps) for _reseller, shown, price in changes
    ]
    retail_rules.put(reseller_id, wanted)
    margin_alarms.shelf_changed(reseller_id, Part("plans", [one.plan_id for one in wanted]))
    return len(changes)


def keep_by_hand(listing: Listing) -> None:
    """The price of a listing and its steps, as they are now, were set by hand: they are the rule of its plan.
    UnderFloor where the reseller's own floor refuses one of them."""
    wanted = retail_rules.by_hand(listing.plan_id, listing.price, listing.steps)
    retail_rules.put(listing.reseller_id, [wanted])
    margin_alarms.look_at_shelves(listing.reseller_id, Part("plans", [listing.plan_id]))
    broken = select(ShelfAlarm.id).where(ShelfAlarm.listing_id == listing.id)
    floors = margin_floors.of_shelf(listing.reseller_id)
    floor = floors.get(listing.product_id) or floors.get(None)
    if floor is not None and floor.refuses and db.session().scalar(broken) is not None:
        raise margin_floors.UnderFloor(1)


def publish(listing_id: UUID, *, published: bool) -> None:
    """Shows a plan in the shop, or hides it; what was sold of it goes on."""
    publish_all([listing_id], published=published)


def publish_all(listing_ids: Sequence[UUID], *, published: bool) -> None:
    """The same for some; Missing where one is not the scope's."""
    chosen = select(Listing).where(Listing.id.in_(listing_ids)).with_for_update()
    found = db.session().scalars(chosen).all()
    if len(found) < len(set(listing_ids)):
        raise Missing("price")
    changed = [listing for listing in found if listing.published is not published]
    for listing in changed:
        listing.published = published
        trail.write(listing, "shown" if published else "hidden")
    if changed:
        [reseller_id] = {listing.reseller_id for listing in changed}
        db.flush()
        products = {listing.product_id for listing in changed}
        listings.lead_anew(reseller_id, sorted(products))
        listings.changed(reseller_id, products)
        margin_alarms.look_at_shelves(reseller_id, Part("plans", [listing.plan_id for listing in changed]))


def products_of(listing_ids: Sequence[UUID]) -> set[UUID]:
    """The products of some plans of the shelf; Missing where one is not the scope's."""
    chosen = select(Listing.id, Listing.product_id).where(Listing.id.in_(listing_ids))
    found = dict(db.session().execute(chosen).all())
    if len(found) < len(set(listing_ids)):
        raise Missing("price")
    return set(found.values())
