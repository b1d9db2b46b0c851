"""A reseller's shelf: which plans it offers and at what retail price. How visitors read it, by pages, facets
and search, is in catalog/shelves.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column

from catalog import abouts, attributes, entries, markets, offer_facts, reductions, sales, volumes
from catalog.abouts import Picture
from catalog.offer_facts import AddOn, Facts
from catalog.products import Audience, Plan, Product, ProductType
from catalog.volumes import Stepped, Steps, Volume
from core import db, trail
from core.errors import Missing, Refused
from core.languages import _
from core.money import Money
from core.statements import Statement
from core.tenancy import Access, ResellerOwned, owned_by, same_key
from partners import storefronts

LAST = 1000  # where a product stands that nothing brings to the front


class Flag(StrEnum):
    """Why a product stands in front (catalog/assortments.py)."""

    NONE = ""
    FEATURED = "featured"
    NEW = "new"
    POPULAR = "popular"


class Listing(Stepped, ResellerOwned, db.Model):
    """A plan on a reseller's shelf. `lead` marks the one that stands for its product in lists; lists begin
    with the lowest `place`, within one they go by `sort_key`, the product's name. `sale`: what promotions
    take off for everybody (catalog/sales.py)."""

    __tablename__ = "listings"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="r", public="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "reseller_id", "plan_id"),
        owned_by("resellers", "reseller_id"),
        owned_by("plans", "plan_id"),
        owned_by("products", "product_id"),
        CheckConstraint("price_minor >= 0", name="price"),
        Index(
            "ix_listings_shelf",
            "distributor_id",
            "reseller_id",
            "place",
            "sort_key",
            "id",
            postgresql_where=text("lead AND published"),
        ),
        Index("ix_listings_product", "distributor_id", "reseller_id", "product_id"),
    )

    plan_id: Mapped[UUID]
    product_id: Mapped[UUID]
    sort_key: Mapped[str]
    lead: Mapped[bool]
    published: Mapped[bool] = mapped_column(default=True)
    price_minor: Mapped[int]
    currency: Mapped[str]
    place: Mapped[int] = mapped_column(default=LAST, server_default=str(LAST))
    flag: Mapped[Flag] = mapped_column(default=Flag.NONE, server_default="")
    listed_at: Mapped[datetime] = mapped_column(server_default="2020-01-01 00:00:00+00")
    sale: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))

    price: Mapped[Money] = composite(Money, "price_minor", "currency")

    @property
    def volume(self) -> Volume:
        """The price with its steps."""
        return Volume(Money(self.price_minor, self.currency), self.steps)


class CategoryPlace(ResellerOwned, db.Model):
    """Where a category stands among those of a shop."""

    __tablename__ = "category_places"
    __access__ = Access(distributor="rcd", reseller="rcd", customer="r", public="r", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id", "category"),
    )

    category: Mapped[str]
    place: Mapped[int]


class NotOffered(Refused):
    """The plan is not on this shop's shelf."""

    def __init__(self, plan: str = "") -> None:
        super().__init__(
            _("%(plan)s is no longer offered in this shop.", plan=plan)
            if plan
            else _("This is no longer offered in this shop.")
        )


class Card(NamedTuple):
    """A product as a list shows it; a tuple, because a page has 24 of them and nothing is made faster."""

    listing_id: UUID
    product: str
    code: str
    vendor: str
    category: str
    summary: str
    plan: str
    price: Money
    unit: str
    per: str
    sort_key: str
    flag: Flag = Flag.NONE
    was: Money | None = None
    until: date | None = None
    picture: str = ""
    picture_alt: str = ""


SHELF = (
    select(
        Listing.id,
        Product.name,
        Product.code,
        Product.vendor,
        Product.category,
        Product.summary,
        Plan.name,
        Listing.price_minor,
        Listing.currency,
        ProductType.unit,
        Plan.billing_period,
        Listing.sort_key,
        Product.picture,
        Product.picture_alt,
        Listing.flag,
        Listing.sale,
    )
    .join(Product, same_key(Product.id, Listing.product_id))
    .join(Plan, same_key(Plan.id, Listing.plan_id))
    .join(ProductType, same_key(ProductType.id, Product.product_type_id))
    .where(Listing.published, Product.published, Plan.published)
)
"""The columns of cards; which listings stand for their products is said by catalog/shelves.py."""


