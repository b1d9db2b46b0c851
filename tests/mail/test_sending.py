"""How mails travel: a server that is away, refuses or asks to come back; workers that die on the way; names
that try to be headers."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core import db
from core.tasks import NeedsPerson, Task, TaskState
from core.work import WorkItem
from partners import invitations
from storefront import mailer
from storefront.mailer import Letter, Mail, Sender
from tests.mail.conftest import PostOffice
from tests.world import World
from whitelabel_themes.loader import themes

AURORA = themes()["aurora"]
SHOP = Sender(
    "Brightfield",
    "Brightfield GmbH",
    "http://shop.test/brightfield",
    None,
    "bea@brightfield.example",
    AURORA,
    AURORA.validate({}),
)
MAIL = Mail(
    "we_are_on_it",
    SHOP,
    "anna@acme.example",
    "Anna",
    "We are on it",
    "Because.",
    {"service": "0patch", "amount": "1 seat", "code": "ORD-1", "order_url": "http://shop.test/o"},
)


def invite(world: World, email: str = "finn@ferrow.example", name: str = "Finn") -> None:
    """The mail of these tests: an invitation."""
    with world.acting("brightfield"):
        invitations.invite_customer("Ferrow", email=email, name=name, by="Bea")


def the_task(world: World) -> Task:
    with world.acting():
        return db.session().scalars(select(Task).where(Task.kind == "mail_invitation")).one()


def its_time_has_come(world: World) -> None:
    """What waits is due, and the lease of a worker that died is over."""
    with world.acting():
        db.session().execute(update(Task).values(next_at=Task.created_at, leased_until=None))


@pytest.mark.promise("QC9")
def test_a_mail_server_that_is_down_costs_time_and_no_mail(world: World, post: PostOffice) -> None:
    post.close()
    invite(world)
    for _ in range(3):
        world.work()
        its_time_has_come(world)
    waiting = the_task(world)
    assert waiting.state is TaskState.PENDING
    assert "does not take mail right now" in waiting.note
    post.open()
    world.work()
    assert the_task(world).state is TaskState.DONE
    assert len(post.mails(to="finn@ferrow.example")) == 1


def test_waiting_for_a_server_never_ends_in_giving_up() -> None:
    pauses = [mailer._pause(Letter(MAIL, "x", attempts)) for attempts in range(60)]
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[3] < pauses[-1] == mailer.LONGEST_WAIT


@pytest.mark.promise("QC9")
@pytest.mark.parametrize(("point", "copies"), [("mail.before_send", 1), ("mail.sent", 2)])
def test_a_worker_that_dies_sends_at_most_one_copy_with_the_same_id(
    world: World, post: PostOffice, point: str, copies: int
) -> None:
    invite(world)
    killed = subprocess.run(
        [sys.executable, "-c", "import app; app.create_app(); from core import drain; drain.Drain().run()"],
        env={**os.environ, "FAULT": f"{point}:kill"},
        check=False,
    )
    assert killed.returncode == -9
    its_time_has_come(world)
    world.work()
    arrived = post.mails(to="finn@ferrow.example")
    assert len(arrived) == copies
    assert {mail["message_id"] for mail in arrived} == {f"<invitation.{the_task(world).id}@localhost>"}
    assert the_task(world).state is TaskState.DONE


def test_an_address_that_the_server_refuses_waits_for_a_person(world: World, post: PostOffice) -> None:
    invite(world, "anybody@refused.example")
    world.work()
    assert the_task(world).state is TaskState.PARKED
    with world.acting():
        item = db.session().scalars(select(WorkItem)).one()
    assert item.kind == "mail not sent"
    assert "550" in item.words


def test_a_server_that_asks_to_come_back_is_asked_again(world: World, post: PostOffice) -> None:
    invite(world, "anybody@later.example")
    world.work()
    waiting = the_task(world)
    assert waiting.state is TaskState.PENDING
    assert "451" in waiting.note


@pytest.mark.parametrize(
    "name", ["Anna\r\nBcc: eve@evil.example", "Anna\nSubject: Won", "\x00\u2028Bcc: eve@evil.example"]
)
def test_a_name_cannot_add_a_header(name: str) -> None:
    said = replace(MAIL, name=name, subject=f"For {name}", sender=replace(SHOP, name=name))
    message = mailer.compose(Letter(said, "x"))
    assert message["Bcc"] is None
    assert len(message.get_all("Subject", [])) == len(message.get_all("To", [])) == 1
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@acme.example"]
    assert b"\nBcc:" not in message.as_bytes().split(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "email",
    [
        "anna@acme.example\r\nBcc: eve@evil.example",
        "anna",
        "",
        "a b@c",
        "anna@acme.example, eve@evil.example",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(NeedsPerson):
        mailer.compose(Letter(replace(MAIL, to=email), "x"))


def test_long_and_foreign_names_arrive_whole_enough(world: World, post: PostOffice) -> None:
    name = "Gesellschaft für Wärmepumpen, Lüftung & Söhne (Nürnberg) " * 6
    mailer.send(Letter(replace(MAIL, name=name, sender=replace(SHOP, name=name), subject=f"Für {name}"), "x"))
    arrived = post.only()
    assert arrived["to"] == ["anna@acme.example"]
    assert arrived["subject"].startswith("Für Gesellschaft für Wärmepumpen, Lüftung & Söhne (Nürnberg) ")
    assert arrived["from"].startswith('"Gesellschaft für Wärmepumpen')


def test_a_password_is_not_sent_in_clear() -> None:
    assert mailer._is_here("127.0.0.1")
    assert not mailer._is_here("mail.example")
