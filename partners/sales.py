"""What partners have sold in the programmes that products belong to, one row for each service that was really
delivered (H47). A tally of what happens in higher packages, fed by reactions: partners know no subscription.
Tiers count customers in it, each once, as long as one of its services runs; the first service of a customer
in a programme earns a commission."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Index, UniqueConstraint, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from core import db, tenancy
from core.clock import business_now
from core.ids import new_id
from core.money import Money
from core.tenancy import Access, ResellerOwned, owned_by
from partners import commissions


class Sale(ResellerOwned, db.Model):
    """A customer's service of a programme's product: from its delivery to its end, by the business clock."""

    __tablename__ = "programme_sales"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "subscription_id"),
        Index("ix_programme_sales_partner", "distributor_id", "reseller_id", "programme_id", "customer_id"),
    )

    programme_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    sold_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A service that was delivered, as the tally needs it; `paid` is what the reseller pays for its first
    period, net."""

    programme_id: UUID
    reseller_id: UUID
    customer_id: UUID
    subscription_id: UUID
    service: str
    paid: Money


def tally(delivered: Delivered) -> None:
    """Counts a service, once however often it is told, and its customer's first one earns a commission."""
    now = business_now()
    added = db.session().scalar(
        insert(Sale)
        .values(
            distributor_id=tenancy.current().distributor_id,
            id=new_id(),
            reseller_id=delivered.reseller_id,
            programme_id=delivered.programme_id,
            customer_id=delivered.customer_id,
            subscription_id=delivered.subscription_id,
            sold_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Sale.id)
    )
    if added is not None:
        commissions.earn(
            delivered.programme_id,
            delivered.reseller_id,
            delivered.customer_id,
            service=delivered.service,
            base=delivered.paid,
        )


def lost(subscription_id: UUID) -> None:
    """The service has ended: it is counted no more."""
    db.session().execute(
        update(Sale)
        .where(Sale.subscription_id == subscription_id, Sale.ended_at.is_(None))
        .values(ended_at=business_now())
    )


def hand_over(subscription_id: UUID, *, taken_id: UUID, reseller_id: UUID, customer_id: UUID) -> None:
    """The service is another partner's from now on, as another subscription: it counts there and no longer
    here. Nobody sold it, so it earns nothing."""
    counted = select(Sale.programme_id).where(
        Sale.subscription_id == subscription_id, Sale.ended_at.is_(None)
    )
    programme_id = db.session().scalar(counted)
    if programme_id is None:
        return
    lost(subscription_id)
    db.add(
        Sale(
            reseller_id=reseller_id,
            programme_id=programme_id,
            customer_id=customer_id,
            subscription_id=taken_id,
            sold_at=business_now(),
        )
    )


def customers(reseller_id: UUID, programme_id: UUID, at: datetime) -> int:
    """How many customers a partner has sold to and kept at that moment: those with a service that was
    delivered before it and runs through it (H18)."""
    counted = select(func.count(func.distinct(Sale.customer_id))).where(
        Sale.reseller_id == reseller_id, Sale.programme_id == programme_id, running(at)
    )
    return db.session().scalar(counted) or 0


def running(at: datetime) -> ColumnElement[bool]:
    """Sales that count at a moment."""
    return (Sale.sold_at <= at) & or_(Sale.ended_at.is_(None), Sale.ended_at > at)


def new_customers(reseller_id: UUID, programme_id: UUID, since: datetime) -> int:
    """How many of a partner's customers had their first delivered service after `since`."""
    first = (
        select(Sale.customer_id)
        .where(Sale.reseller_id == reseller_id, Sale.programme_id == programme_id)
        .group_by(Sale.customer_id)
        .having(func.min(Sale.sold_at) > since)
        .subquery()
    )
    return db.session().scalar(select(func.count()).select_from(first)) or 0
