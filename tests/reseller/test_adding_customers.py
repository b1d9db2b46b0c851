"""ADD CUSTOMER and the way off the list, on the pages: what is asked, what the mails say, what nobody
learns."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from core import db, parties
from core.parties import Membership
from partners import customers, invitations
from partners.invitations import Invitation
from tests.mail.conftest import PostOffice
from tests.reseller.conftest import Person
from tests.world import PASSWORD, World, open_portal

FERROW = {"email": "carla@ferrow.example", "company": "Ferrow & Sons", "comment": "Pays late."}


@pytest.fixture(autouse=True)
def open_brightfield(world: World) -> None:
    open_portal(world)


def link_in(mail: dict[str, list[str]]) -> str:
    return next(link for link in mail["links"] if "/invitations/" in link).removeprefix("http://shop.test")


def acme(world: World) -> str:
    with world.acting():
        return f"/reseller/customers/{parties.customer(world.customers['acme']).code}"


@pytest.mark.behaviour("P6", "P7", "P8", "P10", "P11")
def test_an_unknown_address_is_listed_at_once_and_usable_once_its_link_is(
    world: World, bea: Person, post: PostOffice
) -> None:
    assert bea.post("/reseller/customers/invite", company="No address").status_code == 422
    page = bea.places("/reseller/customers/invite", **FERROW).split("?")[0]
    bea.sees(page, "Pays late.", "Invited")
    bea.sees("/reseller/customers?show=invited", "Ferrow & Sons")
    world.work()
    link = link_in(post.only("invites you to Ferrow & Sons")).removeprefix("/brightfield")
    carla = Person(bea.client.application.test_client(), "/brightfield")
    assert carla.post("/sign-in", email=FERROW["email"], password=PASSWORD).status_code == 422
    assert carla.post(link, name="Carla", password=PASSWORD).status_code == 303
    used = Person(bea.client.application.test_client(), "/brightfield")
    assert used.post(link, name="Carla", password=PASSWORD).status_code == 404
    bea.sees(page, "Carla", "Invitation was refused: its link is over", "Because: accepted")
    assert "Invited" not in bea.sees("/reseller/customers?q=ferrow").split("</thead>")[1]
    again = bea.places("/reseller/customers/invite", **FERROW)
    assert again == f"{page}?said=on-the-list"
    world.work()
    assert len(post.mails("Ferrow & Sons")) == 1


@pytest.mark.behaviour("M27", "M28")
def test_one_invitation_relates_a_customer_to_reseller_and_provider(
    world: World, bea: Person, sign_in: Callable[..., Person]
) -> None:
    nora = sign_in("nora")
    bea.places("/reseller/customers/invite", **FERROW)
    for who, console in ((bea, "reseller"), (nora, "distributor")):
        who.sees(f"/{console}/customers?show=invited", "Ferrow & Sons")
    with world.acting():
        invited = db.session().scalars(select(Invitation)).one()
        token = invitations.fresh_token(invited)
    carla = Person(bea.client.application.test_client(), "/brightfield")
    assert carla.post(f"/invitations/{token}", name="Carla", password=PASSWORD).status_code == 303
    for who, console in ((bea, "reseller"), (nora, "distributor")):
        assert "Ferrow" not in who.sees(f"/{console}/customers?show=invited")
        who.sees(f"/{console}/customers", "Ferrow & Sons")


@pytest.mark.behaviour("P9", "P10", "P15", "P16")
def test_a_known_address_is_only_added_and_told(
    world: World, bea: Person, hugo: Person, post: PostOffice
) -> None:
    open_portal(world, "harbour")
    world.fund_by_hand(world.buys("zebra", "patch-y", 2))
    world.work(5)
    zoe = {"email": "zoe@people.example", "company": "Zebra at Brightfield"}
    page = bea.places("/reseller/customers/invite", **zoe).split("?")[0]
    world.work()
    told = post.only("has added you to Zebra at Brightfield")
    assert "You have an account already" in told["text"]
    browser = Person(bea.client.application.test_client(), "/brightfield")
    signed = browser.post("/sign-in", email=zoe["email"], password=PASSWORD)
    assert signed.status_code == 303  # without the link: she is there by being added
    bea.sees(page, "Zoe", "Accepted", "Nothing bought yet.")  # what she has of Harbour is not ours to see
    assert "0patch" not in bea.sees("/reseller/subscriptions")
    hugo.sees("/reseller/subscriptions", "0patch Pro")
    assert "Zebra at Brightfield" not in hugo.sees("/reseller/customers")
    assert hugo.get(page).status_code == 404


def test_the_answer_says_nothing_about_accounts(world: World, bea: Person) -> None:
    seen: list[str] = []
    for email in ("zoe@people.example", "none@people.example"):
        page = bea.places("/reseller/customers/invite", email=email, company="Them")
        assert page.endswith("?said=invited")
        listed = bea.sees("/reseller/customers?show=invited&q=" + email).split("</thead>")[1]
        detail = bea.sees(page.split("?")[0]).split("<main")[1]
        code = page.split("/")[-1].split("?")[0]
        with world.acting():
            invited = str(db.session().scalars(select(Invitation.id).where(Invitation.email == email)).one())
        for text_ in (listed, detail):
            said = text_.replace(email, "EMAIL").replace(code, "CODE").replace(invited, "ID")
            seen.append(re.sub(r"\d\d:\d\d(:\d\dZ?)?", "TIME", said))
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]


@pytest.mark.behaviour("M30")
def test_the_mail_is_ones_own_but_keeps_the_link(world: World, bea: Person, post: PostOffice) -> None:
    assert "{link}" in bea.sees("/reseller/customers/invite")
    without = bea.post("/reseller/customers/invite", **FERROW, words="Come to us!")
    assert without.status_code == 422
    assert "Keep {link} in your text" in without.text
    assert "Come to us!" in without.text
    bea.places("/reseller/customers/invite", **FERROW, words="Good day, <b>Carla</b>:\n{link}\nYours, Bea")
    world.work()
    sent = post.only("invites you to")
    assert "Good day, <b>Carla</b>:" in sent["text"]
    assert "<b>Carla" not in sent["html"]
    assert "Yours, Bea" in sent["text"]
    assert link_in(sent)


@pytest.mark.behaviour("P14")
def test_name_and_comment_are_changed(world: World, bea: Person) -> None:
    bea.sees(acme(world))
    bea.places(acme(world), company="Acme Ltd", comment="Likes tea.")
    bea.sees(acme(world), "Acme Ltd", "Likes tea.", "Customer renamed")
    refused = bea.post(acme(world), company="", comment="Likes tea.")
    assert refused.status_code == 422
    assert "Name the company." in refused.text


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize("side", ["acme", "northwind"])
def test_a_private_comment_is_the_resellers_alone(world: World, side: str) -> None:
    with world.acting("brightfield"):
        customers.keep_comment(parties.customer(world.customers["acme"]), "Pays late.")
        assert customers.comment_of(world.customers["acme"]) == "Pays late."
    with world.acting("harbour"):
        assert customers.comment_of(world.customers["acme"]) == ""
    with pytest.raises(ProgrammingError, match="permission denied"), world.acting(side):
        customers.comment_of(world.customers["acme"])


@pytest.mark.behaviour("P13")
def test_who_still_holds_something_stays_and_the_page_says_the_way_out(world: World, bea: Person) -> None:
    code = world.buys("acme", "patch-y", 3)
    bea.sees(acme(world), "Remove from the list")
    unpaid = bea.post(f"{acme(world)}/remove")
    assert unpaid.status_code == 409
    assert f"Order {code} is open" in unpaid.text
    world.fund_by_hand(code)
    world.work(5)
    held = bea.post(f"{acme(world)}/remove")
    assert held.status_code == 409
    assert "Acme still has 0patch Pro" in held.text
    assert "Cancel what runs first" in held.text
    with world.acting():
        assert parties.customer(world.customers["acme"]).ended_at is None


@pytest.mark.behaviour("P12")
def test_a_removed_customer_is_off_the_list_and_its_account_survives(
    world: World, bea: Person, sign_in: Callable[..., Person], post: PostOffice
) -> None:
    anna = sign_in("anna", "/brightfield")
    anna.sees("/orders")
    bea.places("/reseller/customers/invite", email="anna@people.example")
    bea.sees(acme(world))
    assert bea.places(f"{acme(world)}/remove") == "/reseller/customers?said=customer-removed"
    assert "Acme" not in bea.sees("/reseller/customers")
    bea.sees("/reseller/customers?show=removed", "Acme")
    told = anna.get("/orders")
    assert told.status_code == 401
    assert "removed you from Acme" in told.text
    assert anna.get("/orders").status_code == 303  # to the sign-in page, like anybody
    assert bea.post(f"{acme(world)}/remove").status_code == 409
    bea.places("/reseller/customers/invite", email="anna@acme.example")
    assert bea.sees("/reseller/customers").count("Acme") >= 1
    with world.acting():
        customer = parties.customer(world.customers["acme"])
        assert customer.ended_at is None
        [ended] = db.session().scalars(select(Membership).where(Membership.customer_id == customer.id))
        assert ended.ended_at is not None  # Anna comes back by an invitation, not by itself
