"""Ports, secrets and database addresses of an installation."""

import stat
from pathlib import Path

import pytest

from sandbox import installations, ports
from sandbox.inbox.mails import Mails
from sandbox.names.records import Records
from sandbox.stripe.store import Store

EMBEDDED = "postgresql+psycopg://postgres@/postgres?host=/tmp/room"
REDIS = "redis://127.0.0.1:6379/0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in installations.NOT_FOR_PROCESSES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def opened(folder: Path) -> installations.Installation:
    installation = installations.open_in(folder, port=0)
    for held in installation.held:
        held.close()
    return installation


def test_a_reserved_port_is_given_to_nobody_else():
    port, held = ports.reserve()
    with held:
        other, other_held = ports.reserve(preferred=port)
        other_held.close()
    assert other > port


def test_ports_and_secrets_are_the_same_after_a_restart(folder: Path):
    first, second = opened(folder), opened(folder)
    assert first.ports == second.ports
    assert first.secrets == second.secrets
    assert (folder / "secrets.json").stat().st_mode & 0o077 == 0


def test_the_embedded_database_needs_no_passwords(folder: Path):
    found = opened(folder).databases(embedded=EMBEDDED, redis=REDIS)
    assert found.app.startswith("postgresql+psycopg://storefront_app@/storefront?host=")
    assert found.owner.startswith("postgresql+psycopg://storefront_owner@/storefront?host=")
    assert found.roles
    assert found.roles["APP_PASSWORD"] == ""


def test_a_database_url_alone_is_the_administrator_s(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://boss:secret@db.example/trade")
    installation = opened(folder)
    found = installation.databases(embedded=None, redis=REDIS)
    password = installation.secrets["app_password"]
    assert found.app == f"postgresql+psycopg://trade_app:{password}@db.example/trade"
    assert found.roles
    assert found.roles["ADMIN_DATABASE_URL"] == "postgresql+psycopg://boss:secret@db.example/trade"
    assert found.roles["DATABASE_NAME"] == "trade"


def test_two_database_urls_are_used_as_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://app@db.example/trade")
    monkeypatch.setenv("OWNER_DATABASE_URL", "postgresql+psycopg://owner@db.example/trade")
    found = opened(folder).databases(embedded=None, redis=REDIS)
    assert found.app == "postgresql+psycopg://app@db.example/trade"
    assert found.owner == "postgresql+psycopg://owner@db.example/trade"
    assert found.roles is None


@pytest.mark.parametrize("address", ["db.example:5432/trade", "mysql://db.example/trade", "sqlite:///trade"])
def test_an_address_of_no_postgresql_is_refused_in_words(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(installations.BadAddress, match="DATABASE_URL is not of the form postgresql://"):
        opened(folder).databases(embedded=None, redis=REDIS)


def test_no_process_inherits_the_operator_s_database_urls(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OWNER_DATABASE_URL", "postgresql+psycopg://owner@db.example/trade")
    assert not set(installations.NOT_FOR_PROCESSES) & set(opened(folder).environment())


def test_what_a_demo_keeps_is_for_nobody_else_on_the_machine(tmp_path: Path):
    Mails(tmp_path / "inbox")  # links of invitations and forgotten passwords are in there
    Store(tmp_path / "stripe")
    Records(tmp_path / "names")
    assert {
        each.name: stat.S_IMODE(each.stat().st_mode) & 0o077 for each in tmp_path.iterdir()
    } == dict.fromkeys(("inbox", "stripe", "names"), 0)
