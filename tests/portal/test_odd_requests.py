"""What only a program sends: bytes where letters belong, addresses that are none, words that no header holds.
Each is refused in words; none of them is a fault of ours."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from werkzeug.test import TestResponse

from partners import storefronts
from storefront import web
from tests.portal.conftest import SHOP, TOKEN, Browser
from tests.visits import make_app
from tests.world import PASSWORD, World, open_portal

NO_ADDRESS = "http://[bad"


def renames(anna: Browser, token: str | None = None, **headers: str) -> TestResponse:
    """Anna changes her name, with a token and headers of somebody's making."""
    found = TOKEN.search(anna.see("/profile"))
    typed = {"name": "Anna B", "csrf_token": token or (found[1] if found else "")}
    return anna.client.post("/brightfield/profile/name", base_url=SHOP, data=typed, headers=headers)


def test_a_token_or_an_origin_that_is_none_is_refused(anna: Browser) -> None:
    assert renames(anna, token="é").status_code == 400
    assert renames(anna, Origin=NO_ADDRESS).status_code == 403
    assert renames(anna, Origin=SHOP).status_code == 303


def test_what_no_header_can_hold_is_no_way_on(shop: Callable[..., Browser]) -> None:
    for target in (NO_ADDRESS, "//[bad", "/home\r\nX-Mine: 1", "/\x7f"):
        typed = {"email": "anna@people.example", "password": PASSWORD, "next": target}
        answer = shop("brightfield").client.post("/brightfield/sign-in", base_url=SHOP, data=typed)
        assert (answer.status_code, answer.location) == (303, "/brightfield/home")


def test_no_text_holds_control_signs(anna: Browser) -> None:
    for sign in "\x00\x02\x1f":
        answer = anna.post("/profile/name", name=f"Anna{sign}B")
        assert answer.status_code == 400
        assert "no text can hold" in answer.text
    assert anna.post("/profile/name", name="Anna\tB").status_code == 303


def test_a_text_that_looks_like_a_place_of_a_kept_page_is_a_text(world: World, anna: Browser) -> None:
    with world.acting("brightfield"):
        shop = storefronts.find(world.storefronts["brightfield"])
        shop.name = "Of \x02visitor_email\x03 and \x02csrf\x03 and \x02nothing\x03"
        storefronts.touch_looks(shop)
    page = anna.see("/")
    assert "Of \x02visitor_email\x03 and \x02csrf\x03" in page
    assert "Of anna@people.example" not in page


def test_a_look_is_chosen_wherever_one_says_to_come_from(shop: Callable[..., Browser]) -> None:
    client = shop("brightfield").client
    for said in (NO_ADDRESS, "https://evil.example/p/patch", ""):
        answer = client.post(
            "/brightfield/look", base_url=SHOP, data={"mode": "dark"}, headers={"Referer": said}
        )
        assert (answer.status_code, answer.location) == (303, "/brightfield/")


def test_what_http_refuses_is_said_in_words_of_ours(anna: Browser) -> None:
    wrong_way = anna.get("/profile/name")
    assert wrong_way.status_code == 405
    assert "There is no page at this address" in wrong_way.text
    assert "Method" not in wrong_way.text
    large = anna.client.post("/brightfield/profile/name", base_url=SHOP, data=b"a" * (6 * 1024 * 1024 + 1))
    assert large.status_code == 413
    assert "larger than this page takes" in large.text


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("error", "cause", "status", "words"),
    [
        (IntegrityError, psycopg.errors.UniqueViolation("twice"), 409, "second click"),
        (OperationalError, psycopg.errors.DeadlockDetected("after you"), 409, "at this very moment"),
        (OperationalError, psycopg.errors.SerializationFailure("after you"), 409, "at this very moment"),
        (IntegrityError, psycopg.errors.NotNullViolation("missing"), 500, "our mistake"),
        (DataError, psycopg.errors.NumericValueOutOfRange("large"), 500, "our mistake"),
        (OperationalError, psycopg.OperationalError("away"), 503, "back in a moment"),
    ],
)
def test_only_a_database_that_is_away_is_said_to_be(
    error: type[DBAPIError], cause: Exception, status: int, words: str
) -> None:
    app = make_app()
    with app.test_request_context("/"):
        answer = app.make_response(app.handle_user_exception(error("INSERT", {}, cause)))
    assert answer.status_code == status
    assert words in answer.get_data(as_text=True)


def test_browsers_keep_to_https_where_the_shop_is_reached_by_it() -> None:
    assert "Strict-Transport-Security" in dict(web.headers(framed=False, secure=True))
    assert "Strict-Transport-Security" not in dict(web.headers(framed=False))


def test_signing_out_of_one_shop_leaves_the_other_alone(world: World, shop: Callable[..., Browser]) -> None:
    open_portal(world)
    bea = shop().sign_in("bea")
    in_the_portal = Browser(bea.client, "/brightfield").sign_in("bea")
    in_the_portal.post("/sign-out")
    assert bea.get("/reseller/").status_code == 200
    assert in_the_portal.get("/reseller/").status_code == 303