def card(row: Sequence[Any]) -> Card:
    """A Card from a row of SHELF, whose columns are more than SQLAlchemy types."""
    listing_id, product, code, vendor, category, summary, plan, minor, currency, unit, billing, *more = row
    sort_key, picture, picture_alt, flag, sale = more
    price, was, until = Money(minor, currency), None, None
    if sale:
        now = reductions.shown(price, sale)
        price, was, until = now.price, now.was, now.until
    return Card(
        listing_id,
        product,
        code,
        vendor,
        category,
        summary,
        plan,
        price,
        unit,
        billing.per,
        sort_key,
        flag,
        was,
        until,
        picture,
        picture_alt,
    )


def all_categories(reseller_id: UUID) -> list[str]:
    """The categories on a shelf in the shop's order, those of hidden plans too."""
    chosen = (
        select(Product.category)
        .join(Listing, same_key(Listing.product_id, Product.id))
        .outerjoin(
            CategoryPlace,
            same_key(CategoryPlace.reseller_id, Listing.reseller_id)
            & (CategoryPlace.category == Product.category),
        )
        .where(Listing.reseller_id == reseller_id, Product.published)
        .group_by(Product.category)
        .order_by(func.coalesce(func.min(CategoryPlace.place), LAST), Product.category)
    )
    return list(db.session().scalars(chosen))


def all_vendors(reseller_id: UUID) -> list[str]:
    """The vendors on a shelf, those of hidden plans too."""
    chosen = select(Product.vendor).join(Listing, same_key(Listing.product_id, Product.id))
    mine = (Listing.reseller_id == reseller_id) & Product.published
    return list(db.session().scalars(chosen.where(mine).distinct().order_by(Product.vendor)))


@dataclass(frozen=True, slots=True)
class Offered:
    """A product as its page shows it."""

    name: str
    vendor: str
    category: str
    summary: str
    description: str
    category_slug: str = ""
    pictures: Sequence[Picture] = ()
    languages: Sequence[str] = ()
    add_ons: Sequence[AddOn] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan of a product as its page shows it; `facts` are how it may be ordered."""

    listing_id: UUID
    plan_id: UUID
    plan: str
    price: Money
    unit: str
    term: str
    per: str
    minimum: int
    maximum: int
    features: Mapping[str, Any]
    volume: Volume
    months: tuple[int, int]  # of the term, and of the period that is billed
    plan_code: str
    facts: Facts
    now: reductions.Shown
    sale: Sequence[reductions.Offer]
    attributes: Sequence[tuple[str, str | bool]] = ()
    onwards: Sequence[str] = ()


HEAD = 6  # columns of the product itself; those of offer_facts follow
OFFERS = Statement(
    select(
        Product.name,
        Product.vendor,
        Product.category,
        Product.summary,
        Product.description,
        abouts.SLUG,
        *offer_facts.columns(cast(Table, Listing.__table__)),
        Listing.id,
        Listing.price_minor,
        Listing.currency,
        Plan.id,
        Plan.name,
        Plan.term,
        Plan.billing_period,
        Plan.minimum_quantity,
        Plan.maximum_quantity,
        Plan.features,
        ProductType.unit,
        Listing.steps,
        Plan.code,
        Listing.sale,
        # what is said about both, in the order of `described`
        abouts.PICTURES,
        abouts.LANGUAGES,
        ProductType.attributes,
        Product.attributes,
        Plan.attributes,
        abouts.ONWARDS,
    )
    .join(Listing, same_key(Listing.product_id, Product.id))
    .join(Plan, same_key(Plan.id, Listing.plan_id))
    .join(ProductType, same_key(ProductType.id, Product.product_type_id))
    .where(
        Product.code == bindparam("code"),
        Product.published,
        Listing.published,
        Plan.published,
        markets.sold_here(),
    )
    .order_by(Listing.price_minor, Plan.code)
)


def offers(product_code: str) -> tuple[Offered, list[Offer]]:
    """A product and its plans on the scope's shelf, cheapest first; Missing if none is offered."""
    rows = OFFERS.rows(code=product_code)
    if not rows:
        raise Missing("product")
    return described(rows, Offered(*rows[0][:HEAD], add_ons=offer_facts.of_product(rows[0][HEAD:])), [
        Offer(
            listing_id,
            plan_id,
            plan,
            now.price,
            unit,
            term.label,
            billing.per,
            minimum,
            maximum,
            features,
            Volume(Money(minor, currency), steps),
            (term.months, billing.months),
            code,
            offer_facts.of_plan(head[HEAD:]),
            now,
            reductions.on_sale(sale, currency),
        )
        for (
            *head,
            listing_id,
            minor,
            currency,
            plan_id,
            plan,
            term,
            billing,
            minimum,
            maximum,
            features,
            unit,
            steps,
            code,
            sale,
        ) in (row[:-ABOUT] for row in rows)
        for now in (reductions.shown(Money(minor, currency), sale),)
    ])  # fmt: skip


