"""The custom properties of a shop: readable whatever its brand colour, in light and in dark."""

import re

import pytest
from coloraide import Color
from hypothesis import given, settings
from hypothesis import strategies as st

from whitelabel_themes import tokens
from whitelabel_themes.contrast import to_hex
from whitelabel_themes.loader import HERE, base, themes

AURORA = themes()["aurora"]
GROUNDS = ("surface", "surface-raised", "surface-sunken", "wash-1", "wash-2", "wash-3", "accent-soft")
STATES = ("ok", "wait", "warn", "bad", "info")
TEXT = [(word, ground) for word in ("text", "text-muted", "accent-text") for ground in GROUNDS]
TEXT += [("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-bad", "bad")]
TEXT += [("text", f"{state}-soft") for state in STATES]
TEXT += [(f"{state}-on", ground) for state in STATES for ground in (f"{state}-soft", *GROUNDS)]
CONTROLS = [
    (control, ground) for control in ("accent", "line-strong", "focus", *STATES) for ground in GROUNDS
]


def colours(css: str) -> tuple[dict[str, str], dict[str, str]]:
    """The roles as a browser would show them, read back from the stylesheet: light, dark; in eight bits."""
    found = re.findall(r"--([\w-]+): light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\);", css)
    light, dark = ({row[0]: to_hex(Color(row[mode])) for row in found} for mode in (1, 2))
    return light, dark


def unreadable(css: str) -> list[str]:
    wanted = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in CONTROLS]
    return [
        f"{mode} {front} on {ground}: {ratio:.2f}"
        for mode, roles in zip(("light", "dark"), colours(css), strict=True)
        for (front, ground), least in wanted
        if (ratio := Color(roles[front]).contrast(roles[ground], method="wcag21")) < least
    ]


@settings(max_examples=200, deadline=None)
@given(
    number=st.integers(0, 0xFFFFFF),
    warmth=st.sampled_from(["cool", "neutral", "warm"]),
    contrast=st.sampled_from(["standard", "high"]),
)
def test_any_brand_colour_gives_a_readable_shop(number, warmth, contrast):
    chosen = AURORA.validate({"brand": f"#{number:06x}", "warmth": warmth, "contrast": contrast})
    assert unreadable(tokens.css(AURORA, chosen)) == []


@pytest.mark.parametrize("brand", ["#000000", "#ffffff", "#ffff00", "#00ff00", "#0000ff", "#808080"])
def test_extreme_brand_colours_too(brand):
    assert unreadable(tokens.css(AURORA, AURORA.validate({"brand": brand}))) == []
    assert unreadable(tokens.console_css(brand)) == []


def test_a_brand_colour_that_can_be_read_is_used_as_it_is():
    assert tokens.palettes(AURORA.validate({"brand": "#3b5bdb"}))["light"]["accent"] == "#3b5bdb"


def test_the_reader_of_contrast_sees_a_bad_stylesheet():
    """The check above can fail: with the muted text made as light as the line, it does."""
    css = tokens.css(AURORA, AURORA.validate({}))
    assert unreadable(
        re.sub(r"--text-muted: .*;", "--text-muted: light-dark(oklch(0.9 0 0), oklch(0.3 0 0));", css)
    )


def test_stylesheets_use_no_token_that_is_not_there():
    given_ = set(re.findall(r"--([\w-]+):", tokens.css(AURORA, AURORA.validate({}))))
    sheets = [*(HERE / "base" / "static").rglob("*.css"), *(HERE / "themes").rglob("*.css")]
    used = {name for sheet in sheets for name in re.findall(r"var\(--([\w-]+)", sheet.read_text())}
    assert used <= given_


def test_settings_move_the_proportions():
    square = tokens.css(
        AURORA, AURORA.validate({"radius": "none", "motion": "none", "mode": "dark", "font": "serif"})
    )
    for line in (
        "--radius: 0px;",
        "--motion: 0ms;",
        "color-scheme: dark;",
        '--font-text: "Source Serif 4 Variable"',
    ):
        assert line in square


def test_consoles_are_always_the_same_but_for_the_accent():
    plain, branded = tokens.console_css(), tokens.console_css("#0f766e")
    different = {
        a.split(":")[0].strip()
        for a, b in zip(plain.splitlines(), branded.splitlines(), strict=True)
        if a != b
    }
    # The strong line must stand out on the soft accent too, so it may move by a hair.
    tinted = {"--accent-soft", "--wash-1", "--wash-2", "--wash-3", "--line-strong"}
    assert different <= tinted | {"--accent", "--accent-hover", "--accent-text", "--on-accent", "--focus"}


def test_a_mail_carries_plain_hex_that_can_be_read():
    look = tokens.mail_look(AURORA.validate({"brand": "#ffee00"}))
    pairs = [
        (look.text, look.surface),
        (look.muted, look.page),
        (look.on_accent, look.accent),
        (look.link, look.surface),
    ]
    assert all(Color(front).contrast(ground, method="wcag21") >= 4.5 for front, ground in pairs)
    assert re.fullmatch(r"#[0-9a-f]{6}", look.accent)


def test_base_has_every_token_themes_rely_on():
    assert {name for name, _ in base().tokens} <= {name for name, _ in AURORA.tokens}
