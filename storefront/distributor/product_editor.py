"""Products made and edited by hand: their words, their attributes, and from when to when they are sold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from catalog import attributes, categories, editing, partner_products, pricing, publication
from catalog.attributes import Attribute, AttributeKind
from catalog.editing import ProductDetails
from catalog.products import Plan, Product, ProductType, SaleState
from core import db
from core.clock import business_now
from core.errors import Refusal
from core.languages import _
from partners import programmes
from partners.programmes import Programme
from provisioning import partner_sales
from storefront import markdown, pages, timelines
from storefront.distributor import console, product_pages
from storefront.distributor.product_pages import ROLE, Both
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role

pages.saying(
    product_added="The product is there, as a draft. Give it a plan, then publish it.",
    sale_published="Published. It is on your own shelf, and resellers may offer it.",
    sale_withdrawn="Taken back. No shop shows it; what was sold of it goes on.",
    sale_retired="Retired. Nobody can order it any more; what was sold of it goes on.",
    sale_days="The days are set. Its state changes by itself.",
    sale_replaced="Its pages say what replaces it.",
    product_deleted="Deleted. Nobody had ever seen it.",
    product_archived="It was on a shelf once, so it is in the archive now, for those who bought it.",
    archive_left="Out of the archive.",
)


class ProductForm(Form):
    """What a product says; the values of its attributes are fields of their own."""

    name = StringField("Name", [InputRequired("A product needs a name."), Length(max=200)])
    vendor = StringField("Vendor", [InputRequired("Who makes it?"), Length(max=120)])
    category = StringField(
        "Category",
        [InputRequired("Name a category."), Length(max=80)],
        description="One that is there, or a new one.",
    )
    summary = StringField("Summary", [InputRequired("One sentence for lists."), Length(max=300)])
    description = TextAreaField(
        "Description",
        [Length(max=10_000)],
        description="Markdown: # heading, - list, **bold**, [words](https://…). HTML stays text.",
    )
    programme = SelectField(
        "Partner programme",
        coerce=str,
        default="",
        description="What partners sell of it counts there, and their tier lowers its wholesale price.",
    )

    partners_only = BooleanField(
        "Only partners of the programme sell it",
        description="It stands in no shop of other resellers, and no order of theirs is taken.",
    )
    transfer_from = IntegerField(
        "Bank transfer from so many licences",
        [Optional(), NumberRange(1, 1_000_000, "A whole number such as 100, or nothing.")],
        description="An order of so many may ask sales to be paid by bank transfer. Empty: by card alone.",
    )

    def validate_partners_only(self, field: BooleanField) -> None:
        """Partners of what?"""
        if field.data and not self.programme.data:
            raise ValidationError("Choose the programme whose partners sell it.")

    def details(self, values: Mapping[str, Any]) -> ProductDetails:
        """What it says."""
        return ProductDetails(
            name=self.name.data or "",
            vendor=self.vendor.data or "",
            category=self.category.data or "",
            summary=self.summary.data or "",
            description=self.description.data or "",
            attributes=values,
            transfer_from=self.transfer_from.data,
        )


class NewProductForm(ProductForm):
    """The same with what never changes: code and type."""

    code = StringField(
        "Code",
        [InputRequired("Such as uem-pro."), Length(max=60)],
        description="Part of the address of its page, such as uem-pro. It cannot be changed.",
    )
    product_type = SelectField("Product type", coerce=str, description="It cannot be changed.")


class DaysForm(Form):
    """From when to when it is sold."""

    publish_on = DateField("Publish on", [Optional()], description="A day after today, 0:00 UTC.")
    retire_on = DateField("Retire on", [Optional()], description="From that day on nobody can order it.")
    replacement = SelectField(
        "Replaced by",
        coerce=str,
        validate_choice=False,
        description="What its pages name once it is retired.",
    )


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute as its field shows it."""

    field: str
    name: str
    kind: str
    unit: str
    choices: Sequence[tuple[str, str]]
    typed: str
    error: str | None


def with_choices(form: ProductForm) -> ProductForm:
    """Programmes and types of today; call it in a transaction."""
    rows = db.session().execute(select(Programme.code, Programme.name).order_by(Programme.name))
    form.programme.choices = [
        SelectChoice("", _("None")),
        *(SelectChoice(code, name) for code, name in rows),
    ]
    if isinstance(form, NewProductForm):
        kinds = db.session().scalars(
            select(ProductType).where(ProductType.archived_at.is_(None)).order_by(ProductType.name)
        )
        form.product_type.choices = [SelectChoice(one.code, one.name) for one in kinds]
    return form


