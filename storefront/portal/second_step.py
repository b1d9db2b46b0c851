"""The second step of signing in: the code of an authenticator app, or one of ten recovery codes."""

from flask import redirect, request
from werkzeug.wrappers import Response

from core import passkeys, sign_ins
from core.errors import Refusal
from core.languages import _
from core.sign_ins import StepEnded
from storefront import pages
from storefront.portal import portal
from storefront.portal.access import browser, forget, show_sign_in, step_cookie, with_session
from storefront.visitors import the_shop


@portal.get("/sign-in/code")
def code_page() -> Response:
    """The form, for whoever has given the password."""
    try:
        sign_ins.look(token(), at=browser())
    except StepEnded:
        return redirect(f"{the_shop().base}/sign-in", 303)
    return show()


@portal.post("/sign-in/code")
def enter_code() -> Response:
    """The code opens the session, once."""
    try:
        opened, target = sign_ins.finish(token(), request.form.get("code", "")[:40], at=browser())
    except StepEnded as ended:
        answer = show_sign_in(problem=str(ended), status=ended.status)
        forget(answer, step_cookie())
        return answer
    except Refusal as refusal:
        return show(problem=str(refusal), status=refusal.status)
    return with_session(redirect(target or f"{the_shop().base}/home", 303), opened)


def show(*, problem: str | None = None, status: int = 200) -> Response:
    """The form; a code is never shown again."""
    return pages.render(
        "account/code.html",
        status,
        title=_("Enter your code"),
        problem=problem,
        usable=passkeys.usable(the_shop().host),
    )


def token() -> str:
    """The waiting sign-in's token, from this shop's own cookie."""
    return request.cookies.get(step_cookie(), "")[:100]
