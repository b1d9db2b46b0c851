"""One's own account, the same in every shop and for everybody who is signed in: name, e-mail, password,
sessions, and what happened to it."""

from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from core import account_links, accounts, db, sessions
from core.account_links import LinkEnded
from core.accounts import Account
from core.errors import Missing, NeedsLogin, Refusal, Refused
from core.languages import _
from partners import logins
from provisioning.connectors.fields import EMAIL
from storefront import pages
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.access import browser, with_token
from storefront.shop import Visitor
from storefront.visitors import the_shop, to_sign_in, visitor

pages.saying(
    name_saved="Your name is saved.",
    email_asked="A link is on its way to the new address. Nothing changes before you have opened it.",
    email_changed="Your new e-mail address holds from now on.",
    changed_here="Your password is changed. You are signed out everywhere else.",
    session_ended="That session has ended.",
    sessions_ended="You are signed out everywhere else.",
)


class Me:
    """Who is signed in, with what a session needs."""

    def __init__(self, who: Visitor) -> None:
        if who.person_id is None or who.session_id is None or who.membership_id is None:
            raise NeedsLogin(_("Your session has ended. Please sign in and try again."))
        self.person_id, self.session_id = who.person_id, who.session_id
        self.membership_id = who.membership_id
        self.account: Account = accounts.find(who.person_id)


@portal.get("/profile")
def profile() -> Response:
    """The page."""
    return show() if visitor().signed_in else to_sign_in()


def show(*, problems: dict[str, str] | None = None, status: int = 200, typed: Any = None) -> Response:
    """The page, with what was typed and what was wrong with it by form."""
    me = Me(visitor())
    mine = sessions.of_person(me.session_id)
    return pages.render(
        "account/profile.html",
        status,
        title=_("Profile and security"),
        account=me.account,
        two_steps=moment(me.account.two_steps_since),
        changed=moment(me.account.password_changed_at),
        sessions=[session_row(one) for one in mine if one.here],
        elsewhere=sum(not one.here for one in mine),
        events=[event_row(one) for one in accounts.history(me.person_id)],
        problems=problems or {},
        typed=typed or {},
        email_fixed=logins.fixed_by(me.person_id),
        prompted="admin" in visitor().roles and not me.account.two_steps_since,
    )


@portal.post("/profile/name")
def change_name() -> Response:
    """Under another name."""
    me = Me(visitor())
    try:
        with db.transaction():
            accounts.rename(me.account, request.form.get("name", ""), membership_id=me.membership_id)
    except Refusal as refusal:
        return show(problems={"name": str(refusal)}, status=refusal.status, typed=request.form)
    return pages.see("portal.profile", "name-saved")


@portal.post("/profile/email")
def change_email() -> Response:
    """Asks the new address for a click, and tells the old one; needs the password."""
    me, email = Me(visitor()), request.form.get("email", "").strip()[:254]
    try:
        if not EMAIL.fullmatch(email):
            raise Refused(_("Enter an e-mail address, such as anna@example.com."))
        logins.refuse_if_fixed(me.person_id)
        accounts.prove(me.account, request.form.get("password", ""), address=browser().address)
        account_links.may_change_email(me.account, email)
        with db.transaction():
            account_links.ask_email(me.account, email, at=browser())
    except Refusal as refusal:
        return show(problems={"email": str(refusal)}, status=refusal.status, typed=request.form)
    return pages.see("portal.profile", "email-asked")


@portal.get("/profile/email/<token>")
def confirm_email_page(token: str) -> Response:
    """Where the link in the mail leads; looking changes nothing."""
    try:
        found = account_links.look(token, "email", storefront_id=the_shop().storefront_id)
    except LinkEnded as no:
        return ended(no)
    return pages.render(
        "account/confirm_email.html", title=_("Confirm your address"), token=token, email=found.email
    )


@portal.post("/profile/email/<token>")
def confirm_email(token: str) -> Response:
    """The new address holds; not if a programme has fixed the old one since the link was sent (H38)."""
    try:
        with db.transaction():
            person_id = account_links.use_email(token, at=browser())
            logins.refuse_if_fixed(person_id)
    except LinkEnded as no:
        return ended(no)
    return pages.see("portal.profile" if visitor().signed_in else "portal.sign_in_page", "email-changed")


def ended(no: LinkEnded) -> Response:
    """The one answer for unknown, used and expired links."""
    return pages.render(
        "account/link_ended.html", no.status, title=no.title, words=str(no), again=url_for("portal.profile")
    )


@portal.post("/profile/password")
def change_password() -> Response:
    """Another password: every other session ends, this one goes on under a new token."""
    me = Me(visitor())
    try:
        chosen = accounts.choose_password(
            me.account,
            old=request.form.get("old", "")[:1000],
            new=request.form.get("new", "")[:1000],
            address=browser().address,
        )
        with db.transaction():
            accounts.change_password(me.account, chosen, session_id=me.session_id)
            accounts.note(me.person_id, "password changed", at=browser())
            opened = sessions.rotate(me.session_id)
    except Refusal as refusal:
        return show(problems={"password": str(refusal)}, status=refusal.status)
    return with_token(pages.see("portal.profile", "changed-here"), opened)


@portal.post("/profile/sessions/<session_id>/end")
def end_session(session_id: str) -> Response:
    """One of one's own sessions ends, at its next request."""
    me, ending = Me(visitor()), known(session_id)
    with db.transaction():
        sessions.end_one(me.person_id, ending)
        accounts.note(me.person_id, "session ended", at=browser(), tell=False)
    return pages.see("portal.profile", "session-ended")


@portal.post("/profile/sessions/end")
def end_sessions() -> Response:
    """Signed out everywhere but here."""
    me = Me(visitor())
    with db.transaction():
        ended_now = sessions.end_others(me.person_id, but=me.session_id)
        if ended_now:
            accounts.note(me.person_id, "all other sessions ended", at=browser(), tell=False)
    return pages.see("portal.profile", "sessions-ended")


def known(session_id: str) -> UUID:
    """An id from an address, or Missing."""
    try:
        return UUID(session_id)
    except ValueError:
        raise Missing("session") from None


# --- In words -----------------------------------------------------------------------------------------------

BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """What a browser calls itself, in two words: "Firefox on Windows"."""
    browser_name = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return " on ".join(
        filter(None, (browser_name or _("A browser") if system else browser_name, system))
    ) or (_("A program") if agent else _("Unknown device"))


def session_row(one: Any) -> dict[str, Any]:
    """A session as the page shows it."""
    return {
        "id": one.session_id,
        "device": device(one.agent),
        "shop": one.shop,
        "host": one.host,
        "address": one.address,
        "since": moment(one.created_at),
        "seen": moment(one.last_seen_at),
        "current": one.current,
    }


def event_row(one: Any) -> dict[str, Any]:
    """A line of the history as the page shows it; another shop's name is not told in a reseller's shop."""
    here = the_shop().house or one.storefront_id == the_shop().storefront_id
    return {
        "what": one.what[:1].upper() + one.what[1:],
        "at": moment(one.at),
        "where": (one.shop if here else _("another shop")) if one.shop else "",
        "device": device(one.agent) if one.address else "",
        "address": one.address,
    }
