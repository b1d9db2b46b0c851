"""From funded order to delivered subscription: pre-checks before money moves, one delivery and one durable
task per line, and the three hands of that task: `prepare` reads rows into values, a connector gets values
outside any transaction, `record` writes what came of it."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from checkout import orders, placing
from checkout.baskets import BasketItem
from checkout.orders import OrderCost, OrderFunded, OrderLine
from checkout.placing import Clearance
from core import db, drain, tasks, trail, work
from core.errors import Refused, Unavailable
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _
from core.outcomes import ALARM
from core.parties import Customer, Reseller
from core.settings import settings
from core.statements import Statement
from core.tasks import Again, Claimed, Final, Kind, Limits, NeedsPerson, Repeat, TaskState, Unclear
from provisioning import add_ons, deliveries, line_cancellations, questions, restorations
from provisioning.connectors import base
from provisioning.connectors.base import Action, Outcome, Request
from provisioning.connectors.registry import CONNECTORS, connector
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState, VendorRecord
from provisioning.line_cancellations import LineCancellation
from provisioning.transfer_calls import TransferCall
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription, SubscriptionState


@dataclass(frozen=True, slots=True)
class DeliveryNeedsAction(Event):
    """A delivery waits for a person of the distributor."""

    delivery_id: UUID


@dataclass(frozen=True, slots=True)
class EndNeedsAction(Event):
    """An end waits for a person of the distributor; the buyer need not know."""

    delivery_id: UUID


@dataclass(frozen=True, slots=True)
class DeliveryRefused(Event):
    """The vendor said no for good."""

    delivery_id: UUID


# --- Before money moves -------------------------------------------------------------------------------------


class NotGivenUp(Refused):
    """The page would go on to say "ending" for ever."""

    def __init__(self) -> None:
        super().__init__(_("An end is not given up: end it at the vendor by hand, then resolve it here."))


class FieldProblem(Refused):
    """An order-time field is missing or wrong; `problems` names each."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class VendorRefuses(Refused):
    """The vendor says beforehand that it would not work."""


class VendorSilent(Unavailable):
    """The vendor cannot be asked right now; nothing was ordered."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "We could not check this with the vendor right now. Nothing was ordered; please try again"
                " in a few minutes."
            )
        )


def settings_by_connector() -> dict[str, dict[str, str]]:
    """The distributor's settings of each connector; read in a widened transaction."""
    return {key: as_values(own) for key, own in CONFIGURED.rows()}


def is_paused(connector_key: str) -> bool:
    """Whether the distributor has paused a connector; read in a widened transaction."""
    chosen = select(ConnectorSettings.paused).where(ConnectorSettings.connector == connector_key)
    return bool(db.session().scalar(chosen))


CONFIGURED = Statement(select(ConnectorSettings.connector, ConnectorSettings.settings))


def as_values(own: Mapping[str, Any]) -> dict[str, str]:
    """A connector's settings as it gets them. Which network it may reach is the installation's decision,
    never a row's (SSRF)."""
    return {key: str(value) for key, value in own.items()} | {
        "network": "loopback" if settings().sandbox else "public"
    }


def clear(
    basket: Sequence[BasketItem], configured: Mapping[str, Mapping[str, str]], customer: Mapping[str, str]
) -> Clearance:
    """Asks every connector whether the basket would work; no transaction is open meanwhile. Refusals by
    name."""
    for item in basket:
        if problems := questions.problems(item, item.fields):
            raise FieldProblem(problems)
        for one in item.parts or (item,):
            fields, variables = questions.sorted_out(one.connector, item.fields, one.variables)
            _ask(
                one.connector,
                Request(
                    str(uuid4()),
                    Action.PROVISION,
                    one.sku,
                    item.quantity,
                    customer=customer,
                    fields=fields,
                    settings=configured.get(one.connector, as_values({})),
                    variables=variables,
                ),
            )
    return Clearance(placing.basket_hash([(i.plan_id, i.quantity, i.fields) for i in basket]), len(basket))


def _ask(connector_key: str, request: Request) -> None:
    try:
        base.check(connector(connector_key), request)
    except base.Refused as no:
        raise VendorRefuses(str(no)) from no
    except (
        base.TryLater,
        base.Unclear,
        base.NeedsAction,
    ) as silent:  # a wrong key is the distributor's matter, not the buyer's
        raise VendorSilent from silent


# --- When the order is funded -------------------------------------------------------------------------------


