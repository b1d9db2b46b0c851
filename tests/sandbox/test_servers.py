"""The embedded servers keep what was written, however they end, and leave nothing running."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from sandbox import privileges
from sandbox.servers import THROWAWAY, Postgres, ServerFailed, Valkey

DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Postgres]:
    with Postgres(tmp_path / "data") as postgres:
        yield postgres


def note(postgres: Postgres, word: str) -> None:
    engine = create_engine(postgres.admin_url())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS notes (word text)"))
        connection.execute(text("INSERT INTO notes VALUES (:word)"), {"word": word})
    engine.dispose()


def noted(postgres: Postgres) -> list[str]:
    engine = create_engine(postgres.admin_url())
    with engine.connect() as connection:
        words = list(connection.scalars(text("SELECT word FROM notes ORDER BY word")))
    engine.dispose()
    return words


def is_gone(pid: int, within: float = 30) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_stopped_database_keeps_its_rows(cluster: Postgres):
    note(cluster, "kept")
    cluster.stop()
    cluster.start()
    assert noted(cluster) == ["kept"]


def test_a_killed_database_starts_again_at_once_with_every_committed_row(cluster: Postgres):
    for round_ in range(3):
        note(cluster, f"round {round_}")
        cluster.kill()
        assert cluster.pid is None
        cluster.start()
    assert noted(cluster) == ["round 0", "round 1", "round 2"]


def test_an_immediate_restart_cuts_sessions_and_keeps_rows(cluster: Postgres):
    note(cluster, "kept")
    with psycopg.connect(host=str(cluster.sockets), user="postgres") as session:
        cluster.restart_immediate()
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert noted(cluster) == ["kept"]


def test_a_lock_left_by_a_dead_database_whose_number_is_taken_does_not_prevent_the_start(cluster: Postgres):
    note(cluster, "kept")
    left = (cluster.data / "postmaster.pid").read_text()
    cluster.kill()
    # In a container the numbers begin again at every start: ours now has the dead server's.
    (cluster.data / "postmaster.pid").write_text(
        "\n".join([str(os.getppid()), *left.splitlines()[1:]]) + "\n"
    )
    cluster.start()
    assert noted(cluster) == ["kept"]


def test_nobody_else_reaches_the_database(cluster: Postgres):
    with psycopg.connect(host=str(cluster.sockets), user="postgres") as session:
        assert session.execute("SHOW listen_addresses").fetchone() == ("",)
    assert cluster.sockets.stat().st_mode & 0o077 == 0
    assert len(str(cluster.sockets / ".s.PGSQL.5432")) < 100


def test_settings_reach_the_server(tmp_path: Path):
    settings = {**THROWAWAY, "shared_preload_libraries": "pg_stat_statements"}
    with Postgres(tmp_path / "data", settings=settings) as postgres:
        engine = create_engine(postgres.admin_url())
        with engine.begin() as connection:
            assert connection.scalar(text("SHOW fsync")) == "off"
            connection.execute(text("CREATE EXTENSION pg_stat_statements"))
            assert connection.scalar(text("SELECT count(*) FROM pg_stat_statements")) is not None
        engine.dispose()


def test_a_wrong_setting_is_told_in_the_server_s_own_words(tmp_path: Path):
    with pytest.raises(ServerFailed, match="no_such_setting"):
        Postgres(tmp_path / "data", settings={"no_such_setting": "1"}).start()


def test_a_second_server_on_the_same_data_is_refused_while_the_first_runs(
    cluster: Postgres, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.servers.START_LIMIT", 1.0)
    note(cluster, "first")
    with pytest.raises(ServerFailed, match=r"postmaster\.pid"):
        Postgres(cluster.data, log=cluster.log).start()
    assert noted(cluster) == ["first"]


@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's PostgreSQL 15 is not installed here")
def test_debian_s_postgresql_15_serves_as_well(tmp_path: Path):
    with Postgres(tmp_path / "data", bin_dir=DEBIAN, settings=THROWAWAY) as postgres:
        note(postgres, "fifteen")
        assert noted(postgres) == ["fifteen"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to pretend")
def test_root_runs_it_without_giving_files_away(cluster: Postgres):
    assert cluster.data.stat().st_uid == 0
    assert privileges.dropped(cluster.bin_dir / "postgres") == (
        ("unshare", "--user", "--map-user=1000", "--"),
        None,
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_without_namespaces_runs_it_as_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    privileges.dropped.cache_clear()
    with tempfile.TemporaryDirectory() as room:
        os.chmod(room, 0o755)  # noqa: S103 - pytest's own folders are closed to nobody
        if open_to_everybody(Path(sys.executable)):
            with Postgres(Path(room) / "data") as postgres:
                note(postgres, "nobody's")
                assert noted(postgres) == ["nobody's"]
                assert postgres.data.stat().st_uid != 0
        else:  # a checkout in somebody's closed home: refused in words, and no folder is opened up for it
            with pytest.raises(privileges.NotPossible, match="cannot reach"):
                Postgres(Path(room) / "data").start()
    privileges.dropped.cache_clear()


def open_to_everybody(path: Path) -> bool:
    """Whether any user may go through every folder above a file."""
    return all(folder.stat().st_mode & 0o001 for folder in path.parents)


def test_servers_end_with_the_process_that_started_them(tmp_path: Path):
    program = f"""
import time; from pathlib import Path; from sandbox.servers import *
room = Path({str(tmp_path)!r})
print(Postgres(room / "pg").start().pid, Valkey(room / "valkey").start().pid, flush=True); time.sleep(600)
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    servers = [int(pid) for pid in owner.stdout.readline().split()]
    owner.kill()
    owner.wait()
    assert len(servers) == 2
    assert all(is_gone(pid) for pid in servers)


def test_a_killed_valkey_keeps_what_it_was_told(tmp_path: Path):
    with Valkey(tmp_path / "data") as valkey:
        redis.Redis.from_url(valkey.url).set("word", "kept")
        valkey.kill()
        valkey.start()
        assert redis.Redis.from_url(valkey.url).get("word") == b"kept"


def test_a_valkey_that_cannot_start_says_why(tmp_path: Path):
    with pytest.raises(ServerFailed, match="appendfsync"):
        Valkey(tmp_path / "data", settings={"appendfsync": "perhaps"}).start()
