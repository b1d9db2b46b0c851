"""Draws the living style page: every component with its states, in one theme, as a file to look at.

    python -m whitelabel_themes.style_page --out style.html [--theme aurora] [--set brand=#ff6600]

The built files are written beside it; the icons stand in the page itself, because browsers take no sprite
from a file.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from . import assets, samples, tokens
from .assets import Assets
from .loader import Theme, environment_for, give_words, singular_or_plural, themes
from .schema import BadSetting, Settings


def environment(asset: Callable[[str], str]) -> Environment:
    """A Jinja environment as the shop's, without the shop; `asset` gives the address of a built file."""
    env = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.globals.update(asset=asset, csrf_token=lambda: "sample")  # pyright: ignore[reportUnknownMemberType]  Jinja leaves the dict untyped
    give_words(env, str, singular_or_plural)
    return env


def draw(theme: Theme, settings: Settings, env: Environment, tokens_url: str, **more: Any) -> str:
    """The style page as HTML; `tokens_url` is where the page finds `tokens.css(theme, settings)`."""
    page = environment_for(theme, env).get_template("style_page.html")
    return page.render({**samples.page_values(theme, settings, tokens_url), **more})


def write(out: Path, theme: Theme, settings: Settings) -> None:
    """The page and, in `<name>_static` beside it, all it needs."""
    static = out.parent / f"{out.stem}_static"
    assets.build(static)
    (static / "tokens.css").write_text(tokens.css(theme, settings), encoding="utf-8")
    built = Assets(static, prefix=f"{static.name}/")

    def asset(name: str) -> str:
        return "" if name == "icons.svg" else built.url(name)

    html = draw(theme, settings, environment(asset), f"{static.name}/tokens.css")
    out.write_text(
        html.replace('<a class="skip"', f'<div hidden>{assets.sprite()}</div><a class="skip"', 1),
        encoding="utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the style page of a theme.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--theme", choices=sorted(themes()), default="aurora")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the theme"
    )
    chosen = parser.parse_args()
    theme = themes()[chosen.theme]
    try:
        settings = theme.validate(dict(pair.split("=", 1) for pair in chosen.set))
    except BadSetting as error:
        parser.error(f"{error.key}: {error}")
    write(chosen.out, theme, settings)
    print(f"{chosen.out}: {theme.title}")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
