"""`make readme-shots`: the three pictures in the README, taken from a running installation: the shelf of a
portal, the progress of an order that is being delivered, the distributor's work queue. They go to docs/images
and are kept small, because they are committed.

python -m tests.readme_shots [instance folder]
"""

import io
import json
import os
import re
import sys
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import Shop
from tests.shots.camera import sign_in

OUT = Path(__file__).parent.parent / "docs" / "images"
LARGEST = 150_000  # bytes
SIZE = {"width": 1180, "height": 760}


def main(instance: Path) -> None:
    """All three."""
    demo = json.loads((instance / "demo.json").read_text())
    ports = json.loads((instance / "ports.json").read_text())
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()  # type: ignore[arg-type]  a size
        sign_in(page, Shop(demo), "anna@acorn", "/harbour")
        page.goto(f"{demo['url']}/harbour/")
        page.get_by_role("heading", name="Products", exact=True).scroll_into_view_if_needed()
        page.mouse.wheel(0, 520)
        keep(page, "portal-shelf")
        buy(page, demo["url"], f"http://127.0.0.1:{ports['stripe']}")
        keep(page, "order-progress")
        page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()  # type: ignore[arg-type]  a size
        sign_in(page, Shop(demo), "nora@")
        page.goto(f"{demo['url']}/distributor/work")
        keep(page, "work-queue")
        browser.close()


def buy(page: Page, url: str, stripe: str) -> None:
    """Orders the first thing on the shelf and pays; stops at the page of the order."""
    page.goto(f"{url}/harbour/search?q=Business+Basic")
    page.locator("main").get_by_role("link", name=re.compile("Basic")).first.click()
    page.get_by_role("button", name="Add to basket").click()
    page.goto(f"{url}/harbour/checkout")
    page.get_by_role("button", name=re.compile("Order and pay")).click()
    page.wait_for_url(re.compile("/c/pay/"))
    session = page.url.rsplit("/", 1)[1].partition("#")[0]
    [paid] = [
        each
        for each in httpx.get(f"{stripe}/_sandbox/payments").json()["payments"]
        if each["session"] == session
    ]
    httpx.post(f"{stripe}/_sandbox/pay", json={"session": session}).raise_for_status()
    assert paid["status"] == "open"
    page.goto(f"{url}/harbour/orders")
    page.locator("main table a").first.click()
    page.get_by_text("under My services").first.wait_for(timeout=60_000)


def keep(page: Page, name: str) -> None:
    """The window as a picture of few colours."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for colours in (256, 128, 64, 32):
        small = io.BytesIO()
        picture.quantize(colours).save(small, "PNG", optimize=True)
        if small.tell() < LARGEST:
            break
    (OUT / f"{name}.png").write_bytes(small.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "instance"))
