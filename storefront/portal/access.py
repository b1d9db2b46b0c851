"""Signing in and out, and choosing among the standings one has in this shop (U32-U35)."""

from urllib.parse import urlencode, urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response

from core import doors, sessions
from core.errors import Missing, Refusal
from core.languages import _
from core.settings import settings
from core.tenancy import Side
from storefront import pages
from storefront.portal import portal
from storefront.shop import host_of, tokens
from storefront.visitors import the_shop, to_sign_in, visitor


@portal.get("/sign-in")
def sign_in_page() -> Response:
    """The form."""
    return pages.render(
        "account/sign_in.html", title=_("Sign in"), email="", next=request.args.get("next", ""), problem=None
    )


@portal.post("/sign-in")
def sign_in() -> Response:
    """Opens a session for this shop; the same words for every reason why not."""
    email, target = request.form.get("email", "")[:254], request.form.get("next", "")
    try:
        opened = sessions.sign_in(
            email,
            request.form.get("password", ""),
            storefront_id=the_shop().storefront_id,
            host=the_shop().host,
            address=request.remote_addr or "",
        )
    except Refusal as refusal:
        return pages.render(
            "account/sign_in.html",
            refusal.status,
            title=_("Sign in"),
            email=email,
            next=target,
            problem=str(refusal),
        )
    return with_session(redirect(safe_target(target) or f"{the_shop().base}/home", 303), opened)


@portal.get("/home")
def home() -> Response:
    """Where this standing begins."""
    at, who = the_shop().base, visitor()
    if not who.signed_in:
        return to_sign_in()
    start = {Side.DISTRIBUTOR: "/distributor/", Side.RESELLER: "/reseller/"}.get(who.side, "/")
    said = f"?{urlencode({'said': request.args['said']})}" if "said" in request.args else ""
    return redirect(f"{at}{start}{said}", 303)


@portal.post("/sign-out")
def sign_out() -> Response:
    """Ends the session of this shop."""
    for token in tokens(request.environ):
        sessions.end(token)
    response = redirect(f"{the_shop().base}/?said=signed-out", 303)
    response.delete_cookie(the_shop().cookie, path="/")
    return response


@portal.get("/choose")
def choose_page() -> Response:
    """Every standing one has in this shop; the current one is marked (U33, U35)."""
    if not visitor().signed_in:
        return to_sign_in()
    standings = doors.call_all(sessions.STANDINGS, {"p_session": visitor().session_id})
    return pages.render("account/choose.html", title=_("Choose an account"), standings=standings)


@portal.post("/choose")
def choose() -> Response:
    """A new session in another standing; the old one ends (rotated at every change of privilege, QS6)."""
    who = visitor()
    if who.person_id is None:
        return to_sign_in()
    chosen = next(
        (
            s
            for s in doors.call_all(sessions.STANDINGS, {"p_session": who.session_id})
            if str(s.membership_id) == request.form.get("standing")
        ),
        None,
    )
    if chosen is None:
        raise Missing("account")
    opened = sessions.open_for(
        who.person_id,
        storefront_id=the_shop().storefront_id,
        host=the_shop().host,
        keys=[],
        membership_id=chosen.membership_id,
    )
    if opened is None:
        raise Missing("account")
    for token in tokens(request.environ):
        sessions.end(token)
    return with_session(redirect(f"{the_shop().base}/home", 303), opened)


def with_session(response: Response, opened: sessions.Opened) -> Response:
    """Sets this shop's cookie: host-only, whole path, not readable by scripts."""
    secure = settings().public_url.startswith("https://")
    response.set_cookie(
        the_shop().cookie,
        opened.token,
        max_age=7 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=secure,
        path="/",
    )
    return response


def safe_target(target: str) -> str:
    """A path of this shop, or nothing: never another site."""
    parts = urlsplit(target)
    inside = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
    )
    return f"{the_shop().base}{target}" if inside and host_of(request.environ) == the_shop().host else ""
