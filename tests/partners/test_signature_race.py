"""Two windows with one link sign at the same moment, by real HTTP, twenty times: one wins, the other reads
why. With the lock taken out, and the table's last word with it, both win: that is what the lock is for."""

import threading
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from core import db
from core.errors import Missing
from core.ids import token_hash
from core.parties import Reseller
from partners import application_reviews, applications
from partners.applications import Application
from partners.enrolments import Enrolment
from sandbox.servers import Postgres
from tests.partners.programme_stage import LENA, open_programme
from tests.races import at_once
from tests.visits import make_app
from tests.world import HOST, World

ROUNDS = 20


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """The shop behind a real server, a thread for each request."""
    server = make_server("127.0.0.1", 0, make_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def approved(world: World, rounds: int) -> list[tuple[str, str]]:
    """An applicant of each round: the path of its link, and the version that it is shown."""
    with world.acting():
        for number in range(rounds):
            who = LENA | {"company": f"Racer {number}", "email": f"racer{number}@lakeside.example"}
            company, name, email = who["company"], who["name"], who["email"]
            applications.apply("gold", company=company, name=name, email=email, evidence=who)
        found = list(db.session().scalars(select(Application).order_by(Application.company)))
        for application in found:
            application_reviews.approve(application, by="Nora")
        return [
            (f"/applications/{applications.token_of(one.nonce)}/sign", str(one.agreement_id)) for one in found
        ]


def signs(address: str, path: str, version: str) -> httpx.Response:
    return httpx.post(
        f"{address}{path}", data={"agreed": version}, headers={"Host": HOST}, timeout=60, trust_env=False
    )


def partners(world: World) -> list[int]:
    """How many resellers came of each applicant."""
    with world.acting():
        racers = Reseller.name.startswith("Racer")
        made = select(func.count()).select_from(Reseller).where(racers).group_by(Reseller.name)
        return list(db.session().scalars(made))


def test_of_two_signatures_at_once_by_http_one_wins_every_time(world: World, address: str) -> None:
    open_programme(world)
    for path, version in approved(world, ROUNDS):
        answers = at_once(*[lambda path=path, version=version: signs(address, path, version)] * 2)
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        [refused] = [answer for answer in answers if answer.status_code == 409]
        assert "signed already" in refused.text
    assert partners(world) == [1] * ROUNDS
    with world.acting():
        assert db.session().scalar(select(func.count()).select_from(Enrolment)) == ROUNDS


def test_with_the_lock_taken_out_both_win(
    world: World, address: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_programme(world)
    both_looked = threading.Barrier(2)

    def without_lock(link: str, *, to_change: bool = False, however_old: bool = False) -> Application:
        found = db.session().scalar(select(Application).where(Application.token_hash == token_hash(link)))
        if found is None:
            raise Missing("application")
        if to_change:
            both_looked.wait(20)
        return found

    monkeypatch.setattr(applications, "by_link", without_lock)
    unbind(postgres)
    [(path, version)] = approved(world, 1)
    answers = at_once(*[lambda: signs(address, path, version)] * 2)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert partners(world) == [2]


def unbind(postgres: Postgres) -> None:
    """The table no longer says that an application is signed once."""
    with psycopg.connect(postgres.admin_url("shop").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE agreement_signatures"
            " DROP CONSTRAINT uq_agreement_signatures_distributor_id_application_id"
        )
