"""Orders: a document with two legs, placed in one commit (decision 14) and funded once. `place` computes
every price again; what the browser sent is never read (QM3). What is delivered of an order is computed from
its deliveries, not stored here a second time."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import credit, invoices, ledger, payments, tax
from billing.invoices import ChargeState, Invoice, InvoiceLine, InvoiceState
from billing.ledger import Account
from billing.payments import FundKind, Payment, PaymentCaptured, PaymentState
from billing.stripe_gateway import stripe_amount
from billing.tax import Chain, Sums, TaxKind
from catalog.listings import Listing, NotOffered
from catalog.price_lists import WholesalePrice
from catalog.products import Audience, Plan, PlanCost, Product, ProductType
from checkout.baskets import BasketLine, Buyer, check_quantity
from core import db, states, trail, work
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.faults import fault
from core.ids import new_code, new_id, new_token
from core.money import Money, total
from core.parties import Customer, OrderedBy, Reseller
from core.periods import Term
from core.statements import Statement
from core.tenancy import Access, CustomerOwned, DistributorOwned, ResellerOwned, current, owned_by
from partners import storefronts, terms
from partners.terms import Agreed, Asked, TermsAcceptance

UNPAID_LIFE = timedelta(hours=24)


class OrderState(StrEnum):
    """FUNDED: the distributor holds what covers it, and its deliveries exist. UNCOVERED: paid, but what is
    left after the gateway's fee does not cover wholesale; nothing is delivered before the distributor has
    decided."""

    AWAITING_PAYMENT = "awaiting_payment"
    UNCOVERED = "uncovered"
    FUNDED = "funded"
    CANCELLED = "cancelled"


class PayBy(StrEnum):
    """How the buyer pays. ACCOUNT: on the reseller's credit or deposit."""

    CARD = "card"
    ACCOUNT = "account"


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
    net."""

    __tablename__ = "order_lines"
    __access__ = Access(distributor="rc", reseller="r", customer="r")
    __table_args__ = (
        owned_by("orders", "order_id"),
        owned_by("plans", "plan_id"),
        UniqueConstraint("distributor_id", "order_id", "number"),
        CheckConstraint("quantity >= 1 AND total_minor = unit_minor * quantity", name="total"),
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
    total_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    tax_basis_points: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    fields: Mapped[dict[str, Any]]

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
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    unit_minor: Mapped[int]
    total_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]

    total: Mapped[Money] = composite(Money, "total_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")


class OrderCost(DistributorOwned, db.Model):
    """The vendor's side of a line: cost, SKU and connector. The distributor's eyes only."""

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


class EmptyBasket(Refused):
    """Nothing to order."""

    def __init__(self) -> None:
        super().__init__("Your basket is empty.")


class OnlyYourResellerOrders(Refused):
    """H45: this customer's reseller orders for it."""

    def __init__(self) -> None:
        super().__init__("Your provider orders for you. Please contact them.")


class NotOnAccount(Refused):
    """A customer's order is paid by card: the account is its reseller's."""

    def __init__(self) -> None:
        super().__init__("This order is paid by card. Please choose card payment.")


class CustomerEnded(Refused):
    """The relationship has ended."""

    def __init__(self) -> None:
        super().__init__(
            "Your account with this shop has ended, so nothing can be ordered. Please contact your provider."
        )


class NotAReseller(Refused):
    """I15: the account is not marked as reseller."""

    def __init__(self) -> None:
        super().__init__(
            "Your account is not enabled for reselling, so it cannot buy a reseller plan."
            " Please contact your distributor."
        )


class OrderingStopped(Refused):
    """The distributor switched ordering off for this reseller (I30)."""

    def __init__(self) -> None:
        super().__init__("Ordering is switched off for this account. Please contact your distributor.")


class NothingToCover(Refused):
    """Only a paid order that waits for cover can be covered."""

    def __init__(self) -> None:
        super().__init__("This order does not wait for cover.")


