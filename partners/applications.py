"""Applications to a partner programme: anybody may hand one in at the distributor's shop; its reviewer
decides (partners/application_reviews.py). The applicant follows it by a link that is mailed to the
address it gave and nowhere else, so whoever holds the link reads that mailbox; the database keeps the link's
hash only. Nobody has access to anything before the agreement is signed (H2, H3; partners/signatures.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Select, UniqueConstraint, func, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, seals, states, tenancy, trail, work
from core.clock import business_now
from core.doors import door
from core.errors import Missing, Refusal, Refused
from core.events import Event, publish
from core.ids import new_code, new_id, new_token, token_hash
from core.languages import _
from core.parties import normal_email
from core.tenancy import Access, DistributorOwned, owned_by
from partners import documents, evidence_checks, joinings, programmes
from partners.documents import Brought
from partners.evidence_checks import LONGEST_EVIDENCE
from partners.joinings import Rules


class ApplicationState(StrEnum):
    """ASKED_BACK waits for the applicant, SUBMITTED and APPROVED for the reviewer and for the signature;
    VERIFYING is what SUBMITTED is in a programme that verifies what it is told (M5). A signed one lives on as
    an enrolment."""

    SUBMITTED = "submitted"
    VERIFYING = "verifying"
    ASKED_BACK = "asked_back"
    APPROVED = "approved"
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


WAITING = (ApplicationState.SUBMITTED, ApplicationState.VERIFYING)
"""Those that a reviewer has to decide."""


class Application(DistributorOwned, db.Model):
    """One application. `evidence`: what the programme asked for when it was handed in; `agreement_id`: the
    version that it is shown, from its approval on; `nonce` makes the link's token; `sending` counts mails,
    the last of which went at `link_sent_at`. `applicant_id`: the reseller that enrols from its console;
    `due_at`: until when it is to be answered. Both times are of the business clock. Visitors may write one
    and read none."""

    __tablename__ = "applications"
    __access__ = Access(distributor="rcu", customer="c", public="c", door="ru")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        owned_by("agreements", "agreement_id"),
        owned_by("resellers", "applicant_id"),
        UniqueConstraint("distributor_id", "code"),
        Index("ix_applications_token_hash", "distributor_id", "token_hash", unique=True),
        Index("ix_applications_state", "distributor_id", "state", "id"),
        Index(
            "uq_applications_under_way",
            "distributor_id",
            "programme_id",
            "email",
            unique=True,
            postgresql_where=literal_column("state IN ('submitted', 'verifying', 'asked_back', 'approved')"),
        ),
        Index(
            "uq_applications_applicant",
            "distributor_id",
            "programme_id",
            "applicant_id",
            unique=True,
            postgresql_where=literal_column(
                "applicant_id IS NOT NULL AND state IN ('submitted', 'verifying', 'asked_back', 'approved')"
            ),
        ),
        Index(
            "ix_applications_due",
            "distributor_id",
            "due_at",
            postgresql_where=literal_column("state IN ('submitted', 'verifying')"),
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
            ApplicationState.VERIFYING: [
                ApplicationState.APPROVED,
                ApplicationState.ASKED_BACK,
                ApplicationState.DECLINED,
                ApplicationState.WITHDRAWN,
            ],
            ApplicationState.ASKED_BACK: [
                ApplicationState.SUBMITTED,
                ApplicationState.VERIFYING,
                ApplicationState.DECLINED,
                ApplicationState.WITHDRAWN,
            ],
            ApplicationState.APPROVED: [
                ApplicationState.SIGNED,
                ApplicationState.SUBMITTED,
                ApplicationState.VERIFYING,
                ApplicationState.WITHDRAWN,
            ],
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
    link_sent_at: Mapped[datetime] = mapped_column(server_default=func.now())
    applicant_id: Mapped[UUID | None]
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
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


class ApplicationIncomplete(Refused):
    """Something is missing or has not the form it must have; `problems` is field -> sentence (H1)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Please look at what your application says."))
        self.problems = dict(problems)


