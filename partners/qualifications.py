"""Qualifications: whether a partner may support customers itself. It rests on two abilities that somebody of
the distributor has recorded with the evidence for them: to provide the managed service, and to mend incidents
from afar (U8)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.errors import Refused
from core.languages import _
from core.tenancy import Access, ResellerOwned, owned_by
from partners.enrolments import Enrolment

LONGEST = 2000


class Qualification(ResellerOwned, db.Model):
    """What is recorded of one enrolment. One counts when both abilities are recorded."""

    __tablename__ = "qualifications"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("enrolments", "enrolment_id"),
        UniqueConstraint("distributor_id", "enrolment_id"),
    )

    enrolment_id: Mapped[UUID]
    managed_service: Mapped[bool]
    remediation: Mapped[bool]
    evidence: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]

    @property
    def qualified(self) -> bool:
        """Whether it counts."""
        return self.managed_service and self.remediation


class NoEvidence(Refused):
    """An ability without evidence is a claim."""

    def __init__(self) -> None:
        super().__init__(
            _("Say how you know, in at most %(most)s characters: what you saw, tested or read.", most=LONGEST)
        )


def record(
    enrolment: Enrolment, *, managed_service: bool, remediation: bool, evidence: str, by: str
) -> Qualification:
    """What the distributor knows of the partner from now on; what was chosen for customers stays."""
    evidence = evidence.strip()
    if not evidence or len(evidence) > LONGEST:
        raise NoEvidence
    kept = of_enrolment(enrolment.id)
    if kept is None:
        kept = db.add(Qualification(reseller_id=enrolment.reseller_id, enrolment_id=enrolment.id))
    kept.managed_service, kept.remediation = managed_service, remediation
    kept.evidence, kept.recorded_by = evidence, by
    kept.recorded_at = db.session().info["now"]
    db.flush()
    trail.write(enrolment, "qualified" if kept.qualified else "not qualified", why=evidence, by=by)
    return kept


def of_enrolment(enrolment_id: UUID) -> Qualification | None:
    """What is recorded of an enrolment."""
    return db.session().scalar(select(Qualification).where(Qualification.enrolment_id == enrolment_id))


def of_enrolments(enrolment_ids: Sequence[UUID]) -> dict[UUID, Qualification]:
    """The same for several."""
    chosen = select(Qualification).where(Qualification.enrolment_id.in_(enrolment_ids))
    return {one.enrolment_id: one for one in db.session().scalars(chosen)}
