"""The demo world on real parts: database, Stripe sandbox, vendor simulator and inbox are processes; nothing
is made up."""

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Generator
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

import app
from catalog import loading
from catalog.loading import BadCatalogue
from checkout.orders import Order, OrderState
from core import db, doorbell, roles, tenancy
from core.settings import settings
from core.tenancy import Scope, Side
from core.work import WorkItem
from provisioning.deliveries import Delivery
from sandbox import children, demo, ports, worlds
from sandbox.servers import Postgres
from storefront import schema
from storefront.fragments import FRAGMENTS
from subscriptions.subscriptions import Licence, Subscription
from tests.conftest import login
from tests.copies import on_server

COUNTED = (Order, Subscription, Licence, Delivery, WorkItem)


@contextlib.contextmanager
def simulators(folder: Path) -> Generator[dict[str, str]]:
    """Stripe, vendor and inbox as `make run` starts them; the settings that lead to them."""
    numbers, held = zip(*(ports.reserve() for _ in range(4)), strict=True)
    stripe, vendor, smtp, inbox = numbers
    commands = {
        "stripe": ("--port", stripe, "--data", folder / "stripe"),
        "vendor": ("--port", vendor, "--data", folder / "vendor"),
        "inbox": ("--smtp-port", smtp, "--http-port", inbox, "--data", folder / "inbox"),
    }
    started = [
        children.start(
            [sys.executable, "-m", f"sandbox.{name}", *map(str, options)], log=folder / f"{name}.log"
        )
        for name, options in commands.items()
    ]
    deadline = time.monotonic() + 60
    while not all(map(ports.listens, numbers)):
        assert time.monotonic() < deadline, [children.tail(folder / f"{name}.log") for name in commands]
        time.sleep(0.05)
    try:
        yield {
            "STRIPE_SANDBOX_URL": f"http://127.0.0.1:{stripe}",
            "VENDOR_SANDBOX_URL": f"http://127.0.0.1:{vendor}",
            "INBOX_URL": f"http://127.0.0.1:{inbox}",
            "SMTP_URL": f"smtp://127.0.0.1:{smtp}",
            "PUBLIC_URL": "http://127.0.0.1:8400",
            "INSTANCE": str(folder),
        }
    finally:
        for child in started:
            children.kill(child)
        for hold in held:
            hold.close()


@pytest.fixture(scope="module")
def seeded(
    installation: dict[str, str], postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Generator[dict[str, Any]]:
    """A freshly migrated database with the demo world in it; what demo.json says."""
    db.reset()
    on_server(postgres, "DROP DATABASE IF EXISTS shop WITH (FORCE)")
    roles.create(postgres.admin_url(), "shop")
    schema.migrate(login(postgres, "owner"))
    with simulators(tmp_path_factory.mktemp("demo")) as environment, pytest.MonkeyPatch.context() as patch:
        (Path(environment["INSTANCE"]) / "static").symlink_to(settings().instance / "static")
        for name, value in environment.items():
            patch.setenv(name, value)
        db.reset()
        doorbell.connection().flushall()
        yield json.loads(demo.seed().read_text())
    db.reset()


@contextlib.contextmanager
def northwind(seeded: dict[str, Any]) -> Generator[None]:
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, UUID(seeded["distributor_id"]))), db.transaction():
        yield


def counts(seeded: dict[str, Any]) -> dict[str, int]:
    with northwind(seeded):
        return {
            model.__tablename__: db.session().scalar(select(func.count()).select_from(model)) or 0
            for model in COUNTED
        }


def test_the_world_has_orders_in_every_state(seeded: dict[str, Any]) -> None:
    with northwind(seeded):
        states = set(db.session().scalars(select(Delivery.state)))
        services = set(db.session().scalars(select(Subscription.state)))
        waiting = db.session().scalars(select(Order).where(Order.state == OrderState.AWAITING_PAYMENT)).all()
    assert states == {"success", "unknown", "processing", "needs_action", "refused"}
    assert services == {"active", "pending", "failed"}
    assert len(waiting) == 1


def test_everybody_can_sign_in_where_it_says(seeded: dict[str, Any]) -> None:
    client = app.create_app().test_client()
    for person in seeded["people"]:
        path = person["where"].removeprefix(seeded["url"])
        answer = client.post(
            path, base_url=seeded["url"], data={"email": person["email"], "password": person["password"]}
        )
        assert answer.status_code == 303, person["email"]
        client = app.create_app().test_client()


def test_the_hero_may_still_take_the_alias_of_the_story(seeded: dict[str, Any]) -> None:
    assert "brightfield" not in {portal["alias"] for portal in seeded["portals"]}
    assert {portal["alias"] for portal in seeded["portals"]} == {"harbour"}


def test_mails_went_out_in_the_reseller_s_name(seeded: dict[str, Any]) -> None:
    mails = httpx.get(f"{seeded['inbox']}/messages.json").json()
    anna = [mail for mail in mails if mail["to"] == ["anna@acorn.example"]]
    wrote = {mail["from"].split(" <")[0]: mail["subject"] for mail in anna}
    assert wrote.pop("Northwind Cloud Distribution").endswith("asks for admin rights")  # in its own name
    assert set(wrote) == {"Harbour Consulting"}
    ours = [
        mail for mail in mails if "Southwind" not in mail["from"]
    ]  # another distributor's, at its own host
    assert {
        link[: len(seeded["url"])] for mail in ours for link in mail["links"] if link.startswith("http")
    } == {seeded["url"]}


def test_nothing_was_bought_twice(seeded: dict[str, Any]) -> None:
    assert httpx.get(f"{seeded['vendor']}/_sandbox/state").json()["doubles"] == []