class LinkExpired(Refused):
    """An applicant's link is good for some days after the mail that carried it; a new one is sent on
    request."""

    status = 410

    def __init__(self) -> None:
        super().__init__(_("This link is too old. We can send a new one to the same address."))


# Who applies twice is not told so, because anybody can type an address: its owner gets the link again.
AGAIN = door("""
CREATE FUNCTION application_again_v2(p_distributor uuid, p_programme uuid, p_email text, p_at timestamptz)
RETURNS TABLE (application_id uuid, sending bigint) AS $$
  UPDATE applications a SET sending = a.sending + 1, link_sent_at = p_at
  WHERE a.distributor_id = p_distributor AND a.programme_id = p_programme AND a.email = p_email
    AND a.state IN ('submitted', 'verifying', 'asked_back', 'approved')
  RETURNING a.id, a.sending
$$""")


# --- The applicant's side -----------------------------------------------------------------------------------
def apply(
    code: str,
    *,
    company: str,
    name: str,
    email: str,
    evidence: Mapping[str, str],
    brought: Sequence[Brought] = (),
    wrong_files: str = "",
    applicant_id: UUID | None = None,
) -> UUID | None:
    """Hands an application to an offered programme in; ApplicationIncomplete says what is missing.
    `wrong_files`: why a file among those that were chosen cannot be taken. Works in a visitor's scope,
    answers the same where the address has one under way, and tells nobody its link; the id of a new one."""
    programme = programmes.offer(code)
    rules = joinings.offered(programme.id)
    who = {"company": " ".join(company.split()), "name": " ".join(name.split()), "email": normal_email(email)}
    problems: dict[str, str] = {}
    fine = evidence_checks.checked(who, evidence, programme.evidence, problems)
    if words := wrong_files or documents.problem(rules, brought):
        problems["documents"] = words
    _refuse_incomplete(problems)
    if _sent_again(programme.id, who["email"]):
        return None
    nonce, now = new_token(), db.session().info["now"]
    try:
        with db.savepoint():
            added = db.add(
                Application(
                    id=new_id(),
                    programme_id=programme.id,
                    code=new_code("APP", 8),
                    evidence=fine,
                    state=waiting(rules),
                    question="",
                    answer="",
                    reason="",
                    nonce=nonce,
                    token_hash=token_hash(token_of(nonce)),
                    sending=1,
                    link_sent_at=business_now(),
                    applicant_id=applicant_id,
                    submitted_at=now,
                    due_at=joinings.after_business_days(business_now(), _days(rules, programme.answer_days)),
                    decided_by="",
                    **who,
                )
            )
            db.flush()
    except IntegrityError:  # the same person at the same moment in another window
        if not _sent_again(programme.id, who["email"]):
            raise
        return None
    documents.add(added.id, rules, brought)
    trail.write(added, "submitted", told={"by": added.name})
    publish(ApplicationSent(added.id, sending(added)))
    return added.id


def waiting(rules: Rules) -> ApplicationState:
    """How an application waits for its reviewer in a programme with these rules."""
    return ApplicationState.VERIFYING if rules.verifies else ApplicationState.SUBMITTED


def _days(rules: Rules, answer_days: int) -> int:
    return rules.verification_days if rules.verifies else answer_days


def _sent_again(programme_id: UUID, email: str) -> bool:
    arguments = {
        "p_distributor": tenancy.current().distributor_id,
        "p_programme": programme_id,
        "p_email": email,
        "p_at": business_now(),
    }
    rows = doors.call_here(AGAIN, arguments)
    for row in rows:
        publish(ApplicationAgain(row.application_id, f"{row.application_id}:{row.sending}"))
    return bool(rows)


def _refuse_incomplete(problems: Mapping[str, str]) -> None:
    if problems:
        raise ApplicationIncomplete(problems)


