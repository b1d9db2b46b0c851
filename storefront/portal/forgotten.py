"""A forgotten password: the page asks for the address and answers the same whoever it belongs to; the mail's
link leads to a form that works once. A second factor is asked for all the same when signing in."""

from flask import request, url_for
from werkzeug.wrappers import Response

from core import account_links, db
from core.account_links import LinkEnded
from core.errors import Refusal
from core.languages import _
from storefront import pages
from storefront.portal import portal
from storefront.portal.access import browser
from storefront.visitors import the_shop

pages.saying(
    chosen_anew="Your new password holds. Sign in with it; you are signed out everywhere else.",
)


@portal.get("/forgotten")
def forgotten_page() -> Response:
    """Asks for the address."""
    return show()


def show(*, email: str = "", problem: str | None = None, status: int = 200) -> Response:
    """The form with what was typed."""
    return pages.render(
        "account/forgotten.html", status, title=_("Forgotten password"), email=email, problem=problem
    )


@portal.post("/forgotten")
def forgotten() -> Response:
    """The same rows are written and the same is said for every address: whether somebody is behind it is
    looked up when the mail is drawn."""
    email = request.form.get("email", "").strip()[:254]
    if "@" not in email:
        return show(email=email, problem=_("Enter an e-mail address, such as anna@example.com."), status=422)
    try:
        may = account_links.may_ask(email, request.remote_addr or "")
    except Refusal as refusal:
        return show(email=email, problem=str(refusal), status=refusal.status)
    if may:
        with db.transaction():
            account_links.ask_reset(email, storefront_id=the_shop().storefront_id)
    return pages.render("account/forgotten_asked.html", title=_("Look into your mailbox"), email=email)


@portal.get("/forgotten/<token>")
def choose_password_page(token: str) -> Response:
    """The form of a good link; looking uses nothing up."""
    try:
        return choosing(token)
    except LinkEnded as no:
        return ended(no)


@portal.post("/forgotten/<token>")
def choose_password(token: str) -> Response:
    """The new password, once. Nobody is signed in by it: whoever has a second factor is still asked."""
    shop = the_shop()
    try:
        hashed = account_links.hash_password(
            token, request.form.get("password", "")[:1000], storefront_id=shop.storefront_id
        )
        with db.transaction():
            account_links.use_reset(token, hashed, at=browser())
    except LinkEnded as no:
        return ended(no)
    except Refusal as refusal:
        return choosing(token, problem=str(refusal), status=refusal.status)
    return pages.see("portal.sign_in_page", "chosen-anew")


def choosing(token: str, *, problem: str | None = None, status: int = 200) -> Response:
    """The form that asks for the new password."""
    found = account_links.look(token, "reset", storefront_id=the_shop().storefront_id)
    return pages.render(
        "account/choose_password.html",
        status,
        title=_("Choose a new password"),
        token=token,
        email=found.email,
        problem=problem,
    )


def ended(no: LinkEnded) -> Response:
    """The one answer for unknown, used and expired links."""
    return pages.render(
        "account/link_ended.html",
        no.status,
        title=no.title,
        words=str(no),
        again=url_for("portal.forgotten_page"),
    )
