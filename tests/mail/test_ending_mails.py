"""What the owner of a service reads about its end: cancelled, kept, soon, ended; and the reseller about its
plan and its storefront."""

import re
from datetime import timedelta

from sqlalchemy import select

from checkout.orders import PayBy
from core import db
from storefront import ending_mails, mailer
from storefront.mailer import Mail
from subscriptions import cancellations
from subscriptions.cancellations import Cancellation
from subscriptions.subscriptions import Subscription
from tests.mail.conftest import PostOffice
from tests.world import World, open_portal


def acme_has_licences(world: World) -> None:
    open_portal(world)
    world.fund_by_hand(world.buys("acme", "patch-y", 2))
    world.work()


def the() -> Subscription:
    """The only subscription of this world."""
    return db.session().scalars(select(Subscription)).one()


def text_of(said: Mail | None) -> str:
    """What a mail says, once both its parts have been looked at."""
    assert said
    html, text = mailer.draw(said)
    assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;|\bTrue\b|\bFalse\b", html + text)
    assert said.reason in text
    assert said.values["until"] in html
    assert said.values["until"] in text
    return text


def test_notices_and_the_end_are_written_to_the_owner_in_its_shop_s_name(
    world: World, post: PostOffice
) -> None:
    acme_has_licences(world)
    with world.acting():
        ends = the().ends_at
    assert ends
    for days in (7, 1):
        world.goes_on(to=ends - timedelta(days=days))
    world.goes_on(to=ends)
    world.work()
    subjects = [mail["subject"] for mail in post.mails(to="anna@people.example")][:3]
    assert subjects == ["Ended: 0patch Pro", "0patch Pro ends in 1 day", "0patch Pro ends in 7 days"]
    soon = post.only("ends in 7 days")
    assert f"{ends:%-d %b %Y, %H:%M} UTC" in soon["text"]
    assert "Renewals are not offered yet" in soon["text"]
    assert any("/brightfield/services/SUB-" in link for link in soon["links"])


def test_a_cancelled_service_says_who_until_when_and_whether_it_can_be_kept(world: World) -> None:
    acme_has_licences(world)
    with world.acting("acme"):
        cancellations.cancel(the(), by="Anna")
    with world.acting():
        asked = db.session().scalars(select(Cancellation)).one()
        mine = text_of(ending_mails.service_cancelled(asked.id))
    assert "Anna cancelled it." in mine
    assert "choose “Keep it”" in mine
    with world.acting("acme"):
        cancellations.keep(the(), by="Anna")
    with world.acting():
        assert ending_mails.service_cancelled(asked.id) is None
        assert "The cancellation was taken back." in text_of(ending_mails.service_kept(asked.id))
    with world.acting("brightfield"):
        again = cancellations.cancel(the(), by="Bea of Brightfield")
    with world.acting():
        assert ending_mails.service_kept(asked.id) is None
        assert "please ask them" in text_of(ending_mails.service_cancelled(again.id))


def test_a_reseller_reads_what_the_end_of_its_plan_means_for_its_shop_and_its_customers(
    world: World, post: PostOffice
) -> None:
    world.give_credit("brightfield", 100_00)
    world.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    world.work()
    with world.acting():
        ends = the().ends_at
    world.goes_on(to=ends)
    world.work()
    ended = post.only("Ended: Standard", to="bea@people.example")
    assert "Your storefront is closed" in ended["text"]
    assert "The address “brightfield” is kept for you until" in ended["text"]
    assert "http://shop.test/reseller/plans" in ended["links"]


def test_nobody_is_told_that_a_plan_ended_which_another_one_replaced(world: World, post: PostOffice) -> None:
    world.give_credit("brightfield", 100_00)
    world.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    world.work()
    world.buys("brightfield", "free-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    world.work()
    world.work()
    assert post.mails("Ended") == []
