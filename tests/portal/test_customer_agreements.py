"""The customer agreement on the pages: the checkout says what is missing and who may accept it, the page
accepts, a mailed link accepts, a provider attests, each refused by name by direct POST as well."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from core import db, parties, trail
from core.parties import Membership
from core.trail import TrailNote
from partners.terms import Way
from tests.mail.conftest import PostOffice
from tests.partners import agreement_stage as stage
from tests.portal.conftest import Browser
from tests.portal.test_becoming_a_partner import link_in
from tests.world import World

TITLE, PAGE = "0patch customer agreement", f"/agreements/{stage.CODE}"


@pytest.fixture
def bea(anna: Browser, shop: Callable[..., Browser]) -> Browser:
    """Bea at Brightfield's console, whose shop is open."""
    return shop("brightfield").sign_in("bea")


@pytest.fixture
def nora(shop: Callable[..., Browser]) -> Browser:
    """Nora at her console."""
    return shop().sign_in("nora")


def console(world: World, side: str) -> str:
    """The page of Acme's agreements."""
    with world.acting():
        return f"/{side}/customers/{parties.customer(world.customers['acme']).code}/agreements"


def noted(world: World) -> list[str]:
    """Why something was refused, as Acme's trail says it."""
    with world.acting():
        notes = select(TrailNote.why).join(
            trail.TrailEntry,
            (trail.TrailEntry.distributor_id == TrailNote.distributor_id)
            & (trail.TrailEntry.id == TrailNote.id),
        )
        return list(db.session().scalars(notes.where(trail.TrailEntry.object_id == world.customers["acme"])))


def as_a_buyer(world: World, name: str) -> None:
    """Somebody is no administrator any more."""
    with world.acting():
        db.session().execute(update(Membership).where(Membership.name == name).values(roles=["buyer"]))


@pytest.mark.behaviour("M37", "M38")
def test_the_checkout_says_what_is_missing_and_an_administrator_accepts_it(
    world: World, anna: Browser, post: PostOffice
) -> None:
    stage.agreement(world)
    plan = world.plan("patch-y").id
    assert anna.post("/basket", product="patch", plan=plan, quantity=2).status_code == 303
    page = anna.see("/checkout")
    assert f"“{TITLE}” is not accepted yet" in page
    assert "Who may accept it: Anna" in page
    assert f'href="/brightfield{PAGE}"' in page
    refused = anna.post("/checkout", on="/checkout")
    assert refused.status_code == 422
    assert "nothing can be ordered or changed" in refused.text
    assert "is not accepted yet, so nothing" in noted(world)[0]

    text = anna.see(PAGE)
    assert "<strong>fair</strong>" in text
    version = re.search(r'name="agreed" value="([^"]+)"', text)
    assert version
    assert anna.post(PAGE, agreed="").status_code == 422
    assert anna.post(PAGE, agreed=version[1]).status_code == 303
    assert "accepted on" in anna.see("/agreements")
    again = anna.post(PAGE, agreed=version[1])
    assert again.status_code == 409
    assert "is accepted already" in again.text
    assert anna.post("/checkout", on="/checkout").status_code == 303
    world.work()
    assert stage.evidence(world)[0].digest in post.only("is accepted for Acme")["text"]


@pytest.mark.behaviour("M38")
def test_only_an_administrator_accepts_and_only_the_version_in_force(
    world: World, anna: Browser, shop: Callable[..., Browser]
) -> None:
    old = stage.agreement(world)
    new = stage.next_version(world)
    stale = anna.post(PAGE, agreed=old)
    assert stale.status_code == 409
    assert "The terms have changed" in stale.text
    assert "This is not the version in force" in anna.see(f"{PAGE}?number=1")
    as_a_buyer(world, "Anna")
    denied = anna.post(PAGE, agreed=new)
    assert denied.status_code == 403
    assert "Only an administrator of your company accepts" in denied.text
    assert 'name="agreed"' not in anna.see(PAGE)
    assert [words[:30] for words in noted(world)] == [
        "The terms have changed meanwhi",
        "Only an administrator of your ",
    ]
    stranger = shop("harbour").sign_in("zoe")
    assert stranger.post(PAGE, agreed=new).status_code == 303  # for her own company
    assert [one.company for one in stage.evidence(world)] == ["Zebra"]
    assert "nobody@" not in shop("brightfield").see(PAGE)  # everybody may read the text
    assert shop("brightfield").get("/agreements/none").status_code == 404