class NotCleared(Conflict):
    """The basket is not the one that was checked."""

    def __init__(self) -> None:
        super().__init__("Your basket has changed meanwhile. Please check it once more.")


class PriceChanged(Conflict):
    """The total is not the one the buyer saw."""

    def __init__(self, now: Money) -> None:
        super().__init__(
            f"Prices have changed meanwhile: the total is now {now.text}. Please check and confirm again."
        )


# --- Clearance ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clearance:
    """Proof that the connectors were asked about exactly this basket; made only by
    provisioning.fulfilment.clear()."""

    basket: str
    lines: int


def basket_hash(lines: Sequence[tuple[UUID, int, Mapping[str, Any]]]) -> str:
    """What a clearance is for: plans, quantities and fields."""
    content = sorted(f"{plan_id}:{quantity}:{sorted(fields.items())}" for plan_id, quantity, fields in lines)
    return hashlib.sha256("|".join(content).encode()).hexdigest()


# --- Placing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A basket line with everything that is known about it at this moment."""

    line: BasketLine
    plan: Plan
    product: Product
    kind: ProductType
    unit: Money
    wholesale: Money
    cost: Money | None


@dataclass(frozen=True, slots=True)
class Checkout:
    """What the checkout form says besides the basket. `request_key` makes a repeated submit give the first
    order; `seen_total` is the gross total that the page showed, so that nobody pays a price they did not
    see. `agreed` are the terms that were ticked, if any were asked for; `asks_terms` is off where the
    distributor orders on a reseller's behalf, who is then asked with its own next order."""

    request_key: str
    storefront_id: UUID
    pay_by: PayBy = PayBy.CARD
    seen_total: int | None = None
    agreed: Agreed | None = None
    asks_terms: bool = True


# Built once: the one statement that knows everything about a basket at this moment.
BASKET = (
    select(BasketLine, Plan, Product, ProductType, Listing, WholesalePrice, PlanCost, Reseller, Customer)
    .join(Plan, (Plan.distributor_id == BasketLine.distributor_id) & (Plan.id == BasketLine.plan_id))
    .join(Product, (Product.distributor_id == Plan.distributor_id) & (Product.id == Plan.product_id))
    .join(
        ProductType,
        (ProductType.distributor_id == Product.distributor_id) & (ProductType.id == Product.product_type_id),
    )
    .join(
        Reseller,
        (Reseller.distributor_id == BasketLine.distributor_id) & (Reseller.id == BasketLine.reseller_id),
    )
    .outerjoin(
        Customer,
        (Customer.distributor_id == BasketLine.distributor_id) & (Customer.id == BasketLine.customer_id),
    )
    .outerjoin(
        Listing,
        (Listing.distributor_id == Plan.distributor_id)
        & (Listing.plan_id == Plan.id)
        & (Listing.reseller_id == BasketLine.reseller_id)
        & Listing.published,
    )
    .outerjoin(
        WholesalePrice,
        (WholesalePrice.distributor_id == Plan.distributor_id)
        & (WholesalePrice.plan_id == Plan.id)
        & (WholesalePrice.price_list_id == Reseller.price_list_id),
    )
    .outerjoin(PlanCost, (PlanCost.distributor_id == Plan.distributor_id) & (PlanCost.plan_id == Plan.id))
    .where(
        BasketLine.membership_id == bindparam("membership"), BasketLine.reseller_id == bindparam("reseller")
    )
    .order_by(BasketLine.added_at, BasketLine.id)
)
LOCKED_BASKET = BASKET.with_for_update(of=BasketLine)


def price(buyer: Buyer, *, lock: bool = False) -> tuple[Reseller, Customer | None, list[PricedLine]]:
    """The buyer's basket with both legs and the cost, in one statement. Works as the distributor: call it in
    a widened transaction."""
    values = {"membership": buyer.membership_id, "reseller": buyer.reseller_id}
    rows = db.session().execute(LOCKED_BASKET if lock else BASKET, values).all()
    if not rows:
        raise EmptyBasket
    return rows[0][7], rows[0][8], [_priced(buyer, *row[:7]) for row in rows]


