"""The mails about an application to a partner programme. They come from the distributor's own shop; those to
the applicant carry the link by which it is followed."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from core import db, parties
from core.languages import _, counted, for_later
from partners import applications, enrolments, programmes
from partners.applications import Application, ApplicationState
from partners.enrolments import Because
from partners.programmes import Programme
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def received(application_id: UUID) -> Mail | None:
    """To the applicant: it is here, and how it is followed; nothing when it was decided meanwhile."""
    application, programme = _about(application_id)
    if application.state is not ApplicationState.SUBMITTED:
        return None
    return _to_the_applicant(
        application,
        programme,
        _("We have your application to %(programme)s", programme=programme.name),
        _(
            "You hear from us within %(wait)s. Until then the link below shows where it stands.",
            wait=counted("%(n)s business day", "%(n)s business days", programme.answer_days),
        ),
        _("See where it stands"),
        note=_("The link is yours alone: whoever has it can answer and sign for you."),
    )


def again(application_id: UUID) -> Mail | None:
    """To an address that applied once more: the application that is under way already."""
    application, programme = _about(application_id)
    return _to_the_applicant(
        application,
        programme,
        _("Your application to %(programme)s is under way", programme=programme.name),
        _("Somebody applied with this address once more. There is one application, which the link leads to."),
        _("See where it stands"),
    )


def waits(application_id: UUID) -> Mail | None:
    """To the distributor: somebody has to look; nothing when somebody did."""
    application, programme = _about(application_id)
    if application.state is not ApplicationState.SUBMITTED:
        return None
    shop, distributor = mail.sender(links.house()), parties.the_distributor()
    return Mail(
        "application",
        shop,
        distributor.contact_email,
        distributor.name,
        _(
            "%(company)s applies to %(programme)s",
            company=application.company,
            programme=programme.name,
        ),
        _("You get this mail because you are the contact of %(name)s.", name=distributor.name),
        {
            "words": _("It waits for somebody to approve it, to ask back or to decline it."),
            "facts": [
                (_("Company"), application.company),
                (_("Applicant"), f"{application.name}, {application.email}"),
                (_("Application"), application.code),
            ],
            "quote": application.answer,
            "act": _("Review it"),
            "url": f"{shop.url}/distributor/applications/{application.code}",
            "note": "",
        },
    )


def asked(application_id: UUID) -> Mail | None:
    """To the applicant: what the reviewer asks; nothing when it was answered meanwhile."""
    application, programme = _about(application_id)
    if application.state is not ApplicationState.ASKED_BACK:
        return None
    return _to_the_applicant(
        application,
        programme,
        _("A question about your application to %(programme)s", programme=programme.name),
        _("The reviewer of your application asks:"),
        _("Answer it"),
        quote=application.question,
    )


def declined(application_id: UUID) -> Mail | None:
    """To the applicant: it ended, and why."""
    application, programme = _about(application_id)
    return _to_the_applicant(
        application,
        programme,
        _("Your application to %(programme)s was declined", programme=programme.name),
        _("We are sorry: we cannot take you into this programme. The reason:"),
        _("See your application"),
        quote=application.reason,
        note=_("You may apply again when this has changed."),
    )


def approved(application_id: UUID) -> Mail | None:
    """To the applicant: the agreement waits (M7); nothing when it was signed or withdrawn meanwhile."""
    application, programme = _about(application_id)
    if application.state is not ApplicationState.APPROVED:
        return None
    warned = _("A signature cannot be taken back. Read the agreement before you sign it.")
    return _to_the_applicant(
        application,
        programme,
        _("Approved: read and sign the agreement of %(programme)s", programme=programme.name),
        _("Your application was approved. Once you have signed the agreement, you get access."),
        _("Read and sign"),
        note=warned if programme.irreversible else "",
    )


def signed(application_id: UUID) -> Mail | None:
    """To the partner: what it signed, and until when it counts. A new reseller gets its access by the mail of
    its invitation."""
    application, programme = _about(application_id)
    enrolment = enrolments.of_application(application_id)
    until = moment(enrolment.ends_at) if enrolment else None
    return _to_the_applicant(
        application,
        programme,
        _("You are a partner of %(programme)s", programme=programme.name),
        _("The agreement is signed. The link shows its text as you signed it."),
        _("Read what you signed"),
        facts=[(_("Until"), until.date)] if until else [],
        note=_("A company that is new here gets the link to choose its password in a mail of its own."),
    )


ENDED = {
    Because.TERM: for_later(
        "Its term is over. What you have sold goes on. To be a partner again, apply anew."
    ),
    Because.TERMINATED: for_later("We have ended it, for the reason below. What you have sold goes on."),
    Because.LEFT: for_later("The day of your notice has come. What you have sold goes on."),
    Because.NOT_AUTHORISED: for_later(
        "It was not authorised for another year, because something was missing. What you have sold goes on."
        " To be a partner again, apply anew."
    ),
}


def ended(enrolment_id: UUID) -> Mail:
    """To the reseller: its partnership has ended, and why."""
    enrolment = enrolments.find(enrolment_id)
    reseller, shop = parties.reseller(enrolment.reseller_id), mail.sender(links.house())
    over, why = moment(enrolment.ended_at or enrolment.ends_at), enrolment.ended_because or Because.TERM
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        _("Your partnership in %(programme)s has ended", programme=enrolment.programme_name),
        _("You get this mail because you were a partner of %(shop)s.", shop=shop.name),
        {
            "words": _(ENDED[why]),
            "facts": [(_("Ended"), over.date if over else "")],
            "quote": enrolment.end_reason,
            "act": _("See the programmes"),
            "url": f"{shop.url}/partners",
            "note": "",
        },
    )


def _about(application_id: UUID) -> tuple[Application, Programme]:
    chosen = select(Application).where(Application.id == application_id)
    application = db.session().scalars(chosen).one()
    return application, programmes.of_id(application.programme_id)


def _to_the_applicant(
    application: Application,
    programme: Programme,
    subject: str,
    words: str,
    act: str,
    *,
    facts: Any = (),
    quote: str = "",
    note: str = "",
) -> Mail:
    shop = mail.sender(links.house())
    about = [
        (_("Programme"), programme.name),
        (_("Company"), application.company),
        (_("Code"), application.code),
    ]
    return Mail(
        "application",
        shop,
        application.email,
        application.name,
        subject,
        _("You get this mail because this address was entered at %(shop)s.", shop=shop.name),
        {
            "words": words,
            "facts": [*about, *facts],
            "quote": quote,
            "act": act,
            "url": f"{shop.url}/applications/{applications.token_of(application.nonce)}",
            "note": note,
        },
    )


mail.register("mail_application_received", "application_id", received)
mail.register("mail_application_again", "application_id", again)
mail.register("mail_application_waits", "application_id", waits)
mail.register("mail_application_asked", "application_id", asked)
mail.register("mail_application_declined", "application_id", declined)
mail.register("mail_application_approved", "application_id", approved)
mail.register("mail_application_signed", "application_id", signed)
mail.register("mail_partnership_ended", "enrolment_id", ended)
