"""Tax rates: one per country, each from a day on; the history stays, because invoices were written by it."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask import request
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from billing import tax
from billing.tax import TaxRate
from core import db
from core.errors import Refusal
from core.languages import _
from partners import companies
from storefront import pages
from storefront.distributor import console
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role

pages.saying(rate_added="The rate is in the table. Orders are taxed by it from its first day on.")


class NewRate(Form):
    """A country's rate from a day on."""

    country = SelectField("Country", [InputRequired("Please choose the country.")], validate_choice=False)
    percent = StringField("Rate", [InputRequired("Such as 19 or 5.5.")])
    valid_from = DateField("Valid from", [Optional()], description="The first day, UTC. Empty: today.")
    name = StringField(
        "Name on papers", [Length(max=60)], description="Such as VAT 19 %. Empty: VAT and the rate."
    )


@console.get("/tax-rates")
def rate_list() -> Response:
    """Every country with what is in force, what comes and what was."""
    return show(NewRate(country=request.args.get("country", "")))


def show(form: NewRate, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    form.country.choices = [
        SelectChoice("", _("Please choose")),
        *(SelectChoice(code, name) for code, name in companies.countries().items()),
    ]
    with db.transaction():
        today, rates = tax.today(), tax.rates()
    return pages.render(
        "distributor/tax_rates.html",
        status,
        title=_("Tax rates"),
        form=form,
        rows=[
            row for country in dict.fromkeys(r.country for r in rates) for row in rows(rates, country, today)
        ],
        may_change=has_role("billing_agent"),
        problem=problem,
    )


def rows(rates: list[TaxRate], country: str, today: date) -> list[dict[str, Any]]:
    """The rates of a country, newest first, each with what it is today."""
    mine = [rate for rate in rates if rate.country == country]
    in_force = next((rate.id for rate in mine if rate.valid_from <= today), None)
    return [
        {
            "country": companies.country_name(country),
            "code": country,
            "name": rate.name,
            "percent": tax.percent(rate.basis_points),
            "from": f"{rate.valid_from.day} {rate.valid_from:%b %Y}",
            "state": ("ok", _("In force"))
            if rate.id == in_force
            else ("wait", _("Comes"))
            if rate.valid_from > today
            else ("neutral", _("Was")),
        }
        for rate in mine
    ]


@console.post("/tax-rates")
def add_rate() -> Response:
    """One more rate; none is ever changed."""
    require_role("billing_agent")
    form = NewRate(request.form)
    fine, points = form.validate(), basis_points(form.percent.data or "")
    if points is None and form.percent.data:
        form.percent.errors = [_("Enter a percentage between 0 and 100, such as 19 or 5.5.")]
    if not fine or points is None:
        return show(form, 422)
    try:
        with db.transaction():
            tax.add_rate(
                form.country.data or "", form.name.data or "", points, form.valid_from.data or tax.today()
            )
    except Refusal as refusal:
        return show(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.rate_list", "rate-added")


def basis_points(text: str) -> int | None:
    """19 -> 1900; none for what is no percentage with at most two digits after the point."""
    try:
        points = Decimal(text.strip().rstrip("%").strip().replace(",", ".")) * 100
    except ArithmeticError:  # no number, or one too large to be one
        return None
    fine = points.is_finite() and 0 <= points <= tax.MOST and points == int(points)
    return int(points) if fine else None
