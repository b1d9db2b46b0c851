"""Two-factor sign-in: setting it up, signing in with a code, what is used once, what is counted, and how it
ends."""

import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from pyotp.totp import TOTP

from core import factors, sessions
from core.factors import FactorLocked, WrongCode
from core.sessions import Browser as From
from core.sessions import Proven
from sandbox.servers import Postgres
from storefront import commands
from tests.mail.conftest import PostOffice
from tests.portal.conftest import Browser
from tests.portal.test_access import invited
from tests.portal.test_accounts import a_link, sql, use
from tests.races import at_once, raised
from tests.world import HOST, PASSWORD, World

ANNA = "anna@people.example"
KEY = re.compile(r'data-copy="([A-Z2-7]{32})"')
CODE = re.compile(r"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}")


def now(postgres: Postgres) -> int:
    """The database's clock."""
    [(seconds,)] = sql(postgres, "SELECT extract(epoch FROM now())::bigint")
    return int(str(seconds))


def code_of(secret: str, postgres: Postgres, steps: int = 0) -> str:
    """What the phone shows, now or some steps later."""
    return TOTP(secret).generate_otp(now(postgres) // factors.PERIOD + steps)


def switched_on(anna: Browser, postgres: Postgres) -> tuple[str, list[str]]:
    """Sets it up on the page: the key and the recovery codes. The code is the one of the step before, so that
    the present one is still good."""
    assert (
        anna.post("/profile/two-factor/begin", on="/profile/two-factor", password=PASSWORD).status_code == 303
    )
    page = anna.see("/profile/two-factor")
    [secret] = KEY.findall(page)
    done = anna.post(
        "/profile/two-factor/confirm", on="/profile/two-factor", code=code_of(secret, postgres, -1)
    )
    assert done.status_code == 200, done.text
    return secret, list(dict.fromkeys(CODE.findall(done.text)))


def waiting(shop: Callable[..., Browser], where: str = "brightfield", person: str = "anna") -> Browser:
    """Somebody whose password was right."""
    browser = shop(where)
    answer = browser.post("/sign-in", email=f"{person}@people.example", password=PASSWORD, next="/services")
    assert answer.location.endswith("/sign-in/code")
    return browser


@pytest.mark.behaviour("I74")
@pytest.mark.promise("QS6")
def test_with_two_factor_the_password_alone_lets_nobody_in(
    world: World, shop: Callable[..., Browser], postgres: Postgres, post: PostOffice
) -> None:
    anna, elsewhere = shop("brightfield").sign_in("anna"), shop("brightfield").sign_in("anna")
    before = anna.cookie
    secret, codes = switched_on(anna, postgres)
    assert len(codes) == 10
    assert anna.cookie != before
    assert elsewhere.get("/services").status_code == 303, "those who came by password alone are out"
    browser = waiting(shop)
    assert browser.get("/services").status_code == 303
    assert browser.get("/").status_code == 200
    assert "authenticator" in browser.see("/sign-in/code")
    assert browser.post("/sign-in/code", code=code_of(secret, postgres)).location == "/brightfield/services"
    assert browser.get("/services").status_code == 200
    world.work()
    assert post.only("Two-factor sign-in is on", to=ANNA)
    assert "Signed in with a code" in browser.see("/profile")


@pytest.mark.promise("QS6")
def test_a_code_works_once_in_any_browser_and_never_backwards(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    secret, _ = switched_on(shop("brightfield").sign_in("anna"), postgres)
    code = code_of(secret, postgres)
    first, second = waiting(shop), waiting(shop)
    assert first.post("/sign-in/code", code=code).status_code == 303
    assert second.post("/sign-in/code", code=code).status_code == 422
    assert second.post("/sign-in/code", code=code_of(secret, postgres, -1)).status_code == 422


@pytest.mark.promise("QS6")
def test_one_code_entered_twice_at_once_lets_one_in(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    secret, codes = switched_on(shop("brightfield").sign_in("anna"), postgres)
    person = world.people["anna"].person_id
    for code in (code_of(secret, postgres), codes[0]):
        ends = at_once(*[lambda code=code: factors.check(person, code)] * 3)
        assert [type(end) for end in raised(ends)] == [WrongCode] * 2


@pytest.mark.behaviour("I74")
def test_five_wrong_codes_lock_for_everyone_and_say_so(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    secret, _ = switched_on(shop("brightfield").sign_in("anna"), postgres)
    browser = waiting(shop)
    for _ in range(5):
        assert browser.post("/sign-in/code", code="000000").status_code == 422
    locked = waiting(shop).post("/sign-in/code", code=code_of(secret, postgres))
    assert locked.status_code == 429
    assert re.search(r"after \d\d:\d\d UTC", locked.text)
    sql(postgres, "UPDATE factors SET locked_until = locked_until - interval '15 minutes'")
    assert browser.post("/sign-in/code", code="000000").status_code == 422
    assert browser.post("/sign-in/code", code=code_of(secret, postgres)).status_code == 303


@pytest.mark.promise("QS6")
def test_a_hundred_guesses_at_once_are_five(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    switched_on(shop("brightfield").sign_in("anna"), postgres)
    person = world.people["anna"].person_id
    ends = raised(at_once(*[lambda n=n: factors.check(person, f"{n:06}") for n in range(12)]))
    assert sum(isinstance(end, WrongCode) for end in ends) <= 5
    assert sum(isinstance(end, FactorLocked) for end in ends) >= 7


def test_a_recovery_code_lets_in_once_however_it_is_typed(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    _, codes = switched_on(shop("brightfield").sign_in("anna"), postgres)
    browser = waiting(shop)
    typed = f" {codes[0].lower().replace('-', ' ')} "
    assert browser.post("/sign-in/code", code=typed).status_code == 303
    assert "9 of 10 recovery codes left" in browser.see("/profile")
    assert waiting(shop).post("/sign-in/code", code=codes[0]).status_code == 422
    assert codes[0].replace("-", "") not in str(sql(postgres, "SELECT r::text FROM recovery_codes r"))


def test_new_recovery_codes_make_the_old_ones_worthless(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    anna = shop("brightfield").sign_in("anna")
    secret, codes = switched_on(anna, postgres)
    assert anna.post("/profile/two-factor/codes", on="/profile/two-factor", code="000000").status_code == 422
    page = anna.post("/profile/two-factor/codes", on="/profile/two-factor", code=code_of(secret, postgres))
    fresh = set(CODE.findall(page.text))
    assert len(fresh) == 10
    assert not fresh & set(codes)
    assert waiting(shop).post("/sign-in/code", code=codes[0]).status_code == 422
    assert waiting(shop).post("/sign-in/code", code=fresh.pop()).status_code == 303


@pytest.mark.promise("QS6")
def test_a_sign_in_that_waits_is_worth_nothing_elsewhere_later_or_as_a_session(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    secret, _ = switched_on(shop("brightfield").sign_in("anna"), postgres)
    browser = waiting(shop)
    [cookie] = [one for one in (browser.client._cookies or {}).values() if one.key.startswith("step-")]
    assert cookie.http_only
    code = code_of(secret, postgres)
    for base, at in (("http://shop.test", ""), ("http://localhost", "/brightfield")):
        thief = shop("brightfield")
        names = [row[0] for row in sql(postgres, "SELECT code FROM storefronts")]
        for name in names:
            for prefix in ("s-", "step-"):
                thief.client.set_cookie(f"{prefix}{name}", cookie.value, domain=base.split("//")[1])
        assert thief.client.get(f"{at}/profile", base_url=base).status_code == 303
        assert thief.client.post(f"{at}/sign-in/code", base_url=base, data={"code": code}).status_code == 401
    sql(postgres, "UPDATE second_steps SET expires_at = expires_at - interval '10 minutes'")
    assert browser.post("/sign-in/code", code=code).status_code == 401
    assert "time to enter the code is over" in browser.post("/sign-in/code", code=code).text


def test_choosing_a_new_password_leaves_two_factor_on_and_ends_what_waits(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    secret, _ = switched_on(shop("brightfield").sign_in("anna"), postgres)
    browser, token = waiting(shop), a_link(world, postgres)
    assert shop("brightfield").post(f"/forgotten/{token}", password="Another-horse-2").status_code == 303
    assert browser.post("/sign-in/code", code=code_of(secret, postgres)).status_code == 401
    again = shop("brightfield").post("/sign-in", email=ANNA, password="Another-horse-2")
    assert again.location.endswith("/sign-in/code")


def test_switching_it_off_takes_password_and_code(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    anna = shop("brightfield").sign_in("anna")
    secret, codes = switched_on(anna, postgres)
    off = "/profile/two-factor/off"
    assert anna.post(off, on="/profile/two-factor", password="Wrong-1!", code=codes[0]).status_code == 422
    assert anna.post(off, on="/profile/two-factor", password=PASSWORD, code="000000").status_code == 422
    before = anna.cookie
    assert anna.post(off, on="/profile/two-factor", password=PASSWORD, code=codes[0]).status_code == 303
    assert anna.cookie != before
    shop("brightfield").sign_in("anna")
    assert secret not in str(sql(postgres, "SELECT f::text FROM factors f"))


def test_setting_it_up_takes_the_password_and_shows_the_key_no_more_once_it_is_on(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    anna, eve = shop("brightfield").sign_in("anna"), shop("brightfield").sign_in("bea")
    assert anna.get("/profile/two-factor/qr.png").status_code == 404
    assert anna.post("/profile/two-factor/begin", on="/profile/two-factor", password="no").status_code == 422
    assert (
        anna.post("/profile/two-factor/begin", on="/profile/two-factor", password=PASSWORD).status_code == 303
    )
    [secret] = KEY.findall(anna.see("/profile/two-factor"))
    assert secret not in str(sql(postgres, "SELECT f::text FROM factors f")), "sealed"
    picture = anna.get("/profile/two-factor/qr.png")
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    assert picture.headers["Cache-Control"] == "no-store"
    assert eve.get("/profile/two-factor/qr.png").status_code == 404
    assert (
        anna.post("/profile/two-factor/confirm", on="/profile/two-factor", code="000000").status_code == 422
    )
    shop("brightfield").sign_in("anna")  # not in force yet
    anna.post("/profile/two-factor/confirm", on="/profile/two-factor", code=code_of(secret, postgres))
    assert secret not in anna.see("/profile/two-factor")
    assert anna.get("/profile/two-factor/qr.png").status_code == 404
    assert (
        anna.post("/profile/two-factor/begin", on="/profile/two-factor", password=PASSWORD).status_code == 409
    )


def test_an_invitation_does_not_go_round_the_second_step(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    switched_on(shop().sign_in("bea"), postgres)
    token, browser = invited(world, "bea@people.example"), shop("brightfield")
    assert browser.post(f"/invitations/{token}", password=PASSWORD).location.endswith("/sign-in/code")
    assert browser.get("/services").status_code == 303


def test_an_operator_resets_it_and_it_is_written_down(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    anna = shop("brightfield").sign_in("anna")
    switched_on(anna, postgres)
    run = CliRunner().invoke
    assert run(commands.user_reset_2fa, [ANNA, "--why", " "]).exit_code == 1
    assert run(commands.user_reset_2fa, ["nobody@people.example", "--why", "Lost."]).exit_code == 1
    done = run(commands.user_reset_2fa, [ANNA.upper(), "--why", "Phone lost, seen in person."])
    assert done.exit_code == 0, done.output
    assert anna.get("/services").status_code == 303
    assert "Two-factor reset by the operator" in shop("brightfield").sign_in("anna").see("/profile")
    noted = sql(
        postgres,
        "SELECT n.why, t.distributor_id, t.customer_id FROM trail t"
        " JOIN trail_notes n USING (distributor_id, id) WHERE t.what LIKE 'two-factor reset%'",
    )
    assert noted == [("Phone lost, seen in person.", world.distributor_id, world.customers["acme"])]


@pytest.mark.promise("QS6")
def test_the_database_lets_nobody_past_the_second_step(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    switched_on(shop("brightfield").sign_in("anna"), postgres)
    at = From(world.storefronts["brightfield"], HOST, "192.0.2.1")
    proven = Proven(world.people["anna"].person_id, None, False)
    assert sessions.open_for(proven, at=at) is None
    assert sessions.open_for(proven, at=at, second=True) is not None


@pytest.mark.promise("QS6")
def test_a_password_that_was_changed_meanwhile_opens_nothing(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    shop("brightfield")
    at = From(world.storefronts["brightfield"], HOST, "192.0.2.1")
    proven = sessions.prove(ANNA, PASSWORD, address="192.0.2.1")
    use(world, a_link(world, postgres), "Another-horse-2")
    assert sessions.open_for(proven, at=at) is None


def test_a_wrong_password_says_the_same_with_and_without_two_factor(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    switched_on(shop("brightfield").sign_in("anna"), postgres)
    pages = {
        shop("brightfield")
        .post("/sign-in", email=email, password="Wrong-1!")
        .text.replace(email, "")
        .split("Ref")[0]
        for email in (ANNA, "bea@people.example", "nobody@people.example")
    }
    assert len(pages) == 1
