"""Forms of the console. They check shape only; rules are refusals of the business packages."""

from collections.abc import Sequence
from typing import Any, ClassVar

from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    FileField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from core import money
from core.languages import _
from core.money import Money
from storefront.forms import Form, SelectChoice

REASON = [
    InputRequired("Say why in a few words."),
    Length(max=500, message="Please say it in at most 500 characters."),
]


class Reason(Form):
    """Why a person decides something; it goes into the trail."""

    why = StringField("Reason", REASON)


class Resolution(Form):
    """A delivery confirmed by hand."""

    external_id = StringField("Vendor's id", [InputRequired("Name the vendor's id."), Length(max=200)])
    licences = TextAreaField(
        "Licence keys", [Length(max=400_000)], description="One a line, if the vendor gave keys."
    )
    why = StringField("How you know", REASON)

    def keys(self) -> list[str]:
        """The keys as typed, without empty lines."""
        return [line.strip() for line in (self.licences.data or "").splitlines() if line.strip()]


class AmountField(StringField):
    """An amount as people type it; `.money(currency)` is its value."""

    def __init__(self, label: str, *, currency: str = "EUR", **options: Any) -> None:
        super().__init__(label, [InputRequired("Enter an amount such as 12.50.")], **options)
        self.currency = currency

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        """The sentence says what is wrong with the amount."""
        if validation_stopped or not (self.data or "").strip():
            return
        try:
            money.parse(self.data or "", self.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def money(self) -> Money | None:
        """The amount, or none where nothing was typed."""
        typed = (self.data or "").strip()
        return money.parse(typed, self.currency) if typed else None


class ByHand(Form):
    """Money given back by hand."""

    amount = AmountField("Amount")
    borne = RadioField(
        "Who bears it",
        choices=[
            SelectChoice("as_sold", "Each its part: we give up wholesale, the reseller its margin"),
            SelectChoice("distributor", "We bear it all; the reseller keeps its margin"),
            SelectChoice("reseller", "The reseller bears it all; wholesale stays as it is"),
        ],
        default="as_sold",
    )
    why = StringField("Reason", REASON, description="The buyer reads it.")


class Refunding(Form):
    """What happens when a vendor refuses."""

    when_refused = RadioField(
        "When a vendor refuses a paid line",
        choices=[
            SelectChoice("automatic", "Give its money back by itself"),
            SelectChoice("ask", "Ask us: the work queue offers the refund"),
        ],
        default="automatic",
    )
    fee_when_refused = RadioField(
        "The card fee, which does not come back, is borne by",
        choices=[
            SelectChoice("distributor", "Us: the reseller gets its share of the fee back"),
            SelectChoice("reseller", "The reseller: it bore the fee when the order was paid"),
        ],
        default="distributor",
    )


class Attached:
    """Marks a file as needed; the view reads it from the request's files."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: Form, field: FileField) -> None:
        """The form itself holds no files."""


class Upload(Form):
    """A catalogue file."""

    file = FileField("Catalogue file", [Attached()])
    share = StringField(
        "Wholesale share",
        [InputRequired("Say which share of the list price resellers pay.")],
        description="Percent of the list price that resellers pay where the file names no wholesale price.",
        default="85",
    )


class Standing(Form):
    """What a reseller may do."""

    enable_reselling = BooleanField(
        "Enable reselling", description="May buy a reseller plan and open its own storefront."
    )
    ordering_enabled = BooleanField(
        "Ordering", description="Off: no new orders, also none of its customers. What runs goes on."
    )
    prorate_billing = BooleanField(
        "Prorate billing", description="A part of a billing period costs its share, not the whole period."
    )
    partial_charges = BooleanField(
        "Invoice partial charges",
        description="What changes within a period is invoiced at once, not with the next period.",
    )
    price_list = SelectField("Price list", coerce=str)

    def offer(self, price_lists: Sequence[tuple[str, str]]) -> "Standing":
        """The price lists to choose from."""
        self.price_list.choices = [SelectChoice(value, label) for value, label in price_lists]
        return self


class CreditLine(Form):
    """A credit line or a deposit."""

    kind = RadioField(
        "Kind",
        choices=[SelectChoice("credit", "Credit line"), SelectChoice("deposit", "Deposit paid ahead")],
        default="credit",
    )
    ceiling = AmountField("Amount")
    why = StringField("Reason", REASON)


class Activation(Form):
    """A reseller plan, activated from the back office."""

    plan = SelectField("Plan", coerce=str)
    alias = StringField(
        "Storefront alias", description="The name in the portal's address, for example brightfield."
    )


class GatewayKeys(Form):
    """The distributor's own account at Stripe. Secrets are write-only: an empty field keeps what is
    stored."""

    account_id = StringField(
        "Account", [InputRequired("Name the account, such as acct_1Nv0FGQ9RKHgCVdK."), Length(max=100)]
    )
    secret_key = PasswordField("Secret key", [Length(max=300)])
    webhook_secret = PasswordField("Signing secret of the webhook", [Length(max=300)])
    fee_percent = StringField(
        "Expected fee, percent",
        [InputRequired("Such as 1.5.")],
        description="Used until Stripe reports the fee it took.",
    )
    fee_fixed = AmountField("Expected fee, fixed")


class TimeMachine(Form):
    """How far the business clock goes forward: by days, by months, to a day, or (from the list of what comes
    next) to an instant."""

    days = IntegerField("Days", [Optional(), NumberRange(1, 366, "Between 1 and 366 days at a time.")])
    months = IntegerField("Months", [Optional(), NumberRange(1, 120, "Between 1 and 120 months at a time.")])
    to = DateField("To a day", [Optional()], description="Its first instant, 00:00 UTC.")
    instant = DateTimeLocalField("To an instant", [Optional()], format="%Y-%m-%dT%H:%M:%S.%f%z")

    def validate(self, extra_validators: Any = None) -> bool:
        """Exactly one of them says how far; "Go there" needs no other."""
        fine = super().validate(extra_validators)
        given = [each for each in (self.days, self.months, self.to) if each.data is not None]
        if self.instant.data is not None:
            given = [self.instant]
        if fine and len(given) != 1:
            self.days.errors = [_("Say how far: days, or months, or a day.")]
        return fine and len(given) == 1
