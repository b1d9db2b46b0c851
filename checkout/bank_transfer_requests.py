"""Orders that are to be paid by bank transfer (P18): from so many licences of a product on, which is data of
the product, a buyer may ask for it when it orders. The order is placed as any other and waits; the
distributor, who is paid, grants it with an account and a last day, or declines it, and then the card is left.
The money itself is billing/bank_transfers.py."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select

from billing import bank_transfers, payments
from billing.bank_transfers import (
    LONGEST,
    BankAccount,
    BankTransfer,
    BankTransferAsked,
    BankTransferDeclined,
    BankTransferGranted,
    BankTransferState,
)
from catalog.products import Plan, Product
from checkout import orders
from checkout.orders import Order, OrderCancelled, OrderState, PayBy
from core import db, states, trail, work
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import publish
from core.languages import _
from core.tenancy import same_key

ANSWER_LIFE = timedelta(days=7)
"""So long an order waits for the answer."""
BANK_DAYS = timedelta(days=5)
"""So long after the last day money may still be on its way between banks."""
LATEST = timedelta(days=90)
Wanted = Iterable[tuple[UUID, int, str]]
"""Plans, quantities, and what their products are called."""


class NotByTransfer(Refused):
    """An order is small enough for a card, or one of its products is never sold otherwise."""

    def __init__(self, product: str, number: int | None, ordered: int) -> None:
        super().__init__(
            _("%(product)s is not paid by bank transfer. Please pay by card.", product=product)
            if number is None
            else _(
                "Bank transfer is possible from %(number)s licences of %(product)s, and this order has"
                " %(ordered)s. Please pay by card.",
                number=number,
                product=product,
                ordered=ordered,
            )
        )


class AnsweredAlready(Conflict):
    """Somebody was faster, or the order has ended."""

    def __init__(self) -> None:
        super().__init__(_("This request is answered or over already. Please look again."))


class WrongDueDay(Refused):
    """A buyer needs a day that is still to come, and an order does not wait for ever."""

    def __init__(self) -> None:
        super().__init__(
            _("Choose a last day after today and within the next %(days)s days.", days=LATEST.days)
        )


class SayWhereTo(Refused):
    """Without these nobody can transfer anything."""

    def __init__(self) -> None:
        super().__init__(_("Name the account's holder, its number and the reference to be given."))


class SayWhy(Refused):
    """The buyer reads it."""

    def __init__(self) -> None:
        super().__init__(_("Say in a few words why not; the buyer reads it."))


# --- May it be asked for? -----------------------------------------------------------------------------------


def is_offered(wanted: Wanted) -> bool:
    """Whether whoever orders exactly this may ask for it."""
    return _in_the_way(wanted) is None


def refuse_unless_offered(wanted: Wanted) -> None:
    """NotByTransfer where any product of the order is not, or not yet, paid so: an order has one payment."""
    if refusal := _in_the_way(wanted):
        raise refusal


def _in_the_way(wanted: Wanted) -> NotByTransfer | None:
    """Licences count by product, over all lines and plans of an order."""
    ordered = list(wanted)
    chosen = select(Plan.id, Product.id, Product.transfer_from).join(
        Product, same_key(Product.id, Plan.product_id)
    )
    found = db.session().execute(chosen.where(Plan.id.in_([plan_id for plan_id, _, _ in ordered])))
    product_of = {plan_id: (product_id, number) for plan_id, product_id, number in found}
    licences: dict[UUID, int] = {}
    for plan_id, quantity, _name in ordered:
        product_id, _number = product_of[plan_id]
        licences[product_id] = licences.get(product_id, 0) + quantity
    for plan_id, _quantity, name in ordered:
        product_id, number = product_of[plan_id]
        if number is None or licences[product_id] < number:
            return NotByTransfer(name, number, licences[product_id])
    return None


# --- Asking -------------------------------------------------------------------------------------------------


def ask(order_id: UUID, *, by: str) -> None:
    """Sales is asked, in the transaction that places the order; works as the distributor."""
    payment = payments.lock_of_order(order_id)
    if payment is None:
        raise Missing("payment")
    order = orders.lock(order_id)
    order.expires_at = business_now() + ANSWER_LIFE
    asked = db.add(
        BankTransfer(
            distributor_id=order.distributor_id, reseller_id=order.reseller_id, customer_id=order.customer_id,
            order_id=order.id, payment_id=payment.id, state=BankTransferState.ASKED,
            amount_minor=order.total_minor, currency=order.currency,
            asked_by=by, asked_at=db.session().info["now"],
        )
    )  # fmt: skip
    db.flush()
    trail.write(asked, "asked for")
    work.open_item(
        "bank transfer asked",
        about_type="bank_transfers",
        about_id=asked.id,
        order_id=order.id,
        words=f"{by} asks to pay {order.total.text} of {order.code} by bank transfer.",
        suggestion="Grant it with an account and a last day, or decline it.",
    )
    publish(BankTransferAsked(asked.id))


# --- Answering ----------------------------------------------------------------------------------------------


def grant(code: str, to: BankAccount, *, reference: str, due_on: date | None, by: str) -> None:
    """The buyer may transfer the money: to which account, with which reference, until when. The order waits
    some days longer than that. The distributor's act."""
    order, transfer = _waiting(code)
    today = business_now().date()
    if due_on is None or not today < due_on <= today + LATEST:
        raise WrongDueDay
    holder, reference = to.holder.strip()[:LONGEST], reference.strip()[:LONGEST]
    account = bank_transfers.checked_account(to.account[:LONGEST])
    if not (holder and account and reference):
        raise SayWhereTo
    transfer.holder, transfer.account, transfer.bank = holder, account, to.bank.strip()[:LONGEST]
    transfer.reference, transfer.due_on = reference, due_on
    _answered(transfer, by)
    states.move(transfer, BankTransferState.GRANTED, told={"until": due_on})
    order.expires_at = datetime.combine(due_on, time(), UTC) + timedelta(days=1) + BANK_DAYS
    work.close_about(transfer.id, "Granted.")
    publish(BankTransferGranted(transfer.id))


