"""A customer cancels a service to the end of its term, or ends it at once within its window, after a page
that says what that means; or keeps it after all."""

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from storefront import belongings, cancelling, endings, pages
from storefront.portal import portal
from storefront.portal.services import service_page
from storefront.units import counted
from storefront.visitors import require_role, signed_in_customer, visitor
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import STANDING

pages.saying(
    service_cancelled="It is cancelled. It works as before until its end, and you may keep it until then.",
    service_ended_now="It is being ended. The money goes back when the vendor has confirmed that.",
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
    now = cancelling.wants_it_now(request.args)
    if now and ending.back is None:
        words = _("There is no window now in which it is ended at once and paid back.")
        return service_page(code, refused=words, status=409)
    if not now and ending.if_cancelled is None:
        return service_page(code, refused=_("There is nothing to cancel: see how it ends."), status=409)
    return pages.render(
        "portal/service_cancel.html",
        title=_("Cancel %(service)s", service=found.product_name),
        service=found,
        amount=counted(found.quantity, found.unit),
        ending=ending,
        add_ons=add_ons,
        back=url_for("portal.service", code=code),
        now=now,
    )


@portal.post("/services/<code>/cancel")
@signed_in_customer
def cancel_service(code: str) -> Response:
    """Cancelled to the end of the term, or ended at once."""
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            cancelling.end(subscriptions.find(code), visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return service_page(code, refused=str(refusal), status=refusal.status)
    done = "service-ended-now" if cancelling.wants_it_now(request.form) else "service-cancelled"
    return pages.see("portal.service", done, code=code)


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
