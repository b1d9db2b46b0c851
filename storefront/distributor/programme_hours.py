"""When a programme's partners get support, and how soon a request is answered (H14)."""

from typing import Any

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, NumberRange

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from partners import programmes, support_hours
from partners.support_hours import Hours
from storefront import pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.opening_hours import said
from storefront.visitors import has_role, require_role

pages.saying(support_hours_saved="Saved. It counts for requests from now on.")


class HoursForm(Form):
    """Days, hours and the promise."""

    day_0 = BooleanField("Monday")
    day_1 = BooleanField("Tuesday")
    day_2 = BooleanField("Wednesday")
    day_3 = BooleanField("Thursday")
    day_4 = BooleanField("Friday")
    day_5 = BooleanField("Saturday")
    day_6 = BooleanField("Sunday")
    begins = StringField("From", [InputRequired("Such as 08:00.")])
    ends = StringField(
        "Until",
        [InputRequired("Such as 18:00.")],
        description="24:00 is the end of the day. From 00:00 until 24:00 is all day.",
    )
    zone = StringField("Time zone", [InputRequired("Such as Europe/Berlin.")])
    answer_hours = IntegerField(
        "Requests are answered within",
        [InputRequired("Enter a number of hours."), NumberRange(0, support_hours.LONGEST_ANSWER)],
        description="Hours of support; outside of them the clock stands still. 0 promises nothing.",
    )

    @property
    def days(self) -> list[Any]:
        """The fields of the days, from Monday on."""
        return [self[f"day_{day}"] for day in range(7)]

    def hours(self) -> Hours:
        """What it says; WrongHours where times cannot be read."""
        return Hours(
            [day for day, field in enumerate(self.days) if field.data],
            support_hours.minute_of(self.begins.data or ""),
            support_hours.minute_of(self.ends.data or ""),
            (self.zone.data or "").strip(),
            self.answer_hours.data or 0,
        )


def filled(hours: Hours | None) -> HoursForm:
    """The form as the hours are; round the clock on five days where nobody has said anything."""
    hours = hours or Hours(range(5), 0, support_hours.DAY, "Europe/Berlin")
    return HoursForm(
        begins=support_hours.text_of(hours.begins),
        ends=support_hours.text_of(hours.ends),
        zone=hours.zone,
        answer_hours=hours.answer_hours,
        **{f"day_{day}": day in hours.days for day in range(7)},
    )


@console.get("/programmes/<code>/hours")
def programme_hours(code: str) -> Response:
    """The page."""
    return show_hours(code)


def show_hours(
    code: str, status: int = 200, *, form: HoursForm | None = None, problem: str | None = None
) -> Response:
    """The page, with what was typed where it was refused."""
    with db.transaction():
        found = programmes.find(code)
        hours = support_hours.of_programme(found.id)
        name, timeline = found.name, timelines.of([found.id])
    return pages.render(
        "distributor/programme_hours.html",
        status,
        title=_("%(programme)s: support hours", programme=name),
        programme={"code": code, "name": name},
        tabs=programme_pages.tabs(code),
        hours=said(hours) if hours else None,
        form=form or filled(hours),
        problem=problem,
        timeline=timeline,
        may_change=has_role("admin"),
    )


@console.post("/programmes/<code>/hours")
def save_programme_hours(code: str) -> Response:
    """From the next request on."""
    require_role("admin")
    form = HoursForm(request.form)
    if not form.validate():
        return show_hours(code, 422, form=form)
    try:
        with db.transaction():
            support_hours.keep(programmes.find(code), form.hours())
    except Missing:
        raise
    except Refusal as refusal:
        return show_hours(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.programme_hours", "support-hours-saved", code=code)
