"""A reseller's retail prices beside what it pays: read by keyset page, changed one by one, many at once or by
a rule, and plans shown or hidden. Whatever is changed here shows in the shop on the next request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import cast
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_

from catalog import listings, publication
from catalog.listings import Listing
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Plan, Product, ProductType
from core import db, trail
from core.errors import Missing, Refused
from core.languages import _
from core.money import Money, exponent
from core.periods import Term
from partners.enrolments import Enrolment

LEAST, MOST = Decimal(-90), Decimal(900)
LARGEST = 100_000_000  # a million in most currencies: above it somebody forgot the point


class Basis(StrEnum):
    """What a rule adds its percentage to."""

    RETAIL = "retail"
    WHOLESALE = "wholesale"


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

    @property
    def cursor(self) -> str:
        """Where the page after this row begins."""
        return f"{self.listing_id}.{self.sort_key}"


class WrongRule(Refused):
    """A percentage nobody means."""

    def __init__(self) -> None:
        super().__init__(
            _("Enter a percentage between %(least)s and %(most)s, such as 5 or -2.5.", least=LEAST, most=MOST)
        )


class WrongPrice(Refused):
    """A price nobody means."""

    def __init__(self, most: Money) -> None:
        super().__init__(_("A price is at most %(most)s.", most=most.text))


def on_the_shelf() -> Select[Listing, Plan, str, str, WholesalePrice | None, int | None]:
    """The rows that `as_price` reads: what the reseller may sell, hidden plans too."""
    rows = (
        select(Listing, Plan, Product.name, ProductType.unit, WholesalePrice, Enrolment.discount)
        .join(Plan, and_(Plan.distributor_id == Listing.distributor_id, Plan.id == Listing.plan_id))
        .join(
            Product, and_(Product.distributor_id == Listing.distributor_id, Product.id == Listing.product_id)
        )
        .join(
            ProductType,
            and_(
                ProductType.distributor_id == Product.distributor_id,
                ProductType.id == Product.product_type_id,
            ),
        )
        .outerjoin(
            WholesalePrice,
            and_(WholesalePrice.distributor_id == Plan.distributor_id, WholesalePrice.plan_id == Plan.id),
        )
        .outerjoin(Enrolment, tier_of())
        .where(Plan.published, Product.published)
    )
    # the outer joins may find none
    return cast(Select[Listing, Plan, str, str, WholesalePrice | None, int | None], rows)


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
    product: str,
    unit: str,
    wholesale: WholesalePrice | None,
    discount: int | None,
) -> RetailPrice:
    """A row of the shelf as a retail price beside what the reseller pays in its tier."""
    return RetailPrice(
        listing.id,
        product,
        plan.name,
        plan.term,
        unit,
        plan.billing_period.per,
        listing.price,
        discounted(wholesale.price, discount) if wholesale else None,
        plan.list_price,
        listing.published,
        listing.sort_key,
    )


def categories() -> list[str]:
    """The categories on the shelf, hidden plans too."""
    chosen = select(Product.category).join(
        Listing, and_(Listing.distributor_id == Product.distributor_id, Listing.product_id == Product.id)
    )
    return list(db.session().scalars(chosen.where(Product.published).distinct().order_by(Product.category)))


def reprice(prices: Mapping[UUID, Money]) -> int:
    """Sets retail prices by listing; says how many differ from before. Missing if one is not the scope's."""
    found = {
        listing.id: listing
        for listing in db.session().scalars(select(Listing).where(Listing.id.in_(prices)).with_for_update())
    }
    if len(found) < len(prices):
        raise Missing("price")
    return _set([(found[listing_id], price) for listing_id, price in prices.items()])


def raise_by(percent: Decimal, *, basis: Basis, category: str = "") -> int:
    """A rule over a category or the whole shelf: percent on today's retail price, or on what the reseller
    pays; says how many changed. Rounded half up to the currency's smallest unit; plans without a wholesale
    price are left alone."""
    if not LEAST <= percent <= MOST:
        raise WrongRule
    chosen = on_the_shelf().with_for_update(of=Listing)
    factor = 1 + percent / 100
    changes: list[tuple[Listing, Money]] = []
    for listing, _product, _plan, _retail, wholesale, discount in db.session().execute(
        chosen.where(Product.category == category) if category else chosen
    ):
        if wholesale is not None:
            paid = discounted(wholesale.price, discount)
            changes.append((listing, (listing.price if basis is Basis.RETAIL else paid).times(factor)))
    return _set(changes)


def parse_percent(text: str) -> Decimal:
    """What a person typed ("5", "-2,5", "+3 %"); WrongRule otherwise."""
    try:
        percent = Decimal(text.replace("%", "").replace(",", ".").strip())
    except InvalidOperation:
        raise WrongRule from None
    if not percent.is_finite() or abs(percent) > MOST:
        raise WrongRule
    return percent


def _set(changes: Sequence[tuple[Listing, Money]]) -> int:
    changed = [(listing, price) for listing, price in changes if listing.price != price]
    for listing, price in changed:
        if price.currency != listing.currency:
            raise Refused(_("Prices of this shop are in %(currency)s.", currency=listing.currency))
        if price.minor > LARGEST * 10 ** exponent(price.currency) // 100:
            raise WrongPrice(Money(LARGEST * 10 ** exponent(price.currency) // 100, price.currency))
        trail.write(listing, "repriced", was=listing.price.text, now=price.text)
        listing.price_minor = price.minor
    _after_change([listing for listing, _ in changed])
    return len(changed)


def publish(listing_id: UUID, *, published: bool) -> None:
    """Shows a plan in the shop, or hides it; what was sold of it goes on."""
    listing = db.session().scalar(select(Listing).where(Listing.id == listing_id).with_for_update())
    if listing is None:
        raise Missing("price")
    if listing.published is not published:
        listing.published = published
        trail.write(listing, "shown" if published else "hidden")
        _after_change([listing])


def _after_change(changed: Sequence[Listing]) -> None:
    """The cheapest plan that can be bought stands for its product in lists; search and fragments follow."""
    if not changed:
        return
    db.flush()
    products = {listing.product_id for listing in changed}
    publication.choose_leads(list(products))
    listings.changed(changed[0].reseller_id, products)
