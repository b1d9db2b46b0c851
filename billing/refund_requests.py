"""A refund is requested: under the lock of its payment, so that all of them never exceed what was captured
(QM6; the database holds it too), and once per key. What follows from it is in the same transaction."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from billing import bank_transfers, credit, credit_notes, funds, invoices, ledger, payments, refund_outcomes
from billing.funds import FundKind
from billing.ledger import Account
from billing.payments import Payment
from billing.refund_policies import Party
from billing.refunds import CALL, PAID_BACK, Because, Refund, RefundShare, RefundState, Way
from core import db, tasks, trail
from core.errors import Refused
from core.events import Event, publish
from core.faults import fault
from core.languages import _
from core.money import Money, total


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be given back of one order line in both legs: `amount` is gross and holds `tax`, `wholesale`
    is net; `key` makes it happen once. Made by checkout.line_refunds, which knows the line."""

    key: str
    order_id: UUID
    order_line_id: UUID
    line_number: int
    reseller_id: UUID
    customer_id: UUID | None
    amount: Money
    tax: Money
    wholesale: Money
    wholesale_tax: Money
    because: Because
    why: str
    by: str
    fee_borne_by: Party


@dataclass(frozen=True, slots=True)
class RefundRequested(Event):
    """A buyer is to get money back; nothing can lose it any more."""

    refund_id: UUID


class MoreThanCaptured(Refused):
    """QM6: never more back than came in."""

    def __init__(self, left: Money) -> None:
        super().__init__(_("Only %(left)s of this payment are left to give back.", left=left.text))


def fee_share(payment: Payment, amount: Money) -> Money:
    """What of the gateway's fee falls on a refund of `amount`: by its part of the captured money, so that all
    of them together are exactly the fee."""
    captured, fee, before = payment.captured_minor or 0, payment.fee_minor or 0, payment.refunded_minor
    if not captured:
        return Money(0, payment.currency)
    upto = before + amount.minor
    parts = [Money(fee, payment.currency).split([so_far, captured - so_far])[0] for so_far in (before, upto)]
    return parts[1] - parts[0]


def request(claim: Claim) -> Refund:
    """Everything that follows from giving back, in this transaction: both legs in the books, the charge, the
    hold, the credit note, and the task that asks the card. A key that is there already is refused by the
    database: checkout.line_refunds asks for it first.

    Raises MoreThanCaptured. The caller holds the order's lock, and the payment's before it."""
    fund = funds.of_order(claim.order_id)
    if fund is None:
        raise Refused(_("Nothing was paid for this order, so there is nothing to give back."))
    by_card = fund.kind is FundKind.PAYMENT and claim.amount.minor > 0
    payment = payments.lock(fund.payment_id) if by_card and fund.payment_id else None
    if payment is not None and claim.amount > payments.refundable(payment):
        raise MoreThanCaptured(payments.refundable(payment))
    way = Way.ACCOUNT if fund.kind is FundKind.CREDIT else Way.NOTHING
    if payment is not None:
        way = Way.TRANSFER if bank_transfers.has_paid(claim.order_id) else Way.CARD
    refund = db.add(
        Refund(
            reseller_id=claim.reseller_id, customer_id=claim.customer_id, key=claim.key,
            order_id=claim.order_id, order_line_id=claim.order_line_id,
            payment_id=payment.id if payment else None, way=way, because=claim.because, why=claim.why,
            state=RefundState.REQUESTED, amount_minor=claim.amount.minor, tax_minor=claim.tax.minor,
            currency=claim.amount.currency,
            tries=1, requested_by=claim.by, requested_at=db.session().info["now"],
        )
    )  # fmt: skip
    fee = fee_share(payment, claim.amount) if payment else Money(0, claim.amount.currency)
    db.flush()
    share = _share(refund, claim, fee)
    _book(refund, share)
    invoices.credit(claim.order_line_id, claim.wholesale + claim.wholesale_tax)
    credit.shrink(claim.order_id, uncovered(claim.order_id, claim.amount.currency))
    invoice = invoices.of_order(claim.order_id)
    if invoice is not None and invoice.number and claim.amount.minor:
        credit_notes.issue(
            invoice,
            refund_id=refund.id,
            line_number=claim.line_number,
            amount=claim.amount,
            tax=claim.tax,
            reason=claim.why,
        )
    trail.write(refund, "requested", why=claim.why, amount=claim.amount.text, by=claim.by)
    if way is Way.TRANSFER:
        refund_outcomes.by_hand(refund)
    elif payment is not None:
        tasks.add(CALL, {"refund": str(refund.id)}, key=f"{CALL}:{refund.call_key}", lane="stripe")
    else:
        refund_outcomes.done(refund)
    publish(RefundRequested(refund.id))
    fault("refund.requested")
    return refund


def _share(refund: Refund, claim: Claim, fee: Money) -> RefundShare:
    borne_by = claim.fee_borne_by if claim.customer_id else Party.DISTRIBUTOR
    share = db.add(
        RefundShare(
            reseller_id=refund.reseller_id, refund_id=refund.id, order_line_id=refund.order_line_id,
            wholesale_minor=claim.wholesale.minor, wholesale_tax_minor=claim.wholesale_tax.minor,
            margin_minor=(claim.amount - claim.tax - claim.wholesale).minor,
            fee_minor=fee.minor, fee_borne_by=borne_by, currency=refund.currency,
        )
    )  # fmt: skip
    db.flush()
    return share


def _book(refund: Refund, share: RefundShare) -> None:
    """The sale is taken back in both legs: the reseller's margin with it. A fee that the reseller bore at the
    capture comes back to it where the distributor bears it now."""
    nothing = Money(0, refund.currency)
    back, taxed = (refund.amount, refund.tax) if refund.way in PAID_BACK else (nothing, nothing)
    moved = refund.customer_id is not None and share.fee_borne_by is Party.DISTRIBUTOR
    fee = share.fee if moved else nothing
    ledger.post(
        f"refund {refund.id} owed",
        [
            (Account.REFUNDS, -back, None),
            (Account.WHOLESALE_SALES, share.wholesale, None),
            (Account.SALES_TAX, share.wholesale_tax, None),
            (Account.FEES, fee, None),
            (Account.RESELLER_TAX, taxed - share.wholesale_tax, refund.reseller_id),
            (Account.RESELLER, back - taxed - share.wholesale - fee, refund.reseller_id),
        ],
        order_id=refund.order_id,
    )


def uncovered(order_id: UUID, currency: str) -> Money:
    """What of an order's wholesale, gross, is covered by neither its payment nor a refund: all that it still
    has to hold of the reseller's credit."""
    wholesale = total([charge.left for charge in invoices.charges(order_id)], currency)
    fund = funds.of_order(order_id)
    if fund is None or fund.payment_id is None:
        return wholesale
    payment = payments.lock(fund.payment_id)
    returned = select(func.coalesce(func.sum(RefundShare.fee_minor), 0)).where(
        RefundShare.refund_id.in_(select(Refund.id).where(Refund.order_id == order_id)),
        RefundShare.fee_borne_by == Party.DISTRIBUTOR,
    )
    fees = int(db.session().scalar(returned) or 0) if payment.customer_id else 0
    left = payments.left_of(payment).minor - payment.refunded_minor + fees
    return Money(max(0, wholesale.minor - left), currency)
