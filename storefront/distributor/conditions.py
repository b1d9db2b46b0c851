"""Conditions: customer agreements, terms of products and uses of personal data, each with its text in
versions and the products that need it."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from catalog import obligations
from catalog.obligations import TARGETS, ConditionLink
from catalog.products import Product, ProductType
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.tenancy import same_key
from partners import conditions, terms
from partners.conditions import KINDS, Condition
from partners.terms import Kind, Terms, TermsAcceptance
from storefront import agreements, exports, lists, pages, timelines
from storefront.distributor import console
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.visitors import has_role, require_role, visitor

pages.saying(
    condition_added="It is there. Publish its text, then link it to what needs it.",
    condition_published="Published. It is asked for from now on.",
    condition_linked="Linked. What it names needs it from the next order on.",
    condition_unlinked="Taken off. What was accepted stays written down.",
)


class Naming(Form):
    """What it is called."""

    name = StringField("Name", [InputRequired("Give it a name of at most 120 characters."), Length(max=120)])


class NewCondition(Naming):
    """The same with what never changes."""

    code = StringField(
        "Code",
        [InputRequired("Such as customer-agreement."), Length(max=40)],
        description="Part of the address of its page, such as customer-agreement. It cannot be changed.",
    )
    kind = SelectField("What it is", coerce=str, description="It cannot be changed.")


class Text(Form):
    """The text of the next version."""

    text = TextAreaField(
        "Text",
        [InputRequired("Write the text first.")],
        description="Plain text. A line that begins with # is a heading, with - an item of a list;"
        " **so** is bold.",
    )
    asks_again = BooleanField(
        "Ask everybody again",
        description="Off: whoever accepted an earlier version has accepted this one, too.",
    )


class Linking(Form):
    """What needs it."""

    target = SelectField("What needs it", coerce=str)


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/conditions")
def condition_list() -> Response:
    """By name."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/conditions.html", title=_("Conditions"), page=page, may_change=has_role("admin")
    )


@console.get("/conditions.csv")
def condition_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Conditions"),
        "distributor.condition_list",
        [
            Column("name", _("Name"), itemgetter("name"), Condition.name),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("kind", _("What it is"), itemgetter("kind")),
            Column("version", _("Version"), itemgetter("version"), kind="num"),
            Column("links", _("Links"), itemgetter("links"), kind="num"),
            Column("accepted", _("Accepted"), itemgetter("accepted"), kind="num"),
        ],
        Condition.id,
        rows_of,
        "name",
        search=lambda query: or_(
            Condition.code == query.lower(), Condition.name.icontains(query, autoescape=True)
        ),
        views=lists.Choice(
            "show", _("View"), KINDS.options(), lambda word: Condition.kind == Kind(word), any_word=_("All")
        ),
        export="distributor.condition_file",
    )


def statement() -> Select[Condition, int, int, int]:
    """Conditions, each with its newest version, its links, and how often it was accepted."""
    version = (
        select(func.coalesce(func.max(Terms.number), 0))
        .where(same_key(Terms.standing_id, Condition.id))
        .scalar_subquery()
    )
    links = (
        select(func.count())
        .where(
            same_key(ConditionLink.condition_id, Condition.id),
        )
        .scalar_subquery()
    )
    accepted = (
        select(func.count())
        .select_from(TermsAcceptance)
        .join(Terms, same_key(Terms.id, TermsAcceptance.terms_id))
        .where(same_key(Terms.standing_id, Condition.id))
        .scalar_subquery()
    )
    return select(Condition, version, links, accepted)


def rows_of(found: Sequence[tuple[Condition, int, int, int]]) -> list[dict[str, Any]]:
    """Conditions as the list shows them."""
    return [
        {
            "name": one.name,
            "code": one.code,
            "url": url_for("distributor.condition_page", code=one.code),
            "kind": KINDS[one.kind.value],
            "version": version,
            "links": links,
            "accepted": None if one.kind is Kind.DATA_USE else accepted,
        }
        for one, version, links, accepted in found
    ]


# --- A new one ----------------------------------------------------------------------------------------------


@console.get("/conditions/new")
def new_condition() -> Response:
    """The form."""
    require_role("admin")
    return show_new(with_kinds(NewCondition()))


def with_kinds(form: NewCondition) -> NewCondition:
    """The form with its choices."""
    form.kind.choices = [SelectChoice(value, word) for value, word in KINDS.options()]
    return form


