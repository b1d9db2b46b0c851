"""Whether the resellers of a programme may attest that a customer accepted an agreement (M39)."""

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField

from core import db, trail
from partners import programmes
from storefront import pages
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.visitors import has_role, require_role


class Attesting(Form):
    """The setting, with what it does."""

    resellers_attest = BooleanField(
        "Resellers may attest",
        description="Off for indirect resellers: their provider, which is you, attests. They can always mail"
        " the customer the link. A reseller of several programmes attests only where each of them lets it.",
    )


@console.get("/programmes/<code>/attesting")
def attesting_page(code: str) -> Response:
    """The page."""
    with db.transaction():
        found = programmes.find(code)
        name, form = found.name, Attesting(resellers_attest=found.resellers_attest)
    return pages.render(
        "distributor/attesting.html",
        title=name,
        programme={"code": code, "name": name},
        tabs=programme_pages.tabs(code),
        form=form,
        may_change=has_role("admin"),
    )


@console.post("/programmes/<code>/attesting")
def save_attesting(code: str) -> Response:
    """Counts from the next attestation on."""
    require_role("admin")
    form = Attesting(request.form)
    with db.transaction():
        found = programmes.find(code)
        if found.resellers_attest != form.resellers_attest.data:
            found.resellers_attest = form.resellers_attest.data
            trail.write(found, "changed", resellers_attest=found.resellers_attest)
    return pages.see("distributor.attesting_page", "saved", code=code)
