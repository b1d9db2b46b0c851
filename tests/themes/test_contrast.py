"""Contrast by WCAG, and the nearest colour that passes."""

import pytest
from coloraide import Color
from hypothesis import given, settings
from hypothesis import strategies as st

from whitelabel_themes import contrast

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
PALE = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number | 0x808080:06x}")  # none can be read on white


@pytest.mark.parametrize(
    ("colour", "on", "ratio", "passes"),
    [
        ("#000000", "#ffffff", 21.0, True),
        ("#777777", "#ffffff", 4.48, False),
        ("#767676", "#ffffff", 4.54, True),
        ("#fff", "#fff", 1.0, False),
    ],
)
def test_known_ratios(colour, on, ratio, passes):
    assert contrast.check(colour, on) == contrast.Contrast(ratio, passes)


@settings(max_examples=200, deadline=None)
@given(colour=COLOURS, ground=COLOURS)
def test_the_nearest_passing_colour_passes(colour, ground):
    found = contrast.nearest_passing(colour, ground)
    assert Color(found).contrast(ground, method="wcag21") >= 4.5


@settings(max_examples=100, deadline=None)
@given(colour=COLOURS, ground=COLOURS)
def test_a_colour_that_passes_is_left_alone(colour, ground):
    passing = contrast.nearest_passing(colour, ground)
    assert contrast.nearest_passing(passing, ground) == passing


@settings(max_examples=100, deadline=None)
@given(colour=PALE)
def test_the_change_is_the_least_that_passes(colour):
    """A step back towards the given colour, it no longer passes."""
    given_, found = both(colour)
    assert contrast.ratio_of(contrast.shade_of(given_, found["lightness"] + 0.02), "#ffffff") < 4.5


@settings(max_examples=100, deadline=None)
@given(lightness=st.floats(0.65, 0.9), hue=st.floats(0, 359))
def test_the_hue_stays(lightness, hue):
    given_, found = both(contrast.to_hex(Color("oklch", [lightness, 0.1, hue])))
    turned = abs(given_["hue"] - found["hue"]) % 360
    assert min(turned, 360 - turned) < 4


def both(colour: str) -> tuple[Color, Color]:
    """The colour, and what is nearest to it on white."""
    return Color(colour).convert("oklch"), Color(contrast.nearest_passing(colour, "#ffffff")).convert("oklch")


def test_what_cannot_be_reached_is_said():
    with pytest.raises(ValueError, match="no colour reaches 7"):
        contrast.nearest_passing("#ff0000", "#808080", ratio=7)
