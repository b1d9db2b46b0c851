"""Refunds: what is given back of an order line, in both legs. Requested by billing/refund_requests.py, asked
of the card by a durable task (billing/refund_calls.py), done or failed by billing/refund_outcomes.py. Who
bears what is said in `refund_shares`, which no customer can select."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing.refund_policies import Party
from core import db, states
from core.errors import Missing
from core.money import Money
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by

CALL = "refund"  # the kind of task, in billing/refund_calls.py


class RefundState(StrEnum):
    """SENT: the gateway has taken it, the bank has not. UNKNOWN: asked, but no clear answer came; it is
    looked up before anything is asked again. FAILED: a person must act; the buyer's money is still with
    us. PAID_OTHERWISE: a person paid it past the gateway."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    PAID_OTHERWISE = "paid_otherwise"


class Because(StrEnum):
    """Why something is given back."""

    REFUSED = "refused"
    CANCELLED = "cancelled"
    BY_HAND = "by_hand"


class Way(StrEnum):
    """Where it goes. TRANSFER: from the bank, by a person, as it came. ACCOUNT: off what the reseller owes.
    NOTHING: no money moved for it."""

    CARD = "card"
    TRANSFER = "transfer"
    ACCOUNT = "account"
    NOTHING = "nothing"


PAID_BACK = (Way.CARD, Way.TRANSFER)
"""Money that leaves us for the buyer."""
BY_BANK = "It was paid by bank transfer, so a person pays it back from the bank."


class Refund(CustomerOwned, db.Model):
    """The retail leg: what the buyer gets back, gross; `tax` is the part of it that is VAT. Its `key` is its
    mark at the gateway and the idempotency key of the first call: the same again where a restore has lost the
    row and it is requested anew. `tries` counts the calls that came back and were begun anew."""

    __tablename__ = "refunds"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        owned_by("payments", "payment_id"),
        UniqueConstraint("distributor_id", "key"),
        Index("ix_refunds_order", "distributor_id", "order_id"),
        Index("ix_refunds_line", "distributor_id", "order_line_id"),
        CheckConstraint("amount_minor >= 0 AND tax_minor >= 0 AND tax_minor <= amount_minor", name="amount"),
        CheckConstraint(
            "(way IN ('card', 'transfer')) = (payment_id IS NOT NULL)", name="a_card_has_a_payment"
        ),
    )
    LIFE = states.Transitions(
        {
            RefundState.REQUESTED: [
                RefundState.UNKNOWN,
                RefundState.SENT,
                RefundState.DONE,
                RefundState.FAILED,
            ],
            RefundState.UNKNOWN: [RefundState.SENT, RefundState.DONE, RefundState.FAILED],
            RefundState.SENT: [RefundState.DONE, RefundState.FAILED],
            RefundState.FAILED: [
                RefundState.REQUESTED,
                RefundState.UNKNOWN,
                RefundState.SENT,
                RefundState.DONE,
                RefundState.PAID_OTHERWISE,
            ],
            RefundState.DONE: [RefundState.FAILED],
            RefundState.PAID_OTHERWISE: [],
        },
        first=RefundState.REQUESTED,
    )

    key: Mapped[str]
    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    payment_id: Mapped[UUID | None]
    way: Mapped[Way]
    because: Mapped[Because]
    why: Mapped[str] = mapped_column(default="")
    state: Mapped[RefundState]
    amount_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    tries: Mapped[int] = mapped_column(default=1)
    external_id: Mapped[str | None]
    requested_by: Mapped[str] = mapped_column(default="")
    requested_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")

    @property
    def call_key(self) -> str:
        """The idempotency key of the present try."""
        return self.key if self.tries == 1 else f"{self.key}-{self.tries}"


class RefundShare(ResellerOwned, db.Model):
    """The wholesale leg and who bears what, net: the distributor gives `wholesale` back to the reseller (and
    `wholesale_tax` with it), the reseller gives up its margin, which is what lies between the net prices; the
    gateway's fee does not come back."""

    __tablename__ = "refund_shares"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("refunds", "refund_id"),
        UniqueConstraint("distributor_id", "refund_id"),
        CheckConstraint(
            "wholesale_minor >= 0 AND wholesale_tax_minor >= 0 AND fee_minor >= 0", name="amounts"
        ),
    )

    refund_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    wholesale_minor: Mapped[int]
    wholesale_tax_minor: Mapped[int] = mapped_column(default=0)
    margin_minor: Mapped[int]
    fee_minor: Mapped[int]
    fee_borne_by: Mapped[Party]
    currency: Mapped[str]

    wholesale: Mapped[Money] = composite(Money, "wholesale_minor", "currency")
    wholesale_tax: Mapped[Money] = composite(Money, "wholesale_tax_minor", "currency")
    margin: Mapped[Money] = composite(Money, "margin_minor", "currency")
    fee: Mapped[Money] = composite(Money, "fee_minor", "currency")


