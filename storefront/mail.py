"""The mails of the product: one function for each, which reads rows and returns what the mail says. Each is
a durable task that the table in app.py names (`mail_order_received`, ...), sent by `storefront.mailer`
outside the transaction. A mail is safe to repeat: its Message-ID is fixed."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from billing import credit_notes, documents, refunds, tax
from billing.documents import Line, Paper
from billing.refunds import Because, Way
from checkout import discounts, line_refunds, orders
from checkout.orders import Order, OrderCost, OrderLine, OrderState, PayBy
from core import db, languages, parties, tasks, work
from core.languages import _
from core.parties import Customer, Reseller
from core.tasks import Claimed, Kind, Limits, Repeat
from core.tenancy import Side, same_key
from partners import acceptances, invitations, relations, storefronts
from partners.invitations import Invitation, InvitationState
from partners.roles import ADMIN
from partners.storefronts import Image, Storefront
from provisioning import deliveries
from provisioning.connectors.base import Action
from provisioning.deliveries import Delivery, DeliveryState
from storefront import links, mailer, taxes, units
from storefront.mailer import Letter, Mail, Sender
from storefront.moments import moment
from storefront.shop import looks
from subscriptions.subscriptions import Subscription


# --- From whom, to whom -------------------------------------------------------------------------------------
def sender(shop: Storefront) -> Sender:
    """The shop as its mails show it."""
    url, distributor = links.address(shop), parties.the_distributor()
    reseller = parties.reseller(shop.reseller_id)
    theme, settings = looks(shop.id, shop.version, shop.theme, json.dumps(shop.settings))
    picture = select(Image.content).where(Image.reseller_id == shop.reseller_id, Image.name == shop.logo)
    logo = db.session().scalar(picture) if shop.logo else None
    legal, contact = (
        (distributor.name, distributor.contact_email) if reseller.house else (reseller.name, reseller.email)
    )
    return Sender(shop.name, legal, url, logo, contact, theme, settings)


def _sender_of(order: Order) -> Sender:
    """Customers hear from their reseller's shop, resellers from the distributor's. Read once in a
    transaction: a worker draws several mails in one, and most of what they need is their shop."""
    known: dict[UUID | None, Sender] = db.session().info.setdefault("senders", {})
    theirs = order.reseller_id if order.customer_id else None
    if theirs not in known:
        known[theirs] = sender(links.open_shop_of(theirs) if theirs else links.house())
    return known[theirs]


def _place_of(order: Order, shop: Sender) -> str:
    """Where the buyer sees the order."""
    return (
        f"{shop.url}/orders/{order.code}" if order.customer_id else f"{shop.url}/reseller/orders/{order.code}"
    )


def _to_the_buyer(order: Order, template: str, subject: str, **values: Any) -> Mail:
    shop = _sender_of(order)
    reason = _("You get this mail because you ordered %(code)s at %(shop)s.", code=order.code, shop=shop.name)
    about = {"code": order.code, "order_url": _place_of(order, shop)}
    return Mail(template, shop, order.email, order.placed_by, subject, reason, about | values)


# --- The mails ----------------------------------------------------------------------------------------------
def order_received(order_id: UUID) -> Mail | None:
    """To the buyer, when an order is placed; nothing when it was cancelled meanwhile."""
    order = orders.of_id(order_id)
    if order.state is OrderState.CANCELLED:
        return None
    until, place = moment(order.expires_at), _place_of(order, _sender_of(order))
    return _to_the_buyer(
        order,
        "order_received",
        _("We have your order %(code)s", code=order.code),
        lines=[_words_of(line) for line in orders.lines(order.id)],
        sums=[
            (word, amount.text)
            for word, amount, _ in taxes.after_discounts(
                taxes.of_order(order),
                order.net,
                [(one.name, one.total) for one in discounts.of_order(order.id)],
            )
        ],
        unpaid=order.state is OrderState.AWAITING_PAYMENT,
        by_transfer=order.pay_by is PayBy.TRANSFER,
        until=until.exact if until else "",
        confirmation_url=f"{place}/confirmation.pdf",
    )


PAID_BY = {PayBy.CARD: "Card", PayBy.ACCOUNT: "On account", PayBy.TRANSFER: "Bank transfer"}


def confirmation(order: Order) -> Paper:
    """The order's confirmation, as its buyer, reseller and distributor fetch it."""
    taken = discounts.of_order(order.id)
    return documents.confirmation(
        order.code,
        placed_at=order.created_at,
        placed_by=order.placed_by,
        payment=PAID_BY[order.pay_by],
        seller=order.seller,
        buyer=order.buyer,
        lines=[
            Line(
                line.number,
                f"{line.product_name}, {line.plan_name}" + discounts.said_of(line, taken),
                str(line.quantity),
                line.unit_price,
                tax.percent(line.tax_basis_points),
                line.total,
            )
            for line in orders.lines(order.id)
        ],
        net=order.net,
        taxed=order.tax,
        tax_name=order.tax_name,
        gross=order.total,
        kind=order.tax_kind,
        cancelled=order.state is OrderState.CANCELLED,
    )


