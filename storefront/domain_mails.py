"""The mails about a reseller's own domain: its proof is missing, and, days later, it is given up."""

from uuid import UUID

from sqlalchemy import select

from core import db, parties
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
    words = (
        f"We cannot find the record that proves that {domain.host} is yours. Your portal still opens there."
        f" Set the record again before {until.exact if until else ''}, or the domain is given up."
    )
    return _mail(domain, f"The record of {domain.host} is missing", words)


def domain_lost(domain_id: UUID) -> Mail:
    """To the reseller, when the domain was given up."""
    domain = _the(domain_id)
    words = (
        f"The record that proves that {domain.host} is yours stayed away, so the domain does not lead to your"
        " portal any more. Your portal goes on at its own address. You can claim the domain again."
    )
    return _mail(domain, f"{domain.host} is given up", words)


def _the(domain_id: UUID) -> Domain:
    return db.session().scalars(select(Domain).where(Domain.id == domain_id)).one()


def _mail(domain: Domain, subject: str, words: str) -> Mail:
    shop, reseller = mail.sender(links.house()), parties.reseller(domain.reseller_id)
    values = {
        "words": words,
        "facts": [("Name of the TXT record", domain.record), ("Value", domain.proof)],
        "domain_url": f"{shop.url}/reseller/domain",
    }
    reason = f"You get this mail because your company sells at {shop.name}."
    return Mail("domain_notice", shop, reseller.email, reseller.name, subject, reason, values)


mail.register("mail_domain_failing", "domain_id", domain_failing)
mail.register("mail_domain_lost", "domain_id", domain_lost)
