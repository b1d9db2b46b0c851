"""The distributor's terms for its resellers, and for customers of its own shop: written as plain text,
published as versions, with the evidence of who accepted which as a file."""

from flask import request
from werkzeug.wrappers import Response
from wtforms import Form, TextAreaField
from wtforms.validators import InputRequired

from core import db
from core.errors import Refusal
from core.tenancy import current
from partners import terms
from storefront import agreements, pages
from storefront.distributor import console
from storefront.visitors import has_role, require_role, visitor

pages.saying(
    terms_published="Published. Everybody who buys from you is asked once more, with the next order."
)


class Text(Form):
    """The text of the next version."""

    text = TextAreaField(
        "Text",
        [InputRequired("Write the terms first.")],
        description="Plain text. A line that begins with # is a heading, with - an item of a list;"
        " **so** is bold.",
    )


@console.get("/terms")
def terms_page() -> Response:
    """The text in force, to go on from, and all versions."""
    return show()


def show(form: Text | None = None, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        newest, rows = terms.newest(current().distributor_id), agreements.history(current().distributor_id)
    return pages.render(
        "distributor/terms.html",
        status,
        title="Your terms",
        form=form or Text(text=newest.text if newest else ""),
        body=agreements.prose(newest.text) if newest else None,
        rows=rows,
        may_change=has_role("admin"),
        problem=problem,
    )


@console.post("/terms")
def publish_terms() -> Response:
    """A new version from now on."""
    require_role("admin")
    form = Text(request.form)
    if not form.validate():
        return show(form, 422)
    try:
        with db.transaction():
            terms.publish(form.text.data or "", reseller_id=None, by=visitor().name)
    except Refusal as refusal:
        return show(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.terms_page", "terms-published")


@console.get("/terms/accepted.csv")
def accepted_terms() -> Response:
    """Who accepted which version, when, from where, with which order (I71)."""
    require_role("admin")
    return agreements.export(current().distributor_id)
