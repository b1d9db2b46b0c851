"""The mails about a reseller's own domain: its proof is missing, and, days later, it is given up."""

from uuid import UUID

from sqlalchemy import select

from core import db, parties
from core.languages import _
from partners import domains
from partners.domains import Domain
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def domain_failing(domain_id: UUID) -> Mail | None:
    """To the reseller, as soon as the record of a verified domain is missing; nothing if it is back."""
    domain = _the(domain_id)
    if domain.failing_since is None or domain.state is not domains.DomainState.VERIFIED:
        return None
    until = moment(domain.failing_since + domains.GRACE)
    words = _(
        "We cannot find the record that proves that %(host)s is yours. Your portal still opens there."
        " Set the record again before %(until)s, or the domain is given up.",
        host=domain.host,
        until=until.exact if until else "",
    )
    return _mail(domain, _("The record of %(host)s is missing", host=domain.host), words)


def domain_lost(domain_id: UUID) -> Mail:
    """To the reseller, when the domain was given up."""
    domain = _the(domain_id)
    words = _(
        "The record that proves that %(host)s is yours stayed away, so the domain does not lead to your"
        " portal any more. Your portal goes on at its own address. You can claim the domain again.",
        host=domain.host,
    )
    return _mail(domain, _("%(host)s is given up", host=domain.host), words)


def _the(domain_id: UUID) -> Domain:
    return db.session().scalars(select(Domain).where(Domain.id == domain_id)).one()


def _mail(domain: Domain, subject: str, words: str) -> Mail:
    shop, reseller = mail.sender(links.house()), parties.reseller(domain.reseller_id)
    values = {
        "words": words,
        "facts": [(_("Name of the TXT record"), domain.record), (_("Value"), domain.proof)],
        "domain_url": f"{shop.url}/reseller/domain",
    }
    reason = _("You get this mail because your company sells at %(shop)s.", shop=shop.name)
    return Mail("domain_notice", shop, reseller.email, reseller.name, subject, reason, values)


mail.register("mail_domain_failing", "domain_id", domain_failing)
mail.register("mail_domain_lost", "domain_id", domain_lost)
