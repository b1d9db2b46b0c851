"""The windows in which a service is ended at once and paid back, as its plan said when it was ordered: within
its trial all of the price, within its cancellation window the days of the billing period that have not begun.
What a page shows before the click is what the server holds to, and what goes back when the vendor has
confirmed the end and not before: nothing is ever paid back and active (QP9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from billing import refunds
from billing.refunds import Because
from checkout import line_refunds
from checkout.orders import OrderLine
from core import db, tasks, tenancy, work
from core.clock import business_now
from core.errors import Conflict
from core.languages import _
from core.money import Money
from core.periods import end_of
from core.tasks import Claimed, Kind, Repeat
from provisioning import lifecycles
from subscriptions import cancellations, subscriptions
from subscriptions.cancellations import Cancellation, CancellationState, SubscriptionCancelled
from subscriptions.subscriptions import STANDING, Subscription, SubscriptionEnded

DAY = timedelta(days=1)
WHY = "Ended within its window"


@dataclass(frozen=True, slots=True)
class Window:
    """An open one: until when, and what goes back, gross, if it is used now. `trial`: all that is left of the
    price."""

    until: datetime
    back: Money
    trial: bool


class WindowIsOver(Conflict):
    """From the instant of its end on."""

    def __init__(self) -> None:
        super().__init__(
            _("The window in which it is ended at once is over. It can be cancelled to the end of its term.")
        )


class BackChanged(Conflict):
    """Nobody says yes to another amount than the one they saw."""

    def __init__(self, now: Money) -> None:
        super().__init__(
            _(
                "Another day has begun meanwhile: %(now)s would go back now. Please confirm again.",
                now=now.text,
            )
        )


def of(subscription: Subscription, at: datetime, *, ended: bool = False) -> Window | None:
    """The window of a service that runs, at an instant, or of one that has `ended` since; what was taken over
    from another provider has none."""
    if not (ended or subscription.state in STANDING) or subscription.starts_at is None:
        return None
    line = _line(subscription)
    if line is None:
        return None
    for days, trial in ((line.trial_days, True), (line.cancellation_days, False)):
        until = subscription.starts_at + days * DAY
        if at < until:
            left = line.gross - refunds.back_to_the_buyer(line.id, line.currency)
            rest = left if trial else min(left, line.gross.times(_rest(subscription, at)))
            return Window(until, rest, trial)
    return None


def _line(subscription: Subscription) -> OrderLine | None:
    mine = (OrderLine.id == subscription.order_line_id) & (OrderLine.reseller_id == subscription.reseller_id)
    return db.session().scalar(select(OrderLine).where(mine))


def _rest(subscription: Subscription, at: datetime) -> Fraction:
    """Which share of the first billing period the days are that have not begun."""
    starts = subscription.starts_at or at
    days = (end_of(starts, subscription.billing_period) - starts) // DAY
    begun = (at - starts) // DAY + 1
    return Fraction(max(0, days - begun), days)


def use(subscription: Subscription, *, by: str, seen: int | None) -> Cancellation:
    """Ends it at once. Its add-ons end with it, and those within a window of their own are paid back, too.
    `seen` is the amount that the page showed, in minor units.

    Raises WindowIsOver, BackChanged, AlreadyCancelled."""
    now = business_now()
    window = of(subscription, now)
    if window is None:
        raise WindowIsOver
    if seen != window.back.minor:
        raise BackChanged(window.back)
    for add_on in subscriptions.add_ons(subscription.id, *STANDING):
        if (inside := of(add_on, now)) and not _ends_at_once(add_on):
            cancellations.end_at_once(add_on, inside.back, by=by)
    return cancellations.end_at_once(subscription, window.back, by=by)


def _ends_at_once(add_on: Subscription) -> bool:
    """Whether somebody has ended it a moment before, and the vendor is not asked yet."""
    asked = cancellations.standing(add_on.id, locked=True)
    return asked is not None and asked.back is not None


# --- What follows -------------------------------------------------------------------------------------------


def end_at_once(event: SubscriptionCancelled) -> None:
    """Now-reaction: the end need not wait for the clock."""
    asked = db.session().get_one(Cancellation, (tenancy.current().distributor_id, event.cancellation_id))
    if asked.back is not None:
        tasks.add("end_at_once", {"subscription": str(asked.subscription_id)}, key=f"end_at_once:{asked.id}")


def promise_kept(event: SubscriptionEnded) -> None:
    """Now-reaction: the vendor has confirmed the end, so the money goes back."""
    if _promised(event.subscription_id) is not None:
        subscription = str(event.subscription_id)
        tasks.add("pay_back", {"subscription": subscription}, key=f"pay_back:{subscription}")


def _promised(subscription_id: UUID) -> Cancellation | None:
    asked = select(Cancellation).where(
        Cancellation.subscription_id == subscription_id,
        Cancellation.back_minor.is_not(None),
        Cancellation.state != CancellationState.WITHDRAWN,
    )
    return db.session().scalar(asked)


def _end(task: Claimed) -> None:
    lifecycles.act(UUID(task.args["subscription"]), business_now())


def _pay_back(task: Claimed) -> None:
    subscription = _subscription(task)
    asked, line = _promised(subscription.id), _line(subscription)
    if asked is None or asked.back is None or line is None:
        return
    window = of(subscription, asked.asked_at, ended=True)
    share = None if window is None or window.trial else _rest(subscription, asked.asked_at)
    left = line.gross - refunds.back_to_the_buyer(line.id, line.currency)
    line_refunds.give_back(
        line.id,
        key=f"window:{line.id}",
        because=Because.CANCELLED,
        why=WHY,
        by=asked.by,
        amount=asked.back if asked.back < left else None,
        share=share,
    )


def _subscription(task: Claimed) -> Subscription:
    chosen = select(Subscription).where(Subscription.id == UUID(task.args["subscription"]))
    return db.session().scalars(chosen).one()


def _on_parked(task: Claimed, note: str) -> None:
    subscription = _subscription(task)
    line = _line(subscription)
    work.open_item(
        "refund not begun",
        about_type="subscriptions",
        about_id=subscription.id,
        order_id=line.order_id if line else None,
        words=f"It was ended within its window, but its money could not be given back by itself. {note}",
        suggestion="Refund the line by hand.",
    )


tasks.register(Kind("end_at_once", Repeat.SAFE, prepare=_end, alone=True))
tasks.register(
    Kind("pay_back", Repeat.SAFE, prepare=_pay_back, alone=True, on_parked=_on_parked, on_refused=_on_parked)
)
