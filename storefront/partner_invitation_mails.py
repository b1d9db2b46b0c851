"""The mails about partnerships between companies: the invitation with its link, that it was accepted, that a
company asks for one, and that it was declined. They come from the distributor's own shop."""

from typing import Any
from uuid import UUID

from core import parties
from core.languages import _
from partners import companies, partner_invitations, partner_requests
from partners.partner_invitations import PartnerInvitationState
from partners.partner_requests import PartnerRequestState
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def invited(invitation_id: UUID) -> Mail | None:
    """To the person in the company, with the link that works once (M23); nothing when it was revoked or used
    meanwhile."""
    found = partner_invitations.of_id(invitation_id)
    if found.state is not PartnerInvitationState.PENDING:
        return None
    shop, until = mail.sender(links.house()), moment(found.expires_at)
    return _mail(
        found.email,
        found.name,
        _("%(provider)s invites %(company)s to become a reseller", provider=shop.name, company=found.company),
        _(
            "%(person)s of %(provider)s invites your company to sell with them. Follow the link to see the"
            " offer. An administrator of your company accepts it; until then there is no relation.",
            person=found.invited_by,
            provider=shop.name,
        ),
        quote=found.words,
        act=_("See the invitation"),
        path=f"/partnerships/{partner_invitations.token_of(found.nonce)}",
        facts=[
            (_("Your e-mail"), found.email),
            (_("The link works once, until"), until.exact if until else ""),
        ],
        note=_("You did not expect this? Then do nothing."),
    )


def begun(invitation_id: UUID) -> Mail:
    """To the distributor: a company has accepted."""
    found, distributor = partner_invitations.of_id(invitation_id), parties.the_distributor()
    reseller = parties.reseller(found.reseller_id) if found.reseller_id else None
    return _mail(
        distributor.contact_email,
        distributor.name,
        _("%(company)s is your reseller now", company=reseller.name if reseller else found.company),
        _("It has accepted the invitation of %(person)s.", person=found.invited_by),
        act=_("See the reseller"),
        path=f"/distributor/resellers/{reseller.code}" if reseller else "/distributor/resellers",
        facts=[(_("Accepted by"), f"{found.accepted_by}, {found.email}")],
    )


def asked(request_id: UUID) -> Mail | None:
    """To the distributor: a company of the directory asks; nothing when it was answered meanwhile."""
    found, distributor = partner_requests.of_id(request_id), parties.the_distributor()
    if found.state is not PartnerRequestState.ASKED:
        return None
    return _mail(
        distributor.contact_email,
        distributor.name,
        _("%(company)s asks to become your reseller", company=found.company),
        _("It found you in the directory of providers, and waits for an invitation or your reasons."),
        quote=found.words,
        act=_("Answer it"),
        path=f"/distributor/partner-invitations/requests/{found.code}",
        facts=[
            (_("Company"), found.company),
            (_("Country"), companies.country_name(found.country) or "–"),
            (_("Person"), f"{found.name}, {found.email}"),
        ],
    )


def declined(request_id: UUID) -> Mail:
    """To the person who asked: the reasons."""
    found, shop = partner_requests.of_id(request_id), mail.sender(links.house())
    return _mail(
        found.email,
        found.name,
        _("%(provider)s does not take your company on now", provider=shop.name),
        _("You asked for an invitation. The answer:"),
        quote=found.reason,
        act=_("See %(provider)s", provider=shop.name),
        path="/",
        facts=[(_("Company"), found.company)],
        note=_("You may ask again when this has changed."),
    )


def _mail(
    to: str,
    name: str,
    subject: str,
    words: str,
    *,
    act: str,
    path: str,
    facts: Any,
    quote: str = "",
    note: str = "",
) -> Mail:
    shop = mail.sender(links.house())
    return Mail(
        "application",
        shop,
        to,
        name,
        subject,
        _("You get this mail because this address was entered at %(shop)s.", shop=shop.name),
        {
            "words": words,
            "facts": facts,
            "quote": quote,
            "act": act,
            "url": f"{shop.url}{path}",
            "note": note,
        },
    )


mail.register("mail_partner_invitation", "invitation_id", invited)
mail.register("mail_partnership_begun", "invitation_id", begun)
mail.register("mail_partner_asked", "request_id", asked)
mail.register("mail_partner_declined", "request_id", declined)
