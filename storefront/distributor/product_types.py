"""Product types as schemas: who buys, which connector delivers, the clocks of a subscription, and the
attributes by which products and plans are described (I83)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from catalog import attributes, editing
from catalog.attributes import KINDS, Attribute, AttributeKind
from catalog.editing import TypeDetails
from catalog.products import Audience, Product, ProductType
from core import db
from core.errors import Missing, Refusal
from core.languages import Words, _, for_later
from core.tenancy import same_key
from provisioning.connectors.registry import CONNECTORS
from storefront import exports, lists, pages, timelines
from storefront.distributor import console, order_questions, product_pages
from storefront.distributor.product_pages import ROLE, Both
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.visitors import has_role, require_role

BUYERS = Words({Audience.CUSTOMER: for_later("Customers"), Audience.RESELLER: for_later("Resellers")})
SHOWS = Words({"used": for_later("In use"), "archived": for_later("Archive")})
EMPTY_LINES = 3
pages.saying(
    type_added="The product type is there. Products of it can be made now.",
    type_archived="Archived: no new products are made of it.",
    type_back="Out of the archive.",
    questions_kept="Saved. They are asked from the next order on.",
)


class TypeForm(Form):
    """What a product type says; its attributes are lines of their own."""

    name = StringField("Name", [InputRequired("A product type needs a name."), Length(max=80)])
    audience = SelectField(
        "Bought by",
        choices=[SelectChoice("customer", "Customers"), SelectChoice("reseller", "Resellers")],
    )
    connector = SelectField("Connector", coerce=str, description="What delivers it, changes it and ends it.")
    unit = StringField(
        "Unit",
        [InputRequired("What is counted, such as seat."), Length(max=30)],
        description="What is bought one, two or many of: seat, device, licence.",
        default="seat",
    )
    opens_storefront = BooleanField(
        "Opens a storefront",
        description="For reseller plans: with its delivery the reseller's own shop opens.",
    )
    by_usage = BooleanField(
        "Billed by usage", description="Measured consumption instead of a number of units."
    )
    ends_at_term = BooleanField(
        "Ends with its term",
        description="Off: it runs on from term to term until it is cancelled.",
        default=True,
    )
    notice_days = StringField(
        "Days of notice",
        [Regexp(r"[\d\s,;]*$", message="Whole numbers with commas between, such as 30, 7, 1.")],
        description="Its owner is told so many days before the end. Several with commas, such as 30, 7, 1.",
        default="30, 7, 1",
    )
    grace_days = IntegerField(
        "Days of grace",
        [InputRequired("A number of days, such as 30."), NumberRange(0, 366, "Between 0 and 366 days.")],
        description="What belongs to it is kept so long after the end.",
        default=30,
    )

    def details(self, schema: Sequence[Attribute]) -> TypeDetails:
        """What it says."""
        days = (self.notice_days.data or "").replace(",", " ").replace(";", " ").split()
        return TypeDetails(
            name=self.name.data or "",
            connector=self.connector.data,
            audience=Audience(self.audience.data),
            opens_storefront=self.opens_storefront.data,
            unit=self.unit.data or "",
            notice_days=[int(one) for one in days],
            grace_days=self.grace_days.data or 0,
            ends_at_term=self.ends_at_term.data,
            by_usage=self.by_usage.data,
            attributes=schema,
        )


class NewTypeForm(TypeForm):
    """The same with the code, which never changes."""

    code = StringField(
        "Code",
        [InputRequired("Such as cloud-device."), Length(max=60)],
        description="Names it in catalogue files. It cannot be changed.",
    )


def with_connectors(form: TypeForm) -> TypeForm:
    """The connectors that are installed."""
    form.connector.choices = [SelectChoice(key, _(one.label)) for key, one in sorted(CONNECTORS.items())]
    return form


# --- Lines of the schema ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """An attribute as its line of the form shows it."""

    number: int
    key: str
    name: str
    kind: str
    more: str


def lines_of(schema: Sequence[Attribute]) -> list[Line]:
    """What is there, and a few empty ones."""
    filled = [Line(n, one.key, one.name, one.kind, more_of(one)) for n, one in enumerate(schema)]
    return [*filled, *(Line(len(filled) + n, "", "", "text", "") for n in range(EMPTY_LINES))]


def more_of(one: Attribute) -> str:
    """The unit of a number, or what there is to choose from."""
    return ", ".join(one.choices) if one.kind is AttributeKind.CHOICE else one.unit


def typed_lines(form: Mapping[str, str]) -> list[Line]:
    """The lines as they were sent."""
    return [
        Line(
            n,
            form.get(f"attribute-{n}-key", "")[:60],
            form.get(f"attribute-{n}-name", "")[:200],
            form.get(f"attribute-{n}-kind", "text"),
            form.get(f"attribute-{n}-more", "")[:1000],
        )
        for n in range(attributes.MOST + EMPTY_LINES)
        if f"attribute-{n}-name" in form
    ]


def schema_of(lines: Sequence[Line]) -> list[Attribute]:
    """What the lines say; a line without a name is none."""
    made: list[Attribute] = []
    taken = [line.key for line in lines if line.key]
    for line in lines:
        if not line.name.strip():
            continue
        kind = AttributeKind(line.kind) if line.kind in KINDS else AttributeKind.TEXT
        key = line.key or attributes.key_of(line.name, taken)
        taken.append(key)
        many = tuple(word.strip() for word in line.more.split(",") if word.strip())
        choices = many if kind is AttributeKind.CHOICE else ()
        unit = line.more.strip()[:30] if kind is AttributeKind.NUMBER else ""
        made.append(Attribute(key, line.name.strip(), kind, unit, choices))
    return made


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/product-types")
def type_list() -> Response:
    """Product types by name."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/product_types.html", title=_("Product types"), page=page, may_change=has_role(ROLE)
    )


