"""The mails about the end of a service: cancelled, kept after all, ending soon, ended. They go to whoever
ordered it, from the shop where they are at home; resellers hear of their plan from the distributor."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from checkout import reseller_plans
from checkout.orders import Order, OrderCost, OrderLine
from core import db, languages, parties
from core.clock import business_now
from core.languages import _
from core.tenancy import Side, same_key
from partners import storefronts
from partners.storefronts import StorefrontState
from storefront import links, mail
from storefront.mail import sender
from storefront.mailer import Mail
from storefront.moments import moment
from storefront.units import counted
from subscriptions import cancellations
from subscriptions.cancellations import Cancellation, CancellationState
from subscriptions.subscriptions import STANDING, Subscription


def service_cancelled(cancellation_id: UUID) -> Mail | None:
    """What was cancelled, by whom, until when it works; nothing when it was kept meanwhile."""
    asked = _cancellation(cancellation_id)
    if asked.state is CancellationState.WITHDRAWN:
        return None
    service = _subscription(asked.subscription_id)
    owner = Side.CUSTOMER if service.customer_id else Side.RESELLER
    return _to_the_owner(
        service,
        "service_cancelled",
        _("Cancelled: %(product)s", product=service.product_name),
        until=asked.ends_at,
        by=asked.by,
        may_keep=cancellations.may_take_back(owner, asked),
        back=asked.back.text if asked.back is not None else "",
    )


def service_kept(cancellation_id: UUID) -> Mail | None:
    """The cancellation was taken back; nothing when it was cancelled once more."""
    service = _subscription(_cancellation(cancellation_id).subscription_id)
    if cancellations.standing(service.id) is not None or service.state not in STANDING:
        return None
    ends = cancellations.end_of_service(service, None)
    return _to_the_owner(
        service, "service_kept", _("Kept: %(product)s", product=service.product_name), until=ends
    )


def service_ends_soon(subscription_id: UUID) -> Mail | None:
    """A notice; nothing when the end has come meanwhile."""
    service = _subscription(subscription_id)
    asked = cancellations.standing(service.id)
    ends = cancellations.end_of_service(service, asked)
    if ends is None or service.state not in STANDING or ends <= business_now():
        return None
    days = max(1, -(-(ends - business_now()).total_seconds() // 86400))
    left = languages.counted("%(n)s day", "%(n)s days", int(days))
    return _to_the_owner(
        service,
        "service_ends_soon",
        _("%(product)s ends in %(time)s", product=service.product_name, time=left),
        until=ends,
        left=left,
        cancelled=asked is not None,
    )


def service_ended(subscription_id: UUID) -> Mail | None:
    """The vendor confirmed the end: what no longer works, and what to do to go on. Nothing about a plan that
    another one has replaced."""
    service = _subscription(subscription_id)
    plan = _opens_storefront(service)
    if plan and reseller_plans.running(service.reseller_id):
        return None
    shop = storefronts.of_reseller(service.reseller_id) if plan else None
    closed = shop is not None and shop.state is StorefrontState.CLOSED
    kept = moment(shop.alias_kept_until) if shop is not None and closed else None
    return _to_the_owner(
        service,
        "service_ended",
        _("Ended: %(product)s", product=service.product_name),
        until=service.ends_at,
        licences=service.licences_issued,
        alias=shop.alias if shop is not None and closed else "",
        kept_until=kept.exact if kept else "",
    )


# --- From whom, to whom -------------------------------------------------------------------------------------


def _to_the_owner(service: Subscription, template: str, subject: str, *, until: Any, **values: Any) -> Mail:
    order = _order_of(service)
    shop = sender(links.open_shop_of(service.reseller_id) if order.customer_id else links.house())
    where = "services" if order.customer_id else "reseller/subscriptions"
    ends = moment(until)
    about = {
        "service": service.product_name,
        "plan": service.plan_name,
        "amount": counted(service.quantity, service.unit),
        "code": service.code,
        "until": ends.exact if ends else "",
        "service_url": f"{shop.url}/{where}/{service.code}",
        "shop_url": f"{shop.url}/" if order.customer_id else f"{shop.url}/reseller/plans",
        "is_plan": _opens_storefront(service),
    }
    reason = _("You get this mail because you ordered %(code)s at %(shop)s.", code=order.code, shop=shop.name)
    if service.reseller_id != order.reseller_id and service.customer_id is not None:  # taken over since
        customer = parties.customer(service.customer_id)
        reason = _("You get this mail because you are a customer of %(shop)s.", shop=shop.name)
        return Mail(template, shop, customer.email, customer.name, subject, reason, about | values)
    return Mail(template, shop, order.email, order.placed_by, subject, reason, about | values)


def _subscription(subscription_id: UUID) -> Subscription:
    return db.session().scalars(select(Subscription).where(Subscription.id == subscription_id)).one()


def _cancellation(cancellation_id: UUID) -> Cancellation:
    return db.session().scalars(select(Cancellation).where(Cancellation.id == cancellation_id)).one()


def _order_of(service: Subscription) -> Order:
    joined = same_key(OrderLine.order_id, Order.id)
    mine = OrderLine.id == service.order_line_id
    return db.session().scalars(select(Order).join(OrderLine, joined).where(mine)).one()


def _opens_storefront(service: Subscription) -> bool:
    opens = select(OrderCost.opens_storefront).where(OrderCost.order_line_id == service.order_line_id)
    return bool(db.session().scalar(opens))


mail.register("mail_service_cancelled", "cancellation_id", service_cancelled)
mail.register("mail_service_kept", "cancellation_id", service_kept)
mail.register("mail_service_ends_soon", "subscription_id", service_ends_soon)
mail.register("mail_service_ended", "subscription_id", service_ended)