def by_link(token: str, *, to_change: bool = False, however_old: bool = False) -> Application:
    """The application of a link, in a scope that was widened for it; LinkExpired, or Missing for every other
    reason why not. Locked where the applicant is about to act, so that of two clicks the second finds what
    the first did."""
    chosen = select(Application).where(Application.token_hash == token_hash(token))
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None:
        raise Missing("application")
    if not however_old and expired(found):
        raise LinkExpired
    return found


def expired(application: Application) -> bool:
    """Whether its link is too old."""
    days = joinings.of(application.programme_id).link_days
    return business_now() >= application.link_sent_at + timedelta(days=days)


def renew_link(application: Application) -> None:
    """A new link to the same address; the one before ends, and is not sent again by a mail that waits."""
    application.nonce = new_token()
    application.token_hash = token_hash(token_of(application.nonce))
    trail.write(application, "link renewed", told={"by": application.name})
    publish(ApplicationAgain(application.id, sending(application, more=1)))


def answer(
    application: Application,
    words: str,
    evidence: Mapping[str, str],
    brought: Sequence[Brought] = (),
    wrong_files: str = "",
) -> None:
    """The applicant answers what it was asked, and may better what it brought; the reviewer looks again."""
    rules = joinings.of(application.programme_id)
    states.move(application, waiting(rules), why=words.strip(), told={"by": application.name})
    problems: dict[str, str] = {}
    if not words.strip():
        problems["answer"] = _("Please write your answer.")
    if len(words) > LONGEST_EVIDENCE:
        problems["answer"] = _("At most %(most)s characters.", most=LONGEST_EVIDENCE)
    who = {"company": application.company, "name": application.name, "email": application.email}
    fine = evidence_checks.checked(who, evidence, list(application.evidence), problems)
    already = documents.count(application.id)
    if wrong := wrong_files or documents.problem(rules, brought, already=already):
        problems["documents"] = wrong
    _refuse_incomplete(problems)
    documents.add(application.id, rules, brought, already=already)
    application.evidence = fine
    application.answer = words.strip()
    application.submitted_at = db.session().info["now"]
    waits_again(application, rules)
    publish(ApplicationSent(application.id, sending(application, more=1)))


def waits_again(application: Application, rules: Rules) -> None:
    """The reviewer has the programme's days anew."""
    days = _days(rules, programmes.of_id(application.programme_id).answer_days)
    application.due_at = joinings.after_business_days(business_now(), days)


def withdraw(application: Application) -> None:
    """The applicant does not want it any more."""
    states.move(application, ApplicationState.WITHDRAWN, told={"by": application.name})
    work.close_about(application.id, "Withdrawn by the applicant.")


def note_refusal(application: Application, act: str, refusal: Refusal) -> None:
    """That somebody tried what the programme does not allow, for the reviewer to see; in a transaction of its
    own, after the refused one."""
    trail.write(application, f"refused to {act}", why=str(refusal), rule=type(refusal).__name__)


# --- Looked up by its reviewer ------------------------------------------------------------------------------


def find(code: str) -> Application:
    """An application of the scope's distributor."""
    return _found(select(Application).where(Application.code == code))


def to_decide(code: str) -> Application:
    """The same, locked: of two reviewers the second finds what the first decided."""
    return _found(select(Application).where(Application.code == code).with_for_update())


def _found(chosen: Select[Application]) -> Application:
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("application")
    return found


# --- The link -----------------------------------------------------------------------------------------------


def sending(application: Application, *, more: int = 0) -> str:
    """One word for each mail of an application; its link counts anew from it."""
    application.sending += more
    application.link_sent_at = business_now()
    return f"{application.id}:{application.sending}"


def token_of(nonce: str) -> str:
    """The link's token; for the mails that carry it, and for nothing else."""
    return seals.link_token("application", nonce)
