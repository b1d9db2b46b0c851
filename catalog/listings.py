"""A reseller's shelf: which plans it offers and at what retail price. Lists are read by keyset; searchable
text lives in a closed table that one door function reads (decision 3), because row-level security keeps
GIN indexes from being used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, aliased, composite, mapped_column

from catalog import abouts, attributes, volumes
from catalog.abouts import Picture
from catalog.categories import Category
from catalog.products import Audience, Plan, Product, ProductType
from catalog.volumes import Stepped, Steps, Volume
from core import db, doors, trail
from core.doors import door
from core.errors import Missing, Refused
from core.ids import new_id
from core.languages import _
from core.money import Money
from core.statements import Statement
from core.tenancy import CLOSED, Access, ResellerOwned, owned_by
from partners import storefronts

PAGE = 24
LAST = 1_000_000  # a place after every other


class Listing(Stepped, ResellerOwned, db.Model):
    """A plan on a reseller's shelf. `lead` marks the one that stands for its product in lists; `sort_key` is
    the product's name."""

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

    price: Mapped[Money] = composite(Money, "price_minor", "currency")

    @property
    def volume(self) -> Volume:
        """The price with its steps."""
        return Volume(Money(self.price_minor, self.currency), self.steps)


class SearchText(db.Model):
    """What a shop's search looks through."""

    __tablename__ = "search_texts"
    __access__ = CLOSED
    __table_args__ = (
        Index("ix_search_texts_words", "words", postgresql_using="gin"),
        Index(
            "ix_search_texts_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
        ),
        UniqueConstraint("distributor_id", "reseller_id", "product_id"),
    )

    distributor_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[UUID]
    product_id: Mapped[UUID]
    name: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR())


INDEX = door("""
CREATE FUNCTION index_listings_v2(p_reseller uuid) RETURNS TABLE (indexed bigint) AS $$
  WITH mine AS (
    SELECT DISTINCT l.distributor_id, l.reseller_id, l.product_id, p.name, p.vendor, p.category, p.summary,
      coalesce((SELECT string_agg(t.name || ' ' || t.summary, ' ') FROM translations t WHERE t.distributor_id = p.distributor_id AND t.product_id = p.id), '') AS said
    FROM listings l JOIN products p ON p.distributor_id = l.distributor_id AND p.id = l.product_id
    WHERE l.distributor_id = current_setting('app.distributor_id')::uuid AND l.reseller_id = p_reseller AND l.published AND p.published
      AND current_setting('app.reseller_id') IN ('', p_reseller::text)
  ), gone AS (
    DELETE FROM search_texts t WHERE t.distributor_id = current_setting('app.distributor_id')::uuid AND t.reseller_id = p_reseller
      AND NOT EXISTS (SELECT 1 FROM mine m WHERE m.product_id = t.product_id)
  ), put AS (
    INSERT INTO search_texts (id, distributor_id, reseller_id, product_id, name, words)
    SELECT gen_random_uuid(), distributor_id, reseller_id, product_id, lower(unaccent(name)),
      setweight(to_tsvector('simple', unaccent(name)), 'A') || setweight(to_tsvector('simple', unaccent(vendor || ' ' || category)), 'B')
        || setweight(to_tsvector('simple', unaccent(summary || ' ' || said)), 'C')
    FROM mine
    ON CONFLICT (distributor_id, reseller_id, product_id) DO UPDATE SET name = excluded.name, words = excluded.words
      WHERE search_texts.name <> excluded.name OR search_texts.words <> excluded.words
    RETURNING 1
  ) SELECT count(*) FROM put
$$""")  # noqa: E501 SQL

SEARCH = door("""
CREATE FUNCTION search_listings_v1(p_query text, p_prefix text, p_most int) RETURNS TABLE (product_id uuid, score real) AS $$
  SELECT t.product_id, (ts_rank(t.words, to_tsquery('simple', p_prefix)) * 2 + word_similarity(p_query, t.name))::real AS score
  FROM search_texts t
  WHERE t.distributor_id = current_setting('app.distributor_id')::uuid AND t.reseller_id = current_setting('app.reseller_id')::uuid
    AND (t.words @@ to_tsquery('simple', p_prefix) OR p_query <% t.name)
  ORDER BY 2 DESC, t.name LIMIT p_most
$$""")  # noqa: E501 SQL


