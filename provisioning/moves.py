"""The durable task that moves one subscription at its vendor, under the same fences as a purchase: an intent
before the call, a look-up before any repeat (QP3). Only the recorded answer makes the new subscription and
suspends the old one, in one transaction; when the vendor refuses, everything stays where it was."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from catalog import products
from catalog.listings import Listing
from catalog.products import Plan
from core import db, tasks, trail, work
from core.errors import Missing, Refused
from core.languages import _, for_later
from core.money import Money
from core.parties import Customer
from core.tasks import Again, Claimed, Final, Kind, NeedsPerson, Repeat, TaskState
from core.tenancy import same_key
from partners import sales
from provisioning import add_ons, transfer_answers, transfers, vendor_calls
from provisioning.connectors.base import Action, Outcome, Request
from provisioning.deliveries import ConnectorSettings
from provisioning.transfer_calls import TransferCall
from provisioning.transfers import UNDER_WAY, ItemState, Transfer, TransferItem
from provisioning.vendor_calls import Call
from subscriptions import subscriptions
from subscriptions.subscriptions import Subscription, SubscriptionState

CHECKING = for_later(
    "The vendor has not answered clearly. It is looked up by itself; nothing is moved twice."
)
ON_IT = for_later("Somebody of the distributor has to look at it. It works as before until then.")
NOT_TAKEN = for_later("The vendor did not move it. It stays where it was and goes on as before.")


class Found(NamedTuple):
    """A call with everything around it."""

    call: TransferCall
    mine: TransferItem
    theirs: TransferItem
    leaving: Transfer
    coming: Transfer
    subscription: Subscription

    @property
    def pair(self) -> tuple[TransferItem, TransferItem]:
        """Both halves of the item."""
        return self.mine, self.theirs


def _find(task: Claimed) -> Found:
    return about(UUID(task.args["call"]))


def about(call_id: UUID) -> Found:
    """A call inside the distributor's scope."""
    mine, theirs = aliased(TransferItem), aliased(TransferItem)
    leaving, coming = aliased(Transfer), aliased(Transfer)
    row = (
        db.session()
        .execute(
            select(TransferCall, mine, theirs, leaving, coming, Subscription)
            .join(mine, same_key(mine.id, TransferCall.item_id))
            .join(theirs, same_key(theirs.id, TransferCall.their_item_id))
            .join(leaving, same_key(leaving.id, mine.transfer_id))
            .join(coming, same_key(coming.id, theirs.transfer_id))
            .join(Subscription, same_key(Subscription.id, TransferCall.subscription_id))
            .where(TransferCall.id == call_id)
        )
        .first()
    )
    if row is None:
        raise Missing("transfer")
    return Found(*row)


def _prepare(task: Claimed) -> Call | None:
    """The rows as values; None when it has come to its end."""
    found = _find(task)
    if found.mine.state not in UNDER_WAY:
        return None
    session = db.session()
    configured = session.scalar(
        select(ConnectorSettings).where(ConnectorSettings.connector == found.call.connector)
    )
    if configured is not None and configured.paused:
        raise Again(vendor_calls.PAUSE, vendor_calls.PAUSED)
    if not found.call.external_id:
        raise NeedsPerson("It is not written down under which id the vendor keeps it.")
    if not task.intent_open:
        _after_its_base(found)
    if found.mine.state is not ItemState.MOVING and not task.intent_open:
        work.close_about(found.call.id, "The vendor is asked again.")
        transfers.move_items(found.pair, ItemState.MOVING, "")
    customer = session.scalars(select(Customer).where(Customer.id == found.coming.customer_id)).one()
    request = Request(
        reference=str(found.call.reference),
        action=Action.TRANSFER,
        sku=found.call.sku,
        quantity=found.mine.quantity,
        external_id=found.call.external_id,
        customer={"name": customer.name, "email": customer.email, "country": customer.country},
        settings=vendor_calls.as_values(configured.settings if configured else {}),
        asked_on=found.call.created_at.date(),
    )
    return Call(found.call.connector, request)


