"""The web's workers end with their server, however it ends: none answers on beside the next one."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import children, ports, supervisor
from sandbox.installations import ROOT, Installation
from sandbox.servers import Postgres


class Served:
    """The web as the supervisor starts it, without a supervisor above it."""

    def __init__(self, folder: Path, port: int, env: dict[str, str]) -> None:
        installation = Installation(folder, port, {}, {}, ())
        [web] = [process for process in supervisor.processes(installation) if process.name == "web"]
        self.port = port
        self.log = folder / "web.log"
        with self.log.open("ab") as output:
            # Not by a Replica, which would end what is left of the group before it starts anew.
            self.process = subprocess.Popen(
                [str(part) for part in web.command],
                env=env,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def until_ready(self) -> "Served":
        assert eventually(lambda: supervisor.is_ready(self.port), 60), children.tail(self.log)
        assert eventually(lambda: len(self.workers) >= 2), children.tail(self.log)
        return self

    @property
    def workers(self) -> list[int]:
        """Its children."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in found.read_text().split()] if found.exists() else []

    def kill(self) -> list[int]:
        """SIGKILL to the main process alone; who is left."""
        left = self.workers
        self.process.kill()
        self.process.wait()
        return left


def eventually(holds: Callable[[], bool], within: float = 60) -> bool:
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def is_free(port: int) -> bool:
    """Whether a server could have the port for itself alone."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ports.HOST, port))
            probe.listen()
        except OSError:
            return False
    return True


@pytest.fixture
def serve(installation: dict[str, str], world: object, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts the web on a port, over the world."""
    (tmp_path / "static").mkdir()
    env = {**os.environ, **installation, "INSTANCE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    started: list[Served] = []

    def start(port: int, **more: str) -> Served:
        started.append(Served(tmp_path, port, env | more))
        return started[-1]

    yield start
    for served in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(served.process.pid, signal.SIGKILL)
        served.process.wait()


@pytest.mark.promise("QC1")
def test_when_the_server_is_killed_its_workers_end_and_the_port_is_free(
    serve: Callable[..., Served],
) -> None:
    port, held = ports.reserve()
    first = serve(port).until_ready()
    workers = first.kill()
    assert len(workers) >= 2
    assert eventually(lambda: not any(map(lives, workers)), 5), "workers outlive their server"
    assert eventually(lambda: is_free(port), 5)  # its last thread lets go of it
    assert "is gone: its worker" in first.log.read_text()
    held.close()


def test_workers_share_what_the_product_loads(serve: Callable[..., Served]) -> None:
    port, held = ports.reserve()
    served = serve(port).until_ready()
    for worker in served.workers:
        said = Path(f"/proc/{worker}/smaps_rollup").read_text()
        written, shared = (int(said.split(f"{of}:")[1].split()[0]) for of in ("Anonymous", "Shared_Dirty"))
        assert shared > written / 3, said  # without a common parent it is next to nothing
    held.close()


@pytest.mark.promise("QS2")
def test_the_web_does_not_serve_from_a_database_without_walls(
    serve: Callable[..., Served], postgres: Postgres
) -> None:
    port, held = ports.reserve()
    served = serve(port, DATABASE_URL=postgres.admin_url("shop"))
    assert eventually(lambda: "a superuser" in served.log.read_text(), 60), children.tail(served.log)
    assert not supervisor.is_ready(port)
    held.close()
