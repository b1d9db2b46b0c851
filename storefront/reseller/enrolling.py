"""Program info: a reseller enrols in a further programme from its console. The page shows the partner details
that will be verified (M5), then where the enrolment stands (M8), then the agreement (M9), and in the end what
the company is now (M10)."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import normal_email
from partners import (
    applications,
    channels,
    companies,
    documents,
    enrolling,
    joinings,
    programmes,
    signatures,
)
from partners.applications import WAITING, Application, ApplicationIncomplete, ApplicationState
from partners.enrolling import Contact
from partners.joinings import CHANNELS
from partners.programmes import EVIDENCE, Programme
from partners.signatures import Signatory
from partners.terms import Agreed
from storefront import agreements, evidence_files, pages
from storefront.moments import moment
from storefront.portal import applications as applying
from storefront.portal.applications import Applying
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role, visitor

pages.saying(
    enrolment_sent="Handed in. We verify your company's data; the contact you named hears from us by mail.",
    enrolment_accepted="Accepted. The programme's capabilities are on.",
)


@console.url_value_preprocessor
def take_files(endpoint: str | None, _values: Any) -> None:
    """Where files may come with a form, it may be larger than elsewhere: before anything reads it."""
    if endpoint == "reseller.enrol":
        request.max_content_length = evidence_files.MOST_SENT


@contextmanager
def enrolling_in(code: str) -> Generator[tuple[Programme, UUID]]:
    """The programme and the reseller, in a transaction that works as the distributor, whose rows programmes
    and applications are. Everything inside is asked for this reseller."""
    mine = menu.reseller_id()
    with db.transaction(widened_because="enrolling a reseller"):
        yield programmes.find(code), mine


@console.get("/enrolments/<code>")
def enrolment_page(code: str) -> Response:
    """Program info."""
    return show(code)


def show(
    code: str,
    status: int = 200,
    *,
    form: Applying | None = None,
    problem: str | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with enrolling_in(code) as (about, mine):
        found, enrolment = enrolling.standing(about, mine)
        rules, company = joinings.of(about.id), companies.of(mine)
        version = programmes.agreement(found.agreement_id) if found and found.agreement_id else None
        signature = signatures.of_application(enrolment.application_id) if enrolment else None
        values: dict[str, Any] = {
            "programme": {
                "code": code,
                "name": about.name,
                "explanation": about.explanation,
                "irreversible": about.irreversible,
                "indirect": rules.channel is joinings.Channel.INDIRECT,
                "term": _(about.term.label),
                "wait": applying.wait_for(rules, about.answer_days),
                "verifies": rules.verifies,
            },
            "company": company,
            "country": companies.country_name(company.country) if company else "",
            "standing": visitor().standing,
            "administrators": [one.name for one in parties.members(mine) if "admin" in one.roles],
            "profile": [CHANNELS[one] for one in sorted(channels.profile(mine))],
            "application": facts(found) if found else None,
            "open": enrolment is None and (found is None or found.state not in enrolling.UNDER_WAY),
            "takes": about.takes_applications,
            "steps": applying.steps_of(found) if found else [],
            "documents": len(documents.of(found.id)) if found else 0,
            "version": {"id": version.id, "number": version.number, "digest": version.digest}
            if version
            else None,
            "body": agreements.prose(version.text) if version else "",
            "until": moment(enrolment.ends_at) if enrolment else None,
            "signed": (signature.name, moment(signature.signed_at), signature.digest) if signature else None,
        }
        asked = list(about.evidence)
        prefilled = {"country": company.country} if company else {}
        files = applying.with_problem(evidence_files.field(rules, wanted=True), wrong)
    form = form or applying.form_for(asked, name=visitor().name, email=visitor().email, **prefilled)
    form.name.label.text, form.email.label.text = _("Primary contact"), _("E-mail of the contact")
    return pages.render(
        "reseller/enrolment.html",
        status,
        title=values["programme"]["name"],
        form=form,
        fields=[form[name] for name in EVIDENCE if name in form],
        files=files,
        problem=problem,
        may_enrol=has_role("admin"),
        company_url=url_for("reseller.company_page"),
        **values,
    )


def facts(found: Application) -> dict[str, Any]:
    """An application as the page tells it."""
    return {
        "code": found.code,
        "state": found.state.value,
        "contact": f"{found.name}, {found.email}",
        "question": found.question,
        "reason": found.reason,
        "waits": found.state in WAITING,
        "due": moment(found.due_at),
        "approved": found.state is ApplicationState.APPROVED,
    }


@console.post("/enrolments/<code>/enrol")
def enrol(code: str) -> Response:
    """Enroll now: for administrators (M3)."""
    with enrolling_in(code) as (about, _mine):
        asked = list(about.evidence)
    form = applying.form_for(asked, request.form)
    try:
        require_administrator(code, "enrol")
        brought, wrong_files = evidence_files.sent()
        contact = Contact(form.name.data or "", normal_email(form.email.data or "")[:254])
        with enrolling_in(code) as (about, mine):
            enrolling.standing(about, mine)
            enrolling.enrol(about, mine, contact, form.evidence(), brought, wrong_files)
    except ApplicationIncomplete as incomplete:
        form.refuse(incomplete.problems)
        return show(code, 422, form=form, wrong=incomplete.problems)
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("reseller.enrolment_page", "enrolment-sent", code=code)


@console.post("/enrolments/<code>/accept")
def accept(code: str) -> Response:
    """Accept and continue: once, for the version that was shown, for good where the programme says so."""
    agent, me = request.headers.get("User-Agent", ""), visitor()
    agreed = Agreed(agreements.ticked(), request.remote_addr or "", agent, request.base_url)
    try:
        require_administrator(code, "accept")
        with enrolling_in(code) as (about, mine):
            signatory = Signatory(me.name, me.email, me.membership_id)
            signatures.sign(enrolling.to_accept(about, mine), agreed, signatory)
    except Missing:
        raise
    except Refusal as refusal:
        refused(code, "accept", refusal)
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("reseller.enrolment_page", "enrolment-accepted", code=code)


def require_administrator(code: str, act: str) -> None:
    """Denied for everybody else, and written down."""
    try:
        require_role("admin")
    except Refusal as refusal:
        refused(code, act, refusal)
        raise


def refused(code: str, act: str, refusal: Refusal) -> None:
    """Writes into the trail that somebody tried what the programme does not allow: of the application, or,
    where there is none, of the reseller."""
    with enrolling_in(code) as (about, mine):
        if (found := enrolling.latest(about, mine)) is not None:
            applications.note_refusal(found, act, refusal)
