"""A subscription is a standing right with term, billing period, quantity, price snapshot and a life. It is
`pending` from the moment its order is funded and active only when the vendor delivered: the page never
says more than what happened."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from catalog import obligations
from core import db, states, tenancy, trail
from core.clock import business_now
from core.errors import Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _
from core.money import Money
from core.periods import Term, end_of
from core.tenancy import Access, CustomerOwned, Side, owned_by


class SubscriptionState(StrEnum):
    """ENDING: the end is asked of the vendor and not confirmed yet. FAILED: never delivered, and never will
    be under this order line. CANCELLED: given up before it was delivered. MOVING: on its way to another
    provider. MOVED: another subscription took its place there; here it stays as suspended, for good. GONE:
    the same, and it is not shown any more."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MOVING = "moving"
    MOVED = "moved"
    GONE = "gone"


STANDING = (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED)
"""The states in which a term runs."""


class Subscription(CustomerOwned, db.Model):
    """A right to a service. Names and price are snapshots: a later change of the catalogue does not touch
    what was sold. `next_act_at` is when its clock has something to do next, by the business clock. `base_id`:
    what an add-on extends; it is delivered after it and ends with it."""

    __tablename__ = "subscriptions"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        owned_by("plans", "plan_id"),
        owned_by("subscriptions", "base_id"),
        CheckConstraint("quantity >= 1", name="quantity"),
        CheckConstraint(
            "licences_issued >= 0 AND licences_issued <= quantity", name="never_more_licences_than_bought"
        ),
        Index("ix_subscriptions_customer", "distributor_id", "customer_id", "id"),
        Index("ix_subscriptions_reseller", "distributor_id", "reseller_id", "id"),
        Index(
            "ix_subscriptions_base",
            "distributor_id",
            "base_id",
            postgresql_where=text("base_id IS NOT NULL"),
        ),
        Index(
            "ix_subscriptions_clock",
            "distributor_id",
            "next_act_at",
            postgresql_where=text("next_act_at IS NOT NULL"),
        ),
    )
    LIFE = states.Transitions(
        {
            SubscriptionState.PENDING: [
                SubscriptionState.ACTIVE,
                SubscriptionState.FAILED,
                SubscriptionState.CANCELLED,
            ],
            SubscriptionState.ACTIVE: [
                SubscriptionState.SUSPENDED,
                SubscriptionState.ENDING,
                SubscriptionState.MOVING,
            ],
            SubscriptionState.SUSPENDED: [SubscriptionState.ACTIVE, SubscriptionState.ENDING],
            SubscriptionState.ENDING: [SubscriptionState.ENDED],
            SubscriptionState.ENDED: [],
            SubscriptionState.FAILED: [],
            SubscriptionState.CANCELLED: [],
            SubscriptionState.MOVING: [
                SubscriptionState.ACTIVE,
                SubscriptionState.MOVED,
                SubscriptionState.GONE,
            ],
            SubscriptionState.MOVED: [],
            SubscriptionState.GONE: [],
        },
        first=SubscriptionState.PENDING,
    )

    code: Mapped[str]
    plan_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    product_name: Mapped[str]
    plan_name: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[int]
    licences_issued: Mapped[int] = mapped_column(default=0)
    term: Mapped[Term]
    billing_period: Mapped[Term]
    price_minor: Mapped[int]
    currency: Mapped[str]
    state: Mapped[SubscriptionState]
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    next_act_at: Mapped[datetime | None]
    base_id: Mapped[UUID | None]

    price: Mapped[Money] = composite(Money, "price_minor", "currency")


SHOWN = Subscription.state != SubscriptionState.GONE
"""What lists and pages of all sides are about."""


class LicenceState(StrEnum):
    """ASSIGNED: somebody uses the seat."""

    FREE = "free"
    ASSIGNED = "assigned"
    REVOKED = "revoked"


