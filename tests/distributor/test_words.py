"""Whoever looks at a console in the testers' language reads nothing that did not come through the translation
layer, but for what somebody typed, a vendor said or the machine calls its own work."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from core import db
from core.parties import Distributor
from tests.visits import Visit, make_app
from tests.world import World

SENTENCE = re.compile(r"[A-Za-z’']+ [a-z’']+ [a-z’']+")
SAID = re.compile(r"\[[^\[\]]*\]")
SILENT = ("script", "style", "code", "pre")
NOT_OURS = (
    re.compile(r"^(Mail|Look at|Poll)( [a-z]+)+$"),  # kinds of tasks
    re.compile(r"^The (plan is active\.|mail server does not take mail)"),  # what a worker has written down
)


class Reader(HTMLParser):
    """The pieces of text of a page, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        self.pieces += [
            value or "" for name, value in attrs if name in ("aria-label", "title", "placeholder")
        ]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(" ".join(data.split()))


def unsaid(page: str) -> Iterator[str]:
    """Three words in a row that stand outside the brackets of the testers' language."""
    reader = Reader()
    reader.feed(page)
    for piece in reader.pieces:
        left = piece
        while left != (left := SAID.sub(" ", left)):
            pass
        if SENTENCE.search(left.strip()) and not any(known.search(left.strip()) for known in NOT_OURS):
            yield left.strip()


@pytest.mark.parametrize(("who", "console", "least"), [("nora", "distributor", 20), ("bea", "reseller", 12)])
def test_a_console_says_nothing_that_cannot_be_translated(
    busy: World, who: str, console: str, least: int
) -> None:
    with busy.acting():
        db.session().scalars(select(Distributor)).one().sandbox = True
    app = make_app()
    visit = Visit(app).sign_in(who)
    visit.get("/help", lang="en-XA")
    found: dict[str, list[str]] = {}
    seen = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{console}.") and not rule.arguments and "GET" in (rule.methods or ()):
            if rule.endpoint == "reseller.preview":  # the shop, in its own words
                continue
            answer = visit.get(rule.rule)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                seen += 1
                assert '"en-XA"' in answer.text or "<html" not in answer.text, rule.rule
                if left := sorted(set(unsaid(answer.text))):
                    found[rule.rule] = left
    assert found == {}
    assert seen >= least


def test_what_did_not_come_through_is_found() -> None:
    page = '<p title="Close this now">[Öŕdéŕ <b>7</b> ẋẋ] Nothing was charged</p><code>let it be</code>'
    assert list(unsaid(page)) == ["Close this now", "ẋẋ] Nothing was charged"]
