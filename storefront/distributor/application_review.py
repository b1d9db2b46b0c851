"""Applications to the programmes, in the order they came: the reviewer's queue, and one application with all
that it brought and all that happened to it."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from core import db, parties
from core.clock import business_now
from core.errors import Conflict, Missing, Refusal
from core.languages import Words, _
from core.tenancy import same_key
from partners import (
    application_reviews,
    applications,
    companies,
    documents,
    enrolments,
    programmes,
    signatures,
)
from partners.applications import WAITING, Application, ApplicationState
from partners.evidence_checks import LONGEST_EVIDENCE
from partners.programmes import EVIDENCE, Programme
from storefront import evidence_files, exports, lists, pages, timelines
from storefront.distributor import console
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

REVIEWER = "storefront_manager"
WORDS = Words(
    {
        "submitted": "Waits for you",
        "verifying": "To be verified",
        "asked_back": "Asked back",
        "approved": "Approved, not signed",
        "signed": "Signed",
        "declined": "Declined",
        "withdrawn": "Withdrawn",
    }
)
pages.saying(
    application_approved="Approved. The applicant gets the link to the agreement by mail.",
    application_asked="Asked. The application comes back to the queue with the answer.",
    application_declined="Declined. The applicant reads your reason.",
    application_taken_back="Taken back. It waits for you again, and the applicant reads your reason.",
)


@console.get("/applications")
def application_list() -> Response:
    """The queue; the view shows those that are decided."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render("distributor/applications.html", title=_("Applications"), page=page)


@console.get("/applications.csv")
def application_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Applications"),
        "distributor.application_list",
        [
            Column("company", _("Company"), itemgetter("company"), Application.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("programme", _("Programme"), itemgetter("programme"), Programme.name),
            Column("name", _("Applicant"), itemgetter("name"), only_file=True),
            Column("email", _("E-mail"), itemgetter("email"), only_file=True),
            Column("state", _("State"), itemgetter("words")),
            Column("submitted", _("Handed in"), itemgetter("submitted"), Application.id),
            Column("decided", _("Decided by"), itemgetter("by")),
        ],
        Application.id,
        rows_of,
        "submitted",
        search=lambda query: or_(
            Application.code == query.upper(),
            Application.email == query.lower(),
            Application.company.icontains(query, autoescape=True),
        ),
        views=lists.Choice(
            "show",
            _("View"),
            WORDS.options(),
            lambda word: Application.state == ApplicationState(word),
            any_word=_("All"),
        ),
        filters=[Days("handed_in", _("Handed in"), Application.submitted_at)],
        export="distributor.application_file",
    )


def statement() -> Select[Application, str]:
    """Applications with the name of their programme."""
    return select(Application, Programme.name).join(
        Programme, same_key(Programme.id, Application.programme_id)
    )


def rows_of(found: Sequence[tuple[Application, str]]) -> list[dict[str, Any]]:
    """Applications as the list shows them."""
    return [
        {
            "company": one.company,
            "code": one.code,
            "url": url_for("distributor.application_page", code=one.code),
            "programme": programme,
            "name": one.name,
            "email": one.email,
            "state": one.state.value,
            "words": WORDS[one.state.value],
            "submitted": moment(one.submitted_at),
            "by": one.decided_by,
        }
        for one, programme in found
    ]


# --- One application ----------------------------------------------------------------------------------------


@console.get("/applications/<code>")
def application_page(code: str) -> Response:
    """What it brought, what happened, and what may be done."""
    return show(code)


