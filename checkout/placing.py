"""Placing an order: one commit writes it with both legs. Every price is computed again
(`checkout.pricing`); of what the browser sent, only the total that was seen is read, to refuse another
(QM3)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from billing import credit, gateways, invoices, tax
from billing.funds import FundKind
from billing.gateways import Fees
from billing.invoices import ChargeState, Invoice, InvoiceLine, InvoiceState
from billing.payments import Payment, PaymentState
from billing.stripe_gateway import stripe_amount
from billing.tax import Party
from catalog import markets, obligations, partner_products
from checkout import (
    bank_transfer_requests,
    compositions,
    discounts,
    orders,
    pricing,
    taken_offers,
    under_floor,
)
from checkout.baskets import BasketLine, Buyer
from checkout.discounts import OrderDiscount, OrderWholesaleDiscount
from checkout.orders import Order, OrderCost, OrderLine, OrderPlaced, OrderState, OrderWholesale, PayBy
from checkout.pricing import EmptyBasket, PricedLine, Standing, Taxed
from core import db, parties, trail
from core.clock import business_now
from core.errors import Conflict, Refused
from core.events import publish
from core.faults import fault
from core.ids import new_code, new_id, new_token
from core.languages import _
from core.money import Money
from core.parties import OrderedBy
from core.statements import Statement
from core.tenancy import current
from partners import leads, storefronts, terms
from partners.channels import TheProviderOrders
from partners.terms import Agreed, Asked, Kind, TermsAcceptance

# --- Refusals -----------------------------------------------------------------------------------------------


class OnlyYourResellerOrders(Refused):
    """H45: this customer's reseller orders for it."""

    def __init__(self) -> None:
        super().__init__(_("Your provider orders for you. Please contact them."))


class NotTakenNow(Refused):
    """A customer's order that its reseller's credit would have to cover, and does not. What is missing is
    what the reseller pays, so the customer reads no figure."""

    def __init__(self) -> None:
        super().__init__(_("This shop cannot take this order at the moment. Please tell your provider."))


class NotOnAccount(Refused):
    """A customer's order is paid by card: the account is its reseller's."""

    def __init__(self) -> None:
        super().__init__(_("This order is paid by card. Please choose card payment."))


class CustomerEnded(Refused):
    """The relationship has ended."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your account with this shop has ended, so nothing can be ordered. Please contact your"
                " provider."
            )
        )


class NotAReseller(Refused):
    """I15: the account is not marked as reseller."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your account is not enabled for reselling, so it cannot buy a reseller plan. Please"
                " contact your distributor."
            )
        )


class OrderingStopped(Refused):
    """The distributor switched ordering off for this reseller (I30)."""

    def __init__(self) -> None:
        super().__init__(_("Ordering is switched off for this account. Please contact your distributor."))


class NotCleared(Conflict):
    """The basket is not the one that was checked."""

    def __init__(self) -> None:
        super().__init__(_("Your basket has changed meanwhile. Please check it once more."))


class PriceChanged(Conflict):
    """The total is not the one the buyer saw."""

    def __init__(self, now: Money) -> None:
        super().__init__(
            _(
                "Prices have changed meanwhile: the total is now %(now)s. Please check and confirm again.",
                now=now.text,
            )
        )


# --- Clearance ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clearance:
    """Proof that the connectors were asked about exactly this basket; made only by
    provisioning.clearances.clear()."""

    basket: str
    lines: int


def basket_hash(lines: Sequence[tuple[UUID, int, Mapping[str, Any]]]) -> str:
    """What a clearance is for: plans, quantities and fields."""
    content = sorted(f"{plan_id}:{quantity}:{sorted(fields.items())}" for plan_id, quantity, fields in lines)
    return hashlib.sha256("|".join(content).encode()).hexdigest()


# --- Placing ------------------------------------------------------------------------------------------------


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


Priced = Callable[[Buyer], tuple[Standing, list[PricedLine]]]


