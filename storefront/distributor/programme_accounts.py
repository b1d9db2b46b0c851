"""What a programme says about its partners' accounts: whether its terms come first, and which support types a
customer can have; and what is recorded of a partner's abilities (U3-U8)."""

from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from partners import enrolments, programmes, qualifications, standings, support_types
from partners.enrolments import Enrolment, EnrolmentState
from partners.support_types import Described
from storefront import lists, pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

pages.saying(
    support_type_saved="The support type is saved. Customers keep what was chosen for them.",
    qualification_saved="Recorded. It counts for what the partner chooses from now on.",
)


class AccountRulesForm(Form):
    """What counts before the first page."""

    terms_first = BooleanField(
        "Your terms come first",
        description="Each person of a partner agrees to your terms before anything else in its console, and"
        " again whenever you publish a new version.",
    )


class SupportTypeForm(Form):
    """One support type."""

    label = StringField("Name", [InputRequired("Such as Partner supported."), Length(max=80)])
    definition = TextAreaField(
        "Definition",
        [InputRequired("Say who does what."), Length(max=2000)],
        description="Resellers read it beside the choice.",
    )
    needs_qualification = BooleanField(
        "Only for qualified partners", description="Others neither see it to choose nor may they send it."
    )
    co_managed = BooleanField(
        "The partner looks after the customer",
        description="Opens the customer's dashboard to the partner: services, seats and people.",
    )
    offered = BooleanField("Can be chosen", description="Off: customers who have it keep it.")

    def described(self) -> Described:
        """What it says."""
        return Described(
            self.label.data or "",
            self.definition.data or "",
            self.needs_qualification.data,
            self.co_managed.data,
            self.offered.data,
        )


class QualificationForm(Form):
    """What is known of a partner."""

    managed_service = BooleanField("Provides the managed service")
    remediation = BooleanField("Mends incidents from afar")
    evidence = TextAreaField(
        "Evidence",
        [InputRequired("Say how you know."), Length(max=2000)],
        description="What you saw, tested or read. Only your staff reads it.",
    )


# --- The programme's page -----------------------------------------------------------------------------------


@console.get("/programmes/<code>/accounts")
def programme_accounts(code: str) -> Response:
    """The page."""
    return show_accounts(code)


def show_accounts(
    code: str,
    status: int = 200,
    *,
    refused: SupportTypeForm | None = None,
    of: UUID | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with the refused form of a type (`of`: of one that is there) as it was sent."""
    with db.transaction():
        found = programmes.find(code)
        rules = support_types.rules(found.id)
        types = [
            type_row(one, many, refused if of == one.id else None)
            for one, many in support_types.of_programme(found.id)
        ]
        timeline = timelines.of([found.id])
        name = found.name
    return pages.render(
        "distributor/programme_accounts.html",
        status,
        title=_("%(programme)s: accounts", programme=name),
        programme={"code": code, "name": name},
        tabs=programme_pages.tabs(code),
        rules=AccountRulesForm(terms_first=rules.terms_first if rules else False),
        types=types,
        form=refused if refused and of is None else SupportTypeForm(prefix="new-", offered=True),
        problem=problem if of is None else None,
        problem_of=problem if of else None,
        timeline=timeline,
        may_change=has_role("admin"),
    )


def type_row(one: support_types.SupportType, many: int, refused: SupportTypeForm | None) -> dict[str, Any]:
    """One type with its form."""
    return {
        "id": one.id,
        "label": one.label,
        "definition": one.definition,
        "needs_qualification": one.needs_qualification,
        "co_managed": one.co_managed,
        "offered": one.offered,
        "customers": many,
        "refused": refused is not None,
        "form": refused or SupportTypeForm(prefix=f"{one.id}-", obj=one),
    }


@console.post("/programmes/<code>/accounts")
def save_account_rules(code: str) -> Response:
    """Whether the terms come first."""
    require_role("admin")
    form = AccountRulesForm(request.form)
    with db.transaction():
        support_types.set_rules(programmes.find(code), terms_first=form.terms_first.data)
    return pages.see("distributor.programme_accounts", "saved", code=code)


@console.post("/programmes/<code>/accounts/types")
def add_support_type(code: str) -> Response:
    """One more."""
    return save_type(code, SupportTypeForm(request.form, prefix="new-"), None)


@console.post("/programmes/<code>/accounts/types/<type_id>")
def save_support_type(code: str, type_id: str) -> Response:
    """From now on so."""
    known = lists.identifier(type_id)
    return save_type(code, SupportTypeForm(request.form, prefix=f"{known}-"), known)


def save_type(code: str, form: SupportTypeForm, type_id: UUID | None) -> Response:
    """Kept, or refused on the page."""
    require_role("admin")
    if not form.validate():
        return show_accounts(code, 422, refused=form, of=type_id)
    try:
        with db.transaction():
            support_types.keep_type(programmes.find(code), form.described(), type_id)
    except Missing:
        raise
    except Refusal as refusal:
        return show_accounts(code, refusal.status, refused=form, of=type_id, problem=str(refusal))
    return pages.see("distributor.programme_accounts", "support-type-saved", code=code)


# --- A partner's abilities ----------------------------------------------------------------------------------


@console.get("/resellers/<code>/qualifications")
def qualification_page(code: str) -> Response:
    """What is recorded of the partner, one form for each programme that it is in."""
    return show_qualifications(code)


def show_qualifications(
    code: str,
    status: int = 200,
    *,
    refused: QualificationForm | None = None,
    of: UUID | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with the refused form of one enrolment as it was sent."""
    with db.transaction():
        reseller = standings.find(code)
        rows = active(reseller.id)
        kept = qualifications.of_enrolments([one.id for one in rows])
        shown = [
            {
                "id": one.id,
                "programme": one.programme_name,
                "qualified": (known := kept.get(one.id)) is not None and known.qualified,
                "by": known.recorded_by if known else "",
                "at": moment(known.recorded_at) if known else None,
                "form": refused
                if refused is not None and of == one.id
                else QualificationForm(prefix=f"{one.id}-", obj=known),
                "problem": problem if of == one.id else None,
            }
            for one in rows
        ]
        timeline = timelines.of([one.id for one in rows])
        about = {"code": reseller.code, "name": reseller.name}
    return pages.render(
        "distributor/qualifications.html",
        status,
        title=_("Qualifications of %(reseller)s", reseller=about["name"]),
        reseller=about,
        rows=shown,
        timeline=timeline,
        may_change=has_role("admin", "partner_manager"),
    )


def active(reseller_id: UUID) -> list[Enrolment]:
    """The programmes that the reseller is a partner of now."""
    return [one for one in enrolments.of_reseller(reseller_id) if one.state is EnrolmentState.ACTIVE]


@console.post("/resellers/<code>/qualifications/<enrolment_id>")
def record_qualification(code: str, enrolment_id: str) -> Response:
    """What a person of the distributor has seen of it."""
    require_role("partner_manager")
    known = lists.identifier(enrolment_id)
    form = QualificationForm(request.form, prefix=f"{known}-")
    if not form.validate():
        return show_qualifications(code, 422, refused=form, of=known)
    try:
        with db.transaction():
            mine = {one.id: one for one in active(standings.find(code).id)}
            if known not in mine:
                raise Missing("page")
            qualifications.record(
                mine[known],
                managed_service=form.managed_service.data,
                remediation=form.remediation.data,
                evidence=form.evidence.data or "",
                by=visitor().name,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show_qualifications(code, refusal.status, refused=form, of=known, problem=str(refusal))
    return pages.see("distributor.qualification_page", "qualification-saved", code=code)
