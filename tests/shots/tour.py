"""The tour: every page of every side, in the order of a story, so that what the demo world lacks exists when
it is needed. tests/test_shots.py compares it with the application's addresses."""

from tests.shots import (
    bank_transfers,
    catalogue,
    deals,
    discounts,
    distributors,
    new_resellers,
    portals,
    programmes,
    quotes,
    relations,
    resellers,
    transfers,
)
from tests.shots.camera import Chapter

TOUR: list[Chapter] = [
    *portals.BEFORE,
    *new_resellers.BEFORE,
    *new_resellers.BUYING,
    *resellers.AT_WORK,
    *portals.CUSTOMERS,
    *portals.THEMES,
    *portals.ACCOUNTS,
    *deals.CHAPTERS,
    *relations.CHAPTERS,
    *quotes.CHAPTERS,
    *discounts.CHAPTERS,
    *bank_transfers.CHAPTERS,
    *distributors.FIRST,
    *programmes.CHAPTERS,
    *distributors.ORDERS,
    *catalogue.CHAPTERS,
    *distributors.SETTINGS,
    *distributors.OTHERS,
    *resellers.AFTER_A_REFUND,
    *transfers.CHAPTERS,
    *portals.SIMULATORS,
]

NO_PAGES: dict[str, str] = {
    "/livez": "words for machines",
    "/readyz": "words for machines",
    "/healthz": "words for machines",
    "/metrics": "figures for machines",
    "/suggest": "a part of every shop's page",
    "/robots.txt": "words for machines",
    "/sitemap.xml": "addresses for machines",
    "/sitemaps/<part>.xml": "addresses for machines",
    "/distributor/find": "leads to the page or list of what was typed",
    "/home": "leads to the first page of whoever is signed in",
    "/ticket/<token>": "leads into a shop on another host",
    "/applications/<token>/documents/<uuid:document_id>": "a file of the applicant's",
    "/distributor/applications/<code>/documents/<uuid:document_id>": "a file of the applicant's",
    "/p/<code>/price": "a part of the product's page",
    "/reseller/subscriptions/add/price": "a part of the form that adds a subscription",
    "/orders/<code>/progress": "a part of the order's page",
    "/reseller/orders/<code>/progress": "a part of the order's page",
    "/reseller/transfers/<code>/progress": "a part of the transfer's page",
    "/distributor/transfers/<code>/progress": "a part of the transfer's page",
    "/reseller/branding/frame": "a part of the studio",
    "/reseller/branding/preview": "stands inside the studio",
    "/reseller/domain/state": "a part of the domain's page",
    "/reseller/plans/alias": "a part of the plan's page",
    "/reseller/resources/<resource_id>/file": "a file of the library",
}
"""GET routes that answer no whole page, each with what it is instead. Files need no line."""
FILES = (".csv", ".xlsx", ".pdf", ".png", ".css", ".ico")


def stops_at() -> set[str]:
    """The routes of the application that somebody looks at."""
    return {stop.route for chapter in TOUR for stop in chapter.stops if stop.route}
