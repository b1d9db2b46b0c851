"""A customer cancels a service to the end of its term, after a page that says what that means, or keeps it
after all."""

from flask import url_for
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from storefront import belongings, endings, pages
from storefront.mail import counted
from storefront.portal import portal
from storefront.portal.services import service_page
from storefront.visitors import require_role, signed_in_customer, visitor
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import STANDING

pages.saying(
    service_cancelled="It is cancelled. It works as before until its end, and you may keep it until then.",
    service_kept="It is kept: the cancellation is taken back.",
)


@portal.get("/services/<code>/cancel")
@signed_in_customer
def cancel_form(code: str) -> Response:
    """What ends when, and what that means; nothing happens yet."""
    require_role("subscriptions_manager")
    with db.transaction():
        found = subscriptions.find(code)
        ending = endings.ending_of(found)
        add_ons = [one.product_name for one in belongings.of_service(found).add_ons if one.state in STANDING]
    if ending.if_cancelled is None:
        return service_page(code, refused=_("There is nothing to cancel: see how it ends."), status=409)
    return pages.render(
        "portal/service_cancel.html",
        title=_("Cancel %(service)s", service=found.product_name),
        service=found,
        amount=counted(found.quantity, found.unit),
        ending=ending,
        add_ons=add_ons,
        back=url_for("portal.service", code=code),
    )


@portal.post("/services/<code>/cancel")
@signed_in_customer
def cancel_service(code: str) -> Response:
    """Cancelled to the end of the term."""
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            cancellations.cancel(subscriptions.find(code), by=visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return service_page(code, refused=str(refusal), status=refusal.status)
    return pages.see("portal.service", "service-cancelled", code=code)


@portal.post("/services/<code>/keep")
@signed_in_customer
def keep_service(code: str) -> Response:
    """The cancellation is taken back."""
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            cancellations.keep(subscriptions.find(code), by=visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return service_page(code, refused=str(refusal), status=refusal.status)
    return pages.see("portal.service", "service-kept", code=code)
