"""Partners of the demo world and the deals they have registered, through the functions that pages use."""

from collections.abc import Sequence
from datetime import timedelta

from fpdf import FPDF
from sqlalchemy import select

from catalog import loading
from core import db, parties
from core.clock import business_now
from core.parties import Membership
from partners import (
    application_reviews,
    applications,
    deal_ends,
    deal_registrations,
    deal_reviews,
    deal_rules,
    enrolments,
    programmes,
    qualifications,
    signatures,
)
from partners.applications import Application
from partners.deal_registrations import Lead
from partners.deals import Deal, DealKind
from partners.documents import Brought
from partners.terms import Agreed
from sandbox.worlds import Entry

REVIEWER = "Nora Lindqvist"
DECIDED = {"approved", "expired"}


def sign_up(partners: Sequence[Entry]) -> None:
    """An administrator of each has applied, was approved and has signed."""
    for entry in partners:
        who = _member(entry["email"])
        applications.apply(
            entry["programme"],
            company=parties.reseller(who.reseller_id).name if who.reseller_id else who.name,
            name=who.name,
            email=who.email,
            evidence=entry["evidence"],
            brought=[_paper(title) for title in entry.get("documents", ())],
        )
        newest = select(Application).where(Application.email == who.email).order_by(Application.id.desc())
        application = db.session().scalars(newest.limit(1)).one()
        application_reviews.approve(application, by=REVIEWER)
        signatures.sign(application, Agreed(str(application.agreement_id), "127.0.0.1", "Demo world", ""))
        _qualify(application, entry.get("qualification", ""))


def _paper(title: str) -> Brought:
    """A page that says what it is, as an applicant's own paper would."""
    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=16)
    page.cell(text=title)
    return Brought(f"{title.lower().replace(' ', '-')}.pdf", "application/pdf", bytes(page.output()))


def _qualify(application: Application, evidence: str) -> None:
    """What the reviewer has seen of its abilities, if anything."""
    enrolment = enrolments.of_application(application.id)
    if enrolment and evidence:
        qualifications.record(
            enrolment, managed_service=True, remediation=True, evidence=evidence, by=REVIEWER
        )


def register(entries: Sequence[Entry]) -> None:
    """Each deal with what became of it; one that expired was approved a quarter ago."""
    currency = parties.the_distributor().currency
    for entry in entries:
        who, programme = _member(entry["by"]), programmes.find(entry["programme"])
        if who.reseller_id is None:
            raise LookupError(f"{entry['by']} belongs to no reseller")
        deal = deal_registrations.register(programme, who.reseller_id, _lead(entry, currency), by=who.name)
        if entry["fate"] == "rejected":
            reasons = deal_rules.of(programme.id).reasons
            deal_reviews.reject(deal, reasons[int(entry["reason"])], by=REVIEWER)
        elif entry["fate"] in DECIDED:
            deal_reviews.approve(deal, by=REVIEWER)
        if entry["fate"] == "expired":
            _let_expire(deal)


def _lead(entry: Entry, currency: str) -> Lead:
    names = ("company", "country", "contact_name", "contact_email", "products", "seats")
    return Lead(
        value=loading.amount(entry["value"], currency, entry["company"]),
        closes_on=business_now().date() + timedelta(days=75),
        website=entry.get("website", ""),
        comment=entry.get("comment", ""),
        kind=DealKind(entry.get("kind", "independent")),
        may_share=True,
        may_contact=entry.get("may_contact", False),
        **{name: entry[name] for name in names},
    )


def _let_expire(deal: Deal) -> None:
    """As if it had been approved long enough ago."""
    ago = timedelta(days=deal_rules.of(deal.programme_id).valid_days, hours=1)
    deal.registered_at -= ago
    for name in ("decided_at", "ends_at", "notice_at"):
        setattr(deal, name, getattr(deal, name) - ago)
    deal.noticed = True
    db.flush()
    deal_ends.end_those_over()


def _member(email: str) -> Membership:
    return db.session().scalars(select(Membership).where(Membership.email == email)).one()
