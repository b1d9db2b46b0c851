"""Addresses of servers as other people write them."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from core import addresses
from core.locks import Locks
from core.settings import Settings, settings

ODD = "p@ss w%rd/ü:#?&+'\\"


def test_a_password_with_any_sign_reaches_the_programs_of_postgresql() -> None:
    url = make_url("postgresql+psycopg://db.example/shop?options=-c%20work_mem%3D8MB").set(password=ODD)
    told = conninfo_to_dict(addresses.conninfo(url))
    assert (told["host"], told["dbname"], told["password"], told["options"]) == (
        "db.example",
        "shop",
        ODD,
        "-c work_mem=8MB",
    )
    assert "password" not in addresses.conninfo(url, password=False)


def test_a_worker_holds_its_locks_whatever_the_address_says(
    installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(installation["DATABASE_URL"]).set(password=ODD, database="postgres")
    url = url.update_query_dict({"options": "-c statement_timeout=30s"})
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    settings.cache_clear()
    try:
        Locks().close()
    finally:
        settings.cache_clear()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_the_short_schemes_that_hosts_hand_out_are_understood(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "ADMIN_DATABASE_URL"):
        monkeypatch.setenv(name, f"{scheme}://shop@db.example/shop")
    told = Settings()
    assert {told.database_url, told.owner_database_url, told.admin_database_url} == {
        "postgresql+psycopg://shop@db.example/shop"
    }


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("DATABASE_URL", "db.example:5432/shop", "not of the form"),
        ("DATABASE_URL", "mysql://db.example/shop", "mysql:// is not understood"),
        ("DATABASE_URL", "postgresql+asyncpg://db.example/shop", "not understood"),
        ("DATABASE_URL", "postgresql://shop@db.example", "names no database"),
        ("REDIS_URL", "localhost:6379", "not of the form"),
        ("REDIS_URL", "redis://:pa#ss@localhost/0", "%23"),
    ],
)
def test_an_address_that_cannot_be_used_stops_the_start_in_words(
    name: str, address: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    assert any(name in problem and words in problem for problem in Settings().problems())
