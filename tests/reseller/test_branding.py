"""The theme studio: what is chosen is shown before it is saved, what is saved is shown to everybody, and
nothing but tokens gets through."""

import io
from collections.abc import Callable

import pytest
from PIL import Image as Picture
from sqlalchemy import select

from core import db, trail
from partners import storefronts
from partners.storefronts import Storefront
from tests.reseller.conftest import Person
from tests.world import World, open_portal
from whitelabel_themes import contrast
from whitelabel_themes.loader import themes

SETTINGS = {
    "theme": "aurora",
    "shop_name": "Brightfield IT",
    "brand": "#0b5d3b",
    "warmth": "cool",
    "contrast": "standard",
    "mode": "auto",
    "radius": "soft",
    "density": "regular",
    "font": "inter",
    "motion": "calm",
    "welcome": "Good morning",
    "tagline": "",
    "gradient": "on",
    "promise_first": "",
    "promise_second": "",
    "promise_third": "",
}
YELLOW = "#ffe100"


@pytest.fixture
def studio(world: World, bea: Person) -> Person:
    """Bea, whose storefront is open."""
    open_portal(world)
    return bea


def shop_of(world: World) -> Storefront:
    with world.acting():
        found = storefronts.of_reseller(world.resellers["brightfield"])
        assert found
        return found


def front(person: Person) -> str:
    """Brightfield's front page, as anybody sees it."""
    answer = person.client.get("/brightfield/", base_url="http://shop.test")
    assert answer.status_code == 200
    return answer.text


def picture(kind: str = "PNG") -> io.BytesIO:
    """A red square."""
    stream = io.BytesIO()
    Picture.new("RGB", (900, 300), "#cc2200").save(stream, kind)
    stream.seek(0)
    return stream


@pytest.mark.behaviour("I33")
def test_before_the_storefront_opens_the_page_says_how_to_get_one(world: World, bea: Person) -> None:
    bea.sees("/reseller/branding", "First a storefront, then its looks")
    bea.sees("/reseller/visibility", "First a storefront, then its visibility")
    for path in ("/reseller/branding", "/reseller/branding/logo"):
        assert bea.post(path, **SETTINGS, act="save").status_code == 404
    for path in ("/reseller/branding/preview", "/reseller/branding/preview.css", "/reseller/branding/frame"):
        assert bea.get(path).status_code == 404


def test_what_is_saved_stands_in_the_portal_on_the_next_request(world: World, studio: Person) -> None:
    before = shop_of(world).version
    assert "Good morning" not in front(studio)
    studio.places("/reseller/branding", **SETTINGS, act="save")
    assert "Good morning" in front(studio)
    assert "Brightfield IT" in front(studio)
    assert shop_of(world).version != before
    css = studio.client.get(
        f"/brightfield/theme/{shop_of(world).version.hex}.css", base_url="http://shop.test"
    )
    assert css.status_code == 200


def test_another_button_shows_without_saving(world: World, studio: Person) -> None:
    answer = studio.post("/reseller/branding", **SETTINGS | {"theme": "plain"}, act="preview")
    assert answer.status_code == 200
    assert "/reseller/branding/preview?theme=plain" in answer.text
    assert shop_of(world).settings == {}


def test_the_preview_is_the_real_shop_with_what_is_not_saved(world: World, studio: Person) -> None:
    saved = front(studio)
    answer = studio.get("/reseller/branding/preview?theme=aurora&welcome=Just+a+try&shop_name=Somebody")
    assert answer.status_code == 200
    for words in ("Just a try", "Somebody", "0patch Pro", "/reseller/branding/preview.css?"):
        assert words in answer.text, words
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in studio.get("/reseller/branding").headers["Content-Security-Policy"]
    assert front(studio) == saved
    green, red = (
        studio.get(f"/reseller/branding/preview.css?theme=aurora&brand=%23{hue}").text
        for hue in ("0b5d3b", "aa0022")
    )
    assert green != red


def test_a_preview_of_nonsense_is_the_shop_as_it_is(world: World, studio: Person) -> None:
    answer = studio.get("/reseller/branding/preview?theme=../../etc&brand=javascript:1&radius=9px;}&nobody=1")
    assert answer.status_code == 200


def test_a_colour_that_cannot_be_read_is_not_saved_but_the_nearest_is_one_click_away(
    world: World, studio: Person
) -> None:
    answer = studio.post("/reseller/branding", **SETTINGS | {"brand": YELLOW}, act="save")
    nearest = contrast.nearest_passing(YELLOW, "#ffffff", 4.5)
    assert answer.status_code == 422
    assert "1.3 : 1 on white; text needs 4.5 : 1" in answer.text
    assert f'name="brand" value="{nearest}"' in answer.text
    assert shop_of(world).settings == {}
    taken = studio.client.post(
        "/reseller/branding",
        base_url="http://shop.test",
        data={**SETTINGS, "csrf_token": studio.token, "brand": [YELLOW, nearest]},
    )
    assert f'value="{nearest}"' in taken.text
    assert "easy to read" in taken.text
    assert contrast.check(nearest, "#ffffff").passes


