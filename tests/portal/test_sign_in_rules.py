"""When sessions end, and who needs a second factor: what the distributor says holds at the next click, at
every address and for every form."""

import pytest
from flask import Flask

from core import sign_in_rules
from sandbox.servers import Postgres
from storefront.distributor.sign_in import KNOWN
from tests.portal.test_accounts import sql
from tests.portal.test_two_factor import KEY, code_of
from tests.tenancy.routes import ROUTES
from tests.visits import Visit, make_app
from tests.world import PASSWORD, World, open_portal


@pytest.fixture
def app(world: World) -> Flask:
    open_portal(world)
    return make_app()


def rule(world: World, *two_factor: str, idle: int = 60, longest: int = 480) -> None:
    with world.acting():
        sign_in_rules.set_rules(
            idle_minutes=idle, longest_minutes=longest, two_factor=two_factor, known=KNOWN
        )


def is_in(visit: Visit) -> bool:
    return visit.get("/profile").status_code == 200


def age(postgres: Postgres, column: str, minutes: int) -> None:
    sql(postgres, f"UPDATE sessions SET {column} = now() + interval '{minutes} minutes'")  # noqa: S608 ours


@pytest.mark.behaviour("I74")
def test_a_session_ends_without_a_click_and_at_the_latest_as_the_distributor_says(
    world: World, app: Flask, postgres: Postgres
) -> None:
    anna = Visit(app, "/brightfield").sign_in("anna")
    age(postgres, "last_seen_at", -59)
    assert is_in(anna)
    age(postgres, "last_seen_at", -61)
    assert not is_in(anna), "60 minutes where nobody says anything"
    anna.sign_in("anna")
    [(minutes,)] = sql(
        postgres,
        "SELECT extract(epoch FROM expires_at - created_at)::int / 60 FROM sessions ORDER BY created_at DESC"
        " LIMIT 1",
    )
    assert minutes == 480
    rule(world, idle=10, longest=30)
    age(postgres, "last_seen_at", -11)
    assert not is_in(anna), "who is signed in already as well"
    anna.sign_in("anna")
    age(postgres, "last_seen_at", -9)
    assert is_in(anna)
    [(minutes,)] = sql(
        postgres,
        "SELECT extract(epoch FROM max(expires_at - created_at))::int / 60 FROM sessions",
    )
    assert minutes == 30, "also of those that were longer"
    age(postgres, "expires_at", -1)
    assert not is_in(anna)


def test_a_way_into_another_shop_makes_no_session_longer(
    world: World, app: Flask, postgres: Postgres
) -> None:
    bea = Visit(app).sign_in("anna")
    sql(postgres, "UPDATE sessions SET expires_at = now() + interval '7 minutes'")
    chosen = bea.post("/choose", {"standing": str(world.people["anna"].membership_id)})
    assert "/brightfield/ticket/" in chosen.location
    assert bea.client.get(chosen.location, base_url="http://shop.test").status_code == 303
    [(many, latest)] = sql(
        postgres, "SELECT count(*), extract(epoch FROM max(expires_at) - now())::int FROM sessions"
    )
    assert many == 2
    assert int(str(latest)) <= 7 * 60


@pytest.mark.behaviour("I74")
def test_whoever_needs_a_second_factor_sets_it_up_before_anything_else_from_every_address(
    world: World, app: Flask, postgres: Postgres
) -> None:
    bea, anna = Visit(app).sign_in("bea"), Visit(app, "/brightfield").sign_in("anna")
    assert bea.get("/reseller/").status_code == 200
    rule(world, "reseller:admin")
    for key in ROUTES:
        method, path = key.split(" ")
        if "<" in path or path.startswith(("/webhooks", "/livez", "/readyz", "/healthz", "/metrics")):
            continue
        if path.startswith("/profile/two-factor") or path in ("/sign-out", "/look", "/favicon.ico"):
            continue
        answer = bea.get(path) if method == "GET" else bea.post(path)
        if method == "GET":
            assert answer.status_code == 303, key
            assert answer.location == "/profile/two-factor?said=two-factor-first-bad", key
        else:
            assert answer.status_code == 403, key
            assert "Set up two-factor sign-in first" in answer.text, key
    assert (
        "Your role needs two-factor sign-in." in bea.get("/profile/two-factor?said=two-factor-first-bad").text
    )
    assert anna.get("/services").status_code == 200, "her role does not need it"

    assert bea.post("/profile/two-factor/begin", {"password": PASSWORD}).status_code == 303
    [secret] = KEY.findall(bea.get("/profile/two-factor").text)
    done = bea.post("/profile/two-factor/confirm", {"code": code_of(secret, postgres)})
    assert done.status_code == 200
    assert bea.get("/reseller/").status_code == 200, "everything opens again"


@pytest.mark.behaviour("I74")
def test_a_role_that_needs_a_second_factor_is_named_by_side(world: World, app: Flask) -> None:
    anna, hugo, nora = (
        Visit(app, "/brightfield").sign_in("anna"),
        Visit(app).sign_in("hugo"),
        Visit(app).sign_in("nora"),
    )
    rule(world, "customer:admin", "distributor:buyer", "reseller:buyer")
    assert anna.get("/services").status_code == 303
    assert hugo.get("/reseller/").status_code == 200
    assert nora.get("/distributor/").status_code == 200
    with world.acting():
        assert sign_in_rules.in_force().two_factor == {
            "customer:admin",
            "distributor:buyer",
            "reseller:buyer",
        }


@pytest.mark.behaviour("I74")
def test_the_rules_are_set_on_their_page_and_refused_by_name(world: World, app: Flask) -> None:
    nora, bea = Visit(app).sign_in("nora"), Visit(app).sign_in("bea")
    path = "/distributor/sign-in-rules"
    wrong = nora.post(path, {"idle": "90", "longest": "60", "two_factor": ["reseller:admin"]})
    assert wrong.status_code == 422
    assert "cannot be longer than the second" in wrong.text
    assert 'value="reseller:admin" aria-label="People of resellers: Administrator" checked' in wrong.text
    good = {"idle": "15", "longest": "60", "two_factor": ["reseller:admin", "customer:god"]}
    assert nora.post(path, good).status_code == 303
    with world.acting():
        assert sign_in_rules.in_force() == sign_in_rules.Rules(15, 60, frozenset({"reseller:admin"}))
    assert "Rules of signing in changed" in nora.get(path).text
    assert bea.get("/reseller/").status_code == 303
