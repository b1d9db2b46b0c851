"""What `make run` starts: a whole installation on this machine, from nothing to a page that answers, under
one process.

It starts the embedded servers (or takes yours from DATABASE_URL and REDIS_URL), prepares roles, schema and
the demo world, starts web, workers and the simulators, restarts what dies and, on Ctrl-C, stops web and
workers first and the database last. It knows the product only by its commands and its environment. All it
writes is in the instance folder: data, logs, secrets, ports, and `processes.json` with who runs as what.
"""

import contextlib
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import click

from sandbox import installations, ports
from sandbox.installations import Installation
from sandbox.preparations import Preparations
from sandbox.privileges import NotPossible
from sandbox.processes import Keeper, Process, StepFailed, Stopped
from sandbox.servers import Postgres, ServerFailed, Valkey

PYTHON = sys.executable
FLASK = (PYTHON, "-m", "flask", "--app", "app")
BEHIND = {"smtp": "inbox", "dns": "names"}  # port -> the simulator that listens there

CANNOT = (
    StepFailed, ServerFailed, NotPossible, installations.InUse, installations.BadAddress, ports.NoneFree
)  # fmt: skip


@click.command()
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=8400,
    help="Where the shop answers; the next free one if taken, 0 for any.",
)
@click.option(
    "--instance",
    envvar="INSTANCE",
    type=click.Path(path_type=Path),
    help="The folder of data, logs and secrets.",
)
def main(port: int, instance: Path | None) -> None:
    """Start everything, say who can sign in, and keep it running until Ctrl-C."""
    started = time.monotonic()
    try:
        with installations.claimed(instance.absolute() if instance else None) as folder:
            installation = installations.open_in(folder, port=port)
            if port not in (0, installation.port):
                say(f"Port {port} is taken: using {installation.port}.")
            run(installation, started)
    except CANNOT as error:
        raise click.ClickException(str(error)) from error


def run(installation: Installation, started: float) -> None:
    """Start the installation and keep it alive until a signal says stop."""
    os.chdir(installations.ROOT)
    keeper = Keeper(logs=installation.folder / "logs", env=installation.environment(), say=say)

    def stop(_signal: int, _frame: object) -> None:
        keeper.stopping.set()

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, stop)
    try:
        start(keeper, installation)
        note(keeper, installation)
        say(f"\nReady after {time.monotonic() - started:.1f} s.\n\n{welcome(installation)}")
        keep(keeper, installation)
    except Stopped:
        pass
    except StepFailed as error:
        raise StepFailed(f"{error}\n\nAll logs are in {keeper.logs}.") from error
    finally:
        say("Stopping ...")
        keeper.stop()
        installation.processes_file.unlink(missing_ok=True)


def start(keeper: Keeper, installation: Installation) -> None:
    """From nothing to a shop that answers; every step may be repeated. What the last start has prepared is
    not prepared again: then the first page comes first."""
    databases = start_servers(keeper, installation)
    keeper.env = installation.environment() | {"DATABASE_URL": databases.app, "REDIS_URL": databases.redis}
    administrator = (databases.roles or {}).get("ADMIN_DATABASE_URL", "")
    told = {name: keeper.env[name] for name in (*installation.own_environment(), "DATABASE_URL", "REDIS_URL")}
    logins = {"OWNER_DATABASE_URL": databases.owner, "ADMIN_DATABASE_URL": administrator}
    installations.write_shell(installation.folder / "environment", told | logins)
    keeper.start(*simulators(installation))
    owner = {"OWNER_DATABASE_URL": databases.owner}
    assets = Process(
        "assets", (PYTHON, "-m", "whitelabel_themes.assets", "--out", installation.folder / "static")
    )
    roles = [Process("roles", (PYTHON, "-m", "core.roles"), env=databases.roles)] if databases.roles else []
    demo = Process("demo", (*FLASK, "demo"), env=owner)
    preparations = Preparations(installation.folder)
    prepared = not os.environ.get("DATABASE_URL") and preparations.recall()
    if not prepared:
        with progress("Static files and database roles"):
            keeper.run(assets, *roles)
        with progress("Database schema"):
            keeper.run(Process("migrate", (*FLASK, "migrate"), env=owner))
        wait_for_simulators(keeper, installation)
        with progress("Demo world"):
            keeper.run(demo)
    web, *others = processes(installation)
    with progress("Web" if prepared else "Web, workers, dispatcher"):
        keeper.start(web, *([] if prepared else others))
        keeper.wait_for("web", lambda: is_ready(installation.port), patience=60)
    note(keeper, installation)
    if prepared:  # the page came first; the world behind it is only looked over
        keeper.start(*others)
        wait_for_simulators(keeper, installation)
        with progress("Demo world"):
            keeper.run(demo)
    preparations.keep()


