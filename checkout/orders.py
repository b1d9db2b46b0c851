"""Orders: a document with two legs, placed in one commit (`checkout.placing`) and funded once. What is
delivered of an order is computed from its deliveries, not stored here a second time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import credit, funds, invoices, ledger, payments
from billing.funds import FundKind
from billing.invoices import ChargeState, InvoiceState
from billing.ledger import Account
from billing.payments import Payment, PaymentCaptured
from billing.tax import TaxKind
from checkout import taken_offers
from core import db, states, work
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.languages import _
from core.money import Money, total
from core.periods import Term
from core.tenancy import Access, CustomerOwned, DistributorOwned, ResellerOwned, owned_by
from partners import storefronts
from partners.customers import RelationshipEnding


class OrderState(StrEnum):
    """FUNDED: the distributor holds what covers it, and its deliveries exist. UNCOVERED: paid, but what is
    left after the gateway's fee does not cover wholesale; nothing is delivered before the distributor has
    decided."""

    AWAITING_PAYMENT = "awaiting_payment"
    UNCOVERED = "uncovered"
    FUNDED = "funded"
    CANCELLED = "cancelled"


UNPAID_LIFE = timedelta(hours=24)


class PayBy(StrEnum):
    """How the buyer pays. ACCOUNT: on the reseller's credit or deposit. TRANSFER: from bank to bank, if sales
    grants it (checkout/bank_transfer_requests.py)."""

    CARD = "card"
    ACCOUNT = "account"
    TRANSFER = "transfer"


class Order(CustomerOwned, db.Model):
    """What was ordered, by whom, for how much; `total` is gross. `seller` and `buyer` are copies of their
    company data. `customer_id` empty: the reseller buys for itself."""

    __tablename__ = "orders"
    __access__ = Access(distributor="rcu", reseller="r", customer="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        UniqueConstraint("distributor_id", "membership_id", "request_key"),
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        CheckConstraint("total_minor >= 0", name="total"),
        CheckConstraint("total_minor = net_minor + tax_minor", name="gross"),
        Index("ix_orders_customer", "distributor_id", "customer_id", "id"),
        Index("ix_orders_reseller", "distributor_id", "reseller_id", "id"),
    )
    LIFE = states.Transitions(
        {
            OrderState.AWAITING_PAYMENT: [OrderState.FUNDED, OrderState.UNCOVERED, OrderState.CANCELLED],
            OrderState.UNCOVERED: [OrderState.FUNDED],
            OrderState.FUNDED: [],
            OrderState.CANCELLED: [],
        },
        first=OrderState.AWAITING_PAYMENT,
    )

    code: Mapped[str]
    request_key: Mapped[str]
    return_token: Mapped[str]
    storefront_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    placed_by: Mapped[str]
    email: Mapped[str]
    state: Mapped[OrderState]
    pay_by: Mapped[PayBy]
    seller: Mapped[dict[str, Any]] = mapped_column(default=dict)
    buyer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    tax_kind: Mapped[TaxKind]
    tax_name: Mapped[str]
    total_minor: Mapped[int]
    currency: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    funded_at: Mapped[datetime | None]
    cancelled_because: Mapped[str] = mapped_column(default="")

    net: Mapped[Money] = composite(Money, "net_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")


class OrderLine(CustomerOwned, db.Model):
    """What the buyer pays, and a copy of what was sold: an order does not follow the catalogue. `total` is
    net. An add-on belongs to another line (`base_line_id`) or to a service that ran already (`base_id`); what
    was sold in a bundle carries its name and which of the order's bundles it was. Trial and windows are those
    that the buyer was shown. `list_minor` is a unit's price before discounts; empty is the same as
    `unit_minor`."""

    __tablename__ = "order_lines"
    __access__ = Access(distributor="rc", reseller="r", customer="r")
    __table_args__ = (
        owned_by("orders", "order_id"),
        owned_by("plans", "plan_id"),
        owned_by("order_lines", "base_line_id"),
        owned_by("subscriptions", "base_id"),
        UniqueConstraint("distributor_id", "order_id", "number"),
        CheckConstraint("quantity >= 1 AND total_minor = unit_minor * quantity", name="total"),
        CheckConstraint("list_minor >= unit_minor", name="list"),
    )

    order_id: Mapped[UUID]
    number: Mapped[int]
    plan_id: Mapped[UUID]
    product_name: Mapped[str]
    plan_name: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[int]
    term: Mapped[Term]
    billing_period: Mapped[Term]
    unit_minor: Mapped[int]
    list_minor: Mapped[int | None]
    total_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_basis_points: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    fields: Mapped[dict[str, Any]]
    base_line_id: Mapped[UUID | None]
    base_id: Mapped[UUID | None]
    bundle: Mapped[str] = mapped_column(default="", server_default="")
    bundle_number: Mapped[int] = mapped_column(default=0, server_default="0")
    trial_days: Mapped[int] = mapped_column(default=0, server_default="0")
    cancellation_days: Mapped[int] = mapped_column(default=0, server_default="0")
    reduction_days: Mapped[int] = mapped_column(default=0, server_default="0")

    unit_price: Mapped[Money] = composite(Money, "unit_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")

    @property
    def gross(self) -> Money:
        """With tax: what is paid for this line."""
        return self.total + self.tax


class OrderWholesale(ResellerOwned, db.Model):
    """The wholesale leg of a line: what the reseller pays the distributor; `total` is net. No customer can
    select this table."""

    __tablename__ = "order_wholesale"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("order_lines", "order_line_id"),
        UniqueConstraint("distributor_id", "order_line_id"),
        CheckConstraint("list_minor >= unit_minor", name="list"),
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    unit_minor: Mapped[int]
    list_minor: Mapped[int | None]
    total_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]

    total: Mapped[Money] = composite(Money, "total_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")


class OrderCost(DistributorOwned, db.Model):
    """The vendor's side of a line: cost, SKU, connector, and what the connector is told besides what was
    asked of the buyer. The distributor's eyes only."""

    __tablename__ = "order_costs"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        owned_by("order_lines", "order_line_id"),
        UniqueConstraint("distributor_id", "order_line_id"),
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    sku: Mapped[str]
    connector: Mapped[str]
    opens_storefront: Mapped[bool]
    total_minor: Mapped[int | None]
    currency: Mapped[str]
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


