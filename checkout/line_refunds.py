"""Giving back an order line, or a part of it, in both legs: how much is left of it, what each side gives up,
and when it may not be given back at all. Works as the distributor; the rows and the books are
billing/refunds.py."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from billing import funds, payments, refund_policies, refund_requests, refunds
from billing.funds import FundKind
from billing.refund_policies import Party
from billing.refund_requests import Claim
from billing.refunds import Because, Refund
from checkout import orders
from checkout.orders import Order, OrderLine, OrderState, OrderWholesale
from core import db
from core.errors import Missing, Refused
from core.languages import _
from core.money import Money
from subscriptions import subscriptions
from subscriptions.subscriptions import SubscriptionState

RUNS = (
    SubscriptionState.ACTIVE,
    SubscriptionState.SUSPENDED,
    SubscriptionState.ENDING,
    SubscriptionState.MOVING,
)
COMES = (*RUNS, SubscriptionState.PENDING)


class Borne(StrEnum):
    """Who bears what is given back by hand. AS_SOLD: each side its own part of the price."""

    AS_SOLD = "as_sold"
    DISTRIBUTOR = "distributor"
    RESELLER = "reseller"


class NothingToGiveBack(Refused):
    """The order is not paid, or all of the line is on its way back."""

    def __init__(self) -> None:
        super().__init__(_("There is nothing left of this line to give back."))


class MoreThanLeft(Refused):
    """Not more than the line cost."""

    def __init__(self, left: Money) -> None:
        super().__init__(_("Only %(left)s of this line are left to give back.", left=left.text))


class StillRuns(Refused):
    """QP9: nothing is refunded whole and delivered at once."""

    def __init__(self, state: SubscriptionState) -> None:
        act = "Cancel the line" if state is SubscriptionState.PENDING else "End the service"
        super().__init__(
            _(
                "The service of this line is %(state)s, so the line cannot be given back whole. %(act)s"
                " first, or give back a part.",
                state=state,
                act=act,
            )
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund would move: the buyer gets `amount`, gross, with `tax` in it; of the net the distributor
    gives up `wholesale` (and `wholesale_tax` with it), the reseller its `margin`; `fee` is the gateway's and
    does not come back. `left` is what remains of the line before it, gross."""

    line: OrderLine
    left: Money
    amount: Money
    tax: Money
    wholesale: Money
    wholesale_tax: Money
    margin: Money
    fee: Money
    fee_borne_by: Party
    by_card: bool


def line_of(order_line_id: UUID) -> OrderLine:
    """An order line inside the scope."""
    found = db.session().scalar(select(OrderLine).where(OrderLine.id == order_line_id))
    if found is None:
        raise Missing("order line")
    return found


def preview(
    order_line_id: UUID,
    amount: Money | None = None,
    *,
    borne: Borne = Borne.AS_SOLD,
    because: Because = Because.BY_HAND,
    share: Fraction | None = None,
) -> Preview:
    """The exact money of both legs, `amount` being all that is left unless it is named. `share`: how much of
    its own price each leg gives up, where the amount alone does not say it: a customer that paid nothing, or
    a few cents, gets nothing or all of it back.

    Raises NothingToGiveBack, MoreThanLeft, StillRuns."""
    line = line_of(order_line_id)
    order = orders.of_id(line.order_id)
    sold = db.session().scalars(select(OrderWholesale).where(OrderWholesale.order_line_id == line.id)).one()
    gone = refunds.given_back(line.id, line.currency)
    left, left_wholesale = line.gross - gone.amount, sold.total - gone.wholesale
    wanted = left if amount is None else amount
    if wanted > left or wanted.minor < 0:
        raise MoreThanLeft(left)
    alone = amount is None or share is not None  # what the reseller paid may go back without anything else
    if order.state is not OrderState.FUNDED or not (wanted or (alone and left_wholesale)):
        raise NothingToGiveBack
    _refuse_while_it_runs(line, whole=wanted == left)
    part = Fraction((gone.amount + wanted).minor, line.gross.minor) if line.gross and wanted < left else None
    tax = _up_to(line.tax, part) - gone.tax
    wholesale = sold.total.times(share) if share is not None else _up_to(sold.total, part) - gone.wholesale
    if borne is not Borne.AS_SOLD:
        wholesale = wanted - tax if borne is Borne.DISTRIBUTOR else Money(0, line.currency)
    wholesale = max(Money(0, line.currency), min(wholesale, left_wholesale))
    wholesale_tax = _tax_of(sold, gone.wholesale + wholesale) - gone.wholesale_tax
    payment = payments.of_order(order.id)
    by_card = payment is not None and payment.captured_minor is not None and wanted.minor > 0
    fee = refund_requests.fee_share(payment, wanted) if payment and by_card else Money(0, line.currency)
    return Preview(
        line=line, left=left, amount=wanted, tax=tax, wholesale=wholesale, wholesale_tax=wholesale_tax,
        margin=wanted - tax - wholesale, fee=fee, fee_borne_by=_bears_the_fee(order, because),
        by_card=by_card,
    )  # fmt: skip


