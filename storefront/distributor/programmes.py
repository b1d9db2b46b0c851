"""Partner programmes: the list, a programme's settings with what each does, and its agreement in versions."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from catalog.price_lists import PriceList
from core import db
from core.errors import Refusal
from core.languages import Words, _
from core.periods import Term
from core.tenancy import same_key
from partners import application_reviews, programmes
from partners.applications import WAITING, Application
from partners.enrolments import Enrolment, EnrolmentState
from partners.programmes import EVIDENCE, AgreementRefused, Programme, Settings
from storefront import agreements, exports, lists, pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

SHOWS = Words({"open": "Taking applications", "closed": "Closed"})
pages.saying(
    programme_added="The programme is there. Publish its agreement, then let it take applications.",
    agreement_published="Published. Applications that are approved from now on sign this version.",
    agreement_published_for_all="Published. Whoever was approved and has not signed is shown this version.",
)


class ProgrammeForm(Form):
    """A programme's settings; what it asks for is one box for each kind of evidence (`asks_...`)."""

    name = StringField("Name", [InputRequired("A programme needs a name."), Length(max=120)])
    explanation = TextAreaField(
        "Explanation",
        [InputRequired("Say for whom it is."), Length(max=4000)],
        description="What applicants read first: for whom it is, and what partners get.",
    )
    takes_applications = BooleanField(
        "Takes applications",
        description="Off: nobody can apply. Applications that are under way go on.",
    )
    answer_days = IntegerField(
        "Days until an answer",
        [InputRequired("Such as 4."), NumberRange(1, 90, "Between 1 and 90 days.")],
        description="Business days that applicants are told to wait for at most.",
    )
    price_list = SelectField(
        "Price list",
        coerce=str,
        description="What a reseller that this programme brings buys by.",
    )
    term = SelectField(
        "Term of the partnership",
        coerce=str,
        description="From the signature on. What follows at its end is said on the page Year.",
    )
    irreversible = BooleanField(
        "The signature cannot be taken back",
        description="Applicants are warned of it before they sign, and the evidence says so.",
    )

    def settings(self) -> Settings:
        """What it says."""
        return Settings(
            name=self.name.data or "",
            explanation=self.explanation.data or "",
            price_list_id=UUID(self.price_list.data),
            takes_applications=self.takes_applications.data,
            evidence=tuple(code for code in EVIDENCE if self[f"asks_{code}"].data),
            irreversible=self.irreversible.data,
            answer_days=self.answer_days.data or 0,
            term=Term(self.term.data),
        )

    def asked(self) -> list[Any]:
        """The boxes of the evidence."""
        return [self[f"asks_{code}"] for code in EVIDENCE]


for _code, _evidence in EVIDENCE.items():
    setattr(ProgrammeForm, f"asks_{_code}", BooleanField(_evidence.label, description=_evidence.hint))


class NewProgramme(ProgrammeForm):
    """The same with the code, which never changes."""

    code = StringField(
        "Code",
        [InputRequired("Such as gold-partners."), Length(max=40)],
        description="Part of the address of its page, such as gold-partners. It cannot be changed.",
    )


AnyProgramme = TypeVar("AnyProgramme", bound=ProgrammeForm)


class AgreementText(Form):
    """The text of the next version."""

    text = TextAreaField(
        "Text",
        [InputRequired("Write the agreement first.")],
        description="Plain text. A line that begins with # is a heading, with - an item of a list;"
        " **so** is bold.",
    )
    valid_from = DateField(
        "Valid from",
        [Optional()],
        description="The first day, UTC, for applications approved from then on. Empty: now.",
    )
    for_all = BooleanField(
        "Also for those who are approved and have not signed",
        description="Off: each signs the version that it was shown.",
    )