class NotOffered(Refused):
    """The plan is not on this shop's shelf."""

    def __init__(self) -> None:
        super().__init__(_("This is no longer offered in this shop."))


@dataclass(frozen=True, slots=True)
class Card:
    """A product as a list shows it."""

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
    picture: str = ""
    picture_alt: str = ""

    @property
    def cursor(self) -> str:
        """Where the page after this card begins."""
        return f"{self.listing_id}.{self.sort_key}"


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
    )
    .join(Product, (Product.distributor_id == Listing.distributor_id) & (Product.id == Listing.product_id))
    .join(Plan, (Plan.distributor_id == Listing.distributor_id) & (Plan.id == Listing.plan_id))
    .join(
        ProductType,
        (ProductType.distributor_id == Product.distributor_id) & (ProductType.id == Product.product_type_id),
    )
    .where(Listing.lead, Listing.published, Product.published, Plan.published)
)


def shelf(*, after: str = "", category: str = "", limit: int = PAGE) -> list[Card]:
    """One page of the scope's shelf in name order, beginning behind the cursor `after` (keyset: page 4,000
    costs what page 1 costs)."""
    values: dict[str, Any] = {}
    if after:
        listing_id, _dot, values["sort_key"] = after.partition(".")
        try:
            values["listing"] = UUID(listing_id)
        except ValueError:
            raise Missing("page") from None
    if category:
        values["category"] = category
    return [card(row) for row in _page_of(bool(after), bool(category), limit).rows(**values)]


@cache
def _page_of(later: bool, in_category: bool, most: int) -> Statement:
    """The four statements of a shelf's page, each built once. The limit stands in it as a number, so that
    PostgreSQL keeps one plan instead of planning anew for each."""
    chosen = SHELF.order_by(Listing.sort_key, Listing.id).limit(literal_column(str(most)))
    if later:
        begin = tuple_(bindparam("sort_key", type_=Text()), bindparam("listing", type_=Uuid()))
        chosen = chosen.where(tuple_(Listing.sort_key, Listing.id) > begin)
    if in_category:
        chosen = chosen.where(Product.category == bindparam("category"))
    return Statement(chosen)


def card(row: Sequence[Any]) -> Card:
    """A Card from a row of SHELF, whose columns are more than SQLAlchemy types."""
    listing_id, product, code, vendor, category, summary, plan, minor, currency, unit, billing, *about = row
    return Card(
        listing_id,
        product,
        code,
        vendor,
        category,
        summary,
        plan,
        Money(minor, currency),
        unit,
        billing.per,
        *about,
    )


def search(query: str, limit: int = PAGE) -> list[Card]:
    """Cards that match the words or come close to them (typos), best first."""
    words = [w for w in "".join(c if c.isalnum() else " " for c in query).split() if w][:8]
    if not words:
        return []
    found = doors.call_here(
        SEARCH,
        {
            "p_query": " ".join(words).lower(),
            "p_prefix": " & ".join(f"{w}:*" for w in words),
            "p_most": limit,
        },
    )
    order = {row.product_id: place for place, row in enumerate(found)}
    if not order:
        return []
    rows = (
        db.session().execute(SHELF.add_columns(Listing.product_id).where(Listing.product_id.in_(order))).all()
    )
    return [card(row[:-1]) for row in sorted(rows, key=lambda row: order[row[-1]])]


