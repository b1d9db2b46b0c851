"""Your data: the uses of personal data that somebody may consent to, each with its text, what they said last,
and a way to take it back. Nothing in the shop depends on it (I72)."""

from collections.abc import Generator
from contextlib import contextmanager

from flask import g, request
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing, NeedsLogin, Refusal
from core.languages import _
from core.tenancy import Scope, acting_as
from partners import conditions, consents
from partners.consents import Consenting
from storefront import agreements, pages
from storefront.moments import moment
from storefront.portal import portal
from storefront.visitors import the_shop, to_sign_in, visitor

pages.saying(
    consent_given="Thank you. You can take it back here at any time.",
    consent_withdrawn="Taken back. From now on your data is not used for it.",
)


def me() -> Consenting:
    """Who is signed in, in the standing of this session."""
    who = visitor()
    if who.membership_id is None or who.person_id is None:
        raise NeedsLogin(_("Your session has ended. Please sign in and try again."))
    return Consenting(
        who.membership_id,
        who.person_id,
        who.reseller_id,
        who.customer_id,
        who.name,
        who.email,
        who.standing,
    )


@contextmanager
def as_oneself() -> Generator[None]:
    """A transaction in the scope of one's own standing: staff of a reseller or of the distributor come here,
    too, and customers of another shop."""
    who, shop = visitor(), the_shop()
    scope = Scope(
        who.side,
        shop.distributor_id,
        who.reseller_id,
        who.customer_id,
        who.price_list_id,
        who.person_id,
        shop.offset,
        g.request_id,
    )
    with acting_as(scope), db.transaction():
        yield


@portal.get("/profile/consents")
def consents_page() -> Response:
    """The page."""
    return show() if visitor().signed_in else to_sign_in()


def show(status: int = 200, *, problem: str | None = None) -> Response:
    """What is asked, and what was said."""
    who = me()
    with as_oneself():
        said = consents.newest(who.membership_id)
        rows = []
        for one in consents.asked():
            try:
                version = conditions.read(one.code)
            except Missing:
                continue  # it has no text yet
            last = said.get(one.id)
            rows.append(
                {
                    "code": one.code,
                    "name": one.name,
                    "number": version.number,
                    "terms_id": version.terms_id,
                    "body": agreements.prose(version.words),
                    "given": last is not None and last.given,
                    "newer": last is not None and last.given and last.number != version.number,
                    "said": last is not None,
                    "at": moment(last.at) if last else None,
                }
            )
    return pages.render("account/consents.html", status, title=_("Your data"), rows=rows, problem=problem)


@portal.post("/profile/consents/<code>")
def say_consent(code: str) -> Response:
    """Gives it, or takes it back."""
    who, given = me(), request.form.get("say") == "give"
    try:
        with as_oneself():
            consents.say(who, code, agreements.saying(request.base_url), given=given)
    except Missing:
        raise
    except Refusal as refusal:
        return show(refusal.status, problem=str(refusal))
    return pages.see("portal.consents_page", "consent-given" if given else "consent-withdrawn")