def begin(event: OrderFunded) -> None:
    """Now-reaction: subscriptions, deliveries and their tasks come to exist with the fund, in the same
    transaction."""
    order = orders.of_id(event.order_id)
    rows = (
        db.session()
        .execute(
            select(OrderLine, OrderCost, restorations.since(order.created_at))
            .join(
                OrderCost,
                (OrderCost.distributor_id == OrderLine.distributor_id)
                & (OrderCost.order_line_id == OrderLine.id),
            )
            .where(OrderLine.order_id == order.id)
            .order_by(OrderLine.number)
        )
        .all()
    )
    now = db.session().info["now"]
    new: dict[type[db.Model], list[dict[str, Any]]] = {Subscription: [], tasks.Task: [], Delivery: []}
    owner = {
        "distributor_id": order.distributor_id,
        "reseller_id": order.reseller_id,
        "customer_id": order.customer_id,
    }
    made = {line.id: new_id() for line, _cost, _kind in rows}
    for line, cost, _kind in rows:
        delivery_id, subscription_id = new_id(), made[line.id]
        base_id = made[line.base_line_id] if line.base_line_id else line.base_id
        task = tasks.row(
            "deliver",
            {"delivery": str(delivery_id)},
            key=f"deliver:{line.id}",
            lane=cost.connector,
            after=add_ons.PATIENCE if line.base_line_id else timedelta(),
        )
        new[tasks.Task].append(task)
        new[Subscription].append(
            owner
            | {
                "id": subscription_id,
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
                "created_at": now,
                "base_id": base_id,
            }
        )
        new[Delivery].append(
            owner
            | {
                "id": delivery_id,
                "order_id": order.id,
                "order_line_id": line.id,
                "subscription_id": subscription_id,
                "fund_id": event.fund_id,
                "task_id": task["id"],
                "reference": restorations.reference_of(line.id, Action.PROVISION),
                "action": Action.PROVISION,
                "state": DeliveryState.PENDING,
                "note": "",
                "created_at": now,
                "changed_at": now,
            }
        )
    db.flush()
    db.insert_all(new)
    if any(restored for _, _, restored in rows):
        restorations.doubt([row["id"] for row in new[Delivery]])
    db.after_commit(tasks.doorbell.ring)


# --- The durable task ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """Values for a pool thread."""

    connector: str
    request: Request


def _gather(batch: Sequence[Claimed]) -> None:
    """The rows of a whole batch, left in the session for `_prepare` and `_record`: round trips are paid once,
    not for each task."""
    ids = [UUID(task.args["delivery"]) for task in batch]
    db.session().info["gathered"] = _gathered(ids)
    db.session().info["on_the_queue"] = work.open_about(ids)


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


def _row_of(task: Claimed) -> Gathered:
    delivery_id = UUID(task.args["delivery"])
    gathered: dict[UUID, Gathered] = db.session().info.get("gathered", {})
    return gathered.get(delivery_id) or _gathered([delivery_id])[delivery_id]


def _gathered(delivery_ids: Sequence[UUID]) -> dict[UUID, Gathered]:
    made = aliased(Delivery)  # the purchase: under its id the vendor keeps what is ended later
    extended = aliased(Subscription)  # what an add-on belongs to
    rows = (
        db.session()
        .execute(
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
            )
            .join(
                Subscription,
                (Subscription.distributor_id == Delivery.distributor_id)
                & (Subscription.id == Delivery.subscription_id),
            )
            .join(
                OrderLine,
                (OrderLine.distributor_id == Delivery.distributor_id)
                & (OrderLine.id == Delivery.order_line_id),
            )
            .join(
                OrderCost,
                (OrderCost.distributor_id == Delivery.distributor_id)
                & (OrderCost.order_line_id == Delivery.order_line_id),
            )
            .join(
                Reseller,
                (Reseller.distributor_id == Delivery.distributor_id) & (Reseller.id == Delivery.reseller_id),
            )
            .outerjoin(
                Customer,
                (Customer.distributor_id == Delivery.distributor_id) & (Customer.id == Delivery.customer_id),
            )
            .outerjoin(
                ConnectorSettings,
                (ConnectorSettings.distributor_id == Delivery.distributor_id)
                & (ConnectorSettings.connector == OrderCost.connector),
            )
            .outerjoin(
                made,
                (made.distributor_id == Delivery.distributor_id)
                & (made.order_line_id == Delivery.order_line_id)
                & (made.action == Action.PROVISION.value),
            )
            .outerjoin(
                VendorRecord,
                (VendorRecord.distributor_id == made.distributor_id) & (VendorRecord.delivery_id == made.id),
            )
            .outerjoin(  # what was moved has another id since
                TransferCall,
                (TransferCall.distributor_id == Delivery.distributor_id)
                & (TransferCall.new_subscription_id == Delivery.subscription_id),
            )
            .outerjoin(
                LineCancellation,
                (LineCancellation.distributor_id == Delivery.distributor_id)
                & (LineCancellation.delivery_id == Delivery.id),
            )
            .outerjoin(
                extended,
                (extended.distributor_id == Subscription.distributor_id)
                & (extended.id == Subscription.base_id),
            )
            .where(Delivery.id.in_(delivery_ids))
        )
        .all()
    )
    return {row[0].id: Gathered(*row) for row in rows}


