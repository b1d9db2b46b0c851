"""What partner and distributor read in their mailboxes of a partner's year, and what they do not any more."""

import re
from uuid import UUID

from core.clock import business_now
from partners import anniversaries, enrolments, leavings, programmes, reauthorisation_rules, reauthorisations
from storefront import application_mails, mailer, partner_mails
from storefront.mailer import Mail
from tests.partners.tier_stage import enrol, lose, open_tiers, win, years_pass
from tests.world import World


def text_of(mail: Mail | None) -> str:
    """What a mail says, once both its parts have been looked at; nothing where none is written."""
    if mail is None:
        return ""
    html, text = mailer.draw(mail)
    assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;|\bTrue\b|\bFalse\b", html + text)
    return f"{mail.to}\n{mail.subject}\n{text}"


def test_an_anniversary_tells_whether_the_tier_rose_stayed_fell_or_was_too_few(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    services = win(world, 10)
    said: list[str] = []
    for lost in (0, 0, 3, 4):
        lose(world, services[:lost])
        services = services[lost:]
        years_pass(world, partner)
        with world.acting():
            said.append(text_of(partner_mails.tier_decided(newest(partner))))
    for words, mail in zip(
        ("You are in Gold now", "You stay in Gold", "is Silver now", "Fewer customers than expected"),
        said,
        strict=True,
    ):
        assert words in mail
        assert f"/reseller/programmes/{partner}" in mail
    with world.acting():
        flagged = text_of(partner_mails.partner_flagged(newest(partner)))
    assert "desk@northwind.example" in flagged
    assert "Brightfield is below the minimum of Gold partners" in flagged


def newest(partner: UUID) -> UUID:
    """The decision of its last anniversary, in the distributor's transaction."""
    return anniversaries.decisions(partner)[0].id


def test_the_yearly_check_says_what_is_missing_and_until_when_and_nothing_once_it_is_settled(
    world: World,
) -> None:
    open_tiers(world)
    with world.acting():
        reauthorisation_rules.set_rules(
            programmes.find("gold"), ["membership", "authority"], opens_days=30, grace_days=30
        )
    partner = enrol(world)
    with world.acting():
        check = reauthorisations.open_for(enrolments.find(partner))
        assert check
        opened = text_of(partner_mails.reauthorisation_due(check.id))
    assert "Active membership, Authority to sign" in opened
    assert f"{check.due_at:%-d %B %Y}" in opened
    years_pass(world, partner)
    with world.acting():
        grace = text_of(partner_mails.reauthorisation_due(check.id))
        assert "Something is missing" in grace
    world.goes_on(days=31)
    with world.acting():
        assert text_of(partner_mails.reauthorisation_due(check.id)) == ""
        ended = text_of(application_mails.ended(partner))
        assert "not authorised for another year" in ended
        assert "Active membership, Authority to sign" in ended
        assert "is no partner of Gold partners any more" in text_of(partner_mails.partner_lost(partner))


def test_a_notice_is_told_to_both_and_a_withdrawn_one_to_the_distributor(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    with world.acting("brightfield"):
        day = leavings.give(enrolments.find(partner), by="Bea", confirmed=True)
    with world.acting():
        notice = leavings.standing(partner).id
        given = text_of(partner_mails.notice_given(notice))
        confirmed = text_of(partner_mails.notice_confirmed(notice))
    assert "Brightfield leaves Gold partners" in given
    assert "You leave in 30 days" in confirmed
    for mail in (given, confirmed):
        assert f"{day:%-d %B %Y}" in mail
    with world.acting("brightfield"):
        leavings.withdraw(enrolments.find(partner))
    with world.acting():
        assert text_of(partner_mails.notice_given(notice)) == ""
        assert text_of(partner_mails.notice_confirmed(notice)) == ""
        assert "Brightfield stays in Gold partners" in text_of(partner_mails.notice_withdrawn(notice))


def test_whoever_was_terminated_reads_why_and_the_distributor_gets_no_mail_of_its_own_act(
    world: World,
) -> None:
    open_tiers(world)
    partner = enrol(world)
    with world.acting():
        enrolments.terminate(enrolments.find(partner), "It resold our keys.")
    with world.acting():
        ended = text_of(application_mails.ended(partner))
        assert "It resold our keys." in ended
        assert f"{business_now():%-d %B %Y}" in ended
        assert text_of(partner_mails.partner_lost(partner)) == ""
