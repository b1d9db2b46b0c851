"""Two browsers use one invitation at the same instant, over real HTTP, twenty times: one of them gets in.
With the lock taken out of the database both do, so the race is one."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import create_engine, func, select
from werkzeug.serving import make_server

from core import db, parties
from core.parties import Membership
from core.tenancy import Side
from partners import acceptances, invitations
from sandbox.servers import Postgres
from tests.races import at_once
from tests.visits import make_app
from tests.world import HASH, HOST, PASSWORD, World

ROUNDS = 20
HELD = "WHERE i.token_hash = p_token AND i.state = 'pending' AND f.id"
LET_GO = "WHERE i.token_hash = p_token AND f.id"


@pytest.fixture
def shop(world: World) -> Iterator[str]:
    """The shop behind a socket of its own, with a thread for each request."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    server = make_server("127.0.0.1", port, make_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()


def invited(world: World, number: int) -> str:
    """A colleague of Brightfield's who has an account; the token of the mail."""
    email = f"ben{number}@new.example"
    with world.acting("brightfield"):
        parties.add_person(email=email, name="Ben", password_hash=HASH)
        return invitations.fresh_token(
            invitations.invite(Side.RESELLER, email=email, name="Ben", roles=["buyer"], by="Bea")
        )


def click(shop: str, token: str) -> int:
    """Accepts the invitation as a browser does; what it is answered."""
    return httpx.post(
        f"{shop}/invitations/{token}",
        headers={"Host": HOST},
        data={"password": PASSWORD},
        timeout=60,
    ).status_code


def round_(world: World, shop: str, number: int) -> list[int]:
    token = invited(world, number)
    return sorted(at_once(lambda: click(shop, token), lambda: click(shop, token)))


def members(world: World) -> int:
    with world.acting():
        chosen = select(func.count()).select_from(Membership).where(Membership.email.like("ben%@new.example"))
        return db.session().scalar(chosen) or 0


def test_of_two_browsers_that_accept_at_once_one_gets_in(world: World, shop: str) -> None:
    assert [round_(world, shop, number) for number in range(ROUNDS)] == [[303, 404]] * ROUNDS
    assert members(world) == ROUNDS


def test_without_the_lock_both_get_in(world: World, shop: str, postgres: Postgres) -> None:
    engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in (acceptances.LOOK, acceptances.ACCEPT):
            find = f"SELECT pg_get_functiondef('{name}'::regproc)"
            source = connection.exec_driver_sql(find).scalar_one()
            assert source.count(HELD) == 1
            connection.exec_driver_sql(source.replace(HELD, LET_GO).replace("%", "%%"))
    engine.dispose()
    assert any(round_(world, shop, number) == [303, 303] for number in range(ROUNDS))
