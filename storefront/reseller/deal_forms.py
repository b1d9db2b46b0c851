"""The forms of a deal. They check shape only; rules are refusals of partners/deal_registrations.py."""

from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange

from core import money
from partners import companies
from partners.deal_registrations import LONGEST, Lead
from partners.deals import DealKind
from storefront import deals as shown
from storefront.forms import Form, SelectChoice, choices
from storefront.reseller.forms import ADDRESS, trimmed


class DealForm(Form):
    """What may be changed as long as a deal is open."""

    contact_name = StringField(
        "Contact", [InputRequired("Whom do you talk to there?"), Length(max=120)], filters=[trimmed]
    )
    contact_email = EmailField("E-mail of the contact", ADDRESS, filters=[trimmed])
    products = StringField(
        "Interested in",
        [InputRequired("What is the company interested in?"), Length(max=LONGEST["products"])],
        filters=[trimmed],
        description="Products or plans, such as endpoint management for field staff.",
    )
    seats = IntegerField(
        "Expected seats", [InputRequired("Such as 40."), NumberRange(1, 10_000_000, "At least one.")]
    )
    value = StringField(
        "Expected value of the first year", [InputRequired("Such as 1200.00.")], filters=[trimmed]
    )
    closes_on = DateField("Expected close", [InputRequired("Choose a day.")])
    kind = RadioField("Who works on it", choices=choices(shown.KINDS.options()), default="independent")
    may_contact = BooleanField(
        "The company may be contacted by the distributor",
        description="Off: we talk to you only.",
    )
    comment = TextAreaField("Comment", [Length(max=LONGEST["comment"])])

    def typed(self) -> dict[str, Any]:
        """What was typed, but for the amount."""
        names = ("contact_name", "contact_email", "products", "seats", "closes_on", "may_contact")
        return {name: self[name].data for name in names} | {
            "comment": self.comment.data or "",
            "kind": DealKind(self.kind.data),
        }


class NewDeal(DealForm):
    """The same with the company and the programme, which never change."""

    programme = SelectField("Programme", coerce=str)
    company = StringField(
        "Company", [InputRequired("Name the company."), Length(max=LONGEST["company"])], filters=[trimmed]
    )
    country = SelectField(
        "Country",
        choices=[
            SelectChoice("", "Please choose"),
            *(SelectChoice(code, name) for code, name in companies.countries().items()),
        ],
        filters=[lambda value: trimmed(value).upper()],
    )
    website = StringField(
        "Website",
        [Length(max=LONGEST["website"])],
        filters=[trimmed],
        description="The company's own, such as example.com.",
    )
    tax_id = StringField("VAT or tax id", [Length(max=LONGEST["tax_id"])], filters=[trimmed])
    may_share = BooleanField(
        "The company agrees that its data are passed to the distributor",
        description="Without its consent a lead cannot be registered.",
    )

    def lead(self, currency: str) -> Lead:
        """What it says; ValueError for an amount that is none."""
        return Lead(
            company=self.company.data or "",
            country=self.country.data or "",
            website=self.website.data or "",
            tax_id=self.tax_id.data or "",
            may_share=self.may_share.data,
            value=money.parse(self.value.data or "", currency),
            **self.typed(),
        )
