"""Plans of a product, made and edited by hand: what is bought, for how long, for how much, by whom. What was
sold stays as it was sold."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from catalog import attributes, editing, markets
from catalog.attributes import Attribute
from catalog.editing import PlanDetails
from catalog.products import Plan, PlanCost
from core import db
from core import money as moneys
from core.errors import Refusal
from core.languages import _
from core.money import Money
from core.periods import Term
from storefront import pages, timelines
from storefront.distributor import console, product_editor, product_pages
from storefront.distributor.forms import AmountField
from storefront.distributor.product_editor import DaysForm, values_of
from storefront.distributor.product_pages import ROLE, Both
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role, the_shop

LINES = 60
pages.saying(
    plan_added="The plan is there, as a draft. Publish it when it is ready.",
    plan_deleted="The plan is deleted. Nobody had ever seen it.",
)


class WrongShare(ValueError):
    """A share that nobody means."""


class PlanForm(Form):
    """What a plan says."""

    name = StringField("Name", [InputRequired("A plan needs a name, such as Enterprise."), Length(max=120)])
    sku = StringField(
        "SKU",
        [InputRequired("What the vendor calls it."), Length(max=120)],
        description="The vendor's own code.",
    )
    term = SelectField("Term", coerce=str, description="How long the buyer is bound.")
    billing_period = SelectField("Billed", coerce=str, description="As long as the term, or shorter.")
    price = AmountField("List price", description="Per unit and billing period, without tax.")
    minimum = IntegerField(
        "Minimum", [InputRequired("A whole number."), NumberRange(1, 1_000_000)], default=1
    )
    maximum = IntegerField(
        "Maximum", [InputRequired("A whole number."), NumberRange(1, 1_000_000)], default=10_000
    )
    features = TextAreaField(
        "What it includes",
        [Length(max=4000)],
        description="One a line. “Support: by phone” gives a value; one that begins with - is not included.",
    )
    markets = StringField(
        "Countries",
        [Length(max=800)],
        description="Two letters each, such as DE, AT, CH: it is sold to companies there. Empty: everywhere.",
    )
    segments = SelectMultipleField(
        "Sold to",
        choices=[
            SelectChoice("commercial", "Commercial"),
            SelectChoice("education", "Education"),
            SelectChoice("charity", "Charity"),
        ],
        description="None ticked: to every company.",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def details(self, values: Mapping[str, Any]) -> PlanDetails:
        """What it says; markets.WrongMarkets for a country that there is not."""
        price = self.price.money()
        return PlanDetails(
            name=self.name.data or "",
            sku=self.sku.data or "",
            term=Term(self.term.data),
            billing_period=Term(self.billing_period.data),
            minimum=self.minimum.data or 0,
            maximum=self.maximum.data or 0,
            price=price if price is not None else Money(0, self.price.currency),
            features=features_of(self.features.data or ""),
            attributes=values,
            markets=markets.read(self.markets.data or ""),
            segments=self.segments.data or [],
        )


class NewPlanForm(PlanForm):
    """The same with the code, which never changes, and the first prices."""

    code = StringField(
        "Code",
        [InputRequired("Such as uem-enterprise-y."), Length(max=60)],
        description="Unique in the catalogue. It cannot be changed.",
    )
    cost = StringField("Cost", [Optional()], description="What the vendor asks; only you see it.")
    share = StringField(
        "Wholesale share",
        [Optional()],
        description="Percent of the list price, on every price list of the currency. Empty: on none.",
        default="85",
    )


def with_choices(form: PlanForm, currency: str) -> PlanForm:
    """Terms by their words, and the currency of the amounts."""
    form.term.choices = [SelectChoice(term.value, term.label) for term in Term]
    form.billing_period.choices = [SelectChoice(term.value, term.per) for term in Term]
    form.price.currency = currency
    return form


def features_of(typed: str) -> dict[str, Any]:
    """Lines as the plan keeps them: word -> a text, or whether it is included."""
    found: dict[str, Any] = {}
    for line in typed.splitlines()[:LINES]:
        words = line.strip()
        included = not words.startswith("-")
        name, colon, value = words.removeprefix("-").partition(":")
        if name.strip():
            found[name.strip()] = value.strip() if colon and value.strip() and included else included
    return found


def features_typed(features: Mapping[str, Any]) -> str:
    """The same the other way round."""
    return "\n".join(
        name if value is True else f"- {name}" if value is False else f"{name}: {value}"
        for name, value in features.items()
    )


def share_of(typed: str) -> Decimal | None:
    """A percentage as a part of one; none where nothing was typed. WrongShare otherwise."""
    words = typed.strip().rstrip("%").replace(",", ".")
    if not words:
        return None
    try:
        share = Decimal(words) / 100
    except ArithmeticError:  # no number, or one too large to be one
        raise WrongShare(_("A number of percent, such as 85.")) from None
    if not share.is_finite() or not 0 < share <= 1:
        raise WrongShare(_("More than 0 and at most 100 percent."))
    return share


# --- A new one ----------------------------------------------------------------------------------------------


@console.get("/catalogue/<code>/plans/new")
def new_plan(code: str) -> Response:
    """The form of a new one."""
    require_role(ROLE)
    return show_new(code, NewPlanForm(term=Term.YEAR.value, billing_period=Term.MONTH.value))


def show_new(
    code: str,
    form: NewPlanForm,
    status: int = 200,
    *,
    errors: Mapping[str, str] | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        product = editing.product(code)
        schema = product_editor.schema_of(product)
        head = product_pages.head(product)
    typed = product_editor.typed_values(schema)
    return pages.render(
        "distributor/plan_new.html",
        status,
        title=_("New plan"),
        head=head,
        form=with_choices(form, the_shop().currency),
        currency=the_shop().currency,
        values=values_of(schema, typed, errors or {}),
        problem=problem,
    )


@console.post("/catalogue/<code>/plans/new")
def add_plan(code: str) -> Response:
    """A draft of the product."""
    require_role(ROLE)
    currency = the_shop().currency
    form = NewPlanForm(request.form)
    with_choices(form, currency)
    with db.transaction():
        schema = product_editor.schema_of(editing.product(code))
    values, errors = attributes.read(schema, product_editor.typed_values(schema))
    fine = form.validate()
    cost, share = None, None
    try:
        cost = moneys.parse(form.cost.data or "", currency) if (form.cost.data or "").strip() else None
    except ValueError as error:
        form.cost.errors, fine = [str(error)], False
    try:
        share = share_of(form.share.data or "")
    except WrongShare as error:
        form.share.errors, fine = [str(error)], False
    if not fine or errors:
        return show_new(code, form, 422, errors=errors)
    chosen = (form.code.data or "").strip().lower()
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            editing.add_plan(product, chosen, form.details(values), share=share, cost=cost)
    except Refusal as refusal:
        return show_new(code, form, refusal.status, problem=form.tell(refusal))
    return pages.see("distributor.plan_page", "plan-added", code=code, plan=chosen)


# --- One of them --------------------------------------------------------------------------------------------


@console.get("/catalogue/<code>/plans/<plan>")
def plan_page(code: str, plan: str) -> Response:
    """What it says, and when it is sold."""
    return show(code, plan)


def stored(plan: Plan, schema: list[Attribute]) -> dict[str, Any]:
    """A plan as its form is filled; `values` are its attributes, written out."""
    return {
        "name": plan.name,
        "sku": plan.sku,
        "term": plan.term.value,
        "billing_period": plan.billing_period.value,
        "price": str(plan.list_price.amount),
        "minimum": plan.minimum_quantity,
        "maximum": plan.maximum_quantity,
        "features": features_typed(plan.features),
        "markets": ", ".join(plan.markets),
        "segments": list(plan.segments),
        "values": product_editor.as_typed(schema, plan.attributes),
    }


def show(
    code: str,
    plan: str,
    status: int = 200,
    *,
    form: PlanForm | None = None,
    days: DaysForm | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str | None = None,
    sale_problem: str | None = None,
    overtaken: bool = False,
) -> Response:
    """The page, with a refused form as it was sent, and both values where somebody else was faster."""
    with db.transaction():
        product = editing.product(code)
        row = editing.plan(product, plan)
        schema = product_editor.schema_of(product)
        values = stored(row, schema)
        sale = product_editor.sale_of(row, days)
        trail = timelines.of([row.id])
        head = product_pages.head(product)
        cost = db.session().scalar(select(PlanCost).where(PlanCost.plan_id == row.id))
    form = with_choices(form or PlanForm(data=values), row.currency)
    posted = request.method == "POST" and not sale_problem
    typed = product_editor.typed_values(schema) if posted else values["values"]
    different: list[Both] = []
    if overtaken:
        different = product_pages.both(form, values)
        different += product_editor.different_values(schema, values["values"], typed)
    return pages.render(
        "distributor/plan.html",
        status,
        title=row.name,
        head=head,
        plan={"code": row.code, "name": row.name, "state": row.state.value, "source": row.source},
        form=form,
        currency=row.currency,
        cost=cost.cost if cost else None,
        values=values_of(schema, typed, errors or {}),
        sale=sale,
        trail=trail,
        problem=problem,
        sale_problem=sale_problem,
        both=different,
        seen=product_pages.seen(values),
        may_change=has_role(ROLE),
    )


@console.post("/catalogue/<code>/plans/<plan>")
def save_plan_details(code: str, plan: str) -> Response:
    """From now on; what was sold keeps what it was sold with."""
    require_role(ROLE)
    with db.transaction():
        product = editing.product(code)
        currency, schema = editing.plan(product, plan).currency, product_editor.schema_of(product)
    form = PlanForm(request.form)
    with_choices(form, currency)
    values, errors = attributes.read(schema, product_editor.typed_values(schema))
    if not form.validate() or errors:
        problem = _("Some attributes cannot be read; nothing was saved") if errors else None
        return show(code, plan, 422, form=form, errors=errors, problem=problem)
    try:
        with db.transaction():
            product = editing.product(code)
            row = editing.plan(product, plan, hold=True)
            schema = product_editor.schema_of(product)
            editing.refuse_if_overtaken(stored(row, schema), product_pages.sent())
            editing.change_plan(row, product, form.details(values))
    except Refusal as refusal:
        return show(
            code,
            plan,
            refusal.status,
            form=form,
            problem=form.tell(refusal),
            overtaken=isinstance(refusal, editing.Overtaken),
        )
    return pages.see("distributor.plan_page", "saved", code=code, plan=plan)


@console.post("/catalogue/<code>/plans/<plan>/sale")
def plan_sale(code: str, plan: str) -> Response:
    """Published, taken back, retired, put away; now or on a day."""
    require_role(ROLE)
    days = DaysForm(request.form)
    days.replacement.choices = []
    if not days.validate():
        return show(code, plan, 422, days=days, sale_problem=_("These days cannot be read."))
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            said = product_editor.change_sale(editing.plan(product, plan, hold=True), product, days)
    except Refusal as refusal:
        return show(code, plan, refusal.status, days=days, sale_problem=str(refusal))
    if said == "product-deleted":
        return pages.see("distributor.product_page", "plan-deleted", code=code)
    return pages.see("distributor.plan_page", said, code=code, plan=plan)