# --- What happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderPlaced(Event):
    """An order exists."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class OrderFunded(Event):
    """The distributor holds what covers the order."""

    order_id: UUID
    fund_id: UUID


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    """It will not be paid."""

    order_id: UUID
    reseller_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class NothingToCover(Refused):
    """Only a paid order that waits for cover can be covered."""

    def __init__(self) -> None:
        super().__init__(_("This order does not wait for cover."))


class StillOrdering(Conflict):
    """An order of the customer is open."""

    title = "This customer has an open order"

    def __init__(self, code: str) -> None:
        super().__init__(
            _("Order %(code)s is open. Cancel it first, or wait until it is paid and delivered.", code=code)
        )


# --- What follows -------------------------------------------------------------------------------------------


def fund_by_payment(event: PaymentCaptured) -> None:
    """Now-reaction: the gateway holds the money on the distributor's account. Where the fee was higher than
    expected, the difference is held of the reseller's credit; where there is none, the order waits for the
    distributor and nothing is delivered (QP2)."""
    payment, order = payments.lock(event.payment_id), lock(event.order_id)
    wholesale = total([charge.gross for charge in invoices.charges(order.id)], order.currency)
    try:
        with db.savepoint():
            credit.hold_exactly(order.reseller_id, order.id, wholesale - payments.left_of(payment))
    except credit.CreditExceeded as over:
        _wait_for_cover(order, payment, wholesale, over)
        return
    fund(order.id, FundKind.PAYMENT, wholesale, payment_id=payment.id)
    work.close_about(order.id, "Covered.")


def _wait_for_cover(order: Order, payment: Payment, wholesale: Money, over: credit.CreditExceeded) -> None:
    if order.state is OrderState.UNCOVERED:
        raise over
    states.move(order, OrderState.UNCOVERED)
    left = payments.left_of(payment)
    work.open_item(
        "order not covered",
        about_type="orders",
        about_id=order.id,
        order_id=order.id,
        words=f"{order.code} is paid, but {left.text} left after the card fee does not cover"
        f" {wholesale.text} wholesale. Nothing was delivered.",
        suggestion="Give the reseller more credit, then cover the order.",
    )


def cover(order: Order) -> None:
    """Tries again to cover an order that was paid with too little left; CreditExceeded while the reseller's
    credit has no room. The distributor's act."""
    payment = payments.of_order(order.id)
    if order.state is not OrderState.UNCOVERED or payment is None:
        raise NothingToCover
    fund_by_payment(PaymentCaptured(payment.id, order.id))


