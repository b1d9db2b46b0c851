"""Moving subscriptions of one customer from the reseller that holds them to a provider: another reseller, or
the distributor itself (M43-M51). First there is a relation between provider and customer
(partners/extensions.py), then a request, which the provider accepts or rejects and the reseller may withdraw
until then; what was accepted is moved at the vendors by tasks (provisioning/moves.py).

A request is two rows under one code, one of either side, because a row belongs to one reseller; so is each of
its items. Whoever acts works as the distributor and says whose half it is; the leaving half is locked first.
Nothing here charges or refunds: what was paid for the running term stays where it was paid
(docs/decisions/0024-what-moves-between-providers.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from catalog.products import Plan, Product, ProductType
from checkout.orders import OrderCost
from core import db, languages, parties, states, tasks, tenancy, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _, for_later
from core.parties import Customer, Reseller
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by
from partners import extensions
from provisioning import restorations
from provisioning.connectors.base import Action, why_not_transfer
from provisioning.connectors.registry import CONNECTORS
from provisioning.deliveries import Delivery, VendorRecord
from provisioning.transfer_calls import TransferCall
from subscriptions import cancellations, subscriptions
from subscriptions.cancellations import Cancellation, CancellationState
from subscriptions.subscriptions import SHOWN, STANDING, Subscription, SubscriptionState

MOST = 25
LONGEST_WORDS = 1000


class TransferState(StrEnum):
    """MOVING: accepted, and the vendors are asked. PARTLY: some of it moved, the rest stays where it was."""

    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    MOVING = "moving"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"


class ItemState(StrEnum):
    """DROPPED: not asked of the vendor at all. REFUSED: the vendor said no; it stays where it was."""

    ASKED = "asked"
    DROPPED = "dropped"
    MOVING = "moving"
    UNKNOWN = "unknown"
    NEEDS_ACTION = "needs_action"
    MOVED = "moved"
    REFUSED = "refused"


OPEN_ITEMS = (ItemState.ASKED, ItemState.MOVING, ItemState.UNKNOWN, ItemState.NEEDS_ACTION)
STAYS_WITH_BASE = for_later("What it extends stays where it is, and so does this.")
UNDER_WAY = OPEN_ITEMS[1:]
GOES_ALONG = (*STANDING, SubscriptionState.PENDING, SubscriptionState.ENDING)


class Transfer(CustomerOwned, db.Model):
    """One side's half of a request. `incoming`: of the provider, who takes over; else of the reseller that
    asked."""

    __tablename__ = "transfers"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code", "incoming"),
        owned_by("resellers", "reseller_id"),
        owned_by("resellers", "other_id"),
        owned_by("customers", "customer_id"),
        Index("ix_transfers_reseller", "distributor_id", "reseller_id", "id"),
        Index(
            "ix_transfers_waiting",
            "distributor_id",
            "reseller_id",
            postgresql_where=literal_column("incoming AND state = 'asked'"),
        ),
    )
    LIFE = states.Transitions(
        {
            TransferState.ASKED: [TransferState.WITHDRAWN, TransferState.REJECTED, TransferState.MOVING],
            TransferState.MOVING: [TransferState.DONE, TransferState.PARTLY, TransferState.FAILED],
            TransferState.WITHDRAWN: [],
            TransferState.REJECTED: [],
            TransferState.DONE: [],
            TransferState.PARTLY: [],
            TransferState.FAILED: [],
        },
        first=TransferState.ASKED,
    )

    code: Mapped[str]
    incoming: Mapped[bool]
    other_id: Mapped[UUID]
    other_name: Mapped[str]
    customer_name: Mapped[str]
    state: Mapped[TransferState] = mapped_column(default=TransferState.ASKED)
    words: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None]


class TransferItem(ResellerOwned, db.Model):
    """One side's half of one subscription in a request: names and quantity are as they were when it was
    asked for (M49). `subscription_id` is the old one here, the one that took its place there."""

    __tablename__ = "transfer_items"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "transfer_id", "number"),
        owned_by("transfers", "transfer_id"),
        owned_by("subscriptions", "subscription_id"),
        CheckConstraint("quantity >= 1", name="quantity"),
        Index(
            "uq_transfer_items_open",
            "distributor_id",
            "subscription_id",
            unique=True,
            postgresql_where=literal_column(
                "NOT incoming AND state IN ('asked', 'moving', 'unknown', 'needs_action')"
            ),
        ),
    )
    LIFE = states.Transitions(
        {
            ItemState.ASKED: [ItemState.DROPPED, ItemState.MOVING],
            ItemState.MOVING: [
                ItemState.MOVED,
                ItemState.REFUSED,
                ItemState.UNKNOWN,
                ItemState.NEEDS_ACTION,
            ],
            ItemState.UNKNOWN: [
                ItemState.MOVED,
                ItemState.REFUSED,
                ItemState.MOVING,
                ItemState.NEEDS_ACTION,
            ],
            ItemState.NEEDS_ACTION: [
                ItemState.MOVED,
                ItemState.REFUSED,
                ItemState.MOVING,
                ItemState.UNKNOWN,
            ],
            ItemState.DROPPED: [],
            ItemState.MOVED: [],
            ItemState.REFUSED: [],
        },
        first=ItemState.ASKED,
    )

    transfer_id: Mapped[UUID]
    incoming: Mapped[bool]
    number: Mapped[int]
    subscription_id: Mapped[UUID | None]
    product_name: Mapped[str]
    plan_name: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[int]
    term_ends_at: Mapped[datetime | None]
    state: Mapped[ItemState] = mapped_column(default=ItemState.ASKED)
    note: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class TransferAsked(Event):
    """A provider is asked to take over. `transfer_id` is the asker's half, here and below."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True)
