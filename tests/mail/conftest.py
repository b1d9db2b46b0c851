"""A real mail server for the tests: the sandbox's inbox as a process, reached by SMTP and read over
HTTP."""

import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import settings
from sandbox import children, ports
from tests.world import World


class PostOffice:
    """The inbox: it can be closed and opened again on the same port."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.smtp, self._smtp_held = ports.reserve()
        self.http, self._http_held = ports.reserve()
        self.seen = 0

    def open(self) -> None:
        where = ["--smtp-port", str(self.smtp), "--http-port", str(self.http), "--data", self.data]
        self.child = children.start([sys.executable, "-m", "sandbox.inbox", *where], log=self.data / "log")
        deadline = time.monotonic() + 60
        while not (ports.listens(self.smtp) and ports.listens(self.http)):
            assert time.monotonic() < deadline, children.tail(self.data / "log")
            time.sleep(0.02)

    def close(self) -> None:
        children.kill(self.child)

    def mails(self, about: str = "", **query: str) -> list[dict[str, Any]]:
        """What has arrived in this test, newest first; `about` is in the subject."""
        asked = {**query, "after": str(self.seen)}
        found = httpx.get(f"http://127.0.0.1:{self.http}/messages.json", params=asked).json()
        return [mail for mail in found if about in mail["subject"]]

    def only(self, about: str = "", **query: str) -> dict[str, Any]:
        """The one mail that fits."""
        [found] = self.mails(about, **query)
        return found


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Generator[PostOffice]:
    """One inbox for all these tests: starting it takes longer than most of them."""
    office = PostOffice(tmp_path_factory.mktemp("inbox"))
    office.open()
    yield office
    office.close()


@pytest.fixture
def post(world: World, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> Generator[PostOffice]:
    """The post office that this installation sends to, empty."""
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{office.smtp}")
    settings.cache_clear()
    office.seen = max((int(mail["id"]) for mail in office.mails()), default=office.seen)
    yield office
    settings.cache_clear()
