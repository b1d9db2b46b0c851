"""Wholesale: what a reseller pays, by price list. A reseller's scope carries its own list and can see no
other (promises A4)."""

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, composite

from core import db
from core.money import Money
from core.tenancy import Access, DistributorOwned, owned_by


class PriceList(DistributorOwned, db.Model):
    """Prices for a group of resellers."""

    __tablename__ = "price_lists"
    __access__ = Access(distributor="rcu", reseller="r", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "name"),)

    name: Mapped[str]
    currency: Mapped[str]


class WholesalePrice(DistributorOwned, db.Model):
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


def wholesale(price_list_id: UUID) -> dict[UUID, Money]:
    """Plan -> wholesale price of a list."""
    rows = db.session().scalars(select(WholesalePrice).where(WholesalePrice.price_list_id == price_list_id))
    return {row.plan_id: row.price for row in rows}
