"""The mails of a partner's year: what the anniversary decided, what the re-authorisation asks for, a notice
to leave. They go to the reseller's address and, where the distributor has to know, to its contact."""

from typing import Any
from uuid import UUID

from core import parties
from core.languages import _, counted
from core.parties import Reseller
from partners import anniversaries, enrolments, leavings, reauthorisation_rules, reauthorisations
from partners.enrolments import Because, Enrolment
from partners.leavings import NoticeState
from partners.reauthorisations import OPEN, ReauthorisationState
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import moment


def tier_decided(decision_id: UUID) -> Mail:
    """To the partner: how many customers were counted, and which tier they mean."""
    decision = anniversaries.decision(decision_id)
    enrolment = enrolments.find(decision.enrolment_id)
    about = {"programme": enrolment.programme_name, "tier": decision.tier, "was": decision.was_tier}
    if decision.flagged:
        subject = _("Fewer customers than expected in %(programme)s", **about)
        words = _("You have fewer customers than %(tier)s expects. Please get in touch with us.", **about)
    elif decision.tier == decision.was_tier:
        subject = _("You stay in %(tier)s: %(programme)s", **about)
        words = _("A year of partnership is over, and you keep your tier for the next one.")
    elif decision.rises:
        subject = _("You are in %(tier)s now: %(programme)s", **about)
        words = _("A year of partnership is over. Your customers have brought you into a higher tier.")
    else:
        subject = _("Your tier in %(programme)s is %(tier)s now", **about)
        words = _("You had fewer customers than %(was)s expects. Its price and benefits end today.", **about)
    return _to_the_partner(
        enrolment,
        subject,
        words,
        facts=[
            (_("Customers sold to and kept"), str(decision.customers)),
            (_("Tier before"), decision.was_tier or _("none")),
            (_("Tier from now on"), decision.tier),
        ],
    )


def partner_flagged(decision_id: UUID) -> Mail:
    """To the distributor: a partner has fewer customers than its lowest tier expects."""
    decision = anniversaries.decision(decision_id)
    enrolment = enrolments.find(decision.enrolment_id)
    reseller = parties.reseller(enrolment.reseller_id)
    return _to_the_distributor(
        enrolment,
        reseller,
        _("%(company)s is below the minimum of %(programme)s", **_about(reseller, enrolment)),
        _("Its anniversary counted fewer customers than the lowest tier expects. It stays a partner."),
        facts=[(_("Customers"), str(decision.customers)), (_("Tier"), decision.tier)],
    )


def partner_lost(enrolment_id: UUID) -> Mail | None:
    """To the distributor: a partnership has ended without its doing; nothing where it ended it itself."""
    enrolment = enrolments.find(enrolment_id)
    if enrolment.ended_because in (None, Because.TERMINATED):
        return None
    reseller = parties.reseller(enrolment.reseller_id)
    return _to_the_distributor(
        enrolment,
        reseller,
        _("%(company)s is no partner of %(programme)s any more", **_about(reseller, enrolment)),
        _(enrolments.ENDINGS[enrolment.ended_because]),
        facts=[(_("Missing"), enrolment.end_reason)] if enrolment.end_reason else [],
    )


def reauthorisation_due(check_id: UUID) -> Mail | None:
    """To the partner: what is missing, and until when; nothing once it is settled."""
    check = reauthorisations.find(check_id)
    if check.state not in OPEN:
        return None
    enrolment = enrolments.find(check.enrolment_id)
    grace = check.state is ReauthorisationState.GRACE
    until = moment(check.grace_until if grace else check.due_at)
    name = enrolment.programme_name
    return _to_the_partner(
        enrolment,
        _("Something is missing: your authorisation in %(programme)s", programme=name)
        if grace
        else _("Your yearly authorisation in %(programme)s", programme=name),
        _("The anniversary is over. Without what is missing your partnership ends at the day below.")
        if grace
        else _("Once a year we look whether you may go on. Please see to what is still missing."),
        facts=[
            (_("Until"), until.date if until else ""),
            (_("Missing"), ", ".join(reauthorisation_rules.labels(check.missing))),
        ],
        act=_("See what to do"),
    )


