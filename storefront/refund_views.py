"""Refunds as the consoles of both sides show them: the money of both legs, who bears what, how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from billing.credit_notes import CreditNote
from billing.refund_policies import Party
from billing.refunds import Because, Refund, RefundShare, RefundState, Way
from checkout.orders import Order, OrderLine
from core import db
from core.languages import Words, _
from core.money import Money
from core.tenancy import same_key
from storefront.moments import Moment, moment

REASONS = Words(
    {
        Because.REFUSED: "Refused by the vendor",
        Because.CANCELLED: "Cancelled before delivery",
        Because.BY_HAND: "By hand",
    }
)
STANDS = Words(
    {
        RefundState.REQUESTED: "Being sent",
        RefundState.UNKNOWN: "Being looked up",
        RefundState.SENT: "With the bank",
        RefundState.DONE: "Given back",
        RefundState.FAILED: "Failed",
        RefundState.PAID_OTHERWISE: "Paid otherwise",
    }
)
TONES = {"requested": "processing", "sent": "processing", "done": "refunded", "paid_otherwise": "refunded"}
BEARERS = Words({Party.DISTRIBUTOR: "the distributor", Party.RESELLER: "the reseller"})


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund. `wholesale` is what the distributor gives up, `margin` what the reseller does; `fee` is the
    gateway's, borne by `bearer`."""

    id: UUID
    order: str
    title: str
    reason: str
    why: str
    by: str
    state: str
    tone: str
    words: str
    way: str
    amount: Money
    tax: Money
    wholesale: Money
    wholesale_tax: Money
    margin: Money
    fee: Money
    bearer: str
    asked: Moment | None
    done: Moment | None
    external_id: str | None
    note_id: UUID | None
    note: str | None
    failed: bool
    by_bank: bool


def statement():
    """Refunds with everything that a view needs; filter and order it."""
    return (
        select(Refund, RefundShare, OrderLine, Order.code, CreditNote)
        .join(RefundShare, same_key(RefundShare.refund_id, Refund.id))
        .join(OrderLine, same_key(OrderLine.id, Refund.order_line_id))
        .join(Order, same_key(Order.id, Refund.order_id))
        .outerjoin(CreditNote, same_key(CreditNote.refund_id, Refund.id))
    )


def of_order(order_id: UUID) -> Sequence[RefundView]:
    """Refunds of an order, oldest first."""
    rows = db.session().execute(statement().where(Refund.order_id == order_id).order_by(Refund.id))
    return [view(*row) for row in rows]


def view(
    refund: Refund, share: RefundShare, line: OrderLine, code: str, note: CreditNote | None
) -> RefundView:
    """One row of the statement."""
    ways = {
        Way.CARD: _("to the card"),
        Way.TRANSFER: _("by bank transfer"),
        Way.ACCOUNT: _("off the account"),
        Way.NOTHING: _("nothing was paid"),
    }
    return RefundView(
        id=refund.id,
        order=code,
        title=f"{line.product_name}, {line.plan_name}",
        reason=REASONS[refund.because],
        why=refund.why if refund.because is Because.BY_HAND else "",
        by=refund.requested_by,
        state=refund.state.value,
        tone=TONES.get(refund.state.value, refund.state.value),
        words=STANDS[refund.state],
        way=ways[refund.way],
        amount=refund.amount,
        tax=refund.tax,
        wholesale=share.wholesale,
        wholesale_tax=share.wholesale_tax,
        margin=share.margin,
        fee=share.fee,
        bearer=BEARERS[share.fee_borne_by],
        asked=moment(refund.requested_at),
        done=moment(refund.done_at),
        external_id=refund.external_id,
        note_id=note.id if note else None,
        note=note.label if note else None,
        failed=refund.state is RefundState.FAILED,
        by_bank=refund.way is Way.TRANSFER,
    )
