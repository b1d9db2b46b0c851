"""The reviewer's side of an application: approve it, take that back, ask back, or decline it with a reason.
An approval gives no access yet: the agreement is signed first (H2, H3; partners/signatures.py)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from core import db, states, trail, work
from core.errors import Conflict, Refused
from core.events import Event, publish
from core.languages import _
from partners import applications, joinings, programmes
from partners.applications import Application, ApplicationState
from partners.evidence_checks import LONGEST_EVIDENCE
from partners.programmes import NothingToSign, Programme


@dataclass(frozen=True, slots=True)
class ApplicationAskedBack(Event):
    """The applicant has a question to answer."""

    application_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class ApplicationApproved(Event):
    """The agreement waits for its signature (M7)."""

    application_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class ApplicationTakenBack(Event):
    """Its approval does not count any more; the reviewer looks at it again."""

    application_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class ApplicationDeclined(Event):
    """It ended, with a reason."""

    application_id: UUID


class NotApproved(Conflict):
    """Only an approval can be taken back, and only before the signature."""

    def __init__(self) -> None:
        super().__init__(_("There is no approval to take back: it was not approved, or is signed already."))


class NoReason(Refused):
    """Whoever is declined or asked is told why."""

    def __init__(self) -> None:
        super().__init__(_("Write what the applicant is to read."))


def approve(application: Application, *, by: str) -> None:
    """The applicant may sign the version in force, and only that one. It has no access yet (H2, H3)."""
    agreement = programmes.in_force(application.programme_id)
    if agreement is None:
        raise NothingToSign
    states.move(application, ApplicationState.APPROVED)
    application.agreement_id = agreement.id
    application.reason = ""
    _decided(application, by)
    publish(ApplicationApproved(application.id, applications.sending(application, more=1)))


def take_back(application: Application, reason: str, *, by: str) -> None:
    """An approval that was not signed yet does not count any more: the application waits for its reviewer
    again, and its applicant reads why."""
    words, rules = _told(reason), joinings.of(application.programme_id)
    if application.state is not ApplicationState.APPROVED:
        raise NotApproved
    states.move(application, applications.waiting(rules), why=words)
    application.agreement_id, application.reason = None, words
    _decided(application, by)
    applications.waits_again(application, rules)
    publish(ApplicationTakenBack(application.id, applications.sending(application, more=1)))


def ask_back(application: Application, question: str, *, by: str) -> None:
    """The applicant answers on its status page."""
    words = _told(question)
    states.move(application, ApplicationState.ASKED_BACK, why=words)
    application.question, application.answer = words, ""
    _decided(application, by)
    publish(ApplicationAskedBack(application.id, applications.sending(application, more=1)))


def decline(application: Application, reason: str, *, by: str) -> None:
    """For good, with a reason that the applicant reads; it may apply anew."""
    words = _told(reason)
    states.move(application, ApplicationState.DECLINED, why=words)
    application.reason = words
    _decided(application, by)
    applications.sending(application)
    publish(ApplicationDeclined(application.id))


def show_the_newest(programme: Programme) -> int:
    """Those who were approved and have not signed are shown the version in force instead of the one before;
    how many they are. A page of theirs that is open still names the old one, and is refused with it."""
    agreement = programmes.in_force(programme.id)
    if agreement is None:
        raise NothingToSign
    waiting = db.session().scalars(
        select(Application)
        .where(
            Application.programme_id == programme.id,
            Application.state == ApplicationState.APPROVED,
            Application.agreement_id != agreement.id,
        )
        .with_for_update()
    )
    number = 0
    for application in waiting:
        application.agreement_id = agreement.id
        trail.write(application, f"shown version {agreement.number} of the agreement")
        number += 1
    return number


def _told(words: str) -> str:
    if not words.strip():
        raise NoReason
    return words.strip()[:LONGEST_EVIDENCE]


def _decided(application: Application, by: str) -> None:
    application.decided_at, application.decided_by = db.session().info["now"], by
    work.close_about(application.id, "Decided.")