def _prepare(task: Claimed) -> Call | None:
    """The delivery's rows as values; None when it has ended already, or ends now because it is cancelled
    and nothing of it is open at the vendor (QP9)."""
    delivery, subscription, line, cost, reseller, customer, configured, external_id, wish, under = _row_of(
        task
    )
    if delivery.state not in GOING_ON:
        return None
    if wish is not None and not task.intent_open:
        line_cancellations.never_bought(wish, delivery)
        return None
    if configured is not None and configured.paused:
        raise Again(PAUSE, PAUSED)
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
        settings=as_values(configured.settings if configured else {}),
        asked_on=delivery.created_at.date(),
        variables=variables,
    )
    return Call(cost.connector, request)


def ask_vendor(call: Call) -> Outcome:
    """In a pool thread: the connector's answer in the words of the task contract."""
    with _translated(call.request.action):
        return base.perform(connector(call.connector), call.request)


def look_up(call: Call) -> Outcome | None:
    """In a pool thread: what became of it; None when the vendor says that it has nothing."""
    with _translated(call.request.action):
        return base.look_up(connector(call.connector), call.request)


@contextmanager
def _translated(action: Action) -> Generator[None]:
    """Connectors know nothing of tasks: their four exceptions become the task's. A purchase may be refused
    for good; an end may not: a person sees to it that it ends."""
    try:
        yield
    except base.TryLater as later:
        raise Again(later.after, later.message, accepted=later.accepted) from later
    except base.NeedsAction as needs:
        raise NeedsPerson(needs.message) from needs
    except base.Refused as no:
        if action is Action.END:
            raise NeedsPerson(f"The vendor does not end it: {no.message}") from no
        raise Final(no.message) from no
    except base.Unclear as unclear:
        raise Unclear(unclear.message) from unclear


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
    if delivery.id in db.session().info.get("on_the_queue", [delivery.id]):
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


def _on_unknown(task: Claimed, note: str) -> None:
    delivery = deliveries.find(UUID(task.args["delivery"]))
    if delivery.state is not DeliveryState.UNKNOWN:
        deliveries.move(delivery, DeliveryState.UNKNOWN, note)
    _queue(
        "unknown end" if delivery.action == Action.END else "unknown delivery",
        delivery,
        note,
        "It is looked up by itself. Look up now if the customer waits.",
    )


def _on_waiting(task: Claimed, note: str) -> None:
    """A vendor that is away is asked for ever; what it keeps waiting becomes a person's business, too (QP4).
    A pause is the distributor's own doing."""
    delivery = deliveries.find(UUID(task.args["delivery"]))
    delivery.note = note
    late = db.session().info["now"] - delivery.created_at > ALARM
    if (
        late
        and note not in (PAUSED, add_ons.WAITS)
        and delivery.state in (DeliveryState.PENDING, DeliveryState.PROCESSING)
    ):
        _queue("late delivery", delivery, note, "It is tried again by itself. Ask the vendor what keeps it.")


def _on_parked(task: Claimed, note: str) -> None:
    delivery = deliveries.find(UUID(task.args["delivery"]))
    if delivery.state is not DeliveryState.NEEDS_ACTION:
        deliveries.move(delivery, DeliveryState.NEEDS_ACTION, note)
    if delivery.action == Action.END:
        suggestion = "Mend the cause, then retry; or end it at the vendor by hand, then resolve."
        _queue("parked end", delivery, note, suggestion)
        publish(EndNeedsAction(delivery.id))
        return
    _queue("parked delivery", delivery, note, "Mend the cause, then retry; or resolve it by hand.")
    if line_cancellations.of_delivery(delivery.id) is not None:
        line_cancellations.go_on_soon(delivery)
    else:
        publish(DeliveryNeedsAction(delivery.id))


REFUND = "The customer has paid: refund the line or agree on something else, then resolve."
LOOK_FIRST = "The vendor may have delivered it all the same: look there first. "


