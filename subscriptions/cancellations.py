"""Cancelling to the end of the term, and keeping it after all; or ending at once, within the window that was
sold with it (provisioning/windows.py says which, and what goes back). A cancellation is a row of its own, so
that whoever may ask needs no right to change a subscription; who asked is in the trail. What the page offers
and what the server refuses is one function, `end_if_cancelled` (QP11)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from catalog import products
from core import db, states, tenancy, trail
from core.clock import business_now
from core.errors import Conflict, Denied, Refused
from core.events import Event, publish
from core.languages import _
from core.money import Money
from core.periods import next_end
from core.tenancy import Access, CustomerOwned, Side, owned_by
from subscriptions.subscriptions import STANDING, Subscription, SubscriptionState


class CancellationState(StrEnum):
    """ASKED: it ends at `ends_at` unless it is kept until then."""

    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    DONE = "done"


class Cancellation(CustomerOwned, db.Model):
    """Somebody's word that a subscription shall end. `ends_at` is the moment they were shown and said yes to;
    `side` is who said it. `back`: what they were shown to get back, gross, where it ends at once."""

    __tablename__ = "cancellations"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="rcu")
    __table_args__ = (
        owned_by("subscriptions", "subscription_id"),
        Index(
            "uq_cancellations_open",
            "distributor_id",
            "subscription_id",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_cancellations_due", "distributor_id", "ends_at", postgresql_where=text("state = 'asked'")),
        CheckConstraint("(back_minor IS NULL) = (currency IS NULL) AND back_minor >= 0", name="back"),
    )
    LIFE = states.Transitions(
        {
            CancellationState.ASKED: [CancellationState.WITHDRAWN, CancellationState.DONE],
            CancellationState.WITHDRAWN: [],
            CancellationState.DONE: [],
        },
        first=CancellationState.ASKED,
    )

    subscription_id: Mapped[UUID]
    state: Mapped[CancellationState] = mapped_column(default=CancellationState.ASKED)
    side: Mapped[Side]
    by: Mapped[str]
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    back_minor: Mapped[int | None]
    currency: Mapped[str | None]

    @property
    def back(self) -> Money | None:
        """What goes back when it has ended; None for one that ends with its term."""
        if self.back_minor is None or self.currency is None:
            return None
        return Money(self.back_minor, self.currency)


@dataclass(frozen=True, slots=True)
class SubscriptionCancelled(Event):
    """It was cancelled to the end of its term, or is to end at once."""

    subscription_id: UUID
    cancellation_id: UUID


@dataclass(frozen=True, slots=True)
class CancellationWithdrawn(Event):
    """It is kept after all."""

    subscription_id: UUID
    cancellation_id: UUID


class NothingToCancel(Refused):
    """Only what runs can be cancelled."""

    def __init__(self, state: SubscriptionState) -> None:
        super().__init__(
            _("Only a service that runs can be cancelled; this one is %(state)s.", state=state.value)
        )


class TermIsOver(Refused):
    """The window is the term itself: until its last instant, not at it."""

    def __init__(self) -> None:
        super().__init__(
            _("The term is over and the service is being ended: nothing is left to cancel or keep.")
        )


class AlreadyCancelled(Conflict):
    """Once is enough."""

    def __init__(self) -> None:
        super().__init__(_("This service is cancelled already."))


class NotCancelled(Conflict):
    """Nothing is there to take back."""

    def __init__(self) -> None:
        super().__init__(_("This service is not cancelled, so there is nothing to take back."))


class CancelledByOthers(Denied):
    """What the seller cancelled, the buyer cannot take back."""

    def __init__(self, by: str) -> None:
        super().__init__(_("%(by)s cancelled this service. Please ask them if you want to keep it.", by=by))


RANK = {Side.CUSTOMER: 0, Side.RESELLER: 1, Side.DISTRIBUTOR: 2}
"""A side may take back what it, or whom it sells to, has cancelled."""


def may_take_back(side: Side, asked: Cancellation) -> bool:
    """Whether a side is among those who may."""
    return RANK.get(side, -1) >= RANK[asked.side]


def standing(subscription_id: UUID, *, locked: bool = False) -> Cancellation | None:
    """The cancellation in force, if there is one."""
    chosen = select(Cancellation).where(
        Cancellation.subscription_id == subscription_id, Cancellation.state == CancellationState.ASKED
    )
    if locked:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    return db.session().scalar(chosen)


def end_of_service(subscription: Subscription, cancelled: Cancellation | None) -> datetime | None:
    """When the service ends as things stand; None for one that runs on until it is cancelled."""
    if cancelled is not None:
        return cancelled.ends_at
    return subscription.ends_at if products.type_of(subscription.plan_id).ends_at_term else None


def end_if_cancelled(subscription: Subscription, at: datetime) -> datetime:
    """When it would end if it were cancelled at `at`: with its term; what runs on ends with the period that
    holds `at`. Refused once there is nothing left to cancel."""
    if subscription.state not in STANDING or subscription.starts_at is None or subscription.ends_at is None:
        raise NothingToCancel(subscription.state)
    if at < subscription.ends_at:
        return subscription.ends_at
    if products.type_of(subscription.plan_id).ends_at_term:
        raise TermIsOver
    return next_end(subscription.starts_at, subscription.term, at)


def refuse_unless_kept(subscription: Subscription, cancelled: Cancellation | None, at: datetime) -> None:
    """Whether the scope's side may take the cancellation back at `at`."""
    if subscription.state not in STANDING or (cancelled is not None and at >= cancelled.ends_at):
        raise TermIsOver
    if cancelled is None:
        raise NotCancelled
    if not may_take_back(tenancy.current().side, cancelled):
        raise CancelledByOthers(cancelled.by)