def _priced(
    buyer: Buyer, line: BasketLine, plan: Plan, product: Product, kind: ProductType, listing: Listing | None,
    wholesale: WholesalePrice | None, cost: PlanCost | None,
) -> PricedLine:  # fmt: skip
    """One line, or the refusal by name."""
    to_reseller = buyer.customer_id is None
    if (
        not (plan.published and product.published)
        or wholesale is None
        or (kind.audience is Audience.RESELLER) != to_reseller
    ):
        raise NotOffered
    if not to_reseller and listing is None:
        raise NotOffered
    check_quantity(line.quantity, plan.minimum_quantity, plan.maximum_quantity, kind.unit)
    unit = wholesale.price if to_reseller or listing is None else listing.price
    return PricedLine(line, plan, product, kind, unit, wholesale.price, cost.cost if cost else None)


def place(buyer: Buyer, clearance: Clearance, checkout: Checkout) -> str:
    """Places the buyer's basket as an order and returns its code: order, lines, both legs, draft invoice,
    charges and payment in one commit. Runs in a transaction widened for "placing an order"; refusals are
    raised by name before anything is written."""
    if (placed := earlier(buyer, checkout.request_key)) is not None:
        return placed
    try:
        reseller, customer, lines = price(buyer, lock=True)
    except EmptyBasket:
        if (placed := earlier(buyer, checkout.request_key)) is None:
            raise
        return placed
    if clearance.basket != basket_hash([(p.plan.id, p.line.quantity, p.line.fields) for p in lines]):
        raise NotCleared
    _may_order(reseller, customer, lines)
    taxed = taxes(tax.chain(reseller.id, buyer.customer_id), lines)
    currency, amount, wholesale = lines[0].unit.currency, taxed.retail.gross, taxed.wholesale.gross
    if checkout.seen_total is not None and checkout.seen_total != amount.minor:
        raise PriceChanged(amount)
    tax.refuse_unknown(taxed.chain)
    asked = terms.asked(reseller.id, buyer.customer_id) if checkout.asks_terms else None
    accepts = asked if terms.refuse_unless(checkout.agreed, asked) else None
    by_card = checkout.pay_by is PayBy.CARD and amount.minor > 0
    if amount.minor and not by_card and current().customer_id is not None:
        raise NotOnAccount
    gateway = payments.gateway() if by_card else None
    if by_card:
        stripe_amount(amount.minor, currency)
    held = _reserve_what_the_payment_will_not_cover(buyer, amount, wholesale, gateway)
    for line in lines:
        if line.kind.opens_storefront:
            storefronts.hold(reseller, str(line.line.fields["alias"]), currency=currency)
    order = _write(buyer, reseller, lines, checkout, taxed, gateway, held, accepts)
    publish(OrderPlaced(order["id"]))
    if not by_card:
        fund(order["id"], FundKind.CREDIT if amount.minor else FundKind.NOTHING_DUE, wholesale)
    db.flush()
    fault("place.before_commit")
    return str(order["code"])


@dataclass(frozen=True, slots=True)
class Taxed:
    """Both legs of an order with their tax. A reseller that buys for itself has the same twice: what it pays
    is the wholesale leg."""

    chain: Chain
    retail: Sums
    wholesale: Sums


def taxes(chain: Chain, lines: Sequence[PricedLine]) -> Taxed:
    """Net, tax and gross of both legs, by the same rule (billing.tax.between)."""
    return Taxed(
        chain,
        tax.sums([p.unit * p.line.quantity for p in lines], tax.between(chain.seller, chain.buyer)),
        tax.sums(
            [p.wholesale * p.line.quantity for p in lines], tax.between(chain.distributor, chain.reseller)
        ),
    )


def earlier(buyer: Buyer, request_key: str) -> str | None:
    """The code of the order that this form has placed already: a second submit of it gives the first
    order."""
    found = EARLIER.rows(key=request_key, membership=buyer.membership_id)
    return str(found[0][0]) if found else None