def place(buyer: Buyer, clearance: Clearance, checkout: Checkout, *, priced: Priced = pricing.price) -> str:
    """Places the buyer's basket as an order and returns its code: order, lines, both legs, draft invoice,
    charges and payment in one commit. Runs in a transaction widened for "placing an order"; refusals are
    raised by name before anything is written. `priced` gives what is ordered instead of the basket (a quote:
    checkout/quote_orders.py); every other rule holds for it as well."""
    if (placed := earlier(buyer, checkout.request_key)) is not None:
        return placed
    try:
        standing, basket = priced(buyer)
    except EmptyBasket:
        if (placed := earlier(buyer, checkout.request_key)) is None:
            raise
        return placed
    if clearance.basket != basket_hash([(line.plan_id, line.quantity, line.fields) for line in basket]):
        raise NotCleared
    _may_order(standing, basket)
    lines = compositions.compose(buyer, basket)
    taxed = pricing.taxes(tax.chain(buyer.reseller_id, buyer.customer_id), lines)
    _refuse_a_lead_of_others(buyer, standing, taxed.chain.customer)
    sold_to = [(one.product, one.sold_to) for one in (*basket, *lines)]  # a bundle and its parts
    partner_products.refuse_unless_partner(sold_to)
    markets.refuse_unless_sold_to(taxed.chain.buyer.country, sold_to)
    if buyer.customer_id is not None:
        markets.refuse_unless_sold_by(taxed.chain.seller.country, sold_to)
    amount, wholesale = taxed.retail.gross, taxed.wholesale.gross
    if checkout.seen_total is not None and checkout.seen_total != amount.minor:
        raise PriceChanged(amount)
    tax.refuse_unknown(taxed.chain)
    accepts = _refuse_unless_agreed(buyer, checkout, [*basket, *lines])
    if checkout.pay_by is PayBy.TRANSFER:
        ordered = [(line.plan_id, line.quantity, line.product) for line in basket]
        bank_transfer_requests.refuse_unless_offered(ordered)
    by_buyer = checkout.pay_by is not PayBy.ACCOUNT and amount.minor > 0
    if amount.minor and not by_buyer and current().customer_id is not None:
        raise NotOnAccount
    fees = gateways.fees() if by_buyer else None  # who asks for a transfer may come to pay by card
    if by_buyer and checkout.pay_by is PayBy.CARD:
        stripe_amount(amount.minor, amount.currency)
    held = _reserve_what_the_payment_will_not_cover(buyer, amount, wholesale, fees)
    for line in lines:
        if line.opens_storefront:
            reseller = parties.reseller(buyer.reseller_id)
            storefronts.hold(reseller, str(line.fields["alias"]), currency=amount.currency)
    order = _write(buyer, lines, checkout, taxed, fees, held, accepts)
    taken = compositions.takings({line.line_id: line for line in basket}, lines)
    taken_offers.take(buyer.reseller_id, buyer.customer_id, order["id"], taken)
    publish(OrderPlaced(order["id"]))
    if any(line.broken.wholesale for line in lines):
        under_floor.note(order["id"], lines)
    if by_buyer and checkout.pay_by is PayBy.TRANSFER:
        bank_transfer_requests.ask(order["id"], by=buyer.name)
    if not by_buyer:
        owed = amount.minor or wholesale.minor  # free for the customer is not free for its reseller
        orders.fund(order["id"], FundKind.CREDIT if owed else FundKind.NOTHING_DUE, wholesale)
    db.flush()
    fault("place.before_commit")
    return str(order["code"])


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


def _may_order(standing: Standing, lines: Sequence[PricedLine]) -> None:
    if not standing.ordering_enabled:
        raise OrderingStopped
    if standing.ended_at is not None:
        raise CustomerEnded
    if standing.indirect:
        if not by_the_provider():
            raise TheProviderOrders
    elif standing.ordered_by is OrderedBy.RESELLER and not by_the_reseller():
        raise OnlyYourResellerOrders
    if any(line.opens_storefront for line in lines) and not standing.enable_reselling:
        raise NotAReseller
    if len({line.price.currency for line in lines} | {line.wholesale.currency for line in lines}) > 1:
        raise Refused(_("All lines of an order have one currency. Please order them one after the other."))


def _refuse_a_lead_of_others(buyer: Buyer, standing: Standing, customer: Party | None) -> None:
    """Nobody closes with a company that another reseller's deal holds, the house neither (H33, H34)."""
    if customer is None:
        return
    name = standing.customer_name or customer.legal_name
    lead = leads.keys(
        [name, customer.legal_name], customer.country, addresses=[customer.email], tax_id=customer.tax_id
    )
    leads.refuse_to_sell(buyer.reseller_id, name, lead)


