"""Every page that somebody of the demo world can open, for tests that look at all of them: whose it is, and
where the first row of a list leads."""

import re
from collections.abc import Iterator
from itertools import groupby

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import Shop

LISTS = (
    "/harbour/orders",
    "/harbour/services",
    "/harbour/invoices",
    "/reseller/customers",
    "/reseller/orders",
    "/reseller/subscriptions",
    "/distributor/orders",
    "/distributor/catalogue",
    "/distributor/resellers",
    "/distributor/applications",
    "/distributor/programmes",
    "/reseller/deals",
    "/distributor/deals",
    "/distributor/partnerships",
    "/distributor/conditions",
    "/reseller/transfers",
    "/reseller/transfers/new",
    "/distributor/transfers",
    "/distributor/partner-invitations",
    "/harbour/quotes",
    "/reseller/quotes",
    "/distributor/price-changes",
    "/distributor/promotions",
)
TOUR: dict[str, list[str]] = {
    "": [
        "/",
        "/demo",
        "/p/m365-business-basic",
        "/p/hexnode-pro",
        "/search?q=busines+basik",
        "/search?q=nothing-like-it",
        "/help",
        "/partners",
        "/partners/device-management",
        "/sign-in",
        "/nowhere",
    ],
    "anna@acorn": [
        "/harbour/",
        "/harbour/p/m365-business-basic",
        "/harbour/p/0patch-pro?quantity=60",
        "/harbour/p/huntress-edr",
        "/harbour/basket",
        "/harbour/orders",
        "/harbour/services",
        "/harbour/invoices",
        "/harbour/quotes",
        "/harbour/admin-rights",
        "/harbour/agreements",
        "/harbour/agreements/cloud-customer-agreement",
        "/harbour/profile/consents",
        "/harbour/choose",
        "/harbour/people",
    ],
    "kira@": ["/reseller/plans/plan-standard-m", "/reseller/branding"],
    "hugo@": [
        "/reseller/",
        "/reseller/plans",
        "/reseller/customers",
        "/reseller/customers/invite",
        "/reseller/prices",
        "/reseller/branding",
        "/reseller/orders",
        "/reseller/subscriptions",
        "/reseller/money",
        "/reseller/team",
        "/reseller/programmes",
        "/reseller/deals",
        "/reseller/deals/new",
        "/reseller/quotes",
        "/reseller/commissions",
        "/reseller/acceptances",
        "/reseller/consents",
        "/reseller/transfers",
        "/reseller/transfers/new",
        "/reseller/transfers/partners",
        "/reseller/enrolments/device-management",
        "/reseller/enrolments/cloud-solutions",
        "/reseller/invitations",
        "/reseller/providers",
        "/reseller/providers/directory",
        "/reseller/promotions",
        "/reseller/discounts",
        "/reseller/looks",
        "/reseller/help",
    ],
    "nora@": [
        "/distributor/",
        "/distributor/work",
        "/distributor/orders",
        "/distributor/subscriptions",
        "/distributor/resellers",
        "/distributor/applications",
        "/distributor/programmes",
        "/distributor/partner-invitations",
        "/distributor/programmes/new",
        "/distributor/programmes/device-management/deals",
        "/distributor/deals",
        "/distributor/programmes/device-management/tiers",
        "/distributor/programmes/cloud-solutions/year",
        "/distributor/partnerships",
        "/distributor/commissions",
        "/distributor/programmes/cloud-solutions/attesting",
        "/distributor/conditions",
        "/distributor/conditions/new",
        "/distributor/acceptances",
        "/distributor/consents",
        "/distributor/programmes/cloud-solutions/joining",
        "/distributor/partner-invitations/new",
        "/distributor/partner-invitations/requests",
        "/distributor/newsletters",
        "/distributor/newsletters/new",
        "/distributor/invitations",
        "/distributor/directory",
        "/distributor/catalogue",
        "/distributor/catalogue/new",
        "/distributor/catalogue/hexnode-pro/details",
        "/distributor/catalogue/hexnode-pro/plans/hexnode-pro-m",
        "/distributor/catalogue/hexnode-pro/pictures",
        "/distributor/catalogue/hexnode-pro/languages",
        "/distributor/catalogue/hexnode-express/upgrades",
        "/distributor/product-types",
        "/distributor/product-types/cloud-device",
        "/distributor/categories",
        "/distributor/categories/security",
        "/distributor/price-changes",
        "/distributor/connectors",
        "/distributor/connectors/http_service/services",
        "/distributor/tasks",
        "/distributor/webhooks",
        "/distributor/gateway",
        "/distributor/staff",
        "/distributor/sign-in-rules",
        "/distributor/programmes/device-management/access",
        "/distributor/managers",
        "/distributor/time",
        "/distributor/transfers",
        "/distributor/transfers/transition",
        "/distributor/promotions",
        "/distributor/promotions/new",
    ],
}


def signed_in(context: BrowserContext, shop: Shop, who: str, base: str) -> Page:
    """Somebody's page in a shop; nobody's where there is no name."""
    page = context.new_page()
    page.set_default_timeout(45_000)
    if who:
        person = shop.person(who)
        page.goto(f"{base}/sign-in")
        page.locator("input[name=email]").fill(person["email"])
        page.locator("input[name=password]").fill(person["password"])
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))
    return page


def visits(
    chromium: Browser,
    shop: Shop,
    width: int,
    scheme: str,
    query: str = "",
    share: tuple[int, int] = (0, 1),
) -> Iterator[Page]:
    """The tour, page after page; `query` is said to every shop once, as a language is. `share`: of every so
    many addresses only the one of this number."""
    number, every = share
    stops = enumerate((who, path) for who, paths in TOUR.items() for path in paths)
    chosen = [stop for place, stop in stops if place % every == number]
    for who, stops_of in groupby(chosen, key=lambda stop: stop[0]):
        dark = "dark" if scheme == "dark" else "light"
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=dark)
        base = f"{shop.url}/harbour" if who.startswith("anna") else shop.url
        page = signed_in(context, shop, who, base)
        if query:
            page.goto(f"{base}/help?{query}")
        for _who, path in stops_of:
            page.goto(shop.url + path, wait_until="load")
            yield page
            if path in LISTS:
                page.locator("main .cell--title a").first.click()
                page.wait_for_load_state("load")
                yield page
        context.close()
