"""The progress of an order as its page shows it: four steps per line with times and words. Everything is read
from what happened (order, payment, deliveries and their trail); a page of an hour ago and a live one say the
same."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import and_, exists, select

from billing.payments import AttemptState, Payment, PaymentAttempt
from billing.refunds import Refund
from catalog.products import Plan, Product
from checkout.orders import Order, OrderLine, OrderState, PayBy
from core import db
from core.languages import Words, _
from core.tenancy import Side, current, same_key
from core.trail import TrailEntry
from provisioning import add_ons
from provisioning.deliveries import BOUGHT, GOING_ON, Delivery, DeliveryState
from provisioning.line_cancellations import LineCancellation, LineCancellationState
from storefront import belongings, money_back, units
from storefront.moments import Moment, moment
from storefront.steps import Step
from subscriptions.subscriptions import Subscription

SOON = timedelta(seconds=20)  # a delivery that nobody has begun by then is said to be queued
MOVING = frozenset(
    {DeliveryState.PENDING, DeliveryState.PROCESSING, DeliveryState.UNKNOWN, DeliveryState.WITHDRAWING}
)
ENDED = (DeliveryState.REFUSED, DeliveryState.CANCELLED)
JUST_NOW = timedelta(minutes=1)  # so long after its end a line's refund may still be about to begin


@dataclass(frozen=True, slots=True)
class LineProgress:
    """A line of the order, and what became of it."""

    line: OrderLine
    steps: tuple[Step, ...]
    state: str
    service: str | None
    cancellable: UUID | None = None
    """The delivery that can still be cancelled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The whole order. `live`: something may change within seconds, so the page asks again."""

    first: tuple[Step, ...]
    lines: tuple[LineProgress, ...]
    state: str
    live: bool
    declined: str | None
    paying: bool
    belongs: Mapping[UUID, str]
    """line -> what it belongs to, in words."""

    @property
    def mark(self) -> str:
        """Changes whenever the page would."""
        steps = [step for line in self.lines for step in line.steps]
        seen = [
            self.state,
            self.declined or "",
            *(f"{step.state} {step.title}" for step in (*self.first, *steps)),
        ]
        return sha256("|".join(seen).encode()).hexdigest()[:12]


def of(order: Order, *, ours: bool = True) -> Progress:
    """How an order of the scope stands now; `ours`: who looks at it is who paid."""
    rows = _rows(order.id)
    asked = _asked_at([delivery.id for _, delivery, _, _ in rows if delivery])
    attempt = _attempt(order.id) if order.state is OrderState.AWAITING_PAYMENT else None
    funded = order.state is OrderState.FUNDED
    given = money_back.of_lines(order.id) if funded else {}
    wishes = money_back.wishes(order.id) if funded else {}
    lines = tuple(
        _line(
            order, line, delivery, code, vendor, asked,
            given.get(line.id, ()), wishes.get(delivery.id) if delivery else None, ours,
        )
        for line, delivery, code, vendor in rows
    )  # fmt: skip
    paying = (
        attempt is not None
        and attempt.state is AttemptState.OPEN
        and attempt.session_id is not None
        and not attempt.declined
    )
    declined = attempt.declined if attempt is not None else None
    deliveries = [delivery.state for _, delivery, _, _ in rows if delivery]
    payable = (
        attempt is not None
        and attempt.expires_at is not None
        and attempt.expires_at > db.session().info["now"]
    )
    settling = any(one.state in money_back.UNDER_WAY for each in given.values() for one in each) or any(
        delivery.state in ENDED
        and line.id not in given
        and db.session().info["now"] - delivery.changed_at < JUST_NOW
        for line, delivery, _, _ in rows
        if delivery
    )
    live = payable or (
        funded and (not deliveries or settling or any(state in MOVING for state in deliveries))
    )
    owed = any(
        delivery.state is DeliveryState.REFUSED and line.gross and line.id not in given
        for line, delivery, _, _ in rows
        if delivery
    )
    unwanted = any(wish.state is LineCancellationState.ASKED for wish in wishes.values())
    summary = _summary(order, deliveries, unwanted=unwanted, owed=owed)
    belongs = belongings.of_lines([line for line, _, _, _ in rows])
    return Progress(_first(order, declined, paying=paying), lines, summary, live, declined, paying, belongs)


def states_of(found: Sequence[Order]) -> dict[UUID, str]:
    """order -> the state that its page would show, for lists; one statement."""
    refunded = exists().where(same_key(Refund.order_line_id, OrderLine.id))
    unwanted = exists().where(
        same_key(LineCancellation.delivery_id, Delivery.id),
        LineCancellation.state == LineCancellationState.ASKED,
    )
    chosen = (
        select(Delivery.order_id, Delivery.state, OrderLine, unwanted, refunded)
        .join(OrderLine, same_key(OrderLine.id, Delivery.order_line_id))
        .where(
            Delivery.order_id.in_([order.id for order in found if order.state is OrderState.FUNDED]), BOUGHT
        )
    )
    deliveries: dict[UUID, list[DeliveryState]] = defaultdict(list)
    wished: set[UUID] = set()
    owed: set[UUID] = set()
    for order_id, state, line, is_unwanted, is_refunded in db.session().execute(chosen):
        deliveries[order_id].append(state)
        if is_unwanted:
            wished.add(order_id)
        if state is DeliveryState.REFUSED and line.gross and not is_refunded:
            owed.add(order_id)
    return {
        order.id: _summary(
            order, deliveries.get(order.id, ()), unwanted=order.id in wished, owed=order.id in owed
        )
        for order in found
    }


def _rows(order_id: UUID) -> Sequence[tuple[OrderLine, Delivery | None, str | None, str]]:
    chosen = (
        select(OrderLine, Delivery, Subscription.code, Product.vendor)
        .outerjoin(
            Delivery,
            and_(
                same_key(Delivery.order_line_id, OrderLine.id),
                BOUGHT,
            ),
        )
        .outerjoin(Subscription, same_key(Subscription.id, Delivery.subscription_id))
        .join(Plan, same_key(Plan.id, OrderLine.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.number)
    )
    return [(line, delivery, code, vendor) for line, delivery, code, vendor in db.session().execute(chosen)]


def _asked_at(delivery_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each delivery was first sent to its vendor, by the trail."""
    if not delivery_ids:
        return {}
    sent = f"{DeliveryState.PENDING} -> {DeliveryState.PROCESSING}"
    chosen = select(TrailEntry.object_id, TrailEntry.at).where(
        TrailEntry.object_id.in_(delivery_ids), TrailEntry.what == sent
    )
    return {delivery_id: at for delivery_id, at in db.session().execute(chosen)}