def with_choices(form: AnyProgramme) -> AnyProgramme:
    """The form with the choices of today; nothing else validates."""
    with db.transaction() as session:
        rows = session.scalars(select(PriceList).order_by(PriceList.name))
        form.price_list.choices = [SelectChoice(str(row.id), row.name) for row in rows]
    form.term.choices = [SelectChoice(term.value, _(term.label)) for term in Term]
    return form


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/programmes")
def programme_list() -> Response:
    """Programmes by name."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/programmes.html", title=_("Programmes"), page=page, may_change=has_role("admin")
    )


@console.get("/programmes.csv")
def programme_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Programmes"),
        "distributor.programme_list",
        [
            Column("name", _("Programme"), itemgetter("name"), Programme.name),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("applications", _("Applications"), itemgetter("words")),
            Column("waiting", _("Waiting"), itemgetter("waiting"), kind="num"),
            Column("partners", _("Active partners"), itemgetter("partners"), kind="num"),
            Column("term", _("Term"), itemgetter("term")),
            Column("since", _("Since"), itemgetter("since"), Programme.id, only_file=True),
        ],
        Programme.id,
        rows_of,
        "name",
        search=lambda query: or_(
            Programme.code == query.lower(), Programme.name.icontains(query, autoescape=True)
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        export="distributor.programme_file",
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    return Programme.takes_applications.is_(show == "open")


def statement() -> Select[Programme, int, int]:
    """Programmes, each with how many wait for a reviewer and how many are partners."""
    waiting = (
        select(func.count())
        .where(
            same_key(Application.programme_id, Programme.id),
            Application.state.in_(WAITING),
        )
        .scalar_subquery()
    )
    partners = (
        select(func.count())
        .where(
            same_key(Enrolment.programme_id, Programme.id),
            Enrolment.state == EnrolmentState.ACTIVE,
        )
        .scalar_subquery()
    )
    return select(Programme, waiting, partners)


def rows_of(found: Sequence[tuple[Programme, int, int]]) -> list[dict[str, Any]]:
    """Programmes as the list shows them."""
    return [
        {
            "name": one.name,
            "code": one.code,
            "url": url_for("distributor.programme_page", code=one.code),
            "state": "open" if one.takes_applications else "closed",
            "words": _("Taking applications") if one.takes_applications else _("Closed"),
            "waiting": waiting,
            "partners": partners,
            "term": _(one.term.label),
            "since": moment(one.created_at),
        }
        for one, waiting, partners in found
    ]


# --- One programme ------------------------------------------------------------------------------------------


@console.get("/programmes/new")
def new_programme() -> Response:
    """The form of a new one."""
    require_role("admin")
    return show_new(with_choices(NewProgramme(answer_days=4, term=Term.YEAR.value, asks_website=True)))


def show_new(form: NewProgramme, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    return pages.render(
        "distributor/new_programme.html",
        status,
        title=_("New programme"),
        form=form,
        problem=problem,
    )


@console.post("/programmes/new")
def add_programme() -> Response:
    """One more; it takes no applications before it has an agreement."""
    require_role("admin")
    form = with_choices(NewProgramme(request.form))
    if not form.validate():
        return show_new(form, 422)
    try:
        with db.transaction():
            programmes.add(form.code.data or "", form.settings())
    except Refusal as refusal:
        return show_new(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.programme_page", "programme-added", code=form.code.data)


@console.get("/programmes/<code>")
def programme_page(code: str) -> Response:
    """Its settings and its agreement."""
    return show(code)


def show(
    code: str,
    status: int = 200,
    *,
    form: ProgrammeForm | None = None,
    text: AgreementText | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = programmes.find(code)
        force, rows = programmes.in_force(found.id), programmes.versions(found.id)
        timeline = timelines.of([found.id])
        about = {"code": found.code, "name": found.name, "open": found.takes_applications}
        kept = kept_settings(found)
    return pages.render(
        "distributor/programme.html",
        status,
        title=about["name"],
        programme=about,
        tabs=programme_pages.tabs(code),
        form=form or with_choices(ProgrammeForm(data=kept)),
        text=text or AgreementText(prefix="agreement-", text=rows[0].text if rows else ""),
        body=agreements.prose(force.text) if force else None,
        versions=[
            {
                "number": row.number,
                "from": moment(row.valid_from),
                "by": row.published_by,
                "digest": row.digest[:12],
                "state": ("ok", _("In force"))
                if force and row.id == force.id
                else ("wait", _("Comes"))
                if not force or row.number > force.number
                else ("neutral", _("Was")),
            }
            for row in rows
        ],
        timeline=timeline,
        may_change=has_role("admin"),
        problem_of_settings=problem if form else None,
        problem_of_text=problem if text else None,
    )


def kept_settings(programme: Programme) -> dict[str, Any]:
    """A programme as its form is filled."""
    return {
        "name": programme.name,
        "explanation": programme.explanation,
        "takes_applications": programme.takes_applications,
        "answer_days": programme.answer_days,
        "price_list": str(programme.price_list_id),
        "term": programme.term.value,
        "irreversible": programme.irreversible,
        **{f"asks_{code}": code in programme.evidence for code in EVIDENCE},
    }


@console.post("/programmes/<code>")
def save_programme(code: str) -> Response:
    """Counts from the next act on."""
    require_role("admin")
    form = with_choices(ProgrammeForm(request.form))
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction():
            programmes.change(programmes.find(code), form.settings())
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.programme_page", "saved", code=code)


@console.post("/programmes/<code>/agreement")
def publish_agreement(code: str) -> Response:
    """The next version of what partners sign."""
    require_role("admin")
    form = AgreementText(request.form, prefix="agreement-")
    if not form.validate():
        return show(code, 422, text=form)
    try:
        with db.transaction():
            publish(programmes.find(code), form)
    except Refusal as refusal:
        return show(code, refusal.status, text=form, problem=str(refusal))
    said = "agreement-published-for-all" if form.for_all.data else "agreement-published"
    return pages.see("distributor.programme_page", said, code=code)


def publish(programme: Programme, form: AgreementText) -> None:
    """The version, and whom it is shown to."""
    version = programmes.publish(
        programme, form.text.data or "", valid_from=form.valid_from.data, by=visitor().name
    )
    if not form.for_all.data:
        return
    if programmes.in_force(programme.id) != version:
        raise AgreementRefused(_("Nobody can be shown a version before its day. Leave the day empty."))
    application_reviews.show_the_newest(programme)
