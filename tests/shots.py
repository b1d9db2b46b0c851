"""`make shots`: pictures of the pages of a running installation, at 360 and 1280 px, light and dark, into
`shots/`. To be looked at.

python -m tests.shots [instance folder]
"""

import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PAGES = {
    "": [
        "/",
        "/demo",
        "/p/m365-business-basic",
        "/search?q=Busines+Basik",
        "/search?q=nothing-like-it",
        "/sign-in",
    ],
    "anna@acorn": [
        "/harbour/",
        "/harbour/basket",
        "/harbour/orders",
        "/harbour/services",
        "/harbour/invoices",
        "/harbour/company",
        "/harbour/terms",
    ],
    "bea@": [
        "/reseller/",
        "/reseller/plans",
        "/reseller/plans/plan-standard-m",
        "/reseller/customers",
        "/reseller/team",
        "/reseller/company",
        "/reseller/terms",
    ],
    "hugo@": [
        "/reseller/prices",
        "/reseller/branding",
        "/reseller/orders",
        "/reseller/money",
        "/reseller/subscriptions",
    ],
    "nora@": [
        "/distributor/",
        "/distributor/orders",
        "/distributor/work",
        "/distributor/tasks",
        "/distributor/time",
        "/distributor/subscriptions",
        "/distributor/catalogue",
        "/distributor/resellers",
        "/distributor/customers",
        "/distributor/deliveries",
        "/distributor/invoices",
        "/distributor/payments",
        "/distributor/plans",
        "/distributor/connectors",
        "/distributor/gateway",
        "/distributor/tax-rates",
        "/distributor/company",
        "/distributor/terms",
        "/distributor/webhooks",
    ],
}
SIZES = {360: 780, 1280: 900}


def main(instance: Path, out: Path) -> None:
    """Every page of everybody, in both sizes and both modes."""
    demo = json.loads((instance / "demo.json").read_text())
    out.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in SIZES:
            for mode in ("light", "dark"):
                for who, paths in PAGES.items():
                    shoot(browser, demo, who, paths, width, mode, out)
        browser.close()


def shoot(
    browser: Browser, demo: dict[str, object], who: str, paths: list[str], width: int, mode: str, out: Path
) -> None:
    """One person's pages in one size and mode."""
    scheme = "dark" if mode == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, color_scheme=scheme)
    page = context.new_page()
    if who:
        sign_in(page, demo, who, paths[0])
    for path in paths:
        page.goto(f"{demo['url']}{path}")
        page.wait_for_load_state("networkidle")
        name = path.strip("/").replace("/", "-").replace("?", "-") or "home"
        page.screenshot(path=out / f"{name}-{width}-{mode}.png", full_page=True)
    context.close()


def sign_in(page: Page, demo: dict[str, object], who: str, path: str) -> None:
    """At the shop whose pages come next."""
    people = demo["people"]
    assert isinstance(people, list)
    person = next(one for one in people if one["email"].startswith(who))
    base = "/harbour" if path.startswith("/harbour") else ""
    page.goto(f"{demo['url']}{base}/sign-in")
    page.locator("input[name=email]").fill(person["email"])
    page.locator("input[name=password]").fill(person["password"])
    page.locator("input[name=password]").press("Enter")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "instance"), Path("shots"))
