"""Becoming a partner on the pages: the shop's programmes, the form, the applicant's status page, and the
reviewer's and the programme's pages in the distributor's console; with the mails in between."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from core import db
from core.parties import Membership, Reseller
from partners import application_reviews, invitations
from partners.applications import Application, ApplicationState
from partners.invitations import Invitation
from tests.mail.conftest import PostOffice
from tests.partners.programme_stage import LENA, apply, approve, open_programme, the_application, token
from tests.portal.conftest import Browser
from tests.world import PASSWORD, World

CHOSEN = "Chosen-by-lena-7"


@pytest.fixture
def lena(world: World, shop: Callable[..., Browser]) -> Browser:
    """Lena at Northwind's shop, where the gold programme is open; nobody knows her."""
    open_programme(world)
    return shop()


@pytest.fixture
def nora(shop: Callable[..., Browser]) -> Browser:
    """Nora at her console."""
    return shop().sign_in("nora")


def link_in(mail: dict[str, list[str]], part: str) -> str:
    """The path of a link of a mail."""
    return next(link for link in mail["links"] if part in link).removeprefix("http://shop.test")


@pytest.mark.behaviour("H2", "H3", "H4", "M7", "U1", "U2")
def test_an_applicant_becomes_a_selling_partner_by_pages_and_mails(
    world: World, lena: Browser, nora: Browser, post: PostOffice
) -> None:
    assert "Become a partner" in lena.see("/")
    assert 'href="/partners/gold"' in lena.see("/partners")
    handed_in = lena.post("/partners/gold", **LENA)
    assert handed_in.status_code == 200
    assert LENA["email"] in handed_in.text
    assert "/applications/" not in handed_in.text
    world.work()
    status = link_in(post.only("We have your application"), "/applications/")
    assert "A reviewer looks at it" in lena.see(status)
    review = link_in(post.only("applies to Gold"), "/distributor/applications/")
    assert LENA["experience"] in nora.see(review)

    assert nora.post(f"{review}/ask", on=review, words="Since when?").status_code == 303
    world.work()
    assert "Since when?" in post.only("A question")["text"]
    assert "Since when?" in lena.see(status)
    answered = lena.post(f"{status}/answer", **{**LENA, "answer": "Since 2018."})
    assert answered.status_code == 303
    assert "Since 2018." in nora.see(review)

    assert lena.get("/reseller/").status_code == 303  # nobody has access before the signature
    assert nora.post(f"{review}/approve", on=review).status_code == 303
    world.work()
    to_sign = link_in(post.only("Approved"), "/applications/")
    assert to_sign == status
    page = lena.see(status)
    assert "<strong>fair</strong>" in page
    version = re.search(r'name="agreed" value="([^"]+)"', page)
    assert version
    refused = lena.post(f"{status}/sign")
    assert refused.status_code == 422
    assert "tick the box" in refused.text
    assert lena.post(f"{status}/sign", agreed=version[1]).status_code == 303
    assert "You are a partner until" in lena.see(status)
    again = lena.post(f"{status}/sign", agreed=version[1])
    assert again.status_code == 409
    assert "signed already" in again.text

    world.work()
    assert "You are a partner" in post.only("You are a partner of")["subject"]
    invitation = link_in(post.only("invites you to Lakeside Systems"), "/invitations/")
    assert lena.post(invitation, name="Lena Marsh", password=CHOSEN).status_code == 303
    assert "Lakeside Systems" in lena.see("/reseller/")
    partnership = re.search(r'href="(/reseller/programmes/[^"]+)"', lena.see("/reseller/programmes"))
    assert partnership
    assert f"{partnership[1]}/agreement" in lena.see(partnership[1])
    kept = lena.see(f"{partnership[1]}/agreement")  # what was signed can be read again, by its signatories
    assert all(words in kept for words in ("<strong>fair</strong>", "Lena Marsh", "Gold partners"))
    signed = nora.see(review)
    assert "SHA-256" in signed
    with world.acting():
        code = db.session().scalars(select(Reseller.code).where(Reseller.name == LENA["company"])).one()
    assert f"/distributor/resellers/{code}" in signed
    assert "Gold partners" in nora.see(f"/distributor/resellers/{code}")