def _on_refused(task: Claimed, note: str) -> None:
    _refused(task, note, REFUND)


def _refused(task: Claimed, note: str, suggestion: str) -> None:
    delivery = deliveries.find(UUID(task.args["delivery"]))
    subscription = (
        db.session().scalars(select(Subscription).where(Subscription.id == delivery.subscription_id)).one()
    )
    deliveries.move(delivery, DeliveryState.REFUSED, note)
    subscriptions.fail(subscription, note)
    if (wish := line_cancellations.of_delivery(delivery.id)) is not None:
        line_cancellations.refused(wish)
    _queue("refused delivery", delivery, note, suggestion)
    publish(DeliveryRefused(delivery.id))


def _queue(kind: str, delivery: Delivery, words: str, suggestion: str) -> None:
    """A delivery waits for one thing at a time: what it waited for before is no longer so."""
    work.close_about(delivery.id, f"It is a {kind} now.", but=kind)
    work.open_item(
        kind,
        about_type="deliveries",
        about_id=delivery.id,
        order_id=delivery.order_id,
        words=words,
        suggestion=suggestion,
    )


def limits_of(lane: str) -> Limits:
    """A connector's patience as the task engine reads it."""
    if lane not in CONNECTORS:
        return Limits()
    able = connector(lane).capabilities
    return Limits(
        timeout=able.timeout,
        send_deadline=able.send_deadline,
        settle=able.settle,
        slots=able.slots,
        look_up=able.look_up,
    )


PAUSE, PAUSED = timedelta(seconds=30), "This connector is paused by the distributor."
GOING_ON = (
    DeliveryState.PENDING,
    DeliveryState.PROCESSING,
    DeliveryState.UNKNOWN,
    DeliveryState.NEEDS_ACTION,
)

DELIVER = tasks.register(
    Kind(
        "deliver",
        Repeat.LOOK_UP,
        gather=_gather,
        prepare=_prepare,
        call=ask_vendor,
        record=_record,
        look_up=look_up,
        limits=limits_of,
        fingerprint=lambda call: call.request.fingerprint(),
        on_unknown=_on_unknown,
        on_waiting=_on_waiting,
        on_parked=_on_parked,
        on_refused=_on_refused,
    )
)

for _key in CONNECTORS:
    drain.LANES[_key] = partial(limits_of, _key)


# --- What a person may do -----------------------------------------------------------------------------------


def retry(delivery_id: UUID, *, why: str = "", absent: bool = False) -> None:
    """Tries again now; an unclear earlier attempt is looked up first, whoever asks (QP3). `absent` is a
    person's word, with how they know, that the vendor does not have it: the way on where a vendor cannot
    be looked up."""
    delivery = deliveries.find(delivery_id)
    tasks.retry(tasks.find(delivery.task_id), why=why, absent=absent)


def resolve(delivery_id: UUID, *, external_id: str, licences: Sequence[str], why: str) -> None:
    """A person says that it was done, under which id, and how they know."""
    delivery = deliveries.find(delivery_id)
    if not external_id.strip() or not why.strip():
        raise Refused(_("Name the vendor's id and say how you know that it was delivered."))
    task = tasks.find(delivery.task_id)
    tasks.close(task, TaskState.DONE, why=why)
    claimed = Claimed(
        task.distributor_id,
        task.id,
        task.kind,
        task.lane,
        task.args,
        task.attempts,
        task.intent_at,
        task.intent_open,
    )
    if record := tasks.KINDS[task.kind].record:
        record(claimed, Outcome(external_id.strip(), tuple(licences), note="Confirmed by hand."))
    trail.write(delivery, "resolved by hand", why=why, external_id=external_id)


def refuse(delivery_id: UUID, *, why: str) -> None:
    """A person says that it will not be done."""
    delivery = deliveries.find(delivery_id)
    if delivery.action == Action.END:
        raise NotGivenUp
    if not why.strip():
        raise Refused(_("Say why it will not be delivered."))
    task = tasks.find(delivery.task_id)
    tasks.close(task, TaskState.REFUSED, why=why)
    claimed = Claimed(
        task.distributor_id,
        task.id,
        task.kind,
        task.lane,
        task.args,
        task.attempts,
        task.intent_at,
        task.intent_open,
    )
    if task.kind == DELIVER.name:
        _refused(claimed, why, LOOK_FIRST + REFUND if task.intent_open else REFUND)
    else:
        tasks.KINDS[task.kind].on_refused(claimed, why)