def _up_to(whole: Money, part: Fraction | None) -> Money:
    """What of an amount falls on all that is given back so far and now: its share, or the whole at the end,
    so that all parts together are exactly the whole."""
    return whole if part is None else whole.times(part)


def _tax_of(sold: OrderWholesale, net: Money) -> Money:
    """The tax on so much of a line's wholesale price."""
    if net == sold.total or not sold.total:
        return sold.tax
    return sold.tax.times(Fraction(net.minor, sold.total.minor))


def _bears_the_fee(order: Order, because: Because) -> Party:
    """The fee of a reseller's own order is the distributor's from the beginning (decision 4)."""
    if order.customer_id is None:
        return Party.DISTRIBUTOR
    if because is Because.REFUSED:
        return refund_policies.current().fee_when_refused
    return Party.RESELLER


def _refuse_while_it_runs(line: OrderLine, *, whole: bool) -> None:
    state = subscriptions.by_line(line.id).state
    if whole and state in COMES:
        raise StillRuns(state)


def give_back(
    order_line_id: UUID,
    *,
    key: str,
    because: Because,
    why: str,
    by: str = "",
    amount: Money | None = None,
    borne: Borne = Borne.AS_SOLD,
    share: Fraction | None = None,
) -> Refund | None:
    """Gives back what is left of a line, or `amount` of it (and `share`, see `preview`), once per key; None
    where nothing was due for it. Locks payment and order, in this order, so that two who give back at once
    do not give twice."""
    line = line_of(order_line_id)
    payments.lock_of_order(line.order_id)
    order = orders.lock(line.order_id)
    if (earlier := refunds.of_key(key)) is not None:
        return earlier
    if because is not Because.BY_HAND and not _anything_due(order, line):
        return None
    exact = preview(order_line_id, amount, borne=borne, because=because, share=share)
    return refund_requests.request(
        Claim(
            key=key,
            order_id=order.id,
            order_line_id=line.id,
            line_number=line.number,
            reseller_id=order.reseller_id,
            customer_id=order.customer_id,
            amount=exact.amount,
            tax=exact.tax,
            wholesale=exact.wholesale,
            wholesale_tax=exact.wholesale_tax,
            because=because,
            why=why,
            by=by,
            fee_borne_by=exact.fee_borne_by,
        )
    )


def _anything_due(order: Order, line: OrderLine) -> bool:
    """Whether the line cost anything that is not given back already."""
    fund = funds.of_order(order.id)
    if fund is None or fund.kind is FundKind.NOTHING_DUE:
        return False
    wholesale = db.session().scalars(
        select(OrderWholesale.total_minor).where(OrderWholesale.order_line_id == line.id)
    )
    gone = refunds.given_back(line.id, line.currency)
    return line.gross > gone.amount or wholesale.one() > gone.wholesale.minor
