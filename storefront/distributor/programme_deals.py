"""What a programme says about deals: its page below the programme."""

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, NumberRange

from core import db
from core.errors import Refusal
from core.languages import _
from partners import deal_rules, programmes
from partners.deal_rules import Rules
from storefront import pages
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.visitors import has_role, require_role


class RulesForm(Form):
    """The rules, each with what it does."""

    takes_deals = BooleanField(
        "Takes deals",
        description="Off: nobody can register a lead in this programme. What is registered goes on.",
    )
    valid_days = IntegerField(
        "Days an approved deal is valid",
        [InputRequired("Such as 90."), NumberRange(1, 1000, "Between 1 and 1,000 days.")],
        description="So long the lead is the reseller's alone, counted from the approval.",
    )
    notice_days = IntegerField(
        "Days of notice",
        [InputRequired("Such as 14."), NumberRange(0, 999, "Between 0 and 999 days.")],
        description="So many days before its end the reseller gets a mail.",
    )
    extension_days = IntegerField(
        "Days a deal may be kept longer",
        [InputRequired("0 where it may not."), NumberRange(0, 1000, "Between 0 and 1,000 days.")],
        description="A reviewer may give them once. 0: never.",
    )
    reasons = TextAreaField(
        "Reasons for a rejection",
        [InputRequired("Write at least one reason.")],
        description="One a line; the reviewer chooses one, the reseller reads it."
        " The first is also what a reseller reads whose lead another one holds.",
    )
    before_customers = BooleanField(
        "Customers only after the approval of their lead",
        description="On: its partners can invite a customer only with an approved deal.",
    )

    def rules(self) -> Rules:
        """What it says."""
        return Rules(
            takes_deals=self.takes_deals.data,
            valid_days=self.valid_days.data or 0,
            notice_days=self.notice_days.data or 0,
            extension_days=self.extension_days.data or 0,
            reasons=(self.reasons.data or "").splitlines(),
            before_customers=self.before_customers.data,
        )


@console.get("/programmes/<code>/deals")
def programme_deals(code: str) -> Response:
    """The form."""
    return show(code)


def show(
    code: str, status: int = 200, *, form: RulesForm | None = None, problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        programme = programmes.find(code)
        rules = deal_rules.of(programme.id)
        name = programme.name
    kept = {
        "takes_deals": rules.takes_deals,
        "valid_days": rules.valid_days,
        "notice_days": rules.notice_days,
        "extension_days": rules.extension_days,
        "reasons": "\n".join(rules.reasons),
        "before_customers": rules.before_customers,
    }
    return pages.render(
        "distributor/programme_deals.html",
        status,
        title=_("Deals of %(programme)s", programme=name),
        name=name,
        code=code,
        tabs=programme_pages.tabs(code),
        form=form or RulesForm(data=kept),
        problem=problem,
        may_change=has_role("admin"),
    )


@console.post("/programmes/<code>/deals")
def save_programme_deals(code: str) -> Response:
    """Counts from the next act on."""
    require_role("admin")
    form = RulesForm(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction():
            deal_rules.keep(programmes.find(code), form.rules())
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.programme_deals", "saved", code=code)
