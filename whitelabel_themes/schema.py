"""What a shop may set about its look: the settings a theme declares, and the check of the values a reseller
gives. The schema belongs to the theme, the values to the shop; colours are parsed, never pasted into a
stylesheet."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from .contrast import parse_colour

Kind = Literal["colour", "font", "choice", "text", "image", "switch"]
KINDS: tuple[str, ...] = get_args(Kind)
FONTS = {"inter": "Inter", "serif": "Source Serif", "mono": "JetBrains Mono", "system": "The visitor's own"}
ON = frozenset({True, "on", "true", "yes", "1"})
OFF = frozenset({False, None, "", "off", "false", "no", "0"})
IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadSetting(ValueError):
    """A value that its setting does not take: `key` names it, the message is for the person who set it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


@dataclass(frozen=True)
class Setting:
    """One thing a shop may set. `choices` are (value, label); `limit` is the longest text in characters."""

    key: str
    type: Kind
    label: str
    default: str | bool
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    limit: int = 200

    def parse(self, raw: object) -> str | bool:
        """The value in its one stored form, or BadSetting."""
        return PARSERS[self.type](self, raw)


class Settings(Mapping[str, str | bool]):
    """Checked values of one shop, every key of its theme. Hashable: a stylesheet can be cached by it."""

    def __init__(self, values: Mapping[str, str | bool]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> str | bool:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._values.items())))

    def __repr__(self) -> str:
        return f"Settings({self._values!r})"

    def word(self, key: str) -> str:
        """The value of a setting that is text; a switch has none."""
        return str(self._values[key])


def validate(settings: tuple[Setting, ...], values: Mapping[str, object]) -> Settings:
    """Every setting with its given value or its default. Unknown keys are refused."""
    known = {setting.key: setting for setting in settings}
    for key in values:
        if key not in known:
            raise BadSetting(str(key), "This theme has no such setting.")
    return Settings({key: known[key].parse(values.get(key, known[key].default)) for key in known})


def _parse_colour(setting: Setting, raw: object) -> str:
    try:
        return parse_colour(_word(setting, raw))
    except ValueError as error:
        raise BadSetting(setting.key, "Write the colour as #rrggbb, for instance #3b5bdb.") from error


def _parse_choice(setting: Setting, raw: object) -> str:
    value, allowed = _word(setting, raw), dict(setting.choices)
    if value not in allowed:
        raise BadSetting(setting.key, f"Choose one of: {', '.join(allowed.values())}.")
    return value


def _parse_text(setting: Setting, raw: object) -> str:
    value = _word(setting, raw).strip()
    if len(value) > setting.limit:
        raise BadSetting(setting.key, f"At most {setting.limit} characters; this has {len(value)}.")
    if CONTROL_CHARACTERS.search(value):
        raise BadSetting(setting.key, "Use one line of ordinary characters.")
    return value


def _parse_image(setting: Setting, raw: object) -> str:
    """The name of an image that the shop has already stored (see `images.reencode`), or nothing."""
    value = _word(setting, raw)
    if value and not IMAGE_NAME.fullmatch(value):
        raise BadSetting(setting.key, "This is not the name of an uploaded image.")
    return value


def _parse_switch(setting: Setting, raw: object) -> bool:
    value = raw.strip().lower() if isinstance(raw, str) else raw
    if value in ON:
        return True
    if value in OFF:
        return False
    raise BadSetting(setting.key, "Switch it on or off.")


def _word(setting: Setting, raw: object) -> str:
    if not isinstance(raw, str):
        raise BadSetting(setting.key, "Write this as text.")
    return raw


PARSERS: dict[Kind, Callable[[Setting, object], str | bool]] = {
    "colour": _parse_colour,
    "font": _parse_choice,
    "choice": _parse_choice,
    "text": _parse_text,
    "image": _parse_image,
    "switch": _parse_switch,
}
