"""A reseller's own domain: claimed, proven by a record at a real name server, opened, looked at again, let
go, and never somebody else's by accident."""

import re
import sys
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from catalog.products import Plan
from checkout.orders import PayBy
from core import claims, db, doors
from core.parties import add_member
from core.settings import settings
from core.tasks import Task
from core.tenancy import Side
from partners import domains, storefronts
from partners.domains import Domain, DomainState, DomainTaken, NoDomainName, NotInPlan
from partners.storefronts import Host
from sandbox import children, ports
from sandbox.servers import Postgres
from storefront.fragments import FRAGMENTS
from tests.mail.conftest import PostOffice
from tests.portal.test_accounts import sql
from tests.reseller.conftest import Person
from tests.visits import Visit
from tests.world import PASSWORD, World, open_portal

HOST = "portal.brightfield.example"


class NameServer:
    """The sandbox's name server as a process, with its page."""

    def __init__(self, data: Path) -> None:
        self.dns, self._dns_held = ports.reserve()
        self.http, self._http_held = ports.reserve()
        where = ["--dns-port", str(self.dns), "--http-port", str(self.http), "--data", data]
        self.child = children.start([sys.executable, "-m", "sandbox.names", *where], log=data / "log")
        deadline = time.monotonic() + 60
        while not (ports.listens(self.dns) and ports.listens(self.http)):
            assert time.monotonic() < deadline, children.tail(data / "log")
            time.sleep(0.05)

    def say(self, name: str, value: str, act: str = "add") -> None:
        """Sets or takes away a record, as a person does on the page."""
        typed = {"name": name, "value": value, "act": act}
        assert httpx.post(f"http://127.0.0.1:{self.http}/", data=typed).status_code == 303


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[NameServer]:
    """One name server for all these tests."""
    started = NameServer(tmp_path_factory.mktemp("names"))
    yield started
    children.kill(started.child)


@pytest.fixture
def names(server: NameServer, world: World, monkeypatch: pytest.MonkeyPatch) -> Generator[NameServer]:
    """The name server that this installation asks, without a record."""
    monkeypatch.setenv("DNS_SERVER", f"127.0.0.1:{server.dns}")
    settings.cache_clear()
    for record in httpx.get(f"http://127.0.0.1:{server.http}/records.json").json():
        server.say(record["name"], record["value"], "remove")
    yield server
    settings.cache_clear()


def on_standard(world: World, reseller: str = "brightfield", *, included: bool = True) -> None:
    """The reseller is on Standard, and its portal is open."""
    with world.acting():
        db.session().execute(
            update(Plan).where(Plan.code == "standard-m").values(features={"own_domain": included})
        )
    world.give_credit(reseller, 1000_00)
    world.buys(reseller, "standard-m", pay_by=PayBy.ACCOUNT, alias=reseller)
    world.work()
    with world.acting():
        shop = storefronts.of_reseller(world.resellers[reseller])
        assert shop
        world.storefronts[reseller] = shop.id
    FRAGMENTS.clear()


def claimed(world: World, host: str = HOST, reseller: str = "brightfield") -> Domain:
    """A claim, made as the page makes it."""
    with world.acting(reseller):
        own = storefronts.of_reseller(world.resellers[reseller])
        return domains.claim(own, host, included=True)


def checked(world: World, domain: Domain) -> Domain:
    """A worker has looked, now."""
    with world.acting():
        db.session().execute(update(Domain).where(Domain.id == domain.id).values(asked_at=None))
    with world.acting():
        domains.ask_check(domains.find(domain.id))
    world.work()
    return seen(world, domain)


def seen(world: World, domain: Domain) -> Domain:
    """The claim as it is now."""
    with world.acting():
        return db.session().scalars(select(Domain).where(Domain.id == domain.id)).one()


def proven(world: World, names: NameServer, host: str = HOST, reseller: str = "brightfield") -> Domain:
    """A verified domain."""
    domain = claimed(world, host, reseller)
    names.say(domain.record, domain.proof)
    domain = checked(world, domain)
    assert domain.state is DomainState.VERIFIED, domain.note
    return domain


def hosts(session: Session) -> set[str]:
    """What leads to a shop."""
    return set(session.scalars(select(Host.host)))


# --- From the claim to the open portal ---------------------------------------------------------------------