def show_new(form: NewCondition, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    return pages.render(
        "distributor/new_condition.html", status, title=_("New condition"), form=form, problem=problem
    )


@console.post("/conditions/new")
def add_condition() -> Response:
    """One more; nothing is asked before it has a text."""
    require_role("admin")
    form = with_kinds(NewCondition(request.form))
    if not form.validate():
        return show_new(form, 422)
    try:
        with db.transaction():
            conditions.add(form.code.data or "", form.name.data or "", form.kind.data)
    except Refusal as refusal:
        return show_new(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.condition_page", "condition-added", code=form.code.data)


# --- One condition ------------------------------------------------------------------------------------------


@console.get("/conditions/<code>")
def condition_page(code: str) -> Response:
    """Its text in versions, and what needs it."""
    return show(code)


def show(
    code: str,
    status: int = 200,
    *,
    naming: Naming | None = None,
    text: Text | None = None,
    linking: Linking | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = conditions.find(code)
        newest, rows = terms.newest(found.id), agreements.history(found.id)
        links = [
            (one, TARGETS[what], name) for one, what, name in obligations.named(obligations.links(found))
        ]
        values = {
            "name": found.name,
            "code": found.code,
            "kind": KINDS[found.kind.value],
            "about_people": found.kind is Kind.DATA_USE,
            "rows": rows,
            "links": links,
            "timeline": timelines.of([found.id]),
        }
        body = newest.text if newest else ""
        choices = targets()
    linking = linking or Linking()
    linking.target.choices = choices
    return pages.render(
        "distributor/condition.html",
        status,
        title=values["name"],
        naming=naming or Naming(name=values["name"]),
        text=text or Text(text=body, asks_again=True),
        linking=linking,
        body=agreements.prose(body) if body else None,
        problems=(
            problem if naming else None,
            problem if text else None,
            problem if linking and status != 200 and not naming and not text else None,
        ),
        may_change=has_role("admin"),
        **values,
    )


def targets() -> list[SelectChoice]:
    """What of the catalogue a condition may be linked to: vendors, types and products, by name."""
    session = db.session()
    vendors = session.scalars(select(Product.vendor).distinct().order_by(Product.vendor))
    kinds = session.execute(select(ProductType.code, ProductType.name).order_by(ProductType.name))
    products = session.execute(select(Product.code, Product.name).order_by(Product.name, Product.id))
    return [
        SelectChoice("", _("Please choose")),
        *(SelectChoice(f"vendor:{one}", _("All of %(vendor)s", vendor=one)) for one in vendors),
        *(SelectChoice(f"product_type:{one}", _("Type: %(name)s", name=name)) for one, name in kinds),
        *(SelectChoice(f"product:{one}", name) for one, name in products),
    ]


@console.post("/conditions/<code>")
def rename_condition(code: str) -> Response:
    """Under another name."""
    require_role("admin")
    form = Naming(request.form)
    if not form.validate():
        return show(code, 422, naming=form)
    with db.transaction():
        conditions.rename(conditions.find(code), form.name.data or "")
    return pages.see("distributor.condition_page", "saved", code=code)


@console.post("/conditions/<code>/versions")
def publish_condition(code: str) -> Response:
    """The next version of its text."""
    require_role("admin")
    form = Text(request.form)
    if not form.validate():
        return show(code, 422, text=form)
    try:
        with db.transaction():
            conditions.publish(
                conditions.find(code),
                form.text.data or "",
                by=visitor().name,
                asks_again=form.asks_again.data,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, text=form, problem=str(refusal))
    return pages.see("distributor.condition_page", "condition-published", code=code)


@console.post("/conditions/<code>/links")
def link_condition(code: str) -> Response:
    """Something of the catalogue needs it from now on."""
    require_role("admin")
    what, _colon, which = request.form.get("target", "")[:200].partition(":")
    try:
        with db.transaction():
            obligations.link(conditions.find(code), what, which)
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, linking=Linking(request.form), problem=str(refusal))
    return pages.see("distributor.condition_page", "condition-linked", code=code)


@console.post("/conditions/<code>/links/<link_id>/remove")
def unlink_condition(code: str, link_id: str) -> Response:
    """Not any more."""
    require_role("admin")
    with db.transaction():
        obligations.unlink(conditions.find(code), lists.identifier(link_id))
    return pages.see("distributor.condition_page", "condition-unlinked", code=code)
