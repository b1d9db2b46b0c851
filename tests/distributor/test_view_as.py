"""Looking at a partner's console as the partner sees it: what is shown, what is refused, and what the partner
reads of it afterwards."""

import re
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text, update

from core import db, parties
from core.parties import Membership
from core.tenancy import Side
from core.trail import TrailEntry
from partners import account_managers
from sandbox.servers import Postgres
from tests.mail.conftest import PostOffice
from tests.visits import TOKEN, Visit, make_app
from tests.world import World, staff

LOOKING = "Mila looks at the console of Brightfield until"


@pytest.fixture
def mila(world: World) -> Visit:
    """Mila manages Brightfield; she is signed in."""
    with world.acting():
        member = staff(world, "mila", side=Side.DISTRIBUTOR)
        db.session().execute(
            update(Membership).where(Membership.id == member.membership_id).values(roles=["partner_manager"])
        )
        account_managers.assign(parties.reseller(world.resellers["brightfield"]), member.membership_id)
    return Visit(make_app()).sign_in("mila")


@pytest.fixture
def code(world: World) -> str:
    with world.acting():
        return parties.reseller(world.resellers["brightfield"]).code


def begin(mila: Visit, code: str, why: str = "They asked about a price.") -> Any:
    """She looks, and her browser has the new token."""
    answer = mila.post(f"/distributor/resellers/{code}/look", {"why": why})
    fresh(mila)
    return answer


def fresh(visit: Visit) -> None:
    """The token of the page that is shown now."""
    found = TOKEN.search(visit.get("/choose").text)
    assert found
    visit.token = found[1]


def sql(postgres: Postgres, statement: str) -> None:
    engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.behaviour("H9")
def test_a_manager_sees_the_partners_console_and_the_partner_reads_who_looked(
    world: World, mila: Visit, code: str
) -> None:
    assert mila.get("/reseller/").status_code == 404
    assert begin(mila, code, why=" ").status_code == 422
    assert mila.get("/reseller/").status_code == 404
    assert begin(mila, code).status_code == 303
    for path in ("/reseller/", "/reseller/customers", "/reseller/team", "/reseller/nowhere", "/distributor/"):
        assert LOOKING in mila.get(path).text, path
    assert "Acme" in mila.get("/reseller/customers").text
    assert "Zebra" not in mila.get("/reseller/customers").text
    bea = Visit(make_app()).sign_in("bea")
    now = bea.get("/reseller/looks").text
    assert "Mila" in now
    assert "They asked about a price." in now
    assert "at the latest" in now
    assert mila.post("/distributor/looks/end").status_code == 303
    assert mila.get("/reseller/").status_code == 404
    with world.acting("brightfield"):
        lines = db.session().scalars(select(TrailEntry).where(TrailEntry.object_type == "viewings")).all()
        assert {(line.person_id, line.reseller_id) for line in lines} == {
            (world.people["mila"].person_id, world.resellers["brightfield"])
        }
    over = bea.get("/reseller/looks").text
    assert "at the latest" not in over
    assert "Look at the console ended" in over
    hugo = Visit(make_app()).sign_in("hugo")
    assert "Mila" not in hugo.get("/reseller/looks").text


@pytest.mark.behaviour("H9")
def test_every_form_of_the_partners_console_is_refused_by_name(world: World, mila: Visit, code: str) -> None:
    begin(mila, code)
    fresh(mila)
    forms = 0
    for rule in mila.app.url_map.iter_rules():
        if not rule.endpoint.startswith("reseller.") or not {"POST"} & (rule.methods or set()):
            continue
        forms += 1
        path = re.sub(r"<[^>]+>", "0193b3a0-0000-7000-8000-000000000000", rule.rule)
        answer = mila.post(path)
        assert answer.status_code == 403, rule.rule
        assert "nothing can be changed" in answer.text, rule.rule
    assert forms > 15
    assert mila.get("/reseller/orders/ORD-NOTHIN/pay").status_code == 403


@pytest.mark.behaviour("H9")
def test_a_look_is_over_when_its_time_is_its_session_is_or_when_she_manages_no_more(
    world: World, mila: Visit, code: str, postgres: Postgres
) -> None:
    begin(mila, code)
    sql(postgres, "UPDATE viewings SET until = now()")
    answer = mila.get("/reseller/")
    assert answer.status_code == 303
    assert "said=view-over" in answer.headers["Location"]
    fresh(mila)
    refused = mila.post("/reseller/team")
    assert refused.status_code == 403
    assert "is over" in refused.text

    begin(mila, code)
    assert mila.get("/reseller/").status_code == 200
    with world.acting():
        account_managers.assign(
            parties.reseller(world.resellers["brightfield"]), world.people["nora"].membership_id
        )
    assert mila.get("/reseller/").status_code == 303
    fresh(mila)
    assert begin(mila, code).status_code == 403

    nora = Visit(make_app()).sign_in("nora")
    begin(nora, code)
    assert nora.get("/reseller/").status_code == 200
    sql(postgres, "UPDATE partner_managers SET membership_id = membership_id")  # an administrator needs none
    assert nora.get("/reseller/").status_code == 200
    nora.post("/sign-out")
    with world.acting():
        assert db.session().scalar(text("SELECT count(*) FROM viewings WHERE ended_at IS NULL")) == 0


@pytest.mark.behaviour("H9")
def test_every_line_of_the_log_names_who_looks_and_at_whom(
    world: World, mila: Visit, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(mila, code)
    capsys.readouterr()
    mila.get("/reseller/customers")
    line = next(line for line in capsys.readouterr().err.splitlines() if "/reseller/customers" in line)
    for named in ("viewing", str(world.people["mila"].person_id), str(world.resellers["brightfield"])):
        assert named in line


@pytest.mark.behaviour("H8")
def test_an_administrator_gives_a_reseller_its_manager_and_the_reseller_is_told(
    world: World, mila: Visit, code: str, post: PostOffice
) -> None:
    nora, bea = Visit(make_app()).sign_in("nora"), Visit(make_app()).sign_in("bea")
    assert "mila@people.example" in bea.get("/reseller/").text
    assert "mila@people.example" in bea.get("/reseller/help").text
    assert mila.post(f"/distributor/resellers/{code}/manager", {"manager-manager": ""}).status_code == 403
    page = f"/distributor/resellers/{code}"
    assert (
        nora.post(f"{page}/manager", {"manager-manager": str(world.people["bea"].membership_id)}).status_code
        == 422
    )
    mine = str(world.people["nora"].membership_id)
    assert nora.post(f"{page}/manager", {"manager-manager": mine}).status_code == 303
    assert "nora@people.example" in bea.get("/reseller/").text
    world.work()
    assert "nora@people.example" in post.only("Nora is your account manager")["text"]
    mine_only = nora.get("/distributor/resellers", manager=mine).text
    assert ">Brightfield</a>" in mine_only
    assert ">Harbour</a>" not in mine_only
    with world.acting():
        member = db.session().get_one(Membership, (world.distributor_id, world.people["nora"].membership_id))
        member.roles = ["buyer"]
    nobody = bea.get("/reseller/").text
    assert "Nobody at the moment" in nobody
    assert "desk@northwind.example" in nobody
    assert "Without account manager" in Visit(make_app()).sign_in("mila").get("/distributor/").text
