"""Passkeys on the pages: making one, taking one away, and coming in by one. Browsers do this by a script
(static/passkeys.js); without it everything else of two-factor sign-in works as before."""

from flask import redirect, request
from werkzeug.wrappers import Response

from core import accounts, db, passkeys
from core.errors import Refusal, Refused
from core.languages import _
from core.passkeys import At
from core.sign_ins import StepEnded
from storefront import pages
from storefront.portal import portal, second_step, two_factor
from storefront.portal.access import (
    browser,
    forget,
    landing,
    show_sign_in,
    step_cookie,
    take_up_standings,
    with_session,
)
from storefront.portal.profile import Me, known
from storefront.visitors import the_shop, visitor

pages.saying(
    passkey_added="The passkey is yours. At this address it takes the place of the code.",
    passkey_removed="The passkey is of no use any more.",
)
LONGEST = 20_000  # signs of an authenticator's answer


def here() -> At:
    """Where this page is, as browsers bind passkeys to it."""
    return At(the_shop().host, f"{request.scheme}://{request.host}", the_shop().name)


def answered() -> str:
    """What the authenticator has said."""
    answer = request.form.get("credential", "")
    if not answer or len(answer) > LONGEST:
        raise Refused(_("Your browser has sent no passkey. Please try again."))
    return answer


def as_json(options: str) -> Response:
    """Options for the script; no browser keeps them."""
    return Response(options, mimetype="application/json")


@portal.post("/profile/passkeys/begin")
def begin_passkey() -> Response:
    """What the browser needs to make one; takes the password, so that an open browser is not enough."""
    me = Me(visitor())
    accounts.prove(me.account, request.form.get("password", "")[:1000], address=browser().address)
    return as_json(passkeys.begin(me.account, at=here()))


@portal.post("/profile/passkeys")
def add_passkey() -> Response:
    """The passkey that was made."""
    me = Me(visitor())
    try:
        made = passkeys.prove_new(me.account, answered(), at=here())
        with db.transaction():
            passkeys.add(me.account, made, name=request.form.get("name", ""), browser=browser())
    except Refusal as refusal:
        return two_factor.show(problems={"passkey": str(refusal)}, status=refusal.status)
    return pages.see("portal.two_factor", "passkey-added")


@portal.post("/profile/passkeys/<passkey_id>/remove")
def remove_passkey(passkey_id: str) -> Response:
    """One of one's own ends; takes the password."""
    me, ending = Me(visitor()), known(passkey_id)
    try:
        accounts.prove(me.account, request.form.get("password", "")[:1000], address=browser().address)
    except Refusal as refusal:
        return two_factor.show(problems={"passkeys": str(refusal)}, status=refusal.status)
    with db.transaction():
        passkeys.remove(me.person_id, ending, browser=browser())
    return pages.see("portal.two_factor", "passkey-removed")


@portal.post("/sign-in/passkey/begin")
def ask_for_passkey() -> Response:
    """What the browser needs to show one: instead of the code, or instead of password and code."""
    if request.form.get("step") == "second":
        return as_json(passkeys.ask_second(second_step.token(), at=here(), browser=browser()))
    return as_json(passkeys.ask_first(at=here()))


@portal.post("/sign-in/passkey")
def enter_by_passkey() -> Response:
    """Opens the session, once; the same words for every reason why not."""
    if request.form.get("step") == "second":
        return second()
    target = request.form.get("next", "")
    try:
        opened = passkeys.sign_in(answered(), at=here(), browser=browser(), welcome=take_up_standings)
    except Refusal as refusal:
        return show_sign_in(target=target, problem=str(refusal), status=refusal.status)
    return with_session(redirect(landing(target), 303), opened)


def second() -> Response:
    """After the password."""
    try:
        opened, target = passkeys.finish_second(second_step.token(), answered(), at=here(), browser=browser())
    except StepEnded as ended:
        answer = show_sign_in(problem=str(ended), status=ended.status)
        forget(answer, step_cookie())
        return answer
    except Refusal as refusal:
        return second_step.show(problem=str(refusal), status=refusal.status)
    return with_session(redirect(target or f"{the_shop().base}/home", 303), opened)