def _attempt(order_id: UUID) -> PaymentAttempt | None:
    """The latest page at the gateway for this order."""
    chosen = (
        select(PaymentAttempt)
        .join(Payment, same_key(Payment.id, PaymentAttempt.payment_id))
        .where(Payment.order_id == order_id)
        .order_by(PaymentAttempt.number.desc())
        .limit(1)
    )
    return db.session().scalar(chosen)


def _first(order: Order, declined: str | None, *, paying: bool) -> tuple[Step, Step]:
    placed = Step("done", _("Order placed"), None, moment(order.created_at))
    if order.state is OrderState.FUNDED:
        how = {
            PayBy.CARD: _("%(total)s by card.", total=order.total.text),
            PayBy.ACCOUNT: _("%(total)s on account.", total=order.total.text),
            PayBy.TRANSFER: _("%(total)s by bank transfer.", total=order.total.text),
        }[order.pay_by]
        return placed, Step(
            "done", _("Paid"), how if order.total.minor else _("Nothing to pay."), moment(order.funded_at)
        )
    if order.state is OrderState.UNCOVERED:
        return placed, Step(
            "wait",
            _("Paid, being checked"),
            _("Your payment has arrived. Your provider has to release the order; you need do nothing."),
        )
    if order.state is OrderState.CANCELLED:
        return placed, Step("wrong", _("Not paid"), f"{order.cancelled_because} {_('No money moved.')}")
    if order.pay_by is PayBy.TRANSFER:
        return placed, Step("now", _("Waiting for the bank transfer"), _("Nothing has been charged."))
    if declined:
        return placed, Step(
            "wrong", _("Payment declined"), f"{declined} {_('No money moved, and your order is kept.')}"
        )
    if paying:
        return placed, Step(
            "now",
            _("Waiting for the payment"),
            _("If you have paid, this page goes on by itself in a moment."),
        )
    return placed, Step("now", _("Waiting for your payment"), _("Nothing has been charged."))


def _line(
    order: Order,
    line: OrderLine,
    delivery: Delivery | None,
    code: str | None,
    vendor: str,
    asked: dict[UUID, datetime],
    given: Sequence[Refund],
    wish: LineCancellation | None,
    ours: bool,
) -> LineProgress:
    if delivery is None:
        stopped = order.state is OrderState.CANCELLED
        state = "cancelled" if stopped else "waiting"
        return LineProgress(
            line,
            (Step("todo", _("Ordered from %(vendor)s", vendor=vendor)), Step("todo", _("Ready to use"))),
            state,
            None,
        )
    sent = moment(asked.get(delivery.id))
    if delivery.state not in GOING_ON:
        shown = _ended(line, delivery, vendor, sent, given, wish, ours=ours)
    elif wish is not None:
        shown = money_back.cancelling(vendor, wish)
    else:
        shown = (_under_way(line, delivery, vendor, sent), Step("todo", _("Ready to use")))
    cancellable = delivery.id if delivery.state in GOING_ON and wish is None else None
    return LineProgress(line, shown, delivery.state.value, code, cancellable)


