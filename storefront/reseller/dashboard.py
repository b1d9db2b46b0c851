"""The reseller's first page: what waits, the figures of the month, and the way to the first sale."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from sqlalchemy import ColumnElement, exists, func, select
from werkzeug.wrappers import Response

from billing.refunds import Refund
from catalog.listings import Listing
from catalog.products import Plan
from checkout import reseller_plans
from checkout.orders import Order, OrderState, OrderWholesale
from core import clock, db, parties
from core.languages import Words, _
from core.money import Money
from core.parties import Customer
from core.tenancy import same_key
from partners import enrolments
from partners.invitations import Invitation
from partners.storefronts import Storefront, StorefrontState
from provisioning.deliveries import BOUGHT, Delivery, DeliveryState
from storefront import pages
from storefront.moments import Moment, moment
from storefront.reseller import console, menu, support
from storefront.reseller.margins import Margin, margin
from storefront.reseller.programmes import performance
from subscriptions.subscriptions import Subscription, SubscriptionState

STOPPED = (DeliveryState.NEEDS_ACTION, DeliveryState.UNKNOWN, DeliveryState.REFUSED)
STOPPED_WORDS = Words(
    {
        DeliveryState.NEEDS_ACTION: "Your distributor is putting something right by hand."
        " The payment is safe.",
        DeliveryState.UNKNOWN: "No clear answer from the vendor. It is being looked up;"
        " nobody is charged twice.",
        DeliveryState.REFUSED: "The vendor refused. Your distributor decides about the money.",
    }
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that does not go on by itself."""

    code: str
    url: str
    customer: str
    state: str
    words: str
    since: Moment | None


@dataclass(frozen=True, slots=True)
class Month:
    """What customers paid since the month began, what we pay for it, and what stays, in one currency."""

    name: str
    retail: Money
    wholesale: Money
    margin: Margin


@dataclass(frozen=True, slots=True)
class Task:
    """A line of the onboarding (parts/progress.html checklist)."""

    title: str
    words: str
    done: bool
    url: str
    act: str


@console.get("/")
def dashboard() -> Response:
    """The page; a console without one begins with the customers (P3)."""
    if menu.goes_without("no_dashboard"):
        return redirect(url_for("reseller.customer_list", said=request.args.get("said")), 303)
    with db.transaction():
        standing = parties.reseller(menu.reseller_id())
        own, storefront = reseller_plans.current(standing.id), menu.own_storefront()
        figures = counts()
        month = this_month()
        waits = waiting()
        tasks = onboarding(own is not None, storefront, figures)
        under_way = reseller_plans.under_way(standing.id)
        partnerships = [performance(one) for one in enrolments.running(standing.id)]
        manager = support.contact()
    done = sum(task.done for task in tasks)
    return pages.render(
        "reseller/dashboard.html",
        title=_("Dashboard"),
        figures=figures,
        month=month,
        waits=waits,
        tasks=tasks,
        done=done,
        percent=done * 100 // len(tasks),
        plan=own.product_name if own else "Basic",
        under_way=under_way,
        partnerships=partnerships,
        manager=manager,
        portal_url=menu.portal_url(storefront, absolute=True),
    )


def counts() -> dict[str, int]:
    """The numbers of the page, in one statement."""
    asked: dict[str, ColumnElement[Any]] = {
        "customers": counted(Customer, Customer.ended_at.is_(None)),
        "subscriptions": counted(
            Subscription,
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.customer_id.is_not(None),
        ),
        "unpaid": counted(Order, Order.state == OrderState.AWAITING_PAYMENT),
        "stopped": counted(Delivery, Delivery.state.in_(STOPPED)),
        "sales": counted(Order, Order.state == OrderState.FUNDED, Order.customer_id.is_not(None)),
        "invitations": counted(Invitation, Invitation.customer_id.is_not(None)),
        "own_prices": exists().where(
            same_key(Plan.id, Listing.plan_id),
            Listing.price_minor != Plan.list_minor,
        ),
    }
    row = db.session().execute(select(*(column.label(name) for name, column in asked.items()))).one()
    return {name: int(getattr(row, name)) for name in asked}


