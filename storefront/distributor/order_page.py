"""One order with everything about it, and what staff may do: retry, look up, resolve or refuse a delivery;
cancel while it is unpaid."""

from collections.abc import Callable
from uuid import UUID

import structlog
from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from billing import disputes, gateways, payments, stripe_gateway
from billing.funds import FundKind
from billing.payments import AttemptState, PaymentAttempt
from billing.refunds import Because
from billing.stripe_gateway import GatewayAccount
from checkout import line_refunds, orders
from checkout.line_refunds import Preview
from checkout.orders import Order, OrderState
from core import db
from core.errors import Refusal
from core.languages import Words, _, for_later
from core.money import Money
from provisioning import deliveries, resolutions
from provisioning.connectors.base import Action
from provisioning.deliveries import DeliveryState
from storefront import lists, pages, refund_views
from storefront.distributor import console
from storefront.distributor.dossiers import Dossier, open_dossier
from storefront.distributor.forms import Reason, Resolution
from storefront.distributor.order_list import stage_of
from storefront.forms import Form
from storefront.moments import moment
from storefront.visitors import require_role

log = structlog.get_logger("distributor")

pages.saying(
    retried=(
        "It is due again now. What an unclear attempt left open is looked up first,"
        " so nothing is bought twice."
    ),
    resolved="Resolved by hand; the reason is in the trail.",
    refused="It will not be delivered. What becomes of the money is said on the order.",
    cancelled="The order is cancelled. Money that still comes goes to the work queue.",
    covered="The order is covered. Its deliveries are on their way.",
)

FUNDS = Words({FundKind.PAYMENT: "payment", FundKind.CREDIT: "credit", FundKind.NOTHING_DUE: "nothing due"})
STATES = {
    "awaiting_payment": (
        "wait",
        for_later("Waiting for payment"),
        for_later(
            "No money has moved. The order ends by itself when its time to pay is over;"
            " until then you may cancel it."
        ),
    ),
    "uncovered": (
        "warn",
        for_later("Paid, but not covered"),
        for_later(
            "What is left of the payment after the fee does not cover wholesale, and the reseller's credit"
            " has no room for the difference. Give the reseller more credit, then cover the order."
        ),
    ),
    "cancelled": (
        "info",
        for_later("Cancelled"),
        for_later("Nothing was delivered. Money that still comes is kept apart and shown on the work queue."),
    ),
    "delivering": (
        "info",
        for_later("Being delivered"),
        for_later(
            "The money is covered. Each line below says what the vendor answered and when it is asked again."
        ),
    ),
    "delivered": ("ok", for_later("Delivered"), for_later("Every line is active.")),
    "unknown": (
        "warn",
        for_later("The vendor gave no clear answer"),
        for_later(
            "The money is covered. It is looked up by itself; nothing is bought again before the vendor says"
            " that it has nothing of it."
        ),
    ),
    "needs_action": (
        "warn",
        for_later("A person must act"),
        for_later(
            "The money is covered and nothing is lost. Mend the cause and retry, or resolve the line by hand."
        ),
    ),
    "refused": (
        "bad",
        for_later("The vendor refused a line"),
        for_later(
            "The money of that line is still with us: refund it or agree on something else,"
            " then close the work item."
        ),
    ),
    "refunded": (
        "info",
        for_later("The vendor refused a line, and its money goes back"),
        for_later("The refunds below say how much goes back in each leg, and how far it is."),
    ),
    "withdrawing": (
        "wait",
        for_later("Being cancelled"),
        for_later(
            "The vendor had it before the cancellation arrived. It is being ended there; then the money goes"
            " back, never before."
        ),
    ),
    "withdrawn": (
        "info",
        for_later("Cancelled while it was being delivered"),
        for_later("Nothing of it is at the vendor. The refunds below say how much goes back in each leg."),
    ),
}


@console.get("/orders/<code>")
def order_page(code: str) -> Response:
    """The page."""
    return show(code)


