"""Becoming a partner at the distributor's own shop: the programmes that take applications, the form, and the
status page of an application, which its link leads to: there the applicant answers what it was asked,
withdraws, and reads and signs the agreement."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response
from wtforms import EmailField, SelectField, StringField, TextAreaField

from core import db, throttles
from core.errors import Missing, Refusal
from core.ids import token_hash
from core.languages import _, counted
from core.parties import normal_email
from core.periods import Term
from partners import applications, companies, documents, enrolments, joinings, programmes, signatures
from partners.applications import WAITING, Application, ApplicationIncomplete, ApplicationState, LinkExpired
from partners.joinings import Rules
from partners.programmes import EVIDENCE
from partners.terms import Agreed
from storefront import agreements, evidence_files, pages
from storefront.forms import Form, SelectChoice
from storefront.moments import moment
from storefront.portal import portal
from storefront.steps import Step
from storefront.visitors import the_shop

MOST, MOST_BY_ADDRESS = 5, 30  # applications with one e-mail address, and from one machine, within an hour

pages.saying(
    answered="Thank you. Your answer is with the reviewer.",
    application_withdrawn="Your application is withdrawn.",
    agreement_signed="Signed. You are a partner now.",
)


@portal.url_value_preprocessor
def take_files(endpoint: str | None, _values: Any) -> None:
    """Where files may come with a form, it may be larger than elsewhere: before anything reads it."""
    if endpoint in ("portal.apply", "portal.answer_application"):
        request.max_content_length = evidence_files.MOST_SENT


class Applying(Form):
    """An application; fields that the programme does not ask for are taken out (`form_for`)."""

    company = StringField()
    name = StringField()
    email = EmailField()
    website = StringField()
    experience = TextAreaField()
    country = SelectField(validate_choice=False)
    remediation = TextAreaField()
    partner_id = StringField()

    def evidence(self) -> dict[str, str]:
        """What it says of what is asked for."""
        return {code: self[code].data or "" for code in EVIDENCE if code in self}

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Puts the sentences of a refusal to their fields."""
        for field, words in problems.items():
            if field in self:
                self[field].errors = [words]


def form_for(asked: list[str], data: Any = None, **kept: Any) -> Applying:
    """The form of a programme, in the words of EVIDENCE; everything on it has to be filled in."""
    form = Applying(data, **kept)
    form.company.label.text = _("Company")
    form.name.label.text, form.email.label.text = _("Your name"), _("E-mail")
    form.country.choices = [
        SelectChoice("", _("Please choose")),
        *(SelectChoice(code, name) for code, name in companies.countries().items()),
    ]
    for code, evidence in EVIDENCE.items():
        if code not in asked:
            del form[code]
            continue
        form[code].label.text, form[code].description = _(evidence.label), _(evidence.hint)
    return form


def wait(days: int) -> str:
    """Until when one hears from the reviewer."""
    return counted("%(n)s business day", "%(n)s business days", days)


def wait_for(rules: Rules, answer_days: int) -> str:
    """The same for a programme, which may verify what it is told."""
    return wait(rules.verification_days if rules.verifies else answer_days)


def house_only() -> None:
    """Partners are the distributor's: its own shop alone speaks of them."""
    if not the_shop().house:
        raise Missing


# --- Applying -----------------------------------------------------------------------------------------------


@portal.get("/partners")
def programme_list() -> Response:
    """What one can apply for."""
    house_only()
    with db.transaction():
        offered = [(one, joinings.offered(one.id)) for one in programmes.offered()]
    return pages.render(
        "portal/programmes.html",
        title=_("Become a partner"),
        seller=the_shop().legal_name,
        programmes=[
            {
                "code": one.code,
                "name": one.name,
                "explanation": one.explanation,
                "evidence": [_(EVIDENCE[code].label) for code in one.evidence],
                "term": _(Term(one.term).label),
                "wait": wait_for(rules, one.answer_days),
            }
            for one, rules in offered
        ],
    )


@portal.get("/partners/<code>")
def programme(code: str) -> Response:
    """What the programme is, and the form."""
    house_only()
    with db.transaction():
        offer = programmes.offer(code)
    return show_programme(offer, form_for(offer.evidence))


