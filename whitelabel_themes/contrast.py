"""Whether a colour can be read on another, by WCAG 2.2 (success criteria 1.4.3 and 1.4.11), and the nearest
colour that can. Colours come and go as sRGB hex; the search runs in OKLCH, where a change of lightness
keeps the hue."""

from dataclasses import dataclass
from functools import lru_cache

from coloraide import Color

TEXT = 4.5
CONTROL = 3.0
BLACK, WHITE = "#000000", "#ffffff"
LONGEST_COLOUR = 64


@dataclass(frozen=True)
class Contrast:
    """`ratio` from 1 to 21; `passes` for running text."""

    ratio: float
    passes: bool


def parse_colour(text: str) -> str:
    """Any CSS colour without transparency, as `#rrggbb`; ValueError for anything else."""
    if len(text) > LONGEST_COLOUR:
        raise ValueError("too long for a colour")
    colour = Color(text.strip())
    if colour.alpha(nans=False) < 1:
        raise ValueError("transparent colours have no contrast of their own")
    return to_hex(colour)


def check(colour: str, on: str) -> Contrast:
    ratio = ratio_of(colour, on)
    return Contrast(ratio=round(ratio, 2), passes=ratio >= TEXT)


def nearest_passing(colour: str, on: str | tuple[str, ...], ratio: float = TEXT) -> str:
    """The colour of the same hue, least changed in lightness, that reaches `ratio` on every ground of `on`.

    ValueError when neither black nor white would do (only for ratios above 4.58, or grounds of both kinds).
    """
    grounds = (on,) if isinstance(on, str) else on
    start = Color(colour).convert("oklch")
    if lowest(to_hex(start), grounds) >= ratio:
        return to_hex(start)
    found = [_first_passing(start, end, grounds, ratio) for end in (0.0, 1.0)]
    candidates = [(abs(lightness - start["lightness"]), shade) for lightness, shade in filter(None, found)]
    if not candidates:
        raise ValueError(f"no colour reaches {ratio} : 1 on {', '.join(grounds)}")
    return min(candidates)[1]


def _first_passing(
    start: Color, end: float, grounds: tuple[str, ...], ratio: float
) -> tuple[float, str] | None:
    """Between the start's lightness and `end`, the first that passes, with its shade; found by halving."""
    if lowest(shade_of(start, end), grounds) < ratio:
        return None
    failing, passing = float(start["lightness"]), end
    for _ in range(10):
        middle = (failing + passing) / 2
        if lowest(shade_of(start, middle), grounds) >= ratio:
            passing = middle
        else:
            failing = middle
    return passing, shade_of(start, passing)


def shade_of(colour: Color, lightness: float) -> str:
    """The same hue at another lightness (0 to 1), as far as sRGB can show its chroma."""
    return to_hex(colour.clone().set("lightness", lightness))


def to_hex(colour: Color) -> str:
    return (
        colour.convert("srgb").fit("srgb", method="oklch-chroma").to_string(hex=True, none=False, alpha=False)
    )


def lowest(colour: str, grounds: tuple[str, ...]) -> float:
    return min(ratio_of(colour, ground) for ground in grounds)


def ratio_of(colour: str, on: str) -> float:
    lighter, darker = sorted((luminance(colour), luminance(on)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=4096)
def luminance(colour: str) -> float:
    return Color(colour).luminance()


def readable_on(ground: str, dark: str = BLACK, ratio: float = TEXT) -> str:
    """White if it can be read there, else the dark one made readable: one of the two always can."""
    return WHITE if ratio_of(WHITE, ground) >= ratio else nearest_passing(dark, ground, ratio)
