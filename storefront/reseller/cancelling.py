"""A reseller cancels its own subscription or one of a customer's to the end of its term, or keeps it after
all."""

from flask import url_for
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from storefront import endings, pages
from storefront.mail import counted
from storefront.reseller import console
from storefront.reseller.money import show_subscription
from storefront.visitors import require_role, visitor
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription

pages.saying(
    subscription_cancelled="It is cancelled to the end of its term; its owner was written to.",
    subscription_kept="It is kept: the cancellation is taken back.",
)


@console.get("/subscriptions/<code>/cancel")
def cancel_form(code: str) -> Response:
    """What ends when, and what that means; nothing happens yet."""
    require_role("subscriptions_manager")
    with db.transaction():
        found = find(code)
        ending, whose = endings.ending_of(found), owner(found)
    if not ending.may_cancel:
        return show_subscription(code, 409, problem="There is nothing to cancel here: see how it ends.")
    return pages.render(
        "reseller/subscription_cancel.html",
        title=f"Cancel {found.code}",
        service=found,
        amount=counted(found.quantity, found.unit),
        ending=ending,
        whose=whose,
        back=url_for("reseller.subscription_page", code=code),
    )


@console.post("/subscriptions/<code>/cancel")
def cancel_subscription(code: str) -> Response:
    """Cancelled to the end of the term."""
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            found = find(code)
            cancellations.cancel(found, by=me())
    except Missing:
        raise
    except Refusal as refusal:
        return show_subscription(code, refusal.status, problem=str(refusal))
    return pages.see("reseller.subscription_page", "subscription-cancelled", code=code)


@console.post("/subscriptions/<code>/keep")
def keep_subscription(code: str) -> Response:
    """The cancellation is taken back."""
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            found = find(code)
            cancellations.keep(found, by=me())
    except Missing:
        raise
    except Refusal as refusal:
        return show_subscription(code, refusal.status, problem=str(refusal))
    return pages.see("reseller.subscription_page", "subscription-kept", code=code)


def find(code: str) -> Subscription:
    """A subscription of this console."""
    try:
        return subscriptions.find(code)
    except Missing:
        raise Missing("subscription") from None


def owner(found: Subscription) -> str:
    """Whose service it is, by name."""
    if found.customer_id:
        return parties.customer(found.customer_id).name
    return parties.reseller(found.reseller_id).name


def me() -> str:
    """Who acts here, as the others read it."""
    return f"{visitor().name} of {visitor().standing}"
