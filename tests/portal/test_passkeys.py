"""Passkeys: made at one address and of use there alone, instead of the code or of password and code; each
challenge once, and gone together with two-factor sign-in."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from core import factors
from partners import customers
from sandbox.servers import Postgres
from tests.authenticators import Authenticator
from tests.mail.conftest import PostOffice
from tests.portal.conftest import Browser
from tests.portal.test_accounts import sql
from tests.portal.test_two_factor import ANNA, code_of, switched_on, waiting
from tests.world import PASSWORD, World, open_portal

NAMED = {"name": "Work laptop"}


def options(browser: Browser, path: str, on: str, **form: str) -> dict[str, object]:
    """What the script gets from us."""
    answer = browser.post(path, on=on, **form)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(answer.text)


def made(anna: Browser, device: Authenticator) -> None:
    """A passkey of hers, by the page."""
    asked = options(anna, "/profile/passkeys/begin", "/profile/two-factor", password=PASSWORD)
    done = anna.post("/profile/passkeys", on="/profile/two-factor", credential=device.make(asked), **NAMED)
    assert done.status_code == 303, done.text
    assert done.location.endswith("/profile/two-factor?said=passkey-added")


@pytest.fixture
def anna(shop: Callable[..., Browser], postgres: Postgres) -> Browser:
    """Signed in, with two-factor sign-in switched on."""
    browser = shop("brightfield").sign_in("anna")
    switched_on(browser, postgres)
    return browser


@pytest.fixture
def phone(anna: Browser) -> Authenticator:
    """A device of hers with a passkey."""
    device = Authenticator()
    made(anna, device)
    return device


@pytest.mark.behaviour("I74")
def test_whoever_was_added_to_a_list_comes_in_by_a_passkey_too(
    world: World, shop: Callable[..., Browser], phone: Authenticator
) -> None:
    open_portal(world, "harbour")
    with world.acting("harbour"):
        customers.add("anna@people.example", by="Hugo", company="Acme at Harbour")
    browser = shop("harbour")
    asked = options(browser, "/sign-in/passkey/begin", "/sign-in")
    done = browser.post("/sign-in/passkey", credential=phone.show(asked))
    assert done.status_code == 303, done.text
    assert "Acme at Harbour" in browser.see("/choose")


@pytest.mark.promise("QS6")
def test_a_passkey_takes_the_place_of_the_code(
    world: World, shop: Callable[..., Browser], anna: Browser, phone: Authenticator, post: PostOffice
) -> None:
    page = anna.see("/profile/two-factor")
    assert "Work laptop" in page
    assert "shop.test" in page
    browser = waiting(shop)
    asked = options(browser, "/sign-in/passkey/begin", "/sign-in/code", step="second")
    assert asked["rpId"] == "shop.test"
    assert len(asked["allowCredentials"]) == 1  # type: ignore[arg-type]  JSON
    done = browser.post("/sign-in/passkey", step="second", credential=phone.show(asked))
    assert done.location == "/brightfield/services"
    assert browser.get("/services").status_code == 200
    assert "Signed in with a passkey" in browser.see("/profile")
    world.work()
    assert post.only("Your account has a new passkey", to=ANNA)


@pytest.mark.behaviour("I74")
def test_a_device_that_knows_its_owner_lets_in_without_a_password(
    shop: Callable[..., Browser], phone: Authenticator
) -> None:
    browser = shop("brightfield")
    asked = options(browser, "/sign-in/passkey/begin", "/sign-in")
    assert asked["userVerification"] == "required"
    done = browser.post("/sign-in/passkey", credential=phone.show(asked), next="/services")
    assert done.location == "/brightfield/services"
    assert browser.get("/services").status_code == 200

    careless, again = replace(phone, verifies=False), shop("brightfield")
    asked = options(again, "/sign-in/passkey/begin", "/sign-in")
    refused = again.post("/sign-in/passkey", credential=careless.show(asked))
    assert refused.status_code == 422
    assert "This passkey does not work here" in refused.text


@pytest.mark.promise("QS6")
def test_an_answer_is_worth_something_once_at_its_own_address_and_to_its_own_question(
    world: World, shop: Callable[..., Browser], anna: Browser, phone: Authenticator
) -> None:
    def attempt(device: Authenticator, **changed: object) -> int:
        browser = waiting(shop)
        asked = options(browser, "/sign-in/passkey/begin", "/sign-in/code", step="second")
        answer = device.show({**asked, **changed})
        return browser.post("/sign-in/passkey", step="second", credential=answer).status_code

    evil = replace(phone, origin="http://evil.test")
    stranger = Authenticator()
    forged = replace(phone, key=stranger.key)
    assert attempt(evil) == 422
    assert attempt(stranger) == 422
    assert attempt(forged) == 422
    assert attempt(phone, rpId="evil.test") == 422
    assert attempt(phone, challenge="bm90IG91cnM") == 422
    browser = waiting(shop)
    asked = options(browser, "/sign-in/passkey/begin", "/sign-in/code", step="second")
    phone.count = 7
    answer = phone.show(asked)
    assert browser.post("/sign-in/passkey", step="second", credential=answer).status_code == 303
    assert waiting(shop).post("/sign-in/passkey", step="second", credential=answer).status_code == 422
    phone.count = 3  # a copy of the key that was used less often
    assert attempt(phone) == 422


@pytest.mark.promise("QS6")
def test_a_passkey_alone_is_no_way_round_the_password_of_somebody_else(
    world: World, shop: Callable[..., Browser], anna: Browser, phone: Authenticator, postgres: Postgres
) -> None:
    bea = shop().sign_in("bea")
    switched_on(bea, postgres)
    hers = Authenticator()
    made(bea, hers)
    browser = waiting(shop)  # Anna's password was right
    asked = options(browser, "/sign-in/passkey/begin", "/sign-in/code", step="second")
    assert browser.post("/sign-in/passkey", step="second", credential=hers.show(asked)).status_code == 422
    nobody = shop("brightfield")
    assert nobody.post("/sign-in/passkey/begin", step="second").status_code == 401
    asked = options(nobody, "/sign-in/passkey/begin", "/sign-in")
    stranger = Authenticator()
    assert nobody.post("/sign-in/passkey", credential=stranger.show(asked)).status_code == 422
    for nonsense in ("", "{}", "null", "x" * 30_000, "[" * 19_000):
        assert nobody.post("/sign-in/passkey", credential=nonsense).status_code == 422


def test_making_one_takes_the_password_and_an_app_and_the_same_device_has_one(
    world: World, shop: Callable[..., Browser], anna: Browser, phone: Authenticator, postgres: Postgres
) -> None:
    wrong = anna.post("/profile/passkeys/begin", on="/profile/two-factor", password="no")
    assert wrong.status_code == 422
    asked = options(anna, "/profile/passkeys/begin", "/profile/two-factor", password=PASSWORD)
    assert len(asked["excludeCredentials"]) == 1  # type: ignore[arg-type]  JSON
    again = anna.post("/profile/passkeys", on="/profile/two-factor", credential=phone.make(asked), **NAMED)
    assert again.status_code == 422
    assert "known already" in again.text
    without = shop().sign_in("hugo")
    assert without.post("/profile/passkeys/begin", on="/profile", password=PASSWORD).status_code == 409
    number = anna.client.get("/brightfield/sign-in", base_url="http://127.0.0.1")
    assert "passkey" not in number.text
    keys = str(sql(postgres, "SELECT c::text FROM passkey_challenges c"))
    assert str(asked["challenge"]) not in keys


def test_it_is_removed_with_the_password_and_with_two_factor_sign_in(
    world: World, shop: Callable[..., Browser], anna: Browser, phone: Authenticator, postgres: Postgres
) -> None:
    [(passkey_id,)] = sql(postgres, "SELECT id FROM passkeys")
    path, on = f"/profile/passkeys/{passkey_id}/remove", "/profile/two-factor"
    eve = shop().sign_in("hugo")
    assert eve.post(path, on="/profile", password=PASSWORD).status_code == 404
    assert anna.post(path, on=on, password="wrong").status_code == 422
    assert anna.post(path, on=on, password=PASSWORD).status_code == 303
    browser = waiting(shop)
    asked = options(browser, "/sign-in/passkey/begin", "/sign-in/code", step="second")
    assert browser.post("/sign-in/passkey", step="second", credential=phone.show(asked)).status_code == 422

    made(anna, Authenticator())
    [(codes,)] = sql(postgres, "SELECT count(*) FROM passkeys")
    assert codes == 1
    with world.acting():
        factors.remove(world.people["anna"].person_id)
    assert sql(postgres, "SELECT count(*) FROM passkeys") == [(0,)]


def test_the_code_still_works_beside_it(shop: Callable[..., Browser], postgres: Postgres) -> None:
    anna = shop("brightfield").sign_in("anna")
    secret, _ = switched_on(anna, postgres)
    made(anna, Authenticator())
    assert waiting(shop).post("/sign-in/code", code=code_of(secret, postgres)).status_code == 303
