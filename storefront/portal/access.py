"""Signing in and out. The password alone lets in whoever has no second factor; everybody else is shown to
the second step (storefront/portal/second_step.py)."""

from urllib.parse import urlencode, urlsplit
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from core import passkeys, sessions, sign_ins
from core.errors import Refusal
from core.languages import _
from core.sessions import Browser, Opened
from core.settings import settings
from core.sign_ins import Step
from core.tenancy import Side
from partners import acceptances
from storefront import pages
from storefront.portal import portal
from storefront.shop import host_of
from storefront.visitors import the_shop, to_sign_in, visitor

WEEK, STEP = 7 * 24 * 3600, 10 * 60  # seconds that the browser keeps a session's and a second step's token


def browser() -> Browser:
    """From where this request comes."""
    shop, agent = the_shop(), request.headers.get("User-Agent", "")
    return Browser(shop.storefront_id, shop.host, request.remote_addr or "", agent[:300])


@portal.get("/sign-in")
def sign_in_page() -> Response:
    """The form."""
    return show_sign_in(target=request.args.get("next", ""))


def show_sign_in(
    *, email: str = "", target: str = "", problem: str | None = None, status: int = 200
) -> Response:
    """The form with what was typed."""
    return pages.render(
        "account/sign_in.html",
        status,
        title=_("Sign in"),
        email=email,
        next=target,
        problem=problem,
        usable=passkeys.usable(the_shop().host),
    )


@portal.post("/sign-in")
def sign_in() -> Response:
    """Opens a session for this shop; the same words for every reason why not."""
    email, target = request.form.get("email", "")[:254], request.form.get("next", "")
    try:
        entered = sign_ins.sign_in(
            email,
            request.form.get("password", ""),
            at=browser(),
            target=safe_target(target),
            welcome=take_up_standings,
        )
    except Refusal as refusal:
        return show_sign_in(email=email, target=target, problem=str(refusal), status=refusal.status)
    return let_in(entered, landing(target))


def take_up_standings(person_id: UUID) -> None:
    """Whoever has proven who they are gets what resellers of this shop's distributor have added them to."""
    acceptances.claim(person_id, storefront_id=the_shop().storefront_id)


def let_in(entered: Opened | Step, to: str) -> Response:
    """On, with the session's cookie; or to the page that asks for the code."""
    if isinstance(entered, Step):
        return with_step(redirect(f"{the_shop().base}/sign-in/code", 303), entered.token)
    return with_session(redirect(to, 303), entered)


def landing(target: str) -> str:
    """Where somebody goes who has come in."""
    return safe_target(target) or f"{the_shop().base}/home"


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
    """Ends the session of this shop; in others on the same host one stays who one is."""
    if token := request.cookies.get(the_shop().cookie):
        sessions.end(token)
    response = redirect(f"{the_shop().base}/?said=signed-out", 303)
    forget(response, the_shop().cookie)
    return response


def step_cookie() -> str:
    """Name of the cookie of a sign-in that waits for its code; never taken for a session's."""
    return the_shop().cookie.replace("s-", "step-", 1)


def with_step(response: Response, token: str) -> Response:
    """Sets the cookie of the second step."""
    return _with_cookie(response, step_cookie(), token, STEP)


def with_session(response: Response, opened: Opened) -> Response:
    """Sets this shop's cookie, and ends the session that it held before."""
    if old := request.cookies.get(the_shop().cookie):
        sessions.end(old)
    return with_token(response, opened)


def with_token(response: Response, opened: Opened) -> Response:
    """Sets this shop's cookie for a session that goes on under a new token."""
    forget(response, step_cookie())
    return _with_cookie(response, the_shop().cookie, opened.token, WEEK)


def forget(response: Response, name: str) -> None:
    """Takes a cookie away; only a secure answer may touch one that is called __Host-."""
    response.delete_cookie(name, path="/", secure=is_secure(), httponly=True, samesite="Lax")


def is_secure() -> bool:
    """Whether browsers reach us by https."""
    return settings().public_url.startswith("https://")


def _with_cookie(response: Response, name: str, token: str, seconds: int) -> Response:
    """Host-only, whole path, not readable by scripts."""
    response.set_cookie(
        name, token, max_age=seconds, httponly=True, samesite="Lax", secure=is_secure(), path="/"
    )
    return response


def safe_target(target: str) -> str:
    """A path of this shop, or nothing: never another site, nor what no header can hold."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    inside = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and target.isprintable()
        and not parts.netloc
        and not parts.scheme
    )
    return f"{the_shop().base}{target}" if inside and host_of(request.environ) == the_shop().host else ""