def _of_base(found: Found) -> tuple[ItemState, UUID | None] | None:
    """What became of the base of an add-on in the same request: the state of its item, and the subscription
    that took its place."""
    if found.subscription.base_id is None:
        return None
    row = (
        db.session()
        .execute(
            select(TransferItem.state, TransferCall.new_subscription_id)
            .outerjoin(TransferCall, same_key(TransferCall.item_id, TransferItem.id))
            .where(
                TransferItem.transfer_id == found.leaving.id,
                TransferItem.subscription_id == found.subscription.base_id,
            )
        )
        .first()
    )
    return (row[0], row[1]) if row else None


def _after_its_base(found: Found) -> None:
    """An add-on is moved after its base (M48), and stays where it is when that stays."""
    base = _of_base(found)
    if base is None or base[0] is ItemState.MOVED:
        return
    if base[0] in UNDER_WAY:
        raise Again(add_ons.PATIENCE, add_ons.MOVES_AFTER)
    raise Final(transfer_answers.STAYS_WITH_BASE)


def _record(task: Claimed, outcome: Outcome) -> None:
    """Moved: the provider's subscription exists and the old one is suspended or gone (M50), at once."""
    found = _find(task)
    if found.mine.state is ItemState.MOVED:
        return
    if found.mine.state not in UNDER_WAY:
        _moved_all_the_same(found, outcome)
        return
    held = _locked(found.subscription)
    kind = products.type_of(held.plan_id)
    taken = subscriptions.move(
        held,
        reseller_id=found.coming.reseller_id,
        customer_id=_customer_of(found.coming),
        quantity=found.mine.quantity,
        price=_price(held, found.coming.reseller_id),
        keys=outcome.licences,
        to=found.leaving.other_name,
        vanishes=kind.by_usage,
    )
    base = _of_base(found)
    taken.base_id = base[1] if base else None
    sales.hand_over(
        held.id,
        taken_id=taken.id,
        reseller_id=found.coming.reseller_id,
        customer_id=_customer_of(found.coming),
    )
    found.call.new_subscription_id, found.call.new_external_id = taken.id, outcome.external_id
    found.call.details = {str(key): str(value) for key, value in outcome.details.items()}
    found.call.note = outcome.note
    found.theirs.subscription_id = taken.id
    transfers.move_items(found.pair, ItemState.MOVED, "")
    work.close_about(found.call.id, "Moved.")
    add_ons.call_those_that_move_after(held.id)
    transfers.finish(found.leaving.id)


def _customer_of(coming: Transfer) -> UUID:
    if coming.customer_id is None:
        raise Missing("customer")
    return coming.customer_id