def cancel(subscription: Subscription, *, by: str) -> Cancellation:
    """Cancels to the end of the term. `by` is the name that the others read."""
    ends = end_if_cancelled(subscription, business_now())
    asked = _ask(subscription, ends, None, by=by)
    trail.write(subscription, "cancelled", told={"ends": asked.ends_at, "by": by, "on": asked.asked_at})
    return asked


def end_at_once(subscription: Subscription, back: Money, *, by: str) -> Cancellation:
    """Ends it now, not with its term, whoever cancelled it before; `back` goes back when it has ended.
    Whether that may be is the caller's to know."""
    if subscription.state not in STANDING:
        raise NothingToCancel(subscription.state)
    earlier = standing(subscription.id, locked=True)
    if earlier is not None and earlier.back is not None:
        raise AlreadyCancelled
    if earlier is not None:
        states.move(earlier, CancellationState.WITHDRAWN, by=by)
        db.flush()
    asked = _ask(subscription, business_now(), back, by=by)
    trail.write(subscription, "ended at once", told={"back": back.text, "by": by, "on": asked.asked_at})
    return asked


def _ask(subscription: Subscription, ends_at: datetime, back: Money | None, *, by: str) -> Cancellation:
    asked = Cancellation(
        distributor_id=subscription.distributor_id,
        reseller_id=subscription.reseller_id,
        customer_id=subscription.customer_id,
        subscription_id=subscription.id,
        side=tenancy.current().side,
        by=by,
        asked_at=business_now(),
        ends_at=ends_at,
        back_minor=back.minor if back is not None else None,
        currency=back.currency if back is not None else None,
    )
    try:
        with db.savepoint():
            db.add(asked)
            db.flush()
    except IntegrityError as error:
        raise AlreadyCancelled from error
    publish(SubscriptionCancelled(subscription.id, asked.id))
    return asked


def keep(subscription: Subscription, *, by: str) -> None:
    """Takes the cancellation back, until the end has come."""
    asked = standing(subscription.id, locked=True)
    db.session().refresh(subscription)  # whoever ended it meanwhile held the cancellation
    refuse_unless_kept(subscription, asked, business_now())
    if asked is None:
        raise NotCancelled
    states.move(asked, CancellationState.WITHDRAWN, by=by)
    trail.write(subscription, "kept", told={"by": by, "on": business_now()})
    publish(CancellationWithdrawn(subscription.id, asked.id))


def carry_out(subscription: Subscription) -> None:
    """The subscription has ended, and with it the cancellation is done."""
    asked = standing(subscription.id, locked=True)
    if asked is not None:
        states.move(asked, CancellationState.DONE)
