"""Two-factor sign-in: setting it up with an authenticator app, the recovery codes, switching it off."""

import io
from typing import Any

import segno
from flask import request
from werkzeug.wrappers import Response

from core import accounts, db, factors, passkeys, sessions
from core.errors import Missing, Refusal
from core.factors import SetUp
from core.languages import _
from storefront import pages
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.access import browser, with_token
from storefront.portal.profile import Me
from storefront.visitors import the_shop, to_sign_in, visitor

pages.saying(
    two_factor_off="Two-factor sign-in is off. Your password alone lets you in.",
    two_factor_first_bad="Your role needs two-factor sign-in. Set it up here, then everything opens again.",
)


@portal.get("/profile/two-factor")
def two_factor() -> Response:
    """Set it up, or see that it is on."""
    return show() if visitor().signed_in else to_sign_in()


def show(*, problems: dict[str, str] | None = None, status: int = 200) -> Response:
    """The page in whichever state the account is."""
    me = Me(visitor())
    return pages.render(
        "account/two_factor.html",
        status,
        title=_("Two-factor sign-in"),
        account=me.account,
        set_up=waiting(me),
        passkeys=[passkey_row(one) for one in passkeys.of_person(me.person_id)],
        host=the_shop().host,
        usable=passkeys.usable(the_shop().host),
        problems=problems or {},
    )


def passkey_row(one: Any) -> dict[str, Any]:
    """A passkey as the page shows it; at which address it is of use is told in the house's shop and at its
    own."""
    here = one.host == the_shop().host
    return {
        "id": one.id,
        "name": one.name,
        "host": one.host if here or the_shop().house else _("another address"),
        "here": here,
        "since": moment(one.created_at),
        "used": moment(one.last_used_at),
    }


def waiting(me: Me) -> SetUp | None:
    """The secret that is being set up."""
    return factors.begun(me.person_id, email=me.account.email, issuer=the_shop().name)


@portal.post("/profile/two-factor/begin")
def begin_two_factor() -> Response:
    """A fresh secret; needs the password, so that an open browser is not enough."""
    me = Me(visitor())
    try:
        accounts.prove(me.account, request.form.get("password", "")[:1000], address=browser().address)
        factors.begin(me.person_id, email=me.account.email, issuer=the_shop().name)
    except Refusal as refusal:
        return show(problems={"begin": str(refusal)}, status=refusal.status)
    return pages.see("portal.two_factor")


@portal.get("/profile/two-factor/qr.png")
def qr_code() -> Response:
    """The set-up as a picture of our own drawing, while it waits to be confirmed."""
    if not visitor().signed_in or (found := waiting(Me(visitor()))) is None:
        raise Missing
    picture = io.BytesIO()
    segno.make(found.address, micro=False).save(picture, kind="png", scale=6, border=4)
    return Response(picture.getvalue(), mimetype="image/png")


@portal.post("/profile/two-factor/confirm")
def confirm_two_factor() -> Response:
    """The first code switches it on: the recovery codes are shown once, every other session ends."""
    me = Me(visitor())
    try:
        step = factors.confirmable_step(me.person_id, request.form.get("code", "")[:40])
        with db.transaction():
            codes = factors.confirm(me.person_id, step)
            sessions.end_others(me.person_id, but=me.session_id)
            accounts.note(me.person_id, "two-factor switched on", at=browser())
            opened = sessions.rotate(me.session_id)
    except Refusal as refusal:
        return show(problems={"confirm": str(refusal)}, status=refusal.status)
    return with_token(show_codes(codes, _("Two-factor sign-in is on")), opened)


def show_codes(codes: list[str], title: str) -> Response:
    """The recovery codes, this once."""
    return pages.render("account/recovery_codes.html", title=title, codes=codes)


@portal.post("/profile/two-factor/codes")
def renew_codes() -> Response:
    """Ten new recovery codes; needs a code of the app."""
    me = Me(visitor())
    try:
        factors.check(me.person_id, request.form.get("code", "")[:40])
        with db.transaction():
            codes = factors.renew_codes(me.person_id)
            accounts.note(me.person_id, "recovery codes renewed", at=browser())
    except Refusal as refusal:
        return show(problems={"codes": str(refusal)}, status=refusal.status)
    return show_codes(codes, _("Your new recovery codes"))


@portal.post("/profile/two-factor/off")
def switch_off() -> Response:
    """Off again; needs both password and code."""
    me = Me(visitor())
    try:
        accounts.prove(me.account, request.form.get("password", "")[:1000], address=browser().address)
        factors.check(me.person_id, request.form.get("code", "")[:40])
        with db.transaction():
            factors.remove(me.person_id)
            accounts.note(me.person_id, "two-factor switched off", at=browser())
            opened = sessions.rotate(me.session_id)
    except Refusal as refusal:
        return show(problems={"off": str(refusal)}, status=refusal.status)
    return with_token(pages.see("portal.profile", "two-factor-off"), opened)
