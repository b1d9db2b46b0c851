"""What docs/operations.md and the unit files say is true of the code."""

import re
import tomllib
from pathlib import Path

import click
import pytest
from flask.cli import ScriptInfo

from core.settings import Settings, settings
from storefront.web import create_app
from tests import settings_table

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SAFE = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql+psycopg://storefront_app:p@db/storefront",
    "REDIS_URL": "rediss://:p@redis",
    "SECRET_KEY": "k" * 40,
    "PUBLIC_URL": "https://shop.example",
}


def test_the_table_of_settings_is_that_of_the_code() -> None:
    page = settings_table.PAGE.read_text(encoding="utf-8")
    assert settings_table.written(page) == page, "run python -m tests.settings_table"
    for name, field in Settings.model_fields.items():
        assert field.description, f"{name}: say in core/settings.py what it is"


def test_every_command_that_is_written_down_exists() -> None:
    texts = [
        settings_table.PAGE.read_text(encoding="utf-8"),
        (ROOT / "README.md").read_text(encoding="utf-8"),
    ]
    texts += [unit.read_text(encoding="utf-8") for unit in UNITS]
    named = {name for text in texts for name in re.findall(r"flask --app app ([a-z0-9-]+)", text)}
    commands = (ROOT / "storefront" / "commands.py").read_text() + (
        ROOT / "storefront" / "backups.py"
    ).read_text()
    assert named >= {"migrate", "worker", "dispatcher", "backup", "restore", "reconcile", "doctor"}
    assert named <= set(re.findall(r'@click.command\("([a-z0-9-]+)"\)', commands))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_this_repository_has(unit: Path) -> None:
    words = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    starts = re.findall(r"^ExecStart=(.+)$", words, re.MULTILINE)
    assert bool(starts) is (unit.suffix == ".service")
    for start in starts:
        assert "/opt/storefront/.venv/bin/" in start
        assert "NoNewPrivileges=yes" in words
        assert "User=storefront" in words
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any("granian" in package for package in packages)


def test_administrators_logins_are_for_commands_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STRIPE_SANDBOX_URL", raising=False)
    assert Settings().problems() == []
    for name in ("OWNER_DATABASE_URL", "ADMIN_DATABASE_URL"):
        monkeypatch.setenv(name, "postgresql+psycopg://postgres@db/postgres")
        [problem] = Settings().problems()
        assert name in problem
        assert Settings().problems(administrating=True) == []
        monkeypatch.delenv(name)


def test_migrate_can_be_told_the_owner_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SAFE, "OWNER_DATABASE_URL": "postgresql+psycopg://owner@127.0.0.1:1/db"}.items():
        monkeypatch.setenv(name, value)
    for name in ("STRIPE_SANDBOX_URL", "VENDOR_SANDBOX_URL", "INBOX_URL", "NAMES_URL"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    try:
        with click.Context(click.Command("flask"), info_name="flask", obj=ScriptInfo()):
            assert "migrate" in create_app().cli.commands
    finally:
        settings.cache_clear()