def values_of(
    schema: Sequence[Attribute], typed: Mapping[str, str], errors: Mapping[str, str]
) -> list[Value]:
    """The fields of a schema, with what was typed."""
    yes_no = [("", _("Not said")), (attributes.YES, _("Yes")), (attributes.NO, _("No"))]
    return [
        Value(
            f"value-{one.key}",
            one.name,
            one.kind,
            one.unit,
            yes_no
            if one.kind is AttributeKind.YES_NO
            else [("", _("Not said")), *((choice, choice) for choice in one.choices)]
            if one.kind is AttributeKind.CHOICE
            else [],
            typed.get(one.key, ""),
            errors.get(one.key),
        )
        for one in schema
    ]


def typed_values(schema: Sequence[Attribute]) -> dict[str, str]:
    """What was sent for the attributes."""
    return {one.key: request.form.get(f"value-{one.key}", "")[:1000] for one in schema}


def as_typed(schema: Sequence[Attribute], kept: Mapping[str, Any]) -> dict[str, str]:
    """Stored values as fields show them."""
    return {one.key: one.typed(kept.get(one.key)) for one in schema}


def different_values(
    schema: Sequence[Attribute], theirs: Mapping[str, str], mine: Mapping[str, str]
) -> list[Both]:
    """Attributes that are stored otherwise by now."""
    return [
        Both(one.name, theirs.get(one.key) or "–", mine.get(one.key) or "–")
        for one in schema
        if theirs.get(one.key, "") != mine.get(one.key, "").strip()
    ]


# --- A new one ----------------------------------------------------------------------------------------------


@console.get("/catalogue/new")
def new_product() -> Response:
    """The form of a new one."""
    require_role(ROLE)
    return show_new(NewProductForm(product_type=request.args.get("type", "")))


