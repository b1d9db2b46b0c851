"""The credit terms that a programme gives the resellers it brings (I30)."""

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField

from billing import credit_terms
from billing.credit_terms import Defaults, Terms
from core import db
from partners import programmes
from storefront import pages, timelines
from storefront.distributor import console, programme_pages
from storefront.distributor.forms import AmountField
from storefront.forms import Form
from storefront.visitors import has_role, require_role, the_shop


class CreditDefaults(Form):
    """What a new reseller begins with."""

    limit = AmountField(
        "Credit line",
        description="How much its own and its customers' orders may take on account; 0 for none: it pays by"
        " card then.",
    )
    ordering_enabled = BooleanField(
        "Ordering", description="Off: it can order nothing before you switch it on on its page."
    )
    prorate_billing = BooleanField(
        "Prorate billing", description="A part of a billing period costs its share, not the whole period."
    )
    partial_charges = BooleanField(
        "Invoice partial charges",
        description="What changes within a period is invoiced at once, not with the next period.",
    )


@console.get("/programmes/<code>/credit")
def programme_credit(code: str) -> Response:
    """The page."""
    return show(code)


def show(code: str, status: int = 200, *, form: CreditDefaults | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        programme = programmes.find(code)
        kept = credit_terms.defaults_of(programme.id, the_shop().currency)
        timeline = timelines.of([programme.id])
    return pages.render(
        "distributor/programme_credit.html",
        status,
        title=programme.name,
        programme={"code": programme.code, "name": programme.name},
        tabs=programme_pages.tabs(code),
        form=form
        or CreditDefaults(
            limit=f"{kept.limit.amount}",
            ordering_enabled=kept.ordering_enabled,
            prorate_billing=kept.terms.prorate_billing,
            partial_charges=kept.terms.partial_charges,
        ),
        kept=kept,
        currency=kept.limit.currency,
        timeline=timeline,
        may_change=has_role("billing_agent"),
    )


@console.post("/programmes/<code>/credit")
def save_programme_credit(code: str) -> Response:
    """For the resellers that it brings from now on."""
    require_role("billing_agent")
    form = CreditDefaults(request.form)
    form.limit.currency = the_shop().currency
    limit = form.limit.money() if form.validate() else None
    if limit is None:
        return show(code, 422, form=form)
    with db.transaction():
        credit_terms.set_defaults(
            programmes.find(code),
            Defaults(
                limit,
                bool(form.ordering_enabled.data),
                Terms(bool(form.prorate_billing.data), bool(form.partial_charges.data)),
            ),
        )
    return pages.see("distributor.programme_credit", "saved", code=code)
