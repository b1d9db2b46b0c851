"""Conditions in the distributor's console, what a programme says about attesting, consent to a use of
personal data, and the evidence as lists and files of both consoles."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from core import db
from core.parties import Membership
from partners import programmes
from partners.consents import Consent
from tests.partners import agreement_stage as stage
from tests.partners.programme_stage import open_programme
from tests.portal.conftest import Browser
from tests.world import World


@pytest.fixture
def nora(shop: Callable[..., Browser]) -> Browser:
    """Nora at her console."""
    return shop().sign_in("nora")


@pytest.mark.behaviour("I71")
def test_a_condition_is_made_published_and_linked_in_the_console(
    world: World, nora: Browser, anna: Browser
) -> None:
    new, page = "/distributor/conditions/new", "/distributor/conditions/fair-use"
    typed = {"code": "fair-use", "name": "Fair use", "kind": "product_terms"}
    assert nora.post(new, on=new, **(typed | {"code": "Fair use!"})).status_code == 422
    assert nora.post(new, on=new, **(typed | {"kind": "anything"})).status_code == 422
    assert nora.post(new, on=new, **typed).status_code == 303
    assert nora.post(new, on=new, **typed).status_code == 409
    assert nora.post(f"{page}/versions", on=page, text=" ").status_code == 422
    assert nora.post(f"{page}/versions", on=page, text="# Fair\n\nUse it.").status_code == 303
    forged = nora.post(f"{page}/links", on=page, target="vendor:Nobody")
    assert forged.status_code == 422
    assert "Choose a product, a product type or a vendor" in forged.text
    assert nora.post(f"{page}/links", on=page, target="product_type:licence").status_code == 303
    assert "Licence keys" in nora.see(page)

    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=2)
    assert "Fair use" in anna.see("/checkout")
    assert "Use it." in anna.see("/agreements/fair-use")
    link = re.search(r'action="(/distributor/conditions/fair-use/links/[^"]+/remove)"', nora.see(page))
    assert link
    assert nora.post(link[1], on=page).status_code == 303
    assert "Fair use" not in anna.see("/checkout")
    assert "Fair use" in nora.see("/distributor/conditions?show=product_terms")
    assert "Fair use" not in nora.see("/distributor/conditions?show=data_use")
    assert "fair-use" in nora.see("/distributor/conditions.csv")


def test_only_administrators_change_conditions_and_programmes(world: World, nora: Browser) -> None:
    stage.agreement(world)
    open_programme(world)
    with world.acting():
        chosen = update(Membership).where(Membership.name == "Nora")
        db.session().execute(chosen.values(roles=["billing_agent"]))
    page = f"/distributor/conditions/{stage.CODE}"
    assert "Only an administrator changes conditions" in nora.see(page)
    for path in (page, f"{page}/versions", f"{page}/links", "/distributor/programmes/gold/attesting"):
        assert nora.post(path, on="/distributor/").status_code == 403
    assert nora.get("/distributor/conditions/new").status_code == 403
    assert nora.get("/distributor/acceptances.csv").status_code == 403


@pytest.mark.behaviour("M39")
def test_a_programme_says_whether_its_resellers_attest(world: World, nora: Browser) -> None:
    open_programme(world)
    page = "/distributor/programmes/gold/attesting"
    assert nora.post(page, on=page, resellers_attest="y").status_code == 303
    with world.acting():
        assert programmes.find("gold").resellers_attest
    assert nora.post(page, on=page).status_code == 303
    with world.acting():
        assert not programmes.find("gold").resellers_attest


@pytest.mark.behaviour("I72")
def test_consent_to_a_use_of_personal_data_is_logged_and_taken_back(
    world: World, nora: Browser, anna: Browser, shop: Callable[..., Browser]
) -> None:
    version = stage.data_use(world)
    page, say = "/profile/consents", "/profile/consents/news"
    assert "You do not consent" in anna.see(page)
    assert anna.post(say, say="give").status_code == 422
    assert anna.post(say, say="give", agreed="forged").status_code == 409
    assert anna.post(say, say="give", agreed=version).status_code == 303
    assert "You consent" in anna.see(page)
    assert anna.post(say, say="withdraw").status_code == 303
    assert "Taken back" in anna.see(page)
    assert anna.post(say, say="withdraw").status_code == 303  # and nothing more is written
    newest = stage.next_version(world, "news", text="We write twice a month.")
    assert anna.post(say, say="give", agreed=version).status_code == 409
    bea = shop("brightfield").sign_in("bea")
    assert bea.post(say, say="give", agreed=newest).status_code == 303
    assert nora.post(say, say="give", agreed=newest).status_code == 303
    assert shop("brightfield").get(page).status_code == 303
    with world.acting():
        acts = list(db.session().scalars(select(Consent).order_by(Consent.id)))
    assert [(one.name, one.given, one.number) for one in acts] == [
        ("Anna", True, 1),
        ("Anna", False, 1),
        ("Bea", True, 2),
        ("Nora", True, 2),
    ]
    assert acts[0].email == "anna@people.example"
    assert acts[0].company == "Acme"
    assert (acts[0].address, acts[0].url) == (
        "127.0.0.1",
        "http://shop.test/brightfield/profile/consents/news",
    )
    assert len(acts[0].digest) == 64
    with pytest.raises(DBAPIError, match="permission denied"), world.acting("acme"):
        db.session().execute(update(Consent).values(given=True))

    listed = nora.see("/distributor/consents.csv")
    assert acts[0].digest in listed
    assert listed.count("\n") == 5
    assert nora.see("/distributor/consents.csv?show=withdrawn").count("\n") == 2
    theirs = bea.see("/reseller/consents.csv")
    assert "anna@people.example" in theirs
    assert "nora@people.example" not in theirs
    assert "zoe" not in shop("harbour").sign_in("hugo").see("/reseller/consents")


@pytest.mark.behaviour("I71", "M38")
def test_what_was_accepted_is_a_list_and_a_file_for_each_provider(
    world: World, nora: Browser, anna: Browser, shop: Callable[..., Browser]
) -> None:
    stage.accept(world, stage.agreement(world))
    terms = stage.product_terms(world)
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=2)
    placed = anna.post("/checkout", on="/checkout", product_terms=terms)
    code = placed.location.split("/orders/")[1].split("/")[0]
    bea, hugo = shop("brightfield").sign_in("bea"), shop("harbour").sign_in("hugo")
    for browser, side in ((nora, "distributor"), (bea, "reseller")):
        whole = browser.see(f"/{side}/acceptances.csv")
        assert whole.count("\n") == 3
        for word in (
            "0patch customer agreement",
            "Patching terms",
            "0patch Pro",
            code,
            "127.0.0.1",
            "http://",
        ):
            assert word in whole, word
        assert "Patching terms" not in browser.see(f"/{side}/acceptances?show=customer_agreement")
        assert "customer agreement" not in browser.see(f"/{side}/acceptances.csv?q={code.lower()}")
    assert "Brightfield" in nora.see("/distributor/acceptances")
    assert "Nothing accepted yet" in hugo.see("/reseller/acceptances")
