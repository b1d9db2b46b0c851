"""The vendor simulator as the tests use it: a real process on a free port, with its own folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

KEY = "sandbox-key"


class Vendor:
    """Where the simulator listens, what it has sold, and how it is to behave."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._http = httpx.Client()

    def start(self) -> None:
        """Start, or start again where it listened before, over the same books."""
        command = [
            sys.executable,
            "-m",
            "sandbox.vendor",
            "--port",
            str(self._port),
            "--data",
            str(self._data),
        ]
        self._process = subprocess.Popen([*command, "--api-key", KEY], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        said = self._process.stdout.readline()
        assert "http://" in said, "the vendor simulator did not start"
        self._port = int(said.split(":")[2].split("/")[0])

    def kill(self) -> None:
        """SIGKILL, as it comes in the middle of anything."""
        assert self._process
        self._process.kill()
        self._process.communicate()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def settings(self) -> dict[str, str]:
        return {"base_url": self.url, "api_key": KEY, "network": "loopback"}

    def feels(self, *moods: dict[str, Any], **settings: Any) -> None:
        """Moods that replace those before; `idempotent` and `seed` beside them."""
        self._post("moods", {"moods": list(moods), **settings})

    def forget_everything(self) -> None:
        self._post("reset", {})

    def state(self) -> dict[str, Any]:
        return self._http.get(f"{self.url}/_sandbox/state").raise_for_status().json()

    def sold(self, reference: str) -> int:
        """How often it did what was asked under this reference."""
        return self.state()["purchases"].get(reference, 0)

    def _post(self, path: str, content: dict[str, Any]) -> None:
        answer = self._http.post(f"{self.url}/_sandbox/{path}", json=content)
        assert answer.is_success, answer.text


def in_the_end(holds: Callable[[], bool], patience: float = 60.0) -> bool:
    """Whether it comes true within so many seconds."""
    until = time.monotonic() + patience
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


@contextmanager
def running_vendor(data: Path) -> Generator[Vendor]:
    vendor = Vendor(data)
    os.makedirs(data, exist_ok=True)
    vendor.start()
    try:
        yield vendor
    finally:
        vendor.kill()