@pytest.mark.behaviour("P1", "P2")
def test_whoever_has_an_account_sees_no_reseller_page_until_it_is_enabled(
    world: World, lena: Browser, shop: Callable[..., Browser]
) -> None:
    zoe, email = shop().sign_in("zoe"), "zoe@people.example"
    assert zoe.post("/partners/gold", on="/partners/gold", **(LENA | {"email": email})).status_code == 200
    assert zoe.get("/reseller/").status_code == 404
    version = approve(world, email)
    assert zoe.get("/reseller/").status_code == 404
    status = f"/applications/{token(world, email)}"
    assert zoe.post(f"{status}/sign", on=status, agreed=version).status_code == 303
    with world.acting():
        invited = db.session().scalars(select(Invitation)).one()
        link = f"/invitations/{invitations.fresh_token(invited)}"
    assert "use its password" in lena.see(link)
    assert lena.post(link, password=PASSWORD).status_code == 303
    assert "Lakeside Systems" in lena.see("/reseller/")


@pytest.mark.behaviour("H1")
def test_a_refused_form_comes_back_filled(world: World, lena: Browser) -> None:
    answer = lena.post("/partners/gold", **(LENA | {"website": ""}))
    assert answer.status_code == 422
    assert "This programme asks for it" in answer.text
    assert LENA["experience"] in answer.text
    assert f'value="{LENA["company"]}"' in answer.text
    with world.acting():
        assert db.session().scalars(select(Application)).all() == []


def test_the_answer_is_the_same_for_an_address_that_has_applied(world: World, lena: Browser) -> None:
    first, second = (lena.post("/partners/gold", **LENA) for _ in range(2))
    reference = re.compile(r"REQ-\w+")
    assert reference.sub("", first.text) == reference.sub("", second.text)