def service_ready(subscription_id: UUID) -> Mail | None:
    """To the buyer, when the vendor delivered: a reseller plan opened the storefront, anything else is
    ready to use."""
    subscription, order, is_plan = db.session().execute(_SERVICE, {"subscription": subscription_id}).one()
    opened = storefronts.of_reseller(order.reseller_id) if is_plan else None
    if opened is not None:
        return _storefront_ready(order, subscription, opened)
    shop = _sender_of(order)
    ends = moment(subscription.ends_at)
    return _to_the_buyer(
        order,
        "service_ready",
        _("Ready: %(product)s", product=subscription.product_name),
        service=subscription.product_name,
        plan=subscription.plan_name,
        amount=units.counted(subscription.quantity, subscription.unit),
        licences=subscription.licences_issued,
        until=ends.date if ends else "",
        service_url=f"{shop.url}/services/{subscription.code}"
        if order.customer_id
        else _place_of(order, shop),
    )


def _storefront_ready(order: Order, subscription: Subscription, opened: Storefront) -> Mail:
    portal, house = links.address(opened), links.address(links.house())
    return _to_the_buyer(
        order,
        "storefront_ready",
        _("Your storefront is open: log in and customise your portal"),
        plan=subscription.product_name,
        portal_url=portal,
        studio_url=f"{house}/reseller/branding",
        email=order.email,
    )


def needs_attention(delivery_id: UUID) -> Mail:
    """To the distributor's contact: a delivery waits for a person."""
    delivery, order, line = _about(delivery_id)
    shop, distributor = sender(links.house()), parties.the_distributor()
    customer = parties.customer(order.customer_id).name if order.customer_id else ""
    values = {
        "code": order.code,
        "service": line.product_name,
        "amount": units.counted(line.quantity, line.unit),
        "customer": customer,
        "reseller": parties.reseller(order.reseller_id).name,
        "note": delivery.note,
        "ending": delivery.action == Action.END,
        "work_url": f"{shop.url}/distributor/work",
    }
    subject = _(
        "Waits for you: %(product)s for %(buyer)s (%(code)s)",
        product=line.product_name,
        buyer=customer or values["reseller"],
        code=order.code,
    )
    reason = _(
        "You get this mail because you are the contact of %(distributor)s.", distributor=distributor.name
    )
    return Mail("needs_attention", shop, distributor.contact_email, distributor.name, subject, reason, values)


def we_are_on_it(delivery_id: UUID) -> Mail:
    """To the buyer of that delivery, in plain words: it takes longer, and nothing is charged twice."""
    _delivery, order, line = _about(delivery_id)
    subject = _("We are on it: %(product)s", product=line.product_name)
    return _to_the_buyer(
        order,
        "we_are_on_it",
        subject,
        service=line.product_name,
        amount=units.counted(line.quantity, line.unit),
    )


