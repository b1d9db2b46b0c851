"""The agreement of a programme as it was signed, to be read again: the whole text and the evidence."""

from werkzeug.wrappers import Response

from core import db
from core.errors import Missing
from core.languages import _
from partners import enrolments, signatures
from storefront import agreements, lists, pages
from storefront.moments import moment
from storefront.reseller import console


@console.get("/programmes/<enrolment_id>/agreement")
def signed_agreement(enrolment_id: str) -> Response:
    """The text, and who signed it when and from where."""
    with db.transaction():
        found = enrolments.find(lists.identifier(enrolment_id, "programme"))
        signed = signatures.of_application(found.application_id)
        if signed is None:
            raise Missing("agreement")
        text = signatures.text_of(signed)
    return pages.render(
        "reseller/signed_agreement.html",
        title=_("Agreement, version %(number)s", number=signed.number),
        enrolment_id=found.id,
        programme=found.programme_name,
        signed=signed,
        at=moment(signed.signed_at),
        body=agreements.prose(text),
    )
