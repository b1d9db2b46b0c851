"""Finds words that people read and that no translator ever sees: text between tags, attributes that are read
out, and sentences handed to parts, unless they stand inside `_()` or `{% trans %}`."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment

SPOKEN = ("alt", "aria-label", "data-label", "label", "placeholder", "title")
SENTENCE = re.compile(
    r"\W*(?:[A-Z“][a-z’'-]+(?![A-Za-z_]*[A-Z_])[^{}]*|VAT( [^{}]*)?|\d\. [^{}]*"
    r"|[^{}_]*[a-z’']+,? [a-z’'.,;]+[^{}_]*)"
)
NO_SENTENCE = re.compile(r"--|__|^[a-z]+( is-[a-z]+| [a-z]+-[a-z]+)|image/|delay:")
SAID = ("label", "title", "words", "word", "note", "hint", "lead", "because", "aria_label")
WORD = re.compile(r"[A-Za-z]{2}")
LEXER = Environment(autoescape=True)
MARK = "\x02"  # stands for an expression between pieces of text


class Text(HTMLParser):
    """The text and the spoken attributes of a template whose expressions are marks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that are read out; `code` and `style` hold no words."""
        self.silent += tag in ("code", "style", "script")
        self.found += [value or "" for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        """Words count again after these."""
        self.silent -= tag in ("code", "style", "script")

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self.silent:
            self.found.append(data)


def bare_words(source: str) -> list[str]:
    """Every piece of a template that should have gone through `_()`, in order."""
    return [*_between_tags(source), *_in_code(source)]


def _between_tags(source: str) -> Iterator[str]:
    reader = Text()
    reader.feed("".join(_data(source)))
    reader.close()
    for piece in reader.found:
        said = " ".join(piece.replace(MARK, " ").split())
        if WORD.search(said):
            yield said


def _data(source: str) -> Iterator[str]:
    """The template's text, a mark for each expression; what stands in {% trans %} is left out."""
    translated = inside = False
    statement: list[str] = []
    last = ""
    for _line, kind, value in LEXER.lex(source):
        if kind == "block_begin":
            statement, inside = [], True
        elif kind == "block_end":
            inside = False
            if statement[:1] in (["trans"], ["endtrans"]) or statement == ["block", "body_class"]:
                translated = statement[0] != "endtrans"
            elif translated and statement == ["endblock"]:
                translated = False
        elif kind == "name" and inside:
            statement.append(value)
        elif kind == "variable_begin" and not translated:
            yield "i" if last.endswith(("<", "</")) else MARK
        elif kind == "data" and not translated:
            last = value
            yield value


def _in_code(source: str) -> Iterator[str]:
    tokens = [t for t in LEXER.lex(source) if t[1] not in ("whitespace", "comment")]
    for place, (_line, kind, value) in enumerate(tokens):
        if kind != "string" or not WORD.search(value):
            continue
        before = [token[2] for token in tokens[max(0, place - 4) : place]]
        after = tokens[place + 1][2] if place + 1 < len(tokens) else ""
        asked = before[-1:] in (["=="], ["in"], ["!="]) or after in ("==", ":")
        said = before[-2:] in (["_", "("], ["ngettext", "("]) or before[:2] == ["ngettext", "("]
        heard = before[-1:] == ["="] and before[-2:-1] in [[name] for name in SAID]
        if not said and not asked and (heard or is_sentence(value[1:-1])):
            yield value[1:-1]


def is_sentence(text: str) -> bool:
    """Two words or one that begins with a capital; classes of stylesheets are none."""
    return bool(SENTENCE.fullmatch(text)) and not NO_SENTENCE.search(text)


def templates(root: Path) -> list[Path]:
    """Every template under a folder."""
    return sorted([*root.rglob("*.html"), *root.rglob("*.txt")])