def decline(code: str, *, reason: str, by: str) -> None:
    """No; the buyer reads why and may pay by card as if it had never asked. The distributor's act."""
    order, transfer = _waiting(code)
    if not reason.strip():
        raise SayWhy
    transfer.reason = reason.strip()
    _answered(transfer, by)
    states.move(transfer, BankTransferState.DECLINED)
    _by_card(order)
    work.close_about(transfer.id, "Declined.")
    publish(BankTransferDeclined(transfer.id))


def _waiting(code: str) -> tuple[Order, BankTransfer]:
    """An order and its request, both held, as long as the answer is awaited."""
    found = orders.find(code)
    payments.lock_of_order(found.id)
    order, transfer = orders.lock(found.id), bank_transfers.hold(found.id)
    if transfer is None:
        raise Missing("bank transfer")
    if transfer.state is not BankTransferState.ASKED or order.state is not OrderState.AWAITING_PAYMENT:
        raise AnsweredAlready
    return order, transfer


def _answered(transfer: BankTransfer, by: str) -> None:
    transfer.answered_by, transfer.answered_at = by, db.session().info["now"]


def _by_card(order: Order) -> None:
    order.pay_by = PayBy.CARD
    order.expires_at = business_now() + orders.UNPAID_LIFE
    db.flush()


# --- The end of it ------------------------------------------------------------------------------------------


def pay_by_card(order_id: UUID) -> None:
    """The buyer pays by card after all; a transfer that is on its way already is kept apart when it comes.
    Works as the distributor ("opening a payment page"), about an order of the visitor's own scope."""
    payments.lock_of_order(order_id)
    order, transfer = orders.lock(order_id), bank_transfers.hold(order_id)
    if transfer is None or not transfer.open or order.state is not OrderState.AWAITING_PAYMENT:
        raise AnsweredAlready
    states.move(transfer, BankTransferState.ENDED, told={"because": "card"})
    _by_card(order)
    work.close_about(transfer.id, "The buyer pays by card.")


def end(event: OrderCancelled) -> None:
    """Now-reaction: the order will not be paid."""
    transfer = bank_transfers.hold(event.order_id)
    if transfer is not None and transfer.open:
        states.move(transfer, BankTransferState.ENDED)
        work.close_about(transfer.id, "The order has ended.")
