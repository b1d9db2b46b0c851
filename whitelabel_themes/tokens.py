"""Turns the few settings of a shop into the custom properties that every stylesheet uses (and uses alone):
colour roles in OKLCH for light and dark, and the proportions. Whatever the brand colour, text keeps 4.5 : 1
and controls 3 : 1 in both modes, because each role is moved along its lightness until it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from coloraide import Color

from . import loader
from .contrast import lowest, nearest_passing, readable_on, shade_of
from .loader import Theme
from .schema import Settings

Mode = Literal["light", "dark"]
Palette = dict[str, str]

# A hair above WCAG's figures, so that the browser's rounding of OKLCH to 8 bits cannot fall below them.
TEXT, CONTROL, STRONG = 4.6, 3.1, 7.1
STATE_HUES = {"ok": 152.0, "wait": 285.0, "warn": 70.0, "bad": 25.0, "info": 240.0}
NEUTRAL_HUES = {"cool": 255.0, "warm": 70.0}
SURFACES: dict[Mode, dict[str, float]] = {
    "light": {"surface": 0.985, "surface-raised": 1.0, "surface-sunken": 0.958},
    "dark": {"surface": 0.185, "surface-raised": 0.225, "surface-sunken": 0.145},
}
FAMILIES = {
    "inter": '"Inter Variable", system-ui, sans-serif',
    "serif": '"Source Serif 4 Variable", Georgia, serif',
    "mono": '"JetBrains Mono Variable", ui-monospace, monospace',
    "system": "system-ui, sans-serif",
}
RADII = {"none": (0, 0, 0), "soft": (5, 8, 12), "round": (9, 14, 22)}
DENSITIES = {"compact": (2.0, 0.4375, 0.875), "regular": (2.5, 0.6875, 1.0), "airy": (2.875, 0.875, 1.25)}
SPACES = (4, 8, 12, 16, 24, 32, 48, 64, 96)
MAIL_RADIUS = {"none": "0", "soft": "8px", "round": "14px"}
MAIL_FONTS = {"serif": "Georgia,'Times New Roman',serif", "mono": "Menlo,Consolas,monospace"}


@dataclass(frozen=True)
class MailLook:
    """The colours of a mail as plain hex: mail programs read neither custom properties nor OKLCH."""

    page: str
    surface: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    link: str
    soft: str
    radius: str
    font: str


def css(theme: Theme, settings: Settings) -> str:
    """The stylesheet with this shop's tokens."""
    return _sheet(_proportions(theme, settings), settings)


@lru_cache(maxsize=32)
def console_css(brand: str | None = None) -> str:
    """The tokens of a console: dense, small type, always the same but for the accent."""
    theme = loader.base()
    values = {"density": "compact", "radius": "soft", "warmth": "cool", **({"brand": brand} if brand else {})}
    settings = theme.validate(values)
    return _sheet({**_proportions(theme, settings), **_console_sizes()}, settings)


def mail_look(settings: Settings) -> MailLook:
    colours = palette(settings.word("brand"), settings.word("warmth"), settings.word("contrast"), "light")
    return MailLook(
        page=colours["surface-sunken"],
        surface=colours["surface-raised"],
        text=colours["text"],
        muted=colours["text-muted"],
        line=colours["line"],
        accent=colours["accent"],
        on_accent=colours["on-accent"],
        link=colours["accent-text"],
        soft=colours["accent-soft"],
        radius=MAIL_RADIUS[settings.word("radius")],
        font=MAIL_FONTS.get(settings.word("font"), "Inter,'Helvetica Neue',Helvetica,Arial,sans-serif"),
    )


def palettes(settings: Settings) -> dict[Mode, Palette]:
    """The colour roles of both modes as hex, for checks and drawings."""
    brand, warmth, contrast = (settings.word(key) for key in ("brand", "warmth", "contrast"))
    return {
        "light": palette(brand, warmth, contrast, "light"),
        "dark": palette(brand, warmth, contrast, "dark"),
    }


