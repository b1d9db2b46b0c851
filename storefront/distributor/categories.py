"""Categories of the catalogue: their order, one level below them, and what they are called in other
languages."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from catalog import categories, editing, publication, translations
from catalog.categories import Category
from catalog.products import Product
from catalog.translations import Words
from core import db, languages
from core.errors import Refusal
from core.languages import _
from core.tenancy import same_key
from storefront import exports, lists, pages, timelines
from storefront.distributor import console, product_pages
from storefront.distributor.product_pages import ROLE
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.visitors import has_role, require_role

pages.saying(
    category_added="The category is there. Products name it from now on.",
    category_archived="Archived: no new product is offered it.",
    category_back="Out of the archive.",
)


class CategoryForm(Form):
    """What a category says."""

    name = StringField("Name", [InputRequired("A category needs a name."), Length(max=80)])
    parent = SelectField(
        "Below",
        coerce=str,
        default="",
        description="A category below another one can have none below itself.",
    )
    position = IntegerField(
        "Place",
        [InputRequired("A whole number, such as 10."), NumberRange(0, 100_000, "From 0 to 100,000.")],
        description="Shops show them from the smallest number on; equal numbers by name.",
        default=0,
    )


class NewCategoryForm(Form):
    """A new one; it stands last."""

    name = StringField("Name", [InputRequired("A category needs a name."), Length(max=80)])


@console.get("/categories")
def category_list() -> Response:
    """Categories in the order of the shops."""
    return show_list(NewCategoryForm())


def show_list(form: NewCategoryForm, status: int = 200, *, problem: str | None = None) -> Response:
    """The list, with a refused form as it was sent."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/categories.html",
        status,
        title=_("Categories"),
        page=page,
        form=form,
        problem=problem,
        may_change=has_role(ROLE),
    )


@console.get("/categories.csv")
def category_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