def delivery_refused(delivery_id: UUID) -> Mail:
    """To the buyer, where nothing is on its way back: what happened, what is with the money, what comes
    next."""
    delivery, order, line = _about(delivery_id)
    cancelled = delivery.state is DeliveryState.CANCELLED
    return _to_the_buyer(
        order,
        "delivery_refused",
        _("Cancelled: %(product)s", product=line.product_name)
        if cancelled
        else _("We could not deliver %(product)s", product=line.product_name),
        cancelled=cancelled,
        service=line.product_name,
        amount=units.counted(line.quantity, line.unit),
        note=vendors_words(order, delivery),
        total=line.gross.text,
        paid_by_card=order.pay_by is not PayBy.ACCOUNT,
        free=not line.total,
    )


def vendors_words(order: Order, delivery: Delivery) -> str:
    """Why a vendor refused, as it said it: for resellers, who deal with it; customers read our words."""
    return "" if order.customer_id else delivery.note


def refunded(refund_id: UUID) -> Mail | None:
    """To the buyer, once for each refund: what happened, and that the money is on its way back; nothing where
    only the reseller gets something."""
    refund = refunds.find(refund_id)
    if not refund.amount:
        return None
    order, line = orders.of_id(refund.order_id), line_refunds.line_of(refund.order_line_id)
    notes = [note for note in credit_notes.of_order(order.id) if note.refund_id == refund.id]
    refused = deliveries.of_line(line.id, Action.PROVISION)
    subjects = {
        Because.REFUSED: _(
            "We could not deliver %(product)s: you get %(amount)s back",
            product=line.product_name,
            amount=refund.amount.text,
        ),
        Because.CANCELLED: _(
            "Cancelled: %(product)s: you get %(amount)s back",
            product=line.product_name,
            amount=refund.amount.text,
        ),
        Because.BY_HAND: _(
            "You get %(amount)s back for %(product)s", amount=refund.amount.text, product=line.product_name
        ),
    }
    return _to_the_buyer(
        order,
        "refunded",
        subjects[refund.because],
        because=refund.because.value,
        service=line.product_name,
        amount=units.counted(line.quantity, line.unit),
        note=vendors_words(order, refused) if refused and refund.because is Because.REFUSED else "",
        why=refund.why,
        money=refund.amount.text,
        whole=refund.amount == line.gross,
        total=line.gross.text,
        to_card=refund.way is Way.CARD,
        by_bank=refund.way is Way.TRANSFER,
        credit_note=notes[0].label if notes else "",
    )


def invitation(invitation_id: UUID) -> Mail | None:
    """To the invited person, with the link that works once; nothing when it was revoked or used meanwhile.
    Whoever was added and has an account reads that it is there: signing in is enough (P9)."""
    invited = db.session().scalars(select(Invitation).where(Invitation.id == invitation_id)).one()
    if invited.state is not InvitationState.PENDING:
        return None
    shop = sender(links.open_shop_of(invited.reseller_id) if invited.side is Side.CUSTOMER else links.house())
    company, until = _company(invited), moment(invited.expires_at)
    values = {
        "company": company,
        "invited_by": invited.invited_by,
        "until": until.exact if until else "",
        "email": invited.email,
        "link": f"{shop.url}/invitations/{invitations.fresh_token(invited)}",
        "known": invited.adds and acceptances.has_account(invited.email),
        "words": [part.strip() for part in invited.words.split(invitations.LINK)],
        "brings": what_it_brings(invited),
    }
    reason = _(
        "You get this mail because %(person)s entered this address at %(shop)s.",
        person=invited.invited_by,
        shop=shop.name,
    )
    subject = _("%(person)s invites you to %(company)s", person=invited.invited_by, company=company)
    if values["known"]:
        subject = _("%(person)s has added you to %(company)s", person=invited.invited_by, company=company)
    return Mail("invitation", shop, invited.email, invited.name, subject, reason, values)