@lru_cache(maxsize=256)
def palette(brand: str, warmth: str, contrast: str, mode: Mode) -> Palette:
    """Every colour role of one mode, as hex."""
    dark, high = mode == "dark", contrast == "high"
    hue, chroma = _hue_and_chroma(brand)
    grey_hue = NEUTRAL_HUES.get(warmth, hue)
    tint = (0.004 if warmth == "neutral" else 0.008) * (1.6 if dark else 1)
    roles = {name: _oklch(level, tint, grey_hue) for name, level in SURFACES[mode].items()}
    roles |= _washes(hue, chroma, dark)
    roles["accent-soft"] = _oklch(0.29 if dark else 0.945, min(chroma, 0.06 if dark else 0.035), hue)
    grounds = tuple(roles.values())
    text = (
        _oklch(0.97 if high else 0.94, tint, grey_hue)
        if dark
        else _oklch(0.12 if high else 0.2, tint * 2, grey_hue)
    )
    muted = _oklch(0.72, tint * 2, grey_hue) if dark else _oklch(0.47, tint * 2, grey_hue)
    line = _oklch(0.31 if dark else 0.905, tint * 1.5, grey_hue)
    roles["text"] = nearest_passing(text, grounds, STRONG)
    roles["text-muted"] = nearest_passing(muted, grounds, STRONG if high else TEXT)
    roles["line"] = line
    roles["line-strong"] = nearest_passing(line, grounds, TEXT if high else CONTROL)
    roles |= _accents(brand, grounds)
    for name, state_hue in STATE_HUES.items():
        roles |= _state(name, state_hue, grounds, dark)
    roles["on-bad"] = readable_on(roles["bad"])
    return roles


def _washes(hue: float, chroma: float, dark: bool) -> Palette:
    """Three neighbouring tints of the brand for soft gradients; all text can be read on each."""
    level, most = (0.235, 0.062) if dark else (0.935, 0.062)
    depth = min(chroma * 0.6, most)
    turns = {"wash-1": 0, "wash-2": 45, "wash-3": -50}
    return {name: _oklch(level, depth, (hue + turn) % 360) for name, turn in turns.items()}


def _accents(brand: str, grounds: tuple[str, ...]) -> Palette:
    accent = nearest_passing(brand, grounds, CONTROL)
    ink = readable_on(accent, dark=shade_of(Color(accent).convert("oklch"), 0.18), ratio=4.55)
    link = nearest_passing(brand, grounds, TEXT)
    return {
        "accent": accent,
        "on-accent": ink,
        "accent-hover": _hovered(accent, ink, grounds),
        "accent-text": link,
        "focus": link,
    }


def _hovered(accent: str, ink: str, grounds: tuple[str, ...]) -> str:
    """A visible step darker or lighter, whichever still can be read; else the accent itself."""
    colour = Color(accent).convert("oklch")
    for step in (-0.06, 0.06, -0.03, 0.03):
        shade = shade_of(colour, min(max(colour["lightness"] + step, 0), 1))
        if lowest(ink, (shade,)) >= 4.55 and lowest(shade, grounds) >= CONTROL:
            return shade
    return accent


def _state(name: str, hue: float, grounds: tuple[str, ...], dark: bool) -> Palette:
    soft = _oklch(0.275 if dark else 0.95, 0.05 if dark else 0.04, hue)
    everywhere = (*grounds, soft)
    mark = _oklch(0.7 if dark else 0.57, 0.19, hue)
    word = _oklch(0.84 if dark else 0.42, 0.11, hue)
    return {
        name: nearest_passing(mark, everywhere, CONTROL),
        f"{name}-soft": soft,
        f"{name}-on": nearest_passing(word, everywhere, TEXT),
    }


def _hue_and_chroma(colour: str) -> tuple[float, float]:
    """A grey has no hue (NaN): it is given that of slate, and no chroma to show it."""
    oklch = Color(colour).convert("oklch")
    chroma = float(oklch["chroma"])
    return (float(oklch["hue"]), chroma) if chroma > 0.005 else (255.0, 0.0)


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    return shade_of(Color("oklch", [lightness, chroma, hue]), lightness)


@lru_cache(maxsize=4096)
def _written(colour: str) -> str:
    """The hex colour as CSS `oklch()`, exact enough to come out as the same eight bits."""
    lightness, chroma, hue = Color(colour).convert("oklch").coords(nans=False)
    return f"oklch({lightness:.4f} {chroma:.4f} {hue:.2f})"


