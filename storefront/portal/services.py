"""What the customer has: services with their state, and the seats of each, with keys and the people they are
given to."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import func, or_, select
from werkzeug.wrappers import Response

from billing.invoices import Invoice
from catalog import publication, upgrades
from catalog.products import Plan, Product
from checkout.orders import Order, OrderLine
from core import db
from core.clock import business_now
from core.languages import _
from core.tenancy import same_key
from provisioning.deliveries import BOUGHT, Delivery, DeliveryState
from storefront import belongings, endings, exports, lists, pages
from storefront.endings import WORDS
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.basket import as_id
from storefront.visitors import has_role, require_role, signed_in_customer, the_shop
from subscriptions import subscriptions
from subscriptions.subscriptions import Licence, LicenceState, Subscription, SubscriptionState

SEATS = 50
ROLES = ("subscriptions_manager", "cloud_administrator")
MAY_CANCEL = ("subscriptions_manager",)
TONES = {"pending": "provisioning"}
pages.saying(assigned="The seat is assigned.", released="The seat is free again.")


@portal.get("/services")
@signed_in_customer
def services() -> Response:
    """Newest first; search by product, plan or code."""
    with db.transaction():
        page = lists.page(the_list(), select(Subscription))
    return pages.render("portal/services.html", title=_("My services"), page=page, words=WORDS, tones=TONES)


@portal.get("/services.csv")
@signed_in_customer
def service_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Subscription))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Services"),
        "portal.services",
        [
            Column(
                "service", _("Service"), lambda row: row["service"].product_name, Subscription.product_name
            ),
            Column("plan", _("Plan"), lambda row: row["service"].plan_name, only_file=True),
            Column("code", _("Code"), lambda row: row["service"].code, only_file=True),
            Column("state", _("State"), lambda row: WORDS[row["service"].state]),
            Column(
                "quantity", _("Quantity"), lambda row: row["service"].quantity, Subscription.quantity, "num"
            ),
            Column("assigned", _("Assigned"), itemgetter("used"), kind="num"),
            Column("ends", _("Term ends"), itemgetter("ends"), lists.last_if_empty(Subscription.ends_at)),
            Column(
                "bought",
                _("Bought"),
                lambda row: moment(row["service"].created_at),
                Subscription.id,
                only_file=True,
            ),
        ],
        Subscription.id,
        rows_of,
        "-bought",
        search=lambda query: or_(
            *(
                column.icontains(query, autoescape=True)
                for column in (Subscription.product_name, Subscription.plan_name, Subscription.code)
            )
        ),
        filters=[
            lists.Choice(
                "state", _("State"), list(WORDS.items()), lambda w: Subscription.state == SubscriptionState(w)
            ),
            Days("ends", _("Term ends"), Subscription.ends_at),
        ],
        export="portal.service_file",
        always=subscriptions.SHOWN,
        size=20,
    )


def rows_of(found: Sequence[tuple[Subscription]]) -> list[dict[str, Any]]:
    """Services as the list shows them; one statement more for a page."""
    used = _assigned([one.id for (one,) in found])
    cancelled, now = endings.cancelled_of([one for (one,) in found]), business_now()
    return [
        {
            "service": one,
            "used": used.get(one.id, 0),
            "ends": moment(one.ends_at, now),
            "cancelled": one.id in cancelled,
        }
        for (one,) in found
    ]


def _assigned(subscription_ids: list[Any]) -> dict[Any, int]:
    """subscription -> seats given to somebody."""
    if not subscription_ids:
        return {}
    chosen = (
        select(Licence.subscription_id, func.count())
        .where(Licence.subscription_id.in_(subscription_ids), Licence.state == LicenceState.ASSIGNED)
        .group_by(Licence.subscription_id)
    )
    return {subscription_id: count for subscription_id, count in db.session().execute(chosen)}


@portal.get("/services/<code>")
@signed_in_customer
def service(code: str) -> Response:
    """Facts, seats and keys of one service."""
    return service_page(code)


def service_page(
    code: str, *, typed: str = "", problem: str = "", refused: str = "", status: int = 200
) -> Response:
    """The page, with kept input where a seat was refused (`problem`), or what was refused about its end."""
    with db.transaction():
        found, now = subscriptions.find(code), business_now()
        used = _assigned([found.id]).get(found.id, 0)
        order, delivery, invoice_id = _bought_with(found)
        about = {
            **_seats_of(found),
            **_on_sale(found),
            "ending": endings.ending_of(found),
            "happened": endings.timeline_of(found),
            "together": belongings.of_service(found),
        }
    moving = found.state is SubscriptionState.ENDING or (
        found.state is SubscriptionState.PENDING
        and delivery is not None
        and delivery.state is not DeliveryState.NEEDS_ACTION
    )
    return pages.render(
        "portal/service.html",
        status,
        title=found.product_name,
        service=found,
        used=used,
        free=found.licences_issued - used,
        percent=round(100 * used / found.quantity),
        order=order,
        delivery=delivery,
        invoice_id=invoice_id,
        starts=moment(found.starts_at, now),
        ends=moment(found.ends_at, now),
        may_cancel=has_role(*MAY_CANCEL),
        words=WORDS,
        tones=TONES,
        typed=typed,
        problem=problem,
        refused=refused,
        may_assign=has_role(*ROLES),
        many=found.licences_issued > SEATS,
        refresh_seconds=5 if moving else None,
        price=found.price,
        total=found.price * found.quantity,
        **about,
    )


def _seats_of(service: Subscription) -> dict[str, Any]:
    """A page of its seats, by number, as `?q=` and `?after=` say."""
    after, query = request.args.get("after", ""), request.args.get("q", "").strip()[:100]
    chosen = select(Licence).where(Licence.subscription_id == service.id).order_by(Licence.number)
    if after.isascii() and after.isdigit() and len(after) < 10:
        chosen = chosen.where(Licence.number > int(after))
    if query:
        named = (Licence.assignee, Licence.key)
        chosen = chosen.where(or_(*(column.icontains(query, autoescape=True) for column in named)))
    found = list(db.session().scalars(chosen.limit(SEATS + 1)))
    onwards = len(found) > SEATS
    return {
        "seats": found[:SEATS],
        "seat_query": query,
        "first_url": url_for("portal.service", code=service.code) if after else None,
        "next_url": url_for(
            "portal.service", code=service.code, q=query or None, after=found[SEATS - 1].number
        )
        if onwards
        else None,
    }


def _bought_with(service: Subscription) -> tuple[Order | None, Delivery | None, UUID | None]:
    """The order, the delivery and the invoice of its purchase."""
    chosen = (
        select(Order, Delivery, Invoice.id)
        .join(OrderLine, same_key(OrderLine.order_id, Order.id))
        .outerjoin(Delivery, same_key(Delivery.order_line_id, OrderLine.id) & BOUGHT)
        .outerjoin(Invoice, same_key(Invoice.order_id, Order.id))
        .where(OrderLine.id == service.order_line_id)
    )
    found = db.session().execute(chosen).first()
    return (found[0], found[1], found[2]) if found else (None, None, None)


def _on_sale(service: Subscription) -> dict[str, Any]:
    """Where it can be bought again, what it may become, and what takes its place where it is not sold any
    more."""
    sold_as = db.session().scalar(
        select(Product.code)
        .join(Plan, same_key(Plan.product_id, Product.id))
        .where(Plan.id == service.plan_id, Product.published, Plan.published)
    )
    instead = publication.replacement(service.plan_id) if sold_as is None else None
    return {
        "again_url": url_for("portal.product", code=sold_as) if sold_as and not the_shop().closed else None,
        "onwards": [
            (f"{one.product}, {one.plan}", url_for("portal.product", code=one.product_code))
            for one in upgrades.steps(service.plan_id)
            if one.published and not one.down
        ],
        "instead": instead.instead if instead else None,
        "instead_url": url_for("portal.product", code=instead.instead_code)
        if instead and instead.instead_code
        else None,
    }


@portal.post("/services/<code>/assign")
@signed_in_customer
def assign(code: str) -> Response:
    """The next free seat to somebody."""
    require_role(*ROLES)
    to = request.form.get("to", "")[: subscriptions.LONGEST_ASSIGNEE]
    try:
        with db.transaction():
            subscriptions.assign(subscriptions.find(code), to)
    except (
        subscriptions.NoAssignee,
        subscriptions.NoFreeSeat,
        subscriptions.HasSeat,
        subscriptions.NotAssignable,
    ) as refusal:
        return service_page(code, typed=to, problem=str(refusal), status=refusal.status)
    return pages.see("portal.service", "assigned", code=code)


@portal.post("/services/<code>/release")
@signed_in_customer
def release(code: str) -> Response:
    """A seat back."""
    require_role(*ROLES)
    with db.transaction():
        subscriptions.release(subscriptions.find(code), as_id(request.form.get("seat", ""), "seat"))
    return pages.see("portal.service", "released", code=code)
