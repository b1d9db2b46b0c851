"""Where an installation lives: its folder, its ports, its secrets, its databases, and the environment its
processes are given.

One process at a time has a folder, by a lock that ends with the process. Secrets are drawn once and kept in
`secrets.json`, readable by its owner only; ports are remembered, so that links in mails and payment pages
still work after a restart.
"""

import contextlib
import fcntl
import itertools
import json
import os
import secrets
import shlex
import socket
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sandbox import ports

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "storefront"
HELPERS = ("stripe", "vendor", "inbox", "smtp", "names", "dns")
NOT_FOR_PROCESSES = ("DATABASE_URL", "OWNER_DATABASE_URL", "ADMIN_DATABASE_URL", "REDIS_URL")


class InUse(RuntimeError):
    """The folder belongs to another installation that runs now."""


class BadAddress(RuntimeError):
    """A server's address that nothing can be done with."""


@dataclass(frozen=True)
class Databases:
    """Where the databases are, for the application and for the schema's owner.

    `roles` is what `core.roles` must be told to prepare them; None where the operator did.
    """

    app: str
    owner: str
    redis: str
    roles: Mapping[str, str] | None


@dataclass(frozen=True)
class Installation:
    """One installation on this machine; `held` keeps its ports reserved."""

    folder: Path
    port: int
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    held: tuple[socket.socket, ...]

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def processes_file(self) -> Path:
        return self.folder / "processes.json"

    def environment(self) -> dict[str, str]:
        """What every process gets; databases are told to each as what it may be, application or owner."""
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_PROCESSES}
        return inherited | self.own_environment()

    def own_environment(self) -> dict[str, str]:
        """What this installation decides by itself."""
        return {
            "ENVIRONMENT": "demo",
            "INSTANCE": str(self.folder),
            "SECRET_KEY": self.secrets["secret_key"],
            "PUBLIC_URL": self.url,
            "SMTP_URL": f"smtp://{ports.HOST}:{self.ports['smtp']}",
            "STRIPE_SANDBOX_URL": f"http://{ports.HOST}:{self.ports['stripe']}",
            "VENDOR_SANDBOX_URL": f"http://{ports.HOST}:{self.ports['vendor']}",
            "INBOX_URL": f"http://{ports.HOST}:{self.ports['inbox']}",
            "NAMES_URL": f"http://{ports.HOST}:{self.ports['names']}",
            "DNS_SERVER": f"{ports.HOST}:{self.ports['dns']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def databases(self, *, embedded: str | None, redis: str) -> Databases:
        """Of the embedded server (no passwords: its socket is private), or as DATABASE_URL names them."""
        app, owner = os.environ.get("DATABASE_URL", ""), os.environ.get("OWNER_DATABASE_URL", "")
        for name, address in (("DATABASE_URL", app), ("OWNER_DATABASE_URL", owner)):
            _refuse_unless_postgresql(name, address)
        if not embedded and owner:
            return Databases(app=app, owner=owner, redis=redis, roles=None)
        admin = make_url(embedded or app)
        name = DATABASE if embedded else (admin.database or DATABASE)
        kept = dict.fromkeys(("app_password", "owner_password"), "") if embedded else self.secrets
        roles = {
            "ADMIN_DATABASE_URL": _text(admin),
            "DATABASE_NAME": name,
            "APP_PASSWORD": kept["app_password"],
            "OWNER_PASSWORD": kept["owner_password"],
        }
        return Databases(
            app=_text(_as(admin, name, "app", kept["app_password"])),
            owner=_text(_as(admin, name, "owner", kept["owner_password"])),
            redis=redis,
            roles=roles,
        )


@contextlib.contextmanager
def claimed(folder: Path | None) -> Generator[Path]:
    """The folder, for us alone while the block lasts.

    Without a name it is `instance`, or `instance-2` and so on while that one is in use.
    """
    candidates = (
        [folder]
        if folder
        else (ROOT / ("instance" if n == 1 else f"instance-{n}") for n in itertools.count(1))
    )
    for candidate in candidates:
        candidate.mkdir(parents=True, exist_ok=True)
        with (candidate / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            _outlast(candidate / "processes.json")
            yield candidate
            return
    raise InUse(f"{folder} is in use by another installation. Name another folder: make run INSTANCE=...")


def open_in(folder: Path, *, port: int) -> Installation:
    """The installation of this folder, on this port or the next free one."""
    remembered = _read(folder / "ports.json")
    shop_port, held = ports.reserve(preferred=port)
    chosen = {
        name: ports.reserve(preferred=remembered.get(name, 0), reserved=[shop_port]) for name in HELPERS
    }
    numbers = {name: number for name, (number, _) in chosen.items()}
    write(folder / "ports.json", numbers)
    return Installation(
        folder,
        shop_port,
        numbers,
        _secrets(folder / "secrets.json"),
        (held, *(hold for _, hold in chosen.values())),
    )


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file so that readers see the old one or the new one, only its owner at all."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(content, output, indent=2)
    draft.replace(file)


def write_shell(file: Path, values: Mapping[str, str]) -> None:
    """A file for `set -a; . file`, which only its owner may read: for commands about this installation."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in values.items() if value]
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.writelines(lines)
    draft.replace(file)


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.exists() else {}


def _secrets(file: Path) -> dict[str, str]:
    names = ("secret_key", "app_password", "owner_password")
    kept = {name: secrets.token_urlsafe(32) for name in names} | _read(file)
    write(file, kept)
    return kept


def _as(admin: URL, database: str, role: str, password: str) -> URL:
    return admin.set(username=f"{database}_{role}", password=password or None, database=database)


def _text(url: URL) -> str:
    """SQLAlchemy no longer takes the short scheme that many hosts hand out."""
    driver = "postgresql+psycopg" if url.drivername in ("postgres", "postgresql") else url.drivername
    return url.set(drivername=driver).render_as_string(hide_password=False)


def _refuse_unless_postgresql(name: str, address: str) -> None:
    try:
        scheme = make_url(address).drivername if address else "postgresql"
    except (ArgumentError, ValueError):
        scheme = ""
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise BadAddress(
            f"{name} is not of the form postgresql://user:password@host/database (signs like @ / : # % in a"
            " password are written %40 %2F %3A %23 %25)."
        )


def _outlast(processes_file: Path, patience: float = 15) -> None:
    """Wait for what a killed supervisor left behind: it is ending now, and its ports are soon free again."""
    left = [pid for pid in _read(processes_file).get("processes", {}).values() if pid]
    deadline = time.monotonic() + patience
    while any(_lives(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.1)


def _lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False
