"""A person's own account in the shop: a forgotten password, the profile, sessions, and another address."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from core import account_links, passwords
from core.account_links import LinkEnded
from core.sessions import Browser as From
from sandbox.servers import Postgres
from tests.mail.conftest import PostOffice
from tests.portal.conftest import Browser
from tests.races import at_once, raised
from tests.world import HOST, PASSWORD, World, open_portal

NEW = "Another-horse-2"
ANNA = "anna@people.example"


def sql(postgres: Postgres, statement: str) -> list[tuple[object, ...]]:
    """What the administrator sees, or does."""
    engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        done = connection.execute(text(statement))
        rows = [tuple(row) for row in done] if done.returns_rows else []
    engine.dispose()
    return rows


def link_in(mail: dict[str, object], part: str) -> str:
    """The path of the link in a mail that holds this part."""
    links = mail["links"]
    assert isinstance(links, list)
    [found] = {link for link in links if part in link and not link.endswith(part.rstrip("/"))}
    return found


def asked(world: World, shop: Callable[..., Browser], post: PostOffice, email: str = ANNA) -> str:
    """Somebody forgot their password; the token of the link that they get."""
    assert shop("brightfield").post("/forgotten", email=email).status_code == 200
    world.work()
    return link_in(post.only("Choose a new password", to=email), "/forgotten/").rpartition("/")[2]


# --- A forgotten password ----------------------------------------------------------------------------


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(
    world: World, shop: Callable[..., Browser], post: PostOffice
) -> None:
    anna = shop("brightfield").sign_in("anna")
    token, browser = asked(world, shop, post), shop("brightfield")
    assert ANNA in browser.see(f"/forgotten/{token}")
    weak = browser.post(f"/forgotten/{token}", password="short")
    assert weak.status_code == 422
    assert "at least 8 characters" in weak.text.lower()
    assert browser.post(f"/forgotten/{token}", password=NEW).location.startswith("/brightfield/sign-in?said=")
    assert browser.post(f"/forgotten/{token}", password=NEW).status_code == 404
    assert anna.get("/services").status_code == 303, "every session has ended"
    typed = {"email": ANNA, "password": PASSWORD}
    assert browser.post("/sign-in", **typed).status_code == 422
    assert browser.post("/sign-in", **(typed | {"password": NEW})).status_code == 303
    world.work()
    told = post.only("chosen anew", to=ANNA)
    assert "http://shop.test/brightfield/forgotten" in told["links"]
    assert "northwind" not in told["text"].lower()


@pytest.mark.promise("QS1")
def test_known_and_unknown_addresses_get_the_same_answer_and_leave_the_same_rows(
    world: World, shop: Callable[..., Browser], post: PostOffice, postgres: Postgres
) -> None:
    pages, rows = list[str](), list[list[int]]()
    tables = ("account_links", "tasks", "throttles")
    count = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)  # noqa: S608 ours
    before = sql(postgres, count)[0]
    for email in (ANNA, "nobody@people.example", "zoe@people.example"):  # Zoe is at home in another shop
        answer = shop("brightfield").post("/forgotten", email=email)
        pages.append(answer.text.replace(email, "").split("Reference")[0])
        after = sql(postgres, count)[0]
        rows.append([int(str(now)) - int(str(then)) for now, then in zip(after, before, strict=True)])
        before = after
    assert len(set(pages)) == 1
    assert rows[0][:2] == rows[1][:2] == rows[2][:2] == [1, 1]
    assert rows[1] == rows[2]
    world.work()
    assert [mail["to"] for mail in post.mails("Choose a new password")] == [[ANNA]]


def test_a_second_mail_has_to_wait_a_minute_and_the_sixth_an_hour(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    browser = shop("brightfield")
    links = "SELECT count(*) FROM account_links"
    for _ in range(3):
        assert browser.post("/forgotten", email=ANNA).status_code == 200
    assert sql(postgres, links) == [(1,)]
    for _ in range(8):
        sql(postgres, "UPDATE throttles SET locked_until = locked_until - interval '61 seconds'")
        assert browser.post("/forgotten", email=ANNA).status_code == 200
    assert sql(postgres, links) == [(5,)]


def test_one_machine_cannot_ask_for_everybody(world: World, shop: Callable[..., Browser]) -> None:
    browser = shop("brightfield")
    answers = [browser.post("/forgotten", email=f"p{n}@people.example").status_code for n in range(32)]
    assert answers == [200] * 30 + [429] * 2


def a_link(world: World, postgres: Postgres, email: str = ANNA) -> str:
    """A good link, as its mail would carry it."""
    if "brightfield" not in world.storefronts:
        open_portal(world)
    with world.acting():
        account_links.ask_reset(email, storefront_id=world.storefronts["brightfield"])
    [(link_id,)] = sql(postgres, "SELECT id FROM account_links ORDER BY id DESC LIMIT 1")
    with world.acting():
        found = account_links.for_mail(UUID(str(link_id)), world.distributor_id)
    assert found
    return found.token


def use(world: World, token: str, password: str) -> None:
    """Uses a link as the page does."""
    use_hashed(world, token, passwords.hashed(password))


def use_hashed(world: World, token: str, hashed: str) -> None:
    """The second half: what the page does once the password is hashed."""
    with world.acting():
        account_links.use_reset(token, hashed, at=From(world.storefronts["brightfield"], HOST, "192.0.2.1"))


@pytest.mark.promise("QS6")
def test_of_one_link_used_twice_at_once_one_wins(world: World, postgres: Postgres) -> None:
    for _ in range(5):
        token = a_link(world, postgres)
        ends = at_once(*(partial(use_hashed, world, token, f"hash {n}") for n in (1, 2)))
        assert [type(end) for end in raised(ends)] == [LinkEnded]


@pytest.mark.promise("QS6")
def test_of_two_links_used_at_once_one_wins_and_every_other_is_void(world: World, postgres: Postgres) -> None:
    """Both uses are let go at the same instant: each waits for Anna's row, which the test holds."""
    first, second, third = (a_link(world, postgres) for _ in range(3))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND wait_event_type = 'Lock'"
    engine = create_engine(postgres.admin_url("shop"))
    with ThreadPoolExecutor(2) as pool:
        with engine.begin() as holding:
            holding.execute(text("SELECT 1 FROM persons WHERE email = 'anna@people.example' FOR UPDATE"))
            uses = [pool.submit(use_hashed, world, token, "hash") for token in (first, second)]
            deadline = time.monotonic() + 20
            while sql(postgres, waiting) != [(2,)]:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        ends = [use.exception() for use in uses]
    engine.dispose()
    assert sorted(type(end).__name__ for end in ends) == ["LinkEnded", "NoneType"]
    with pytest.raises(LinkEnded):
        use_hashed(world, third, "hash")


