"""All rows of a placed order, written in one statement: the order, its lines in both legs, costs, draft
invoice and charges, discounts, payment, hold, trail and what was agreed to. What they say was decided
before, in checkout/placing.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing import credit, invoices
from billing.gateways import Fees
from billing.invoices import ChargeState, Invoice, InvoiceLine, InvoiceState
from billing.payments import Payment, PaymentState
from billing.tax import Sums, Treatment
from checkout import discounts, orders
from checkout.baskets import BasketLine, Buyer
from checkout.discounts import OrderDiscount, OrderWholesaleDiscount
from checkout.orders import Order, OrderCost, OrderLine, OrderState, OrderWholesale, PayBy
from checkout.pricing import PricedLine, Taxed
from core import db, trail
from core.clock import business_now
from core.ids import new_code, new_id, new_token
from core.money import Money
from core.tenancy import current
from partners import terms
from partners.terms import Agreed, Asked, TermsAcceptance

Values = dict[str, Any]
Rows = dict[type[db.Model], list[Values]]


@dataclass(frozen=True, slots=True)
class Decided:
    """An order before it is written. `fees`: of the gateway, where the buyer pays; `held`: the balance and
    what is reserved of it; `accepts`: what is accepted with it, as `agreed` says."""

    buyer: Buyer
    lines: Sequence[PricedLine]
    taxed: Taxed
    fees: Fees | None
    held: tuple[UUID, Money] | None
    accepts: Sequence[Asked]
    request_key: str
    storefront_id: UUID
    pay_by: PayBy
    agreed: Agreed | None


def write(decided: Decided) -> Values:
    """The order's own row. Of the basket only what was ordered is gone: what came into it meanwhile stays."""
    buyer, lines, taxed = decided.buyer, decided.lines, decided.taxed
    only_reseller: Values = {"distributor_id": current().distributor_id, "reseller_id": buyer.reseller_id}
    owner = only_reseller | {"customer_id": buyer.customer_id}
    sums = _sums(buyer, taxed)
    order: Values = owner | sums | _order(decided)
    rows: Rows = {
        Order: [order],
        **_lines(lines, taxed, order["id"], owner, only_reseller),
        **_invoice(lines, taxed, order["id"], owner, sums),
        trail.TrailEntry: [owner | _placed(buyer, order["id"])],
    }
    if decided.fees is not None:
        rows[Payment] = [owner | _payment(order, decided.fees)]
    if decided.held is not None:
        rows[credit.Hold] = [only_reseller | _hold(order["id"], *decided.held)]
    if decided.agreed is not None:
        rows[TermsAcceptance] = [
            owner | _acceptance(one, decided.agreed, decided, order) for one in decided.accepts
        ]
    db.insert_all(rows, gone={BasketLine: [line.line_id for line in lines]})
    return order


def _sums(buyer: Buyer, taxed: Taxed) -> Values:
    """What an order and its invoice say alike: the sums, how they are taxed, and who stands on the paper."""
    retail = taxed.retail
    return {
        "net_minor": retail.net.minor, "tax_minor": retail.tax.minor, "total_minor": retail.gross.minor,
        "currency": retail.gross.currency,
        "tax_kind": retail.treatment.kind, "tax_name": retail.treatment.name,
        "seller": taxed.chain.seller.snapshot(), "buyer": taxed.chain.buyer.snapshot(buyer.email),
    }  # fmt: skip


def _order(decided: Decided) -> Values:
    buyer = decided.buyer
    return {
        "id": new_id(), "code": new_code("ORD"), "request_key": decided.request_key,
        "return_token": new_token(), "storefront_id": decided.storefront_id,
        "membership_id": buyer.membership_id, "placed_by": buyer.name, "email": buyer.email,
        "state": OrderState.AWAITING_PAYMENT, "pay_by": decided.pay_by,
        "created_at": db.session().info["now"], "expires_at": business_now() + orders.UNPAID_LIFE,
        "cancelled_because": "",
    }  # fmt: skip


def _lines(
    lines: Sequence[PricedLine], taxed: Taxed, order_id: UUID,
    owner: Values, only_reseller: Values,
) -> Rows:  # fmt: skip
    """Each line as everybody may see it: the retail leg is the buyer's, the wholesale leg and its charge the
    reseller's, the cost the distributor's alone."""
    wholesale = {line.order_line_id: _wholesale(line, taxed.wholesale, order_id) for line in lines}
    distributor = {"distributor_id": current().distributor_id}
    by_line = [(line.order_line_id, line.quantity, line) for line in lines]
    return {
        OrderLine: [
            owner | _retail(line, taxed.retail) | _order_line(line, order_id, number)
            for number, line in enumerate(lines, start=1)
        ],
        OrderWholesale: [
            only_reseller | wholesale[line.order_line_id] | {
                "id": new_id(), "unit_minor": line.wholesale.minor, "list_minor": line.list_wholesale.minor,
            }
            for line in lines
        ],
        invoices.Charge: [
            only_reseller | wholesale[line.order_line_id] | _charge(line, taxed.wholesale.treatment)
            for line in lines
        ],
        OrderCost: [distributor | _cost(line, order_id) for line in lines],
        OrderDiscount: discounts.rows(
            [(line_id, quantity, line.retail_cuts) for line_id, quantity, line in by_line], order_id, owner
        ),
        OrderWholesaleDiscount: discounts.rows(
            [(line_id, quantity, line.wholesale_cuts) for line_id, quantity, line in by_line],
            order_id,
            only_reseller,
        ),
    }  # fmt: skip


