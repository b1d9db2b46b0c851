"""Files that belong to an application: who the company is, in papers. Visitors may add one and read none; the
reviewer and the holder of the application's link read them. What kind of file it is was found out by its
content before it comes here (storefront/evidence_files.py)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db
from core.errors import Missing
from core.ids import new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by
from partners.joinings import Paperwork, Rules

MOST = 5
LARGEST = 5 * 1024 * 1024
LONGEST_NAME = 120


class ApplicationDocument(DistributorOwned, db.Model):
    """One file. `data` is read only when somebody opens it."""

    __tablename__ = "application_documents"
    __access__ = Access(distributor="rc", customer="c", public="c")
    __table_args__ = (
        owned_by("applications", "application_id"),
        UniqueConstraint(
            "distributor_id", "application_id", "number", name="uq_application_documents_number"
        ),
    )

    application_id: Mapped[UUID]
    number: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    digest: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary(), deferred=True)
    added_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was looked into and may be kept."""

    name: str
    media_type: str
    data: bytes


def problem(rules: Rules, brought: Sequence[Brought], *, already: int = 0) -> str:
    """What is wrong with the number of files; nothing where nothing is."""
    if rules.documents is Paperwork.REQUIRED and not brought and not already:
        return _("This programme asks for documents. Choose at least one file.")
    if len(brought) + already > MOST:
        return _("At most %(most)s files belong to one application.", most=MOST)
    return ""


def add(application_id: UUID, rules: Rules, brought: Sequence[Brought], *, already: int = 0) -> None:
    """Keeps them, where the programme takes any, after those that it has."""
    if rules.documents is Paperwork.NONE:
        return
    for number, file in enumerate(brought, start=already + 1):
        db.add(
            ApplicationDocument(
                id=new_id(),
                application_id=application_id,
                number=number,
                name=file.name[-LONGEST_NAME:],
                media_type=file.media_type,
                size=len(file.data),
                digest=hashlib.sha256(file.data).hexdigest(),
                data=file.data,
                added_at=db.session().info["now"],
            )
        )
    db.flush()


def of(application_id: UUID) -> list[ApplicationDocument]:
    """The files of an application, in the order they came."""
    chosen = select(ApplicationDocument).where(ApplicationDocument.application_id == application_id)
    return list(db.session().scalars(chosen.order_by(ApplicationDocument.number).limit(50)))


def count(application_id: UUID) -> int:
    """How many it has."""
    chosen = select(func.count()).where(ApplicationDocument.application_id == application_id)
    return db.session().scalar(chosen.select_from(ApplicationDocument)) or 0


def find(application_id: UUID, document_id: UUID) -> Brought:
    """One of this application's and of no other's."""
    found = db.session().scalar(
        select(ApplicationDocument).where(
            ApplicationDocument.id == document_id, ApplicationDocument.application_id == application_id
        )
    )
    if found is None:
        raise Missing("document")
    return Brought(found.name, found.media_type, found.data)