def _under_way(line: OrderLine, delivery: Delivery, vendor: str, sent: Moment | None) -> Step:
    """Where a delivery stands that somebody still sees to: a worker, or a person."""
    if delivery.state is DeliveryState.PROCESSING:
        return Step(
            "now",
            _("%(vendor)s is setting it up", vendor=vendor),
            _("This usually takes less than two minutes."),
            sent,
        )
    if delivery.state is DeliveryState.UNKNOWN:
        return Step(
            "wait",
            _("We are checking with %(vendor)s", vendor=vendor),
            _("We have no clear answer yet and look it up by ourselves. You will not be charged twice."),
            moment(delivery.changed_at),
        )
    if delivery.state is DeliveryState.NEEDS_ACTION:
        return Step(
            "wait",
            _("We are working on it"),
            _("Something has to be put right by hand. Your payment is safe; we write to you then."),
            moment(delivery.changed_at),
        )
    if line.base_line_id is not None:
        return Step("wait", _("Waits for what it extends"), _("It is ordered as soon as that is there."))
    if db.session().info["now"] - delivery.created_at < SOON:
        return Step(
            "now", _("Ordering from %(vendor)s", vendor=vendor), _("This usually takes a few seconds.")
        )
    return Step(
        "wait",
        _("Queued for %(vendor)s", vendor=vendor),
        _("Your order is stored and goes on by itself. You can close this page; we write to you."),
    )


def _ended(
    line: OrderLine, delivery: Delivery, vendor: str, sent: Moment | None,
    given: Sequence[Refund], wish: LineCancellation | None, *, ours: bool,
) -> tuple[Step, ...]:  # fmt: skip
    """What came of a delivery, and of the money for it."""
    changed = moment(delivery.changed_at)
    if delivery.state is DeliveryState.WITHDRAWING:
        return money_back.withdrawing(vendor, wish)
    if delivery.state is DeliveryState.CANCELLED:
        back = money_back.last_step(line, given, ours=ours, cancelled=True)
        return Step("done", _("Cancelled"), None, changed), back
    if delivery.state is DeliveryState.REFUSED:
        refused = _("Refused by %(vendor)s", vendor=vendor)
        title = _("Not delivered") if delivery.note == add_ons.LEFT else refused
        back = money_back.last_step(line, given, ours=ours, cancelled=wish is not None)
        return Step("wrong", title, _refusal(delivery, vendor), changed), back
    seats = _("%(seats)s under My services.", seats=units.counted(line.quantity, line.unit))
    return (
        Step("done", _("Ordered from %(vendor)s", vendor=vendor), None, sent),
        Step("done", _("Ready to use"), seats, moment(delivery.delivered_at)),
        *(money_back.step(refund, ours) for refund in given),
    )


def _refusal(delivery: Delivery, vendor: str) -> str:
    """A customer reads our words; the vendor's own are for those who deal with it."""
    if delivery.note == add_ons.LEFT:
        return _(add_ons.LEFT)
    if delivery.note and current().side is not Side.CUSTOMER:
        return f"“{delivery.note}”"
    return _("%(vendor)s did not take this order, so nothing of it was set up.", vendor=vendor)


def _summary(order: Order, deliveries: Sequence[DeliveryState], *, unwanted: bool, owed: bool) -> str:
    """One word for the whole order, for its badge. `unwanted`: somebody cancelled a line, and
    what became of it is found out; `owed`: a refused line
    is paid and nothing of it is on its way back."""
    if order.state is not OrderState.FUNDED:
        return order.state.value
    if unwanted or DeliveryState.WITHDRAWING in deliveries:
        return "cancelling"
    for state, word in (
        (DeliveryState.REFUSED, "refused" if owed else "refunded"),
        (DeliveryState.NEEDS_ACTION, "needs_action"),
        (DeliveryState.UNKNOWN, "unknown"),
    ):
        if state in deliveries:
            return word
    left = [state for state in deliveries if state is not DeliveryState.CANCELLED]
    if deliveries and not left:
        return "withdrawn"
    if left and all(state is DeliveryState.SUCCESS for state in left):
        return "delivered" if len(left) == len(deliveries) else "partly"
    return "delivering"


WORDS = Words(
    {
        "awaiting_payment": "Awaiting payment",
        "uncovered": "Paid, being checked",
        "cancelled": "Cancelled",
        "refused": "Not delivered in full",
        "refunded": "Refused and refunded",
        "cancelling": "Being cancelled",
        "withdrawing": "Being cancelled",
        "withdrawn": "Cancelled and refunded",
        "partly": "Ready, a part cancelled",
        "needs_action": "We are working on it",
        "unknown": "We are checking",
        "delivered": "Ready",
        "delivering": "Being delivered",
        "funded": "Paid",
        "waiting": "Waiting for payment",
        "pending": "Being ordered",
        "processing": "Being set up",
        "success": "Ready",
    }
)
"""state -> the words on its badge."""
TONES = {"success": "delivered", "processing": "delivering", "pending": "delivering"}
"""line state -> the state whose badge it takes, where they differ."""
