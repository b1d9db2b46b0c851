"""The mails about a customer agreement: the link by which it is accepted, and what was accepted, to the
person whose name stands on it; attested ones, too, so that nobody is bound without hearing of it (W13)."""

from uuid import UUID

from sqlalchemy import select

from core import db, parties
from core.languages import _
from partners import agreement_links, conditions
from partners.agreement_links import AgreementLink, LinkState
from partners.terms import TermsAcceptance, Way
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def link(link_id: UUID) -> Mail | None:
    """To somebody of a customer, with the link that works once; nothing when it was used or withdrawn."""
    found = db.session().scalars(select(AgreementLink).where(AgreementLink.id == link_id)).one()
    if found.state is not LinkState.PENDING or found.customer_id is None:
        return None
    shop = mail.sender(links.open_shop_of(found.reseller_id))
    customer, agreement = parties.customer(found.customer_id), agreement_links.condition_of(found)
    until = moment(found.expires_at)
    return Mail(
        "application",
        shop,
        found.email,
        found.name,
        _("Please accept “%(agreement)s” for %(company)s", agreement=agreement.name, company=customer.name),
        _(
            "You get this mail because %(person)s entered this address at %(shop)s.",
            person=found.sent_by,
            shop=shop.name,
        ),
        {
            "words": _(
                "%(person)s asks you to read this agreement and to accept it for %(company)s."
                " Before that, nothing it is about can be ordered or changed for you.",
                person=found.sent_by,
                company=customer.name,
            ),
            "facts": [(_("Agreement"), agreement.name), (_("Good until"), until.exact if until else "")],
            "quote": "",
            "act": _("Read and accept"),
            "url": f"{shop.url}/agreement-links/{agreement_links.token_of(found.nonce)}",
            "note": _("The link is yours alone and works once: whoever has it can accept for you."),
        },
    )


def accepted(acceptance_id: UUID) -> Mail:
    """To the person whose name stands on it: what was accepted, how, and who says so."""
    found = db.session().scalars(select(TermsAcceptance).where(TermsAcceptance.id == acceptance_id)).one()
    shop = mail.sender(links.open_shop_of(found.reseller_id))
    attested = found.way is Way.ATTESTED
    code = conditions.of_version(found.terms_id).code
    return Mail(
        "application",
        shop,
        found.email,
        found.name,
        _("“%(agreement)s” is accepted for %(company)s", agreement=found.title, company=found.company),
        _("You get this mail because your name stands on it at %(shop)s.", shop=shop.name),
        {
            "words": _(
                "%(by)s attests that you accepted this agreement for %(company)s on %(day)s."
                " If you did not, please answer this mail.",
                by=found.attested_by,
                company=found.company,
                day=f"{found.accepted_on:%-d %B %Y}",
            )
            if attested
            else _("You accepted this agreement for %(company)s.", company=found.company),
            "facts": [
                (_("Agreement"), f"{found.title}, {_('version %(number)s', number=found.number)}"),
                (_("Accepted on"), f"{found.accepted_on:%-d %B %Y}"),
                (_("SHA-256 of its text"), found.digest),
            ],
            "quote": "",
            "act": _("Read the agreement"),
            "url": f"{shop.url}/agreements/{code}?number={found.number}",
            "note": "",
        },
    )


mail.register("mail_agreement_link", "link_id", link)
mail.register("mail_agreement_accepted", "acceptance_id", accepted)
