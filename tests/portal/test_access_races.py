"""Two people at two browsers want what only one can have, at the same instant and over real HTTP: a
reseller's last login, and one recovery code. Twenty rounds each; exactly one wins. The same with the lock
taken out, which must show both winning: a race that nobody can lose proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import create_server

import httpx
import pytest
from sqlalchemy import create_engine

from core import factors, parties
from core.doors import DOORS
from core.factors import USE_CODE
from core.tenancy import Side
from partners import invitations, logins
from partners.logins import IS_FREE
from sandbox.servers import Postgres
from tests.fast_worker import Web
from tests.partners.programme_stage import the_programme
from tests.partners.test_logins import limited
from tests.races import at_once
from tests.world import HASH, PASSWORD, World

ROUNDS = 20
LOCK = "PERFORM pg_advisory_xact_lock(hashtextextended(p_reseller::text, 37));"


@pytest.fixture
def address(world: World, tmp_path: Path) -> Iterator[str]:
    """Where a web process answers."""
    with create_server(("127.0.0.1", 0), backlog=64) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        web = Web(tmp_path, listening, env={"PUBLIC_URL": url})
        assert httpx.get(f"{url}/livez", timeout=60).status_code == 200  # it has looked at its database
        yield url
        web.end()


def statuses(*acts: Callable[[], httpx.Response]) -> list[int]:
    """What each was answered, of acts begun together."""
    answers = at_once(*acts)
    assert all(isinstance(answer, httpx.Response) for answer in answers), answers
    return sorted(answer.status_code for answer in answers)


@contextmanager
def browsers(address: str) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Two of them, each connected already."""
    with httpx.Client(base_url=address, timeout=60) as one, httpx.Client(base_url=address, timeout=15) as two:
        for client in (one, two):
            client.get("/sign-in")
        yield one, two


def made_anew(postgres: Postgres, sql: str) -> None:
    """Another body for a door function, with its owner and rights."""
    engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            f"{sql.replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION')} LANGUAGE plpgsql"
            " SECURITY DEFINER SET search_path = public, pg_temp".replace("%", "%%")
        )
    engine.dispose()


# --- The last login -----------------------------------------------------------------------------------------


def asked(world: World, rounds: int) -> list[tuple[str, str]]:
    """Bea has invited two people for every round, while the programme did not limit anything; their links."""
    with world.acting("brightfield"):
        tokens: list[str] = []
        for number in range(2 * rounds):
            email = f"racer-{number}@people.example"
            parties.add_person(email=email, name="Racer", password_hash=HASH)
            made = invitations.invite(Side.RESELLER, email=email, name="Racer", roles=["buyer"], by="Bea")
            tokens.append(invitations.fresh_token(made))
    return list(zip(tokens[::2], tokens[1::2], strict=True))


def one_is_left(world: World) -> None:
    """The programme allows one login more than are taken."""
    with world.acting():
        taken = len(parties.members(world.resellers["brightfield"]))
        logins.set_rules(the_programme(), logins=taken + 1, email_fixed=False)


def both_accept(address: str, links: tuple[str, str]) -> list[int]:
    with browsers(address) as clients:
        acts = [
            partial(client.post, f"/invitations/{link}", data={"password": PASSWORD})
            for client, link in zip(clients, links, strict=True)
        ]
        return statuses(*acts)


@pytest.mark.behaviour("H37")
def test_of_two_who_accept_the_last_login_at_once_one_gets_it(world: World, address: str) -> None:
    limited(world, None)
    for links in asked(world, ROUNDS):
        one_is_left(world)
        assert both_accept(address, links) == [303, 409]


@pytest.mark.behaviour("H37")
def test_without_the_lock_both_would_get_the_last_login(
    world: World, address: str, postgres: Postgres
) -> None:
    limited(world, None)
    [links] = asked(world, 1)
    one_is_left(world)
    assert LOCK in DOORS[IS_FREE]
    slower = (
        DOORS[IS_FREE]
        .replace(LOCK, "")
        .replace("RETURN most > (", "RETURN pg_sleep(0.5) IS NOT NULL AND most > (")
    )
    made_anew(postgres, slower)
    assert both_accept(address, links) == [303, 303]


# --- One recovery code --------------------------------------------------------------------------------------


def with_codes(world: World) -> list[str]:
    """Bea's two-factor sign-in is on; ten codes."""
    person = world.people["bea"].person_id
    factors.begin(person, email="bea@people.example", issuer="Northwind")
    with world.acting():
        return factors.confirm(person, 1)


def both_enter(address: str, code: str) -> list[int]:
    with browsers(address) as clients:
        for client in clients:
            known = {"email": "bea@people.example", "password": PASSWORD}
            assert client.post("/sign-in", data=known).headers["location"] == "/sign-in/code"
        return statuses(*(partial(client.post, "/sign-in/code", data={"code": code}) for client in clients))


@pytest.mark.behaviour("I74")
@pytest.mark.promise("QS6")
def test_a_recovery_code_used_twice_at_once_lets_one_in(world: World, address: str) -> None:
    codes = with_codes(world)
    with world.acting():
        codes += factors.renew_codes(world.people["bea"].person_id)
    for code in codes[10:]:
        assert both_enter(address, code) == [303, 422]
    with world.acting():
        codes = factors.renew_codes(world.people["bea"].person_id)
    for code in codes:
        assert both_enter(address, code) == [303, 422]


@pytest.mark.promise("QS6")
def test_without_the_lock_one_recovery_code_would_let_both_in(
    world: World, address: str, postgres: Postgres
) -> None:
    codes = with_codes(world)
    taken = "UPDATE recovery_codes SET used_at = now() WHERE person_id = p_person AND code_hash = p_code"
    assert taken in DOORS[USE_CODE]
    made_anew(
        postgres,
        "CREATE FUNCTION use_recovery_code_v1(p_person uuid, p_code bytea) RETURNS TABLE (used boolean) AS $$"
        " BEGIN PERFORM 1 FROM recovery_codes c WHERE c.person_id = p_person AND c.code_hash = p_code"
        "  AND c.used_at IS NULL;"
        f" IF FOUND THEN PERFORM pg_sleep(0.5); {taken}; RETURN QUERY SELECT true; END IF; END $$",
    )
    assert both_enter(address, codes[0]) == [303, 303]