EARLIER = Statement(
    select(Order.code).where(
        Order.request_key == bindparam("key"), Order.membership_id == bindparam("membership")
    )
)


def _may_order(reseller: Reseller, customer: Customer | None, lines: Sequence[PricedLine]) -> None:
    if not reseller.ordering_enabled:
        raise OrderingStopped
    if customer is not None and customer.ended_at is not None:
        raise CustomerEnded
    if customer is not None and customer.ordered_by is OrderedBy.RESELLER:
        raise OnlyYourResellerOrders
    if any(line.kind.opens_storefront for line in lines) and not reseller.enable_reselling:
        raise NotAReseller
    if len({line.unit.currency for line in lines} | {line.wholesale.currency for line in lines}) > 1:
        raise Refused("All lines of an order have one currency. Please order them one after the other.")


def _reserve_what_the_payment_will_not_cover(
    buyer: Buyer, amount: Money, wholesale: Money, gateway: payments.Gateway | None
) -> tuple[UUID, Money] | None:
    """An order is funded when captured gross minus fee covers wholesale gross; a difference is reserved on
    the reseller's credit, or refused by name (design section 2). The fee of a reseller's own order is the
    distributor's. Returns the balance and what is held of it."""
    fee = gateway.expected_fee(amount) if gateway and buyer.customer_id else Money(0, amount.currency)
    missing = wholesale - (amount - fee) if gateway else wholesale
    if missing.minor <= 0:
        return None
    balance = credit.reserve(buyer.reseller_id, missing)
    return (balance, missing) if balance else None


