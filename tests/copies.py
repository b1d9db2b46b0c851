"""Fresh databases for the tests, copied from a template while the test before still runs: the server copies
the next one and drops the last one by itself, and a test waits for two renamings. In memory where there is
room for it: a copy is some thousand small files, and a busy disk takes ten times as long for them."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from itertools import count
from pathlib import Path

import psycopg
from psycopg import pq
from sqlalchemy import create_engine

from sandbox.servers import Postgres

MEMORY = Path("/dev/shm")  # noqa: S108 a private folder in it
ROOM = 2 << 30
PREFIX = "shop-tests-"


@contextlib.contextmanager
def quick_folder(otherwise: Path) -> Generator[Path]:
    """A folder in memory, gone at the end, or `otherwise` where memory has less than ROOM to give. What a
    run that was killed left behind goes first."""
    if not (os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM):
        yield otherwise
        return
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            with contextlib.suppress(OSError), held(left):
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY))
    folder.chmod(0o711)  # the server may run as somebody else
    with held(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def held(folder: Path) -> Generator[None]:
    """The folder is ours, or OSError: processes of another container are not in our list."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)


class Copies:
    """Of `template`, each under the name of the database that it takes the place of."""

    def __init__(self, server: Postgres, template: str, name: str, owner: str) -> None:
        self._server, self._template, self._name, self._owner = server, template, name, owner
        self._numbers = count()
        self._connect()

    def _connect(self) -> None:
        url = self._server.admin_url().replace("+psycopg", "")
        self._making, self._dropping = (psycopg.connect(url, autocommit=True) for _ in range(2))
        self._old: list[str] = []
        self._prepare()

    def _prepare(self) -> None:
        """Asks for the next copy and for the end of the last, and does not wait."""
        self._next = f"{self._template}_copy_{next(self._numbers)}"
        create = f"CREATE DATABASE {self._next} TEMPLATE {self._template} OWNER {self._owner}"
        self._making.pgconn.send_query(f"{create} STRATEGY FILE_COPY".encode())
        if self._old:
            self._dropping.pgconn.send_query(f"DROP DATABASE {self._old.pop()}".encode())

    def _wait(self) -> None:
        for connection in (self._making, self._dropping):
            while answer := connection.pgconn.get_result():
                if answer.status != pq.ExecStatus.COMMAND_OK:
                    raise psycopg.OperationalError(answer.get_error_message())

    def fresh(self) -> None:
        """Whoever uses the database is cut off, and a fresh copy has its name."""
        try:
            self._wait()
            self._replace()
        except psycopg.OperationalError:  # a test restarted the server
            self.close()
            self._connect()
            self._wait()
            self._replace()
        self._prepare()

    def _replace(self) -> None:
        ask = self._dropping.execute
        if ask("SELECT 1 FROM pg_database WHERE datname = %s", [self._name]).fetchone():
            ask(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false".encode())
            there = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            while ask(there, [self._name]).fetchone():
                time.sleep(0.002)  # renaming would look again after 100 ms only
            old = f"{self._template}_old_{next(self._numbers)}"
            ask(f"ALTER DATABASE {self._name} RENAME TO {old}".encode())
            self._old.append(old)
        ask(f"ALTER DATABASE {self._next} RENAME TO {self._name}".encode())

    def close(self) -> None:
        """The server may stop; what was being made for nobody is made to its end and dropped."""
        with contextlib.suppress(psycopg.OperationalError):
            self._wait()
            for name in (self._next, *self._old):
                self._dropping.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        self._making.close()
        self._dropping.close()


def on_server(postgres: Postgres, *statements: str) -> None:
    """Statements outside any transaction, as the server's administrator."""
    engine = create_engine(postgres.admin_url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