class Licence(CustomerOwned, db.Model):
    """One seat of a subscription, with its key where the vendor gives one."""

    __tablename__ = "licences"
    __access__ = Access(distributor="rcu", reseller="r", customer="ru")
    __table_args__ = (
        owned_by("subscriptions", "subscription_id"),
        UniqueConstraint("distributor_id", "subscription_id", "number"),
        CheckConstraint("(state = 'assigned') = (assignee IS NOT NULL)", name="assignee"),
    )
    LIFE = states.Transitions(
        {
            LicenceState.FREE: [LicenceState.ASSIGNED, LicenceState.REVOKED],
            LicenceState.ASSIGNED: [LicenceState.FREE, LicenceState.REVOKED],
            LicenceState.REVOKED: [],
        },
        first=LicenceState.FREE,
    )

    subscription_id: Mapped[UUID]
    number: Mapped[int]
    key: Mapped[str]
    state: Mapped[LicenceState] = mapped_column(default=LicenceState.FREE)
    assignee: Mapped[str | None]
    issued_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class SubscriptionActivated(Event):
    """The vendor delivered; the right stands."""

    subscription_id: UUID
    reseller_id: UUID
    customer_id: UUID | None
    order_line_id: UUID


@dataclass(frozen=True, slots=True)
class SubscriptionFailed(Event):
    """The vendor refused for good."""

    subscription_id: UUID
    reseller_id: UUID
    customer_id: UUID | None
    order_line_id: UUID


@dataclass(frozen=True, slots=True)
class SubscriptionEnded(Event):
    """The vendor confirmed the end."""

    subscription_id: UUID
    reseller_id: UUID
    customer_id: UUID | None
    order_line_id: UUID


@dataclass(frozen=True, slots=True)
class SubscriptionGivenUp(Event):
    """Given up before it was delivered."""

    subscription_id: UUID
    reseller_id: UUID
    customer_id: UUID | None
    order_line_id: UUID


def find(code: str) -> Subscription:
    """A subscription of the scope by its code; what has gone is for the distributor's eyes only."""
    chosen = select(Subscription).where(Subscription.code == code)
    if tenancy.current().side is not Side.DISTRIBUTOR:
        chosen = chosen.where(SHOWN)
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("service")
    return found


def by_line(order_line_id: UUID) -> Subscription:
    """The subscription that an order line created: the first, if it was moved to other providers since."""
    made = select(Subscription).where(Subscription.order_line_id == order_line_id).order_by(Subscription.id)
    return db.session().scalars(made.limit(1)).one()


def add_ons(subscription_id: UUID, *states_: SubscriptionState) -> list[Subscription]:
    """What extends a subscription, in these states, the oldest first."""
    chosen = select(Subscription).where(
        Subscription.base_id == subscription_id, Subscription.state.in_(states_)
    )
    return list(db.session().scalars(chosen.order_by(Subscription.id)))


def any_of_customers(reseller_id: UUID) -> bool:
    """Whether anything that a reseller's customers bought runs, or is still to come."""
    comes_or_runs = Subscription.state.not_in(
        (
            SubscriptionState.ENDED,
            SubscriptionState.FAILED,
            SubscriptionState.CANCELLED,
            SubscriptionState.MOVED,
            SubscriptionState.GONE,
        )
    )
    chosen = select(Subscription.id).where(
        Subscription.reseller_id == reseller_id, Subscription.customer_id.is_not(None), comes_or_runs
    )
    return db.session().scalar(chosen.limit(1)) is not None


def activate(subscription: Subscription) -> None:
    """The vendor delivered: the term begins now, by the business clock. Its clock has nothing to do before
    half of the term is over (provisioning.lifecycles)."""
    states.move(subscription, SubscriptionState.ACTIVE)
    begins = business_now()
    ends = end_of(begins, subscription.term)
    subscription.starts_at, subscription.ends_at = begins, ends
    subscription.next_act_at = begins + (ends - begins) / 2
    publish(
        SubscriptionActivated(
            subscription.id, subscription.reseller_id, subscription.customer_id, subscription.order_line_id
        )
    )