def test_a_link_is_void_after_an_hour_elsewhere_and_after_the_password_was_changed(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    anna, token = shop("brightfield").sign_in("anna"), a_link(world, postgres)
    assert shop("harbour").get(f"/forgotten/{token}").status_code == 404
    assert shop("brightfield").get("/forgotten/").status_code == 404
    sql(postgres, "UPDATE account_links SET expires_at = expires_at - interval '1 hour'")
    late = shop("brightfield").get(f"/forgotten/{token}")
    assert late.status_code == 404
    assert "does not work any more" in late.text
    sql(postgres, "UPDATE account_links SET expires_at = expires_at + interval '1 hour'")
    assert anna.post("/profile/password", on="/profile", old=PASSWORD, new=NEW).status_code == 303
    assert shop("brightfield").post(f"/forgotten/{token}", password=NEW).status_code == 404


def test_the_database_alone_holds_no_link(world: World, postgres: Postgres) -> None:
    token = a_link(world, postgres)
    told = sql(postgres, "SELECT l::text, t.args::text FROM account_links l, tasks t")
    assert told
    assert token not in str(told)


# --- The profile -------------------------------------------------------------------------------------


def test_everybody_has_a_profile_in_every_shop(world: World, shop: Callable[..., Browser]) -> None:
    for person, where in (("anna", "brightfield"), ("bea", "brightfield"), ("bea", ""), ("nora", "")):
        page = shop(where).sign_in(person).see("/profile")
        assert f"{person}@people.example" in page
        assert "This one" in page
    assert shop("brightfield").get("/profile").location == "/brightfield/sign-in?next=%2Fprofile"


@pytest.mark.promise("QS6")
def test_a_changed_password_ends_every_other_session_and_goes_on_under_a_new_token(
    world: World, shop: Callable[..., Browser]
) -> None:
    anna, elsewhere = shop("brightfield").sign_in("anna"), shop("brightfield").sign_in("anna")
    before = anna.cookie
    for old, new, why in (
        ("Wrong-horse-1", NEW, "not your password"),
        (PASSWORD, "short", "at least 8 characters"),
        (PASSWORD, PASSWORD, "have already"),
    ):
        refused = anna.post("/profile/password", on="/profile", old=old, new=new)
        assert refused.status_code == 422
        assert why in refused.text.lower()
    assert anna.post("/profile/password", on="/profile", old=PASSWORD, new=NEW).status_code == 303
    assert elsewhere.get("/services").status_code == 303
    assert anna.cookie != before
    assert anna.get("/services").status_code == 200
    anna.client.set_cookie(anna.cookie_name, before, domain=HOST)
    assert anna.get("/services").status_code == 303, "the token before is worth nothing"


def test_one_session_can_be_ended_and_nobody_else_s(world: World, shop: Callable[..., Browser]) -> None:
    anna, other, bea = (shop("brightfield").sign_in(who) for who in ("anna", "anna", "bea"))
    [ending] = re.findall(r"/profile/sessions/([0-9a-f-]{36})/end", anna.see("/profile"))
    assert bea.post(f"/profile/sessions/{ending}/end", on="/profile").status_code == 404
    assert bea.post("/profile/sessions/nonsense/end", on="/profile").status_code == 404
    assert other.get("/services").status_code == 200
    assert anna.post(f"/profile/sessions/{ending}/end", on="/profile").status_code == 303
    assert other.get("/services").status_code == 303
    assert anna.get("/services").status_code == 200


def test_signing_out_everywhere_else_reaches_other_shops(world: World, shop: Callable[..., Browser]) -> None:
    here, there = shop("brightfield").sign_in("anna"), shop().sign_in("anna")
    page = here.see("/profile")
    assert "And 1 session in other shops" in page, "counted, not named"
    assert "Northwind" not in page
    assert "Brightfield" in there.see("/profile"), "the distributor's host lists all"
    assert here.post("/profile/sessions/end", on="/profile").status_code == 303
    assert there.get("/profile").status_code == 303
    assert "All other sessions ended" in here.see("/profile")


def test_a_new_name_is_seen_wherever_the_old_one_was(
    world: World, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    sql(postgres, "UPDATE memberships SET name = 'Miss Hugo' WHERE email = 'hugo@people.example'")
    anna, hugo = shop("brightfield").sign_in("anna"), shop().sign_in("hugo")
    assert anna.post("/profile/name", on="/profile", name="  ").status_code == 422
    assert anna.post("/profile/name", on="/profile", name="Anna  Berg").status_code == 303
    assert hugo.post("/profile/name", on="/profile", name="Hugo P.").status_code == 303
    names = (
        "SELECT p.name, m.name FROM persons p JOIN memberships m ON m.person_id = p.id"
        " WHERE p.email LIKE '{}@%'"
    )
    assert sql(postgres, names.format("anna")) == [("Anna Berg", "Anna Berg")]
    assert sql(postgres, names.format("hugo")) == [("Hugo P.", "Hugo P.")]


def test_another_address_is_confirmed_by_its_link_and_the_old_one_is_told(
    world: World, shop: Callable[..., Browser], post: PostOffice, postgres: Postgres
) -> None:
    anna = shop("brightfield").sign_in("anna")
    fresh = "anna@new.example"
    for email, password, why in (
        ("nonsense", PASSWORD, "Enter an e-mail address"),
        (fresh, "Wrong-horse-1", "not your password"),
        (ANNA, PASSWORD, "have already"),
    ):
        refused = anna.post("/profile/email", on="/profile", email=email, password=password)
        assert refused.status_code == 422
        assert why in refused.text
    sql(postgres, "UPDATE throttles SET locked_until = NULL")
    assert anna.post("/profile/email", on="/profile", email=fresh, password=PASSWORD).status_code == 303
    world.work()
    assert "another address" in post.only("may get another address", to=ANNA)["text"]
    token = link_in(post.only("Is this your address", to=fresh), "/profile/email/").rpartition("/")[2]
    assert ANNA in anna.see("/profile"), "nothing has changed yet"
    assert shop("harbour").get(f"/profile/email/{token}").status_code == 404
    assert fresh in shop("brightfield").see(f"/profile/email/{token}")
    assert shop("brightfield").post(f"/profile/email/{token}").status_code == 303
    assert shop("brightfield").post(f"/profile/email/{token}").status_code == 404
    assert shop("brightfield").post("/sign-in", email=fresh, password=PASSWORD).status_code == 303
    assert shop("brightfield").post("/sign-in", email=ANNA, password=PASSWORD).status_code == 422
    assert sql(postgres, "SELECT count(*) FROM memberships WHERE email = 'anna@new.example'") == [(1,)]
    world.work()
    assert post.only("has another address", to=ANNA)
    assert sql(postgres, "SELECT count(*) FROM trail WHERE what = 'e-mail changed'") == [(1,)]


def test_an_address_of_somebody_else_is_refused_to_whoever_reads_its_mailbox_only(
    world: World, shop: Callable[..., Browser], post: PostOffice
) -> None:
    anna = shop("brightfield").sign_in("anna")
    taken = "zoe@people.example"
    assert anna.post("/profile/email", on="/profile", email=taken, password=PASSWORD).status_code == 303
    world.work()
    token = link_in(post.only("Is this your address", to=taken), "/profile/email/").rpartition("/")[2]
    refused = anna.post(f"/profile/email/{token}")
    assert refused.status_code == 409
    assert "belongs to another account" in refused.text


@pytest.mark.promise("QS7")
def test_no_link_in_a_mail_follows_the_request(
    world: World, shop: Callable[..., Browser], post: PostOffice
) -> None:
    """Host and X-Forwarded-Host, foreign and our own: an unknown host is refused, and no header shows in a
    mail."""
    shop("brightfield")
    matrix = [
        ("evil.example", {}, 404),
        ("shop.test.evil.example", {}, 404),
        ("shop.test", {"X-Forwarded-Host": "evil.example"}, 200),
        ("shop.test:666", {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}, 200),
        ("localhost", {"X-Original-Host": "evil.example"}, 200),
    ]
    client = shop("brightfield").client
    people = ["anna", "bea", "anna", "bea", "nora"]
    for (host, headers, status), person in zip(matrix, people, strict=True):
        at = "" if person == "nora" else "/brightfield"
        answer = client.post(
            f"{at}/forgotten",
            base_url=f"http://{host}",
            headers=headers,
            data={"email": f"{person}@people.example"},
        )
        assert answer.status_code == status, host
    world.work()
    mails = post.mails("Choose a new password")
    assert len(mails) == 3
    assert {link.split("/")[2] for mail in mails for link in mail["links"]} == {"shop.test"}
