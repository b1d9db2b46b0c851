"""A programme's rules of access: how many people of a reseller may sign in, and whether they may change the
address that they sign in with (H37, H38)."""

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField
from wtforms.validators import NumberRange, Optional

from core import db
from partners import logins, programmes
from storefront import pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.visitors import has_role, require_role


class AccessForm(Form):
    """The rules."""

    logins = IntegerField(
        "Logins of a reseller",
        [Optional(), NumberRange(1, 10_000, "Between 1 and 10,000, or nothing for any number.")],
        description="How many of its own people may sign in; empty: any number. Whoever is in stays when it"
        " is lowered, but nobody can be invited or join before a login is free. Your staff does not count."
        " Where a reseller is in several programmes, the smallest number counts.",
    )
    email_fixed = BooleanField(
        "The sign-in address is fixed",
        description="Partners sign in with the address that was approved and cannot change it themselves.",
    )


@console.get("/programmes/<code>/access")
def programme_access(code: str) -> Response:
    """The page."""
    return show(code)


def show(code: str, status: int = 200, *, form: AccessForm | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        programme = programmes.find(code)
        rules = logins.rules_of(programme)
        kept = {"logins": rules.logins, "email_fixed": rules.email_fixed}
        timeline = timelines.of([programme.id])
    return pages.render(
        "distributor/programme_access.html",
        status,
        title=programme.name,
        programme={"code": programme.code, "name": programme.name},
        tabs=programme_pages.tabs(code),
        form=form or AccessForm(data=kept),
        kept=kept,
        timeline=timeline,
        may_change=has_role("admin"),
    )


@console.post("/programmes/<code>/access")
def save_programme_access(code: str) -> Response:
    """Counts from the next act on."""
    require_role("admin")
    form = AccessForm(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    with db.transaction():
        logins.set_rules(
            programmes.find(code), logins=form.logins.data, email_fixed=bool(form.email_fixed.data)
        )
    return pages.see("distributor.programme_access", "saved", code=code)
