"""Contrast by WCAG, and the nearest colour that passes."""

import pytest
from coloraide import Color
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from whitelabel_themes import contrast

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("colour", "on", "ratio", "passes"),
    [("#000000", "#ffffff", 21.0, True), ("#777777", "#ffffff", 4.48, False), ("#767676", "#ffffff", 4.54, True), ("#fff", "#fff", 1.0, False)],
)  # fmt: skip
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
    assume(contrast.check(colour, ground).passes)
    assert contrast.nearest_passing(colour, ground) == colour


@settings(max_examples=100, deadline=None)
@given(colour=COLOURS)
def test_the_change_is_the_least_that_passes(colour):
    """One step back towards the given colour, it no longer passes."""
    assume(not contrast.check(colour, "#ffffff").passes)
    given_, found = (
        Color(value).convert("oklch") for value in (colour, contrast.nearest_passing(colour, "#ffffff"))
    )
    back = found["lightness"] + 0.02 * (1 if given_["lightness"] > found["lightness"] else -1)
    assert contrast.ratio_of(contrast.shade_of(given_, back), "#ffffff") < 4.5


@settings(max_examples=100, deadline=None)
@given(colour=COLOURS)
def test_the_hue_stays(colour):
    given_, found = (
        Color(value).convert("oklch") for value in (colour, contrast.nearest_passing(colour, "#ffffff"))
    )
    assume(given_["chroma"] > 0.05 and found["chroma"] > 0.05)
    turned = abs(given_["hue"] - found["hue"]) % 360
    assert min(turned, 360 - turned) < 8


def test_what_cannot_be_reached_is_said():
    with pytest.raises(ValueError, match="no colour reaches 7"):
        contrast.nearest_passing("#ff0000", "#808080", ratio=7)