ABOUT = 6  # columns of OFFERS that `described` reads


def described(
    rows: Sequence[Sequence[Any]], found: Offered, offers: Sequence[Offer]
) -> tuple[Offered, list[Offer]]:
    """The same with pictures, languages, attributes and upgrades, from the last columns of the rows."""
    album, languages, *_rest = rows[0][-ABOUT:]
    about: list[Offer] = []
    for offer, row in zip(offers, rows, strict=True):
        *_album, schema, of_product, of_plan, onwards = row[-ABOUT:]
        said = attributes.said(attributes.schema(schema), of_product, of_plan)
        values = [(one.name, value) for one, value in said]
        about.append(replace(offer, attributes=values, onwards=[f"{one}, {other}" for one, other in onwards]))
    return replace(found, pictures=[Picture(*one) for one in album], languages=languages), about


def offerable() -> list[tuple[Plan, Product]]:
    """Plans that resellers may put on a shelf: published products that customers buy."""
    chosen = (
        select(Plan, Product)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(ProductType.audience == Audience.CUSTOMER, Plan.published, Product.published)
        .order_by(Product.name, Plan.list_minor, Plan.code)
    )
    return [(plan, product) for plan, product in db.session().execute(chosen)]


def stock(reseller_id: UUID, distributor_id: UUID) -> int:
    """Fills a new shelf with everything offerable at the recommended price; says how many plans were
    added."""
    present = set(db.session().scalars(select(Listing.plan_id).where(Listing.reseller_id == reseller_id)))
    led = set(
        db.session().scalars(
            select(Listing.product_id).where(Listing.reseller_id == reseller_id, Listing.lead)
        )
    )
    added, new = 0, set[UUID]()
    for plan, product in offerable():
        if plan.id in present:
            continue
        db.add(
            Listing(
                distributor_id=distributor_id,
                reseller_id=reseller_id,
                plan_id=plan.id,
                product_id=product.id,
                sort_key=product.name.lower(),
                lead=product.id not in led,
                price_minor=plan.list_minor,
                currency=plan.currency,
                steps=plan.steps,
            )
        )
        led.add(product.id)
        new.add(product.id)
        added += 1
    changed(reseller_id, new)
    return added


def reprice(listing: Listing, price: Money) -> None:
    """The reseller's retail price of a plan, shown on the next request."""
    if price.currency != listing.currency:
        raise Refused(_("Prices of this shop are in %(currency)s.", currency=listing.currency))
    listing.price_minor = price.minor
    changed(listing.reseller_id, [listing.product_id])


def set_steps(listing: Listing, steps: Steps) -> bool:
    """The volume steps of the reseller's retail price, shown on the next request; whether that is news.
    WrongSteps where they do not rise."""
    wanted = volumes.checked(steps)
    if listing.steps == wanted:
        return False
    new = Volume(listing.price, wanted)
    trail.write(listing, "by quantity", was=listing.volume.words or "-", now=new.words or "-")
    listing.steps = wanted
    changed(listing.reseller_id, [listing.product_id])
    return True


def lead_anew(reseller_id: UUID, product_ids: Sequence[UUID]) -> None:
    """The cheapest plan that can be bought stands for its product in lists."""
    shown = Listing.published & Plan.published
    order = (Listing.product_id, shown.desc(), Listing.price_minor, Listing.id)
    mine = (Listing.reseller_id == reseller_id) & Listing.product_id.in_(product_ids)
    same = same_key(Plan.id, Listing.plan_id)
    chosen = select(Listing).join(Plan, same)
    led: set[UUID] = set()
    for listing in db.session().scalars(chosen.where(mine).order_by(*order)):
        listing.lead = listing.product_id not in led
        led.add(listing.product_id)
    db.flush()


def changed(reseller_id: UUID, products: Collection[UUID] | None = None) -> None:
    """After any change of a shelf, of these products or of any: what promotions take off, its lists, counts
    and search follow, and the shop's fragments end."""
    db.flush()
    sales.refresh(reseller_id)
    entries.index(reseller_id, products)
    storefronts.touch_shelf(reseller_id)
