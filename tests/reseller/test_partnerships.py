"""Companies and their providers: invited, accepted by an administrator, found in the directory. Northwind and
Southwind distribute; Hugo's Harbour sells for Northwind and is invited by Southwind."""

import html
import re

import pytest
from sqlalchemy import select, update

from core import db, parties, tenancy
from core.parties import Membership, Reseller
from core.tenancy import Scope, Side
from core.trail import TrailEntry
from partners import providers
from partners.partner_invitations import PartnerInvitation
from tests.mail.conftest import PostOffice
from tests.partners import programme_stage
from tests.races import at_once
from tests.tenancy.stage import SOUTH, found_south
from tests.visits import Visit, make_app
from tests.world import PASSWORD, World

HARBOUR = {"company": "Harbour", "name": "Hugo", "email": "hugo@people.example"}
NEW = {"company": "Lakeside", "name": "Lena Marsh", "email": "lena@lakeside.example"}
OFFER = {
    "about": "Clouds from the south.",
    "offer_training": "Weekly courses",
    "offer_credit_terms": "30 days",
}


@pytest.fixture
def south(world: World) -> Scope:
    """Southwind's scope: another distributor of the installation, with a shop and staff."""
    return Scope(Side.DISTRIBUTOR, found_south())


@pytest.fixture
def sam(south: Scope) -> Visit:
    """Sam of Southwind."""
    return Visit(make_app(), host=SOUTH).sign_in("sam")


@pytest.fixture
def hugo(world: World) -> Visit:
    """Hugo of Harbour, at Northwind's."""
    return Visit(make_app()).sign_in("hugo")


def text_of(visit: Visit, path: str, **query: str) -> str:
    answer = visit.get(path, **query)
    assert answer.status_code == 200, answer.text[-2000:]
    return html.unescape(answer.text)


def invites(sam: Visit, post: PostOffice, world: World, **who: str) -> str:
    """Sam invites a company; the path of the link in its mail."""
    page = sam.get("/distributor/partner-invitations/new").text
    price_list = re.search(r'name="price_list"[^>]*>\s*<option[^>]*value="([^"]+)"', page)
    assert price_list
    form = {"price_list": price_list[1], "programme": "", "words": "Let us sell together."} | who
    answer = sam.post("/distributor/partner-invitations/new", form)
    assert answer.status_code == 303, answer.text[-3000:]
    world.work()
    mail = post.only("invites " + who["company"])
    assert "Let us sell together." in mail["text"]
    return next(link for link in mail["links"] if "/partnerships/" in link).split(SOUTH)[1]


def guest() -> Visit:
    """Somebody at Southwind's shop."""
    return Visit(make_app(), host=SOUTH)


def names_of(scope: Scope) -> list[str]:
    with tenancy.acting_as(scope), db.transaction():
        return list(db.session().scalars(select(Reseller.name).where(~Reseller.house)))


def enrol(world: World, email: str = "hugo@people.example") -> None:
    """Harbour is a partner of Northwind's gold programme."""
    programme_stage.open_programme(world)
    programme_stage.apply(world, email=email)
    version = programme_stage.approve(world, email)
    programme_stage.sign(world, programme_stage.token(world, email), version)


@pytest.mark.behaviour("M23", "M25", "M26", "U2")
def test_a_reseller_of_one_distributor_becomes_one_of_another(
    world: World,
    south: Scope,
    sam: Visit,
    hugo: Visit,
    post: PostOffice,
) -> None:
    enrol(world)
    link = invites(sam, post, world, **HARBOUR)
    assert names_of(south) == []
    assert "Southwind" not in text_of(hugo, "/reseller/providers")
    page = text_of(guest(), link)
    assert "Let us sell together." in page
    assert "You have an account already" in page
    browser = guest()
    answer = browser.post(link, {"password": PASSWORD})
    assert answer.status_code == 303, answer.text[-2000:]
    assert "Welcome. You are a reseller" in text_of(browser, "/reseller/", said="partnership-begun")
    assert names_of(south) == ["Harbour"]
    assert "Harbour" in text_of(sam, "/distributor/resellers")
    listed = text_of(hugo, "/reseller/providers")
    assert "Southwind" in listed
    assert "Northwind" in listed
    assert "http://south.test/sign-in" in listed
    assert "Southwind" in hugo.get("/reseller/providers.csv").text
    with tenancy.acting_as(south), db.transaction():
        there = db.session().scalars(select(Reseller.company_id).where(~Reseller.house)).one()
    with world.acting():
        assert parties.reseller(world.resellers["harbour"]).company_id == there
    world.work()
    assert post.only("Harbour is your reseller now")
    assert guest().get(link).status_code == 404  # once
    assert guest().post(link, {"password": PASSWORD}).status_code == 404
    page = re.search(
        r"/distributor/partner-invitations/INV-\w+", text_of(sam, "/distributor/partner-invitations")
    )
    assert page
    assert "was refused: its link is over" in text_of(sam, page[0])