def of_key(key: str) -> Refund | None:
    """The refund made under a key."""
    return db.session().scalar(select(Refund).where(Refund.key == key))


def find(refund_id: UUID) -> Refund:
    """A refund inside the scope."""
    found = db.session().scalar(select(Refund).where(Refund.id == refund_id))
    if found is None:
        raise Missing("refund")
    return found


def of_order(order_id: UUID) -> list[Refund]:
    """Refunds of an order, oldest first."""
    chosen = select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)
    return list(db.session().scalars(chosen))


def share_of(refund_id: UUID) -> RefundShare:
    """Its wholesale leg; no customer can ask for it."""
    return db.session().scalars(select(RefundShare).where(RefundShare.refund_id == refund_id)).one()


@dataclass(frozen=True, slots=True)
class Given:
    """What of a line is on its way back already: retail gross and the tax in it, wholesale net and its
    tax."""

    amount: Money
    tax: Money
    wholesale: Money
    wholesale_tax: Money


def given_back(order_line_id: UUID, currency: str) -> Given:
    """What of a line is on its way back already."""
    retail, shares = Refund.order_line_id == order_line_id, RefundShare.order_line_id == order_line_id
    columns = (
        (Refund.amount_minor, retail),
        (Refund.tax_minor, retail),
        (RefundShare.wholesale_minor, shares),
        (RefundShare.wholesale_tax_minor, shares),
    )
    sums = [
        select(func.coalesce(func.sum(column), 0)).where(mine).scalar_subquery() for column, mine in columns
    ]
    amount, taxed, wholesale, wholesale_tax = (
        Money(int(minor), currency) for minor in db.session().execute(select(*sums)).one()
    )
    return Given(amount, taxed, wholesale, wholesale_tax)


def back_to_the_buyer(order_line_id: UUID, currency: str) -> Money:
    """What of a line the buyer has got back or is getting, gross; its own to read."""
    of_line = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.order_line_id == order_line_id
    )
    return Money(int(db.session().scalar(of_line) or 0), currency)


TALLY = (
    """
    CREATE OR REPLACE FUNCTION refunds_are_tallied() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what a refund gives back never changes' USING ERRCODE = 'check_violation', DETAIL = OLD.id::text;
      END IF;
      UPDATE payments SET refunded_minor = refunded_minor + NEW.amount_minor
        WHERE distributor_id = NEW.distributor_id AND id = NEW.payment_id;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a refund of a payment that cannot be seen' USING ERRCODE = 'check_violation', DETAIL = NEW.id::text;
      END IF;
      RETURN NULL;
    END $$
    """,  # noqa: E501 SQL
    "DROP TRIGGER IF EXISTS refunds_tally ON refunds",
    "CREATE TRIGGER refunds_tally AFTER INSERT ON refunds FOR EACH ROW WHEN (NEW.payment_id IS NOT NULL)"
    " EXECUTE FUNCTION refunds_are_tallied()",
    "DROP TRIGGER IF EXISTS refunds_fixed ON refunds",
    "CREATE TRIGGER refunds_fixed BEFORE UPDATE OF amount_minor, tax_minor, currency, payment_id, order_line_id, key ON refunds"  # noqa: E501 SQL
    " FOR EACH ROW WHEN (OLD.amount_minor <> NEW.amount_minor OR OLD.tax_minor <> NEW.tax_minor OR OLD.currency <> NEW.currency OR OLD.key <> NEW.key"  # noqa: E501 SQL
    " OR OLD.payment_id IS DISTINCT FROM NEW.payment_id OR OLD.order_line_id <> NEW.order_line_id)"
    " EXECUTE FUNCTION refunds_are_tallied()",
)
"""Applied by every migration: each refund adds itself to its payment, whose check refuses more than was
captured, whatever code wrote the row."""