def _retail(line: PricedLine, sums: Sums) -> Values:
    """What an order line and its invoice line say alike."""
    net = line.price * line.quantity
    return {
        "unit_minor": line.price.minor, "total_minor": net.minor, "currency": net.currency,
        "tax_minor": sums.treatment.on(net).minor, "tax_basis_points": sums.treatment.basis_points,
        "quantity": line.quantity,
    }  # fmt: skip


def _wholesale(line: PricedLine, sums: Sums, order_id: UUID) -> Values:
    """What a line's wholesale leg and its charge say alike."""
    net = line.wholesale * line.quantity
    return {
        "order_id": order_id, "order_line_id": line.order_line_id, "total_minor": net.minor,
        "tax_minor": sums.treatment.on(net).minor, "currency": line.price.currency,
    }  # fmt: skip


def _order_line(line: PricedLine, order_id: UUID, number: int) -> Values:
    return {
        "id": line.order_line_id, "order_id": order_id, "number": number, "plan_id": line.plan_id,
        "product_name": line.product, "plan_name": line.plan, "unit": line.per,
        "term": line.term, "billing_period": line.billing_period,
        "fields": line.fields, "base_line_id": line.base_line_id, "base_id": line.base_id,
        "bundle": line.bundle, "bundle_number": line.bundle_number, "trial_days": line.terms.trial_days,
        "cancellation_days": line.terms.cancellation_days, "reduction_days": line.terms.reduction_days,
        "list_minor": line.list_price.minor,
    }  # fmt: skip


def _charge(line: PricedLine, treatment: Treatment) -> Values:
    return {
        "id": new_id(), "state": ChargeState.DRAFT, "created_at": db.session().info["now"],
        "description": f"{line.product}, {line.plan}, {line.quantity} × {line.per}"
        + discounts.in_words(line.list_wholesale, line.wholesale_cuts),
        "tax_kind": treatment.kind, "tax_name": treatment.name,
    }  # fmt: skip


def _cost(line: PricedLine, order_id: UUID) -> Values:
    return {
        "id": new_id(), "order_id": order_id, "order_line_id": line.order_line_id, "sku": line.sku,
        "connector": line.connector, "opens_storefront": line.opens_storefront,
        "total_minor": line.cost.minor * line.quantity if line.cost else None,
        "currency": line.cost.currency if line.cost else line.price.currency,
        "variables": line.terms.variables,
    }  # fmt: skip


def _invoice(lines: Sequence[PricedLine], taxed: Taxed, order_id: UUID, owner: Values, sums: Values) -> Rows:
    """The draft: it gets its number when the order is paid."""
    invoice = owner | sums | {
        "id": new_id(), "order_id": order_id, "series": "", "state": InvoiceState.DRAFT,
        "created_at": db.session().info["now"],
    }  # fmt: skip
    return {
        Invoice: [invoice],
        InvoiceLine: [
            owner | _retail(line, taxed.retail) | {
                "id": new_id(), "invoice_id": invoice["id"], "number": number,
                "description": (f"{line.bundle}: " if line.bundle else "") + f"{line.product}, {line.plan}"
                + discounts.in_words(line.list_price, line.retail_cuts),
            }
            for number, line in enumerate(lines, start=1)
        ],
    }  # fmt: skip


def _placed(buyer: Buyer, order_id: UUID) -> Values:
    """The first entry of its trail."""
    return {
        "id": new_id(), "at": db.session().info["now"], "person_id": buyer.person_id,
        "object_type": "orders", "object_id": order_id, "what": "placed", "request_id": current().request_id,
    }  # fmt: skip


def _payment(order: Values, fees: Fees) -> Values:
    return {
        "id": new_id(), "order_id": order["id"], "gateway_account_id": fees.gateway_id,
        "state": PaymentState.PENDING, "amount_minor": order["total_minor"], "currency": order["currency"],
        "created_at": db.session().info["now"],
    }  # fmt: skip


def _hold(order_id: UUID, balance_id: UUID, held: Money) -> Values:
    return {
        "id": new_id(), "balance_id": balance_id, "order_id": order_id,
        "minor": held.minor, "currency": held.currency, "created_at": db.session().info["now"],
    }  # fmt: skip


def _acceptance(asked: Asked, agreed: Agreed, decided: Decided, order: Values) -> Values:
    buyer = decided.buyer
    return terms.acceptance(
        asked,
        agreed,
        buyer_id=buyer.customer_id or buyer.reseller_id,
        order_id=order["id"],
        order_code=order["code"],
        company=decided.taxed.chain.buyer.legal_name,
        person_id=buyer.person_id,
        name=buyer.name,
        email=buyer.email,
        accepted_on=business_now().date(),
        accepted_at=db.session().info["now"],
    )
