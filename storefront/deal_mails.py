"""The mails about deals, to the reseller that registered one and to the distributor. They come from the
distributor's own shop and lead to the consoles there."""

from typing import Any
from uuid import UUID

from core import parties
from core.languages import _
from partners import deals
from partners.deals import Deal, DealState
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def registered(deal_id: UUID) -> Mail | None:
    """To the reseller: it is here; nothing when it was decided meanwhile."""
    deal = deals.of_id(deal_id)
    if deal.state is not DealState.PENDING:
        return None
    return _to_the_reseller(
        deal,
        _("%(company)s is registered", company=deal.company),
        _("Your registration waits for a decision. Nobody else can register this company meanwhile."),
    )


def waits(deal_id: UUID) -> Mail | None:
    """To the distributor: somebody has to look; nothing when somebody did."""
    deal = deals.of_id(deal_id)
    if deal.state is not DealState.PENDING:
        return None
    return _to_the_distributor(
        deal,
        _("%(reseller)s registers %(company)s", reseller=_reseller(deal).name, company=deal.company),
        _("It waits for somebody to approve or to reject it. Its page shows who is called alike."),
        _("Review it"),
    )


def approved(deal_id: UUID) -> Mail | None:
    """To the reseller: until when the lead is its own; nothing when it has ended meanwhile."""
    deal = deals.of_id(deal_id)
    if deal.state is not DealState.APPROVED:
        return None
    return _to_the_reseller(
        deal,
        _("Approved: your deal with %(company)s", company=deal.company),
        _("Until the day below nobody else may offer or sell to this company, and neither do we."),
    )


def rejected(deal_id: UUID) -> Mail:
    """To the reseller: it ended, and why."""
    deal = deals.of_id(deal_id)
    return _to_the_reseller(
        deal,
        _("Your deal with %(company)s was rejected", company=deal.company),
        _("We cannot approve this registration. The reason:"),
        quote=_(deal.reason),
    )


def expiring(deal_id: UUID) -> Mail | None:
    """To the reseller: its days are over soon; nothing when it has ended meanwhile."""
    deal = deals.of_id(deal_id)
    if deal.state is not DealState.APPROVED:
        return None
    return _to_the_reseller(
        deal,
        _("Your deal with %(company)s ends soon", company=deal.company),
        _("After the day below anybody may register this company. An order of theirs wins the deal."),
    )


def expired(deal_id: UUID) -> Mail:
    """To the reseller: the lead is free."""
    deal = deals.of_id(deal_id)
    return _to_the_reseller(
        deal,
        _("Your deal with %(company)s has expired", company=deal.company),
        _("Its days are over without a sale. Anybody may register this company now, and so may you."),
    )


def won(deal_id: UUID) -> Mail:
    """To the reseller: by which order."""
    deal = deals.of_id(deal_id)
    return _to_the_reseller(
        deal,
        _("Won: your deal with %(company)s", company=deal.company),
        _("An order of this company was paid for. Congratulations!"),
    )


def sold(deal_id: UUID) -> Mail:
    """To the distributor: likewise."""
    deal = deals.of_id(deal_id)
    return _to_the_distributor(
        deal,
        _("%(reseller)s has won %(company)s", reseller=_reseller(deal).name, company=deal.company),
        _("An order of this company was paid for, so the deal is won."),
        _("See the deal"),
    )


def _reseller(deal: Deal) -> parties.Reseller:
    return parties.reseller(deal.reseller_id)


def _facts(deal: Deal) -> list[tuple[str, str]]:
    until = moment(deal.ends_at)
    facts = [(_("Company"), deal.company), (_("Programme"), deal.programme_name), (_("Deal"), deal.code)]
    if until and deal.state in (DealState.APPROVED, DealState.EXPIRED):
        facts.append((_("Valid until"), until.exact))
    return [*facts, *([(_("Order"), deal.order_code)] if deal.order_code else [])]


def _to_the_reseller(deal: Deal, subject: str, words: str, *, quote: str = "") -> Mail:
    shop, reseller = mail.sender(links.house()), _reseller(deal)
    values: dict[str, Any] = {
        "words": words,
        "facts": _facts(deal),
        "quote": quote,
        "act": _("See the deal"),
        "url": f"{shop.url}/reseller/deals/{deal.code}",
        "note": "",
    }
    reason = _("You get this mail because your company registers deals with %(shop)s.", shop=shop.name)
    return Mail("application", shop, reseller.email, reseller.name, subject, reason, values)


def _to_the_distributor(deal: Deal, subject: str, words: str, act: str) -> Mail:
    shop, distributor = mail.sender(links.house()), parties.the_distributor()
    values: dict[str, Any] = {
        "words": words,
        "facts": [(_("Reseller"), _reseller(deal).name), *_facts(deal), (_("Value"), deal.value.text)],
        "quote": "",
        "act": act,
        "url": f"{shop.url}/distributor/deals/{deal.code}",
        "note": "",
    }
    reason = _("You get this mail because you are the contact of %(name)s.", name=distributor.name)
    return Mail("application", shop, distributor.contact_email, distributor.name, subject, reason, values)


mail.register("mail_deal_registered", "deal_id", registered)
mail.register("mail_deal_waits", "deal_id", waits)
mail.register("mail_deal_approved", "deal_id", approved)
mail.register("mail_deal_rejected", "deal_id", rejected)
mail.register("mail_deal_expiring", "deal_id", expiring)
mail.register("mail_deal_expired", "deal_id", expired)
mail.register("mail_deal_won", "deal_id", won)
mail.register("mail_deal_sold", "deal_id", sold)
