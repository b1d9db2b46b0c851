"""Backup and restore with the programs that a machine happens to have, older or newer than its server."""

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from core.addresses import conninfo
from sandbox.servers import THROWAWAY, Postgres
from storefront import postgres_programs
from storefront.postgres_programs import BackupFailed

FIFTEEN = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(not FIFTEEN.exists(), reason="Debian's PostgreSQL 15 is not installed here")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[URL]:
    """Debian's, older than the embedded programs."""
    folder = tmp_path_factory.mktemp("fifteen")
    with Postgres(folder / "data", bin_dir=FIFTEEN, settings=THROWAWAY) as postgres:
        admin = make_url(postgres.admin_url())
        told(admin, "CREATE DATABASE empty")
        told(admin, "CREATE TABLE sold (what text)")
        news = postgres_programs.NEWS.decode()
        told(admin, f"INSERT INTO sold VALUES ('ten seats'), ('{news}')")  # noqa: S608 a constant
        yield admin


@pytest.fixture
def embedded_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_programs, "DEBIAN", Path("/nowhere"))
    monkeypatch.setattr("shutil.which", lambda _name: None)


def told(admin: URL, statement: str) -> list[tuple[str, ...]]:
    with psycopg.connect(conninfo(admin), autocommit=True) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


def test_what_the_embedded_programs_wrote_of_an_older_server_comes_back_to_it(
    server: URL, embedded_only: None, tmp_path: Path
) -> None:
    file, empty = tmp_path / "shop.dump", server.set(database="empty")
    postgres_programs.dump(server, file)
    postgres_programs.restore(empty, file)
    assert told(empty, "SELECT what FROM sold") == told(server, "SELECT what FROM sold")
    told(empty, "DROP TABLE sold")


def test_of_a_file_that_ends_too_early_nothing_is_kept(
    server: URL, embedded_only: None, tmp_path: Path
) -> None:
    file, empty = tmp_path / "shop.dump", server.set(database="empty")
    postgres_programs.dump(server, file)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(BackupFailed, match="end of file"):
        postgres_programs.restore(empty, file)
    assert told(empty, "SELECT 1 FROM pg_class WHERE relname = 'sold'") == []


def test_the_programs_nearest_to_the_server_are_taken(server: URL, tmp_path: Path) -> None:
    file = tmp_path / "shop.dump"
    postgres_programs.dump(server, file)
    assert file.read_bytes()[5:7] == b"\x01\x0e"  # the format of 15; that of 17 and 18 is 1.16