def counted(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    """How many rows of the scope."""
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


def month_start(now: datetime) -> datetime:
    """Midnight UTC of the first of the month."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def this_month() -> list[Month]:
    """One entry per currency; the reseller's own orders are no sales."""
    begins = month_start(clock.business_now())
    paid = select(Order.id).where(
        Order.state == OrderState.FUNDED, Order.customer_id.is_not(None), Order.funded_at >= begins
    )
    retail = (
        select(Order.currency, func.sum(Order.net_minor)).where(Order.id.in_(paid)).group_by(Order.currency)
    )
    wholesale = (
        select(OrderWholesale.currency, func.sum(OrderWholesale.total_minor))
        .where(OrderWholesale.order_id.in_(paid))
        .group_by(OrderWholesale.currency)
    )
    costs = {currency: int(minor) for currency, minor in db.session().execute(wholesale)}
    months: list[Month] = []
    for currency, minor in db.session().execute(retail.order_by(Order.currency)):
        brought, cost = Money(int(minor), currency), Money(costs.get(currency, 0), currency)
        months.append(Month(f"{begins:%B}", brought, cost, margin(brought, cost)))
    return months


def waiting(most: int = 6) -> list[Waiting]:
    """Deliveries that stopped first, then unpaid orders; oldest first."""
    customers = same_key(Customer.id, Order.customer_id)
    stopped = db.session().execute(
        select(Order, Customer.name, Delivery.state, Delivery.changed_at)
        .join(Delivery, same_key(Delivery.order_id, Order.id))
        .outerjoin(Customer, customers)
        .where(Delivery.state.in_(STOPPED), BOUGHT, ~given_back())
        .order_by(Delivery.changed_at)
        .limit(most)
    )
    unpaid = db.session().execute(
        select(Order, Customer.name)
        .outerjoin(Customer, customers)
        .where(Order.state == OrderState.AWAITING_PAYMENT)
        .order_by(Order.id)
        .limit(most)
    )
    found = [waits(order, name, state, STOPPED_WORDS[state], at) for order, name, state, at in stopped]
    for order, name in unpaid:
        words = _("Your customer has not paid yet.") if name else _("You have not paid yet.")
        found.append(
            waits(
                order,
                name,
                order.state,
                _("%(words)s It is kept for 24 hours.", words=words),
                order.created_at,
            )
        )
    return found[:most]


def given_back() -> Any:
    """The money of a delivery's line is on its way back: nobody waits for it any more."""
    return exists().where(
        same_key(Refund.order_line_id, Delivery.order_line_id),
        Delivery.state == DeliveryState.REFUSED,
    )


def waits(order: Order, customer: str | None, state: str, words: str, since: datetime) -> Waiting:
    """One line of what waits."""
    return Waiting(
        order.code,
        url_for("reseller.order_page", code=order.code),
        customer or _("For yourself"),
        state,
        words,
        moment(since),
    )


def onboarding(has_plan: bool, storefront: Storefront | None, figures: dict[str, int]) -> Sequence[Task]:
    """From Basic to the first sale; each step is read from what is there, so it can be left and resumed."""
    is_open = storefront is not None and storefront.state is StorefrontState.OPEN
    branded = storefront is not None and bool(storefront.settings or storefront.logo)
    return (
        Task(
            _("Choose a plan"),
            _("Free or Standard: both open a storefront of your own."),
            has_plan,
            url_for("reseller.plan_page"),
            _("See the plans"),
        ),
        Task(
            _("Open your storefront"),
            _("It opens by itself as soon as your plan is delivered."),
            is_open,
            url_for("reseller.plan_page"),
            _("See where it stands"),
        ),
        Task(
            _("Make it yours"),
            _("Your logo, colours and words, with a live preview."),
            branded,
            url_for("reseller.branding_page"),
            _("Customise"),
        ),
        Task(
            _("Set your prices"),
            _("The shelf starts with the recommended prices."),
            bool(figures["own_prices"]),
            url_for("reseller.price_list"),
            _("Set prices"),
        ),
        Task(
            _("Invite a customer"),
            _("They get a mail, choose a password and see your prices."),
            bool(figures["invitations"] or figures["customers"]),
            url_for("reseller.invite_form"),
            _("Invite"),
        ),
        Task(
            _("Make the first sale"),
            _("Your customer orders, pays, and the licences arrive."),
            bool(figures["sales"]),
            url_for("reseller.order_list"),
            _("See orders"),
        ),
    )
