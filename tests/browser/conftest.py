"""A whole installation, started as a newcomer starts it, and a real browser. Both once per test process;
every test opens its own context."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.copies import quick_folder

expect.set_options(timeout=45_000)  # a busy machine is slow, not wrong

GIVEN = (
    "DATABASE_URL",
    "OWNER_DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SMTP_URL",
    "PUBLIC_URL",
    "ENVIRONMENT",
)


@dataclass(frozen=True)
class Shop:
    """The running installation: addresses and people as `demo.json` tells them."""

    demo: dict[str, Any]

    @property
    def url(self) -> str:
        """Where the distributor's shop answers."""
        return str(self.demo["url"]).rstrip("/")

    def person(self, email_or_name: str) -> dict[str, str]:
        """Somebody of the demo world, by part of name, e-mail or role."""
        for person in self.demo["people"]:
            known_by = [person["name"], person["email"], person.get("what", ""), person.get("where", "")]
            if email_or_name.lower() in " ".join(known_by).lower():
                return person
        raise LookupError(email_or_name)

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What arrived in the inbox for an address, newest first."""
        found = httpx.get(
            f"{self.demo['inbox'].rstrip('/')}/messages.json", params={"to": to}, timeout=30
        ).json()
        return list(found["messages"] if isinstance(found, dict) else found)

    def mail(self, to: str, subject: str, patience: float = 60) -> dict[str, Any]:
        """The newest mail to an address whose subject holds these words, once it has arrived."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            for mail in self.mails(to):
                if subject.lower() in mail["subject"].lower():
                    return mail
            time.sleep(0.2)
        raise AssertionError(f"no mail {subject!r} to {to}: {[m['subject'] for m in self.mails(to)]}")

    def vendor(self, kind: str, **how: Any) -> None:
        """Sets the vendor simulator's mood for everything that has none of its own."""
        moods = {"moods": [{"kind": kind, **how}]}
        httpx.post(
            f"{self.demo['vendor'].rstrip('/')}/_sandbox/moods", json=moods, timeout=30
        ).raise_for_status()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    """`make run` without the installing: the supervisor on free ports with a demo world of its own.
    RUNNING_INSTANCE=folder drives one that runs already (while writing a test)."""
    if running := os.environ.get("RUNNING_INSTANCE"):
        yield Shop(json.loads(Path(running, "demo.json").read_text()))
        return
    with quick_folder(tmp_path_factory.mktemp("installation")) as room:
        yield from supervised(room)


def supervised(room: Path) -> Generator[Shop]:
    """The supervisor over an instance folder in this one."""
    env = {key: value for key, value in os.environ.items() if key not in GIVEN}
    log = (room / "supervisor.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.supervisor", "--port", "0", "--instance", str(room / "instance")],
        env=env,
        stdout=log,
        stderr=log,
    )
    try:
        yield Shop(ready(room / "instance", process, room / "supervisor.log"))
    finally:
        process.terminate()
        process.wait(40)
        log.close()


def ready(instance: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """Waits until the installation answers."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            demo = json.loads((instance / "demo.json").read_text())
            if httpx.get(f"{demo['url'].rstrip('/')}/readyz", timeout=10).status_code == 200:
                return demo
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.3)
    raise AssertionError(f"the installation did not start:\n{log.read_text()[-4000:]}")