def show_programme(
    offer: Any,
    form: Applying,
    status: int = 200,
    *,
    problem: str | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """The page, with a refused form as it was sent; files have to be chosen again."""
    with db.transaction():
        rules = joinings.offered(offer.id)
    files = with_problem(evidence_files.field(rules, wanted=True), wrong)
    return pages.render(
        "portal/programme.html",
        status,
        title=offer.name,
        offer=offer,
        term=_(Term(offer.term).label),
        wait=wait_for(rules, offer.answer_days),
        verifies=rules.verifies,
        form=form,
        fields=[form[code] for code in EVIDENCE if code in form],
        files=files,
        problem=problem,
    )


def with_problem(files: Any, wrong: Mapping[str, str] | None) -> Any:
    """The field of the files with what is wrong with them."""
    if files is not None and wrong and "documents" in wrong:
        files.errors = [wrong["documents"]]
    return files


@portal.post("/partners/<code>")
def apply(code: str) -> Response:
    """Hands it in. The answer is the same whether the address has an application under way or not; the link
    goes by mail."""
    house_only()
    with db.transaction():
        offer = programmes.offer(code)
    form = form_for(offer.evidence, request.form)
    email = normal_email(form.email.data or "")[:254]
    try:
        refuse_too_many(email)
        brought, wrong_files = evidence_files.sent()
        with db.transaction():
            applications.apply(
                code,
                company=form.company.data or "",
                name=form.name.data or "",
                email=email,
                evidence=form.evidence(),
                brought=brought,
                wrong_files=wrong_files,
            )
            rules = joinings.offered(offer.id)
    except ApplicationIncomplete as incomplete:
        form.refuse(incomplete.problems)
        return show_programme(offer, form, 422, wrong=incomplete.problems)
    except Refusal as refusal:
        return show_programme(offer, form, refusal.status, problem=str(refusal))
    return pages.render(
        "account/applied.html",
        title=_("Look into your mailbox"),
        email=email,
        wait=wait_for(rules, offer.answer_days),
    )


def refuse_too_many(email: str) -> None:
    """TooOften for one machine or one address; counted outside the page's transaction."""
    by_machine = throttles.allow(
        f"apply-ip:{throttles.machine(request.remote_addr or '')}", most=MOST_BY_ADDRESS
    )
    if not by_machine or not throttles.allow(f"apply:{the_shop().distributor_id}:{email}", most=MOST):
        raise throttles.TooOften


# --- Following it -------------------------------------------------------------------------------------------


@contextmanager
def following(token: str, *, to_change: bool = False, however_old: bool = False) -> Generator[Application]:
    """The application of a link, in a transaction that works as the distributor: the link is all the right
    that its holder has, and leads to this one application."""
    house_only()
    with db.transaction(widened_because="following an application's link"):
        yield applications.by_link(token, to_change=to_change, however_old=however_old)


def refused(token: str, act: str, refusal: Refusal) -> None:
    """Writes into the trail that somebody tried what the programme does not allow."""
    with following(token, however_old=True) as found:
        applications.note_refusal(found, act, refusal)


@portal.get("/applications/<token>")
def application(token: str) -> Response:
    """Where it stands, and what comes next."""
    return show(token)


def show(
    token: str,
    status: int = 200,
    *,
    problem: str | None = None,
    answering: Mapping[str, str] | None = None,
    form: Applying | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """The page, with a refused form as it was sent; for a link that is too old, the way to a new one."""
    try:
        return status_page(token, status, problem=problem, answering=answering, form=form, wrong=wrong)
    except LinkExpired as old:
        return pages.render(
            "portal/application_expired.html",
            old.status,
            title=_("This link is too old"),
            token=token,
            words=str(old),
        )


def status_page(
    token: str,
    status: int,
    *,
    problem: str | None,
    answering: Mapping[str, str] | None,
    form: Applying | None,
    wrong: Mapping[str, str] | None,
) -> Response:
    """The page of a link that is good."""
    with following(token) as found:
        about, rules = programmes.of_id(found.programme_id), joinings.of(found.programme_id)
        version = programmes.agreement(found.agreement_id) if found.agreement_id else None
        signature, enrolment = signatures.of_application(found.id), enrolments.of_application(found.id)
        shown = {
            "code": found.code,
            "state": found.state.value,
            "company": found.company,
            "email": found.email,
            "question": found.question,
            "reason": found.reason,
            "programme": about.name,
            "irreversible": about.irreversible,
            "term": _(about.term.label),
            "wait": wait_for(rules, about.answer_days),
            "waits": found.state in WAITING,
            "due": moment(found.due_at),
        }
        files = evidence_files.rows(documents.of(found.id), "portal.application_file", token=token)
        signed = (signature.name, moment(signature.signed_at)) if signature else None
        until = moment(enrolment.ends_at) if enrolment else None
        steps = steps_of(found)
        evidence = dict(found.evidence)
        asked = [code for code in EVIDENCE if code in found.evidence]
    form = form or form_for(asked, **evidence)
    for field in ("company", "name", "email"):
        del form[field]
    return pages.render(
        "portal/application.html",
        status,
        title=_("Your application"),
        token=token,
        application=shown,
        steps=steps,
        form=form,
        fields=[form[code] for code in asked],
        documents=files,
        files=with_problem(evidence_files.field(rules), wrong),
        answer=(answering or {}).get("answer", ""),
        version={"id": version.id, "number": version.number, "digest": version.digest} if version else None,
        body=agreements.prose(version.text) if version else "",
        signed=signed,
        until=until,
        problem=problem,
    )


def steps_of(found: Application) -> list[Step]:
    """Handed in, looked at, signed: what is done and what is still to come."""
    state = found.state
    handed_in = Step("done", _("Handed in"), time=moment(found.submitted_at))
    looked = {
        ApplicationState.SUBMITTED: ("now", _("A reviewer looks at it.")),
        ApplicationState.VERIFYING: ("now", _("We verify what you told us.")),
        ApplicationState.ASKED_BACK: ("wait", _("The reviewer has a question for you.")),
        ApplicationState.DECLINED: ("wrong", _("It was declined.")),
        ApplicationState.WITHDRAWN: ("wrong", _("You withdrew it.")),
    }.get(state, ("done", _("It was approved.")))
    signed = {
        ApplicationState.APPROVED: ("now", _("The agreement waits for you below.")),
        ApplicationState.SIGNED: ("done", _("You are a partner.")),
    }.get(state, ("todo", ""))
    return [
        handed_in,
        Step(looked[0], _("Verified") if state is ApplicationState.VERIFYING else _("Reviewed"), looked[1]),
        Step(signed[0], _("Agreement signed"), signed[1]),
    ]


@portal.post("/applications/<token>/answer")
def answer_application(token: str) -> Response:
    """Answers what was asked, and betters what was brought."""
    try:
        with following(token, to_change=True) as found:
            form = form_for([code for code in EVIDENCE if code in found.evidence], request.form)
            brought, wrong_files = evidence_files.sent()
            applications.answer(found, request.form.get("answer", ""), form.evidence(), brought, wrong_files)
    except ApplicationIncomplete as incomplete:
        form.refuse(incomplete.problems)
        wrong = incomplete.problems
        return show(token, 422, problem=wrong.get("answer"), answering=request.form, form=form, wrong=wrong)
    except Missing:
        raise
    except Refusal as refusal:
        refused(token, "answer", refusal)
        return show(token, refusal.status, problem=str(refusal), answering=request.form)
    return pages.see("portal.application", "answered", token=token)


@portal.post("/applications/<token>/withdraw")
def withdraw_application(token: str) -> Response:
    """The applicant thinks better of it."""
    try:
        with following(token, to_change=True) as found:
            applications.withdraw(found)
    except Missing:
        raise
    except Refusal as refusal:
        refused(token, "withdraw", refusal)
        return show(token, refusal.status, problem=str(refusal))
    return pages.see("portal.application", "application-withdrawn", token=token)


@portal.post("/applications/<token>/sign")
def sign_agreement(token: str) -> Response:
    """Signs the version whose box is ticked, once; the password is chosen by a link of its own."""
    agent = request.headers.get("User-Agent", "")
    agreed = Agreed(agreements.ticked(), request.remote_addr or "", agent, without_token(request.base_url))
    try:
        with following(token, to_change=True) as found:
            signatures.sign(found, agreed)
    except Missing:
        raise
    except Refusal as refusal:
        refused(token, "sign", refusal)
        return show(token, refusal.status, problem=str(refusal))
    return pages.see("portal.application", "agreement-signed", token=token)


@portal.get("/applications/<token>/documents/<uuid:document_id>")
def application_file(token: str, document_id: UUID) -> Response:
    """A file that the applicant brought itself."""
    try:
        with following(token) as found:
            return evidence_files.answer(documents.find(found.id, document_id))
    except LinkExpired:
        return show(token)


@portal.post("/applications/<token>/renew")
def renew_link(token: str) -> Response:
    """A new link to the same address, once the old one is too old; not before, so that nobody is made to look
    for a mail in vain."""
    refuse_too_many_links(token)
    with following(token, to_change=True, however_old=True) as found:
        if applications.expired(found):
            applications.renew_link(found)
        email = found.email
    return pages.render("account/link_renewed.html", title=_("Look into your mailbox"), email=email)


def refuse_too_many_links(token: str) -> None:
    """TooOften for one link, or one machine."""
    by_machine = throttles.allow(
        f"apply-ip:{throttles.machine(request.remote_addr or '')}", most=MOST_BY_ADDRESS
    )
    if not by_machine or not throttles.allow(f"renew:{token_hash(token).hex()}", most=MOST):
        raise throttles.TooOften


def without_token(url: str) -> str:
    """The evidence names the page, and not the secret in its address."""
    return f"{url.split('/applications/')[0]}/applications/…/sign"
