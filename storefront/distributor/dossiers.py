"""Everything that is known about one order, as its page shows it: both legs and the cost, the money, each
delivery with every attempt at the vendor, and the trail."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from billing import invoices
from billing.credit import Hold
from billing.funds import Fund
from billing.invoices import Invoice
from billing.payments import Payment, PaymentAttempt
from catalog import exchange
from catalog.reductions import BEARERS
from checkout import discounts
from checkout.orders import Order, OrderCost, OrderLine, OrderWholesale
from core import db, tasks
from core.languages import Words, _, for_later
from core.money import Money, total
from core.parties import Customer, Reseller
from core.tasks import Task, TaskAttempt, TaskState
from core.tenancy import same_key
from provisioning.connectors.base import Action
from provisioning.connectors.registry import CONNECTORS
from provisioning.deliveries import GOING_ON, WITHDRAW, Delivery, DeliveryState, VendorRecord
from provisioning.line_cancellations import KEYS, LineCancellation, LineCancellationState
from storefront import refund_views, timelines
from storefront.moments import Moment, moment
from storefront.refund_views import RefundView
from storefront.timelines import Entry, newest_first
from storefront.units import counted
from subscriptions.subscriptions import Licence, Subscription


@dataclass(frozen=True, slots=True)
class Leg:
    """A line with its three prices; the margins are what lies between them. `discounts`: what came off, in
    which leg, and who bears it, in words."""

    line_id: UUID
    title: str
    fields: str
    quantity: str
    retail: Money
    wholesale: Money
    cost: Money | None
    reseller_margin: Money
    margin: Money | None
    discounts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery with its task, its attempts and what a person may do with it. `ending`: the vendor is
    asked to end what it delivered."""

    id: UUID
    number: int
    title: str
    withdraws: bool
    state: DeliveryState
    note: str
    wish: str | None
    cancellable: bool
    reference: str
    connector: str
    subscription: str
    subscription_state: str
    licences: str
    external_id: str
    details: Sequence[tuple[str, str]]
    task_state: TaskState
    attempts: str
    next_try: Moment | None
    leased: bool
    open: bool
    looks_up: bool
    ending: bool
    timeline: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Dossier:
    """An order with all its rows."""

    order: Order
    reseller: Reseller
    customer: Customer | None
    legs: Sequence[Leg]
    sums: Sequence[tuple[str, Money | None, str | None]]
    payment: Payment | None
    attempts: Sequence[PaymentAttempt]
    invoice: Invoice | None
    fund: Fund | None
    hold: Hold | None
    deliveries: Sequence[DeliveryView]
    refunds: Sequence[RefundView]
    trail: Sequence[Entry]


def open_dossier(order: Order) -> Dossier:
    """Reads it all; call it in the distributor's scope."""
    session = db.session()
    payment = session.scalar(select(Payment).where(Payment.order_id == order.id))
    attempts = (
        session.scalars(
            select(PaymentAttempt)
            .where(PaymentAttempt.payment_id == payment.id)
            .order_by(PaymentAttempt.number)
        ).all()
        if payment
        else []
    )
    invoice = invoices.of_order(order.id)
    fund = session.scalar(select(Fund).where(Fund.order_id == order.id))
    legs = legs_of(order)
    given = refund_views.of_order(order.id)
    about = [
        order.id,
        *(refund.id for refund in given),
        *(refund.note_id for refund in given if refund.note_id),
        *(row.id for row in (payment, invoice, fund) if row),
        *(attempt.id for attempt in attempts),
    ]
    return Dossier(
        order=order,
        reseller=session.scalars(select(Reseller).where(Reseller.id == order.reseller_id)).one(),
        customer=session.scalar(select(Customer).where(Customer.id == order.customer_id))
        if order.customer_id
        else None,
        legs=legs,
        sums=[*sums_of(legs, order.currency), *taxes_of(order)],
        payment=payment,
        attempts=attempts,
        invoice=invoice,
        fund=fund,
        hold=session.scalar(select(Hold).where(Hold.order_id == order.id)),
        deliveries=deliveries_of(order),
        refunds=given,
        trail=newest_first(timelines.of(about)),
    )


def legs_of(order: Order) -> list[Leg]:
    """The lines of an order with retail, wholesale and cost."""
    rows = db.session().execute(
        select(OrderLine, OrderWholesale, OrderCost)
        .join(OrderWholesale, same_key(OrderWholesale.order_line_id, OrderLine.id))
        .join(OrderCost, same_key(OrderCost.order_line_id, OrderLine.id))
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.number)
    )
    taken, day = _discounts_of(order), order.created_at.date()
    return [_leg(line, wholesale.total, cost, day, taken.get(line.id, ())) for line, wholesale, cost in rows]


