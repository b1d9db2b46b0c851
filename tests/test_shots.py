"""The tour of `make shots` leaves no page out. The pictures themselves are taken by the command and looked at
by people."""

from tests.shots.tour import FILES, NO_PAGES, TOUR, stops_at
from tests.tenancy.routes import ROUTES

GET = {route.removeprefix("GET ") for route in ROUTES if route.startswith("GET ")}
"""Every address that can be read: tests/tenancy/test_routes.py holds them to the application's own."""


def unseen(routes: set[str]) -> set[str]:
    """Pages that nobody takes a picture of."""
    return {route for route in routes - stops_at() - set(NO_PAGES) if not route.endswith(FILES)}


def test_every_page_is_on_the_tour() -> None:
    assert unseen(GET) == set(), "add a stop to tests/shots, or say in NO_PAGES why it is no page"


def test_a_page_that_is_left_out_is_noticed() -> None:
    assert unseen({"/reseller/secrets", "/reseller/secrets.csv", "/livez"}) == {"/reseller/secrets"}


def test_the_tour_goes_nowhere_else() -> None:
    assert stops_at() - GET == set(), "these routes are gone"
    assert set(NO_PAGES) - GET == set(), "these routes are gone"
    assert set(NO_PAGES) & stops_at() == set(), "these are pages after all"


def test_no_two_stops_share_a_name() -> None:
    names = [stop.name for chapter in TOUR for stop in chapter.stops]
    assert sorted(names) == sorted(set(names))