def test_a_reseller_opens_its_portal_under_its_own_name(
    world: World, names: NameServer, bea: Person, flask_app: Flask
) -> None:
    on_standard(world)
    bea.sees("/reseller/domain", "Use a name of your own")
    refused = bea.post("/reseller/domain", host="https://portal.brightfield.example/")
    assert refused.status_code == 422
    assert 'value="https://portal.brightfield.example/"' in refused.text
    assert bea.places("/reseller/domain", host="Portal.Brightfield.example.").startswith("/reseller/domain")
    page = bea.sees("/reseller/domain", HOST, f"_storefront-verify.{HOST}", "Waits for the record")
    [proof] = set(re.findall(r"storefront-verify=[\w-]{20,}", page))
    stranger = Visit(flask_app, "", HOST)
    assert stranger.get("/").status_code == 404, "a claim alone opens nothing"
    bea.places("/reseller/domain/check")
    assert bea.get("/reseller/domain/state").status_code == 200
    world.work()
    assert bea.get("/reseller/domain/state").status_code == 286
    bea.sees("/reseller/domain", "Not proven", "There is no TXT record")
    names.say(f"_storefront-verify.{HOST}", proof)
    with world.acting():
        db.session().execute(update(Domain).values(asked_at=None))
    bea.places("/reseller/domain/check")
    world.work()
    bea.sees("/reseller/domain", "Verified", f"http://{HOST}")
    shelf = stranger.get("/")
    assert shelf.status_code == 200
    assert "Brightfield" in shelf.text
    assert "/brightfield/" not in shelf.text, "every link stays at the own address"
    assert Visit(flask_app, "/brightfield").get("/").status_code == 200, "the alias goes on working"


def test_what_is_no_host_name_is_refused(world: World) -> None:
    for typed in (
        "",
        "portal",
        "-a.example",
        "a_b.example",
        "10.0.0.1",
        "portal.example:80",
        "*.example.com",
    ):
        with pytest.raises(NoDomainName):
            domains.host_name(typed)
    assert domains.host_name(" Pörtal.Example. ") == "xn--prtal-jua.example"
    assert domains.host_name("portal.brightfield.localhost") == "portal.brightfield.localhost"


def test_the_plan_has_to_include_it(world: World, bea: Person) -> None:
    open_portal(world)
    bea.sees("/reseller/domain", "Not part of your plan")
    refused = bea.post("/reseller/domain", host=HOST)
    assert refused.status_code == 403
    with pytest.raises(NotInPlan), world.acting("brightfield"):
        domains.claim(None, HOST, included=False)


@pytest.mark.promise("QS6", "QS7")
def test_under_its_own_name_a_shop_is_a_place_of_its_own(
    world: World, names: NameServer, flask_app: Flask
) -> None:
    on_standard(world)
    on_standard(world, "harbour")
    proven(world, names)
    anna = Visit(flask_app, "", HOST).sign_in("anna")
    assert anna.get("/services").status_code == 200
    [cookie] = [one for one in anna.client._cookies.values() if one.key.startswith("s-")]
    assert cookie.domain == HOST, "of this host only"
    for at, host in (("/brightfield", "shop.test"), ("", "shop.test"), ("/brightfield", "localhost")):
        thief = Visit(flask_app, at, host)
        thief.client.set_cookie(cookie.key, cookie.value, domain=host)
        assert thief.get("/services").status_code == 303, (at, host)
    stranger = Visit(flask_app, "", HOST)
    elsewhere = stranger.get("/harbour/")
    assert elsewhere.status_code == 404, "nobody else's shop opens under this name"
    assert "Brightfield" in elsewhere.text, "not even to say so"
    assert "Harbour" not in elsewhere.text
    assert stranger.get("/brightfield/").status_code == 404
    assert stranger.get("/distributor/").status_code in (303, 404)
    forged = {"X-Forwarded-Host": "evil.example"}
    assert "evil" not in stranger.client.get(f"http://{HOST}/", headers=forged).text
    for host in ("evil.example", f"evil.{HOST}", f"{HOST}.evil.example"):
        assert Visit(flask_app, "", host).client.get("/", base_url=f"http://{host}").status_code == 404