@console.post("/categories")
def add_category() -> Response:
    """One more."""
    require_role(ROLE)
    form = NewCategoryForm(request.form)
    if not form.validate():
        return show_list(form, 422)
    try:
        with db.transaction():
            slug = categories.add(form.name.data or "").slug
    except Refusal as refusal:
        return show_list(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.category_page", "category-added", slug=slug)


def the_list() -> List:
    """What the list is."""
    return List(
        _("Categories"),
        "distributor.category_list",
        [
            Column("name", _("Category"), itemgetter("name"), Category.name),
            Column("slug", _("Address"), itemgetter("slug"), only_file=True),
            Column("parent", _("Below"), itemgetter("parent")),
            Column("place", _("Place"), itemgetter("place"), Category.position, kind="num"),
            Column("products", _("Products"), itemgetter("products"), kind="num"),
        ],
        Category.id,
        rows_of,
        "place",
        search=lambda query: or_(
            Category.slug == query.lower(), Category.name.icontains(query, autoescape=True)
        ),
        views=lists.Choice(
            "show",
            _("View"),
            [("used", _("In use")), ("archived", _("Archive"))],
            lambda word: (
                Category.archived_at.is_(None) if word == "used" else Category.archived_at.is_not(None)
            ),
            any_word=_("All"),
        ),
        export="distributor.category_file",
    )


def statement() -> Select[Category, int]:
    """Categories, each with the number of its products."""
    many = select(func.count()).where(same_key(Product.category, Category.name)).scalar_subquery()
    return select(Category, many)


def rows_of(found: Sequence[tuple[Category, int]]) -> list[dict[str, Any]]:
    """Categories as the list shows them; one statement more for a page."""
    parents = {one.parent_id for one, _many in found if one.parent_id}
    names: dict[UUID, str] = {}
    if parents:
        rows = db.session().execute(select(Category.id, Category.name).where(Category.id.in_(parents)))
        names = {category_id: name for category_id, name in rows}
    return [
        {
            "name": one.name,
            "slug": one.slug,
            "url": url_for("distributor.category_page", slug=one.slug),
            "parent": names.get(one.parent_id, "") if one.parent_id else "",
            "place": one.position,
            "products": many,
            "archived": one.archived_at is not None,
        }
        for one, many in found
    ]


# --- One category -------------------------------------------------------------------------------------------


@console.get("/categories/<slug>")
def category_page(slug: str) -> Response:
    """What it is called, and where it stands."""
    return show(slug)


def stored(category: Category, said: dict[str, str], parents: dict[UUID, str]) -> dict[str, Any]:
    """A category as its form is filled; `said` is its name by language."""
    return {
        "name": category.name,
        "parent": parents.get(category.parent_id, "") if category.parent_id else "",
        "position": category.position,
        "said": said,
    }


def read(slug: str, *, hold: bool = False) -> tuple[Category, dict[str, Any], list[Category]]:
    """A category, its values, and those that it may stand below."""
    found = categories.find(slug)
    if hold:
        db.session().refresh(found, with_for_update=True)
    others = [one for one in categories.ordered() if one.parent_id is None and one.id != found.id]
    words = translations.of([found])
    said = {
        language: words[found.id, language].name
        for language in languages.WRITTEN
        if (found.id, language) in words
    }
    return found, stored(found, said, {one.id: one.slug for one in others}), others


def show(
    slug: str,
    status: int = 200,
    *,
    form: CategoryForm | None = None,
    problem: str | None = None,
    overtaken: bool = False,
) -> Response:
    """The page, with a refused form as it was sent, and both values where somebody else was faster."""
    with db.transaction():
        found, values, others = read(slug)
        used = categories.uses(found)
        trail = timelines.of([found.id])
        about = {"name": found.name, "slug": found.slug, "archived": found.archived_at is not None}
    form = form or CategoryForm(data=values)
    form.parent.choices = [
        SelectChoice("", _("Nothing")),
        *(SelectChoice(one.slug, one.name) for one in others),
    ]
    said = typed_names() if request.method == "POST" and problem else values["said"]
    return pages.render(
        "distributor/category.html",
        status,
        title=about["name"],
        category=about,
        form=form,
        said=[(language, own, said.get(language, "")) for language, own in languages.WRITTEN.items()],
        used=used,
        trail=trail,
        problem=problem,
        both=product_pages.both(form, values) if overtaken else [],
        seen=product_pages.seen(values),
        may_change=has_role(ROLE),
    )


def typed_names() -> dict[str, str]:
    """What was sent for the languages."""
    return {language: request.form.get(f"name-{language}", "")[:200] for language in languages.WRITTEN}


@console.post("/categories/<slug>")
def save_category(slug: str) -> Response:
    """Shops and products follow."""
    require_role(ROLE)
    form = CategoryForm(request.form)
    with db.transaction():
        others = read(slug)[2]
    form.parent.choices = [
        SelectChoice("", _("Nothing")),
        *(SelectChoice(one.slug, one.name) for one in others),
    ]
    if not form.validate():
        return show(slug, 422, form=form)
    try:
        with db.transaction() as session:
            found, values, _others = read(slug, hold=True)
            editing.refuse_if_overtaken(values, product_pages.sent())
            parent = categories.find(form.parent.data) if form.parent.data else None
            moved = categories.change(
                found, name=form.name.data or "", position=form.position.data or 0, parent=parent
            )
            news = [
                translations.keep(found, language, Words(name)) for language, name in typed_names().items()
            ]
            if moved or any(news):
                publication.changed(session.scalars(select(Product).where(Product.id.in_(moved))).all())
    except Refusal as refusal:
        return show(
            slug,
            refusal.status,
            form=form,
            problem=str(refusal),
            overtaken=isinstance(refusal, editing.Overtaken),
        )
    return pages.see("distributor.category_page", "saved", slug=slug)


@console.post("/categories/<slug>/archive")
def archive_category(slug: str) -> Response:
    """Away, or back."""
    require_role(ROLE)
    away = request.form.get("act") != "back"
    try:
        with db.transaction() as session:
            categories.put_away(categories.find(slug), session.info["now"] if away else None)
    except Refusal as refusal:
        return show(slug, refusal.status, problem=str(refusal))
    return pages.see("distributor.category_page", "category-archived" if away else "category-back", slug=slug)
