"""What a programme gives its partners: its library, and what they may ask for (H7, H11-H13, H16)."""

from typing import Any

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, FileField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from partners import programmes, requests, resources
from partners.resources import AUDIENCES, MOST_BYTES, SORTS, Audience, Described, Sort
from storefront import lists, pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form, choices
from storefront.moments import moment
from storefront.visitors import has_role, require_role

pages.saying(
    resource_added="The resource is in the library.",
    resource_changed="The library is changed.",
    kind_saved="Partners may ask for it now. What was handed in stays as it was.",
    kind_stopped="Nobody may ask for it any more. What was handed in stays.",
)


class ResourceForm(Form):
    """A file or a link."""

    title = StringField("Title", [InputRequired("People find it by its title."), Length(max=200)])
    summary = TextAreaField("Summary", [Length(max=500)])
    sort = SelectField("Kind", choices=choices(SORTS.options()))
    audience = SelectField("Who may see it", choices=choices(AUDIENCES.options()))
    url = StringField("Link", [Length(max=500)], description="Begins with https://.")
    file = FileField("File", description="Instead of a link: PDF, PNG or JPEG, at most 5 MB.")


class KindForm(Form):
    """What partners may ask for."""

    label = StringField("Name", [InputRequired("Such as Certification."), Length(max=80)])
    explanation = TextAreaField("Explanation", [Length(max=2000)], description="Partners read it first.")
    questions = TextAreaField(
        "Questions", [InputRequired("Ask at least one question.")], description="One a line."
    )
    yearly = BooleanField(
        "Lasts a year", description="What is granted ends after a year, unless the partner renews it."
    )


@console.get("/programmes/<code>/resources")
def programme_resources(code: str) -> Response:
    """The page."""
    return show_resources(code)


def show_resources(
    code: str,
    status: int = 200,
    *,
    form: ResourceForm | None = None,
    kind: KindForm | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = programmes.find(code)
        rows = [row_of(one) for one in resources.of_programme(found.id)]
        kinds = [
            {
                "id": one.id,
                "label": one.label,
                "explanation": one.explanation,
                "questions": one.questions,
                "yearly": one.yearly,
                "offered": one.offered,
            }
            for one in requests.kinds_of(found.id)
        ]
        timeline, name = timelines.of([found.id]), found.name
    return pages.render(
        "distributor/programme_resources.html",
        status,
        title=_("%(programme)s: resources", programme=name),
        programme={"code": code, "name": name},
        tabs=programme_pages.tabs(code),
        rows=rows,
        kinds=kinds,
        form=form or ResourceForm(prefix="resource-"),
        kind_form=kind or KindForm(prefix="kind-"),
        problem_of_resource=problem if form else None,
        problem_of_kind=problem if kind else None,
        timeline=timeline,
        may_change=has_role("admin"),
    )


def row_of(one: resources.Resource) -> dict[str, Any]:
    """A resource as the page shows it."""
    return {
        "id": one.id,
        "title": one.title,
        "summary": one.summary,
        "sort": SORTS[one.sort],
        "audience": AUDIENCES[one.audience],
        "url": one.url,
        "shown": one.shown,
        "added": moment(one.added_at),
    }


@console.post("/programmes/<code>/resources")
def add_resource(code: str) -> Response:
    """One more."""
    require_role("admin")
    form = ResourceForm(request.form, prefix="resource-")
    if not form.validate():
        return show_resources(code, 422, form=form)
    upload = request.files.get("resource-file")
    content = upload.read(MOST_BYTES + 1) if upload and upload.filename else b""
    described = Described(
        form.title.data or "",
        form.summary.data or "",
        Sort(form.sort.data),
        Audience(form.audience.data),
        form.url.data or "",
    )
    try:
        with db.transaction():
            name = upload.filename or "" if upload else ""
            resources.add(programmes.find(code), described, name=name, content=content)
    except Missing:
        raise
    except Refusal as refusal:
        return show_resources(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.programme_resources", "resource-added", code=code)


@console.post("/programmes/<code>/resources/<resource_id>/<act>")
def show_or_hide(code: str, resource_id: str, act: str) -> Response:
    """Out of the library, or back."""
    require_role("admin")
    if act not in ("show", "hide"):
        raise Missing
    with db.transaction():
        resources.show(programmes.find(code), lists.identifier(resource_id), shown=act == "show")
    return pages.see("distributor.programme_resources", "resource-changed", code=code)


@console.post("/programmes/<code>/request-kinds")
def save_kind(code: str) -> Response:
    """A new kind, or one under its name as it is from now on."""
    require_role("admin")
    form = KindForm(request.form, prefix="kind-")
    if not form.validate():
        return show_resources(code, 422, kind=form)
    try:
        with db.transaction():
            requests.keep_kind(
                programmes.find(code),
                form.label.data or "",
                form.explanation.data or "",
                (form.questions.data or "").splitlines(),
                yearly=form.yearly.data,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show_resources(code, refusal.status, kind=form, problem=str(refusal))
    return pages.see("distributor.programme_resources", "kind-saved", code=code)


@console.post("/programmes/<code>/request-kinds/<kind_id>/stop")
def stop_kind(code: str, kind_id: str) -> Response:
    """Not offered any more."""
    require_role("admin")
    with db.transaction():
        requests.stop_offering(programmes.find(code), lists.identifier(kind_id))
    return pages.see("distributor.programme_resources", "kind-stopped", code=code)