def show(
    code: str,
    status: int = 200,
    *,
    problem: str | None = None,
    delivery_id: UUID | None = None,
    form: Form | None = None,
) -> Response:
    """The page, with the refused form filled as it was sent."""
    with db.transaction():
        dossier = open_dossier(orders.find(code))
        disputed = [
            (dispute, moment(dispute.opened_at), moment(dispute.due_by), moment(dispute.ended_at))
            for dispute in disputes.of_order(dossier.order.id)
        ]
        offers = [
            offer_of(one.id) if one.state is DeliveryState.REFUSED else None for one in dossier.deliveries
        ]
    bought = [one.state for one in dossier.deliveries if not (one.ending or one.withdraws)]
    stage, words = stage_of(dossier.order.state, bought)
    if stage == "refused" and not any(offer for offer in offers):
        stage, words = "refunded", _("Refused and given back")
    tone, title, sentence = STATES[stage]
    title, sentence = _(title), _(sentence)
    return pages.render(
        "distributor/order.html",
        status,
        title=dossier.order.code,
        dossier=dossier,
        stage=(stage, words),
        headline=(tone, title, sentence),
        facts=facts(dossier),
        disputed=disputed,
        pages_at_stripe=[
            (attempt, moment(attempt.created_at), moment(attempt.expires_at)) for attempt in dossier.attempts
        ],
        acts=[acts_of(one.id, one.id == delivery_id, form) for one in dossier.deliveries],
        cancel_form=form if form is not None and delivery_id is None else Reason(prefix="cancel-"),
        offers=offers,
        paid_forms={
            one.id: Reason(prefix=f"paid-{key_of(one.id)}-") for one in dossier.refunds if one.failed
        },
        offered=refund_views.BEARERS,
        settled=dossier.order.state is OrderState.FUNDED,
        unpaid=dossier.order.state is OrderState.AWAITING_PAYMENT,
        uncovered=dossier.order.state is OrderState.UNCOVERED,
        problem=problem,
    )


def offer_of(delivery_id: UUID) -> Preview | None:
    """What a refund of a refused line would move exactly; none where nothing is left to give back."""
    delivery = deliveries.find(delivery_id)
    if delivery.state is not DeliveryState.REFUSED or delivery.action != Action.PROVISION:
        return None
    try:
        return line_refunds.preview(delivery.order_line_id, because=Because.REFUSED)
    except Refusal:
        return None


def faults(form: Form) -> str:
    """What is wrong with a form that is folded away, in words; what was typed is still in it."""
    said = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return _("%(said)s Nothing was changed; what you typed is still in the form.", said=said)


def facts(dossier: Dossier) -> dict[str, object]:
    """The key facts, as values the template draws."""
    order = dossier.order
    return {
        "fund": FUNDS[dossier.fund.kind] if dossier.fund else "",
        "placed": moment(order.created_at),
        "funded": moment(order.funded_at),
        "expires": moment(order.expires_at) if order.state is OrderState.AWAITING_PAYMENT else None,
        "reseller_url": url_for("distributor.reseller_page", code=dossier.reseller.code),
        "buyer": dossier.customer.name
        if dossier.customer
        else _("%(reseller)s (for itself)", reseller=dossier.reseller.name),
        "captured": Money(dossier.payment.captured_minor, order.currency)
        if dossier.payment and dossier.payment.captured_minor is not None
        else None,
        "fee": Money(dossier.payment.fee_minor, order.currency)
        if dossier.payment and dossier.payment.fee_minor is not None
        else None,
        "held": Money(dossier.hold.minor, dossier.hold.currency) if dossier.hold else None,
    }


def acts_of(delivery_id: UUID, is_sent: bool, form: Form | None) -> dict[str, Form]:
    """The forms of one delivery; the one that was refused keeps its input."""
    key = key_of(delivery_id)
    resolve, refuse = Resolution(prefix=f"resolve-{key}-"), Reason(prefix=f"refuse-{key}-")
    if is_sent and isinstance(form, Resolution):
        resolve = form
    elif is_sent and form is not None:
        refuse = form
    return {"resolve": resolve, "refuse": refuse, "cancel": Reason(prefix=f"cancel-{key}-")}


