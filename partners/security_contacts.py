"""Whom to reach at a reseller when something happens; one of the conditions of a re-authorisation."""

from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.errors import Refused
from core.languages import _
from core.parties import normal_email
from core.tenancy import Access, ResellerOwned, owned_by


class SecurityContact(ResellerOwned, db.Model):
    """Whom to reach at a reseller when something happens."""

    __tablename__ = "security_contacts"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (owned_by("resellers", "reseller_id"), UniqueConstraint("distributor_id", "reseller_id"))

    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]


class ContactRefused(Refused):
    """Somebody has to be reachable."""

    def __init__(self) -> None:
        super().__init__(_("A security contact needs a name and an e-mail address."))


def of_reseller(reseller_id: UUID) -> SecurityContact | None:
    """Whom to reach, where that was said."""
    return db.session().scalar(select(SecurityContact).where(SecurityContact.reseller_id == reseller_id))


def keep(reseller_id: UUID, *, name: str, email: str, phone: str) -> None:
    """Says whom to reach, or somebody else than before."""
    name, email = " ".join(name.split())[:120], normal_email(email)[:254]
    if not name or "@" not in email.strip("@"):
        raise ContactRefused
    row = of_reseller(reseller_id)
    if row is None:
        row = db.add(
            SecurityContact(reseller_id=reseller_id, name=name, email=email, phone=phone.strip()[:40])
        )
        db.flush()
        trail.write(row, "added")
    else:
        row.name, row.email, row.phone = name, email, phone.strip()[:40]
        trail.write(row, "changed")