def fail(subscription: Subscription, why: str) -> None:
    """The vendor refused for good."""
    states.move(subscription, SubscriptionState.FAILED, why=why)
    publish(
        SubscriptionFailed(
            subscription.id, subscription.reseller_id, subscription.customer_id, subscription.order_line_id
        )
    )


def give_up(subscription: Subscription, why: str) -> None:
    """Cancelled before it was delivered; it never ran."""
    states.move(subscription, SubscriptionState.CANCELLED, why=why)
    publish(
        SubscriptionGivenUp(
            subscription.id, subscription.reseller_id, subscription.customer_id, subscription.order_line_id
        )
    )


def end(subscription: Subscription) -> None:
    """The vendor confirmed the end: seats and keys are revoked in the same transaction."""
    states.move(subscription, SubscriptionState.ENDED, told={"on": business_now()})
    subscription.next_act_at = None
    for licence in licences(subscription.id):
        if licence.state is not LicenceState.REVOKED:
            was, licence.assignee = licence.assignee or "nobody", None
            states.move(
                licence, LicenceState.REVOKED, told={"taken_from": was, "because": "The service has ended."}
            )
    publish(
        SubscriptionEnded(
            subscription.id, subscription.reseller_id, subscription.customer_id, subscription.order_line_id
        )
    )


def issue_licences(subscription: Subscription, keys: tuple[str, ...]) -> list[Licence]:
    """One licence per seat, numbered from 1, never more than bought (the table checks it too). Repeating it
    adds nothing."""
    now = db.session().info["now"]
    wanted = keys[: subscription.quantity]
    issued = [
        db.add(
            Licence(
                distributor_id=subscription.distributor_id,
                reseller_id=subscription.reseller_id,
                customer_id=subscription.customer_id,
                subscription_id=subscription.id,
                number=number,
                key=key,
                issued_at=now,
            )
        )
        for number, key in enumerate(wanted, start=1)
        if number > subscription.licences_issued
    ]
    subscription.licences_issued = max(subscription.licences_issued, len(wanted))
    return issued


def begin_move(subscription: Subscription, *, to: str) -> None:
    """It is on its way to the provider named `to`: until that is over it neither ends nor changes."""
    states.move(subscription, SubscriptionState.MOVING, told={"to": to, "on": business_now()})


def stay(subscription: Subscription, *, why: str) -> None:
    """It was not moved and goes on as it was."""
    states.move(subscription, SubscriptionState.ACTIVE, why=why, told={"on": business_now()})


def move(
    subscription: Subscription,
    *,
    reseller_id: UUID,
    customer_id: UUID,
    quantity: int,
    price: Money,
    keys: tuple[str, ...],
    to: str,
    vanishes: bool,
) -> Subscription:
    """Another provider has it from now on, as a subscription with an id and keys of its own, the same term,
    and the people who had seats; `quantity` is what was asked for, whatever became of the old one since
    (M49, M50)."""
    now = db.session().info["now"]
    taken = db.add(
        Subscription(
            distributor_id=subscription.distributor_id,
            id=new_id(),
            reseller_id=reseller_id,
            customer_id=customer_id,
            code=new_code("SUB"),
            plan_id=subscription.plan_id,
            order_line_id=subscription.order_line_id,
            product_name=subscription.product_name,
            plan_name=subscription.plan_name,
            unit=subscription.unit,
            quantity=quantity,
            licences_issued=0,
            term=subscription.term,
            billing_period=subscription.billing_period,
            price_minor=price.minor,
            currency=price.currency,
            state=SubscriptionState.PENDING,
            created_at=now,
            starts_at=subscription.starts_at,
            ends_at=subscription.ends_at,
            next_act_at=subscription.next_act_at,
        )
    )
    db.flush()
    states.move(taken, SubscriptionState.ACTIVE)
    trail.write(taken, "taken over", told={"on": business_now()})
    had = licences(subscription.id)
    people = {seat.number: seat.assignee for seat in had if seat.assignee}
    issued = issue_licences(taken, keys)
    db.flush()
    for seat in issued:
        if person := people.get(seat.number):
            seat.assignee = person
            states.move(seat, LicenceState.ASSIGNED, given_to=person)
    for seat in had:
        if seat.state is not LicenceState.REVOKED:
            was, seat.assignee = seat.assignee or "nobody", None
            states.move(
                seat, LicenceState.REVOKED, told={"taken_from": was, "because": "The service has moved."}
            )
    subscription.next_act_at = None
    left = SubscriptionState.GONE if vanishes else SubscriptionState.MOVED
    states.move(subscription, left, told={"to": to, "on": business_now()})
    return taken


