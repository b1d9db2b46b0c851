"""Partner programmes of a distributor: what an application has to bring, what is signed, for how long one is
a partner. A programme is data of one mechanism, so that very different ones stand side by side; its agreement
is a text in versions that are never changed. An applicant is shown one version, and signs that one or
none."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, tenancy, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.languages import _, for_later
from core.periods import Term
from core.tenancy import Access, DistributorOwned, owned_by

LONGEST = 100_000
NOTICE_DAYS = 30
CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that an application may have to bring: its label, what the applicant reads below it, and the
    form it must have ("website", "country", "text")."""

    label: str
    hint: str
    form: str = "text"


EVIDENCE: Mapping[str, Evidence] = {
    "website": Evidence(
        for_later("Website"), for_later("Where customers find you, such as https://example.com."), "website"
    ),
    "experience": Evidence(
        for_later("Prior experience"),
        for_later("What you have sold so far: products or services, software as a service most of all."),
    ),
    "country": Evidence(for_later("Location"), for_later("Where your company has its seat."), "country"),
    "remediation": Evidence(
        for_later("Managed service"),
        for_later("How you look after customers' machines, and mend incidents on them from afar."),
    ),
    "partner_id": Evidence(
        for_later("Partner id"), for_later("Your id at the vendor; its profile has to be up to date.")
    ),
}
"""code -> what a programme may ask for, in the order of the form (H1, U8, M12)."""


class Programme(DistributorOwned, db.Model):
    """One programme. `evidence`: codes of EVIDENCE that an application must bring; `irreversible`: the
    signature cannot be taken back, which is said before it (M11); `answer_days`: business days until an
    applicant hears from us (M6); `price_list_id`: what its new resellers buy by; `renews`: at the end of a
    term the next one begins by itself; `notice_days`: between a partner's notice and its leaving (M14)."""

    __tablename__ = "programmes"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "code"), owned_by("price_lists", "price_list_id"))

    code: Mapped[str]
    name: Mapped[str]
    explanation: Mapped[str]
    takes_applications: Mapped[bool]
    evidence: Mapped[list[str]]
    irreversible: Mapped[bool]
    answer_days: Mapped[int]
    term: Mapped[Term]
    price_list_id: Mapped[UUID]
    created_at: Mapped[datetime]
    renews: Mapped[bool] = mapped_column(default=False, server_default=false())
    notice_days: Mapped[int] = mapped_column(default=NOTICE_DAYS, server_default=str(NOTICE_DAYS))


class Agreement(DistributorOwned, db.Model):
    """One version of a programme's agreement; nobody may change it."""

    __tablename__ = "agreements"
    __access__ = Access(distributor="rc", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id", "number"),
    )

    programme_id: Mapped[UUID]
    number: Mapped[int]
    text: Mapped[str]
    digest: Mapped[str]
    valid_from: Mapped[datetime]
    published_at: Mapped[datetime]
    published_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """A programme's settings as a form gives them."""

    name: str
    explanation: str
    price_list_id: UUID
    takes_applications: bool = False
    evidence: tuple[str, ...] = ()
    irreversible: bool = False
    answer_days: int = 4
    term: Term = Term.YEAR


class CodeTaken(Conflict):
    """A code names one programme of a distributor."""

    def __init__(self, code: str) -> None:
        super().__init__(_("There is a programme with the code %(code)s already.", code=code))


class BadCode(Refused):
    """The code is part of an address."""

    def __init__(self) -> None:
        super().__init__(_("A code has at most 40 small letters, digits and hyphens, such as gold-partners."))


class UnknownEvidence(Refused):
    """Only what can be asked for."""

    def __init__(self) -> None:
        super().__init__(_("Choose from the evidence that can be asked for."))


class NothingToSign(Refused):
    """Nobody is let in without an agreement."""

    def __init__(self) -> None:
        super().__init__(_("Publish the agreement first: an approved applicant would have nothing to sign."))


class AgreementRefused(Refused):
    """No text, too much, the same as before, or from a day that is over."""


# What a visitor may know of the programmes: those that take applications.
OFFERED = door("""
CREATE FUNCTION programmes_offered_v1(p_distributor uuid)
RETURNS TABLE (id uuid, code text, name text, explanation text, evidence text[], irreversible boolean, answer_days bigint, term text) AS $$
  SELECT p.id, p.code, p.name, p.explanation, ARRAY(SELECT jsonb_array_elements_text(p.evidence)), p.irreversible, p.answer_days, p.term
  FROM programmes p WHERE p.distributor_id = p_distributor AND p.takes_applications ORDER BY p.name, p.id
$$""")  # noqa: E501 SQL


def offered() -> list[Row[Any]]:
    """The programmes that take applications (id, code, name, explanation, evidence, irreversible,
    answer_days, term), by name, for anybody."""
    return doors.call_here(OFFERED, {"p_distributor": tenancy.current().distributor_id})


def offer(code: str) -> Row[Any]:
    """One of them; Missing for any other, whether it exists or not."""
    found = next((one for one in offered() if one.code == code), None)
    if found is None:
        raise Missing("programme")
    return found