def _locked(subscription: Subscription) -> Subscription:
    db.flush()
    return (
        db.session()
        .scalars(
            select(Subscription)
            .where(Subscription.id == subscription.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .one()
    )


def _price(subscription: Subscription, reseller_id: UUID) -> Money:
    """What the provider sells it for: by its own price list, else the recommended price."""
    own = select(Listing).where(Listing.reseller_id == reseller_id, Listing.plan_id == subscription.plan_id)
    if (listing := db.session().scalar(own)) is not None:
        return listing.price
    return db.session().scalars(select(Plan).where(Plan.id == subscription.plan_id)).one().list_price


def _moved_all_the_same(found: Found, outcome: Outcome) -> None:
    """The vendor's answer came after a person had refused it here."""
    found.call.new_external_id = outcome.external_id
    trail.write(found.mine, "moved by the vendor after the refusal", external_id=outcome.external_id)
    _queue(
        "moved after refusal",
        found,
        f"The vendor moved this as {outcome.external_id} after it was refused here.",
        "Have the vendor move it back, or make it a new request and resolve that by hand.",
    )


# --- When it does not simply work ---------------------------------------------------------------------------


def _on_unknown(task: Claimed, note: str) -> None:
    found = _find(task)
    found.call.note = note
    if found.mine.state is not ItemState.UNKNOWN:
        transfers.move_items(found.pair, ItemState.UNKNOWN, CHECKING)
    _queue("unknown transfer", found, note, "It is looked up by itself. Look up now if somebody waits.")


def _on_waiting(task: Claimed, note: str) -> None:
    _find(task).call.note = note


def _on_parked(task: Claimed, note: str) -> None:
    found = _find(task)
    found.call.note = note
    if found.mine.state is not ItemState.NEEDS_ACTION:
        transfers.move_items(found.pair, ItemState.NEEDS_ACTION, ON_IT)
    _queue("parked transfer", found, note, "Mend the cause, then retry on the page of the transfer.")


def _on_refused(task: Claimed, note: str) -> None:
    found = _find(task)
    found.call.note = note
    transfers.move_items(found.pair, ItemState.REFUSED, NOT_TAKEN)
    held = _locked(found.subscription)
    if held.state is SubscriptionState.MOVING:
        subscriptions.stay(held, why=note)
    work.close_about(found.call.id, "It stays where it was.")
    if (base := _of_base(found)) is not None and base[0] is ItemState.MOVED:
        _queue(
            "add-on left behind",
            found,
            f"Its base has moved, and the vendor refused to move this: {note}",
            "Have the vendor move it and ask for it again, or end it and order it anew at the new provider.",
        )
    add_ons.call_those_that_move_after(held.id)
    transfers.finish(found.leaving.id)


def _queue(kind: str, found: Found, words: str, suggestion: str) -> None:
    """It waits for one thing at a time."""
    work.close_about(found.call.id, f"It is a {kind} now.", but=kind)
    work.open_item(
        kind,
        about_type="transfer_calls",
        about_id=found.call.id,
        words=f"{found.leaving.code}, {found.mine.product_name}: {words}",
        suggestion=suggestion,
    )


TRANSFER = tasks.register(
    Kind(
        "transfer",
        Repeat.LOOK_UP,
        prepare=_prepare,
        call=vendor_calls.ask_vendor,
        look_up=vendor_calls.look_up,
        record=_record,
        limits=vendor_calls.limits_of,
        fingerprint=lambda call: call.request.fingerprint(),
        on_unknown=_on_unknown,
        on_waiting=_on_waiting,
        on_parked=_on_parked,
        on_refused=_on_refused,
    )
)


# --- What a person may do -----------------------------------------------------------------------------------


def retry(call_id: UUID, *, why: str = "", absent: bool = False) -> None:
    """Asks again now; an unclear earlier attempt is looked up first, whoever asks (QP3)."""
    tasks.retry(tasks.find(about(call_id).call.task_id), why=why, absent=absent)


def resolve(call_id: UUID, *, external_id: str, why: str) -> None:
    """A person says that the vendor has moved it, under which id, and how they know. Keys stay as they are:
    the seats of the old subscription are numbered on."""
    found = about(call_id)
    if not external_id.strip() or not why.strip():
        raise Refused(_("Name the vendor's new id and say how you know that it was moved."))
    task = tasks.find(found.call.task_id)
    tasks.close(task, TaskState.DONE, why=why)
    seats = subscriptions.licences(found.subscription.id)
    keys = tuple(seat.key for seat in seats)[: found.mine.quantity]
    _record(tasks.by_hand(task), Outcome(external_id.strip(), keys, note="Confirmed by hand."))
    trail.write(found.mine, "resolved by hand", why=why, external_id=external_id)


def refuse(call_id: UUID, *, why: str) -> None:
    """A person says that it will not be moved: it stays where it was."""
    found = about(call_id)
    if not why.strip():
        raise Refused(_("Say why it will not be moved."))
    task = tasks.find(found.call.task_id)
    tasks.close(task, TaskState.REFUSED, why=why)
    _on_refused(tasks.by_hand(task), why)
