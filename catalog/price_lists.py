"""Wholesale: what a reseller pays, by price list, less the discount of its tier in the programme that the
product belongs to. A reseller's scope carries its own list and can see no other (docs/architecture.md, two
locks for tenancy)."""

from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, composite

from catalog.products import Product
from catalog.volumes import Stepped, Volume
from core import db
from core.money import Money
from core.tenancy import Access, DistributorOwned, owned_by, same_key
from partners.enrolments import Enrolment, EnrolmentState


class PriceList(DistributorOwned, db.Model):
    """Prices for a group of resellers."""

    __tablename__ = "price_lists"
    __access__ = Access(distributor="rcu", reseller="r", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "name"),)

    name: Mapped[str]
    currency: Mapped[str]


class WholesalePrice(Stepped, DistributorOwned, db.Model):
    """What resellers on one list pay for a plan, per unit and billing period."""

    __tablename__ = "wholesale_prices"
    __access__ = Access(distributor="rcud", reseller="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "price_list_id", "plan_id"),
        owned_by("price_lists", "price_list_id"),
        owned_by("plans", "plan_id"),
        CheckConstraint("price_minor >= 0", name="price"),
    )

    price_list_id: Mapped[UUID]
    plan_id: Mapped[UUID]
    price_minor: Mapped[int]
    currency: Mapped[str]

    price: Mapped[Money] = composite(Money, "price_minor", "currency")

    @property
    def volume(self) -> Volume:
        """The price with its steps."""
        return Volume(Money(self.price_minor, self.currency), self.steps)


def wholesale(price_list_id: UUID) -> dict[UUID, Money]:
    """Plan -> wholesale price of a list."""
    rows = db.session().scalars(select(WholesalePrice).where(WholesalePrice.price_list_id == price_list_id))
    return {row.plan_id: row.price for row in rows}


def tier_of(reseller_id: Any = None) -> ColumnElement[bool]:
    """Joins the enrolment whose tier lowers a product's wholesale price: the reseller's active one in the
    product's programme, of which there is one at most. A reseller's scope has only its own and names none."""
    joined = and_(
        same_key(Enrolment.programme_id, Product.programme_id),
        Enrolment.state == EnrolmentState.ACTIVE,
    )
    return joined if reseller_id is None else and_(joined, Enrolment.reseller_id == reseller_id)


def discounted(price: Money, discount: int | None) -> Money:
    """A wholesale price less so many basis points, rounded half up; none is no tier."""
    return price.times(Fraction(10_000 - discount, 10_000)) if discount else price


def less_tier(listed: Volume, discount: int | None) -> Volume:
    """Wholesale with its steps less the discount of a tier, each price rounded by itself."""

    def less(price: Money) -> Money:
        return discounted(price, discount)

    steps = [[begin, less(price).minor] for begin, price in listed.table()[1:]]
    return Volume(less(listed.price), steps)