def _discounts_of(order: Order) -> dict[UUID, list[str]]:
    """order line -> its discounts in words; an order that a reseller places for itself has one leg."""
    said: dict[UUID, list[str]] = defaultdict(list)
    legs = [(_("Retail"), discounts.of_order(order.id))] if order.customer_id else []
    for leg, given in (*legs, (_("Wholesale"), discounts.of_order(order.id, wholesale=True))):
        for one in given:
            said[one.order_line_id].append(
                _(
                    "%(leg)s: %(name)s −%(amount)s, borne by: %(bearer)s",
                    leg=leg, name=one.name, amount=one.total.text, bearer=BEARERS[one.bearer],
                )
            )  # fmt: skip
    return said


def _leg(line: OrderLine, wholesale: Money, costs: OrderCost, day: date, taken: Sequence[str]) -> Leg:
    """A cost in another currency is shown by the rate of the day when it was ordered; without one it stays
    unknown here, and so does the margin."""
    asked = Money(costs.total_minor, costs.currency) if costs.total_minor is not None else None
    cost = exchange.converted(asked, wholesale.currency, day) if asked is not None else None
    foreign = [(_("cost"), asked.text)] if asked is not None and asked.currency != wholesale.currency else []
    return Leg(
        line.id,
        f"{line.product_name}, {line.plan_name}",
        ", ".join(f"{name} {value}" for name, value in (*line.fields.items(), *foreign)),
        f"{counted(line.quantity, line.unit)}, {line.term.label}",
        line.total,
        wholesale,
        cost,
        line.total - wholesale,
        wholesale - cost if cost is not None else None,
        taken,
    )


def sums_of(legs: Sequence[Leg], currency: str) -> list[tuple[str, Money | None, str | None]]:
    """What both sides pay and keep; a cost that is not known makes the margin unknown too."""
    retail, wholesale = (
        total([leg.retail for leg in legs], currency),
        total([leg.wholesale for leg in legs], currency),
    )
    costs = [leg.cost for leg in legs if leg.cost is not None]
    rows: list[tuple[str, Money | None, str | None]] = [
        (_("The buyer pays, net"), retail, None),
        (_("Reseller's margin"), retail - wholesale, "muted"),
        (_("Wholesale"), wholesale, None),
    ]
    if len(costs) == len(legs):
        rows += [
            (_("Cost"), total(costs, currency), "muted"),
            (_("Our margin"), wholesale - total(costs, currency), "total"),
        ]
    return rows


def taxes_of(order: Order) -> list[tuple[str, Money | None, str | None]]:
    """The tax of both legs, and what the buyer pays with it."""
    wholesale = total([charge.tax for charge in invoices.charges(order.id)], order.currency)
    return [
        (_("%(tax)s, the buyer's", tax=order.tax_name or "VAT"), order.tax, "muted"),
        (_("VAT on wholesale"), wholesale, "muted"),
        (_("The buyer pays, with VAT"), order.total, "total"),
    ]


def deliveries_of(order: Order) -> list[DeliveryView]:
    """Deliveries in line order, each with the story of its attempts."""
    session = db.session()
    rows = session.execute(
        select(Delivery, Subscription, OrderLine, OrderCost, Task, VendorRecord, LineCancellation)
        .join(Subscription, same_key(Subscription.id, Delivery.subscription_id))
        .join(OrderLine, same_key(OrderLine.id, Delivery.order_line_id))
        .join(OrderCost, same_key(OrderCost.order_line_id, Delivery.order_line_id))
        .join(Task, same_key(Task.id, Delivery.task_id))
        .outerjoin(VendorRecord, same_key(VendorRecord.delivery_id, Delivery.id))
        .outerjoin(LineCancellation, same_key(LineCancellation.delivery_id, Delivery.id))
        .where(Delivery.order_id == order.id)
        .order_by(OrderLine.number, Delivery.id)
    ).all()
    asked: dict[UUID, list[TaskAttempt]] = defaultdict(list)
    for attempt in session.scalars(
        select(TaskAttempt)
        .where(TaskAttempt.task_id.in_([row[4].id for row in rows]))
        .order_by(TaskAttempt.number)
    ):
        asked[attempt.task_id].append(attempt)
    keys = [key for row in rows for key in (row[0].id, row[1].id, row[4].id)]
    trail: dict[UUID, list[Entry]] = defaultdict(list)
    for about, entry in timelines.told(keys):
        trail[about].append(entry)
    seats = dict(
        session.execute(
            select(Licence.subscription_id, func.count())
            .where(Licence.subscription_id.in_([row[1].id for row in rows]))
            .group_by(Licence.subscription_id)
        ).all()
    )
    return [
        _delivery(
            number,
            row,
            [*(told(a) for a in asked[row[4].id]), *trail[row[0].id], *trail[row[1].id], *trail[row[4].id]],
            seats.get(row[1].id, 0),
            len(asked[row[4].id]),
        )
        for number, row in enumerate(rows, start=1)
    ]


