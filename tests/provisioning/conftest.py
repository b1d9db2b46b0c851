"""A vendor to deliver from, shared by the tests of this folder and emptied before each; and worker processes
that can be killed and frozen."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from core import db
from provisioning.deliveries import ConnectorSettings
from sandbox.servers import Postgres
from tests.conftest import on_server
from tests.fast_worker import Worker
from tests.vendors import Vendor, running_vendor
from tests.world import World, open_portal

Hire = Callable[..., Worker]


@pytest.fixture(scope="session")
def _vendor_process(tmp_path_factory: pytest.TempPathFactory) -> Generator[Vendor]:
    with running_vendor(tmp_path_factory.mktemp("vendor")) as vendor:
        yield vendor


@pytest.fixture
def vendor(_vendor_process: Vendor) -> Vendor:
    _vendor_process.forget_everything()
    return _vendor_process


@pytest.fixture
def shop(world: World, vendor: Vendor, postgres: Postgres) -> World:
    """Brightfield's shop is open and sells what the vendor delivers. What is committed survives a crash of
    the server, unlike elsewhere in the tests."""
    on_server(postgres, "ALTER DATABASE shop SET synchronous_commit = on")
    db.reset()
    open_portal(world)
    with world.acting():
        db.add(ConnectorSettings(connector="http_service", settings=vendor.settings))
    return world


@pytest.fixture
def hire(tmp_path: Path) -> Generator[Hire]:
    """Starts worker processes and ends them with the test."""
    hired: list[Worker] = []

    def hire(name: str = "worker", **how: Any) -> Worker:
        hired.append(Worker(tmp_path, name, **how))
        return hired[-1]

    yield hire
    for worker in hired:
        worker.end()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for something that processes do by themselves."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