def licences(subscription_id: UUID) -> list[Licence]:
    """The seats of a subscription, by number."""
    return list(
        db.session().scalars(
            select(Licence).where(Licence.subscription_id == subscription_id).order_by(Licence.number)
        )
    )


# --- Seats --------------------------------------------------------------------------------------------------

LONGEST_ASSIGNEE = 200


class NotAssignable(Refused):
    """Seats are given to people only while the service is active."""

    def __init__(self, state: SubscriptionState) -> None:
        super().__init__(
            _("Seats can be assigned while the service is active; it is %(state)s.", state=state.value)
        )


class NoFreeSeat(Refused):
    """Never more than bought (QP5)."""

    def __init__(self, quantity: int, unit: str) -> None:
        super().__init__(
            _(
                "All %(number)s %(unit)ss are assigned. Release one first, or order more.",
                number=quantity,
                unit=unit,
            )
        )


class HasSeat(Refused):
    """One person needs one seat."""

    def __init__(self, to: str) -> None:
        super().__init__(_("%(to)s has a seat of this service already.", to=to))


class NoAssignee(Refused):
    """Nobody was named."""

    def __init__(self) -> None:
        super().__init__(_("Write the e-mail address or the name of the person who gets the seat."))


def assign(subscription: Subscription, to: str) -> Licence:
    """Gives the next free seat to somebody, by e-mail address or name. Rows are the seats that were bought
    and each is locked while it is taken, so however many ask at once, never more are given than there are."""
    name = " ".join(to.split())[:LONGEST_ASSIGNEE]
    if not name or not name.isprintable():
        raise NoAssignee
    if subscription.state is not SubscriptionState.ACTIVE:
        raise NotAssignable(subscription.state)
    obligations.refuse_unless_agreed(subscription.reseller_id, subscription.customer_id, subscription.plan_id)
    mine = Licence.subscription_id == subscription.id
    if "@" in name:
        whose = f"seat {subscription.id} {name.lower()}"  # one click after the other, of two for one person
        db.session().execute(select(func.pg_advisory_xact_lock(func.hashtextextended(whose, 0))))
        has = select(Licence.id).where(mine, func.lower(Licence.assignee) == name.lower()).limit(1)
        if db.session().scalar(has):
            raise HasSeat(name)
    free = (
        select(Licence)
        .where(mine, Licence.state == LicenceState.FREE)
        .order_by(Licence.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    licence = db.session().scalar(free)
    if licence is None:
        raise NoFreeSeat(subscription.quantity, subscription.unit)
    licence.assignee = name
    states.move(licence, LicenceState.ASSIGNED, given_to=name)
    return licence


def release(subscription: Subscription, licence_id: UUID) -> Licence:
    """Takes the seat back; it is free for somebody else."""
    held = (
        select(Licence)
        .where(Licence.subscription_id == subscription.id, Licence.id == licence_id)
        .with_for_update()
    )
    licence = db.session().scalar(held)
    if licence is None:
        raise Missing("seat")
    if licence.state is LicenceState.ASSIGNED:
        was, licence.assignee = licence.assignee, None
        states.move(licence, LicenceState.FREE, taken_from=was)
    return licence
