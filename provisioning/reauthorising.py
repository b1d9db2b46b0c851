"""The task of the yearly re-authorisation (partners.reauthorisations), and what it needs from the money: what
was delivered to a reseller and its customers in 12 months, at what the reseller pays."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from billing.invoices import Charge, ChargeState
from core import db, tasks
from core.clock import business_now
from core.money import Money
from core.periods import Term, nth
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import same_key
from partners import reauthorisations
from subscriptions.subscriptions import Subscription

EARNED = (ChargeState.DUE, ChargeState.SETTLED)


def revenue(reseller_id: UUID, currency: str, until: datetime) -> Money:
    """Net of tax, of the 12 months before `until`, in one currency: charges of services that were delivered
    in them and not given back whole."""
    since = nth(until, -1, Term.YEAR)
    joined = same_key(Subscription.order_line_id, Charge.order_line_id)
    total = db.session().scalar(
        select(func.coalesce(func.sum(Charge.total_minor), 0))
        .join(Subscription, joined)
        .where(
            Charge.reseller_id == reseller_id,
            Charge.currency == currency,
            Charge.state.in_(EARNED),
            Subscription.starts_at > since,
            Subscription.starts_at <= until,
        )
    )
    return Money(int(total or 0), currency)


def look_at_all() -> int:
    """Opens the checks whose time has come and looks at every one that is open; how many."""
    reauthorisations.open_those_near()
    checks = reauthorisations.to_look_at()
    for check in checks:
        earned = revenue(check.reseller_id, check.currency, business_now()) if check.currency else None
        reauthorisations.look(check, earned)
    return len(checks)


def _look(_task: Claimed) -> None:
    look_at_all()


LOOK = tasks.register(
    Kind("look_at_reauthorisations", Repeat.SAFE, prepare=_look, every=timedelta(minutes=10))
)