@pytest.mark.behaviour("M24")
def test_who_is_no_administrator_cannot_accept_and_the_distributor_sees_that_they_tried(
    world: World,
    south: Scope,
    sam: Visit,
    post: PostOffice,
) -> None:
    link = invites(sam, post, world, **HARBOUR)
    with world.acting():
        db.session().execute(
            update(Membership)
            .where(Membership.person_id == world.people["hugo"].person_id)
            .values(roles=["buyer"])
        )
    refused = guest().post(link, {"password": PASSWORD})
    assert refused.status_code == 422
    assert "not its administrator" in refused.text
    assert names_of(south) == []
    with tenancy.acting_as(south), db.transaction():
        assert db.session().scalars(select(TrailEntry).where(TrailEntry.what == "was not accepted")).one()


def test_a_wrong_password_binds_nobody(world: World, south: Scope, sam: Visit, post: PostOffice) -> None:
    link = invites(sam, post, world, **HARBOUR)
    assert guest().post(link, {"password": "Not-hugos-password-1"}).status_code == 422
    assert names_of(south) == []


@pytest.mark.behaviour("U2")
def test_who_is_new_founds_a_company_with_an_account(
    world: World,
    south: Scope,
    sam: Visit,
    post: PostOffice,
) -> None:
    link = invites(sam, post, world, **NEW)
    nameless = guest().post(link, {"name": "Lena", "company": "", "password": PASSWORD})
    assert nameless.status_code == 422
    lena = guest()
    answer = lena.post(link, {"name": "Lena Marsh", "company": "Lakeside Systems", "password": PASSWORD})
    assert answer.status_code == 303, answer.text[-2000:]
    assert names_of(south) == ["Lakeside Systems"]
    assert "Lakeside Systems" in text_of(lena, "/reseller/")


def test_used_withdrawn_late_and_invented_links_get_one_answer(
    world: World,
    south: Scope,
    sam: Visit,
    post: PostOffice,
) -> None:
    link = invites(sam, post, world, **NEW)
    with tenancy.acting_as(south), db.transaction():
        code = db.session().scalars(select(PartnerInvitation.code)).one()
        db.session().execute(update(PartnerInvitation).values(expires_at=PartnerInvitation.created_at))
    said = {guest().get(path).text.split("<main")[1] for path in (link, "/partnerships/invented")}
    assert "Link expired" in text_of(sam, "/distributor/partner-invitations", show="expired")
    assert sam.post(f"/distributor/partner-invitations/{code}/resend").status_code == 303
    world.work()
    second = post.mails("invites Lakeside")[0]
    again = next(one for one in second["links"] if "/partnerships/" in one).split(SOUTH)[1]
    assert again != link
    assert guest().get(again).status_code == 200
    assert sam.post(f"/distributor/partner-invitations/{code}/revoke").status_code == 303
    said |= {guest().get(path).text.split("<main")[1] for path in (again,)}
    assert len({re.sub(r"REQ-\w+", "", one) for one in said}) == 1
    assert sam.post(f"/distributor/partner-invitations/{code}/resend").status_code == 409


def test_of_many_clicks_at_once_one_makes_a_reseller(
    world: World, south: Scope, sam: Visit, post: PostOffice
) -> None:
    link = invites(sam, post, world, **HARBOUR)
    ends = at_once(*[lambda: guest().post(link, {"password": PASSWORD}).status_code for _ in range(4)])
    assert sorted(ends) == [303, 404, 404, 404]
    assert names_of(south) == ["Harbour"]