@pytest.mark.behaviour("M38")
def test_a_mailed_link_accepts_once(
    world: World, bea: Browser, post: PostOffice, shop: Callable[..., Browser]
) -> None:
    version, page = stage.agreement(world), console(world, "reseller")
    prefix, nobody = stage.CODE, shop("brightfield")
    assert "To be accepted" in bea.see(page)
    typed = {f"{prefix}-name": "Anna Berg", f"{prefix}-address": "anna@acme.example"}
    wrong = bea.post(f"{page}/{prefix}/link", on=page, **(typed | {f"{prefix}-address": "anna"}))
    assert wrong.status_code == 422
    assert 'value="Anna Berg"' in wrong.text
    assert bea.post(f"{page}/{prefix}/link", on=page, **typed).status_code == 303
    assert bea.post(f"{page}/{prefix}/link", on=page, **typed).status_code == 409
    world.work()
    link = link_in(post.only("Please accept"), "/agreement-links/").removeprefix("/brightfield")
    assert "asks you to accept it" in nobody.see(link)
    assert nobody.post(link, name="Anna Berg", agreed="").status_code == 422
    assert shop("harbour").get(link).status_code == 404
    done = nobody.post(link, name="Anna Berg", agreed=version)
    assert done.status_code == 200
    assert "is accepted for Acme" in done.text
    for answer in (nobody.get(link), nobody.post(link, name="Anna Berg", agreed=version)):
        assert answer.status_code == 404
        assert "does not work any more" in answer.text
    [kept] = stage.evidence(world)
    assert kept.way is Way.LINK
    assert link.rpartition("/")[2] not in kept.url
    assert "accepted on" in bea.see(page)


def test_a_link_is_sent_anew_and_withdrawn(world: World, bea: Browser, shop: Callable[..., Browser]) -> None:
    stage.agreement(world)
    page, prefix = console(world, "reseller"), stage.CODE
    typed = {f"{prefix}-name": "Anna Berg", f"{prefix}-address": "anna@acme.example"}
    bea.post(f"{page}/{prefix}/link", on=page, **typed)
    acts = re.findall(r'action="/brightfield(/reseller/[^"]+/links/[^"]+/(?:resend|revoke))"', bea.see(page))
    resend, revoke = acts
    assert bea.post(resend, on=page).status_code == 303
    assert shop("harbour").sign_in("hugo").post(resend, on="/reseller/").status_code == 404
    assert bea.post(revoke, on=page).status_code == 303
    assert "Withdrawn" in bea.see(page)
    assert bea.post(revoke, on=page).status_code == 409


@pytest.mark.behaviour("M39", "M40")
def test_the_provider_attests_where_the_reseller_may_not(
    world: World, bea: Browser, nora: Browser, post: PostOffice
) -> None:
    version, prefix = stage.agreement(world), stage.CODE
    today = datetime.now(UTC).date()
    typed: dict[str, object] = {
        "agreed": version,
        f"{prefix}-first_name": "Anna",
        f"{prefix}-last_name": "Berg",
        f"{prefix}-email": "anna@acme.example",
        f"{prefix}-on": today.isoformat(),
    }
    page = console(world, "reseller")
    assert "Only partners of a programme that says so may attest" in bea.see(page)
    refused = bea.post(f"{page}/{prefix}/attest", on=page, **typed)
    assert refused.status_code == 403
    assert "Ask Northwind to attest it" in refused.text
    assert stage.evidence(world) == []

    page = console(world, "distributor")
    late = nora.post(
        f"{page}/{prefix}/attest", on=page, **(typed | {f"{prefix}-on": str(today + timedelta(days=2))})
    )
    assert late.status_code == 422
    assert "The date cannot be in the future" in late.text
    assert 'value="Berg"' in late.text
    forged = nora.post(f"{page}/{prefix}/attest", on=page, **(typed | {"agreed": str(world.distributor_id)}))
    assert forged.status_code == 409
    as_a_buyer(world, "Nora")
    with world.acting():
        db.session().execute(
            update(Membership).where(Membership.name == "Nora").values(roles=["billing_agent"])
        )
    assert nora.post(f"{page}/{prefix}/attest", on=page, **typed).status_code == 403
    as_a_buyer(world, "Nora")
    assert nora.post(f"{page}/{prefix}/attest", on=page, **typed).status_code == 303
    assert len(noted(world)) == 4
    assert "by Anna Berg, as Nora, Northwind attests" in nora.see(page)
    assert "as Nora, Northwind attests" in bea.see(console(world, "reseller"))
    world.work()
    assert "Nora, Northwind attests that you accepted" in post.only("is accepted for Acme")["text"]


@pytest.mark.behaviour("I71")
def test_each_text_has_its_own_tick_at_the_checkout(world: World, anna: Browser) -> None:
    version = stage.product_terms(world)
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=2)
    page = anna.see("/checkout")
    assert f'name="product_terms" value="{version}"' in page
    assert "for 0patch Pro" in page
    refused = anna.post("/checkout", on="/checkout")
    assert refused.status_code == 422
    assert "Please read “Patching terms” and tick its box" in refused.text
    placed = anna.post("/checkout", on="/checkout", product_terms=version)
    assert placed.status_code == 303
    [kept] = stage.evidence(world)
    assert kept.order_code == placed.location.split("/orders/")[1].split("/")[0]
    assert kept.url == "http://shop.test/brightfield/checkout"
