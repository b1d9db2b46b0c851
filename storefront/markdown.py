"""Markdown that distributors write, as HTML that shops may show: no HTML of its author's passes, no picture
from elsewhere, and a link leads to http, https or mailto and to nobody's credit."""

from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LINKS = frozenset({"http", "https", "mailto"})
TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
DEEPER = 2  # a page has its own title and its own sections above


@cache
def parser() -> MarkdownIt:
    """CommonMark with tables; made once."""
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")
    made.validateLink = leads_somewhere  # pyright: ignore[reportAttributeAccessIssue]  the library's own way
    return made


def leads_somewhere(url: str) -> bool:
    """Whether a link may stand in a shop; any other stays the text that it was."""
    try:
        return urlsplit(url.strip()).scheme.lower() in LINKS
    except ValueError:
        return False


def html(text: str) -> Markup:
    """The text as HTML, cleaned once more by nh3, whatever the parser made of it."""
    if not text.strip():
        return Markup()
    parsed = parser().parse(text)
    lower(parsed)
    drawn = parser().renderer.render(parsed, parser().options, {})
    cleaned = nh3.clean(
        drawn, tags=TAGS, attributes=ATTRIBUTES, url_schemes=set(LINKS), link_rel="nofollow noopener"
    )
    return Markup(cleaned)  # noqa: S704 cleaned by nh3


def lower(tokens: Sequence[Token]) -> None:
    """Headings begin below those of the page."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + DEEPER)}"