def show_new(form: NewProductForm, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        with_choices(form)
        known = [one.name for one in categories.ordered()]
    return pages.render(
        "distributor/product_new.html",
        status,
        title=_("New product"),
        form=form,
        categories=known,
        preview=preview_of(form),
        problem=problem,
    )


def preview_of(form: ProductForm) -> Any:
    """The description as shops would show it, where that is what was asked for."""
    return markdown.html(form.description.data or "") if request.form.get("act") == "preview" else None


@console.post("/catalogue/new")
def add_product() -> Response:
    """A draft."""
    require_role(ROLE)
    form = NewProductForm(request.form)
    if request.form.get("act") == "preview":
        return show_new(form)
    with db.transaction():
        with_choices(form)
    if not form.validate():
        return show_new(form, 422)
    code = (form.code.data or "").strip().lower()
    try:
        with db.transaction():
            kind = editing.product_type(form.product_type.data)
            made = editing.add_product(code, kind, form.details({}))
            join(made, form.programme.data, only=form.partners_only.data)
    except Refusal as refusal:
        return show_new(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.product_details", "product-added", code=code)


def join(product: Product, programme: str, *, only: bool) -> None:
    """The programme that it belongs to from now on, and whether nobody but its partners sells it."""
    chosen = programmes.find(programme) if programme else None
    if not only:  # before it leaves the programme
        turned = partner_products.keep_for_partners(product, only=False)
    moved = pricing.put_into_programme(product, chosen)
    if only:
        turned = partner_products.keep_for_partners(product, only=True)
    if moved:
        partner_sales.take_in(product)
    if turned or (moved and only):
        publication.changed([product])


@console.post("/catalogue/markdown")
def draw_markdown() -> Response:
    """A description as shops would show it, for htmx, while one types."""
    require_role(ROLE)
    drawn = markdown.html(request.form.get("description", "")[:10_000])
    return Response(f'<div class="prose">{drawn}</div>', content_type="text/html; charset=utf-8")


# --- Its details --------------------------------------------------------------------------------------------


@console.get("/catalogue/<code>/details")
def product_details(code: str) -> Response:
    """Words, attributes, and when it is sold."""
    return show(code)


def stored(product: Product, schema: Sequence[Attribute]) -> dict[str, Any]:
    """A product as its form is filled; `values` are its attributes, written out."""
    return {
        "name": product.name,
        "vendor": product.vendor,
        "category": product.category,
        "summary": product.summary,
        "description": product.description,
        "transfer_from": product.transfer_from,
        "partners_only": product.partners_only,
        "programme": programmes.of_id(product.programme_id).code if product.programme_id else "",
        "values": as_typed(schema, product.attributes),
    }


def show(
    code: str,
    status: int = 200,
    *,
    form: ProductForm | None = None,
    days: DaysForm | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str | None = None,
    sale_problem: str | None = None,
    overtaken: bool = False,
) -> Response:
    """The page, with a refused form as it was sent, and both values where somebody else was faster."""
    with db.transaction():
        product = editing.product(code)
        schema = schema_of(product)
        values = stored(product, schema)
        sale = sale_of(product, days)
        trail = timelines.of([product.id])
        known = [one.name for one in categories.ordered()]
        head = product_pages.head(product)
        form = with_choices(form or ProductForm(data=values))
    typed = typed_values(schema) if request.method == "POST" and not sale_problem else values["values"]
    different: list[Both] = []
    if overtaken:
        different = product_pages.both(form, values) + different_values(schema, values["values"], typed)
    return pages.render(
        "distributor/product_details.html",
        status,
        title=head["name"],
        head=head,
        form=form,
        values=values_of(schema, typed, errors or {}),
        categories=known,
        preview=preview_of(form),
        sale=sale,
        trail=trail,
        problem=problem,
        sale_problem=sale_problem,
        both=different,
        seen=product_pages.seen(values),
        may_change=has_role(ROLE),
    )


def schema_of(product: Product) -> list[Attribute]:
    """What it is described by."""
    stored = select(ProductType.attributes).where(ProductType.id == product.product_type_id)
    return attributes.schema(db.session().scalars(stored).one())


@console.post("/catalogue/<code>/details")
def save_details(code: str) -> Response:
    """Shops show it on their next request."""
    require_role(ROLE)
    form = ProductForm(request.form)
    with db.transaction():
        with_choices(form)
        schema = schema_of(editing.product(code))
    if request.form.get("act") == "preview":
        return show(code, form=form)
    values, errors = attributes.read(schema, typed_values(schema))
    if not form.validate() or errors:
        problem = _("Some attributes cannot be read; nothing was saved") if errors else None
        return show(code, 422, form=form, errors=errors, problem=problem)
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            schema = schema_of(product)
            editing.refuse_if_overtaken(stored(product, schema), product_pages.sent())
            if "programme" in request.form:
                join(product, form.programme.data, only=form.partners_only.data)
            editing.change_product(product, form.details(values))
    except Refusal as refusal:
        return show(
            code,
            refusal.status,
            form=form,
            problem=str(refusal),
            overtaken=isinstance(refusal, editing.Overtaken),
        )
    return pages.see("distributor.product_details", "saved", code=code)


# --- From when to when it is sold ---------------------------------------------------------------------------


def sale_of(row: Product | Plan, days: DaysForm | None = None) -> dict[str, Any]:
    """What distributor/sale_card.html draws, of a product or a plan; call it in a transaction."""
    kind = type(row)
    others = select(kind).where(kind.state == SaleState.PUBLISHED, kind.id != row.id)
    by = (
        db.session().scalar(select(kind).where(kind.id == row.replaced_by_id)) if row.replaced_by_id else None
    )
    if isinstance(row, Product):
        others = others.where(Product.product_type_id == row.product_type_id)
    else:
        same_type = select(Product.product_type_id).where(Product.id == row.product_id)
        siblings = select(Product.id).where(Product.product_type_id.in_(same_type))
        others = others.where(Plan.product_id.in_(siblings))
    form = days or DaysForm(
        publish_on=row.publish_at.date() if row.publish_at else None,
        retire_on=row.retire_at.date() if row.retire_at else None,
        replacement=by.code if by else "",
    )
    form.replacement.choices = [
        SelectChoice("", _("Nothing")),
        *(
            SelectChoice(one.code, f"{one.name} ({one.code})")
            for one in db.session().scalars(others.order_by(kind.name, kind.code).limit(300))
        ),
    ]
    return {
        "form": form,
        "state": row.state.value,
        "archived": row.archived_at is not None,
        "today": business_now().date().isoformat(),
    }


def change_sale(row: Product | Plan, product: Product, days: DaysForm) -> str:
    """What was pressed; the sentence that is said then."""
    act = request.form.get("act", "")
    chosen = days.replacement.data or ""
    by = None
    if chosen and isinstance(row, Product):
        by = editing.product(chosen)
    elif chosen:
        by = db.session().scalar(select(Plan).where(Plan.code == chosen))
    if act == "publish":
        publication.publish(row)
    elif act == "withdraw":
        publication.withdraw(row)
    elif act == "retire":
        publication.retire(row, by)
    elif act == "remove":
        return "product-deleted" if remove(row) else "product-archived"
    elif act == "back":
        editing.bring_back(row)
        return "archive-left"
    else:
        publication.schedule(row, days.publish_on.data, days.retire_on.data)
        publication.replace(row, by)
    publication.changed([product])
    return {"publish": "sale-published", "withdraw": "sale-withdrawn", "retire": "sale-retired"}.get(
        act, "sale-days"
    )


def remove(row: Product | Plan) -> bool:
    """Deleted, or put away."""
    return editing.remove_product(row) if isinstance(row, Product) else editing.remove_plan(row)


@console.post("/catalogue/<code>/sale")
def product_sale(code: str) -> Response:
    """Published, taken back, retired, put away; now or on a day."""
    require_role(ROLE)
    days = DaysForm(request.form)
    days.replacement.choices = []
    if not days.validate():
        return show(code, 422, days=days, sale_problem=_("These days cannot be read."))
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            said = change_sale(product, product, days)
    except Refusal as refusal:
        return show(code, refusal.status, days=days, sale_problem=str(refusal))
    if said == "product-deleted":
        return pages.see("distributor.product_list", said)
    return pages.see("distributor.product_details", said, code=code)
