"""A partner's year in a programme: whether a term is followed by the next, how long a notice to leave runs,
what is looked at once a year, and the least revenue with the days it counts from."""

from datetime import date
from typing import Any

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from core import db, money
from core.clock import business_now
from core.errors import Refusal
from core.languages import _
from partners import programmes, reauthorisation_rules
from partners.programmes import Programme
from partners.reauthorisation_rules import CONDITIONS, MOST_DAYS, RevenueFloor
from storefront import pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role, the_shop

CURRENCIES = ("EUR", "USD", "GBP", "CHF")
pages.saying(
    floor_added="The floor is in the table. Checks whose anniversary is from that day on ask for it."
)


class YearForm(Form):
    """What happens once a year; the conditions are one box each (`asks_...`)."""

    renews = BooleanField(
        "A term is followed by the next",
        description="On: the partnership goes on until it is terminated, left or not authorised anew. Off: it"
        " ends with its term, and one may apply anew.",
    )
    notice_days = IntegerField(
        "Days of notice",
        [InputRequired("Such as 30."), NumberRange(1, 366, "Between 1 and 366 days.")],
        description="Between a partner's notice and the day it leaves.",
    )
    opens_days = IntegerField(
        "Opens before the anniversary",
        [InputRequired("Such as 30."), NumberRange(1, MOST_DAYS, "Between 1 and 180 days.")],
        description="So many days before it partners get the first mail and see what is missing.",
    )
    grace_days = IntegerField(
        "Grace after the anniversary",
        [InputRequired("Such as 30."), NumberRange(1, MOST_DAYS, "Between 1 and 180 days.")],
        description="So many days longer a partner may bring what is missing; then its partnership ends.",
    )

    def asked(self) -> list[Any]:
        """The boxes of the conditions."""
        return [self[f"asks_{code}"] for code in CONDITIONS]


for _code, _condition in CONDITIONS.items():
    setattr(YearForm, f"asks_{_code}", BooleanField(_condition.label, description=_condition.to_do))


class FloorForm(Form):
    """The least revenue from a day on."""

    amount = StringField(
        "Revenue of 12 months", [InputRequired("Such as 1000."), Length(max=20)], description="Net of tax."
    )
    currency = SelectField("Currency", choices=[SelectChoice(code, code) for code in CURRENCIES])
    valid_from = DateField(
        "Valid from", [Optional()], description="The first anniversary, UTC, that asks for it. Empty: today."
    )


@console.get("/programmes/<code>/year")
def programme_year(code: str) -> Response:
    """The page."""
    return show(code)


def show(
    code: str,
    status: int = 200,
    *,
    form: YearForm | None = None,
    floor: FloorForm | None = None,
    problem: str = "",
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = programmes.find(code)
        today = business_now().date()
        rows = floor_rows(reauthorisation_rules.floors(found.id), today)
        about = {"code": found.code, "name": found.name, "open": found.takes_applications}
        timeline = timelines.of([found.id])
        kept = kept_year(found)
    return pages.render(
        "distributor/programme_year.html",
        status,
        title=_("Year: %(programme)s", programme=about["name"]),
        programme=about,
        tabs=programme_pages.tabs(code),
        form=form or YearForm(data=kept),
        floor=floor or FloorForm(prefix="floor-", currency=the_shop().currency),
        floors=rows,
        problem_of_year=problem if form else None,
        problem_of_floor=problem if floor else None,
        timeline=timeline,
        may_change=has_role("admin"),
    )


def kept_year(programme: Programme) -> dict[str, Any]:
    """A programme as the form is filled."""
    rules = reauthorisation_rules.of_programme(programme.id)
    asked = rules.conditions if rules else []
    return {
        "renews": programme.renews,
        "notice_days": programme.notice_days,
        "opens_days": rules.opens_days if rules else reauthorisation_rules.OPENS_DAYS,
        "grace_days": rules.grace_days if rules else reauthorisation_rules.GRACE_DAYS,
        **{f"asks_{code}": code in asked for code in CONDITIONS},
    }


def floor_rows(rows: list[RevenueFloor], today: date) -> list[dict[str, Any]]:
    """Floors, the newest first, each with what it is today."""
    in_force = next((row.id for row in rows if row.valid_from <= today), None)
    return [
        {
            "amount": row.floor,
            "from": f"{row.valid_from.day} {row.valid_from:%b %Y}",
            "state": ("ok", _("In force"))
            if row.id == in_force
            else ("wait", _("Comes"))
            if row.valid_from > today
            else ("neutral", _("Was")),
        }
        for row in rows
    ]


@console.post("/programmes/<code>/year")
def save_year(code: str) -> Response:
    """Counts for what begins from now on; a check that is open keeps what it asked for."""
    require_role("admin")
    form = YearForm(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction():
            programme = programmes.find(code)
            programmes.set_year(programme, renews=form.renews.data, notice_days=form.notice_days.data or 0)
            reauthorisation_rules.set_rules(
                programme,
                [each for each in CONDITIONS if form[f"asks_{each}"].data],
                opens_days=form.opens_days.data or 0,
                grace_days=form.grace_days.data or 0,
            )
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.programme_year", "saved", code=code)


@console.post("/programmes/<code>/year/floors")
def add_floor(code: str) -> Response:
    """One more floor; none is ever changed."""
    require_role("admin")
    form = FloorForm(request.form, prefix="floor-")
    if not form.validate():
        return show(code, 422, floor=form)
    try:
        amount = money.parse(form.amount.data or "", form.currency.data)
    except ValueError as error:
        form.amount.errors = [_(str(error))]
        return show(code, 422, floor=form)
    try:
        with db.transaction():
            day = form.valid_from.data or business_now().date()
            reauthorisation_rules.add_floor(programmes.find(code), amount, day)
    except Refusal as refusal:
        return show(code, refusal.status, floor=form, problem=str(refusal))
    return pages.see("distributor.programme_year", "floor-added", code=code)
