"""Two resellers register one company at the same moment, over real HTTP: exactly one gets it, round after
round. With the indexes taken away that hold a lead, both do."""

import re
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import httpx
import pytest
from sqlalchemy import create_engine, func, select

from core import db
from partners.deals import Deal
from sandbox.servers import Postgres
from tests.fast_worker import Web
from tests.partners.deal_stage import OTTER, open_deals
from tests.races import at_once
from tests.world import HOST, PASSWORD, World

ROUNDS = 20
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[str]:
    """A web process over the world, in which both resellers are partners; its address."""
    open_deals(world)
    with create_server(("127.0.0.1", 0), backlog=64) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        web = Web(tmp_path, listening, env={"PUBLIC_URL": url})
        yield url
        web.end()


class Runner:
    """Somebody signed in at a socket, with the form of a new deal open."""

    def __init__(self, shop: str, person: str) -> None:
        self.client = httpx.Client(base_url=shop, headers={"Host": HOST}, timeout=60)
        typed = {"email": f"{person}@people.example", "password": PASSWORD}
        assert self.client.post("/sign-in", data=typed).status_code == 303
        found = TOKEN.search(self.client.get("/reseller/deals/new").text)
        assert found
        self.token = found[1]

    def registers(self, number: int) -> int:
        """The company of a round, under one name, domain and country; the answer's status."""
        lead = OTTER | {"company": f"Racer {number}", "website": f"racer{number}.example", "tax_id": ""}
        return self.client.post("/reseller/deals/new", data=lead | {"csrf_token": self.token}).status_code


def rounds(shop: str, number: int) -> Iterator[list[int]]:
    """What both were answered, round after round."""
    bea, hugo = Runner(shop, "bea"), Runner(shop, "hugo")
    for at in range(number):
        yield sorted(at_once(lambda at=at: bea.registers(at), lambda at=at: hugo.registers(at)))


@pytest.mark.behaviour("H31")
def test_of_two_resellers_at_once_exactly_one_registers_the_lead(shop: str, world: World) -> None:
    assert list(rounds(shop, ROUNDS)) == [[303, 409]] * ROUNDS
    with world.acting():
        held = select(Deal.company).group_by(Deal.company).having(func.count() == 1)
        assert len(db.session().scalars(held).all()) == ROUNDS
        winners = set(db.session().scalars(select(Deal.reseller_id)))
    assert winners <= set(world.resellers.values())


def test_without_the_indexes_both_get_it(shop: str, postgres: Postgres) -> None:
    engine = create_engine(postgres.admin_url("shop"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX uq_deals_name_key, uq_deals_domain, uq_deals_tax_id")
    engine.dispose()
    assert [303, 303] in rounds(shop, ROUNDS)
