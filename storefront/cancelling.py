"""Staff cancels a subscription to the end of its term or ends it at once, or keeps it after all: the same in
both consoles. What a console may cancel is what its scope finds and `endings.refuse_unless_ours` lets
through."""

from collections.abc import Callable, Mapping

from flask import request
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from provisioning import windows
from storefront import endings, pages
from storefront.units import counted
from storefront.visitors import require_role, visitor
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription

Again = Callable[[int, str], Response]
"""The subscription's page once more, with a status and what was refused."""
pages.saying(
    subscription_cancelled="It is cancelled to the end of its term; its owner was written to.",
    subscription_ended_now="It is being ended. The money goes back when the vendor has confirmed that.",
    subscription_kept="It is kept: the cancellation is taken back.",
)


def ask(template: str, code: str, back: str, again: Again) -> Response:
    """What ends when, and what that means; nothing happens yet."""
    require_role("subscriptions_manager")
    with db.transaction():
        found = find(code)
        ending, whose = endings.ending_of(found), owner(found)
    now = wants_it_now(request.args)
    if now and ending.back is None:
        return again(409, _("There is no window now in which it is ended at once and paid back."))
    if not now and not ending.may_cancel:
        return again(409, _("There is nothing to cancel here: see how it ends."))
    return pages.render(
        template,
        title=_("Cancel %(code)s", code=found.code),
        service=found,
        amount=counted(found.quantity, found.unit),
        ending=ending,
        whose=whose,
        back=back,
        now=now,
    )


def wants_it_now(sent: Mapping[str, str]) -> bool:
    """Whether a page or a form is about the end at once."""
    return sent.get("when") == "now"


def end(found: Subscription, by: str) -> None:
    """As the form says: with its term, or at once and paid back as the page said."""
    if not wants_it_now(request.form):
        cancellations.cancel(found, by=by)
        return
    seen = request.form.get("back", "")
    windows.use(
        found, by=by, seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else None
    )


def what_happened() -> str:
    """What is said when it was done."""
    return "subscription-ended-now" if wants_it_now(request.form) else "subscription-cancelled"


def cancel(code: str, again: Again) -> Response | None:
    """Cancelled to the end of the term, or ended at once; the page with what was refused, else nothing."""
    return _do(lambda found: end(found, me()), code, again)


def keep(code: str, again: Again) -> Response | None:
    """The cancellation is taken back; the page with what was refused, else nothing."""
    return _do(lambda found: cancellations.keep(found, by=me()), code, again)


def _do(act: Callable[[Subscription], object], code: str, again: Again) -> Response | None:
    require_role("subscriptions_manager")
    try:
        with db.transaction():
            found = find(code)
            endings.refuse_unless_ours(found)
            act(found)
    except Missing:
        raise
    except Refusal as refusal:
        return again(refusal.status, str(refusal))
    return None


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