def test_whoever_is_a_reseller_here_is_not_invited(
    world: World, south: Scope, sam: Visit, post: PostOffice
) -> None:
    browser = guest()
    assert browser.post(invites(sam, post, world, **HARBOUR), {"password": PASSWORD}).status_code == 303
    page = sam.get("/distributor/partner-invitations/new").text
    price_list = re.search(r'name="price_list"[^>]*>\s*<option[^>]*value="([^"]+)"', page)
    assert price_list
    again = sam.post(
        "/distributor/partner-invitations/new", {"price_list": price_list[1], "programme": ""} | HARBOUR
    )
    assert again.status_code == 409
    assert "Harbour is your reseller already" in again.text


@pytest.mark.behaviour("M20", "M22")
def test_partners_compare_providers_and_ask_for_an_invitation(
    world: World,
    south: Scope,
    sam: Visit,
    hugo: Visit,
    post: PostOffice,
) -> None:
    assert "Indirect providers" not in text_of(hugo, "/reseller/")
    for path in ("/reseller/providers", "/reseller/providers.csv", "/reseller/providers/directory"):
        assert hugo.get(path).status_code == 403
    assert hugo.post("/reseller/providers/southwind/ask", {"words": "Please."}).status_code == 403
    enrol(world)
    assert "Indirect providers" in text_of(hugo, "/reseller/")
    assert "Nobody is in the directory" in text_of(hugo, "/reseller/providers/directory")
    assert hugo.post("/reseller/providers/southwind/ask", {"words": "Please."}).status_code == 409

    assert sam.post("/distributor/directory", {"published": "y"}).status_code == 422
    assert sam.post("/distributor/directory", {"published": "y"} | OFFER).status_code == 303
    listed = text_of(hugo, "/reseller/providers/directory")
    for words in ("Southwind", "Weekly courses", "30 days", "Not offered"):
        assert words in listed
    assert "No provider matches" in text_of(hugo, "/reseller/providers/directory", offer="finance")

    assert hugo.post("/reseller/providers/southwind/ask", {"words": ""}).status_code == 422
    assert (
        hugo.post("/reseller/providers/southwind/ask", {"words": "We sell in the south."}).status_code == 303
    )
    assert hugo.post("/reseller/providers/southwind/ask", {"words": "Once more."}).status_code == 409
    assert "Asked" in text_of(hugo, "/reseller/providers/directory")
    world.work()
    told = post.only("Harbour asks to become your reseller")
    request = next(link for link in told["links"] if "requests" in link).split(SOUTH)[1]
    assert "We sell in the south." in text_of(sam, request)
    assert sam.post(f"{request}/decline", {"words": "Not this year."}).status_code == 303
    assert sam.post(f"{request}/decline", {"words": "Not this year."}).status_code == 409
    assert "Not this year." in text_of(hugo, "/reseller/providers/directory")
    world.work()
    assert "Not this year." in post.only("does not take your company on")["text"]

    assert hugo.post("/reseller/providers/southwind/ask", {"words": "And now?"}).status_code == 303
    queue = text_of(sam, "/distributor/partner-invitations/requests", show="asked")
    [second] = set(re.findall(r"/distributor/partner-invitations/requests/ASK-\w+", queue))
    price_list = re.search(r'name="price_list"[^>]*>\s*<option[^>]*value="([^"]+)"', text_of(sam, second))
    assert price_list
    assert sam.post(f"{second}/invite", {"price_list": price_list[1], "programme": ""}).status_code == 303
    assert names_of(south) == []


def test_a_request_is_not_made_for_a_company_by_who_does_not_administer_it(
    world: World, south: Scope, sam: Visit, hugo: Visit
) -> None:
    enrol(world)
    with tenancy.acting_as(south), db.transaction():
        providers.keep(published=True, about="Us.", countries="", offers={"training": "Weekly"})
    with world.acting():
        db.session().execute(
            update(Membership)
            .where(Membership.person_id == world.people["hugo"].person_id)
            .values(roles=["buyer"])
        )
    assert hugo.post("/reseller/providers/southwind/ask", {"words": "Please."}).status_code == 403
