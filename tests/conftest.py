"""Real servers for the tests: one PostgreSQL and one Valkey per test process, a template database migrated
once, a fresh copy of the world for each test that asks for it. Ids on markers are checked against
docs/catalogue of behaviours and promises."""

import copy
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy.engine import make_url

import app
from core import db, doorbell, languages, roles
from sandbox.servers import Postgres, Valkey
from storefront import schema
from tests import compiled, garbage, ids, machines, together
from tests import world as worlds
from tests.budget import Budget
from tests.copies import Copies, on_server, quick_folder
from tests.scenes import Scenes
from tests.world import World
from whitelabel_themes import assets


def pytest_configure(config: pytest.Config) -> None:
    """In every process order and garbage; once per run, in the process that leads, the static files and the
    time budget."""
    config.pluginmanager.register(ids, "ids")
    config.pluginmanager.register(garbage, "garbage")
    config.pluginmanager.register(together, "together")
    compiled.share()
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(Budget())
    assets.build(INSTANCE / "static")


INSTANCE = Path(os.environ.get("TEST_INSTANCE", "instance-test")).absolute()
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
}
SECRET = "tests-only-secret-key-of-forty-characters"


@pytest.fixture(autouse=True)
def english() -> Generator[None]:
    """A request says once in which language it speaks, and keeps to it; the test after it begins anew."""
    yield
    languages.speak(languages.SOURCE)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Generator[Postgres]:
    """A PostgreSQL server of this test process."""
    with (
        quick_folder(tmp_path_factory.mktemp("pg")) as folder,
        machines.postgres(folder / "data", FAST) as server,
    ):
        roles.create(server.admin_url(), "shop")
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Generator[Valkey]:
    """A Valkey server of this test process."""
    with machines.valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


def login(postgres: Postgres, user: str, database: str = "shop") -> str:
    """A URL for one of the installation's roles."""
    return (
        make_url(postgres.admin_url(database))
        .set(username=f"shop_{user}")
        .render_as_string(hide_password=False)
    )


@pytest.fixture(scope="session")
def installation(
    postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The environment of an installation on these servers; the database `shop` is made anew from a template
    for each world."""
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": login(postgres, "app"),
        "REDIS_URL": valkey.url,
        "SECRET_KEY": SECRET,
        "INSTANCE": str(INSTANCE),
        "SMTP_URL": "smtp://127.0.0.1:9",
        "PUBLIC_URL": "http://shop.test",
    }
    os.environ.update(environment)
    schema.migrate(login(postgres, "owner"))
    db.reset()
    app.events.install(app.REACTIONS)
    worlds_template(postgres)
    return environment


def worlds_template(postgres: Postgres) -> None:
    """Founds the world once and keeps it as the template of every test's database."""
    global _founded
    _founded = worlds.found()
    rename_to_template(postgres)


_founded: World


def rename_to_template(postgres: Postgres) -> None:
    """shop -> shop_template, so that copies may take its name (role names carry it)."""
    db.reset()
    on_server(
        postgres,
        "DROP DATABASE IF EXISTS shop_template WITH (FORCE)",
        "ALTER DATABASE shop RENAME TO shop_template",
    )


@pytest.fixture(scope="session")
def world_copies(installation: dict[str, str], postgres: Postgres) -> Generator[Copies]:
    """Copies of the world's database."""
    made = Copies(postgres, template="shop_template", name="shop", owner="shop_owner")
    yield made
    made.close()


@pytest.fixture
def world(world_copies: Copies) -> Generator[World]:
    """A fresh copy of the world."""
    yield fresh(world_copies)
    db.reset()


def fresh(world_copies: Copies) -> World:
    """The world as it was founded, in a database of its own."""
    db.reset()
    doorbell.connection().flushall()
    world_copies.fresh()
    return copy.deepcopy(_founded)


@pytest.fixture(scope="session")
def scenes(world_copies: Copies, postgres: Postgres) -> Generator[Scenes]:
    """Worlds in which much has happened."""
    made = Scenes(postgres, owner="shop_owner")
    yield made
    made.close()


QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    """Debian's Chromium, headless; one per test process, because there can be one driver only."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()
