"""What the mails say, to whom, in whose look, and where their links lead."""

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

import app
from billing import refund_policies
from billing.refund_policies import Party, WhenRefused
from billing.refunds import Because, Refund
from checkout import line_refunds, orders
from checkout.orders import PayBy
from core import db
from core.money import Money
from partners import acceptances, invitations, storefronts
from partners.invitations import Invitation
from partners.storefronts import Host, Image, Storefront
from provisioning import line_cancellations, resolutions
from provisioning.deliveries import ConnectorSettings, Delivery
from storefront import mail, mailer
from storefront.mailer import Letter, Mail
from subscriptions.subscriptions import Subscription
from tests.mail.conftest import PostOffice
from tests.world import World, open_portal
from whitelabel_themes.loader import themes

T = TypeVar("T")
MAILS: dict[str, Callable[[], Mail | None]] = {
    "order_received": lambda: mail.order_received(the(Delivery).order_id),
    "service_ready": lambda: mail.service_ready(the(Subscription).id),
    "needs_attention": lambda: mail.needs_attention(the(Delivery).id),
    "we_are_on_it": lambda: mail.we_are_on_it(the(Delivery).id),
    "delivery_refused": lambda: mail.delivery_refused(the(Delivery).id),
    "refunded": lambda: mail.refunded(the(Refund).id),
    "invitation": lambda: mail.invitation(the(Invitation).id),
}


def the(model: type[T]) -> T:
    """The only row of its kind in this world."""
    return db.session().scalars(select(model)).one()


def acme_has_bought(world: World) -> str:
    """A delivered order of a customer of Brightfield, and an open invitation."""
    open_portal(world)
    world.give_credit("brightfield", 1000_00)
    code = world.buys("acme", "patch-y", 15)
    world.pay(code)
    world.work()
    with world.acting():
        line = orders.lines(orders.find(code).id)[0]
        line_refunds.give_back(
            line.id, key="1", because=Because.BY_HAND, why="Late.", amount=Money(500, "EUR")
        )
    with world.acting("brightfield"):
        invitations.invite_customer("Ferrow & Sons", email="finn@ferrow.example", name="Finn", by="Bea")
    return code


def every_mail(world: World) -> dict[str, Mail]:
    with world.acting():
        drawn = {name: say() for name, say in MAILS.items()}
    return {name: said for name, said in drawn.items() if said}


@pytest.mark.parametrize("theme", sorted(themes()))
def test_every_mail_has_html_and_a_text_twin_that_say_the_same(world: World, theme: str) -> None:
    acme_has_bought(world)
    with world.acting():
        for shop in db.session().scalars(select(Storefront)):
            shop.theme = theme
            storefronts.touch_looks(shop)
    mails = every_mail(world)
    assert set(mails) == set(MAILS)
    for said in mails.values():
        html, text = mailer.draw(said)
        assert said.sender.theme.name == theme
        assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;", html + text)
        assert set(re.findall(r"https?://[^\s\"<]+", text)) <= set(
            re.findall(r"https?://[^\s\"<]+|$", html)
        ) | {said.sender.url + "/"}
        assert "<" not in text
        assert said.reason in text


def test_the_order_s_mail_says_net_vat_and_gross_and_leads_to_its_confirmation(world: World) -> None:
    open_portal(world)
    world.taxes(19)
    code = world.buys("acme", "patch-y", 3)
    with world.acting():
        said = mail.order_received(orders.find(code).id)
    assert said is not None
    message = mailer.compose(Letter(said, "reference"))
    text = message.get_body(("plain",))
    assert text is not None
    assert all(amount in text.get_content() for amount in ("€74.85", "VAT 19 %: €14.22", "Total: €89.07"))
    assert f"/orders/{code}/confirmation.pdf" in text.get_content(), (
        "drawn when it is fetched, not for every mail"
    )


def test_a_company_s_name_is_text_in_both_parts(world: World) -> None:
    acme_has_bought(world)
    html, text = mailer.draw(every_mail(world)["invitation"])
    assert "Ferrow &amp; Sons" in html
    assert "Ferrow & Sons" in text


@pytest.mark.behaviour("I8", "I22")
def test_the_reseller_is_told_to_log_in_and_customise_its_portal(world: World, post: PostOffice) -> None:
    world.give_credit("brightfield", 100_00)
    world.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    world.work()
    told = post.only("customise your portal")
    assert told["to"] == ["bea@people.example"]
    assert {"http://shop.test/brightfield", "http://shop.test/reseller/branding"} <= set(told["links"])


def test_a_customer_hears_from_its_reseller_s_shop(world: World, post: PostOffice) -> None:
    code = acme_has_bought(world)
    world.work()
    ready = post.only("Ready: 0patch Pro", to="anna@people.example")
    assert ready["from"] == "Brightfield <no-reply@localhost>"
    assert any(link.startswith("http://shop.test/brightfield/services/SUB-") for link in ready["links"])
    received = post.only(code, to="anna@people.example")
    assert f"http://shop.test/brightfield/orders/{code}" in received["links"]
    assert "northwind" not in (ready["text"] + received["text"]).lower()


def test_the_invitation_s_link_is_the_one_that_works(world: World, post: PostOffice) -> None:
    acme_has_bought(world)
    world.work()
    sent = post.only(to="finn@ferrow.example")
    [link] = {link for link in sent["links"] if "/invitations/" in link}
    assert link.startswith("http://shop.test/brightfield/invitations/")
    invited = acceptances.look(link.rpartition("/")[2], storefront_id=world.storefronts["brightfield"])
    assert invited.standing == "Ferrow & Sons"


