"""The numbers that matter today; each opens the list behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from billing.ledger import Account, JournalLine
from billing.payments import Payment
from checkout.orders import Order, OrderState
from core import db
from core.clock import machine_now
from core.languages import _
from core.money import Money
from core.parties import Reseller
from core.tasks import OPEN, Task, TaskState
from core.work import WorkItem
from partners import account_managers
from provisioning.deliveries import Delivery, DeliveryState
from storefront import pages
from storefront.distributor import console
from storefront.distributor.account_managers import NOBODY
from storefront.moments import moment
from storefront.visitors import the_shop
from subscriptions.subscriptions import Subscription, SubscriptionState

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Stat:
    """A number, what it says, and where it leads."""

    label: str
    value: str
    url: str | None = None
    delta: str | None = None
    tone: str = "neutral"
    icon: str | None = None


@console.get("/")
def dashboard() -> Response:
    """The dashboard."""
    with db.transaction():
        now = machine_now()
        groups = [
            (_("Needs you"), work(now)),
            (_("Orders"), sales(now)),
            (_("Money, all time"), money()),
            (_("Delivery"), delivery(now)),
        ]
        oldest = db.session().scalar(select(func.min(WorkItem.opened_at)).where(WorkItem.closed_at.is_(None)))
    return pages.render(
        "distributor/dashboard.html", title=_("Dashboard"), groups=groups, oldest=moment(oldest)
    )


def count(entity: Any, *conditions: Any) -> int:
    """How many rows."""
    return db.session().scalar(select(func.count()).select_from(entity).where(*conditions)) or 0


def work(now: datetime) -> list[Stat]:
    """What waits for a person, and tasks by state."""
    waiting, oldest = (
        db.session()
        .execute(select(func.count(), func.min(WorkItem.opened_at)).where(WorkItem.closed_at.is_(None)))
        .one()
    )
    since = moment(oldest)
    found: dict[TaskState, int] = {
        state: number
        for state, number in db.session().execute(select(Task.state, func.count()).group_by(Task.state))
    }
    late = count(Task, Task.state.in_(OPEN), Task.next_at < now - timedelta(minutes=5))
    tasks = url_for("distributor.task_list")
    return [
        Stat(
            _("Open work"),
            str(waiting),
            url_for("distributor.work_queue"),
            _("oldest: %(time)s", time=since.relative) if since else _("nothing needs you"),
            "warn" if waiting else "ok",
            "list-checks",
        ),
        Stat(
            _("Tasks pending"),
            str(found.get(TaskState.PENDING, 0)),
            f"{tasks}?show=pending",
            _("%(number)s late", number=late) if late else _("none late"),
            "bad" if late else "ok",
        ),
        Stat(_("Tasks unknown"), str(found.get(TaskState.UNKNOWN, 0)), f"{tasks}?show=unknown"),
        Stat(_("Tasks parked"), str(found.get(TaskState.PARKED, 0)), f"{tasks}?show=parked", tone="warn"),
        *without_manager(),
        Stat(_("Tasks done"), str(found.get(TaskState.DONE, 0)), f"{tasks}?show=done"),
    ]


def without_manager() -> list[Stat]:
    """Resellers that nobody looks after: never given to anybody, or whose manager has left the staff."""
    left = count(Reseller, account_managers.without())
    at = url_for("distributor.reseller_list", manager=NOBODY)
    return [Stat(_("Without account manager"), str(left), at, _("resellers"), "warn")] if left else []


def sales(now: datetime) -> list[Stat]:
    """Today's orders, what is to be paid, what was funded, what runs."""
    orders = url_for("distributor.order_list")
    midnight = datetime.combine(now.date(), time(), now.tzinfo)
    subscriptions, seats = (
        db.session()
        .execute(
            select(func.count(), func.coalesce(func.sum(Subscription.quantity), 0)).where(
                Subscription.state == SubscriptionState.ACTIVE
            )
        )
        .one()
    )
    return [
        Stat(_("Orders today"), str(count(Order, Order.created_at >= midnight)), orders, icon="package"),
        Stat(
            _("To be paid"),
            str(count(Order, Order.state == OrderState.AWAITING_PAYMENT)),
            f"{orders}?show=unpaid",
        ),
        Stat(_("Funded today"), str(count(Order, Order.funded_at >= midnight)), f"{orders}?show=done"),
        Stat(
            _("Active subscriptions"),
            str(subscriptions),
            url_for("distributor.subscription_list"),
            _("%(number)s seats", number=seats),
            icon="key-round",
        ),
    ]