_ABOVE = aliased(Category)
_PLACE = func.coalesce(_ABOVE.position, Category.position, LAST)
CATEGORIES = Statement(
    select(Product.category, _PLACE, func.coalesce(_ABOVE.name, Product.category), Category.position)
    .join(Listing, (Listing.distributor_id == Product.distributor_id) & (Listing.product_id == Product.id))
    .outerjoin(
        Category,
        (Category.distributor_id == Product.distributor_id) & (Category.name == Product.category),
    )
    .outerjoin(_ABOVE, (_ABOVE.distributor_id == Category.distributor_id) & (_ABOVE.id == Category.parent_id))
    .where(Listing.lead, Listing.published, Product.published)
    .distinct()
    .order_by(_PLACE, func.coalesce(_ABOVE.name, Product.category), Category.position, Product.category)
)


def categories() -> list[str]:
    """The categories on the scope's shelf in the distributor's order, those below another one after it; names
    without a row stand last."""
    return [row[0] for row in CATEGORIES.rows()]


@dataclass(frozen=True, slots=True)
class Offered:
    """A product as its page shows it."""

    name: str
    vendor: str
    category: str
    summary: str
    description: str
    pictures: Sequence[Picture] = ()
    languages: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan of a product as its page shows it."""

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
    attributes: Sequence[tuple[str, str | bool]] = ()
    onwards: Sequence[str] = ()


OFFERS = Statement(
    select(
        Product.name,
        Product.vendor,
        Product.category,
        Product.summary,
        Product.description,
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
        # what is said about both, in the order of `described`
        abouts.PICTURES,
        abouts.LANGUAGES,
        ProductType.attributes,
        Product.attributes,
        Plan.attributes,
        abouts.ONWARDS,
    )
    .join(Listing, (Listing.distributor_id == Product.distributor_id) & (Listing.product_id == Product.id))
    .join(Plan, (Plan.distributor_id == Listing.distributor_id) & (Plan.id == Listing.plan_id))
    .join(
        ProductType,
        (ProductType.distributor_id == Product.distributor_id) & (ProductType.id == Product.product_type_id),
    )
    .where(Product.code == bindparam("code"), Product.published, Listing.published, Plan.published)
    .order_by(Listing.price_minor, Plan.code)
)


def offers(product_code: str) -> tuple[Offered, list[Offer]]:
    """A product and its plans on the scope's shelf, cheapest first; Missing if none is offered."""
    rows = OFFERS.rows(code=product_code)
    if not rows:
        raise Missing("product")
    return described(rows, Offered(*rows[0][:5]), [
        Offer(
            listing_id,
            plan_id,
            plan,
            Money(minor, currency),
            unit,
            term.label,
            billing.per,
            minimum,
            maximum,
            features,
            Volume(Money(minor, currency), steps),
            (term.months, billing.months),
        )
        for (
            *_,
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
        ) in (row[:-ABOUT] for row in rows)
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
        .join(Product, (Product.distributor_id == Plan.distributor_id) & (Product.id == Plan.product_id))
        .join(
            ProductType,
            (ProductType.distributor_id == Product.distributor_id)
            & (ProductType.id == Product.product_type_id),
        )
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
    added = 0
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
        added += 1
    db.flush()
    changed(reseller_id)
    return added


def reprice(listing: Listing, price: Money) -> None:
    """The reseller's retail price of a plan, shown on the next request."""
    if price.currency != listing.currency:
        raise Refused(_("Prices of this shop are in %(currency)s.", currency=listing.currency))
    listing.price_minor = price.minor
    db.flush()
    changed(listing.reseller_id)


def set_steps(listing: Listing, steps: Steps) -> bool:
    """The volume steps of the reseller's retail price, shown on the next request; whether that is news.
    WrongSteps where they do not rise."""
    wanted = volumes.checked(steps)
    if listing.steps == wanted:
        return False
    new = Volume(listing.price, wanted)
    trail.write(listing, "by quantity", was=listing.volume.words or "-", now=new.words or "-")
    listing.steps = wanted
    changed(listing.reseller_id)
    return True


def changed(reseller_id: UUID) -> None:
    """After any change of a shelf: search follows, and the shop's fragments end."""
    db.flush()
    doors.call_here(INDEX, {"p_reseller": reseller_id})
    storefronts.touch_shelf(reseller_id)
