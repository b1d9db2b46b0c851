"""A reseller that is one already enrols in a further programme from its own console (M1, M3-M5): the same
application as anybody's, for the same standing and no other (M4). Works as the distributor, because
programmes and applications are its rows; what is looked for is always the reseller's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from core import db
from core.errors import Conflict, Missing, Refused
from core.languages import _
from core.parties import Reseller
from partners import applications, companies, enrolments
from partners.applications import Application, ApplicationState
from partners.documents import Brought
from partners.enrolments import AlreadyEnrolled, Enrolment, EnrolmentState
from partners.programmes import Programme

UNDER_WAY = (*applications.WAITING, ApplicationState.ASKED_BACK, ApplicationState.APPROVED)


@dataclass(frozen=True, slots=True)
class Contact:
    """Who hears of it: the primary contact that the form names (M7)."""

    name: str
    email: str


class DataNotCurrent(Refused):
    """M12: a profile that is not complete cannot be verified."""

    def __init__(self) -> None:
        super().__init__(_("Complete your company's data first: they are what is verified."))


class EnrolsAlready(Conflict):
    """One application of a reseller to a programme at a time."""

    def __init__(self, programme: str) -> None:
        super().__init__(_("Your company's enrolment in %(programme)s is under way.", programme=programme))


class NothingToAccept(Conflict):
    """The agreement is shown after the approval, and not before."""

    def __init__(self) -> None:
        super().__init__(_("There is no agreement to accept: the enrolment is not approved."))


def enrol(
    programme: Programme,
    reseller_id: UUID,
    contact: Contact,
    evidence: Mapping[str, str],
    brought: Sequence[Brought] = (),
    wrong_files: str = "",
) -> None:
    """Hands it in for the reseller; AlreadyEnrolled, EnrolsAlready, DataNotCurrent or ApplicationIncomplete
    otherwise. The reseller's row is locked, so that of two at once the second finds the first."""
    reseller = _locked(reseller_id)
    if _active(programme, reseller_id) is not None:
        raise AlreadyEnrolled(programme.name)
    if (before := latest(programme, reseller_id)) is not None and before.state in UNDER_WAY:
        raise EnrolsAlready(programme.name)
    if companies.of(reseller_id) is None:
        raise DataNotCurrent
    added = applications.apply(
        programme.code,
        company=reseller.name,
        name=contact.name,
        email=contact.email,
        evidence=evidence,
        brought=brought,
        wrong_files=wrong_files,
        applicant_id=reseller_id,
    )
    if added is None:
        raise EnrolsAlready(programme.name)


def latest(programme: Programme, reseller_id: UUID, *, to_change: bool = False) -> Application | None:
    """The reseller's newest application to the programme, if it made one from its console."""
    chosen = (
        select(Application)
        .where(Application.programme_id == programme.id, Application.applicant_id == reseller_id)
        .order_by(Application.id.desc())
        .limit(1)
    )
    return db.session().scalar(chosen.with_for_update() if to_change else chosen)


def under_way(programme: Programme, reseller_id: UUID) -> Application:
    """The application that is not decided or signed yet, locked; NothingToAccept where there is none."""
    found = latest(programme, reseller_id, to_change=True)
    if found is None or found.state not in UNDER_WAY:
        raise NothingToAccept
    return found


def to_accept(programme: Programme, reseller_id: UUID) -> Application:
    """The approved application, locked; NothingToAccept before that."""
    found = latest(programme, reseller_id, to_change=True)
    if found is None or found.state not in (ApplicationState.APPROVED, ApplicationState.SIGNED):
        raise NothingToAccept
    return found


def standing(programme: Programme, reseller_id: UUID) -> tuple[Application | None, Enrolment | None]:
    """What a reseller has to do with a programme; Missing for one that it cannot enrol in and never has."""
    mine, active = latest(programme, reseller_id), _active(programme, reseller_id)
    if not programme.takes_applications and mine is None and active is None:
        raise Missing("programme")
    return mine, active


def _active(programme: Programme, reseller_id: UUID) -> Enrolment | None:
    return next(
        (
            one
            for one in enrolments.of_reseller(reseller_id)
            if one.programme_id == programme.id and one.state is EnrolmentState.ACTIVE
        ),
        None,
    )


def _locked(reseller_id: UUID) -> Reseller:
    found = db.session().scalar(select(Reseller).where(Reseller.id == reseller_id).with_for_update())
    if found is None:
        raise Missing("reseller")
    return found
