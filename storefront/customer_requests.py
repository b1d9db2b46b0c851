"""Requests for customers that the provider creates, as both consoles show them: the list, one request, and
the form of a customer."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import Select, or_, select
from wtforms import BooleanField, EmailField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from core.languages import Words, _
from core.parties import Reseller
from core.tenancy import same_key
from partners import companies, customer_requests
from partners.customer_requests import CustomerRequest, CustomerRequestState, Wanted, WantedIncomplete
from partners.relation_rules import Ruled
from storefront import lists
from storefront.filters import Days
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.people import ADDRESS, trimmed

WORDS = Words(
    {"asked": "Waits for an answer", "created": "Created", "declined": "Declined", "withdrawn": "Withdrawn"}
)
"""state of a request -> its name."""
RIGHTS = Words(
    {
        "asked": "Asked for",
        "granted": "Given",
        "declined": "Not given",
        "withdrawn": "Given back",
        "removed": "Removed",
    }
)
"""state of admin rights -> its name, as consoles say it."""


class CustomerForm(Form):
    """A customer as its provider creates it, or is asked to."""

    programme = SelectField("Programme", validate_choice=False)
    company = StringField(
        "Company",
        [InputRequired("Name the company."), Length(max=customer_requests.LONGEST_NAME)],
        filters=[trimmed],
    )
    country = SelectField(
        "Country",
        [InputRequired("Please choose the country.")],
        choices=[
            SelectChoice("", "Please choose"),
            *(SelectChoice(code, name) for code, name in companies.countries().items()),
        ],
        filters=[lambda value: trimmed(value).upper()],
    )
    name = StringField(
        "First administrator",
        [InputRequired("Who of the company is invited first?"), Length(max=customer_requests.LONGEST_NAME)],
        filters=[trimmed],
    )
    email = EmailField("E-mail", ADDRESS, filters=[trimmed])
    rights = BooleanField(
        "Ask for admin rights, too",
        description="The customer reads what they allow before it accepts, and may say no.",
    )

    def offer(self, programmes: Sequence[Ruled]) -> None:
        """The programmes to choose from; admin rights where one of them has them."""
        self.programme.choices = [SelectChoice(str(one.programme_id), one.programme) for one in programmes]

    def wanted(self) -> Wanted:
        """What it says."""
        return Wanted(
            self.company.data or "",
            self.name.data or "",
            self.email.data or "",
            self.country.data or "",
            self.rights.data,
        )

    def show(self, refusal: WantedIncomplete) -> None:
        """What is wrong with which field."""
        for name, words in refusal.problems.items():
            self[name].errors = [*self[name].errors, words]


class RequestForm(CustomerForm):
    """The same, with words to the distributor."""

    words = TextAreaField(
        "What the distributor should know",
        [Length(max=customer_requests.LONGEST_WORDS)],
        filters=[trimmed],
        description="Such as what the customer needs first, and by when.",
    )


def the_list(side: str, *, resellers: bool) -> List:
    """What the list is, in the console `side`."""
    return List(
        _("Requests for customers"),
        f"{side}.customer_request_list",
        [
            Column("company", _("Company"), itemgetter("company"), CustomerRequest.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            *([Column("reseller", _("Reseller"), itemgetter("reseller"))] if resellers else []),
            Column("country", _("Country"), itemgetter("country"), CustomerRequest.country),
            Column("programme", _("Programme"), itemgetter("programme")),
            Column("name", _("Person"), itemgetter("name")),
            Column("email", _("E-mail"), itemgetter("email"), only_file=True),
            Column("state", _("State"), itemgetter("words")),
            Column("asked", _("Asked"), itemgetter("asked"), CustomerRequest.id),
            Column("by", _("Answered by"), itemgetter("by"), only_file=True),
        ],
        CustomerRequest.id,
        rows(side),
        "asked" if resellers else "-asked",
        search=lambda query: or_(
            CustomerRequest.code == query.upper(),
            *(
                column.icontains(query, autoescape=True)
                for column in (CustomerRequest.company, CustomerRequest.name, CustomerRequest.email)
            ),
            *([Reseller.name.icontains(query, autoescape=True)] if resellers else []),
        ),
        views=lists.Choice(
            "show",
            _("View"),
            WORDS.options(),
            lambda word: CustomerRequest.state == CustomerRequestState(word),
            any_word=_("All"),
        ),
        filters=[Days("asked", _("Asked"), CustomerRequest.asked_at)],
        export=f"{side}.customer_request_file",
    )


def statement() -> Select[CustomerRequest, str]:
    """Requests with the names of their resellers; a reseller finds its own."""
    joined = same_key(Reseller.id, CustomerRequest.reseller_id)
    return select(CustomerRequest, Reseller.name).join(Reseller, joined)


def rows(side: str) -> Callable[[Sequence[tuple[CustomerRequest, str]]], list[dict[str, Any]]]:
    """How one page of them is drawn."""

    def drawn(found: Sequence[tuple[CustomerRequest, str]]) -> list[dict[str, Any]]:
        return [
            shown(one)
            | {"reseller": reseller, "url": url_for(f"{side}.customer_request_page", code=one.code)}
            for one, reseller in found
        ]

    return drawn


def shown(one: CustomerRequest) -> dict[str, Any]:
    """One request as pages show it."""
    return {
        "code": one.code,
        "company": one.company,
        "country": companies.country_name(one.country),
        "programme": one.programme_name,
        "name": one.name,
        "email": one.email,
        "rights": one.rights,
        "told": one.words,
        "state": one.state.value,
        "words": WORDS[one.state.value],
        "open": one.state is CustomerRequestState.ASKED,
        "asked": moment(one.asked_at),
        "asked_by": one.asked_by,
        "by": one.decided_by,
        "decided": moment(one.decided_at),
        "reason": one.reason,
    }
