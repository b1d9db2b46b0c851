"""A session belongs to one shop, one host, one standing and one person, and lives on the server: its cookie
is worth nothing anywhere else, and nothing as soon as one of them ends (QS6)."""

import pytest
from sqlalchemy import create_engine, select, text

from core import db, parties
from core.trail import TrailEntry
from sandbox.servers import Postgres
from storefront.fragments import FRAGMENTS
from tests.visits import Visit, make_app
from tests.world import HOST, PASSWORD, World, open_portal

OURS = "/basket"  # a page of somebody signed in


@pytest.fixture
def shops(world: World) -> World:
    """Brightfield and Harbour both have open shops."""
    for reseller in ("brightfield", "harbour"):
        open_portal(world, reseller)
    FRAGMENTS.clear()
    return world


def cookie_of(visit: Visit) -> str:
    """The session token in the browser."""
    return next(cookie.value for cookie in visit.client._cookies.values() if cookie.key.startswith("s-"))


def is_in(visit: Visit) -> bool:
    """Whether a page of somebody signed in is shown, rather than the way to the sign-in page."""
    answer = visit.get(OURS)
    assert answer.status_code == 200 or "/sign-in" in answer.headers["Location"], answer.text
    return answer.status_code == 200


def replay(token: str, world: World, *, at: str, host: str = HOST) -> Visit:
    """A browser that sends a token under the cookie names of a shop and of all others."""
    visit = Visit(make_app(), at, host)
    with world.acting():
        codes = [
            storefront_code
            for (storefront_code,) in db.session().execute(text("SELECT code FROM storefronts"))
        ]
    for code in codes:
        visit.client.set_cookie(f"s-{code}", token, domain=host)
    return visit


def sql(postgres: Postgres, statement: str) -> None:
    engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.promise("QS6")
def test_a_cookie_of_one_shop_is_worth_nothing_in_another_or_on_another_host(shops: World) -> None:
    anna = Visit(make_app(), "/brightfield").sign_in("anna")
    token = cookie_of(anna)
    assert is_in(anna)
    assert is_in(replay(token, shops, at="/brightfield"))
    assert not is_in(replay(token, shops, at="/harbour"))
    assert not is_in(replay(token, shops, at=""))
    assert not is_in(replay(token, shops, at="/brightfield", host="localhost"))


@pytest.mark.promise("QS6")
def test_a_cookie_kept_after_signing_out_is_worth_nothing(shops: World) -> None:
    anna = Visit(make_app(), "/brightfield").sign_in("anna")
    token = cookie_of(anna)
    anna.post("/sign-out")
    assert not is_in(replay(token, shops, at="/brightfield"))


@pytest.mark.promise("QS6", "QS9")
def test_a_membership_that_ended_ends_its_sessions_at_the_next_request(shops: World) -> None:
    anna = Visit(make_app(), "/brightfield").sign_in("anna")
    with shops.acting():
        for member in parties.members(customer_id=shops.customers["acme"]):
            member.ended_at = db.session().info["now"]
    told = anna.get(OURS)
    assert told.status_code == 401
    assert "removed you from Acme" in told.text
    with shops.acting():
        noted = select(TrailEntry).where(TrailEntry.what == "refused after the removal")
        assert db.session().scalars(noted).one().person_id == shops.people["anna"].person_id
    assert not is_in(anna)


@pytest.mark.promise("QS6")
def test_a_person_who_is_disabled_is_out_at_the_next_request(shops: World, postgres: Postgres) -> None:
    anna = Visit(make_app(), "/brightfield").sign_in("anna")
    sql(postgres, "UPDATE persons SET disabled_at = now() WHERE email = 'anna@people.example'")
    assert not is_in(anna)
    answer = anna.client.post(
        anna.url("/sign-in"), data={"email": "anna@people.example", "password": PASSWORD}
    )
    assert answer.status_code == 422


@pytest.mark.promise("QS6")
@pytest.mark.parametrize("change", ["expires_at = now()", "last_seen_at = now() - interval '9 hours'"])
def test_an_old_session_ends_by_itself(shops: World, postgres: Postgres, change: str) -> None:
    anna = Visit(make_app(), "/brightfield").sign_in("anna")
    sql(postgres, f"UPDATE sessions SET {change}")  # noqa: S608 two constants
    assert not is_in(anna)


def test_what_is_over_since_yesterday_is_forgotten_as_people_sign_in(
    shops: World, postgres: Postgres
) -> None:
    Visit(make_app(), "/brightfield").sign_in("anna")
    sql(postgres, "UPDATE sessions SET expires_at = now() - interval '25 hours'")
    sql(
        postgres,
        "INSERT INTO throttles (key, failures, touched_at)"
        " VALUES ('ip:192.0.2.1', 3, now() - interval '25 hours'), ('ip:192.0.2.2', 3, now())",
    )
    Visit(make_app(), "/brightfield").sign_in("anna")
    engine = create_engine(postgres.admin_url("shop"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 1
        assert connection.scalars(text("SELECT key FROM throttles")).all() == ["ip:192.0.2.2"]
    engine.dispose()


@pytest.mark.promise("QS6")
def test_a_token_planted_before_signing_in_is_not_the_sessions_token(shops: World) -> None:
    planted = replay("planted-by-somebody", shops, at="/brightfield")
    planted.sign_in("anna")
    assert is_in(planted)
    assert not is_in(replay("planted-by-somebody", shops, at="/brightfield"))


@pytest.mark.promise("QS6")
def test_every_sign_in_gives_a_new_token_and_the_database_keeps_none_of_them(
    shops: World, postgres: Postgres
) -> None:
    tokens = [cookie_of(Visit(make_app(), "/brightfield").sign_in("anna")) for _ in range(2)]
    assert len(set(tokens)) == 2
    engine = create_engine(postgres.admin_url("shop"))
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT t::text FROM sessions t")).scalars().all()
    engine.dispose()
    assert len(kept) == 2
    assert not any(token in row for token in tokens for row in kept)


@pytest.mark.promise("QS6")
def test_nobody_signs_in_where_they_have_no_standing(shops: World) -> None:
    visit = Visit(make_app(), "/harbour")
    answers = [
        visit.client.post(visit.url("/sign-in"), data={"email": email, "password": password})
        for email, password in (
            ("anna@people.example", PASSWORD),
            ("anna@people.example", "wrong"),
            ("nobody@people.example", PASSWORD),
        )
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert all("do not match an account of this shop" in answer.text for answer in answers)


@pytest.mark.promise("QS6")
def test_a_form_without_the_sessions_token_changes_nothing(shops: World) -> None:
    anna, zoe = (
        Visit(make_app(), "/brightfield").sign_in("anna"),
        Visit(make_app(), "/harbour").sign_in("zoe"),
    )
    plan = shops.plan("patch-y")
    form = {"product": "patch", "plan": str(plan.id), "quantity": "1"}
    for token in ("", "wrong", zoe.token):
        assert anna.client.post(anna.url("/basket"), data=form | {"csrf_token": token}).status_code == 400
    assert anna.post("/basket", form, headers={"Origin": "http://evil.example"}).status_code == 403
    assert anna.post("/basket", form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert "patch" not in anna.get(OURS).text.lower()
    assert anna.post("/basket", form).status_code == 303
