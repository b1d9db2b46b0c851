"""Finds the themes and gives each its own Jinja environment. A theme is a folder: `theme.toml` (what it is,
what may be set), `templates/` (what it draws otherwise) and `static/theme.css`. A template is looked up in
the theme, then in its parents, then in `base`; `{% extends "base/portal/product.html" %}` reaches the
original on purpose."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup, escape

from . import schema
from .schema import KINDS, Setting, Settings

HERE = Path(__file__).parent
BASE = "base"
CALL = ["name", "lparen", "string", "rparen"]


class BrokenTheme(ValueError):
    """A theme's folder that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Theme:
    """One look. `chain` names the theme and its parents, nearest first, without `base`; `tokens` are its
    fixed proportions (type scale, shadow, ...), which a shop cannot change."""

    name: str
    title: str
    character: str
    chain: tuple[str, ...]
    settings: tuple[Setting, ...]
    tokens: tuple[tuple[str, str | float], ...]
    stylesheets: tuple[str, ...]

    def validate(self, values: Mapping[str, object]) -> Settings:
        """The values with defaults filled in, or BadSetting for the first that its setting does not take."""
        return schema.validate(self.settings, values)

    def token(self, name: str) -> str | float:
        return dict(self.tokens)[name]


@lru_cache(maxsize=1)
def themes() -> dict[str, Theme]:
    """Every theme a shop may choose, by name, the plainest last."""
    names = sorted(folder.name for folder in (HERE / "themes").iterdir() if (folder / "theme.toml").is_file())
    return {name: _load(name) for name in names}


@lru_cache(maxsize=1)
def base() -> Theme:
    """What all themes stand on; the consoles are drawn in it, and no shop can choose it."""
    return _load(BASE)


@lru_cache(maxsize=64)
def environment_for(theme: Theme, env: Environment, language: str = "en") -> Environment:
    """An overlay of `env` that looks templates up for this theme and holds its words in this language.

    An overlay shares filters and globals with `env` but has a template cache of its own, so one theme's page
    can never come out of another's cache, nor one language's out of another's.
    """
    overlay = env.overlay(loader=loader_for(theme), extensions=[Words])
    translate: Callable[[str, str], str] = getattr(env, "translate", as_written)
    overlay.extend(say=partial(translate, language))
    return overlay


def as_written(_language: str, message: str) -> str:
    """What an environment without words of its own says."""
    return message


def singular_or_plural(one: str, many: str, n: int) -> str:
    """As English counts."""
    return one if n == 1 else many


def filled(said: str, /, **values: object) -> Markup:
    """A sentence with its values, each escaped unless it is markup. Rows of a list say several, so it is
    written out: gettext's own takes four times as long."""
    return Markup(said % {name: escape(value) for name, value in values.items()})  # noqa: S704 the sentence is ours, the values are escaped


def filled_as_text(said: str, /, **values: object) -> str:
    """The same where nothing is escaped."""
    return said % values


class Words(Extension):
    """`_("...")` is the sentence itself once a template is compiled: words that stand in a template cost
    nothing when it is drawn. Of `_("... %(name)s", name=...)` only the filling in is left for then."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Takes the four tokens of `_("...")` for one; of a sentence to be filled, says it already."""
        escapes = self.environment.autoescape
        if callable(escapes):
            escapes = escapes(stream.name)
        fill = "filled" if escapes else "filled_as_text"
        held: list[Token] = []
        for token in stream:
            held.append(token)
            if [one.type for one in held[:3]] == CALL[: len(held[:3])] and held[0].value == "_":
                if len(held) < len(CALL):
                    continue
                say: Callable[[str], str] = self.environment.say  # type: ignore[attr-defined]  extend() put it there
                sentence = Token(held[2].lineno, "string", say(held[2].value))
                if token.type == "rparen":
                    yield sentence
                else:
                    yield from (Token(held[0].lineno, "name", fill), held[1], sentence, token)
                held = []
                continue
            yield from held[:-1]
            held = held[-1:]
            if not held[0].test("name:_"):
                yield from held
                held = []
        yield from held


def give_words(
    env: Environment,
    gettext: Callable[..., str],
    ngettext: Callable[..., str],
    translate: Callable[[str, str], str] | None = None,
) -> None:
    """Lets templates say `_("...")` and `{% trans %}`; before the first overlay is made of `env`. `translate`
    takes a language and a sentence, the other two speak the language of the moment."""
    if translate:
        env.extend(translate=translate)
    env.globals.update(filled=filled, filled_as_text=filled_as_text)  # pyright: ignore[reportUnknownMemberType] Jinja's own
    env.add_extension("jinja2.ext.i18n")
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  the extension's own


def loader_for(theme: Theme) -> BaseLoader:
    folders = {name: _folder(name) / "templates" for name in (*theme.chain, BASE)}
    files: dict[str, BaseLoader] = {name: FileSystemLoader(folder) for name, folder in folders.items()}
    return ChoiceLoader([*files.values(), PrefixLoader(files)])


def _folder(name: str) -> Path:
    return HERE / BASE if name == BASE else HERE / "themes" / name


def _load(name: str) -> Theme:
    described = _described(name)
    parent = None if name == BASE else _load(str(described.get("parent", BASE)))
    own = {setting.key: setting for setting in map(_setting, described.get("settings", []))}
    inherited = {setting.key: setting for setting in parent.settings} if parent else {}
    chain = () if name == BASE else (name, *(parent.chain if parent else ()))
    return Theme(
        name=name,
        title=described["title"],
        character=described["character"],
        chain=chain,
        settings=tuple({**inherited, **own}.values()),
        tokens=tuple({**(dict(parent.tokens) if parent else {}), **described.get("tokens", {})}.items()),
        stylesheets=tuple(
            f"theme-{link}.css"
            for link in reversed(chain)
            if (_folder(link) / "static" / "theme.css").is_file()
        ),
    )


def _described(name: str) -> dict[str, Any]:
    path = _folder(name) / "theme.toml"
    described = tomllib.loads(path.read_text(encoding="utf-8"))
    if described.get("name") != name:
        raise BrokenTheme(f"{path}: the name says {described.get('name')!r}, the folder {name!r}")
    return described


def _setting(described: dict[str, Any]) -> Setting:
    if described.get("type") not in KINDS:
        raise BrokenTheme(f"setting {described.get('key')!r}: the type is one of {', '.join(KINDS)}")
    choices: dict[str, str] = described.get("choices", schema.FONTS if described["type"] == "font" else {})
    given: dict[str, Any] = {**described, "choices": tuple(choices.items())}
    return Setting(**given)