def _write(
    buyer: Buyer, reseller: Reseller, lines: Sequence[PricedLine], checkout: Checkout, taxed: Taxed,
    gateway: payments.Gateway | None, held: tuple[UUID, Money] | None, accepts: Asked | None,
) -> dict[str, Any]:  # fmt: skip
    """All rows of a placed order in one statement."""
    now, amount = db.session().info["now"], taxed.retail.gross
    retail, at_wholesale = taxed.retail.treatment, taxed.wholesale.treatment
    sums = {
        "net_minor": taxed.retail.net.minor, "tax_minor": taxed.retail.tax.minor, "total_minor": amount.minor,
        "currency": amount.currency, "tax_kind": retail.kind, "tax_name": retail.name,
        "seller": taxed.chain.seller.snapshot(), "buyer": taxed.chain.buyer.snapshot(buyer.email),
    }  # fmt: skip
    owner = {
        "distributor_id": reseller.distributor_id,
        "reseller_id": reseller.id,
        "customer_id": buyer.customer_id,
    }
    order = owner | sums | {
        "id": new_id(), "code": new_code("ORD"), "request_key": checkout.request_key,
        "return_token": new_token(), "storefront_id": checkout.storefront_id,
        "membership_id": buyer.membership_id, "placed_by": buyer.name, "email": buyer.email,
        "state": OrderState.AWAITING_PAYMENT, "pay_by": checkout.pay_by,
        "created_at": now, "expires_at": business_now() + UNPAID_LIFE, "cancelled_because": "",
    }  # fmt: skip
    invoice = owner | sums | {
        "id": new_id(), "order_id": order["id"], "series": "", "state": InvoiceState.DRAFT, "created_at": now,
    }  # fmt: skip
    order_lines: list[dict[str, Any]] = []
    wholesale: list[dict[str, Any]] = []
    costs: list[dict[str, Any]] = []
    charges: list[dict[str, Any]] = []
    invoice_lines: list[dict[str, Any]] = []
    only_reseller = {"distributor_id": reseller.distributor_id, "reseller_id": reseller.id}
    for number, p in enumerate(lines, start=1):
        line_id, quantity, currency = new_id(), p.line.quantity, p.unit.currency
        net, net_wholesale = p.unit * quantity, p.wholesale * quantity
        sums = {
            "unit_minor": p.unit.minor, "total_minor": net.minor, "currency": currency,
            "tax_minor": retail.on(net).minor, "tax_basis_points": retail.basis_points,
        }  # fmt: skip
        order_lines.append(
            owner | sums | {
                "id": line_id, "order_id": order["id"], "number": number, "plan_id": p.plan.id,
                "product_name": p.product.name, "plan_name": p.plan.name, "unit": p.kind.unit,
                "quantity": quantity, "term": p.plan.term, "billing_period": p.plan.billing_period,
                "fields": dict(p.line.fields),
            }
        )  # fmt: skip
        about = {
            "order_id": order["id"],
            "order_line_id": line_id,
            "total_minor": net_wholesale.minor,
            "tax_minor": at_wholesale.on(net_wholesale).minor,
            "currency": currency,
        }
        wholesale.append(only_reseller | about | {"id": new_id(), "unit_minor": p.wholesale.minor})
        charges.append(
            only_reseller | about | {
                "id": new_id(), "description": f"{p.product.name}, {p.plan.name}, {quantity} × {p.kind.unit}",
                "state": ChargeState.DRAFT, "created_at": now,
                "tax_kind": at_wholesale.kind, "tax_name": at_wholesale.name,
            }
        )  # fmt: skip
        costs.append(
            {
                "distributor_id": reseller.distributor_id, "id": new_id(), "order_id": order["id"],
                "order_line_id": line_id, "sku": p.plan.sku, "connector": p.kind.connector,
                "opens_storefront": p.kind.opens_storefront,
                "total_minor": p.cost.minor * quantity if p.cost else None, "currency": currency,
            }
        )  # fmt: skip
        invoice_lines.append(
            owner | sums | {
                "id": new_id(), "invoice_id": invoice["id"], "number": number, "quantity": quantity,
                "description": f"{p.product.name}, {p.plan.name}",
            }
        )  # fmt: skip
    rows: dict[type[db.Model], list[dict[str, Any]]] = {
        Order: [order], OrderLine: order_lines, OrderWholesale: wholesale, OrderCost: costs,
        Invoice: [invoice], InvoiceLine: invoice_lines, invoices.Charge: charges,
        trail.TrailEntry: [
            owner | {
                "id": new_id(), "at": now, "person_id": buyer.person_id,
                "object_type": "orders", "object_id": order["id"], "what": "placed",
                "request_id": current().request_id,
            }
        ],
    }  # fmt: skip
    if gateway is not None:
        rows[Payment] = [
            owner | {
                "id": new_id(), "order_id": order["id"], "gateway_account_id": gateway.id,
                "state": PaymentState.PENDING, "amount_minor": amount.minor, "currency": amount.currency,
                "created_at": now,
            }
        ]  # fmt: skip
    if held is not None:
        balance, amount_held = held
        rows[credit.Hold] = [
            only_reseller | {
                "id": new_id(), "balance_id": balance, "order_id": order["id"],
                "minor": amount_held.minor, "currency": amount_held.currency, "created_at": now,
            }
        ]  # fmt: skip
    if accepts is not None and checkout.agreed is not None:
        rows[TermsAcceptance] = [
            owner | terms.acceptance(
                accepts, checkout.agreed, buyer_id=buyer.customer_id or reseller.id, order_id=order["id"],
                order_code=order["code"], company=taxed.chain.buyer.legal_name, person_id=buyer.person_id,
                name=buyer.name, email=buyer.email, accepted_at=now,
            )
        ]  # fmt: skip
    db.insert_all(rows, gone={BasketLine: [p.line.id for p in lines]})  # not what came into it meanwhile
    return order


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
    note = payments.note_fund(order.id, order.reseller_id, kind, covers, payment_id)
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
    if kind is FundKind.NOTHING_DUE and (invoice := invoices.of_order(order.id)):
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


def release_alias(event: OrderCancelled) -> None:
    """Now-reaction: an order that held an alias gives it back."""
    held = select(OrderCost.id).where(OrderCost.order_id == event.order_id, OrderCost.opens_storefront)
    if db.session().scalar(held):
        storefronts.release(event.reseller_id)


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
