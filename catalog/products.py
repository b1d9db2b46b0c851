"""Product types, products and plans: what the distributor sells. A product type names the connector that
delivers it and who may buy it; a reseller plan is an ordinary product (I3)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column

from catalog.offerings import Asking, Ordered
from catalog.volumes import Stepped, Volume
from core import db, states
from core.errors import Missing
from core.ids import new_id
from core.money import Money
from core.parties import Distributor
from core.periods import Term
from core.tenancy import Access, DistributorOwned, owned_by, same_key

READABLE = Access(distributor="rcu", reseller="r", customer="r", public="r", door="r")
REMOVABLE = Access(distributor="rcud", reseller="r", customer="r", public="r", door="r")
"""Drafts that nobody ever saw are deleted; whatever was on a shelf is archived (catalog/editing.py)."""


NOTICE_DAYS = (30, 7, 1)
GRACE_DAYS = 30


class Audience(StrEnum):
    """Who buys products of a type."""

    CUSTOMER = "customer"
    RESELLER = "reseller"


class SaleState(StrEnum):
    """DRAFT: being prepared, or taken back; nobody but the distributor sees it. RETIRED: no new orders, and
    what was sold of it goes on."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class OnSale:
    """What is sold from a day to a day. `state` is moved by catalog/publication.py, on `publish_at` and
    `retire_at` (business time) by its task; `published` is what the state comes to, for those who ask a
    thousand times a second. Statements that set `published` for many rows take the state with them (a
    trigger). `archived_at`: out of the lists of the console, kept for what was sold."""

    LIFE = states.Transitions(
        {
            SaleState.DRAFT: [SaleState.PUBLISHED, SaleState.RETIRED],
            SaleState.PUBLISHED: [SaleState.DRAFT, SaleState.RETIRED],
            SaleState.RETIRED: [SaleState.PUBLISHED, SaleState.DRAFT],
        },
        first=SaleState.DRAFT,
    )

    state: Mapped[SaleState] = mapped_column(default=SaleState.PUBLISHED, server_default="published")
    published: Mapped[bool] = mapped_column(default=True)
    publish_at: Mapped[datetime | None]
    retire_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]