def key_of(row_id: UUID) -> str:
    """What tells the forms of several rows on one page apart."""
    return row_id.hex[-8:]


# --- Acts ---------------------------------------------------------------------------------------------------


def act(delivery_id: str, said: str, do: Callable[[UUID], None], form: Form | None = None) -> Response:
    """Does something with a delivery and goes back to where it was asked: the order, or the work queue."""
    require_role("subscriptions_manager")
    known = lists.identifier(delivery_id, "delivery")
    with db.transaction():
        order = orders.of_id(deliveries.find(known).order_id)
    if form is not None and not form.validate():
        return show(order.code, 422, problem=faults(form), delivery_id=known, form=form)
    try:
        with db.transaction():
            do(known)
    except Refusal as refusal:
        return show(order.code, refusal.status, problem=str(refusal), delivery_id=known, form=form)
    if request.form.get("back") == "work":
        return pages.see("distributor.work_queue", said)
    return pages.see("distributor.order_page", said, code=order.code)


@console.post("/deliveries/<delivery_id>/retry")
def retry(delivery_id: str) -> Response:
    """Due again now."""
    return act(delivery_id, "retried", lambda known: resolutions.retry(known, why="asked for in the console"))


@console.post("/deliveries/<delivery_id>/resolve")
def resolve(delivery_id: str) -> Response:
    """A person knows that it was delivered."""
    form = Resolution(request.form, prefix=f"resolve-{lists.identifier(delivery_id, 'delivery').hex[-8:]}-")
    return act(
        delivery_id,
        "resolved",
        lambda known: resolutions.resolve(
            known, external_id=form.external_id.data or "", licences=form.keys(), why=form.why.data or ""
        ),
        form,
    )


@console.post("/deliveries/<delivery_id>/refuse")
def refuse(delivery_id: str) -> Response:
    """A person says that it will not be delivered."""
    form = Reason(request.form, prefix=f"refuse-{lists.identifier(delivery_id, 'delivery').hex[-8:]}-")
    return act(delivery_id, "refused", lambda known: resolutions.refuse(known, why=form.why.data or ""), form)


@console.post("/orders/<code>/cancel")
def cancel(code: str) -> Response:
    """Gives up an unpaid order, and closes its page at Stripe if that can be reached."""
    require_role("subscriptions_manager")
    form = Reason(request.form, prefix="cancel-")
    if not form.validate():
        return show(code, 422, problem=faults(form), form=form)
    try:
        with db.transaction():
            order = orders.find(code)
            open_pages = pages_at_stripe(order)
            orders.cancel(order, why=form.why.data or "")
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal), form=form)
    for account, session_id in open_pages:
        close_page(account, session_id)
    return pages.see("distributor.order_page", "cancelled", code=code)


@console.post("/orders/<code>/cover")
def cover(code: str) -> Response:
    """Tries again to cover an order that was paid with too little left."""
    require_role("billing_agent")
    try:
        with db.transaction():
            orders.cover(orders.find(code))
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.order_page", "covered", code=code)


def pages_at_stripe(order: Order) -> list[tuple[GatewayAccount, str]]:
    """Pages at which this order may still be paid."""
    payment = payments.of_order(order.id)
    if payment is None:
        return []
    session_ids = db.session().scalars(
        select(PaymentAttempt.session_id).where(
            PaymentAttempt.payment_id == payment.id, PaymentAttempt.state == AttemptState.OPEN
        )
    )
    account = gateways.find(payment.gateway_account_id).account()
    return [(account, session_id) for session_id in session_ids if session_id]


def close_page(account: GatewayAccount, session_id: str) -> None:
    """Best effort: a page that stays open can only lead to a work item, never to a delivery."""
    try:
        stripe_gateway.expire_session(account, session_id)
    except Refusal as refusal:
        log.warning("order.page_stays_open", session=session_id, reason=str(refusal))
