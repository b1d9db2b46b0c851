"""The words people read, in their language. English is the source and complete: a sentence is written in the
code as it is read, inside `_()`, and is its own key. `speaking` says whose language it is for the time being;
where nobody said anything, it is English and costs next to nothing.

Two languages are for testers: `en-XA` (accented and half as long again, so that a word which did not come
through here is seen, and so is a page that has no room) and `ar-XB` (the words as they are, on a page that
runs from right to left). Catalogues are `translations/<language>.po`; `make words` gathers what
there is to translate."""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE, FIRST = "en", "English"
LONGER, MIRRORED = "en-XA", "ar-XB"
TESTERS = (LONGER, MIRRORED)
WRITTEN: Mapping[str, str] = {
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "ar": "العربية",
}
"""Languages in which a catalogue may be written besides the first, each by its own name. A visitor may read
the shop in one before our own words have a catalogue in it; those are English until then."""
FOLDER = Path(__file__).parent.parent / "translations"
FROM_RIGHT = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})
ACCENTED = str.maketrans("aceginorsuyzACEGINORSUYZ", "àçéĝîñöŕšûýžÀÇÉĜÎÑÖŔŠÛÝŽ")
KEPT = re.compile(r"(%\(\w+\)s|%%|<[^>]+>|&\w+;)")


class Catalogue(Protocol):
    """What gettext's own classes offer too."""

    def gettext(self, message: str) -> str:
        """The sentence in this language."""
        ...

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The form for a number, not yet filled in."""
        ...


class Longer:
    """The testers' language: accents on letters, 40 % more of them, what is filled in left alone."""

    def gettext(self, message: str) -> str:
        """Between brackets, so that two sentences put together by hand are seen."""
        letters = len(KEPT.sub("", message))
        more = " ".join("ẋẋẋẋẋẋ"[: min(6, left)] for left in range(int(letters * 0.4), 0, -7))
        said = "".join(
            part if KEPT.fullmatch(part) else part.translate(ACCENTED) for part in KEPT.split(message)
        )
        return f"[{said}{' ' if more else ''}{more}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As English counts."""
        return self.gettext(msgid1 if n == 1 else msgid2)


_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def language() -> str:
    """The language spoken now, as BCP 47 writes it."""
    return _language.get()


def direction(of: str) -> str:
    """Where its lines begin: "ltr" or "rtl"."""
    return "rtl" if of.split("-", 1)[0] in FROM_RIGHT else "ltr"


@cache
def offered() -> tuple[str, ...]:
    """English, and every language that has a catalogue."""
    return (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))


def speak(in_language: str) -> None:
    """From now on in this context: a request says it once, at its beginning."""
    _language.set(in_language)


@contextmanager
def speaking(in_language: str) -> Generator[None]:
    """For a piece of work, such as a mail to somebody."""
    token = _language.set(in_language)
    try:
        yield
    finally:
        _language.reset(token)


def _(message: str, /, **filled: Any) -> str:
    """The sentence in the language spoken now; `%(name)s` is filled in."""
    spoken = _language.get()
    said = message if not message or spoken in (SOURCE, MIRRORED) else catalogue(spoken).gettext(message)
    return said % filled if filled else said


def said_in(of: str, message: str) -> str:
    """A sentence without anything to fill in, in a given language."""
    return message if of in (SOURCE, MIRRORED) else catalogue(of).gettext(message)


def form_of(one: str, many: str, n: int) -> str:
    """The form for a number, not yet filled in: what templates take."""
    spoken = _language.get()
    if spoken in (SOURCE, MIRRORED):
        return one if n == 1 else many
    return catalogue(spoken).ngettext(one, many, n)


def counted(one: str, many: str, n: int, /, **filled: Any) -> str:
    """The form for a number, with `%(n)s` filled in."""
    return form_of(one, many, n) % {"n": n, **filled}


class Words(Mapping[str, str]):
    """A table of words, such as those of a life's states: each is said in the language spoken when it is
    looked up. `bin/words` gathers what stands in it."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def __getitem__(self, key: str) -> str:
        return _(self._words[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def options(self) -> list[tuple[str, str]]:
        """Keys and words in their order, to choose from."""
        return list(self.items())


def for_later(message: str) -> str:
    """Marks a sentence that stands in a table of the code; whoever shows it says `_()`."""
    return message


def forms_for_later(one: str, many: str) -> tuple[str, str]:
    """Marks both forms of a sentence that stand in a table of the code; whoever shows them says `counted`."""
    return one, many


@cache
def catalogue(of: str) -> Catalogue:
    """The words of a language, read once; what is not translated yet stays English."""
    if of == LONGER:
        return Longer()
    path = FOLDER / f"{of}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=of.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)