# --- The distributor's side ---------------------------------------------------------------------------------


def find(code: str) -> Programme:
    """A programme of the scope's distributor."""
    found = db.session().scalar(select(Programme).where(Programme.code == code))
    if found is None:
        raise Missing("programme")
    return found


def of_id(programme_id: UUID) -> Programme:
    """The programme of an application or enrolment."""
    return db.session().scalars(select(Programme).where(Programme.id == programme_id)).one()


def add(code: str, settings: Settings) -> Programme:
    """A new programme; it cannot take applications before it has an agreement."""
    if not CODE.fullmatch(code):
        raise BadCode
    if db.session().scalar(select(Programme.id).where(Programme.code == code)):
        raise CodeTaken(code)
    _refuse_unknown(settings)
    if settings.takes_applications:
        raise NothingToSign
    added = db.add(Programme(code=code, created_at=db.session().info["now"], **_columns(settings)))
    db.flush()
    trail.write(added, "added")
    return added


def change(programme: Programme, settings: Settings) -> None:
    """Counts from the next act on: an application that is under way is judged by what it brought, and signs
    what it was shown."""
    _refuse_unknown(settings)
    if settings.takes_applications and in_force(programme.id) is None:
        raise NothingToSign
    fresh = _columns(settings)
    changed = {name: value for name, value in fresh.items() if getattr(programme, name) != value}
    for name, value in changed.items():
        setattr(programme, name, value)
    if changed:
        trail.write(programme, "changed", **changed)


class NoticeRefused(Refused):
    """A notice runs for a day at least."""

    def __init__(self) -> None:
        super().__init__(_("Between 1 and 366 days."))


def set_year(programme: Programme, *, renews: bool, notice_days: int) -> None:
    """Whether a term is followed by the next, and how long a notice to leave runs; counts for terms that end
    and notices that are given from now on."""
    if not 1 <= notice_days <= 366:
        raise NoticeRefused
    if (renews, notice_days) != (programme.renews, programme.notice_days):
        programme.renews, programme.notice_days = renews, notice_days
        trail.write(programme, "year changed", renews=renews, notice_days=notice_days)


def _columns(settings: Settings) -> dict[str, Any]:
    return {
        "name": settings.name.strip(),
        "explanation": settings.explanation.strip(),
        "takes_applications": settings.takes_applications,
        "evidence": [code for code in EVIDENCE if code in settings.evidence],
        "irreversible": settings.irreversible,
        "answer_days": settings.answer_days,
        "term": settings.term,
        "price_list_id": settings.price_list_id,
    }


def _refuse_unknown(settings: Settings) -> None:
    if not set(settings.evidence) <= set(EVIDENCE):
        raise UnknownEvidence


# --- The agreement ------------------------------------------------------------------------------------------


def publish(programme: Programme, text: str, *, valid_from: date | None, by: str) -> Agreement:
    """The next version, from now on or from a day to come (the distributor's business clock, UTC). Whoever
    was approved before keeps the version that was shown (applications.show_the_newest: the other way)."""
    words = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not words:
        raise AgreementRefused(_("Write the agreement first."))
    if len(words) > LONGEST:
        raise AgreementRefused(_("The text is too long: at most %(most)s characters.", most=f"{LONGEST:,}"))
    if valid_from is not None and valid_from < business_now().date():
        raise AgreementRefused(_("A version counts from today on at the earliest."))
    db.session().refresh(programme, with_for_update=True)  # versions take turns, so that numbers do
    starts = datetime.combine(valid_from, time(), UTC) if valid_from else business_now()
    latest = newest(programme.id)
    digest = hashlib.sha256(words.encode()).hexdigest()
    if latest is not None and latest.digest == digest:
        raise AgreementRefused(_("This is the text of the newest version already."))
    added = db.add(
        Agreement(
            programme_id=programme.id,
            number=latest.number + 1 if latest else 1,
            text=words,
            digest=digest,
            valid_from=starts,
            published_at=db.session().info["now"],
            published_by=by,
        )
    )
    db.flush()
    trail.write(programme, f"agreement published, version {added.number}", digest=digest)
    return added


def newest(programme_id: UUID) -> Agreement | None:
    """The last version, which may be for a day to come."""
    chosen = select(Agreement).where(Agreement.programme_id == programme_id)
    return db.session().scalar(chosen.order_by(Agreement.number.desc()).limit(1))


def in_force(programme_id: UUID) -> Agreement | None:
    """The version that counts now: the last of those whose day has come."""
    chosen = select(Agreement).where(
        Agreement.programme_id == programme_id, Agreement.valid_from <= business_now()
    )
    return db.session().scalar(chosen.order_by(Agreement.number.desc()).limit(1))


def agreement(agreement_id: UUID) -> Agreement:
    """The version that an application was shown."""
    return db.session().scalars(select(Agreement).where(Agreement.id == agreement_id)).one()


def versions(programme_id: UUID) -> list[Agreement]:
    """All versions, newest first."""
    chosen = select(Agreement).where(Agreement.programme_id == programme_id)
    return list(db.session().scalars(chosen.order_by(Agreement.number.desc()).limit(50)))