class TransferDecided(Event):
    """Accepted or rejected."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True)
class TransferWithdrawn(Event):
    """The asker took it back in time."""

    transfer_id: UUID


@dataclass(frozen=True, slots=True)
class TransferFinished(Event):
    """Every item has come to an end."""

    transfer_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class NothingChosen(Refused):
    """M45: one or more."""

    def __init__(self) -> None:
        super().__init__(_("Choose at least one subscription that is to move."))


class TooMany(Refused):
    """M53: at most 25 items."""

    def __init__(self) -> None:
        super().__init__(
            _("At most %(number)s subscriptions move with one request. Make another one.", number=MOST)
        )


class NotOfThisCustomer(Refused):
    """M45: of *one* customer."""

    def __init__(self) -> None:
        super().__init__(
            _("All subscriptions of a request belong to one customer of yours. Please choose again.")
        )


class AskedAlready(Conflict):
    """M47: a subscription is in one open request only."""

    def __init__(self, product: str, code: str) -> None:
        super().__init__(
            _(
                "%(product)s is in the request %(code)s already. Withdraw that one first.",
                product=product,
                code=code,
            )
        )


class CannotBeMoved(Refused):
    """M51: the reason, and the way out."""

    def __init__(self, product: str, why: str) -> None:
        super().__init__(
            _(
                "%(product)s cannot be moved: %(why)s The way out is to cancel it here and to buy it again at"
                " the other provider.",
                product=product,
                why=why,
            )
        )


class GoesWithItsBase(Refused):
    """M48: an add-on travels with its base, and not alone."""

    def __init__(self, product: str) -> None:
        super().__init__(
            _("%(product)s moves along with the service that it extends. Choose that one.", product=product)
        )


class NoRelation(Refused):
    """M43: first a relation between provider and customer."""

    def __init__(self, provider: str) -> None:
        super().__init__(
            _(
                "%(provider)s has no relation with this customer yet. Extend yours on the form, or ask"
                " %(provider)s to invite the customer; then send the request again.",
                provider=provider,
            )
        )


class NoReasonGiven(Refused):
    """Nobody is turned away without a word."""

    def __init__(self) -> None:
        super().__init__(_("Say why you reject it: the other side reads your words."))


class NothingLeft(Conflict):
    """Between asking and accepting everything in it became unmovable."""

    def __init__(self) -> None:
        super().__init__(
            _("Nothing of this request can be moved any more. Reject it, or let the other side withdraw it.")
        )


class RelationOver(Conflict):
    """The provider's relation with the customer has ended since."""

    def __init__(self, customer: str) -> None:
        super().__init__(
            _(
                "Your relation with %(customer)s has ended, so nothing of it can be taken over.",
                customer=customer,
            )
        )


