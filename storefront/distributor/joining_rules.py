"""How one joins a programme: the page of its documents, its verification, its channel and its links."""

from dataclasses import asdict

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from core import db
from core.languages import Words, _
from partners import joinings, programmes
from partners.joinings import Channel, Paperwork, Rules
from storefront import pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form, choices
from storefront.visitors import has_role, require_role

PAPERWORK = Words({"none": "None", "optional": "May be added", "required": "At least one"})
CHANNEL = Words({"direct": "Direct", "indirect": "Indirect"})


class JoiningForm(Form):
    """The rules of joining."""

    documents = RadioField(
        "Documents with an application",
        choices=choices(PAPERWORK.options()),
        description="PDF, PNG or JPEG, read by the applicant and your reviewers only.",
    )
    documents_hint = StringField(
        "What to bring",
        [Length(max=300)],
        description="Such as: an extract from the commercial register.",
    )
    verifies = BooleanField(
        "Verify before approving",
        description="The application waits as “to be verified”, and its page says so.",
    )
    verification_days = IntegerField(
        "Days of verification",
        [InputRequired("Such as 4."), NumberRange(1, 90, "Between 1 and 90 days.")],
        description="Business days at most; afterwards it is on the work queue.",
    )
    channel = RadioField(
        "Channel of its partners",
        choices=choices(CHANNEL.options()),
        description="Indirect: you order for the customers that a partner wins through this programme,"
        " and the partner cannot. Counts from the next signature on.",
    )
    link_days = IntegerField(
        "Days that an applicant's link is good",
        [InputRequired("Such as 30."), NumberRange(1, 365, "Between 1 and 365 days.")],
        description="From the last mail that carried it. A new one is sent on request.",
    )

    def rules(self) -> Rules:
        """What it says."""
        return Rules(
            documents=Paperwork(self.documents.data),
            documents_hint=" ".join((self.documents_hint.data or "").split()),
            verifies=self.verifies.data,
            verification_days=self.verification_days.data or 0,
            channel=Channel(self.channel.data),
            link_days=self.link_days.data or 0,
        )


@console.get("/programmes/<code>/joining")
def joining_page(code: str) -> Response:
    """The rules as they are."""
    return show(code)


def show(code: str, status: int = 200, *, form: JoiningForm | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = programmes.find(code)
        rules, timeline = joinings.of(found.id), timelines.of([found.id])
        about = {"code": found.code, "name": found.name, "irreversible": found.irreversible}
    return pages.render(
        "distributor/programme_joining.html",
        status,
        title=_("Joining %(programme)s", programme=about["name"]),
        programme=about,
        tabs=programme_pages.tabs(code),
        form=form or JoiningForm(data=asdict(rules)),
        timeline=timeline,
        may_change=has_role("admin"),
    )


@console.post("/programmes/<code>/joining")
def save_joining(code: str) -> Response:
    """Counts from the next act on."""
    require_role("admin")
    form = JoiningForm(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    with db.transaction():
        joinings.keep(programmes.find(code), form.rules())
    return pages.see("distributor.joining_page", "saved", code=code)