def test_nobody_applies_without_end(world: World, lena: Browser) -> None:
    codes = [lena.post("/partners/gold", **LENA).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


@pytest.mark.parametrize("path", ["/partners", "/partners/gold", "/applications/anything-at-all"])
def test_partners_are_spoken_of_in_the_distributors_shop_only(
    world: World, lena: Browser, shop: Callable[..., Browser], path: str
) -> None:
    assert shop("brightfield").get(path).status_code == 404
    assert "Become a partner" not in shop("brightfield").see("/")
    assert lena.get("/partners/silver").status_code == 404
    assert lena.get("/applications/anything-at-all").status_code == 404


@pytest.mark.behaviour("M11")
def test_before_what_cannot_be_taken_back_a_warning_stands(
    world: World, shop: Callable[..., Browser]
) -> None:
    open_programme(world, irreversible=True)
    apply(world)
    approve(world)
    lena, link = shop(), token(world)
    assert "cannot be taken back" in lena.see("/partners/gold")
    assert "there is no undo" in lena.see(f"/applications/{link}")
    assert lena.post(f"/applications/{link}/withdraw").status_code == 303
    assert "Nothing more happens" in lena.see(f"/applications/{link}")


def test_declining_needs_a_reason_that_the_applicant_reads(
    world: World, lena: Browser, nora: Browser, post: PostOffice
) -> None:
    apply(world)
    with world.acting():
        review = f"/distributor/applications/{the_application().code}"
    refused = nora.post(f"{review}/decline", on=review, words=" ")
    assert refused.status_code == 422
    assert "Write what the applicant is to read" in refused.text
    assert nora.post(f"{review}/decline", on=review, words="We look for <others>.").status_code == 303
    world.work()
    assert "We look for <others>." in post.only("was declined")["text"]
    assert "We look for &lt;others&gt;." in lena.see(f"/applications/{token(world)}")
    late = nora.post(f"{review}/approve", on="/distributor/")
    assert late.status_code == 409
    assert "is declined, so it cannot become approved" in late.text


def test_only_reviewers_decide_and_only_administrators_change_programmes(
    world: World, lena: Browser, nora: Browser
) -> None:

    apply(world)
    with world.acting():
        review = f"/distributor/applications/{the_application().code}"
        db.session().execute(
            update(Membership).where(Membership.name == "Nora").values(roles=["billing_agent"])
        )
    assert "Only storefront managers" in nora.see(review)
    assert nora.post(f"{review}/approve", on="/distributor/").status_code == 403
    assert nora.post("/distributor/programmes/gold", on="/distributor/", name="Mine").status_code == 403
    assert nora.get("/distributor/programmes/new").status_code == 403
    with world.acting():
        assert the_application().state is ApplicationState.SUBMITTED


def test_a_programme_is_made_published_and_opened_in_the_console(world: World, nora: Browser) -> None:
    new, page = "/distributor/programmes/new", "/distributor/programmes/silver"
    form = nora.see(new)
    prices = re.search(r'<option[^>]*value="([0-9a-f-]{36})"', form)
    assert prices
    typed = {
        "code": "silver",
        "name": "Silver",
        "explanation": "For all.",
        "price_list": prices[1],
        "term": "P1Y",
        "answer_days": "3",
        "asks_website": "y",
    }
    early = nora.post(new, **(typed | {"takes_applications": "y"}))
    assert early.status_code == 422
    assert "Publish the agreement first" in early.text
    assert 'value="silver"' in early.text
    assert nora.post(new, **(typed | {"code": "Silver!"})).status_code == 422
    assert nora.post(new, **typed).status_code == 303
    assert nora.post(new, **typed).status_code == 409
    assert nora.post(f"{page}/agreement", **{"agreement-text": "# Silver\n\nShine."}).status_code == 303
    assert "<p>Shine.</p>" in nora.see(page)
    assert nora.post(page, **(typed | {"takes_applications": "y"})).status_code == 303
    assert "Taking applications" in nora.see("/distributor/programmes")
    assert "silver" in nora.see("/distributor/programmes.csv")
    assert "Silver" in nora.see("/partners")
    same = nora.post(f"{page}/agreement", **{"agreement-text": "# Silver\n\nShine."})
    assert same.status_code == 422
    assert "newest version already" in same.text


def test_a_page_that_is_open_while_the_agreement_changes_is_refused(
    world: World, lena: Browser, nora: Browser
) -> None:
    apply(world)
    old = approve(world)
    link, page = token(world), "/distributor/programmes/gold"
    assert (
        nora.post(f"{page}/agreement", **{"agreement-text": "New.", "agreement-for_all": "y"}).status_code
        == 303
    )
    refused = lena.post(f"/applications/{link}/sign", agreed=old)
    assert refused.status_code == 409
    assert "The agreement has changed" in refused.text
    assert "<p>New.</p>" in refused.text
    late = nora.post(
        f"{page}/agreement",
        **{"agreement-text": "Later.", "agreement-for_all": "y", "agreement-valid_from": "2099-01-01"},
    )
    assert late.status_code == 422
    assert "before its day" in late.text


def test_the_queue_is_searched_filtered_and_loaded_as_a_file(world: World, nora: Browser) -> None:
    open_programme(world)
    apply(world)
    apply(world, email="otto@other.example", company="=Other")
    with world.acting():
        application_reviews.decline(the_application("otto@other.example"), "No.", by="Nora")
    assert "Lakeside Systems" not in nora.see("/distributor/applications?show=declined")
    assert "=Other" not in nora.see("/distributor/applications?q=lakeside")
    assert "'=Other" in nora.see("/distributor/applications.csv")