# --- What can be moved --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Movable:
    """A subscription as the form shows it: why it cannot be moved, or None; `open` is the code of the request
    that it is in."""

    subscription: Subscription
    why_not: str | None
    open: str | None


def movable(customer_id: UUID, *, reseller_id: UUID, limit: int = 200) -> list[Movable]:
    """What a reseller holds for a customer, each with the reason where it cannot be moved (M51)."""
    chosen = select(Subscription).where(
        Subscription.customer_id == customer_id, Subscription.reseller_id == reseller_id, SHOWN
    )
    found = list(db.session().scalars(chosen.order_by(Subscription.id.desc()).limit(limit)))
    return _looked_at(found)


def _looked_at(found: Sequence[Subscription]) -> list[Movable]:
    ids = [one.id for one in found]
    asked = select(Cancellation.subscription_id).where(
        Cancellation.subscription_id.in_(ids), Cancellation.state == CancellationState.ASKED
    )
    cancelled = set(db.session().scalars(asked))
    connectors, asked_in = _connectors(found), _open_requests(ids)
    return [
        Movable(
            one,
            _why_not(one, one.id in cancelled, connectors.get(one.plan_id, ""), asked_in.get(one.id)),
            asked_in.get(one.id),
        )
        for one in found
    ]


def _why_not(subscription: Subscription, cancelled: bool, connector: str, open_in: str | None) -> str | None:
    match subscription.state:
        case SubscriptionState.PENDING:
            return _("It is still being delivered.")
        case SubscriptionState.SUSPENDED:
            return _("It is suspended.")
        case SubscriptionState.ENDING:
            return _("It is being ended.")
        case SubscriptionState.ENDED | SubscriptionState.FAILED | SubscriptionState.CANCELLED:
            return _("It does not run any more.")
        case SubscriptionState.MOVED | SubscriptionState.GONE:
            return _("It has moved to another provider.")
        case SubscriptionState.ACTIVE | SubscriptionState.MOVING:
            pass
    if open_in:
        return _("It is in the request %(code)s already.", code=open_in)
    if cancelled:
        return _("It is cancelled to the end of its term.")
    if subscription.customer_id is None:
        return _("You hold it for yourself.")
    if connector not in CONNECTORS:
        return _("Nobody knows how it is delivered.")
    return why_not_transfer(CONNECTORS[connector])


def _connectors(found: Sequence[Subscription]) -> dict[UUID, str]:
    """plan -> what delivers it."""
    rows = db.session().execute(
        select(Plan.id, ProductType.connector)
        .join(Product, (Product.distributor_id == Plan.distributor_id) & (Product.id == Plan.product_id))
        .join(
            ProductType,
            (ProductType.distributor_id == Product.distributor_id)
            & (ProductType.id == Product.product_type_id),
        )
        .where(Plan.id.in_({one.plan_id for one in found}))
    )
    return {plan_id: connector for plan_id, connector in rows}


def _open_requests(subscription_ids: Sequence[UUID]) -> dict[UUID, str]:
    """subscription -> the code of the request that it is in."""
    rows = db.session().execute(
        select(TransferItem.subscription_id, Transfer.code)
        .join(
            Transfer,
            (Transfer.distributor_id == TransferItem.distributor_id)
            & (Transfer.id == TransferItem.transfer_id),
        )
        .where(
            TransferItem.subscription_id.in_(subscription_ids),
            ~TransferItem.incoming,
            TransferItem.state.in_(OPEN_ITEMS),
        )
    )
    return {subscription_id: code for subscription_id, code in rows if subscription_id}


# --- Asking -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asking:
    """What the form says. `provider` is "house" or the code of an accepted invitation; `consent`: the
    customer was told and agrees; `extend`: where the provider has no relation with it, extend ours."""

    customer_code: str
    subscription_codes: Sequence[str]
    provider: str
    consent: bool
    extend: bool = False
    words: str = ""