def money() -> list[Stat]:
    """Sums of the ledger by currency. In the ledger a credit is negative, so what others are owed or we sold
    is turned round. What was captured is the payments' own figure: the ledger holds it after fees."""
    captured = {
        currency: minor
        for currency, minor in db.session().execute(
            select(Payment.currency, func.sum(Payment.captured_minor))
            .where(Payment.captured_minor.is_not(None))
            .group_by(Payment.currency)
        )
    }
    balances: dict[str, dict[Account, int]] = {currency: {} for currency in (the_shop().currency, *captured)}
    for currency, account, minor in db.session().execute(
        select(JournalLine.currency, JournalLine.account, func.sum(JournalLine.minor)).group_by(
            JournalLine.currency, JournalLine.account
        )
    ):
        balances.setdefault(currency, {})[account] = int(minor)
    return [
        stat
        for currency, sums in balances.items()
        for stat in money_in(currency, int(captured.get(currency) or 0), sums)
    ]


def money_in(currency: str, captured: int, sums: Mapping[Account, int]) -> list[Stat]:
    """The figures of one currency."""
    owed = Money(-sums.get(Account.RESELLER, 0), currency)
    paid = f"{url_for('distributor.order_list')}?show=done"
    stats = [
        Stat(_("Captured by card"), Money(captured, currency).text, paid, icon="credit-card"),
        Stat(_("Wholesale sold"), Money(-sums.get(Account.WHOLESALE_SALES, 0), currency).text, paid),
        Stat(
            _("We owe resellers") if owed.minor >= 0 else _("Resellers owe us"),
            (owed if owed.minor >= 0 else -owed).text,
            url_for("distributor.reseller_list"),
            _("their margins, less what they bought"),
        ),
        Stat(
            _("Fees we bore"),
            Money(sums.get(Account.FEES, 0), currency).text,
            url_for("distributor.gateway_page"),
        ),
        Stat(_("At Stripe, after fees"), Money(sums.get(Account.STRIPE, 0), currency).text, paid),
    ]
    if unexpected := sums.get(Account.UNEXPECTED, 0):
        amount = Money(-unexpected, currency).text
        stats.append(
            Stat(
                _("Unexpected money"),
                amount,
                url_for("distributor.work_queue"),
                _("to be given back"),
                "warn",
            )
        )
    return stats


def delivery(now: datetime) -> list[Stat]:
    """How long deliveries took in the last 24 hours, and how they stand."""
    took = func.extract("epoch", Delivery.delivered_at - Delivery.created_at)
    half, most, number = (
        db.session()
        .execute(
            select(
                func.percentile_cont(0.5).within_group(took),
                func.percentile_cont(0.95).within_group(took),
                func.count(),
            ).where(Delivery.delivered_at > now - DAY)
        )
        .one()
    )
    orders = url_for("distributor.order_list")
    return [
        Stat(
            _("Half are ready within"),
            seconds(half),
            f"{orders}?show=done",
            _("%(number)s in the last 24 hours", number=number),
            icon="hourglass",
        ),
        Stat(_("95 % are ready within"), seconds(most), f"{orders}?show=done"),
        Stat(
            _("Being delivered"),
            str(count(Delivery, Delivery.state.in_((DeliveryState.PENDING, DeliveryState.PROCESSING)))),
            f"{orders}?show=delivering",
        ),
        Stat(
            _("Unknown at the vendor"),
            str(count(Delivery, Delivery.state == DeliveryState.UNKNOWN)),
            f"{orders}?show=unknown",
            tone="warn",
        ),
        Stat(
            _("Refused"),
            str(count(Delivery, Delivery.state == DeliveryState.REFUSED)),
            f"{orders}?show=failed",
            tone="bad",
        ),
    ]


def seconds(value: float | None) -> str:
    """A span as people say it."""
    if value is None:
        return "–"
    if value < 90:
        return f"{float(value):.1f} s"
    return f"{float(value) / 60:.0f} min" if value < 5400 else f"{float(value) / 3600:.1f} h"