@pytest.mark.promise("QS8")
def test_a_page_kept_for_one_host_or_person_is_not_shown_to_another(
    world: World, names: NameServer, flask_app: Flask
) -> None:
    on_standard(world)
    proven(world, names)
    alias, own = Visit(flask_app, "/brightfield"), Visit(flask_app, "", HOST)
    anna = Visit(flask_app, "", HOST).sign_in("anna")
    for _ in range(2):
        for visit, base in ((alias, "/brightfield"), (own, ""), (anna, "")):
            for path in ("/", "/search?q=patch", "/p/patch"):
                page = visit.get(path)
                assert page.status_code == 200, (visit.host, path)
                assert ("/brightfield/" in page.text) == bool(base), (visit.host, path)
                assert ("anna@people.example" in page.text) == (visit is anna), (visit.host, path)
                assert page.headers["Cache-Control"] == "no-store"
                assert {"Host", "Cookie"} <= set(page.headers["Vary"].split(", "))


@pytest.mark.promise("QS7")
def test_mails_lead_to_the_verified_name_and_to_no_other(
    world: World, names: NameServer, flask_app: Flask, post: PostOffice
) -> None:
    on_standard(world)
    waits = claimed(world)
    browser = Visit(flask_app, "/brightfield")
    ask = {"email": "anna@people.example"}
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    browser.client.post(browser.url("/forgotten"), data=ask, headers=forged)
    world.work()
    names.say(waits.record, waits.proof)
    checked(world, waits)
    own = Visit(flask_app, "", HOST)
    own.client.post(own.url("/forgotten"), data=ask | {"email": "bea@people.example"}, headers=forged)
    world.work()
    to = {
        sent["to"][0]: {link.split("/")[2] for link in sent["links"]} for sent in post.mails("Choose a new")
    }
    assert to == {"anna@people.example": {"shop.test"}, "bea@people.example": {HOST}}


# --- Whose it is -------------------------------------------------------------------------------------------


def test_of_two_who_claim_a_name_the_one_who_proves_it_gets_it(world: World, names: NameServer) -> None:
    on_standard(world)
    on_standard(world, "harbour")
    ours, theirs = claimed(world), claimed(world, reseller="harbour")
    assert ours.challenge != theirs.challenge
    names.say(ours.record, ours.proof)
    theirs = checked(world, theirs)
    assert theirs.state is DomainState.FAILED
    assert "says something else" in theirs.note
    assert checked(world, ours).state is DomainState.VERIFIED
    names.say(theirs.record, theirs.proof)
    assert "another shop has it" in checked(world, theirs).note
    with world.acting():
        [leads] = db.session().scalars(select(Host.storefront_id).where(Host.host == HOST)).all()
    assert leads == world.storefronts["brightfield"]


def test_two_proofs_at_once_make_one_owner(world: World, names: NameServer) -> None:
    on_standard(world)
    on_standard(world, "harbour")
    both = [claimed(world), claimed(world, reseller="harbour")]
    for domain in both:
        names.say(domain.record, domain.proof)
    with world.acting():
        for domain in both:
            domains.ask_check(domains.find(domain.id))
    world.work()
    assert {seen(world, domain).state for domain in both} == {DomainState.VERIFIED, DomainState.FAILED}


def test_a_name_that_was_let_go_leads_nowhere_at_once_and_cools_before_others_may_have_it(
    world: World, names: NameServer, bea: Person, flask_app: Flask
) -> None:
    on_standard(world)
    on_standard(world, "harbour")
    domain = proven(world, names)
    anna = Visit(flask_app, "", HOST).sign_in("anna")
    bea.get("/reseller/domain")
    bea.places("/reseller/domain/release")
    assert anna.get("/services").status_code == 404
    with pytest.raises(DomainTaken):
        claimed(world, reseller="harbour")
    assert proven(world, names).state is DomainState.VERIFIED, "who let it go may have it back"
    bea.get("/reseller/domain")
    bea.places("/reseller/domain/release")
    with world.acting():
        db.session().execute(update(Domain).values(free_at=Domain.free_at - domains.COOLING))
    theirs = claimed(world, reseller="harbour")
    names.say(domain.record, theirs.proof)
    assert checked(world, theirs).state is DomainState.VERIFIED


