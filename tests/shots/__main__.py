"""See the package."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

from tests.browser.conftest import Shop, ready
from tests.conftest import QUIET
from tests.shots import sheet
from tests.shots.camera import Camera
from tests.shots.tour import TOUR

OUT = Path("shots")


@contextmanager
def installation() -> Generator[Shop]:
    """One of our own on free ports, with a fresh demo world."""
    room = Path(tempfile.mkdtemp(prefix="shots-"))
    log = room / "supervisor.log"
    env = {key: value for key, value in os.environ.items() if key not in ("PORT", "INSTANCE")}
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.supervisor", "--port", "0", "--instance", str(room / "instance")],
            env=env,
            stdout=told,
            stderr=told,
        )
        try:
            yield Shop(ready(room / "instance", process, log))
        finally:
            process.terminate()
            process.wait(60)
    shutil.rmtree(room, ignore_errors=True)


def main(running: str, titles: list[str]) -> int:
    """Every picture, the sheet, and what could not be taken."""
    chapters = [each for each in TOUR if not titles or any(word in each.title for word in titles)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.png") if not titles else ():
        old.unlink()
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        if running:
            shop = Shop(json.loads(Path(running, "demo.json").read_text()))
            taken = Camera(browser, shop, OUT).walk(chapters)
        else:
            with installation() as shop:
                taken = Camera(browser, shop, OUT).walk(chapters)
        browser.close()
    click.echo(
        f"{sum(len(names) for _, names in taken.chapters)} pages and states: {sheet.write(OUT, taken)}"
    )
    return 1 if taken.failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]))