def reauthorised(check_id: UUID) -> Mail:
    """To the partner: it may go on for a year."""
    enrolment = enrolments.find(reauthorisations.find(check_id).enrolment_id)
    return _to_the_partner(
        enrolment,
        _("You are authorised for another year: %(programme)s", programme=enrolment.programme_name),
        _("Everything that was asked for is there. Nothing is left to do."),
    )


def notice_given(notice_id: UUID) -> Mail | None:
    """To the distributor: a partner will leave; nothing once that is not so any more."""
    notice = leavings.find(notice_id)
    if notice.state is not NoticeState.GIVEN:
        return None
    enrolment, until = enrolments.find(notice.enrolment_id), moment(notice.ends_at)
    reseller = parties.reseller(enrolment.reseller_id)
    return _to_the_distributor(
        enrolment,
        reseller,
        _("%(company)s leaves %(programme)s", **_about(reseller, enrolment)),
        _("It gave notice, and is a partner until the day below unless it withdraws it."),
        facts=[(_("Leaves"), until.date if until else ""), (_("Given by"), notice.given_by)],
    )


def notice_confirmed(notice_id: UUID) -> Mail | None:
    """To the partner: until when it is one, and that it can still stay."""
    notice = leavings.find(notice_id)
    if notice.state is not NoticeState.GIVEN:
        return None
    enrolment, until = enrolments.find(notice.enrolment_id), moment(notice.ends_at)
    days = (notice.ends_at - notice.given_at).days
    return _to_the_partner(
        enrolment,
        _("Your notice for %(programme)s", programme=enrolment.programme_name),
        _(
            "You leave in %(days)s. Until then everything stays as it is, and you can withdraw the notice.",
            days=counted("%(n)s day", "%(n)s days", days),
        ),
        facts=[(_("You leave"), until.date if until else ""), (_("Given by"), notice.given_by)],
    )


def notice_withdrawn(notice_id: UUID) -> Mail:
    """To the distributor: the partner stays."""
    enrolment = enrolments.find(leavings.find(notice_id).enrolment_id)
    reseller = parties.reseller(enrolment.reseller_id)
    return _to_the_distributor(
        enrolment,
        reseller,
        _("%(company)s stays in %(programme)s", **_about(reseller, enrolment)),
        _("It withdrew its notice."),
    )


def _about(reseller: Reseller, enrolment: Enrolment) -> dict[str, str]:
    return {"company": reseller.name, "programme": enrolment.programme_name}


def _to_the_partner(
    enrolment: Enrolment, subject: str, words: str, *, facts: Any = (), act: str = ""
) -> Mail:
    reseller, shop = parties.reseller(enrolment.reseller_id), mail.sender(links.house())
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        subject,
        _("You get this mail because you are a partner of %(shop)s.", shop=shop.name),
        {
            "words": words,
            "facts": [(_("Programme"), enrolment.programme_name), *facts],
            "quote": "",
            "act": act or _("See your programme"),
            "url": f"{shop.url}/reseller/programmes/{enrolment.id}",
            "note": "",
        },
    )


def _to_the_distributor(
    enrolment: Enrolment, reseller: Reseller, subject: str, words: str, *, facts: Any = ()
) -> Mail:
    shop, distributor = mail.sender(links.house()), parties.the_distributor()
    return Mail(
        "application",
        shop,
        distributor.contact_email,
        distributor.name,
        subject,
        _("You get this mail because you are the contact of %(name)s.", name=distributor.name),
        {
            "words": words,
            "facts": [(_("Reseller"), reseller.name), (_("Programme"), enrolment.programme_name), *facts],
            "quote": "",
            "act": _("See the partner"),
            "url": f"{shop.url}/distributor/partnerships/{enrolment.id}",
            "note": "",
        },
    )


mail.register("mail_tier_decided", "decision_id", tier_decided)
mail.register("mail_partner_flagged", "decision_id", partner_flagged)
mail.register("mail_partner_lost", "enrolment_id", partner_lost)
mail.register("mail_reauthorisation_due", "reauthorisation_id", reauthorisation_due)
mail.register("mail_reauthorised", "reauthorisation_id", reauthorised)
mail.register("mail_notice_given", "notice_id", notice_given)
mail.register("mail_notice_confirmed", "notice_id", notice_confirmed)
mail.register("mail_notice_withdrawn", "notice_id", notice_withdrawn)
