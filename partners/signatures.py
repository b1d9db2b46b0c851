"""The signature of a programme's agreement: given once, by whoever holds the link of an approved
application, for exactly the version that was shown to it. It brings the reseller about, its enrolment and the
invitation to choose a password, all in one transaction: before it nobody has access to anything (H3)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, parties, states
from core.doors import door
from core.errors import Conflict, Refused
from core.events import Event, publish
from core.languages import _
from core.parties import Membership, Reseller
from core.tenancy import Access, ResellerOwned, Side, owned_by, same_key
from partners import channels, enrolments, invitations, joinings, programmes
from partners.applications import Application, ApplicationState
from partners.programmes import Programme
from partners.terms import Agreed


class AgreementSignature(ResellerOwned, db.Model):
    """The evidence: which text, by its digest, who, when, from where, and whether it was said that it cannot
    be taken back. Nobody may change it or take it away."""

    __tablename__ = "agreement_signatures"
    __access__ = Access(distributor="rc", reseller="r", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("agreements", "agreement_id"),
        owned_by("applications", "application_id"),
        UniqueConstraint("distributor_id", "application_id"),
    )

    application_id: Mapped[UUID]
    agreement_id: Mapped[UUID]
    number: Mapped[int]
    digest: Mapped[str]
    irreversible: Mapped[bool]
    company: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str]
    browser: Mapped[str]
    url: Mapped[str]
    signed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class ApplicationSigned(Event):
    """An applicant has become a partner."""

    application_id: UUID


class AlreadySigned(Conflict):
    """A link signs once."""

    def __init__(self) -> None:
        super().__init__(_("This agreement is signed already."))


class AgreementNotAccepted(Refused):
    """The box was not ticked."""

    def __init__(self) -> None:
        super().__init__(_("Please read the agreement and tick the box: without it nothing is signed."))


class AnotherVersion(Conflict):
    """What was ticked is not what this application is shown."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The agreement has changed since this page was opened."
                " Please read the new version and sign it."
            )
        )


class NotAnAdministrator(Refused):
    """A company that is a reseller already is bound by its administrators only (M24)."""

    def __init__(self, company: str) -> None:
        super().__init__(
            _(
                "You belong to %(company)s, but are not its administrator. An administrator has to apply.",
                company=company,
            )
        )


class NotItsAdministrator(Refused):
    """What a reseller asked for in its console only an administrator of it signs (M3, M24)."""

    status = 403

    def __init__(self, company: str) -> None:
        super().__init__(_("Only an administrator of %(company)s may accept this for it.", company=company))


class SeveralResellers(Refused):
    """It would be a guess which company is meant."""

    def __init__(self) -> None:
        super().__init__(
            _("You belong to several resellers here. Please apply with an address that belongs to one.")
        )


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs: the applicant by its link, or an administrator of a reseller in its console."""

    name: str
    email: str
    membership_id: UUID | None = None


def sign(application: Application, agreed: Agreed, signatory: Signatory | None = None) -> None:
    """Once, for the version that was shown; `agreed.terms_id` is the version whose box was ticked. The caller
    has locked the application, so of two signatures at once the second is AlreadySigned. Without a
    signatory it is the applicant, by the link."""
    who = signatory or Signatory(application.name, application.email)
    if application.state is ApplicationState.SIGNED:
        raise AlreadySigned
    states.move(application, ApplicationState.SIGNED, told={"by": who.name})
    if not agreed.terms_id:
        raise AgreementNotAccepted
    if agreed.terms_id != str(application.agreement_id):
        raise AnotherVersion
    programme = programmes.of_id(application.programme_id)
    known = _reseller_of(application, who)
    reseller = known or _new_reseller(application, programme)
    _keep(application, agreed, programme, reseller, who)
    enrolments.begin(programme, reseller.id, application.id)
    channels.join(programme, reseller, joinings.of(programme.id).channel, is_new=known is None)
    publish(ApplicationSigned(application.id))


def of_application(application_id: UUID) -> AgreementSignature | None:
    """The evidence of a signed application."""
    chosen = select(AgreementSignature).where(AgreementSignature.application_id == application_id)
    return db.session().scalar(chosen)


# Programmes and their texts are the distributor's to read; a partner reads what it has signed.
SIGNED_TEXT = door("""
CREATE FUNCTION signed_text_v1(p_signature uuid) RETURNS TABLE (text text) AS $$
  SELECT a.text FROM agreement_signatures s
  JOIN agreements a ON a.distributor_id = s.distributor_id AND a.id = s.agreement_id
  WHERE s.distributor_id = current_setting('app.distributor_id')::uuid AND s.id = p_signature
    AND current_setting('app.reseller_id') IN ('', s.reseller_id::text)
$$""")


def text_of(signed: AgreementSignature) -> str:
    """The whole text that was signed."""
    return str(doors.call_here(SIGNED_TEXT, {"p_signature": signed.id})[0].text)


def _keep(
    application: Application, agreed: Agreed, programme: Programme, reseller: Reseller, who: Signatory
) -> None:
    version = programmes.agreement(UUID(agreed.terms_id))
    db.add(
        AgreementSignature(
            reseller_id=reseller.id,
            application_id=application.id,
            agreement_id=version.id,
            number=version.number,
            digest=version.digest,
            irreversible=programme.irreversible,
            company=application.company,
            name=who.name,
            email=who.email,
            address=agreed.address[:100],
            browser=agreed.browser[:300],
            url=agreed.url[:300],
            signed_at=db.session().info["now"],
        )
    )
    db.flush()


def _reseller_of(application: Application, who: Signatory) -> Reseller | None:
    """The reseller that the signatory administers already, if any: it is enrolled, not doubled (M4). What was
    asked for in a reseller's console is signed for that reseller, by an administrator of it."""
    if application.applicant_id is not None:
        return _applicant(application.applicant_id, who)
    joined = same_key(Reseller.id, Membership.reseller_id)
    found = db.session().execute(
        select(Membership, Reseller)
        .join(Reseller, joined)
        .where(
            Membership.email == application.email,
            Membership.side == Side.RESELLER,
            Membership.ended_at.is_(None),
            ~Reseller.house,
        )
    )
    standings = list(found)
    if len(standings) > 1:
        raise SeveralResellers
    for membership, reseller in standings:
        if "admin" not in membership.roles:
            raise NotAnAdministrator(reseller.name)
        return reseller
    return None


def _applicant(reseller_id: UUID, who: Signatory) -> Reseller:
    reseller = parties.reseller(reseller_id)
    for one in parties.members(reseller_id):
        known_by = one.id == who.membership_id if who.membership_id else one.email == who.email
        if known_by and "admin" in one.roles:
            return reseller
    raise NotItsAdministrator(reseller.name)


def _new_reseller(application: Application, programme: Programme) -> Reseller:
    """The reseller, and the invitation by which the applicant chooses its password."""
    added = parties.add_reseller(
        name=application.company,
        email=application.email,
        price_list_id=programme.price_list_id,
        country=application.evidence.get("country", ""),
    )
    invitations.invite(
        Side.RESELLER,
        email=application.email,
        name=application.name,
        roles=["admin"],
        by=parties.the_distributor().name,
        reseller_id=added.id,
    )
    return added
