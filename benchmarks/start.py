"""How long `make run` takes on an installation that is there already: from the command to the first page."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sandbox.installations import ROOT
from sandbox.ports import reserve

PATIENCE = 180.0
WARM = 3  # starts that are timed, after one that makes the installation


def measure(report: Any, room: Path) -> None:
    """The middle one of a few warm starts, each on its own, and the cold one before them."""
    folder, (port, held) = room / "start", reserve()
    held.close()
    took: list[float] = []
    for _ in range(WARM + 1):
        with running(folder, port) as first_page:
            took.append(first_page)
    cold, warm = took[0], sorted(took[1:])
    middle = warm[len(warm) // 2]
    report.say(
        "first page after a warm `make run`",
        f"{middle:.1f} s",
        middle <= 5,
        "<= 5 s",
        f"{' / '.join(f'{seconds:.1f}' for seconds in warm)} s; with a new demo world {cold:.1f} s",
    )


@contextmanager
def running(folder: Path, port: int) -> Generator[float]:
    """An installation until the block ends; the seconds until its shop gave a page."""
    folder.mkdir(exist_ok=True)
    (folder / "processes.json").unlink(missing_ok=True)
    began = time.perf_counter()
    with (folder / "make.log").open("ab") as log:
        process = subprocess.Popen(
            ["make", "run", f"INSTANCE={folder}", f"PORT={port}"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.endswith("_URL")},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield first_page(folder, began)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def first_page(folder: Path, began: float) -> float:
    """Seconds until the shop's own page came with 200."""
    while time.perf_counter() - began < PATIENCE:
        try:
            url = json.loads((folder / "processes.json").read_text())["url"]
            if httpx.get(f"{url}/", timeout=5, follow_redirects=True).status_code == 200:
                return time.perf_counter() - began
        except (OSError, ValueError, httpx.HTTPError):
            pass
        time.sleep(0.02)
    raise SystemExit(f"no page within {PATIENCE:.0f} s: {(folder / 'make.log').read_text()[-1000:]}")