def _refuse_unless_agreed(buyer: Buyer, checkout: Checkout, lines: Sequence[PricedLine]) -> list[Asked]:
    """What is accepted with this order: a refusal by name where the seller's terms or those of a product are
    not ticked (I71), or a customer agreement is still to be accepted (M37)."""
    if not checkout.asks_terms and buyer.customer_id is None:
        return []
    asked = obligations.asked(buyer.reseller_id, buyer.customer_id, [line.plan_id for line in lines])
    if not checkout.asks_terms:
        asked = [one for one in asked if one.kind is Kind.CUSTOMER_AGREEMENT]
    return terms.refuse_unless(checkout.agreed, asked)


def by_the_provider() -> bool:
    """Whether the distributor itself is acting, and nobody in whose scope it only looks wider."""
    return current().customer_id is None and current().reseller_id is None


def by_the_reseller() -> bool:
    """Whether the reseller itself is acting, for a customer of its own or for itself."""
    return current().customer_id is None and current().reseller_id is not None


def _reserve_what_the_payment_will_not_cover(
    buyer: Buyer, amount: Money, wholesale: Money, fees: Fees | None
) -> tuple[UUID, Money] | None:
    """An order is funded when captured gross minus fee covers wholesale gross; a difference is reserved on
    the reseller's credit, or refused by name. The fee of a reseller's own order is the
    distributor's. Returns the balance and what is held of it."""
    fee = fees.on(amount) if fees and buyer.customer_id else Money(0, amount.currency)
    missing = wholesale - (amount - fee) if fees else wholesale
    if missing.minor <= 0:
        return None
    try:
        balance = credit.reserve(buyer.reseller_id, missing)
    except credit.CreditExceeded:
        if current().customer_id is None:
            raise
        raise NotTakenNow from None
    return (balance, missing) if balance else None


