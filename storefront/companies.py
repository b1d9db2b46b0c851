"""Company data as a form: the same fields in the checkout, where they are asked once, and on the pages that
change them later. What they must be is partners.companies' business."""

from typing import Any
from uuid import UUID

from flask import request
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from core import db
from core.languages import _
from partners import companies
from partners.companies import CompanyDetails, CompanyIncomplete, Details
from storefront import pages
from storefront.forms import Form, SelectChoice
from storefront.moments import moment
from storefront.visitors import has_role

PREFIX = "company-"
pages.saying(
    company_saved="Saved. It stands on orders and invoices from now on; older papers stay as they are."
)


class Company(Form):
    """Who stands on the papers."""

    legal_name = StringField("Legal name", [InputRequired("Please enter the legal name.")])
    street = StringField("Street and number", [InputRequired("Please enter the street and number.")])
    postcode = StringField("Postcode", [InputRequired("Please enter the postcode.")])
    city = StringField("City", [InputRequired("Please enter the city.")])
    country = SelectField("Country", [InputRequired("Please choose the country.")], validate_choice=False)
    tax_id = StringField(
        "VAT number",
        description="With the country's letters, such as DE136695976. Leave it empty if you have none.",
    )

    def details(self) -> Details:
        """What was typed, unchecked."""
        return Details(
            **{name: (self[name].data or "")[:500] for name in self._fields}  # pyright: ignore[reportAttributeAccessIssue] WTForms' own
        )


def form_of(row: CompanyDetails | None, *, name: str = "", country: str = "") -> Company:
    """The form with what is kept, or with what the standing says."""
    kept = companies.as_details(row) if row else Details(name, "", "", "", country)
    return offered(Company(prefix=PREFIX, data={f: getattr(kept, f) for f in Details.__dataclass_fields__}))


def page_values(
    row: CompanyDetails | None, form: Company | None, *, name: str, country: str = ""
) -> dict[str, Any]:
    """What each side's page about its company shows: the form, refused or fresh, and what is kept."""
    return {
        "title": _("Company"),
        "form": form or form_of(row, name=name, country=country),
        "kept": row,
        "country": companies.country_name(row.country) if row else "",
        "changed": moment(row.changed_at) if row else None,
        "may_change": has_role("admin"),
    }


def sent() -> Company:
    """The form as it came with the request."""
    return offered(Company(request.form, prefix=PREFIX))


def offered(form: Company) -> Company:
    """The countries to choose from."""
    form.country.choices = [
        SelectChoice("", _("Please choose")),
        *(SelectChoice(code, name) for code, name in companies.countries().items()),
    ]
    return form


def was_sent() -> bool:
    """Whether the form asked for company data."""
    return f"{PREFIX}legal_name" in request.form


def keep(form: Company, *, reseller_id: UUID | None = None, customer_id: UUID | None = None) -> bool:
    """Keeps what was typed, in the transaction we are in; False with the problems at their fields."""
    try:
        companies.keep(form.details(), reseller_id=reseller_id, customer_id=customer_id)
    except CompanyIncomplete as wrong:
        for name, words in wrong.problems.items():
            form[name].errors = [words]
        return False
    return True


def answer(*, reseller_id: UUID | None = None, customer_id: UUID | None = None) -> Company | None:
    """What a page that changes company data does with its form: None when it is kept, else the form as it
    was sent."""
    form = sent()
    with db.transaction():
        return None if keep(form, reseller_id=reseller_id, customer_id=customer_id) else form
