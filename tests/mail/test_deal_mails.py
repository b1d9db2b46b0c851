"""What the two sides of a deal read in their mailboxes, and what they do not any more once it was decided."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from partners import deal_ends
from storefront import deal_mails, mailer
from storefront.mailer import Mail
from tests.partners.deal_stage import REASONS, approve, open_deals, register, reject, the_deal
from tests.world import World


def read(world: World, code: str, said: Callable[[UUID], Mail | None]) -> str:
    """To whom and what, once both parts of the mail have been looked at; nothing where none is written."""
    with world.acting():
        mail = said(the_deal(code).id)
        if mail is None:
            return ""
        html, text = mailer.draw(mail)
    assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;|\bTrue\b|\bFalse\b", html + text)
    assert mail.reason in text
    return f"{mail.to}\n{mail.subject}\n{text}"


@pytest.mark.behaviour("H30")
def test_each_step_is_told_to_whom_it_concerns(world: World) -> None:
    open_deals(world)
    code = register(world)
    ours, theirs = f"/distributor/deals/{code}", f"/reseller/deals/{code}"
    assert theirs in read(world, code, deal_mails.registered)
    waits = read(world, code, deal_mails.waits)
    assert "Brightfield registers Otterbach Logistik GmbH" in waits
    assert "desk@northwind.example" in waits
    assert ours in waits
    assert read(world, code, deal_mails.approved) == ""
    approve(world, code)
    assert read(world, code, deal_mails.registered) == read(world, code, deal_mails.waits) == ""
    approved = read(world, code, deal_mails.approved)
    assert "bea@brightfield.example" in approved
    assert "Valid until" in approved
    assert "ends soon" in read(world, code, deal_mails.expiring)
    with world.acting():
        deal = the_deal(code)
        assert deal.ends_at
        deal.ends_at = deal.ends_at - timedelta(days=90)
    with world.acting():
        assert deal_ends.end_those_over() == 1
    assert "has expired" in read(world, code, deal_mails.expired)
    assert read(world, code, deal_mails.approved) == read(world, code, deal_mails.expiring) == ""
    other = register(world)
    reject(world, other)
    assert REASONS[1] in read(world, other, deal_mails.rejected)


def test_both_sides_hear_of_a_win(world: World) -> None:
    open_deals(world)
    code = register(world, company="Acme", website="", tax_id="")
    approve(world, code)
    with world.acting():
        deal_ends.win(world.resellers["brightfield"], world.customers["acme"], "ORD-TEST")
    assert "ORD-TEST" in read(world, code, deal_mails.won)
    sold = read(world, code, deal_mails.sold)
    assert "Brightfield has won Acme" in sold
    assert "€4,800.00" in sold