def fund(order_id: UUID, kind: FundKind, covers: Money, payment_id: UUID | None = None) -> None:
    """The order is covered: charges are settled or due, and its deliveries come to exist by the reaction to
    OrderFunded."""
    order = lock(order_id)
    note = funds.note(order.id, order.reseller_id, kind, covers, payment_id)
    states.move(order, OrderState.FUNDED)
    order.funded_at = db.session().info["now"]
    on_account, charges = kind is FundKind.CREDIT, invoices.charges(order.id)
    for charge in charges:
        states.move(charge, ChargeState.DUE if on_account else ChargeState.SETTLED)
    taxed = total([charge.tax for charge in charges], order.currency)
    ledger.post(
        f"order {order.id} sold",
        [
            (Account.RESELLER, covers - taxed, order.reseller_id),
            (Account.RESELLER_TAX, taxed, order.reseller_id),
            (Account.WHOLESALE_SALES, taxed - covers, None),
            (Account.SALES_TAX, -taxed, None),
        ],
        order_id=order.id,
    )
    if not order.total_minor and (invoice := invoices.of_order(order.id)):
        states.move(invoice, InvoiceState.VOID, why="nothing due")
    publish(OrderFunded(order.id, note.id))


def cancel(order: Order, *, why: str) -> None:
    """Gives up an unpaid order: the draft invoice is void, credit and alias are free again, the payment page
    is closed; money that still comes is a work item. Works as the distributor ("giving up an order"); whoever
    settles at the same moment waits, or is waited for."""
    payments.lock_of_order(order.id)
    order = lock(order.id)
    states.move(order, OrderState.CANCELLED, why=why)
    order.cancelled_because = why
    payments.cancel(order.id)
    credit.give_back(order.id)
    publish(OrderCancelled(order.id, order.reseller_id))


def release_offers(event: OrderCancelled) -> None:
    """Now-reaction: what is offered once per customer may be taken again."""
    taken_offers.release_of_order(event.order_id)


def release_alias(event: OrderCancelled) -> None:
    """Now-reaction: an order that held an alias gives it back."""
    held = select(OrderCost.id).where(OrderCost.order_id == event.order_id, OrderCost.opens_storefront)
    if db.session().scalar(held):
        storefronts.release(event.reseller_id)


def refuse_if_open(event: RelationshipEnding) -> None:
    """Now-reaction: nobody leaves a reseller's list while they may still pay for something."""
    unsettled = select(Order.code).where(
        Order.customer_id == event.customer_id,
        Order.state.in_((OrderState.AWAITING_PAYMENT, OrderState.UNCOVERED)),
    )
    if code := db.session().scalar(unsettled.order_by(Order.id).limit(1)):
        raise StillOrdering(code)


def expire_unpaid(limit: int = 200) -> int:
    """Cancels orders whose time to pay is over; says how many. One that is paid at this very moment is left
    alone, and so is one whose page the gateway has yet to be asked about."""
    late = (
        select(Order)
        .where(
            Order.state == OrderState.AWAITING_PAYMENT,
            Order.expires_at < business_now(),
            ~payments.unheard(Order.id),
        )
        .order_by(Order.id)
        .limit(limit)
    )
    cancelled = 0
    for order in db.session().scalars(late).all():
        payments.lock_of_order(order.id)
        if lock(order.id).state is OrderState.AWAITING_PAYMENT:
            cancel(order, why="It was not paid in time.")
            cancelled += 1
    return cancelled


def of_id(order_id: UUID) -> Order:
    """An order by its id, inside the scope."""
    found = db.session().scalar(select(Order).where(Order.id == order_id))
    if found is None:
        raise Missing("order")
    return found


def lock(order_id: UUID) -> Order:
    """The order as it is now, held until the end of the transaction. Its payment, if there is one, is locked
    before it."""
    db.flush()  # what is pending would be overwritten by the fresh row
    return (
        db.session()
        .scalars(
            select(Order)
            .where(Order.id == order_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .one()
    )


def find(code: str) -> Order:
    """An order by its code, inside the scope; a foreign one is not found."""
    found = db.session().scalar(select(Order).where(Order.code == code))
    if found is None:
        raise Missing("order")
    return found


def lines(order_id: UUID) -> list[OrderLine]:
    """Lines in order."""
    return list(
        db.session().scalars(
            select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.number)
        )
    )