def _delivery(number: int, row: Any, timeline: Sequence[Entry], seats: int, attempts: int) -> DeliveryView:
    delivery, subscription, line, cost, task, vendor, wish = row
    waits = task.state in tasks.OPEN
    what = f"{line.product_name}, {line.plan_name}, {counted(line.quantity, line.unit)}"
    titles = {
        Action.END: _("End of %(what)s", what=what),
        WITHDRAW: _("Ending it again: %(what)s", what=what),
    }
    return DeliveryView(
        id=delivery.id,
        number=number,
        title=titles.get(delivery.action, what),
        withdraws=delivery.action == WITHDRAW,
        state=delivery.state,
        note=delivery.note,
        wish=told_wish(wish) if wish else None,
        cancellable=wish is None and delivery.action == Action.PROVISION and delivery.state in GOING_ON,
        reference=str(delivery.reference),
        connector=_(CONNECTORS[cost.connector].label) if cost.connector in CONNECTORS else cost.connector,
        subscription=subscription.code,
        subscription_state=subscription.state,
        licences=_("%(seats)s of %(all)s", seats=seats, all=subscription.quantity),
        external_id=vendor.external_id if vendor else "",
        details=[(name, text) for name, text in vendor.details.items() if name != KEYS] if vendor else [],
        task_state=task.state,
        attempts=_("%(attempts)s so far", attempts=attempts) if attempts else _("none yet"),
        next_try=moment(task.next_at) if waits else None,
        leased=waits and task.leased_until is not None and task.leased_until > db.session().info["now"],
        open=waits or task.state is TaskState.PARKED,
        looks_up=task.intent_open,
        ending=delivery.action == Action.END,
        timeline=newest_first(timeline),
    )


WISHES = Words(
    {
        LineCancellationState.ASKED: "What became of the open attempt is found out first.",
        LineCancellationState.NEVER_BOUGHT: "Nothing of it was bought.",
        LineCancellationState.WITHDRAWING: "The vendor had it already and is being asked to end it.",
        LineCancellationState.WITHDRAWN: "The vendor had it already and has ended it.",
        LineCancellationState.STANDS: "The vendor had it already and does not end it, so it stands.",
    }
)


def told_wish(wish: LineCancellation) -> str:
    """Who wanted it cancelled, and what became of that."""
    person, what = wish.asked_by, WISHES[wish.state]
    if not wish.why:
        return _("Cancelled by %(person)s. %(what)s", person=person, what=what)
    return _("Cancelled by %(person)s (“%(why)s”). %(what)s", person=person, why=wish.why, what=what)


ANSWERS = {
    "done": ("ok", for_later("done")),
    "found": ("ok", for_later("looked up, and it was done")),
    "absent": ("wait", for_later("looked up, and the vendor has nothing of it")),
    "accepted": ("wait", for_later("accepted; the vendor works on it")),
    "later": ("wait", for_later("not now")),
    "not sent": ("neutral", for_later("not sent")),
    "needs a person": ("warn", for_later("a person must act")),
    "refused": ("bad", for_later("refused")),
    "unclear": ("warn", for_later("no clear answer")),
}


def told(attempt: TaskAttempt) -> Entry:
    """One attempt at the vendor, with how long the answer took."""
    if attempt.answered_at is None:
        return _entry(
            _("Attempt %(number)s: asked, no answer recorded yet.", number=attempt.number),
            "wait",
            "send",
            attempt.called_at,
            attempt.fingerprint,
        )
    tone, words = ANSWERS.get(attempt.outcome, ("neutral", attempt.outcome))
    took = (attempt.answered_at - attempt.called_at).total_seconds()
    said = f" “{attempt.note}”" if attempt.note else ""
    return _entry(
        _(
            "Attempt %(number)s: %(words)s, %(seconds)s s after asking.%(said)s",
            number=attempt.number,
            words=_(words),
            seconds=f"{took:.1f}",
            said=said,
        ),
        tone,
        "send",
        attempt.called_at,
        attempt.fingerprint,
    )


def _entry(words: str, tone: str, icon: str, at: Any, fingerprint: str) -> Entry:
    return Entry(
        words,
        _("The worker"),
        moment(at),
        tone,
        icon,
        _("Fingerprint of the request: %(fingerprint)s", fingerprint=fingerprint) if fingerprint else None,
        at,
    )
