"""What the two sides of an application read in their mailboxes, and what they do not any more once it was
decided."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from core import db
from partners import application_reviews, applications, enrolments
from storefront import application_mails, mailer
from storefront.mailer import Mail
from tests.partners.programme_stage import apply, approve, open_programme, sign, the_application, token
from tests.world import World


def text_of(world: World, said: Callable[[UUID], Mail | None]) -> str:
    """What a mail says, once both its parts have been looked at; nothing where none is written."""
    with world.acting():
        mail = said(the_application().id)
        if mail is None:
            return ""
        html, text = mailer.draw(mail)
    assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;|\bTrue\b|\bFalse\b", html + text)
    assert mail.reason in text
    return f"{mail.subject}\n{text}"


@pytest.mark.behaviour("M7")
def test_each_step_is_told_and_what_is_over_is_not(world: World) -> None:
    open_programme(world, irreversible=True)
    apply(world)
    link = f"/applications/{token(world)}"
    assert link in text_of(world, application_mails.received)
    assert link in text_of(world, application_mails.again)
    waits = text_of(world, application_mails.waits)
    assert "Lakeside Systems applies to Gold partners" in waits
    assert link not in waits  # whoever reviews cannot sign for the applicant
    assert text_of(world, application_mails.approved) == ""
    with world.acting():
        application_reviews.ask_back(the_application(), "Since when?", by="Nora")
    assert "Since when?" in text_of(world, application_mails.asked)
    assert text_of(world, application_mails.received) == ""
    with world.acting():
        applications.answer(the_application(), "Since 2018.", dict(the_application().evidence))
    assert "Since 2018." in text_of(world, application_mails.waits)
    version = approve(world)
    assert text_of(world, application_mails.waits) == ""
    assert "cannot be taken back" in text_of(world, application_mails.approved)
    sign(world, link.removeprefix("/applications/"), version)
    assert text_of(world, application_mails.approved) == ""
    signed = text_of(world, application_mails.signed)
    with world.acting():
        partner = enrolments.of_application(the_application().id)
        assert partner
        until = f"{partner.ends_at:%-d %B %Y}"
        assert partner.ends_at > db.session().info["now"] + timedelta(days=364)
        html, text = mailer.draw(application_mails.ended(partner.id))
    assert until in signed
    assert until in html
    assert "apply anew" in text


def test_who_is_declined_reads_the_reason(world: World) -> None:
    open_programme(world)
    apply(world)
    with world.acting():
        application_reviews.decline(the_application(), "We look for somebody else.", by="Nora")
    assert "We look for somebody else." in text_of(world, application_mails.declined)