def test_a_revoked_invitation_is_not_mailed(world: World, post: PostOffice) -> None:
    acme_has_bought(world)
    with world.acting("brightfield"):
        invitations.revoke(the(Invitation))
    world.work()
    assert post.mails(to="finn@ferrow.example") == []


def test_a_delivery_that_waits_is_told_to_the_distributor_and_calmly_to_the_buyer(
    world: World, post: PostOffice
) -> None:
    open_portal(world)
    world.give_credit("brightfield", 1000_00)
    code = world.buys("acme", "patch-y", 15)
    world.fund_by_hand(code)
    with world.acting():
        db.session().scalars(select(ConnectorSettings)).one().settings = {"signing_key": "lost"}
    world.work()
    waiting = post.only(to="desk@northwind.example")
    assert "signing key is missing" in waiting["text"]
    assert "http://shop.test/distributor/work" in waiting["links"]
    calm = post.only("We are on it", to="anna@people.example")
    assert "not be charged twice" in calm["text"]
    assert "signing key" not in calm["text"]
    assert f"http://shop.test/brightfield/orders/{code}" in calm["links"]


@pytest.mark.promise("QS7")
@pytest.mark.parametrize("host", ["evil.example", "shop.test:666", "shop.test@evil.example"])
def test_links_never_follow_the_request(world: World, host: str) -> None:
    acme_has_bought(world)
    forged = {"HTTP_HOST": host, "HTTP_X_FORWARDED_HOST": host}
    with app.create_app().test_request_context("/", environ_overrides=forged):
        drawn = [mailer.draw(said) for said in every_mail(world).values()]
    links = re.findall(r"https?://[^\s\"<]+", "".join(html + text for html, text in drawn))
    assert links
    assert {urlsplit(link)[:2] for link in links} == {("http", "shop.test")}


@pytest.mark.promise("QS7")
def test_links_use_the_shop_s_own_verified_host(world: World) -> None:
    acme_has_bought(world)
    with world.acting():
        shop = storefronts.of_reseller(world.resellers["brightfield"])
        assert shop
        db.add(Host(host="cloud.brightfield.example", storefront_id=shop.id))
    said = every_mail(world)["invitation"]
    assert said.values["link"].startswith("http://cloud.brightfield.example/invitations/")
    assert every_mail(world)["needs_attention"].values["work_url"] == "http://shop.test/distributor/work"


def test_a_cancelled_order_is_not_confirmed(world: World, post: PostOffice) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y", 15)
    with world.acting():
        orders.cancel(orders.find(code), why="Changed my mind.")
    world.work()
    assert post.mails() == []


def test_who_answers_and_who_sent_it(world: World) -> None:
    acme_has_bought(world)
    message = mailer.compose(mailer.Letter(every_mail(world)["service_ready"], "reference"))
    assert message["Reply-To"] == "Brightfield <bea@brightfield.example>"
    assert message["Message-ID"] == "<service_ready.reference@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_logo_travels_inside_the_mail(world: World) -> None:
    acme_has_bought(world)
    with world.acting():
        shop = storefronts.of_reseller(world.resellers["brightfield"])
        assert shop
        shop.logo = "mark"
        db.add(Image(reseller_id=shop.reseller_id, name="mark", content=b"PNG of Brightfield"))
    message = mailer.compose(mailer.Letter(every_mail(world)["service_ready"], "reference"))
    html = message.get_body(("html",))
    assert html
    assert 'src="cid:logo"' in html.get_content()
    [picture] = [part for part in message.walk() if part["Content-ID"] == "<logo>"]
    assert picture.get_content() == b"PNG of Brightfield"


@pytest.mark.promise("QP10")
@pytest.mark.parametrize("refused", [True, False], ids=["refused", "cancelled"])
def test_who_gets_money_back_is_told_once_and_in_words_that_are_true(
    world: World, post: PostOffice, refused: bool
) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y", 15)
    world.pay(code)
    with world.acting():
        delivery = the(Delivery)
        if refused:
            resolutions.refuse(delivery.id, why="This tenant is managed by somebody else.")
        else:
            line_cancellations.ask(delivery.id, by="Anna")
    world.work()
    [told] = [each for each in post.mails(to="anna@people.example") if code not in each["subject"]]
    assert "you get €374.25 back" in told["subject"]
    for words in (
        "on the way back to the card",
        "It can take some days",
        "credit note",
        "need to do nothing",
    ):
        assert words in told["text"]
    assert ("the vendor refused" in told["text"]) == refused
    assert "managed by somebody else" not in told["text"]  # a vendor's words are for those who deal with it
    assert ("cancelled before" in told["text"]) == (not refused)
    assert f"http://shop.test/brightfield/orders/{code}" in told["links"]


@pytest.mark.promise("QP10")
def test_where_a_person_decides_the_buyer_hears_that_and_nothing_of_a_refund(
    world: World, post: PostOffice
) -> None:
    open_portal(world)
    with world.acting():
        refund_policies.decide(when_refused=WhenRefused.ASK, fee_when_refused=Party.DISTRIBUTOR)
    code = world.buys("acme", "patch-y", 15)
    world.pay(code)
    with world.acting():
        resolutions.refuse(the(Delivery).id, why="No.")
    world.work()
    [told] = [each for each in post.mails(to="anna@people.example") if code not in each["subject"]]
    assert "We could not deliver" in told["subject"]
    assert "writes to you" in told["text"]