def ask(reseller_id: UUID, asking: Asking, *, by: str) -> Transfer:
    """A request to one provider for 1 to 25 subscriptions of one customer; the asker's half. Works as the
    distributor; everything that is read is narrowed to the asker's here."""
    customer = _own_customer(reseller_id, asking.customer_code)
    provider = extensions.provider(reseller_id, asking.provider)
    if not asking.consent:
        raise extensions.NoConsent
    chosen = _with_add_ons(_chosen(reseller_id, customer, asking.subscription_codes))
    for one in _looked_at(chosen):
        if one.open is not None:
            raise AskedAlready(one.subscription.product_name, one.open)
        if one.why_not is not None:
            raise CannotBeMoved(one.subscription.product_name, one.why_not)
    theirs = extensions.relation(customer, provider.id)
    if theirs is None:
        if not asking.extend:
            raise NoRelation(provider.name)
        theirs = extensions.extend(
            customer, provider, consent=asking.consent, by=by, person_id=tenancy.current().person_id
        )
    return _write(parties.reseller(reseller_id), customer, provider, theirs, chosen, asking.words, by)


def _own_customer(reseller_id: UUID, code: str) -> Customer:
    chosen = select(Customer).where(
        Customer.code == code, Customer.reseller_id == reseller_id, Customer.ended_at.is_(None)
    )
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("customer")
    return found


def _chosen(reseller_id: UUID, customer: Customer, codes: Sequence[str]) -> list[Subscription]:
    """What was chosen, all of it this customer's."""
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        raise NothingChosen
    if len(wanted) > MOST:
        raise TooMany
    found = list(
        db.session().scalars(
            select(Subscription)
            .where(Subscription.code.in_(wanted), Subscription.reseller_id == reseller_id, SHOWN)
            .order_by(Subscription.id)
        )
    )
    if len(found) < len(wanted):
        raise Missing("subscription")
    if any(one.customer_id != customer.id for one in found):
        raise NotOfThisCustomer
    return found


def _with_add_ons(chosen: Sequence[Subscription]) -> list[Subscription]:
    """Add-ons travel with their base by themselves (M48), and never without it; bases come first."""
    ids = {one.id for one in chosen}
    along = db.session().scalars(
        select(Subscription)
        .where(Subscription.base_id.in_(ids), Subscription.state.in_(GOES_ALONG))
        .order_by(Subscription.id)
    )
    together = [*chosen, *(one for one in along if one.id not in ids)]
    if len(together) > MOST:
        raise TooMany
    ids = {one.id for one in together}
    for one in together:
        if one.base_id is not None and one.base_id not in ids and _stays(one.base_id):
            raise GoesWithItsBase(one.product_name)
    return sorted(together, key=lambda one: one.base_id is not None)


def _stays(subscription_id: UUID) -> bool:
    """Whether a base still runs here."""
    chosen = select(Subscription.state).where(Subscription.id == subscription_id)
    return db.session().scalar(chosen) in (*STANDING, SubscriptionState.MOVING)


def _write(
    asker: Reseller,
    customer: Customer,
    provider: Reseller,
    theirs: Customer,
    chosen: Sequence[Subscription],
    words: str,
    by: str,
) -> Transfer:
    now, code = db.session().info["now"], new_code("TRF")
    halves = [
        Transfer(
            id=new_id(),
            reseller_id=mine.id,
            other_id=other.id,
            other_name=other.name,
            code=code,
            incoming=mine is provider,
            customer_id=whose.id,
            customer_name=whose.name,
            words=words.strip()[:LONGEST_WORDS],
            asked_by=by,
            asked_at=now,
        )
        for mine, other, whose in ((asker, provider, customer), (provider, asker, theirs))
    ]
    try:
        with db.savepoint():
            db.session().add_all(halves)
            db.flush()
            db.session().add_all(
                TransferItem(
                    id=new_id(),
                    reseller_id=half.reseller_id,
                    transfer_id=half.id,
                    incoming=half.incoming,
                    number=number,
                    subscription_id=None if half.incoming else one.id,
                    product_name=one.product_name,
                    plan_name=one.plan_name,
                    unit=one.unit,
                    quantity=one.quantity,
                    term_ends_at=one.ends_at,
                    changed_at=now,
                )
                for half in halves
                for number, one in enumerate(chosen, 1)
            )
            db.flush()
    except IntegrityError as error:
        asked_in = _open_requests([one.id for one in chosen])
        taken = next((one for one in chosen if one.id in asked_in), None)
        if taken is None:
            raise
        raise AskedAlready(taken.product_name, asked_in[taken.id]) from error
    for half in halves:
        trail.write(half, "asked", told={"by": by})
    publish(TransferAsked(halves[0].id))
    return halves[0]


