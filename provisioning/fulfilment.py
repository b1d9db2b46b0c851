"""From funded order to delivered subscription: one delivery and one durable task per line, and the three
hands of that task: `prepare` reads rows into values, a connector gets values outside any transaction
(vendor_calls.py), `record` writes what came of it. What does not simply work: stops.py, resolutions.py."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import aliased

from checkout import orders
from checkout.orders import OrderCost, OrderFunded, OrderLine
from core import db, tasks, trail, work
from core.ids import new_code, new_id
from core.parties import Customer, Reseller
from core.tasks import Again, Claimed, Kind, NeedsPerson, Repeat
from core.tenancy import same_key
from provisioning import add_ons, deliveries, line_cancellations, questions, restorations, stops, vendor_calls
from provisioning.connectors.base import Action, Outcome, Request
from provisioning.deliveries import GOING_ON, ConnectorSettings, Delivery, DeliveryState, VendorRecord
from provisioning.line_cancellations import LineCancellation
from provisioning.transfer_calls import TransferCall
from provisioning.vendor_calls import Call
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription, SubscriptionState


def begin(event: OrderFunded) -> None:
    """Now-reaction: subscriptions, deliveries and their tasks come to exist with the fund, in the same
    transaction."""
    order = orders.of_id(event.order_id)
    chosen = (
        select(OrderLine, OrderCost, restorations.since(order.created_at))
        .join(OrderCost, same_key(OrderCost.order_line_id, OrderLine.id))
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.number)
    )
    rows = db.session().execute(chosen).all()
    new: dict[type[db.Model], list[dict[str, Any]]] = {Subscription: [], tasks.Task: [], Delivery: []}
    owner = {
        "distributor_id": order.distributor_id,
        "reseller_id": order.reseller_id,
        "customer_id": order.customer_id,
    }
    made = {line.id: new_id() for line, _, _ in rows}
    for line, cost, _ in rows:
        delivery_id = new_id()
        task = tasks.row(
            "deliver",
            {"delivery": str(delivery_id)},
            key=f"deliver:{line.id}",
            lane=cost.connector,
            after=add_ons.PATIENCE if line.base_line_id else timedelta(),
        )
        ids = {"fund_id": event.fund_id, "task_id": task["id"], "subscription_id": made[line.id]}
        base_id = made[line.base_line_id] if line.base_line_id else line.base_id
        new[tasks.Task].append(task)
        new[Subscription].append(owner | {"id": made[line.id], "base_id": base_id} | _subscription(line))
        new[Delivery].append(owner | {"id": delivery_id} | ids | _purchase(line))
    db.flush()
    db.insert_all(new)
    if any(restored for _, _, restored in rows):
        restorations.doubt([row["id"] for row in new[Delivery]])
    db.after_commit(tasks.doorbell.ring)


def _subscription(line: OrderLine) -> dict[str, Any]:
    """What a subscription keeps of the line that it was bought with."""
    return {
        "code": new_code("SUB"),
        "plan_id": line.plan_id,
        "order_line_id": line.id,
        "product_name": line.product_name,
        "plan_name": line.plan_name,
        "unit": line.unit,
        "quantity": line.quantity,
        "licences_issued": 0,
        "term": line.term,
        "billing_period": line.billing_period,
        "price_minor": line.unit_minor,
        "currency": line.currency,
        "state": SubscriptionState.PENDING,
        "created_at": db.session().info["now"],
    }


def _purchase(line: OrderLine) -> dict[str, Any]:
    """The delivery that buys a line, before anything of it was asked."""
    now = db.session().info["now"]
    return {
        "order_id": line.order_id,
        "order_line_id": line.id,
        "reference": restorations.reference_of(line.id, Action.PROVISION),
        "action": Action.PROVISION,
        "state": DeliveryState.PENDING,
        "note": "",
        "created_at": now,
        "changed_at": now,
    }


def _gather(batch: Sequence[Claimed]) -> None:
    """The rows of a whole batch, left in the session for `_prepare` and `_record`: round trips are paid once,
    not for each task."""
    db.session().info["gathered"] = _gathered([UUID(task.args["delivery"]) for task in batch])


class Gathered(NamedTuple):
    """A delivery with everything that a connector has to know."""

    delivery: Delivery
    subscription: Subscription
    line: OrderLine
    cost: OrderCost
    reseller: Reseller
    customer: Customer | None
    configured: ConnectorSettings | None
    external_id: str | None
    cancellation: LineCancellation | None
    base: SubscriptionState | None
    on_the_queue: bool


def _row_of(task: Claimed) -> Gathered:
    delivery_id = UUID(task.args["delivery"])
    gathered: dict[UUID, Gathered] = db.session().info.get("gathered", {})
    return gathered.get(delivery_id) or _gathered([delivery_id])[delivery_id]


@cache
def _everything() -> Select[*tuple[Any, ...]]:
    """Drawn up once: that takes longer than asking."""
    made = aliased(Delivery)  # the purchase: under its id the vendor keeps what is ended later
    extended = aliased(Subscription)  # what an add-on belongs to
    return (
        select(
            Delivery,
            Subscription,
            OrderLine,
            OrderCost,
            Reseller,
            Customer,
            ConnectorSettings,
            func.coalesce(TransferCall.new_external_id, VendorRecord.external_id),
            LineCancellation,
            extended.state,
            work.is_open_about(Delivery.id),
        )
        .join(Subscription, same_key(Subscription.id, Delivery.subscription_id))
        .join(OrderLine, same_key(OrderLine.id, Delivery.order_line_id))
        .join(OrderCost, same_key(OrderCost.order_line_id, Delivery.order_line_id))
        .join(Reseller, same_key(Reseller.id, Delivery.reseller_id))
        .outerjoin(Customer, same_key(Customer.id, Delivery.customer_id))
        .outerjoin(
            ConnectorSettings,
            (ConnectorSettings.distributor_id == Delivery.distributor_id)
            & (ConnectorSettings.connector == OrderCost.connector),
        )
        .outerjoin(
            made,
            same_key(made.order_line_id, Delivery.order_line_id) & (made.action == Action.PROVISION.value),
        )
        .outerjoin(VendorRecord, same_key(VendorRecord.delivery_id, made.id))
        .outerjoin(  # what was moved has another id since
            TransferCall,
            same_key(TransferCall.new_subscription_id, Delivery.subscription_id),
        )
        .outerjoin(LineCancellation, same_key(LineCancellation.delivery_id, Delivery.id))
        .outerjoin(extended, same_key(extended.id, Subscription.base_id))
        .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    )


def _gathered(delivery_ids: Sequence[UUID]) -> dict[UUID, Gathered]:
    rows = db.session().execute(_everything(), {"ids": list(delivery_ids)})
    return {row[0].id: Gathered(*row) for row in rows}


def _prepare(task: Claimed) -> Call | None:
    """The delivery's rows as values; None when it has ended already, or ends now because it is cancelled
    and nothing of it is open at the vendor (QP9)."""
    delivery, subscription, line, cost, reseller, customer, configured, external_id, wish, under = _row_of(
        task
    )[:-1]
    if delivery.state not in GOING_ON:
        return None
    if wish is not None and not task.intent_open:
        line_cancellations.never_bought(wish, delivery)
        return None
    if configured is not None and configured.paused:
        raise Again(vendor_calls.PAUSE, vendor_calls.PAUSED)
    if under is not None and delivery.action == Action.PROVISION and not task.intent_open:
        add_ons.after_its_base(under)
    if delivery.state is not DeliveryState.PROCESSING and not task.intent_open:
        if delivery.state is not DeliveryState.PENDING:
            work.close_about(delivery.id, "The vendor is asked again.")
        deliveries.move(delivery, DeliveryState.PROCESSING, "")
    if delivery.action != Action.PROVISION and not external_id:
        raise NeedsPerson("It is not written down under which id the vendor keeps it.")
    standing = customer or reseller
    fields, variables = questions.sorted_out(cost.connector, line.fields, cost.variables)
    request = Request(
        reference=str(delivery.reference),
        action=Action(delivery.action),
        sku=cost.sku,
        quantity=subscription.quantity,
        external_id=external_id,
        customer={"name": standing.name, "email": standing.email, "country": standing.country},
        fields=fields,
        settings=vendor_calls.as_values(configured.settings if configured else {}),
        asked_on=delivery.created_at.date(),
        variables=variables,
    )
    return Call(cost.connector, request)


def _record(task: Claimed, outcome: Outcome) -> None:
    """Delivered: the subscription is active, its licences exist; or it has ended, and they are revoked. What
    follows is in REACTIONS. What is cancelled, or was refused before this answer came, never becomes active:
    it is ended at the vendor."""
    found = _row_of(task)
    delivery, subscription = found.delivery, found.subscription
    if delivery.state in (DeliveryState.SUCCESS, DeliveryState.WITHDRAWING):
        return
    if delivery.action == Action.PROVISION and (found.cancellation or delivery.state not in GOING_ON):
        line_cancellations.bought(delivery, outcome, connector=found.cost.connector, wish=found.cancellation)
        if delivery.state is DeliveryState.REFUSED:
            _bought_all_the_same(delivery, outcome)
        return
    delivery.delivered_at = db.session().info["now"]
    deliveries.move(delivery, DeliveryState.SUCCESS, outcome.note)
    db.add(
        VendorRecord(
            distributor_id=delivery.distributor_id,
            delivery_id=delivery.id,
            external_id=outcome.external_id,
            details={str(k): str(v) for k, v in outcome.details.items()},
        )
    )
    if delivery.action == Action.END:
        cancellations.carry_out(subscription)
        subscriptions.end(subscription)
    else:
        subscriptions.issue_licences(subscription, outcome.licences)
        subscriptions.activate(subscription)
    if found.on_the_queue:
        work.close_about(delivery.id, "Ended." if delivery.action == Action.END else "Delivered.")


def _bought_all_the_same(delivery: Delivery, outcome: Outcome) -> None:
    """The vendor's answer came after the delivery had been refused here: it is ended there by itself, and
    somebody must know, beside whatever the refusal left to do."""
    trail.write(delivery, "delivered by the vendor after the refusal", external_id=outcome.external_id)
    work.open_item(
        "delivered after refusal",
        about_type="deliveries",
        about_id=delivery.id,
        order_id=delivery.order_id,
        words=f"The vendor delivered this as {outcome.external_id} after it was refused here.",
        suggestion="It is being ended at the vendor by itself. Look whether that succeeds.",
    )


DELIVER = tasks.register(
    Kind(
        "deliver",
        Repeat.LOOK_UP,
        gather=_gather,
        prepare=_prepare,
        call=vendor_calls.ask_vendor,
        record=_record,
        look_up=vendor_calls.look_up,
        limits=vendor_calls.limits_of,
        fingerprint=lambda call: call.request.fingerprint(),
        on_unknown=stops.on_unknown,
        on_waiting=stops.on_waiting,
        on_parked=stops.on_parked,
        on_refused=stops.on_refused,
    )
)
