"""The words people read, in their language."""

import ast
from pathlib import Path

import pytest

from core import languages
from core.languages import _, counted, speaking

GERMAN = """
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Sign in"
msgstr "Anmelden"

msgid "%(n)s seat"
msgid_plural "%(n)s seats"
msgstr[0] "%(n)s Platz"
msgstr[1] "%(n)s Plätze"
"""


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue as a translator sends it."""
    (tmp_path / "de.po").write_text(GERMAN, encoding="utf-8")
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    languages.catalogue.cache_clear()
    languages.offered.cache_clear()


def test_english_is_the_source_and_filled_in() -> None:
    assert _("Sign in") == "Sign in"
    assert _("Order %(code)s", code="ORD-1") == "Order ORD-1"
    assert counted("%(n)s seat", "%(n)s seats", 1) == "1 seat"
    assert counted("%(n)s seat", "%(n)s seats", 0) == "0 seats"


def test_a_catalogue_is_enough_for_a_language(german: None) -> None:
    assert languages.offered() == ("en", "de")
    with speaking("de"):
        assert _("Sign in") == "Anmelden"
        assert counted("%(n)s seat", "%(n)s seats", 2) == "2 Plätze"
        assert _("Not translated yet") == "Not translated yet"
    assert _("Sign in") == "Sign in"


def test_testers_see_what_came_through_and_what_has_no_room() -> None:
    sentence = "Order %(code)s is on its way; you may close this page."
    with speaking("en-XA"):
        said = _(sentence, code="ORD-7")
    assert said.startswith("[Öŕdéŕ ORD-7 îš")
    assert len(said) >= len(sentence) * 1.3


@pytest.mark.parametrize(
    ("language", "runs"), [("en", "ltr"), ("ar-XB", "rtl"), ("he", "rtl"), ("fa-IR", "rtl"), ("en-XA", "ltr")]
)
def test_a_language_knows_where_its_lines_begin(language: str, runs: str) -> None:
    assert languages.direction(language) == runs


ROOT = Path(__file__).parents[2]
SPEAKERS = [
    path
    for package in ("core", "partners", "catalog", "billing", "checkout", "provisioning", "storefront")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "languages.py" and "core.languages import" in path.read_text()
]


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_who_speaks_keeps_the_word_for_it(path: Path) -> None:
    """A function that uses `_` for what it throws away cannot say anything any more."""
    for function in ast.walk(ast.parse(path.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        apart = {
            id(name)
            for inside in ast.walk(function)
            if isinstance(inside, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
            for name in ast.walk(inside)
        }
        for name in ast.walk(function):
            bound = isinstance(name, ast.Name) and name.id == "_" and isinstance(name.ctx, ast.Store)
            assert not bound or id(name) in apart, f"{path.name}:{function.name}"