def wait_for_simulators(keeper: Keeper, installation: Installation) -> None:
    """Until the outside world answers."""
    with progress("Payment and vendor simulators, inbox, names"):
        for name, port in installation.ports.items():
            keeper.wait_for(BEHIND.get(name, name), lambda port=port: ports.listens(port), patience=30)


def start_servers(keeper: Keeper, installation: Installation) -> installations.Databases:
    """Start the servers that the operator did not name by URL; where everything is."""
    postgres = None
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(installation.folder / "postgres", log=keeper.logs / "postgres.log")
        with progress("PostgreSQL"):
            keeper.keep({"postgres": postgres})
    redis_url = os.environ.get("REDIS_URL", "")
    if not redis_url:
        valkey = Valkey(installation.folder / "valkey", log=keeper.logs / "valkey.log")
        redis_url = valkey.url
        with progress("Valkey"):
            keeper.keep({"valkey": valkey})
    return installation.databases(embedded=postgres.admin_url() if postgres else None, redis=redis_url)


def processes(installation: Installation) -> list[Process]:
    """The product's own processes."""
    options = f"--host {ports.HOST} --port {installation.port} --workers 2 --blocking-threads 4 --no-ws"
    options += " --respawn-failed-workers"
    options += " --workers-kill-timeout 3"  # a worker told to stop while it starts would never end
    static = ("--static-path-route", "/static", "--static-path-mount", installation.folder / "static")
    web = (
        PYTHON,
        "serve.py",
        "--interface",
        "wsgi",
        "--factory",
        "app:create_app",
        *options.split(),
        *static,
    )
    return [
        Process("web", web),
        Process("worker", (*FLASK, "worker"), count=2),
        Process("dispatcher", (*FLASK, "dispatcher")),
    ]


def simulators(installation: Installation) -> list[Process]:
    """The outside world: each really answers on its own port and remembers in its own folder."""

    def simulator(name: str, *options: str) -> Process:
        where = ("--port", str(installation.ports[name]), "--data", installation.folder / name)
        return Process(name, (PYTHON, "-m", f"sandbox.{name}", *where, *options), patience=3)

    mail = ("--smtp-port", str(installation.ports["smtp"]), "--http-port", str(installation.ports["inbox"]))
    names = ("--dns-port", str(installation.ports["dns"]), "--http-port", str(installation.ports["names"]))
    return [
        Process(
            "names",
            (PYTHON, "-m", "sandbox.names", *names, "--data", installation.folder / "names"),
            patience=3,
        ),
        simulator("stripe", "--webhook-url", f"{installation.url}/webhooks/stripe/{{account}}"),
        simulator("vendor"),
        Process(
            "inbox",
            (PYTHON, "-m", "sandbox.inbox", *mail, "--data", installation.folder / "inbox"),
            patience=3,
        ),
    ]


def keep(keeper: Keeper, installation: Installation) -> None:
    """Look after everything until told to stop; `processes.json` always says who runs as what."""
    while not keeper.stopping.is_set():
        pids = note(keeper, installation)
        keeper.watch(until=lambda pids=pids: keeper.pids != pids)


def note(keeper: Keeper, installation: Installation) -> dict[str, int | None]:
    """Write down who runs as what now."""
    pids = keeper.pids
    found = {"url": installation.url, "supervisor": os.getpid(), "processes": pids}
    installations.write(installation.processes_file, found)
    return pids


def welcome(installation: Installation) -> str:
    """What the terminal shows at the end: the address, and who can sign in as `demo.json` says."""
    file = installation.folder / "demo.json"
    demo: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    inbox = f"http://{ports.HOST}:{installation.ports['inbox']}/"
    addresses = {"The shop": f"{installation.url}/", "Its mail": inbox, **demo.get("urls", {})}
    lines = [f"  {name:<24} {address}" for name, address in addresses.items()]
    people: list[dict[str, str]] = demo.get("people", [])
    if people:
        lines += ["", "  Sign in as"]
        lines += [
            f"    {who.get('email', ''):<34} {who.get('password', ''):<22} {who.get('role', '')}"
            for who in people
        ]
    return "\n".join(
        [*lines, "", f"  Data and logs are in {installation.folder}. Ctrl-C stops everything.", ""]
    )


def is_ready(port: int) -> bool:
    """Whether the shop says that it can serve."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(ports.HOST, port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
    return False


@contextlib.contextmanager
def progress(what: str) -> Generator[None]:
    """Say what is going on, and how long it took."""
    started = time.monotonic()
    if sys.stdout.isatty():
        click.echo(f"  {what} ...\r", nl=False)
    yield
    say(f"  {what:<38} {time.monotonic() - started:5.1f} s")


def say(line: str) -> None:
    """A line for the person at the terminal, shown at once even when it goes to a file."""
    click.echo(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