def what_it_brings(invited: Invitation) -> list[str]:
    """Whether admin rights are asked for and which agreements come with the relation, so that it is known
    before the link is opened (M33, M34)."""
    if invited.customer_id is None or ADMIN not in invited.roles:
        return []
    asked = relations.of_customer(parties.customer(invited.customer_id))
    lines: list[str] = []
    if asked.rights:
        lines.append(
            _(
                "%(person)s asks for admin rights, too: to open your services and to give seats to your"
                " people. You decide, and can remove them at any time.",
                person=asked.by,
            )
        )
    elif asked.offered:
        lines.append(_("No admin rights are asked for: your services and seats stay yours to look after."))
    lines += [_("You accept “%(agreement)s” with it.", agreement=row.name) for row in asked.agreements]
    return lines


def _words_of(line: OrderLine) -> tuple[str, str]:
    return (
        f"{line.product_name}, {line.plan_name}",
        f"{units.counted(line.quantity, line.unit)}, {line.total.text} {line.billing_period.per}",
    )


# Drawn up once: nearly every delivery has such a mail.
_SERVICE = (
    select(Subscription, Order, OrderCost.opens_storefront)
    .join(OrderCost, same_key(OrderCost.order_line_id, Subscription.order_line_id))
    .join(Order, same_key(Order.id, OrderCost.order_id))
    .where(Subscription.id == bindparam("subscription"))
)


def _about(delivery_id: UUID) -> tuple[Delivery, Order, OrderLine]:
    delivery = deliveries.find(delivery_id)
    line = db.session().scalars(select(OrderLine).where(OrderLine.id == delivery.order_line_id)).one()
    return delivery, orders.of_id(delivery.order_id), line


def _company(invited: Invitation) -> str:
    """The account somebody is invited to."""
    if invited.customer_id:
        return db.session().scalars(select(Customer.name).where(Customer.id == invited.customer_id)).one()
    if invited.reseller_id:
        return db.session().scalars(select(Reseller.name).where(Reseller.id == invited.reseller_id)).one()
    return parties.the_distributor().name


# --- As tasks -----------------------------------------------------------------------------------------------
LANGUAGE = languages.SOURCE
"""Of every mail: nobody's language is known beyond the browser in which it was chosen."""
MAILS: dict[str, tuple[str, Callable[[UUID], Mail | None]]] = {}
"""kind of task -> the argument that names its object, and the function that says what the mail says."""

FIRST: Mapping[str, tuple[str, Callable[[UUID], Mail | None]]] = {
    "mail_order_received": ("order_id", order_received),
    "mail_service_ready": ("subscription_id", service_ready),
    "mail_needs_attention": ("delivery_id", needs_attention),
    "mail_we_are_on_it": ("delivery_id", we_are_on_it),
    "mail_delivery_refused": ("delivery_id", delivery_refused),
    "mail_refunded": ("refund_id", refunded),
    "mail_invitation": ("invitation_id", invitation),
}


def _prepare(task: Claimed) -> Letter | None:
    """In the transaction: rows become a mail. The task's id is one per (template, object, event), so it is
    the Message-ID's."""
    argument, say = MAILS[task.kind]
    with languages.speaking(LANGUAGE):
        mail = say(UUID(task.args[argument]))
    return Letter(mail, str(task.id), task.attempts) if mail else None


def _limits(_lane: str) -> Limits:
    return Limits(
        timeout=timedelta(seconds=15),
        send_deadline=timedelta(seconds=10),
        settle=timedelta(seconds=30),
        slots=8,
    )


def _on_parked(task: Claimed, note: str) -> None:
    work.open_item(
        "mail not sent",
        about_type="tasks",
        about_id=task.id,
        words=note,
        suggestion="Mend the address or the mail server, then retry the task.",
    )


def register(kind: str, argument: str, say: Callable[[UUID], Mail | None]) -> None:
    """Makes a mail known as a kind of task; modules with mails of their own call it."""
    MAILS[kind] = argument, say
    tasks.register(
        Kind(kind, Repeat.SAFE, prepare=_prepare, call=mailer.send, limits=_limits, on_parked=_on_parked)
    )


for _kind, (_argument, _say) in FIRST.items():
    register(_kind, _argument, _say)
