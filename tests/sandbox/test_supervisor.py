"""The supervisor brings everything up, keeps it up, and takes all of it along when it goes, however it goes.

It knows the product only by its commands, so a checkout of a few lines stands in for the product here.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sandbox import installations, ports

APP = """
import json, os, pathlib, signal, sys, time
import click
from flask import Flask

INSTANCE = pathlib.Path(os.environ["INSTANCE"])

def create_app():
    app = Flask(__name__)
    app.add_url_rule("/readyz", view_func=lambda: "ready")
    app.cli.command("migrate")(lambda: need("OWNER_DATABASE_URL"))
    app.cli.command("demo")(demo)
    app.cli.command("worker")(work)
    app.cli.command("dispatcher")(work)
    return app

def need(name):
    if name not in os.environ:
        sys.exit(f"{name} is missing")

def demo():
    need("OWNER_DATABASE_URL")
    people = [{"email": "dora@shop.example", "password": "demo", "role": "distributor"}]
    (INSTANCE / "demo.json").write_text(json.dumps({"people": people}))

def work():
    assert "OWNER_DATABASE_URL" not in os.environ
    def end(*_):
        with (INSTANCE / "ended").open("a") as file: file.write("worker\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    while True: time.sleep(0.1)
"""
ROLES = "import os\nassert os.environ['ADMIN_DATABASE_URL'] and os.environ['DATABASE_NAME'] == 'storefront'\n"
ASSETS = "import pathlib, sys\npathlib.Path(sys.argv[2]).mkdir(exist_ok=True)\n"
SIMULATOR = """
import http.server, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This very sandbox, beside a product of a few lines."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("stripe", "vendor", "__pycache__")
    shutil.copytree(installations.ROOT / "sandbox", root / "sandbox", ignore=ignored)
    shutil.copy(installations.ROOT / "serve.py", root)
    files = {"app.py": APP, "core/roles.py": ROLES, "whitelabel_themes/assets.py": ASSETS}
    files |= {f"sandbox/{name}.py": SIMULATOR for name in ("stripe", "vendor")}
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content)
    return root


class Supervised:
    """One supervisor that runs as its own process, like `make run`."""

    def __init__(self, checkout: Path, instance: Path | None, **env: str) -> None:
        own = ("INSTANCE", "ENVIRONMENT", "SECRET_KEY")  # what the other tests of this process work with
        inherited = {
            name: value for name, value in os.environ.items() if not name.endswith("_URL") and name not in own
        }
        named = {"INSTANCE": str(instance)} if instance else {}
        self.instance, self.checkout = instance, checkout
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.supervisor"],
            cwd=checkout,
            env={**inherited, "PORT": "0", **named, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def until_ready(self) -> "Supervised":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C stops everything" in line:
                return self
        raise AssertionError(f"It ended before it was ready:\n{self.said}")

    @property
    def pids(self) -> dict[str, int]:
        assert self.instance
        return json.loads((self.instance / "processes.json").read_text())["processes"]

    def tell(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        self.said += self.process.communicate(timeout=90)[0]  # it gives its database 30 s by itself
        return self.process.returncode


@pytest.fixture
def supervise(checkout: Path) -> Iterator[Callable[..., Supervised]]:
    started: list[Supervised] = []

    def start(instance: Path | None, **env: str) -> Supervised:
        started.append(Supervised(checkout, instance, **env))
        return started[-1]

    yield start
    for supervised in started:
        supervised.process.kill()
        supervised.process.wait()


def eventually(holds: Callable[[], bool], within: float = 60) -> bool:
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lives(pid: int) -> bool:
    """Not counting zombies, nor what is only remembered."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def belonging_to(instance: Path) -> list[int]:
    """Every process that was told of this instance, wherever it hangs in the tree."""
    mark = f"INSTANCE={instance}\0".encode()
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if mark in environment(process)]


def environment(process: Path) -> bytes:
    """Empty for zombies, for what just ended and for what belongs to others."""
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def test_it_comes_up_says_who_can_sign_in_and_ends_in_order(
    supervise: Callable[..., Supervised], tmp_path: Path
):
    shop = supervise(tmp_path / "shop").until_ready()
    assert "dora@shop.example" in shop.said
    assert set(shop.pids) >= {
        "postgres",
        "valkey",
        "stripe",
        "vendor",
        "inbox",
        "web",
        "worker-1",
        "worker-2",
    }
    assert shop.tell(signal.SIGINT) == 0
    assert (tmp_path / "shop" / "ended").read_text().count("worker") == 3
    assert belonging_to(tmp_path / "shop") == []
    assert "database system is shut down" in (tmp_path / "shop" / "logs" / "postgres.log").read_text()


def test_whatever_dies_is_started_again(supervise: Callable[..., Supervised], tmp_path: Path):
    shop = supervise(tmp_path / "shop").until_ready()
    before = shop.pids
    port = int(json.loads((tmp_path / "shop" / "processes.json").read_text())["url"].rpartition(":")[2])
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: all(pid and pid != before[name] for name, pid in shop.pids.items()))

    def answers() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200

    assert eventually(lambda: ports.listens(port) and answers())
    children = Path(f"/proc/{shop.process.pid}/task/{shop.process.pid}/children").read_text().split()
    assert all(lives(int(child)) for child in children), "zombies were left"
    assert shop.tell(signal.SIGTERM) == 0
    assert belonging_to(tmp_path / "shop") == []


def test_a_killed_supervisor_leaves_nothing_and_the_next_one_takes_over(
    supervise: Callable[..., Supervised], tmp_path: Path
):
    shop = supervise(tmp_path / "shop").until_ready()
    everyone = shop.pids.values()
    shop.tell(signal.SIGKILL)
    supervise(tmp_path / "shop").until_ready()
    assert not any(lives(pid) for pid in everyone)


def test_a_step_that_fails_ends_the_start_with_its_words(
    supervise: Callable[..., Supervised], checkout: Path, tmp_path: Path
):
    broken = tmp_path / "broken"
    shutil.copytree(checkout, broken)
    (broken / "core" / "roles.py").write_text("raise SystemExit('no roles today')")
    shop = Supervised(broken, tmp_path / "shop")
    said, _ = shop.process.communicate(timeout=120)
    assert shop.process.returncode == 1
    assert "roles failed (exit code 1):\nno roles today" in said
    assert belonging_to(tmp_path / "shop") == []


def test_two_at_once_from_one_checkout_get_a_folder_and_a_port_each(
    supervise: Callable[..., Supervised], checkout: Path
):
    port, held = ports.reserve()
    held.close()
    first, second = supervise(None, PORT=str(port)), supervise(None, PORT=str(port))
    assert {len(each.until_ready().said) > 0 for each in (first, second)} == {True}
    folders = [checkout / "instance", checkout / "instance-2"]
    urls = {json.loads((folder / "processes.json").read_text())["url"] for folder in folders}
    assert len(urls) == 2
    assert any(f"Port {port} is taken" in each.said for each in (first, second))


def test_a_named_folder_in_use_is_refused_by_name(supervise: Callable[..., Supervised], tmp_path: Path):
    supervise(tmp_path / "shop").until_ready()
    second = supervise(tmp_path / "shop")
    said, _ = second.process.communicate(timeout=120)
    assert second.process.returncode == 1
    assert f"{tmp_path / 'shop'} is in use" in said
