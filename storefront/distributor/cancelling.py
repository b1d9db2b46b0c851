"""The distributor cancels a subscription of a reseller's own, such as its plan, to the end of its term, or
keeps it after all. What a reseller sold to a customer is theirs to cancel."""

from flask import url_for
from werkzeug.wrappers import Response

from storefront import cancelling, pages
from storefront.distributor import console
from storefront.distributor.subscription_page import show_subscription


@console.get("/subscriptions/<code>/cancel")
def cancel_form(code: str) -> Response:
    """What ends when, and what that means; nothing happens yet."""
    back = url_for("distributor.subscription_page", code=code)
    return cancelling.ask("distributor/subscription_cancel.html", code, back, again(code))


@console.post("/subscriptions/<code>/cancel")
def cancel_subscription(code: str) -> Response:
    """Cancelled to the end of the term, or ended at once within its window."""
    refused = cancelling.cancel(code, again(code))
    return refused or pages.see("distributor.subscription_page", cancelling.what_happened(), code=code)


@console.post("/subscriptions/<code>/keep")
def keep_subscription(code: str) -> Response:
    """The cancellation is taken back."""
    refused = cancelling.keep(code, again(code))
    return refused or pages.see("distributor.subscription_page", "subscription-kept", code=code)


def again(code: str) -> cancelling.Again:
    """The subscription's page with what was refused."""
    return lambda status, problem: show_subscription(code, status, problem=problem)
