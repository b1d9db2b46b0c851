"""The commission record of a partner: one row for each customer that it won in a programme, by the tier that
it had when the customer's first service was delivered (H6, H25). A record, not a payment: nothing is changed
in it later, and nothing is paid by it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, composite

from core import db, parties, tenancy
from core.clock import business_now
from core.ids import new_id
from core.money import Money
from core.tenancy import Access, ResellerOwned, owned_by
from partners.enrolments import Enrolment, EnrolmentState


class Commission(ResellerOwned, db.Model):
    """What a customer earned its reseller. Names are copies: a record does not follow what is renamed.
    `rate` is basis points of `base`, which is what the reseller pays for the first period, net."""

    __tablename__ = "commissions"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("enrolments", "enrolment_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "programme_id", "reseller_id", "customer_id"),
        CheckConstraint("base_minor >= 0 AND amount_minor >= 0", name="amounts"),
        Index("ix_commissions_reseller", "distributor_id", "reseller_id", "id"),
    )

    programme_id: Mapped[UUID]
    enrolment_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    programme_name: Mapped[str]
    tier_name: Mapped[str]
    customer_name: Mapped[str]
    service: Mapped[str]
    rate: Mapped[int]
    base_minor: Mapped[int]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    earned_at: Mapped[datetime]

    base: Mapped[Money] = composite(Money, "base_minor", "currency")
    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")


def earn(programme_id: UUID, reseller_id: UUID, customer_id: UUID, *, service: str, base: Money) -> None:
    """Writes the record of a customer that was won, by the tier of today; nothing for a second service of the
    same customer, nor for a reseller that is no active partner of the programme."""
    partner = db.session().scalar(
        select(Enrolment).where(
            Enrolment.programme_id == programme_id,
            Enrolment.reseller_id == reseller_id,
            Enrolment.state == EnrolmentState.ACTIVE,
        )
    )
    if partner is None:
        return
    amount = base.times(Decimal(partner.commission).scaleb(-4))
    db.session().execute(
        insert(Commission)
        .values(
            distributor_id=tenancy.current().distributor_id,
            id=new_id(),
            reseller_id=reseller_id,
            programme_id=programme_id,
            enrolment_id=partner.id,
            customer_id=customer_id,
            programme_name=partner.programme_name,
            tier_name=partner.tier_name,
            customer_name=parties.customer(customer_id).name,
            service=service,
            rate=partner.commission,
            base_minor=base.minor,
            amount_minor=amount.minor,
            currency=base.currency,
            earned_at=business_now(),
        )
        .on_conflict_do_nothing()
    )


def earned(enrolment_id: UUID) -> list[Money]:
    """What a partnership earned in all, one amount for each currency."""
    chosen = (
        select(func.sum(Commission.amount_minor), Commission.currency)
        .where(Commission.enrolment_id == enrolment_id)
        .group_by(Commission.currency)
        .order_by(Commission.currency)
    )
    return [Money(int(total), currency) for total, currency in db.session().execute(chosen)]