def _write(
    buyer: Buyer, lines: Sequence[PricedLine], checkout: Checkout, taxed: Taxed,
    fees: Fees | None, held: tuple[UUID, Money] | None, accepts: Sequence[Asked],
) -> dict[str, Any]:  # fmt: skip
    """All rows of a placed order in one statement."""
    now, amount = db.session().info["now"], taxed.retail.gross
    retail, at_wholesale = taxed.retail.treatment, taxed.wholesale.treatment
    sums = {
        "net_minor": taxed.retail.net.minor, "tax_minor": taxed.retail.tax.minor, "total_minor": amount.minor,
        "currency": amount.currency, "tax_kind": retail.kind, "tax_name": retail.name,
        "seller": taxed.chain.seller.snapshot(), "buyer": taxed.chain.buyer.snapshot(buyer.email),
    }  # fmt: skip
    distributor = {"distributor_id": current().distributor_id}
    only_reseller = distributor | {"reseller_id": buyer.reseller_id}
    owner = only_reseller | {"customer_id": buyer.customer_id}
    order_id = new_id()
    order = owner | sums | {
        "id": order_id, "code": new_code("ORD"), "request_key": checkout.request_key,
        "return_token": new_token(), "storefront_id": checkout.storefront_id,
        "membership_id": buyer.membership_id, "placed_by": buyer.name, "email": buyer.email,
        "state": OrderState.AWAITING_PAYMENT, "pay_by": checkout.pay_by,
        "created_at": now, "expires_at": business_now() + orders.UNPAID_LIFE, "cancelled_because": "",
    }  # fmt: skip
    invoice = owner | sums | {
        "id": new_id(), "order_id": order["id"], "series": "", "state": InvoiceState.DRAFT, "created_at": now,
    }  # fmt: skip
    order_lines: list[dict[str, Any]] = []
    wholesale: list[dict[str, Any]] = []
    costs: list[dict[str, Any]] = []
    charges: list[dict[str, Any]] = []
    invoice_lines: list[dict[str, Any]] = []
    cuts: list[tuple[UUID, PricedLine]] = []
    for number, p in enumerate(lines, start=1):
        line_id, quantity, currency = p.order_line_id, p.quantity, p.price.currency
        cuts.append((line_id, p))
        net, net_wholesale = p.price * quantity, p.wholesale * quantity
        sums = {
            "unit_minor": p.price.minor, "total_minor": net.minor, "currency": currency,
            "tax_minor": retail.on(net).minor, "tax_basis_points": retail.basis_points,
        }  # fmt: skip
        order_lines.append(
            owner | sums | {
                "id": line_id, "order_id": order["id"], "number": number, "plan_id": p.plan_id,
                "product_name": p.product, "plan_name": p.plan, "unit": p.per,
                "quantity": quantity, "term": p.term, "billing_period": p.billing_period,
                "fields": p.fields, "base_line_id": p.base_line_id, "base_id": p.base_id,
                "bundle": p.bundle, "bundle_number": p.bundle_number, "trial_days": p.terms.trial_days,
                "cancellation_days": p.terms.cancellation_days, "reduction_days": p.terms.reduction_days,
                "list_minor": p.list_price.minor,
            }
        )  # fmt: skip
        about = {
            "order_id": order["id"],
            "order_line_id": line_id,
            "total_minor": net_wholesale.minor,
            "tax_minor": at_wholesale.on(net_wholesale).minor,
            "currency": currency,
        }
        wholesale.append(
            only_reseller | about | {
                "id": new_id(), "unit_minor": p.wholesale.minor, "list_minor": p.list_wholesale.minor,
            }
        )  # fmt: skip
        charges.append(
            only_reseller | about | {
                "id": new_id(), "description": f"{p.product}, {p.plan}, {quantity} × {p.per}"
                + discounts.in_words(p.list_wholesale, p.wholesale_cuts),
                "state": ChargeState.DRAFT, "created_at": now,
                "tax_kind": at_wholesale.kind, "tax_name": at_wholesale.name,
            }
        )  # fmt: skip
        costs.append(
            distributor | {
                "id": new_id(), "order_id": order["id"], "order_line_id": line_id, "sku": p.sku,
                "connector": p.connector, "opens_storefront": p.opens_storefront,
                "total_minor": p.cost.minor * quantity if p.cost else None,
                "currency": p.cost.currency if p.cost else currency, "variables": p.terms.variables,
            }
        )  # fmt: skip
        invoice_lines.append(
            owner | sums | {
                "id": new_id(), "invoice_id": invoice["id"], "number": number, "quantity": quantity,
                "description": (f"{p.bundle}: " if p.bundle else "") + f"{p.product}, {p.plan}"
                + discounts.in_words(p.list_price, p.retail_cuts),
            }
        )  # fmt: skip
    rows: dict[type[db.Model], list[dict[str, Any]]] = {
        Order: [order], OrderLine: order_lines, OrderWholesale: wholesale, OrderCost: costs,
        Invoice: [invoice], InvoiceLine: invoice_lines, invoices.Charge: charges,
        OrderDiscount: discounts.rows([(x, p.quantity, p.retail_cuts) for x, p in cuts], order_id, owner),
        OrderWholesaleDiscount: discounts.rows(
            [(x, p.quantity, p.wholesale_cuts) for x, p in cuts], order_id, only_reseller
        ),
        trail.TrailEntry: [
            owner | {
                "id": new_id(), "at": now, "person_id": buyer.person_id,
                "object_type": "orders", "object_id": order["id"], "what": "placed",
                "request_id": current().request_id,
            }
        ],
    }  # fmt: skip
    if fees is not None:
        rows[Payment] = [
            owner | {
                "id": new_id(), "order_id": order["id"], "gateway_account_id": fees.gateway_id,
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
    if checkout.agreed is not None:
        rows[TermsAcceptance] = [
            owner | terms.acceptance(
                one, checkout.agreed, buyer_id=buyer.customer_id or buyer.reseller_id,
                order_id=order["id"], order_code=order["code"], company=taxed.chain.buyer.legal_name,
                person_id=buyer.person_id, name=buyer.name, email=buyer.email,
                accepted_on=business_now().date(), accepted_at=now,
            )
            for one in accepts
        ]  # fmt: skip
    db.insert_all(
        rows, gone={BasketLine: [line.line_id for line in lines]}
    )  # not what came into it meanwhile
    return order