@console.get("/product-types.csv")
def type_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Product types"),
        "distributor.type_list",
        [
            Column("name", _("Product type"), itemgetter("name"), ProductType.name),
            Column("code", _("Code"), itemgetter("code"), ProductType.code),
            Column("buyers", _("Bought by"), itemgetter("buyers")),
            Column("connector", _("Connector"), itemgetter("connector"), ProductType.connector),
            Column("unit", _("Unit"), itemgetter("unit")),
            Column("attributes", _("Attributes"), itemgetter("attributes"), kind="num"),
            Column("products", _("Products"), itemgetter("products"), kind="num"),
        ],
        ProductType.id,
        rows_of,
        "name",
        search=lambda query: or_(
            ProductType.code == query.lower(), ProductType.name.icontains(query, autoescape=True)
        ),
        views=lists.Choice(
            "show",
            _("View"),
            SHOWS.options(),
            lambda word: (
                ProductType.archived_at.is_(None) if word == "used" else ProductType.archived_at.is_not(None)
            ),
            any_word=_("All"),
        ),
        filters=[
            lists.Choice(
                "buyers",
                _("Bought by"),
                BUYERS.options(),
                lambda word: ProductType.audience == Audience(word),
                _("Everybody"),
            )
        ],
        export="distributor.type_file",
    )


def statement() -> Select[ProductType, int]:
    """Product types, each with the number of its products."""
    many = (
        select(func.count())
        .where(
            same_key(Product.product_type_id, ProductType.id),
            Product.archived_at.is_(None),
        )
        .scalar_subquery()
    )
    return select(ProductType, many)


def rows_of(found: Sequence[tuple[ProductType, int]]) -> list[dict[str, Any]]:
    """Product types as the list shows them."""
    return [
        {
            "name": one.name,
            "code": one.code,
            "url": url_for("distributor.type_page", code=one.code),
            "buyers": BUYERS[one.audience],
            "connector": _(CONNECTORS[one.connector].label) if one.connector in CONNECTORS else one.connector,
            "unit": one.unit,
            "attributes": len(one.attributes),
            "products": many,
            "archived": one.archived_at is not None,
        }
        for one, many in found
    ]


# --- One of them --------------------------------------------------------------------------------------------


@console.get("/product-types/new")
def new_type() -> Response:
    """The form of a new one."""
    require_role(ROLE)
    return show_new(with_connectors(NewTypeForm()), lines_of([]))