def test_a_claim_that_was_proven_while_the_name_still_cools_is_refused(
    world: World, names: NameServer
) -> None:
    on_standard(world)
    on_standard(world, "harbour")
    theirs = claimed(world, reseller="harbour")
    domain = proven(world, names)
    with world.acting():
        domains.let_go(domains.find(domain.id), why="Test.")
    names.say(theirs.record, theirs.proof)
    assert checked(world, theirs).state is DomainState.FAILED
    with world.acting():
        assert HOST not in hosts(db.session())


# --- Looked at again ---------------------------------------------------------------------------------------


def look_again(world: World, domain: Domain, *, later: timedelta) -> Domain:
    """Time has passed, and the worker looks at what is due."""
    with world.acting():
        db.session().execute(
            update(Domain)
            .where(Domain.id == domain.id)
            .values(look_at=Domain.look_at - later, failing_since=Domain.failing_since - later)
        )
        db.session().execute(
            update(Task).where(Task.kind == "look_at_domains").values(next_at=Task.created_at)
        )
    doors.call(claims.PERIODIC, {"kinds": ["look_at_domains"]})
    world.work()
    return seen(world, domain)


def test_a_missing_record_is_told_at_once_and_the_name_given_up_after_the_grace(
    world: World, names: NameServer, post: PostOffice, flask_app: Flask, bea: Person
) -> None:
    on_standard(world)
    domain = proven(world, names)
    names.say(domain.record, domain.proof, "remove")
    domain = look_again(world, domain, later=domains.EVERY)
    assert domain.state is DomainState.VERIFIED
    assert domain.failing_since is not None
    world.work()
    assert post.only("record of portal.brightfield.example is missing", to="bea@brightfield.example")
    bea.sees("/reseller/domain", "Record missing", "Set the record again before")
    assert Visit(flask_app, "", HOST).get("/").status_code == 200, "it still opens"
    names.say(domain.record, domain.proof)
    assert look_again(world, domain, later=timedelta(hours=2)).failing_since is None
    names.say(domain.record, domain.proof, "remove")
    look_again(world, domain, later=domains.EVERY)
    assert look_again(world, domain, later=domains.GRACE).state is DomainState.RELEASED
    assert Visit(flask_app, "", HOST).get("/").status_code == 404
    world.work()
    assert post.only("portal.brightfield.example is given up", to="bea@brightfield.example")


def test_another_plan_without_a_domain_ends_it_after_the_grace(
    world: World, names: NameServer, flask_app: Flask
) -> None:
    on_standard(world)
    domain = proven(world, names)
    with world.acting():
        db.session().execute(update(Plan).values(features={}))
    domain = look_again(world, domain, later=domains.EVERY)
    assert "does not include" in domain.note
    assert look_again(world, domain, later=domains.GRACE).state is DomainState.RELEASED