# --- Deciding -----------------------------------------------------------------------------------------------


def halves(code: str) -> tuple[Transfer, Transfer]:
    """The asker's and the provider's half, the asker's locked: whoever decides or withdraws takes turns."""
    db.flush()  # what is read anew must not undo what this transaction has changed
    leaving = db.session().scalar(
        select(Transfer)
        .where(Transfer.code == code, ~Transfer.incoming)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if leaving is None:
        raise Missing("transfer")
    coming = select(Transfer).where(Transfer.code == code, Transfer.incoming)
    return leaving, db.session().scalars(coming.execution_options(populate_existing=True)).one()


def items(transfer_id: UUID) -> list[TransferItem]:
    """What a half consists of, in its order."""
    chosen = select(TransferItem).where(TransferItem.transfer_id == transfer_id)
    return list(db.session().scalars(chosen.order_by(TransferItem.number)))


def pairs(leaving: Transfer, coming: Transfer) -> list[tuple[TransferItem, TransferItem]]:
    """Both halves of every item, in their order."""
    return list(zip(items(leaving.id), items(coming.id), strict=True))


def withdraw(reseller_id: UUID, code: str, *, by: str) -> Transfer:
    """The asker takes it back, until it is decided (M47); everything in it is free again."""
    leaving, coming = halves(code)
    if leaving.reseller_id != reseller_id:
        raise Missing("transfer")
    _close(leaving, coming, TransferState.WITHDRAWN, by)
    publish(TransferWithdrawn(leaving.id))
    return leaving


def reject(provider_id: UUID, code: str, *, reason: str, by: str) -> Transfer:
    """The provider does not take it over, and says why (M46)."""
    leaving, coming = halves(code)
    if coming.reseller_id != provider_id:
        raise Missing("transfer")
    if not reason.strip():
        raise NoReasonGiven
    _close(leaving, coming, TransferState.REJECTED, by)
    for half in (leaving, coming):
        half.reason = reason.strip()[:LONGEST_WORDS]
    publish(TransferDecided(leaving.id))
    return coming


def _close(leaving: Transfer, coming: Transfer, to: TransferState, by: str) -> None:
    now = db.session().info["now"]
    for half in (leaving, coming):
        states.move(half, to, told={"by": by})
        half.decided_by, half.decided_at = by, now
        half.finished_at = now
    for pair in pairs(leaving, coming):
        move_items(pair, ItemState.DROPPED, "")


def accept(provider_id: UUID, code: str, *, by: str) -> Transfer:
    """The provider takes it over (M46): what can still be moved is asked of the vendors, each by a task of
    its own; what cannot any more stays where it is and says why."""
    leaving, coming = halves(code)
    if coming.reseller_id != provider_id:
        raise Missing("transfer")
    for half in (leaving, coming):
        states.move(half, TransferState.MOVING, told={"by": by})
        half.decided_by, half.decided_at = by, db.session().info["now"]
    if coming.customer_id is None or parties.customer(coming.customer_id).ended_at is not None:
        raise RelationOver(coming.customer_name)
    asked = pairs(leaving, coming)
    held = _locked([mine.subscription_id for mine, _theirs in asked if mine.subscription_id])
    going, staying = 0, set[UUID]()
    for mine, theirs in asked:
        subscription = held[mine.subscription_id] if mine.subscription_id else None
        why = _why_not_now(subscription)
        if subscription is not None and subscription.base_id in staying:
            why = why or STAYS_WITH_BASE
        if subscription is not None and why is not None:
            staying.add(subscription.id)
        if subscription is None or why is not None:
            move_items((mine, theirs), ItemState.DROPPED, why or "")
            continue
        going += 1
        _begin(subscription, mine, theirs, to=leaving.other_name)
    if not going:
        raise NothingLeft
    publish(TransferDecided(leaving.id))
    return coming


def _locked(subscription_ids: Sequence[UUID]) -> dict[UUID, Subscription]:
    rows = db.session().scalars(
        select(Subscription)
        .where(Subscription.id.in_(subscription_ids))
        .order_by(Subscription.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _why_not_now(subscription: Subscription | None) -> str | None:
    """What has changed since it was asked for, as it is kept: both sides read it, each in its language."""
    if subscription is None:
        return ""
    cancelled = cancellations.standing(subscription.id, locked=True) is not None
    connector = _connectors([subscription]).get(subscription.plan_id, "")
    with languages.speaking(languages.SOURCE):
        return _why_not(subscription, cancelled, connector, None)


def _begin(subscription: Subscription, mine: TransferItem, theirs: TransferItem, *, to: str) -> None:
    cost = (
        db.session()
        .execute(
            select(OrderCost.connector, OrderCost.sku).where(
                OrderCost.order_line_id == subscription.order_line_id
            )
        )
        .one()
    )
    call_id = new_id()
    task_id = tasks.add("transfer", {"call": str(call_id)}, key=f"transfer:{mine.id}", lane=cost.connector)
    db.flush()
    db.add(
        TransferCall(
            id=call_id,
            item_id=mine.id,
            their_item_id=theirs.id,
            subscription_id=subscription.id,
            new_subscription_id=None,
            task_id=task_id,
            reference=restorations.reference_of(mine.id, Action.TRANSFER),
            connector=cost.connector,
            sku=cost.sku,
            external_id=external_id(subscription),
            details={},
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    restorations.doubt_what_was_asked_before(task_id, mine.changed_at)
    move_items((mine, theirs), ItemState.MOVING, "")
    subscriptions.begin_move(subscription, to=to)


def external_id(subscription: Subscription) -> str:
    """Under which id the vendor keeps it now; nothing where that is not written down."""
    moved = select(TransferCall.new_external_id).where(TransferCall.new_subscription_id == subscription.id)
    if (found := db.session().scalar(moved)) is not None:
        return found
    bought = (
        select(VendorRecord.external_id)
        .join(
            Delivery,
            (Delivery.distributor_id == VendorRecord.distributor_id)
            & (Delivery.id == VendorRecord.delivery_id),
        )
        .where(Delivery.order_line_id == subscription.order_line_id, Delivery.action == Action.PROVISION)
    )
    return db.session().scalar(bought) or ""


# --- While it moves -----------------------------------------------------------------------------------------


def move_items(pair: tuple[TransferItem, TransferItem], to: ItemState, note: str) -> None:
    """Both halves of an item take their next state, with the words that both sides read."""
    for item in pair:
        if item.state is not to:
            states.move(item, to)
        item.note, item.changed_at = note, db.session().info["now"]


def finish(transfer_id: UUID) -> None:
    """When the last item has come to its end, so has the request. `transfer_id` is the asker's half."""
    leaving = db.session().scalars(select(Transfer).where(Transfer.id == transfer_id)).one()
    leaving, coming = halves(leaving.code)
    found = [item.state for item in items(leaving.id)]
    if leaving.state is not TransferState.MOVING or any(state in OPEN_ITEMS for state in found):
        return
    moved = sum(state is ItemState.MOVED for state in found)
    to = TransferState.FAILED if not moved else TransferState.PARTLY
    for half in (leaving, coming):
        states.move(half, TransferState.DONE if moved == len(found) else to)
        half.finished_at = db.session().info["now"]
    publish(TransferFinished(leaving.id))


def of_code(code: str, *, incoming: bool | None = None) -> Transfer:
    """A half inside the scope, by its code: a reseller has one of them."""
    chosen = select(Transfer).where(Transfer.code == code)
    if incoming is not None:
        chosen = chosen.where(Transfer.incoming == incoming)
    found = db.session().scalar(chosen.order_by(Transfer.incoming).limit(1))
    if found is None:
        raise Missing("transfer")
    return found