class ProductType(Asking, DistributorOwned, db.Model):
    """Schema of a family of products. `opens_storefront`: activation opens the reseller's own shop. The clock
    of its subscriptions is data: `notice_days` before the end their owner is told, `ends_at_term` says
    whether the service ends with its term (else it runs on until it is cancelled), and for `grace_days` after
    the end what belongs to it is kept (a storefront's address). `by_usage`: billed by what was used; of such
    a service nothing is left behind when it moves to another provider (M50). `attributes`: what products of
    the type and their plans are described by (catalog/attributes.py)."""

    __tablename__ = "product_types"
    __access__ = REMOVABLE
    __table_args__ = (UniqueConstraint("distributor_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    connector: Mapped[str]
    audience: Mapped[Audience]
    opens_storefront: Mapped[bool] = mapped_column(default=False)
    unit: Mapped[str] = mapped_column(default="seat")
    notice_days: Mapped[list[int]] = mapped_column(default=lambda: list(NOTICE_DAYS))
    ends_at_term: Mapped[bool] = mapped_column(default=True)
    grace_days: Mapped[int] = mapped_column(default=GRACE_DAYS)
    by_usage: Mapped[bool] = mapped_column(default=False)
    attributes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    archived_at: Mapped[datetime | None]


class Product(OnSale, DistributorOwned, db.Model):
    """What is described in the catalogue. `programme_id`: the partner programme that it belongs to, if any:
    what partners sell of it counts there, and their tier lowers its wholesale price. `category` is the name
    of a row of catalog/categories.py; `picture` and its words are copies of the first of its pictures
    (catalog/pictures.py), so that lists need no other row. `partners_only`: nobody but partners of its
    programme sells it (catalog/partner_products.py). `description` is Markdown. `transfer_from`: from so many
    licences on an order of it may be paid by bank transfer, by request to sales (P18); else never."""

    __tablename__ = "products"
    __access__ = REMOVABLE
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("product_types", "product_type_id"),
        owned_by("programmes", "programme_id"),
        owned_by("products", "replaced_by_id"),
        Index("ix_products_name", "distributor_id", "name", "id"),
        CheckConstraint("transfer_from >= 1", name="transfer_from"),
        CheckConstraint("NOT partners_only OR programme_id IS NOT NULL", name="partners_only"),
        Index(
            "ix_products_turns",
            "distributor_id",
            postgresql_where=literal_column("publish_at IS NOT NULL OR retire_at IS NOT NULL"),
        ),
    )

    product_type_id: Mapped[UUID]
    code: Mapped[str]
    name: Mapped[str]
    vendor: Mapped[str]
    category: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    programme_id: Mapped[UUID | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    picture: Mapped[str] = mapped_column(default="", server_default="")
    picture_alt: Mapped[str] = mapped_column(default="", server_default="")
    replaced_by_id: Mapped[UUID | None]
    transfer_from: Mapped[int | None]
    partners_only: Mapped[bool] = mapped_column(default=False, server_default=false())


class Plan(OnSale, Ordered, Stepped, DistributorOwned, db.Model):
    """A sellable variant: term, billing period, quantity bounds and the recommended price per unit and
    billing period. `source`: the price sheet that it is kept by, or nothing (catalog/price_imports.py).
    `priced_as_id` and `factor`: its prices are those of another plan times that, at every quantity
    (catalog/factors.py). `markets` and `segments`: to whom it is sold (catalog/markets.py); empty is to
    everybody."""

    __tablename__ = "plans"
    __access__ = REMOVABLE
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("products", "product_id"),
        CheckConstraint("minimum_quantity >= 1 AND maximum_quantity >= minimum_quantity", name="quantity"),
        owned_by("plans", "priced_as_id"),
        CheckConstraint("list_minor >= 0", name="list_price"),
        CheckConstraint(
            "(priced_as_id IS NULL) = (factor IS NULL) AND factor > 0 AND priced_as_id <> id", name="factor"
        ),
        owned_by("plans", "replaced_by_id"),
        CheckConstraint("quantity_step >= 1", name="quantity_step"),
        Index("ix_plans_product", "distributor_id", "product_id"),
        Index("ix_plans_priced_as", "distributor_id", "priced_as_id"),
        Index(
            "ix_plans_turns",
            "distributor_id",
            postgresql_where=literal_column("publish_at IS NOT NULL OR retire_at IS NOT NULL"),
        ),
    )

    product_id: Mapped[UUID]
    code: Mapped[str]
    sku: Mapped[str]
    name: Mapped[str]
    term: Mapped[Term]
    billing_period: Mapped[Term]
    minimum_quantity: Mapped[int] = mapped_column(default=1)
    maximum_quantity: Mapped[int] = mapped_column(default=10_000)
    list_minor: Mapped[int]
    currency: Mapped[str]
    features: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source: Mapped[str] = mapped_column(default="", server_default="")
    priced_as_id: Mapped[UUID | None]
    factor: Mapped[Decimal | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    markets: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    segments: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    replaced_by_id: Mapped[UUID | None]

    list_price: Mapped[Money] = composite(Money, "list_minor", "currency")

    @property
    def volume(self) -> Volume:
        """The list price with its steps."""
        return Volume(Money(self.list_minor, self.currency), self.steps)


class PlanCost(Stepped, DistributorOwned, db.Model):
    """What the vendor asks per unit and billing period; the distributor's eyes only."""

    __tablename__ = "plan_costs"
    __access__ = Access(distributor="rcud")
    __table_args__ = (owned_by("plans", "plan_id"), UniqueConstraint("distributor_id", "plan_id"))

    plan_id: Mapped[UUID]
    cost_minor: Mapped[int]
    currency: Mapped[str]

    cost: Mapped[Money] = composite(Money, "cost_minor", "currency")

    @property
    def volume(self) -> Volume:
        """The cost with its steps."""
        return Volume(Money(self.cost_minor, self.currency), self.steps)


def plan(code: str) -> Plan:
    """A plan by its code."""
    found = db.session().scalar(select(Plan).where(Plan.code == code))
    if found is None:
        raise Missing("plan")
    return found


def type_of(plan_id: UUID) -> ProductType:
    """The product type of a plan."""
    chosen = (
        select(ProductType)
        .join(Product, same_key(Product.product_type_id, ProductType.id))
        .join(Plan, same_key(Plan.product_id, Product.id))
        .where(Plan.id == plan_id)
    )
    return db.session().scalars(chosen).one()


def touch_catalogue() -> None:
    """A fresh catalogue version, as the last change of a transaction that changed products or plans."""
    db.session().scalars(select(Distributor)).one().catalogue_version = new_id()
