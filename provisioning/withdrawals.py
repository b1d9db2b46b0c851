"""Ending at the vendor what was bought although it was cancelled meanwhile: a delivery with action `withdraw`
and a durable task of its own, under the same fences as a purchase."""

from uuid import UUID

from sqlalchemy import select

from checkout.orders import OrderCost, OrderLine
from core import db, tasks, work
from core.parties import Customer, Reseller
from core.tasks import Again, Claimed, Kind, Repeat
from core.tenancy import same_key
from provisioning import deliveries, line_cancellations, vendor_calls
from provisioning.connectors.base import Action, Outcome, Request
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState, VendorRecord
from provisioning.vendor_calls import Call

OPEN = (DeliveryState.PENDING, DeliveryState.PROCESSING, DeliveryState.UNKNOWN, DeliveryState.NEEDS_ACTION)


def _ends(task: Claimed) -> Delivery:
    return deliveries.find(UUID(task.args["delivery"]))


def bought_by(end: Delivery) -> tuple[Delivery, VendorRecord]:
    """What a withdrawal is to end."""
    rows = db.session().execute(
        select(Delivery, VendorRecord)
        .join(VendorRecord, same_key(VendorRecord.delivery_id, Delivery.id))
        .where(Delivery.order_line_id == end.order_line_id, Delivery.action == Action.PROVISION)
    )
    delivery, record = rows.one()
    return delivery, record


def prepare(task: Claimed) -> Call | None:
    """The rows as values; None when it has ended."""
    end = _ends(task)
    if end.state not in OPEN:
        return None
    session = db.session()
    line = session.scalars(select(OrderLine).where(OrderLine.id == end.order_line_id)).one()
    cost = session.scalars(select(OrderCost).where(OrderCost.order_line_id == line.id)).one()
    configured = session.scalar(
        select(ConnectorSettings).where(ConnectorSettings.connector == cost.connector)
    )
    if configured is not None and configured.paused:
        raise Again(vendor_calls.PAUSE, vendor_calls.PAUSED)
    _bought, record = bought_by(end)
    standing = session.scalars(
        select(Customer).where(Customer.id == end.customer_id)
        if end.customer_id
        else select(Reseller).where(Reseller.id == end.reseller_id)
    ).one()
    if end.state is not DeliveryState.PROCESSING and not task.intent_open:
        deliveries.move(end, DeliveryState.PROCESSING, "")
    request = Request(
        reference=str(end.reference),
        action=Action.END,
        sku=cost.sku,
        quantity=line.quantity,
        external_id=record.external_id,
        customer={"name": standing.name, "email": standing.email, "country": standing.country},
        settings=vendor_calls.as_values(configured.settings if configured else {}),
        asked_on=end.created_at.date(),
    )
    return Call(cost.connector, request)


def _record(task: Claimed, outcome: Outcome) -> None:
    end = _ends(task)
    if end.state is DeliveryState.SUCCESS:
        return
    end.delivered_at = db.session().info["now"]
    deliveries.move(end, DeliveryState.SUCCESS, outcome.note)
    bought, _vendor = bought_by(end)
    line_cancellations.ended(bought)
    work.close_about(bought.id, "The vendor has ended it.", but="refused delivery")
    work.close_about(end.id, "The vendor has ended it.")


def _on_unknown(task: Claimed, note: str) -> None:
    end = _ends(task)
    if end.state is not DeliveryState.UNKNOWN:
        deliveries.move(end, DeliveryState.UNKNOWN, note)
    _queue("unknown withdrawal", end, note, "It is looked up by itself. Nothing is given back meanwhile.")


def _on_waiting(task: Claimed, note: str) -> None:
    _ends(task).note = note


def _on_parked(task: Claimed, note: str) -> None:
    end = _ends(task)
    if end.state is not DeliveryState.NEEDS_ACTION:
        deliveries.move(end, DeliveryState.NEEDS_ACTION, note)
    words = f"The line is cancelled, but the vendor has it and did not end it. {note}"
    _queue(
        "parked withdrawal",
        end,
        words,
        "Have it ended at the vendor, then retry or resolve it by hand; or say that it stands.",
    )


def _on_refused(task: Claimed, note: str) -> None:
    """A person says that the vendor will not end it: the service stands and stays paid, or, where the money
    is on its way back already, somebody has to speak with the vendor."""
    end = _ends(task)
    deliveries.move(end, DeliveryState.REFUSED, note)
    bought, record = bought_by(end)
    if line_cancellations.stands(bought, record.details, note):
        words = f"The line was cancelled, but the vendor had it and does not end it: {note} It is delivered."
        _queue("not cancelled", end, words, "Tell the buyer; refund a part of it if you agree on that.")
    else:
        words = f"The vendor has something that was given back already, and does not end it: {note}"
        _queue("not cancelled", end, words, "Agree with the vendor; the buyer has nothing of it.")


def _queue(kind: str, end: Delivery, words: str, suggestion: str) -> None:
    work.close_about(end.id, f"It is {kind} now.", but=kind)
    work.open_item(
        kind,
        about_type="deliveries",
        about_id=end.id,
        order_id=end.order_id,
        words=words,
        suggestion=suggestion,
    )


WITHDRAW = tasks.register(
    Kind(
        "withdraw",
        Repeat.LOOK_UP,
        prepare=prepare,
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
