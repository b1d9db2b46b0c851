"""The mails about a partner's request: to the distributor when one waits, to the partner when it is answered
or when its year is over."""

from typing import Any
from uuid import UUID

from core import parties
from core.languages import _
from partners import requests
from partners.requests import ProgrammeRequest, RequestState
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def waits(request_id: UUID) -> Mail | None:
    """To the distributor; nothing when it is answered or withdrawn already."""
    found = requests.of_id(request_id)
    if found.state is not RequestState.SUBMITTED:
        return None
    shop, distributor = mail.sender(links.house()), parties.the_distributor()
    reseller = parties.reseller(found.reseller_id)
    return Mail(
        "application",
        shop,
        distributor.contact_email,
        distributor.name,
        _("%(reseller)s asks: %(what)s", reseller=reseller.name, what=found.label),
        _("You get this mail because you are the contact of %(name)s.", name=distributor.name),
        _said(
            _("It waits for an answer."),
            [(_("Reseller"), reseller.name), (_("Asked by"), f"{found.name}, {found.email}")],
            _("Answer it"),
            f"{shop.url}/distributor/requests/{found.code}",
        ),
    )


def answered(request_id: UUID) -> Mail:
    """To whoever asked: yes or no, with the reply."""
    found = requests.of_id(request_id)
    granted = found.state is not RequestState.DECLINED
    until = moment(found.ends_at)
    return _to_the_partner(
        found,
        _("Granted: %(what)s", what=found.label) if granted else _("Declined: %(what)s", what=found.label),
        _("Your request was granted.") if granted else _("Your request was declined. The reason:"),
        [(_("Until"), until.date)] if until else [],
        quote=found.reply,
    )


def expired(request_id: UUID) -> Mail:
    """To whoever asked: its year is over."""
    found = requests.of_id(request_id)
    return _to_the_partner(
        found,
        _("Over: %(what)s", what=found.label),
        _("Its year is over, and nobody renewed it. You may ask for it again."),
        [],
    )


def _to_the_partner(
    found: ProgrammeRequest, subject: str, words: str, facts: list[tuple[str, str]], quote: str = ""
) -> Mail:
    shop = mail.sender(links.house())
    return Mail(
        "application",
        shop,
        found.email,
        found.name,
        subject,
        _("You get this mail because you asked for something at %(shop)s.", shop=shop.name),
        _said(
            words,
            [(_("Programme"), found.programme_name), (_("Request"), found.code), *facts],
            _("See your request"),
            f"{shop.url}/reseller/requests/{found.code}",
            quote,
        ),
    )


def _said(words: str, facts: list[tuple[str, str]], act: str, url: str, quote: str = "") -> dict[str, Any]:
    return {"words": words, "facts": facts, "quote": quote, "act": act, "url": url, "note": ""}


mail.register("mail_request_waits", "request_id", waits)
mail.register("mail_request_answered", "request_id", answered)
mail.register("mail_request_expired", "request_id", expired)
