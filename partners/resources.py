"""The library of a programme: files and links for its partners, the badge among them (H7, H11). Who may see
one is data: active partners of the programme, or every reseller. Resellers reach it by doors only, which ask
that once more; a file is kept in PostgreSQL, checked by what it is and not by how it is called."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Row, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Missing, Refused
from core.languages import Words, _
from core.tenancy import Access, DistributorOwned, owned_by
from partners.programmes import Programme

MOST_BYTES = 5 * 1024 * 1024
SIGNS: Mapping[bytes, tuple[str, str]] = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
}
"""How a file of each type begins -> its type, and how its name ends."""


class Sort(StrEnum):
    """What a resource is, for people who look for it."""

    BADGE = "badge"
    VIDEO = "video"
    WEBINAR = "webinar"
    CASE_STUDY = "case_study"
    WHITEPAPER = "whitepaper"
    DATASHEET = "datasheet"
    COURSE = "course"


SORTS = Words(
    {
        Sort.BADGE: "Partner badge",
        Sort.VIDEO: "Training video",
        Sort.WEBINAR: "Webinar",
        Sort.CASE_STUDY: "Case study",
        Sort.WHITEPAPER: "Whitepaper",
        Sort.DATASHEET: "Datasheet",
        Sort.COURSE: "Course material",
    }
)


class Audience(StrEnum):
    """Who may see it."""

    PARTNERS = "partners"
    RESELLERS = "resellers"


AUDIENCES = Words(
    {
        Audience.PARTNERS: "Active partners of this programme",
        Audience.RESELLERS: "Every reseller of yours",
    }
)


class Resource(DistributorOwned, db.Model):
    """One entry: a link, or a file (`file_id`)."""

    __tablename__ = "resources"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        owned_by("resource_files", "file_id"),
        Index("ix_resources_programme", "distributor_id", "programme_id", "title"),
    )

    programme_id: Mapped[UUID]
    title: Mapped[str]
    summary: Mapped[str]
    sort: Mapped[Sort]
    audience: Mapped[Audience]
    url: Mapped[str]
    file_id: Mapped[UUID | None] = mapped_column(default=None)
    shown: Mapped[bool]
    added_at: Mapped[datetime]


class ResourceFile(DistributorOwned, db.Model):
    """The bytes of a file, under a type that they really have; nobody changes them."""

    __tablename__ = "resource_files"
    __access__ = Access(distributor="rc", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "digest"),)

    name: Mapped[str]
    type: Mapped[str]
    digest: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary())


@dataclass(frozen=True, slots=True)
class Described:
    """A resource as its form gives it."""

    title: str
    summary: str = ""
    sort: Sort = Sort.DATASHEET
    audience: Audience = Audience.PARTNERS
    url: str = ""


class FileRefused(Refused):
    """Too large, empty, or of a type that is not taken."""

    def __init__(self) -> None:
        super().__init__(
            _("Choose a PDF, PNG or JPEG file of at most %(most)s MB.", most=MOST_BYTES // 1024 // 1024)
        )


class LinkOrFile(Refused):
    """Exactly one of both."""

    def __init__(self) -> None:
        super().__init__(_("Give a link that begins with https://, or a file; not both."))


class NoTitle(Refused):
    """People find it by its title."""

    def __init__(self) -> None:
        super().__init__(_("A resource needs a title."))


# What a reseller may see: of the programmes that it is an active partner of, and what is for everybody.
LIBRARY = door("""
CREATE FUNCTION library_v1(p_distributor uuid, p_reseller uuid)
RETURNS TABLE (id uuid, programme text, title text, summary text, sort text, url text, file_id uuid, file_name text, file_size bigint, added_at timestamptz) AS $$
  SELECT r.id, p.name, r.title, r.summary, r.sort, r.url, r.file_id, f.name, length(f.content)::bigint, r.added_at
  FROM resources r JOIN programmes p ON p.distributor_id = r.distributor_id AND p.id = r.programme_id
    LEFT JOIN resource_files f ON f.distributor_id = r.distributor_id AND f.id = r.file_id
  WHERE r.distributor_id = p_distributor AND r.shown AND (r.audience = 'resellers' OR EXISTS (
    SELECT 1 FROM enrolments e WHERE e.distributor_id = r.distributor_id AND e.programme_id = r.programme_id AND e.reseller_id = p_reseller
      AND e.state = 'active'))
  ORDER BY p.name, r.title, r.id LIMIT 500
