"""How the plans of a product are ordered: allowed numbers, add-on of what, parts of a bundle, what they need,
once or again, trial and windows. Codes are typed; what cannot be is refused by name and nothing is saved."""

from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from catalog import offering_files, plan_links, pricing
from catalog.offerings import LONGEST_DAYS
from catalog.plan_links import Match, Offering, PlanLink
from catalog.products import Plan, Product
from core import db
from core.errors import Missing, Refused
from core.languages import Words, _
from core.tenancy import same_key
from storefront import pages, timelines
from storefront.distributor import console, product_pages
from storefront.distributor.product_prices import find, plans_of
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role

EDITS = "storefront_manager"
MATCHES = Words(
    {
        Match.AT_MOST: "At most as many as the base has",
        Match.EXACTLY: "Exactly as many as the base has",
        Match.ANY: "Any number",
    }
)
WHOLE = [InputRequired("A whole number from 1 on."), NumberRange(1, 9_999_999, "A whole number from 1 on.")]
DAYS = [
    Optional(),
    NumberRange(0, LONGEST_DAYS, f"A number of days from 0 to {LONGEST_DAYS}."),
]
CODES = [Length(max=2000)]

pages.saying(offering_saved="Saved. Every shop holds new orders to it; what was sold stays as it was.")


class OfferingForm(Form):
    """Shape only; what plans may have to do with each other is catalog/plan_links.py."""

    minimum = IntegerField("Minimum", WHOLE)
    maximum = IntegerField("Maximum", WHOLE)
    step = IntegerField("Step", WHOLE, description="Only multiples of it can be ordered.")
    once_per_customer = BooleanField(
        "Once per customer", description="A customer that has taken it cannot order it again."
    )
    trial_days = IntegerField("Trial, in days", DAYS, description="0 is none.")
    cancellation_days = IntegerField(
        "Can be undone for, in days", DAYS, description="After delivery. Empty: as its product type says."
    )
    reduction_days = IntegerField(
        "Can be made smaller for, in days",
        DAYS,
        description="Noted with each order for your own use; customers are not promised it, and nothing"
        " happens by itself. Empty: as its product type says.",
    )
    bases = StringField(
        "Add-on to",
        CODES,
        description="Codes of products, with commas. It is ordered with one of them, or for one that runs.",
    )
    match = SelectField("How many for one base", choices=[])
    needs = StringField(
        "Needs", CODES, description="Codes of products that have to run at the customer, with commas."
    )
    parts = StringField(
        "Bundle of",
        CODES,
        description="Codes of plans, with commas. It has one of each; its price is split over them exactly.",
    )

    def offering(self) -> Offering:
        """What was typed."""
        return Offering(
            self.minimum.data or 1,
            self.maximum.data or 1,
            self.step.data or 1,
            bool(self.once_per_customer.data),
            self.trial_days.data or 0,
            self.cancellation_days.data,
            self.reduction_days.data,
            codes(self.bases.data),
            Match(self.match.data),
            codes(self.needs.data),
            codes(self.parts.data),
        )


def codes(typed: str | None) -> tuple[str, ...]:
    """Codes between commas, spaces or lines, each once."""
    return tuple(dict.fromkeys((typed or "").replace(",", " ").split()))


def form_of(plan: Plan, typed: Any = None) -> OfferingForm:
    """What holds of a plan, or what was typed about it."""
    now = plan_links.of(plan)
    form = OfferingForm(
        typed,
        prefix=f"{plan.id.hex}-",
        minimum=now.minimum,
        maximum=now.maximum,
        step=now.step,
        once_per_customer=now.once_per_customer,
        trial_days=now.trial_days,
        cancellation_days=now.cancellation_days,
        reduction_days=now.reduction_days,
        bases=", ".join(now.bases),
        match=now.match.value,
        needs=", ".join(now.needs),
        parts=", ".join(now.parts),
    )
    form.match.choices = [SelectChoice(value, label) for value, label in MATCHES.options()]
    return form


@console.get("/catalogue/<code>/ordering")
def product_ordering(code: str) -> Response:
    """Each plan with its rules."""
    return show(code)


@console.post("/catalogue/<code>/ordering")
def save_product_ordering(code: str) -> Response:
    """The rules of one plan."""
    require_role(EDITS)
    with db.transaction():
        plan = own_plan(code, request.form.get("plan", ""))
        plan_id, form = plan.id, form_of(plan, request.form)
    if not form.validate():
        return show(code, 422, changed=(plan_id, form))
    try:
        with db.transaction():
            plan, product = own_plan(code, str(plan_id)), find(code)
            if plan_links.keep(plan, form.offering()):
                offering_files.cost_of_bundle(plan)
                pricing.changed(product)
    except Refused as refusal:
        return show(code, refusal.status, changed=(plan_id, form), problem=str(refusal))
    return pages.see("distributor.product_ordering", "offering-saved", code=code)


def own_plan(code: str, plan_id: str) -> Plan:
    """A plan of the product; Missing otherwise."""
    for plan in plans_of(code):
        if str(plan.id) == plan_id:
            return plan
    raise Missing("plan")


def show(
    code: str,
    status: int = 200,
    *,
    changed: tuple[UUID, OfferingForm] | None = None,
    problem: str = "",
) -> Response:
    """The page, with what was typed where it was refused."""
    with db.transaction() as session:
        product, plans = find(code), plans_of(code)
        extended_by = session.execute(
            select(Product.code, Product.name, Plan.name)
            .join(Plan, same_key(Plan.product_id, Product.id))
            .join(PlanLink, same_key(PlanLink.plan_id, Plan.id))
            .where(PlanLink.product_id == product.id)
            .order_by(Product.name, Plan.name)
            .limit(50)
        ).all()
        rows = [
            {
                "plan": plan,
                "form": changed[1] if changed and changed[0] == plan.id else form_of(plan),
                "problem": problem if changed and changed[0] == plan.id else "",
            }
            for plan in plans
        ]
        trail = timelines.of([plan.id for plan in plans])
        head = product_pages.head(product)
    return pages.render(
        "distributor/ordering.html",
        status,
        title=_("How %(product)s is ordered", product=product.name),
        product=product,
        head=head,
        rows=rows,
        extended_by=[{"code": other, "name": name, "plan": plan} for other, name, plan in extended_by],
        trail=trail,
        may_change=has_role(EDITS),
    )
