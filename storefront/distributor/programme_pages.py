"""The pages of one programme: its settings, and one page for each ability that a programme has rules for."""

from flask import request, url_for

from core.languages import _, for_later

PAGES = (
    (for_later("Settings and agreement"), "programme_page"),
    (for_later("Joining"), "joining_page"),
    (for_later("Deals"), "programme_deals"),
    (for_later("Access"), "programme_access"),
    (for_later("Credit"), "programme_credit"),
    (for_later("Tiers"), "programme_tiers"),
    (for_later("Year"), "programme_year"),
    (for_later("Customer agreements"), "attesting_page"),
    (for_later("Customers"), "programme_relations"),
    (for_later("Accounts"), "programme_accounts"),
    (for_later("Support hours"), "programme_hours"),
    (for_later("Resources"), "programme_resources"),
)
"""(label, endpoint) in the order of the tabs; each endpoint takes the programme's `code`."""


def tabs(code: str) -> list[tuple[str, str, bool]]:
    """The tabs above each page of a programme."""
    return [
        (
            _(label),
            url_for(f"distributor.{endpoint}", code=code),
            request.endpoint == f"distributor.{endpoint}",
        )
        for label, endpoint in PAGES
    ]
