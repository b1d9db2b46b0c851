"""One subscription as the distributor sees it: whose it is, how it ends, what happened to it."""

from sqlalchemy import select
from werkzeug.wrappers import Response

from checkout.orders import Order, OrderLine
from core import db, parties
from core.clock import business_now
from core.errors import Missing
from core.languages import _
from core.tenancy import same_key
from storefront import belongings, endings, pages
from storefront.distributor import console
from storefront.moments import moment
from storefront.units import counted
from storefront.visitors import has_role
from subscriptions import subscriptions
from subscriptions.subscriptions import LicenceState


@console.get("/subscriptions/<code>")
def subscription_page(code: str) -> Response:
    """Facts, end and timeline."""
    return show_subscription(code)


def show_subscription(code: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction() as session:
        try:
            found = subscriptions.find(code)
        except Missing:
            raise Missing("subscription") from None
        reseller = parties.reseller(found.reseller_id)
        customer = parties.customer(found.customer_id) if found.customer_id else None
        seats = subscriptions.licences(found.id)
        joined = same_key(OrderLine.order_id, Order.id)
        order = session.scalar(
            select(Order.code).join(OrderLine, joined).where(OrderLine.id == found.order_line_id)
        )
        ending, happened, now = endings.ending_of(found), endings.timeline_of(found), business_now()
        together = belongings.of_service(found)
    valid = sum(seat.state is not LicenceState.REVOKED for seat in seats)
    return pages.render(
        "distributor/subscription.html",
        status,
        title=found.code,
        subscription=found,
        amount=counted(found.quantity, found.unit),
        reseller=reseller,
        customer=customer,
        licences=_("%(valid)s of %(all)s valid", valid=valid, all=found.quantity) if seats else _("none"),
        starts=moment(found.starts_at, now),
        ends=moment(found.ends_at, now),
        order=order,
        ending=ending,
        happened=happened,
        together=together,
        words=endings.WORDS,
        may_act=has_role("subscriptions_manager"),
        problem=problem,
    )
