"""Placing an order: one commit writes it with both legs. Every price is computed again
(`checkout.pricing`); of what the browser sent, only the total that was seen is read, to refuse another
(QM3)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from billing import credit, gateways, tax
from billing.funds import FundKind
from billing.gateways import Fees
from billing.stripe_gateway import stripe_amount
from billing.tax import Party
from catalog import markets, obligations, partner_products
from checkout import (
    bank_transfer_requests,
    compositions,
    order_rows,
    orders,
    pricing,
    taken_offers,
    under_floor,
)
from checkout.baskets import Buyer
from checkout.order_rows import Decided
from checkout.orders import Order, OrderPlaced, PayBy
from checkout.pricing import EmptyBasket, PricedLine, Standing
from core import db, parties
from core.errors import Conflict, Refused
from core.events import publish
from core.faults import fault
from core.languages import _
from core.money import Money
from core.parties import OrderedBy
from core.statements import Statement
from core.tenancy import current
from partners import leads, storefronts, terms
from partners.channels import TheProviderOrders
from partners.terms import Agreed, Asked, Kind

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
    decided = Decided(
        buyer, lines, taxed, fees, held, accepts,
        checkout.request_key, checkout.storefront_id, checkout.pay_by, checkout.agreed,
    )  # fmt: skip
    order = order_rows.write(decided)
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
