"""What is read about subscriptions that move: by who hands over, by who takes over, by the customer."""

import re
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import select

from core import db
from partners.extensions import TransferPartner
from provisioning import moves, transfer_answers
from provisioning.transfer_calls import TransferCall
from storefront import mailer, transfer_mails
from storefront.mailer import Mail
from tests.provisioning.moving import ask, befriend, half, in_transition, invite, serve_by_hand, together
from tests.world import World, open_portal


def text_of(world: World, said: Callable[[UUID], Mail | None], about: UUID) -> str:
    """To whom, and what it says, once both its parts have been looked at; nothing where none is written."""
    with world.acting():
        mail = said(about)
        if mail is None:
            return ""
        html, text = mailer.draw(mail)
    assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;|\bTrue\b|\bFalse\b", html + text)
    assert mail.reason in text
    return f"{mail.to}\n{mail.subject}\n{text}"


def test_every_side_is_told_what_it_has_to_do_and_what_came_of_it(world: World) -> None:
    open_portal(world)
    in_transition(world)
    code, pair = serve_by_hand(world), befriend(world)
    request = ask(world, code, provider=pair)
    mine = half(world, request).id
    asked = text_of(world, transfer_mails.asked, mine)
    assert "hugo@harbour.example" in asked
    assert "Brightfield hands over subscriptions of Acme" in asked
    assert f"/reseller/transfers/{request}" in asked
    with world.acting():
        transfer_answers.accept(world.resellers["harbour"], request, by="Hugo, Harbour")
        assert text_of_none(transfer_mails.asked, mine)
        [call] = db.session().scalars(select(TransferCall))
        moves.resolve(call.id, external_id="sub-1", why="I saw it.")
    assert "bea@brightfield.example" in text_of(world, transfer_mails.decided, mine)
    for said in (transfer_mails.finished_here, transfer_mails.finished_there):
        ended = text_of(world, said, mine)
        assert "everything has moved" in ended
        assert "Nothing was charged or refunded" in ended
    told = text_of(world, transfer_mails.told_customer, mine)
    assert "anna@acme.example" in told
    assert "From now on Harbour provides your service" in told
    assert "/brightfield/services" in told


def text_of_none(said: Callable[[UUID], Mail | None], about: UUID) -> bool:
    """Whether nothing is written, inside a transaction."""
    return said(about) is None


def test_what_did_not_come_about_is_told_with_its_reason(world: World) -> None:
    open_portal(world)
    in_transition(world)
    code = serve_by_hand(world)
    request = ask(world, code)
    mine, house = half(world, request).id, world.resellers["house"]
    asked = text_of(world, transfer_mails.asked, mine)
    assert "desk@northwind.example" in asked
    assert f"/distributor/transfers/{request}" in asked
    together(world, "house", lambda: transfer_answers.reject(house, request, reason="No room.", by="Nora"))
    rejected = text_of(world, transfer_mails.decided, mine)
    assert "does not take over" in rejected
    assert "No room." in rejected
    assert text_of(world, transfer_mails.told_customer, mine) == ""
    again = ask(world, code)
    bright = world.resellers["brightfield"]
    together(world, "brightfield", lambda: transfer_answers.withdraw(bright, again, by="Bea"))
    assert "has withdrawn" in text_of(world, transfer_mails.withdrawn, half(world, again).id)


def test_an_invitation_to_hand_over_and_its_answer_are_told(world: World) -> None:
    invite(world)
    with world.acting():
        theirs = db.session().scalars(select(TransferPartner).where(~TransferPartner.takes)).one()
        mine = db.session().scalars(select(TransferPartner).where(TransferPartner.takes)).one()
    assert "Harbour would take over from you" in text_of(world, transfer_mails.invited, theirs.id)
    assert "has not accepted" in text_of(world, transfer_mails.answered, mine.id)
