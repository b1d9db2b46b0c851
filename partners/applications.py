"""Applications to a partner programme: anybody may hand one in at the distributor's shop; its reviewer
approves it, asks back or declines it with a reason. The applicant follows it by a link that is mailed to the
address it gave and nowhere else, so whoever holds the link reads that mailbox; the database keeps the link's
hash only. Nobody has access to anything before the agreement is signed (H2, H3; partners/signatures.py)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, seals, states, tenancy, trail
from core.doors import door
from core.errors import Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id, new_token, token_hash
from core.languages import _
from core.parties import normal_email
from core.tenancy import Access, DistributorOwned, owned_by
from partners import companies, programmes
from partners.programmes import EVIDENCE, NothingToSign, Programme

LONGEST = {"company": 200, "name": 120, "email": 254}
LONGEST_EVIDENCE = 2000
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
HOST = re.compile(r"(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})+", re.ASCII)


class ApplicationState(StrEnum):
    """ASKED_BACK waits for the applicant, SUBMITTED and APPROVED for the reviewer and for the signature. A
    signed one lives on as an enrolment."""

    SUBMITTED = "submitted"
    ASKED_BACK = "asked_back"
    APPROVED = "approved"
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Application(DistributorOwned, db.Model):
    """One application. `evidence`: what the programme asked for when it was handed in; `agreement_id`: the
    version that it is shown, from its approval on; `nonce` makes the link's token; `sending` counts mails.
    Visitors may write one and read none."""

    __tablename__ = "applications"
    __access__ = Access(distributor="rcu", customer="c", public="c", door="ru")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        owned_by("agreements", "agreement_id"),
        UniqueConstraint("distributor_id", "code"),
        Index("ix_applications_token_hash", "distributor_id", "token_hash", unique=True),
        Index("ix_applications_state", "distributor_id", "state", "id"),
        Index(
            "uq_applications_under_way",
            "distributor_id",
            "programme_id",
            "email",
            unique=True,
            postgresql_where=literal_column("state IN ('submitted', 'asked_back', 'approved')"),
        ),
    )
    LIFE = states.Transitions(
        {
            ApplicationState.SUBMITTED: [
                ApplicationState.APPROVED,
                ApplicationState.ASKED_BACK,
                ApplicationState.DECLINED,
                ApplicationState.WITHDRAWN,
            ],
            ApplicationState.ASKED_BACK: [
                ApplicationState.SUBMITTED,
                ApplicationState.DECLINED,
                ApplicationState.WITHDRAWN,
            ],
            ApplicationState.APPROVED: [ApplicationState.SIGNED, ApplicationState.WITHDRAWN],
            ApplicationState.SIGNED: [],
            ApplicationState.DECLINED: [],
            ApplicationState.WITHDRAWN: [],
        },
        first=ApplicationState.SUBMITTED,
    )

    programme_id: Mapped[UUID]
    code: Mapped[str]
    company: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    state: Mapped[ApplicationState]
    question: Mapped[str]
    answer: Mapped[str]
    reason: Mapped[str]
    agreement_id: Mapped[UUID | None]
    nonce: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    sending: Mapped[int]
    submitted_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class ApplicationSent(Event):
    """One came in, for the first time or once more; both parties hear of it."""

    application_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class ApplicationAgain(Event):
    """Somebody applied who has one under way: the address gets its link once more."""

    application_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class ApplicationAskedBack(Event):
    """The applicant has a question to answer."""

    application_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class ApplicationApproved(Event):
    """The agreement waits for its signature (M7)."""

    application_id: UUID


@dataclass(frozen=True, slots=True)
class ApplicationDeclined(Event):
    """It ended, with a reason."""

    application_id: UUID


class ApplicationIncomplete(Refused):
    """Something is missing or has not the form it must have; `problems` is field -> sentence (H1)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Please look at what your application says."))
        self.problems = dict(problems)


class NoReason(Refused):
    """Whoever is declined or asked is told why."""

    def __init__(self) -> None:
        super().__init__(_("Write what the applicant is to read."))


# Who applies twice is not told so, because anybody can type an address: its owner gets the link again.
AGAIN = door("""
CREATE FUNCTION application_again_v1(p_distributor uuid, p_programme uuid, p_email text)
RETURNS TABLE (application_id uuid, sending bigint) AS $$
  UPDATE applications a SET sending = a.sending + 1
  WHERE a.distributor_id = p_distributor AND a.programme_id = p_programme AND a.email = p_email
    AND a.state IN ('submitted', 'asked_back', 'approved')
  RETURNING a.id, a.sending
$$""")


# --- The applicant's side -----------------------------------------------------------------------------------


def apply(code: str, *, company: str, name: str, email: str, evidence: Mapping[str, str]) -> None:
    """Hands an application to an offered programme in; ApplicationIncomplete says what is missing. Works in a
    visitor's scope, answers the same where the address has one under way, and tells nobody its link."""
    programme = programmes.offer(code)
    who = {"company": " ".join(company.split()), "name": " ".join(name.split()), "email": normal_email(email)}
    fine = _checked(who, evidence, programme.evidence)
    if _sent_again(programme.id, who["email"]):
        return
    nonce, now = new_token(), db.session().info["now"]
    try:
        with db.savepoint():
            added = db.add(
                Application(
                    id=new_id(),
                    programme_id=programme.id,
                    code=new_code("APP", 8),
                    evidence=fine,
                    state=ApplicationState.SUBMITTED,
                    question="",
                    answer="",
                    reason="",
                    nonce=nonce,
                    token_hash=token_hash(token_of(nonce)),
                    sending=1,
                    submitted_at=now,
                    decided_by="",
                    **who,
                )
            )
            db.flush()
    except IntegrityError:  # the same person at the same moment in another window
        if not _sent_again(programme.id, who["email"]):
            raise
        return
    trail.write(added, "submitted", told={"by": added.name})
    publish(ApplicationSent(added.id, _sending(added)))