def _sheet(proportions: Mapping[str, str], settings: Settings) -> str:
    both = palettes(settings)
    colours = {
        name: f"light-dark({_written(both['light'][name])}, {_written(both['dark'][name])})"
        for name in both["light"]
    }
    scheme = {"auto": "light dark"}.get(settings.word("mode"), settings.word("mode"))
    lines = [f"  --{name}: {value};" for name, value in {**colours, **proportions}.items()]
    chosen = [f':root[data-mode="{mode}"] {{ color-scheme: {mode}; }}' for mode in ("light", "dark")]
    return "\n".join(
        [":root {", f"  color-scheme: {scheme};", *lines, "}", *(chosen if " " in scheme else ()), ""]
    )


def _proportions(theme: Theme, settings: Settings) -> dict[str, str]:
    small, middle, large = RADII[settings.word("radius")]
    control, row, gap = DENSITIES[settings.word("density")]
    font = FAMILIES[settings.word("font")]
    return {
        **{f"space-{step}": f"{pixels / 16:g}rem" for step, pixels in enumerate(SPACES, start=1)},
        **_sizes(float(theme.token("scale")), float(theme.token("size"))),
        **_shadows(str(theme.token("shadow"))),
        "font-text": font,
        "font-heading": FAMILIES.get(str(dict(theme.tokens).get("heading_font")), font),
        "font-code": FAMILIES["mono"],
        "heading-weight": str(theme.token("heading_weight")),
        "heading-spacing": str(theme.token("heading_spacing")),
        "radius-small": f"{small}px",
        "radius": f"{middle}px",
        "radius-large": f"{large}px",
        "radius-full": "0" if middle == 0 else "999px",
        "border": str(theme.token("border")),
        # A logo drawn for a white page cannot be read on a dark one: there it stands on a light plate.
        "logo-plate": "light-dark(transparent, oklch(0.955 0.004 255))",
        "logo-room": ".15rem .3rem",
        "control": f"{control}rem",
        "row": f"{row}rem",
        "gap": f"{gap}rem",
        "motion": "150ms" if settings.word("motion") == "calm" else "0ms",
    }


def _sizes(scale: float, text: float) -> dict[str, str]:
    """Six sizes up and two down from the running text; the large ones shrink on narrow screens."""
    steps = {
        "size-xs": -2,
        "size-s": -1,
        "size-m": 0,
        "size-l": 1,
        "size-xl": 2,
        "size-2xl": 3,
        "size-3xl": 4,
    }
    sizes = {
        name: text * scale ** min(step, 4) if step >= 0 else text * (0.8125, 0.875)[step + 2]
        for name, step in steps.items()
    }
    written = {name: f"{size:.4g}rem" if size < 1.5 else _fluid(size) for name, size in sizes.items()}
    return {**written, "size-display": _fluid(text * scale**5)}


def _fluid(size: float) -> str:
    """From 360 to 1280 px wide: a large size grows from a moderate one."""
    least = 1.2 + (size - 1.2) * 0.52
    slope = (size - least) / (1280 - 360) * 16
    return f"clamp({least:.3f}rem, {least - slope * 360 / 16:.3f}rem + {slope * 100:.3f}vw, {size:.3f}rem)"


def _shadows(kind: str) -> dict[str, str]:
    shade = "light-dark(oklch(0.25 0.03 265 / {light}), oklch(0 0 0 / {dark}))"
    strength = {"none": (0, 0), "soft": (0.07, 0.35), "deep": (0.08, 0.4)}[kind]
    thin, thick = (
        shade.format(light=part, dark=dark)
        for part, dark in ((strength[0], strength[1]), (strength[0] * 1.6, strength[1]))
    )
    reach = {"none": "0 0 0 0", "soft": "0 4px 14px -4px", "deep": "0 14px 36px -14px"}[kind]
    over = shade.format(light=0.22, dark=0.6)
    return {
        "shadow": f"0 1px 2px {thin}",
        "shadow-raised": f"0 1px 2px {thin}, {reach} {thick}",
        "shadow-over": f"0 16px 48px -12px {over}",
    }


def _console_sizes() -> dict[str, str]:
    sizes = {"xs": 12, "s": 13, "m": 14, "l": 16, "xl": 20, "2xl": 22, "3xl": 24}
    return {
        **{f"size-{name}": f"{pixels / 16:g}rem" for name, pixels in sizes.items()},
        "size-display": "1.75rem",
    }