$$""")  # noqa: E501 SQL

CONTENT = door("""
CREATE FUNCTION library_file_v1(p_distributor uuid, p_file uuid) RETURNS TABLE (name text, kind text, content bytea) AS $$
  SELECT f.name, f.type, f.content FROM resource_files f WHERE f.distributor_id = p_distributor AND f.id = p_file
$$""")  # noqa: E501 SQL


def library(reseller_id: UUID) -> list[Row[Any]]:
    """What a reseller may see (id, programme, title, summary, sort, url, file_id, file_name, file_size,
    added_at), by programme and title; in its scope."""
    return doors.call_here(
        LIBRARY, {"p_distributor": tenancy.current().distributor_id, "p_reseller": reseller_id}
    )


def file_for(reseller_id: UUID, resource_id: UUID) -> Row[Any]:
    """The file of a resource that the reseller may see (name, kind, content); Missing for every other."""
    found = next((one for one in library(reseller_id) if one.id == resource_id and one.file_id), None)
    if found is None:
        raise Missing("file")
    arguments = {"p_distributor": tenancy.current().distributor_id, "p_file": found.file_id}
    return doors.call_here(CONTENT, arguments)[0]


# --- The distributor's side -------------------------------------------------------------------------------


def of_programme(programme_id: UUID) -> list[Resource]:
    """All of a programme, by title."""
    chosen = select(Resource).where(Resource.programme_id == programme_id)
    return list(db.session().scalars(chosen.order_by(Resource.title, Resource.id).limit(500)))


def add(programme: Programme, described: Described, *, name: str = "", content: bytes = b"") -> Resource:
    """One more; a link or a file. FileRefused for what is no PDF, PNG or JPEG, or too large."""
    title, url = " ".join(described.title.split()), described.url.strip()
    if not title:
        raise NoTitle
    if bool(url) == bool(content or name) or (url and not _is_link(url)):
        raise LinkOrFile
    kept = _keep_file(title, content) if not url else None
    added = db.add(
        Resource(
            programme_id=programme.id,
            title=title,
            summary=described.summary.strip(),
            sort=described.sort,
            audience=described.audience,
            url=url,
            file_id=kept.id if kept else None,
            shown=True,
            added_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(programme, "resource added", title=title)
    return added


def show(programme: Programme, resource_id: UUID, *, shown: bool) -> None:
    """Takes it out of the library, or puts it back."""
    found = db.session().scalar(
        select(Resource).where(Resource.id == resource_id, Resource.programme_id == programme.id)
    )
    if found is None:
        raise Missing("page")
    found.shown = shown
    trail.write(programme, "resource shown" if shown else "resource hidden", title=found.title)


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.netloc) and len(url) <= 500 and url.isprintable()


def _keep_file(title: str, content: bytes) -> ResourceFile:
    known = next((kind for sign, kind in SIGNS.items() if content.startswith(sign)), None)
    if known is None or len(content) > MOST_BYTES:
        raise FileRefused
    digest = hashlib.sha256(content).hexdigest()
    kept = db.session().scalar(select(ResourceFile).where(ResourceFile.digest == digest))
    if kept is None:
        words = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split())
        kept = db.add(
            ResourceFile(
                name=f"{words[:60] or 'file'}.{known[1]}", type=known[0], digest=digest, content=content
            )
        )
        db.flush()
    return kept
