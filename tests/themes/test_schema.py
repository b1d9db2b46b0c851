"""What a reseller may set, and in which words it is refused."""

import pytest

from whitelabel_themes import tokens
from whitelabel_themes.loader import themes
from whitelabel_themes.schema import BadSetting

AURORA = themes()["aurora"]


def test_left_out_settings_have_their_defaults():
    settings = AURORA.validate({"brand": "#ABC"})
    assert (settings["brand"], settings["font"], settings["gradient"]) == ("#aabbcc", "inter", True)


def test_a_form_s_words_for_a_switch_are_understood():
    assert AURORA.validate({"gradient": "on"})["gradient"] is True
    assert AURORA.validate({"gradient": ""})["gradient"] is False


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("brand", "red; } body { display: none"),
        ("brand", "url(//evil.example/x)"),
        ("brand", "#12345"),
        ("brand", "rgb(0 0 0 / 50%)"),
        ("brand", "a" * 5000),
        ("brand", 7),
        ("font", "Comic Sans"),
        ("radius", "12px"),
        ("welcome", "x" * 91),
        ("welcome", "two\nlines"),
        ("logo", "../../etc/passwd"),
        ("logo", "https://evil.example/logo.png"),
        ("gradient", "perhaps"),
        ("css", "body { }"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_setting(key, value):
    with pytest.raises(BadSetting) as refused:
        AURORA.validate({key: value})
    assert refused.value.key == key
    assert refused.value.message


@pytest.mark.parametrize("colour", ["oklch(60% 0.3 20)", "rebeccapurple", "rgb(10 20 30)", " #3B5BDB "])
def test_every_way_to_write_a_colour_becomes_plain_hex(colour):
    settings = AURORA.validate({"brand": colour})
    assert len(settings.word("brand")) == 7


def test_no_text_of_a_reseller_reaches_the_stylesheet():
    settings = AURORA.validate({"welcome": "} body { color: red", "logo": "logo.png"})
    assert "body" not in tokens.css(AURORA, settings)


def test_settings_compare_and_hash_by_value():
    assert AURORA.validate({"brand": "#abc"}) == AURORA.validate({"brand": "#aabbcc"})
    assert len({AURORA.validate({}), AURORA.validate({"radius": "round"})}) == 1
