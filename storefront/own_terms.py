"""A seller's terms on the page of its console, the same for the distributor and for resellers: written as
plain text, published as versions that stay as they were."""

from uuid import UUID

from flask import request
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import InputRequired

from core import db
from core.errors import Refusal
from core.languages import _
from partners import terms
from storefront import agreements, pages
from storefront.forms import Form
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


def show(
    template: str, seller_id: UUID, form: Text | None = None, status: int = 200, *, problem: str | None = None
) -> Response:
    """The text in force, to go on from, and all versions; a refused form as it was sent."""
    with db.transaction():
        newest, rows = terms.newest(seller_id), agreements.history(seller_id)
    return pages.render(
        template,
        status,
        title=_("Your terms"),
        form=form or Text(text=newest.text if newest else ""),
        body=agreements.prose(newest.text) if newest else None,
        rows=rows,
        may_change=has_role("admin"),
        problem=problem,
    )


def publish(template: str, seller_id: UUID, *, reseller_id: UUID | None) -> Response | None:
    """A new version from now on; the page with what was refused, else nothing."""
    require_role("admin")
    form = Text(request.form)
    if not form.validate():
        return show(template, seller_id, form, 422)
    try:
        with db.transaction():
            terms.publish(form.text.data or "", reseller_id=reseller_id, by=visitor().name)
    except Refusal as refusal:
        return show(template, seller_id, form, refusal.status, problem=str(refusal))
    return None
