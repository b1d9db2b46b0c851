"""Forms of the reseller's console. They check shape only; rules are refusals of the business packages."""

from wtforms import (
    EmailField,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp

from core.languages import Words
from core.parties import OrderedBy, Segment
from partners import companies, customers
from partners.invitations import LONGEST_WORDS
from storefront.forms import Form, SelectChoice, choices
from storefront.people import ADDRESS, trimmed

RIGHTS = Words({"without": "Ask for no admin rights", "with": "Ask for admin rights"})
PAYMENTS = Words({"card": "By card", "account": "On account"})


class BuyPlan(Form):
    """A plan with its storefront alias, and how it is paid."""

    alias = StringField("Storefront alias", filters=[lambda value: trimmed(value).lower()])
    pay_by = RadioField(
        "Payment",
        choices=choices(PAYMENTS.options()),
        default="card",
        filters=[lambda value: value or "card"],
    )
    request_key = HiddenField(validators=[Length(max=100)])
    seen_total = HiddenField(validators=[Optional(), Regexp(r"[0-9]{1,12}\Z")])


class InviteCustomer(Form):
    """A new customer, by the address of its first person (P7)."""

    email = EmailField("E-mail", ADDRESS, filters=[trimmed])
    company = StringField(
        "Company",
        [Length(max=200)],
        filters=[trimmed],
        description="Advised. Without it the customer is listed by its address.",
    )
    name = StringField("Name of the person", [Length(max=200)], filters=[trimmed])
    country = SelectField(
        "Country",
        choices=[
            SelectChoice("", "Please choose"),
            *(SelectChoice(code, name) for code, name in companies.countries().items()),
        ],
        filters=[lambda value: trimmed(value).upper()],
    )
    channel = RadioField(
        "Channel",
        validate_choice=False,
        description="How you win this customer; it stays so. For an indirect one the distributor orders.",
    )
    rights = RadioField(
        "Admin rights",
        choices=choices(RIGHTS.options()),
        default="without",
        filters=[lambda value: value or "without"],
        description="The customer reads what they allow before it accepts, and may say no.",
    )
    comment = TextAreaField(
        "Private comment",
        [Length(max=customers.LONGEST_COMMENT)],
        filters=[trimmed],
        description="Only you and your colleagues read it: neither the customer nor the distributor does.",
    )
    words = TextAreaField(
        "Text of the mail",
        [Length(max=LONGEST_WORDS)],
        filters=[trimmed],
        description="Write it in your own words. Keep {link}: there the personal link is put.",
    )


class AboutCustomer(Form):
    """What a reseller may change of a customer (P14)."""

    company = StringField("Company", [InputRequired("Name the company."), Length(max=200)], filters=[trimmed])
    comment = TextAreaField(
        "Private comment",
        [Length(max=customers.LONGEST_COMMENT)],
        filters=[trimmed],
        description="Only you and your colleagues read it: neither the customer nor the distributor does.",
    )
    segment = SelectField(
        "Kind of company",
        choices=[
            SelectChoice(Segment.COMMERCIAL.value, "Commercial"),
            SelectChoice(Segment.EDUCATION.value, "Education"),
            SelectChoice(Segment.CHARITY.value, "Charity"),
        ],
        default=Segment.COMMERCIAL.value,
        description="Some plans are sold to schools or charities only.",
    )


class WhoOrders(Form):
    """H45: whether the customer orders for itself."""

    ordered_by = RadioField(
        "Who may order",
        choices=[
            SelectChoice(OrderedBy.CUSTOMER.value, "The customer itself"),
            SelectChoice(OrderedBy.RESELLER.value, "Only we order"),
        ],
    )


class Logo(Form):
    """A picture to be drawn anew."""

    logo = FileField("Logo", description="PNG, JPEG, WebP or GIF, up to 6 MB. It is drawn anew as a PNG.")