def show_new(
    form: TypeForm, lines: Sequence[Line], status: int = 200, *, problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    return pages.render(
        "distributor/product_type_new.html",
        status,
        title=_("New product type"),
        form=form,
        lines=lines,
        kinds=KINDS.options(),
        problem=problem,
    )


@console.post("/product-types/new")
def add_type() -> Response:
    """One more."""
    require_role(ROLE)
    form, lines = NewTypeForm(request.form), typed_lines(request.form)
    if not with_connectors(form).validate():
        return show_new(form, lines, 422)
    code = (form.code.data or "").strip().lower()
    try:
        with db.transaction():
            editing.add_type(code, form.details(schema_of(lines)))
    except Refusal as refusal:
        return show_new(form, lines, refusal.status, problem=str(refusal))
    return pages.see("distributor.type_page", "type-added", code=code)


@console.get("/product-types/<code>")
def type_page(code: str) -> Response:
    """What it says."""
    return show(code)


def stored(kind: ProductType) -> dict[str, Any]:
    """A product type as its form is filled."""
    return {
        "name": kind.name,
        "audience": kind.audience.value,
        "connector": kind.connector,
        "unit": kind.unit,
        "opens_storefront": kind.opens_storefront,
        "by_usage": kind.by_usage,
        "ends_at_term": kind.ends_at_term,
        "notice_days": ", ".join(map(str, kind.notice_days)),
        "grace_days": kind.grace_days,
    }


def show(
    code: str,
    status: int = 200,
    *,
    form: TypeForm | None = None,
    lines: Sequence[Line] | None = None,
    problem: str | None = None,
    overtaken: bool = False,
    questions: Sequence[Any] | None = None,
    questions_problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent, and both values where somebody else was faster."""
    with db.transaction():
        kind = editing.product_type(code)
        values, schema = stored(kind), attributes.schema(kind.attributes)
        used = editing.products_of_type(kind)
        trail = timelines.of([kind.id])
    form = with_connectors(form or TypeForm(data=values))
    different: list[Both] = []
    if overtaken:
        different = product_pages.both(form, values)
        mine, theirs = schema_words(schema_of(lines or ())), schema_words(schema)
        if mine != theirs:
            different.append(Both(_("Attributes"), theirs, mine))
    return pages.render(
        "distributor/product_type.html",
        status,
        title=kind.name,
        kind=kind,
        form=form,
        lines=lines if lines is not None else lines_of(schema),
        kinds=KINDS.options(),
        used=used,
        trail=trail,
        problem=problem,
        both=different,
        seen=product_pages.seen({**values, "attributes": kind.attributes}),
        may_change=has_role(ROLE),
        questions=order_questions.lines_of(kind.order_fields) if questions is None else questions,
        question_kinds=order_questions.KIND_WORDS.options(),
        questions_problem=questions_problem,
    )


def schema_words(schema: Sequence[Attribute]) -> str:
    """A schema in one line."""
    return "; ".join(f"{one.name} ({more_of(one) or KINDS[one.kind]})" for one in schema) or "–"


@console.post("/product-types/<code>")
def save_type(code: str) -> Response:
    """Counts from now on."""
    require_role(ROLE)
    form, lines = with_connectors(TypeForm(request.form)), typed_lines(request.form)
    if not form.validate():
        return show(code, 422, form=form, lines=lines)
    try:
        with db.transaction():
            kind = editing.product_type(code, hold=True)
            editing.refuse_if_overtaken({**stored(kind), "attributes": kind.attributes}, product_pages.sent())
            editing.change_type(kind, form.details(schema_of(lines)))
    except Refusal as refusal:
        return show(
            code,
            refusal.status,
            form=form,
            lines=lines,
            problem=str(refusal),
            overtaken=isinstance(refusal, editing.Overtaken),
        )
    return pages.see("distributor.type_page", "saved", code=code)


@console.post("/product-types/<code>/questions")
def save_questions(code: str) -> Response:
    """They are asked from the next order on; what was ordered keeps its answers."""
    require_role(ROLE)
    lines = order_questions.typed()
    try:
        with db.transaction():
            kind = editing.product_type(code, hold=True)
            editing.ask_with_orders(kind, order_questions.wanted(lines))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, questions=lines, questions_problem=str(refusal))
    return pages.see("distributor.type_page", "questions-kept", code=code)


@console.post("/product-types/<code>/archive")
def archive_type(code: str) -> Response:
    """Away, or back."""
    require_role(ROLE)
    away = request.form.get("act") != "back"
    try:
        with db.transaction():
            editing.put_away_type(editing.product_type(code, hold=True), away=away)
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.type_page", "type-archived" if away else "type-back", code=code)