def _sent_again(programme_id: UUID, email: str) -> bool:
    arguments = {
        "p_distributor": tenancy.current().distributor_id,
        "p_programme": programme_id,
        "p_email": email,
    }
    rows = doors.call_here(AGAIN, arguments)
    for row in rows:
        publish(ApplicationAgain(row.application_id, f"{row.application_id}:{row.sending}"))
    return bool(rows)


def _checked(who: Mapping[str, str], evidence: Mapping[str, str], asked: Sequence[str]) -> dict[str, str]:
    """The evidence in one spelling, of what is asked for and nothing else."""
    missing = {
        "company": _("Please enter your company's name."),
        "name": _("Please enter your name."),
        "email": _("Enter an e-mail address, such as anna@example.com."),
    }
    problems = {field: words for field, words in missing.items() if not who[field]}
    if who["email"] and not EMAIL.fullmatch(who["email"]):
        problems["email"] = missing["email"]
    for field, longest in LONGEST.items():
        if len(who[field]) > longest:
            problems[field] = _("At most %(most)s characters.", most=longest)
    fine: dict[str, str] = {}
    for code in asked:
        try:
            fine[code] = _in_form(EVIDENCE[code].form, evidence.get(code, "").strip())
        except ValueError as wrong:
            problems[code] = str(wrong)
    if problems:
        raise ApplicationIncomplete(problems)
    return fine


def _in_form(form: str, typed: str) -> str:
    """One piece of evidence; ValueError with the sentence for what is wrong with it."""
    if not typed:
        raise ValueError(_("This programme asks for it."))
    if len(typed) > LONGEST_EVIDENCE:
        raise ValueError(_("At most %(most)s characters.", most=LONGEST_EVIDENCE))
    if form == "country":
        if typed.upper() not in companies.countries():
            raise ValueError(_("Please choose the country."))
        return typed.upper()
    if form == "website":
        return _website(typed)
    return typed


def _website(typed: str) -> str:
    address = typed if "://" in typed else f"https://{typed}"
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and HOST.fullmatch(parts.hostname or "") is not None
    except ValueError:
        fine = False
    if not fine or any(sign.isspace() for sign in address):
        raise ValueError(_("Enter the address of your website, such as https://example.com."))
    return address


def by_link(token: str, *, to_change: bool = False) -> Application:
    """The application of a link, in a scope that was widened for it; Missing for every reason why not. Locked
    where the applicant is about to act, so that of two clicks the second finds what the first did."""
    chosen = select(Application).where(Application.token_hash == token_hash(token))
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None:
        raise Missing("application")
    return found


def answer(application: Application, words: str, evidence: Mapping[str, str]) -> None:
    """The applicant answers what it was asked, and may better what it brought; the reviewer looks again."""
    states.move(application, ApplicationState.SUBMITTED, why=words.strip(), told={"by": application.name})
    if not words.strip():
        raise ApplicationIncomplete({"answer": _("Please write your answer.")})
    if len(words) > LONGEST_EVIDENCE:
        raise ApplicationIncomplete({"answer": _("At most %(most)s characters.", most=LONGEST_EVIDENCE)})
    who = {"company": application.company, "name": application.name, "email": application.email}
    application.evidence = _checked(who, evidence, list(application.evidence))
    application.answer = words.strip()
    application.submitted_at = db.session().info["now"]
    publish(ApplicationSent(application.id, _sending(application, more=1)))


def withdraw(application: Application) -> None:
    """The applicant does not want it any more."""
    states.move(application, ApplicationState.WITHDRAWN, told={"by": application.name})


# --- The reviewer's side ------------------------------------------------------------------------------------


def find(code: str) -> Application:
    """An application of the scope's distributor."""
    return _found(select(Application).where(Application.code == code))


def to_decide(code: str) -> Application:
    """The same, locked: of two reviewers the second finds what the first decided."""
    return _found(select(Application).where(Application.code == code).with_for_update())


def _found(chosen: Any) -> Application:
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("application")
    return found


def approve(application: Application, *, by: str) -> None:
    """The applicant may sign the version in force, and only that one. It has no access yet (H2, H3)."""
    agreement = programmes.in_force(application.programme_id)
    if agreement is None:
        raise NothingToSign
    states.move(application, ApplicationState.APPROVED)
    application.agreement_id = agreement.id
    _decided(application, by)
    publish(ApplicationApproved(application.id))


def ask_back(application: Application, question: str, *, by: str) -> None:
    """The applicant answers on its status page."""
    words = _told(question)
    states.move(application, ApplicationState.ASKED_BACK, why=words)
    application.question, application.answer = words, ""
    _decided(application, by)
    publish(ApplicationAskedBack(application.id, _sending(application, more=1)))


def decline(application: Application, reason: str, *, by: str) -> None:
    """For good, with a reason that the applicant reads; it may apply anew."""
    words = _told(reason)
    states.move(application, ApplicationState.DECLINED, why=words)
    application.reason = words
    _decided(application, by)
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


# --- The link -----------------------------------------------------------------------------------------------


def _sending(application: Application, *, more: int = 0) -> str:
    """One word for each mail of an application."""
    application.sending += more
    return f"{application.id}:{application.sending}"


def token_of(nonce: str) -> str:
    """The link's token; for the mails that carry it, and for nothing else."""
    return seals.link_token("application", nonce)
