"""Offers that are made once per customer: who has taken which. The unique index is the rule, also under two
orders at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Index, Table, Uuid, any_, bindparam, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, mapped_column

from core import db
from core.errors import Refused
from core.ids import new_id
from core.languages import _
from core.statements import Statement
from core.tenancy import Access, CustomerOwned, current, owned_by


class TakenOffer(CustomerOwned, db.Model):
    """Who has taken an offer that is made once per customer. `buyer_id`: the customer, or the reseller that
    buys for itself. The unique index is the rule, also under two orders at once; it is free again when the
    order is cancelled or the line is never delivered."""

    __tablename__ = "taken_offers"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        owned_by("plans", "plan_id"),
        owned_by("orders", "order_id"),
        owned_by("order_lines", "order_line_id"),
        Index(
            "uq_taken_offers_once",
            "distributor_id",
            "buyer_id",
            "plan_id",
            unique=True,
            postgresql_where=literal_column("released_at IS NULL"),
        ),
        Index("ix_taken_offers_order", "distributor_id", "order_id"),
        Index("ix_taken_offers_line", "distributor_id", "order_line_id"),
    )

    buyer_id: Mapped[UUID]
    plan_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    taken_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(default=None)


class OncePerCustomer(Refused):
    """Nobody takes such an offer twice."""

    def __init__(self, product: str, plan: str) -> None:
        super().__init__(
            _(
                "%(product)s, %(plan)s is offered once per customer, and your company has taken it already.",
                product=product,
                plan=plan,
            )
        )


_TAKEN = Statement(
    select(TakenOffer.plan_id).where(
        TakenOffer.buyer_id == bindparam("buyer", type_=Uuid()),
        TakenOffer.plan_id == any_(bindparam("plans", type_=ARRAY(Uuid()))),
        TakenOffer.released_at.is_(None),
    )
)


def of_buyer(buyer_id: UUID, plan_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these plans a customer, or a reseller that buys for itself, has taken."""
    return {row[0] for row in _TAKEN.rows(buyer=buyer_id, plans=list(plan_ids))} if plan_ids else set()


_table = cast(Table, TakenOffer.__table__)
_COLUMNS = (
    "distributor_id", "id", "reseller_id", "customer_id", "buyer_id", "plan_id", "order_id", "order_line_id",
    "taken_at",
)  # fmt: skip
TAKE = Statement(
    insert(_table)
    .values({name: bindparam(f"new_{name}", type_=_table.c[name].type) for name in _COLUMNS})
    .on_conflict_do_nothing()
    .returning(_table.c.id)
)


@dataclass(frozen=True, slots=True)
class Taking:
    """A line of an order that is being placed, whose plan is offered once."""

    plan_id: UUID
    order_line_id: UUID
    product: str
    plan: str


def take(reseller_id: UUID, customer_id: UUID | None, order_id: UUID, takings: Sequence[Taking]) -> None:
    """Writes down who has taken an offer that is made once; OncePerCustomer where somebody was faster. Of two
    orders at once the second waits here for the first."""
    for one in sorted(takings, key=lambda taking: taking.plan_id):
        values = {
            "distributor_id": current().distributor_id,
            "id": new_id(),
            "reseller_id": reseller_id,
            "customer_id": customer_id,
            "buyer_id": customer_id or reseller_id,
            "plan_id": one.plan_id,
            "order_id": order_id,
            "order_line_id": one.order_line_id,
            "taken_at": db.session().info["now"],
        }
        if not TAKE.rows(**{f"new_{name}": value for name, value in values.items()}):
            raise OncePerCustomer(one.product, one.plan)


def release_of_order(order_id: UUID) -> None:
    """The order will not be paid: what it took may be taken again."""
    _release(TakenOffer.order_id == order_id)


def release_of_line(order_line_id: UUID) -> None:
    """The line was never delivered, and never will be."""
    _release(TakenOffer.order_line_id == order_line_id)


def _release(which: Any) -> None:
    db.session().execute(
        update(TakenOffer)
        .where(which, TakenOffer.released_at.is_(None))
        .values(released_at=db.session().info["now"])
        .execution_options(synchronize_session=False)
    )
