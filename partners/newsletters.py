"""The newsletter of a distributor: an issue goes to every active partner of a programme, or of any, that has
not declined it (H15). Each copy is a row of its reseller, so that it can be read in the console as well, and
its mail a durable task of its own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.errors import Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by
from partners.enrolments import Enrolment, EnrolmentState
from partners.programmes import Programme

LONGEST_SUBJECT = 150
LONGEST_TEXT = 20_000


class Newsletter(DistributorOwned, db.Model):
    """One issue; an empty programme is all of them. Sent when it is written: there is nothing to change."""

    __tablename__ = "newsletters"
    __access__ = Access(distributor="rc")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("programmes", "programme_id"),
    )

    code: Mapped[str]
    programme_id: Mapped[UUID | None]
    programme_name: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    copies: Mapped[int]
    sent_by: Mapped[str]
    sent_at: Mapped[datetime]


class NewsletterCopy(ResellerOwned, db.Model):
    """What a partner got."""

    __tablename__ = "newsletter_copies"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("newsletters", "newsletter_id"),
        UniqueConstraint("distributor_id", "reseller_id", "newsletter_id"),
    )

    newsletter_id: Mapped[UUID]
    code: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    sent_at: Mapped[datetime]


class NewsletterDeclined(ResellerOwned, db.Model):
    """A partner that does not want it."""

    __tablename__ = "newsletters_declined"
    __access__ = Access(distributor="r", reseller="rcd")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id"),
    )

    since: Mapped[datetime]
    by: Mapped[str]


@dataclass(frozen=True, slots=True)
class NewsletterSent(Event):
    """A partner has its copy; the mail follows."""

    copy_id: UUID


class NothingToSend(Refused):
    """A subject, a text, and somebody to read them."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Write a subject of at most %(subject)s characters and a text of at most %(text)s.",
                subject=LONGEST_SUBJECT,
                text=LONGEST_TEXT,
            )
        )


class NobodyToSendTo(Refused):
    """No active partner wants it."""

    def __init__(self) -> None:
        super().__init__(_("No active partner would get this. Nothing was sent."))


def readers(programme_id: UUID | None) -> list[UUID]:
    """The resellers that get an issue: active partners of a programme, or of any, without those that have
    declined it."""
    declined = select(NewsletterDeclined.reseller_id)
    chosen = select(Enrolment.reseller_id).where(
        Enrolment.state == EnrolmentState.ACTIVE, Enrolment.reseller_id.not_in(declined)
    )
    if programme_id:
        chosen = chosen.where(Enrolment.programme_id == programme_id)
    return list(db.session().scalars(chosen.distinct().order_by(Enrolment.reseller_id)))


def send(programme: Programme | None, *, subject: str, text: str, by: str) -> Newsletter:
    """By the distributor, once. A copy for each partner, and a mail for each copy; NothingToSend or
    NobodyToSendTo otherwise."""
    subject, text = " ".join(subject.split()), text.strip()
    if not subject or not text or len(subject) > LONGEST_SUBJECT or len(text) > LONGEST_TEXT:
        raise NothingToSend
    to = readers(programme.id if programme else None)
    if not to:
        raise NobodyToSendTo
    issue = db.add(
        Newsletter(
            code=new_code("NEWS", 6),
            programme_id=programme.id if programme else None,
            programme_name=programme.name if programme else "",
            subject=subject,
            text=text,
            copies=len(to),
            sent_by=by,
            sent_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(issue, "sent", told={"by": by})
    copies = [
        db.add(
            NewsletterCopy(
                id=new_id(),
                reseller_id=reseller_id,
                newsletter_id=issue.id,
                code=issue.code,
                subject=subject,
                text=text,
                sent_at=issue.sent_at,
            )
        )
        for reseller_id in to
    ]
    db.flush()
    for one in copies:
        publish(NewsletterSent(one.id))
    return issue


def find(code: str) -> Newsletter:
    """An issue, for the distributor."""
    found = db.session().scalar(select(Newsletter).where(Newsletter.code == code))
    if found is None:
        raise Missing("page")
    return found


def copy_of(code: str) -> NewsletterCopy:
    """The scope's reseller's copy of an issue."""
    found = db.session().scalar(select(NewsletterCopy).where(NewsletterCopy.code == code))
    if found is None:
        raise Missing("page")
    return found


def copy_of_id(copy_id: UUID) -> NewsletterCopy:
    """The copy that an event is about."""
    return db.session().scalars(select(NewsletterCopy).where(NewsletterCopy.id == copy_id)).one()


def wanted(reseller_id: UUID) -> bool:
    """Whether a partner gets the next issue."""
    return _declined(reseller_id) is None


def decide(reseller_id: UUID, *, wants: bool, by: str) -> None:
    """The reseller wants it, or no longer; from the next issue on."""
    declined = _declined(reseller_id)
    if wants and declined is not None:
        db.session().delete(declined)
    elif not wants and declined is None:
        db.add(NewsletterDeclined(reseller_id=reseller_id, since=db.session().info["now"], by=by))


def _declined(reseller_id: UUID) -> NewsletterDeclined | None:
    chosen = select(NewsletterDeclined).where(NewsletterDeclined.reseller_id == reseller_id)
    return db.session().scalar(chosen)