def show(
    code: str, status: int = 200, *, problem: str | None = None, typed: str = "", act: str = ""
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = applications.find(code)
        programme = programmes.of_id(found.programme_id)
        signature, enrolment = signatures.of_application(found.id), enrolments.of_application(found.id)
        version = programmes.agreement(found.agreement_id) if found.agreement_id else None
        values: dict[str, Any] = {
            "application": found,
            "words": WORDS[found.state.value],
            "submitted": moment(found.submitted_at),
            "evidence": [
                (_(EVIDENCE[one].label), said(one, found)) for one in EVIDENCE if one in found.evidence
            ],
            "programme": (programme.name, url_for("distributor.programme_page", code=programme.code)),
            "version": version.number if version else None,
            "signature": signed_facts(signature) if signature else None,
            "reseller": None,
            "timeline": timelines.of([found.id, *([enrolment.id] if enrolment else [])]),
            "may": {state.value for state in found.LIFE[found.state]},
            "open": found.state in (*WAITING, ApplicationState.ASKED_BACK),
            "documents": evidence_files.rows(
                documents.of(found.id), "distributor.application_document", code=found.code
            ),
            "due": moment(found.due_at) if found.state in WAITING else None,
            "late": found.due_at is not None and found.due_at <= business_now(),
            "applicant": None,
        }
        if found.applicant_id:
            enrolling = parties.reseller(found.applicant_id)
            values["applicant"] = (
                enrolling.name,
                url_for("distributor.reseller_page", code=enrolling.code),
            )
        if enrolment:
            reseller = parties.reseller(enrolment.reseller_id)
            values["reseller"] = (reseller.name, url_for("distributor.reseller_page", code=reseller.code))
            values["until"] = moment(enrolment.ends_at)
    return pages.render(
        "distributor/application.html",
        status,
        title=found.company,
        problem=problem,
        typed=typed,
        act=act,
        may_review=has_role(REVIEWER),
        **values,
    )


def said(code: str, application: Application) -> str:
    """One piece of evidence, in words."""
    value = str(application.evidence[code])
    return companies.country_name(value) if EVIDENCE[code].form == "country" else value


def signed_facts(signature: signatures.AgreementSignature) -> dict[str, Any]:
    """The evidence of a signature."""
    return {
        "by": f"{signature.name}, {signature.email}",
        "at": moment(signature.signed_at),
        "number": signature.number,
        "digest": signature.digest,
        "address": signature.address,
        "irreversible": signature.irreversible,
    }


@console.post("/applications/<code>/approve")
def approve_application(code: str) -> Response:
    """The applicant may sign."""
    return decide(code, "approved", lambda one, _words: application_reviews.approve(one, by=visitor().name))


@console.post("/applications/<code>/ask")
def ask_applicant(code: str) -> Response:
    """Something is missing or unclear."""
    return decide(
        code, "asked", lambda one, words: application_reviews.ask_back(one, words, by=visitor().name)
    )


@console.post("/applications/<code>/decline")
def decline_application(code: str) -> Response:
    """For good, with a reason."""
    return decide(
        code, "declined", lambda one, words: application_reviews.decline(one, words, by=visitor().name)
    )


@console.post("/applications/<code>/take-back")
def take_approval_back(code: str) -> Response:
    """An approval that was not signed does not count any more."""
    return decide(
        code, "taken-back", lambda one, words: application_reviews.take_back(one, words, by=visitor().name)
    )


@console.get("/applications/<code>/documents/<uuid:document_id>")
def application_document(code: str, document_id: UUID) -> Response:
    """A file of the application, to be kept and never shown in the page; for its reviewers."""
    require_role(REVIEWER)
    with db.transaction():
        return evidence_files.answer(documents.find(applications.find(code).id, document_id))


def decide(code: str, act: str, decision: Callable[[Application, str], None]) -> Response:
    """One act of the reviewer, with the words it is to be given; of two at once the second finds the
    first."""
    require_role(REVIEWER)
    words = request.form.get("words", "")[:LONGEST_EVIDENCE]
    try:
        with db.transaction():
            decision(applications.to_decide(code), words)
    except Missing:
        raise
    except Refusal as refusal:
        if isinstance(refusal, Conflict):  # a step that its state does not allow
            with db.transaction():
                applications.note_refusal(applications.find(code), f"be {act.replace('-', ' ')}", refusal)
        return show(code, refusal.status, problem=str(refusal), typed=words, act=act)
    return pages.see("distributor.application_page", f"application-{act}", code=code)