def test_who_insists_keeps_the_colour_and_the_trail_says_so(world: World, studio: Person) -> None:
    studio.places("/reseller/branding", **SETTINGS | {"brand": YELLOW}, act="save", keep="y")
    assert shop_of(world).settings["brand"] == YELLOW
    with world.acting():
        assert any(
            entry.detail.get("kept_low_contrast") == "True" for entry in trail.of(shop_of_here(world).id)
        )


def shop_of_here(world: World) -> Storefront:
    return (
        db.session()
        .scalars(select(Storefront).where(Storefront.reseller_id == world.resellers["brightfield"]))
        .one()
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("brand", "red;}body{display:none"),
        ("radius", "9px"),
        ("welcome", "x" * 91),
        ("font", "comic"),
        ("shop_name", ""),
    ],
)
def test_a_setting_the_theme_does_not_take_is_refused_with_what_was_typed(
    world: World, studio: Person, key: str, value: str
) -> None:
    answer = studio.post("/reseller/branding", **SETTINGS | {key: value}, act="save")
    assert answer.status_code == 422
    assert "Please look at" in answer.text
    assert shop_of(world).settings == {}


def test_words_of_a_reseller_are_never_markup(world: World, studio: Person) -> None:
    studio.places(
        "/reseller/branding",
        **SETTINGS | {"welcome": "<script>alert(1)</script>", "shop_name": "<b>B</b>"},
        act="save",
    )
    assert "<script>alert" not in front(studio)
    assert "<b>B</b>" not in front(studio)


def test_every_theme_can_be_saved_and_opened(world: World, studio: Person) -> None:
    for name, theme in themes().items():
        known = {setting.key for setting in theme.settings} | {"theme", "shop_name"}
        own = {
            setting.key: setting.default
            for setting in theme.settings
            if setting.type in ("choice", "font", "text")
        }
        form = {key: value for key, value in {**SETTINGS, **own, "theme": name}.items() if key in known}
        studio.places("/reseller/branding", **form, act="save")
        assert f"theme-{name}" in front(studio)


def test_another_theme_comes_with_its_own_character_and_keeps_the_shops_colours_and_words(
    world: World, studio: Person
) -> None:
    form = {
        "theme": "ledger",
        "drawn": "aurora",
        "shop_name": "Bright",
        "brand": "#0b7a3b",
        "radius": "round",
    }
    studio.post("/reseller/branding", **form, welcome="Good advice", act="save")
    saved = shop_of(world).settings
    assert (saved["brand"], saved["welcome"]) == ("#0b7a3b", "Good advice")
    assert (saved["radius"], saved["warmth"]) == ("none", "warm")
    studio.post("/reseller/branding", **form | {"drawn": "ledger"}, welcome="Good advice", act="save")
    assert shop_of(world).settings["radius"] == "round"
    studio.post("/reseller/branding", **form | {"theme": "circuit", "drawn": "ledger"}, act="save")
    assert shop_of(world).settings["grid"] is True
    assert shop_of(world).settings["mode"] == "dark"


def test_a_logo_is_drawn_anew_and_shown(world: World, studio: Person) -> None:
    studio.places("/reseller/branding/logo", logo=(picture("JPEG"), "logo.jpg"))
    name = shop_of(world).logo
    assert name
    assert f"/brightfield/images/{name}.png" in front(studio)
    drawn = studio.client.get(f"/brightfield/images/{name}.png", base_url="http://shop.test")
    assert drawn.status_code == 200
    assert drawn.data.startswith(b"\x89PNG")
    studio.places("/reseller/branding/logo", act="remove")
    assert "/images/" not in front(studio)


def test_what_is_no_picture_is_refused_in_words(world: World, studio: Person) -> None:
    for wrong in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"GIF89a"):
        answer = studio.post("/reseller/branding/logo", logo=(io.BytesIO(wrong), "logo.png"))
        assert answer.status_code == 422
        assert "The logo was not taken" in answer.text
    assert shop_of(world).logo is None


def test_another_resellers_looks_stay_theirs(
    world: World, studio: Person, sign_in: Callable[..., Person]
) -> None:
    open_portal(world, "harbour")
    studio.places("/reseller/branding/logo", logo=(picture(), "logo.png"))
    studio.places("/reseller/branding", **SETTINGS, act="save")
    hugo = sign_in("hugo")
    assert "Good morning" not in hugo.client.get("/harbour/", base_url="http://shop.test").text
    assert (
        hugo.client.get(f"/harbour/images/{shop_of(world).logo}.png", base_url="http://shop.test").status_code
        == 404
    )