def test_a_name_server_that_is_away_costs_nothing_at_once(
    world: World, names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_standard(world)
    domain = proven(world, names)
    monkeypatch.setenv("DNS_SERVER", "127.0.0.1:9")
    settings.cache_clear()
    domain = checked(world, domain)
    assert domain.state is DomainState.VERIFIED
    assert "gave no answer" in domain.note


# --- From one host to another ------------------------------------------------------------------------------


def choose(visit: Visit, label: str) -> str:
    """Chooses a dashboard by its name; where the browser is sent."""
    page = visit.get("/choose").text
    pattern = rf'value="([0-9a-f-]{{36}})"(?:(?!</button>).)*?{label}'
    [found] = re.findall(pattern, page, re.S)[-1:]
    return visit.post("/choose", {"standing": found}).location


@pytest.fixture
def bea_is_a_customer_too(world: World) -> None:
    """Bea also works for Acme."""
    with world.acting():
        add_member(
            world.people["bea"].person_id,
            side=Side.CUSTOMER,
            email="bea@people.example",
            name="Bea",
            roles=["buyer"],
            reseller_id=world.resellers["brightfield"],
            customer_id=world.customers["acme"],
        )


@pytest.mark.behaviour("U34", "U35")
@pytest.mark.promise("QS6")
@pytest.mark.usefixtures("bea_is_a_customer_too")
def test_a_ticket_leads_to_another_host_once_within_a_minute_and_for_one_person(
    world: World, names: NameServer, flask_app: Flask, postgres: Postgres
) -> None:
    on_standard(world)
    proven(world, names)
    bea = Visit(flask_app).sign_in("bea")
    policy = bea.get("/choose").headers["Content-Security-Policy"]
    labels = re.findall(r'choice__label">([^<]+)<', bea.get("/choose").text)
    assert labels == ["Brightfield", "Acme"], "where one is comes first, among however many"
    assert f"http://{HOST}" in policy.split("form-action")[1].split(";")[0]
    way = choose(bea, "Acme")
    assert way.startswith(f"http://{HOST}/ticket/")
    token = way.rpartition("/")[2]
    assert Visit(flask_app, "/brightfield").get(f"/ticket/{token}").status_code == 404, "another host"
    assert Visit(flask_app).get(f"/ticket/{token}").status_code == 404
    anna = Visit(flask_app, "", HOST).sign_in("anna")
    assert anna.get(f"/ticket/{token}").status_code == 404, "another person is here"
    there = Visit(flask_app, "", HOST)
    assert there.get(f"/ticket/{token}").location == "/home"
    assert there.get("/services").status_code == 200
    assert Visit(flask_app, "", HOST).get(f"/ticket/{token}").status_code == 404, "once"
    assert bea.get("/reseller/").status_code == 200, "she is still here as well"
    late = choose(bea, "Acme").rpartition("/")[2]
    sql(postgres, "UPDATE tickets SET expires_at = expires_at - interval '60 seconds'")
    ended = choose(bea, "Acme").rpartition("/")[2]
    bea.post("/sign-out")
    assert Visit(flask_app, "", HOST).get(f"/ticket/{ended}").status_code == 404, "the session has ended"
    assert Visit(flask_app, "", HOST).get(f"/ticket/{late}").status_code == 404


@pytest.mark.promise("QS6")
@pytest.mark.usefixtures("bea_is_a_customer_too")
def test_a_ticket_is_worth_nothing_at_another_host_of_the_same_shop(
    world: World, names: NameServer, flask_app: Flask
) -> None:
    on_standard(world)
    domain = proven(world, names)
    with world.acting():
        db.add(Host(host="www.brightfield.example", storefront_id=domain.storefront_id))
    token = choose(Visit(flask_app).sign_in("bea"), "Acme").rpartition("/")[2]
    assert Visit(flask_app, "", "www.brightfield.example").get(f"/ticket/{token}").status_code == 404
    assert Visit(flask_app, "", HOST).get(f"/ticket/{token}").status_code == 303


@pytest.mark.behaviour("U33", "U34", "U35")
@pytest.mark.usefixtures("bea_is_a_customer_too")
def test_a_reseller_s_shop_lists_its_own_dashboards_and_the_distributor_s_host_all(
    world: World, names: NameServer, flask_app: Flask
) -> None:
    on_standard(world)
    proven(world, names)
    house, own = Visit(flask_app).sign_in("bea"), Visit(flask_app, "", HOST).sign_in("bea")
    assert house.get("/choose").text.count('name="standing"') == 2
    assert HOST in house.get("/choose").text
    here = own.get("/choose").text
    assert here.count('name="standing"') == 2
    assert here.count("Here now") == 1
    assert choose(own, "Acme") == "/home", "both are at home in this shop"
    hugo = Visit(flask_app, "", HOST)
    answer = hugo.client.post(
        hugo.url("/sign-in"), data={"email": "hugo@people.example", "password": PASSWORD}
    )
    assert answer.status_code == 422


@pytest.mark.usefixtures("bea_is_a_customer_too")
def test_a_shop_without_a_name_of_its_own_is_reached_by_a_ticket_too(world: World, flask_app: Flask) -> None:
    open_portal(world)
    bea = Visit(flask_app).sign_in("bea")
    way = choose(bea, "Acme")
    assert way.startswith("/brightfield/ticket/")
    assert bea.client.get(way, base_url="http://shop.test").location == "/brightfield/home"
    assert bea.client.get("/brightfield/services", base_url="http://shop.test").status_code == 200


def test_a_claim_of_another_reseller_is_not_even_seen(world: World, hugo: Person) -> None:
    on_standard(world)
    claimed(world)
    assert HOST not in hugo.sees("/reseller/domain")
    assert hugo.post("/reseller/domain/check").status_code == 404
    assert hugo.post("/reseller/domain/release").status_code == 404