def test_seeding_again_changes_nothing_and_is_quick(seeded: dict[str, Any]) -> None:
    before = counts(seeded)
    started = time.monotonic()
    demo.seed()
    assert time.monotonic() - started < 1.0
    assert counts(seeded) == before
    assert json.loads((settings().instance / "demo.json").read_text()) == seeded


def test_seeding_without_its_note_finds_everything_there(seeded: dict[str, Any]) -> None:
    before = counts(seeded)
    (settings().instance / "demo.json").unlink()
    assert json.loads(demo.seed().read_text()) == seeded
    assert counts(seeded) == before


def test_new_addresses_are_taken_up(seeded: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8455")
    settings.cache_clear()
    assert json.loads(demo.seed().read_text())["people"][0]["where"] == "http://127.0.0.1:8455/sign-in"
    monkeypatch.undo()
    settings.cache_clear()
    assert os.environ["PUBLIC_URL"] == seeded["url"]


def test_production_refuses_the_demo_world(seeded: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    runner = app.create_app().test_cli_runner()
    monkeypatch.setenv("ENVIRONMENT", "production")
    settings.cache_clear()
    answer = runner.invoke(args=["demo"])
    settings.cache_clear()
    assert answer.exit_code != 0
    assert "never put into a real installation" in answer.output


# --- The page “Try it” --------------------------------------------------------------------------------------


def test_the_shop_leads_to_the_page_that_says_who_can_sign_in(seeded: dict[str, Any]) -> None:
    client = app.create_app().test_client()
    assert 'href="/demo"' in client.get("/", base_url=seeded["url"]).text
    assert 'href="/demo"' in client.get("/harbour/", base_url=seeded["url"]).text
    page = client.get("/demo", base_url=seeded["url"])
    assert page.status_code == 200
    assert all(person["name"] in page.text and person["email"] in page.text for person in seeded["people"])
    assert all(seeded[simulator] in page.text for simulator in ("inbox", "stripe", "vendor"))
    assert client.get("/harbour/demo", base_url=seeded["url"]).location == "/demo"


@pytest.mark.parametrize("second", ["lena@lumen.example", "nora@northwind.example", "otto@osprey.example"])
def test_its_buttons_sign_in_also_over_somebody_who_is_here(seeded: dict[str, Any], second: str) -> None:
    client = app.create_app().test_client()
    for email in ("anna@acorn.example", "bea@brightfield.example", second):
        page = client.get("/demo", base_url=seeded["url"]).text
        form = page[: page.index(f'value="{email}"')].rpartition("<form")[2]
        action, token = (re.search(rf'{name}="([^"]*)"', form) for name in ("action", 'csrf_token" value'))
        assert action
        assert token
        said = {"csrf_token": token[1], "email": email, "password": seeded["password"]}
        assert client.post(action[1], base_url=seeded["url"], data=said).status_code == 303
    assert "You are here" in client.get("/demo", base_url=seeded["url"]).text or "harbour" in action[1]


def test_an_installation_without_a_demo_world_has_no_such_page(
    seeded: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        (tmp_path / "static").symlink_to(settings().instance / "static")
        patch.setenv("INSTANCE", str(tmp_path))
        settings.cache_clear()
        FRAGMENTS.clear()
        client = app.create_app().test_client()
        assert client.get("/demo", base_url=seeded["url"]).status_code == 404
        assert 'href="/demo"' not in client.get("/", base_url=seeded["url"]).text
    settings.cache_clear()


# --- The catalogue file -------------------------------------------------------------------------------------


def test_the_catalogue_names_many_real_products() -> None:
    content = loading.read(worlds.DATA / "catalogue.toml")
    names = [product["name"] for product in content["product"]]
    assert len(names) == len(set(names)) >= 40
    assert {
        "Microsoft 365 Business Standard",
        "Hexnode UEM Pro",
        "0patch Pro",
        "Huntress Managed EDR",
    } <= set(names)
    plans = [plan for product in content["product"] for plan in product["plan"]]
    assert len({plan["code"] for plan in plans}) == len(plans)


def the_plan(content: Any) -> dict[str, Any]:
    return content["product"][0]["plan"][0]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda c: c.pop("currency"), "names no currency"),
        (lambda c: c["product"][0].pop("name"), "The product plan-free lacks: name."),
        (
            lambda c: c["product"][1].update(type="cloudy"),
            "plan-standard: type is 'cloudy'; allowed",
        ),
        (
            lambda c: the_plan(c).pop("price"),
            "plan-free-m: it has no price, and is not priced_as another plan.",
        ),
        (
            lambda c: the_plan(c).update(term="P2W"),
            "plan-free-m: term is 'P2W'; allowed are: P1M",
        ),
        (
            lambda c: the_plan(c).update(price="12.345"),
            "plan-free-m: '12.345' has too many digits",
        ),
        (
            lambda c: the_plan(c).update(minimum=5, maximum=2),
            "plan-free-m: minimum and maximum",
        ),
        (lambda c: c["product"][1].update(code="plan-free"), "Two products have the code plan-free."),
        (lambda c: c["product_type"][0].update(audience="everyone"), "reseller-plan: audience is 'everyone'"),
    ],
)
def test_a_bad_entry_is_named(spoil: Callable[[Any], object], complaint: str) -> None:
    content = deepcopy(loading.read(worlds.DATA / "catalogue.toml"))
    spoil(content)
    with pytest.raises(BadCatalogue, match=re.escape(complaint)):
        loading.check(content)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("currency = ")
    with pytest.raises(BadCatalogue, match="broken.toml"):
        loading.read(tmp_path / "broken.toml")
